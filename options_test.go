package funnel_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/internal/apitest"
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

// The program's http.Client is copied, not changed.
func TestWithHTTPClient_DoesNotChangeTheClient(t *testing.T) {
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

	mine.Transport = apitest.RoundTripper(func(*http.Request) (*http.Response, error) {
		t.Error("a change that came later")
		return nil, io.EOF
	})
	require.NoError(t, getContact.call(t.Context(), client))
	require.Len(t, api.requests(), 2)
}

// The client's Timeout limits an attempt, unless WithAttemptTimeout is given.
func TestWithHTTPClient_TimeoutLimitsAttempts(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		timeout time.Duration
		opts    []funnel.Option
		want    time.Duration
	}{
		{name: "its own", timeout: 7 * time.Second, want: 7 * time.Second},
		{name: "none", want: 30 * time.Second},
		{name: "the option's", timeout: 7 * time.Second, opts: []funnel.Option{funnel.WithAttemptTimeout(3 * time.Second)}, want: 3 * time.Second},
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

// A client without a transport uses http.DefaultTransport.
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

func TestWithUserAgent_IsSent(t *testing.T) {
	t.Parallel()
	api := newMockAPI(t).on(http.MethodGet, "/contact", data(seven))
	require.NoError(t, getContact.call(t.Context(), api.client(t, funnel.WithUserAgent("importer/2.1"))))
	require.Equal(t, []string{"importer/2.1"}, api.requests()[0].Header["User-Agent"])
}

func TestWithAuth_Schemes(t *testing.T) {
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
			api := newMockAPI(t).on(http.MethodGet, "/contact", respond(503, ""), respond(503, ""), data(seven))
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
				require.False(t, apitest.FailureOf(t, err).MayHaveBeenApplied)
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
			require.True(t, apitest.FailureOf(t, err).MayHaveBeenApplied)
			require.Len(t, api.requests(), 1)
		})
	})
}

