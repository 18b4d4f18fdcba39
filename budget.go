package funnel

import (
	"math"
	"sync"
)

// A budget keeps a long outage from multiplying the load: retries draw on a
// store that calls fill up slowly. A blip of a few seconds passes unnoticed; in
// a long outage there is one retry for two calls.
type budget struct {
	mu     sync.Mutex
	halves int // what is in store, in half retries
	full   int // 0: without end
}

func newBudget(retries int) *budget {
	if retries < 0 {
		return &budget{}
	}
	full := 2 * min(retries, math.MaxInt/2)
	return &budget{halves: full, full: full}
}

// deposit adds what one call is worth.
func (b *budget) deposit() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.halves = min(b.full, b.halves+1)
}

// withdraw takes one retry, if there is one.
func (b *budget) withdraw() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.full == 0 {
		return true
	}
	if b.halves < 2 {
		return false
	}
	b.halves -= 2
	return true
}
