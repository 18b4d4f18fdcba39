package funnel_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
	"github.com/funnel-go/funnel/internal/apitest"
)

// An idleCounter counts calls of CloseIdleConnections.
type idleCounter struct {
	http.RoundTripper
	closed atomic.Int32
}

func (c *idleCounter) CloseIdleConnections() { c.closed.Add(1) }

func TestAttempt_KeepsTheTransportsIdleConnections(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := newMockAPI(t).
			on(http.MethodGet, "/contact", breaks(io.EOF)).
			on(http.MethodPost, "/tag", failure(503, "SERVER_ERROR", "Oops")).
			on(http.MethodPost, "/funnel", failure(403, "FORBIDDEN", "No"))
		transport := &idleCounter{RoundTripper: api}
		client := clientOver(t, transport)
		require.ErrorIs(t, getContact.call(t.Context(), client), io.EOF)
		require.ErrorIs(t, createTag.call(t.Context(), client), funnel.ErrServer)
		require.ErrorIs(t, createFunnel.call(t.Context(), client), funnel.ErrForbidden)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second/2, cancel)
		require.ErrorIs(t, createTag.call(ctx, client), context.Canceled)
		require.ErrorIs(t, createTag.call(ctx, client), context.Canceled)
		require.Zero(t, transport.closed.Load())
	})
}

// The test starts itself as a process, to see everything that is written to standard
// error.
func TestAttempt_PrintsNothing(t *testing.T) {
	const inner = "FUNNEL_TEST_PRINTS_NOTHING"
	if os.Getenv(inner) != "" {
		synctest.Test(t, func(t *testing.T) {
			api := newMockAPI(t).
				on(http.MethodGet, "/contact", breaks(io.EOF), respond(503, "oops"), htmlPage(200, "Welcome")).
				on(http.MethodPost, "/tag", tooMany())
			client := api.client(t)
			require.Error(t, getContact.call(t.Context(), client))
			require.Error(t, createTag.call(t.Context(), client))
		})
		return
	}
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestAttempt_PrintsNothing$", "-test.v")
	cmd.Env = append(os.Environ(), inner+"=1")
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	require.NoError(t, cmd.Run(), stdout.String())
	require.Contains(t, stdout.String(), "--- PASS: TestAttempt_PrintsNothing")
	require.Empty(t, stderr.String())
}

// If a transport does not trace connections, a failed request counts as sent.
func TestAttempt_TransportWithoutTraceCountsAsSent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := newMockAPI(t).on(http.MethodPost, "/funnel", breaks(errors.New("dial tcp: connection refused")))
		err := createFunnel.call(t.Context(), api.client(t))
		apitest.RequireFailure(t, "POST /funnel: 1 attempt, may have been applied", err)
		require.EqualError(t, err, "funnel: POST /funnel: dial tcp: connection refused (may have been applied)")
	})
}

// The timeout of an attempt begins when the rate limiter admits it, and includes the
// body. It does not limit the call.
func TestAttempt_Timeout(t *testing.T) {
	t.Parallel()
	stuckBody := func(req *http.Request) (*http.Response, error) {
		resp, err := respond(200, "")(req)
		resp.Body = io.NopCloser(readerFunc(func([]byte) (int, error) {
			<-req.Context().Done()
			return 0, req.Context().Err()
		}))
		return resp, err
	}
	tests := []struct {
		name            string
		responder       responder
		opts            []funnel.Option
		atLeast, atMost time.Duration
	}{
		{"default", hangs, nil, 127 * time.Second, 130500 * time.Millisecond},
		{"own", hangs, []funnel.Option{funnel.WithAttemptTimeout(5 * time.Second)}, 27 * time.Second, 30500 * time.Millisecond},
		{"body that stops coming", stuckBody, []funnel.Option{funnel.WithAttemptTimeout(5 * time.Second)}, 27 * time.Second, 30500 * time.Millisecond},
		{"the quota's wait does not count", hangs, []funnel.Option{
			funnel.WithAttemptTimeout(6 * time.Second), funnel.WithRateLimit(1, 10*time.Second),
		}, 4*6*time.Second + 3*10*time.Second, 4*6*time.Second + 3*12*time.Second}, // without a response a slot is held longer
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				api := newMockAPI(t).on(http.MethodGet, "/contact", tt.responder)
				client := api.client(t, tt.opts...)
				started := time.Now()
				err := getContact.call(t.Context(), client)
				require.Len(t, api.requests(), 4)
				require.ErrorIs(t, err, context.DeadlineExceeded)
				require.ErrorContains(t, err, "no complete response within")
				require.GreaterOrEqual(t, time.Since(started), tt.atLeast)
				require.LessOrEqual(t, time.Since(started), tt.atMost)
			})
		})
	}

	t.Run("none", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			api := newMockAPI(t).on(http.MethodGet, "/contact", after(time.Hour, data(seven)))
			contact, err := api.client(t, funnel.WithAttemptTimeout(0)).Contacts.Get(t.Context(), funnel.ContactID(7))
			require.NoError(t, err)
			require.Equal(t, &funnel.Contact{ID: 7}, contact)
		})
	})
}

