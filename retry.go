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

// A RetryPolicy says how often and after which waits a failed attempt is
// repeated; the package documentation says which ones are. In [WithRetry] a
// field that is zero has its default.
type RetryPolicy struct {
	// MaxAttempts is how many times a request is sent at most, rejections by
	// the rate limit included: 4 by default, 1 for no retries.
	MaxAttempts int

	// MinWait is the wait before the first retry, 1 s by default; it doubles
	// with each further one up to MaxWait, 30 s by default. Up to half of the
	// wait is added at random. A Retry-After of a 5xx that asks for more is
	// honoured up to MaxWait. A MaxWait below MinWait counts as MinWait.
	MinWait, MaxWait time.Duration

	// RateLimitWait is how long the client pauses after a 429, if its
	// Retry-After does not ask for more: 60 s by default, the least that the
	// API's reference allows.
	RateLimitWait time.Duration

	// MaxRateLimitWait is the longest pause that a call waits for: 5 min by
	// default, and never less than RateLimitWait. A call that would have to wait
	// longer fails at once.
	MaxRateLimitWait time.Duration

	// Budget is how many retries the client has in store, over all its calls:
	// 100 by default, negative for no end of them. Each call puts half a retry
	// back, so that in a long outage the server gets at most half as many
	// retries as calls. Waits after a 429 do not count.
	Budget int

	// NoRetryCreateOn5xx keeps a creation without a unique key, such as that of
	// a funnel, from being repeated after a 5xx, for those who would rather look
	// than risk a second one.
	NoRetryCreateOn5xx bool
}

// DefaultRetryPolicy returns the policy of a client that is given no other.
func DefaultRetryPolicy() RetryPolicy {
	return RetryPolicy{
		MaxAttempts:      4,
		MinWait:          time.Second,
		MaxWait:          30 * time.Second,
		RateLimitWait:    60 * time.Second,
		MaxRateLimitWait: 5 * time.Minute,
		Budget:           100,
	}
}

func (p RetryPolicy) withDefaults() (RetryPolicy, error) {
	d := DefaultRetryPolicy()
	if p.MaxAttempts < 0 {
		return d, argumentError("RetryPolicy.MaxAttempts", "is %d: want 1 or more, or 0 for the default", p.MaxAttempts)
	}
	for _, wait := range []struct {
		field         string
		set, fallback *time.Duration
	}{
		{"MinWait", &p.MinWait, &d.MinWait},
		{"MaxWait", &p.MaxWait, &d.MaxWait},
		{"RateLimitWait", &p.RateLimitWait, &d.RateLimitWait},
		{"MaxRateLimitWait", &p.MaxRateLimitWait, &d.MaxRateLimitWait},
	} {
		if *wait.set < 0 {
			return d, argumentError("RetryPolicy."+wait.field, "is %s: must not be negative", *wait.set)
		}
		if err := checkUnit("RetryPolicy."+wait.field, *wait.set); err != nil {
			return d, err
		}
		if *wait.set == 0 {
			*wait.set = *wait.fallback
		}
	}
	if p.MaxAttempts == 0 {
		p.MaxAttempts = d.MaxAttempts
	}
	if p.Budget == 0 {
		p.Budget = d.Budget
	}
	p.MaxWait = max(p.MinWait, p.MaxWait)
	p.MaxRateLimitWait = max(p.RateLimitWait, p.MaxRateLimitWait)
	return p, nil
}

// A call is the state of one call on its way, over all its attempts. The
// attempter leaves each attempt's answer in it, and judge says what that means.
type call struct {
	client *Client
	request
	decode   decoder
	noResult bool
	noRetry  bool
	payload  []byte      // the body as it is sent; nil: none
	header   http.Header // of the call's own

	admission context.Context // of attempts, where it is another than the call's; may be nil

	attempts  int
	unsettled bool          // some attempt may have taken effect, and nobody knows
	last      answer        // of the last attempt
	refusal   error         // why another one was not sent
	err       error         // what the call fails with as things stand
	backoff   time.Duration // before the next attempt
	waited    time.Duration // spent in backoff since the last attempt
}

type callKey struct{}

func callFrom(ctx context.Context) *call { return ctx.Value(callKey{}).(*call) }

func (c *call) info() CallInfo {
	return CallInfo{Method: c.method, Path: c.path, BaseURL: c.client.base}
}

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

// run sends the request until judge is content.
func (c *call) run(ctx context.Context) error {
	c.client.budget.deposit()
	ctx = context.WithValue(ctx, callKey{}, c)
	if _, err := c.client.retry.Do(c.newRequest(ctx)); err != nil && ctx.Err() != nil {
		// The context ended the wait for a retry.
		c.err = c.interrupted(contextError(ctx))
	}
	return c.err
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
	if c.err == nil || !repeat || c.noRetry || c.attempts >= c.client.policy.MaxAttempts || ctx.Err() != nil {
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
		return c.isRepeatable() || !c.client.policy.NoRetryCreateOn5xx, c.apiError(envelope.ParseFailure(got.body))
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
	return errors.Is(err, envelope.ErrUnreadable) && c.isRepeatable(), c.apiError(&envelope.Failure{Message: err.Error() + c.excerpt()})
}

// isRepeatable reports whether the request may be sent again when nobody knows
// what became of it.
func (c *call) isRepeatable() bool {
	switch c.method {
	case http.MethodGet, http.MethodHead, http.MethodPut, http.MethodDelete:
		return true
	}
	return c.repeatable
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
		if c.client.gate.Refuse(ctx) != nil {
			return false
		}
		c.client.waits(ctx, WaitInfo{CallInfo: c.info(), Reason: WaitPause, Duration: c.client.rateLimitWait(c.last.quota), Err: c.err})
		return true
	}
	c.backoff = c.nextBackoff()
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= c.backoff {
		return false
	}
	if !c.client.budget.withdraw() {
		return false
	}
	c.waited = c.backoff
	c.client.waits(ctx, WaitInfo{CallInfo: c.info(), Reason: WaitRetry, Duration: c.backoff, Err: c.err})
	return true
}

// nextBackoff doubles with each attempt, and adds up to half of itself so that
// those who failed together do not come back together. It is never less than
// nominal, so that the waits together surely outlast a short blip.
func (c *call) nextBackoff() time.Duration {
	policy := &c.client.policy
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
func (c *Client) rateLimitWait(h quota.Headers) time.Duration {
	return max(c.policy.RateLimitWait, min(h.RetryAfter, 24*time.Hour))
}
