package funnel

import (
	"context"
	"net/http"
	"time"

	"github.com/funnel-go/funnel/internal/quota"
)

// The API's rate limit: 600 requests a minute (documented).
const (
	defaultRateLimit = 600
	defaultRatePer   = time.Minute
)

// A Limiter decides when each attempt of a call may be sent. The client's own
// never lets more than 600 requests through in any 60 s, as the server counts
// them; [WithLimiter] replaces it.
//
// Acquire waits until a request may be sent, or fails as soon as ctx ends. The
// client calls release exactly once, when the attempt is over. Both must be
// safe for concurrent use, and must not call the API using the same client.
//
// Where Acquire knows that there is no room before ctx's deadline, it had better
// fail at once, by an error that matches [context.DeadlineExceeded]. If that has a
// method RetryAfter() time.Duration, the call's error is found as a
// [*RateLimitError] too, and a [Bulk] knows whether its other items can wait.
type Limiter interface {
	Acquire(ctx context.Context) (release func(Outcome), err error)
}

// noRoom is the error of a limiter whose turn for a request comes only after the
// context's deadline.
type noRoom interface {
	error
	RetryAfter() time.Duration // how long until there is room
}

// An Outcome tells a [Limiter] how an attempt ended.
type Outcome struct {
	Sent       bool          // false: the request was surely not sent
	StatusCode int           // 0: no answer came
	Remaining  int           // of the quota, as the server said; -1: unknown
	RetryAfter time.Duration // as the server said; 0: unknown
}

// LimiterFromWaiter makes a [Limiter] of whatever has a Wait method, such as
// the rate.Limiter of golang.org/x/time, for an even pace:
//
//	funnel.WithLimiter(funnel.LimiterFromWaiter(rate.NewLimiter(9.9, 1)))
func LimiterFromWaiter(w interface{ Wait(context.Context) error }) Limiter {
	return waiterLimiter{w}
}

type waiterLimiter struct {
	waiter interface{ Wait(context.Context) error }
}

func (l waiterLimiter) Acquire(ctx context.Context) (func(Outcome), error) {
	return func(Outcome) {}, l.waiter.Wait(ctx)
}

// windowLimiter is the client's own limiter.
type windowLimiter struct{ window *quota.Window }

func (l windowLimiter) Acquire(ctx context.Context) (func(Outcome), error) {
	release, err := l.window.Acquire(ctx)
	if err != nil {
		return nil, err
	}
	return func(o Outcome) { release(quota.Outcome(o)) }, nil
}

// A RateLimit is what a client knows of its quota.
type RateLimit struct {
	Limit       int       // requests a window; 0: unknown
	Remaining   int       // requests left in it; -1: unknown
	PausedUntil time.Time // after a 429, when requests go out again; zero: now
}

// rateLimit is [Client.RateLimit].
func (c *core) rateLimit() RateLimit {
	c.quotaMu.Lock()
	limit, fresh := c.quota, !c.heard.IsZero() && time.Since(c.heard) < time.Minute
	c.quotaMu.Unlock()
	if !fresh {
		limit.Remaining = quota.Unknown
		if own, ok := c.limiter.(windowLimiter); ok {
			limit.Remaining = own.window.Left()
		}
	}
	limit.PausedUntil = c.gate.Paused()
	return limit
}

// hear takes note of the quota headers of an answer.
func (c *core) hear(h quota.Headers) {
	c.quotaMu.Lock()
	defer c.quotaMu.Unlock()
	if h.Limit != quota.Unknown {
		c.quota.Limit = h.Limit
	}
	if h.Remaining != quota.Unknown {
		c.quota.Remaining, c.heard = h.Remaining, time.Now()
	}
}

// pause stops the whole client for a while.
func (c *core) pause(ctx context.Context, d time.Duration) {
	until, began := c.gate.Pause(d)
	if !began {
		return
	}
	c.observers.pauses(ctx, PauseInfo{Duration: d, Until: until})
}

// admit waits until an attempt may be sent: the pause after a 429 is over, and
// the limiter has room.
func (c *core) admit(ctx context.Context) (done func(Outcome), err error) {
	for {
		pass, err := c.gate.Enter(ctx)
		if err != nil {
			return nil, err
		}
		release, err := c.acquire(ctx, pass)
		if err != nil {
			return nil, err
		}
		done := func(o Outcome) {
			defer c.gate.Leave(pass, o.StatusCode != 0 && o.StatusCode != http.StatusTooManyRequests)
			release(o)
		}
		if c.gate.Paused().IsZero() {
			return done, nil
		}
		done(Outcome{Remaining: quota.Unknown}) // a 429 came while it was waiting for the limiter
	}
}

// acquire asks the limiter for whoever is inside of the gate. Who gets nothing
// leaves it, also where a limiter of the user's own panics.
func (c *core) acquire(ctx context.Context, pass quota.Pass) (release func(Outcome), err error) {
	acquired := false
	defer func() {
		if !acquired {
			c.gate.Leave(pass, false)
		}
	}()
	release, err = c.limiter.Acquire(ctx)
	acquired = err == nil
	return release, err
}
