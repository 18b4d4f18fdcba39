package quota_test

import (
	"context"
	"net/http"
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
	for entered < n && g.Enter(ctx) == nil {
		entered++
	}
	return entered
}

// A gate that was never paused limits nothing.
func TestAnOpenGateIsOpenToAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := quota.NewGate(time.Minute)
		require.NoError(t, g.Enter(t.Context()))
		g.Leave(true)
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
				require.NoError(t, g.Enter(t.Context()))
				g.Leave(true)
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
		go func() { patient <- g.Enter(t.Context()) }()
		synctest.Wait()
		go func() {
			ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
			defer cancel()
			hasty <- g.Enter(ctx)
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
		require.NoError(t, g.Enter(t.Context()))
		require.Equal(t, time.Minute, time.Since(start))
	})
}

// What is no number at all is as if it had not been said.
func TestARetryAfterThatIsNoneLeavesTheReset(t *testing.T) {
	date := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	h := http.Header{
		"Date":              {date.Format(http.TimeFormat)},
		"X-Ratelimit-Reset": {"1777636875"},
	}
	require.Equal(t, 75*time.Second, quota.ParseHeaders(429, h).RetryAfter)
	for _, value := range []string{"1.2.3", ".", "soon"} {
		h.Set("Retry-After", value)
		require.Equal(t, 75*time.Second, quota.ParseHeaders(429, h).RetryAfter, value)
	}
}
