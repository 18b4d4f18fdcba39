package funnel_test

import (
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

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
)

// Redirects are not followed, wherever they lead: the key stays with the base
// URL. The error says where to, but for the path and query.
func TestRedirects_AreNotFollowed(t *testing.T) {
	t.Parallel()
	targets := []struct{ name, location, says string }{
		{"to another host", "https://evil.example/v1/contact?email=ada@example.com", "redirects to https://evil.example,"},
		{"to another host without a scheme", "//evil.example/contact", "redirects to https://evil.example,"},
		{"to another port", "https://api.example.com:8443/v1/contact", "redirects to https://api.example.com:8443,"},
		{"to plain http", "http://api.example.com/v1/contact", "redirects to http://api.example.com,"},
		{"to the same host", testBaseURL + "/login", "redirects to https://api.example.com,"},
		{"to the same URL", "", "redirects to https://api.example.com,"},
		{"to a path", "/login", "redirects to https://api.example.com,"},
		{"to what is no URL", "https://[bad", "redirects to nowhere,"},
		{"to a host that is the key", "https://" + url.QueryEscape(testKey) + ".evil.example/", "redirects to"},
	}
	for _, target := range targets {
		for _, status := range []int{301, 302, 303, 307, 308} {
			for _, op := range []operation{getContact, createFunnel, createTag, deleteContact} {
				t.Run(fmt.Sprintf("%s/%d/%s", target.name, status, op.name), func(t *testing.T) {
					t.Parallel()
					api := newMockAPI(t).on(op.method, op.path, answers(status, "<html>Redirecting</html>", "Location", target.location))
					err := op.call(t.Context(), api.client(t))
					require.Len(t, api.requests(), 1) // and the mock fails the test where any other comes
					require.ErrorContains(t, err, target.says)
					require.NotContains(t, err.Error(), "ada@")
					require.NotContains(t, err.Error(), "5ecret")
					answered := asError[*funnel.APIError](t, err)
					require.Equal(t, status, answered.StatusCode)
					require.Empty(t, answered.Code)
					applied := status == http.StatusSeeOther && op.method != http.MethodGet // to what was done
					require.Equal(t, callFailure{op.method, op.path, 1, applied}, failureOf(t, err))
				})
			}
		}
	}
}

// A redirect without a Location is as clear.
func TestRedirects_WithoutALocation(t *testing.T) {
	t.Parallel()
	api := newMockAPI(t).on(http.MethodGet, "/contact", answers(302, ""))
	err := getContact.call(t.Context(), api.client(t))
	require.ErrorContains(t, err, "funnel: GET /contact: 302 Found: redirects")
}

// A response of 40 MB is refused when 32 MiB of it have come: the rest is never
// read.
func TestResponseOf40MB_IsRefused(t *testing.T) {
	t.Parallel()
	read := 0
	api := newMockAPI(t).on(http.MethodGet, "/contact", func(req *http.Request) (*http.Response, error) {
		resp, err := answers(200, "")(req)
		resp.ContentLength = 40 << 20
		resp.Body = io.NopCloser(io.LimitReader(readerFunc(func(p []byte) (int, error) {
			read += len(p)
			return len(p), nil
		}), 40<<20))
		return resp, err
	})
	err := getContact.call(t.Context(), api.client(t))
	require.EqualError(t, err, "funnel: GET /contact: the response is too large: over 33554432 bytes")
	require.LessOrEqual(t, read, 33<<20)
	require.Len(t, api.requests(), 1)
}

// keyForms are the ways in which a server may send the key back.
func keyForms(key string) []string {
	quoted := strconv.Quote(key)
	quoted = quoted[1 : len(quoted)-1]
	return []string{key, quoted, strings.ReplaceAll(quoted, "/", `\/`), url.QueryEscape(key), url.PathEscape(key)}
}

