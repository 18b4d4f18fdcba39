package funnelredis

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel/funnelredis/internal/redistest"
)

// All stores are held to the same behaviour, with windows so long that nothing
// expires while a test runs.
func TestStores(t *testing.T) {
	t.Parallel()
	suite := func(t *testing.T, open func(config) store) {
		for _, test := range []struct {
			name string
			run  func(*testing.T, storeTest)
		}{
			{"grants as many slots as there are", testGrants},
			{"a slot is free when that is reported", testReportedFree},
			{"the wait is that for the first to come free", testWait},
			{"what is told twice counts once", testTwice},
			{"a pause stops everybody until it is over", testPause},
			{"slots come free with time", testExpiry},
		} {
			t.Run(test.name, func(t *testing.T) { test.run(t, storeTest{open}) })
		}
	}
	t.Run("window", func(t *testing.T) {
		t.Parallel()
		suite(t, func(cfg config) store { return newWindow(slots(cfg.limit), cfg.per, cfg.term()) })
	})
	redistest.OnEach(t, func(t *testing.T, b redistest.Backend) {
		rdb, keys := connect(t, b), 0
		suite(t, func(cfg config) store {
			keys++
			return newRedisStore(rdb, fmt.Sprintf("key %d", keys), cfg)
		})
	})
}

type storeTest struct{ open func(config) store }

// hourly opens a store with n slots an hour.
func (s storeTest) hourly(n int) store {
	return s.open(with(n, func(c *config) error { c.per = time.Hour; return nil }))
}

// tell is an exchange that must not fail.
func tell(t *testing.T, s store, a ask) reply {
	t.Helper()
	r, err := s.exchange(t.Context(), a)
	require.NoError(t, err)
	return r
}

func in(d time.Duration) time.Time { return time.Now().Add(d) }

// requireAbout allows for what the test itself takes.
func requireAbout(t *testing.T, want, got time.Duration) {
	t.Helper()
	require.LessOrEqual(t, got, want)
	require.Greater(t, got, want-5*time.Minute)
}

func testGrants(t *testing.T, open storeTest) {
	s := open.hourly(3)
	for i := range 3 {
		r := tell(t, s, ask{slot: fmt.Sprint(i)})
		require.True(t, r.granted)
		require.Equal(t, i+1, r.used)
	}
	r := tell(t, s, ask{slot: "one more"})
	require.False(t, r.granted)
	require.Equal(t, 3, r.used)
	requireAbout(t, time.Hour, r.wait) // if one is answered right now
}

func testReportedFree(t *testing.T, open storeTest) {
	s := open.hourly(1)
	tell(t, s, ask{slot: "a"})
	r := tell(t, s, ask{slot: "b", reports: []report{{slot: "a"}}})
	require.True(t, r.granted)
	require.Equal(t, 1, r.used)
	r = tell(t, s, ask{slot: "c", reports: []report{{slot: "b", until: in(-time.Second)}}})
	require.True(t, r.granted)
	require.Zero(t, tell(t, s, ask{reports: []report{{slot: "c"}, {slot: "unknown"}}}).used)
}

func testWait(t *testing.T, open storeTest) {
	s := open.hourly(3)
	for _, slot := range []string{"a", "b", "c"} {
		tell(t, s, ask{slot: slot})
	}
	r := tell(t, s, ask{slot: "d", reports: []report{{"a", in(40 * time.Minute)}, {"b", in(20 * time.Minute)}}})
	require.False(t, r.granted)
	requireAbout(t, 20*time.Minute, r.wait)
	r = tell(t, s, ask{slot: "d", reports: []report{{slot: "b"}, {"found later", in(10 * time.Minute)}}})
	require.False(t, r.granted)
	requireAbout(t, 10*time.Minute, r.wait)
}

func testTwice(t *testing.T, open storeTest) {
	s := open.hourly(2)
	for range 2 {
		r := tell(t, s, ask{slot: "a"})
		require.True(t, r.granted)
		require.Equal(t, 1, r.used)
	}
	for range 2 {
		r := tell(t, s, ask{reports: []report{{"a", in(time.Hour)}, {"b", in(time.Hour)}}})
		require.Equal(t, 2, r.used)
	}
}

func testPause(t *testing.T, open storeTest) {
	s := open.hourly(2)
	r := tell(t, s, ask{slot: "a", pause: in(40 * time.Minute)})
	require.False(t, r.granted)
	requireAbout(t, 40*time.Minute, r.wait)
	r = tell(t, s, ask{slot: "a", pause: in(20 * time.Minute)})
	requireAbout(t, 40*time.Minute, r.wait) // the longer one counts
	r = tell(t, s, ask{slot: "a", pause: in(50 * time.Minute)})
	requireAbout(t, 50*time.Minute, r.wait)
	require.Zero(t, r.used)
	requireAbout(t, 50*time.Minute, tell(t, s, ask{}).pause)
}

func testExpiry(t *testing.T, open storeTest) {
	s := open.hourly(1)
	start := time.Now()
	tell(t, s, ask{pause: in(100 * time.Millisecond), reports: []report{{"a", in(200 * time.Millisecond)}}})
	for {
		r := tell(t, s, ask{slot: "b"})
		if r.granted {
			break
		}
		require.Positive(t, r.wait)
		require.LessOrEqual(t, r.wait, 200*time.Millisecond)
		timer := time.NewTimer(r.wait)
		<-timer.C
	}
	require.GreaterOrEqual(t, time.Since(start), 195*time.Millisecond, "the two clocks")
}
