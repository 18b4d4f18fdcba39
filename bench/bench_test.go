package bench

import (
	"bytes"
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

var update = flag.Bool("update", false, "run the whole comparison, print it, and write results.md and requests.svg")

func TestComparison(t *testing.T) {
	if !*update {
		t.Skip("takes a minute: give it -update")
	}
	c := compare(t, workloads(), 200, 100)
	report := c.markdown()
	fmt.Print(report)
	require.NoError(t, os.WriteFile("results.md", []byte(report), 0o644))
	var chart bytes.Buffer
	require.NoError(t, c.chart(&chart))
	require.NoError(t, os.WriteFile("requests.svg", chart.Bytes(), 0o644))
}

func TestEveryPeerDoesEveryWorkload(t *testing.T) {
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
			if w.broken == throughout {
				require.Equal(t, r.calls, r.failed, "%s, %s", w.title, p.name)
				continue
			}
			require.NoError(t, r.err, "%s, %s", w.title, p.name)
			require.Equal(t, w.clients*w.calls*max(w.pages, 1), r.requests, "%s, %s", w.title, p.name)
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
	var chart bytes.Buffer
	require.NoError(t, c.chart(&chart))
	require.Contains(t, chart.String(), "</svg>")
}

// compare runs the workloads, each in a bubble of virtual time, and measures
// the cost of a call.
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

func TestTheServerCountsAsLaravelDoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(contactAPI(), workload{headers: true, latency: latency{base: time.Second}})
		time.Sleep(time.Hour) // no window is open before the first request
		get := func() *http.Response {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, contactURL, nil)
			require.NoError(t, err)
			resp, err := s.RoundTrip(req)
			require.NoError(t, err)
			_, err = io.Copy(io.Discard, resp.Body)
			require.NoError(t, err)
			return resp
		}
		s.quota.n = 2
		start := time.Now()
		require.Equal(t, "1", get().Header.Get("X-RateLimit-Remaining"))
		require.Equal(t, time.Second, time.Since(start))
		require.Equal(t, "0", get().Header.Get("X-RateLimit-Remaining"))
		rejected := get()
		require.Equal(t, http.StatusTooManyRequests, rejected.StatusCode)
		require.Equal(t, "58", rejected.Header.Get("Retry-After"), "it arrived 2 s after the first")
		time.Sleep(57*time.Second - time.Nanosecond)
		require.Equal(t, http.StatusTooManyRequests, get().StatusCode)
		require.Equal(t, http.StatusOK, get().StatusCode)
	})
}
