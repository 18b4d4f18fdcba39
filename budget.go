package funnel

import (
	"math"
	"sync"
)

// A budget keeps a long outage from multiplying the load: retries take from a store
// that successes fill. A short outage passes unnoticed; in a long one there is hardly
// more than one request per call.
type budget struct {
	mu    sync.Mutex
	store int // in units of what a failed call returns
	full  int // 0: unlimited
}

// A success returns a retry to the store, and a failed call a twentieth, so that a
// program that has used up its budget still notices the end of an outage.
const unitsPerRetry = 20

func newBudget(retries int) *budget {
	if retries < 0 {
		return &budget{}
	}
	full := unitsPerRetry * min(retries, math.MaxInt/unitsPerRetry)
	return &budget{store: full, full: full}
}

// deposit adds what one call is worth.
func (b *budget) deposit(success bool) {
	units := 1
	if success {
		units = unitsPerRetry
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.full > 0 {
		b.store = min(b.full-units, b.store) + units
	}
}

// withdraw takes one retry, if there is one.
func (b *budget) withdraw() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.full == 0 {
		return true
	}
	if b.store < unitsPerRetry {
		return false
	}
	b.store -= unitsPerRetry
	return true
}
