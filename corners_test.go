package funnel_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
)

// Corners that no other test looked into, as mutations of the code showed.

// A policy that does not speak of the budget has the default one: 100 retries
// in store, and half a one for each call.
func TestWithRetry_BudgetByDefault(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := newMockAPI(t).on(http.MethodGet, "/contact", answers(503, ""))
		client := api.client(t, funnel.WithRetry(funnel.RetryPolicy{MaxAttempts: 2}), funnel.WithRateLimit(1<<20, time.Second))
		const calls = 1000
		for range calls {
			require.Error(t, getContact.call(t.Context(), client))
		}
		require.InDelta(t, calls+100+calls/2, len(api.requests()), 2)
	})
}

// The shortest wait that there is has no room for jitter.
func TestWithRetry_ShortestWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := newMockAPI(t).on(http.MethodGet, "/contact", answers(503, ""), answers(503, ""), data(`{"id":7}`))
		start := time.Now()
		require.NoError(t, getContact.call(t.Context(), api.client(t, funnel.WithRetry(funnel.RetryPolicy{MinWait: 1, MaxWait: 1}))))
		require.Len(t, api.requests(), 3)
		require.Equal(t, 2*time.Nanosecond, time.Since(start))
	})
}

// Where the context ends just when it is the call's turn, nothing is sent, and
// the limiter gets its slot back, once.
func TestWithLimiter_ContextThatEndsAtItsTurn(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	outcomes := []funnel.Outcome{}
	client := newMockAPI(t).client(t, funnel.WithLimiter(limiterFunc(func(context.Context) (func(funnel.Outcome), error) {
		cancel()
		return func(o funnel.Outcome) { outcomes = append(outcomes, o) }, nil
	})))
	err := createFunnel.call(ctx, client)
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, callFailure{"POST", "/funnel", 0, false}, failureOf(t, err))
	require.Equal(t, []funnel.Outcome{{Sent: false, Remaining: -1}}, outcomes)
}

// What could not be authenticated was not sent, and gives its slot back.
func TestWithLimiter_AuthenticationThatFails(t *testing.T) {
	t.Parallel()
	limiter := &recordingLimiter{}
	noToken := errors.New("no token")
	client := newMockAPI(t).client(t, funnel.WithLimiter(limiter), funnel.WithAuth(func(*http.Request) error { return noToken }))
	require.ErrorIs(t, createFunnel.call(t.Context(), client), noToken)
	require.Equal(t, []funnel.Outcome{{Sent: false, Remaining: -1}}, limiter.outcomes)
}

// A transport that panics may have sent the request: it keeps its slot.
func TestWithLimiter_TransportThatPanics(t *testing.T) {
	t.Parallel()
	limiter := &recordingLimiter{}
	transport := roundTripFunc(func(*http.Request) (*http.Response, error) { panic("a bug") })
	client := clientOver(t, transport, funnel.WithLimiter(limiter))
	require.PanicsWithValue(t, "a bug", func() { _ = createFunnel.call(t.Context(), client) })
	require.Equal(t, []funnel.Outcome{{Sent: true, Remaining: -1}}, limiter.outcomes)
}

// A bulk that stops does not wait until the quota has room for what it will not
// send.
func TestABulkThatStopsWaitsForNoQuota(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := newMockAPI(t).on(http.MethodPost, "/contact", after(time.Second, failure(401, funnel.ErrUnauthorized, "no")))
		client := api.client(t, funnel.WithRateLimit(1, time.Minute))
		start := time.Now()
		for result := range client.Contacts.CreateAll(t.Context(), manyContacts(10)) {
			require.ErrorIs(t, result.Err, funnel.ErrUnauthorized, "that is why")
		}
		require.Equal(t, time.Second, time.Since(start))
		require.Len(t, api.requests(), 1)
	})
}

// A call that begins in too long a pause fails with the error of the pause
// itself, and names its own operation.
func TestRateLimit_PauseThatIsTooLongForANewCall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := newMockAPI(t).on(http.MethodGet, "/contact", tooMany("Retry-After", "3600"))
		client := api.client(t)
		require.Error(t, getContact.call(t.Context(), client))
		err := createFunnel.call(t.Context(), client)
		paused, ok := err.(*funnel.RateLimitError)
		require.True(t, ok, "%T", err)
		require.Equal(t, time.Hour, paused.RetryAfter)
		require.Equal(t, callFailure{"POST", "/funnel", 0, false}, failureOf(t, err))
	})
}

// The error hides the key, but what the program asked to see is as it came.
func TestWithResponse_ShowsTheHeaderAsItCame(t *testing.T) {
	t.Parallel()
	api := newMockAPI(t).on(http.MethodGet, "/contact", answers(403, "{}", "X-Debug", testKey))
	var response funnel.Response
	err := getContact.call(funnel.WithResponse(t.Context(), &response), api.client(t))
	require.Equal(t, "[hidden]", asError[*funnel.APIError](t, err).Header.Get("X-Debug"))
	require.Equal(t, testKey, response.Header.Get("X-Debug"))
}

// The log names what the network says, which is nothing personal.
func TestLogger_NamesTheNetworksErrors(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := newMockAPI(t).on(http.MethodGet, "/contact", unsent(&net.OpError{
			Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "api.example.com", IsNotFound: true},
		}))
		option, logged := logOf(t, slog.LevelWarn)
		require.Error(t, getContact.call(t.Context(), api.client(t, option)))
		require.Equal(t, "dial tcp: lookup api.example.com: no such host", logged()[0]["after"])
	})
}
