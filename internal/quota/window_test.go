package quota

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A clocked is a window at a moment that the test sets.
type clocked struct {
	*window
	now moment
}

func clockedWindow(n int, per time.Duration) *clocked {
	return &clocked{window: newWindow(n, per), now: time.Second}
}

// A sent is a request under way.
type sent struct {
	w    *clocked
	slot slot
}

// send takes a slot, which must be free.
func (w *clocked) send(t *testing.T) sent {
	t.Helper()
	require.Equal(t, w.now, w.opens(w.now), "no slot is free")
	return sent{w, w.take(w.now)}
}

func (s sent) end(o Outcome) { s.w.release(s.w.now, s.slot, o, false) }

// serve sends n requests that are served at once.
func (w *clocked) serve(t *testing.T, n int) {
	t.Helper()
	for range n {
		w.send(t).end(status(200))
	}
}

// room returns how many requests may be under way at once, as things stand.
func (w *clocked) room() int {
	probe := *w.window
	n := 0
	for ; probe.opens(w.now) == w.now; n++ {
		probe.take(w.now)
	}
	return n
}

// size returns how many requests the window allows, as learned so far.
func (w *clocked) size() int {
	w.opens(w.now)
	return w.learned.size
}

// status is a response that says nothing of the quota.
func status(code int) Outcome { return Outcome{Sent: true, StatusCode: code, Remaining: Unknown} }

// remains is a response that says how many requests are left.
func remains(n int) Outcome { return Outcome{Sent: true, StatusCode: 200, Remaining: n} }

func TestWindow_SlotIsFreeAgain(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		outcome Outcome
		after   time.Duration
	}{
		{"60 s after its response, not after it was sent", status(200), 60 * time.Second},
		{"60 s after a failure's response", status(500), 60 * time.Second},
		{"after a grace on top without a response", status(0), 65 * time.Second},
		{"at once if nothing was sent", Outcome{Remaining: Unknown}, 0},
		{"at once if it was rejected", status(429), 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := clockedWindow(1, time.Minute)
			request := w.send(t)
			require.Equal(t, never, w.opens(w.now), "while it is under way")
			w.now += 7 * time.Second
			request.end(tt.outcome)
			require.Equal(t, w.now+tt.after, w.opens(w.now))
		})
	}
}

func TestWindow_HoldsBackOneInAHundred(t *testing.T) {
	t.Parallel()
	for n, left := range map[int]int{600: 594, 100: 99, 99: 99, 1: 1} {
		require.Equal(t, left, newWindow(n, time.Minute).left(0))
	}
}

func TestWindow_SlotsComeFreeInTheOrderOfTheirMoments(t *testing.T) {
	t.Parallel()
	w := clockedWindow(3, time.Minute)
	first, second, third := w.send(t), w.send(t), w.send(t)
	start := w.now
	first.end(status(0)) // holds its slot for longer
	second.end(status(200))
	w.now += time.Second
	third.end(status(200))
	for _, after := range []time.Duration{60 * time.Second, 61 * time.Second, 65 * time.Second} {
		require.Equal(t, start+after, w.opens(w.now))
		w.now = start + after
		w.take(w.now)
	}
}

func TestWindow_RepeatsOfNetHTTPHoldSlots(t *testing.T) {
	t.Parallel()
	w := clockedWindow(10, time.Minute)
	w.send(t).end(Outcome{Sent: true, StatusCode: 200, Remaining: Unknown, Repeats: 3})
	require.Equal(t, 6, w.left(w.now))
	require.Equal(t, 2, w.room(), "each request under way may be repeated as often")
	w.now += time.Minute
	require.Equal(t, 10, w.room())
}

// A program that learns from the headers that others use the key begins the next
// window with a share, and one that is alone with all of it.
func TestWindow_ShareOfOneWindowBeginsTheNext(t *testing.T) {
	t.Parallel()
	const slots, responses = 50, 35
	for _, tt := range []struct {
		name            string
		others          int // requests of others for each of ours
		flying          int // requests of ours without a response yet
		atLeast, atMost int // requests at once in the next window
	}{
		{name: "alone", atLeast: slots, atMost: slots},
		{name: "alone, with requests in flight", flying: 10, atLeast: slots, atMost: slots},
		{name: "one other", others: 1, atLeast: 25, atMost: 25},
		{name: "one other, with requests in flight", others: 1, flying: 10, atLeast: 25, atMost: 25},
		{name: "three others", others: 3, atLeast: 12, atMost: 15},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := clockedWindow(slots, time.Minute)
			left := 1000
			w.send(t).end(remains(left))
			var flying []sent
			for range tt.flying {
				flying = append(flying, w.send(t))
			}
			for range responses {
				left -= 1 + tt.others
				w.send(t).end(remains(left))
			}
			for _, request := range flying {
				request.end(Outcome{Remaining: Unknown})
			}
			w.now += time.Minute
			require.GreaterOrEqual(t, w.room(), tt.atLeast)
			require.LessOrEqual(t, w.room(), tt.atMost)
		})
	}
}

