package funnelredis

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
)

func TestOutage_ShortOneFailsNoCall(t *testing.T) {
	virtual(t, func(t *testing.T) {
		cfg := with(100)
		rdb := newFakeRedis(t)
		l := rdb.limiter(cfg, 0)
		rdb.set(errDown)
		time.AfterFunc(4*time.Second, func() { rdb.set(nil) })
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				start := time.Now()
				release, err := l.Acquire(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				if d := time.Since(start); d < 4*time.Second || d > 5*time.Second {
					t.Errorf("waited %s", d)
				}
				release(response(200))
			})
		}
		wg.Wait()
		flush(t, l)
		require.Equal(t, 50, rdb.used(t, cfg))
	})
}

// A context that ends before the patience does says what it was spent on, and
// one that waits for its turn nothing of the kind.
func TestOutage_ContextEnds(t *testing.T) {
	virtual(t, func(t *testing.T) {
		cfg := with(1)
		rdb := newFakeRedis(t)
		l := rdb.limiter(cfg, 0)
		release := acquire(t, l)
		for _, down := range []error{errDown, nil} {
			rdb.set(down)
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(2*time.Second, cancel)
			_, err := l.Acquire(ctx)
			require.ErrorIs(t, err, context.Canceled)
			require.Equal(t, down != nil, errors.Is(err, ErrUnavailable), "%v", err)
			require.Equal(t, down != nil, errors.Is(err, errDown), "%v", err)
			synctest.Wait()
		}
		release(response(200))
		synctest.Wait()
	})
}

func TestOutage_CallsFailUntilRedisIsBack(t *testing.T) {
	virtual(t, func(t *testing.T) {
		cfg := with(10)
		rdb := newFakeRedis(t)
		l := rdb.limiter(cfg, 0)
		release := acquire(t, l)
		rdb.set(errDown)
		start := time.Now()
		_, err := l.Acquire(t.Context())
		require.ErrorIs(t, err, ErrUnavailable)
		require.ErrorIs(t, err, errDown)
		require.Equal(t, 15*time.Second, time.Since(start), "the patience")

		start = time.Now()
		_, err = l.Acquire(t.Context())
		require.ErrorIs(t, err, ErrUnavailable)
		require.Zero(t, time.Since(start), "at once, now that it is known")
		release(response(200))
		require.ErrorIs(t, l.Flush(t.Context()), ErrUnavailable)

		time.Sleep(10 * time.Second)
		rdb.set(nil)
		time.Sleep(probeEvery + jitter)
		acquire(t, l)
		flush(t, l)
		require.Equal(t, 2, rdb.used(t, cfg), "what was released meanwhile is told")
	})
}

func TestOutage_ProbesEnd(t *testing.T) {
	virtual(t, func(t *testing.T) {
		cfg := with(10, WithPatience(0))
		rdb := newFakeRedis(t)
		l := rdb.limiter(cfg, 0)
		rdb.set(errDown)
		for range 2 {
			_, err := l.Acquire(t.Context())
			require.ErrorIs(t, err, ErrUnavailable)
			time.Sleep(l.term() + 2*probeEvery) // the request may have reached Redis, which it is told
			asked := rdb.asked()
			require.LessOrEqual(t, asked, 220, "about one a second")
			time.Sleep(time.Hour)
			require.Equal(t, asked, rdb.asked())
		}
	})
}

func TestOutage_LongOver(t *testing.T) {
	virtual(t, func(t *testing.T) {
		cfg := with(10)
		rdb := newFakeRedis(t)
		l := rdb.limiter(cfg, 0)
		rdb.set(errDown)
		_, err := l.Acquire(t.Context())
		require.ErrorIs(t, err, ErrUnavailable)
		time.Sleep(10 * time.Minute) // nobody looks out any more
		rdb.set(nil)
		time.Sleep(10 * time.Minute)
		acquire(t, l)
		require.Equal(t, 1, rdb.used(t, cfg))
	})
}

func TestFallback_LongOver(t *testing.T) {
	virtual(t, func(t *testing.T) {
		cfg := with(100, WithFallback(0.25), WithPatience(0))
		rdb := newFakeRedis(t)
		l, other := rdb.limiter(cfg, 0), rdb.limiter(cfg, 0)
		rdb.set(errDown)
		acquire(t, l)(response(200))
		time.Sleep(10 * time.Minute) // nobody looks out any more
		rdb.set(nil)
		for _, release := range full(t, other, 100) {
			release(response(200))
		}
		require.InDelta(t, time.Minute, waits(t, l), float64(jitter), "its share would come on top")
	})
}

