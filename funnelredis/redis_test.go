package funnelredis

import (
	"context"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funnelredis/internal/redistest"
)

func TestRedis_KeysHoldNoSecretAndShareAClusterSlot(t *testing.T) {
	onRedis(t, func(t *testing.T, rdb redis.UniversalClient) {
		cfg := with(10, WithPrefix("mine"))
		s := newRedisStore(rdb, testKey, cfg)
		tell(t, s, wants(0, 1))
		keys, err := rdb.Keys(t.Context(), "*").Result()
		require.NoError(t, err)
		require.ElementsMatch(t, s.keys, keys)
		for _, key := range keys {
			require.Regexp(t, `^mine:\{[0-9a-f]{32}\}:(slots|state)$`, key)
			ttl, err := rdb.TTL(t.Context(), key).Result()
			require.NoError(t, err)
			require.Positive(t, ttl, "nothing stays for ever")
			require.LessOrEqual(t, ttl, 10*cfg.per)
		}
		tag := func(key string) string { return key[strings.Index(key, "{"):strings.Index(key, "}")] }
		require.Equal(t, tag(keys[0]), tag(keys[1]))
	})
}

func TestRedis_EachAPIKeyHasItsOwnQuota(t *testing.T) {
	onRedis(t, func(t *testing.T, rdb redis.UniversalClient) {
		cfg := with(1)
		for _, s := range []*redisStore{
			newRedisStore(rdb, testKey, cfg),
			newRedisStore(rdb, testKey+"2", cfg),
			newRedisStore(rdb, testKey, with(1, WithPrefix("other"))),
		} {
			require.Equal(t, 1, tell(t, s, wants(0, 1)).granted[interactive])
		}
		require.Zero(t, tell(t, newRedisStore(rdb, testKey, cfg), wants(0, 1)).granted)
	})
}

// Slots that Redis has lost stay taken, each once, however many processes find out.
func TestRedis_LostSlotsStayTaken(t *testing.T) {
	skipOn32Bits(t)
	const slots = 10
	for name, test := range map[string]struct {
		saved int // of the slots that were granted to each of two processes
		free  int // slots afterwards
	}{
		"all data":   {0, 4},
		"the newest": {2, 4},
		"nothing":    {3, 4},
	} {
		t.Run(name, func(t *testing.T) {
			virtual(t, func(t *testing.T) {
				rdb := newFakeRedis(t)
				first, second, fresh := rdb.limiter(with(slots), 0), rdb.limiter(with(slots), 0), rdb.limiter(with(slots), 0)
				events := 0
				first.Observe(func(e funnel.LimiterEvent) {
					require.Equal(t, funnel.LimiterDataLost, e.Kind)
					events++
				})
				var saved func()
				for i := range 4 {
					if i == test.saved {
						saved = rdb.save(t)
					}
					if i < 3 {
						acquire(t, first)(response(200))
						acquire(t, second)(response(200))
						flush(t, first, second)
					}
				}
				saved()
				start := time.Now()
				var releases []func(funnel.Outcome)
				for range 2 {
					for _, l := range []*Limiter{second, first} {
						release, err := l.Acquire(t.Context())
						require.NoError(t, err)
						releases = append(releases, release)
					}
				}
				require.Len(t, releases, test.free)
				require.LessOrEqual(t, time.Since(start), 4*time.Second)
				require.InDelta(t, time.Minute, waits(t, fresh), float64(4*time.Second))
				require.LessOrEqual(t, events, 1)
			})
		})
	}
}

// The process that notices first knows the least.
func TestRedis_EachProcessTellsOfLostSlots(t *testing.T) {
	skipOn32Bits(t)
	virtual(t, func(t *testing.T) {
		rdb := newFakeRedis(t)
		idle, busy, fresh := rdb.limiter(with(20), 0), rdb.limiter(with(20), 0), rdb.limiter(with(20), 0)
		for _, release := range append(full(t, idle, 3), full(t, busy, 9)...) {
			release(response(200))
		}
		flush(t, busy)
		rdb.mini.FlushAll()
		release := full(t, fresh, 1)[0]
		release(response(200))
		start := time.Now()
		for _, l := range []*Limiter{idle, busy} {
			release, err := l.Acquire(t.Context())
			require.NoError(t, err)
			release(response(200))
		}
		require.InDelta(t, 3*time.Second, time.Since(start), float64(jitter))
		full(t, fresh, 20-12-3)
		require.InDelta(t, 57*time.Second, waits(t, fresh), float64(time.Second))
	})
}

// Whatever becomes of requests, nobody takes it for lost data.
func TestRedis_NothingElseLooksLikeLostData(t *testing.T) {
	t.Parallel()
	addr := redistest.Start(t).Addr
	cfg := with(20, WithRateLimit(21, 30*time.Millisecond), WithLease(20*time.Millisecond))
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	var (
		wg sync.WaitGroup
		mu sync.Mutex
	)
	for range 3 {
		l := newLimiter(newRedisStore(connect(t, addr), testKey, cfg))
		l.Observe(func(e funnel.LimiterEvent) {
			mu.Lock()
			defer mu.Unlock()
			t.Errorf("%+v", e)
		})
		for range 10 {
			wg.Go(func() {
				for ctx.Err() == nil {
					release, err := l.Acquire(ctx)
					if err != nil {
						continue
					}
					timer := time.NewTimer(rand.N(60 * time.Millisecond)) // some outlast the lease
					<-timer.C
					release([]funnel.Outcome{{}, response(0), response(200), response(500)}[rand.N(4)])
				}
			})
		}
		defer flush(t, l)
	}
	wg.Wait()
}

