package funnel_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
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
			transport := roundTripFunc(func(req *http.Request) (*http.Response, error) {
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
	return roundTripFunc(func(req *http.Request) (*http.Response, error) {
		*got = req.URL.String()
		return data(seven)(req)
	})
}

func TestNewFromEnv(t *testing.T) {
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

// eachMethod calls f for every method of every service in c, with a function
// that calls the method and returns its error. Arguments other than ids are
// valid, so that the method would send something.
func eachMethod(c *funnel.Client, f func(name string, takesID bool, call func(ctx context.Context, id int64) error)) {
	services := reflect.ValueOf(c).Elem()
	for i := range services.NumField() {
		if field := services.Type().Field(i); field.IsExported() {
			service := services.Field(i)
			for j := range service.NumMethod() {
				method := service.Method(j)
				name := field.Name + "." + service.Type().Method(j).Name
				takesID := false
				for n := range method.Type().NumIn() {
					in := method.Type().In(n)
					takesID = takesID || in.Kind() == reflect.Int64 || in == contactRefType
				}
				f(name, takesID, func(ctx context.Context, id int64) error { return callMethod(ctx, method, id) })
			}
		}
	}
}

var contactRefType = reflect.TypeFor[funnel.ContactRef]()

func callMethod(ctx context.Context, method reflect.Value, id int64) (err error) {
	contextType := reflect.TypeFor[context.Context]()
	args := []reflect.Value{}
	for n := range method.Type().NumIn() {
		arg := reflect.New(method.Type().In(n)).Elem()
		if arg.Type() == contextType {
			if ctx != nil {
				arg.Set(reflect.ValueOf(ctx))
			}
		} else {
			fill(arg, id)
		}
		args = append(args, arg)
	}
	var results []reflect.Value
	if method.Type().IsVariadic() {
		results = method.CallSlice(args)
	} else {
		results = method.Call(args)
	}
	last := results[len(results)-1]
	switch {
	case last.Type().CanSeq2():
		for _, second := range last.Seq2() {
			err, _ = second.Interface().(error)
		}
	case last.Type().CanSeq(): // of a bulk's results
		for result := range last.Seq() {
			err, _ = result.FieldByName("Err").Interface().(error)
		}
	default:
		err, _ = last.Interface().(error)
	}
	return err
}

// fill makes v something that can be sent, with that id in place of all ids.
func fill(v reflect.Value, id int64) {
	switch {
	case v.Type() == contactRefType:
		v.Set(reflect.ValueOf(funnel.ContactID(id)))
	case v.Type() == reflect.TypeFor[funnel.Period]():
		v.SetString(string(funnel.PeriodBetween)) // its range is filled too
	case v.Type() == reflect.TypeFor[time.Time]():
		v.Set(reflect.ValueOf(time.Now()))
	case v.Kind() == reflect.Int64:
		v.SetInt(id)
	case v.Kind() == reflect.Int:
		v.SetInt(1)
	case v.Kind() == reflect.String:
		v.SetString("https://example.com/x")
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), id)
		}
	case v.Kind() == reflect.Func: // an iterator, of one
		item := reflect.New(v.Type().In(0).In(0)).Elem()
		fill(item, id)
		v.Set(reflect.MakeFunc(v.Type(), func(args []reflect.Value) []reflect.Value {
			args[0].Call([]reflect.Value{item})
			return nil
		}))
	case v.Kind() == reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), id)
	}
}

// Every method of a zero Client and of a service without a client returns an
// [*funnel.ArgumentError], and no method panics.
func TestZeroClient_RefusesEveryMethod(t *testing.T) {
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
			methods := 0
			eachMethod(client, func(name string, _ bool, call func(context.Context, int64) error) {
				methods++
				t.Run(name, func(t *testing.T) {
					err := call(t.Context(), 7)
					requireArgumentError(t, err, "client")
					require.ErrorContains(t, err, "make one with New")
				})
			})
			require.Greater(t, methods, 50)
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

func TestEveryMethod_RefusesANilContext(t *testing.T) {
	t.Parallel()
	eachMethod(newMockAPI(t).client(t), func(name string, _ bool, call func(context.Context, int64) error) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			requireArgumentError(t, call(nil, 7), "ctx")
		})
	})
	t.Run("Call", func(t *testing.T) {
		t.Parallel()
		var none context.Context
		requireArgumentError(t, newMockAPI(t).client(t).Call(none, http.MethodGet, "/contact", nil, nil, nil), "ctx")
	})
}

