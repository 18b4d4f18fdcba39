package funnel_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
)

func TestOptions_RefuseBadValues(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		opt   funnel.Option
		field string
	}{
		{"nil option", nil, "option"},
		{"nil client", funnel.WithHTTPClient(nil), "WithHTTPClient"},
		{"empty User-Agent", funnel.WithUserAgent(" "), "WithUserAgent"},
		{"User-Agent with a line break", funnel.WithUserAgent("x\r\nX-Admin: 1"), "WithUserAgent"},
		{"nil auth", funnel.WithAuth(nil), "WithAuth"},
		{"nil logger", funnel.WithLogger(nil), "WithLogger"},
		{"no requests", funnel.WithRateLimit(0, time.Minute), "WithRateLimit"},
		{"negative requests", funnel.WithRateLimit(-1, time.Minute), "WithRateLimit"},
		{"no time", funnel.WithRateLimit(600, 0), "WithRateLimit"},
		{"negative time", funnel.WithRateLimit(600, -time.Minute), "WithRateLimit"},
		{"time without a unit", funnel.WithRateLimit(600, 60), "WithRateLimit"},
		{"attempt time-out without a unit", funnel.WithAttemptTimeout(30), "WithAttemptTimeout"},
		{"wait without a unit", funnel.WithRetry(funnel.RetryPolicy{RateLimitWait: 60}), "RetryPolicy.RateLimitWait"},
		{"nil limiter", funnel.WithLimiter(nil), "WithLimiter"},
		{"negative attempt time-out", funnel.WithAttemptTimeout(-1), "WithAttemptTimeout"},
		{"no bytes", funnel.WithMaxResponseBytes(0), "WithMaxResponseBytes"},
		{"negative bytes", funnel.WithMaxResponseBytes(-1), "WithMaxResponseBytes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			client, err := funnel.New(testKey, funnel.WithBaseURL(testBaseURL), tt.opt)
			require.Nil(t, client)
			requireArgumentError(t, err, tt.field)
		})
	}
}

// The user's http.Client is copied: nothing about it changes.
func TestWithHTTPClient_LeavesTheClientAsItIs(t *testing.T) {
	t.Parallel()
	api := newMockAPI(t).on(http.MethodGet, "/contact", data(seven))
	mine := &http.Client{
		Transport:     api,
		Timeout:       time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return errors.New("asked") },
	}
	client, err := funnel.New(testKey, funnel.WithBaseURL(testBaseURL), funnel.WithHTTPClient(mine))
	require.NoError(t, err)
	require.NoError(t, getContact.call(t.Context(), client))
	require.Same(t, api, mine.Transport)
	require.Equal(t, time.Minute, mine.Timeout)
	require.EqualError(t, mine.CheckRedirect(nil, nil), "asked")
	require.Nil(t, mine.Jar)

	mine.Transport = roundTripFunc(func(*http.Request) (*http.Response, error) {
		t.Error("a change that came later")
		return nil, io.EOF
	})
	require.NoError(t, getContact.call(t.Context(), client))
	require.Len(t, api.requests(), 2)
}

// Its Timeout becomes that of an attempt, unless the SDK's own option is given.
func TestWithHTTPClient_TimeoutIsTheAttempts(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		timeout time.Duration
		opts    []funnel.Option
		want    time.Duration
	}{
		{"its own", 7 * time.Second, nil, 7 * time.Second},
		{"none", 0, nil, 30 * time.Second},
		{"the option's", 7 * time.Second, []funnel.Option{funnel.WithAttemptTimeout(3 * time.Second)}, 3 * time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				api := newMockAPI(t).on(http.MethodGet, "/contact", hangs)
				opts := append(tt.opts, funnel.WithHTTPClient(&http.Client{Transport: api, Timeout: tt.timeout}))
				client, err := newClientAt(testBaseURL, testKey, opts...)
				require.NoError(t, err)
				started := time.Now()
				err = getContact.call(funnel.WithoutRetry(t.Context()), client)
				require.ErrorContains(t, err, "no complete response within "+tt.want.String())
				require.Equal(t, tt.want, time.Since(started))
			})
		})
	}
}

