package quota

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// An Outcome is how a request that a [Window] let through ended.
type Outcome struct {
	Sent       bool          // false: surely not sent
	StatusCode int           // 0: no answer
	Remaining  int           // as the server said; Unknown
	RetryAfter time.Duration // as the server said
}

// A Window lets n requests through in any stretch of time as long as per,
// counted as the server counts them, whatever the network does: a request holds
// its slot until per after its answer came, since the server has counted it by
// then.
//
// The quota belongs to the key, and other programs may use it too. The window
// sees them in two ways, and makes room for them. Where the server says how many
// requests remain, never more are under way than this program's share of
// those, and at zero it waits for the server's window to turn. Where it does
// not, a refusal below the own count tells that the rest is somebody else's: the
// window shrinks to what was its own and grows back carefully.
type Window struct {
	line

	n       int           // slots
	per     time.Duration // how long an answered request holds its slot
	grace   time.Duration // on top for one without an answer, which may still arrive
	base    time.Time     // moments below are since then, on the monotonic clock
	flying  int           // requests under way
	held    []moment      // when the slots of past requests come free, ascending
	server  serverWindow
	learned learnedSize
}

// A moment is a time since Window.base.
type moment = time.Duration

// NewWindow returns a window of n requests in any stretch of time as long as
// per. Of a large n it keeps one in a hundred for what net/http repeats by
// itself.
func NewWindow(n int, per time.Duration) *Window {
	n -= n / 100
	return &Window{
		n:       n,
		per:     per,
		grace:   per / 12,
		base:    time.Now(),
		learned: learnedSize{size: n},
		server:  serverWindow{share: 1},
	}
}

// A DeadlineError refuses a request whose turn comes only after its context's
// deadline. It unwraps to [context.DeadlineExceeded].
type DeadlineError struct{ Wait time.Duration }

func (e *DeadlineError) Error() string {
	return fmt.Sprintf("the quota has no room for another %s, which is after the context's deadline", e.Wait.Round(time.Millisecond))
}

// RetryAfter returns Wait, as the errors of all limiters do that know it.
func (e *DeadlineError) RetryAfter() time.Duration { return e.Wait }

// Unwrap makes the error one of the context's.
func (e *DeadlineError) Unwrap() error { return context.DeadlineExceeded }

// Acquire waits for a slot. The caller must release it with the outcome.
func (w *Window) Acquire(ctx context.Context) (release func(Outcome), err error) {
	var sent moment
	err = w.wait(ctx, func() time.Duration {
		now := w.now()
		d := w.delay(now)
		if d == 0 {
			w.flying++
			sent = now
		}
		return d
	}, func(ahead int) error { return w.refuse(ctx, ahead) })
	if err != nil {
		return nil, err
	}
	return func(o Outcome) { w.release(sent, o) }, nil
}

// Left returns how many requests the window would let through now.
func (w *Window) Left() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.expire(w.now())
	return max(0, w.learned.size-w.used())
}

func (w *Window) now() moment { return time.Since(w.base) }

func (w *Window) used() int { return w.flying + len(w.held) }

// expire gives back the slots whose time has come.
func (w *Window) expire(now moment) {
	i := 0
	for i < len(w.held) && w.held[i] <= now {
		i++
	}
	w.held = w.held[i:]
}

// delay returns how long the next request has to wait as things stand.
func (w *Window) delay(now moment) time.Duration {
	w.expire(now)
	w.learned.grow(now, w.n, w.per)
	if over := w.used() - w.learned.size; over >= 0 {
		if over >= len(w.held) {
			return untilPoked // only an answer can help
		}
		return w.held[over] - now
	}
	if most := w.server.most(now, w.n); w.flying >= most {
		if now < w.server.turns {
			return w.server.turns - now
		}
		return untilPoked
	}
	return 0
}

// refuse returns a [DeadlineError] where a caller with so many ahead of it
// cannot possibly be served before ctx's deadline.
func (w *Window) refuse(ctx context.Context, ahead int) error {
	deadline, ok := ctx.Deadline()
	if !ok {
		return nil
	}
	now := w.now()
	over := w.used() + ahead - w.learned.size
	wait := time.Duration(0)
	switch {
	case over < 0:
	case over < len(w.held):
		wait = w.held[over] - now
	default: // its slot is one of a request that is not even answered
		wait = w.per
	}
	if w.server.spent(now) {
		wait = max(wait, w.server.turns-now)
	}
	if time.Until(deadline) <= wait {
		return &DeadlineError{Wait: wait}
	}
	return nil
}

func (w *Window) release(sent moment, o Outcome) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.now()
	w.flying--
	switch {
	case !o.Sent:
	case o.StatusCode == 0:
		w.hold(now + w.per + w.grace)
	case o.StatusCode == http.StatusTooManyRequests: // refused: the server did not count it
		w.expire(now)
		if o.Remaining == Unknown && now >= w.server.turns { // else the server's word counts
			w.learned.shrink(now, sent, len(w.held), w.n, w.per)
		}
	default:
		w.hold(now + w.per)
		w.learned.accepted(sent, w.n)
	}
	if o.Sent && o.Remaining != Unknown {
		w.server.observe(now, sent, o.Remaining, w.flying, min(w.per, serverPer))
	}
	w.poke()
}

// hold keeps a slot until then. The moments come in ascending order but for
// those with a grace on top.
func (w *Window) hold(until moment) {
	i := len(w.held)
	for i > 0 && w.held[i-1] > until {
		i--
	}
	w.held = slices.Insert(w.held, i, until)
}
