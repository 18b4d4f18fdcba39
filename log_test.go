package funnel_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/internal/apitest"
)

// logOf returns an option that logs to a buffer at that level, and a function
// that returns what has been logged, without time and parameters that vary.
func logOf(t *testing.T, level slog.Level) (funnel.Option, func() []map[string]any) {
	t.Helper()
	var buf apitest.Buffer
	logger := slog.New(slog.NewJSONHandler(&buf, &slog.HandlerOptions{Level: level}))
	return funnel.WithLogger(logger), func() []map[string]any {
		records := []map[string]any{}
		for line := range strings.Lines(buf.String()) {
			record := map[string]any{}
			require.NoError(t, json.Unmarshal([]byte(line), &record))
			delete(record, "time")
			records = append(records, record)
		}
		return records
	}
}

func TestLog_Records(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := newMockAPI(t).on(http.MethodGet, "/contact",
			respond(503, `{"success":false,"error":{"code":"SERVER_ERROR","message":"Oops"}}`, "Retry-After", "30"),
			tooMany("Retry-After", "75"),
			after(2*time.Second, data(seven)))
		option, logged := logOf(t, slog.LevelDebug)
		require.NoError(t, getContact.call(t.Context(), api.client(t, option)))
		records := logged()
		require.Len(t, records, 6)
		backoff, _ := records[1]["in"].(string) // has jitter
		took, err := time.ParseDuration(backoff)
		require.NoError(t, err)
		require.GreaterOrEqual(t, took, 30*time.Second)
		require.LessOrEqual(t, took, 45*time.Second)
		require.Equal(t, []map[string]any{
			{"level": "DEBUG", "msg": "funnel: attempt", "operation": "GET /contact", "attempt": 1.0, "status": 503.0,
				"waited": "0s", "took": "0s", "body": `{"success":false,"error":{"code":"SERVER_ERROR","message":"Oops"}}`},
			{"level": "WARN", "msg": "funnel: retrying", "operation": "GET /contact", "after": "503 SERVER_ERROR", "in": backoff},
			{"level": "WARN", "msg": "funnel: rate limited, pausing", "for": "1m15s"},
			{"level": "DEBUG", "msg": "funnel: attempt", "operation": "GET /contact", "attempt": 2.0, "status": 429.0,
				"waited": backoff, "took": "0s", "body": `{"message": "Too Many Attempts."}`},
			{"level": "WARN", "msg": "funnel: retrying", "operation": "GET /contact", "after": "429 RATE_LIMITED", "in": "1m15s"},
			{"level": "DEBUG", "msg": "funnel: attempt", "operation": "GET /contact", "attempt": 3.0, "status": 200.0,
				"waited": "1m15s", "took": "2s", "body": success(seven)},
		}, records)
	})
}

// Above debug level neither successes nor failures are logged. Reporting failures is
// up to the caller.
func TestLog_IsQuietAboveDebug(t *testing.T) {
	t.Parallel()
	api := newMockAPI(t).
		on(http.MethodGet, "/contact", data(seven)).
		on(http.MethodPost, "/tag", failure(409, "TAG_EXISTS", "A tag with that name already exists"))
	option, logged := logOf(t, slog.LevelInfo)
	client := api.client(t, option)
	require.NoError(t, getContact.call(t.Context(), client))
	require.ErrorIs(t, createTag.call(t.Context(), client), funnel.ErrTagExists)
	require.Empty(t, logged())
}