// The share is that of the last hundred requests: a program that is alone again wins the
// quota back.
func TestWindow_ShareIsLearnedAnew(t *testing.T) {
	t.Parallel()
	w := clockedWindow(50, time.Minute)
	left := 1000
	w.send(t).end(remains(left))
	for range 40 { // one other
		left -= 2
		w.send(t).end(remains(left))
	}
	for _, alone := range []struct{ requests, room int }{{20, 25}, {150, 50}} {
		w.now += time.Minute
		w.server.turns = never // of a server with long windows
		for range alone.requests {
			left--
			w.send(t).end(remains(left))
			w.now += 2 * time.Second
		}
		w.now += time.Minute
		w.server.turns = w.now
		require.Equal(t, alone.room, w.room())
	}
}

// A program whose requests wait at the server, together with as many of another, sees
// soon that it is not alone.
func TestWindow_RequestsThatWaitAtTheServer(t *testing.T) {
	t.Parallel()
	w := clockedWindow(600, time.Minute)
	var waiting []sent
	for range 100 {
		waiting = append(waiting, w.send(t))
	}
	for i, request := range waiting[:10] {
		request.end(remains(599 - 2*i))
	}
	require.Equal(t, (599-2*9)/4, w.room()+90)
}

// Responses that overtake each other are not taken for requests of others.
func TestWindow_ResponsesOvertakeEachOther(t *testing.T) {
	t.Parallel()
	w := clockedWindow(600, time.Minute)
	var requests []sent
	for range 500 {
		requests = append(requests, w.send(t))
	}
	rng := rand.New(rand.NewPCG(1, 1))
	rng.Shuffle(len(requests), func(i, j int) { requests[i], requests[j] = requests[j], requests[i] })
	for i, request := range requests {
		request.end(remains(599 - i))
		require.GreaterOrEqual(t, w.server.share(), 1.0, i)
	}
}

// The first response from a window tells nothing of the share yet.
func TestWindow_FirstResponseKeepsTheShare(t *testing.T) {
	t.Parallel()
	w := clockedWindow(1000, time.Minute)
	left := 10_000
	w.send(t).end(remains(left))
	for range 200 { // two others
		left -= 3
		w.send(t).end(remains(left))
	}
	w.now += time.Minute + counterLag
	w.send(t).end(remains(600))
	require.InDelta(t, 600.0/3/3, w.room(), 8)
}

// A program whose share is next to nothing may send one request at a time while there
// is something left, and begins the next window with one. Otherwise it waits for the
// server's window to turn.
func TestWindow_SmallestShare(t *testing.T) {
	t.Parallel()
	for left, room := range map[int]int{20: 1, 19: 0} {
		w := clockedWindow(50, time.Minute)
		w.send(t).end(remains(left + 10*30))
		w.now += time.Second
		for i := range 10 {
			w.send(t).end(remains(left + (9-i)*30))
		}
		require.Equal(t, room, w.room())
		if room == 0 {
			require.Equal(t, 59*time.Second, w.opens(w.now)-w.now)
			require.Equal(t, 59*time.Second, w.wait(w.now, 0))
		}
		w.now += 59 * time.Second
		require.Positive(t, w.room())
		require.LessOrEqual(t, w.room(), 5)
	}
}

// A response of the server's previous window that comes late says nothing of the
// present one.
func TestWindow_LateResponseOfThePreviousWindow(t *testing.T) {
	t.Parallel()
	for _, used := range []int{300, 500, 585} {
		w := clockedWindow(600, time.Minute)
		left := 600
		for range used {
			left--
			w.send(t).end(remains(left))
		}
		w.now += 59 * time.Second
		slow := w.send(t) // the last that the server counts in this window
		left--
		w.now += time.Second
		first := w.send(t) // the first of the next one
		w.now += 100 * time.Millisecond
		first.end(remains(599))
		w.now += 900 * time.Millisecond
		slow.end(remains(left))
		require.Greater(t, w.room(), 500, "%d used in the window before", used)
	}
}

