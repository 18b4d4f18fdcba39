package funnel_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/internal/apitest"
)

func TestNew_RefusesBadInput(t *testing.T) {
	t.Parallel()
	const (
		url = "https://api.example.com/v1"
		key = "fk_5ecret"
	)
	tests := []struct {
		name         string
		baseURL, key string
		field        string
		says         string
	}{
		{"empty URL", "", key, "baseURL", "empty"},
		{"blank URL", " \t", key, "baseURL", "empty"},
		{"relative URL", "/api/v1", key, "baseURL", "absolute"},
		{"URL without a scheme", "api.example.com/v1", key, "baseURL", "absolute"},
		{"URL without a scheme, with a port", "api.example.com:8443/v1", key, "baseURL", "absolute"},
		{"URL that starts at the host", "//api.example.com/v1", key, "baseURL", "absolute"},
		{"mailto URL", "mailto:ada@example.com", key, "baseURL", "absolute"},
		{"URL with white space", " " + url, key, "baseURL", "trim it"},
		{"URL with a line break at its end", url + "\n", key, "baseURL", "trim it"},
		{"key with its scheme", url, "bearer " + key, "apiKey", "the key alone"},
		{"URL with a bad escape", url + "/%zz", key, "baseURL", "absolute"},
		{"ftp URL", "ftp://api.example.com/v1", key, "baseURL", "https"},
		{"file URL", "file:///etc/hosts", key, "baseURL", "https"},
		{"no host", "https:///v1", key, "baseURL", "host"},
		{"a port without a host", "https://:8443/v1", key, "baseURL", "host"},
		{"an impossible port", "https://api.example.com:99999/v1", key, "baseURL", "port"},
		{"port 0", "https://api.example.com:0/v1", key, "baseURL", "port"},
		{"user", "https://ada@api.example.com/v1", key, "baseURL", "user info"},
		{"user and password", "https://ada:pa55@api.example.com/v1", key, "baseURL", "user info"},
		{"query", url + "?token=1", key, "baseURL", "query"},
		{"empty query", url + "?", key, "baseURL", "query"},
		{"fragment", url + "#top", key, "baseURL", "fragment"},
		{"empty fragment", url + "#", key, "baseURL", "fragment"},
		{"plain http", "http://api.example.com/v1", key, "baseURL", "https"},
		{"plain http in capitals", "HTTP://api.example.com/v1", key, "baseURL", "https"},
		{"plain http to a host that begins as loopback does", "http://127.0.0.1.example.com", key, "baseURL", "https"},
		{"plain http to a host that is called as loopback is", "http://localhost.example.com", key, "baseURL", "https"},
		{"plain http to a private network", "http://10.0.0.1", key, "baseURL", "https"},
		{"plain http to any address", "http://0.0.0.0", key, "baseURL", "https"},
		{"empty key", url, "", "apiKey", "empty"},
		{"blank key", url, " \t ", "apiKey", "empty"},
		{"key with a line break", url, key + "\n", "apiKey", "control character"},
		{"key with a header in it", url, key + "\r\nX-Admin: 1", "apiKey", "control character"},
		{"key with a NUL", url, key + "\x00", "apiKey", "control character"},
		{"key that is no UTF-8", url, key + "\xff", "apiKey", "control character"},
		{"key with a space around it", url, " " + key, "apiKey", "white space"},
		{"swapped", key, url, "apiKey", "swapped"},
		{"swapped, loopback", key, "http://127.0.0.1:8080", "apiKey", "swapped"},
		{"the key for both", key, key, "baseURL", "swapped"},
		{"both empty", "", "", "apiKey", "empty"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			client, err := newClientAt(tt.baseURL, tt.key)
			require.Nil(t, client)
			requireArgumentError(t, err, tt.field)
			require.ErrorContains(t, err, tt.says)
			require.True(t, strings.HasPrefix(err.Error(), "funnel: "+tt.field+": "), err)
			for _, secret := range []string{key, url, "pa55", "api.example.com", "token=1", "ada@"} {
				require.NotContains(t, err.Error(), secret)
			}
		})
	}
}

func TestNew_AcceptsBaseURLs(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, baseURL string
		opts          []funnel.Option
		want          string // URL of GET /contact
	}{
		{"https", "https://api.example.com", nil, "https://api.example.com/contact"},
		{"with a path", "https://api.example.com/api/v1", nil, "https://api.example.com/api/v1/contact"},
		{"with slashes at its end", "https://api.example.com/api/v1//", nil, "https://api.example.com/api/v1/contact"},
		{"with a slash alone", "https://api.example.com/", nil, "https://api.example.com/contact"},
		{"with a port", "https://api.example.com:8443/v1", nil, "https://api.example.com:8443/v1/contact"},
		{"with an escaped path", "https://api.example.com/a%2Fb/v1", nil, "https://api.example.com/a%2Fb/v1/contact"},
		{"with an umlaut", "https://api.example.com/für", nil, "https://api.example.com/f%C3%BCr/contact"},
		{"plain http to loopback", "http://127.0.0.1:8080/v1", nil, "http://127.0.0.1:8080/v1/contact"},
		{"plain http to another loopback address", "http://127.8.9.1", nil, "http://127.8.9.1/contact"},
		{"plain http to loopback by IPv6", "http://[::1]:8080", nil, "http://[::1]:8080/contact"},
		{"plain http to localhost", "http://LocalHost:8080", nil, "http://LocalHost:8080/contact"},
		{"plain http where it is allowed", "http://api.example.com/v1", []funnel.Option{funnel.WithInsecureHTTP()}, "http://api.example.com/v1/contact"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got string
			transport := apitest.RoundTripper(func(req *http.Request) (*http.Response, error) {
				got = req.URL.String()
				require.Equal(t, req.URL.Host, req.Host)
				return data(seven)(req)
			})
			opts := append(tt.opts, funnel.WithHTTPClient(&http.Client{Transport: transport}))
			client, err := newClientAt(tt.baseURL, testKey, opts...)
			require.NoError(t, err)
			require.NoError(t, client.Call(t.Context(), http.MethodGet, "/contact", nil, nil, nil))
			require.Equal(t, tt.want, got)
		})
	}
}

