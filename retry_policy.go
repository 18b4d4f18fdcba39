package funnel

import (
	"math"
	"math/rand/v2"
	"time"
)

// A RetryPolicy sets how often a failed request is retried, and how long the client
// waits before each retry. The package documentation says which requests are retried.
// In [WithRetry] a zero field means its default.
type RetryPolicy struct {
	// MaxAttempts is the maximum number of attempts of a call, including rejected
	// ones: 4 by default, 1 for no retries.
	MaxAttempts int

	// MinWait is the wait before the first retry: 1 s by default. It doubles with
	// each further retry, up to MaxWait: 30 s by default. If a 5xx has a longer
	// Retry-After, the Retry-After is used instead, up to MaxWait. Up to half of the
	// wait is added at random. A MaxWait below MinWait counts as MinWait.
	MinWait, MaxWait time.Duration

	// RateLimitWait is the pause of the client after a 429: 60 s by default, the
	// minimum that the API's reference asks for. A longer Retry-After is used
	// instead.
	RateLimitWait time.Duration

	// MaxRateLimitWait limits how long a call waits because of 429s, in total: 5 min
	// by default, and never less than RateLimitWait. It matters if the server's
	// Retry-After is long. A call that would have to wait longer fails immediately. A
	// wait for a free slot does not count.
	MaxRateLimitWait time.Duration

	// Budget limits the retries of all calls together: 100 by default, negative for no
	// limit. Each retry takes one from the budget, and each successful call gives one
	// back. When none is left, calls fail instead of being retried. Retries after a
	// 429 take none.
	Budget int

	// NoRetryCreateOn5xx turns off retries after a 5xx for Enroll, Schedule, and
	// creates without a unique key, such as [FunnelsService.Create]. Set it if a
	// duplicate would be worse than a failed call.
	NoRetryCreateOn5xx bool
}

// DefaultRetryPolicy returns the policy of a client without [WithRetry].
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

// backoff is the wait after so many attempts: it doubles with each, and up to half of
// it is added at random, so that calls that failed together do not return together. It
// is never less than nominal, so that the waits certainly outlast a short outage.
func (p *RetryPolicy) backoff(attempts int) time.Duration {
	wait := p.MinWait
	for range attempts - 1 {
		if wait >= p.MaxWait/2 {
			wait = p.MaxWait
			break
		}
		wait *= 2
	}
	return wait + jitter(wait)
}

// jitter returns up to half of d.
func jitter(d time.Duration) time.Duration {
	return rand.N(min(d/2, math.MaxInt64-d) + 1)
}

// backgroundPatience is how long a background call waits for the end of an outage at
// least.
const backgroundPatience = 30 * time.Second

// patience is how long a call waits for the end of an outage: as long as its own
// backoffs can take.
func (p *RetryPolicy) patience(background bool) time.Duration {
	var patience time.Duration
	wait := p.MinWait
	for n := 1; n < p.MaxAttempts && patience < time.Hour; n++ {
		patience += wait + wait/2
		wait = min(2*wait, p.MaxWait)
	}
	if background {
		patience = max(patience, backgroundPatience)
	}
	return patience
}
