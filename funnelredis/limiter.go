package funnelredis

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/funnel-go/funnel"
)

// ErrUnavailable is what calls fail with while Redis is away, unless there is a
// fallback, and what those match too whose context ends while they wait for it.
// The errors also wrap what Redis, or the way to it, failed with.
var ErrUnavailable = errors.New("funnelredis: Redis is unavailable")

var errNotMade = errors.New("funnelredis: the Limiter was not made with New")

// maxPause bounds what a single 429 can do to all processes.
const maxPause = 5 * time.Minute

// A Limiter is a [funnel.Limiter] that counts in Redis. Make it with [New]. It
// is safe for concurrent use and needs no closing: its goroutines end when
// there is nothing left to do.
type Limiter struct {
	config
	redis store
	name  string // begins the ids of its slots

	mu     sync.Mutex
	line   line
	notes  map[string]note // of slots, for Redis
	pause  time.Time       // for everybody, as Redis is to learn; zero: no news
	freeAt time.Time       // no slot is free before
	named  uint64          // ids so far
	clerk  clerk
	outage outage
}

// A note is what Redis is to be told about a slot.
type note struct {
	until time.Time // as in a report
	moot  time.Time // when Redis finds out by itself
}

// New returns a limiter for all processes that use the same API key and the
// same Redis: a *redis.Client, a *redis.ClusterClient or any other
// [redis.UniversalClient]. It does not talk to Redis yet. In Redis, the API key
// stands only as a hash.
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
	return newLimiter(newRedisStore(rdb, apiKey, cfg), cfg), nil
}

func newLimiter(s store, cfg config) *Limiter {
	return &Limiter{
		config: cfg,
		redis:  s,
		name:   rand.Text() + ".",
		notes:  make(map[string]note),
		clerk:  clerk{wake: make(chan struct{}, 1)},
	}
}

// Acquire waits for a slot, as [funnel.Limiter] says. It fails at once where
// the slot would come after ctx's deadline, with an error that matches
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
		return func(o funnel.Outcome) { l.release(turn.slot, o) }, nil
	case <-ctx.Done():
		l.leave(w)
		return nil, l.interrupted(ctx)
	}
}

// interrupted is the error of one whose context has ended: where it was Redis
// that it waited for, it says so.
func (l *Limiter) interrupted(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	err := ctx.Err()
	if l.outage.since.IsZero() || l.outage.local != nil || context.Cause(ctx) != err { //nolint:errorlint // another cause says more
		return err
	}
	return fmt.Errorf("%w: %w: %w", err, ErrUnavailable, l.outage.failed)
}

// join puts the caller into the line.
func (l *Limiter) join(ctx context.Context) (*waiter, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.refusal(); err != nil {
		return nil, err
	}
	if len(l.line) == 0 {
		l.freeAt = time.Time{} // nobody has asked lately
	}
	w := newWaiter(ctx)
	if err := w.hopeless(l.freeAt); err != nil {
		return nil, err
	}
	l.line = append(l.line, w)
	l.hire()
	return w, nil
}

// leave takes out a caller that has given up, who may have got a slot at the
// last moment.
func (l *Limiter) leave(w *waiter) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.line.remove(w) {
		if len(l.line) == 0 {
			l.clerk.poke()
		}
		return
	}
	if turn := <-w.turn; turn.err == nil {
		l.note(turn.slot, time.Time{})
		l.hire()
		l.clerk.poke()
	}
}

// release takes note of how a request ended.
func (l *Limiter) release(slot string, o funnel.Outcome) {
	now := time.Now()
	var until time.Time // free, if not sent, or refused and so not counted
	switch {
	case !o.Sent || o.StatusCode == http.StatusTooManyRequests:
	case o.StatusCode == 0:
		until = now.Add(l.per + l.grace())
	default:
		until = now.Add(l.per)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.note(slot, until)
	pause := pauseAfter(o, l.per)
	if pause > 0 {
		l.pauseUntil(now.Add(pause))
	}
	l.hire()
	if until.IsZero() || pause > 0 {
		l.clerk.poke() // somebody may go now, or nobody may
	}
}

// pauseAfter returns for how long an outcome forbids everybody to send: after a
// refusal, or where nothing is left, since then others use the key, until the
// API's own window must have turned.
func pauseAfter(o funnel.Outcome, per time.Duration) time.Duration {
	switch {
	case !o.Sent || o.StatusCode == 0:
		return 0
	case o.StatusCode == http.StatusTooManyRequests:
		return max(per, min(o.RetryAfter, maxPause))
	case o.Remaining == 0:
		return per
	}
	return 0
}

func (l *Limiter) note(slot string, until time.Time) {
	l.notes[slot] = note{until: until, moot: time.Now().Add(l.term())}
	if l.outage.local != nil {
		l.outage.local.slots[slot] = until // also if Redis granted it
	}
}

func (l *Limiter) pauseUntil(t time.Time) {
	if t.After(l.pause) {
		l.pause = t
	}
	if l.outage.local != nil && t.After(l.outage.local.paused) {
		l.outage.local.paused = t
	}
}

// newSlot returns an id that no other process has.
func (l *Limiter) newSlot() string {
	l.named++
	return l.name + strconv.FormatUint(l.named, 36)
}

// Flush waits until Redis knows of every slot that was released. A program that
// is about to end may call it, when its calls are over; without it the last
// slots may stay taken until their lease is over. It fails with
// [ErrUnavailable] while Redis is away.
func (l *Limiter) Flush(ctx context.Context) error {
	if l == nil || l.redis == nil {
		return errNotMade
	}
	for {
		l.mu.Lock()
		ended, cause := l.clerk.ended, l.outage.cause
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
			return fmt.Errorf("funnelredis: not everything is told to Redis: %w", ctx.Err())
		}
	}
}