// The default base URL is the vendor's.
func TestNew_DefaultBaseURL(t *testing.T) {
	t.Parallel()
	require.Equal(t, "https://api.wolfeo.me/v1", funnel.DefaultBaseURL)
	var got string
	client, err := funnel.New(testKey, funnel.WithHTTPClient(&http.Client{Transport: recordURL(&got)}))
	require.NoError(t, err)
	require.NoError(t, getContact.call(t.Context(), client))
	require.Equal(t, "https://api.wolfeo.me/v1/contact?contact_id=7", got)
}

// recordURL is a transport that stores the URL of a request.
func recordURL(got *string) http.RoundTripper {
	return apitest.RoundTripper(func(req *http.Request) (*http.Response, error) {
		*got = req.URL.String()
		return data(seven)(req)
	})
}

func TestNewFromEnv_ReadsTheEnvironment(t *testing.T) {
	other := funnel.WithBaseURL("https://other.example.com")
	tests := []struct {
		name         string
		baseURL, key string
		opts         []funnel.Option
		want         string // URL of GET /contact
		field        string // of the error; empty: there is none
	}{
		{name: "both set", baseURL: testBaseURL, key: testKey, want: testBaseURL + "/contact?contact_id=7"},
		{name: "no base URL", key: testKey, want: funnel.DefaultBaseURL + "/contact?contact_id=7"},
		{name: "no base URL, an option", key: testKey, opts: []funnel.Option{other}, want: "https://other.example.com/contact?contact_id=7"},
		{name: "an option overrides", baseURL: testBaseURL, key: testKey, opts: []funnel.Option{other}, want: "https://other.example.com/contact?contact_id=7"},
		{name: "no key", baseURL: testBaseURL, field: "FUNNEL_API_KEY"},
		{name: "neither", field: "FUNNEL_API_KEY"},
		{name: "bad base URL", baseURL: "ftp://api.example.com", key: testKey, field: "baseURL"},
		{name: "bad key", baseURL: testBaseURL, key: testKey + "\n", field: "apiKey"},
		{name: "swapped", baseURL: testKey, key: testBaseURL, field: "apiKey"},
		{name: "the key for both", baseURL: testKey, key: testKey, field: "baseURL"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("FUNNEL_BASE_URL", tt.baseURL)
			t.Setenv("FUNNEL_API_KEY", tt.key)
			var got string
			opts := append([]funnel.Option{funnel.WithHTTPClient(&http.Client{Transport: recordURL(&got)})}, tt.opts...)
			client, err := funnel.NewFromEnv(opts...)
			if tt.field != "" {
				require.Nil(t, client)
				requireArgumentError(t, err, tt.field)
				require.NotContains(t, err.Error(), testKey)
				require.NotContains(t, err.Error(), "api.example.com")
				return
			}
			require.NoError(t, err)
			require.NoError(t, getContact.call(t.Context(), client))
			require.Equal(t, tt.want, got)
		})
	}
}

func TestClient_SendsItsHeaders(t *testing.T) {
	t.Parallel()
	api := newMockAPI(t).
		on(http.MethodGet, "/contact", data(seven)).
		on(http.MethodPost, "/tag", data(seven))
	client := api.client(t)
	require.NoError(t, getContact.call(t.Context(), client))
	require.NoError(t, createTag.call(t.Context(), client))

	get, post := api.requests()[0].Header, api.requests()[1].Header
	require.Regexp(t, `^funnel-go/`+funnel.Version+` \(go.+; [a-z0-9]+/[a-z0-9]+\)$`, get.Get("User-Agent"))
	require.Equal(t, http.Header{
		"Accept":        {"application/json"},
		"Authorization": {"Bearer " + testKey},
		"User-Agent":    {get.Get("User-Agent")},
	}, get)
	get.Set("Content-Type", "application/json")
	require.Equal(t, get, post)
}

func TestNew_SetsEveryService(t *testing.T) {
	t.Parallel()
	client, err := funnel.New(testKey)
	require.NoError(t, err)
	services := reflect.ValueOf(client).Elem()
	for i := range services.NumField() {
		if field := services.Type().Field(i); field.IsExported() {
			require.False(t, services.Field(i).IsNil(), "set %s in newClient", field.Name)
		}
	}
}