func TestOutage_LastingErrorFailsAtOnce(t *testing.T) {
	virtual(t, func(t *testing.T) {
		cfg := with(10)
		rdb := newFakeRedis(t)
		l := rdb.limiter(cfg, 0)
		rdb.set(redis.ErrClosed)
		start := time.Now()
		_, err := l.Acquire(t.Context())
		require.ErrorIs(t, err, ErrUnavailable)
		require.ErrorIs(t, err, redis.ErrClosed)
		require.Zero(t, time.Since(start))
	})
}

func TestOutage_WaitEndsWithTheContext(t *testing.T) {
	virtual(t, func(t *testing.T) {
		cfg := with(10)
		rdb := newFakeRedis(t)
		rdb.set(errDown)
		l := rdb.limiter(cfg, 10*time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		_, err := l.Acquire(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, time.Second, time.Since(start))
	})
}

func TestOutage_LostReplyCostsNoSlot(t *testing.T) {
	virtual(t, func(t *testing.T) {
		cfg := with(1)
		rdb := newFakeRedis(t)
		l := rdb.limiter(cfg, 0)
		rdb.deaf = true
		time.AfterFunc(time.Second, func() {
			rdb.mu.Lock()
			rdb.deaf = false
			rdb.mu.Unlock()
		})
		start := time.Now()
		release, err := l.Acquire(t.Context())
		require.NoError(t, err)
		require.Less(t, time.Since(start), 3*time.Second)
		require.Equal(t, 1, rdb.used(t, cfg))
		release(funnel.Outcome{})
		flush(t, l)
		require.Zero(t, rdb.used(t, cfg))
	})
}

func TestFallback_KeepsToItsShare(t *testing.T) {
	virtual(t, func(t *testing.T) {
		cfg := with(100, WithFallback(0.25), WithPatience(0))
		rdb := newFakeRedis(t)
		l := rdb.limiter(cfg, 0)
		rdb.set(errDown)
		for _, release := range full(t, l, 25) {
			release(response(200))
		}
		require.InDelta(t, time.Minute, waits(t, l), float64(jitter))
	})
}

func TestFallback_CountsSlotsTakenBefore(t *testing.T) {
	virtual(t, func(t *testing.T) {
		cfg := with(100, WithFallback(0.25), WithPatience(0))
		rdb := newFakeRedis(t)
		l, other := rdb.limiter(cfg, 0), rdb.limiter(cfg, 0)
		for _, release := range full(t, other, 79) {
			release(response(200))
		}
		acquire(t, l)(response(200)) // and learns of 80 in all
		flush(t, other, l)
		rdb.set(errDown)
		full(t, l, 5) // a quarter of what was left
		start := time.Now()
		_, err := l.Acquire(t.Context())
		require.NoError(t, err)
		require.InDelta(t, 65*time.Second, time.Since(start), float64(jitter))
		full(t, l, 19)
	})
}

func TestFallback_CountsResponsesMeanwhile(t *testing.T) {
	virtual(t, func(t *testing.T) {
		cfg := with(100, WithFallback(0.25), WithPatience(0))
		rdb := newFakeRedis(t)
		l := rdb.limiter(cfg, 0)
		underWay := full(t, l, 25)
		rdb.set(errDown)
		acquire(t, l)
		time.Sleep(30 * time.Second)
		for _, release := range underWay {
			release(response(200))
		}
		require.InDelta(t, time.Minute, waits(t, l), float64(jitter))
	})
}

func TestFallback_Rejection(t *testing.T) {
	virtual(t, func(t *testing.T) {
		cfg := with(100, WithFallback(0.25), WithPatience(0))
		rdb := newFakeRedis(t)
		l, other := rdb.limiter(cfg, 0), rdb.limiter(cfg, 0)
		rdb.set(errDown)
		acquire(t, l)(response(429))
		require.InDelta(t, time.Minute, waits(t, l), float64(jitter))

		acquire(t, l)(response(429))
		time.Sleep(10 * time.Second)
		rdb.set(nil)
		time.Sleep(probeEvery + jitter)
		require.InDelta(t, 49*time.Second, waits(t, other), float64(2*jitter), "the others learn of it when Redis is back")
	})
}

func TestFallback_RejectionNotReported(t *testing.T) {
	virtual(t, func(t *testing.T) {
		cfg := with(100, WithFallback(0.25), WithPatience(0))
		rdb := newFakeRedis(t)
		l := rdb.limiter(cfg, 0)
		release := acquire(t, l)
		rdb.set(errDown)
		release(response(429))
		synctest.Wait()
		require.InDelta(t, time.Minute, waits(t, l), float64(jitter))
	})
}

// A pause that Redis told of, and may have lost, goes on.
func TestOutage_PauseOutlastsIt(t *testing.T) {
	for name, outage := range map[string]func(*fakeRedis){
		"in the fallback": func(rdb *fakeRedis) { rdb.set(errDown) },
		"in a Redis without its data": func(rdb *fakeRedis) {
			rdb.set(errDown)
			time.AfterFunc(4*time.Second, func() {
				rdb.mu.Lock()
				defer rdb.mu.Unlock()
				rdb.mini.FlushAll()
				rdb.down = nil
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			virtual(t, func(t *testing.T) {
				cfg := with(100, WithFallback(0.25), WithPatience(0))
				rdb := newFakeRedis(t)
				l, other := rdb.limiter(cfg, 0), rdb.limiter(cfg, 0)
				rejected := response(429)
				rejected.RetryAfter = 2 * time.Minute
				acquire(t, other)(rejected)
				flush(t, other)
				time.AfterFunc(10*time.Second, func() { outage(rdb) })
				require.InDelta(t, 2*time.Minute, waits(t, l), float64(3*time.Second+jitter))
			})
		})
	}
}

func TestFallback_ReportsItsRequests(t *testing.T) {
	virtual(t, func(t *testing.T) {
		cfg := with(100, WithFallback(0.25), WithPatience(0))
		rdb := newFakeRedis(t)
		rdb.set(errDown)
		var limiters []*Limiter
		for range 4 {
			l := rdb.limiter(cfg, 0)
			limiters = append(limiters, l)
			releases := full(t, l, 25)
			defer releases[0](response(200)) // long under way
			for _, release := range releases[1:] {
				release(response(200))
			}
		}
		time.Sleep(20 * time.Second)
		rdb.set(nil)
		time.Sleep(probeEvery + jitter)
		require.Equal(t, 100, rdb.used(t, cfg))
		require.InDelta(t, 40*time.Second, waits(t, limiters[0]), float64(2*probeEvery))
	})
}

// Redis goes away again before all processes have told it of what they sent.
func TestFallback_SecondOutage(t *testing.T) {
	virtual(t, func(t *testing.T) {
		cfg := with(100, WithFallback(0.5), WithPatience(0))
		rdb := newFakeRedis(t)
		first, second := rdb.limiter(cfg, 0), rdb.limiter(cfg, 0)
		rdb.set(errDown)
		for i, l := range []*Limiter{first, second} {
			time.Sleep(time.Duration(i) * probeEvery / 2) // they look out at different times
			for _, release := range full(t, l, 50) {
				release(response(200))
			}
		}
		rdb.set(nil)
		time.Sleep(probeEvery/2 + jitter)
		require.Equal(t, 50, rdb.used(t, cfg), "only one has told")
		rdb.set(errDown)
		require.InDelta(t, time.Minute, waits(t, first), float64(10*time.Second))
	})
}

func TestFallback_ReportsAllBeforeOthersSend(t *testing.T) {
	virtual(t, func(t *testing.T) {
		const n = 3 * maxReports
		cfg := with(2*n, WithFallback(0.5), WithPatience(0))
		rdb := newFakeRedis(t)
		l := rdb.limiter(cfg, 0)
		rdb.set(errDown)
		for _, release := range full(t, l, n) {
			release(response(200))
		}
		waited := make(chan time.Duration)
		go func() { waited <- waits(t, l) }()
		rdb.set(nil)
		time.Sleep(probeEvery + jitter)
		require.Equal(t, n, rdb.used(t, cfg))
		<-waited
	})
}

func TestFallback_SlotReleasedDuringItsReport(t *testing.T) {
	virtual(t, func(t *testing.T) {
		cfg := with(10, WithFallback(1), WithPatience(0))
		rdb := newFakeRedis(t)
		l := rdb.limiter(cfg, 100*time.Millisecond)
		rdb.set(errDown)
		release, err := l.Acquire(t.Context())
		require.NoError(t, err)
		rdb.set(nil)
		time.Sleep(probeEvery + 150*time.Millisecond) // found out, and telling of the one under way
		release(funnel.Outcome{})
		require.NoError(t, l.Flush(t.Context()))
		require.Zero(t, rdb.used(t, cfg))
	})
}

func TestFallback_WaitingCallsGoOnWithRedis(t *testing.T) {
	virtual(t, func(t *testing.T) {
		cfg := with(100, WithFallback(0.01), WithPatience(0))
		rdb := newFakeRedis(t)
		l := rdb.limiter(cfg, 0)
		rdb.set(errDown)
		acquire(t, l)(response(200))
		time.AfterFunc(10*time.Second, func() { rdb.set(nil) })
		start := time.Now()
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() { waits(t, l) })
		}
		wg.Wait()
		require.InDelta(t, 13*time.Second, time.Since(start), float64(probeEvery+jitter))
	})
}

