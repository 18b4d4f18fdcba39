package funneltest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/funnel-go/funnel"
)

// A Fault is something that goes wrong on demand; see [Server.Fail]. It states
// which requests it applies to, how often, and what happens to them:
//
//	Fault{Code: "FORBIDDEN"}                            // the error envelope with the documented status
//	Fault{Status: 503, Times: 2}                        // the HTML page of a proxy, twice
//	Fault{Status: 429, Header: retryAfter}              // Laravel's body
//	Fault{Path: "/tag", Delay: time.Minute}             // the real response, but slow
//	Fault{DropConnection: true, AfterCommit: true}      // applied, but there is no response
//	Fault{Body: "<html>", TruncateBody: true}           // a 200 that is not JSON, and half of it
//
// A request counts against the rate limit first. A request without the right
// key or over the limit meets no fault. A path that the API does not have is
// found if a fault applies to it.
type Fault struct {
	Method string // only these requests, such as "POST"; empty: any method
	Path   string // only these, below the base path, such as "/contact"; empty: any path

	// Match, if set, must return true too. It can read the request's body. It is
	// called with the server's lock held, so it must not call the server.
	Match func(*http.Request) bool

	// Met, if set, is called for each request that the fault applies to, with the
	// server's lock held like Match.
	Met func()

	// Times is how many requests the fault applies to: zero means one, a
	// negative number means all until the fault is removed.
	Times int

	// Status, Code and Body replace the real response; if none of them is set,
	// the response stays the real one. A Code alone has its documented status
	// (400 if it has none), a Status alone the body that such a response has in
	// practice, a Body alone the status 200. The Code ErrRateLimited means the
	// Status 429, whose body has no code.
	Status int
	Code   funnel.Code
	Body   string

	// Header is added to the response, whether it is replaced or not.
	Header http.Header

	// AfterCommit carries the request out before the fault takes effect: a
	// client that retries does the work twice. Without it, a request whose
	// response is replaced or dropped is not carried out.
	AfterCommit bool

	// DropConnection closes the connection without a response. The client sees
	// "connection reset by peer". Over a socket that it has used before,
	// net/http then repeats a GET on its own: set Times to more than one there.
	DropConnection bool

	// TruncateBody sends half of the body, with the Content-Length of all of it.
	TruncateBody bool

	// Delay holds the response back. The request is carried out before that.
	// X-RateLimit-Remaining is read afterwards, as by Laravel, so concurrent
	// responses show the same number.
	Delay time.Duration
}

// pendingFault is a fault that still applies to requests.
type pendingFault struct {
	Fault
	left int  // negative: without end
	met  bool // by at least one request
}

// Validate returns what is wrong with a fault that cannot apply to any request, has
// no effect, or contradicts itself, and nil otherwise. It serves programs that take
// faults from their users; for all others, [Server.Fail] panics.
func (f Fault) Validate() error {
	if mistake := f.mistake(); mistake != "" {
		return errors.New("funneltest: " + mistake)
	}
	return nil
}

// Fail makes requests go wrong. Faults are checked in the order in which they
// were added, and a request meets at most one. Fail panics if the fault is invalid
// (see [Fault.Validate]): a test with it would prove nothing.
//
// The returned function removes the fault and leaves all others, which is how to
// end one of several faults without end. It has no effect on a fault that is
// used up or was removed by ClearFaults.
func (s *Server) Fail(f Fault) (remove func()) {
	if err := f.Validate(); err != nil {
		panic(err.Error())
	}
	if f.Code == funnel.ErrRateLimited { // the SDK's own code: a 429 has none
		f.Code, f.Status = "", http.StatusTooManyRequests
	}
	f.Header = f.Header.Clone()
	left := f.Times
	if left == 0 {
		left = 1
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	added := &pendingFault{Fault: f, left: left}
	s.faults = append(s.faults, added)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.faults = slices.DeleteFunc(s.faults, func(f *pendingFault) bool { return f == added })
	}
}

// mistake returns what is wrong with the fault, or nothing. A fault with Match
// may have no effect: it observes requests.
func (f *Fault) mistake() string {
	switch {
	case f.Status != 0 && (f.Status < 200 || f.Status > 599):
		return fmt.Sprintf("a fault cannot have status %d: want 200 to 599", f.Status)
	case f.Method != strings.ToUpper(f.Method):
		return fmt.Sprintf("a fault with the method %q applies to no request: want capitals, as in POST", f.Method)
	case f.Path != "" && (f.Path[0] != '/' || strings.ContainsRune(f.Path, '?')):
		return fmt.Sprintf("a fault with the path %q applies to no request: want one without a query, as in /contact", f.Path)
	case f.DropConnection && (f.Status != 0 || f.Code != "" || f.Body != "" || f.TruncateBody):
		return "a fault that drops the connection has no response: leave out Status, Code, Body and TruncateBody"
	case f.Match == nil && !f.responds() && len(f.Header) == 0 && !f.TruncateBody && f.Delay <= 0:
		return "a fault without effect: set Status, Code, Body, Header, Delay, DropConnection or TruncateBody"
	}
	return ""
}

