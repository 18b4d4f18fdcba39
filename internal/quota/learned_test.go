package quota_test

import (
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel/internal/quota"
)

// Without headers only refusals tell of others on the key. A learner is a
// window of 200 slots, of which 2 stay free, some time after it was made.
type learner struct {
	*quota.Window
	t *testing.T
}

const learnerSlots = 198

func newLearner(t *testing.T) learner {
	w := learner{quota.NewWindow(200, time.Minute), t}
	wait(t, time.Second)
	return w
}

func (w learner) send() (release func(quota.Outcome)) { return acquire(w.t, w.Window) }

func (w learner) serve(n int) {
	for range n {
		w.send()(answered(200))
	}
}

// size returns how many requests the window allows a minute, as learned so far.
func (w learner) size() int {
	w.send()(quota.Outcome{Remaining: quota.Unknown})
	return w.Left()
}

// The rest of the quota is somebody else's, unless the own part says too little
// or is nearly all.
func TestARefusalTellsWhatIsOurs(t *testing.T) {
	for _, test := range []struct{ served, size int }{
		{100, 98}, // slightly less than was served
		{19, 19},
		{18, learnerSlots},  // another program may have used it up before
		{194, 191},          //
		{195, learnerSlots}, // no fewer than we are entitled to
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newLearner(t)
			w.serve(test.served)
			w.send()(answered(429))
			wait(t, time.Minute)
			require.Equal(t, test.size, w.size(), "after %d", test.served)
		})
	}
}

// So does one of a request that was sent at the very first moment.
func TestARefusalOfTheFirstRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := learner{quota.NewWindow(200, time.Minute), t}
		last := w.send()
		w.serve(100)
		wait(t, time.Second)
		last(answered(429))
		wait(t, time.Minute)
		require.Equal(t, 98, w.size())
	})
}

// A second refusal in a row counts however little was ours.
func TestASecondRefusalCounts(t *testing.T) {
	for _, test := range []struct {
		name  string
		later time.Duration
		size  int
	}{
		{"in a row", time.Second, 9}, // never less than a twentieth
		{"three windows later", 3 * time.Minute, 9},
		{"later than that", 3*time.Minute + time.Second, learnerSlots},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newLearner(t)
				w.serve(5)
				w.send()(answered(429))
				wait(t, test.later)
				w.send()(answered(429))
				wait(t, time.Minute)
				require.Equal(t, test.size, w.size())
			})
		})
	}
}

// Of the requests that were under way together, the first refusal tells it all;
// what is served of them was ours too.
func TestRequestsUnderWayAtTheRefusal(t *testing.T) {
	for _, test := range []struct {
		name    string
		outcome quota.Outcome
		after   time.Duration
		size    int
	}{
		{"refused too", answered(429), 0, 98},
		{"refused much later", answered(429), time.Minute, 98},
		{"served", answered(200), 0, 99},
		{"without an answer", answered(0), 0, 98},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newLearner(t)
				w.serve(100)
				other := w.send()
				wait(t, time.Second)
				w.send()(answered(429))
				wait(t, test.after)
				other(test.outcome)
				wait(t, 66*time.Second)
				require.Equal(t, test.size, w.size())
			})
		})
	}
	t.Run("refused when all that was served was long ago", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := newLearner(t)
			w.serve(100)
			wait(t, 30*time.Second)
			other := w.send()
			wait(t, 31*time.Second)
			other(answered(429))
			require.Equal(t, learnerSlots, w.size())
		})
	})
	t.Run("sent later and served", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := newLearner(t)
			w.serve(100)
			w.send()(answered(429))
			wait(t, time.Minute)
			w.serve(10)
			wait(t, time.Minute)
			require.Equal(t, 98, w.size())
		})
	})
}

// What was given up comes back when three windows have been clean: a hundredth
// with each window, and after five of them twice as much with each further one.
// Another refusal begins it anew.
func TestTheLearnedSizeGrowsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newLearner(t)
		for range 2 {
			w.serve(100)
			w.send()(answered(429))
			const second = time.Second
			clock := time.Duration(0)
			for _, step := range []struct {
				at   time.Duration // since the refusal
				size int
			}{
				{179 * second, 98}, {180 * second, 99}, {239 * second, 99}, {240 * second, 100}, {420 * second, 103},
				{479 * second, 103}, {480 * second, 105}, {540 * second, 109}, {time.Hour, learnerSlots},
			} {
				wait(t, step.at-clock)
				clock = step.at
				require.Equal(t, step.size, w.size(), "%s after the refusal", step.at)
			}
		}
	})
}

// Of few slots a hundredth is none: it is one then.
func TestASmallLearnedSizeGrowsBackToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := learner{quota.NewWindow(50, time.Minute), t}
		wait(t, time.Second)
		w.serve(20)
		w.send()(answered(429))
		wait(t, time.Minute)
		require.Equal(t, 20, w.size())
		wait(t, time.Hour)
		require.Equal(t, 50, w.size())
	})
}

// A window without end, too, ends at its own size when it grows back.
func TestTheLargestWindowGrowsBackToItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := learner{quota.NewWindow(math.MaxInt, time.Second), t}
		full := w.Left()
		for range 2 { // the first refusal alone tells nothing
			wait(t, time.Second)
			w.send()(answered(429))
		}
		require.Less(t, w.Left(), full)
		for range 60 {
			wait(t, time.Second)
			require.Positive(t, w.size())
		}
		require.Equal(t, full, w.size())
	})
}
