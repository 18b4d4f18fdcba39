package funneltest

import (
	"bytes"
	"fmt"
	"net/http"
)

// handlerTransport carries requests to a handler, on the caller's goroutine.
type handlerTransport struct{ handler http.Handler }

// RoundTrip implements [http.RoundTripper]. A handler that panics is a
// connection that breaks, as it is in net/http.
func (t handlerTransport) RoundTrip(r *http.Request) (_ *http.Response, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("the handler panicked: %v", cause)
		}
	}()
	incoming := r.Clone(r.Context())
	incoming.RequestURI = r.URL.RequestURI()
	incoming.RemoteAddr = "127.0.0.1:1"
	incoming.Host = r.URL.Host
	rec := recorder{header: make(http.Header)}
	t.handler.ServeHTTP(&rec, incoming)
	_ = r.Body.Close() // a delivery has one
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	rec.WriteHeader(http.StatusOK) // unless the handler has said otherwise
	answer := reply{status: rec.status, header: rec.sent, body: rec.body.Bytes()}
	return answer.response(r), nil
}

// recorder keeps what a handler answers.
type recorder struct {
	header http.Header
	sent   http.Header // as it was when the status was written
	status int
	body   bytes.Buffer
}

// Header implements [http.ResponseWriter].
func (r *recorder) Header() http.Header { return r.header }

// WriteHeader implements [http.ResponseWriter].
func (r *recorder) WriteHeader(status int) {
	if r.status == 0 && status >= http.StatusOK {
		r.status, r.sent = status, r.header.Clone()
	}
}

// Write implements [io.Writer].
func (r *recorder) Write(p []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	return r.body.Write(p)
}