// Every method of a zero Client and of a service without a client returns an
// [*funnel.ArgumentError], and no method panics.
func TestClient_ZeroClientRefusesEveryMethod(t *testing.T) {
	t.Parallel()
	zeroServices := &funnel.Client{}
	fields := reflect.ValueOf(zeroServices).Elem()
	for i := range fields.NumField() {
		if field := fields.Field(i); fields.Type().Field(i).IsExported() {
			field.Set(reflect.New(field.Type().Elem()))
		}
	}
	for name, client := range map[string]*funnel.Client{"zero client": {}, "zero services": zeroServices} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, method := range apitest.Methods(client) {
				t.Run(method.Name, func(t *testing.T) {
					err := method.Call(t.Context(), 7)
					requireArgumentError(t, err, "client")
					require.ErrorContains(t, err, "make one with New")
				})
			}
		})
	}
	for name, client := range map[string]*funnel.Client{"zero client": {}, "nil client": nil} {
		t.Run(name+": Call", func(t *testing.T) {
			t.Parallel()
			requireArgumentError(t, client.Call(t.Context(), http.MethodGet, "/contact", nil, nil, nil), "client")
			require.Equal(t, funnel.RateLimit{Remaining: -1}, client.RateLimit())
			require.NotPanics(t, client.CloseIdleConnections)
			for result := range funnel.Each(t.Context(), client, slices.Values([]int{1}), func(context.Context, int) error { return nil }) {
				requireArgumentError(t, result.Err, "client")
			}
		})
	}
}

func TestClient_EveryMethodRefusesANilContext(t *testing.T) {
	t.Parallel()
	var none context.Context
	for _, method := range apitest.Methods(newMockAPI(t).client(t)) {
		t.Run(method.Name, func(t *testing.T) {
			t.Parallel()
			requireArgumentError(t, method.Call(none, 7), "ctx")
		})
	}
	t.Run("Call", func(t *testing.T) {
		t.Parallel()
		requireArgumentError(t, newMockAPI(t).client(t).Call(none, http.MethodGet, "/contact", nil, nil, nil), "ctx")
	})
}

func TestClient_EveryMethodSendsNothingInACancelledContext(t *testing.T) {
	t.Parallel()
	for _, method := range apitest.Methods(newMockAPI(t).client(t)) {
		t.Run(method.Name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			err := method.Call(ctx, 7)
			require.ErrorIs(t, err, context.Canceled)
			refused := apitest.AsError[*funnel.RequestError](t, err)
			require.Zero(t, refused.Attempts)
			require.False(t, refused.MayHaveBeenApplied)
		})
	}
}

func TestClient_EveryMethodRefusesAnInvalidID(t *testing.T) {
	t.Parallel()
	for _, method := range apitest.Methods(newMockAPI(t).client(t)) {
		for n, field := range method.IDs() {
			for _, id := range []int64{0, -1, math.MinInt64} {
				t.Run(fmt.Sprintf("%s %s %d", method.Name, field, id), func(t *testing.T) {
					t.Parallel()
					refused := apitest.AsError[*funnel.ArgumentError](t, method.CallWithInvalidID(t.Context(), n, id))
					require.Equal(t, field, refused.Field)
					require.Contains(t, refused.Message, "ids are positive")
				})
			}
		}
	}
}

// An update without a field would change nothing: its caller has forgotten something.
func TestClient_EveryUpdateRefusesToChangeNothing(t *testing.T) {
	t.Parallel()
	for _, method := range apitest.Methods(newMockAPI(t).client(t)) {
		if !strings.Contains(method.Name, ".Update") || method.Name == "Sequences.UpdateStageContent" { // whose fields are required
			continue
		}
		t.Run(method.Name, func(t *testing.T) {
			t.Parallel()
			requireArgumentError(t, method.CallWith(t.Context(), nil), "params")
			client := clientOver(t, apitest.RoundTripper(data(seven)))
			require.NoError(t, method.Of(client).CallWith(funnel.WithField(t.Context(), "colour", "red"), nil))
		})
	}
}

// If the context ends during an attempt, the error wraps the context's error and its
// cause, also if the transport reports only the cause.
func TestClient_ContextEndsWithACause(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		gone := context.DeadlineExceeded
		transport := apitest.RoundTripper(func(req *http.Request) (*http.Response, error) {
			<-req.Context().Done()
			return nil, context.Cause(req.Context())
		})
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(gone) })
		err := createFunnel.call(ctx, clientOver(t, transport))
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorIs(t, err, gone)
		apitest.RequireFailure(t, "POST /funnel: 1 attempt, may have been applied", err)
	})
}

