package funnel

import (
	"context"
	"time"

	"github.com/funnel-go/funnel/internal/quota"
)

// LimiterStats returns a snapshot of the client's limiter. A limiter given with
// [WithLimiter] provides it if it has a method Stats() LimiterStats; otherwise only
// the waiting calls and the pause are known. The quota as the server sees it is in
// [Client.RateLimit].
func (c *Client) LimiterStats() LimiterStats {
	if c.engine() == nil {
		return LimiterStats{}
	}
	return c.core.limiterStats()
}

// LimiterStats is a snapshot of a rate limiter, for metrics and status pages.
type LimiterStats struct {
	Limit       int       // requests per window; 0: unknown
	Used        int       // slots that are taken now: at most Limit
	Interactive int       // interactive calls that wait for a slot
	Background  int       // background calls that wait for a slot
	PausedUntil time.Time // the end of the pause after a 429; zero: no pause
	NextSlot    time.Time // when the next slot is free; zero: now, or unknown

	Store StoreState // of a limiter that counts outside of the process; otherwise empty
}

// A StoreState says whether a limiter that counts outside of the process, such as
// that of funnelredis, reaches its store.
type StoreState string

// The states of a store.
const (
	StoreOK       StoreState = "ok"
	StoreLost     StoreState = "lost"     // calls wait for it, or fail
	StoreFallback StoreState = "fallback" // it is lost, and calls go on within a share of the quota
)

// A LimiterEvent is a change of a limiter's state that an operator may want to
// know.
type LimiterEvent struct {
	Kind  LimiterEventKind
	Until time.Time // the end of a pause; otherwise zero
	Err   error     // why the store was lost; otherwise nil
}

// A LimiterEventKind says what a [LimiterEvent] tells.
type LimiterEventKind string

// The kinds of events.
const (
	LimiterPaused    LimiterEventKind = "paused"     // after a 429, of this process or of another
	LimiterStoreLost LimiterEventKind = "store_lost" // the store does not respond
	LimiterFallback  LimiterEventKind = "fallback"   // calls go on without the store
	LimiterStoreBack LimiterEventKind = "store_back" // the store responds again
	LimiterDataLost  LimiterEventKind = "data_lost"  // the store has lost its data: nothing is sent until all lost slots are free
)

// statsLimiter and observableLimiter are what a [Limiter] may be in addition.
type (
	statsLimiter      interface{ Stats() LimiterStats }
	observableLimiter interface{ Observe(func(LimiterEvent)) }
)

// limiterStats is [Client.LimiterStats]. Calls wait at the admission first, for
// the end of a pause, and then at the user's own limiter.
func (c *core) limiterStats() LimiterStats {
	own := c.admission.Stats()
	stats := LimiterStats{Limit: own.Limit, Used: own.Used, NextSlot: own.NextSlot}
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

// observeLimiter has the user's own limiter tell the observers of its events.
func (c *core) observeLimiter() {
	limiter, ok := c.limiter.(observableLimiter)
	if ok && len(c.observers) > 0 {
		limiter.Observe(func(event LimiterEvent) { c.limiterEvent(context.Background(), event) })
	}
}

// limiterEvent tells the observers of an event. They learn of each pause once: the
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

// foretell tells the observers that the user's own limiter will have the call of
// place wait, if it says so.
func (c *core) foretell(ctx context.Context, place *quota.Call) {
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
