package funnel

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/funnel-go/funnel/internal/envelope"
	"github.com/funnel-go/funnel/internal/quota"
)

// run sends the request until no other attempt is needed. It is a call's whole way
// through go-retryablehttp, which for each attempt runs the transport and CheckRetry,
// and before each further one Backoff and PrepareRetry. All decisions are judge's.
func (c *call) run(ctx context.Context) error {
	transport := func(req *http.Request) (*http.Response, error) {
		got := c.attempt(ctx, req)
		if got.refused {
			c.refusal = got.err // and the last response stays
		} else {
			c.last = got
		}
		// Always an empty 200, because c.last has the response. Given the real one,
		// http.Client would follow a redirect, or fail because its Location cannot be
		// parsed, and go-retryablehttp would drain the body. The header is real, for the
		// cookie jar.
		return &http.Response{StatusCode: http.StatusOK, Header: got.header, Body: http.NoBody, Request: req}, nil
	}
	retrier := retryablehttp.Client{
		HTTPClient: &http.Client{Transport: roundTripper(transport), Jar: c.core.jar},
		RetryMax:   math.MaxInt32, // judge counts
		CheckRetry: func(_ context.Context, _ *http.Response, err error) (bool, error) {
			return c.judge(ctx, err), nil
		},
		Backoff: func(_, _ time.Duration, _ int, _ *http.Response) time.Duration {
			// The admission waits. A timer that has expired when it is made, in many
			// goroutines at once, crashes the race detector in a synctest bubble.
			return time.Nanosecond
		},
		PrepareRetry: func(req *http.Request) error {
			req.Header = http.Header{} // without the cookies that http.Client has added
			return nil
		},
		ErrorHandler: retryablehttp.PassthroughErrorHandler,
	}
	if _, err := retrier.Do(c.newRequest(ctx)); err != nil && ctx.Err() != nil {
		// The context ended the wait for a retry.
		c.err = c.interrupted(contextError(ctx))
	}
	c.core.budget.deposit(c.err == nil)
	return c.err
}

// A roundTripper is a function as a transport. It has no CloseIdleConnections on
// purpose: go-retryablehttp would call it after each failure, at the cost of all other
// calls' connections.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// judge decides what the last attempt means. It sets c.err, and returns true if there
// is to be another attempt.
func (c *call) judge(ctx context.Context, err error) (retry bool) {
	if err != nil { // http.Client itself refused: no attempt was made
		c.err = c.requestError(withoutURL(err))
		return false
	}
	if c.refusal != nil {
		c.err = c.refused(c.refusal)
		return false
	}
	var repeat bool
	repeat, c.err = c.assess()
	if c.last.isOutage() && c.err != nil && ctx.Err() == nil {
		last := c.err // which never changes: see changed
		c.core.failure.Store(&last)
	}
	if c.err == nil || !repeat || c.noRetry || c.attempts >= c.core.policy.MaxAttempts || ctx.Err() != nil {
		return false
	}
	if end := c.schedule(ctx); end != nil {
		c.err = stopRetrying(c.err, *end)
		return false
	}
	return true
}

// assess turns the last response into the call's error, and says whether another
// attempt could help and would do no harm.
func (c *call) assess() (repeat bool, err error) {
	got := &c.last
	switch {
	case got.err != nil && got.unsent:
		return !isBadTLS(got.err), c.requestError(got.err)
	case got.err != nil && (got.status == 0 || got.status/100 == 2):
		c.setMayHaveBeenApplied()
		failure := c.requestError(got.err)
		failure.RequestID = c.core.hide(got.header.Get("X-Request-Id"))
		return c.isRepeatable() && !errors.Is(got.err, errTooLarge), failure
	case got.status == http.StatusTooManyRequests:
		return true, c.rateLimitError()
	case got.status >= 500:
		c.setMayHaveBeenApplied()
		return c.isRepeatable() || !c.core.policy.NoRetryCreateOn5xx, c.apiError(envelope.ParseFailure(got.body))
	case got.status/100 == 2:
		return c.assessResult()
	case got.status/100 == 3:
		if got.status == http.StatusSeeOther { // to the result of what was done
			c.setMayHaveBeenApplied()
		}
		return false, c.redirectError()
	}
	failure := envelope.ParseFailure(got.body)
	if c.method == http.MethodDelete && c.mayHaveBeenApplied && c.noResult && Code(failure.Code) == ErrNotFound {
		return false, nil // an attempt before this one did it
	}
	return false, c.apiError(failure)
}

func (c *call) assessResult() (repeat bool, err error) {
	err = c.decode(c.last.body)
	if err == nil {
		return false, nil
	}
	if failure := (*envelope.Failure)(nil); errors.As(err, &failure) {
		if failure.Code == "" {
			c.setMayHaveBeenApplied() // another server may mean something else by "success"
		}
		return false, c.apiError(failure)
	}
	c.setMayHaveBeenApplied()
	return errors.Is(err, envelope.ErrUnreadable) && c.isRepeatable(), c.formatError(err)
}

// isRepeatable reports whether the request may be sent again although it may have
// been applied.
func (c *call) isRepeatable() bool {
	return c.repeatable || isIdempotent(c.method)
}

func isIdempotent(method string) bool {
	switch method {
	case http.MethodGet, http.MethodPut, http.MethodDelete:
		return true
	}
	return false
}

// setMayHaveBeenApplied notes that the last attempt may have taken effect.
func (c *call) setMayHaveBeenApplied() {
	c.mayHaveBeenApplied = c.method != http.MethodGet
}

// schedule has the admission wait before the next attempt, or returns why there is to
// be none.
func (c *call) schedule(ctx context.Context) *ending {
	admission := c.core.admission
	c.failed = time.Now()
	if c.last.status == http.StatusTooManyRequests {
		// The whole client pauses, and this call with it.
		if err := admission.Refuse(ctx, &c.place); err != nil {
			return &ending{why: err.Error(), tooLate: errors.Is(err, context.DeadlineExceeded)}
		}
		admission.Retry(&c.place, 0, false)
		c.core.observers.waits(ctx, WaitInfo{CallInfo: c.info(), Reason: WaitPause, Duration: c.core.rateLimitWait(c.last.quota), Err: c.err})
		return nil
	}
	backoff := c.core.policy.backoff(c.attempts)
	retryAfter := min(c.last.quota.RetryAfter, c.core.policy.MaxWait)
	if retryAfter += jitter(retryAfter); retryAfter > backoff {
		backoff = retryAfter
	}
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= backoff {
		return &ending{
			why:     fmt.Sprintf("the next attempt would be made in %s, after the context's deadline", backoff.Round(time.Millisecond)),
			tooLate: true,
		}
	}
	if !admission.Recovering() && !c.core.budget.withdraw() { // in a recovery only probes take from it
		return &ending{why: "the retry budget is used up"}
	}
	admission.Retry(&c.place, backoff, retryAfter == backoff)
	c.core.observers.waits(ctx, WaitInfo{CallInfo: c.info(), Reason: WaitRetry, Duration: backoff, Err: c.err})
	return nil
}

// rateLimitWait is how long a 429 with those headers pauses the client. More
// than a day is no serious response.
func (c *core) rateLimitWait(h quota.Headers) time.Duration {
	return max(c.policy.RateLimitWait, min(h.RetryAfter, 24*time.Hour))
}
