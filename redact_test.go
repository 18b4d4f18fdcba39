package funnel_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/internal/apitest"
)

// An error keeps the beginning of a long body. If that ends within the key, the
// part of the key is hidden too.
func TestRedaction_KeyCutOffAtTheEndOfABody(t *testing.T) {
	t.Parallel()
	const kept = 64 << 10
	for _, visible := range []int{1, 5, len(testKey) - 1, len(testKey), len(testKey) + 10} {
		t.Run(strconv.Itoa(visible), func(t *testing.T) {
			t.Parallel()
			page := strings.Repeat("x", kept-visible) + testKey + strings.Repeat("y", 1000)
			api := newMockAPI(t).on(http.MethodGet, "/contact", respond(500, page))
			err := getContact.call(funnel.WithoutRetry(t.Context()), api.client(t))
			body := string(apitest.AsError[*funnel.APIError](t, err).Body)
			require.LessOrEqual(t, len(body), kept)
			require.Equal(t, page[:kept-visible], body[:kept-visible])
			require.NotContains(t, body, testKey[:1]) // an f
		})
	}
}

// A body that repeats the key becomes much shorter, so that the end moves.
func TestRedaction_BodyFullOfTheKey(t *testing.T) {
	t.Parallel()
	for before := range len(testKey) {
		page := strings.Repeat("x", before) + strings.Repeat(testKey, 10_000)
		for _, limit := range []int64{1 << 20, 100_000} { // the page has more than 100,000 bytes, and says so
			api := newMockAPI(t).on(http.MethodGet, "/contact", func(req *http.Request) (*http.Response, error) {
				resp, err := respond(500, page)(req)
				resp.ContentLength = int64(len(page))
				return resp, err
			})
			err := getContact.call(funnel.WithoutRetry(t.Context()), api.client(t, funnel.WithMaxResponseBytes(limit)))
			body := string(apitest.AsError[*funnel.APIError](t, err).Body)
			shown := strings.Repeat("x", before) + "[hidden]"
			require.Equal(t, shown, body[:len(shown)])
			require.NotContains(t, body, testKey[:1]) // an f
		}
	}
}

// The secret of a new webhook is in neither the log nor an error.
func TestRedaction_WebhookSecret(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"understood":     success(`{"id":7,"url":"https://example.com/hook","secret":"whsec_5up3r\"s3cr3t"}`),
		"not understood": success(`{"number":7,"url":"https://example.com/hook","secret" : "whsec_5up3r\"s3cr3t"}`),
		"cut off":        `{"success":true,"data":{"id":7,"secret":"whsec_5up3r\"s3cr3t`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { // the response that was cut off is retried
				api := newMockAPI(t).on(http.MethodPost, "/webhook", respond(201, body))
				var log bytes.Buffer
				logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
				_, err := api.client(t, funnel.WithLogger(logger)).Webhooks.Create(t.Context(), funnel.WebhookCreateParams{URL: "https://example.com/hook"})
				require.Contains(t, log.String(), "[hidden]")
				require.NotContains(t, log.String(), "s3cr3t")
				if err != nil {
					require.Contains(t, err.Error(), "[hidden]")
					require.NotContains(t, fmt.Sprintf("%+v %s", err, apitest.AsError[*funnel.APIError](t, err).Body), "s3cr3t")
				}
			})
		})
	}
}

// The cause of a redacted error is found if it has no secrets itself.
func TestRedaction_KeepsTheCauseOfATransportError(t *testing.T) {
	t.Parallel()
	transport := apitest.RoundTripper(func(req *http.Request) (*http.Response, error) {
		return nil, leakyError{"cannot get " + req.URL.String(), &net.OpError{Op: "read", Err: syscall.ECONNRESET}}
	})
	_, err := clientOver(t, transport).Contacts.Get(funnel.WithoutRetry(t.Context()), funnel.Email("ada@example.com"))
	require.NotContains(t, err.Error(), "ada")
	require.Equal(t, "read", apitest.AsError[*net.OpError](t, err).Op)
	var timeout interface{ Timeout() bool }
	require.ErrorAs(t, err, &timeout)
	require.False(t, timeout.Timeout())
}

// A leakyError is an error whose text has the URL.
type leakyError struct {
	says  string
	cause error
}

func (e leakyError) Error() string { return e.says }
func (e leakyError) Unwrap() error { return e.cause }