// A client without a transport of its own has the standard library's.
func TestWithHTTPClient_WithoutATransport(t *testing.T) {
	api := newMockAPI(t).on(http.MethodGet, "/contact", data(seven))
	standard := http.DefaultTransport
	http.DefaultTransport = api
	defer func() { http.DefaultTransport = standard }()
	client, err := funnel.New(testKey, funnel.WithBaseURL(testBaseURL), funnel.WithHTTPClient(&http.Client{}))
	require.NoError(t, err)
	require.NoError(t, getContact.call(t.Context(), client))
	require.Len(t, api.requests(), 1)
}

func TestWithUserAgent(t *testing.T) {
	t.Parallel()
	api := newMockAPI(t).on(http.MethodGet, "/contact", data(seven))
	require.NoError(t, getContact.call(t.Context(), api.client(t, funnel.WithUserAgent("importer/2.1"))))
	require.Equal(t, []string{"importer/2.1"}, api.requests()[0].Header["User-Agent"])
}

func TestWithAuth(t *testing.T) {
	t.Parallel()

	t.Run("replaces the bearer token", func(t *testing.T) {
		t.Parallel()
		api := newMockAPI(t).on(http.MethodGet, "/contact", data(seven))
		client := api.client(t, funnel.WithAuth(func(req *http.Request) error {
			req.Header.Set("X-Api-Key", testKey)
			return nil
		}))
		require.NoError(t, getContact.call(t.Context(), client))
		sent := api.requests()[0].Header
		require.Equal(t, testKey, sent.Get("X-Api-Key"))
		require.NotContains(t, sent, "Authorization")
	})

	t.Run("runs for every attempt, on the attempt's own request", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			api := newMockAPI(t).on(http.MethodGet, "/contact", answers(503, ""), answers(503, ""), data(seven))
			signed := 0
			client := api.client(t, funnel.WithAuth(func(req *http.Request) error {
				signed++
				req.Header.Add("X-Signature", time.Now().Format(time.RFC3339))
				req.URL.RawQuery += "&attempt=" + strconv.Itoa(signed)
				return nil
			}))
			require.NoError(t, getContact.call(t.Context(), client))
			require.Equal(t, 3, signed)
			for i, req := range api.requests() {
				require.Equal(t, []string{req.At.Format(time.RFC3339)}, req.Header["X-Signature"])
				require.Equal(t, "contact_id=7&attempt="+strconv.Itoa(i+1), req.Query)
			}
		})
	})

	t.Run("its error ends the call", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			noToken := errors.New("no token")
			client := newMockAPI(t).client(t, funnel.WithAuth(func(*http.Request) error { return noToken }))
			started := time.Now()
			for _, op := range []operation{getContact, createFunnel} {
				err := op.call(t.Context(), client)
				require.ErrorIs(t, err, noToken)
				require.ErrorContains(t, err, "authentication")
				require.False(t, failureOf(t, err).MayHaveBeenApplied)
			}
			require.Zero(t, time.Since(started))
		})
	})

	t.Run("its error in a retry ends the call with both reasons", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			expired := errors.New("token has expired")
			times := 0
			api := newMockAPI(t).on(http.MethodPost, "/funnel", failure(500, "SERVER_ERROR", "Oops"))
			client := api.client(t, funnel.WithAuth(func(*http.Request) error {
				if times++; times > 1 {
					return expired
				}
				return nil
			}))
			err := createFunnel.call(t.Context(), client)
			require.ErrorIs(t, err, expired)
			require.ErrorIs(t, err, funnel.ErrServer)
			require.True(t, failureOf(t, err).MayHaveBeenApplied)
			require.Len(t, api.requests(), 1)
		})
	})
}

