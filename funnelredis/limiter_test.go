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

func TestASlotOfAnotherProcessIsFreeAgain(t *testing.T) {
	for _, test := range []struct {
		name    string
		outcome funnel.Outcome
		after   time.Duration
	}{
		{"60 s after its answer, not after it was sent", answered(200), 60 * time.Second},
		{"60 s after an error's answer", answered(500), 60 * time.Second},
		{"after a grace on top where no answer came", answered(0), 65 * time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			virtual(t, func(t *testing.T) {
				cfg := with(1)
				rdb := newFakeRedis(cfg)
				a, b := newLimiter(rdb, cfg), newLimiter(rdb, cfg)
				release := acquire(t, a)
				time.Sleep(7 * time.Second) // on its way
				release(test.outcome)
				require.InDelta(t, test.after, waits(t, b), float64(jitter))
			})
		})
	}
}

func TestASlotThatWasNotUsedIsFreeAtOnce(t *testing.T) {
	virtual(t, func(t *testing.T) {
		cfg := with(1)
		rdb := newFakeRedis(cfg)
		a, b := newLimiter(rdb, cfg), newLimiter(rdb, cfg)
		release := acquire(t, a)
		waited := make(chan time.Duration, 2)
		for _, l := range []*Limiter{a, b} {
			go func() { waited <- waits(t, l) }()
		}
		time.Sleep(10 * time.Second)
		release(funnel.Outcome{})
		require.Equal(t, 10*time.Second, <-waited, "its own process is told")
		require.InDelta(t, 10*time.Second, <-waited, float64(3*time.Second+jitter), "others look now and then")
	})
}

func TestTheSlotsOfACrashedProcessComeFree(t *testing.T) {
	virtual(t, func(t *testing.T) {
		cfg := with(3, WithLease(40*time.Second))
		rdb := newFakeRedis(cfg)
		a, b := newLimiter(rdb, cfg), newLimiter(rdb, cfg)
		full(t, a, 3) // and nothing more is heard of them
		require.InDelta(t, 105*time.Second, waits(t, b), float64(jitter))
	})
}

func TestA429PausesAllProcesses(t *testing.T) {
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
				rdb := newFakeRedis(cfg)
				a, b := newLimiter(rdb, cfg), newLimiter(rdb, cfg)
				refused := answered(429)
				refused.RetryAfter = test.retryAfter
				acquire(t, a)(refused)
				settle()
				require.Zero(t, rdb.used(), "the API did not count it")
				require.InDelta(t, test.pause, waits(t, b), float64(jitter))
			})
		})
	}
}

func TestAnAnswerThatLeavesNothingPausesAllProcesses(t *testing.T) {
	virtual(t, func(t *testing.T) {
		cfg := with(10)
		rdb := newFakeRedis(cfg)
		a, b := newLimiter(rdb, cfg), newLimiter(rdb, cfg)
		acquire(t, a)(funnel.Outcome{Sent: true, StatusCode: 200, Remaining: 1})
		settle()
		require.Zero(t, waits(t, b))
		acquire(t, a)(funnel.Outcome{Sent: true, StatusCode: 200, Remaining: 0})
		settle()
		require.InDelta(t, time.Minute, waits(t, b), float64(jitter))
	})
}

func TestWithinAProcessTheFirstIsServedFirst(t *testing.T) {
	virtual(t, func(t *testing.T) {
		cfg := with(1)
		l := newLimiter(newFakeRedis(cfg), cfg)
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
				release(answered(200))
			})
			synctest.Wait() // it stands in the line
		}
		release(answered(200))
		wg.Wait()
		require.IsIncreasing(t, order)
		require.Len(t, order, 20)
	})
}

