package funneltest

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"os"
	"strconv"
	"syscall"
)

// errClosed is what a request to a closed server gets, in memory.
var errClosed = errors.New("funneltest: the server is closed")

// Transport returns the server as an [http.RoundTripper], for a client of the
// caller's own: whatever scheme and host a request names, it reaches this
// server. Nothing leaves the process: the request is carried out on the
// caller's goroutine and its answer is complete when RoundTrip returns.
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
	// Tracing clients tell by this that the request has left.
	trace := httptrace.ContextClientTrace(r.Context())
	if trace != nil && trace.WroteRequest != nil {
		trace.WroteRequest(httptrace.WroteRequestInfo{})
	}
	answer, err := t.server.exchange(r, body)
	if err != nil {
		return nil, err
	}
	if answer.lost {
		return nil, connectionReset()
	}
	if trace != nil && trace.GotFirstResponseByte != nil {
		trace.GotFirstResponseByte()
	}
	return answer.response(r), nil
}

// takeBody reads the request's body and closes it, as a RoundTripper must.
func takeBody(r *http.Request) ([]byte, error) {
	if r.Body == nil {
		return nil, nil
	}
	defer r.Body.Close()
	length := r.ContentLength
	if length == 0 && r.Body != http.NoBody {
		length = -1 // unknown, by the rules of a client's request
	}
	return readBody(r.Body, length)
}

// connectionReset is what net/http returns where the other side hangs up.
func connectionReset() error {
	return &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET)}
}

// response makes the client's view of the answer.
func (a reply) response(r *http.Request) *http.Response {
	body := &memoryBody{rest: a.body}
	if a.cut {
		body.rest, body.end = a.body[:len(a.body)/2], io.ErrUnexpectedEOF
	}
	return &http.Response{
		Status:        strconv.Itoa(a.status) + " " + http.StatusText(a.status),
		StatusCode:    a.status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        a.header,
		Body:          body,
		ContentLength: int64(len(a.body)),
		Request:       r,
	}
}

// memoryBody is a body that has arrived, or broken off, already.
type memoryBody struct {
	rest []byte
	end  error // nil: a proper end
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
