package main

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/funnel-go/funnel/internal/text"
)

// Bounds of what is kept of requests.
const (
	keptRequests = 50
	keptPath     = 128  // characters
	keptLine     = 1000 // characters of the query and of a header
	keptBody     = 16 << 10
)

// An entry is a request to the API. The log shows the method and the path, the
// page everything.
type entry struct {
	Number int // from 1
	At     time.Time
	Method string
	Path   string // without the query, and without what looks like an e-mail address
	details
	Done   bool          // it is no longer in progress
	Status int           // of the response; zero: there is none
	Took   time.Duration // once it is done
}

// details may contain personal data. The API key is redacted.
type details struct {
	Query    string // decoded
	Header   string // a line for each value, with Authorization redacted
	Body     string // once the request is done
	Response string // the response's body
}

// A journal keeps the last requests and logs each when it is done.
type journal struct {
	log    *slog.Logger
	apiKey string

	mu      sync.Mutex
	total   int
	entries []*entry // oldest first
}

// watch notes the requests that a handler gets.
func (j *journal) watch(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e := j.begin(r)
		x := &exchange{ResponseWriter: w}
		defer func() { j.end(e, x) }() // also when the handler aborts
		watched := *r
		watched.Body = struct {
			io.Reader
			io.Closer
		}{io.TeeReader(r.Body, &x.request), r.Body}
		next.ServeHTTP(x, &watched)
	})
}

func (j *journal) begin(r *http.Request) *entry {
	e := &entry{
		At:      time.Now(),
		Method:  j.public(r.Method),
		Path:    j.public(r.URL.Path),
		details: details{Query: j.query(r.URL.RawQuery), Header: j.header(r.Header)},
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.total++
	e.Number = j.total
	if len(j.entries) == keptRequests {
		j.entries = slices.Delete(j.entries, 0, 1)
	}
	j.entries = append(j.entries, e)
	return e
}

func (j *journal) end(e *entry, x *exchange) {
	body, response := j.body(&x.request), j.body(&x.response)
	j.mu.Lock()
	e.Done, e.Status, e.Took = true, x.status, time.Since(e.At)
	e.Body, e.Response = body, response
	done := *e
	j.mu.Unlock()

	message := "request"
	if done.Status == 0 {
		message = "request without a response"
	}
	j.log.Info(message,
		"method", done.Method,
		"path", done.Path,
		"status", done.Status,
		"arrived", done.At,
		"took", done.Took.Round(time.Microsecond),
		"id", x.Header().Get("X-Request-Id"))
}

// list returns the last requests, the latest first.
func (j *journal) list() []entry {
	j.mu.Lock()
	defer j.mu.Unlock()
	list := make([]entry, 0, len(j.entries))
	for _, e := range slices.Backward(j.entries) {
		list = append(list, *e)
	}
	return list
}

// redact removes the API key.
func (j *journal) redact(s string) string { return strings.ReplaceAll(s, j.apiKey, "[key]") }

// public removes the API key and what may be an e-mail address. Neither belongs
// in a path, but a client under development may send it there.
func (j *journal) public(s string) string {
	segments := strings.Split(j.redact(s), "/")
	for i, segment := range segments {
		if strings.Contains(segment, "@") || strings.Contains(segment, "%40") {
			segments[i] = "[address]"
		}
	}
	return text.Clip(strings.Join(segments, "/"), keptPath)
}

// query decodes a query so that people can read it, unless it is malformed.
func (j *journal) query(raw string) string {
	query := raw
	if decoded, err := url.QueryUnescape(raw); err == nil {
		query = decoded
	}
	return text.Clip(j.redact(query), keptLine)
}

func (j *journal) header(h http.Header) string {
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(h)) {
		for _, value := range h[name] {
			if name == "Authorization" {
				value = "[redacted]"
			}
			lines = append(lines, text.Clip(name+": "+j.redact(value), keptLine))
		}
	}
	return strings.Join(lines, "\n")
}

// body indents JSON that was kept in full.
func (j *journal) body(c *capture) string {
	var b bytes.Buffer
	switch {
	case c.cut:
		b.Write(c.kept)
		b.WriteString("…")
	case json.Indent(&b, c.kept, "", "  ") != nil:
		b.Reset()
		b.Write(c.kept)
	}
	return j.redact(b.String())
}

// An exchange captures what passes between a client and the API.
type exchange struct {
	http.ResponseWriter
	status            int
	request, response capture
}

// WriteHeader implements [http.ResponseWriter].
func (x *exchange) WriteHeader(status int) {
	x.status = status
	x.ResponseWriter.WriteHeader(status)
}

// Write implements [io.Writer].
func (x *exchange) Write(b []byte) (int, error) {
	_, _ = x.response.Write(b) // cannot fail
	return x.ResponseWriter.Write(b)
}

// Unwrap lets [http.ResponseController] reach the connection.
func (x *exchange) Unwrap() http.ResponseWriter { return x.ResponseWriter }

// A capture keeps the first bytes that are written to it.
type capture struct {
	kept []byte
	cut  bool // there were more
}

// Write implements [io.Writer].
func (c *capture) Write(b []byte) (int, error) {
	n := min(len(b), keptBody-len(c.kept))
	c.kept = append(c.kept, b[:n]...)
	c.cut = c.cut || n < len(b)
	return len(b), nil
}