// Whatever the server does with the key, no error and no log shows it.
func TestKey_EchoedByTheServerIsHidden(t *testing.T) {
	t.Parallel()
	for _, key := range []string{testKey, `fk_plain_5ecret`, `fk "5ecret"/\x`} {
		inJSON := strings.ReplaceAll(strconv.Quote(key), "/", `\/`)
		inJSON = inJSON[1 : len(inJSON)-1]
		tests := []struct {
			name  string
			reply reply
		}{
			{"message", answers(401, `{"success":false,"error":{"code":"UNAUTHORIZED","message":"unknown key `+inJSON+`"}}`)},
			{"code", answers(401, `{"success":false,"error":{"code":"`+inJSON+`","message":"unknown"}}`)},
			{"bare message", answers(401, `{"message":"unknown key `+inJSON+`"}`)},
			{"message of a 429", answers(429, `{"message":"`+inJSON+`"}`)},
			{"details", answers(422, `{"success":false,"error":{"code":"VALIDATION_ERROR","message":"no",`+
				`"details":{"`+inJSON+`":["unknown key `+inJSON+`"]}}}`)},
			{"headers", answers(403, `{}`, "X-Request-Id", key, "X-Debug", "Bearer "+key, "X-Escaped", url.QueryEscape(key))},
			{"plain body", answers(500, "unknown key "+key, "Content-Type", "text/plain")},
			{"page's title", htmlPage(502, "unknown key "+key)},
			{"page of success", htmlPage(200, "unknown key "+key)},
			{"content type", answers(200, "?", "Content-Type", "text/plain; key="+key)},
			{"other JSON", data(`"` + inJSON + `"`)},
			{"no success", answers(200, `{"success":false,"error":{"message":"`+inJSON+`"}}`)},
			{"location", answers(302, "", "Location", "https://evil.example/?key="+url.QueryEscape(key))},
			{"transport's error", breaks(errors.New("malformed header: Bearer " + key))},
			{"transport's URL", breaks(&url.Error{Op: "Get", URL: "https://x/?key=" + url.QueryEscape(key), Err: errors.New("Bearer " + key)})},
		}
		for _, tt := range tests {
			t.Run(key+"/"+tt.name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					var logged syncBuffer
					for _, op := range []operation{getContact, createFunnel} {
						api := newMockAPI(t).on(op.method, op.path, tt.reply)
						for _, handler := range []slog.Handler{
							slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}),
							slog.NewJSONHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}),
						} {
							client, err := newClientAt(testBaseURL, key,
								funnel.WithHTTPClient(&http.Client{Transport: api}), funnel.WithLogger(slog.New(handler)))
							require.NoError(t, err)
							requireHidden(t, key, op.call(t.Context(), client))
						}
					}
					require.NotEmpty(t, logged.String())
					requireNoKey(t, key, logged.String())
				})
			})
		}
	}
}

// requireHidden requires that nothing of err shows the key.
func requireHidden(t *testing.T, key string, err error) {
	t.Helper()
	require.Error(t, err)
	for _, format := range []string{"%v", "%+v", "%s", "%q"} {
		requireNoKey(t, key, fmt.Sprintf(format, err))
	}
	if answered := (*funnel.APIError)(nil); errors.As(err, &answered) {
		requireNoKey(t, key, fmt.Sprintf("%+v", *answered))
		requireNoKey(t, key, fmt.Sprintf("%#v", *answered))
		requireNoKey(t, key, string(answered.Body))
		requireNoKey(t, key, fmt.Sprint(answered.Header))
	}
	if refused := (*funnel.ValidationError)(nil); errors.As(err, &refused) {
		requireNoKey(t, key, fmt.Sprintf("%+v", refused.Details))
	}
	if request := (*funnel.RequestError)(nil); errors.As(err, &request) {
		requireNoKey(t, key, fmt.Sprintf("%+v", *request))
		requireNoKey(t, key, request.Err.Error())
	}
}

func requireNoKey(t *testing.T, key, s string) {
	t.Helper()
	for _, form := range keyForms(key) {
		require.NotContains(t, s, form)
	}
	require.NotContains(t, s, "5ecret")
}

// The part of a long body that the error keeps ends in the middle of nothing
// secret.
func TestKey_AtTheEndOfTheKeptBodyIsHidden(t *testing.T) {
	t.Parallel()
	const kept = 64 << 10
	for _, visible := range []int{1, 5, len(testKey) - 1, len(testKey), len(testKey) + 10} {
		t.Run(strconv.Itoa(visible), func(t *testing.T) {
			t.Parallel()
			page := strings.Repeat("x", kept-visible) + testKey + strings.Repeat("y", 1000)
			api := newMockAPI(t).on(http.MethodGet, "/contact", answers(500, page))
			err := getContact.call(funnel.WithoutRetry(t.Context()), api.client(t))
			body := string(asError[*funnel.APIError](t, err).Body)
			require.LessOrEqual(t, len(body), kept)
			require.Equal(t, page[:kept-visible], body[:kept-visible])
			require.NotContains(t, body, testKey[:1]) // an f
		})
	}
}