func TestWithHeader(t *testing.T) {
	t.Parallel()

	t.Run("is sent with every attempt", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			api := newMockAPI(t).on(http.MethodGet, "/contact", answers(503, ""), data(seven))
			ctx := funnel.WithHeader(t.Context(), "x-trace", "t 1, ü")
			require.NoError(t, getContact.call(ctx, api.client(t)))
			for _, req := range api.requests() {
				require.Equal(t, []string{"t 1, ü"}, req.Header["X-Trace"])
			}
			require.Len(t, api.requests(), 2)
		})
	})

	t.Run("replaces what the client would send", func(t *testing.T) {
		t.Parallel()
		api := newMockAPI(t).on(http.MethodPost, "/tag", data(seven))
		client := api.client(t)
		ctx := funnel.WithHeader(t.Context(), "Content-Type", "application/vnd.api+json")
		ctx = funnel.WithHeader(ctx, "user-agent", "mine")
		require.NoError(t, createTag.call(ctx, client))
		require.NoError(t, createTag.call(t.Context(), client))
		sent := api.requests()
		require.Equal(t, []string{"application/vnd.api+json"}, sent[0].Header["Content-Type"])
		require.Equal(t, []string{"mine"}, sent[0].Header["User-Agent"])
		require.Equal(t, []string{"application/json"}, sent[1].Header["Content-Type"]) // of that call only
	})

	t.Run("adds to a context without changing it", func(t *testing.T) {
		t.Parallel()
		api := newMockAPI(t).on(http.MethodGet, "/contact", data(seven))
		client := api.client(t)
		one := funnel.WithHeader(t.Context(), "X-One", "1")
		two := funnel.WithHeader(one, "X-Two", "2")
		three := funnel.WithHeader(one, "X-Two", "3")
		for _, ctx := range []context.Context{one, two, three} {
			require.NoError(t, getContact.call(ctx, client))
		}
		got := []string{}
		for _, req := range api.requests() {
			got = append(got, req.Header.Get("X-One")+req.Header.Get("X-Two"))
		}
		require.Equal(t, []string{"1", "12", "13"}, got)
	})

	t.Run("cannot inject", func(t *testing.T) {
		t.Parallel()
		for _, tt := range []struct{ name, key, value string }{
			{"no name", "", "1"},
			{"name with a line break", "X-A\r\nX-Admin", "1"},
			{"name with a colon", "X-A: 1", "1"},
			{"name with a space", "X A", "1"},
			{"name that is not ASCII", "X-Ü", "1"},
			{"value with a line break", "X-A", "1\r\nX-Admin: 1"},
			{"value with a new line", "X-A", "1\nX-Admin: 1"},
			{"value with a NUL", "X-A", "1\x00"},
			{"value that is no UTF-8", "X-A", "1\xff"},
		} {
			t.Run(tt.name, func(t *testing.T) {
				t.Parallel()
				ctx := funnel.WithHeader(t.Context(), tt.key, tt.value)
				ctx = funnel.WithHeader(ctx, "X-Good", "1") // does not hide the bad one
				err := getContact.call(ctx, newMockAPI(t).client(t))
				requireArgumentError(t, err, "header")
				require.NotContains(t, err.Error(), "Admin: 1")
				require.NotContains(t, err.Error(), "\n")
			})
		}
	})
}