// Redis counts by its own clock, which may have been wrong. Set back, it must not
// hold slots and pauses for as much longer.
func TestRedis_ClockSetBack(t *testing.T) {
	t.Parallel()
	server := miniredis.RunT(t)
	rdb := connect(t, server.Addr())
	cfg := with(2)
	now := time.Now()
	at := func(d time.Duration) { server.SetTime(now.Add(d)) }
	first, second := newRedisStore(rdb, testKey, cfg), newRedisStore(rdb, testKey, cfg)
	at(time.Hour) // wrong
	require.Equal(t, 1, tell(t, first, wants(0, 1)).granted[interactive])
	require.Equal(t, 1, tell(t, second, wants(0, 1)).granted[interactive])
	tell(t, first, ask{pause: in(time.Minute)})

	at(0) // right
	for _, s := range []*redisStore{first, second} {
		r := tell(t, s, ask{})
		require.Equal(t, maxPause, r.pause)
		require.Equal(t, 2, r.used)
	}
	at(cfg.term() - time.Second)
	require.Equal(t, 2, tell(t, first, ask{}).used)
	at(cfg.term() + time.Second)
	require.Zero(t, tell(t, first, ask{}).used)
	at(maxPause - time.Second)
	require.Zero(t, tell(t, first, wants(1, 1)).granted)
	at(maxPause + time.Second)
	for _, s := range []*redisStore{first, second} {
		require.Equal(t, 1, tell(t, s, wants(2, 1)).granted[interactive])
	}
}

func TestRedis_ForeignDataIsAClearError(t *testing.T) {
	onRedis(t, func(t *testing.T, rdb redis.UniversalClient) {
		s := newRedisStore(rdb, testKey, defaultConfig())
		require.NoError(t, rdb.Set(t.Context(), s.keys[0], "x", 0).Err())
		_, err := newLimiter(s).Acquire(t.Context())
		require.ErrorIs(t, err, ErrUnavailable)
		require.ErrorContains(t, err, "WRONGTYPE")
		require.NotContains(t, err.Error(), "secret")
	})
}

// While a failover goes on, calls wait for the replica to become the master.
func TestRedis_ReplicaBecomesMaster(t *testing.T) {
	t.Parallel()
	b := redistest.Start(t, "--replicaof", "127.0.0.1 1") // of nobody
	rdb := connect(t, b.Addr)
	l, err := New(rdb, testKey, WithPatience(time.Minute))
	require.NoError(t, err)
	lost := make(chan error, 1)
	l.Observe(func(e funnel.LimiterEvent) {
		if e.Kind == funnel.LimiterStoreLost {
			lost <- e.Err
		}
	})
	acquired := make(chan error)
	go func() {
		_, err := l.Acquire(t.Context())
		acquired <- err
	}()
	err = <-lost
	require.True(t, redis.IsReadOnlyError(err), err)
	require.NoError(t, rdb.Do(t.Context(), "REPLICAOF", "NO", "ONE").Err())
	require.NoError(t, <-acquired)
}

func TestRedis_WrongPasswordFailsAtOnce(t *testing.T) {
	t.Parallel()
	server := miniredis.RunT(t)
	server.RequireAuth("password")
	l, err := New(connect(t, server.Addr()), testKey, WithPatience(time.Hour))
	require.NoError(t, err)
	_, err = l.Acquire(t.Context())
	require.ErrorIs(t, err, ErrUnavailable)
	require.ErrorContains(t, err, "NOAUTH")
}

// A server that accepts connections and never responds is lost, too.
func TestRedis_SilentServer(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	l, err := New(connect(t, listener.Addr().String()), testKey, WithPatience(0), WithFallback(0.5))
	require.NoError(t, err)

	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = l.Acquire(ctx)
	require.ErrorIs(t, err, context.DeadlineExceeded)

	start := time.Now()
	release, err := l.Acquire(t.Context())
	require.NoError(t, err)
	require.Less(t, time.Since(start), 2*exchangeTimeout, "whatever the timeouts of the client")
	release(response(200))
	require.ErrorIs(t, l.Flush(t.Context()), ErrUnavailable)
	require.Equal(t, funnel.StoreFallback, l.Stats().Store)
}

// skipOn32Bits skips a test of numbers that miniredis cannot return there: it makes an
// int of them. TestProcesses_RestartOfRedis shows the same with a real Redis.
func skipOn32Bits(t *testing.T) {
	t.Helper()
	if strconv.IntSize == 32 {
		t.Skip("miniredis returns numbers of 32 bits")
	}
}
