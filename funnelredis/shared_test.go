package funnelredis

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/internal/quota"
)

// An api counts as Laravel's throttle does: a fixed window, opened by the first
// request that finds none open; what is rejected is not counted.
type api struct {
	limit   int
	per     time.Duration
	headers bool

	mu       sync.Mutex
	closes   time.Time
	count    int
	accepted []time.Time
	rejected int
}

func newAPI() *api { return &api{limit: 600, per: time.Minute, headers: true} }

func (s *api) request() funnel.Outcome {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if !now.Before(s.closes) {
		s.closes, s.count = now.Add(s.per), 0
	}
	o := funnel.Outcome{Sent: true, StatusCode: http.StatusOK, Remaining: -1}
	if s.count >= s.limit {
		s.rejected++
		o.StatusCode, o.RetryAfter = http.StatusTooManyRequests, s.closes.Sub(now)
	} else {
		s.count++
		s.accepted = append(s.accepted, now)
	}
	if s.headers {
		o.Limit, o.Remaining = s.limit, s.limit-s.count
	}
	return o
}

// most returns the largest number of accepted requests in any period as long as the
// window.
func (s *api) most() int {
	most, first := 0, 0
	for i, t := range s.accepted {
		for t.Sub(s.accepted[first]) >= s.per {
			first++
		}
		most = max(most, i-first+1)
	}
	return most
}

// since returns how many were accepted from then on.
func (s *api) since(then time.Time) int {
	i, _ := slices.BinarySearchFunc(s.accepted, then, time.Time.Compare)
	return len(s.accepted) - i
}

// A load is a program that calls without a break, from several goroutines.
type load struct {
	limiter    funnel.Limiter
	goroutines int
	background bool
	every      time.Duration // the time from one call of a goroutine to the next; 0: no break

	mu    sync.Mutex
	waits []time.Duration // for a slot
	errs  []error
}

// wait returns how long all but one in a hundred calls waited at most.
func (l *load) wait() time.Duration {
	slices.Sort(l.waits)
	return l.waits[len(l.waits)*99/100]
}

// simulate runs loads against the API for d. A response takes 100 to 300 ms.
func simulate(t *testing.T, s *api, d time.Duration, loads ...*load) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context()) // no deadline, which the limiters would heed
	defer stop()
	defer time.AfterFunc(d, stop).Stop()
	rng := rand.New(rand.NewPCG(1, 2))
	var mu sync.Mutex
	network := func() {
		mu.Lock()
		d := 50*time.Millisecond + time.Duration(rng.Int64N(int64(100*time.Millisecond)))
		mu.Unlock()
		time.Sleep(d)
	}
	var wg sync.WaitGroup
	for _, l := range loads {
		ctx := ctx
		if l.background {
			ctx = funnel.InBackground(ctx)
		}
		for i := range l.goroutines {
			wg.Go(func() {
				time.Sleep(time.Duration(i) * l.every / time.Duration(l.goroutines))
				for ctx.Err() == nil {
					start := time.Now()
					release, err := l.limiter.Acquire(ctx)
					if errors.Is(err, context.Canceled) {
						return
					}
					l.mu.Lock()
					if err == nil {
						l.waits = append(l.waits, time.Since(start))
					} else {
						l.errs = append(l.errs, err)
					}
					l.mu.Unlock()
					if err == nil {
						network()
						o := s.request()
						network()
						release(o)
					}
					time.Sleep(time.Until(start.Add(l.every)))
				}
			})
		}
	}
	wg.Wait()
	for _, l := range loads {
		require.Empty(t, l.errs)
	}
}

// A builtin is the client's own limiter.
type builtin struct{ admission *quota.Admission }

func newBuiltin() builtin {
	return builtin{quota.NewAdmission(quota.Config{Limit: 600, Per: time.Minute, MaxPause: time.Hour})}
}