// The server may go on with the count of a window that has ended: what was left may be
// used, until a response tells of a new count, or for a second.
func TestWindow_CounterOutlivesItsWindow(t *testing.T) {
	t.Parallel()
	const slots, left = 50, 3
	turned := func() *clocked {
		w := clockedWindow(slots, time.Minute)
		for i := range 20 {
			w.send(t).end(remains(left + 19 - i))
		}
		w.now += time.Minute
		require.Equal(t, left, w.room())
		return w
	}
	w := turned()
	w.send(t).end(remains(599))
	require.Equal(t, slots-1, w.room(), "a new count")

	w = turned()
	w.now += counterLag
	require.Equal(t, slots, w.room(), "it has ended by now")

	w = turned()
	ends := w.now + counterLag
	for i := range left {
		w.send(t).end(remains(left - 1 - i))
		require.Equal(t, left-1-i, w.room(), "the old count")
	}
	require.Equal(t, ends, w.opens(w.now))
	w.now = ends
	w.send(t).end(remains(2)) // others were faster
	require.Equal(t, ends+time.Minute, w.server.turns, "a new count, whatever it says")

	w = turned()
	w.now -= time.Second
	w.send(t).end(remains(0))
	w.now += time.Second
	require.Equal(t, slots-1, w.room(), "a count that is used up does not go on")
}

// More requests left than before are another window.
func TestWindow_LargerRemaining(t *testing.T) {
	t.Parallel()
	w := clockedWindow(600, time.Minute)
	w.send(t).end(remains(3)) // others have used up the rest; their window turns soon
	w.now += 10 * time.Second
	w.send(t).end(remains(599))
	require.Greater(t, w.room(), 500)
}

func TestWindow_NeverMoreUnderWayThanIsLeft(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ left, room int }{{3, 3}, {0, 0}, {100, 49}, {math.MaxInt, 49}} {
		w := clockedWindow(50, time.Minute)
		w.send(t).end(remains(tt.left))
		require.Equal(t, tt.room, w.room(), tt.left)
	}
}

// The server's window is as long as the reference says, at most. A client with the
// limit of a second knows by the server's limit that this is not the server's window.
func TestWindow_ServersWindowTurns(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		n          int
		per, turns time.Duration
		limit      int
	}{
		{n: 50, per: time.Hour, turns: time.Minute},
		{n: 50, per: time.Minute, turns: time.Minute},
		{n: 50, per: time.Second, turns: time.Second},
		{n: 10, per: time.Second, turns: time.Minute, limit: 600},
		{n: 600, per: time.Minute, turns: time.Minute, limit: 600},
		{n: 600, per: time.Minute, turns: time.Minute, limit: math.MaxInt},
	} {
		w := clockedWindow(tt.n, tt.per)
		w.send(t).end(Outcome{Sent: true, StatusCode: 200, Remaining: 0, Limit: tt.limit})
		require.Equal(t, tt.turns, w.opens(w.now)-w.now, tt)
	}
}

// A rejection without headers, as of a proxy, weighs less than the server's own word of
// what is left, as long as that holds.
func TestWindow_HeadersOutweighARejection(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		later time.Duration // than the headers
		size  int
	}{{time.Minute - time.Second, 99}, {time.Minute, 49}} {
		w := clockedWindow(100, time.Minute)
		w.send(t).end(remains(599))
		w.now += tt.later - time.Second
		w.serve(t, 50)
		request := w.send(t)
		w.now += time.Second
		request.end(status(429))
		w.now += time.Minute
		require.Equal(t, tt.size, w.size(), tt.later)
	}
}

// How long a call waits with so many ahead of it: each slot is used once in a window.
func TestWindow_Wait(t *testing.T) {
	t.Parallel()
	w := clockedWindow(2, time.Minute)
	require.Zero(t, w.wait(w.now, 1))
	require.Equal(t, time.Minute, w.wait(w.now, 2))
	w.serve(t, 1)
	w.now += 20 * time.Second
	under := w.send(t)
	for ahead, want := range []time.Duration{40 * time.Second, time.Minute, 100 * time.Second, 2 * time.Minute, 160 * time.Second} {
		require.Equal(t, want, w.wait(w.now, ahead), ahead)
	}
	under.end(remains(0))
	require.Equal(t, time.Minute, w.wait(w.now, 0))
}

