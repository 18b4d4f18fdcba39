package funnelredis

import (
	"context"
	"errors"
	"math"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
)

// jitter is the most that a wait takes longer than it must.
const jitter = 100 * time.Millisecond

func TestLimiter_SlotIsFreeAfterTheResponse(t *testing.T) {
	for _, test := range []struct {
		name    string
		outcome funnel.Outcome
		after   time.Duration
	}{
		{"60 s after its response, not after it was sent", response(200), 60 * time.Second},
		{"60 s after the response of an error", response(500), 60 * time.Second},
		{"65 s after a request without a response", response(0), 65 * time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			virtual(t, func(t *testing.T) {
				cfg := with(1)
				rdb := newFakeRedis(t)
				a, b := rdb.limiter(cfg, 0), rdb.limiter(cfg, 0)
				release := acquire(t, a)
				time.Sleep(7 * time.Second) // on its way
				release(test.outcome)
				require.InDelta(t, test.after, waits(t, b), float64(jitter))
			})
		})
	}
}

func TestLimiter_UnusedSlotIsFreeAtOnce(t *testing.T) {
	virtual(t, func(t *testing.T) {
		cfg := with(1)
		rdb := newFakeRedis(t)
		a, b := rdb.limiter(cfg, 0), rdb.limiter(cfg, 0)
		release := acquire(t, a)
		waited := make(chan time.Duration, 2)
		for _, l := range []*Limiter{a, b} {
			go func() { waited <- waits(t, l) }()
		}
		time.Sleep(10 * time.Second)
		release(funnel.Outcome{})
		for range 2 {
			require.InDelta(t, 10*time.Second, <-waited, float64(6*time.Second+jitter), "processes look now and then")
		}
	})
}

func TestLimiter_CrashedProcess(t *testing.T) {
	virtual(t, func(t *testing.T) {
		cfg := with(3, WithLease(40*time.Second))
		rdb := newFakeRedis(t)
		a, b := rdb.limiter(cfg, 0), rdb.limiter(cfg, 0)
		full(t, a, 3) // and nothing more is heard of them
		require.InDelta(t, 105*time.Second, waits(t, b), float64(jitter))
	})
}

func TestLimiter_RejectionPausesAllProcesses(t *testing.T) {
	for _, test := range []struct {
		name       string
		retryAfter time.Duration
		pause      time.Duration
	}{
		{"for a window where it does not say for how long", 0, time.Minute},
		{"for no less than a window", 5 * time.Second, time.Minute},
		{"for as long as it says", 90 * time.Second, 90 * time.Second},
		{"for five minutes at most", 24 * time.Hour, 5 * time.Minute},
	} {
		t.Run(test.name, func(t *testing.T) {
			virtual(t, func(t *testing.T) {
				cfg := with(10)
				rdb := newFakeRedis(t)
				a, b := rdb.limiter(cfg, 0), rdb.limiter(cfg, 0)
				rejected := response(429)
				rejected.RetryAfter = test.retryAfter
				acquire(t, a)(rejected)
				flush(t, a)
				require.Zero(t, rdb.used(t, cfg), "the API did not count it")
				require.InDelta(t, test.pause, waits(t, b), float64(jitter))
			})
		})
	}
}