// A call whose first attempt times out succeeds by its second one.
func TestAttempt_RetriedAfterASlowResponse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := newMockAPI(t).on(http.MethodGet, "/contact", after(time.Minute, data(seven)), after(time.Second, data(seven)))
		require.NoError(t, getContact.call(t.Context(), api.client(t)))
		require.Len(t, api.requests(), 2)
	})
}

// A body over the limit is not retried: it would still be too large.
func TestAttempt_BodyOverTheLimit(t *testing.T) {
	t.Parallel()
	long := success(`{"id":7,"name":"` + strings.Repeat("x", 100) + `"}`)
	for _, op := range operations {
		t.Run(op.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				api := newMockAPI(t).on(op.method, op.path, respond(200, long))
				started := time.Now()
				err := op.call(t.Context(), api.client(t, funnel.WithMaxResponseBytes(100)))
				require.Equal(t, apitest.Failure{Method: op.method, Path: op.path, Attempts: 1, MayHaveBeenApplied: op.column != get}, apitest.FailureOf(t, err))
				require.ErrorContains(t, err, "more than 100 bytes")
				require.Zero(t, time.Since(started))
			})
		})
	}

	// What is no success is known by its status, however much comes with it.
	for _, tt := range []struct {
		name      string
		responder responder
		attempts  int
		check     func(*testing.T, error)
	}{
		{"429", respond(429, long), 4, isAPIError(429, funnel.ErrRateLimited)},
		{"5xx", respond(503, long), 4, isAPIError(503, "")},
		{"4xx", respond(404, long), 1, isAPIError(404, "")},
		{"redirect", respond(302, long), 1, isAPIError(302, "")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				api := newMockAPI(t).on(http.MethodPost, "/funnel", tt.responder)
				err := createFunnel.call(t.Context(), api.client(t, funnel.WithMaxResponseBytes(100)))
				tt.check(t, err)
				require.Equal(t, tt.attempts, apitest.FailureOf(t, err).Attempts)
				require.Equal(t, long[:100], string(apitest.AsError[*funnel.APIError](t, err).Body))
			})
		})
	}

	t.Run("just at the limit", func(t *testing.T) {
		t.Parallel()
		api := newMockAPI(t).on(http.MethodGet, "/contact", respond(200, long))
		require.NoError(t, getContact.call(t.Context(), api.client(t, funnel.WithMaxResponseBytes(int64(len(long))))))
	})
}

// By default a response may have 32 MiB. One that says it has more is not read.
func TestAttempt_DefaultResponseLimit(t *testing.T) {
	t.Parallel()
	read := 0
	api := newMockAPI(t).on(http.MethodGet, "/contact", func(req *http.Request) (*http.Response, error) {
		resp, err := respond(200, "")(req)
		resp.ContentLength = 32<<20 + 1
		resp.Body = io.NopCloser(io.LimitReader(readerFunc(func(p []byte) (int, error) {
			read += len(p)
			return len(p), nil
		}), resp.ContentLength))
		return resp, err
	})
	err := getContact.call(t.Context(), api.client(t))
	require.EqualError(t, err, "funnel: GET /contact: the response is too large: it has more than 33554432 bytes (see WithMaxResponseBytes)")
	require.LessOrEqual(t, read, 256<<10)
	require.Len(t, api.requests(), 1)
}