// redis6 begins the errors of a script before Redis 7.
const redis6 = "ERR Error running script (call to f_22102157bcd2870cdcf2cc935811535f95739636): @user_script:51: @user_script: 51: "

func TestIsLasting(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		err     error
		lasting bool
	}{
		{errDown, false},
		{context.DeadlineExceeded, false},
		{redis.ErrPoolTimeout, false},
		{sent("LOADING Redis is loading the dataset in memory"), false},
		{sent("READONLY You can't write against a read only replica."), false},
		{sent("CLUSTERDOWN The cluster is down"), false},
		{sent("MASTERDOWN Link with MASTER is down"), false},
		{sent("MOVED 48 127.0.0.1:43171"), false},
		{sent("ASK 48 127.0.0.1:43171"), false},
		{sent("TRYAGAIN Multiple keys request during rehashing of slot"), false},
		{sent("BUSY Redis is busy running a script."), false},
		{sent("OOM command not allowed when used memory > 'maxmemory'."), false},
		{sent("NOREPLICAS Not enough good replicas to write."), false},
		{sent("MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk."), false},
		{sent("ERR max number of clients reached"), false},
		{sent(redis6 + "-READONLY You can't write against a read only replica."), false},
		{sent(redis6 + "-OOM command not allowed when used memory > 'maxmemory'."), false},
		{sent(redis6 + "-NOREPLICAS Not enough good replicas to write."), false},
		{sent(redis6 + "-MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk."), false},
		{sent(redis6 + "-WRONGTYPE Operation against a key holding the wrong kind of value"), true},
		{redis.ErrClosed, true},
		{sent("NOAUTH Authentication required."), true},
		{sent("WRONGPASS invalid username-password pair"), true},
		{sent("NOPERM this user has no permissions"), true},
		{sent("WRONGTYPE Operation against a key holding the wrong kind of value"), true},
		{errors.Join(errDown, sent("NOAUTH Authentication required.")), true},
	} {
		require.Equal(t, test.lasting, isLasting(test.err), test.err)
	}
}

