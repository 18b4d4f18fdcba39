package funneltest_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
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
	clock.set("2026-11-22T09:30:59.4Z")
	require.Equal(t, [2]string{"3", "0"}, quota())
	require.Equal(t, funneltest.Quota{Limit: 3, Used: 3, Ends: at("2026-11-22T09:31:00Z")}, a.Quota(), "on a whole second")

	for range 5 { // rejected requests are not counted and do not prolong the window
		a.isRejected("1", "1795339860")
	}
	require.Equal(t, 3, a.Quota().Used)

	clock.set("2026-11-22T09:31:00Z")
	require.Equal(t, funneltest.Quota{Limit: 3}, a.Quota())
	require.Equal(t, [2]string{"3", "2"}, quota())
}

// isRejected requires that the next request of an account with the limit 3 is
// rejected.
func (a *api) isRejected(retryAfter, reset string) {
	a.t.Helper()
	got := a.get("/tags")
	require.Equal(a.t, 429, got.Status)
	require.JSONEq(a.t, `{"message":"Too Many Attempts."}`, got.Body)
	require.Equal(a.t, "application/json", got.Header.Get("Content-Type"))
	require.Equal(a.t, "3", got.Header.Get("X-RateLimit-Limit"))
	require.Equal(a.t, "0", got.Header.Get("X-RateLimit-Remaining"))
	require.Equal(a.t, retryAfter, got.Header.Get("Retry-After"))
	require.Equal(a.t, reset, got.Header.Get("X-RateLimit-Reset"))
}

func TestWithThrottleStyle_ExactWindows(t *testing.T) {
	t.Parallel()
	clock := newClock("2026-11-22T09:30:00.5Z")
	a := newAPI(t, funneltest.WithClock(clock.now), funneltest.WithRateLimit(3, time.Minute),
		funneltest.WithThrottleStyle(funneltest.ThrottleStyle{ExactWindows: true}))
	a.setUp("GET /tags", "GET /tags", "GET /tags")
	require.Equal(t, clock.at.Add(time.Minute), a.Quota().Ends)
	a.isRejected("60", "1795339860")
	clock.set("2026-11-22T09:30:59.9Z")
	a.isRejected("1", "1795339860")
	clock.set("2026-11-22T09:31:00.4Z")
	a.isRejected("0", "1795339860")
	clock.set("2026-11-22T09:31:00.5Z")
	a.get("/tags").ok()
}

func TestWithThrottleStyle_Overshoot(t *testing.T) {
	t.Parallel()
	a := newAPI(t, funneltest.WithRateLimit(3, time.Minute),
		funneltest.WithThrottleStyle(funneltest.ThrottleStyle{Overshoot: 2}))
	for _, remaining := range []string{"2", "1", "0", "-1", "-2"} {
		require.Equal(t, remaining, a.get("/tags").ok().Header.Get("X-RateLimit-Remaining"))
	}
	got := a.get("/tags")
	require.Equal(t, 429, got.Status)
	require.Equal(t, "0", got.Header.Get("X-RateLimit-Remaining"))
}

func TestWithThrottleStyle_CounterLag(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		used int    // in the first window
		left string // after the first request of the second one
	}{
		{"the next window goes on with the count", 2, "0"},
		{"a counter that has reached the limit is reset", 3, "2"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			clock := newClock("2026-11-22T09:30:00Z")
			a := newAPI(t, funneltest.WithClock(clock.now), funneltest.WithRateLimit(3, time.Minute),
				funneltest.WithThrottleStyle(funneltest.ThrottleStyle{CounterLag: time.Second}))
			for range test.used {
				a.get("/tags").ok()
			}
			clock.set("2026-11-22T09:31:00Z")
			require.Equal(t, test.left, a.get("/tags").ok().Header.Get("X-RateLimit-Remaining"))
			if test.left != "0" {
				return
			}
			a.isRejected("60", "1795339920") // although requests are accepted in a second
			clock.set("2026-11-22T09:31:01Z")
			require.Equal(t, "2", a.get("/tags").ok().Header.Get("X-RateLimit-Remaining"))
		})
	}
}

func TestThrottle_ErrorsOfOperationsCountAndHaveHeaders(t *testing.T) {
	t.Parallel()
	a := newAPI(t, funneltest.WithRateLimit(5, time.Minute))
	require.Equal(t, "4", a.call(`POST /tag {}`).Header.Get("X-RateLimit-Remaining"))
	for _, line := range []string{"GET /nothing", "PATCH /tag", "POST /tag " + strings.Repeat("x", 9<<20)} {
		require.NotContains(t, a.call(line).Header, "X-Ratelimit-Remaining", "Laravel itself responds")
	}
	for _, code := range []funnel.Code{"FORBIDDEN", "SERVER_ERROR"} {
		a.Fail(funneltest.Fault{Code: code})
	}
	require.Equal(t, "3", a.get("/tags").Header.Get("X-RateLimit-Remaining"))
	require.Equal(t, "2", a.get("/tags").Header.Get("X-RateLimit-Remaining"))
	for _, fault := range []funneltest.Fault{{Status: 502, Body: "{}"}, {Body: "{}"}} {
		a.Fail(fault)
		require.NotContains(t, a.get("/tags").Header, "X-Ratelimit-Remaining", "a proxy responds")
	}
	require.Equal(t, 429, a.get("/tags").Status)
}

func TestThrottle_RemainingIsReadAfterADelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAPI(t)
		a.Fail(funneltest.Fault{Delay: time.Second, Times: 3})
		a.Fail(funneltest.Fault{Delay: 2 * time.Second, Header: http.Header{"X-Ratelimit-Remaining": {"7"}}})
		var all sync.WaitGroup
		remaining := make(chan string, 4)
		for range 4 {
			r := a.request("GET", "/tags", "")
			all.Go(func() {
				resp, err := a.Transport().RoundTrip(r)
				if err == nil {
					remaining <- resp.Header.Get("X-RateLimit-Remaining")
				}
			})
		}
		all.Wait()
		close(remaining)
		var got []string
		for value := range remaining {
			got = append(got, value)
		}
		require.Equal(t, []string{"596", "596", "596", "7"}, got, "a fault's own header stays")
	})
}

func TestThrottle_RemainingAfterTheWindowIsTheLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAPI(t)
		a.Fail(funneltest.Fault{Delay: 61 * time.Second})
		require.Equal(t, "600", a.get("/tags").ok().Header.Get("X-RateLimit-Remaining"))
	})
}

func TestThrottle_FractionsOfASecondAreExact(t *testing.T) {
	t.Parallel()
	clock := newClock("2026-11-22T09:30:00.25Z")
	a := newAPI(t, funneltest.WithClock(clock.now), funneltest.WithRateLimit(3, 1500*time.Millisecond))
	a.setUp("GET /tags", "GET /tags", "GET /tags")
	require.Equal(t, clock.at.Add(1500*time.Millisecond), a.Quota().Ends)
	a.isRejected("2", "1795339802")
	clock.set("2026-11-22T09:30:01.75Z")
	a.get("/tags").ok()
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
