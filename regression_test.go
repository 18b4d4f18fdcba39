package funnel_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
)

func TestBulk_AnItemsOwnTimeOutEndsItsWaitForTheQuota(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := funneltest.NewServer(fixedLatency(100 * time.Millisecond))
		defer server.Close()
		server.SeedContacts(1)
		client := server.Client(funnel.WithRateLimit(1, time.Minute))
		start := time.Now()
		var status []funnel.BulkStatus
		for result := range funnel.Bulk(t.Context(), client, slices.Values([]int{1, 2, 3}), func(ctx context.Context, _ int) (*funnel.Contact, error) {
			ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
			defer cancel()
			return client.Contacts.Get(ctx, 1)
		}) {
			status = append(status, result.Status)
		}
		require.ElementsMatch(t, []funnel.BulkStatus{funnel.BulkDone, funnel.BulkFailed, funnel.BulkFailed}, status)
		require.LessOrEqual(t, time.Since(start), 2*time.Second)
		require.Equal(t, 1, server.RequestCount())
	})
}

func TestBulk_AnItemsOwnErrorEndsNothingElse(t *testing.T) {
	server := funneltest.NewServer()
	defer server.Close()
	client := server.Client()
	for name, err := range map[string]error{
		"a deadline of the program's own": fmt.Errorf("database: %w", context.DeadlineExceeded),
		"a resource that is forbidden":    &funnel.APIError{Code: funnel.ErrForbidden, StatusCode: http.StatusForbidden, Attempts: 1},
	} {
		t.Run(name, func(t *testing.T) {
			done := 0
			for result := range funnel.Bulk(t.Context(), client, slices.Values(make([]int, 100)), func(context.Context, int) (int, error) {
				return 0, err
			}) {
				require.ErrorIs(t, result.Err, err)
				require.Equal(t, funnel.BulkFailed, result.Status)
				done++
			}
			require.Equal(t, 100, done)
		})
	}
}

func TestBulk_LeavesAResponseAlone(t *testing.T) {
	server := funneltest.NewServer()
	defer server.Close()
	var response funnel.Response
	for result := range server.Client().Contacts.CreateAll(funnel.WithResponse(t.Context(), &response), manyContacts(100)) {
		require.NoError(t, result.Err)
	}
	require.Zero(t, response.StatusCode)
}

func TestAuth_WhatCannotBeSentWasNotSent(t *testing.T) {
	t.Parallel()
	mock := httpmock.NewMockTransport()
	client, err := funnel.New("https://api.example.com", "secret", funnel.WithHTTPClient(&http.Client{Transport: mock}),
		funnel.WithAuth(func(req *http.Request) error {
			req.Header.Set("X-Api-Key", "from a file\n")
			return nil
		}))
	require.NoError(t, err)
	_, err = client.Funnels.Create(t.Context(), funnel.FunnelCreateParams{Name: "Launch"})
	require.ErrorContains(t, err, "the value of X-Api-Key holds a control character")
	require.NotContains(t, err.Error(), "from a file")
	require.False(t, funnel.MayHaveBeenApplied(err))
	require.Zero(t, mock.GetTotalCallCount())
}

func TestAuth_ThatOutlastsTheDeadlineSendsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mock := httpmock.NewMockTransport()
		client, err := funnel.New("https://api.example.com", "secret", funnel.WithHTTPClient(&http.Client{Transport: mock}),
			funnel.WithAuth(func(*http.Request) error { time.Sleep(time.Minute); return nil }))
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err = client.Funnels.Create(ctx, funnel.FunnelCreateParams{Name: "Launch"})
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.False(t, funnel.MayHaveBeenApplied(err))
		require.Zero(t, mock.GetTotalCallCount())
	})
}

func TestAPanicOnTheWayKeepsNoSlot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := funneltest.NewServer()
		defer server.Close()
		server.SeedContacts(1)
		panics := true
		client := server.Client(funnel.WithRateLimit(1, time.Minute), funnel.WithAuth(func(req *http.Request) error {
			if panics {
				panic("in the user's code")
			}
			req.Header.Set("Authorization", "Bearer "+server.APIKey())
			return nil
		}))
		require.Panics(t, func() { _, _ = client.Contacts.Get(t.Context(), 1) })
		panics = false
		start := time.Now()
		_, err := client.Contacts.Get(t.Context(), 1)
		require.NoError(t, err)
		require.LessOrEqual(t, time.Since(start), 65*time.Second)
	})
}