func TestWithField(t *testing.T) {
	t.Parallel()

	t.Run("is sent", func(t *testing.T) {
		t.Parallel()
		tests := []struct {
			name         string
			method, path string
			field        string
			value        any
			call         func(context.Context, *funnel.Client) error
			query, body  string
		}{
			{"in the body of a POST", "POST", "/tag", "color", "red", createTag.call, "", `{"color":"red","name":"vip"}`},
			{"in place of another value", "POST", "/tag", "name", "beta", createTag.call, "", `{"name":"beta"}`},
			{"as null", "POST", "/tag", "color", nil, createTag.call, "", `{"color":null,"name":"vip"}`},
			{"as an object", "POST", "/tag", "meta", map[string]int{"a": 1}, createTag.call, "", `{"meta":{"a":1},"name":"vip"}`},
			{"in the body of a PUT", "PUT", "/tag", "color", 7, func(ctx context.Context, c *funnel.Client) error {
				return c.Tags.Update(ctx, 7, funnel.TagUpdateParams{})
			}, "", `{"color":7,"tag_id":7}`},
			{"in the body of a DELETE", "DELETE", "/contact", "force", true, deleteContact.call, "", `{"contact_id":7,"force":true}`},
			{"in the query of a GET", "GET", "/contact", "fields", "a&b", getContact.call, "contact_id=7&fields=a%26b", ""},
			{"as a number in a query", "GET", "/contact", "depth", 2, getContact.call, "contact_id=7&depth=2", ""},
			{"as a boolean in a query", "GET", "/contact", "full", true, getContact.call, "contact_id=7&full=true", ""},
			{"in a Call without a body", "POST", "/anything", "color", "red", func(ctx context.Context, c *funnel.Client) error {
				return c.Call(ctx, "POST", "/anything", nil, nil, nil)
			}, "", `{"color":"red"}`},
		}
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				t.Parallel()
				api := newMockAPI(t).on(tt.method, tt.path, data(seven))
				require.NoError(t, tt.call(funnel.WithField(t.Context(), tt.field, tt.value), api.client(t)))
				requireSent(t, api, sentRequest{Method: tt.method, Path: tt.path, Query: tt.query, Body: tt.body})
			})
		}
	})

	t.Run("with every attempt", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			api := newMockAPI(t).on(http.MethodPost, "/tag", answers(503, ""), data(seven))
			require.NoError(t, createTag.call(funnel.WithField(t.Context(), "color", "red"), api.client(t)))
			for _, req := range api.requests() {
				require.Equal(t, `{"color":"red","name":"vip"}`, req.Body)
			}
			require.Len(t, api.requests(), 2)
		})
	})

	t.Run("with every page", func(t *testing.T) {
		t.Parallel()
		api := newMockAPI(t).on(http.MethodGet, "/contacts", listed(5, listBody))
		contacts := api.client(t).Contacts.All(funnel.WithField(t.Context(), "search", "ada"), funnel.ContactListParams{PerPage: 2})
		got, err := collect(contacts)
		require.NoError(t, err)
		require.Len(t, got, 5)
		for _, req := range api.requests() {
			require.Contains(t, req.Query, "search=ada")
		}
	})

	t.Run("adds to a context without changing it", func(t *testing.T) {
		t.Parallel()
		api := newMockAPI(t).on(http.MethodPost, "/tag", data(seven))
		client := api.client(t)
		one := funnel.WithField(t.Context(), "one", 1)
		two := funnel.WithField(one, "two", 2)
		three := funnel.WithField(one, "two", 3)
		for _, ctx := range []context.Context{one, two, three} {
			require.NoError(t, createTag.call(ctx, client))
		}
		got := []string{}
		for _, req := range api.requests() {
			got = append(got, req.Body)
		}
		require.Equal(t, []string{`{"name":"vip","one":1}`, `{"name":"vip","one":1,"two":2}`, `{"name":"vip","one":1,"two":3}`}, got)
	})

	t.Run("in Upsert with what carries the contact's fields", func(t *testing.T) {
		t.Parallel()
		api := newMockAPI(t).
			on(http.MethodPost, "/contact", failure(409, funnel.ErrContactExists, "there")).
			on(http.MethodPut, "/contact", data(seven)).
			on(http.MethodPost, "/contact-tag", answers(200, `{"success":true}`))
		params := funnel.ContactCreateParams{Email: "ada@example.com", TagIDs: []funnel.TagID{3}}
		_, created, err := api.client(t).Contacts.Upsert(funnel.WithField(t.Context(), "company", "Acme"), params)
		require.NoError(t, err)
		require.False(t, created)
		requireSent(t, api,
			sentRequest{Method: "POST", Path: "/contact", Body: `{"company":"Acme","email":"ada@example.com","tag_ids":"3"}`},
			sentRequest{Method: "PUT", Path: "/contact", Body: `{"company":"Acme","email":"ada@example.com"}`},
			sentRequest{Method: "POST", Path: "/contact-tag", Body: `{"email":"ada@example.com","tag_id":3}`})
	})

	t.Run("refuses", func(t *testing.T) {
		t.Parallel()
		type refused struct {
			name  string
			field string
			value any
			call  func(context.Context, *funnel.Client) error
		}
		tests := []refused{
			{"no name", "", 1, createTag.call},
			{"a value that is not JSON", "at", make(chan int), createTag.call},
			{"null in a query", "a", nil, getContact.call},
			{"a list in a query", "a", []int{1}, getContact.call},
			{"an object in a query", "a", map[string]int{}, getContact.call},
			{"the e-mail that names the contact", "email", "eve@example.com", func(ctx context.Context, c *funnel.Client) error {
				return c.Contacts.Delete(ctx, funnel.Email("ada@example.com"))
			}},
			{"the e-mail that names the contact, of a GET", "email", "eve@example.com", getByEmail},
			{"the new contact's e-mail", "email", "eve@example.com", func(ctx context.Context, c *funnel.Client) error {
				_, err := c.Contacts.Create(ctx, funnel.ContactCreateParams{Email: "ada@example.com"})
				return err
			}},
			{"a body that is no object", "a", 1, func(ctx context.Context, c *funnel.Client) error {
				return c.Call(ctx, "POST", "/anything", nil, []int{1}, nil)
			}},
		}
		for _, id := range []string{"id", "contact_id", "tag_id", "sequence_id", "campaign_id", "funnel_id", "step_id", "stage_id", "webhook_id", "custom_field_id", "id_order"} {
			tests = append(tests, refused{id, id, 8, getContact.call}, refused{id, id, 8, createTag.call})
		}
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				t.Parallel()
				ctx := funnel.WithField(t.Context(), tt.field, tt.value)
				ctx = funnel.WithField(ctx, "good", "1") // does not hide the bad one
				requireArgumentError(t, tt.call(ctx, newMockAPI(t).client(t)), "WithField")
			})
		}
	})
}

