package quota_test

import (
	"context"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel/internal/quota"
)

// remaining is an answer that says how many requests are left.
func remaining(n int) quota.Outcome {
	return quota.Outcome{Sent: true, StatusCode: 200, Remaining: n}
}

// wait lets virtual time pass.
func wait(t *testing.T, d time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	<-ctx.Done()
	require.ErrorIs(t, ctx.Err(), context.DeadlineExceeded)
}

// acquire takes a slot that is free.
func acquire(t *testing.T, w *quota.Window) (release func(quota.Outcome)) {
	t.Helper()
	start := time.Now()
	release, err := w.Acquire(t.Context())
	require.NoError(t, err)
	require.Zero(t, time.Since(start))
	return release
}

// room returns how many requests may be under way at once, as things stand.
func room(t *testing.T, w *quota.Window) int {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Nanosecond)
	defer cancel()
	for n := 0; ; n++ {
		release, err := w.Acquire(ctx)
		if err != nil {
			return n
		}
		defer release(quota.Outcome{})
	}
}

// requireRefused requires that a wait is not begun, and how long it would be.
func requireRefused(t *testing.T, w *quota.Window, within, wait time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	start := time.Now()
	_, err := w.Acquire(ctx)
	var refused *quota.DeadlineError
	require.ErrorAs(t, err, &refused)
	require.Equal(t, wait, refused.Wait)
	require.Zero(t, time.Since(start))
}

// Whoever learns from the headers that others use the key begins the next
// window with a share, and who is alone with all of it.
func TestTheShareOfOneWindowBeginsTheNext(t *testing.T) {
	const slots, answers = 50, 35
	for _, test := range []struct {
		name            string
		others          int // requests of others for each of ours
		flying          int // requests of ours that are not answered yet
		atLeast, atMost int // requests at once in the next window
	}{
		{"alone", 0, 0, slots, slots},
		{"alone, with requests under way", 0, 10, slots, slots},
		{"one other", 1, 0, 25, 35},
		{"one other, with requests under way", 1, 10, 32, 42},
		{"three others", 3, 0, 15, 25},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := quota.NewWindow(slots, time.Minute)
				left := 1000
				acquire(t, w)(remaining(left))
				flying := []func(quota.Outcome){}
				for range test.flying {
					flying = append(flying, acquire(t, w))
				}
				for range answers {
					left -= 1 + test.others
					acquire(t, w)(remaining(left))
				}
				for _, release := range flying {
					release(quota.Outcome{Remaining: quota.Unknown})
				}
				wait(t, time.Minute)
				got := room(t, w)
				require.GreaterOrEqual(t, got, test.atLeast)
				require.LessOrEqual(t, got, test.atMost)
			})
		})
	}
}

// The share learned before counts for so much, and what is seen since for the
// rest: whoever is alone again wins the quota back.
func TestTheShareIsLearnedAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := quota.NewWindow(50, time.Minute)
		left := 1000
		for i, others := range []int{1, 0} {
			acquire(t, w)(remaining(left))
			for range []int{40, 20}[i] {
				left -= 1 + others
				acquire(t, w)(remaining(left))
			}
			wait(t, time.Minute)
		}
		require.InDelta(t, 40, room(t, w), 4)
	})
}

// The first answer from a window tells nothing of the share yet.
func TestTheFirstAnswerLeavesTheShareAsItWas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := quota.NewWindow(1000, time.Minute)
		left := 10_000
		acquire(t, w)(remaining(left))
		for range 200 { // one other
			left -= 2
			acquire(t, w)(remaining(left))
		}
		wait(t, time.Minute)
		acquire(t, w)(remaining(600))
		share := (200.0 + 20) / (400 + 20)
		require.Equal(t, int(share*share*600), room(t, w))
	})
}

// However many others there are, the next window begins with one request.
func TestTheSmallestShareBeginsWithOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := quota.NewWindow(50, time.Minute)
		left := 10_000
		acquire(t, w)(remaining(left))
		for range 10 {
			left -= 300
			acquire(t, w)(remaining(left))
		}
		wait(t, time.Minute)
		require.Equal(t, 1, room(t, w))
	})
}