// No personal data is logged above debug level, whatever fails.
func TestLog_NoAddressAboveDebug(t *testing.T) {
	t.Parallel()
	const email = "ada@example.com"
	tests := []struct {
		name      string
		responder responder
		after     string // as logged
	}{
		{"message", failure(500, "SERVER_ERROR", "cannot mail "+email), "500 SERVER_ERROR"},
		{"body", respond(502, "<title>"+email+"</title>", "Content-Type", "text/html"), "502"},
		{"unreadable response", respond(200, email), "200"},
		{"transport's error", breaks(fmt.Errorf("cannot look up %s", email)), "*errors.errorString"},
		{"transport's wrapped error", breaks(fmt.Errorf("for %s: %w", email, io.EOF)), "EOF"},
		{"network's error", breaks(fmt.Errorf("for %s: %w", email, &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET})),
			"read tcp: connection reset by peer"},
		{"network's error in other words", breaks(&net.OpError{Op: "call " + email, Net: email, Err: syscall.ECONNRESET}), "connection reset by peer"},
		{"network's error that quotes", breaks(&net.AddrError{Err: "no port", Addr: email}), "*net.AddrError"},
		{"network's error that quotes a URL", breaks(&net.DNSError{Err: "no such host", Name: "ada%40example.com"}), "*net.DNSError"},
		{"network's error that quotes nothing", breaks(&net.DNSError{Err: "no such host", Name: "api.example.com", Server: "[::1]:53"}),
			"lookup api.example.com on [::1]:53: no such host"},
		{"response cut short", cutShort(200, email), "unexpected EOF"},
		{"time-out", hangs, "context deadline exceeded"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				api := newMockAPI(t).on(http.MethodGet, "/contact", tt.responder)
				option, logged := logOf(t, slog.LevelInfo)
				_, err := api.client(t, option).Contacts.Get(t.Context(), funnel.Email(email))
				require.Error(t, err)
				require.Len(t, logged(), 3)
				for _, record := range logged() {
					require.Equal(t, tt.after, record["after"])
					require.NotContains(t, fmt.Sprint(record), "ada")
				}
			})
		})
	}
}

// The path of Client.Call may contain an address, or the key.
func TestLog_PathOfACall(t *testing.T) {
	t.Parallel()
	tests := []struct{ path, atDebug, above string }{
		{"/contact-tag", "/contact-tag", "/contact-tag"},
		{"/v2.1/contacts/7/notes_old", "/v2.1/contacts/7/notes_old", "/v2.1/contacts/7/notes_old"},
		{"/contact/ada@example.com/notes", "/contact/ada@example.com/notes", "/contact/[hidden]/notes"},
		{"/contact/ada%40example.com", "/contact/ada%40example.com", "/contact/[hidden]"},
		{"/contact/ada%2540example.com", "/contact/ada%2540example.com", "/contact/[hidden]"},
		{"/contact/ada＠example.com", "/contact/ada＠example.com", "/contact/[hidden]"},
		{"/email=ada@example.com", "/email=ada@example.com", "/[hidden]"},
		{"/key/" + testKey + "/check", "/key/[hidden]/check", "/key/[hidden]/check"},
		{"/" + strings.Repeat("a", 115) + testKey, "/" + strings.Repeat("a", 115) + "[hidden]", "/" + strings.Repeat("a", 115) + "[hidden]"},
		{"/" + strings.Repeat("a", 200), "/" + strings.Repeat("a", 127) + "…", "/" + strings.Repeat("a", 127) + "…"},
	}
	for _, tt := range tests {
		t.Run(tt.above, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				option, logged := logOf(t, slog.LevelDebug)
				client := clientOver(t, apitest.RoundTripper(respond(503, "oops")), option, funnel.WithRetry(funnel.RetryPolicy{MaxAttempts: 2}))
				err := client.Call(t.Context(), http.MethodGet, tt.path, nil, nil, nil)
				require.Error(t, err)
				require.Len(t, logged(), 3)
				for _, record := range logged() {
					want := map[any]string{"DEBUG": tt.atDebug, "WARN": tt.above}[record["level"]]
					require.Equal(t, "GET "+want, record["operation"])
				}
			})
		})
	}
}

