package funneltest

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/funnel-go/funnel"
)

// A response is what the server sends for a request. Everything in it is
// rendered in this file; the resources' files only define the data's shape.
type response struct {
	status int
	header http.Header
	body   []byte

	counted   bool          // it has the throttle's headers
	delay     time.Duration // before it is sent
	dropped   bool          // it is not sent: the connection is closed instead
	truncated bool          // half of the body is sent
}

// envelope is the body of a success.
type envelope struct {
	Success bool  `json:"success"`
	Data    any   `json:"data,omitempty"`
	Meta    *meta `json:"meta,omitempty"`
}

// meta is the part of a paged list that describes the page.
type meta struct {
	CurrentPage int64 `json:"current_page"`
	LastPage    int64 `json:"last_page"`
	PerPage     int64 `json:"per_page"`
	Total       int64 `json:"total"`
}

// errorEnvelope is the body of an error, as the reference shows it.
type errorEnvelope struct {
	Success bool `json:"success"`
	Error   struct {
		Code    funnel.Code          `json:"code"`
		Message string               `json:"message"`
		Details *map[string][]string `json:"details,omitempty"`
	} `json:"error"`
}

// bareMessage is the body of Laravel's own errors.
type bareMessage struct {
	Message string `json:"message"`
}

// success renders the response of an operation.
func (s *Server) success(status int, data any, m *meta) response {
	return s.render(status, envelope{Success: true, Data: data, Meta: m})
}

// failure renders an error response.
func (s *Server) failure(e *apiError) response {
	if e.code == "" {
		resp := s.render(e.status, bareMessage{e.message})
		if e.allow != "" {
			resp.header.Set("Allow", e.allow)
		}
		return resp
	}
	var body errorEnvelope
	body.Error.Code, body.Error.Message = e.code, e.message
	if e.details != nil {
		body.Error.Details = &e.details
	}
	return s.render(e.status, body)
}

// render encodes a body. All shapes are structs of this package, so encoding
// fails only if one of them is wrong: serve turns the panic into a 500.
func (s *Server) render(status int, body any) response {
	encoded, err := json.Marshal(body)
	if err != nil {
		panic(err)
	}
	return s.newResponse(status, encoded)
}

func (s *Server) newResponse(status int, body []byte) response {
	values := []string{"application/json", requestID(s.log.total)}
	header := make(http.Header, 8)
	header["Content-Type"], header["X-Request-Id"] = values[:1:1], values[1:]
	return response{status: status, header: header, body: body}
}

// requestID numbers the requests as they arrive.
func requestID(number int) string { return "req-" + strconv.Itoa(number) }

// orNull renders an empty text as null: Laravel stores empty input as NULL.
func orNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// idList renders a list of ids, an empty one as [].
func idList(ids []int64) []int64 {
	if ids == nil {
		return []int64{}
	}
	return ids
}