// The window of the tests below has 200 slots, of which 2 stay free.
const learnerSlots = 198

// The rest of the quota is used by others, unless the own part says too little or is
// nearly all.
func TestWindow_RejectionShrinksIt(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ served, size int }{
		{100, 98}, // slightly less than was served
		{19, 19},
		{18, learnerSlots},  // another program may have used it up before
		{194, 191},          //
		{195, learnerSlots}, // no fewer than we are entitled to
	} {
		w := clockedWindow(200, time.Minute)
		w.serve(t, tt.served)
		w.send(t).end(status(429))
		w.now += time.Minute
		require.Equal(t, tt.size, w.size(), "after %d", tt.served)
	}
}

func TestWindow_ExplainedRejectionDoesNotShrinkIt(t *testing.T) {
	t.Parallel()
	w := clockedWindow(200, time.Minute)
	w.serve(t, 100)
	w.release(w.now, w.take(w.now), status(429), true)
	require.Equal(t, learnerSlots, w.size())
}

// A second rejection in a row counts however little was ours.
func TestWindow_SecondRejectionCounts(t *testing.T) {
	t.Parallel()
	for later, size := range map[time.Duration]int{
		time.Second:                   9, // never less than a twentieth
		3 * time.Minute:               9,
		3*time.Minute + 1*time.Second: learnerSlots,
	} {
		w := clockedWindow(200, time.Minute)
		w.serve(t, 5)
		w.send(t).end(status(429))
		w.now += later
		w.send(t).end(status(429))
		w.now += time.Minute
		require.Equal(t, size, w.size(), later)
	}
}

// Of the requests that were under way together, the first rejection tells it all; what
// is served of them was ours too.
func TestWindow_RequestsUnderWayAtARejection(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		outcome Outcome
		after   time.Duration
		size    int
	}{
		{name: "rejected too", outcome: status(429), size: 98},
		{name: "rejected much later", outcome: status(429), after: time.Minute, size: 98},
		{name: "served", outcome: status(200), size: 99},
		{name: "without a response", outcome: status(0), size: 98},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := clockedWindow(200, time.Minute)
			w.serve(t, 100)
			other := w.send(t)
			w.now += time.Second
			w.send(t).end(status(429))
			w.now += tt.after
			other.end(tt.outcome)
			w.now += 66 * time.Second
			require.Equal(t, tt.size, w.size())
		})
	}
}

// What was given up comes back after three windows without a rejection: a hundredth
// with each window, and after five of them twice as much with each further one.
// Another rejection begins it anew.
func TestWindow_LearnedSizeGrowsBack(t *testing.T) {
	t.Parallel()
	const second = time.Second
	w := clockedWindow(200, time.Minute)
	for range 2 {
		w.serve(t, 100)
		w.send(t).end(status(429))
		start := w.now
		for _, step := range []struct {
			at   time.Duration // since the rejection
			size int
		}{
			{179 * second, 98}, {180 * second, 99}, {239 * second, 99}, {240 * second, 100}, {420 * second, 103},
			{479 * second, 103}, {480 * second, 105}, {540 * second, 109}, {time.Hour, learnerSlots},
		} {
			w.now = start + step.at
			require.Equal(t, step.size, w.size(), "%s after the rejection", step.at)
		}
	}
}

// The largest window, too, ends at its own size when it grows back.
func TestWindow_LargestGrowsBackToItself(t *testing.T) {
	t.Parallel()
	for _, n := range []int{50, math.MaxInt} {
		w := clockedWindow(n, time.Second)
		full := w.size()
		for range 2 { // the first rejection alone tells nothing
			w.now += time.Second
			w.send(t).end(status(429))
		}
		require.Less(t, w.size(), full)
		for range 100 {
			w.now += time.Second
			require.Positive(t, w.size())
		}
		require.Equal(t, full, w.size())
	}
}

// Next to a limit of any size, background calls get a slot sooner or later, also if all
// slots are theirs: a reserve that is never free would stop them for ever.
func TestWindow_ReserveNeverStopsBackgroundCalls(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 2, 3, 5, 10, 60, 100, 150, 600, 10_000} {
		for _, size := range []int{n, (n + 19) / 20} { // also where others use most of the quota
			w := clockedWindow(n, time.Minute)
			w.learned.size, w.learned.growth = min(size, w.n), never
			var load arrivals
			end, sent := w.now+10*time.Minute, 0
			for w.now < end {
				at := max(w.opens(w.now), w.now)
				if at == w.now {
					at = w.opensBeyond(w.now, load.rate(w.now, w.window))
				}
				if at > w.now {
					require.Less(t, at, never)
					w.now = at
					continue
				}
				w.release(w.now, w.take(w.now), status(200), false)
				sent++
			}
			require.GreaterOrEqual(t, sent, 9*w.learned.size, "%d of %d", size, n)
		}
	}
}

