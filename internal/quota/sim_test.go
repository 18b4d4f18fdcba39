package quota

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// A server counts as Laravel's throttle does: a fixed window, opened by the first
// request that finds none open; what is rejected is not counted. The remaining requests
// are read after the request was handled.
type server struct {
	limit   int
	per     time.Duration
	headers bool

	workers chan struct{} // has room for the requests that are handled at once; the others wait. nil: all are
	handles time.Duration // how long that takes on average

	mu       sync.Mutex
	closes   time.Time
	used     int
	accepted []time.Time
	rejected int
	down     time.Time // until then it responds with 503
}

func (s *server) hit() (status, remaining int) {
	if s.workers != nil {
		s.workers <- struct{}{}
		defer func() { <-s.workers }()
	}
	status = s.count()
	if s.handles > 0 {
		time.Sleep(s.handles/2 + rand.N(s.handles))
	}
	return status, s.remaining()
}

func (s *server) count() (status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if !now.Before(s.closes) {
		s.closes, s.used = now.Add(s.per), 0
	}
	if s.used >= s.limit {
		s.rejected++
		return 429
	}
	s.used++
	s.accepted = append(s.accepted, now)
	if now.Before(s.down) {
		return 503
	}
	return 200
}

func (s *server) remaining() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case !s.headers:
		return Unknown
	case !time.Now().Before(s.closes):
		return s.limit
	}
	return s.limit - s.used
}

// most returns the largest number of accepted requests in any stretch of time as long
// as the window.
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

// A program makes calls through an admission of its own, as the client does.
type program struct {
	*Admission
	background bool
	rng        *rand.Rand
	slow       int // of a hundred requests so many take up to 20 s more
	mu         sync.Mutex
	failed     int
}

func newProgram(seed uint64, limit int) *program {
	return &program{
		Admission: NewAdmission(Config{Limit: limit, Per: time.Minute, MaxPause: 5 * time.Minute}),
		rng:       rand.New(rand.NewPCG(seed, seed)),
	}
}

// latency is 0.2 s and up to 0.4 s of jitter, on the two ways together.
func (p *program) latency() (there, back time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	jitter := func() time.Duration {
		d := 100*time.Millisecond + time.Duration(p.rng.Int64N(int64(200*time.Millisecond)))
		if p.rng.IntN(100) < p.slow {
			d += time.Duration(p.rng.Int64N(int64(10 * time.Second)))
		}
		return d
	}
	return jitter(), jitter()
}

func (p *program) call(t *testing.T, s *server) {
	c := &Call{Background: p.background, Patience: 30 * time.Second}
	for attempt := range 4 {
		if err := p.Enter(t.Context(), c); err != nil {
			break
		}
		there, back := p.latency()
		time.Sleep(there)
		status, remaining := s.hit()
		time.Sleep(back)
		if status == 429 {
			p.Pause(time.Minute)
		}
		p.Done(c, Outcome{Sent: true, StatusCode: status, Remaining: remaining, Success: status == 200, Failed: status == 503})
		switch status {
		case 200:
			return
		case 503:
			p.Retry(c, time.Second<<attempt, false)
		}
	}
	p.mu.Lock()
	p.failed++
	p.mu.Unlock()
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

func TestAdmission_LongJobUsesTheQuotaAndIsNeverRejected(t *testing.T) {
	for _, goroutines := range []int{50, 500} {
		for _, headers := range []bool{true, false} {
			for _, background := range []bool{true, false} {
				t.Run(fmt.Sprintf("%d goroutines, headers %t, background %t", goroutines, headers, background), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						s := &server{limit: 600, per: time.Minute, headers: headers}
						p := newProgram(1, 600)
						p.background = background
						var wg sync.WaitGroup
						start := time.Now()
						p.run(t, s, &wg, 5000, goroutines)
						wg.Wait()
						t.Logf("took %s", time.Since(start))
						require.Zero(t, s.rejected)
						require.Zero(t, p.failed)
						require.LessOrEqual(t, time.Since(start), 488*time.Second)
					})
				})
			}
		}
	}
}

// Whatever the network does, and whatever the calls are, the server never counts more
// than the limit in any window.
func TestAdmission_NeverMoreThanTheLimitInAnyWindow(t *testing.T) {
	for seed := range uint64(20) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				rng := rand.New(rand.NewPCG(seed, 7))
				limit := []int{1, 2, 5, 10, 60, 100, 150, 600}[rng.IntN(8)]
				s := &server{limit: 1 << 20, per: time.Minute, headers: rng.IntN(2) == 0} // it counts, and rejects nothing
				p := newProgram(seed, limit)
				p.slow = rng.IntN(30)
				bulk := &program{Admission: p.Admission, rng: rand.New(rand.NewPCG(seed, 8)), slow: p.slow, background: true}
				if rng.IntN(2) == 0 {
					s.down = time.Now().Add(time.Duration(rng.IntN(10)) * time.Second)
				}
				var wg sync.WaitGroup
				p.run(t, s, &wg, limit*2, 1+rng.IntN(200))
				bulk.run(t, s, &wg, limit*2, 1+rng.IntN(200))
				wg.Wait()
				t.Logf("limit %d, most %d, %d failed", limit, s.most(), p.failed+bulk.failed)
				require.LessOrEqual(t, s.most(), limit)
				require.GreaterOrEqual(t, s.most(), min(limit-1, limit-limit/50), "and the limit is used")
			})
		})
	}
}