func TestWithHeader_IsSent(t *testing.T) {
	t.Parallel()

	t.Run("is sent with every attempt", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			api := newMockAPI(t).on(http.MethodGet, "/contact", respond(503, ""), data(seven))
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

func TestWithField_Body(t *testing.T) {
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
			api := newMockAPI(t).on(http.MethodPost, "/tag", respond(503, ""), data(seven))
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
			on(http.MethodPost, "/contact-tag", respond(200, `{"success":true}`))
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

func TestWithResponse_Fields(t *testing.T) {
	t.Parallel()

	t.Run("success", func(t *testing.T) {
		t.Parallel()
		body := success(`{"id":7,"score":12}`)
		api := newMockAPI(t).on(http.MethodGet, "/contact", respond(200, body, "X-Request-Id", "r-1"))
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
			api := newMockAPI(t).on(http.MethodGet, "/contact", respond(500, "one"), respond(404, "two", "X-Request-Id", "r-2"))
			var response funnel.Response
			err := getContact.call(funnel.WithResponse(t.Context(), &response), api.client(t))
			require.Equal(t, 404, apitest.AsError[*funnel.APIError](t, err).StatusCode)
			require.Equal(t, 404, response.StatusCode)
			require.Equal(t, 2, response.Attempts)
			require.Equal(t, "r-2", response.RequestID)
			require.Equal(t, "two", string(response.Body))
		})
	})

	t.Run("no response", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			api := newMockAPI(t).on(http.MethodGet, "/contact", respond(500, "one"), breaks(io.EOF))
			response := funnel.Response{StatusCode: 200, Body: []byte("of an earlier call")}
			require.ErrorIs(t, getContact.call(funnel.WithResponse(t.Context(), &response), api.client(t)), io.EOF)
			require.Equal(t, funnel.Response{Attempts: 4}, response)
		})
	})

	t.Run("response cut short", func(t *testing.T) {
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
		for _, response := range []responder{respond(500, "said"), respond(429, "said")} {
			synctest.Test(t, func(t *testing.T) {
				api := newMockAPI(t).on(http.MethodGet, "/contact", response)
				var response funnel.Response
				ctx, cancel := context.WithCancel(funnel.WithResponse(t.Context(), &response))
				time.AfterFunc(time.Second/2, cancel)
				err := getContact.call(ctx, api.client(t))
				require.ErrorIs(t, err, context.Canceled)
				require.Equal(t, apitest.AsError[*funnel.APIError](t, err).StatusCode, response.StatusCode)
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
func TestOptions_LastOneCounts(t *testing.T) {
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

// The limit includes its last byte. Content-Length does not matter.
func TestWithMaxResponseBytes_LimitsTheBody(t *testing.T) {
	t.Parallel()
	body := success(`{"id":7,"name":"` + strings.Repeat("1", 200) + `"}`)
	for _, length := range []int64{-1, 0, 1, int64(len(body)), 1 << 40} {
		response := func(req *http.Request) (*http.Response, error) {
			resp, err := respond(200, body)(req)
			resp.ContentLength = length
			return resp, err
		}
		api := newMockAPI(t).on(http.MethodGet, "/contact", response)
		require.NoError(t, getContact.call(t.Context(), api.client(t, funnel.WithMaxResponseBytes(int64(len(body))))))
		err := getContact.call(t.Context(), api.client(t, funnel.WithMaxResponseBytes(int64(len(body)-1))))
		require.ErrorContains(t, err, "too large")
	}
}

func TestWithHeader_RefusesAuthenticationAndHost(t *testing.T) {
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

// The error hides the key, but Response has the header as it was received.
func TestWithResponse_HeaderIsUnchanged(t *testing.T) {
	t.Parallel()
	api := newMockAPI(t).on(http.MethodGet, "/contact", respond(403, "{}", "X-Debug", testKey))
	var response funnel.Response
	err := getContact.call(funnel.WithResponse(t.Context(), &response), api.client(t))
	require.Equal(t, "[hidden]", apitest.AsError[*funnel.APIError](t, err).Header.Get("X-Debug"))
	require.Equal(t, testKey, response.Header.Get("X-Debug"))
}

func TestWithField_AddsAndOverridesFields(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name         string
		method, path string
		fields       map[string]any
		call         func(context.Context, *funnel.Client) error
		query        string
		body         string
	}{{
		name: "POST", method: "POST", path: "/contact", fields: map[string]any{"phone": "+44", "score": 7},
		call: func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Contacts.Create(ctx, adaParams)
			return err
		},
		body: `{` + adaFields + `,"tag_ids":"7,8","sequence_ids":"3","phone":"+44","score":7}`,
	}, {
		name: "PUT", method: "PUT", path: "/contact", fields: map[string]any{"phone": nil},
		call: func(ctx context.Context, c *funnel.Client) error {
			return c.Contacts.Update(ctx, funnel.ContactID(9007199254740993), funnel.ContactUpdateParams{FirstName: funnel.Ptr("Ada")})
		},
		body: `{"contact_id":9007199254740993,"first_name":"Ada","phone":null}`,
	}, {
		name: "DELETE", method: "DELETE", path: "/tag", fields: map[string]any{"force": true},
		call: func(ctx context.Context, c *funnel.Client) error { return c.Tags.Delete(ctx, 7) },
		body: `{"tag_id":7,"force":true}`,
	}, {
		name: "DELETE of a link", method: "DELETE", path: "/contact-sequence", fields: map[string]any{"reason": "asked to"},
		call: func(ctx context.Context, c *funnel.Client) error {
			return c.Sequences.Unenroll(ctx, 3, funnel.Email("ada@example.com"))
		},
		body: `{"email":"ada@example.com","sequence_id":3,"reason":"asked to"}`,
	}, {
		name: "a field that the method sets", method: "POST", path: "/sequence-stage", fields: map[string]any{"time_value": 0, "name": "Now"},
		call: func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Sequences.CreateStage(ctx, funnel.StageCreateParams{SequenceID: 3, TimeValue: 5})
			return err
		},
		body: `{"sequence_id":3,"time_value":0,"name":"Now"}`,
	}, {
		name: "objects and lists in a body", method: "POST", path: "/campaign",
		fields: map[string]any{"audience": map[string]any{"tag_ids": []int{1, 2}}, "tags": []string{"a"}, "at": json.RawMessage(`{"x": 1.50}`)},
		call: func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Campaigns.Create(ctx, funnel.CampaignCreateParams{Name: "Launch"})
			return err
		},
		body: `{"name":"Launch","audience":{"tag_ids":[1,2]},"tags":["a"],"at":{"x":1.50}}`,
	}, {
		name: "the SDK's own types", method: "POST", path: "/campaign",
		fields: map[string]any{"tag_ids": funnel.IDList[funnel.Tag]{1, 2}, "scheduled_for": sampleCampaign.ScheduledFor},
		call: func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Campaigns.Create(ctx, funnel.CampaignCreateParams{Name: "Launch"})
			return err
		},
		body: `{"name":"Launch","tag_ids":"1,2","scheduled_for":"2026-05-01T09:00:00Z"}`,
	}, {
		name: "GET of a list", method: "GET", path: "/contacts",
		fields: map[string]any{"search": "ada & co", "min_score": 7, "vip": true, "ratio": 0.5, "per_page": 500, "email": "ada@example.com"},
		call: func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Contacts.List(ctx, funnel.ContactListParams{PerPage: 100, Period: funnel.PeriodToday})
			return err
		},
		query: "email=ada%40example.com&min_score=7&per_page=500&period=today&ratio=0.5&search=ada+%26+co&vip=true",
	}, {
		name: "GET of one", method: "GET", path: "/contact", fields: map[string]any{"with": "stats"},
		call: func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Contacts.Get(ctx, funnel.ContactID(12))
			return err
		},
		query: "contact_id=12&with=stats",
	}, {
		name: "GET without a query", method: "GET", path: "/webhooks", fields: map[string]any{"active": false},
		call: func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Webhooks.List(ctx)
			return err
		},
		query: "active=false",
	}, {
		name: "Call with a struct", method: "POST", path: "/contacts-bulk-tag", fields: map[string]any{"contact_ids": "1,2"},
		call: func(ctx context.Context, c *funnel.Client) error {
			return c.Call(ctx, http.MethodPost, "/contacts-bulk-tag", nil, struct {
				TagID funnel.TagID `json:"tag_id"`
			}{7}, nil)
		},
		body: `{"tag_id":7,"contact_ids":"1,2"}`,
	}, {
		name: "Call without a body", method: "PATCH", path: "/contact", fields: map[string]any{"phone": "+44"},
		call: func(ctx context.Context, c *funnel.Client) error {
			return c.Call(ctx, http.MethodPatch, "/contact", url.Values{"contact_id": {"12"}}, nil, nil)
		},
		query: "contact_id=12", body: `{"phone":"+44"}`,
	}, {
		name: "Call of a GET", method: "GET", path: "/contact-stats", fields: map[string]any{"period": "today"},
		call: func(ctx context.Context, c *funnel.Client) error {
			return c.Call(ctx, http.MethodGet, "/contact-stats", url.Values{"contact_id": {"12"}}, nil, nil)
		},
		query: "contact_id=12&period=today",
	}} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			result := data(`{"id":12}`)
			switch tt.path {
			case "/contacts":
				result = pageOf()
			case "/webhooks":
				result = listOf()
			}
			api := newMockAPI(t).on(tt.method, tt.path, result)
			ctx := t.Context()
			for name, value := range tt.fields {
				ctx = funnel.WithField(ctx, name, value)
			}
			require.NoError(t, tt.call(ctx, api.client(t)))
			require.Len(t, api.requests(), 1)
			sent := api.requests()[0]
			require.Equal(t, tt.query, sent.Query)
			if tt.body == "" {
				require.Empty(t, sent.Body)
				return
			}
			require.Equal(t, decoded(t, tt.body), decoded(t, sent.Body)) // with each number as it is written
		})
	}
}

