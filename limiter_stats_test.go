package funnel_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
)

// A visibleLimiter is a user's limiter that lets everything through, and shows what
// the test sets.
type visibleLimiter struct {
	mu    sync.Mutex
	stats funnel.LimiterStats
	tell  func(funnel.LimiterEvent)
}

func (l *visibleLimiter) Acquire(context.Context) (func(funnel.Outcome), error) {
	return func(funnel.Outcome) {}, nil
}

func (l *visibleLimiter) Stats() funnel.LimiterStats {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.stats
}

func (l *visibleLimiter) set(stats funnel.LimiterStats) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stats = stats
}

func (l *visibleLimiter) Observe(f func(funnel.LimiterEvent)) { l.tell = f }

func TestLimiterStats(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := newMockAPI(t).
			on(http.MethodGet, "/contact", after(time.Second, data(seven))).
			on(http.MethodPost, "/tag", tooMany())
		client := api.client(t, funnel.WithRateLimit(2, time.Minute), funnel.WithRetry(funnel.RetryPolicy{MaxAttempts: 1}))
		require.Equal(t, funnel.LimiterStats{Limit: 2}, client.LimiterStats())

		var all sync.WaitGroup
		call := func(ctx context.Context) {
			all.Go(func() { _ = getContact.call(ctx, client) })
			synctest.Wait()
		}
		call(t.Context())
		require.Equal(t, funnel.LimiterStats{Limit: 2, Used: 1}, client.LimiterStats(), "one is under way")
		call(t.Context())
		call(t.Context())
		call(funnel.InBackground(t.Context()))
		call(funnel.InBackground(t.Context()))
		require.Equal(t, funnel.LimiterStats{Limit: 2, Used: 2, Interactive: 1, Background: 2}, client.LimiterStats(),
			"while both are under way, it is unknown when a slot is free")
		wait(t, 2*time.Second)
		require.Equal(t, funnel.LimiterStats{Limit: 2, Used: 2, Interactive: 1, Background: 2, NextSlot: time.Now().Add(59 * time.Second)},
			client.LimiterStats())
		all.Wait()

		wait(t, 2*time.Minute)
		require.ErrorIs(t, createTag.call(t.Context(), client), funnel.ErrRateLimited)
		require.Equal(t, time.Now().Add(time.Minute), client.LimiterStats().PausedUntil)
	})
}

func TestLimiterStats_OfAZeroClient(t *testing.T) {
	t.Parallel()
	require.Zero(t, (*funnel.Client)(nil).LimiterStats())
	require.Zero(t, new(funnel.Client).LimiterStats())
}

// A user's limiter says what it has used. The client adds its own pause and the
// calls that wait for it.
func TestLimiterStats_OfAnotherLimiter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := newMockAPI(t).on(http.MethodGet, "/contact", tooMany(), data(seven))
		limiter := &visibleLimiter{}
		client := api.client(t, funnel.WithLimiter(limiter))
		its := funnel.LimiterStats{Limit: 594, Used: 12, Interactive: 3, Background: 4, Store: funnel.StoreFallback}
		limiter.set(its)
		require.Equal(t, its, client.LimiterStats())

		var all sync.WaitGroup
		all.Go(func() { _ = getContact.call(t.Context(), client) })
		wait(t, time.Second)
		with := its
		with.Interactive, with.PausedUntil = 4, time.Now().Add(59*time.Second)
		require.Equal(t, with, client.LimiterStats())
		later := its
		later.PausedUntil = time.Now().Add(time.Hour)
		limiter.set(later)
		require.Equal(t, later.PausedUntil, client.LimiterStats().PausedUntil)
		limiter.set(its)
		all.Wait()
		require.Equal(t, its, client.LimiterStats())
	})
}

func TestLimiterStats_WithoutAStatsMethod(t *testing.T) {
	t.Parallel()
	client := newMockAPI(t).client(t, funnel.WithLimiter(funnel.LimiterFromWaiter(waiterFunc(func(context.Context) error { return nil }))))
	require.Zero(t, client.LimiterStats())
}

