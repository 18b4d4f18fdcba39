package funnelredis

import (
	"fmt"
	"math"
	"time"
)

// How often Redis is asked, in two states.
const (
	firstRetry = 50 * time.Millisecond // while it fails; doubles up to probeEvery
	probeEvery = time.Second           // while it is away
)

// settling is how long nobody may send after Redis was away for a process with
// a fallback: the others get to tell of what they have sent.
const settling = 3 * probeEvery

// An outage is how Redis fails. At first calls wait for it; when the patience
// is over it is away, and a goroutine looks out for it.
type outage struct {
	since  time.Time // Redis fails; zero: it does not
	retry  time.Duration
	failed error   // what it failed with last
	cause  error   // of Redis being away; nil: it is not
	local  *window // in place of Redis, while it is away; nil: none

	last  reply     // of Redis
	heard time.Time // when
}

// over takes note that Redis has answered.
func (o *outage) over(r reply) {
	o.forget()
	o.last, o.heard = r, time.Now()
}

// forget leaves it to the next exchange to find out how Redis is.
func (o *outage) forget() {
	o.since, o.retry, o.cause, o.local = time.Time{}, 0, nil, nil
}

// fail takes note of an exchange that failed, and returns when to try again.
func (l *Limiter) fail(started time.Time, err error) (rest time.Duration) {
	o := &l.outage
	if o.since.IsZero() {
		o.since, o.retry = started, firstRetry
		if o.last.pause > 0 {
			l.pauseUntil(o.heard.Add(o.last.pause)) // Redis may forget it
		}
	}
	o.failed = err
	left := time.Until(o.since.Add(l.patience))
	if left > 0 && !isLasting(err) {
		rest = min(o.retry, left)
		o.retry = min(2*o.retry, probeEvery)
		return rest
	}
	o.cause = fmt.Errorf("%w: %w", ErrUnavailable, err)
	if l.share > 0 {
		l.fallBack()
	}
	go l.probe()
	for l.refusal() != nil && l.line.serve(turn{err: o.cause}) {
	}
	return 0
}

// refusal is the error of those who need a slot while Redis is away.
func (l *Limiter) refusal() error {
	if l.outage.local != nil {
		return nil
	}
	return l.outage.cause
}

// fallBack puts a window in place of Redis: this process's share of the quota,
// of which as much is taken as was of the whole when Redis was last heard of. As
// all processes do so, they keep the quota together.
func (l *Limiter) fallBack() {
	o := &l.outage
	limit := slots(l.limit)
	used := min(o.last.used, limit)
	if o.last.pause > 0 {
		used = limit // others may have had to tell of more, after another outage
	}
	part := func(n int) float64 { return l.share * float64(n) }
	o.local = newWindow(max(1, int(part(limit))), l.per, l.term())
	o.local.occupy(int(math.Ceil(part(used))), o.heard.Add(l.per+l.grace()))
	o.local.paused = l.pause
}

// probe asks Redis now and then until it answers, or until nobody needs it.
func (l *Limiter) probe() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		l.pauseProbing()
		r, err := l.ask(ask{})
		if err == nil {
			l.resume(r)
			return
		}
		l.outage.cause = fmt.Errorf("%w: %w", ErrUnavailable, err)
		l.forget()
		if len(l.line) == 0 && len(l.notes) == 0 {
			l.outage.forget() // Redis may long be back when the next call comes
			return
		}
	}
}

func (l *Limiter) pauseProbing() {
	l.mu.Unlock()
	defer l.mu.Lock()
	timer := time.NewTimer(probeEvery)
	defer timer.Stop()
	<-timer.C
}

// resume goes back to Redis.
func (l *Limiter) resume(r reply) {
	if l.outage.local != nil {
		l.pauseUntil(time.Now().Add(settling))
	}
	l.outage.over(r)
	l.hire()
	l.clerk.poke()
}

// forget drops the notes that no longer matter.
func (l *Limiter) forget() {
	now := time.Now()
	for slot, n := range l.notes {
		if !n.moot.After(now) {
			delete(l.notes, slot)
		}
	}
}
