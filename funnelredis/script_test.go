package funnelredis

import (
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel/funnelredis/internal/redistest"
)

// onRedis runs a test of the script with a redis-server, and with the Redis of the
// tests in virtual time: they are held to the same behaviour.
func onRedis(t *testing.T, test func(*testing.T, redis.UniversalClient)) {
	t.Helper()
	t.Parallel()
	t.Run("redis-server", func(t *testing.T) {
		t.Parallel()
		test(t, connect(t, redistest.Start(t).Addr))
	})
	t.Run("miniredis", func(t *testing.T) {
		t.Parallel()
		test(t, connect(t, miniredis.RunT(t).Addr()))
	})
}

// connect returns a client of its own.
func connect(t testing.TB, addr string) *redis.Client {
	t.Helper()
	rdb := redis.NewClient(&redis.Options{Addr: addr})
	t.Cleanup(func() { _ = rdb.Close() })
	return rdb
}

// hourly returns a config of n slots an hour: nothing expires while a test runs.
func hourly(n int) config {
	return with(n, func(c *config) error { c.per = time.Hour; return nil })
}

// wants is an ask for interactive and background slots.
func wants(first uint64, n ...int) ask {
	a := ask{first: first}
	copy(a.want[:], n)
	return a
}

func in(d time.Duration) time.Time { return time.Now().Add(d) }

// requireAbout allows for what the test itself takes.
func requireAbout(t *testing.T, want, got time.Duration) {
	t.Helper()
	require.LessOrEqual(t, got, want)
	require.Greater(t, got, want-5*time.Minute)
}

func TestScript_GrantsAsManySlotsAsThereAre(t *testing.T) {
	onRedis(t, func(t *testing.T, rdb redis.UniversalClient) {
		s := newRedisStore(rdb, testKey, hourly(10))
		r := tell(t, s, wants(0, 4))
		require.Equal(t, [...]int{4, 0}, r.granted)
		require.Equal(t, 4, r.used)
		require.Zero(t, r.wait)
		r = tell(t, s, wants(4, 7))
		require.Equal(t, [...]int{6, 0}, r.granted)
		require.Equal(t, 10, r.used)
		requireAbout(t, time.Hour, r.wait[interactive]) // if a response comes right now
	})
}

func TestScript_ReportsFreeSlots(t *testing.T) {
	onRedis(t, func(t *testing.T, rdb redis.UniversalClient) {
		s := newRedisStore(rdb, testKey, hourly(2))
		tell(t, s, wants(0, 2))
		a := wants(2, 2)
		a.reports = []report{{slot: s.slot(0)}, {slot: s.slot(1), until: in(-time.Second)}, {slot: "unknown"}}
		r := tell(t, s, a)
		require.Equal(t, [...]int{2, 0}, r.granted)
		require.Equal(t, 2, r.used)
	})
}

func TestScript_WaitIsThatForTheFirstFreeSlot(t *testing.T) {
	onRedis(t, func(t *testing.T, rdb redis.UniversalClient) {
		s := newRedisStore(rdb, testKey, hourly(3))
		tell(t, s, wants(0, 3))
		a := wants(3, 1)
		a.reports = []report{{slot: s.slot(0), until: in(40 * time.Minute)}, {slot: s.slot(1), until: in(20 * time.Minute)}}
		requireAbout(t, 20*time.Minute, tell(t, s, a).wait[interactive])
	})
}

// The second of two processes that wait gets the second slot.
func TestScript_WaitIsThatForTheOwnTurn(t *testing.T) {
	onRedis(t, func(t *testing.T, rdb redis.UniversalClient) {
		cfg := hourly(3)
		first, second := newRedisStore(rdb, testKey, cfg), newRedisStore(rdb, testKey, cfg)
		tell(t, first, wants(0, 3))
		a := wants(3, 1)
		a.reports = []report{{slot: first.slot(0), until: in(20 * time.Minute)}, {slot: first.slot(1), until: in(40 * time.Minute)}}
		requireAbout(t, 20*time.Minute, tell(t, first, a).wait[interactive])
		requireAbout(t, 40*time.Minute, tell(t, second, wants(0, 1)).wait[interactive])
		free := ask{first: 4, reports: []report{{slot: first.slot(0)}}} // and it does not wait any more
		tell(t, first, free)
		require.Equal(t, 1, tell(t, second, wants(1, 1)).granted[interactive])
	})
}

