package funneltest_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel/funneltest"
)

func TestThrottle_FirstRequestOpensAFixedWindow(t *testing.T) {
	t.Parallel()
	clock := newClock("2026-11-22T09:30:00.5Z")
	a := newAPI(t, funneltest.WithClock(clock.now), funneltest.WithRateLimit(3, time.Minute))
	require.Equal(t, funneltest.Quota{Limit: 3}, a.Quota())

	quota := func() [2]string {
		header := a.get("/tags").ok().Header
		require.NotContains(t, header, "Retry-After")
		require.NotContains(t, header, "X-Ratelimit-Reset")
		return [2]string{header.Get("X-RateLimit-Limit"), header.Get("X-RateLimit-Remaining")}
	}
	require.Equal(t, [2]string{"3", "2"}, quota())
	require.Equal(t, [2]string{"3", "1"}, quota())
	clock.set("2026-11-22T09:31:00.4Z")
	require.Equal(t, [2]string{"3", "0"}, quota())
	require.Equal(t, funneltest.Quota{Limit: 3, Used: 3, Ends: clock.at.Add(100 * time.Millisecond)}, a.Quota())

	for range 5 { // rejected requests are not counted and do not prolong the window
		got := a.get("/tags")
		require.Equal(t, 429, got.Status)
		require.JSONEq(t, `{"message":"Too Many Attempts."}`, got.Body)
		require.Equal(t, "application/json", got.Header.Get("Content-Type"))
		require.Equal(t, "3", got.Header.Get("X-RateLimit-Limit"))
		require.Equal(t, "0", got.Header.Get("X-RateLimit-Remaining"))
		require.Equal(t, "1", got.Header.Get("Retry-After"), "a whole second, rounded up")
		require.Equal(t, "1795339861", got.Header.Get("X-RateLimit-Reset"), "rounded up too: 09:31:01")
	}
	require.Equal(t, 3, a.Quota().Used)

	clock.set("2026-11-22T09:31:00.5Z")
	require.Zero(t, a.Quota().Used)
	require.Equal(t, [2]string{"3", "2"}, quota())
}

func TestThrottle_ErrorsCountAndHaveHeaders(t *testing.T) {
	t.Parallel()
	a := newAPI(t, funneltest.WithRateLimit(4, time.Minute))
	require.Equal(t, "3", a.call(`POST /tag {}`).Header.Get("X-RateLimit-Remaining"))
	require.Equal(t, "2", a.get("/nothing").Header.Get("X-RateLimit-Remaining"))
	require.Equal(t, "1", a.call("PATCH /tag").Header.Get("X-RateLimit-Remaining"))
	a.Fail(funneltest.Fault{Status: 500})
	require.NotContains(t, a.get("/tags").Header, "X-Ratelimit-Remaining", "the response is replaced")
	require.Equal(t, 429, a.get("/tags").Status)
}

func TestThrottle_DefaultIs600PerMinute(t *testing.T) {
	t.Parallel()
	clock := newClock("2026-11-22T09:30:00Z")
	a := newAPI(t, funneltest.WithClock(clock.now))
	for range 600 {
		require.Equal(t, 200, a.get("/tags").Status)
	}
	require.Equal(t, 429, a.get("/tags").Status)
	require.Equal(t, "60", a.get("/tags").Header.Get("Retry-After"))
	clock.set("2026-11-22T09:31:00Z")
	require.Equal(t, 200, a.get("/tags").Status)
}

func TestThrottle_WithoutHeaders(t *testing.T) {
	t.Parallel()
	a := newAPI(t, funneltest.WithRateLimit(1, time.Minute), funneltest.WithoutRateLimitHeaders())
	for _, status := range []int{200, 429} {
		got := a.get("/tags")
		require.Equal(t, status, got.Status)
		for _, header := range []string{"X-Ratelimit-Limit", "X-Ratelimit-Remaining", "X-Ratelimit-Reset", "Retry-After"} {
			require.NotContains(t, got.Header, header)
		}
	}
}

func TestThrottle_WithoutLimit(t *testing.T) {
	t.Parallel()
	a := newAPI(t, funneltest.WithRateLimit(0, 0))
	for range 1000 {
		got := a.get("/tags")
		require.Equal(t, 200, got.Status)
		require.NotContains(t, got.Header, "X-Ratelimit-Limit")
	}
	require.Equal(t, funneltest.Quota{}, a.Quota())
}

func TestThrottle_WindowWithoutLengthLastsAMinute(t *testing.T) {
	t.Parallel()
	clock := newClock("2026-11-22T09:30:00Z")
	a := newAPI(t, funneltest.WithClock(clock.now), funneltest.WithRateLimit(1, 0))
	a.get("/tags").ok()
	require.Equal(t, clock.at.Add(time.Minute), a.Quota().Ends)
}
