package funnelredis_test

import (
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel/funnelredis/internal/fleet"
	"github.com/funnel-go/funnel/funnelredis/internal/redistest"
)

// scratch is a folder for what the tests compile.
var scratch string

// TestMain makes worker processes out of the test binary.
func TestMain(m *testing.M) {
	fleet.WorkIfWorker()
	os.Exit(runTests(m))
}

func runTests(m *testing.M) int {
	var err error
	if scratch, err = os.MkdirTemp("", "funnelredis"); err != nil {
		panic(err)
	}
	defer os.RemoveAll(scratch)
	return m.Run()
}

// emulator compiles the emulator, once for all tests.
var emulator = sync.OnceValues(func() (string, error) { return fleet.BuildEmulator(scratch) })

// The quota of these tests: windows long enough for a slow machine, and few of
// them. Each window's slots come free together, so that all of a window is used
// unless something is lost.
const (
	limit   = 60
	per     = 2 * time.Second
	enough  = limit * 95 / 100
	windows = 3
	latency = 20 * time.Millisecond
)

// A site is an emulator, a Redis and four processes that call without a break.
type site struct {
	api   *fleet.Emulator
	fleet *fleet.Fleet
}

func newSite(t *testing.T, redisURL string) *site {
	t.Helper()
	program, err := emulator()
	require.NoError(t, err)
	api, err := fleet.StartEmulator(program, limit, per, latency)
	require.NoError(t, err)
	t.Cleanup(func() { _ = api.Stop() }) // if the test has failed
	workers, err := fleet.Start(4, fleet.Config{
		RedisURL: redisURL,
		BaseURL:  api.URL,
		APIKey:   api.Key,
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
	return fleet.Count(slices.DeleteFunc(s.api.Requests(), func(r fleet.Request) bool {
		return r.Arrived.Before(then)
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

// stop ends all processes, none of which may have lost a call.
func (s *site) stop(t *testing.T) fleet.Tally {
	t.Helper()
	results, err := s.fleet.Stop()
	require.NoError(t, err)
	require.NoError(t, s.api.Stop())
	calls := 0
	for _, r := range results {
		calls += r.Calls
		require.Empty(t, r.Err)
		require.Zero(t, r.Failed)
		require.Positive(t, r.Calls)
	}
	tally := s.tally()
	t.Logf("%d accepted, %d rejected, most %d in %s", len(tally.Accepted), tally.Rejected, tally.Most, per)
	require.Zero(t, tally.Rejected)
	require.LessOrEqual(t, tally.Most, limit)
	require.GreaterOrEqual(t, len(tally.Accepted), calls, "the log has all of them")
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
