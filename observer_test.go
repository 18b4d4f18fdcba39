package funnel_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/internal/apitest"
)

// A witness is an observer that records its calls and marks the contexts.
type witness struct {
	name string

	mu    sync.Mutex
	lines []string
}

type witnessKey struct{ name, of string }

func (w *witness) observer() funnel.Observer {
	mark := func(ctx context.Context, of string) context.Context {
		return context.WithValue(ctx, witnessKey{w.name, of}, true)
	}
	note := func(ctx context.Context, format string, args ...any) {
		within := ""
		for _, of := range []string{"call", "attempt"} {
			if ctx.Value(witnessKey{w.name, of}) != nil {
				within += " in " + of
			}
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		w.lines = append(w.lines, fmt.Sprintf(format, args...)+within)
	}
	return funnel.Observer{
		CallStart: func(ctx context.Context, info funnel.CallInfo) context.Context {
			note(ctx, "call %s %s of %s", info.Method, info.Path, info.BaseURL)
			return mark(ctx, "call")
		},
		CallDone: func(ctx context.Context, info funnel.CallInfo, result funnel.CallResult) {
			note(ctx, "call %s %s done: %d, %d attempts, %s, error %t", info.Method, info.Path,
				result.StatusCode, result.Attempts, result.Duration.Truncate(time.Minute), result.Err != nil)
		},
		AttemptStart: func(ctx context.Context, info funnel.AttemptInfo) context.Context {
			note(ctx, "attempt %d of %s %s, waited %s", info.Attempt, info.Method, info.Path, info.Waited.Truncate(time.Second))
			return mark(ctx, "attempt")
		},
		AttemptDone: func(ctx context.Context, info funnel.AttemptInfo, result funnel.AttemptResult) {
			note(ctx, "attempt %d done: %d, %s, %q, error %v", info.Attempt, result.StatusCode, result.Duration, result.Body, result.Err)
		},
		Wait: func(ctx context.Context, info funnel.WaitInfo) {
			note(ctx, "%s of %s %s: %s, error %t", info.Reason, info.Method, info.Path, info.Duration.Truncate(time.Second), info.Err != nil)
		},
		Limiter: func(ctx context.Context, event funnel.LimiterEvent) {
			note(ctx, "limiter %s for %s", event.Kind, time.Until(event.Until))
		},
	}
}

func (w *witness) told() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string{}, w.lines...)
}

// The functions of an observer for one call, in order, with the contexts that they
// returned.
func TestObserver_AllFunctions(t *testing.T) {
	t.Parallel()
	const (
		call        = "call GET /contact of " + testBaseURL
		first       = "attempt 1 of GET /contact, waited 0s in call"
		contactBody = `"{\"success\":true,\"data\":{\"id\":7}}"`
		inAttempt   = " in call in attempt"
	)
	tests := []struct {
		name       string
		responders []responder
		want       []string
	}{{
		name:       "success",
		responders: []responder{after(time.Second, data(seven))},
		want: []string{
			call,
			first,
			"attempt 1 done: 200, 1s, " + contactBody + ", error <nil>" + inAttempt,
			"call GET /contact done: 200, 1 attempts, 0s, error false in call",
		},
	}, {
		name:       "5xx, then no response, then success",
		responders: []responder{respond(503, "oops"), breaks(io.EOF), data(seven)},
		want: []string{
			call,
			first,
			`attempt 1 done: 503, 0s, "oops", error <nil>` + inAttempt,
			"retry of GET /contact: 1s, error true in call",
			"attempt 2 of GET /contact, waited 1s in call",
			`attempt 2 done: 0, 0s, "", error EOF` + inAttempt,
			"retry of GET /contact: 2s, error true in call",
			"attempt 3 of GET /contact, waited 2s in call",
			"attempt 3 done: 200, 0s, " + contactBody + ", error <nil>" + inAttempt,
			"call GET /contact done: 200, 3 attempts, 0s, error false in call",
		},
	}, {
		name:       "429, then success",
		responders: []responder{tooMany("Retry-After", "75"), data(seven)},
		want: []string{
			call,
			first,
			"limiter paused for 1m15s" + inAttempt,
			`attempt 1 done: 429, 0s, "{\"message\": \"Too Many Attempts.\"}", error <nil>` + inAttempt,
			"pause of GET /contact: 1m15s, error true in call",
			"attempt 2 of GET /contact, waited 1m15s in call",
			"attempt 2 done: 200, 0s, " + contactBody + ", error <nil>" + inAttempt,
			"call GET /contact done: 200, 2 attempts, 1m0s, error false in call",
		},
	}, {
		name:       "failure",
		responders: []responder{respond(403, "no")},
		want: []string{
			call,
			first,
			`attempt 1 done: 403, 0s, "no", error <nil>` + inAttempt,
			"call GET /contact done: 403, 1 attempts, 0s, error true in call",
		},
	}}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				api := newMockAPI(t).on(http.MethodGet, "/contact", tt.responders...)
				w := &witness{}
				// The error's text is the test's business elsewhere.
				_ = getContact.call(t.Context(), api.client(t, funnel.WithObserver(w.observer())))
				require.Equal(t, tt.want, w.told())
				for _, req := range api.requests() {
					require.NotNil(t, req.Context.Value(witnessKey{"", "call"}))
					require.NotNil(t, req.Context.Value(witnessKey{"", "attempt"}))
				}
			})
		})
	}
}

