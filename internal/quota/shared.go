package quota

import (
	"math"
	"time"
)

// A serverWindow is what the server's headers tell of its own window, which opens
// with a request and closes per later.
type serverWindow struct {
	turns moment // by then it has closed for sure; 0 before the first response
	since moment // when the request of its first response was sent
	first int    // requests that remained at the first response from it
	left  int    // the fewest that have remained since
	ours  int    // our own responses since the first

	share float64 // of what is used, how much is ours
	prior float64 // the share at the end of the window before
}

// priorWeight is for how many requests' worth of evidence the share learned
// before counts.
const priorWeight = 20

// A serverWindow lasts as long as the API's reference says, or as the one that
// was asked for, where that is shorter.
const serverPer = time.Minute

// observe takes note of a response to a request that was sent at the given moment,
// while so many others are under way. More left than requests under way can explain
// is another window; what was sent before the window opened is a late response of the
// one before.
func (s *serverWindow) observe(now, sent moment, remaining, flying int, per time.Duration) {
	if sent >= s.turns || sent >= s.since && remaining > s.left+s.ours+flying+spread {
		*s = serverWindow{turns: now + per, since: sent, first: remaining, left: remaining, share: s.share, prior: s.share}
		return
	}
	if sent < s.since {
		return
	}
	s.ours++
	s.left = min(s.left, remaining)
	// Those under way may be counted already or not; taking them for counted
	// keeps our own latency from looking like somebody else's requests.
	ours := float64(s.ours + flying)
	all := max(ours, float64(s.first-s.left))
	s.share = (ours + s.prior*priorWeight) / (all + priorWeight)
}

// spread is by how many requests responses may overtake each other.
const spread = 10

// most returns how many requests may be under way at once. Our share of what
// was left when the last response went off is not enough to keep everybody within
// it: others' requests have been on their way since. So the share counts twice,
// and who is alone may use all that is left.
func (s *serverWindow) most(now moment, n int) int {
	if now >= s.turns { // nothing is known yet of the window that is open now
		return max(1, int(math.Ceil(s.share*float64(n))))
	}
	// The largest int, which a server without a limit says, is as a float too large for one.
	most := int(min(s.share*s.share*float64(s.left), math.MaxInt32))
	if s.left >= priorWeight {
		return max(1, most) // even the smallest share may try
	}
	return most
}

// spent reports whether nothing can be sent before the window turns.
func (s *serverWindow) spent(now moment) bool {
	return now < s.turns && s.most(now, 0) == 0
}

// A learnedSize is how many slots of a window are ours where only refusals
// tell that there are others.
type learnedSize struct {
	size   int
	cut    moment // when it last shrank
	growth moment // when it grows next
	step   int    // by how much
	grown  int    // how many times it has grown since
}

// cleanWindows is how many windows after a refusal pass before the size grows
// again: the pause is the first of them.
const cleanWindows = 3

// patience is how many times the size grows by the same little before it grows
// faster. Whoever was refused last comes last in each of the server's windows,
// and would be the one to pay for the others' haste.
const patience = 5

// shrink makes the size what was in fact ours when a request sent at that
// moment was refused: slightly less than the server has accepted.
//
// A refusal when hardly anything was ours tells little: another program may have
// used up the quota before this one began. Only a second one in a row counts.
func (l *learnedSize) shrink(now, sent moment, accepted, n int, per time.Duration) {
	told := l.cut > 0 && sent <= l.cut
	if told || accepted >= n-n/50 { // or no fewer than we are entitled to
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

// accepted takes note that a request sent at that moment was served: one sent
// before the cut belongs to what was ours.
func (l *learnedSize) accepted(sent moment, n int) {
	if l.cut > 0 && sent <= l.cut {
		l.size = min(n, l.size+1)
	}
}

// grow gives back a little for each window without a refusal, and in the end
// twice as much for each further one.
func (l *learnedSize) grow(now moment, n int, per time.Duration) {
	for l.size < n && now >= l.growth {
		l.size += min(l.step, n-l.size)
		l.growth += per
		if l.grown++; l.grown >= patience {
			l.step *= 2
		}
	}
}
