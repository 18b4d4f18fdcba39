package funnel

import (
	"context"
	"runtime"
	"sync"
)

// A pipeline does several jobs at a time, ahead of the code that takes their results,
// and returns the results in the order of the jobs. [Bulk] and the ranges over lists
// use it.
//
// How many jobs are under way adapts: where the taker has to wait for results
// there are twice as many after each round trip, so that at any latency the
// quota is what limits; and never many more than the quota has room for, so that
// they do not stand in the way of the client's other calls. Each result takes up
// memory from the beginning of its job until it is taken, so that the most that
// are under way are also the most that are held.
type pipeline[J, R any] struct {
	core  *core
	least int                        // jobs under way at the beginning
	most  int                        // and at the most
	next  func() (job J, ok bool)    // the next job; false: none as things stand
	do    func(context.Context, J) R // on a goroutine of its own
	see   func(result R)             // looks at the next result, before more jobs are begun
	take  func(result R) (more bool) // has the user's code in it

	admission context.Context // over: nothing more is sent
	refuse    context.CancelCauseFunc
}

// fewest is how many jobs may always be under way: enough to notice that the
// quota has room again.
const fewest = 2

// run returns when there are no more jobs, or when take has enough; then the
// jobs under way are cancelled, and gone when it returns.
func (p *pipeline[J, R]) run(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	outer, stopOuter := either(ctx, callOptionsFrom(ctx).admission) // of a pipeline around this one
	defer stopOuter()
	p.admission, p.refuse = context.WithCancelCause(outer)
	defer p.refuse(nil)
	ctx = withCallOption(InBackground(ctx), func(o *callOptions) { o.admission = p.admission })

	var (
		underWay []chan ended[R] // in order
		width    = p.least
		taken    = 0
		growth   = 0 // at how many taken the width may grow next: once a round trip
	)
	begin := func() {
		for most := min(width, p.room()); len(underWay) < most; {
			job, ok := p.next()
			if !ok {
				return
			}
			result := make(chan ended[R], 1)
			underWay = append(underWay, result)
			wg.Go(func() { p.start(ctx, job, result) })
		}
	}
	for begin(); len(underWay) > 0; begin() {
		var first ended[R]
		select {
		case first = <-underWay[0]:
		default:
			first = <-underWay[0]
			if taken >= growth {
				width = min(2*width, p.most)
				growth = taken + len(underWay)
			}
		}
		result := first.value()
		underWay = underWay[1:]
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

// start does a job, on a goroutine of its own.
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
	panicked error // nil: its goroutine has ended itself, as that of a failed test does
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

// stop sends nothing more, for that reason. What has been sent comes to its end.
func (p *pipeline[J, R]) stop(reason error) { p.refuse(&skipped{reason}) }

// room is how many jobs the quota has room for now.
func (p *pipeline[J, R]) room() int {
	left := p.core.room()
	if left < 0 { // it is unknown
		return p.most
	}
	return max(fewest, left)
}