// A call that begins during a pause reports its wait, without an error.
func TestObserver_PauseThatBeganBefore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := newMockAPI(t).
			on(http.MethodGet, "/contact", tooMany(), data(seven)).
			on(http.MethodPost, "/tag", data(seven))
		w := &witness{}
		client := api.client(t, funnel.WithObserver(w.observer()))
		require.ErrorIs(t, getContact.call(funnel.WithoutRetry(t.Context()), client), funnel.ErrRateLimited)
		before := len(w.told())
		wait(t, 20*time.Second)
		require.NoError(t, createTag.call(t.Context(), client))
		require.Equal(t, []string{
			"call POST /tag of " + testBaseURL,
			"pause of POST /tag: 40s, error false in call",
			"attempt 1 of POST /tag, waited 40s in call",
			`attempt 1 done: 200, 0s, "{\"success\":true,\"data\":{\"id\":7}}", error <nil> in call in attempt`,
			"call POST /tag done: 200, 1 attempts, 0s, error false in call",
		}, w.told()[before:])
	})
}

// A call that is refused instead of waiting reports no wait.
func TestObserver_RefusedWaitIsNotReported(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := newMockAPI(t).on(http.MethodGet, "/contact", tooMany("Retry-After", "3600"))
		w := &witness{}
		client := api.client(t, funnel.WithObserver(w.observer()))
		require.ErrorIs(t, getContact.call(t.Context(), client), funnel.ErrRateLimited)
		before := len(w.told())
		require.ErrorIs(t, createTag.call(t.Context(), client), funnel.ErrRateLimited)
		require.Equal(t, []string{
			"call POST /tag of " + testBaseURL,
			"call POST /tag done: 0, 0 attempts, 0s, error true in call",
		}, w.told()[before:])
	})
}

// A pause is reported once, however many requests wait for it.
func TestObserver_PauseIsReportedOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := newMockAPI(t).on(http.MethodGet, "/contact", after(time.Second, tooMany()))
		var pauses, waits []time.Duration
		var mu sync.Mutex
		client := api.client(t, funnel.WithObserver(funnel.Observer{
			Limiter: func(_ context.Context, event funnel.LimiterEvent) {
				mu.Lock()
				defer mu.Unlock()
				pauses = append(pauses, time.Until(event.Until))
			},
			Wait: func(_ context.Context, info funnel.WaitInfo) {
				mu.Lock()
				defer mu.Unlock()
				waits = append(waits, info.Duration)
			},
		}), funnel.WithRetry(funnel.RetryPolicy{MaxAttempts: 1}))
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() { _ = getContact.call(t.Context(), client) })
		}
		all.Wait()
		require.Equal(t, []time.Duration{time.Minute}, pauses)
		require.Empty(t, waits)
	})
}

