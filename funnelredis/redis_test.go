package funnelredis

import (
	"context"
	"math/rand/v2"
	"net"
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

const testKey = "sk-secret-of-the-api"

// connect returns a client of its own.
func connect(t testing.TB, b redistest.Backend) *redis.Client {
	t.Helper()
	opt, err := redis.ParseURL(b.URL())
	require.NoError(t, err)
	rdb := redis.NewClient(opt)
	t.Cleanup(func() { _ = rdb.Close() })
	return rdb
}

func TestKeysHoldNoSecretAndShareAClusterSlot(t *testing.T) {
	t.Parallel()
	redistest.OnEach(t, func(t *testing.T, b redistest.Backend) {
		rdb := connect(t, b)
		cfg := with(10, WithPrefix("mine"))
		s := newRedisStore(rdb, testKey, cfg)
		tell(t, s, ask{slot: "a", reports: []report{{"b", in(time.Minute)}}})
		tell(t, s, ask{pause: in(time.Minute)})
		keys, err := rdb.Keys(t.Context(), "*").Result()
		require.NoError(t, err)
		require.ElementsMatch(t, s.keys, keys)
		for _, key := range keys {
			require.Regexp(t, `^mine:\{[0-9a-f]{32}\}:(slots|pause)$`, key)
			require.NotContains(t, key, "secret")
			ttl, err := rdb.TTL(t.Context(), key).Result()
			require.NoError(t, err)
			require.Positive(t, ttl, "nothing stays for ever")
			require.LessOrEqual(t, ttl, cfg.term())
		}
		tag := func(key string) string { return key[strings.Index(key, "{"):strings.Index(key, "}")] }
		require.Equal(t, tag(keys[0]), tag(keys[1]))
	})
}

func TestEachAPIKeyHasItsOwnQuota(t *testing.T) {
	t.Parallel()
	redistest.OnEach(t, func(t *testing.T, b redistest.Backend) {
		rdb := connect(t, b)
		cfg := with(1)
		for _, s := range []*redisStore{
			newRedisStore(rdb, testKey, cfg),
			newRedisStore(rdb, testKey+"2", cfg),
			newRedisStore(rdb, testKey, with(1, WithPrefix("other"))),
		} {
			require.True(t, tell(t, s, ask{slot: "a"}).granted)
		}
		again := newRedisStore(connect(t, b), testKey, cfg)
		require.False(t, tell(t, again, ask{slot: "b"}).granted)
	})
}

func TestLostDataPauseEverybodyOnce(t *testing.T) {
	t.Parallel()
	answered := ask{reports: []report{{"x", in(time.Hour)}}}
	for _, test := range []struct {
		name string
		asks []ask // leave what is lost
	}{
		{"a request under way", []ask{{slot: "x"}}},
		{"a request answered", []ask{answered}},
		{"a request without an answer", []ask{{reports: []report{{"x", in(65 * time.Minute)}}}}},
		{"a request answered before another was not sent", []ask{answered, {slot: "unsent"}, {reports: []report{{slot: "unsent"}}}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			redistest.OnEach(t, func(t *testing.T, b redistest.Backend) {
				rdb := connect(t, b)
				cfg := with(10, func(c *config) error { c.per = time.Hour; return nil })
				first, second, fresh := newRedisStore(rdb, testKey, cfg), newRedisStore(rdb, testKey, cfg), newRedisStore(rdb, testKey, cfg)
				tell(t, second, ask{slot: "y"})
				for _, a := range test.asks {
					tell(t, first, a)
				}
				tell(t, first, ask{})

				require.NoError(t, rdb.FlushDB(t.Context()).Err())
				r := tell(t, first, ask{slot: "z"})
				require.False(t, r.granted)
				requireAbout(t, time.Hour, r.wait)

				// Some time later, the others neither go ahead nor begin anew.
				require.NoError(t, rdb.Set(t.Context(), first.keys[1], in(50*time.Minute).UnixMicro(), time.Hour).Err())
				for _, w := range []*witness{&first.taken, &first.used, &second.taken, &second.used} {
					w.until -= (10 * time.Minute).Microseconds()
				}
				for _, s := range []*redisStore{second, fresh, first} {
					r = tell(t, s, ask{slot: "z"})
					require.False(t, r.granted)
					requireAbout(t, 50*time.Minute, r.wait)
				}
			})
		})
	}
}

// Whatever becomes of requests, nobody takes it for lost data.
func TestNothingElseLooksLikeLostData(t *testing.T) {
	t.Parallel()
	redistest.OnEach(t, func(t *testing.T, b redistest.Backend) {
		cfg := with(20, WithRateLimit(21, 30*time.Millisecond), WithLease(20*time.Millisecond))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var wg sync.WaitGroup
		for range 3 {
			l := newLimiter(newRedisStore(connect(t, b), testKey, cfg), cfg)
			for range 10 {
				wg.Go(func() {
					for ctx.Err() == nil {
						release, err := l.Acquire(ctx)
						if err != nil {
							continue
						}
						timer := time.NewTimer(rand.N(60 * time.Millisecond)) // some outlast the lease
						<-timer.C
						release([]funnel.Outcome{{}, answered(0), answered(200), answered(500)}[rand.N(4)])
					}
				})
			}
		}
		wg.Wait()
		rdb := connect(t, b)
		paused, err := rdb.Exists(t.Context(), newRedisStore(rdb, testKey, cfg).keys[1]).Result()
		require.NoError(t, err)
		require.Zero(t, paused)
	})
}

// Redis counts by its own clock, which may have been wrong. Set back, it must
// not hold slots and pauses for as much longer.
func TestAClockThatIsSetBackLosesNoSlots(t *testing.T) {
	t.Parallel()
	server := miniredis.RunT(t)
	rdb := redis.NewClient(&redis.Options{Addr: server.Addr()})
	t.Cleanup(func() { _ = rdb.Close() })
	cfg := with(2)
	now := time.Now()
	at := func(d time.Duration) { server.SetTime(now.Add(d)) }
	first, second := newRedisStore(rdb, testKey, cfg), newRedisStore(rdb, testKey, cfg)
	at(time.Hour) // wrong
	require.True(t, tell(t, first, ask{slot: "a"}).granted)
	require.True(t, tell(t, second, ask{slot: "b"}).granted)
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
	require.False(t, tell(t, first, ask{slot: "c"}).granted)
	at(maxPause + time.Second)
	for _, s := range []*redisStore{first, second} {
		require.True(t, tell(t, s, ask{slot: s.taken.slot + "2"}).granted)
	}
}

func TestForeignDataUnderTheKeyIsAClearError(t *testing.T) {
	t.Parallel()
	redistest.OnEach(t, func(t *testing.T, b redistest.Backend) {
		rdb := connect(t, b)
		cfg := defaultConfig()
		s := newRedisStore(rdb, testKey, cfg)
		require.NoError(t, rdb.Set(t.Context(), s.keys[0], "x", 0).Err())
		_, err := newLimiter(s, cfg).Acquire(t.Context())
		require.ErrorIs(t, err, ErrUnavailable)
		require.ErrorContains(t, err, "WRONGTYPE")
		require.NotContains(t, err.Error(), "secret")
	})
}

// While a failover goes on, calls wait for the replica to become the master.
func TestACallOutlastsAFailover(t *testing.T) {
	t.Parallel()
	b := redistest.Real(t, "--replicaof", "127.0.0.1 1") // of nobody
	rdb := connect(t, b)
	l, err := New(rdb, testKey, WithPatience(time.Minute))
	require.NoError(t, err)
	_, err = newRedisStore(rdb, testKey, l.config).exchange(t.Context(), ask{slot: "a"})
	require.True(t, redis.IsReadOnlyError(err), err)
	acquired := make(chan error)
	go func() {
		_, err := l.Acquire(t.Context())
		acquired <- err
	}()
	require.Eventually(t, func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		return !l.outage.since.IsZero()
	}, time.Minute, time.Millisecond, "it was refused")
	require.NoError(t, rdb.Do(t.Context(), "REPLICAOF", "NO", "ONE").Err())
	require.NoError(t, <-acquired)
}