// Redirects are not followed: the key stays with the base URL. The error names the
// host, but not the path and query.
func TestAttempt_RedirectIsNotFollowed(t *testing.T) {
	t.Parallel()
	targets := []struct{ name, location, want string }{
		{"another host", "https://evil.example/v1/contact?email=ada@example.com", "redirects to https://evil.example,"},
		{"another host without a scheme", "//evil.example/contact", "redirects to https://evil.example,"},
		{"another port", "https://api.example.com:8443/v1/contact", "redirects to https://api.example.com:8443,"},
		{"plain http", "http://api.example.com/v1/contact", "redirects to http://api.example.com,"},
		{"the same host", testBaseURL + "/login", "redirects to https://api.example.com,"},
		{"the same URL", "", "redirects to https://api.example.com,"},
		{"a path", "/login", "redirects to https://api.example.com,"},
		{"an invalid URL", "https://[bad", "redirects to nowhere,"},
		{"a host that is the key", "https://" + url.QueryEscape(testKey) + ".evil.example/", "redirects to"},
	}
	for _, target := range targets {
		t.Run(target.name, func(t *testing.T) {
			t.Parallel()
			api := newMockAPI(t).on(http.MethodPost, "/funnel", respond(307, "<html>Redirecting</html>", "Location", target.location))
			err := createFunnel.call(t.Context(), api.client(t))
			require.Len(t, api.requests(), 1)
			require.ErrorContains(t, err, target.want)
			require.NotContains(t, err.Error(), "ada@")
			require.NotContains(t, err.Error(), "5ecret")
			response := apitest.AsError[*funnel.APIError](t, err)
			require.Equal(t, 307, response.StatusCode)
			require.Empty(t, response.Code)
			apitest.RequireFailure(t, "POST /funnel: 1 attempt, not applied", err)
		})
	}

	t.Run("no Location", func(t *testing.T) {
		t.Parallel()
		api := newMockAPI(t).on(http.MethodGet, "/contact", respond(302, ""))
		err := getContact.call(t.Context(), api.client(t))
		require.ErrorContains(t, err, "funnel: GET /contact: 302 Found: redirects")
	})
}

// A response that is JSON but not what the call expects is an error that shows the
// response. A retry would get the same.
func TestAttempt_UnexpectedResult(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, body, want string
	}{
		{"no data", `{"success":true}`, `"data" is missing`},
		{"null data", success(`null`), `"data" is missing`},
		{"data of another kind", success(`"ok"`), "string"},
		{"a list", success(`[` + seven + `]`), "array"},
		{"a bare list", `[1]`, `"success" is missing`},
		{"a bare resource", seven, `"success" is missing`},
		{"a nested result", success(`{"tag":` + seven + `}`), "an id is missing"},
		{"the id under its old name", success(`{"tag_id":7,"name":"vip"}`), "an id is missing"},
		{"a null id", success(`{"id":null,"name":"vip"}`), "an id is missing"},
		{"the id 0", success(`{"id":0,"name":"vip"}`), "an id is missing"},
		{"an empty object", success(`{}`), "an id is missing"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				api := newMockAPI(t).on(http.MethodPost, "/tag", respond(201, tt.body))
				err := createTag.call(t.Context(), api.client(t))
				require.ErrorContains(t, err, tt.want)
				require.ErrorContains(t, err, tt.body)
				apitest.RequireFailure(t, "POST /tag: 1 attempt, may have been applied", err)
				require.Equal(t, tt.body, string(apitest.AsError[*funnel.APIError](t, err).Body))
			})
		})
	}
}

