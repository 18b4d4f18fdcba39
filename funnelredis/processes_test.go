package funnelredis_test

import (
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel/funnelredis/internal/fleet"
	"github.com/funnel-go/funnel/funnelredis/internal/redistest"
	"github.com/funnel-go/funnel/funneltest"
)

// TestMain makes worker processes out of the test binary.
func TestMain(m *testing.M) {
	fleet.WorkIfWorker()
	os.Exit(m.Run())
}

// The quota of these tests: windows long enough for a slow machine, and few of
// them. Each window's slots come free together, so that all of a window is used
// unless something is lost.
const (
	limit   = 60
	per     = 2 * time.Second
	enough  = limit * 95 / 100
	windows = 3
)

// A site is an API, a Redis and four processes that call without a break.
type site struct {
	api   *funneltest.Server
	fleet *fleet.Fleet
}

func newSite(t *testing.T, redisURL string) *site {
	t.Helper()
	api := funneltest.NewServer(
		funneltest.WithRateLimit(limit, per),
		funneltest.WithLatency(func() (there, back time.Duration) {
			return rand.N(20 * time.Millisecond), rand.N(20 * time.Millisecond)
		}),
	)
	t.Cleanup(api.Close)
	workers, err := fleet.Start(4, fleet.Config{
		RedisURL: redisURL,
		BaseURL:  api.URL(),
		APIKey:   api.APIKey(),
		Limit:    limit,
		Per:      per,
		Lease:    time.Second,
		Callers:  4,
	})
	require.NoError(t, err)
	t.Cleanup(func() { _, _ = workers.Stop() })
	return &site{api, workers}
}

// since counts the requests from then on.
func (s *site) since(then time.Time) fleet.Tally {
	return fleet.Count(slices.DeleteFunc(s.api.Requests(), func(r funneltest.Request) bool {
		return r.Time.Before(then)
	}), per)
}

func (s *site) tally() fleet.Tally { return s.since(time.Time{}) }

// await lets the processes work until so many requests were accepted, which
// are to be no more than a slow machine can do.
func (s *site) await(t *testing.T, n int) {
	t.Helper()
	require.Eventually(t, func() bool { return len(s.tally().Accepted) >= n }, time.Minute, 5*time.Millisecond)
}

// wait lets the processes work for so long.
func wait(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	<-timer.C
}

// stop ends the processes, none of which may have lost a call.
func (s *site) stop(t *testing.T) fleet.Tally {
	t.Helper()
	results, err := s.fleet.Stop()
	require.NoError(t, err)
	for _, r := range results {
		require.Empty(t, r.Err)
		require.Zero(t, r.Failed)
		require.Positive(t, r.Calls)
	}
	tally := s.tally()
	t.Logf("%d accepted, %d rejected, most %d in %s", len(tally.Accepted), tally.Rejected, tally.Most, per)
	require.Zero(t, tally.Rejected)
	require.LessOrEqual(t, tally.Most, limit)
	return tally
}

func TestFourProcessesUseTheQuotaTogether(t *testing.T) {
	t.Parallel()
	s := newSite(t, redistest.Best(t).URL())
	s.await(t, 1)
	wait(windows * per)
	tally := s.stop(t)
	for i := range windows {
		require.GreaterOrEqual(t, tally.In(i), enough, "window %d", i)
	}
}

func TestAKilledProcessChangesNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t, redistest.Best(t).URL())
	s.await(t, limit/2)
	require.NoError(t, s.fleet.Kill()) // with requests under way
	leasesOver := time.Now().Add(2 * per)
	s.await(t, 2*enough)
	wait(time.Until(leasesOver) + 2*per)
	s.stop(t)
	require.GreaterOrEqual(t, s.since(leasesOver).Most, enough, "all slots are in use again")
}

func TestARestartOfRedisLosesNoCall(t *testing.T) {
	t.Parallel()
	restart := func(t *testing.T, rdb redistest.Backend) {
		t.Parallel()
		s := newSite(t, rdb.URL())
		s.await(t, limit+limit/2) // in the second window
		require.NoError(t, rdb.Stop())
		wait(per / 4)
		require.NoError(t, rdb.Start())
		s.await(t, 3*enough)
		s.stop(t)
	}
	t.Run("without its data", func(t *testing.T) {
		restart(t, redistest.Best(t))
	})
	t.Run("with its data", func(t *testing.T) {
		restart(t, redistest.Real(t, "--appendonly", "yes", "--appendfsync", "always"))
	})
}