// A user's limiter that will have a call wait is asked for how long.
func TestLimiter_WaitsOfAnotherLimiter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := newMockAPI(t).on(http.MethodGet, "/contact", data(seven))
		limiter := &visibleLimiter{}
		var reasons []funnel.WaitReason
		var waits []time.Duration
		client := api.client(t, funnel.WithLimiter(limiter), funnel.WithObserver(funnel.Observer{
			Wait: func(_ context.Context, info funnel.WaitInfo) {
				reasons, waits = append(reasons, info.Reason), append(waits, info.Duration)
			},
		}))
		for _, stats := range []funnel.LimiterStats{
			{},
			{NextSlot: time.Now()},
			{NextSlot: time.Now().Add(time.Second)},
			{NextSlot: time.Now().Add(time.Second), PausedUntil: time.Now().Add(time.Minute)},
		} {
			limiter.set(stats)
			require.NoError(t, getContact.call(t.Context(), client))
		}
		require.Equal(t, []funnel.WaitReason{funnel.WaitQuota, funnel.WaitPause}, reasons)
		require.Equal(t, []time.Duration{time.Second, time.Minute}, waits)
	})
}

// All observers learn of the events of a user's limiter, and of a pause once: the
// client and its limiter both pause after a 429.
func TestLimiter_Events(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := newMockAPI(t).on(http.MethodGet, "/contact", tooMany())
		limiter := &visibleLimiter{}
		var events [2][]funnel.LimiterEvent
		opts := []funnel.Option{funnel.WithLimiter(limiter), funnel.WithRetry(funnel.RetryPolicy{MaxAttempts: 1})}
		for i := range events {
			opts = append(opts, funnel.WithObserver(funnel.Observer{
				Limiter: func(_ context.Context, event funnel.LimiterEvent) { events[i] = append(events[i], event) },
			}))
		}
		client := api.client(t, opts...)
		paused := func(after time.Duration) funnel.LimiterEvent {
			return funnel.LimiterEvent{Kind: funnel.LimiterPaused, Until: time.Now().Add(after)}
		}
		lost := funnel.LimiterEvent{Kind: funnel.LimiterStoreLost, Err: errors.New("no route")}
		want := []funnel.LimiterEvent{lost, {Kind: funnel.LimiterStoreBack}, paused(time.Minute)}
		limiter.tell(want[0])
		limiter.tell(want[1])
		require.ErrorIs(t, getContact.call(t.Context(), client), funnel.ErrRateLimited)
		limiter.tell(paused(61 * time.Second)) // the same 429
		require.Equal(t, want, events[0])

		wait(t, time.Minute) // only the client's pause is over
		require.ErrorIs(t, getContact.call(t.Context(), client), funnel.ErrRateLimited)
		require.Equal(t, want, events[0])

		wait(t, time.Minute)
		want = append(want, paused(time.Minute)) // of another process
		limiter.tell(paused(time.Minute))
		require.Equal(t, want, events[0])
		require.Equal(t, want, events[1])
	})
}

// Requests that the server has counted and the limiter has not are other programs'.
func TestRateLimit_Others(t *testing.T) {
	t.Parallel()
	headers := func(limit, remaining string) []string {
		return []string{"X-RateLimit-Limit", limit, "X-RateLimit-Remaining", remaining}
	}
	tests := []struct {
		name     string
		response responder
		want     int
	}{
		{"none", respond(200, success(seven), headers("600", "599")...), 0},
		{"fewer than our own, which may be of the window before", respond(200, success(seven), headers("600", "600")...), 0},
		{"some", respond(200, success(seven), headers("600", "400")...), 199},
		{"with another limit", respond(200, success(seven), headers("100", "60")...), 39},
		{"without a limit", respond(200, success(seven), "X-RateLimit-Remaining", "590"), 9},
		{"unknown", data(seven), 0},
		{"all", tooMany(headers("600", "0")...), 599},
		{"unknown after a rejection: the limit may be another one", tooMany(), 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				api := newMockAPI(t).on(http.MethodGet, "/contact", tt.response)
				client := api.client(t, funnel.WithRetry(funnel.RetryPolicy{MaxAttempts: 1}))
				_ = getContact.call(t.Context(), client)
				require.Equal(t, tt.want, client.RateLimit().Others)
				wait(t, time.Minute) // the server's window is another one
				require.Zero(t, client.RateLimit().Others)
			})
		})
	}
}

