package funnelredis

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/funnel-go/funnel"
)

// ErrUnavailable is the error of calls while Redis is lost, unless there is a
// fallback, and of calls whose context ends while they wait for Redis. The errors
// also wrap the error of the Redis client.
var ErrUnavailable = errors.New("funnelredis: Redis is unavailable")

var errNotMade = errors.New("funnelredis: the Limiter is a zero value: make one with New")

// maxPause is the longest pause that a 429 can cause for all processes.
const maxPause = 5 * time.Minute

// A Limiter is a [funnel.Limiter] that counts in Redis. Make it with [New]. It is
// safe for concurrent use and needs no closing: its goroutine ends when there is
// nothing left to do, half a window after the last response at the latest.
type Limiter struct {
	config
	redis *redisStore

	mu      sync.Mutex
	queues  [priorities]queue
	freeAt  [priorities]time.Time // no slot is free before
	askAt   [priorities]time.Time // when to request a slot
	asking  bool                  // Redis keeps a place for this process in its queue
	arrived int                   // interactive calls since the last exchange
	numbers uint64                // of slots so far

	notes    map[string]note // of slots, for Redis
	reportAt time.Time       // when the notes are due
	pause    time.Time       // for all processes, to be reported; zero: none
	settle   bool            // a fallback is to be reported

	last   reply     // of Redis
	lastAt time.Time // when it arrived
	paused time.Time // the end of the last pause that the observers know
	outage outage

	ended     chan struct{} // closed when the goroutine ends; nil: there is none
	wake      chan struct{} // buffered: wakes the goroutine
	observers []func(funnel.LimiterEvent)
	events    []funnel.LimiterEvent // for the observers
}

// A note is a report to make.
type note struct {
	report
	expires time.Time // when the slot is free in Redis without the report
}

// New returns a limiter for all processes that use the same API key and the same
// Redis: a *redis.Client, a *redis.ClusterClient or any other
// [redis.UniversalClient]. It does not connect yet. Redis receives only a hash of the
// API key.
func New(rdb redis.Scripter, apiKey string, opts ...Option) (*Limiter, error) {
	if rdb == nil {
		return nil, badArgument("rdb", "is nil")
	}
	if strings.TrimSpace(apiKey) == "" {
		return nil, badArgument("apiKey", "is empty")
	}
	cfg := defaultConfig()
	for _, opt := range opts {
		if opt == nil {
			return nil, badArgument("option", "is nil: leave it out")
		}
		if err := opt(&cfg); err != nil {
			return nil, err
		}
	}
	return newLimiter(newRedisStore(rdb, apiKey, cfg)), nil
}

func newLimiter(s *redisStore) *Limiter {
	return &Limiter{
		config: s.config,
		redis:  s,
		notes:  make(map[string]note),
		wake:   make(chan struct{}, 1),
	}
}

// Acquire waits for a slot, as [funnel.Limiter] says. If the slot would be free only
// after ctx's deadline, it fails immediately, with an error that matches
// [context.DeadlineExceeded].
func (l *Limiter) Acquire(ctx context.Context) (release func(funnel.Outcome), err error) {
	if l == nil || l.redis == nil {
		return nil, errNotMade
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	w, err := l.join(ctx)
	if err != nil {
		return nil, err
	}
	select {
	case turn := <-w.turn:
		if turn.err != nil {
			return nil, turn.err
		}
		sent := time.Now()
		return func(o funnel.Outcome) { l.release(turn.slot, sent, o) }, nil
	case <-ctx.Done():
		l.leave(w)
		return nil, l.interrupted(ctx)
	}
}

// interrupted is the error of a call whose context has ended. It says so if the call
// was waiting for Redis.
func (l *Limiter) interrupted(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	err := ctx.Err()
	if l.outage.since.IsZero() || l.outage.local != nil || context.Cause(ctx) != err { //nolint:errorlint // another cause says more
		return err
	}
	return fmt.Errorf("%w: %w: %w", err, ErrUnavailable, l.outage.failed)
}

// join adds the call to its queue.
func (l *Limiter) join(ctx context.Context) (*waiter, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.refusal(); err != nil {
		return nil, err
	}
	p := interactive
	if funnel.IsBackground(ctx) {
		p = background
	}
	if len(l.queues[p]) == 0 { // freeAt is old
		l.freeAt[p], l.askAt[p] = time.Time{}, l.nextAsk()
	}
	w := newWaiter(ctx, p)
	if err := w.refuse(l.freeAt[p]); err != nil {
		return nil, err
	}
	l.queues[p] = append(l.queues[p], w)
	if p == interactive {
		l.arrived++
	}
	l.start()
	return w, nil
}

// leave removes a call whose context has ended. If it has received a slot meanwhile, the
// slot is returned.
func (l *Limiter) leave(w *waiter) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.queues[w.priority].remove(w) {
		if turn := <-w.turn; turn.err == nil {
			l.note(report{slot: turn.slot})
		}
	}
	l.start()
}

