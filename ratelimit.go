package funnel

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/funnel-go/funnel/internal/quota"
)

// rateLimit is [Client.RateLimit].
func (c *core) rateLimit() RateLimit {
	c.quotaMu.Lock()
	limit, fresh := c.quota, !c.quotaAt.IsZero() && time.Since(c.quotaAt) < time.Minute
	c.quotaMu.Unlock()
	if !fresh {
		limit.Remaining, limit.Others = c.admission.Left(), 0
	}
	limit.PausedUntil = c.admission.Paused()
	return limit
}

// noteQuota stores the quota headers of a response.
func (c *core) noteQuota(h quota.Headers) {
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
	c.quota.Remaining, c.quota.Others, c.quotaAt = h.Remaining, 0, time.Now()
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

// waits reports to the observers that the call of place begins to wait.
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
		admitted := time.Now()
		release, err := c.acquire(ctx, place)
		if err != nil {
			return nil, err
		}
		waited := time.Since(admitted)
		done := func(o quota.Outcome) {
			o.Waited = waited
			defer c.admission.Done(place, o)
			release(Outcome{Sent: o.Sent, StatusCode: o.StatusCode, Remaining: o.Remaining, Limit: max(0, o.Limit), RetryAfter: o.RetryAfter})
		}
		if c.admission.Paused().IsZero() {
			return done, nil
		}
		done(notSent) // a 429 came while it was waiting for the limiter
	}
}

// notSent is the outcome of an attempt that was admitted and not made.
var notSent = quota.Outcome{Remaining: quota.Unknown}

// acquire waits for the user's limiter. The admission is told about a failure, also if the
// limiter panics. A limiter that fails for a bulk job's item would fail for the next
// one too: the others wait for it as for the end of an outage.
func (c *core) acquire(ctx context.Context, place *quota.Call) (release func(Outcome), err error) {
	acquired, outcome := false, notSent
	defer func() {
		if !acquired {
			c.admission.Done(place, outcome)
		}
	}()
	c.announceWait(ctx, place)
	release, err = c.limiter.Acquire(ctx)
	acquired = err == nil
	outcome.Ended = ctx.Err() != nil
	var full interface{ RetryAfter() time.Duration }
	if errors.As(err, &full) {
		return release, &noSlot{err, full.RetryAfter()}
	}
	_, limited := ctx.Deadline() // else a DeadlineExceeded is the limiter's own, such as of its store
	tooLate := limited && errors.Is(err, context.DeadlineExceeded)
	if err != nil && ctx.Err() == nil && !tooLate && place.Background {
		outcome.Failed = true
		c.failure.Store(&err)
	}
	return release, err
}

// statsLimiter and observableLimiter are what a [Limiter] may be in addition.
type (
	statsLimiter      interface{ Stats() LimiterStats }
	observableLimiter interface{ Observe(func(LimiterEvent)) }
)

// limiterStats is [Client.LimiterStats]. Calls wait at the admission first, for
// the end of a pause, and then at the user's own limiter.
func (c *core) limiterStats() LimiterStats {
	own := c.admission.Stats()
	stats := LimiterStats{Limit: own.Slots, Used: own.Used, NextSlot: own.NextSlot}
	if limiter, ok := c.limiter.(statsLimiter); ok {
		stats = limiter.Stats()
	}
	stats.Interactive += own.Interactive
	stats.Background += own.Background
	if own.PausedUntil.After(stats.PausedUntil) {
		stats.PausedUntil = own.PausedUntil
	}
	return stats
}

// observeLimiter makes the user's own limiter report its events to the observers.
func (c *core) observeLimiter() {
	limiter, ok := c.limiter.(observableLimiter)
	if ok && len(c.observers) > 0 {
		limiter.Observe(func(event LimiterEvent) { c.limiterEvent(context.Background(), event) })
	}
}

// limiterEvent reports an event to the observers. Each pause is reported once: the
// client pauses after its own 429, and its limiter too.
func (c *core) limiterEvent(ctx context.Context, event LimiterEvent) {
	if event.Kind == LimiterPaused && !c.beginsPause(event.Until) {
		return
	}
	c.observers.limiterEvent(ctx, event)
}

func (c *core) beginsPause(until time.Time) bool {
	c.quotaMu.Lock()
	defer c.quotaMu.Unlock()
	began := !time.Now().Before(c.pauseEnds)
	if until.After(c.pauseEnds) {
		c.pauseEnds = until
	}
	return began
}

// announceWait reports to the observers that the user's own limiter will have the call of
// place wait, if it says so.
func (c *core) announceWait(ctx context.Context, place *quota.Call) {
	limiter, ok := c.limiter.(statsLimiter)
	if !ok || !c.observers.wantWaits() {
		return
	}
	stats := limiter.Stats()
	if wait := time.Until(stats.PausedUntil); wait > 0 {
		c.waits(ctx, place, WaitPause, wait)
	} else if wait := time.Until(stats.NextSlot); wait > 0 {
		c.waits(ctx, place, WaitQuota, wait)
	}
}