// The cause may be the error of another request, as in an errgroup. It says nothing of
// this one.
func TestClient_ContextEndsWithAnErrorOfAnotherRequest(t *testing.T) {
	t.Parallel()
	causes := map[string]func(t *testing.T) error{
		"net/http": func(*testing.T) error { return &url.Error{Op: "Get", URL: "https://other.example.com", Err: io.EOF} },
		"not found": func(t *testing.T) error {
			return getContact.call(t.Context(), newMockAPI(t).on(http.MethodGet, "/contact", failure(404, funnel.ErrNotFound, "no")).client(t))
		},
		"bad input": func(t *testing.T) error {
			_, err := newMockAPI(t).client(t).Contacts.Get(t.Context(), funnel.ContactID(0))
			return err
		},
		"skipped":               func(t *testing.T) error { return unsentError(t, failure(401, funnel.ErrUnauthorized, "No.")) },
		"not sent in an outage": func(t *testing.T) error { return unsentError(t, respond(503, "")) },
	}
	for name, response := range map[string]responder{"in an attempt": hangs, "in a backoff": respond(503, ""), "in a pause": tooMany()} {
		for kind, cause := range causes {
			t.Run(name+", "+kind, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					gone := cause(t)
					ctx, cancel := context.WithCancelCause(t.Context())
					time.AfterFunc(time.Second/2, func() { cancel(gone) })
					client := newMockAPI(t).on(http.MethodGet, "/contact", response).client(t)
					err := getContact.call(ctx, client)
					require.ErrorIs(t, err, context.Canceled)
					require.ErrorIs(t, err, gone)
					apitest.RequireFailure(t, "GET /contact: 1 attempt, not applied", err)
					require.True(t, funnel.CanRetry(err))
					require.Nil(t, funnel.FieldErrors(err))
					require.Equal(t, "canceled", funnel.ErrorKind(err))
					for _, code := range []funnel.Code{funnel.ErrNotFound, funnel.ErrUnauthorized} {
						require.NotErrorIs(t, err, code)
						require.NotEqual(t, code, funnel.CodeOf(err))
					}

					ctx, cancel = context.WithCancelCause(t.Context())
					time.AfterFunc(time.Second/2, func() { cancel(gone) })
					err = getContact.call(ctx, client) // in a pause it makes no attempt
					require.ErrorIs(t, err, context.Canceled)
				})
			})
		}
	}
}

// unsentError returns the error of the last of many calls, which was not sent.
func unsentError(t *testing.T, response responder) (last error) {
	client := newMockAPI(t).on(http.MethodGet, "/contact", after(roundTrip, response)).client(t)
	for result := range funnel.Each(t.Context(), client, slices.Values(make([]int, 100)), func(ctx context.Context, _ int) error {
		return getContact.call(ctx, client)
	}) {
		last = result.Err
	}
	apitest.RequireFailure(t, "GET /contact: 0 attempts, not applied", last)
	return last
}