func TestEveryMethod_SendsNothingInACancelledContext(t *testing.T) {
	t.Parallel()
	eachMethod(newMockAPI(t).client(t), func(name string, _ bool, call func(context.Context, int64) error) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			err := call(ctx, 7)
			require.ErrorIs(t, err, context.Canceled)
			refused := asError[*funnel.RequestError](t, err)
			require.Zero(t, refused.Attempts)
			require.False(t, refused.MayHaveBeenApplied)
		})
	})
}

func TestEveryMethod_RefusesAnIDThatIsNone(t *testing.T) {
	t.Parallel()
	eachMethod(newMockAPI(t).client(t), func(name string, takesID bool, call func(context.Context, int64) error) {
		if !takesID {
			return
		}
		for _, id := range []int64{0, -1} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				refused := asError[*funnel.ArgumentError](t, call(t.Context(), id))
				require.Contains(t, refused.Field, "_id")
				require.Contains(t, refused.Message, "ids are positive")
			})
		}
	})
}

// Where the context is over in the middle of an attempt, the error says so, with
// its cause, also over a transport that reports the cause alone.
func TestClient_ContextThatEndsWithACause(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		gone := context.DeadlineExceeded
		transport := roundTripFunc(func(req *http.Request) (*http.Response, error) {
			<-req.Context().Done()
			return nil, context.Cause(req.Context())
		})
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(gone) })
		err := createFunnel.call(ctx, clientOver(t, transport))
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorIs(t, err, gone)
		require.Equal(t, callFailure{"POST", "/funnel", 1, true}, failureOf(t, err))
	})
}