// A field belongs to the calls of its context. The last value of a name counts.
func TestWithField_BelongsToItsContext(t *testing.T) {
	t.Parallel()
	api := newMockAPI(t).on("POST", "/tag", createdAs(newTagJSON))
	client := api.client(t)
	colour := funnel.WithField(t.Context(), "colour", "red")
	for _, ctx := range []context.Context{
		colour,
		funnel.WithField(colour, "size", 1),
		funnel.WithField(colour, "colour", "blue"),
		funnel.WithoutRetry(colour),
		t.Context(),
	} {
		_, err := client.Tags.Create(ctx, funnel.TagCreateParams{Name: "vip"})
		require.NoError(t, err)
	}
	var bodies []string
	for _, req := range api.requests() {
		bodies = append(bodies, req.Body)
	}
	require.Equal(t, []string{
		`{"colour":"red","name":"vip"}`,
		`{"colour":"red","name":"vip","size":1}`,
		`{"colour":"blue","name":"vip"}`,
		`{"colour":"red","name":"vip"}`,
		`{"name":"vip"}`,
	}, bodies)
}

func TestWithField_IsSentWithEachAttempt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := newMockAPI(t).on("PUT", "/tag", failure(503, funnel.ErrServer, "Oops"), data(newTagJSON))
		ctx := funnel.WithField(t.Context(), "colour", "red")
		require.NoError(t, api.client(t).Tags.Update(ctx, 7, funnel.TagUpdateParams{}))
		sent := sentRequest{Method: "PUT", Path: "/tag", Body: `{"colour":"red","tag_id":7}`}
		requireSent(t, api, sent, sent)
	})
}