func TestCall_SendsAndReads(t *testing.T) {
	t.Parallel()
	type stats struct {
		ContactID funnel.ContactID `json:"contact_id"`
		Opened    int              `json:"opened"`
		Note      string           `json:"note,omitempty"`
	}
	tests := []struct {
		name         string
		method, path string
		query        url.Values
		body         any
		out          any
		responder    responder
		want         sentRequest
		wantOut      any
	}{
		{
			name: "a struct", method: "GET", path: "/contact-stats", query: url.Values{"contact_id": {"7"}},
			out: &stats{}, responder: data(`{"contact_id":7,"opened":3,"clicked":1}`),
			want:    sentRequest{Method: "GET", Path: "/contact-stats", Query: "contact_id=7"},
			wantOut: &stats{ContactID: 7, Opened: 3},
		}, {
			name: "a struct of which one field comes", method: "GET", path: "/contact-stats",
			out: &stats{}, responder: data(`{"note":null,"clicked":1}`),
			want:    sentRequest{Method: "GET", Path: "/contact-stats"},
			wantOut: &stats{},
		}, {
			name: "a pointer to a pointer", method: "GET", path: "/contact-stats",
			out: funnel.Ptr(&stats{}), responder: data(`{"opened":3}`),
			want:    sentRequest{Method: "GET", Path: "/contact-stats"},
			wantOut: funnel.Ptr(&stats{Opened: 3}),
		}, {
			name: "a slice", method: "GET", path: "/invoices",
			out: &[]stats{}, responder: data(`[{"opened":7},{"opened":8}]`),
			want:    sentRequest{Method: "GET", Path: "/invoices"},
			wantOut: &[]stats{{Opened: 7}, {Opened: 8}},
		}, {
			name: "an empty object", method: "GET", path: "/contact-stats",
			out: &stats{}, responder: data(`{}`),
			want:    sentRequest{Method: "GET", Path: "/contact-stats"},
			wantOut: &stats{},
		}, {
			name: "a map", method: "PATCH", path: "/anything", body: map[string]any{"id": 7},
			out: &map[string]any{}, responder: data(`{"ok":true}`),
			want:    sentRequest{Method: "PATCH", Path: "/anything", Body: seven},
			wantOut: &map[string]any{"ok": true},
		}, {
			name: "text that looks like one that is not UTF-8", method: "POST", path: "/note", body: map[string]any{"text": "\\ufffd \ufffd"},
			responder: data(`{}`),
			want:      sentRequest{Method: "POST", Path: "/note", Body: "{\"text\":\"\\\\ufffd \ufffd\"}"},
		}, {
			name: "JSON as PHP writes it", method: "POST", path: "/note", body: json.RawMessage(`{"text":"caf\ufffd"}`),
			responder: data(`{}`),
			want:      sentRequest{Method: "POST", Path: "/note", Body: `{"text":"caf\ufffd"}`},
		}, {
			name: "raw JSON", method: "GET", path: "/contact-stats",
			out: new(json.RawMessage), responder: data(`{"amount": 297.10}`),
			want:    sentRequest{Method: "GET", Path: "/contact-stats"},
			wantOut: funnel.Ptr(json.RawMessage(`{"amount": 297.10}`)),
		}, {
			name: "a number", method: "GET", path: "/count",
			out: new(int), responder: data(`12`),
			want:    sentRequest{Method: "GET", Path: "/count"},
			wantOut: funnel.Ptr(12),
		}, {
			name: "one of the SDK's types", method: "POST", path: "/contact-unsubscribe", body: funnel.ContactCreateParams{Email: "ada@example.com"},
			out: &funnel.Contact{}, responder: data(`{"id":"7","email":"ada@example.com"}`),
			want:    sentRequest{Method: "POST", Path: "/contact-unsubscribe", Body: `{"email":"ada@example.com"}`},
			wantOut: &funnel.Contact{ID: 7, Email: "ada@example.com"},
		}, {
			name: "DELETE with a body", method: "DELETE", path: "/contacts-bulk-tag", body: map[string]any{"tag_id": 3, "contact_ids": "1,2"},
			responder: respond(204, ""),
			want:      sentRequest{Method: "DELETE", Path: "/contacts-bulk-tag", Body: `{"contact_ids":"1,2","tag_id":3}`},
		}, {
			name: "DELETE with a body and a result", method: "DELETE", path: "/contacts-bulk-tag", body: map[string]any{"tag_id": 3},
			out: &stats{}, responder: data(`{"contact_id":7}`),
			want:    sentRequest{Method: "DELETE", Path: "/contacts-bulk-tag", Body: `{"tag_id":3}`},
			wantOut: &stats{ContactID: 7},
		}, {
			name: "no result wanted", method: "DELETE", path: "/cache", responder: data(seven),
			want: sentRequest{Method: "DELETE", Path: "/cache"},
		}, {
			name: "no result given", method: "DELETE", path: "/cache", responder: respond(204, ""),
			want: sentRequest{Method: "DELETE", Path: "/cache"},
		}, {
			name: "path without a slash", method: "GET", path: "contact", responder: data(`{}`),
			want: sentRequest{Method: "GET", Path: "/contact"},
		}, {
			name: "query that needs escaping", method: "GET", path: "/contact",
			query: url.Values{"email": {"ada+1@example.com"}, "a&b": {"c=d"}}, responder: data(`{}`),
			want: sentRequest{Method: "GET", Path: "/contact", Query: "a%26b=c%3Dd&email=ada%2B1%40example.com"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			api := newMockAPI(t).on(tt.want.Method, tt.want.Path, tt.responder)
			require.NoError(t, api.client(t).Call(t.Context(), tt.method, tt.path, tt.query, tt.body, tt.out))
			requireSent(t, api, tt.want)
			require.Equal(t, tt.wantOut, tt.out)
			wantType := ""
			if tt.want.Body != "" {
				wantType = "application/json"
			}
			require.Equal(t, wantType, api.requests()[0].Header.Get("Content-Type"))
		})
	}
}

// A path is escaped as a whole, so that nothing in it changes its meaning.
func TestCall_EscapesThePath(t *testing.T) {
	t.Parallel()
	tests := []struct{ baseURL, path, want string }{
		{"https://api.example.com/v1", "/a b", "https://api.example.com/v1/a%20b"},
		{"https://api.example.com/v1", "/100%", "https://api.example.com/v1/100%25"},
		{"https://api.example.com/v1", "/%2e%2e/x", "https://api.example.com/v1/%252e%252e/x"},
		{"https://api.example.com/v1", "/für", "https://api.example.com/v1/f%C3%BCr"},
		{"https://api.example.com/a%2Fb", "/c d", "https://api.example.com/a%2Fb/c%20d"},
	}
	for _, tt := range tests {
		t.Run(tt.path, func(t *testing.T) {
			t.Parallel()
			var got string
			transport := apitest.RoundTripper(func(req *http.Request) (*http.Response, error) {
				got = req.URL.String()
				return respond(204, "")(req)
			})
			client, err := funnel.New(testKey, funnel.WithBaseURL(tt.baseURL), funnel.WithHTTPClient(&http.Client{Transport: transport}))
			require.NoError(t, err)
			require.NoError(t, client.Call(t.Context(), http.MethodGet, tt.path, nil, nil, nil))
			require.Equal(t, tt.want, got)
		})
	}
}

