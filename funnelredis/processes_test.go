package funnelredis

import (
	"flag"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel/funnelredis/internal/redistest"
)

// The tests of several processes print their figures with -v. With the quota of the
// API they take minutes:
//
//	go test -run TestProcesses -v . -args -limit 600 -per 1m -latency 200ms
var (
	limit   = flag.Int("limit", 60, "requests a window")
	per     = flag.Duration("per", 2*time.Second, "length of a window")
	latency = flag.Duration("latency", 20*time.Millisecond, "of responses, give or take half")
)

// windows is how many windows a measurement takes.
const windows = 3

// A site is an API and processes that call it.
type site struct {
	t       *testing.T
	api     *emulator
	redis   *redistest.Server
	workers []*worker
}

func newSite(t *testing.T, redisArgs ...string) *site {
	t.Helper()
	t.Parallel()
	rdb := redistest.Start(t, redisArgs...)
	return &site{t: t, api: startEmulator(t, *limit, *per, *latency), redis: rdb}
}

// start starts n processes. Those with the client's own limiter have no Redis.
func (s *site) start(n int, cfg workerConfig, usesRedis bool) {
	s.t.Helper()
	cfg.BaseURL, cfg.APIKey, cfg.Limit, cfg.Per = s.api.url, s.api.key, *limit, *per
	if usesRedis {
		cfg.Redis = s.redis.Addr
	}
	for range n {
		s.workers = append(s.workers, startWorker(s.t, cfg))
	}
}

func (s *site) tally() tally { return s.api.since(time.Time{}, *per) }

// await lets the processes work until so many requests were accepted.
func (s *site) await(n int) {
	s.t.Helper()
	require.Eventually(s.t, func() bool { return len(s.tally().accepted) >= n }, time.Minute+2*windows**per, 5*time.Millisecond)
}

// measure lets the processes work for some windows, then ends them. No call may
// fail.
func (s *site) measure() ([]workerResult, tally) {
	s.t.Helper()
	s.await(1)
	wait(windows * *per)
	return s.stop()
}

func (s *site) stop() (results []workerResult, got tally) {
	s.t.Helper()
	for _, w := range s.workers {
		_ = w.stdin.Close()
	}
	calls, commands := 0, 0
	for _, w := range s.workers {
		r := w.result(s.t)
		require.Empty(s.t, r.Err)
		results = append(results, r)
		calls, commands = calls+r.Calls, commands+r.Commands
		s.t.Logf("%d calls, 99 %% within %s, %d commands", r.Calls, r.Slowest.Round(time.Millisecond), r.Commands)
	}
	s.api.stop(s.t)
	got = s.tally()
	s.t.Logf("%d accepted, %d rejected, most %d in %s, %.2f commands per call",
		len(got.accepted), got.rejected, got.most, *per, float64(commands)/float64(calls))
	if !slices.ContainsFunc(s.workers, func(w *worker) bool { return !w.usesRedis }) { // else nobody counts all of them
		require.LessOrEqual(s.t, got.most, *limit)
	}
	require.GreaterOrEqual(s.t, len(got.accepted), calls, "the log has all of them")
	return results, got
}

// share returns part of what the quota has in the windows of a measurement: the
// first window begins with the first request.
func share(part float64) int { return int(part * windows * float64(*limit)) }

func TestProcesses_UseTheQuotaTogether(t *testing.T) {
	s := newSite(t)
	s.start(4, workerConfig{Callers: 8}, true)
	_, got := s.measure()
	require.Zero(t, got.rejected)
	require.GreaterOrEqual(t, len(got.accepted), share(0.95))
}

func TestProcesses_FormNextToImports(t *testing.T) {
	s := newSite(t)
	s.start(3, workerConfig{Callers: 8, Background: true}, true)
	s.start(1, workerConfig{Callers: 2, Every: time.Second}, true)
	results, got := s.measure()
	require.Zero(t, got.rejected)
	require.GreaterOrEqual(t, len(got.accepted), share(0.9))
	require.LessOrEqual(t, results[3].Slowest, *latency*3/2+1500*time.Millisecond)
}

func TestProcesses_DistanceDoesNotMatter(t *testing.T) {
	s := newSite(t)
	bothRun := time.Now().Add(*per + time.Second) // the process that starts first has the first window
	s.start(1, workerConfig{Callers: 40, CountFrom: bothRun}, true)
	s.start(1, workerConfig{Callers: 40, CountFrom: bothRun, RTT: 10 * time.Millisecond}, true)
	results, got := s.measure()
	require.Zero(t, got.rejected)
	require.InEpsilon(t, results[0].Calls, results[1].Calls, 0.2)
}

// Two processes are good neighbours of another program on the same key: about as
// good as programs with the client's own limiter.
func TestProcesses_NextToAnotherProgram(t *testing.T) {
	for name, processes := range map[string]int{"two processes": 2, "for comparison": 0} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			s.start(processes, workerConfig{Callers: 4}, true)
			s.start(3-processes, workerConfig{Callers: 4}, false)
			_, got := s.measure()
			require.LessOrEqual(t, got.rejected, len(got.accepted)/10)
		})
	}
}

func TestProcesses_KilledProcess(t *testing.T) {
	s := newSite(t)
	s.start(4, workerConfig{Callers: 4}, true)
	s.await(*limit / 2)
	s.workers[0].kill(t) // with requests under way
	s.workers = s.workers[1:]
	leasesOver := time.Now().Add(2 * *per)
	s.await(2 * *limit * 9 / 10)
	wait(time.Until(leasesOver) + 2**per)
	_, got := s.stop()
	require.Zero(t, got.rejected)
	require.GreaterOrEqual(t, s.api.since(leasesOver, *per).most, *limit*95/100, "all slots are in use again")
}

func TestProcesses_RestartOfRedis(t *testing.T) {
	for name, args := range map[string][]string{
		"without its data": nil,
		"with its data":    {"--appendonly", "yes", "--appendfsync", "always"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, args...)
			s.start(4, workerConfig{Callers: 4}, true)
			s.await(*limit * 3 / 2) // in the second window
			s.redis.Stop()
			wait(*per / 4)
			s.redis.Start()
			s.await(*limit * 3)
			_, got := s.stop()
			require.Zero(t, got.rejected)
		})
	}
}
