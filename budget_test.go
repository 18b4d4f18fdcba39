package funnel_test

import (
	"io"
	"math"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
)

func TestRetryBudget_Counts(t *testing.T) {
	t.Parallel()
	ones := slices.Repeat([]int{1}, 19)
	drained := slices.Concat([]int{3}, ones, []int{2}, ones, []int{2}) // twenty failed calls return one retry
	tests := []struct {
		name   string
		budget int
		reply  reply
		want   []int // attempts of one call after the other
	}{
		{"drained by 5xx", 2, failure(503, "SERVER_ERROR", "Oops"), drained},
		{"drained by lost responses", 2, breaks(io.EOF), drained},
		{"drained by missing connections", 2, unsent(io.EOF), drained},
		{"not by 429", 2, tooMany(), []int{4, 4, 4, 4}},
		{"not if it is as large as can be", math.MaxInt, failure(503, "SERVER_ERROR", "Oops"), []int{4, 4}},
		{"never", -1, failure(503, "SERVER_ERROR", "Oops"), []int{4, 4, 4, 4, 4, 4}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				api := newMockAPI(t).on(http.MethodGet, "/contact", tt.reply)
				client := api.client(t, funnel.WithRetry(funnel.RetryPolicy{Budget: tt.budget}))
				got := []int{}
				for range tt.want {
					got = append(got, failureOf(t, getContact.call(t.Context(), client)).Attempts)
				}
				require.Equal(t, tt.want, got)
			})
		})
	}
}

// Calls that succeed fill the store up again, but not over its brim.
func TestRetryBudget_Refills(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		healthy := true
		api := newMockAPI(t).on(http.MethodGet, "/contact", func(req *http.Request) (*http.Response, error) {
			if healthy {
				return data(seven)(req)
			}
			return answers(503, "")(req)
		})
		client := api.client(t, funnel.WithRetry(funnel.RetryPolicy{Budget: 3}))
		for range 100 {
			require.NoError(t, getContact.call(t.Context(), client))
		}
		healthy = false
		require.Equal(t, 4, failureOf(t, getContact.call(t.Context(), client)).Attempts)
		require.Equal(t, 1, failureOf(t, getContact.call(t.Context(), client)).Attempts)
		healthy = true
		for range 5 {
			require.NoError(t, getContact.call(t.Context(), client))
		}
		healthy = false
		require.Equal(t, 4, failureOf(t, getContact.call(t.Context(), client)).Attempts)
	})
}

// A policy that does not set the budget has the default one: 100 retries, and one
// more for each 20 failed calls.
func TestWithRetry_BudgetByDefault(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := newMockAPI(t).on(http.MethodGet, "/contact", answers(503, ""))
		client := api.client(t, funnel.WithRetry(funnel.RetryPolicy{MaxAttempts: 2}), funnel.WithRateLimit(1<<20, time.Second))
		const calls = 1000
		for range calls {
			require.Error(t, getContact.call(t.Context(), client))
		}
		require.InDelta(t, calls+100+calls/20, len(api.requests()), 2)
	})
}