func TestCall_RefusesBadInput(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, method, path string
		body               any
		field              string
	}{
		{"no method", "", "/contact", nil, "method"},
		{"method in small letters", "get", "/contact", nil, "method"},
		{"method with a header in it", "GET\r\nX: 1", "/contact", nil, "method"},
		{"method with a space", "GET ", "/contact", nil, "method"},
		{"HEAD", "HEAD", "/contact", nil, "method"},
		{"no path", "GET", "", nil, "path"},
		{"a slash alone", "GET", "/", nil, "path"},
		{"another host", "GET", "https://evil.example/contact", nil, "path"},
		{"another host without a scheme", "GET", "//evil.example/contact", nil, "path"},
		{"query in the path", "GET", "/contact?id=7", nil, "path"},
		{"fragment in the path", "GET", "/contact#7", nil, "path"},
		{"path that climbs", "GET", "/../admin", nil, "path"},
		{"path that climbs later", "GET", "/a/../../admin", nil, "path"},
		{"path with a dot", "GET", "/./contact", nil, "path"},
		{"path that climbs by backslash", "GET", `/a\..\admin`, nil, "path"},
		{"path with a line break", "GET", "/contact\r\nHost: evil.example", nil, "path"},
		{"body that is no JSON", "POST", "/contact", func() {}, "body"},
		{"body that holds no JSON", "POST", "/contact", map[string]any{"at": make(chan int)}, "body"},
		{"body that is not UTF-8", "POST", "/note", map[string]any{"text": []any{"M\xfcller"}}, "body"},
		{"JSON that is not UTF-8", "POST", "/note", json.RawMessage("{\"text\":\"M\xfcller\"}"), "body"},
		{"key that is not UTF-8", "POST", "/note", map[string]int{"M\xfcller": 1}, "body"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			client := newMockAPI(t).client(t)
			requireArgumentError(t, client.Call(t.Context(), tt.method, tt.path, nil, tt.body, nil), tt.field)
		})
	}
}

// JSON that the program has written is checked as such, also if a field is added to it.
func TestCall_RawJSONWithAField(t *testing.T) {
	t.Parallel()
	api := newMockAPI(t).on(http.MethodPost, "/note", data(`{}`))
	client := api.client(t)
	ctx := funnel.WithField(t.Context(), "source", json.RawMessage(`"caf\ufffd"`))
	require.NoError(t, client.Call(ctx, http.MethodPost, "/note", nil, json.RawMessage(`{"text":"caf\ufffd"}`), nil))
	require.Equal(t, `{"source":"caf\ufffd","text":"caf\ufffd"}`, api.requests()[0].Body)
	for _, body := range []any{json.RawMessage("{\"text\":\"M\xfcller\"}"), map[string]string{"text": "M\xfcller"}} {
		requireArgumentError(t, client.Call(ctx, http.MethodPost, "/note", nil, body, nil), "body")
	}
}

// An unexpected result is an error that shows the response.
func TestCall_UnexpectedResult(t *testing.T) {
	t.Parallel()
	type contact struct {
		ID    int    `json:"id"`
		Email string `json:"email"`
	}
	for name, tt := range map[string]struct {
		out          any
		result, want string
	}{
		"another type":                      {new(int), seven, "cannot unmarshal object"},
		"none of the fields, since renamed": {&contact{}, `{"contact_id":7,"mail":"ada@example.com"}`, "the data has none of the fields of *funnel_test.contact"},
		"none of the fields, since nested":  {&contact{}, `{"contact":{"id":7,"email":"ada@example.com"}}`, "the data has none of the fields of *funnel_test.contact"},
		"an element with none of them":      {&[]contact{}, `[{"id":7},{"mail":"ada@example.com"}]`, "the data has none of the fields of *[]funnel_test.contact"},
		"none of the fields of the SDK's":   {&funnel.Tag{}, `{"tag":{"id":7}}`, "the data has none of the fields of *funnel.Tag"},
		"a list for an object":              {&contact{}, `[` + seven + `]`, "cannot unmarshal array"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api := newMockAPI(t).on(http.MethodGet, "/contact", data(tt.result))
			err := api.client(t).Call(t.Context(), http.MethodGet, "/contact", nil, nil, tt.out)
			require.ErrorContains(t, err, "differs from what the SDK expects")
			require.ErrorContains(t, err, tt.want)
			require.ErrorContains(t, err, tt.result)
			require.Len(t, api.requests(), 1)
			require.Equal(t, success(tt.result), string(apitest.AsError[*funnel.APIError](t, err).Body))
		})
	}
}

func TestCall_RefusesAnInvalidResult(t *testing.T) {
	t.Parallel()
	for name, out := range map[string]any{
		"no pointer":    funnel.Contact{},
		"a nil pointer": (*funnel.Contact)(nil),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := newMockAPI(t).client(t) // nothing is sent
			requireArgumentError(t, client.Call(t.Context(), http.MethodPost, "/contact", nil, nil, out), "out")
		})
	}
}

func TestCall_Fails(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name      string
		responder responder
		want      func(*testing.T, error)
	}{
		{"an error in the envelope", failure(404, "NOT_FOUND", "No such step"), isAPIError(404, funnel.ErrNotFound)},
		{"success is false", failure(200, "NOT_FOUND", "No such step"), isAPIError(200, funnel.ErrNotFound)},
		{"no data", respond(200, `{"success":true}`), isAPIError(200, "")},
		{"no body", respond(204, ""), isAPIError(204, "")},
		{"no success", respond(200, `{"data":`+seven+`}`), isAPIError(200, "")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			api := newMockAPI(t).on(http.MethodPost, "/funnel-step", tt.responder)
			out := funnel.Step{ID: 1} // of before
			err := api.client(t).Call(t.Context(), http.MethodPost, "/funnel-step", nil, map[string]int{"funnel_id": 7}, &out)
			tt.want(t, err)
			require.Equal(t, funnel.Step{ID: 1}, out)
			requireSent(t, api, sentRequest{Method: "POST", Path: "/funnel-step", Body: `{"funnel_id":7}`})
		})
	}
}

