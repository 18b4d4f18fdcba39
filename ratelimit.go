package funnel

import (
	"context"
	"errors"
	"strings"
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
// If Acquire knows that there is no room before ctx's deadline, it should fail
// immediately, with an error that matches [context.DeadlineExceeded]. If the error has a
// method RetryAfter() time.Duration, errors.As finds a [*RateLimitError] in the call's
// error, and [Bulk] knows whether its other items can wait.
//
// Two more methods are optional and make the limiter visible to operators:
//
//	Stats() LimiterStats        // for Client.LimiterStats, and for Observer.Wait
//	Observe(func(LimiterEvent)) // New passes a function to call with each event
//
// A limiter that serves several clients calls the functions of all of them.
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
	StatusCode int           // 0: no response came
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

// A RateLimit is what a client knows of its quota at the server. How its limiter
// keeps within it is in [LimiterStats].
type RateLimit struct {
	Limit       int       // requests a window; 0: unknown
	Remaining   int       // requests left in it; -1: unknown
	Others      int       // requests in it that the limiter does not know of, as the headers say; 0: none, or unknown
	PausedUntil time.Time // after a 429, when requests go out again; zero: now
}

// rateLimit is [Client.RateLimit].
func (c *core) rateLimit() RateLimit {
	c.quotaMu.Lock()
	limit, fresh := c.quota, !c.heard.IsZero() && time.Since(c.heard) < time.Minute
	c.quotaMu.Unlock()
	if !fresh {
		limit.Remaining, limit.Others = c.admission.Left(), 0
	}
	limit.PausedUntil = c.admission.Paused()
	return limit
}

// hear takes note of the quota headers of a response.
func (c *core) hear(h quota.Headers) {
	if h.Limit == quota.Unknown && h.Remaining == quota.Unknown {
		return
	}
	stats := c.limiterStats()
	c.quotaMu.Lock()
	defer c.quotaMu.Unlock()
	if h.Limit != quota.Unknown {
		c.quota.Limit = h.Limit
	}
	if h.Remaining == quota.Unknown {
		return
	}
	c.quota.Remaining, c.quota.Others, c.heard = h.Remaining, 0, time.Now()
	if stats.Limit > 0 && (stats.Store == "" || stats.Store == StoreOK) { // else it is unknown what the limiter has used
		c.quota.Others = max(0, c.quota.Limit-h.Remaining-stats.Used)
	}
}

// pause stops the whole client for a while.
func (c *core) pause(ctx context.Context, d time.Duration) {
	if until, began := c.admission.Pause(d); began {
		c.limiterEvent(ctx, LimiterEvent{Kind: LimiterPaused, Until: until})
	}
}

// waits tells the observers that the call of place begins to wait.
func (c *core) waits(ctx context.Context, place *quota.Call, reason WaitReason, d time.Duration) {
	method, path, _ := strings.Cut(place.Operation, " ")
	c.observers.waits(ctx, WaitInfo{CallInfo: CallInfo{Method: method, Path: path, BaseURL: c.base}, Reason: reason, Duration: d})
}

// room returns how many requests may be sent now, as far as is known; -1 if nothing
// is.
func (c *core) room() int {
	said, own := c.rateLimit().Remaining, c.admission.Left()
	if said == quota.Unknown || own == quota.Unknown {
		return max(said, own)
	}
	return min(said, own)
}

// admit waits until an attempt may be sent, as the admission and the user's own
// limiter say. The caller must call done.
func (c *core) admit(ctx context.Context, place *quota.Call) (done func(quota.Outcome), err error) {
	for {
		if err := c.admission.Enter(ctx, place); err != nil {
			return nil, err
		}
		if c.limiter == nil {
			return func(o quota.Outcome) { c.admission.Done(place, o) }, nil
		}
		release, err := c.acquire(ctx, place)
		if err != nil {
			return nil, err
		}
		done := func(o quota.Outcome) {
			defer c.admission.Done(place, o)
			release(Outcome{Sent: o.Sent, StatusCode: o.StatusCode, Remaining: o.Remaining, RetryAfter: o.RetryAfter})
		}
		if c.admission.Paused().IsZero() {
			return done, nil
		}
		done(notSent) // a 429 came while it was waiting for the limiter
	}
}

// notSent is the outcome of an attempt that was admitted and not made.
var notSent = quota.Outcome{Remaining: quota.Unknown}

// acquire asks the user's limiter. The admission learns of a failure, also if the
// limiter panics. A limiter that fails for a bulk job's item would fail for the next
// one too: the others wait for it as for the end of an outage.
func (c *core) acquire(ctx context.Context, place *quota.Call) (release func(Outcome), err error) {
	acquired, outcome := false, notSent
	defer func() {
		if !acquired {
			c.admission.Done(place, outcome)
		}
	}()
	c.foretell(ctx, place)
	release, err = c.limiter.Acquire(ctx)
	acquired = err == nil
	if full := noRoom(nil); err != nil && ctx.Err() == nil && !errors.As(err, &full) && place.Background {
		outcome.Failed = true
		c.failure.Store(&err)
	}
	return release, err
}
