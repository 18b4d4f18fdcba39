package funnel_test

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"reflect"
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
			client, err := funnel.New(tt.baseURL, tt.key)
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
				return data(`{"id":7}`)(req)
			})
			opts := append(tt.opts, funnel.WithHTTPClient(&http.Client{Transport: transport}))
			client, err := funnel.New(tt.baseURL, testKey, opts...)
			require.NoError(t, err)
			require.NoError(t, client.Call(t.Context(), http.MethodGet, "/contact", nil, nil, nil))
			require.Equal(t, tt.want, got)
		})
	}
}

func TestNewFromEnv(t *testing.T) {
	tests := []struct {
		name         string
		baseURL, key string
		field        string // empty: a client
	}{
		{"both set", testBaseURL, testKey, ""},
		{"no base URL", "", testKey, "FUNNEL_BASE_URL"},
		{"no key", testBaseURL, "", "FUNNEL_API_KEY"},
		{"neither", "", "", "FUNNEL_BASE_URL"},
		{"bad base URL", "ftp://api.example.com", testKey, "baseURL"},
		{"bad key", testBaseURL, testKey + "\n", "apiKey"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("FUNNEL_BASE_URL", tt.baseURL)
			t.Setenv("FUNNEL_API_KEY", tt.key)
			api := newMockAPI(t).on(http.MethodGet, "/contact", data(`{"id":7}`))
			client, err := funnel.NewFromEnv(funnel.WithHTTPClient(&http.Client{Transport: api}))
			if tt.field != "" {
				require.Nil(t, client)
				requireArgumentError(t, err, tt.field)
				require.NotContains(t, err.Error(), testKey)
				return
			}
			require.NoError(t, err)
			require.NoError(t, getContact.call(t.Context(), client))
			require.Equal(t, "Bearer "+testKey, api.requests()[0].Header.Get("Authorization"))
		})
	}
}

func TestClient_SendsItsHeaders(t *testing.T) {
	t.Parallel()
	api := newMockAPI(t).
		on(http.MethodGet, "/contact", data(`{"id":7}`)).
		on(http.MethodPost, "/tag", data(`{"id":7}`))
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
// such that the method would send something.
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
					takesID = takesID || method.Type().In(n).Kind() == reflect.Int64
				}
				f(name, takesID, func(ctx context.Context, id int64) error { return callMethod(ctx, method, id) })
			}
		}
	}
}

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
	case v.Type() == reflect.TypeFor[funnel.StatsParams]():
		v.Set(reflect.ValueOf(funnel.Between(time.Now(), time.Now())))
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

// A zero Client, a nil one and a service that is not from a client say so.
func TestZeroClient_RefusesEveryMethod(t *testing.T) {
	t.Parallel()
	zeroServices := &funnel.Client{
		Contacts: &funnel.ContactsService{}, Tags: &funnel.TagsService{}, Sequences: &funnel.SequencesService{},
		Funnels: &funnel.FunnelsService{}, Campaigns: &funnel.CampaignsService{}, Webhooks: &funnel.WebhooksService{},
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
			require.Greater(t, methods, 40)
		})
	}
	for name, client := range map[string]*funnel.Client{"zero client": {}, "nil client": nil} {
		t.Run(name+": Call", func(t *testing.T) {
			t.Parallel()
			requireArgumentError(t, client.Call(t.Context(), http.MethodGet, "/contact", nil, nil, nil), "client")
			require.Equal(t, funnel.RateLimit{Remaining: -1}, client.RateLimit())
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
	type funnelStep struct {
		ID   int    `json:"id"`
		Name string `json:"name"`
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
			name: "a struct", method: "GET", path: "/funnel-step", query: url.Values{"step_id": {"7"}},
			out: &funnelStep{}, reply: data(`{"id":7,"name":"Thanks","color":"red"}`),
			want:    sentRequest{Method: "GET", Path: "/funnel-step", Query: "step_id=7"},
			wantOut: &funnelStep{7, "Thanks"},
		}, {
			name: "a slice", method: "GET", path: "/funnel-steps",
			out: &[]funnelStep{}, reply: data(`[{"id":7},{"id":8}]`),
			want:    sentRequest{Method: "GET", Path: "/funnel-steps"},
			wantOut: &[]funnelStep{{ID: 7}, {ID: 8}},
		}, {
			name: "a map", method: "PATCH", path: "/funnel-step", body: map[string]any{"id": 7},
			out: &map[string]any{}, reply: data(`{"ok":true}`),
			want:    sentRequest{Method: "PATCH", Path: "/funnel-step", Body: `{"id":7}`},
			wantOut: &map[string]any{"ok": true},
		}, {
			name: "a number", method: "GET", path: "/count",
			out: new(int), reply: data(`12`),
			want:    sentRequest{Method: "GET", Path: "/count"},
			wantOut: funnel.Ptr(12),
		}, {
			name: "a contact", method: "POST", path: "/contact-merge", body: funnel.ContactCreateParams{Email: "ada@example.com"},
			out: &funnel.Contact{}, reply: data(`{"id":"7","email":"ada@example.com"}`),
			want:    sentRequest{Method: "POST", Path: "/contact-merge", Body: `{"email":"ada@example.com"}`},
			wantOut: &funnel.Contact{ID: 7, Email: "ada@example.com"},
		}, {
			name: "no result wanted", method: "DELETE", path: "/cache", reply: data(`{"id":7}`),
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
		})
	}
}