func TestRateLimit_OthersNextToAnotherLimiter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := newMockAPI(t).on(http.MethodGet, "/contact",
			respond(200, success(seven), "X-RateLimit-Limit", "600", "X-RateLimit-Remaining", "400"))
		limiter := &visibleLimiter{}
		client := api.client(t, funnel.WithLimiter(limiter))
		require.NoError(t, getContact.call(t.Context(), client))
		require.Zero(t, client.RateLimit().Others, "the limiter does not say what it has used")
		limiter.set(funnel.LimiterStats{Limit: 600, Used: 150})
		require.NoError(t, getContact.call(t.Context(), client))
		require.Equal(t, 50, client.RateLimit().Others)
		limiter.set(funnel.LimiterStats{Limit: 150, Used: 20, Store: funnel.StoreFallback})
		require.NoError(t, getContact.call(t.Context(), client))
		require.Zero(t, client.RateLimit().Others, "without its store, the limiter does not know of its other processes")
	})
}

// While calls wait for the quota, there is a line a minute, and not one for each.
func TestLogger_QuotaWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := newMockAPI(t).on(http.MethodGet, "/contact", data(seven))
		option, logged := logOf(t, slog.LevelInfo)
		client := api.client(t, option, funnel.WithRateLimit(2, time.Minute))
		var all sync.WaitGroup
		for range 6 {
			all.Go(func() { _ = getContact.call(t.Context(), client) })
		}
		all.Wait()
		line := map[string]any{"level": "INFO", "msg": "funnel: rate limit used up, calls wait", "for": "1m0s"}
		require.Equal(t, []map[string]any{line}, logged())
		require.NoError(t, getContact.call(t.Context(), client)) // it waits too, two minutes later
		require.Equal(t, []map[string]any{line, line}, logged())
	})
}

func TestLogger_LimiterEvents(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		limiter := &visibleLimiter{}
		option, logged := logOf(t, slog.LevelInfo)
		_ = newMockAPI(t).client(t, option, funnel.WithLimiter(limiter))
		limiter.tell(funnel.LimiterEvent{Kind: funnel.LimiterStoreLost, Err: &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}})
		limiter.tell(funnel.LimiterEvent{Kind: funnel.LimiterFallback})
		limiter.tell(funnel.LimiterEvent{Kind: funnel.LimiterStoreBack})
		limiter.tell(funnel.LimiterEvent{Kind: funnel.LimiterDataLost, Until: time.Now().Add(time.Minute)})
		limiter.tell(funnel.LimiterEvent{Kind: funnel.LimiterPaused, Until: time.Now().Add(90 * time.Second)})
		limiter.tell(funnel.LimiterEvent{Kind: "its_own", Err: errors.New("of ada@example.com")})
		require.Equal(t, []map[string]any{
			{"level": "WARN", "msg": "funnel: the limiter's store does not respond", "error": "dial tcp: connection refused"},
			{"level": "WARN", "msg": "funnel: sending without the limiter's store, within a share of the rate limit"},
			{"level": "INFO", "msg": "funnel: the limiter's store responds again"},
			{"level": "WARN", "msg": "funnel: the limiter's store has lost its data, pausing", "for": "1m0s"},
			{"level": "WARN", "msg": "funnel: rate limited, pausing", "for": "1m30s"},
			{"level": "WARN", "msg": "funnel: limiter: its_own", "error": "*errors.errorString"},
		}, logged())
	})
}