// The limiter's wait is in Waited, and is not part of the attempt.
func TestObserver_WaitForTheQuota(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := newMockAPI(t).on(http.MethodGet, "/contact", after(time.Second, data(seven)))
		var waited, took []time.Duration
		client := api.client(t, funnel.WithRateLimit(1, time.Minute), funnel.WithObserver(funnel.Observer{
			AttemptDone: func(_ context.Context, info funnel.AttemptInfo, result funnel.AttemptResult) {
				waited = append(waited, info.Waited)
				took = append(took, result.Duration)
			},
		}))
		require.NoError(t, getContact.call(t.Context(), client))
		require.NoError(t, getContact.call(t.Context(), client))
		require.Equal(t, []time.Duration{0, time.Minute}, waited)
		require.Equal(t, []time.Duration{time.Second, time.Second}, took)
	})
}

// A call that waits for the quota says so when it begins to wait, and for how long.
// One that does not wait says nothing.
func TestObserver_IsToldOfAQuotaWait(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		ctx  func(context.Context) context.Context
		want time.Duration
	}{
		{"interactive", func(ctx context.Context) context.Context { return ctx }, time.Minute},
		{"background", funnel.InBackground, time.Minute},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				api := newMockAPI(t).on(http.MethodGet, "/contact", data(seven))
				var waits []funnel.WaitInfo
				client := api.client(t, funnel.WithRateLimit(1, time.Minute), funnel.WithObserver(funnel.Observer{
					Wait: func(_ context.Context, info funnel.WaitInfo) { waits = append(waits, info) },
				}))
				require.NoError(t, getContact.call(t.Context(), client))
				require.Empty(t, waits)
				require.NoError(t, getContact.call(tt.ctx(t.Context()), client))
				require.Len(t, waits, 1)
				require.Equal(t, funnel.WaitQuota, waits[0].Reason)
				require.Equal(t, "/contact", waits[0].Path)
				require.Equal(t, tt.want, waits[0].Duration)
				require.NoError(t, waits[0].Err)
			})
		})
	}
}

// The expected wait counts the calls that are ahead: of a limit of 1, each waits a
// window longer.
func TestObserver_QuotaWaitCountsTheCallsAhead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := newMockAPI(t).on(http.MethodGet, "/contact", data(seven))
		var waits []time.Duration
		client := api.client(t, funnel.WithRateLimit(1, time.Minute), funnel.WithObserver(funnel.Observer{
			Wait: func(_ context.Context, info funnel.WaitInfo) { waits = append(waits, info.Duration) },
		}))
		require.NoError(t, getContact.call(t.Context(), client))
		var all sync.WaitGroup
		for range 3 {
			all.Go(func() { _ = getContact.call(t.Context(), client) })
			synctest.Wait()
		}
		all.Wait()
		require.Equal(t, []time.Duration{time.Minute, 2 * time.Minute, 3 * time.Minute}, waits)
	})
}

// An observer that panics costs its call, and no slot of the rate limit.
func TestObserver_PanicInAQuotaWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := newMockAPI(t).on(http.MethodGet, "/contact", data(seven))
		client := api.client(t, funnel.WithRateLimit(1, time.Minute), funnel.WithObserver(funnel.Observer{
			Wait: func(context.Context, funnel.WaitInfo) { panic("a bug") },
		}))
		require.NoError(t, getContact.call(t.Context(), client))
		require.Panics(t, func() { _ = getContact.call(t.Context(), client) })
		require.Zero(t, client.LimiterStats().Interactive)
		wait(t, time.Minute)
		require.NoError(t, getContact.call(t.Context(), client))
	})
}

// What a response tells of its connection.
func TestObserver_ProtocolAndPeer(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, success(seven))
	}))
	defer server.Close()
	var results []funnel.AttemptResult
	client, err := newClientAt(server.URL, testKey, funnel.WithObserver(funnel.Observer{
		AttemptDone: func(_ context.Context, _ funnel.AttemptInfo, result funnel.AttemptResult) {
			results = append(results, result)
		},
	}))
	require.NoError(t, err)
	require.NoError(t, getContact.call(t.Context(), client))
	require.Len(t, results, 1)
	require.Equal(t, "HTTP/1.1", results[0].Proto)
	require.Equal(t, server.Listener.Addr().String(), results[0].Peer.String())
	client.CloseIdleConnections()
}

