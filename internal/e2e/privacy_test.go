package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
	"github.com/funnel-go/funnel/internal/apitest"
)

// A key with everything that some format escapes, and an address. However they are
// written, a part of each stays as it is: that part must not be shown.
const (
	privateKey   = `1|fk/5ecret+<&>"é'\x`
	keyPart      = "5ecret"
	privateEmail = "ada.lovelace+news@private.example"
	emailPart    = "lovelace"
)

// requireNoKeyIn requires that no way to print the error, or anything inside of
// it, shows the key.
func requireNoKeyIn(t *testing.T, name string, err error) {
	t.Helper()
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		require.NotContains(t, fmt.Sprintf(format, err), keyPart, "%s by %s", name, format)
	}
	if apiErr, ok := err.(*funnel.APIError); ok {
		require.NotContains(t, string(apiErr.Body), keyPart, name)
		require.NotContains(t, fmt.Sprintf("%#v", *apiErr), keyPart, name)
	}
	switch err := err.(type) {
	case interface{ Unwrap() error }:
		if inner := err.Unwrap(); inner != nil {
			requireNoKeyIn(t, name+" unwrapped", inner)
		}
	case interface{ Unwrap() []error }:
		for _, inner := range err.Unwrap() {
			requireNoKeyIn(t, name+" unwrapped", inner)
		}
	}
}

// requirePrivateLog requires that no record shows the key, and none above debug
// level the address or one of the secrets.
func requirePrivateLog(t *testing.T, log string, secrets ...string) {
	t.Helper()
	for line := range strings.Lines(log) {
		require.NotContains(t, line, keyPart)
		var record struct{ Level slog.Level }
		require.NoError(t, json.Unmarshal([]byte(line), &record))
		if record.Level > slog.LevelDebug {
			require.NotContains(t, line, emailPart)
			for _, secret := range secrets {
				require.NotContains(t, line, secret)
			}
		}
	}
}

// An echo is a response that repeats the request with its key.
type echo struct {
	name     string
	response func(sent string) apitest.RoundTripper
}

func echoes() []echo {
	text := func(status int, escape func(string) string) func(string) apitest.RoundTripper {
		return func(sent string) apitest.RoundTripper {
			return respond(status, escape(sent), "Content-Type", "text/plain")
		}
	}
	in := func(status int, format string, quote func(string) string) func(string) apitest.RoundTripper {
		return func(sent string) apitest.RoundTripper {
			return respond(status, strings.ReplaceAll(format, "$", quote(sent)))
		}
	}
	fails := func(wrap func(sent string) error) func(string) apitest.RoundTripper {
		return func(sent string) apitest.RoundTripper {
			return func(*http.Request) (*http.Response, error) { return nil, wrap(sent) }
		}
	}
	return []echo{
		{"plain", text(500, plain)},
		{"plain success", text(200, plain)},
		{"HTML by Go", text(500, html.EscapeString)},
		{"HTML by PHP", text(500, phpHTML)},
		{"title of a page", text(502, func(s string) string { return "<html><title>" + html.EscapeString(s) + "</title>" })},
		{"query", text(500, url.QueryEscape)},
		{"path", text(500, url.PathEscape)},
		{"raw URL by PHP", text(500, phpRawURL)},
		{"message in JSON by Go", in(500, `{"success":false,"error":{"code":"SERVER_ERROR","message":$}}`, goJSON)},
		{"message in JSON by PHP", in(500, `{"success":false,"error":{"code":"SERVER_ERROR","message":$}}`, phpJSON)},
		{"JSON that is cut short", in(500, `{"success":false,"error":{"message":$`, phpJSON)},
		{"code", in(500, `{"success":false,"error":{"code":$,"message":"no"}}`, goJSON)},
		{"validation", in(422, `{"success":false,"error":{"code":"VALIDATION_ERROR","message":"no","details":{$:[$]}}}`, goJSON)},
		{"unauthorised", in(401, `{"message":$}`, phpJSON)},
		{"rate limit", in(429, `{"message":$}`, phpJSON)},
		{"success of another type", in(200, `{"success":true,"data":$}`, phpJSON)},
		{"success that is none", in(200, `{"success":false,"error":{"message":$}}`, phpJSON)},
		{"redirect", func(sent string) apitest.RoundTripper {
			return respond(302, "", "Location", "https://evil.example/?"+url.QueryEscape(sent))
		}},
		{"header", func(string) apitest.RoundTripper {
			return respond(500, "{}", "X-Request-Id", privateKey, "X-Debug", privateKey+privateEmail, "Content-Type", privateKey)
		}},
		{"cut short", func(sent string) apitest.RoundTripper {
			return func(req *http.Request) (*http.Response, error) {
				resp, err := respond(200, "")(req)
				resp.Body = io.NopCloser(io.MultiReader(strings.NewReader(sent), iotest.ErrReader(io.ErrUnexpectedEOF)))
				return resp, err
			}
		}},
		{"transport's error", fails(func(sent string) error { return errors.New(sent) })},
		{"transport's error with the URL", fails(func(sent string) error { return &url.Error{Op: "Get", URL: sent, Err: io.EOF} })},
		{"network's error", fails(func(sent string) error { return &net.OpError{Op: "read", Net: "tcp", Err: echoError{sent}} })},
		{"error that quotes JSON", fails(func(sent string) error { return echoError{phpJSON(sent)} })},
		{"error with fields", fails(func(sent string) error { return echoError{sent} })},
		{"errors inside errors", fails(func(sent string) error { return fmt.Errorf("one: %w, two: %w", echoError{sent}, io.EOF) })},
		{"silence", func(string) apitest.RoundTripper { return hang }},
	}
}

