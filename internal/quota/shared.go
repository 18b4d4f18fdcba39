package quota

import (
	"math"
	"time"
)

// A serverWindow is what the rate limit headers show of the server's own window. That
// window opens with a request and ends per later.
type serverWindow struct {
	turns     moment // when it has certainly ended; 0 before the first response
	since     moment // when the request of its first response was sent
	left      int    // the lowest number of remaining requests since
	responses int    // since the first

	lag      time.Duration // for how long its count may go on after its end
	extended bool          // the count went on, and turns is after that

	newest int // the newest of our requests that has a response
	credit int // how many of ours the server has counted that ours does not contain yet

	used, ours float64 // the last requests that the server has counted, and ours among them
}

const (
	// shareMemory is how many of the last requests the share is computed from. From 20 or
	// fewer it is too unsteady: one of two programs gets nearly everything, and both are
	// rejected.
	shareMemory = 100

	// initialEvidence is the number of requests of its own that a program assumes before
	// the first response: it is alone until the headers show other requests.
	initialEvidence = 5

	// alone is the smallest share of a program that counts as alone. It is below 1 because
	// responses overtake each other.
	alone = 0.9
)

// serverPer is the length of the server's window in the API's reference. A client with
// a shorter window assumes that length.
const serverPer = time.Minute

// counterLag is how long the server may go on with the count of a window that has ended,
// or a quarter of a shorter window. With Laravel's file store it is one second for each
// second that ends while a request is being counted: usually 0, rarely 1 or 2.
const counterLag = 3 * time.Second

func newServerWindow() serverWindow {
	return serverWindow{used: initialEvidence, ours: initialEvidence}
}

// observe records the response to a request. taken and flying are the numbers of requests
// so far and in flight. It belongs to a new window if more requests remain than the
// requests in flight can explain, and to the previous window if the request was sent
// before the first one of this window.
//
// The server counts requests approximately in the order in which they were sent, and
// requests may wait in a queue before they are counted. So all requests that were sent
// before the newest one with a response are assumed to be counted, and later ones are not.
func (s *serverWindow) observe(now moment, request slot, remaining, taken, flying int, per time.Duration) {
	late := request.sent - s.turns
	switch {
	case late >= 0 && late < s.lag && remaining < s.left && !s.extended:
		s.extended = true
		s.turns += s.lag
		s.responses++
	case late >= 0 || request.sent >= s.since && remaining > s.left+s.responses+flying+spread:
		s.turns, s.since, s.left, s.responses = now+per, request.sent, remaining, 0
		s.lag, s.extended = min(counterLag, per/4), false
		s.newest, s.credit = taken-flying, 0
	case request.sent < s.since:
		return
	default:
		s.responses++
	}
	if request.number > s.newest {
		s.credit += request.number - s.newest
		s.newest = request.number
	}
	if used := s.left - remaining; used > 0 {
		s.left = remaining
		ours := min(used, max(0, s.credit))
		s.credit -= ours
		s.used += float64(used)
		s.ours += float64(ours)
		if s.used > shareMemory {
			s.ours *= shareMemory / s.used
			s.used = shareMemory
		}
	}
}

// share returns our part of the quota: 1 if we are alone, and 0.5 at most otherwise.
func (s *serverWindow) share() float64 {
	if share := s.ours / s.used; share < alone {
		return min(share, 0.5)
	}
	return 1
}

// spread is by how many requests responses may overtake each other.
const spread = 10

// most returns how many requests may be in flight at once. Since the last response was
// sent, other programs may have sent requests. So it is the square of our share of what
// was left: a program that is alone may use everything.
func (s *serverWindow) most(now moment, n int) int {
	share := s.share()
	// A server without a limit may send the largest int, which as a float overflows an int.
	most := int(min(share*share*float64(s.left), math.MaxInt32))
	if now >= s.turns { // no response from the window that is open now
		all := int(math.Ceil(share * float64(n)))
		if now < s.turns+s.lag && s.left > 0 { // it may go on with the old count, unless that was used up
			all = min(all, most)
		}
		return max(1, all)
	}
	if s.left >= fewLeft {
		return max(1, most) // even the smallest share may try
	}
	return most
}

// fewLeft is how many remaining requests are enough for one request of every program.
const fewLeft = 20

// spent reports whether nothing can be sent before the server's window ends.
func (s *serverWindow) spent(now moment) bool {
	return now < s.turns && s.most(now, 0) == 0
}

// A learnedSize is how many slots of a window are ours if there are no rate limit headers:
// only rejections show that other programs use the key.
type learnedSize struct {
	size   int
	cut    moment // when it last shrank
	growth moment // when it grows next
	step   int    // by how much
	grown  int    // how many times it has grown since
}

// cleanWindows is how many windows without a rejection pass before the size grows again.
// The pause after the rejection is the first of them.
const cleanWindows = 3

// patience is how many times the size grows by the same step before the step doubles each
// time. The program that was rejected last comes last in each window of the server, so it
// would be rejected again if the others grew quickly.
const patience = 5

// shrink reduces the size after a rejection, to slightly less than the server has
// accepted. sent is when the rejected request was sent.
//
// A first rejection does not count if hardly anything was accepted: another program may
// have used up the quota before this one started.
func (l *learnedSize) shrink(now, sent moment, accepted, n int, per time.Duration) {
	known := l.cut > 0 && sent <= l.cut
	if known || accepted >= n-n/50 { // the latter is all that we may use
		return
	}
	first := l.cut == 0 || now > l.cut+cleanWindows*per
	l.cut = now
	if first && accepted < n/10 {
		return
	}
	l.size = max(1, n/20, accepted-accepted/50)
	l.growth = now + cleanWindows*per
	l.step = max(1, n/100)
	l.grown = 0
}

// accepted records that a request was accepted. If it was sent before the last
// rejection, the size was larger than assumed then.
func (l *learnedSize) accepted(sent moment, n int) {
	if l.cut > 0 && sent <= l.cut {
		l.size = min(n, l.size+1)
	}
}

// grow increases the size for each window without a rejection.
func (l *learnedSize) grow(now moment, n int, per time.Duration) {
	for l.size < n && now >= l.growth {
		l.size += min(l.step, n-l.size)
		l.growth += per
		if l.grown++; l.grown >= patience {
			l.step *= 2
		}
	}
}
