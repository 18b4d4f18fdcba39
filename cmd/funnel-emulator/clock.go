package main

import (
	"errors"
	"sync/atomic"
	"time"
)

// maxAhead bounds how far the clock can be ahead, so that its years have four
// digits.
const maxAhead = 100 * 365 * 24 * time.Hour

// A clock is the API's clock: the machine's, or ahead of it.
type clock struct {
	ahead atomic.Int64 // a time.Duration
}

func (c *clock) now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

// advance moves the clock forward.
func (c *clock) advance(d time.Duration) error {
	for {
		ahead := c.ahead.Load()
		switch {
		case d <= 0:
			return errors.New("advance: is zero or negative, and the clock only moves forward: use a duration such as 25h")
		case d > maxAhead-time.Duration(ahead):
			return errors.New("advance: the clock can be at most 100 years ahead")
		case c.ahead.CompareAndSwap(ahead, ahead+int64(d)):
			return nil
		}
	}
}

// reset sets the clock to the machine's.
func (c *clock) reset() { c.ahead.Store(0) }