// A transport's error may contain the URL, and its query an address. Neither the
// call's error nor the observer's shows it.
func TestRedaction_QueryInTransportErrors(t *testing.T) {
	t.Parallel()
	const email = "ada@example.com"
	tests := []struct {
		name string
		err  func(*url.URL) error
	}{
		{"an error of net/http", func(u *url.URL) error { return &url.Error{Op: "Get", URL: u.String(), Err: io.EOF} }},
		{"an error that shows the address as it is", func(u *url.URL) error {
			return &url.Error{Op: "Get", URL: "https://api.example.com/contact?email=" + u.Query().Get("email"), Err: io.EOF}
		}},
		{"one inside another", func(u *url.URL) error {
			return fmt.Errorf("proxy: %w", &url.Error{Op: "Get", URL: u.String(), Err: io.EOF})
		}},
		{"one inside another of its kind", func(u *url.URL) error {
			return &url.Error{Op: "Get", URL: u.String(), Err: &url.Error{Op: "Get", URL: u.String(), Err: io.EOF}}
		}},
		{"a text", func(u *url.URL) error { return fmt.Errorf("cannot get %s: %w", u, io.EOF) }},
		{"a type of the transport's own", func(u *url.URL) error { return leakyError{"cannot get " + u.String(), io.EOF} }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			transport := apitest.RoundTripper(func(req *http.Request) (*http.Response, error) { return nil, tt.err(req.URL) })
			var observed error
			client := clientOver(t, transport, funnel.WithObserver(funnel.Observer{
				AttemptDone: func(_ context.Context, _ funnel.AttemptInfo, result funnel.AttemptResult) { observed = result.Err },
			}))
			_, err := client.Contacts.Get(funnel.WithoutRetry(t.Context()), funnel.Email(email))
			for _, err := range []error{err, observed} {
				require.ErrorIs(t, err, io.EOF)
				require.NotContains(t, err.Error(), "ada")
				var inner *url.Error
				require.NotErrorAs(t, err, &inner, "it has the URL")
				var leaky leakyError
				require.NotErrorAs(t, err, &leaky, "it has the URL")
				require.Zero(t, leaky)
			}
			apitest.RequireFailure(t, "GET /contact: 1 attempt, not applied", err)
		})
	}
}

// A failedTest keeps what a failed assertion prints.
type failedTest struct{ bytes.Buffer }

func (f *failedTest) Errorf(format string, args ...any) { fmt.Fprintf(f, format, args...) }

// A failed assertion and %+v print unexported fields.
func TestRedaction_PrintedStructs(t *testing.T) {
	t.Parallel()
	api := newMockAPI(t).on(http.MethodGet, "/contact", breaks(errors.New("malformed: Authorization: Bearer "+testKey)))
	client := api.client(t, funnel.WithRetry(funnel.RetryPolicy{MaxAttempts: 1}))
	another, err := client.WithKey(testKey)
	require.NoError(t, err)
	requestErr := getContact.call(t.Context(), client)
	require.Error(t, requestErr)
	require.Len(t, api.requests(), 1, "which has the key")
	for name, printed := range map[string]any{
		"error": requestErr, "client": client, "client with another key": another,
		"struct": struct{ API *funnel.Client }{client}, "service": client.Contacts,
	} {
		var out failedTest
		assert.Equal(&out, "something else", printed)
		require.NotEmpty(t, out.String())
		require.NotContains(t, out.String(), testKey, name)
		for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
			require.NotContains(t, fmt.Sprintf(format, printed), testKey, "%s by %s", name, format)
		}
	}
}

func TestRedaction_KeyInThePath(t *testing.T) {
	t.Parallel()
	for name, responder := range map[string]responder{
		"response":    failure(404, funnel.ErrNotFound, "no"),
		"429":         tooMany(),
		"no response": breaks(io.EOF),
	} {
		api := newMockAPI(t).on(http.MethodGet, "/keys/"+testKey, responder)
		ctx := funnel.WithoutRetry(t.Context())
		client := api.client(t)
		for range 2 { // the second one may be refused
			err := client.Call(ctx, http.MethodGet, "/keys/"+testKey, nil, nil, nil)
			require.ErrorContains(t, err, "GET /keys/[hidden]: ", name)
			require.NotContains(t, fmt.Sprintf("%+v", err), testKey, name)
			var expired context.CancelFunc
			ctx, expired = context.WithTimeout(ctx, time.Second)
			defer expired()
		}
	}
}

// A key of a test, such as "key", is not hidden: it would make texts unreadable.
func TestRedaction_ShortWordAsKeyStaysInTexts(t *testing.T) {
	t.Parallel()
	for key, want := range map[string]string{
		"key":       "the key was not accepted",
		"testkey":   "the key was not accepted",
		"was":       "the key was not accepted",
		"was not":   "the key [hidden] accepted", // not one word
		"accepted":  "the key was not accepted",
		"accepted1": "the key was not accepted",
	} {
		api := newMockAPI(t).on(http.MethodGet, "/contact", failure(401, funnel.ErrUnauthorized, "the key was not accepted"))
		client, err := newClientAt(testBaseURL, key, funnel.WithHTTPClient(&http.Client{Transport: api}))
		require.NoError(t, err)
		require.Equal(t, want, apitest.AsError[*funnel.APIError](t, getContact.call(t.Context(), client)).Message, key)
	}
}
