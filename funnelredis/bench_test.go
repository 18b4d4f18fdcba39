package funnelredis

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funnelredis/internal/redistest"
)

// BenchmarkAcquireAndRelease shows what a call costs that has not to wait: one after
// the other, and many at once.
func BenchmarkAcquireAndRelease(b *testing.B) {
	for name, goroutines := range map[string]int{"1": 1, "100": 100} {
		b.Run(name, func(b *testing.B) {
			rdb := redis.NewClient(&redis.Options{Addr: redistest.Start(b).Addr})
			b.Cleanup(func() { _ = rdb.Close() })
			commands := &distance{}
			rdb.AddHook(commands)
			limiter, err := New(rdb, testKey, WithRateLimit(100_000_000, time.Hour))
			require.NoError(b, err)
			var left atomic.Int64
			left.Store(int64(b.N))
			done := make(chan struct{})
			for range goroutines {
				go func() {
					defer func() { done <- struct{}{} }()
					for left.Add(-1) >= 0 {
						release, err := limiter.Acquire(b.Context())
						if err != nil {
							b.Error(err)
							return
						}
						release(funnel.Outcome{})
					}
				}()
			}
			for range goroutines {
				<-done
			}
			require.NoError(b, limiter.Flush(b.Context()))
			b.ReportMetric(float64(commands.commands)/float64(b.N), "commands/op")
		})
	}
}

// BenchmarkExchange shows what an exchange costs, with the way to Redis, when most of
// the quota is taken and calls of both priorities wait.
func BenchmarkExchange(b *testing.B) {
	rdb := redis.NewClient(&redis.Options{Addr: redistest.Start(b).Addr})
	b.Cleanup(func() { _ = rdb.Close() })
	s := newRedisStore(rdb, testKey, defaultConfig())
	a := wants(0, 560)
	for i := range uint64(560) {
		a.reports = append(a.reports, report{slot: s.slot(i), until: in(time.Duration(i) * 100 * time.Millisecond)})
	}
	_, err := s.exchange(b.Context(), a)
	require.NoError(b, err)
	number := uint64(1000)
	for b.Loop() {
		_, err := s.exchange(b.Context(), wants(number, 100, 100))
		require.NoError(b, err)
		number += 200
	}
	used, err := rdb.MemoryUsage(b.Context(), s.keys[0]).Result()
	require.NoError(b, err)
	b.ReportMetric(float64(used)/1024, "KiB")
}
