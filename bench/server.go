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

// A quota is how many requests a limit allows in each stretch of time.
type quota struct {
	n   int
	per time.Duration
}

// documented is the quota of the API that the SDK is for.
var documented = quota{600, time.Minute}

// perSecond is the even pace that uses up the quota.
func (q quota) perSecond() float64 { return float64(q.n) / q.per.Seconds() }

// A latency is how long an answer takes, on the two ways together: base, and
// up to jitter on top.
type latency struct{ base, jitter time.Duration }

// An api is the shape in which the server answers: that of the API that a
// client is for, since no client decodes another's. What the answers mean and
// when they are given is the same for all.
type api struct {
	one      string                                // a resource
	list     string                                // path of the list; all others are of one resource
	number   func(url.Values) int                  // of the page asked for
	page     func(n, of int, h http.Header) string // a page of the list
	rejected func(h http.Header) string            // 429
	broken   string                                // 500
}

// A server counts as Laravel's throttle does: a fixed window, opened by the
// first request that finds none open; what is rejected is not counted.
type server struct {
	api     api
	quota   quota
	headers bool // tell of the quota
	latency latency
	broken  time.Duration // from the start, for which everything is answered with 500
	pages   int           // of the list

	mu     sync.Mutex
	rng    *rand.Rand
	begun  time.Time
	closes time.Time // the window
	count  int       // in the window
	hits   []hit
}

// A hit is a request as the server saw it.
type hit struct {
	at     time.Duration // since the server began
	status int
}

func newServer(a api, w workload) *server {
	return &server{
		api:     a,
		quota:   documented,
		headers: w.headers,
		latency: w.latency,
		broken:  w.broken,
		pages:   w.pages,
		rng:     rand.New(rand.NewPCG(1, 1)),
		begun:   time.Now(),
	}
}

// RoundTrip implements [http.RoundTripper].
func (s *server) RoundTrip(req *http.Request) (*http.Response, error) {
	there, back := s.delays()
	if err := sleep(req.Context(), there); err != nil {
		return nil, err
	}
	resp := s.answer(req)
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

func (s *server) answer(req *http.Request) *http.Response {
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

// hit counts a request and says how it is answered.
func (s *server) hit(h http.Header) (status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	defer func() { s.hits = append(s.hits, hit{now.Sub(s.begun), status}) }()
	if now.Sub(s.begun) < s.broken {
		return http.StatusInternalServerError
	}
	if !now.Before(s.closes) {
		s.closes, s.count = now.Add(s.quota.per), 0
	}
	status = http.StatusTooManyRequests
	if s.count < s.quota.n {
		status = http.StatusOK
		s.count++
	}
	if s.headers {
		h.Set("X-RateLimit-Limit", strconv.Itoa(s.quota.n))
		h.Set("X-RateLimit-Remaining", strconv.Itoa(s.quota.n-s.count))
		if status == http.StatusTooManyRequests {
			wait := (s.closes.Sub(now) + time.Second - 1).Truncate(time.Second)
			h.Set("Retry-After", strconv.Itoa(int(wait.Seconds())))
			h.Set("X-RateLimit-Reset", strconv.FormatInt(now.Add(wait).Unix(), 10))
		}
	}
	return status
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
