package bench

import (
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A quota is how many requests a limit allows per window.
type quota struct {
	n   int
	per time.Duration
}

// documented is the quota of the API that the SDK is for.
var documented = quota{600, time.Minute}

// perSecond is the even pace that uses up the quota.
func (q quota) perSecond() float64 { return float64(q.n) / q.per.Seconds() }

// A latency is how long a response takes, both ways together: base, and up to
// jitter on top.
type latency struct{ base, jitter time.Duration }

// An api is the shape of the responses: that of the API that a client is for,
// because no client decodes another's. What the responses mean and when they
// are sent is the same for all clients.
type api struct {
	one      string                                // a resource
	list     string                                // path of the list; all others are of one resource
	number   func(url.Values) int                  // of the page asked for
	page     func(n, of int, h http.Header) string // a page of the list
	rejected func(h http.Header) string            // 429
	broken   string                                // 500
}

// A throttle counts as Laravel's does: a fixed window, opened by the first
// request that finds none open; rejected requests are not counted.
type throttle struct {
	quota
	closes time.Time
	count  int // in the window
}

// isFull reports whether the window has no room for a request.
func (t *throttle) isFull(now time.Time) bool {
	if !now.Before(t.closes) {
		t.closes, t.count = now.Add(t.per), 0
	}
	return t.count >= t.n
}

// A server accepts a request if every throttle has room for it.
type server struct {
	api     api
	headers bool // send quota headers, those of the first throttle
	latency latency
	broken  time.Duration // from the start, for which every response is a 500
	pages   int           // of the list
	begun   time.Time

	mu        sync.Mutex
	rng       *rand.Rand
	throttles []*throttle
	requests  int
	rejected  int
}

func newServer(a api, w workload) *server {
	s := &server{
		api:       a,
		headers:   w.headers,
		latency:   w.latency,
		broken:    w.broken,
		pages:     w.pages,
		begun:     time.Now(),
		rng:       rand.New(rand.NewPCG(1, 1)),
		throttles: []*throttle{{quota: documented}},
	}
	if w.perSecond > 0 {
		s.throttles = append(s.throttles, &throttle{quota: quota{w.perSecond, time.Second}})
	}
	return s
}

// RoundTrip implements [http.RoundTripper].
func (s *server) RoundTrip(req *http.Request) (*http.Response, error) {
	there, back := s.delays()
	if err := sleep(req.Context(), there); err != nil {
		return nil, err
	}
	resp := s.respond(req)
	if err := sleep(req.Context(), back); err != nil {
		return nil, err
	}
	return resp, nil
}

func (s *server) delays() (there, back time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	half := func() time.Duration {
		return s.latency.base/2 + time.Duration(s.rng.Int64N(int64(s.latency.jitter/2)+1))
	}
	return half(), half()
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *server) respond(req *http.Request) *http.Response {
	header := http.Header{"Content-Type": {"application/json"}}
	switch status := s.hit(header); {
	case status == http.StatusTooManyRequests:
		return response(req, status, header, s.api.rejected(header))
	case status != http.StatusOK:
		return response(req, status, header, s.api.broken)
	case strings.HasSuffix(req.URL.Path, s.api.list):
		return response(req, status, header, s.api.page(s.api.number(req.URL.Query()), s.pages, header))
	default:
		return response(req, status, header, s.api.one)
	}
}

// hit counts a request and returns the status of its response.
func (s *server) hit(h http.Header) (status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	s.requests++
	if now.Sub(s.begun) < s.broken {
		return http.StatusInternalServerError
	}
	var full *throttle
	for _, t := range s.throttles {
		if t.isFull(now) {
			full = t
			break
		}
	}
	if full == nil {
		for _, t := range s.throttles {
			t.count++
		}
	} else {
		s.rejected++
	}
	if s.headers {
		first := s.throttles[0]
		h.Set("X-RateLimit-Limit", strconv.Itoa(first.n))
		h.Set("X-RateLimit-Remaining", strconv.Itoa(first.n-first.count))
		if full != nil {
			wait := (full.closes.Sub(now) + time.Second - 1).Truncate(time.Second)
			h.Set("Retry-After", strconv.Itoa(int(wait.Seconds())))
			h.Set("X-RateLimit-Reset", strconv.FormatInt(now.Add(wait).Unix(), 10))
		}
	}
	if full != nil {
		return http.StatusTooManyRequests
	}
	return http.StatusOK
}

func response(req *http.Request, status int, h http.Header, body string) *http.Response {
	return &http.Response{
		Status:        strconv.Itoa(status) + " " + http.StatusText(status),
		StatusCode:    status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        h,
		Body:          io.NopCloser(strings.NewReader(body)),
		ContentLength: int64(len(body)),
		Request:       req,
	}
}