func (b builtin) Acquire(ctx context.Context) (func(funnel.Outcome), error) {
	call := &quota.Call{Background: funnel.IsBackground(ctx), Patience: time.Minute}
	if err := b.admission.Enter(ctx, call); err != nil {
		return nil, err
	}
	return func(o funnel.Outcome) {
		rejected := o.StatusCode == http.StatusTooManyRequests
		if rejected {
			b.admission.Pause(max(time.Minute, o.RetryAfter))
		}
		b.admission.Done(call, quota.Outcome{Sent: o.Sent, StatusCode: o.StatusCode, Remaining: o.Remaining, Limit: o.Limit, RetryAfter: o.RetryAfter, Success: !rejected})
	}, nil
}

// percent returns how much of the quota was used.
func percent(s *api, d time.Duration) float64 {
	return 100 * float64(len(s.accepted)) / (float64(s.limit) * d.Minutes())
}

func TestShared_FourProcessesUseTheQuota(t *testing.T) {
	virtual(t, func(t *testing.T) {
		rdb, s := newFakeRedis(t), newAPI()
		var loads []*load
		for range 4 {
			loads = append(loads, &load{limiter: rdb.limiter(defaultConfig(), time.Millisecond), goroutines: 25})
		}
		const d = 3 * time.Minute
		simulate(t, s, d, loads...)
		t.Logf("%.1f %% of the quota, %d rejected, %d commands for %d calls", percent(s, d), s.rejected, rdb.asked(), len(s.accepted))
		require.Zero(t, s.rejected)
		require.LessOrEqual(t, s.most(), 600)
		require.GreaterOrEqual(t, percent(s, d), 98.0)
		require.LessOrEqual(t, rdb.asked(), len(s.accepted))
	})
}

func TestShared_DistantRedis(t *testing.T) {
	virtual(t, func(t *testing.T) {
		rdb, s := newFakeRedis(t), newAPI()
		const d = 3 * time.Minute
		simulate(t, s, d, &load{limiter: rdb.limiter(defaultConfig(), 150*time.Millisecond), goroutines: 25})
		t.Logf("%.1f %% of the quota, %d commands for %d calls", percent(s, d), rdb.asked(), len(s.accepted))
		require.Zero(t, s.rejected)
		require.GreaterOrEqual(t, percent(s, d), 97.0)
		require.LessOrEqual(t, rdb.asked(), len(s.accepted))
	})
}

func TestShared_IdleQuotaIsNotWaitedFor(t *testing.T) {
	virtual(t, func(t *testing.T) {
		rdb, s := newFakeRedis(t), newAPI()
		l := &load{limiter: rdb.limiter(defaultConfig(), 10*time.Millisecond), goroutines: 100}
		simulate(t, s, 900*time.Millisecond, l)
		t.Logf("%s for 99 %% of %d calls, %d commands", l.wait(), len(l.waits), rdb.asked())
		require.Greater(t, len(l.waits), 300)
		require.LessOrEqual(t, l.wait(), 40*time.Millisecond)
		require.LessOrEqual(t, rdb.asked(), len(l.waits))
	})
}

func TestShared_DistanceDoesNotMatter(t *testing.T) {
	virtual(t, func(t *testing.T) {
		rdb, s := newFakeRedis(t), newAPI()
		near := &load{limiter: rdb.limiter(defaultConfig(), 100*time.Microsecond), goroutines: 20}
		far := &load{limiter: rdb.limiter(defaultConfig(), 10*time.Millisecond), goroutines: 20}
		const d = 3 * time.Minute
		simulate(t, s, d, near, far)
		t.Logf("%d calls near, %d far, %.1f %% of the quota, %d commands", len(near.waits), len(far.waits), percent(s, d), rdb.asked())
		require.InEpsilon(t, len(near.waits), len(far.waits), 0.2)
		require.GreaterOrEqual(t, percent(s, d), 97.0)
	})
}

