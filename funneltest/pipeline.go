package funneltest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// exchange takes a request to the server, through it, and back. A context that
// ends before the request arrives keeps it from taking effect; one that ends
// later only keeps the client from seeing the response.
func (s *Server) exchange(r *http.Request, body []byte) (response, error) {
	there, back := s.travel()
	if err := pause(r.Context(), there); err != nil {
		return response{}, err
	}
	resp := s.serve(r, body)
	if resp.delay > 0 {
		if err := pause(r.Context(), resp.delay); err != nil {
			return resp, err
		}
		s.refreshQuotaHeaders(&resp)
	}
	return resp, pause(r.Context(), back)
}

// travel returns how long the next request takes there and back.
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

// serve handles a request that has arrived.
func (s *Server) serve(r *http.Request, body []byte) (resp response) {
	s.mu.Lock()
	defer s.mu.Unlock()
	entry := s.log.add(r, body)
	defer func() {
		// A panic of the fake, or of a function given to it, becomes a response:
		// the user's test continues and can show it.
		if cause := recover(); cause != nil {
			e := newError(codeServer)
			e.message = fmt.Sprintf("panic in funneltest: %v", cause)
			resp = s.failure(e)
		}
		if !resp.dropped {
			entry.status = resp.status
		}
	}()
	entry.time = s.cfg.now()
	return s.admit(r, body, entry.time)
}

// admit checks a request in the order of a Laravel application: its size, its
// route, its key, the rate limit, then (only in this fake) faults, and last what
// it asks for.
func (s *Server) admit(r *http.Request, body []byte, now time.Time) response {
	path := s.apiPath(r)
	route, unknown := s.routes.find(r, path)
	if isOperation := s.routes[strings.TrimPrefix(r.URL.Path, "/v1")] != nil; isOperation && s.routes[path] == nil {
		unknown.message = fmt.Sprintf("The base path of this fake is %q: see WithBasePath.", s.cfg.basePath)
	}
	switch {
	case len(body) > maxBody:
		return s.failure(bare(http.StatusRequestEntityTooLarge, ""))
	case unknown != nil && !s.hasFault(r, path, body):
		return s.elsewhere(r, unknown)
	case !s.authorised(r):
		return s.failure(newError(codeUnauthorized))
	case !s.throttle.hit(now):
		return s.tooMany(now)
	}
	fault := s.takeFault(r, path, body)
	if fault == nil {
		return s.perform(r, route, body, now)
	}
	var resp response
	switch {
	case fault.responds() && !fault.AfterCommit:
	case unknown != nil:
		resp = s.elsewhere(r, unknown)
	default:
		resp = s.perform(r, route, body, now)
	}
	return s.apply(fault, resp, now)
}

// elsewhere is the response to a request for no operation. Laravel itself
// handles OPTIONS for a path that it has.
func (s *Server) elsewhere(r *http.Request, e *apiError) response {
	if r.Method != http.MethodOptions || e.allow == "" {
		return s.failure(e)
	}
	resp := s.newResponse(http.StatusOK, nil)
	resp.header.Set("Allow", strings.ReplaceAll(e.allow, " ", ""))
	return resp
}

// authorised compares the bearer token; the scheme's case does not matter.
func (s *Server) authorised(r *http.Request) bool {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	return strings.EqualFold(scheme, "Bearer") && token == s.cfg.apiKey
}

// apiPath is the path below the base path, or empty if it is not below it.
func (s *Server) apiPath(r *http.Request) string {
	path, below := strings.CutPrefix(r.URL.Path, s.cfg.basePath)
	if !below {
		return ""
	}
	return path
}

// tooMany is the response to a request over the limit.
func (s *Server) tooMany(now time.Time) response {
	resp := s.failure(tooManyAttempts())
	if s.cfg.quotaHeaders {
		s.throttle.setRejectionHeaders(resp.header, now)
	}
	return resp
}

// setQuotaHeaders sets the rate limit headers of a counted request's response.
func (s *Server) setQuotaHeaders(resp *response, now time.Time) {
	if s.cfg.quotaHeaders {
		s.throttle.setHeaders(resp.header, now)
		resp.counted = true
	}
}

// refreshQuotaHeaders sets what remains now, after a delay. The headers that a
// fault has set stay.
func (s *Server) refreshQuotaHeaders(resp *response) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if resp.counted {
		s.setQuotaHeaders(resp, s.cfg.now())
	}
}

// perform carries out an operation of the API.
func (s *Server) perform(r *http.Request, route route, body []byte, now time.Time) response {
	resp := s.carryOut(r, route, body, now)
	s.setQuotaHeaders(&resp, now)
	return resp
}

func (s *Server) carryOut(r *http.Request, route route, body []byte, now time.Time) response {
	c := s.newCall(now)
	if c.sendDue() {
		s.revision++
	}
	var err *apiError
	if c.in, err = newInput(r, body); err != nil {
		return s.failure(err)
	}
	data, err := route.handle(c)
	if err != nil {
		return s.failure(err)
	}
	if route.method != http.MethodGet {
		s.revision++
	}
	return s.success(route.status, data, c.meta)
}

// routeTable finds an operation: by path, then by method.
type routeTable map[string]map[string]route

func newRouteTable(routes []route) routeTable {
	t := make(routeTable)
	for _, r := range routes {
		if t[r.path] == nil {
			t[r.path] = make(map[string]route)
		}
		t[r.path][r.method] = r
		if r.method == http.MethodGet {
			t[r.path][http.MethodHead] = r
		}
	}
	return t
}

// find returns the operation, or Laravel's error without the API's envelope.
func (t routeTable) find(r *http.Request, path string) (route, *apiError) {
	methods := t[path]
	if methods == nil {
		return route{}, bare(http.StatusNotFound, "")
	}
	found, ok := methods[r.Method]
	if ok {
		return found, nil
	}
	var allowed []string
	for _, method := range [...]string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete} {
		if _, ok := methods[method]; ok {
			allowed = append(allowed, method)
		}
	}
	allow := strings.Join(allowed, ", ")
	e := bare(http.StatusMethodNotAllowed,
		"The "+r.Method+" method is not supported for this route. Supported methods: "+allow+".")
	e.allow = allow
	return route{}, e
}

// maxBody is the largest request body that the server accepts, PHP's default.
const maxBody = 8 << 20

// readBody reads a request's body, and at most one byte more than maxBody.
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