func TestLimiter_FirstComeFirstServed(t *testing.T) {
	virtual(t, func(t *testing.T) {
		cfg := with(1)
		l := newFakeRedis(t).limiter(cfg, 0)
		release := acquire(t, l)
		var (
			mu    sync.Mutex
			order []int
			wg    sync.WaitGroup
		)
		for i := range 20 {
			wg.Go(func() {
				release, err := l.Acquire(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				order = append(order, i)
				mu.Unlock()
				release(response(200))
			})
			synctest.Wait() // it stands in the line
		}
		release(response(200))
		wg.Wait()
		require.IsIncreasing(t, order)
		require.Len(t, order, 20)
	})
}

func TestLimiter_WaitEndsWithTheContext(t *testing.T) {
	virtual(t, func(t *testing.T) {
		cfg := with(1)
		rdb := newFakeRedis(t)
		l := rdb.limiter(cfg, 0)
		release := acquire(t, l)
		ctx, cancel := context.WithCancel(t.Context())
		errs := make(chan error)
		for range 3 {
			go func() {
				_, err := l.Acquire(ctx)
				errs <- err
			}()
		}
		time.Sleep(time.Second)
		start := time.Now()
		cancel()
		for range 3 {
			require.ErrorIs(t, <-errs, context.Canceled)
		}
		require.Zero(t, time.Since(start))
		release(funnel.Outcome{})
		acquire(t, l) // those who left do not block the line
	})
}

func TestLimiter_LateSlotIsGivenBack(t *testing.T) {
	virtual(t, func(t *testing.T) {
		cfg := with(1)
		rdb := newFakeRedis(t)
		l := rdb.limiter(cfg, time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second/2)
		defer cancel()
		start := time.Now()
		_, err := l.Acquire(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, time.Second/2, time.Since(start), "it does not wait for Redis")
		time.Sleep(3 * time.Second)
		require.Zero(t, rdb.used(t, cfg))
	})
}

func TestLimiter_SlotOfALeavingCallIsGivenBack(t *testing.T) {
	virtual(t, func(t *testing.T) {
		cfg := with(1)
		rdb := newFakeRedis(t)
		l := rdb.limiter(cfg, 0)
		w, err := l.join(t.Context())
		require.NoError(t, err)
		synctest.Wait() // it has its turn, and its context ends first
		require.Equal(t, 1, rdb.used(t, cfg))
		l.leave(w)
		flush(t, l)
		require.Zero(t, rdb.used(t, cfg))
	})
}

func TestLimiter_RejectionDuringAnExchange(t *testing.T) {
	virtual(t, func(t *testing.T) {
		cfg := with(10)
		rdb := newFakeRedis(t)
		a, b := rdb.limiter(cfg, 100*time.Millisecond), rdb.limiter(cfg, 100*time.Millisecond)
		first, second := acquire(t, a), acquire(t, a)
		first(response(429))
		time.Sleep(50 * time.Millisecond)
		longer := response(429)
		longer.RetryAfter = 90 * time.Second
		second(longer)
		require.NoError(t, a.Flush(t.Context()))
		require.InDelta(t, 90*time.Second, waits(t, b), float64(3*jitter))
	})
}

func TestLimiter_RefusesAWaitBeyondTheDeadline(t *testing.T) {
	virtual(t, func(t *testing.T) {
		cfg := with(1)
		l := newFakeRedis(t).limiter(cfg, 0)
		acquire(t, l)(response(200))
		go func() { _, _ = l.Acquire(t.Context()) }()
		for range 2 { // first in the line, and behind another
			ctx, cancel := context.WithTimeout(t.Context(), 59*time.Second)
			start := time.Now()
			_, err := l.Acquire(ctx)
			cancel()
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.ErrorContains(t, err, "is free for another")
			var noRoom interface{ RetryAfter() time.Duration }
			require.ErrorAs(t, err, &noRoom)
			require.InDelta(t, time.Minute, noRoom.RetryAfter(), float64(jitter))
			require.LessOrEqual(t, time.Since(start), 10*time.Millisecond)
			synctest.Wait()
		}
		time.Sleep(61 * time.Second)
	})
}

func TestLimiter_ServesTheNextAfterARefusal(t *testing.T) {
	virtual(t, func(t *testing.T) {
		cfg := with(1)
		rdb := newFakeRedis(t)
		l, other := rdb.limiter(cfg, 0), rdb.limiter(cfg, 0)
		release := acquire(t, other)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		_, err := l.Acquire(ctx)
		require.ErrorContains(t, err, "no slot")
		release(funnel.Outcome{})
		flush(t, other)
		acquire(t, l)
	})
}

func TestLimiter_RefusesByPresentKnowledge(t *testing.T) {
	virtual(t, func(t *testing.T) {
		cfg := with(2)
		rdb := newFakeRedis(t)
		l, other := rdb.limiter(cfg, time.Millisecond), rdb.limiter(cfg, time.Millisecond)
		taken := full(t, other, 2)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		_, err := l.Acquire(ctx)
		require.ErrorIs(t, err, context.Canceled) // and it knows of a minute's wait
		for _, release := range taken {
			release(funnel.Outcome{})
		}
		flush(t, other)
		errs := make(chan error)
		for range 2 {
			go func() {
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				defer cancel()
				_, err := l.Acquire(ctx)
				errs <- err
			}()
		}
		require.NoError(t, errors.Join(<-errs, <-errs))
	})
}

func TestLimiter_IdleAsksNothing(t *testing.T) {
	virtual(t, func(t *testing.T) {
		cfg := with(1)
		rdb := newFakeRedis(t)
		l := rdb.limiter(cfg, 0)
		acquire(t, l)(response(200))
		require.NoError(t, l.Flush(t.Context()))
		require.Equal(t, 2, rdb.asked())
		time.Sleep(time.Hour)
		require.Equal(t, 2, rdb.asked())
	})
}

func TestLimiter_WaitingHardlyPolls(t *testing.T) {
	virtual(t, func(t *testing.T) {
		cfg := with(1)
		rdb := newFakeRedis(t)
		l := rdb.limiter(cfg, 0)
		acquire(t, l)(response(200))
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				time.AfterFunc(59*time.Second, cancel)
				_, _ = l.Acquire(ctx)
			})
		}
		wg.Wait()
		require.LessOrEqual(t, rdb.asked(), 13, "every 6 s")
	})
}