// The cause may be another request's error, as it is among goroutines of which
// the first to fail ends the others.
func TestClient_ContextThatEndsWithAnotherRequestsError(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]reply{"in an attempt": hangs, "in a backoff": answers(503, ""), "in a pause": tooMany()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				gone := &url.Error{Op: "Get", URL: "https://other.example.com", Err: io.EOF}
				ctx, cancel := context.WithCancelCause(t.Context())
				time.AfterFunc(time.Second/2, func() { cancel(gone) })
				err := getContact.call(ctx, newMockAPI(t).on(http.MethodGet, "/contact", answer).client(t))
				require.ErrorIs(t, err, context.Canceled)
				require.ErrorIs(t, err, gone)
				require.Equal(t, callFailure{"GET", "/contact", 1, false}, failureOf(t, err))
			})
		})
	}
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
		reply        reply
		want         sentRequest
		wantOut      any
	}{
		{
			name: "a struct", method: "GET", path: "/contact-stats", query: url.Values{"contact_id": {"7"}},
			out: &stats{}, reply: data(`{"contact_id":7,"opened":3,"clicked":1}`),
			want:    sentRequest{Method: "GET", Path: "/contact-stats", Query: "contact_id=7"},
			wantOut: &stats{ContactID: 7, Opened: 3},
		}, {
			name: "a struct of which one field comes", method: "GET", path: "/contact-stats",
			out: &stats{}, reply: data(`{"note":null,"clicked":1}`),
			want:    sentRequest{Method: "GET", Path: "/contact-stats"},
			wantOut: &stats{},
		}, {
			name: "a pointer to a pointer", method: "GET", path: "/contact-stats",
			out: funnel.Ptr(&stats{}), reply: data(`{"opened":3}`),
			want:    sentRequest{Method: "GET", Path: "/contact-stats"},
			wantOut: funnel.Ptr(&stats{Opened: 3}),
		}, {
			name: "a slice", method: "GET", path: "/invoices",
			out: &[]stats{}, reply: data(`[{"opened":7},{"opened":8}]`),
			want:    sentRequest{Method: "GET", Path: "/invoices"},
			wantOut: &[]stats{{Opened: 7}, {Opened: 8}},
		}, {
			name: "an empty object", method: "GET", path: "/contact-stats",
			out: &stats{}, reply: data(`{}`),
			want:    sentRequest{Method: "GET", Path: "/contact-stats"},
			wantOut: &stats{},
		}, {
			name: "a map", method: "PATCH", path: "/anything", body: map[string]any{"id": 7},
			out: &map[string]any{}, reply: data(`{"ok":true}`),
			want:    sentRequest{Method: "PATCH", Path: "/anything", Body: seven},
			wantOut: &map[string]any{"ok": true},
		}, {
			name: "raw JSON", method: "GET", path: "/contact-stats",
			out: new(json.RawMessage), reply: data(`{"amount": 297.10}`),
			want:    sentRequest{Method: "GET", Path: "/contact-stats"},
			wantOut: funnel.Ptr(json.RawMessage(`{"amount": 297.10}`)),
		}, {
			name: "a number", method: "GET", path: "/count",
			out: new(int), reply: data(`12`),
			want:    sentRequest{Method: "GET", Path: "/count"},
			wantOut: funnel.Ptr(12),
		}, {
			name: "one of the SDK's types", method: "POST", path: "/contact-unsubscribe", body: funnel.ContactCreateParams{Email: "ada@example.com"},
			out: &funnel.Contact{}, reply: data(`{"id":"7","email":"ada@example.com"}`),
			want:    sentRequest{Method: "POST", Path: "/contact-unsubscribe", Body: `{"email":"ada@example.com"}`},
			wantOut: &funnel.Contact{ID: 7, Email: "ada@example.com"},
		}, {
			name: "DELETE with a body", method: "DELETE", path: "/contacts-bulk-tag", body: map[string]any{"tag_id": 3, "contact_ids": "1,2"},
			reply: answers(204, ""),
			want:  sentRequest{Method: "DELETE", Path: "/contacts-bulk-tag", Body: `{"contact_ids":"1,2","tag_id":3}`},
		}, {
			name: "DELETE with a body and a result", method: "DELETE", path: "/contacts-bulk-tag", body: map[string]any{"tag_id": 3},
			out: &stats{}, reply: data(`{"contact_id":7}`),
			want:    sentRequest{Method: "DELETE", Path: "/contacts-bulk-tag", Body: `{"tag_id":3}`},
			wantOut: &stats{ContactID: 7},
		}, {
			name: "no result wanted", method: "DELETE", path: "/cache", reply: data(seven),
			want: sentRequest{Method: "DELETE", Path: "/cache"},
		}, {
			name: "no result given", method: "DELETE", path: "/cache", reply: answers(204, ""),
			want: sentRequest{Method: "DELETE", Path: "/cache"},
		}, {
			name: "path without a slash", method: "GET", path: "contact", reply: data(`{}`),
			want: sentRequest{Method: "GET", Path: "/contact"},
		}, {
			name: "query that needs escaping", method: "GET", path: "/contact",
			query: url.Values{"email": {"ada+1@example.com"}, "a&b": {"c=d"}}, reply: data(`{}`),
			want: sentRequest{Method: "GET", Path: "/contact", Query: "a%26b=c%3Dd&email=ada%2B1%40example.com"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			api := newMockAPI(t).on(tt.want.Method, tt.want.Path, tt.reply)
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
			transport := roundTripFunc(func(req *http.Request) (*http.Response, error) {
				got = req.URL.String()
				return answers(204, "")(req)
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
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			client := newMockAPI(t).client(t)
			requireArgumentError(t, client.Call(t.Context(), tt.method, tt.path, nil, tt.body, nil), tt.field)
		})
	}
}

// A result of another shape is an error that shows the response.
func TestCall_ResultOfAnotherShape(t *testing.T) {
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
		"none of the fields, since renamed": {&contact{}, `{"contact_id":7,"mail":"ada@example.com"}`, "it has none of the fields of *funnel_test.contact"},
		"none of the fields, since nested":  {&contact{}, `{"contact":{"id":7,"email":"ada@example.com"}}`, "it has none of the fields of *funnel_test.contact"},
		"none of the fields of the SDK's":   {&funnel.Tag{}, `{"tag":{"id":7}}`, "it has none of the fields of *funnel.Tag"},
		"a list for an object":              {&contact{}, `[` + seven + `]`, "cannot unmarshal array"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api := newMockAPI(t).on(http.MethodGet, "/contact", data(tt.result))
			err := api.client(t).Call(t.Context(), http.MethodGet, "/contact", nil, nil, tt.out)
			require.ErrorContains(t, err, "not what the API promises")
			require.ErrorContains(t, err, tt.want)
			require.ErrorContains(t, err, tt.result)
			require.Len(t, api.requests(), 1)
			require.Equal(t, success(tt.result), string(asError[*funnel.APIError](t, err).Body))
		})
	}
}