// Several observers are called in order, each with the context of the one before.
func TestObserver_Several(t *testing.T) {
	t.Parallel()
	api := newMockAPI(t).on(http.MethodGet, "/contact", data(seven))
	order := []string{}
	observer := func(name string) funnel.Observer {
		return funnel.Observer{
			CallStart: func(ctx context.Context, _ funnel.CallInfo) context.Context {
				order = append(order, name+" starts")
				return context.WithValue(ctx, witnessKey{of: name}, true)
			},
			CallDone: func(ctx context.Context, _ funnel.CallInfo, _ funnel.CallResult) {
				order = append(order, name+" ends")
				for _, other := range []string{"a", "b"} {
					require.NotNil(t, ctx.Value(witnessKey{of: other}))
				}
			},
		}
	}
	client := api.client(t, funnel.WithObserver(observer("a")), funnel.WithObserver(funnel.Observer{}), funnel.WithObserver(observer("b")))
	require.NoError(t, getContact.call(t.Context(), client))
	require.Equal(t, []string{"a starts", "b starts", "a ends", "b ends"}, order)
}

// CallDone receives the error that the caller gets, also if nothing was sent. Refused
// input is not a call.
func TestObserver_CallResult(t *testing.T) {
	t.Parallel()
	var results []funnel.CallResult
	client := newMockAPI(t).client(t, funnel.WithObserver(funnel.Observer{
		CallDone: func(_ context.Context, _ funnel.CallInfo, result funnel.CallResult) {
			results = append(results, result)
		},
	}))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := getContact.call(ctx, client)
	require.ErrorIs(t, err, context.Canceled)
	require.Len(t, results, 1)
	require.Same(t, err, results[0].Err)
	require.Zero(t, results[0].Attempts)
	require.Zero(t, results[0].StatusCode)

	_, err = client.Contacts.Get(ctx, funnel.ContactID(0))
	requireArgumentError(t, err, "contact_id")
	require.Len(t, results, 1)
}

// A call and its attempt are ended also if the program's code panics, so that no span
// stays open.
func TestObserver_Panic(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		opt  funnel.Option
		want []string
	}{
		{"transport", funnel.WithHTTPClient(&http.Client{Transport: apitest.RoundTripper(func(*http.Request) (*http.Response, error) {
			panic("a bug")
		})}), []string{
			`attempt 1 done: 0, 0s, "", error funnel: the call panicked in call in attempt`,
			"call GET /contact done: 0, 1 attempts, 0s, error true in call",
		}},
		{"authentication", funnel.WithAuth(func(*http.Request) error { panic("a bug") }), []string{
			`attempt 1 done: 0, 0s, "", error funnel: the call panicked in call in attempt`,
			"call GET /contact done: 0, 1 attempts, 0s, error true in call",
		}},
		{"limiter", funnel.WithLimiter(funnel.LimiterFromWaiter(waiterFunc(func(context.Context) error { panic("a bug") }))), []string{
			"call GET /contact done: 0, 0 attempts, 0s, error true in call",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := &witness{}
				client := newMockAPI(t).client(t, funnel.WithObserver(w.observer()), tt.opt)
				require.Panics(t, func() { _ = getContact.call(t.Context(), client) })
				told := w.told()
				require.Equal(t, tt.want, told[len(told)-len(tt.want):])
			})
		})
	}
}

// An observer never sees parameters: CallInfo has the operation's path alone.
func TestObserver_SeesNoParameters(t *testing.T) {
	t.Parallel()
	api := newMockAPI(t).on(http.MethodGet, "/contact", data(seven))
	var infos []funnel.CallInfo
	client := api.client(t, funnel.WithObserver(funnel.Observer{
		CallStart: func(ctx context.Context, info funnel.CallInfo) context.Context {
			infos = append(infos, info)
			return ctx
		},
	}))
	_, err := client.Contacts.Get(t.Context(), funnel.Email("ada@example.com"))
	require.NoError(t, err)
	require.NotContains(t, fmt.Sprint(infos), "ada")
	require.Equal(t, "/contact", infos[0].Path)
}
