package quota

import (
	"math/rand/v2"
	"net/http"
	"time"
)

// A pause is the time after a 429 in which nothing is sent. Requests that were in
// flight when it began can extend it by a 429 of their own. A pause costs a call no more
// than the longest time that one 429 asked for: how much later the others came does not
// count, or a burst of 429s would cost more than a call may wait.
type pause struct {
	began   moment // of the current pause or, if it is over, of the last one
	until   moment
	longest time.Duration // that one 429 asked for
	past    time.Duration // cost of the pauses before

	open   bool          // no request has succeeded since a pause
	before time.Duration // cost of the pauses before that one
}

// begin starts or extends a pause, and reports whether there was none.
func (p *pause) begin(now moment, d time.Duration) (began bool) {
	if began = now >= p.until; began {
		p.past, p.began, p.longest = p.cost(p.until), now, 0
		if !p.open {
			p.open, p.before = true, p.past
		}
	}
	p.until = max(p.until, now+d)
	p.longest = max(p.longest, d)
	return began
}

// end records the success of a request that was sent at that moment.
func (p *pause) end(sent moment) {
	if sent >= p.until {
		p.open = false
	}
}

// cost returns what all pauses have cost until that moment.
func (p *pause) cost(at moment) time.Duration {
	return p.past + min(min(at, p.until)-p.began, p.longest)
}

// A ramp limits the requests in flight after a pause and after an outage: one at
// first, and one more for each that succeeds.
type ramp struct {
	width      int // how many may be in flight; 0: any number
	inside     int // how many are in flight, of those admitted since it began
	admitted   moment
	generation int
	wasted     wasted
}

// wasted counts the requests in a row that their own contexts have ended, which shows
// nothing of the server. All waiting calls at one end of the queue may be about to end:
// so the calls with the most time left are tried too, and then any of another operation,
// because its callers may have more patience.
type wasted struct {
	n         int
	operation string // of the last one
}

// note records whether the request of a call was such a one.
func (w *wasted) note(c *Call, one bool) {
	if w.n++; !one {
		w.n = 0
	}
	w.operation = c.Operation
}

// The orders that are tried in turn.
const (
	inOrder = iota
	mostTimeFirst
	atRandom
	orders
)

func (w *wasted) order() int { return w.n % orders }

// random returns a function that reports whether c is chosen instead of other, which is
// the one chosen of those before it.
func (w *wasted) random() func(c, other *Call) bool {
	seen := 1
	return func(c, other *Call) bool {
		if another := c.Operation != w.operation; another != (other.Operation != w.operation) {
			if another {
				seen = 1
			}
			return another
		}
		seen++
		return rand.IntN(seen) == 0
	}
}

// fullWidth is how many successes end a ramp.
const fullWidth = 512

func (r *ramp) begin() {
	r.width, r.inside, r.wasted = 1, 0, wasted{}
	r.generation++
}

// opens returns the moment at which the next request may be sent if no response comes
// before.
func (r *ramp) opens(now moment) moment {
	if r.width == 0 || r.inside < r.width {
		return now
	}
	return r.admitted + hungAfter
}

func (r *ramp) enter(c *Call, now moment) {
	c.generation = r.generation
	r.inside++
	r.admitted = now
}

func (r *ramp) leave(c *Call, o Outcome) {
	if c.generation != r.generation {
		return
	}
	r.inside--
	r.wasted.note(c, o.Ended)
	if o.Success && r.width > 0 {
		if r.width++; r.width > fullWidth {
			r.width = 0
		}
	}
}

// A recovery begins when several requests in a row have failed, and ends when one
// that was sent afterwards succeeds. Meanwhile one probe at a time tests the server.
type recovery struct {
	open   bool
	opened moment
	streak int // failures since the last success

	pausedBefore time.Duration // what pauses had cost when it began

	next         moment // when the next probe may be sent
	probe        *Call  // in flight; nil: none is
	probed       moment // when it was sent
	operation    string // of the last failure
	wasted       wasted // probes
	failed       int    // failed probes since the client was made
	failedBefore int    // failed probes before this recovery
}

const (
	// opensAfter is how many failures in a row make an outage.
	opensAfter = 5

	// probeEvery is the time between two probes.
	probeEvery = time.Second

	// leastProbes is how many failed probes a call waits for at least.
	leastProbes = 3
)

func (r *recovery) fail(now moment, c *Call, paused time.Duration) {
	r.streak++
	r.operation = c.Operation
	switch {
	case r.open:
		if c.sent >= r.opened && !c.hung {
			r.failed++
		}
	case r.streak >= opensAfter:
		*r = recovery{open: true, opened: now, pausedBefore: paused, streak: r.streak, operation: c.Operation, next: now, failed: r.failed, failedBefore: r.failed}
	}
}

// succeeded records the success of a request that was sent at that moment, and reports
// whether it ends the recovery.
func (r *recovery) succeeded(sent moment) bool {
	if r.open && sent < r.opened {
		return false
	}
	ended := r.open
	r.open, r.streak, r.probe = false, 0, nil
	return ended
}