// RateLimit returns what the server's headers say while they are current, and the
// client's own count otherwise.
func TestClient_RateLimitReportsTheQuota(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := newMockAPI(t).
			on(http.MethodGet, "/contact", data(seven)).
			on(http.MethodPost, "/tag", respond(200, success(seven), "X-RateLimit-Limit", "1000", "X-RateLimit-Remaining", "321")).
			on(http.MethodPost, "/funnel", tooMany("X-RateLimit-Limit", "1000", "X-RateLimit-Remaining", "0"))
		client := api.client(t, funnel.WithRetry(funnel.RetryPolicy{MaxAttempts: 1}))
		require.Equal(t, funnel.RateLimit{Limit: 600, Remaining: 594}, client.RateLimit())

		require.NoError(t, getContact.call(t.Context(), client))
		require.Equal(t, funnel.RateLimit{Limit: 600, Remaining: 593}, client.RateLimit())

		require.NoError(t, createTag.call(t.Context(), client))
		require.Equal(t, funnel.RateLimit{Limit: 1000, Remaining: 321, Others: 677}, client.RateLimit())

		wait(t, time.Minute) // what the server said is of no use any more
		require.Equal(t, funnel.RateLimit{Limit: 1000, Remaining: 594}, client.RateLimit())

		require.ErrorIs(t, createFunnel.call(t.Context(), client), funnel.ErrRateLimited)
		require.Equal(t, funnel.RateLimit{Limit: 1000, Others: 999, PausedUntil: time.Now().Add(time.Minute)}, client.RateLimit())

		wait(t, time.Minute)
		require.Zero(t, client.RateLimit().PausedUntil)
	})
}

func TestClient_RateLimitOfACustomLimiter(t *testing.T) {
	t.Parallel()
	api := newMockAPI(t).on(http.MethodGet, "/contact", data(seven),
		respond(200, success(seven), "X-RateLimit-Limit", "60", "X-RateLimit-Remaining", "59"))
	client := api.client(t, funnel.WithLimiter(funnel.LimiterFromWaiter(waiterFunc(func(context.Context) error { return nil }))))
	require.Equal(t, funnel.RateLimit{Remaining: -1}, client.RateLimit())
	require.NoError(t, getContact.call(t.Context(), client))
	require.Equal(t, funnel.RateLimit{Remaining: -1}, client.RateLimit())
	require.NoError(t, getContact.call(t.Context(), client))
	require.Equal(t, funnel.RateLimit{Limit: 60, Remaining: 59}, client.RateLimit())
}

type waiterFunc func(context.Context) error

func (f waiterFunc) Wait(ctx context.Context) error { return f(ctx) }

// Goroutines share a client. Each call has its own result, headers and Response.
func TestClient_IsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := newMockAPI(t).on(http.MethodGet, "/contact", func(req *http.Request) (*http.Response, error) {
			return after(time.Second, respond(200, success(`{"id":`+req.URL.Query().Get("contact_id")+`}`),
				"X-Request-Id", req.Header.Get("X-Trace")))(req)
		})
		client := api.client(t)
		var all sync.WaitGroup
		for id := funnel.ContactID(1); id <= 200; id++ {
			all.Go(func() {
				var response funnel.Response
				ctx := funnel.WithResponse(funnel.WithHeader(t.Context(), "X-Trace", id.String()), &response)
				contact, err := client.Contacts.Get(ctx, id)
				client.RateLimit()
				if err != nil || contact.ID != id || response.RequestID != id.String() {
					t.Errorf("call %d: %v, %v, %q", id, contact, err, response.RequestID)
				}
			})
		}
		all.Wait()
		require.Len(t, api.requests(), 200)
	})
}

func TestWithKey_SendsItsOwnKey(t *testing.T) {
	t.Parallel()
	api := newMockAPI(t).on(http.MethodGet, "/contact", data(seven))
	parent := api.client(t, funnel.WithUserAgent("agency/1"))
	child, err := parent.WithKey("key-of-the-child")
	require.NoError(t, err)
	require.NoError(t, getContact.call(t.Context(), child))
	require.NoError(t, getContact.call(t.Context(), parent))
	require.Equal(t, "Bearer key-of-the-child", api.requests()[0].Header.Get("Authorization"))
	require.Equal(t, "Bearer "+testKey, api.requests()[1].Header.Get("Authorization"))
	require.Equal(t, "agency/1", api.requests()[0].Header.Get("User-Agent"), "options are shared")
}

func TestWithKey_HasItsOwnPausesAndQuota(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := newMockAPI(t).on(http.MethodGet, "/contact", func(req *http.Request) (*http.Response, error) {
			if req.Header.Get("Authorization") == "Bearer "+testKey {
				return tooMany("X-RateLimit-Remaining", "0")(req)
			}
			return data(seven)(req)
		})
		parent := api.client(t)
		child, err := parent.WithKey("key-of-the-child")
		require.NoError(t, err)
		require.ErrorIs(t, getContact.call(funnel.WithoutRetry(t.Context()), parent), funnel.ErrRateLimited)
		require.False(t, parent.RateLimit().PausedUntil.IsZero())
		start := time.Now()
		require.NoError(t, getContact.call(t.Context(), child))
		require.Zero(t, time.Since(start))
		require.Zero(t, child.RateLimit().PausedUntil)
	})
}

