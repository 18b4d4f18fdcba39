package funnelredis

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
)

// An api counts as Laravel's throttle does: a fixed window, opened by the first
// request that finds none open; what is rejected is not counted.
type api struct {
	limit int
	per   time.Duration

	mu       sync.Mutex
	closes   time.Time
	count    int
	accepted []time.Time
	rejected int
}

func (s *api) hit() (status, remaining int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if !now.Before(s.closes) {
		s.closes, s.count = now.Add(s.per), 0
	}
	if s.count >= s.limit {
		s.rejected++
		return 429, 0
	}
	s.count++
	s.accepted = append(s.accepted, now)
	return 200, s.limit - s.count
}

// most returns the largest number of accepted requests in any stretch of time
// as long as the window.
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
	n := 0
	for _, t := range s.accepted {
		if !t.Before(then) {
			n++
		}
	}
	return n
}

// run sends requests through the limiters without a break, from so many
// goroutines each, until d is over. It returns how many failed.
func run(t *testing.T, s *api, limiters []*Limiter, callers int, d time.Duration) (failed int) {
	ctx, stop := context.WithCancel(t.Context()) // no deadline, which the limiters would heed
	defer stop()
	defer time.AfterFunc(d, stop).Stop()
	rng := rand.New(rand.NewPCG(1, 2))
	var (
		wg sync.WaitGroup
		mu sync.Mutex
	)
	latency := func() time.Duration {
		mu.Lock()
		defer mu.Unlock()
		return 50*time.Millisecond + time.Duration(rng.Int64N(int64(100*time.Millisecond)))
	}
	for _, l := range limiters {
		for range callers {
			wg.Go(func() {
				for {
					release, err := l.Acquire(ctx)
					if errors.Is(err, context.Canceled) {
						return
					}
					if err != nil {
						mu.Lock()
						failed++
						mu.Unlock()
						continue
					}
					time.Sleep(latency())
					status, remaining := s.hit()
					time.Sleep(latency())
					release(funnel.Outcome{Sent: true, StatusCode: status, Remaining: remaining})
				}
			})
		}
	}
	wg.Wait()
	return failed
}

func TestProcessesTogetherUseTheQuotaAndAreNeverRejected(t *testing.T) {
	virtual(t, func(t *testing.T) {
		cfg := defaultConfig()
		rdb := newFakeRedis(cfg)
		rdb.latency = time.Millisecond
		var limiters []*Limiter
		for range 4 {
			limiters = append(limiters, newLimiter(rdb, cfg))
		}
		s := &api{limit: 600, per: time.Minute}
		start := time.Now()
		require.Zero(t, run(t, s, limiters, 25, 10*time.Minute))
		t.Logf("%d requests in %s, %d exchanges", len(s.accepted), time.Since(start), rdb.asks())
		require.Zero(t, s.rejected)
		require.LessOrEqual(t, s.most(), 600)
		require.GreaterOrEqual(t, len(s.accepted), 98*6000/100)
	})
}

func TestAnOutageOfRedisLosesNoCallAndBreaksNoLimit(t *testing.T) {
	virtual(t, func(t *testing.T) {
		cfg := with(594, WithFallback(0.25))
		rdb := newFakeRedis(cfg)
		rdb.latency = time.Millisecond
		var limiters []*Limiter
		for range 4 {
			limiters = append(limiters, newLimiter(rdb, cfg))
		}
		for _, outage := range []struct{ from, to time.Duration }{
			{2*time.Minute + 1, 2*time.Minute + 3*time.Second},
			{4*time.Minute + 30*time.Second, 7 * time.Minute},
		} {
			time.AfterFunc(outage.from, func() { rdb.set(errDown) })
			time.AfterFunc(outage.to, func() { rdb.set(nil) })
		}
		s := &api{limit: 600, per: time.Minute}
		start := time.Now()
		require.Zero(t, run(t, s, limiters, 25, 10*time.Minute))
		t.Logf("%d requests, most %d", len(s.accepted), s.most())
		require.Zero(t, s.rejected)
		require.LessOrEqual(t, s.most(), 600)
		require.GreaterOrEqual(t, len(s.accepted), 90*6000/100)
		require.GreaterOrEqual(t, s.since(start.Add(9*time.Minute)), 90*600/100)
	})
}