func TestShared_BackgroundYieldsInAllProcesses(t *testing.T) {
	virtual(t, func(t *testing.T) {
		rdb, s := newFakeRedis(t), newAPI()
		form := &load{limiter: rdb.limiter(defaultConfig(), time.Millisecond), goroutines: 2, every: time.Second}
		loads := []*load{form}
		for range 3 {
			loads = append(loads, &load{limiter: rdb.limiter(defaultConfig(), time.Millisecond), goroutines: 16, background: true})
		}
		const d = 2 * time.Minute
		simulate(t, s, d, loads...)
		t.Logf("form: %s for 99 %% of %d calls; %.1f %% of the quota, %d rejected, %d commands for %d", form.wait(), len(form.waits), percent(s, d), s.rejected, rdb.asked(), len(s.accepted))
		require.Zero(t, s.rejected)
		require.LessOrEqual(t, form.wait(), 1500*time.Millisecond)
		require.GreaterOrEqual(t, percent(s, d), 90.0)
		require.LessOrEqual(t, rdb.asked(), len(s.accepted))
	})
}

// Two processes that share the quota with another program are rejected no more
// often than three programs with the client's own limiter.
func TestShared_AnotherProgramUsesTheKey(t *testing.T) {
	for _, headers := range []bool{true, false} {
		t.Run(map[bool]string{true: "headers", false: "no headers"}[headers], func(t *testing.T) {
			virtual(t, func(t *testing.T) {
				const d = 5 * time.Minute
				run := func(loads ...*load) *api {
					s := newAPI()
					s.headers = headers
					simulate(t, s, d, loads...)
					shares := []int{}
					for _, l := range loads {
						shares = append(shares, len(l.waits))
					}
					t.Logf("%d of %d rejected, %.1f %% of the quota, shares %v", s.rejected, s.rejected+len(s.accepted), percent(s, d), shares)
					return s
				}
				own := run(
					&load{limiter: newBuiltin(), goroutines: 16},
					&load{limiter: newBuiltin(), goroutines: 16},
					&load{limiter: newBuiltin(), goroutines: 16},
				)
				rdb := newFakeRedis(t)
				s := run(
					&load{limiter: rdb.limiter(defaultConfig(), time.Millisecond), goroutines: 16},
					&load{limiter: rdb.limiter(defaultConfig(), time.Millisecond), goroutines: 16},
					&load{limiter: newBuiltin(), goroutines: 16},
				)
				require.LessOrEqual(t, float64(s.rejected)/float64(len(s.accepted)), 1.2*float64(own.rejected)/float64(len(own.accepted))+0.01)
				require.GreaterOrEqual(t, percent(s, d), 70.0) // two of the three pause together
			})
		})
	}
}

func TestShared_OutagesOfRedis(t *testing.T) {
	virtual(t, func(t *testing.T) {
		cfg := defaultConfig()
		cfg.share = 0.25
		rdb, s := newFakeRedis(t), newAPI()
		var loads []*load
		for range 4 {
			loads = append(loads, &load{limiter: rdb.limiter(cfg, time.Millisecond), goroutines: 25})
		}
		for _, outage := range []struct{ from, to time.Duration }{
			{1*time.Minute + 1, 1*time.Minute + 3*time.Second},
			{2*time.Minute + 30*time.Second, 5 * time.Minute},
		} {
			time.AfterFunc(outage.from, func() { rdb.set(errDown) })
			time.AfterFunc(outage.to, func() { rdb.set(nil) })
		}
		start := time.Now()
		const d = 7 * time.Minute
		simulate(t, s, d, loads...)
		t.Logf("%.1f %% of the quota, most %d", percent(s, d), s.most())
		require.Zero(t, s.rejected)
		require.LessOrEqual(t, s.most(), 600)
		require.GreaterOrEqual(t, percent(s, d), 85.0)
		require.GreaterOrEqual(t, s.since(start.Add(d-time.Minute)), 90*600/100)
	})
}