func TestAWrongPasswordIsAClearErrorAtOnce(t *testing.T) {
	t.Parallel()
	server := miniredis.RunT(t)
	server.RequireAuth("password")
	rdb := redis.NewClient(&redis.Options{Addr: server.Addr()})
	t.Cleanup(func() { _ = rdb.Close() })
	l, err := New(rdb, testKey, WithPatience(time.Hour))
	require.NoError(t, err)
	_, err = l.Acquire(t.Context())
	require.ErrorIs(t, err, ErrUnavailable)
	require.ErrorContains(t, err, "NOAUTH")
}

// A Redis that accepts connections and says nothing is away, too.
func TestASilentRedisHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	rdb := redis.NewClient(&redis.Options{
		Addr:        listener.Addr().String(),
		ReadTimeout: 500 * time.Millisecond, // the client's own, which WithPatience cannot shorten
		MaxRetries:  -1,
	})
	t.Cleanup(func() { _ = rdb.Close() })
	l, err := New(rdb, testKey, WithPatience(0), WithFallback(0.5))
	require.NoError(t, err)

	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = l.Acquire(ctx)
	require.ErrorIs(t, err, context.DeadlineExceeded)

	release, err := l.Acquire(t.Context())
	require.NoError(t, err)
	release(answered(200))
	require.ErrorIs(t, l.Flush(t.Context()), ErrUnavailable)
}
