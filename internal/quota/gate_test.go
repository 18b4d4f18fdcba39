package quota_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel/internal/quota"
)

func TestAPauseHoldsEverybodyUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := quota.NewGate(5 * time.Minute)
		until, began := g.Pause(time.Minute)
		require.True(t, began)
		require.Equal(t, time.Now().Add(time.Minute), until)
		_, began = g.Pause(time.Second)
		require.False(t, began, "a shorter one changes nothing")
		require.Equal(t, until, g.Paused())

		var wg sync.WaitGroup
		start := time.Now()
		for range 10 {
			wg.Go(func() {
				if err := g.Enter(t.Context()); err != nil {
					t.Error(err)
				}
				if waited := time.Since(start); waited != time.Minute {
					t.Errorf("entered after %s", waited)
				}
				g.Leave(true)
			})
		}
		wg.Wait()
		require.Zero(t, g.Paused())
	})
}

func TestAfterAPauseTheGateOpensSlowly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := quota.NewGate(5 * time.Minute)
		g.Pause(time.Minute)
		var (
			entered, inside, most atomic.Int64
			wg                    sync.WaitGroup
		)
		for range 500 {
			wg.Go(func() {
				if err := g.Enter(t.Context()); err != nil {
					t.Error(err)
				}
				entered.Add(1)
				most.Store(max(most.Load(), inside.Add(1)))
				time.Sleep(time.Second)
				inside.Add(-1)
				g.Leave(true)
			})
		}
		time.Sleep(time.Minute + time.Millisecond)
		synctest.Wait()
		require.EqualValues(t, 1, entered.Load(), "one goes first")
		time.Sleep(time.Second)
		synctest.Wait()
		require.EqualValues(t, 3, entered.Load(), "with its answer two more")
		time.Sleep(time.Second)
		synctest.Wait()
		require.EqualValues(t, 7, entered.Load())
		start := time.Now()
		wg.Wait()
		require.Less(t, time.Since(start), 10*time.Second, "the care is soon over")
		require.Greater(t, most.Load(), int64(100))
	})
}

func TestARefusalAfterThePauseMakesTheGateCarefulAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := quota.NewGate(5 * time.Minute)
		g.Pause(time.Minute)
		require.NoError(t, g.Enter(t.Context()))
		g.Pause(time.Minute) // before Leave, as the client does
		g.Leave(false)
		start := time.Now()
		require.NoError(t, g.Enter(t.Context()))
		require.Equal(t, time.Minute, time.Since(start))
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		require.ErrorIs(t, g.Enter(ctx), context.DeadlineExceeded, "only one until its answer")
	})
}

func TestAPauseThatIsTooLongRefusesAtOnce(t *testing.T) {
	for _, test := range []struct {
		name     string
		pause    time.Duration
		deadline time.Duration
	}{
		{"longer than anybody waits", 5*time.Minute + 1, time.Hour},
		{"longer than the context's deadline", time.Minute, time.Minute - 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := quota.NewGate(5 * time.Minute)
				g.Pause(test.pause)
				ctx, cancel := context.WithTimeout(t.Context(), test.deadline)
				defer cancel()
				start := time.Now()
				var paused *quota.PausedError
				require.ErrorAs(t, g.Enter(ctx), &paused)
				require.Equal(t, test.pause, paused.Wait)
				require.ErrorAs(t, g.Refuse(ctx), &paused)
				require.Zero(t, time.Since(start))
			})
		})
	}
}
