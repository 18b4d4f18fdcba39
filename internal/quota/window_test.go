package quota_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel/internal/quota"
)

func answered(status int) quota.Outcome {
	return quota.Outcome{Sent: true, StatusCode: status, Remaining: quota.Unknown}
}

// full returns a window whose n slots are all taken, with their releases.
func full(t *testing.T, n int) (*quota.Window, []func(quota.Outcome)) {
	w := quota.NewWindow(n, time.Minute)
	releases := make([]func(quota.Outcome), n)
	for i := range releases {
		var err error
		releases[i], err = w.Acquire(t.Context())
		require.NoError(t, err)
	}
	require.Zero(t, w.Left())
	return w, releases
}

func TestASlotIsFreeAgain(t *testing.T) {
	for _, test := range []struct {
		name    string
		outcome quota.Outcome
		after   time.Duration
	}{
		{"60 s after its answer, not after it was sent", answered(200), 60 * time.Second},
		{"60 s after an error's answer", answered(500), 60 * time.Second},
		{"after a grace on top where no answer came", answered(0), 65 * time.Second},
		{"at once where nothing was sent", quota.Outcome{Remaining: quota.Unknown}, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, releases := full(t, 1)
				time.Sleep(7 * time.Second) // on its way
				releases[0](test.outcome)
				start := time.Now()
				_, err := w.Acquire(t.Context())
				require.NoError(t, err)
				require.Equal(t, test.after, time.Since(start))
			})
		})
	}
}

func TestOneSlotInAHundredStaysFree(t *testing.T) {
	require.Equal(t, 594, quota.NewWindow(600, time.Minute).Left())
	require.Equal(t, 99, quota.NewWindow(99, time.Minute).Left())
	require.Equal(t, 1, quota.NewWindow(1, time.Minute).Left())
}

func TestWaitingIsFirstInFirstOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, releases := full(t, 1)
		var (
			mu    sync.Mutex
			order []int
			wg    sync.WaitGroup
		)
		for i := range 20 {
			wg.Go(func() {
				release, err := w.Acquire(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				order = append(order, i)
				mu.Unlock()
				release(answered(200))
			})
			synctest.Wait() // it stands in the line
		}
		releases[0](answered(200))
		wg.Wait()
		for i, got := range order {
			require.Equal(t, i, got)
		}
		require.Len(t, order, 20)
	})
}

func TestWaitingEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, releases := full(t, 1)
		ctx, cancel := context.WithCancel(t.Context())
		errs := make(chan error)
		for range 3 {
			go func() {
				_, err := w.Acquire(ctx)
				errs <- err
			}()
		}
		synctest.Wait()
		cancel()
		for range 3 {
			require.ErrorIs(t, <-errs, context.Canceled)
		}
		releases[0](quota.Outcome{})
		_, err := w.Acquire(t.Context())
		require.NoError(t, err, "those who left must not block the line")
	})
}

func TestAWaitThatTheDeadlineForbidsIsNotBegun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, releases := full(t, 2)
		for _, release := range releases {
			release(answered(200))
		}
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // which leaves no time for the request
		defer cancel()
		_, err := w.Acquire(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		var refused *quota.DeadlineError
		require.ErrorAs(t, err, &refused)
		require.Equal(t, time.Minute, refused.Wait)
		require.Zero(t, time.Since(start))

		ctx, cancel = context.WithTimeout(t.Context(), 61*time.Second)
		defer cancel()
		_, err = w.Acquire(ctx)
		require.NoError(t, err)
		require.Equal(t, time.Minute, time.Since(start))
	})
}

func TestAtZeroRemainingTheWindowTurnsBeforeTheNextRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := quota.NewWindow(600, time.Minute)
		release, err := w.Acquire(t.Context())
		require.NoError(t, err)
		time.Sleep(time.Second)
		start := time.Now()
		release(quota.Outcome{Sent: true, StatusCode: 200, Remaining: 0})
		_, err = w.Acquire(t.Context())
		require.NoError(t, err)
		require.Equal(t, time.Minute, time.Since(start), "it had opened before the answer came")
	})
}

func TestNeverMoreUnderWayThanIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := quota.NewWindow(600, time.Minute)
		release, err := w.Acquire(t.Context())
		require.NoError(t, err)
		release(quota.Outcome{Sent: true, StatusCode: 200, Remaining: 3})
		for range 3 {
			_, err = w.Acquire(t.Context())
			require.NoError(t, err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 59*time.Second)
		defer cancel()
		_, err = w.Acquire(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
	})
}

func TestAServerThatAllowsLessIsLearned(t *testing.T) {
	for _, headers := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			s := &server{limit: 120, per: time.Minute, headers: headers}
			p := newProgram(1)
			var wg sync.WaitGroup
			start := time.Now()
			p.run(t, s, &wg, 1000, 20)
			wg.Wait()
			require.Zero(t, p.failed)
			require.LessOrEqual(t, s.rejected, 100)
			require.LessOrEqual(t, time.Since(start), 11*time.Minute, "8.3 windows, and what the learning costs")
		})
	}
}

func TestTheShareGrowsBackWhenTheOthersAreGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{limit: 600, per: time.Minute}
		a, b := newProgram(1), newProgram(2)
		var wg sync.WaitGroup
		b.run(t, s, &wg, 600, 25)
		a.run(t, s, &wg, 600, 25)
		wg.Wait()
		require.Less(t, a.window.Left(), 594)
		time.Sleep(15 * time.Minute)
		release, err := a.window.Acquire(t.Context())
		require.NoError(t, err)
		release(quota.Outcome{})
		require.Equal(t, 594, a.window.Left())
	})
}