// A program whose share is next to nothing may try one request at a time while
// there is something left, and waits for the server's window to turn when there
// is not.
func TestTheSmallestShareMayTry(t *testing.T) {
	for _, test := range []struct{ left, room int }{{20, 1}, {19, 0}} {
		synctest.Test(t, func(t *testing.T) {
			w := quota.NewWindow(50, time.Minute)
			acquire(t, w)(remaining(test.left + 10*30))
			wait(t, time.Second)
			for i := range 10 {
				acquire(t, w)(remaining(test.left + (9-i)*30))
			}
			require.Equal(t, test.room, room(t, w))
			if test.room > 0 {
				return
			}
			requireRefused(t, w, 58*time.Second, 59*time.Second)
			start := time.Now()
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			_, err := w.Acquire(ctx)
			require.NoError(t, err)
			require.Equal(t, 59*time.Second, time.Since(start))
		})
	}
}

// A refusal that says nothing of the quota, as of a proxy, weighs less than the
// server's own word of what is left, as long as that holds.
func TestTheServersWordOutweighsARefusal(t *testing.T) {
	for _, test := range []struct {
		name  string
		later time.Duration // than the word
		room  int
	}{
		{"in its window", time.Minute - time.Second, 99},
		{"when its window has turned", time.Minute, 49},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := quota.NewWindow(100, time.Minute)
				acquire(t, w)(remaining(599))
				wait(t, test.later-time.Second)
				for range 50 {
					acquire(t, w)(quota.Outcome{Sent: true, StatusCode: 200, Remaining: quota.Unknown})
				}
				release := acquire(t, w)
				wait(t, time.Second)
				release(quota.Outcome{Sent: true, StatusCode: 429, Remaining: quota.Unknown})
				wait(t, time.Minute)
				require.Equal(t, test.room, room(t, w))
			})
		})
	}
}

// Before the first answer, and while there is more left than slots, the headers
// forbid nothing.
func TestAServerWithRoomForbidsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := quota.NewWindow(2, time.Minute)
		release := acquire(t, w)
		acquire(t, w)
		release(remaining(100))
		requireRefused(t, w, 59*time.Second, time.Minute) // by the own slots alone
	})
}

// A server without a limit says so by the largest number that it has.
func TestALimitWithoutEndForbidsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := quota.NewWindow(50, time.Minute)
		acquire(t, w)(remaining(math.MaxInt))
		require.Equal(t, 49, room(t, w))
	})
}

// A slot that comes free before the server's window turns is taken, if there is
// something left in it.
func TestAWaitUpToASlotIsBegun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := quota.NewWindow(2, time.Minute)
		acquire(t, w)(remaining(100))
		wait(t, 59*time.Second)
		late := acquire(t, w)
		wait(t, time.Second)
		next := acquire(t, w) // on the server's next window
		wait(t, time.Second)
		late(remaining(99))
		wait(t, time.Second)
		next(remaining(100)) // which turns a second after late's slot comes free
		ctx, cancel := context.WithTimeout(t.Context(), 59*time.Second+500*time.Millisecond)
		defer cancel()
		start := time.Now()
		_, err := w.Acquire(ctx)
		require.NoError(t, err)
		require.Equal(t, 59*time.Second, time.Since(start))
	})
}

// The server's window is as long as the reference says, at most.
func TestTheServersWindowTurnsWithinAMinute(t *testing.T) {
	for _, test := range []struct{ per, turns time.Duration }{
		{time.Hour, time.Minute}, {time.Minute, time.Minute}, {time.Second, time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := quota.NewWindow(50, test.per)
			acquire(t, w)(remaining(0))
			start := time.Now()
			_, err := w.Acquire(t.Context())
			require.NoError(t, err)
			require.Equal(t, test.turns, time.Since(start))
		})
	}
}

func TestAWaitBehindOthersThatTheDeadlineForbidsIsNotBegun(t *testing.T) {
	t.Run("for a slot that the one ahead will not take", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := quota.NewWindow(2, time.Minute)
			acquire(t, w)(remaining(5))
			wait(t, 50*time.Second)
			acquire(t, w)(remaining(0)) // the window turns in 10 s, when the first slot comes free
			ahead := make(chan error)
			go func() {
				_, err := w.Acquire(t.Context())
				ahead <- err
			}()
			synctest.Wait()
			requireRefused(t, w, 59*time.Second, time.Minute)
			require.NoError(t, <-ahead)
		})
	})
	t.Run("for a slot whose request is under way", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := quota.NewWindow(1, time.Minute)
			release := acquire(t, w)
			requireRefused(t, w, 59*time.Second, time.Minute)
			time.AfterFunc(time.Second, func() { release(quota.Outcome{}) }) // not sent after all
			ctx, cancel := context.WithTimeout(t.Context(), 61*time.Second)
			defer cancel()
			start := time.Now()
			_, err := w.Acquire(ctx)
			require.NoError(t, err)
			require.Equal(t, time.Second, time.Since(start))
		})
	})
}