func TestWithResponse(t *testing.T) {
	t.Parallel()

	t.Run("success", func(t *testing.T) {
		t.Parallel()
		body := success(`{"id":7,"score":12}`)
		api := newMockAPI(t).on(http.MethodGet, "/contact", answers(200, body, "X-Request-Id", "r-1"))
		var response funnel.Response
		require.NoError(t, getContact.call(funnel.WithResponse(t.Context(), &response), api.client(t)))
		require.Equal(t, funnel.Response{
			StatusCode: 200,
			Header:     http.Header{"Content-Type": {"application/json"}, "X-Request-Id": {"r-1"}},
			RequestID:  "r-1",
			Attempts:   1,
			Body:       []byte(body),
		}, response)
	})

	t.Run("failure", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			api := newMockAPI(t).on(http.MethodGet, "/contact", answers(500, "one"), answers(404, "two", "X-Request-Id", "r-2"))
			var response funnel.Response
			err := getContact.call(funnel.WithResponse(t.Context(), &response), api.client(t))
			require.Equal(t, 404, asError[*funnel.APIError](t, err).StatusCode)
			require.Equal(t, 404, response.StatusCode)
			require.Equal(t, 2, response.Attempts)
			require.Equal(t, "r-2", response.RequestID)
			require.Equal(t, "two", string(response.Body))
		})
	})

	t.Run("no answer", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			api := newMockAPI(t).on(http.MethodGet, "/contact", answers(500, "one"), breaks(io.EOF))
			response := funnel.Response{StatusCode: 200, Body: []byte("of an earlier call")}
			require.ErrorIs(t, getContact.call(funnel.WithResponse(t.Context(), &response), api.client(t)), io.EOF)
			require.Equal(t, funnel.Response{Attempts: 4}, response)
		})
	})

	t.Run("answer cut short", func(t *testing.T) {
		t.Parallel()
		api := newMockAPI(t).on(http.MethodGet, "/contact", cutShort(200, `{"succ`))
		var response funnel.Response
		ctx := funnel.WithoutRetry(funnel.WithResponse(t.Context(), &response))
		require.ErrorIs(t, getContact.call(ctx, api.client(t)), io.ErrUnexpectedEOF)
		require.Equal(t, 200, response.StatusCode)
		require.Equal(t, `{"succ`, string(response.Body))
	})

	t.Run("wait for another attempt that ends with the context", func(t *testing.T) {
		t.Parallel()
		for _, answer := range []reply{answers(500, "said"), answers(429, "said")} {
			synctest.Test(t, func(t *testing.T) {
				api := newMockAPI(t).on(http.MethodGet, "/contact", answer)
				var response funnel.Response
				ctx, cancel := context.WithCancel(funnel.WithResponse(t.Context(), &response))
				time.AfterFunc(time.Second/2, cancel)
				err := getContact.call(ctx, api.client(t))
				require.ErrorIs(t, err, context.Canceled)
				require.Equal(t, asError[*funnel.APIError](t, err).StatusCode, response.StatusCode)
				require.Equal(t, "said", string(response.Body))
				require.Equal(t, 1, response.Attempts)
			})
		}
	})

	t.Run("refused before sending", func(t *testing.T) {
		t.Parallel()
		var response funnel.Response
		ctx, cancel := context.WithCancel(funnel.WithResponse(t.Context(), &response))
		cancel()
		require.ErrorIs(t, getContact.call(ctx, newMockAPI(t).client(t)), context.Canceled)
		require.Equal(t, funnel.Response{}, response)
	})

	t.Run("the last of several requests", func(t *testing.T) {
		t.Parallel()
		api := newMockAPI(t).
			on(http.MethodPost, "/contact", failure(409, "CONTACT_EXISTS", "Contact already exists")).
			on(http.MethodPut, "/contact", data(seven))
		var response funnel.Response
		params := funnel.ContactCreateParams{Email: "ada@example.com", FirstName: "Ada"}
		_, _, err := api.client(t).Contacts.Upsert(funnel.WithResponse(t.Context(), &response), params)
		require.NoError(t, err)
		require.Equal(t, 200, response.StatusCode)
		require.Equal(t, success(seven), string(response.Body))
	})
}