// The reserve lets interactive calls through at their rate.
func TestWindow_ReserveLastsForInteractiveCalls(t *testing.T) {
	t.Parallel()
	w := clockedWindow(600, time.Minute)
	var load arrivals
	background := 0
	for w.opensBeyond(w.now, load.rate(w.now, w.window)) == w.now {
		w.serve(t, 1)
		background++
	}
	require.InDelta(t, 474, background, 6)
	start := w.now
	for range 119 { // two per second, for the rest of the minute
		require.Equal(t, w.now, w.opens(w.now), "after %s", w.now-start)
		w.serve(t, 1)
		w.now += 500 * time.Millisecond
	}
}

// If requests under way leave no room for a background call, only a response helps:
// the timer does not fire all the time.
func TestWindow_ReserveOfRequestsUnderWay(t *testing.T) {
	t.Parallel()
	for flying := range 594 {
		w := clockedWindow(600, time.Minute)
		w.flying = flying
		at := w.opensBeyond(w.now, 2)
		require.True(t, at == w.now || at >= w.now+time.Second, "%d under way: %s", flying, at-w.now)
	}
}

func TestArrivals_Rate(t *testing.T) {
	t.Parallel()
	w := newWindow(600, time.Minute)
	var load arrivals
	require.InDelta(t, 2, load.rate(0, w), 0.01, "at least")
	for second := range 60 {
		for range 3 {
			load.add(moment(second) * time.Second)
		}
	}
	require.InDelta(t, 3.75, load.rate(59*time.Second, w), 0.01, "a quarter more than came in a minute")
	require.InDelta(t, 2, load.rate(130*time.Second, w), 0.01, "the last minute only")
	for range 40 {
		load.add(131 * time.Second)
	}
	require.InDelta(t, 5, load.rate(131*time.Second, w), 0.01, "a burst counts at once")
	for range 1000 {
		load.add(132 * time.Second)
	}
	require.InDelta(t, 0.6*594/60, load.rate(132*time.Second, w), 0.01, "at most")
	require.InDelta(t, 2, load.rate(time.Hour, w), 0.01)
}

// A rejection without headers, far below the limit and after a burst, is taken for a
// limit per second.
func TestPace_Inferred(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		n        int
		per      time.Duration
		accepted int
		second   int // requests in the second before the rejection
		pace     bool
	}{
		{name: "ten of a burst accepted", n: 600, per: time.Minute, accepted: 10, second: 100, pace: true},
		{name: "none accepted: the program came late", n: 600, per: time.Minute, second: 100},
		{name: "a quarter accepted", n: 600, per: time.Minute, accepted: 149, second: 149},
		{name: "no burst", n: 600, per: time.Minute, accepted: 10, second: 9},
		{name: "a limit per second already", n: 10, per: time.Second, accepted: 2, second: 10},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWindow(tt.n, tt.per)
			p := pace{window: tt.per}
			now := 10 * time.Second
			for range tt.second {
				p.sent(now)
			}
			for range tt.accepted {
				w.hold(now + tt.per)
			}
			require.Equal(t, tt.pace, p.explains(now, now, Unknown, w))
			require.Equal(t, tt.pace, p.interval > 0)
			if !tt.pace {
				return
			}
			require.True(t, p.explains(now+time.Second, now, Unknown, w), "of a request that was sent before the pace")
			perMinute := func(from moment) (sent int) {
				for at := from; at < from+time.Minute; at = max(at, p.next) {
					p.sent(at)
					sent++
				}
				return sent
			}
			require.InDelta(t, 480, perMinute(now+time.Minute), 6)
			require.True(t, p.explains(now+2*time.Minute, now+time.Minute, Unknown, w), "slower still")
			require.InDelta(t, 420, perMinute(now+3*time.Minute), 6)
			require.False(t, p.explains(now+4*time.Minute, now+3*time.Minute, Unknown, w), "rejected under the slowest pace: others use the key")
		})
	}
}
