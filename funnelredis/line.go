package funnelredis

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// A line is those who wait for a slot, in the order in which they came.
type line []*waiter

// A waiter gets its turn once, at the moment at which it is taken out of the
// line.
type waiter struct {
	deadline time.Time // zero: none
	turn     chan turn // buffered: whoever serves does not wait
}

// A turn is a slot, or why there is none.
type turn struct {
	slot string
	err  error
}

func newWaiter(ctx context.Context) *waiter {
	deadline, _ := ctx.Deadline()
	return &waiter{deadline: deadline, turn: make(chan turn, 1)}
}

// hopeless returns the error of one whose deadline is before the next slot.
func (w *waiter) hopeless(freeAt time.Time) error {
	if w.deadline.IsZero() || !w.deadline.Before(freeAt) {
		return nil
	}
	return &noRoomError{time.Until(freeAt)}
}

// A noRoomError refuses a request whose slot comes only after its context's
// deadline.
type noRoomError struct{ wait time.Duration }

func (e *noRoomError) Error() string {
	return fmt.Sprintf("funnelredis: the shared quota has no room for another %s, which is after the context's deadline", e.wait.Round(time.Millisecond))
}

// RetryAfter tells the client, as [funnel.Limiter] asks for.
func (e *noRoomError) RetryAfter() time.Duration { return e.wait }

// Unwrap makes the error one of the context's.
func (e *noRoomError) Unwrap() error { return context.DeadlineExceeded }

// serve gives whoever is first a turn, and reports whether there was anybody.
func (l *line) serve(t turn) bool {
	if len(*l) == 0 {
		return false
	}
	(*l)[0].turn <- t
	*l = slices.Delete(*l, 0, 1)
	return true
}

// remove takes w out, and reports whether it was still waiting.
func (l *line) remove(w *waiter) bool {
	i := slices.Index(*l, w)
	if i < 0 {
		return false
	}
	*l = slices.Delete(*l, i, i+1)
	return true
}

// refuse turns away those who cannot get a slot before their deadlines.
func (l *line) refuse(freeAt time.Time) {
	*l = slices.DeleteFunc(*l, func(w *waiter) bool {
		err := w.hopeless(freeAt)
		if err != nil {
			w.turn <- turn{err: err}
		}
		return err != nil
	})
}