// A path is escaped as a whole: nothing in it becomes something else.
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
			client, err := funnel.New(tt.baseURL, testKey, funnel.WithHTTPClient(&http.Client{Transport: transport}))
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

func TestCall_ResultThatDoesNotFit(t *testing.T) {
	t.Parallel()
	api := newMockAPI(t).on(http.MethodGet, "/contact", data(`{"id":7}`))
	err := api.client(t).Call(t.Context(), http.MethodGet, "/contact", nil, nil, new(int))
	require.ErrorContains(t, err, "not what the API promises")
	require.Len(t, api.requests(), 1)
	require.Equal(t, `{"success":true,"data":{"id":7}}`, string(asError[*funnel.APIError](t, err).Body))
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
		{"no success", failure(200, "NOT_FOUND", "No such step"), isAnswer(200, funnel.ErrNotFound)},
		{"no data", answers(200, `{"success":true}`), isAnswer(200, "")},
		{"no body", answers(204, ""), isAnswer(204, "")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			api := newMockAPI(t).on(http.MethodPost, "/funnel-step", tt.reply)
			out := funnel.Step{ID: 1}
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
			on(http.MethodGet, "/contact", data(`{"id":7}`)).
			on(http.MethodPost, "/tag", answers(200, `{"success":true,"data":{"id":7}}`, "X-RateLimit-Limit", "1000", "X-RateLimit-Remaining", "321")).
			on(http.MethodPost, "/funnel", tooMany("X-RateLimit-Limit", "1000", "X-RateLimit-Remaining", "0"))
		client := api.client(t, funnel.WithRetry(funnel.RetryPolicy{MaxAttempts: 1}))
		require.Equal(t, funnel.RateLimit{Limit: 600, Remaining: 594}, client.RateLimit())

		require.NoError(t, getContact.call(t.Context(), client))
		require.Equal(t, funnel.RateLimit{Limit: 600, Remaining: 593}, client.RateLimit())

		require.NoError(t, createTag.call(t.Context(), client))
		require.Equal(t, funnel.RateLimit{Limit: 1000, Remaining: 321}, client.RateLimit())

		wait(t, time.Minute) // what the server said is of no use any more
		require.Equal(t, funnel.RateLimit{Limit: 1000, Remaining: 594}, client.RateLimit())

		require.ErrorIs(t, createFunnel.call(t.Context(), client), funnel.ErrRateLimited)
		require.Equal(t, funnel.RateLimit{Limit: 1000, PausedUntil: time.Now().Add(time.Minute)}, client.RateLimit())

		wait(t, time.Minute)
		require.Zero(t, client.RateLimit().PausedUntil)
	})
}

func TestClient_RateLimit_OfAnotherLimiter(t *testing.T) {
	t.Parallel()
	api := newMockAPI(t).on(http.MethodGet, "/contact", data(`{"id":7}`),
		answers(200, `{"success":true,"data":{"id":7}}`, "X-RateLimit-Limit", "60", "X-RateLimit-Remaining", "59"))
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
			return after(time.Second, answers(200, `{"success":true,"data":{"id":`+req.URL.Query().Get("contact_id")+`}}`,
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