// An echoError shows all it has by %#v.
type echoError struct{ sent string }

func (e echoError) Error() string { return "malformed response: " + strconv.Quote(e.sent) }

func plain(s string) string { return s }

func goJSON(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

// phpJSON is json_encode.
func phpJSON(s string) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s)
	return strings.NewReplacer("/", `\/`, "é", `\u00e9`).Replace(strings.TrimSpace(b.String()))
}

// phpHTML is htmlspecialchars.
func phpHTML(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#039;").Replace(s)
}

// phpRawURL is rawurlencode.
func phpRawURL(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

// Every method, against every echo of its request.
func TestPrivacy_EveryMethodAndEveryEcho(t *testing.T) {
	t.Parallel()
	for _, echo := range echoes() {
		t.Run(echo.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var log apitest.Buffer
				transport := apitest.RoundTripper(func(req *http.Request) (*http.Response, error) {
					sent, err := httputil.DumpRequest(req, true)
					if err != nil {
						return nil, err
					}
					return echo.response(string(sent) + privateEmail)(req)
				})
				client, err := funnel.New(privateKey, funnel.WithBaseURL("https://api.example.com/v1"),
					funnel.WithHTTPClient(&http.Client{Transport: transport}),
					funnel.WithLogger(slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))),
					funnel.WithObserver(funnel.Observer{
						AttemptDone: func(_ context.Context, _ funnel.AttemptInfo, result funnel.AttemptResult) {
							if result.Err != nil {
								requireNoKeyIn(t, "attempt", result.Err)
							}
						},
					}),
					funnel.WithRetry(funnel.RetryPolicy{MaxAttempts: 2, Budget: -1}))
				require.NoError(t, err)
				failed := func(name string, err error) {
					if err != nil { // what expects no result may succeed
						requireNoKeyIn(t, name, err)
					}
				}
				for _, method := range apitest.Methods(client) {
					failed(method.Name, method.Call(t.Context(), 7))
				}
				_, err = client.Contacts.Get(t.Context(), funnel.Email(privateEmail))
				require.Error(t, err)
				failed("Contacts.Get", err)
				_, _, err = client.Contacts.Upsert(t.Context(), funnel.ContactCreateParams{Email: privateEmail})
				require.Error(t, err)
				failed("Contacts.Upsert", err)
				_, err = client.Contacts.Tags(t.Context(), funnel.Email(privateEmail))
				require.Error(t, err)
				failed("Contacts.Tags", err)
				require.NotEmpty(t, log.String())
				requirePrivateLog(t, log.String())
			})
		})
	}
}

// The errors of net/http for an invalid response repeat a part of it.
func TestPrivacy_EchoInInvalidHTTP(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, response string }{ // of the request's line and its Authorization header
		{"no HTTP", "%[1]s\r\n%[2]s\r\n\r\n"},
		{"HTTP/0.9", `{"message":"%[2]s"}`},
		{"status that is none", "HTTP/1.1 %[2]s\r\n\r\n"},
		{"version that is none", "%[2]s 200 OK\r\n\r\n"},
		{"header that is none", "HTTP/1.1 200 OK\r\nX %[2]s\r\n\r\n"},
		{"length that is none", "HTTP/1.1 200 OK\r\nContent-Length: %[2]s\r\n\r\n"},
		{"lengths that differ", "HTTP/1.1 200 OK\r\nContent-Length: 1%[2]s\r\nContent-Length: %[2]s\r\n\r\n"},
		{"encoding that is none", "HTTP/1.1 200 OK\r\nTransfer-Encoding: %[2]s\r\n\r\n"},
		{"chunk that is none", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%[2]s\r\n"},
		{"trailer that is none", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX %[2]s\r\n\r\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server := startRogueThatHears(t, func(conn net.Conn) {
				head, err := rawHead(conn)
				if err != nil {
					return
				}
				at := slices.IndexFunc(head, func(line string) bool { return strings.HasPrefix(line, "Authorization: ") })
				sendsAndCloses(fmt.Sprintf(tt.response, head[0], head[at]))(conn)
			})
			var log apitest.Buffer
			client, err := funnel.New(privateKey, funnel.WithBaseURL(server.url), retryAtOnce(),
				funnel.WithLogger(slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))))
			require.NoError(t, err)
			_, err = client.Contacts.Get(t.Context(), funnel.Email(privateEmail))
			apitest.RequireFailure(t, "GET /contact: 4 attempts, not applied", err)
			requireNoKeyIn(t, tt.name, err)
			require.NotContains(t, err.Error(), emailPart)
			requirePrivateLog(t, log.String())
		})
	}
}