func TestWaitingEndsWithTheContext(t *testing.T) {
	virtual(t, func(t *testing.T) {
		cfg := with(1)
		rdb := newFakeRedis(cfg)
		l := newLimiter(rdb, cfg)
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

func TestASlotThatComesTooLateForItsCallerIsGivenBack(t *testing.T) {
	virtual(t, func(t *testing.T) {
		cfg := with(1)
		rdb := newFakeRedis(cfg)
		rdb.latency = time.Second
		l := newLimiter(rdb, cfg)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second/2)
		defer cancel()
		start := time.Now()
		_, err := l.Acquire(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, time.Second/2, time.Since(start), "it does not wait for Redis")
		time.Sleep(3 * time.Second)
		require.Zero(t, rdb.used())
	})
}

func TestASlotGrantedToOneWhoIsLeavingIsGivenBack(t *testing.T) {
	virtual(t, func(t *testing.T) {
		cfg := with(1)
		rdb := newFakeRedis(cfg)
		l := newLimiter(rdb, cfg)
		w, err := l.join(t.Context())
		require.NoError(t, err)
		settle() // it has its turn, and its context ends first
		require.Equal(t, 1, rdb.used())
		l.leave(w)
		settle()
		require.Zero(t, rdb.used())
	})
}

func TestA429DuringAnExchangeIsNotForgotten(t *testing.T) {
	virtual(t, func(t *testing.T) {
		cfg := with(10)
		rdb := newFakeRedis(cfg)
		rdb.latency = 100 * time.Millisecond
		a, b := newLimiter(rdb, cfg), newLimiter(rdb, cfg)
		first, second := acquire(t, a), acquire(t, a)
		first(answered(429))
		time.Sleep(rdb.latency / 2)
		longer := answered(429)
		longer.RetryAfter = 90 * time.Second
		second(longer)
		require.NoError(t, a.Flush(t.Context()))
		require.InDelta(t, 90*time.Second, waits(t, b), float64(3*jitter))
	})
}

func TestAWaitThatTheDeadlineForbidsIsNotBegun(t *testing.T) {
	virtual(t, func(t *testing.T) {
		cfg := with(1)
		l := newLimiter(newFakeRedis(cfg), cfg)
		acquire(t, l)(answered(200))
		go func() { _, _ = l.Acquire(t.Context()) }()
		for range 2 { // first in the line, and behind another
			ctx, cancel := context.WithTimeout(t.Context(), 59*time.Second)
			start := time.Now()
			_, err := l.Acquire(ctx)
			cancel()
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.ErrorContains(t, err, "no room for another 1m0s")
			var noRoom interface{ RetryAfter() time.Duration }
			require.ErrorAs(t, err, &noRoom)
			require.InDelta(t, time.Minute, noRoom.RetryAfter(), float64(jitter))
			require.Zero(t, time.Since(start))
			synctest.Wait()
		}
		time.Sleep(61 * time.Second)
	})
}

func TestTheNextAfterOneWhoWasRefusedIsServedAtOnce(t *testing.T) {
	virtual(t, func(t *testing.T) {
		cfg := with(1)
		rdb := newFakeRedis(cfg)
		l, other := newLimiter(rdb, cfg), newLimiter(rdb, cfg)
		release := acquire(t, other)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		_, err := l.Acquire(ctx)
		require.ErrorContains(t, err, "no room")
		release(funnel.Outcome{})
		settle()
		acquire(t, l)
	})
}

func TestNobodyIsRefusedForWhatWasTrueLongAgo(t *testing.T) {
	virtual(t, func(t *testing.T) {
		cfg := with(2)
		rdb := newFakeRedis(cfg)
		rdb.latency = time.Millisecond
		l, other := newLimiter(rdb, cfg), newLimiter(rdb, cfg)
		taken := full(t, other, 2)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		_, err := l.Acquire(ctx)
		require.ErrorIs(t, err, context.Canceled) // and it knows of a minute's wait
		for _, release := range taken {
			release(funnel.Outcome{})
		}
		settle()
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

func TestAnIdleLimiterAsksNothing(t *testing.T) {
	virtual(t, func(t *testing.T) {
		cfg := with(1)
		rdb := newFakeRedis(cfg)
		l := newLimiter(rdb, cfg)
		acquire(t, l)(answered(200))
		require.NoError(t, l.Flush(t.Context()))
		require.Equal(t, 2, rdb.asks())
		time.Sleep(time.Hour)
		require.Equal(t, 2, rdb.asks())
	})
}

func TestWaitingIsNoPolling(t *testing.T) {
	virtual(t, func(t *testing.T) {
		cfg := with(1)
		rdb := newFakeRedis(cfg)
		l := newLimiter(rdb, cfg)
		acquire(t, l)(answered(200))
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
		require.LessOrEqual(t, rdb.asks(), 25, "every 3 s")
	})
}

func TestFlushTellsRedisOfEverySlot(t *testing.T) {
	virtual(t, func(t *testing.T) {
		cfg := with(10)
		rdb := newFakeRedis(cfg)
		rdb.latency = 100 * time.Millisecond
		l := newLimiter(rdb, cfg)
		for _, release := range full(t, l, 10) {
			release(funnel.Outcome{})
		}
		require.Equal(t, 10, rdb.used())
		require.NoError(t, l.Flush(t.Context()))
		require.Zero(t, rdb.used())

		acquire(t, l)(answered(200))
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		require.ErrorIs(t, l.Flush(ctx), context.DeadlineExceeded)
		require.NoError(t, l.Flush(t.Context()))
	})
}

func TestNewRefusesWhatCannotWork(t *testing.T) {
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

func TestAZeroLimiterFailsClearly(t *testing.T) {
	t.Parallel()
	for _, l := range []*Limiter{nil, {}} {
		_, err := l.Acquire(t.Context())
		require.ErrorContains(t, err, "not made with New")
		require.Equal(t, err, l.Flush(t.Context()))
	}
}

func TestOneSlotInAHundredStaysFree(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]int{600: 594, 120: 118, 100: 99, 60: 59, 2: 1, 1: 1, math.MaxInt: math.MaxInt - math.MaxInt/100 - 1} {
		require.Equal(t, want, slots(n), n)
	}
}
