package bench

import (
	"encoding/xml"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "run the whole comparison, print the report, and write results.md and the charts")

func TestComparison(t *testing.T) {
	if !*update {
		t.Skip("takes a minute: run it with -update")
	}
	c := compare(t, workloads(), 200, 100)
	report := c.markdown()
	fmt.Print(report)
	for name, content := range map[string]string{
		"results.md": report, "completed.svg": c.completedChart(), "waiting.svg": c.waitChart(),
	} {
		require.NoError(t, os.WriteFile(name, []byte(content), 0o644))
	}
}

func TestPeers_DoEveryWorkload(t *testing.T) {
	tiny := workloads()
	for i := range tiny {
		tiny[i].goroutines = min(tiny[i].goroutines, 2)
		tiny[i].calls = min(tiny[i].calls, 4)
		tiny[i].pages = min(tiny[i].pages, 3)
		if tiny[i].broken < throughout {
			tiny[i].broken = 0
		}
	}
	c := compare(t, tiny, 1, 10)
	for i, w := range tiny {
		for j, p := range c.peers {
			r := c.results[i][j]
			require.GreaterOrEqual(t, r.calls, w.clients*w.calls, "%s, %s", w.title, p.name)
			require.Len(t, r.waits, r.calls-w.clients*w.calls, "%s, %s", w.title, p.name)
			require.Equal(t, w.every > 0, len(r.waits) > 0, "%s, %s", w.title, p.name)
			if w.broken == throughout {
				require.Equal(t, r.calls, r.failed, "%s, %s", w.title, p.name)
				continue
			}
			require.NoError(t, r.err, "%s, %s", w.title, p.name)
			require.Zero(t, r.failed, "%s, %s", w.title, p.name)
			require.Len(t, r.completed, r.calls, "%s, %s", w.title, p.name)
			require.Equal(t, r.calls*max(w.pages, 1), r.requests, "%s, %s", w.title, p.name)
			require.Zero(t, r.rejected, "%s, %s", w.title, p.name)
			require.Positive(t, r.took, "%s, %s", w.title, p.name)
		}
	}
	report := c.markdown()
	for _, p := range c.peers {
		require.Contains(t, report, "| "+p.name+" |")
		require.Contains(t, report, p.setup)
		require.Equal(t, len(p.modules), strings.Count(versions(p.modules), " v"))
	}
	for _, chart := range []string{c.completedChart(), c.waitChart()} {
		require.NoError(t, xml.Unmarshal([]byte(chart), new(struct{})))
		for _, p := range c.peers {
			require.Contains(t, chart, ">"+p.name+"</text>")
		}
	}
}

func TestWorkload_CountsItemsThatABulkJobDoesNotReach(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := workload{broken: throughout, latency: steady, clients: 1, calls: 3000, bulk: true, every: 2 * time.Second}
		r, err := w.run(t.Context(), funnelPeer())
		require.NoError(t, err)
		require.Equal(t, 3000, r.failed-r.interactiveFailed)
		require.Len(t, r.waits, r.interactiveFailed)
		require.Empty(t, r.completed)
	})
}

func TestResult_Percentile(t *testing.T) {
	r := result{waits: []time.Duration{1, 2, 3, 4}}
	for percent, want := range map[int]time.Duration{0: 1, 25: 1, 26: 2, 50: 2, 75: 3, 76: 4, 100: 4} {
		require.Equal(t, want, r.percentile(percent), "%d", percent)
	}
	require.Zero(t, result{}.percentile(50))
}

// compare runs every workload with every peer, each in its own bubble of virtual
// time, and measures the cost of a call.
func compare(t *testing.T, jobs []workload, turns, calls int) *comparison {
	c := &comparison{peers: peers(), workloads: jobs}
	for _, w := range jobs {
		results := make([]result, len(c.peers))
		for i, p := range c.peers {
			synctest.Test(t, func(t *testing.T) {
				var err error
				results[i], err = w.run(t.Context(), p)
				require.NoError(t, err)
			})
			if err := results[i].err; err != nil {
				t.Logf("%s, %s: a call failed with: %v", w.title, p.name, err)
			}
		}
		c.results = append(c.results, results)
	}
	var err error
	c.costs, err = measure(t.Context(), c.peers, turns, calls)
	require.NoError(t, err)
	return c
}

// arrive sends a request at once and returns the response.
func arrive(t *testing.T, s *server) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, contactURL, nil)
	require.NoError(t, err)
	resp, err := s.RoundTrip(req)
	require.NoError(t, err)
	_, err = io.Copy(io.Discard, resp.Body)
	require.NoError(t, err)
	return resp
}

func TestServer_CountsAsLaravelDoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(contactAPI(), workload{headers: true, latency: latency{base: time.Second}})
		time.Sleep(time.Hour) // no window is open before the first request
		s.throttles[0].n = 2
		start := time.Now()
		require.Equal(t, "1", arrive(t, s).Header.Get("X-RateLimit-Remaining"))
		require.Equal(t, time.Second, time.Since(start))
		require.Equal(t, "0", arrive(t, s).Header.Get("X-RateLimit-Remaining"))
		rejected := arrive(t, s)
		require.Equal(t, http.StatusTooManyRequests, rejected.StatusCode)
		require.Equal(t, "58", rejected.Header.Get("Retry-After"), "it arrived 2 s after the first")
		time.Sleep(57*time.Second - time.Nanosecond)
		require.Equal(t, http.StatusTooManyRequests, arrive(t, s).StatusCode)
		require.Equal(t, http.StatusOK, arrive(t, s).StatusCode)
		require.Equal(t, []int{5, 2}, []int{s.requests, s.rejected})
	})
}

func TestServer_BothLimitsApply(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(contactAPI(), workload{perSecond: 2})
		s.throttles[0].n = 3
		for _, step := range []struct {
			after  time.Duration
			status int
		}{
			{0, http.StatusOK},
			{0, http.StatusOK},
			{time.Second - time.Nanosecond, http.StatusTooManyRequests}, // the second is full
			{time.Nanosecond, http.StatusOK},                            // the rejected one is not counted
			{time.Second, http.StatusTooManyRequests},                   // the minute is full
			{58 * time.Second, http.StatusOK},
		} {
			time.Sleep(step.after)
			resp := arrive(t, s)
			require.Equal(t, step.status, resp.StatusCode)
			require.Empty(t, resp.Header.Get("Retry-After"))
		}
	})
}
