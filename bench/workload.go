package bench

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"
)

// A workload is a job that every peer does, each against its own server.
type workload struct {
	title, what string
	charted     bool // in the chart of completed calls

	headers   bool          // the server sends quota headers
	perSecond int           // requests per second that the server allows as a second limit; 0: no such limit
	latency   latency       // of a response
	broken    time.Duration // from the start, for which every response is a 500
	pages     int           // of the list that a call walks; 0: a call fetches one resource

	clients    int           // that share the key and know nothing of each other
	goroutines int           // of each client
	calls      int           // of each client
	bulk       bool          // the calls are a bulk job: see bulker
	every      time.Duration // between interactive calls next to the job; 0: there are none
}

// The network of the workloads that are not about latency.
var network = latency{200 * time.Millisecond, 400 * time.Millisecond}

// The network of the interactive workloads. It has no jitter, so that whatever a
// call takes beyond it is waiting.
var steady = latency{base: 200 * time.Millisecond}

// throughout is how long a server is broken that never recovers.
const throughout = time.Duration(math.MaxInt64)

// workloads are in the order of the report.
func workloads() []workload {
	return []workload{
		{
			title:   "Bulk, quota headers",
			what:    "5,000 calls from 50 goroutines. The quota alone takes 480 s.",
			headers: true, latency: network, clients: 1, goroutines: 50, calls: 5000,
		},
		{
			title:   "Bulk, no headers",
			what:    "The same, but no response says anything about the quota, not even a 429.",
			charted: true,
			latency: network, clients: 1, goroutines: 50, calls: 5000,
		},
		{
			title:   "Shared key, quota headers",
			what:    "Two clients that know nothing of each other, 2,500 calls each from 25 goroutines. The quota alone takes 480 s.",
			headers: true, latency: network, clients: 2, goroutines: 25, calls: 2500,
		},
		{
			title:   "Shared key, no headers",
			what:    "The same without the headers.",
			latency: network, clients: 2, goroutines: 25, calls: 2500,
		},
		{
			title:   "Limit per second",
			what:    "The server also allows only 10 requests per second, and sends no quota headers. A bulk job of 1,500 calls: 150 s at least.",
			latency: network, perSecond: 10, clients: 1, goroutines: bulkGoroutines, calls: 1500, bulk: true,
		},
		{
			title: "Interactive, every 2 s",
			what: "One call every 2 s next to a bulk job of 3,000 calls on the same client, until the job is done. " +
				"Quota headers, and every response takes 0.2 s.",
			headers: true, latency: steady, clients: 1, goroutines: bulkGoroutines, calls: 3000, bulk: true, every: 2 * time.Second,
		},
		{
			title:   "Interactive, every 0.5 s",
			what:    "The same with one call every 0.5 s.",
			headers: true, latency: steady, clients: 1, goroutines: bulkGoroutines, calls: 3000, bulk: true, every: 500 * time.Millisecond,
		},
		{
			title:   "Short job",
			what:    "50 calls in a row at 50 ms: 2.5 s at least.",
			headers: true, latency: latency{base: 50 * time.Millisecond}, clients: 1, goroutines: 1, calls: 50,
		},
		{
			title:   "Paging",
			what:    "1,000 pages of 100 items at 400 ms, with the client's own iterator if it has one. 60.4 s at least.",
			headers: true, latency: latency{base: 400 * time.Millisecond}, pages: 1000, clients: 1, goroutines: 1, calls: 1,
		},
		{
			title:   "5 s outage, 20 goroutines",
			what:    "300 calls from 20 goroutines. For the first 5 s every response is a 500.",
			headers: true, latency: network, broken: 5 * time.Second, clients: 1, goroutines: 20, calls: 300,
		},
		{
			title:   "5 s outage, 100 goroutines",
			what:    "The same with one call from each of 100 goroutines.",
			headers: true, latency: network, broken: 5 * time.Second, clients: 1, goroutines: 100, calls: 100,
		},
		{
			title:   "5 s outage, 500 goroutines",
			what:    "The same with one call from each of 500 goroutines.",
			headers: true, latency: network, broken: 5 * time.Second, clients: 1, goroutines: 500, calls: 500,
		},
		{
			title:   "Permanent outage, 1,000 calls",
			what:    "1,000 calls from 20 goroutines. Every response is a 500.",
			headers: true, latency: network, broken: throughout, clients: 1, goroutines: 20, calls: 1000,
		},
		{
			title:   "Permanent outage, 5,000 calls",
			what:    "5,000 calls from 100 goroutines. Every response is a 500.",
			headers: true, latency: network, broken: throughout, clients: 1, goroutines: 100, calls: 5000,
		},
	}
}

