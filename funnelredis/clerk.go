package funnelredis

import (
	"context"
	"math/rand/v2"
	"time"
)

// A clerk is the one goroutine that takes and gives up slots for all callers,
// so that nobody waits for Redis but those who need a slot, and only whoever is
// first in the line asks for one. It is hired when there is work and ends with
// it.
type clerk struct {
	ended chan struct{} // closed when it ends; nil: there is none
	wake  chan struct{} // buffered: ends its rest
}

const (
	// exchangeTimeout bounds one exchange with Redis, as far as the Redis client
	// heeds contexts.
	exchangeTimeout = 2 * time.Second

	// maxReports bounds what is told to Redis at once.
	maxReports = 256
)

// poke lets the clerk look again.
func (c *clerk) poke() {
	select {
	case c.wake <- struct{}{}:
	default: // it will
	}
}

// hire starts a clerk if there is work and none at it. The caller holds l.mu.
func (l *Limiter) hire() {
	if l.clerk.ended == nil && l.hasWork() {
		l.clerk.ended = make(chan struct{})
		go l.work()
	}
}

// hasWork reports whether somebody waits, or Redis is there to be told of
// something.
func (l *Limiter) hasWork() bool {
	return len(l.line) > 0 || l.outage.cause == nil && (len(l.notes) > 0 || !l.pause.IsZero())
}

func (l *Limiter) work() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.hasWork() {
		if rest := l.step(); rest > 0 {
			l.rest(rest)
		}
	}
	close(l.clerk.ended)
	l.clerk.ended = nil
}

// step does one exchange and returns how long to rest after it.
func (l *Limiter) step() (rest time.Duration) {
	select {
	case <-l.clerk.wake: // it looks now
	default:
	}
	var a ask
	if len(l.line) > 0 {
		a.slot = l.newSlot()
	}
	if local := l.outage.local; local != nil {
		r, _ := local.exchange(context.Background(), a)
		if r.granted {
			l.note(a.slot, time.Now().Add(l.term())) // as it would stand in Redis
		}
		return l.hand(a, r)
	}
	l.report(&a)
	started := time.Now()
	r, err := l.ask(a)
	if err != nil {
		if a.slot != "" {
			l.note(a.slot, time.Time{}) // it may have been granted
		}
		return l.fail(started, err)
	}
	l.outage.over(r)
	l.reported(a)
	return l.hand(a, r)
}

// ask gives up the lock while it talks to Redis.
func (l *Limiter) ask(a ask) (reply, error) {
	l.mu.Unlock()
	defer l.mu.Lock()
	ctx, cancel := context.WithTimeout(context.Background(), exchangeTimeout)
	defer cancel()
	return l.redis.exchange(ctx, a)
}

// hand gives a slot to whoever is first in the line now.
func (l *Limiter) hand(a ask, r reply) (rest time.Duration) {
	switch {
	case a.slot == "":
		return 0
	case r.granted:
		l.freeAt = time.Time{}
		if !l.line.serve(turn{slot: a.slot}) {
			l.note(a.slot, time.Time{})
		}
		return 0
	}
	l.freeAt = time.Now().Add(r.wait)
	l.line.refuse(l.freeAt)
	if len(l.line) == 0 || len(a.reports) == maxReports {
		return 0 // nobody is left, or there may be more to tell
	}
	// Slots can come free early, which no other process hears of: look now and
	// then. At random, so that not all processes come at once.
	return max(min(r.wait, l.per/20), time.Millisecond) + rand.N(l.per/1000+1)
}

// report fills in what Redis is to be told.
func (l *Limiter) report(a *ask) {
	a.pause = l.pause
	for slot, n := range l.notes {
		if len(a.reports) == maxReports {
			return
		}
		a.reports = append(a.reports, report{slot, n.until})
	}
}

// reported takes out what Redis knows now, but for what has changed meanwhile.
func (l *Limiter) reported(a ask) {
	if l.pause.Equal(a.pause) {
		l.pause = time.Time{}
	}
	for _, r := range a.reports {
		if l.notes[r.slot].until.Equal(r.until) {
			delete(l.notes, r.slot)
		}
	}
}

// rest gives up the lock until the clerk is poked or d is over.
func (l *Limiter) rest(d time.Duration) {
	l.mu.Unlock()
	defer l.mu.Lock()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-l.clerk.wake:
	}
}
