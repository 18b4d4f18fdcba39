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

// mayEnter returns how many of n more may enter at once.
func mayEnter(t *testing.T, g *quota.Gate, n int) (entered int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Nanosecond)
	defer cancel()
	for ; entered < n; entered++ {
		if _, err := g.Enter(ctx); err != nil {
			break
		}
	}
	return entered
}

// enter returns the pass of one who may enter.
func enter(t *testing.T, g *quota.Gate) quota.Pass {
	t.Helper()
	pass, err := g.Enter(t.Context())
	require.NoError(t, err)
	return pass
}

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
				pass, err := g.Enter(t.Context())
				if err != nil {
					t.Error(err)
				}
				if waited := time.Since(start); waited != time.Minute {
					t.Errorf("entered after %s", waited)
				}
				g.Leave(pass, true)
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
				pass, err := g.Enter(t.Context())
				if err != nil {
					t.Error(err)
				}
				entered.Add(1)
				most.Store(max(most.Load(), inside.Add(1)))
				time.Sleep(time.Second)
				inside.Add(-1)
				g.Leave(pass, true)
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
		pass := enter(t, g)
		g.Pause(time.Minute) // before Leave, as the client does
		g.Leave(pass, false)
		start := time.Now()
		enter(t, g)
		require.Equal(t, time.Minute, time.Since(start))
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		_, err := g.Enter(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded, "only one until its answer")
	})
}

// What was sent before the pause says nothing of how things are after it, and
// however long it takes holds nobody up.
func TestAnswersToWhatWasSentBeforeThePauseDoNotOpenTheGate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := quota.NewGate(5 * time.Minute)
		var before []quota.Pass
		for range 1000 {
			before = append(before, enter(t, g))
		}
		g.Pause(time.Minute)
		for _, pass := range before[:700] {
			g.Leave(pass, true)
		}
		wait(t, time.Minute)
		first := enter(t, g)
		require.Zero(t, mayEnter(t, g, 1000))
		for _, pass := range before[700:] {
			g.Leave(pass, true)
		}
		require.Zero(t, mayEnter(t, g, 1000))
		g.Leave(first, true)
		require.Equal(t, 2, mayEnter(t, g, 1000))
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
				_, err := g.Enter(ctx)
				require.ErrorAs(t, err, &paused)
				require.Equal(t, test.pause, paused.Wait)
				require.ErrorAs(t, g.Refuse(ctx), &paused)
				require.Zero(t, time.Since(start))
			})
		})
	}
}

// A gate that was never paused limits nothing.
func TestAnOpenGateIsOpenToAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := quota.NewGate(time.Minute)
		g.Leave(enter(t, g), true)
		require.Equal(t, 1000, mayEnter(t, g, 1000))
	})
}

// Each answer after a pause lets one more in at a time, until it is over.
func TestTheGateIsOpenToAllAgainAfterSoManyAnswers(t *testing.T) {
	for _, test := range []struct{ answers, enter int }{{0, 1}, {1, 2}, {511, 512}, {512, 1000}} {
		synctest.Test(t, func(t *testing.T) {
			g := quota.NewGate(time.Minute)
			g.Pause(time.Second)
			for range test.answers {
				g.Leave(enter(t, g), true)
			}
			wait(t, time.Second)
			require.Equal(t, test.enter, mayEnter(t, g, 1000), "after %d answers", test.answers)
		})
	}
}

// A pause that becomes longer refuses those at once who cannot wait that long,
// wherever they stand in the line, and nobody else.
func TestAPauseThatBecomesTooLongRefusesThoseWhoWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := quota.NewGate(5 * time.Minute)
		g.Pause(time.Minute)
		start := time.Now()
		patient, hasty := make(chan error, 1), make(chan error, 1)
		attempt := func(ctx context.Context) error {
			_, err := g.Enter(ctx)
			return err
		}
		go func() { patient <- attempt(t.Context()) }()
		synctest.Wait()
		go func() {
			ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
			defer cancel()
			hasty <- attempt(ctx)
		}()
		synctest.Wait()
		wait(t, time.Second)
		g.Pause(2 * time.Minute)
		var paused *quota.PausedError
		require.ErrorAs(t, <-hasty, &paused)
		require.Equal(t, 2*time.Minute, paused.Wait)
		require.Equal(t, time.Second, time.Since(start))
		require.NoError(t, <-patient)
		require.Equal(t, 121*time.Second, time.Since(start))
	})
}

// The longest pause that anybody waits for is waited for.
func TestAPauseAsLongAsAllowedIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := quota.NewGate(time.Minute)
		g.Pause(time.Minute)
		require.NoError(t, g.Refuse(t.Context()))
		start := time.Now()
		enter(t, g)
		require.Equal(t, time.Minute, time.Since(start))
	})
}

// A pause that is over refuses nobody, whatever the context has left.
func TestAPauseThatIsOverRefusesNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := quota.NewGate(5 * time.Minute)
		g.Pause(time.Second)
		wait(t, time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), time.Nanosecond)
		defer cancel()
		wait(t, time.Second)
		require.NoError(t, g.Refuse(ctx))
		require.Zero(t, g.Paused())
	})
}
