package bench

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// A workload is a job that every peer does, against a server of its own.
type workload struct {
	title, what string
	charted     bool // in the chart

	headers bool          // the server tells of the quota
	latency latency       // of an answer
	broken  time.Duration // from the start, for which the server answers 500
	pages   int           // of the list that a call walks; 0: a call fetches one resource

	clients    int // that know nothing of each other; they share the key
	goroutines int // of each client
	calls      int // of each client
}

// The network of the workloads that are not about latency.
var network = latency{200 * time.Millisecond, 400 * time.Millisecond}

// throughout is how long the server is broken that never recovers.
const throughout = time.Duration(math.MaxInt64)

// workloads are in the order of the report.
func workloads() []workload {
	return []workload{
		{
			title:   "Bulk, quota headers",
			what:    "5000 calls from 50 goroutines. At this quota they take 480 s at least.",
			charted: true,
			headers: true, latency: network, clients: 1, goroutines: 50, calls: 5000,
		},
		{
			title:   "Bulk, no headers",
			what:    "The same, and the server tells nothing of the quota, not even with a 429.",
			charted: true,
			latency: network, clients: 1, goroutines: 50, calls: 5000,
		},
		{
			title:   "Shared key, quota headers",
			what:    "Two clients that know nothing of each other, 2500 calls each from 25 goroutines. 480 s at least.",
			headers: true, latency: network, clients: 2, goroutines: 25, calls: 2500,
		},
		{
			title:   "Shared key, no headers",
			what:    "The same without the headers.",
			latency: network, clients: 2, goroutines: 25, calls: 2500,
		},
		{
			title:   "Short job",
			what:    "50 calls in a row at 50 ms. 2.5 s at least.",
			headers: true, latency: latency{base: 50 * time.Millisecond}, clients: 1, goroutines: 1, calls: 50,
		},
		{
			title:   "Paging",
			what:    "1000 pages of 100 at 400 ms, with the client's own iterator where it has one. 60.4 s at least.",
			headers: true, latency: latency{base: 400 * time.Millisecond}, pages: 1000, clients: 1, goroutines: 1, calls: 1,
		},
		{
			title:   "Outage",
			what:    "1000 calls from 20 goroutines to a server that answers 500 throughout.",
			headers: true, latency: network, broken: throughout, clients: 1, goroutines: 20, calls: 1000,
		},
		{
			title:   "Blip",
			what:    "300 calls from 20 goroutines to a server that answers 500 for its first 5 s.",
			headers: true, latency: network, broken: 5 * time.Second, clients: 1, goroutines: 20, calls: 300,
		},
	}
}

// call makes one of the job's calls.
func (w workload) call(ctx context.Context, c client) error {
	if w.pages == 0 {
		return c.get(ctx)
	}
	items, err := c.list(ctx)
	if err == nil && items != w.pages*perPage {
		err = fmt.Errorf("the list has %d items, and %d came", w.pages*perPage, items)
	}
	return err
}

// A result is what became of a workload.
type result struct {
	calls    int
	failed   int           // calls that ended with an error
	requests int           // that reached the server
	rejected int           // of them, with a 429
	took     time.Duration // of virtual time
	hits     []hit
	err      error // of some call that failed
}

// run has a peer do the job. It belongs into a bubble of [testing/synctest].
func (w workload) run(ctx context.Context, p peer) (result, error) {
	var (
		server = newServer(p.api, w)
		failed atomic.Int64
		cause  atomic.Pointer[error]
		wg     sync.WaitGroup
	)
	for range w.clients {
		c, err := p.open(server, documented)
		if err != nil {
			return result{}, fmt.Errorf("%s: %w", p.name, err)
		}
		var begun atomic.Int64
		for range w.goroutines {
			wg.Go(func() {
				for begun.Add(1) <= int64(w.calls) {
					if err := w.call(ctx, c); err != nil {
						failed.Add(1)
						cause.Store(&err)
					}
				}
			})
		}
	}
	wg.Wait()
	r := result{
		calls:    w.clients * w.calls,
		failed:   int(failed.Load()),
		requests: len(server.hits),
		took:     time.Since(server.begun),
		hits:     server.hits,
	}
	for _, h := range r.hits {
		if h.status == http.StatusTooManyRequests {
			r.rejected++
		}
	}
	if err := cause.Load(); err != nil {
		r.err = *err
	}
	return r, nil
}
