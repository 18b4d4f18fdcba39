package funneltest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A reply is an answer on its way out.
type reply struct {
	status int
	header http.Header
	body   []byte

	delay time.Duration // before it leaves
	lost  bool          // it does not arrive: the connection is dropped
	cut   bool          // its body ends half-way
}

// exchange takes a request along the whole road: there, through the server,
// and back. A context that ends on the way there keeps the request from
// arriving; later it only keeps the answer from being seen.
func (s *Server) exchange(r *http.Request, body []byte) (reply, error) {
	there, back := s.travel()
	if err := pause(r.Context(), there); err != nil {
		return reply{}, err
	}
	answer := s.serve(r, body)
	return answer, pause(r.Context(), answer.delay+back)
}

// travel asks how long the next request takes there and back.
func (s *Server) travel() (there, back time.Duration) {
	if s.cfg.latency == nil {
		return 0, 0
	}
	s.latencyMu.Lock()
	defer s.latencyMu.Unlock()
	return s.cfg.latency()
}

// pause waits, or returns why the context has ended.
func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 || ctx.Err() != nil {
		return context.Cause(ctx)
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// serve answers a request that has arrived.
func (s *Server) serve(r *http.Request, body []byte) (answer reply) {
	s.mu.Lock()
	defer s.mu.Unlock()
	entry := s.log.add(r, body)
	defer func() {
		// A fault of the fake, or of a function given to it, is told in the
		// answer: the user's test goes on and can show it.
		if cause := recover(); cause != nil {
			p := refuse(codeServer)
			p.message = fmt.Sprintf("panic in funneltest: %v", cause)
			answer = s.refusal(p)
		}
		if !answer.lost {
			entry.status = answer.status
		}
	}()
	entry.time = s.cfg.now()
	return s.admit(r, body, entry.time)
}

// admit is the order in which a request is judged: its key, the rate limit,
// faults on demand, and only then what it asks for.
func (s *Server) admit(r *http.Request, body []byte, now time.Time) reply {
	if !s.authorised(r) {
		return s.refusal(refuse(codeUnauthorized))
	}
	if !s.throttle.hit(now) {
		return s.tooMany(now)
	}
	path := s.apiPath(r)
	fault := s.takeFault(r, path)
	if fault == nil {
		return s.perform(r, path, body, now)
	}
	var answer reply
	if fault.AfterCommit || !fault.answers() {
		answer = s.perform(r, path, body, now)
	}
	return s.inflict(fault, answer)
}

// authorised compares the bearer token; the scheme's case does not matter.
func (s *Server) authorised(r *http.Request) bool {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	return strings.EqualFold(scheme, "Bearer") && token == s.cfg.apiKey
}

// apiPath is the path below the base path, or empty for one that is not.
func (s *Server) apiPath(r *http.Request) string {
	path, below := strings.CutPrefix(r.URL.Path, s.cfg.basePath)
	if !below {
		return ""
	}
	return path
}

// tooMany is the answer to a request over the limit.
func (s *Server) tooMany(now time.Time) reply {
	answer := s.refusal(tooManyAttempts())
	if s.cfg.quotaHeaders {
		s.throttle.announce(answer.header)
		s.throttle.announceRejection(answer.header, now)
	}
	return answer
}

// perform carries out an operation of the API.
func (s *Server) perform(r *http.Request, path string, body []byte, now time.Time) reply {
	var answer reply
	if status, p := s.carryOut(r, path, body, now); p == nil {
		answer = s.answer(status)
	} else {
		answer = s.refusal(p)
	}
	if s.cfg.quotaHeaders {
		s.throttle.announce(answer.header)
	}
	return answer
}

// carryOut leaves the envelope of a success in s.out.
func (s *Server) carryOut(r *http.Request, path string, body []byte, now time.Time) (status int, _ *problem) {
	c := s.newCall(now)
	c.sendDue()
	route, p := s.routes.find(r, path)
	if p != nil {
		return 0, p
	}
	if len(body) > maxBody {
		return 0, bare(http.StatusRequestEntityTooLarge, "The POST data is too large.")
	}
	if c.in, p = newInput(r, body); p != nil {
		return 0, p
	}
	s.out.buf = append(s.out.buf[:0], `{"success":true,"data":`...)
	c.out = &s.out
	if p := route.handle(c); p != nil {
		return 0, p
	}
	if c.meta != nil {
		c.meta.write(s.out.key("meta"))
	}
	s.out.endObject()
	return route.status, nil
}

// refusal is the answer of a problem.
func (s *Server) refusal(p *problem) reply {
	s.out.buf = s.out.buf[:0]
	p.write(&s.out)
	return s.answer(p.status)
}

// answer takes what stands in s.out as the body. The body is a copy of its
// own, because a caller may keep it.
func (s *Server) answer(status int) reply {
	values := []string{"application/json", requestID(s.log.total)}
	header := make(http.Header, 8)
	header["Content-Type"], header["X-Request-Id"] = values[:1:1], values[1:]
	return reply{status: status, header: header, body: slices.Clone(s.out.buf)}
}

// requestID numbers the requests as they arrive.
func requestID(number int) string { return "req-" + strconv.Itoa(number) }

// routeTable finds an operation: by path, then by method.
type routeTable map[string]map[string]route

func newRouteTable(routes []route) routeTable {
	t := make(routeTable)
	for _, r := range routes {
		if t[r.path] == nil {
			t[r.path] = make(map[string]route)
		}
		t[r.path][r.method] = r
	}
	return t
}

func (t routeTable) find(r *http.Request, path string) (route, *problem) {
	methods := t[path]
	if methods == nil {
		return route{}, notFound("The route " + r.URL.Path)
	}
	found, ok := methods[r.Method]
	if !ok {
		return route{}, bare(http.StatusMethodNotAllowed,
			"The "+r.Method+" method is not supported for route "+r.URL.Path+".")
	}
	return found, nil
}

// maxBody is the largest request body that the server takes, PHP's own default.
const maxBody = 8 << 20

// readBody reads a request's body, and no more than one byte over maxBody.
func readBody(body io.Reader, length int64) ([]byte, error) {
	if body == nil || length == 0 {
		return nil, nil
	}
	if length < 0 || length > maxBody {
		return io.ReadAll(io.LimitReader(body, maxBody+1))
	}
	buf := make([]byte, length)
	_, err := io.ReadFull(body, buf)
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return buf, err
}
