package quota

import (
	"net/http"
	"slices"
	"time"
)

// An Outcome describes how an admitted request ended.
type Outcome struct {
	Sent       bool          // false: certainly not sent
	StatusCode int           // 0: no response
	Remaining  int           // from the headers; Unknown
	Limit      int           // from the headers; Unknown or 0
	RetryAfter time.Duration // from the headers
	Repeats    int           // how often net/http repeated the request by itself
	Waited     time.Duration // how long the request waited for another limiter after it was admitted

	Ended   bool // its own context has ended it
	Success bool // the API has responded, other than with a 429
	Failed  bool // an outage is the likely reason: a 5xx, no response, or a response that is not the API's
}

// A window admits n requests in any period of length per, as the server counts them: a
// request holds its slot until per after its response, because the server has counted it
// before the response.
//
// The quota belongs to the key, and other programs may use the same key. The window
// leaves room for them:
//
//   - If the responses have rate limit headers, no more requests are in flight than this
//     program's share of what remains. At zero it waits for the next window of the server.
//   - Otherwise a rejection below the own count shows that others use the rest: the window
//     shrinks to what the server has accepted, and grows back slowly.
type window struct {
	n       int           // slots
	per     time.Duration // how long a request holds its slot after its response
	grace   time.Duration // on top for one without a response, which may still arrive
	taken   int           // requests so far
	flying  int           // requests in flight
	cost    int           // slots that each of them uses: 1, or more if net/http may repeat it
	careful moment        // until when it may, since it has repeated others
	held    []moment      // when the slots of past requests become free, ascending
	server  serverWindow
	learned learnedSize
}

// newWindow returns a window of n requests. For an n of 100 or more, 1 % is not used,
// because net/http may repeat a request by itself.
func newWindow(n int, per time.Duration) *window {
	n -= n / 100
	return &window{
		n:       n,
		per:     per,
		cost:    1,
		grace:   per / 12,
		learned: learnedSize{size: n},
		server:  newServerWindow(),
	}
}

// left returns how many requests the window would admit now.
func (w *window) left(now moment) int {
	w.expire(now)
	return max(0, w.learned.size-w.used())
}

func (w *window) used() int { return w.flying*w.cost + len(w.held) }

// expire frees the slots whose time is over.
func (w *window) expire(now moment) {
	i := 0
	for i < len(w.held) && w.held[i] <= now {
		i++
	}
	w.held = w.held[i:]
	if now >= w.careful {
		w.cost = 1
	}
}

// A slot is the place of a request in flight in a window.
type slot struct {
	number int // of the request, ascending
	sent   moment
}

// take uses a slot.
func (w *window) take(now moment) slot {
	w.flying++
	w.taken++
	return slot{w.taken, now}
}

// opens returns the moment at which a slot is free: now, later, or never if that depends
// on a response.
func (w *window) opens(now moment) moment {
	w.expire(now)
	w.learned.grow(now, w.n, w.per)
	if over := w.used() - w.learned.size; over >= 0 {
		if over >= len(w.held) {
			return never
		}
		return w.held[over]
	}
	if most := w.server.most(now, w.n); w.flying >= most {
		switch {
		case now < w.server.turns:
			return w.server.turns
		case now < w.server.turns+w.server.lag:
			return w.server.turns + w.server.lag
		}
		return never
	}
	return now
}

// opensBeyond returns the moment at which a background call may take a slot: more are
// free than the ones reserved for interactive calls, of which rate come in a second. It
// is called only if opens has returned now, so at least one slot is free.
//
// Interactive calls never wait if, in every period from now on, the slots that are free
// or become free are enough for the calls that are expected in it. The slots of requests
// in flight become free last. If they are needed, only a response or a lower rate helps:
// look again in a second.
func (w *window) opensBeyond(now moment, rate float64) moment {
	if rate <= 0 {
		return now
	}
	spare := w.learned.size / spareShare
	free := w.learned.size - w.used() - 1 - spare
	at := now
	beyond := func(until moment, slots int) { // this many slots have to last until then
		if slots >= 0 {
			until -= moment(float64(slots+1) / rate * float64(time.Second))
		}
		at = max(at, until)
	}
	if float64(free) < rate*w.per.Seconds() { // otherwise there are enough for the whole window
		for i, freed := range w.held {
			beyond(freed, free+i)
		}
		if float64(w.learned.size-w.flying-spare) < rate*w.per.Seconds() {
			at = max(at, now+time.Second)
		}
	}
	if now < w.server.turns && w.server.share() == 1 { // with other programs on the key nothing can be reserved
		beyond(w.server.turns, w.server.left-w.flying-1)
	}
	return at
}

// spareShare is the part of the slots that background calls never use: 1/148.
const spareShare = 148

// wait returns how long at least a call has to wait with that many calls ahead of it.
func (w *window) wait(now moment, ahead int) time.Duration {
	w.expire(now)
	var wait time.Duration
	if over := w.used() + ahead - w.learned.size; over >= 0 {
		// Each slot is used once in a window.
		if rest := over % max(1, w.learned.size); rest < len(w.held) {
			wait = w.held[rest] - now
		} else {
			wait = w.per
		}
		wait += w.per * time.Duration(over/max(1, w.learned.size))
	}
	if w.server.spent(now) {
		wait = max(wait, w.server.turns-now)
	}
	return wait
}

// release records the outcome of the request that used a slot. explained means that a
// rejection has another reason than the size of the window.
func (w *window) release(now moment, s slot, o Outcome, explained bool) {
	w.flying--
	switch {
	case !o.Sent:
	case o.StatusCode == 0:
		w.hold(now + w.per + w.grace)
	case o.StatusCode == http.StatusTooManyRequests: // rejected: the server did not count it
		w.expire(now)
		if !explained && o.Remaining == Unknown && now >= w.server.turns { // the headers are more precise
			w.learned.shrink(now, s.sent, len(w.held), w.n, w.per)
		}
	default:
		w.hold(now + w.per)
		w.learned.accepted(s.sent, w.n)
	}
	for range o.Repeats {
		w.hold(now + w.per)
		w.cost, w.careful = max(w.cost, 1+o.Repeats), now+w.per
	}
	if o.Sent && o.Remaining != Unknown {
		w.server.observe(now, s, o.Remaining, w.taken, w.flying, w.serverPer(o.Limit))
	}
}

// serverPer returns the length of the server's window: that of the API's reference, or a
// shorter one that the client was configured with. If the server's limit is larger than
// the client's, the server's window is longer in proportion.
func (w *window) serverPer(limit int) time.Duration {
	per := w.per
	if limit > 0 {
		per = max(per, w.per*time.Duration(min(limit, 1<<20))/time.Duration(w.n))
	}
	return min(per, serverPer)
}

// hold keeps a slot taken until then. The moments come in ascending order, except for
// those with grace added.
func (w *window) hold(until moment) {
	i := len(w.held)
	for i > 0 && w.held[i-1] > until {
		i--
	}
	w.held = slices.Insert(w.held, i, until)
}
