package funnel

import (
	"time"
)

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
	LimiterDataLost  LimiterEventKind = "data_lost"  // the store has lost its data: the lost slots count as taken until all are free
)
