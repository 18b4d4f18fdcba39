package funneltest_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel/funneltest"
)

// slow takes 2 s there and 3 s back.
func slow() (there, back time.Duration) { return 2 * time.Second, 3 * time.Second }

func TestLatency_BothWays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAPI(t, funneltest.WithLatency(slow))
		start := time.Now()
		a.call(`POST /tag {"name":"a"}`).ok()
		require.Equal(t, 5*time.Second, time.Since(start))
		require.Equal(t, start.Add(2*time.Second), a.Requests()[0].Time, "when it arrived")
		require.Equal(t, start.Add(2*time.Second+time.Minute), a.Quota().Ends, "counted then")
	})
}

func TestLatency_CalledForOneRequestAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0 // the race detector checks it
		a := newAPI(t, funneltest.WithLatency(func() (time.Duration, time.Duration) {
			asked++
			return time.Duration(asked) * time.Second, 0
		}))
		var all sync.WaitGroup
		for range 20 {
			r := a.request("GET", "/tags", "")
			all.Go(func() { _, _ = a.Transport().RoundTrip(r) })
		}
		all.Wait()
		require.Equal(t, 20, asked)
		require.Equal(t, 20, a.RequestCount())
	})
}

func TestLatency_CancelledRequestTakesEffectOnlyOnceArrived(t *testing.T) {
	tests := map[string]struct {
		after   time.Duration
		arrived bool
	}{
		"before it leaves": {0, false},
		"on the way there": {time.Second, false},
		"on the way back":  {4 * time.Second, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newAPI(t, funneltest.WithLatency(slow))
				cause := errors.New("enough")
				ctx, cancel := context.WithTimeoutCause(t.Context(), test.after, cause)
				defer cancel()
				start := time.Now()
				_, err := a.Transport().RoundTrip(a.request("POST", "/tag", `{"name":"a"}`).WithContext(ctx))
				require.ErrorIs(t, err, cause)
				require.Equal(t, test.after, time.Since(start), "the wait ends with the context")
				require.Equal(t, test.arrived, a.Counts()["tags"] == 1)
				require.Equal(t, test.arrived, a.RequestCount() == 1)
				require.Equal(t, test.arrived, a.Quota().Used == 1)
			})
		})
	}
}

func TestLatency_CancelledContextWithoutLatency(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := a.Transport().RoundTrip(a.request("POST", "/tag", `{"name":"a"}`).WithContext(ctx))
	require.ErrorIs(t, err, context.Canceled)
	require.Zero(t, a.RequestCount())
}