func TestCall_ResultThatCannotBeSet(t *testing.T) {
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
		name  string
		reply reply
		want  func(*testing.T, error)
	}{
		{"an error in the envelope", failure(404, "NOT_FOUND", "No such step"), isAnswer(404, funnel.ErrNotFound)},
		{"success is false", failure(200, "NOT_FOUND", "No such step"), isAnswer(200, funnel.ErrNotFound)},
		{"no data", answers(200, `{"success":true}`), isAnswer(200, "")},
		{"no body", answers(204, ""), isAnswer(204, "")},
		{"no success", answers(200, `{"data":`+seven+`}`), isAnswer(200, "")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			api := newMockAPI(t).on(http.MethodPost, "/funnel-step", tt.reply)
			out := funnel.Step{ID: 1} // of before
			err := api.client(t).Call(t.Context(), http.MethodPost, "/funnel-step", nil, map[string]int{"funnel_id": 7}, &out)
			tt.want(t, err)
			require.Equal(t, funnel.Step{ID: 1}, out)
			requireSent(t, api, sentRequest{Method: "POST", Path: "/funnel-step", Body: `{"funnel_id":7}`})
		})
	}
}

// What the client says of its quota: the server's word while it is fresh, its
// own count before and after.
func TestClient_RateLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := newMockAPI(t).
			on(http.MethodGet, "/contact", data(seven)).
			on(http.MethodPost, "/tag", answers(200, success(seven), "X-RateLimit-Limit", "1000", "X-RateLimit-Remaining", "321")).
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

func TestClient_RateLimit_OfAnotherLimiter(t *testing.T) {
	t.Parallel()
	api := newMockAPI(t).on(http.MethodGet, "/contact", data(seven),
		answers(200, success(seven), "X-RateLimit-Limit", "60", "X-RateLimit-Remaining", "59"))
	client := api.client(t, funnel.WithLimiter(funnel.LimiterFromWaiter(waiterFunc(func(context.Context) error { return nil }))))
	require.Equal(t, funnel.RateLimit{Remaining: -1}, client.RateLimit())
	require.NoError(t, getContact.call(t.Context(), client))
	require.Equal(t, funnel.RateLimit{Remaining: -1}, client.RateLimit())
	require.NoError(t, getContact.call(t.Context(), client))
	require.Equal(t, funnel.RateLimit{Limit: 60, Remaining: 59}, client.RateLimit())
}

type waiterFunc func(context.Context) error

func (f waiterFunc) Wait(ctx context.Context) error { return f(ctx) }

// One client is for all goroutines: each gets its own answer, headers and
// response.
func TestClient_IsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := newMockAPI(t).on(http.MethodGet, "/contact", func(req *http.Request) (*http.Response, error) {
			return after(time.Second, answers(200, success(`{"id":`+req.URL.Query().Get("contact_id")+`}`),
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
