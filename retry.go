package funnel

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/funnel-go/funnel/internal/envelope"
	"github.com/funnel-go/funnel/internal/quota"
)

// newRetrier puts the attempter under go-retryablehttp, which runs the loop.
// All decisions are the call's: it keeps the last answer, which the library
// would drain, and the error, which it would replace.
func newRetrier(client *http.Client, a *attempter) *retryablehttp.Client {
	a.base = client.Transport
	client.Transport = a
	client.Timeout = 0 // the attempter's
	return &retryablehttp.Client{
		HTTPClient: client,
		RetryMax:   math.MaxInt32, // judge counts
		CheckRetry: func(ctx context.Context, _ *http.Response, err error) (bool, error) {
			return callFrom(ctx).judge(ctx, err), nil
		},
		Backoff: func(_, _ time.Duration, _ int, resp *http.Response) time.Duration {
			return callFrom(resp.Request.Context()).backoff
		},
		PrepareRetry: func(req *http.Request) error {
			req.Header = http.Header{} // without the cookies that http.Client has added
			return nil
		},
		ErrorHandler: retryablehttp.PassthroughErrorHandler,
	}
}

// judge says what the last attempt means: c.err is what the call fails with as
// things stand, and true asks for another attempt after c.backoff.
func (c *call) judge(ctx context.Context, err error) (again bool) {
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
	if c.err == nil || !repeat || c.noRetry || c.attempts >= c.core.policy.MaxAttempts || ctx.Err() != nil {
		return false
	}
	return c.schedule(ctx)
}

// assess turns the last answer into the call's error, and says whether another
// attempt could help and would do no harm.
func (c *call) assess() (repeat bool, err error) {
	got := &c.last
	switch {
	case got.err != nil && got.unsent:
		return !isBadCertificate(got.err), c.requestError(got.err)
	case got.err != nil && (got.status == 0 || got.status/100 == 2):
		c.unsettle()
		return c.isRepeatable() && !errors.Is(got.err, errTooLarge), c.requestError(got.err)
	case got.status == http.StatusTooManyRequests:
		return true, c.rateLimitError()
	case got.status >= 500:
		c.unsettle()
		return c.isRepeatable() || !c.core.policy.NoRetryCreateOn5xx, c.apiError(envelope.ParseFailure(got.body))
	case got.status/100 == 2:
		return c.assessResult()
	case got.status/100 == 3:
		if got.status == http.StatusSeeOther { // to the result of what was done
			c.unsettle()
		}
		return false, c.redirectError()
	}
	failure := envelope.ParseFailure(got.body)
	if c.method == http.MethodDelete && c.unsettled && c.noResult && Code(failure.Code) == ErrNotFound {
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
			c.unsettle() // who says nothing else may mean another thing by "success"
		}
		return false, c.apiError(failure)
	}
	c.unsettle()
	return errors.Is(err, envelope.ErrUnreadable) && c.isRepeatable(), c.formatError(err)
}

// isRepeatable reports whether the request may be sent again when nobody knows
// what became of it.
func (c *call) isRepeatable() bool {
	return c.repeatable || isIdempotent(c.method)
}

func isIdempotent(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPut, http.MethodDelete:
		return true
	}
	return false
}

// unsettle takes note that the last attempt may have taken effect.
func (c *call) unsettle() {
	c.unsettled = c.method != http.MethodGet && c.method != http.MethodHead
}

// schedule sets the wait before the next attempt, unless the context's
// deadline, the policy or the budget forbid it.
func (c *call) schedule(ctx context.Context) bool {
	if c.last.status == http.StatusTooManyRequests {
		// The whole client waits at the gate, and this call with it.
		c.backoff = 0
		if c.core.gate.Refuse(ctx) != nil {
			return false
		}
		c.core.observers.waits(ctx, WaitInfo{CallInfo: c.info(), Reason: WaitPause, Duration: c.core.rateLimitWait(c.last.quota), Err: c.err})
		return true
	}
	c.backoff = c.nextBackoff()
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= c.backoff {
		return false
	}
	if !c.core.budget.withdraw() {
		return false
	}
	c.waited = c.backoff
	c.core.observers.waits(ctx, WaitInfo{CallInfo: c.info(), Reason: WaitRetry, Duration: c.backoff, Err: c.err})
	return true
}

// nextBackoff doubles with each attempt, and adds up to half of itself so that
// those who failed together do not come back together. It is never less than
// nominal, so that the waits together surely outlast a short blip.
func (c *call) nextBackoff() time.Duration {
	policy := &c.core.policy
	wait := policy.MinWait
	for range c.attempts - 1 {
		if wait >= policy.MaxWait/2 {
			wait = policy.MaxWait
			break
		}
		wait *= 2
	}
	wait += rand.N(min(wait/2, math.MaxInt64-wait) + 1)
	return max(wait, min(c.last.quota.RetryAfter, policy.MaxWait))
}

// rateLimitWait is how long a 429 with those headers pauses the client. More
// than a day is no serious answer.
func (c *core) rateLimitWait(h quota.Headers) time.Duration {
	return max(c.policy.RateLimitWait, min(h.RetryAfter, 24*time.Hour))
}
