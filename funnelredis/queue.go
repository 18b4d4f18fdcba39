package funnelredis

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// A queue holds the calls of one priority that wait for a slot, in the order in
// which they were made.
type queue []*waiter

// A waiter receives its turn once, when it leaves the queue.
type waiter struct {
	priority int
	deadline time.Time // zero: none
	turn     chan turn // buffered: sending does not block
}

// A turn is a slot, or why there is none.
type turn struct {
	slot string
	err  error
}

func newWaiter(ctx context.Context, priority int) *waiter {
	deadline, _ := ctx.Deadline()
	return &waiter{priority: priority, deadline: deadline, turn: make(chan turn, 1)}
}

// refuse returns the error of a waiter whose deadline is before the next slot.
func (w *waiter) refuse(freeAt time.Time) error {
	if w.deadline.IsZero() || !w.deadline.Before(freeAt) {
		return nil
	}
	return &noRoomError{time.Until(freeAt)}
}

// A noRoomError refuses a call whose slot is free only after its context's
// deadline.
type noRoomError struct{ wait time.Duration }

func (e *noRoomError) Error() string {
	return fmt.Sprintf("funnelredis: no slot of the shared quota is free for another %s, which is after the context's deadline", e.wait.Round(time.Millisecond))
}

// RetryAfter returns the time until the slot is free: see [funnel.Limiter].
func (e *noRoomError) RetryAfter() time.Duration { return e.wait }

// Unwrap returns [context.DeadlineExceeded].
func (e *noRoomError) Unwrap() error { return context.DeadlineExceeded }

// serve gives the first waiter its turn, and reports whether there was one.
func (q *queue) serve(t turn) bool {
	if len(*q) == 0 {
		return false
	}
	(*q)[0].turn <- t
	*q = (*q)[1:]
	return true
}

// remove removes w, and reports whether it was still waiting.
func (q *queue) remove(w *waiter) bool {
	i := slices.Index(*q, w)
	if i < 0 {
		return false
	}
	*q = slices.Delete(*q, i, i+1)
	return true
}

// refuse refuses the waiters whose deadline is before the next slot.
func (q *queue) refuse(freeAt time.Time) {
	*q = slices.DeleteFunc(*q, func(w *waiter) bool {
		err := w.refuse(freeAt)
		if err != nil {
			w.turn <- turn{err: err}
		}
		return err != nil
	})
}