// Get checks that the result is the requested resource: a server that ignores the
// parameter returns another one.
func TestAttempt_ResponseWithAnotherResource(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, path, result string
		get                func(context.Context, *funnel.Client) error
		want               string // of the error; empty: none
	}{
		{"a contact by id", "/contact", `{"id":8}`, getContact.call, "the server returned another resource than the requested one (contact_id differs)"},
		{"the contact by id", "/contact", seven, getContact.call, ""},
		{"the contact by id, as a string", "/contact", `{"id":"7"}`, getContact.call, ""},
		{"a contact by e-mail", "/contact", `{"id":7,"email":"grace@example.com"}`, getByEmail, "the server returned another resource than the requested one (email differs)"},
		{"the contact by e-mail", "/contact", `{"id":7,"email":"ada@example.com"}`, getByEmail, ""},
		{"the contact by e-mail in another case", "/contact", `{"id":7,"email":"Ada@Example.COM"}`, getByEmail, ""},
		{"a contact without an e-mail by e-mail", "/contact", `{"id":7,"email":null}`, getByEmail, ""},
		{"an order", "/order", `{"id":7,"id_order":"acme-2"}`, getOrder, "the server returned another resource than the requested one (id_order differs)"},
		{"the order", "/order", `{"id":7,"id_order":"acme-1"}`, getOrder, ""},
		{"the order, a number", "/order", `{"id":7,"id_order":12}`, getOrderNumber, ""},
		{"an order in another case", "/order", `{"id":7,"id_order":"ACME-1"}`, getOrder, "the server returned another resource than the requested one (id_order differs)"},
		{"a campaign", "/campaign", `{"id":8}`, getCampaign, "the server returned another resource than the requested one (campaign_id differs)"},
		{"the campaign", "/campaign", seven, getCampaign, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			api := newMockAPI(t).on(http.MethodGet, tt.path, data(tt.result))
			err := tt.get(t.Context(), api.client(t))
			require.Len(t, api.requests(), 1)
			if tt.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, tt.want)
			require.ErrorContains(t, err, tt.result)
			require.Equal(t, success(tt.result), string(apitest.AsError[*funnel.APIError](t, err).Body))
		})
	}
}

func getByEmail(ctx context.Context, c *funnel.Client) error {
	_, err := c.Contacts.Get(ctx, funnel.Email("ada@example.com"))
	return err
}

func getOrder(ctx context.Context, c *funnel.Client) error {
	_, err := c.Orders.Get(ctx, "acme-1")
	return err
}

func getOrderNumber(ctx context.Context, c *funnel.Client) error {
	_, err := c.Orders.Get(ctx, "12")
	return err
}

func getCampaign(ctx context.Context, c *funnel.Client) error {
	_, err := c.Campaigns.Get(ctx, 7)
	return err
}

// A 2xx without a result is a success only if the method returns none.
func TestAttempt_EmptyResponse(t *testing.T) {
	t.Parallel()
	empty := map[string]responder{
		"204":                 respond(204, ""),
		"200 without a body":  respond(200, ""),
		"200 of white space":  respond(200, " \n"),
		"success, no data":    respond(200, `{"success":true}`),
		"success, null data":  data(`null`),
		"success, empty list": data(`[]`),
	}
	for name, response := range empty {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, op := range operations {
				noResult := op.column == putAndDelete || op.name == "add a tag" || op.name == "enrol a contact" ||
					op.name == "schedule a campaign" || strings.HasPrefix(op.name, "Call ")
				if strings.HasPrefix(op.name, "list") && name == "success, empty list" {
					continue // which is a result
				}
				t.Run(op.name, func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						api := newMockAPI(t).on(op.method, op.path, response)
						err := op.call(t.Context(), api.client(t))
						if noResult {
							require.NoError(t, err)
							require.Len(t, api.requests(), 1)
							return
						}
						apiErr := apitest.AsError[*funnel.APIError](t, err)
						require.Empty(t, apiErr.Code)
						require.Regexp(t, "^the response (is not readable|is not in the API's format|differs from what the SDK expects)", apiErr.Message)
					})
				})
			}
		})
	}
}

// A retry sends the cookies of the response before, once.
func TestAttempt_CookiesAreSentOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := newMockAPI(t).on(http.MethodGet, "/contact",
			respond(503, "", "Set-Cookie", "node=n1; Path=/"), breaks(io.EOF), data(seven))
		client := clientWithJar(t, api)
		require.NoError(t, getContact.call(funnel.WithHeader(t.Context(), "Cookie", "own=1"), client))
		got := []string{}
		for _, req := range api.requests() {
			got = append(got, fmt.Sprint(req.Header["Cookie"]))
		}
		require.Equal(t, []string{"[own=1]", "[own=1; node=n1]", "[own=1; node=n1]"}, got)
	})
}

