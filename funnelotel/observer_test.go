package funnelotel_test

import (
	"context"
	"net/http"
	"regexp"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
)

var ada = funnel.ContactCreateParams{Email: "ada@example.com"}

// Each case is a client's work against a fake in virtual time, with the spans
// and the measurements that it leaves, all but the attributes of the operation.
func TestTelemetry(t *testing.T) {
	for _, tc := range []struct {
		name   string
		opts   []funnel.Option
		faults []funneltest.Fault
		work   func(*testing.T, *funnel.Client)
		spans  string
		values string
	}{
		{
			name: "a call that succeeds",
			work: func(t *testing.T, client *funnel.Client) {
				_, err := client.Contacts.Create(t.Context(), ada)
				require.NoError(t, err)
			},
			spans: `
funnel POST /contact (internal) 0s–100ms funnel.call.attempts=1
  POST /contact (client) 0s–100ms funnel.wait.duration=0 http.response.status_code=201 network.protocol.version=1.1
`,
			values: `
funnel.client.call.duration: 1 in 0.1 s
http.client.request.duration: 1 in 0.1 s http.response.status_code=201 network.protocol.version=1.1
`,
		},
		{
			name:   "a 503, then success",
			faults: []funneltest.Fault{{Status: 503, Header: http.Header{"Retry-After": {"2"}}}},
			work: func(t *testing.T, client *funnel.Client) {
				_, err := client.Contacts.Create(t.Context(), ada)
				require.NoError(t, err)
			},
			spans: `
funnel POST /contact (internal) 0s–~s funnel.call.attempts=2
  * 100ms funnel.wait error.type=503 funnel.wait.duration=~ funnel.wait.reason=retry
  POST /contact (client) 0s–100ms Error error.type=503 funnel.wait.duration=0 http.response.status_code=503 network.protocol.version=1.1
  POST /contact (client) ~s–~s funnel.wait.duration=~ http.request.resend_count=1 http.response.status_code=201 network.protocol.version=1.1
`,
			values: `
funnel.client.call.duration: 1 in ~ s
funnel.client.retries: 1 {retry} error.type=503
funnel.client.wait.duration: 1 in ~ s
http.client.request.duration: 1 in 0.1 s error.type=503 http.response.status_code=503 network.protocol.version=1.1
http.client.request.duration: 1 in 0.1 s http.response.status_code=201 network.protocol.version=1.1
`,
		},
		{
			name:   "a 429, which pauses the client",
			faults: []funneltest.Fault{{Status: 429}},
			work: func(t *testing.T, client *funnel.Client) {
				_, err := client.Contacts.Create(t.Context(), ada)
				require.NoError(t, err)
			},
			spans: `
funnel POST /contact (internal) 0s–1m0.2s funnel.call.attempts=2
  * 100ms funnel.wait error.type=RATE_LIMITED funnel.wait.duration=60 funnel.wait.reason=pause
  POST /contact (client) 0s–100ms Error error.type=429 funnel.wait.duration=0 http.response.status_code=429 network.protocol.version=1.1
    * 100ms funnel.pause funnel.pause.duration=60
  POST /contact (client) 1m0.1s–1m0.2s funnel.wait.duration=60 http.request.resend_count=1 http.response.status_code=201 network.protocol.version=1.1
`,
			values: `
funnel.client.call.duration: 1 in 60.2 s
funnel.client.quota.rejections: 1 {rejection}
funnel.client.retries: 1 {retry} error.type=RATE_LIMITED
funnel.client.wait.duration: 1 in 60 s
funnel.limiter.events: 1 {event} funnel.limiter.event=paused
http.client.request.duration: 1 in 0.1 s error.type=429 http.response.status_code=429 network.protocol.version=1.1
http.client.request.duration: 1 in 0.1 s http.response.status_code=201 network.protocol.version=1.1
`,
		},
		{
			name: "the rate limit, without a 429",
			opts: []funnel.Option{funnel.WithRateLimit(1, time.Minute)},
			work: func(t *testing.T, client *funnel.Client) {
				for range 2 {
					_, err := client.Tags.List(t.Context(), funnel.TagListParams{})
					require.NoError(t, err)
				}
			},
			spans: `
funnel GET /tags (internal) 0s–100ms funnel.call.attempts=1
  GET /tags (client) 0s–100ms funnel.wait.duration=0 http.response.status_code=200 network.protocol.version=1.1
funnel GET /tags (internal) 100ms–1m0.2s funnel.call.attempts=1
  * 100ms funnel.wait funnel.wait.duration=60 funnel.wait.reason=quota
  GET /tags (client) 1m0.1s–1m0.2s funnel.wait.duration=60 http.response.status_code=200 network.protocol.version=1.1
`,
			values: `
funnel.client.call.duration: 2 in 60.2 s
funnel.client.wait.duration: 1 in 60 s
http.client.request.duration: 2 in 0.2 s http.response.status_code=200 network.protocol.version=1.1
`,
		},
		{
			name: "a validation error",
			work: func(t *testing.T, client *funnel.Client) {
				_, err := client.Contacts.Create(t.Context(), funnel.ContactCreateParams{Email: "no address"})
				require.ErrorIs(t, err, funnel.ErrValidation)
			},
			spans: `
funnel POST /contact (internal) 0s–100ms Error error.type=VALIDATION_ERROR funnel.call.attempts=1
  POST /contact (client) 0s–100ms Error error.type=422 funnel.wait.duration=0 http.response.status_code=422 network.protocol.version=1.1
`,
			values: `
funnel.client.call.duration: 1 in 0.1 s error.type=VALIDATION_ERROR
http.client.request.duration: 1 in 0.1 s error.type=422 http.response.status_code=422 network.protocol.version=1.1
`,
		},
		{
			name:   "a dropped connection, and a creation that must not be repeated",
			faults: []funneltest.Fault{{DropConnection: true, AfterCommit: true}},
			work: func(t *testing.T, client *funnel.Client) {
				_, err := client.Funnels.Create(t.Context(), funnel.FunnelCreateParams{Name: "Spring"})
				var lost *funnel.RequestError
				require.ErrorAs(t, err, &lost)
			},
			spans: `
funnel POST /funnel (internal) 0s–100ms Error error.type=connection_lost funnel.call.attempts=1 funnel.call.may_have_been_applied=true
  POST /funnel (client) 0s–100ms Error error.type=connection_lost funnel.wait.duration=0
`,
			values: `
funnel.client.call.duration: 1 in 0.1 s error.type=connection_lost
http.client.request.duration: 1 in 0.1 s error.type=connection_lost
`,
		},
		{
			name:   "an answer that is none",
			faults: []funneltest.Fault{{Body: "<title>Welcome</title>"}},
			work: func(t *testing.T, client *funnel.Client) {
				_, err := client.Funnels.Create(t.Context(), funnel.FunnelCreateParams{Name: "Spring"})
				var unknown *funnel.APIError
				require.ErrorAs(t, err, &unknown)
			},
			spans: `
funnel POST /funnel (internal) 0s–100ms Error error.type=invalid_response funnel.call.attempts=1 funnel.call.may_have_been_applied=true
  POST /funnel (client) 0s–100ms funnel.wait.duration=0 http.response.status_code=200 network.protocol.version=1.1
`,
			values: `
funnel.client.call.duration: 1 in 0.1 s error.type=invalid_response
http.client.request.duration: 1 in 0.1 s http.response.status_code=200 network.protocol.version=1.1
`,
		},
		{
			name:   "cancelled while it is sent",
			faults: []funneltest.Fault{{Delay: time.Minute}},
			work: func(t *testing.T, client *funnel.Client) {
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(5*time.Second, cancel)
				_, err := client.Tags.List(ctx, funnel.TagListParams{})
				require.ErrorIs(t, err, context.Canceled)
			},
			spans: `
funnel GET /tags (internal) 0s–5s Error error.type=canceled funnel.call.attempts=1
  GET /tags (client) 0s–5s Error error.type=canceled funnel.wait.duration=0
`,
			values: `
funnel.client.call.duration: 1 in 5 s error.type=canceled
http.client.request.duration: 1 in 5 s error.type=canceled
`,
		},
		{
			name:   "cancelled in a pause that another call's 429 began",
			faults: []funneltest.Fault{{Status: 429}},
			work: func(t *testing.T, client *funnel.Client) {
				_, err := client.Tags.List(funnel.WithoutRetry(t.Context()), funnel.TagListParams{})
				require.ErrorIs(t, err, funnel.ErrRateLimited)
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(5*time.Second, cancel)
				_, err = client.Contacts.Create(ctx, ada)
				require.ErrorIs(t, err, context.Canceled)
			},
			spans: `
funnel GET /tags (internal) 0s–100ms Error error.type=RATE_LIMITED funnel.call.attempts=1
  GET /tags (client) 0s–100ms Error error.type=429 funnel.wait.duration=0 http.response.status_code=429 network.protocol.version=1.1
    * 100ms funnel.pause funnel.pause.duration=60
funnel POST /contact (internal) 100ms–5.1s Error error.type=canceled funnel.call.attempts=0
  * 100ms funnel.wait funnel.wait.duration=60 funnel.wait.reason=pause
`,
			values: `
funnel.client.call.duration: 1 in 0.1 s error.type=RATE_LIMITED
funnel.client.call.duration: 1 in 5 s error.type=canceled
funnel.client.quota.rejections: 1 {rejection}
funnel.limiter.events: 1 {event} funnel.limiter.event=paused
http.client.request.duration: 1 in 0.1 s error.type=429 http.response.status_code=429 network.protocol.version=1.1
`,
		},
		{
			name:   "cancelled while it waits for a retry",
			faults: []funneltest.Fault{{Status: 503, Header: http.Header{"Retry-After": {"20"}}}},
			work: func(t *testing.T, client *funnel.Client) {
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(5*time.Second, cancel)
				_, err := client.Tags.List(ctx, funnel.TagListParams{})
				require.ErrorIs(t, err, context.Canceled)
			},
			spans: `
funnel GET /tags (internal) 0s–~s Error error.type=canceled funnel.call.attempts=1
  * 100ms funnel.wait error.type=503 funnel.wait.duration=~ funnel.wait.reason=retry
  GET /tags (client) 0s–100ms Error error.type=503 funnel.wait.duration=0 http.response.status_code=503 network.protocol.version=1.1
`,
			values: `
funnel.client.call.duration: 1 in ~ s error.type=canceled
http.client.request.duration: 1 in 0.1 s error.type=503 http.response.status_code=503 network.protocol.version=1.1
`,
		},
		{
			name: "cancelled while it waits for the quota",
			opts: []funnel.Option{funnel.WithRateLimit(1, time.Minute)},
			work: func(t *testing.T, client *funnel.Client) {
				_, err := client.Tags.List(t.Context(), funnel.TagListParams{})
				require.NoError(t, err)
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(5*time.Second, cancel)
				_, err = client.Tags.List(ctx, funnel.TagListParams{})
				require.ErrorIs(t, err, context.Canceled)
			},
			spans: `
funnel GET /tags (internal) 0s–100ms funnel.call.attempts=1
  GET /tags (client) 0s–100ms funnel.wait.duration=0 http.response.status_code=200 network.protocol.version=1.1
funnel GET /tags (internal) 100ms–5.1s Error error.type=canceled funnel.call.attempts=0
  * 100ms funnel.wait funnel.wait.duration=60 funnel.wait.reason=quota
`,
			values: `
funnel.client.call.duration: 1 in 0.1 s
funnel.client.call.duration: 1 in 5 s error.type=canceled
http.client.request.duration: 1 in 0.1 s http.response.status_code=200 network.protocol.version=1.1
`,
		},
		{
			name:   "a wait that the deadline does not allow",
			faults: []funneltest.Fault{{Status: 503, Header: http.Header{"Retry-After": {"20"}}}},
			work: func(t *testing.T, client *funnel.Client) {
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
				defer cancel()
				_, err := client.Tags.List(ctx, funnel.TagListParams{})
				var failed *funnel.APIError
				require.ErrorAs(t, err, &failed)
			},
			spans: `
funnel GET /tags (internal) 0s–100ms Error error.type=503 funnel.call.attempts=1
  GET /tags (client) 0s–100ms Error error.type=503 funnel.wait.duration=0 http.response.status_code=503 network.protocol.version=1.1
`,
			values: `
funnel.client.call.duration: 1 in 0.1 s error.type=503
http.client.request.duration: 1 in 0.1 s error.type=503 http.response.status_code=503 network.protocol.version=1.1
`,
		},
		{
			name:   "retries until there are no more",
			faults: []funneltest.Fault{{Status: 503, Header: http.Header{"Retry-After": {"20"}}, Times: 3}},
			opts:   []funnel.Option{funnel.WithRetry(funnel.RetryPolicy{MaxAttempts: 3})},
			work: func(t *testing.T, client *funnel.Client) {
				_, err := client.Contacts.Create(t.Context(), ada)
				require.True(t, funnel.MayHaveBeenApplied(err))
			},
			spans: `
funnel POST /contact (internal) 0s–~s Error error.type=503 funnel.call.attempts=3 funnel.call.may_have_been_applied=true
  * 100ms funnel.wait error.type=503 funnel.wait.duration=~ funnel.wait.reason=retry
  * ~s funnel.wait error.type=503 funnel.wait.duration=~ funnel.wait.reason=retry
  POST /contact (client) 0s–100ms Error error.type=503 funnel.wait.duration=0 http.response.status_code=503 network.protocol.version=1.1
  POST /contact (client) ~s–~s Error error.type=503 funnel.wait.duration=~ http.request.resend_count=1 http.response.status_code=503 network.protocol.version=1.1
  POST /contact (client) ~s–~s Error error.type=503 funnel.wait.duration=~ http.request.resend_count=2 http.response.status_code=503 network.protocol.version=1.1
`,
			values: `
funnel.client.call.duration: 1 in ~ s error.type=503
funnel.client.retries: 2 {retry} error.type=503
funnel.client.wait.duration: 2 in ~ s
http.client.request.duration: 3 in 0.3 s error.type=503 http.response.status_code=503 network.protocol.version=1.1
`,
		},
		{
			name:   "the attempt's time is over",
			opts:   []funnel.Option{funnel.WithAttemptTimeout(time.Second), funnel.WithRetry(funnel.RetryPolicy{MaxAttempts: 1})},
			faults: []funneltest.Fault{{Delay: time.Minute}},
			work: func(t *testing.T, client *funnel.Client) {
				_, err := client.Tags.List(t.Context(), funnel.TagListParams{})
				require.ErrorIs(t, err, context.DeadlineExceeded)
			},
			spans: `
funnel GET /tags (internal) 0s–1s Error error.type=timeout funnel.call.attempts=1
  GET /tags (client) 0s–1s Error error.type=timeout funnel.wait.duration=0
`,
			values: `
funnel.client.call.duration: 1 in 1 s error.type=timeout
http.client.request.duration: 1 in 1 s error.type=timeout
`,
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server, got := newServer(t), record(t)
				for _, f := range tc.faults {
					server.Fail(f)
				}
				tc.work(t, server.Client(append(tc.opts, funnel.WithObserver(got.observer))...))
				spans, values := got.tree(), got.values(t, ofOperation)
				if slices.ContainsFunc(tc.faults, func(f funneltest.Fault) bool { return f.Header.Get("Retry-After") != "" }) {
					spans, values = withoutBackoffs(spans), withoutBackoffs(values)
				}
				require.Equal(t, tc.spans, "\n"+spans)
				require.Equal(t, tc.values, "\n"+values)
			})
		})
	}
}

