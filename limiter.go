package funnel

import (
	"context"
	"fmt"
	"time"
)

// The API's rate limit: 600 requests a minute (documented).
const (
	defaultRateLimit = 600
	defaultRatePer   = time.Minute
)

// A Limiter decides when each attempt of a call may be sent. The client's own limiter
// has 594 slots, see [WithRateLimit]; each attempt takes up one of them until 60 s
// after it has ended. [WithLimiter] replaces this limiter.
//
// Acquire waits until a request may be sent, or fails as soon as ctx ends. The client
// calls release exactly once, when the attempt is over. Acquire and release must be
// safe for concurrent use, and must not call the API with the same client.
//
// If Acquire knows that no slot will be free before ctx's deadline, it should fail
// immediately, with an error that matches [context.DeadlineExceeded] and has a method
// RetryAfter() time.Duration, which says when a slot will be free. The call then fails
// with a [*RateLimitError], as with the client's own limiter. After every other error
// of Acquire, the call fails with a [*RequestError] that wraps the error. It is not
// retried.
//
// Two more methods are optional and make the limiter visible to operators:
//
//	Stats() LimiterStats        // Client.LimiterStats and Observer.Wait use it
//	Observe(func(LimiterEvent)) // receives a function to call with each event
//
// Each client calls the method Observe once. A limiter that several clients share must
// call all the functions that it has received.
type Limiter interface {
	Acquire(ctx context.Context) (release func(Outcome), err error)
}

// noSlot is the error of a user's limiter that says when a slot will be free.
type noSlot struct {
	error
	wait time.Duration
}

func (e *noSlot) Unwrap() error { return e.error }

// An Outcome tells a [Limiter] how an attempt ended.
type Outcome struct {
	Sent       bool          // false: the request was certainly not sent
	StatusCode int           // 0: no response
	Remaining  int           // requests left, as the server said; -1: unknown
	Limit      int           // requests per window, as the server said; 0: unknown
	RetryAfter time.Duration // as the server said; 0: unknown
}

// LimiterFromWaiter returns a [Limiter] that calls w.Wait before each attempt. For
// example, a rate.Limiter of golang.org/x/time sends requests at even intervals:
//
//	funnel.WithLimiter(funnel.LimiterFromWaiter(rate.NewLimiter(9.9, 1)))
//
// If Wait returns an error, the call fails with a [*RequestError] that wraps it.
func LimiterFromWaiter(w interface{ Wait(context.Context) error }) Limiter {
	return waiterLimiter{w}
}

type waiterLimiter struct {
	waiter interface{ Wait(context.Context) error }
}

func (l waiterLimiter) Acquire(ctx context.Context) (func(Outcome), error) {
	err := l.waiter.Wait(ctx)
	if _, limited := ctx.Deadline(); limited && err != nil && ctx.Err() == nil {
		err = fmt.Errorf("%w: %w", context.DeadlineExceeded, err)
	}
	return func(Outcome) {}, err
}

// A RateLimit is what a client knows of its quota at the server. For the state of the
// client's limiter see [LimiterStats].
type RateLimit struct {
	Limit       int       // requests per window; 0: unknown
	Remaining   int       // requests left in the window; -1: unknown
	Others      int       // requests of other programs in the window, by the server's headers; 0: none, or unknown
	PausedUntil time.Time // the end of the pause after a 429; zero: no pause
}
