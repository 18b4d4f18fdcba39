package funnelredis

import (
	"time"

	"github.com/funnel-go/funnel"
)

// Stats returns what this process knows: its own waiting calls, and the state at its
// last exchange with Redis. A process that makes no calls has no exchanges, so its
// state is old.
func (l *Limiter) Stats() funnel.LimiterStats {
	if l == nil || l.redis == nil {
		return funnel.LimiterStats{}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	stats := funnel.LimiterStats{
		Limit:       slots(l.limit),
		Used:        l.last.used,
		Interactive: len(l.queues[interactive]),
		Background:  len(l.queues[background]),
		Store:       funnel.StoreOK,
	}
	if now.Sub(l.lastAt) > l.term() { // all of them are free
		stats.Used = 0
	}
	if l.paused.After(now) {
		stats.PausedUntil = l.paused
	}
	var free time.Time
	if stats.Interactive > 0 {
		free = l.freeAt[interactive]
	}
	switch o := &l.outage; {
	case o.local != nil:
		stats.Store, stats.Limit, stats.Used = funnel.StoreFallback, o.local.limit, o.local.used(now)
		free = laterOf(l.paused, o.local.opens(now))
	case !o.since.IsZero():
		stats.Store = funnel.StoreLost
	}
	if free.After(now) {
		stats.NextSlot = free
	}
	return stats
}

// Observe makes the limiter call f with each of its events, in order and from one
// goroutine. f must neither panic nor block for long: calls wait for it. It may call
// Stats.
func (l *Limiter) Observe(f func(funnel.LimiterEvent)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.observers = append(l.observers, f)
}

// event keeps an event for the observers. The caller holds l.mu.
func (l *Limiter) event(e funnel.LimiterEvent) {
	if len(l.observers) > 0 {
		l.events = append(l.events, e)
	}
}

// callObservers unlocks while it calls them.
func (l *Limiter) callObservers() {
	for len(l.events) > 0 {
		events, observers := l.events, l.observers
		l.events = nil
		l.mu.Unlock()
		for _, e := range events {
			for _, f := range observers {
				f(e)
			}
		}
		l.mu.Lock()
	}
}