// What becomes free belongs to the process whose turn it is, not to the one that
// asks first.
func TestScript_SlotsAreAllottedInTurn(t *testing.T) {
	onRedis(t, func(t *testing.T, rdb redis.UniversalClient) {
		cfg := hourly(6)
		near, far := newRedisStore(rdb, testKey, cfg), newRedisStore(rdb, testKey, cfg)
		tell(t, near, wants(0, 6))
		tell(t, far, wants(0, 6))
		a := wants(6, 6)
		for i := range uint64(6) {
			a.reports = append(a.reports, report{slot: near.slot(i)})
		}
		require.Equal(t, 3, tell(t, near, a).granted[interactive])
		require.Zero(t, tell(t, near, wants(12, 6)).granted, "the others are not its own")
		require.Equal(t, 3, tell(t, far, wants(6, 6)).granted[interactive])
	})
}

func TestScript_SameExchangeTwiceCountsOnce(t *testing.T) {
	onRedis(t, func(t *testing.T, rdb redis.UniversalClient) {
		s := newRedisStore(rdb, testKey, hourly(100))
		for range 2 {
			r := tell(t, s, wants(0, 2, 3))
			require.Equal(t, [...]int{2, 3}, r.granted)
			require.Equal(t, 5, r.used)
		}
		for range 2 {
			r := tell(t, s, ask{reports: []report{{slot: s.slot(0), until: in(time.Hour)}, {slot: "b", until: in(time.Hour)}}})
			require.Equal(t, 6, r.used)
		}
	})
}

func TestScript_PauseStopsAll(t *testing.T) {
	onRedis(t, func(t *testing.T, rdb redis.UniversalClient) {
		s := newRedisStore(rdb, testKey, hourly(2))
		for _, test := range []struct{ pause, wait time.Duration }{
			{40 * time.Minute, 40 * time.Minute},
			{20 * time.Minute, 40 * time.Minute}, // the longer one counts
			{50 * time.Minute, 50 * time.Minute},
		} {
			a := wants(0, 1, 1)
			a.pause = in(test.pause)
			r := tell(t, s, a)
			require.Zero(t, r.granted)
			require.Zero(t, r.used)
			for _, wait := range append(r.wait[:], r.pause) {
				requireAbout(t, test.wait, wait)
			}
		}
	})
}

func TestScript_BackgroundLeavesAReserve(t *testing.T) {
	onRedis(t, func(t *testing.T, rdb redis.UniversalClient) {
		s := newRedisStore(rdb, testKey, defaultConfig())
		r := tell(t, s, wants(0, 0, 594))
		require.InDelta(t, 474, r.granted[background], 10, "two interactive calls a second for the rest of the minute")
		require.Equal(t, 594-r.used, tell(t, s, wants(594, 594)).granted[interactive])
	})
}

func TestScript_InteractiveCallsOfAllProcessesGoFirst(t *testing.T) {
	onRedis(t, func(t *testing.T, rdb redis.UniversalClient) {
		cfg := hourly(2)
		imports, form := newRedisStore(rdb, testKey, cfg), newRedisStore(rdb, testKey, cfg)
		tell(t, imports, wants(0, 2))
		require.Zero(t, tell(t, imports, wants(2, 0, 1)).granted)
		require.Zero(t, tell(t, form, wants(0, 1)).granted)
		a := wants(3, 0, 1)
		a.reports = []report{{slot: imports.slot(0)}}
		require.Zero(t, tell(t, imports, a).granted, "it came first, but yields")
		require.Equal(t, [...]int{1, 0}, tell(t, form, wants(1, 1)).granted)
	})
}

func TestScript_Headers(t *testing.T) {
	onRedis(t, func(t *testing.T, rdb redis.UniversalClient) {
		number := uint64(0)
		request := func(t *testing.T, s *redisStore, remaining int) reply {
			t.Helper()
			number++
			require.Equal(t, 1, tell(t, s, wants(number, 1)).granted[interactive])
			sent := time.Now()
			return tell(t, s, ask{reports: []report{{
				slot: s.slot(number), until: in(time.Hour), sent: sent, status: 200, remaining: remaining, window: time.Minute,
			}}})
		}
		room := func(s *redisStore) int {
			number += 1000
			return tell(t, s, wants(number, 900)).granted[interactive]
		}
		for _, test := range []struct {
			name            string
			remaining       []int // of responses
			atLeast, atMost int   // requests that may be sent then
		}{
			{name: "nothing is left", remaining: []int{0}},
			{name: "some are left", remaining: []int{50}, atLeast: 50, atMost: 50},
			{name: "a larger number is a new window", remaining: []int{3, 700}, atLeast: 600, atMost: 700},
			{name: "another program takes as many", remaining: []int{500, 498, 496, 494, 492, 490, 488, 486, 484, 482, 480}, atLeast: 250, atMost: 290},
		} {
			t.Run(test.name, func(t *testing.T) {
				s := newRedisStore(rdb, test.name, hourly(990))
				for _, remaining := range test.remaining {
					request(t, s, remaining)
				}
				got := room(s)
				require.GreaterOrEqual(t, got, test.atLeast)
				require.LessOrEqual(t, got, test.atMost)
			})
		}
	})
}
