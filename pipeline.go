package funnel

import (
	"context"
	"runtime"
	"sync"
	"time"
)

// A pipeline runs several jobs at a time, ahead of the code that takes their results,
// and returns the results in the order of the jobs. [Bulk] and the ranges over lists
// use it.
//
// The number of running jobs adapts. If the taker has to wait for results, it doubles
// after each round trip, so that the quota is the limit and not the latency. It is never
// much larger than the number of free slots, so that the client's other calls do not
// have to wait, except in an outage: see room. A job counts as running until its result is taken, so most also bounds
// the results in memory.
type pipeline[J, R any] struct {
	core  *core
	least int                        // running jobs at the beginning
	most  int                        // and at most
	next  func() (job J, ok bool)    // the next job; false: none now
	do    func(context.Context, J) R // on a goroutine of its own
	see   func(result R)             // looks at the next result, before more jobs start
	take  func(result R) (more bool) // calls the user's code

	admission context.Context // over: nothing more is sent, see stop
	refuse    context.CancelCauseFunc
}

// fewest is how many jobs may always run: enough to notice that slots are free again.
const fewest = 2

// run returns when there are no more jobs, or when take returns false: then it cancels
// the running jobs, and waits until they have returned.
func (p *pipeline[J, R]) run(ctx context.Context) {
	outer := callOptionsFrom(ctx).item.admissionOf(p.core) // of a bulk job around this one
	if outer == nil {
		outer = context.Background()
	}
	p.admission, p.refuse = context.WithCancelCause(outer)
	defer p.refuse(nil)
	ctx, cancel := context.WithCancel(InBackground(ctx))
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()

	var (
		running []chan ended[R] // in order
		width   = p.least
		taken   = 0
		growth  = 0 // the width may grow when so many are taken: once a round trip
	)
	begin := func() {
		for most := min(width, p.room()); len(running) < most; {
			job, ok := p.next()
			if !ok {
				return
			}
			result := make(chan ended[R], 1)
			running = append(running, result)
			wg.Go(func() { p.start(ctx, job, result) })
		}
	}
	again := time.NewTicker(time.Second)
	defer again.Stop()
	wait := func() ended[R] {
		for {
			select {
			case first := <-running[0]:
				return first
			case <-again.C:
				if p.core.admission.Recovering() {
					width = min(2*width, p.most)
				}
				begin() // its retries can take long, and slots become free meanwhile
			}
		}
	}
	for begin(); len(running) > 0; begin() {
		var first ended[R]
		select {
		case first = <-running[0]:
		default:
			first = wait()
			if taken >= growth {
				width = min(2*width, p.most)
				growth = taken + len(running)
			}
		}
		result := first.value()
		running = running[1:]
		taken++
		if p.see != nil {
			p.see(result)
		}
		begin()
		if !p.take(result) {
			return
		}
	}
}

// start runs a job, on a goroutine of its own.
func (p *pipeline[J, R]) start(ctx context.Context, job J, result chan<- ended[R]) {
	var d ended[R]
	defer func() {
		if !d.returned {
			d.panicked = panicError("one of several at a time", recover())
		}
		result <- d
	}()
	d.result = p.do(ctx, job)
	d.returned = true
}

// ended is how a job ended. If it did not return, the goroutine that takes its result
// ends in the same way.
type ended[R any] struct {
	result   R
	returned bool
	panicked error // nil: it called runtime.Goexit, as a failed test does
}

func (d ended[R]) value() R {
	if !d.returned {
		if d.panicked != nil {
			panic(d.panicked)
		}
		runtime.Goexit()
	}
	return d.result
}

// stop lets nothing more be sent, for that reason. Requests in flight are completed.
func (p *pipeline[J, R]) stop(reason error) { p.refuse(&skipped{reason}) }

// over reports whether nothing more is sent: the job was stopped, or its context, which
// the jobs receive, has ended.
func (p *pipeline[J, R]) over(ctx context.Context) bool {
	return p.admission.Err() != nil || ctx.Err() != nil
}

// room returns the number of free slots. In an outage it returns more, so that no job uses
// up its attempts because only a few are there to test the server.
func (p *pipeline[J, R]) room() int {
	left := p.core.room()
	if left < 0 || p.core.admission.Recovering() { // below 0: it is unknown
		return p.most
	}
	return max(fewest, left)
}