// Options are applied in order, and the last one counts.
func TestOptions_TheLastOneCounts(t *testing.T) {
	t.Parallel()
	api := newMockAPI(t).on(http.MethodGet, "/contact", data(seven))
	client := api.client(t,
		funnel.WithUserAgent("one"), funnel.WithUserAgent("two"),
		funnel.WithRateLimit(10, time.Minute), funnel.WithRateLimit(20, time.Minute),
		funnel.WithLogger(slog.New(slog.DiscardHandler)))
	require.Equal(t, 20, client.RateLimit().Limit)
	require.NoError(t, getContact.call(t.Context(), client))
	require.Equal(t, "two", api.requests()[0].Header.Get("User-Agent"))
}

// A response that is as large as the limit is read, one byte more is not; what
// counts is what was sent, whatever Content-Length says.
func TestWithMaxResponseBytes(t *testing.T) {
	t.Parallel()
	body := success(`{"id":7,"name":"` + strings.Repeat("1", 200) + `"}`)
	for _, length := range []int64{-1, 0, 1, int64(len(body)), 1 << 40} {
		answer := func(req *http.Request) (*http.Response, error) {
			resp, err := answers(200, body)(req)
			resp.ContentLength = length
			return resp, err
		}
		api := newMockAPI(t).on(http.MethodGet, "/contact", answer)
		require.NoError(t, getContact.call(t.Context(), api.client(t, funnel.WithMaxResponseBytes(int64(len(body))))))
		err := getContact.call(t.Context(), api.client(t, funnel.WithMaxResponseBytes(int64(len(body)-1))))
		require.ErrorContains(t, err, "too large")
	}
}

func TestWithHeader_OfAuthenticationAndHost(t *testing.T) {
	t.Parallel()
	var sent http.Header
	mock := httpmock.NewMockTransport()
	mock.RegisterNoResponder(func(req *http.Request) (*http.Response, error) {
		sent = req.Header
		return httpmock.NewStringResponse(http.StatusOK, `{"success":true}`), nil
	})
	client, err := funnel.New("secret", funnel.WithBaseURL("https://api.example.com"), funnel.WithHTTPClient(&http.Client{Transport: mock}))
	require.NoError(t, err)

	require.NoError(t, client.Contacts.Delete(funnel.WithHeader(t.Context(), "authorization", "Basic b3RoZXI="), funnel.ContactID(1)))
	require.Equal(t, []string{"Basic b3RoZXI="}, sent.Values("Authorization"), "the call's own")

	var argument *funnel.ArgumentError
	require.ErrorAs(t, client.Contacts.Delete(funnel.WithHeader(t.Context(), "host", "evil.example.com"), funnel.ContactID(1)), &argument)
	require.Equal(t, "header", argument.Field)
	require.Equal(t, 1, mock.GetTotalCallCount())
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