// withoutBackoffs replaces the times that a backoff has a part in, which is random.
func withoutBackoffs(recorded string) string {
	recorded = regexp.MustCompile(`\b[1-9]\d*(\.\d+)?s`).ReplaceAllString(recorded, "~s")
	recorded = regexp.MustCompile(`(funnel\.wait\.duration=)[1-9][\d.]*`).ReplaceAllString(recorded, "$1~")
	return regexp.MustCompile(`(funnel\.client\.(?:call|wait)\.duration: \d+ in )[1-9][\d.]* s`).ReplaceAllString(recorded, "$1~ s")
}

// The user's transport panics: its spans are ended, and say so.
func TestTelemetry_Panic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got := record(t)
		client, err := funnel.New("key", funnel.WithBaseURL("https://api.example.com"),
			funnel.WithHTTPClient(&http.Client{Transport: roundTripper(func(*http.Request) (*http.Response, error) { panic("a bug") })}),
			funnel.WithObserver(got.observer))
		require.NoError(t, err)
		require.Panics(t, func() { _ = client.Contacts.Delete(t.Context(), funnel.ContactID(7)) })
		require.Equal(t, `
funnel DELETE /contact (internal) 0s–0s Error error.type=panicked funnel.call.attempts=1
  DELETE /contact (client) 0s–0s Error error.type=panicked funnel.wait.duration=0
`, "\n"+got.tree())
	})
}