// A sent error is one that Redis itself has sent.
type sent string

func (s sent) Error() string { return string(s) }

func (sent) RedisError() {}

// A slot that is given back in a fallback is free immediately, as it is with Redis.
func TestFallback_SlotGivenBackIsUsed(t *testing.T) {
	virtual(t, func(t *testing.T) {
		rdb := newFakeRedis(t)
		rdb.set(errDown)
		l := rdb.limiter(with(2, WithPatience(0), WithFallback(0.5)), 0) // one slot
		release := acquire(t, l)
		waited := make(chan time.Duration, 1)
		go func() { waited <- waits(t, l) }()
		time.Sleep(5 * time.Second)
		release(funnel.Outcome{}) // not sent
		require.Equal(t, 5*time.Second, <-waited)
	})
}

// While Redis hangs, the fallback serves calls, also during an exchange.
func TestFallback_GoesOnDuringAnExchange(t *testing.T) {
	virtual(t, func(t *testing.T) {
		rdb := newFakeRedis(t)
		rdb.set(errDown)
		l := rdb.limiter(with(600, WithPatience(0), WithFallback(0.5)), 2*exchangeTimeout)
		_, err := l.Acquire(t.Context()) // begins the outage, which shows after 2 s
		require.NoError(t, err)
		for range 60 {
			time.Sleep(300 * time.Millisecond)
			ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
			release, err := l.Acquire(ctx)
			cancel()
			require.NoError(t, err)
			release(response(200))
		}
	})
}