// release records how a request ended.
func (l *Limiter) release(slot string, sent time.Time, o funnel.Outcome) {
	now := time.Now()
	r := report{slot: slot, remaining: max(-1, o.Remaining)}
	switch {
	case !o.Sent:
	case o.StatusCode == 0:
		r.until = now.Add(l.per + l.grace())
	default:
		r.sent, r.status, r.window = sent, o.StatusCode, l.serverWindow(o.Limit)
		if o.StatusCode != http.StatusTooManyRequests { // the server does not count what it rejects
			r.until = now.Add(l.per)
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.note(r)
	if r.status == http.StatusTooManyRequests {
		l.pauseUntil(now.Add(max(l.per, min(o.RetryAfter, maxPause))))
	}
	l.start()
}

// note keeps a report for the next exchange.
func (l *Limiter) note(r report) {
	now := time.Now()
	l.notes[r.slot] = note{report: r, expires: now.Add(l.term())}
	if l.outage.local != nil {
		l.outage.local.slots[r.slot] = r.until // also if Redis granted it
	}
	if r.until.IsZero() { // a slot is free now
		l.askAt, l.outage.localAt = [priorities]time.Time{}, time.Time{}
	}
	delay := l.reportDelay()
	if r.until.IsZero() && delay < l.per/2 {
		delay = 0 // others wait
	}
	if due := now.Add(delay); l.reportAt.IsZero() || due.Before(l.reportAt) {
		l.reportAt = due
	}
}

// pauseUntil keeps all processes from sending.
func (l *Limiter) pauseUntil(t time.Time) {
	if t.After(l.pause) {
		l.pause = t
	}
	if l.outage.local != nil {
		l.knowPause(t)
	}
}

// knowPause records the end of a pause, and makes an event of a new one.
func (l *Limiter) knowPause(t time.Time) {
	if t.After(l.paused.Add(time.Second)) { // less is the network's jitter
		l.event(funnel.LimiterEvent{Kind: funnel.LimiterPaused, Until: t})
	}
	if t.After(l.paused) {
		l.paused = t
	}
}

// Flush waits until Redis knows of every slot that was released. A program that is
// about to end may call it when its calls are over; without it the last slots may
// stay taken until their lease is over. It fails with [ErrUnavailable] while Redis is
// lost.
func (l *Limiter) Flush(ctx context.Context) error {
	if l == nil || l.redis == nil {
		return errNotMade
	}
	for {
		l.mu.Lock()
		if len(l.notes) > 0 {
			l.reportAt = time.Now()
			l.start()
		}
		ended, cause := l.ended, l.outage.cause
		if len(l.notes) == 0 {
			cause = nil
		}
		l.mu.Unlock()
		if cause != nil {
			return cause
		}
		if ended == nil {
			return nil
		}
		select {
		case <-ended:
		case <-ctx.Done():
			return fmt.Errorf("funnelredis: not all responses were reported to Redis before the context ended: give Flush a longer deadline: %w", ctx.Err())
		}
	}
}
