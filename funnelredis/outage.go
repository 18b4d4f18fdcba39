package funnelredis

import (
	"fmt"
	"math"
	"time"

	"github.com/funnel-go/funnel"
)

// How long after a failed exchange the next one is made.
const (
	firstRetry = 50 * time.Millisecond // doubles up to probeEvery
	probeEvery = time.Second
)

// An outage is the time in which exchanges with Redis fail. At first, calls wait.
// When their patience is over, Redis is lost: calls fail, or go on without it.
type outage struct {
	since  time.Time // zero: there is none
	retry  time.Duration
	next   time.Time // when the next exchange is due
	failed error     // of the last exchange
	cause  error     // why Redis is lost; nil: it is not

	local   *window   // the fallback; nil: none
	localAt time.Time // when it may have a slot
}

// forget ends the outage. The next exchange shows whether Redis responds.
func (o *outage) forget() { *o = outage{} }

// fail records an exchange that failed.
func (l *Limiter) fail(started time.Time, err error) {
	o := &l.outage
	if o.since.IsZero() {
		o.since, o.retry = started, firstRetry
		if l.last.pause > 0 {
			l.pauseUntil(l.lastAt.Add(l.last.pause)) // Redis may forget it
		}
		l.event(funnel.LimiterEvent{Kind: funnel.LimiterStoreLost, Err: err})
	}
	o.failed = err
	now := time.Now()
	left := o.since.Add(l.patience).Sub(now)
	if o.cause == nil && left > 0 && !isLasting(err) {
		o.next = now.Add(min(o.retry, left))
		o.retry = min(2*o.retry, probeEvery)
		return
	}
	lost := o.cause == nil
	o.cause = fmt.Errorf("%w: %w", ErrUnavailable, err)
	o.next = now.Add(probeEvery)
	if lost && l.share > 0 {
		l.fallBack()
	}
	for p := range l.queues {
		for l.refusal() != nil && l.queues[p].serve(turn{err: o.cause}) {
		}
	}
}

// refusal is the error of calls while Redis is lost.
func (l *Limiter) refusal() error {
	if l.outage.local != nil {
		return nil
	}
	return l.outage.cause
}

// fallBack begins to count in memory. This process has its share of the quota, and the
// same share of the slots that were taken at the last exchange. All processes do the
// same, so together they stay within the quota.
func (l *Limiter) fallBack() {
	limit := slots(l.limit)
	used := min(l.last.used, limit)
	if l.last.hold > 0 {
		used = limit // others may have had to report more, after another outage
	}
	part := func(n int) float64 { return l.share * float64(n) }
	local := newWindow(max(1, int(part(limit))), l.per)
	local.occupy(int(math.Ceil(part(used))), l.lastAt.Add(l.per+l.grace()))
	l.outage.local = local
	l.freeAt = [priorities]time.Time{} // as Redis said
	l.event(funnel.LimiterEvent{Kind: funnel.LimiterFallback})
	if !l.pause.IsZero() {
		l.knowPause(l.pause)
	}
}

// serveLocally gives slots of the fallback to the calls that wait.
func (l *Limiter) serveLocally() {
	local, now := l.outage.local, time.Now()
	for p := range l.queues {
		for len(l.queues[p]) > 0 {
			at := laterOf(l.paused, local.opens(now))
			if at.After(now) {
				l.outage.localAt = at
				l.queues[interactive].refuse(at)
				l.queues[background].refuse(at)
				return
			}
			slot := l.redis.slot(l.numbers)
			l.numbers++
			l.note(report{slot: slot, until: now.Add(l.term())}) // as Redis would record it
			l.queues[p].serve(turn{slot: slot})
		}
	}
	l.outage.localAt = now
}

// back records an exchange that succeeded after an outage.
func (l *Limiter) back() {
	l.event(funnel.LimiterEvent{Kind: funnel.LimiterStoreBack})
	if l.outage.local != nil {
		l.settle = true // others have a fallback too
	}
	l.outage.forget()
	l.reportAt = time.Now()
	l.freeAt, l.askAt = [priorities]time.Time{}, [priorities]time.Time{}
}

// expireNotes drops the notes that no longer matter.
func (l *Limiter) expireNotes() {
	now := time.Now()
	for slot, n := range l.notes {
		if !n.expires.After(now) {
			delete(l.notes, slot)
		}
	}
}