// Nor does that of a body that is full of the key, which becomes much shorter.
func TestKey_AtTheEndOfABodyFullOfItIsHidden(t *testing.T) {
	t.Parallel()
	for before := range len(testKey) {
		page := strings.Repeat("x", before) + strings.Repeat(testKey, 10_000)
		api := newMockAPI(t).on(http.MethodGet, "/contact", answers(500, page))
		err := getContact.call(funnel.WithoutRetry(t.Context()), api.client(t))
		body := string(asError[*funnel.APIError](t, err).Body)
		shown := strings.Repeat("x", before) + "[hidden]"
		require.Equal(t, shown, body[:len(shown)])
		require.NotContains(t, body, testKey[:1]) // an f
	}
}

// What is inside of an error that says too much, and does not itself, is found.
func TestQuery_LeavesTheRestOfAnError(t *testing.T) {
	t.Parallel()
	transport := roundTripFunc(func(req *http.Request) (*http.Response, error) {
		return nil, tellTale{"cannot get " + req.URL.String(), &net.OpError{Op: "read", Err: syscall.ECONNRESET}}
	})
	_, err := clientOver(t, transport).Contacts.Get(funnel.WithoutRetry(t.Context()), funnel.Email("ada@example.com"))
	require.NotContains(t, err.Error(), "ada")
	require.Equal(t, "read", asError[*net.OpError](t, err).Op)
	var timeout interface{ Timeout() bool }
	require.ErrorAs(t, err, &timeout)
	require.False(t, timeout.Timeout())
}

// tellTale is an error that says too much.
type tellTale struct {
	says  string
	cause error
}

func (e tellTale) Error() string { return e.says }
func (e tellTale) Unwrap() error { return e.cause }

// A transport's error may hold the URL, and the query an address. Neither the
// call's error shows it nor what an observer is told.
func TestQuery_IsNotInErrors(t *testing.T) {
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
		{"a type of the transport's own", func(u *url.URL) error { return tellTale{"cannot get " + u.String(), io.EOF} }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			transport := roundTripFunc(func(req *http.Request) (*http.Response, error) { return nil, tt.err(req.URL) })
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
				var told tellTale
				require.NotErrorAs(t, err, &told, "it has the URL")
				require.Zero(t, told)
			}
			require.Equal(t, callFailure{"GET", "/contact", 1, false}, failureOf(t, err))
		})
	}
}

// Input that cannot be meant is refused before anything is sent, and no error
// is longer than a screen.
func TestErrors_FitOnAScreen(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("very long ", 100_000)
	tests := []struct {
		name  string
		reply reply
	}{
		{"message", failure(403, "FORBIDDEN", long)},
		{"code", failure(403, funnel.Code(long), "no")},
		{"details", answers(422, `{"success":false,"error":{"code":"VALIDATION_ERROR","message":"no","details":{"email":["`+long+`"]}}}`)},
		{"page", htmlPage(404, long)},
		{"page of success", htmlPage(200, long)},
		{"transport's error", breaks(errors.New(long))},
		{"redirect", answers(302, "", "Location", "https://"+strings.Repeat("x", 10_000)+".example")},
		{"content type", answers(200, "?", "Content-Type", long)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			api := newMockAPI(t).on(http.MethodGet, "/contact", tt.reply)
			err := getContact.call(funnel.WithoutRetry(t.Context()), api.client(t))
			require.Error(t, err)
			require.Less(t, len(err.Error()), 2000)
			require.NotContains(t, err.Error(), "\n")
		})
	}
}

// What cannot be an address goes no further.
func TestEmail_WithALineBreakIsRefused(t *testing.T) {
	t.Parallel()
	client := newMockAPI(t).client(t)
	const bad = "ada@example.com\r\nBcc: all@example.com"
	calls := map[string]func(context.Context) error{
		"Create": func(ctx context.Context) error {
			_, err := client.Contacts.Create(ctx, funnel.ContactCreateParams{Email: bad})
			return err
		},
		"Upsert": func(ctx context.Context) error {
			_, _, err := client.Contacts.Upsert(ctx, funnel.ContactCreateParams{Email: bad})
			return err
		},
		"Get": func(ctx context.Context) error {
			_, err := client.Contacts.Get(ctx, funnel.Email(bad))
			return err
		},
		"Update": func(ctx context.Context) error {
			return client.Contacts.Update(ctx, funnel.Email(bad), funnel.ContactUpdateParams{FirstName: funnel.Ptr("Ada")})
		},
		"Delete": func(ctx context.Context) error { return client.Contacts.Delete(ctx, funnel.Email(bad)) },
		"Enroll": func(ctx context.Context) error { return client.Sequences.Enroll(ctx, 5, funnel.Email(bad)) },
	}
	for name, call := range calls {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			requireArgumentError(t, call(t.Context()), "email")
		})
	}
}