// ClearFaults removes all faults.
func (s *Server) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// PendingFaults returns, in order, the faults that have not been met as often as
// they should: each with the Times that are left, and one without end only if no
// request has met it. A test can check that it has met all its faults:
//
//	require.Empty(t, server.PendingFaults())
func (s *Server) PendingFaults() []Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	var pending []Fault
	for _, f := range s.faults {
		if f.left < 0 && f.met {
			continue
		}
		fault := f.Fault
		fault.Times, fault.Header = f.left, f.Header.Clone()
		pending = append(pending, fault)
	}
	return pending
}

// hasFault reports whether a fault applies to the request.
func (s *Server) hasFault(r *http.Request, path string, body []byte) bool {
	return slices.ContainsFunc(s.faults, func(f *pendingFault) bool { return f.appliesTo(r, path, body) })
}

// takeFault returns the first fault that applies to the request, or nil.
func (s *Server) takeFault(r *http.Request, path string, body []byte) *Fault {
	for i, f := range s.faults {
		if !f.appliesTo(r, path, body) {
			continue
		}
		f.met = true
		if f.Met != nil {
			f.Met()
		}
		if f.left > 0 {
			f.left--
		}
		if f.left == 0 {
			s.faults = slices.Delete(s.faults, i, i+1)
		}
		return &f.Fault
	}
	return nil
}

func (f *Fault) appliesTo(r *http.Request, path string, body []byte) bool {
	if f.Method != "" && f.Method != r.Method || f.Path != "" && f.Path != path {
		return false
	}
	if f.Match == nil {
		return true
	}
	unread := *r
	unread.Body = io.NopCloser(bytes.NewReader(body))
	return f.Match(&unread)
}

// responds reports whether the fault replaces the real response.
func (f *Fault) responds() bool {
	return f.Status != 0 || f.Code != "" || f.Body != "" || f.DropConnection
}

// apply turns the real response, if there is one, into the fault's.
func (s *Server) apply(f *Fault, resp response, now time.Time) response {
	if f.responds() {
		resp = s.replacement(f, now)
	}
	for key, values := range f.Header {
		resp.header[http.CanonicalHeaderKey(key)] = slices.Clone(values)
	}
	resp.counted = resp.counted && f.Header.Get(headerRemaining) == ""
	resp.delay, resp.dropped, resp.truncated = f.Delay, f.DropConnection, f.TruncateBody
	return resp
}

// replacement is the response instead of the real one. An error envelope comes
// from the application and has the rate limit headers, except for a 401. Any
// other response has none, like one of a proxy in front of the API.
func (s *Server) replacement(f *Fault, now time.Time) response {
	status := f.Status
	switch {
	case status != 0:
	case f.Code != "":
		status = http.StatusBadRequest
		if doc, ok := documented[f.Code]; ok {
			status = doc.status
		}
	default:
		status = http.StatusOK
	}
	if f.Code == "" && f.Body == "" {
		e, page := usual(status)
		if e != nil {
			return s.application(e, now)
		}
		return s.verbatim(status, page)
	}
	if f.Body != "" {
		return s.verbatim(status, f.Body)
	}
	e := newError(f.Code)
	if f.Code == codeValidation && status == e.status {
		e.details = map[string][]string{} // a 422 has details; a Body can set them
	}
	e.status = status
	if e.message == "" {
		e.message = "Something went wrong"
	}
	return s.application(e, now)
}

// application is an error of the application, which runs behind the throttle.
func (s *Server) application(e *apiError, now time.Time) response {
	resp := s.failure(e)
	if e.code != "" && e.status != http.StatusUnauthorized {
		s.setQuotaHeaders(&resp, now)
	}
	return resp
}

// usual is the body of a status if the fault sets none: the API's envelope if
// the reference has one code for the status, otherwise what a proxy would send.
func usual(status int) (_ *apiError, page string) {
	switch status {
	case http.StatusUnauthorized:
		return newError(codeUnauthorized), ""
	case http.StatusForbidden:
		return newError(codeForbidden), ""
	case http.StatusNotFound:
		return newError(codeNotFound), ""
	case http.StatusInternalServerError:
		return newError(codeServer), ""
	case http.StatusTooManyRequests:
		return tooManyAttempts(), ""
	case http.StatusNoContent, http.StatusNotModified:
		return nil, ""
	}
	title := fmt.Sprintf("%d %s", status, http.StatusText(status))
	return nil, "<html><head><title>" + title + "</title></head><body><h1>" + title + "</h1></body></html>\n"
}

// verbatim is a response with the body as given.
func (s *Server) verbatim(status int, body string) response {
	resp := s.newResponse(status, []byte(body))
	switch {
	case strings.HasPrefix(body, "<"):
		resp.header.Set("Content-Type", "text/html; charset=utf-8")
	case !strings.HasPrefix(body, "{") && !strings.HasPrefix(body, "["):
		resp.header.Set("Content-Type", "text/plain; charset=utf-8")
	}
	return resp
}