func TestWithField_GoesWithEachPage(t *testing.T) {
	t.Parallel()
	api := newMockAPI(t).on("GET", "/tags",
		respond(200, `{"success":true,"data":[{"id":1}],"meta":{"current_page":1,"per_page":1,"last_page":2,"total":2}}`),
		respond(200, `{"success":true,"data":[{"id":2}],"meta":{"current_page":2,"per_page":1,"last_page":2,"total":2}}`))
	all, err := collect(api.client(t).Tags.All(funnel.WithField(t.Context(), "search", "v"), funnel.TagListParams{}))
	require.NoError(t, err)
	require.Len(t, all, 2)
	requireSent(t, api,
		sentRequest{Method: "GET", Path: "/tags", Query: "page=1&per_page=100&search=v"},
		sentRequest{Method: "GET", Path: "/tags", Query: "page=2&per_page=100&search=v"})
}

func TestWithField_RefusesBadInput(t *testing.T) {
	t.Parallel()
	get := func(ctx context.Context, c *funnel.Client) error {
		_, err := c.Tags.List(ctx, funnel.TagListParams{})
		return err
	}
	post := func(ctx context.Context, c *funnel.Client) error {
		_, err := c.Tags.Create(ctx, funnel.TagCreateParams{Name: "vip"})
		return err
	}
	type test struct {
		field string
		value any
		call  func(context.Context, *funnel.Client) error
		says  string
	}
	tests := map[string]test{
		"no name":                  {"", 1, post, "the name is empty"},
		"value that is no JSON":    {"at", make(chan int), post, "the value of at cannot be sent as JSON"},
		"value with a bad marshal": {"at", failingMarshaler{}, post, "the value of at cannot be sent as JSON"},
		"null in a query":          {"search", nil, get, "the value of search cannot be sent in a query"},
		"list in a query":          {"search", []string{"a"}, get, "the value of search cannot be sent in a query"},
		"object in a query":        {"search", map[string]int{"a": 1}, get, "the value of search cannot be sent in a query"},
		"nil pointer in a query":   {"search", (*string)(nil), get, "the value of search cannot be sent in a query"},
		"address of Get": {"email", "x@example.com", func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Contacts.Get(ctx, funnel.Email("ada@example.com"))
			return err
		}, "email names the contact"},
		"address of Create": {"email", "x@example.com", func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Contacts.Create(ctx, funnel.ContactCreateParams{Email: "ada@example.com"})
			return err
		}, "email names the contact"},
		"address of Upsert": {"email", "x@example.com", func(ctx context.Context, c *funnel.Client) error {
			_, _, err := c.Contacts.Upsert(ctx, funnel.ContactCreateParams{Email: "ada@example.com"})
			return err
		}, "email names the contact"},
		"address of Update by address": {"email", "x@example.com", func(ctx context.Context, c *funnel.Client) error {
			return c.Contacts.Update(ctx, funnel.Email("ada@example.com"), funnel.ContactUpdateParams{})
		}, "email names the contact"},
		"address of Delete": {"email", "x@example.com", func(ctx context.Context, c *funnel.Client) error {
			return c.Contacts.Delete(ctx, funnel.Email("ada@example.com"))
		}, "email names the contact"},
	}
	for _, name := range []string{
		"id", "contact_id", "tag_id", "sequence_id", "campaign_id", "funnel_id", "step_id", "stage_id", "webhook_id", "custom_field_id", "id_order",
	} {
		tests[name+" in a body"] = test{name, 1, post, name + " names a resource"}
		tests[name+" in a query"] = test{name, 1, get, name + " names a resource"}
	}
	for name, body := range map[string]any{"list": []int{1}, "text": "x", "number": 1, "null": json.RawMessage("null")} {
		tests["Call with a "+name+" as its body"] = test{"phone", "+44", func(ctx context.Context, c *funnel.Client) error {
			return c.Call(ctx, http.MethodPost, "/contact", nil, body, nil)
		}, "the body is not a JSON object"}
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api := newMockAPI(t)
			err := tt.call(funnel.WithField(t.Context(), tt.field, tt.value), api.client(t))
			requireArgumentError(t, err, "WithField")
			require.ErrorContains(t, err, tt.says)
			require.Empty(t, api.requests())
		})
	}
}

