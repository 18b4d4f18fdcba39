package quota_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel/internal/quota"
)

// Those who left the line are not ahead of those who come later.
func TestTheLineForgetsThoseWhoLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, releases := full(t, 2)
		for range 10 {
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			time.AfterFunc(time.Second, cancel)
			_, err := w.Acquire(ctx)
			require.ErrorIs(t, err, context.Canceled)
		}
		for _, release := range releases {
			release(answered(200))
		}
		wait(t, 30*time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), 31*time.Second)
		defer cancel()
		start := time.Now()
		_, err := w.Acquire(ctx)
		require.NoError(t, err)
		require.Equal(t, 30*time.Second, time.Since(start))
	})
}

// Whoever comes just when a slot comes free does not go before those who wait
// for it.
func TestNobodyGoesBeforeThoseWhoWait(t *testing.T) {
	for range 20 {
		synctest.Test(t, func(t *testing.T) {
			w, releases := full(t, 1)
			waited := make(chan error, 1)
			go func() {
				_, err := w.Acquire(t.Context())
				waited <- err
			}()
			synctest.Wait()
			releases[0](quota.Outcome{Remaining: quota.Unknown}) // not sent: the slot is free
			require.Zero(t, room(t, w))
			require.NoError(t, <-waited)
		})
	}
}

// A context that is over gets nothing, not even what is free.
func TestAContextThatIsOverGetsNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := quota.NewWindow(10, time.Minute).Acquire(ctx)
	require.ErrorIs(t, err, context.Canceled)
	_, err = quota.NewGate(time.Minute).Enter(ctx)
	require.ErrorIs(t, err, context.Canceled)
}

// Slots come free in the order of their moments, which is not that of the
// answers: one without an answer holds its slot for longer.
func TestSlotsComeFreeInTheOrderOfTheirMoments(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, releases := full(t, 3)
		releases[0](answered(0))
		releases[1](answered(200))
		wait(t, time.Second)
		releases[2](answered(200))
		start := time.Now()
		for _, after := range []time.Duration{59 * time.Second, time.Minute, 64 * time.Second} {
			_, err := w.Acquire(t.Context())
			require.NoError(t, err)
			require.Equal(t, after, time.Since(start))
		}
	})
}

// Left counts the slots that have come free by themselves.
func TestLeftCountsWhatHasComeFree(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, releases := full(t, 2)
		releases[0](answered(200))
		wait(t, time.Minute-1)
		require.Zero(t, w.Left())
		wait(t, time.Nanosecond)
		require.Equal(t, 1, w.Left())
	})
}