// bulkGoroutines is how many goroutines make the calls of a bulk job where the
// client has no bulk method.
const bulkGoroutines = 20

// call makes one of the job's calls.
func (w workload) call(ctx context.Context, c client) error {
	if w.pages == 0 {
		return c.get(ctx)
	}
	items, err := c.list(ctx)
	if err == nil && items != w.pages*perPage {
		err = fmt.Errorf("got %d items of a list of %d", items, w.pages*perPage)
	}
	return err
}

// A result is the outcome of a workload. All times are virtual.
type result struct {
	calls             int
	failed            int             // calls that returned an error
	interactiveFailed int             // of them, interactive ones
	completed         []time.Duration // since the start, when each call without an error returned
	waits             []time.Duration // from each interactive call to its result or error, shortest first
	requests          int             // that reached the server
	rejected          int             // of them, with a 429
	took              time.Duration
	err               error // of some call that failed
}

// percentile returns the wait that so many percent of the interactive calls did
// not exceed.
func (r result) percentile(percent int) time.Duration {
	if len(r.waits) == 0 {
		return 0
	}
	rank := (percent*len(r.waits) + 99) / 100
	return r.waits[max(rank, 1)-1]
}

// A recorder collects the outcome of calls.
type recorder struct {
	begun time.Time

	mu sync.Mutex
	result
}

func (r *recorder) record(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls++
	if err != nil {
		r.failed++
		r.err = err
		return
	}
	r.completed = append(r.completed, time.Since(r.begun))
}

func (r *recorder) recordInteractive(wait time.Duration, err error) {
	r.record(err)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.waits = append(r.waits, wait)
	if err != nil {
		r.interactiveFailed++
	}
}

// run makes a peer do the job. It must be called in a bubble of
// [testing/synctest].
func (w workload) run(ctx context.Context, p peer) (result, error) {
	server := newServer(p.api, w)
	r := &recorder{begun: server.begun}
	var wg sync.WaitGroup
	for range w.clients {
		c, err := p.open(server, documented)
		if err != nil {
			return result{}, fmt.Errorf("%s: %w", p.name, err)
		}
		wg.Go(func() {
			if w.every == 0 {
				w.job(ctx, c, r)
				return
			}
			done := make(chan struct{})
			wg.Go(func() { w.interactive(ctx, c, r, done) })
			w.job(ctx, c, r)
			close(done)
		})
	}
	wg.Wait()
	r.took = time.Since(server.begun)
	r.requests, r.rejected = server.requests, server.rejected
	slices.Sort(r.waits)
	return r.result, nil
}

// job makes the job's calls, and returns when all are done.
func (w workload) job(ctx context.Context, c client, r *recorder) {
	if b, ok := c.(bulker); ok && w.bulk {
		b.bulk(ctx, w.calls, r.record)
		return
	}
	calls := make(chan struct{}, w.calls)
	for range w.calls {
		calls <- struct{}{}
	}
	close(calls)
	var wg sync.WaitGroup
	for range w.goroutines {
		wg.Go(func() {
			for range calls {
				r.record(w.call(ctx, c))
			}
		})
	}
	wg.Wait()
}

// interactive makes a call at once and after every interval, whether or not the
// ones before have returned. It starts none after done is closed, and returns
// when all have returned.
func (w workload) interactive(ctx context.Context, c client, r *recorder, done <-chan struct{}) {
	tick := time.NewTicker(w.every)
	defer tick.Stop()
	var wg sync.WaitGroup
	defer wg.Wait()
	for {
		wg.Go(func() {
			start := time.Now()
			err := c.get(ctx)
			r.recordInteractive(time.Since(start), err)
		})
		select {
		case <-tick.C:
		case <-done:
			return
		}
	}
}
