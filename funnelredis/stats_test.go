package funnelredis

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
)

func TestLimiter_Stats(t *testing.T) {
	virtual(t, func(t *testing.T) {
		rdb := newFakeRedis(t)
		l := rdb.limiter(with(10, WithFallback(0.5), WithPatience(time.Second)), 0)
		require.Equal(t, funnel.LimiterStats{Limit: 10, Store: funnel.StoreOK}, l.Stats())

		for _, release := range full(t, l, 10) {
			release(response(200))
		}
		flush(t, l)
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for _, ctx := range []context.Context{ctx, ctx, funnel.InBackground(ctx)} {
			wg.Go(func() { _, _ = l.Acquire(ctx) })
		}
		time.Sleep(time.Second)
		start := time.Now()
		stats := l.Stats()
		require.WithinDuration(t, start.Add(59*time.Second), stats.NextSlot, 10*time.Millisecond)
		stats.NextSlot = time.Time{}
		require.Equal(t, funnel.LimiterStats{Limit: 10, Used: 10, Interactive: 2, Background: 1, Store: funnel.StoreOK}, stats)

		rdb.set(errDown)
		time.Sleep(5*time.Second + 100*time.Millisecond) // it asks every 6 s
		require.Equal(t, funnel.StoreLost, l.Stats().Store)
		time.Sleep(2 * time.Second)
		stats = l.Stats()
		require.Equal(t, funnel.StoreFallback, stats.Store)
		require.Equal(t, 5, stats.Limit)
		require.Equal(t, 5, stats.Used)

		rdb.set(nil)
		cancel()
		wg.Wait()
		time.Sleep(5 * time.Minute)
		require.Equal(t, funnel.LimiterStats{Limit: 10, Store: funnel.StoreOK}, l.Stats())

		acquire(t, l)(response(429))
		flush(t, l)
		require.WithinDuration(t, time.Now().Add(time.Minute), l.Stats().PausedUntil, 10*time.Millisecond)
	})
}

func TestLimiter_Observe(t *testing.T) {
	virtual(t, func(t *testing.T) {
		rdb := newFakeRedis(t)
		cfg := with(10, WithFallback(0.5), WithPatience(time.Second))
		l, other := rdb.limiter(cfg, 0), rdb.limiter(cfg, 0)
		var events []funnel.LimiterEvent
		l.Observe(func(e funnel.LimiterEvent) {
			l.Stats() // no lock is held
			events = append(events, e)
		})
		kinds := func() (kinds []funnel.LimiterEventKind) {
			synctest.Wait()
			for _, e := range events {
				kinds = append(kinds, e.Kind)
			}
			events = nil
			return kinds
		}
		acquire(t, l)(response(200))
		flush(t, l)
		require.Empty(t, kinds())

		rdb.set(errDown)
		release, err := l.Acquire(t.Context())
		require.NoError(t, err)
		require.ErrorIs(t, events[0].Err, errDown)
		require.Equal(t, []funnel.LimiterEventKind{funnel.LimiterStoreLost, funnel.LimiterFallback}, kinds())

		rdb.set(nil)
		release(response(200))
		time.Sleep(2 * time.Second)
		require.Equal(t, []funnel.LimiterEventKind{funnel.LimiterStoreBack}, kinds())

		time.Sleep(time.Minute)
		acquire(t, other)(response(429))
		flush(t, other)
		until := time.Now().Add(time.Minute)
		go waits(t, l) // learns of it
		synctest.Wait()
		time.Sleep(time.Second)
		require.WithinDuration(t, until, events[0].Until, 10*time.Millisecond)
		require.Equal(t, []funnel.LimiterEventKind{funnel.LimiterPaused}, kinds())
	})
}
