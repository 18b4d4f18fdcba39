package funnelredis

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/funnel-go/funnel"
)

// One goroutine makes all exchanges with Redis, one at a time, for all calls that
// wait. It starts when there is work and ends with it.

const (
	// exchangeTimeout bounds one exchange with Redis.
	exchangeTimeout = 2 * time.Second

	// maxReports bounds the reports of one exchange, and lazyReports those that wait
	// for the next one.
	maxReports  = 256
	lazyReports = 8
)

// start starts or wakes the goroutine if there is work. The caller holds l.mu.
func (l *Limiter) start() {
	if l.ended == nil {
		if l.due().IsZero() {
			return
		}
		l.ended = make(chan struct{})
		go l.work()
	}
	select {
	case l.wake <- struct{}{}:
	default: // it is awake
	}
}

func (l *Limiter) work() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		l.callObservers()
		at := l.due()
		if at.IsZero() {
			break
		}
		if !at.After(time.Now()) {
			l.step()
			continue
		}
		l.mu.Unlock()
		timer := time.NewTimer(time.Until(at))
		select {
		case <-timer.C:
		case <-l.wake:
			timer.Stop()
		}
		l.mu.Lock()
	}
	l.outage.forget() // Redis may be back when the next call comes
	close(l.ended)
	l.ended = nil
}

// due returns when the next step is due; zero if there is nothing to do.
func (l *Limiter) due() (at time.Time) {
	earliest := func(t time.Time) {
		if at.IsZero() || t.Before(at) {
			at = t
		}
	}
	now := time.Now()
	waiting := len(l.queues[interactive])+len(l.queues[background]) > 0
	if o := &l.outage; !o.since.IsZero() {
		l.expireNotes()
		if waiting || len(l.notes) > 0 {
			at = o.next
		}
		if waiting && o.local != nil {
			earliest(laterOf(o.localAt, now))
		}
		return at
	}
	for p := range priorities {
		if len(l.queues[p]) > 0 {
			earliest(laterOf(l.askAt[p], now))
		}
	}
	if !l.pause.IsZero() || l.asking && !waiting {
		earliest(now)
	}
	if len(l.notes) > 0 {
		earliest(laterOf(l.reportAt, now))
	}
	return at
}

func laterOf(x, y time.Time) time.Time {
	if x.After(y) {
		return x
	}
	return y
}

// step makes one exchange, or serves calls without Redis.
func (l *Limiter) step() {
	started := time.Now()
	if l.outage.local != nil && started.Before(l.outage.next) {
		l.serveLocally()
		return
	}
	a := l.ask()
	r, err := l.exchange(a)
	if err != nil {
		for i := range a.want[interactive] + a.want[background] {
			l.note(report{slot: l.redis.slot(a.first + uint64(i))}) // it may have been granted
		}
		l.arrived += a.arrived
		l.settle = l.settle || a.settle
		l.fail(started, err)
		return
	}
	l.last, l.lastAt = r, time.Now()
	l.reported(a)
	if !l.outage.since.IsZero() {
		l.back()
	}
	l.serve(a, r)
}

// ask returns the reports and requests for the next exchange.
func (l *Limiter) ask() ask {
	if !l.outage.since.IsZero() {
		return ask{} // is Redis back?
	}
	a := ask{first: l.numbers, pause: l.pause, settle: l.settle, arrived: l.arrived}
	l.arrived, l.settle = 0, false
	for p, q := range l.queues {
		a.want[p] = min(len(q), slots(l.limit))
		l.numbers += uint64(a.want[p])
	}
	for _, n := range l.notes {
		a.reports = append(a.reports, n.report)
	}
	slices.SortFunc(a.reports, func(x, y report) int { // in the order of the responses
		return cmp.Or(x.until.Compare(y.until), cmp.Compare(x.slot, y.slot))
	})
	a.reports = a.reports[:min(len(a.reports), maxReports)]
	return a
}

// exchange gives up the lock while it waits for Redis. A fallback goes on meanwhile: a
// Redis that hangs must not hold it up.
func (l *Limiter) exchange(a ask) (r reply, err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		ctx, cancel := context.WithTimeout(context.Background(), exchangeTimeout)
		defer cancel()
		r, err = l.redis.exchange(ctx, a)
	}()
	for {
		var local <-chan time.Time
		if l.outage.local != nil && len(l.queues[interactive])+len(l.queues[background]) > 0 {
			local = time.After(time.Until(l.outage.localAt))
		}
		l.mu.Unlock()
		select {
		case <-done:
			l.mu.Lock()
			return r, err
		case <-local:
		case <-l.wake:
		}
		l.mu.Lock()
		if l.outage.local != nil {
			l.serveLocally()
			l.callObservers()
		}
	}
}

// reported drops the notes that Redis knows now, except those that have changed
// meanwhile.
func (l *Limiter) reported(a ask) {
	if l.pause.Equal(a.pause) {
		l.pause = time.Time{}
	}
	for _, r := range a.reports {
		if l.notes[r.slot].report == r {
			delete(l.notes, r.slot)
		}
	}
	l.reportAt = time.Time{}
	if len(a.reports) == maxReports {
		l.reportAt = time.Now()
	} else if len(l.notes) > 0 {
		l.reportAt = time.Now().Add(l.reportDelay())
	}
}

// reportDelay is how long a report may wait for others, or for a call that asks
// for a slot at the same time.
func (l *Limiter) reportDelay() time.Duration {
	switch {
	case l.last.urgency == urgent:
		return 0
	case l.last.urgency == lazy && len(l.notes) <= lazyReports:
		return l.per / 2
	}
	return l.per / 30
}

// nextAsk is when to ask for a slot that may be free: if the quota is busy, a little
// later, for several calls at once.
func (l *Limiter) nextAsk() time.Time {
	if l.last.urgency == lazy {
		return time.Time{}
	}
	return time.Now().Add(l.per / 6000)
}

// serve gives the slots that were granted to those who come first now.
func (l *Limiter) serve(a ask, r reply) {
	now := time.Now()
	number := a.first
	l.asking = false
	for p, n := range r.granted {
		for i := range n {
			slot := l.redis.slot(number + uint64(i))
			if !l.queues[p].serve(turn{slot: slot}) && !l.queues[1-p].serve(turn{slot: slot}) {
				l.note(report{slot: slot})
			}
		}
		number += uint64(a.want[p])
		l.freeAt[p], l.askAt[p] = time.Time{}, l.nextAsk()
		if n < a.want[p] {
			l.asking = true
			l.freeAt[p] = now.Add(r.wait[p])
			l.askAt[p] = l.freeAt[p]
			if r.pause == 0 { // slots can be free early
				l.askAt[p] = now.Add(min(r.wait[p], l.per/10))
			}
			l.queues[p].refuse(l.freeAt[p])
		}
	}
	if r.lost {
		l.event(funnel.LimiterEvent{Kind: funnel.LimiterDataLost})
	}
	if r.pause > 0 {
		l.knowPause(now.Add(r.pause))
	}
}
