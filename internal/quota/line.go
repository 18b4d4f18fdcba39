// Package quota decides when a request may be sent: a [Gate] that pauses all of
// a client's requests after a 429, and a [Window] that keeps them within so
// many a minute. Both are waiting lines that cost no goroutine and no CPU.
package quota

import (
	"context"
	"math"
	"sync"
	"time"
)

// A line is a FIFO queue in front of a resource that its owner describes by a
// function. Only whoever stands first looks at the clock; the others sleep
// until it is their turn. So nobody starves and nothing spins, and the line
// needs no goroutine of its own.
type line struct {
	mu          sync.Mutex
	first, last *waiter
	length      int
}

type waiter struct {
	next, prev *waiter
	wake       chan struct{} // buffered: whoever wakes does not wait
}

// untilPoked is the answer of a ready function that no clock can help.
const untilPoked = time.Duration(math.MaxInt64)

// wait returns nil as soon as it is the caller's turn and ready returns 0; what
// ready claims by that is then the caller's. Otherwise ready returns how long to
// wait before it is asked again; a poke asks it earlier. It runs under l.mu.
//
// admit, if not nil, refuses the caller by its error: before it joins the line
// behind that many others, and whenever it is woken.
func (l *line) wait(ctx context.Context, ready func() time.Duration, admit func(ahead int) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.first == nil && ready() == 0 {
		return nil
	}
	if admit != nil {
		if err := admit(l.length); err != nil {
			return err
		}
	}
	w := &waiter{wake: make(chan struct{}, 1)}
	l.join(w)
	defer l.leave(w)
	for {
		delay := untilPoked
		if l.first == w {
			if delay = ready(); delay == 0 {
				return nil
			}
		}
		if err := l.sleep(ctx, w, delay); err != nil {
			return err
		}
		if admit != nil { // things may have changed
			if err := admit(0); err != nil {
				return err
			}
		}
	}
}

// sleep gives up the lock until w is woken, delay is over or ctx ends.
func (l *line) sleep(ctx context.Context, w *waiter, delay time.Duration) error {
	l.mu.Unlock()
	defer l.mu.Lock()
	var alarm <-chan time.Time
	if delay != untilPoked {
		timer := time.NewTimer(delay)
		defer timer.Stop()
		alarm = timer.C
	}
	select {
	case <-w.wake:
	case <-alarm:
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}

func (l *line) join(w *waiter) {
	if l.last == nil {
		l.first = w
	} else {
		l.last.next, w.prev = w, l.last
	}
	l.last = w
	l.length++
}

// leave takes w out of the line and lets the one who is first now look.
func (l *line) leave(w *waiter) {
	if w.prev == nil {
		l.first = w.next
	} else {
		w.prev.next = w.next
	}
	if w.next == nil {
		l.last = w.prev
	} else {
		w.next.prev = w.prev
	}
	l.length--
	l.poke()
}

// pokeAll lets everybody in the line look again. The caller holds l.mu.
func (l *line) pokeAll() {
	for w := l.first; w != nil; w = w.next {
		w.poke()
	}
}

// poke lets the first in the line ask again. The caller holds l.mu.
func (l *line) poke() {
	if l.first != nil {
		l.first.poke()
	}
}

func (w *waiter) poke() {
	select {
	case w.wake <- struct{}{}:
	default: // it is awake already
	}
}
