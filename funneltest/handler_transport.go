package funneltest

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"sync"
)

// handlerTransport carries requests to a handler, in memory.
type handlerTransport struct{ handler http.Handler }

// RoundTrip implements [http.RoundTripper].
func (t handlerTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	incoming := r.Clone(r.Context())
	incoming.RequestURI = r.URL.RequestURI()
	incoming.RemoteAddr = "127.0.0.1:1"
	incoming.Host = r.URL.Host
	rec := recorder{header: make(http.Header)}
	err := t.serve(&rec, incoming)
	_ = r.Body.Close() // a delivery has one
	if err := cmp.Or(err, r.Context().Err()); err != nil {
		return nil, err
	}
	rec.WriteHeader(http.StatusOK) // unless the handler has said otherwise
	answer := reply{status: rec.status, header: rec.sent, body: rec.body.Bytes()}
	return answer.response(r), nil
}

// serve calls the handler on a goroutine of its own, as net/http does, since a
// handler may end it: a failed require in a user's test does. That and a panic
// are a connection that breaks.
func (t handlerTransport) serve(w http.ResponseWriter, r *http.Request) error {
	err := errors.New("the handler ended its goroutine, as a failed require does")
	var handling sync.WaitGroup
	handling.Go(func() {
		defer func() {
			if cause := recover(); cause != nil {
				err = fmt.Errorf("the handler panicked: %v", cause)
			}
		}()
		t.handler.ServeHTTP(w, r)
		err = nil
	})
	handling.Wait()
	return err
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