// noteProbe records how a probe ended that is no failed request. One that authentication
// has failed, or that met a bad certificate, says no more of the server, but the others
// must not wait for ever.
func (r *recovery) noteProbe(c *Call, o Outcome) {
	r.wasted.note(c, o.Ended)
	if !o.Ended && !o.Success && !o.Failed && !c.hung && o.StatusCode != http.StatusTooManyRequests {
		r.failed++
	}
}

// choose returns a function that reports whether c is a better probe than other, which is
// the best of those before it.
func (r *recovery) choose() func(c, other *Call) bool {
	switch r.wasted.order() {
	case mostTimeFirst:
		return (*Call).hasMoreTime
	case atRandom:
		return r.wasted.random()
	}
	return r.prefers
}

// prefers reports whether c is a better probe than other, if none was wasted. In this
// order:
//   - a call of another operation than the one that failed last;
//   - of equal priority, the call with fewer attempts, so that no call uses up its
//     attempts while others have some left;
//   - the call that is first in the queue.
func (r *recovery) prefers(c, other *Call) bool {
	if another := c.Operation != r.operation; another != (other.Operation != r.operation) {
		return another
	}
	if c.Background == other.Background && c.attempts != other.attempts {
		return c.attempts < other.attempts
	}
	return c.before(other)
}

// tick counts a probe that hangs as failed.
func (r *recovery) tick(now moment) {
	if r.probe != nil && !r.probe.hung && now >= r.probed+hungAfter {
		r.probe.hung = true
		r.failed++
	}
}

// giveBack ends a call's role as the probe, if it has it.
func (r *recovery) giveBack(c *Call) {
	if r.probe == c {
		r.probe = nil
	}
}

// nextLook returns the moment at which the next probe may be sent.
func (r *recovery) nextLook(now moment) moment {
	at := r.next
	if r.probe != nil {
		at = max(at, r.probed+hungAfter)
	}
	return max(at, now)
}

// A pace spreads requests evenly, because the server seems to limit each second as
// well. It stays for the life of the client.
type pace struct {
	window   time.Duration
	interval time.Duration // between two requests; 0: none
	step     int           // in paceParts
	began    moment        // the interval
	next     moment        // when the next request may be sent

	second        moment // beginning of the last second in which requests were sent
	count, before int    // requests in it, and in the one before
}

// paceParts are the parts of the limit that a pace uses: the first one, and the next one
// after each rejection. With more, jitter of the network would exceed the limit of a
// second.
var paceParts = [...]float64{0.8, 0.7}

func (p *pace) sent(now moment) {
	if p.interval > 0 {
		p.next = max(p.next, now-p.interval/8) + p.interval // makes up for a late timer
	}
	if now >= p.second+time.Second {
		p.before = 0
		if now < p.second+2*time.Second {
			p.before = p.count
		}
		p.second, p.count = now, 0
	}
	p.count++
}

// explains decides what a rejection means that no header explains. Far below the
// limit, and after more requests in a second than an even pace allows, of which some
// were accepted, the server probably limits each second: an even pace explains it.
// It certainly does if the server says that some requests remain. Rejections under the
// slowest pace mean that other programs use the key.
func (p *pace) explains(now, sent moment, remaining int, w *window) bool {
	switch {
	case p.interval == 0:
	case sent <= p.began:
		return true
	case p.step+1 == len(paceParts):
		return false
	default:
		p.step++
		p.keep(now, w)
		return true
	}
	w.expire(now)
	perSecond := float64(w.n) / p.window.Seconds()
	accepted := len(w.held)
	if p.window <= time.Second || float64(max(p.count, p.before)) <= perSecond {
		return false
	}
	if remaining == Unknown && (accepted >= w.n/4 || float64(accepted) < perSecond/2) {
		return false
	}
	p.keep(now, w)
	return true
}

// keep begins an even pace.
func (p *pace) keep(now moment, w *window) {
	p.interval = time.Duration(float64(p.window) / (paceParts[p.step] * float64(w.n)))
	p.began = now
}

// arrivals count the interactive calls of the last minute.
type arrivals struct {
	buckets [60]int
	latest  int // the second that was counted last
}

func (l *arrivals) add(now moment) {
	l.forget(now)
	l.buckets[l.latest%len(l.buckets)]++
}

// forget empties the buckets of the seconds that have passed without a call.
func (l *arrivals) forget(now moment) {
	second := int(now / time.Second)
	for l.latest < second {
		l.latest = max(l.latest+1, second-len(l.buckets))
		l.buckets[l.latest%len(l.buckets)] = 0
	}
}

// rate returns for how many interactive calls per second slots are reserved: a
// quarter more than came in the last minute or in the last few seconds, at least two,
// and never so many that background calls get less than two fifths of what is ours.
func (l *arrivals) rate(now moment, w *window) float64 {
	l.forget(now)
	all, recent := 0, 0
	for i, n := range l.buckets {
		all += n
		if age := (l.latest - i + len(l.buckets)) % len(l.buckets); age < recentSeconds {
			recent += n
		}
	}
	rate := max(2, 1.25*float64(all)/float64(len(l.buckets)), 1.25*float64(recent)/recentSeconds)
	return min(rate, 0.6*float64(w.learned.size)/w.per.Seconds())
}

const recentSeconds = 10
