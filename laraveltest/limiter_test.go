package laraveltest_test

import (
	"flag"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel/laraveltest"
)

var full = flag.Bool("full", false, "run the limiter's jobs with the API's own limit of 600 per minute, over three windows")

// A row is a job of the table: on one store, with or without the rate limit
// headers, by one process or two with the same key.
type row struct {
	store     laraveltest.Store
	bare      bool
	processes int
	peer      bool

	res result
	err error
}

func (r *row) String() string {
	name := string(r.store) + ", headers"
	if r.bare {
		name = string(r.store) + ", no headers"
	}
	switch {
	case r.peer:
		return name + ", go-retryablehttp"
	case r.processes > 1:
		return fmt.Sprintf("%s, %d processes", name, r.processes)
	}
	return name
}

func (r *row) run(t *testing.T, s *laraveltest.Server, j job) {
	j.URL, j.Key, j.Peer, j.Calls = s.URL, s.APIKey, r.peer, j.Calls/r.processes
	if r.bare {
		j.URL = s.Behind(laraveltest.Bare)
	}
	if r.processes == 1 {
		r.res, r.err = j.run(t.Context())
		return
	}
	var (
		mu  sync.Mutex
		all sync.WaitGroup
	)
	r.res = result{Errors: map[string]int{}, Statuses: map[string]int{}}
	for range r.processes {
		all.Go(func() {
			res, err := j.runElsewhere(t.Context())
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				r.err = err
				return
			}
			r.res.add(res)
		})
	}
	all.Wait()
}

// TestLimiter_InRealTime runs jobs that are larger than the limit, a few at a
// time, and prints a table. By default windows are short, so that it takes about
// a minute; -full takes about ten.
func TestLimiter_InRealTime(t *testing.T) { // not parallel to other tests
	j := job{Calls: 250, Goroutines: 20, Limit: 100, Window: 6 * time.Second}
	if *full {
		j = job{Calls: 1500, Goroutines: 50, Limit: 600, Window: time.Minute}
	}
	var rows []*row
	for _, store := range stores {
		for _, bare := range []bool{false, true} {
			rows = append(rows, &row{store: store, bare: bare, processes: 1}, &row{store: store, bare: bare, processes: 2})
			if *full || store == laraveltest.File {
				rows = append(rows, &row{store: store, bare: bare, processes: 1, peer: true})
			}
		}
	}
	var all sync.WaitGroup
	slots := make(chan struct{}, 6)
	for _, r := range rows {
		s := laraveltest.Start(t, laraveltest.WithStore(r.store), laraveltest.WithThrottle(j.Limit, j.Window))
		all.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			r.run(t, s, j)
		})
	}
	all.Wait()

	var table strings.Builder
	fmt.Fprintf(&table, "%d calls, limit %d per %s\n| server | rejected | failed | took |\n| --- | ---: | ---: | ---: |\n", j.Calls, j.Limit, j.Window)
	for _, r := range rows {
		require.NoError(t, r.err, r)
		fmt.Fprintf(&table, "| %s | %d | %d | %.1f s |\n", r, r.res.Rejected, r.res.Failed, r.res.Took.Seconds())
	}
	t.Log(table.String())
	for _, r := range rows {
		if r.peer {
			continue
		}
		require.Zero(t, r.res.Failed, "%s: %v", r, r.res.Errors)
		// With the file store a counter can outlive its window: see README.md.
		if r.processes == 1 && r.store != laraveltest.File {
			require.Zero(t, r.res.Rejected, r)
		}
	}
}
