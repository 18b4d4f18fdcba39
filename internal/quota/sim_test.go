package quota_test

import (
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/funnel-go/funnel/internal/quota"
)

// A server counts as Laravel's throttle does: a fixed window, opened by the
// first request that finds none open; what is rejected is not counted.
type server struct {
	limit   int
	per     time.Duration
	headers bool

	mu       sync.Mutex
	closes   time.Time
	count    int
	accepted []time.Time
	rejected int
}

func (s *server) hit() (status, remaining int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if !now.Before(s.closes) {
		s.closes, s.count = now.Add(s.per), 0
	}
	status = 429
	if s.count < s.limit {
		status = 200
		s.count++
		s.accepted = append(s.accepted, now)
	} else {
		s.rejected++
	}
	if !s.headers {
		return status, quota.Unknown
	}
	return status, s.limit - s.count
}

// most returns the largest number of accepted requests in any stretch of time
// as long as the window.
func (s *server) most() int {
	most, first := 0, 0
	for i, t := range s.accepted {
		for t.Sub(s.accepted[first]) >= s.per {
			first++
		}
		most = max(most, i-first+1)
	}
	return most
}

// A program sends requests through a window and a gate of its own, as the
// client does.
type program struct {
	gate   *quota.Gate
	window *quota.Window
	rng    *rand.Rand
	mu     sync.Mutex

	failed int
}

func newProgram(seed uint64) *program {
	return &program{
		gate:   quota.NewGate(5 * time.Minute),
		window: quota.NewWindow(600, time.Minute),
		rng:    rand.New(rand.NewPCG(seed, seed)),
	}
}

// latency is 0.2 s, and up to 0.4 s of jitter, on the two ways together.
func (p *program) latency() (there, back time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return 100*time.Millisecond + time.Duration(p.rng.Int64N(int64(200*time.Millisecond))),
		100*time.Millisecond + time.Duration(p.rng.Int64N(int64(200*time.Millisecond)))
}

func (p *program) call(t *testing.T, s *server) {
	for range 4 {
		if p.attempt(t, s) {
			return
		}
	}
	p.mu.Lock()
	p.failed++
	p.mu.Unlock()
}

func (p *program) attempt(t *testing.T, s *server) (ok bool) {
	for {
		pass, err := p.gate.Enter(t.Context())
		if err != nil {
			t.Error(err)
			return false
		}
		release, err := p.window.Acquire(t.Context())
		if err != nil {
			t.Error(err)
			return false
		}
		if p.gate.Paused().IsZero() {
			there, back := p.latency()
			time.Sleep(there)
			status, remaining := s.hit()
			time.Sleep(back)
			if status == 429 {
				p.gate.Pause(time.Minute)
			}
			release(quota.Outcome{Sent: true, StatusCode: status, Remaining: remaining})
			p.gate.Leave(pass, status != 429)
			return status == 200
		}
		release(quota.Outcome{Remaining: quota.Unknown})
		p.gate.Leave(pass, false)
	}
}

// run makes calls from so many goroutines.
func (p *program) run(t *testing.T, s *server, wg *sync.WaitGroup, calls, goroutines int) {
	work := make(chan struct{}, calls)
	for range calls {
		work <- struct{}{}
	}
	close(work)
	for range goroutines {
		wg.Go(func() {
			for range work {
				p.call(t, s)
			}
		})
	}
}