// All services of a server that sometimes fails, with retries, pauses and webhook
// deliveries, logged at each level.
func TestPrivacy_WholeFlow(t *testing.T) {
	t.Parallel()
	for _, level := range []slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError} {
		t.Run(level.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var log apitest.Buffer
				logger := slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: level}))
				var handler http.Handler // made when the secret is known
				server := funneltest.NewServer(funneltest.WithAPIKey(privateKey), funneltest.WithWebhookHandler(
					http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) })))
				defer server.Close()
				client := server.Client(funnel.WithLogger(logger), funnel.WithRetry(funnel.RetryPolicy{Budget: -1}))
				webhook, err := client.Webhooks.Create(t.Context(), funnel.WebhookCreateParams{URL: "https://hooks.example.com/"})
				require.NoError(t, err)
				deliveries := 0
				handler, err = funnel.NewWebhookHandler(webhook.Secret, func(context.Context, *funnel.Event) error {
					if deliveries++; deliveries%2 == 1 {
						return errors.New("not now")
					}
					return nil
				}, funnel.WithWebhookErrors(func(ctx context.Context, _ *funnel.Event, status int, err error) {
					requireNoKeyIn(t, "delivery", err)
					logger.ErrorContext(ctx, "delivery", "status", status, "err", err)
				}))
				require.NoError(t, err)

				failed, succeeded := 0, 0
				saw := func(name string, err error) {
					if err == nil {
						succeeded++
						return
					}
					failed++
					requireNoKeyIn(t, name, err)
				}
				rng := rand.New(rand.NewPCG(uint64(len(level.String())), 1))
				for _, fault := range []funneltest.Fault{
					{Status: 500, Body: privateKey + privateEmail},
					{Status: 403, Code: funnel.ErrForbidden},
					{Status: 429, Body: phpJSON(privateKey + privateEmail)},
					{DropConnection: true, AfterCommit: true},
					{TruncateBody: true, AfterCommit: true},
					{Body: phpHTML(privateKey + privateEmail)},
					{Delay: time.Minute},
				} {
					fault.Times = -1
					fault.Match = func(*http.Request) bool { return rng.IntN(20) == 0 }
					server.Fail(fault)
				}
				for range 5 {
					_, err := client.Contacts.Create(t.Context(), funnel.ContactCreateParams{Email: privateEmail})
					saw("Contacts.Create", err)
					_, _, err = client.Contacts.Upsert(t.Context(), funnel.ContactCreateParams{Email: privateEmail, FirstName: "Ada"})
					saw("Contacts.Upsert", err)
					_, err = client.Contacts.Get(t.Context(), funnel.Email(privateEmail))
					saw("Contacts.Get", err)
					saw("Call", client.Call(t.Context(), http.MethodGet, "/contact/"+privateEmail, nil, nil, nil))
					for _, method := range apitest.Methods(client) {
						if method.Name != "Webhooks.Delete" {
							saw(method.Name, method.Call(t.Context(), 1))
						}
					}
					require.NoError(t, server.Deliver(map[string]string{"email": privateEmail}))
					saw("Contacts.Delete", client.Contacts.Delete(t.Context(), funnel.Email(privateEmail)))
				}
				require.Positive(t, failed)
				require.Positive(t, succeeded)
				require.NoError(t, server.WaitForDeliveries(t.Context()))
				require.Positive(t, deliveries)
				require.Contains(t, log.String(), "not now")
				requirePrivateLog(t, log.String(), webhook.Secret)
				if level == slog.LevelDebug {
					require.Contains(t, log.String(), emailPart, "so that the test can fail")
				}
			})
		})
	}
}