func TestWithKey_NeverUsesTheCookieJar(t *testing.T) {
	t.Parallel()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	base, err := url.Parse(testBaseURL)
	require.NoError(t, err)
	jar.SetCookies(base, []*http.Cookie{{Name: "session", Value: "of-the-parent"}})
	api := newMockAPI(t).on(http.MethodGet, "/contact", data(seven))
	parent := api.client(t, funnel.WithHTTPClient(&http.Client{Transport: api, Jar: jar}))
	child, err := parent.WithKey("key-of-the-child")
	require.NoError(t, err)
	require.NoError(t, getContact.call(t.Context(), parent))
	require.NoError(t, getContact.call(t.Context(), child))
	require.Equal(t, "session=of-the-parent", api.requests()[0].Header.Get("Cookie"))
	require.Empty(t, api.requests()[1].Header.Get("Cookie"))
}

func TestWithKey_EachClientHidesItsOwnKey(t *testing.T) {
	t.Parallel()
	const childKey = "key-of-the-child"
	api := newMockAPI(t).on(http.MethodGet, "/contact", failure(http.StatusBadRequest, "ECHO", "you sent "+childKey))
	parent := api.client(t)
	child, err := parent.WithKey(childKey)
	require.NoError(t, err)
	require.NotContains(t, getContact.call(t.Context(), child).Error(), childKey)
	require.Contains(t, getContact.call(t.Context(), parent).Error(), childKey, "the parent does not know that it is a key")
	require.NotContains(t, fmt.Sprintf("%+v %#v", *child, *child), childKey)
}

func TestWithKey_RefusesOptionsOfTheFirstAccount(t *testing.T) {
	t.Parallel()
	limiter := funnel.LimiterFromWaiter(noWait{})
	_, err := newMockAPI(t).client(t, funnel.WithLimiter(limiter)).WithKey("key-of-the-child")
	requireArgumentError(t, err, "WithLimiter")
	_, err = newMockAPI(t).client(t, funnel.WithLimiter(limiter)).WithKey("key-of-the-child", funnel.WithLimiter(limiter))
	require.NoError(t, err)

	auth := funnel.WithAuth(func(*http.Request) error { return nil })
	_, err = newMockAPI(t).client(t, auth).WithKey("key-of-the-child")
	requireArgumentError(t, err, "WithAuth")
	_, err = newMockAPI(t).client(t, auth).WithKey("key-of-the-child", auth)
	require.NoError(t, err)

	_, err = newMockAPI(t).client(t).WithKey(" ")
	requireArgumentError(t, err, "apiKey")
	_, err = new(funnel.Client).WithKey("key-of-the-child")
	requireArgumentError(t, err, "client")
}

// A thousand clients share one connection pool, and nothing else.
func TestWithKey_ThousandAccounts(t *testing.T) {
	t.Parallel()
	const accounts = 1000
	var connections sync.Map
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		connections.Store(r.RemoteAddr, true)
		key := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		http.SetCookie(w, &http.Cookie{Name: "account", Value: key})
		if r.Header.Get("Cookie") != "" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		_, _ = io.WriteString(w, `{"success":true,"data":{"id":7,"email":"`+key+`@example.com"}}`)
	}))
	defer server.Close()
	parent, err := funnel.New("parent", funnel.WithBaseURL(server.URL))
	require.NoError(t, err)
	defer parent.CloseIdleConnections()
	clients := make([]*funnel.Client, accounts)
	for i := range clients {
		clients[i], err = parent.WithKey(fmt.Sprintf("account-%d", i))
		require.NoError(t, err)
	}
	work := make(chan int)
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for i := range work {
				contact, err := clients[i].Contacts.Get(t.Context(), funnel.ContactID(7))
				if err != nil || contact.Email != fmt.Sprintf("account-%d@example.com", i) {
					t.Errorf("client %d: %v, %v", i, contact, err)
				}
			}
		})
	}
	for range 2 {
		for i := range clients {
			work <- i
		}
	}
	close(work)
	wg.Wait()
	open := 0
	connections.Range(func(any, any) bool { open++; return true })
	require.LessOrEqual(t, open, 64, "connections for 2,000 calls, 16 at once")
}

type noWait struct{}

func (noWait) Wait(ctx context.Context) error { return ctx.Err() }

func BenchmarkWithKey(b *testing.B) {
	parent, err := funnel.New("parent")
	require.NoError(b, err)
	var before, after runtime.MemStats
	clients := make([]*funnel.Client, 0, b.N)
	runtime.GC()
	runtime.ReadMemStats(&before)
	for b.Loop() {
		client, err := parent.WithKey("key-of-the-child")
		require.NoError(b, err)
		clients = append(clients, client)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/float64(len(clients)), "heap-bytes/client")
	runtime.KeepAlive(clients)
}