func TestAdmission_TwoProgramsShareAKey(t *testing.T) {
	for _, tt := range []struct {
		headers  bool
		rejected int
		longest  time.Duration
	}{
		{headers: true, rejected: 60, longest: 520 * time.Second},
		{headers: false, rejected: 300, longest: 620 * time.Second},
	} {
		for seed := range uint64(5) {
			for _, background := range []bool{true, false} {
				t.Run(fmt.Sprintf("headers %t, seed %d, background %t", tt.headers, seed, background), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						s := &server{limit: 600, per: time.Minute, headers: tt.headers}
						a, b := newProgram(2*seed+1, 600), newProgram(2*seed+2, 600)
						a.background, b.background = background, background
						var wg sync.WaitGroup
						start := time.Now()
						a.run(t, s, &wg, 2500, 25)
						b.run(t, s, &wg, 2500, 25)
						wg.Wait()
						t.Logf("took %s, %d rejected", time.Since(start), s.rejected)
						require.Zero(t, a.failed+b.failed)
						require.LessOrEqual(t, s.rejected, tt.rejected)
						require.LessOrEqual(t, time.Since(start), tt.longest)
					})
				})
			}
		}
	}
}

// A second program that starts late on a shared key without headers learns its share
// from rejections. That takes time, and few rejections.
func TestAdmission_LateProgramOnASharedKey(t *testing.T) {
	for seed := range uint64(5) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &server{limit: 600, per: time.Minute}
				a, b := newProgram(2*seed+1, 600), newProgram(2*seed+2, 600)
				var wg sync.WaitGroup
				start := time.Now()
				a.run(t, s, &wg, 2500, 25)
				time.Sleep(30 * time.Second)
				b.run(t, s, &wg, 2500, 25)
				wg.Wait()
				t.Logf("took %s, %d rejected", time.Since(start), s.rejected)
				require.Zero(t, a.failed+b.failed)
				require.LessOrEqual(t, s.rejected, 60)
				require.LessOrEqual(t, time.Since(start), 20*time.Minute)
			})
		})
	}
}

// Requests wait at the server before they are counted, so that its headers know nothing
// of them. Two programs of many goroutines take that into account.
func TestAdmission_TwoProgramsBehindAQueue(t *testing.T) {
	const limit, calls, workers = 600, 750, 8
	for _, tt := range []struct {
		handles    time.Duration // 8 workers handle 400, 80 or 20 requests per second
		late       time.Duration // when the second program starts
		goroutines [2]int
		longest    time.Duration
	}{
		{handles: 20 * time.Millisecond, goroutines: [2]int{50, 50}, longest: 126 * time.Second},
		{handles: 20 * time.Millisecond, goroutines: [2]int{50, 50}, late: time.Second, longest: 126 * time.Second},
		{handles: 100 * time.Millisecond, goroutines: [2]int{50, 50}, longest: 130 * time.Second},
		{handles: 100 * time.Millisecond, goroutines: [2]int{50, 50}, late: 4 * time.Second, longest: 135 * time.Second},
		{handles: 100 * time.Millisecond, goroutines: [2]int{50, 5}, longest: 155 * time.Second},
		{handles: 400 * time.Millisecond, goroutines: [2]int{50, 50}, longest: 145 * time.Second},
		{handles: 400 * time.Millisecond, goroutines: [2]int{50, 50}, late: 4 * time.Second, longest: 150 * time.Second},
	} {
		for seed := range uint64(3) {
			t.Run(fmt.Sprintf("%s each, %d goroutines, %s late, seed %d", tt.handles, tt.goroutines, tt.late, seed), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := &server{limit: limit, per: time.Minute, headers: true, workers: make(chan struct{}, workers), handles: tt.handles}
					a, b := newProgram(2*seed+1, limit), newProgram(2*seed+2, limit)
					var wg sync.WaitGroup
					start := time.Now()
					a.run(t, s, &wg, calls, tt.goroutines[0])
					time.Sleep(tt.late)
					b.run(t, s, &wg, calls, tt.goroutines[1])
					wg.Wait()
					t.Logf("took %s, %d rejected", time.Since(start), s.rejected)
					require.Zero(t, a.failed+b.failed)
					require.LessOrEqual(t, s.rejected, 5)
					require.LessOrEqual(t, time.Since(start), tt.longest)
				})
			})
		}
	}
}

func TestAdmission_LearnsThatTheServerAllowsLess(t *testing.T) {
	for _, headers := range []bool{true, false} {
		for _, background := range []bool{true, false} {
			t.Run(fmt.Sprintf("headers %t, background %t", headers, background), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := &server{limit: 120, per: time.Minute, headers: headers}
					p := newProgram(1, 600)
					p.background = background
					var wg sync.WaitGroup
					start := time.Now()
					p.run(t, s, &wg, 1000, 20)
					wg.Wait()
					t.Logf("took %s, %d rejected", time.Since(start), s.rejected)
					require.Zero(t, p.failed)
					require.LessOrEqual(t, s.rejected, 100)
					require.LessOrEqual(t, time.Since(start), 14*time.Minute, "8.3 windows, and what the learning costs")
				})
			})
		}
	}
}