// A key in a transport's error is not logged.
func TestLog_KeyInATransportsError(t *testing.T) {
	t.Parallel()
	const key = "5ecret" // as plain as a host
	for _, err := range []error{
		&net.OpError{Op: "dial " + key, Net: "tcp", Err: &net.DNSError{Err: key, Name: key}},
		&net.DNSError{Err: "no such host", Name: strings.Repeat("a", 120) + key},
		net.UnknownNetworkError(key),
	} {
		synctest.Test(t, func(t *testing.T) {
			option, logged := logOf(t, slog.LevelDebug)
			client, newErr := funnel.New(key, funnel.WithBaseURL(testBaseURL), option,
				funnel.WithHTTPClient(&http.Client{Transport: apitest.RoundTripper(breaks(err))}))
			require.NoError(t, newErr)
			require.Error(t, getContact.call(t.Context(), client))
			require.Len(t, logged(), 7)
			require.NotContains(t, fmt.Sprint(logged()), key[:4])
		})
	}
}

// An attempt without a response is logged with its error.
func TestLog_AttemptWithoutAResponse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := newMockAPI(t).on(http.MethodGet, "/contact", breaks(errors.New("connection reset")))
		option, logged := logOf(t, slog.LevelDebug)
		require.Error(t, getContact.call(funnel.WithoutRetry(t.Context()), api.client(t, option)))
		require.Equal(t, []map[string]any{{
			"level": "DEBUG", "msg": "funnel: attempt", "operation": "GET /contact", "attempt": 1.0,
			"status": 0.0, "waited": "0s", "took": "0s", "body": "", "error": "connection reset",
		}}, logged())
	})
}

// A long body is logged in part, on one line.
func TestLog_ClipsBodies(t *testing.T) {
	t.Parallel()
	api := newMockAPI(t).on(http.MethodGet, "/contact", respond(403, "one\ntwo\x1b[31m"+strings.Repeat("x", 1<<20)))
	option, logged := logOf(t, slog.LevelDebug)
	require.Error(t, getContact.call(t.Context(), api.client(t, option)))
	body := logged()[0]["body"].(string)
	require.True(t, strings.HasPrefix(body, "one two [31mxxx"), body[:20])
	require.Less(t, len(body), 3000)
}

// A pause is logged when it begins, not for each call that waits.
func TestLog_PauseIsLoggedOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := newMockAPI(t).on(http.MethodGet, "/contact", tooMany(), data(seven))
		option, logged := logOf(t, slog.LevelInfo)
		client := api.client(t, option)
		require.ErrorIs(t, getContact.call(funnel.WithoutRetry(t.Context()), client), funnel.ErrRateLimited)
		require.NoError(t, getContact.call(t.Context(), client))
		require.Equal(t, []map[string]any{
			{"level": "WARN", "msg": "funnel: rate limited, pausing", "for": "1m0s"},
		}, logged())
	})
}

// The logger is given the call's context, for handlers that take from it.
func TestLog_GetsTheContext(t *testing.T) {
	t.Parallel()
	api := newMockAPI(t).on(http.MethodGet, "/contact", data(seven))
	seen := []any{}
	handler := contextHandler{func(ctx context.Context) { seen = append(seen, ctx.Value(witnessKey{of: "log"})) }}
	ctx := context.WithValue(t.Context(), witnessKey{of: "log"}, "here")
	require.NoError(t, getContact.call(ctx, api.client(t, funnel.WithLogger(slog.New(handler)))))
	require.Equal(t, []any{"here"}, seen)
}

type contextHandler struct{ see func(context.Context) }

func (h contextHandler) Enabled(context.Context, slog.Level) bool { return true }
func (h contextHandler) Handle(ctx context.Context, _ slog.Record) error {
	h.see(ctx)
	return nil
}
func (h contextHandler) WithAttrs([]slog.Attr) slog.Handler { return h }
func (h contextHandler) WithGroup(string) slog.Handler      { return h }

// Errors of package net are logged in full if they have no personal data.
func TestLog_NamesTheNetworksErrors(t *testing.T) {
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