func TestALaterAndLongerPauseRefusesThoseWhoWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := funneltest.NewServer()
		defer server.Close()
		server.SeedContacts(1)
		client := server.Client()
		server.Fail(funneltest.Fault{Status: 429})
		server.Fail(funneltest.Fault{Status: 429, Header: http.Header{"Retry-After": {"3600"}}})
		_, err := client.Contacts.Get(funnel.WithoutRetry(t.Context()), 1)
		require.ErrorIs(t, err, funnel.ErrRateLimited)
		start := time.Now() // a minute's pause; whoever goes first then makes it an hour's
		spread(3, 3, func(int) {
			if _, err := client.Contacts.Get(t.Context(), 1); !errors.Is(err, funnel.ErrRateLimited) {
				t.Errorf("after %s: %v", time.Since(start), err)
			}
		})
		require.LessOrEqual(t, time.Since(start), 62*time.Second)
	})
}

func TestAnHourlyQuotaDoesNotStretchTheServersMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := funneltest.NewServer(fixedLatency(10 * time.Millisecond))
		defer server.Close()
		server.SeedContacts(1)
		client := server.Client(funnel.WithRateLimit(5000, time.Hour))
		start := time.Now()
		for range 700 {
			_, err := client.Contacts.Get(t.Context(), 1)
			require.NoError(t, err)
		}
		require.LessOrEqual(t, time.Since(start), 70*time.Second)
	})
}

func TestAll_GoesOnAfterAnEmptyPageInTheMiddle(t *testing.T) {
	t.Parallel()
	mock := httpmock.NewMockTransport()
	for page, items := range map[string]string{"1": `{"id":1}`, "2": ``, "3": `{"id":3}`} {
		mock.RegisterResponderWithQuery(http.MethodGet, "https://api.example.com/tags", map[string]string{"page": page, "per_page": "100"},
			httpmock.NewStringResponder(http.StatusOK, `{"success":true,"data":[`+items+`],"meta":{"current_page":`+page+`,"last_page":3}}`))
	}
	client, err := funnel.New("https://api.example.com", "secret", funnel.WithHTTPClient(&http.Client{Transport: mock}))
	require.NoError(t, err)
	var ids []funnel.TagID
	for tag, err := range client.Tags.All(t.Context(), funnel.TagListParams{}) {
		require.NoError(t, err)
		ids = append(ids, tag.ID)
	}
	require.Equal(t, []funnel.TagID{1, 3}, ids)
}

func TestMayHaveBeenApplied_IsTheSameForAllTypes(t *testing.T) {
	t.Parallel()
	require.False(t, funnel.MayHaveBeenApplied(nil))
	require.False(t, funnel.MayHaveBeenApplied(errors.New("something else")))
	for _, applied := range []bool{true, false} {
		apiErr := funnel.APIError{MayHaveBeenApplied: applied}
		for _, err := range []error{
			&apiErr,
			&funnel.ValidationError{APIError: apiErr},
			&funnel.RateLimitError{APIError: apiErr},
			&funnel.RequestError{MayHaveBeenApplied: applied, Err: &funnel.APIError{MayHaveBeenApplied: !applied}},
		} {
			require.Equal(t, applied, funnel.MayHaveBeenApplied(fmt.Errorf("import: %w", err)), "%T", err)
		}
	}
}

func TestARateLimitWaitIsNeverLongerThanItsMaximum(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := funneltest.NewServer()
		defer server.Close()
		server.SeedContacts(1)
		client := server.Client(funnel.WithRetry(funnel.RetryPolicy{RateLimitWait: 10 * time.Minute}), funnel.WithMaxResponseBytes(math.MaxInt64))
		server.Fail(funneltest.Fault{Status: 429})
		start := time.Now()
		_, err := client.Contacts.Get(t.Context(), 1)
		require.NoError(t, err)
		require.Equal(t, 10*time.Minute, time.Since(start))
	})
}