// The cookies of a response are set once, also if the call ends later without another
// response: in the meantime another call may have received newer ones.
func TestAttempt_CookiesAreSetOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := newMockAPI(t).
			on(http.MethodGet, "/contact", after(roundTrip, tooMany("Set-Cookie", "node=old; Path=/")), data(seven)).
			on(http.MethodPost, "/funnel", after(time.Second, respond(201, success(seven), "Set-Cookie", "node=new; Path=/")))
		client := clientWithJar(t, api)
		var other sync.WaitGroup
		other.Go(func() { _ = createFunnel.call(t.Context(), client) })
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(2*time.Second, cancel)
		require.ErrorIs(t, getContact.call(ctx, client), context.Canceled)
		other.Wait()
		require.NoError(t, getContact.call(t.Context(), client))
		sent := api.requests()
		require.Equal(t, []string{"node=new"}, sent[len(sent)-1].Header["Cookie"])
	})
}

func TestAttempt_InvalidAuthSendsNothing(t *testing.T) {
	t.Parallel()
	mock := httpmock.NewMockTransport()
	client, err := funnel.New("secret", funnel.WithBaseURL("https://api.example.com"), funnel.WithHTTPClient(&http.Client{Transport: mock}),
		funnel.WithAuth(func(req *http.Request) error {
			req.Header.Set("X-Api-Key", "from a file\n")
			return nil
		}))
	require.NoError(t, err)
	_, err = client.Funnels.Create(t.Context(), funnel.FunnelCreateParams{Name: "Launch"})
	require.ErrorContains(t, err, "the value of X-Api-Key contains a control character")
	require.NotContains(t, err.Error(), "from a file")
	require.False(t, funnel.MayHaveBeenApplied(err))
	require.Zero(t, mock.GetTotalCallCount())
}

func TestAttempt_AuthPastTheDeadlineSendsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mock := httpmock.NewMockTransport()
		client, err := funnel.New("secret", funnel.WithBaseURL("https://api.example.com"), funnel.WithHTTPClient(&http.Client{Transport: mock}),
			funnel.WithAuth(func(*http.Request) error { time.Sleep(time.Minute); return nil }))
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err = client.Funnels.Create(ctx, funnel.FunnelCreateParams{Name: "Launch"})
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.False(t, funnel.MayHaveBeenApplied(err))
		require.Zero(t, mock.GetTotalCallCount())
	})
}

// A lateContext is a custom context: contexts derived from it end a little later,
// by a goroutine.
type lateContext struct {
	context.Context
	done chan struct{}
}

func (c *lateContext) Done() <-chan struct{} { return c.done }

func (c *lateContext) Err() error {
	select {
	case <-c.done:
		return context.Canceled
	default:
		return nil
	}
}

// If the context ends at the moment of a call's turn in a bulk job, nothing is sent,
// and the slot is released once.
func TestAttempt_ContextEndsAtItsTurnInABulk(t *testing.T) {
	t.Parallel()
	var ctx *lateContext
	outcomes := []funnel.Outcome{}
	client := newMockAPI(t).client(t, funnel.WithLimiter(limiterFunc(func(context.Context) (func(funnel.Outcome), error) {
		close(ctx.done)
		return func(o funnel.Outcome) { outcomes = append(outcomes, o) }, nil
	})))
	for result := range funnel.Bulk(t.Context(), client, slices.Values([]int{1}), func(within context.Context, _ int) (int, error) {
		ctx = &lateContext{within, make(chan struct{})}
		return 0, createFunnel.call(ctx, client)
	}) {
		require.ErrorIs(t, result.Err, context.Canceled)
		apitest.RequireFailure(t, "POST /funnel: 0 attempts, not applied", result.Err)
	}
	require.Equal(t, []funnel.Outcome{{Sent: false, Remaining: -1}}, outcomes)
}

func TestAttempt_RequestIDOfAResponseThatIsCutShort(t *testing.T) {
	t.Parallel()
	server, client := fakeAPI(t)
	server.Fail(funneltest.Fault{TruncateBody: true})
	_, err := client.CustomFields.List(funnel.WithoutRetry(t.Context()))
	require.Equal(t, "req-1", apitest.AsError[*funnel.RequestError](t, err).RequestID)
	require.ErrorContains(t, err, "(request req-1)")

	server.Fail(funneltest.Fault{DropConnection: true})
	_, err = client.CustomFields.List(funnel.WithoutRetry(t.Context()))
	require.Empty(t, apitest.AsError[*funnel.RequestError](t, err).RequestID)
}

// clientWithJar returns a client that keeps cookies.
func clientWithJar(t *testing.T, transport http.RoundTripper) *funnel.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	return clientOver(t, nil, funnel.WithHTTPClient(&http.Client{Transport: transport, Jar: jar}))
}
