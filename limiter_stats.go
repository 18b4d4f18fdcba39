package funnel

import (
	"time"
)

// LimiterStats is a snapshot of a rate limiter, for metrics and status pages.
type LimiterStats struct {
	Limit       int       // slots per window, 594 for the API's limit of 600; 0: unknown
	Used        int       // slots that are taken now: at most Limit
	Interactive int       // calls without low priority that wait for a slot
	Background  int       // calls with low priority that wait for a slot, see InBackground
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
	StoreLost     StoreState = "lost"     // the store does not respond: calls wait, or fail
	StoreFallback StoreState = "fallback" // the store does not respond: calls go on, within this process's share of the quota
)

// A LimiterEvent is a change of a limiter's state that an operator may want to know.
// The store is the place where a limiter for several processes keeps its counts, such
// as Redis for funnelredis.
type LimiterEvent struct {
	Kind  LimiterEventKind
	Until time.Time // the end of a pause; otherwise zero
	Err   error     // why the store does not respond; otherwise nil
}

// A LimiterEventKind is the kind of a [LimiterEvent].
type LimiterEventKind string

// The kinds of events.
const (
	LimiterPaused    LimiterEventKind = "paused"     // after a 429, of this process or of another
	LimiterStoreLost LimiterEventKind = "store_lost" // the store does not respond
	LimiterFallback  LimiterEventKind = "fallback"   // calls go on without the store
	LimiterStoreBack LimiterEventKind = "store_back" // the store responds again
	LimiterDataLost  LimiterEventKind = "data_lost"  // the store has lost data: to be safe, fewer slots are used for one window
)
