// Package progress shows on a terminal how far a job has come, as a bar, and
// elsewhere as a line every few seconds. It knows the API's quota, and so says
// better than the past pace can when the job will be done.
package progress

import (
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/schollz/progressbar/v3" // maintained, small, and draws well on narrow terminals and on Windows

	"github.com/funnel-go/funnel"
)

// A Job is what there is to show.
type Job struct {
	Unit   string         // what is counted, such as "rows"
	Total  int            // of them; 0: unknown
	Done   int            // when the job begins
	Client *funnel.Client // whose quota limits the job
	Per    time.Duration  // the time that the quota is for
	Sent   func() int64   // requests so far, whoever sent them
}

// A Meter shows a job until Stop.
type Meter struct {
	job      Job
	done     atomic.Int64
	requests atomic.Int64
	before   int64 // requests sent before the job
	eta      eta

	stop    chan struct{}
	stopped sync.WaitGroup
}

// How often the job is shown.
const (
	barInterval  = 100 * time.Millisecond
	lineInterval = 5 * time.Second
)

// Start begins to show a job on w, which is a terminal or not. Nobody else
// writes to w until Stop. requests is as for Set.
func Start(w io.Writer, terminal bool, job Job, requests int) *Meter {
	m := &Meter{job: job, before: job.Sent(), eta: eta{per: job.Per}, stop: make(chan struct{})}
	m.Set(job.Done, requests)
	if terminal && job.Total > 0 {
		m.stopped.Go(func() { m.bar(w) })
	} else {
		m.stopped.Go(func() { m.lines(w) })
	}
	return m
}

// Set says how many are done, and how many requests the job will have taken
// from its beginning to its end, as far as is known. It costs next to nothing.
func (m *Meter) Set(done, requests int) {
	m.done.Store(int64(done))
	m.requests.Store(int64(requests))
}

// Stop ends the display.
func (m *Meter) Stop() {
	close(m.stop)
	m.stopped.Wait()
}

func (m *Meter) bar(w io.Writer) {
	bar := progressbar.NewOptions(m.job.Total,
		progressbar.OptionSetWriter(w),
		progressbar.OptionSetWidth(30),
		progressbar.OptionSetPredictTime(false), // by the past pace; ours is by the quota
		progressbar.OptionShowCount(),
		progressbar.OptionShowDescriptionAtLineEnd(),
	)
	show := func() {
		done := int(m.done.Load())
		_ = bar.Set(done) // no bar is no reason to stop
		bar.Describe(m.remaining(done))
	}
	show()
	m.each(barInterval, show)
	show()
	fmt.Fprintln(w)
}

func (m *Meter) lines(w io.Writer) {
	m.remaining(m.job.Done) // the clock begins to count down now
	m.each(lineInterval, func() {
		done := int(m.done.Load())
		if m.job.Total == 0 {
			fmt.Fprintf(w, "%d %s\n", done, m.job.Unit)
			return
		}
		fmt.Fprintf(w, "%d of %d %s, %d %%, %s\n", done, m.job.Total, m.job.Unit, 100*done/m.job.Total, m.remaining(done))
	})
}

func (m *Meter) each(interval time.Duration, show func()) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			show()
		case <-m.stop:
			return
		}
	}
}

// remaining says how long the rest will take.
func (m *Meter) remaining(done int) string {
	if done >= m.job.Total {
		return "done"
	}
	requests := m.requests.Load() - (m.job.Sent() - m.before)
	left := m.eta.left(time.Now(), int(requests), m.job.Client.RateLimit())
	if left < m.job.Per {
		return "less than " + m.job.Per.String() + " left"
	}
	return "about " + left.Round(time.Second).String() + " left"
}
