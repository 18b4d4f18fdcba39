package funneltest

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/funnel-go/funnel"
)

// A Fault is something that goes wrong on demand; see [Server.Fail]. It says
// which requests it befalls, how often, and what happens to them:
//
//	Fault{Code: "FORBIDDEN"}                            // its envelope, with its documented status
//	Fault{Status: 503, Times: 2}                        // the HTML page of a proxy, twice
//	Fault{Status: 429, Header: retryAfter}              // Laravel's body
//	Fault{Path: "/tag", Delay: time.Minute}             // slow, but answered as always
//	Fault{DropConnection: true, AfterCommit: true}      // done, but nobody learns of it
//	Fault{Body: "<html>", TruncateBody: true}           // a 200 that is no answer, and cut short
//
// A request counts against the rate limit first, and one without the right key
// or over the limit meets no fault.
type Fault struct {
	Method string // only these requests, such as "POST"; empty: any method
	Path   string // only these, below the base path, such as "/contact"; empty: any path

	// Match, where set, must say yes too. The request's body has been read by
	// then. It is called with the server's lock held, so it must not call the
	// server.
	Match func(*http.Request) bool

	// Times is how many requests the fault befalls: zero means one, a negative
	// number all of them until ClearFaults.
	Times int

	// Status, Code and Body are the answer in place of the real one; with none
	// of them set the answer stays the real one. A Code alone has its
	// documented status (400, if it has none), a Status alone the body that
	// such an answer has in practice, a Body alone the status 200. The Code
	// ErrRateLimited is the Status 429, which carries no code.
	Status int
	Code   funnel.Code
	Body   string

	// Header is set on the answer, whoever gave it.
	Header http.Header

	// AfterCommit carries the request out before the fault strikes: a client
	// that tries again does the work twice. Without it a request that gets
	// another answer, or none, has not been carried out.
	AfterCommit bool

	// DropConnection closes the connection instead of answering. The client
	// sees a "connection reset by peer", whereupon net/http by itself, over a
	// socket that it has used before, sends a GET again: let such a fault
	// happen more than once.
	DropConnection bool

	// TruncateBody sends half of the body, with the Content-Length of the
	// whole.
	TruncateBody bool

	// Delay holds the answer back. What the request does is done before.
	Delay time.Duration
}

// pendingFault is a fault that has not happened for the last time.
type pendingFault struct {
	Fault
	left int  // negative: for ever
	met  bool // by a request
}

// Fail makes requests go wrong. Faults are tried in the order in which they
// were given, and one request meets one fault at most. It panics where the
// fault cannot befall any request, does nothing to those that it befalls, or
// contradicts itself: a test would prove nothing with it.
func (s *Server) Fail(f Fault) {
	if f.Code == funnel.ErrRateLimited { // the SDK's own: a 429 carries none
		f.Code, f.Status = "", http.StatusTooManyRequests
	}
	if mistake := f.mistake(); mistake != "" {
		panic("funneltest: " + mistake)
	}
	f.Header = f.Header.Clone()
	left := f.Times
	if left == 0 {
		left = 1
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &pendingFault{Fault: f, left: left})
}

// mistake tells what makes the fault none, or is empty. A fault with Match may
// do nothing: it sees the requests go by.
func (f *Fault) mistake() string {
	switch {
	case f.Status != 0 && (f.Status < 200 || f.Status > 599):
		return fmt.Sprintf("a fault cannot answer with status %d", f.Status)
	case f.Method != strings.ToUpper(f.Method):
		return fmt.Sprintf("a fault of the method %q befalls no request: want capitals, as in POST", f.Method)
	case f.Path != "" && (f.Path[0] != '/' || strings.ContainsRune(f.Path, '?')):
		return fmt.Sprintf("a fault of the path %q befalls no request: want one without a query, as in /contact", f.Path)
	case f.DropConnection && (f.Status != 0 || f.Code != "" || f.Body != "" || f.TruncateBody):
		return "a fault that drops the connection has no answer"
	case f.Match == nil && !f.answers() && len(f.Header) == 0 && !f.TruncateBody && f.Delay <= 0:
		return "a fault that does nothing"
	}
	return ""
}

// ClearFaults forgets all faults.
func (s *Server) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// PendingFaults returns, in order, the faults that have not happened as often
// as they should have: each with the Times that are left, one without end until
// it has happened once. A test that ends with none of them has met them all;
// otherwise it has not shown what it was written for.
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

// takeFault returns the first fault that befalls the request, or nil.
func (s *Server) takeFault(r *http.Request, path string) *Fault {
	for i, f := range s.faults {
		if !f.befalls(r, path) {
			continue
		}
		f.met = true
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

func (f *Fault) befalls(r *http.Request, path string) bool {
	return (f.Method == "" || f.Method == r.Method) &&
		(f.Path == "" || f.Path == path) &&
		(f.Match == nil || f.Match(r))
}

// answers tells whether the fault takes the place of the real answer.
func (f *Fault) answers() bool {
	return f.Status != 0 || f.Code != "" || f.Body != "" || f.DropConnection
}

// inflict turns the real answer, where there is one, into the fault's. An
// answer that the fault makes up says nothing of the quota, like one that
// comes from a proxy in front of the API.
func (s *Server) inflict(f *Fault, answer reply) reply {
	if f.answers() {
		answer = s.madeUp(f)
	}
	for key, values := range f.Header {
		answer.header[http.CanonicalHeaderKey(key)] = slices.Clone(values)
	}
	answer.delay, answer.lost, answer.cut = f.Delay, f.DropConnection, f.TruncateBody
	return answer
}

func (s *Server) madeUp(f *Fault) reply {
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
		p, page := usual(status)
		if p != nil {
			return s.refusal(p)
		}
		return s.verbatim(status, page)
	}
	if f.Body != "" {
		return s.verbatim(status, f.Body)
	}
	p := refuse(f.Code)
	if f.Code == codeValidation && status == p.status {
		p.details = map[string][]string{} // a 422 has some: only a Body can say which
	}
	p.status = status
	if p.message == "" {
		p.message = "Something went wrong"
	}
	return s.refusal(p)
}

// usual is what comes with a status where nobody says more: the API's
// envelope where the reference gives the status one code, otherwise what
// stands in front of the API would send.
func usual(status int) (_ *problem, page string) {
	switch status {
	case http.StatusUnauthorized:
		return refuse(codeUnauthorized), ""
	case http.StatusForbidden:
		return refuse(codeForbidden), ""
	case http.StatusNotFound:
		return refuse(codeNotFound), ""
	case http.StatusInternalServerError:
		return refuse(codeServer), ""
	case http.StatusTooManyRequests:
		return tooManyAttempts(), ""
	case http.StatusNoContent, http.StatusNotModified:
		return nil, ""
	}
	title := fmt.Sprintf("%d %s", status, http.StatusText(status))
	return nil, "<html><head><title>" + title + "</title></head><body><h1>" + title + "</h1></body></html>\n"
}

// verbatim answers with a body as it is.
func (s *Server) verbatim(status int, body string) reply {
	s.out.buf = append(s.out.buf[:0], body...)
	answer := s.answer(status)
	switch {
	case strings.HasPrefix(body, "<"):
		answer.header.Set("Content-Type", "text/html; charset=utf-8")
	case !strings.HasPrefix(body, "{") && !strings.HasPrefix(body, "["):
		answer.header.Set("Content-Type", "text/plain; charset=utf-8")
	}
	return answer
}
