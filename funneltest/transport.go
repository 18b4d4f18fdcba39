package funneltest

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"sync"
)

// errClosed is the error of a request to a closed server, in memory.
var errClosed = errors.New("funneltest: the server is closed")

// Transport returns the server as an [http.RoundTripper], for an HTTP client of
// the caller: a request reaches this server whatever its scheme and host.
// Nothing leaves the process: the request is carried out on the caller's
// goroutine, and its response is complete when RoundTrip returns.
func (s *Server) Transport() http.RoundTripper { return &transport{s} }

type transport struct{ server *Server }

// RoundTrip implements [http.RoundTripper].
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := takeBody(r)
	if err != nil {
		return nil, err
	}
	if r.URL == nil {
		return nil, errors.New("funneltest: the request has no URL")
	}
	if t.server.closed.Load() {
		return nil, errClosed
	}
	// A client that traces learns from this that the request has been sent.
	trace := httptrace.ContextClientTrace(r.Context())
	if trace != nil && trace.WroteRequest != nil {
		trace.WroteRequest(httptrace.WroteRequestInfo{})
	}
	resp, err := t.server.exchange(r, body)
	if err != nil {
		return nil, err
	}
	if resp.dropped {
		return nil, connectionReset()
	}
	if trace != nil && trace.GotFirstResponseByte != nil {
		trace.GotFirstResponseByte()
	}
	return resp.received(r), nil
}

// takeBody reads the request's body and closes it, as a RoundTripper must.
func takeBody(r *http.Request) ([]byte, error) {
	if r.Body == nil {
		return nil, nil
	}
	defer r.Body.Close()
	length := r.ContentLength
	if length == 0 && r.Body != http.NoBody {
		length = -1 // unknown, by the rules for a client's request
	}
	return readBody(r.Body, length)
}

// connectionReset is what net/http returns if the other side drops the
// connection.
func connectionReset() error {
	return &net.OpError{Op: "read", Net: "tcp", Err: errReset}
}

// received returns the client's view of the response.
func (resp response) received(r *http.Request) *http.Response {
	body := &memoryBody{rest: resp.body}
	switch {
	case r.Method == http.MethodHead:
		body.rest = nil
	case resp.truncated:
		body.rest, body.end = resp.body[:len(resp.body)/2], io.ErrUnexpectedEOF
	}
	return &http.Response{
		Status:        strconv.Itoa(resp.status) + " " + http.StatusText(resp.status),
		StatusCode:    resp.status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        resp.header,
		Body:          body,
		ContentLength: int64(len(resp.body)),
		Request:       r,
	}
}

// memoryBody is a response body that has arrived already, in full or in part.
type memoryBody struct {
	rest []byte
	end  error // nil: the body is complete
}

// Read implements [io.Reader].
func (b *memoryBody) Read(p []byte) (int, error) {
	n := copy(p, b.rest)
	b.rest = b.rest[n:]
	switch {
	case len(b.rest) > 0:
		return n, nil
	case b.end != nil:
		return n, b.end
	}
	return n, io.EOF
}

// Close implements [io.Closer]. Like net/http's, a closed body cannot be read.
func (b *memoryBody) Close() error {
	b.rest, b.end = nil, http.ErrBodyReadAfterClose
	return nil
}

// handlerTransport passes webhook deliveries to a handler, in memory.
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
	rec.WriteHeader(http.StatusOK) // unless the handler has written another
	resp := response{status: rec.status, header: rec.sent, body: rec.body.Bytes()}
	return resp.received(r), nil
}

// serve calls the handler on its own goroutine, as net/http does, because a
// handler may end it: a failed require in a user's test does. That and a panic
// look like a dropped connection.
func (t handlerTransport) serve(w http.ResponseWriter, r *http.Request) error {
	err := errors.New("the handler called runtime.Goexit, as t.FailNow and a failed require do")
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

// recorder holds the response of a handler.
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