func TestLimiter_Flush(t *testing.T) {
	virtual(t, func(t *testing.T) {
		cfg := with(10)
		rdb := newFakeRedis(t)
		l := rdb.limiter(cfg, 100*time.Millisecond)
		for _, release := range full(t, l, 10) {
			release(funnel.Outcome{})
		}
		require.Equal(t, 10, rdb.used(t, cfg))
		require.NoError(t, l.Flush(t.Context()))
		require.Zero(t, rdb.used(t, cfg))

		acquire(t, l)(response(200))
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		require.ErrorIs(t, l.Flush(ctx), context.DeadlineExceeded)
		require.NoError(t, l.Flush(t.Context()))
	})
}

func TestNew_BadArguments(t *testing.T) {
	t.Parallel()
	rdb := redis.NewClient(&redis.Options{Addr: miniredis.RunT(t).Addr()})
	t.Cleanup(func() { _ = rdb.Close() })
	for _, test := range []struct {
		field string
		rdb   redis.Scripter
		key   string
		opt   Option
	}{
		{"rdb", nil, "key", WithPrefix("p")},
		{"apiKey", rdb, " ", WithPrefix("p")},
		{"option", rdb, "key", nil},
		{"WithRateLimit", rdb, "key", WithRateLimit(0, time.Minute)},
		{"WithRateLimit", rdb, "key", WithRateLimit(600, 0)},
		{"WithRateLimit", rdb, "key", WithRateLimit(600, math.MaxInt64)},
		{"WithLease", rdb, "key", WithLease(0)},
		{"WithLease", rdb, "key", WithLease(math.MaxInt64)},
		{"WithPatience", rdb, "key", WithPatience(-1)},
		{"WithFallback", rdb, "key", WithFallback(0)},
		{"WithFallback", rdb, "key", WithFallback(1.1)},
		{"WithPrefix", rdb, "key", WithPrefix("")},
		{"WithPrefix", rdb, "key", WithPrefix("a{}b")},
	} {
		_, err := New(test.rdb, test.key, test.opt)
		var refused *funnel.ArgumentError
		require.ErrorAs(t, err, &refused)
		require.Equal(t, test.field, refused.Field)
	}
}

func TestLimiter_ZeroValue(t *testing.T) {
	t.Parallel()
	for _, l := range []*Limiter{nil, {}} {
		_, err := l.Acquire(t.Context())
		require.ErrorContains(t, err, "a zero value: make one with New")
		require.Equal(t, err, l.Flush(t.Context()))
	}
}

func TestWithRateLimit_HoldsBackOneInAHundred(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]int{600: 594, 120: 118, 100: 99, 60: 59, 2: 1, 1: 1, math.MaxInt: math.MaxInt - math.MaxInt/100 - 1} {
		require.Equal(t, want, slots(n), n)
	}
}