type failingMarshaler struct{}

func (failingMarshaler) MarshalJSON() ([]byte, error) { return nil, errors.New("no") }

// In Upsert the field goes with the requests that carry the contact's fields: POST and
// PUT /contact, not POST /contact-tag.
func TestWithField_InUpsert(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		params funnel.ContactCreateParams
		sends  []string // bodies
	}{
		"with fields": {funnel.ContactCreateParams{Email: "ada@example.com", FirstName: "Ada", TagIDs: []funnel.TagID{7}}, []string{
			`{"email":"ada@example.com","first_name":"Ada","phone":"+44","tag_ids":"7"}`,
			`{"email":"ada@example.com","first_name":"Ada","phone":"+44"}`,
			`{"email":"ada@example.com","tag_id":7}`,
		}},
		"without other fields": {funnel.ContactCreateParams{Email: "ada@example.com", TagIDs: []funnel.TagID{7}}, []string{
			`{"email":"ada@example.com","phone":"+44","tag_ids":"7"}`,
			`{"email":"ada@example.com","phone":"+44"}`,
			`{"email":"ada@example.com","tag_id":7}`,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api := newMockAPI(t).on("POST", "/contact", contactExists()).on("PUT", "/contact", data(contactIDJSON)).
				on("POST", "/contact-tag", data(`{"contact_id":12,"tag_id":7}`))
			id, created, err := api.client(t).Contacts.Upsert(funnel.WithField(t.Context(), "phone", "+44"), tt.params)
			require.NoError(t, err)
			require.False(t, created)
			require.EqualValues(t, 12, id)
			require.Equal(t, []string{"POST /contact", "PUT /contact", "POST /contact-tag"}, api.operations())
			for i, body := range tt.sends {
				require.JSONEq(t, body, api.requests()[i].Body)
			}
		})
	}
}

func TestWithField_InBulk(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := newMockAPI(t).on("POST", "/contact", createdAs(contactIDJSON)).on("POST", "/contact-tag", data(`{}`))
		client := api.client(t)
		ctx := funnel.WithField(t.Context(), "source", "import")
		contacts := []funnel.ContactCreateParams{{Email: "ada@example.com"}, {Email: "grace@example.com"}}
		for result := range client.Contacts.CreateAll(ctx, slices.Values(contacts)) {
			require.NoError(t, result.Err)
		}
		for result := range client.Contacts.UpsertAll(ctx, slices.Values(contacts)) {
			require.NoError(t, result.Err)
		}
		for result := range funnel.Each(ctx, client, slices.Values([]funnel.ContactID{1, 2}), func(ctx context.Context, id funnel.ContactID) error {
			return client.Contacts.AddTag(ctx, id, 7)
		}) {
			require.NoError(t, result.Err)
		}
		require.Len(t, api.requests(), 6)
		for _, req := range api.requests() {
			require.Contains(t, req.Body, `"source":"import"`)
		}
	})
}
