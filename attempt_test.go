package funnel_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
)

// An idleCounter counts how often somebody closes its idle connections.
type idleCounter struct {
	http.RoundTripper
	closed atomic.Int32
}

func (c *idleCounter) CloseIdleConnections() { c.closed.Add(1) }

func TestAttempt_NeverClosesTheTransportsIdleConnections(t *testing.T) {
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

// The test runs itself once more to see all that goes to the process's
// standard error, by whatever way.
func TestAttempt_PrintsNothing(t *testing.T) {
	const inner = "FUNNEL_TEST_PRINTS_NOTHING"
	if os.Getenv(inner) != "" {
		synctest.Test(t, func(t *testing.T) {
			api := newMockAPI(t).
				on(http.MethodGet, "/contact", breaks(io.EOF), answers(503, "oops"), htmlPage(200, "Welcome")).
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

// A transport that does not tell whether it got a connection is taken to have
// sent the request, whatever its error says.
func TestAttempt_TransportWithoutTraceCountsAsSent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := newMockAPI(t).on(http.MethodPost, "/funnel", breaks(errors.New("dial tcp: connection refused")))
		err := createFunnel.call(t.Context(), api.client(t))
		require.Equal(t, callFailure{"POST", "/funnel", 1, true}, failureOf(t, err))
		require.EqualError(t, err, "funnel: POST /funnel: dial tcp: connection refused (may have been applied)")
	})
}

// An attempt has its time from the moment the rate limiter lets it go, the body
// included; the call has as much as its attempts and waits need.
func TestAttempt_Timeout(t *testing.T) {
	t.Parallel()
	stuckBody := func(req *http.Request) (*http.Response, error) {
		resp, err := answers(200, "")(req)
		resp.Body = io.NopCloser(readerFunc(func([]byte) (int, error) {
			<-req.Context().Done()
			return 0, req.Context().Err()
		}))
		return resp, err
	}
	tests := []struct {
		name            string
		reply           reply
		opts            []funnel.Option
		atLeast, atMost time.Duration
	}{
		{"default", hangs, nil, 127 * time.Second, 130500 * time.Millisecond},
		{"own", hangs, []funnel.Option{funnel.WithAttemptTimeout(5 * time.Second)}, 27 * time.Second, 30500 * time.Millisecond},
		{"body that stops coming", stuckBody, []funnel.Option{funnel.WithAttemptTimeout(5 * time.Second)}, 27 * time.Second, 30500 * time.Millisecond},
		{"the quota's wait does not count", hangs, []funnel.Option{
			funnel.WithAttemptTimeout(6 * time.Second), funnel.WithRateLimit(1, 10*time.Second),
		}, 4*6*time.Second + 3*10*time.Second, 4*6*time.Second + 3*12*time.Second}, // without an answer a slot is held longer
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				api := newMockAPI(t).on(http.MethodGet, "/contact", tt.reply)
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

// A retry is as good as the first attempt where the first was too slow.
func TestAttempt_SlowAnswerThenFastOne(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := newMockAPI(t).on(http.MethodGet, "/contact", after(time.Minute, data(seven)), after(time.Second, data(seven)))
		require.NoError(t, getContact.call(t.Context(), api.client(t)))
		require.Len(t, api.requests(), 2)
	})
}

// A body over the limit would be no smaller the next time.
func TestAttempt_BodyOverTheLimit(t *testing.T) {
	t.Parallel()
	long := success(`{"id":7,"name":"` + strings.Repeat("x", 100) + `"}`)
	for _, op := range operations {
		t.Run(op.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				api := newMockAPI(t).on(op.method, op.path, answers(200, long))
				started := time.Now()
				err := op.call(t.Context(), api.client(t, funnel.WithMaxResponseBytes(100)))
				require.Equal(t, callFailure{op.method, op.path, 1, op.column != get}, failureOf(t, err))
				require.ErrorContains(t, err, "over 100 bytes")
				require.Zero(t, time.Since(started))
			})
		})
	}

	// What is no success is known by its status, however much comes with it.
	for _, tt := range []struct {
		name     string
		reply    reply
		attempts int
		check    func(*testing.T, error)
	}{
		{"429", answers(429, long), 4, isAnswer(429, funnel.ErrRateLimited)},
		{"5xx", answers(503, long), 4, isAnswer(503, "")},
		{"4xx", answers(404, long), 1, isAnswer(404, "")},
		{"redirect", answers(302, long), 1, isAnswer(302, "")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				api := newMockAPI(t).on(http.MethodPost, "/funnel", tt.reply)
				err := createFunnel.call(t.Context(), api.client(t, funnel.WithMaxResponseBytes(100)))
				tt.check(t, err)
				require.Equal(t, tt.attempts, failureOf(t, err).Attempts)
				require.Equal(t, long[:100], string(asError[*funnel.APIError](t, err).Body))
			})
		})
	}

	t.Run("just at the limit", func(t *testing.T) {
		t.Parallel()
		api := newMockAPI(t).on(http.MethodGet, "/contact", answers(200, long))
		require.NoError(t, getContact.call(t.Context(), api.client(t, funnel.WithMaxResponseBytes(int64(len(long))))))
	})
}

// A response that is JSON but not what the call expects is an error that shows the
// response. A retry would get the same.
func TestAttempt_UnexpectedResult(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, body, want string
	}{
		{"no data", `{"success":true}`, `no result in "data"`},
		{"null data", success(`null`), `no result in "data"`},
		{"data of another kind", success(`"ok"`), "string"},
		{"a list", success(`[` + seven + `]`), "array"},
		{"a bare list", `[1]`, "array"},
		{"a bare resource", seven, `no "success"`},
		{"a nested result", success(`{"tag":` + seven + `}`), "it has no id"},
		{"the id under its old name", success(`{"tag_id":7,"name":"vip"}`), "it has no id"},
		{"a null id", success(`{"id":null,"name":"vip"}`), "it has no id"},
		{"the id 0", success(`{"id":0,"name":"vip"}`), "it has no id"},
		{"an empty object", success(`{}`), "it has no id"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				api := newMockAPI(t).on(http.MethodPost, "/tag", answers(201, tt.body))
				err := createTag.call(t.Context(), api.client(t))
				require.ErrorContains(t, err, tt.want)
				require.ErrorContains(t, err, tt.body)
				require.Equal(t, callFailure{"POST", "/tag", 1, true}, failureOf(t, err))
				require.Equal(t, tt.body, string(asError[*funnel.APIError](t, err).Body))
			})
		})
	}
}

// Get checks that the result is the requested resource: a server that ignores the
// parameter returns another one.
func TestAttempt_AnotherResourceThanRequested(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, path, result string
		get                func(context.Context, *funnel.Client) error
		want               string // of the error; empty: none
	}{
		{"a contact by id", "/contact", `{"id":8}`, getContact.call, "another resource was requested (contact_id)"},
		{"the contact by id", "/contact", seven, getContact.call, ""},
		{"the contact by id, as a string", "/contact", `{"id":"7"}`, getContact.call, ""},
		{"a contact by e-mail", "/contact", `{"id":7,"email":"grace@example.com"}`, getByEmail, "another resource was requested (email)"},
		{"the contact by e-mail", "/contact", `{"id":7,"email":"ada@example.com"}`, getByEmail, ""},
		{"the contact by e-mail in another case", "/contact", `{"id":7,"email":"Ada@Example.COM"}`, getByEmail, ""},
		{"a contact without an e-mail by e-mail", "/contact", `{"id":7,"email":null}`, getByEmail, ""},
		{"an order", "/order", `{"id":7,"id_order":"acme-2"}`, getOrder, "another resource was requested (id_order)"},
		{"the order", "/order", `{"id":7,"id_order":"acme-1"}`, getOrder, ""},
		{"the order, a number", "/order", `{"id":7,"id_order":12}`, getOrderNumber, ""},
		{"an order in another case", "/order", `{"id":7,"id_order":"ACME-1"}`, getOrder, "another resource was requested (id_order)"},
		{"a campaign", "/campaign", `{"id":8}`, getCampaign, "another resource was requested (campaign_id)"},
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
			require.Equal(t, success(tt.result), string(asError[*funnel.APIError](t, err).Body))
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

// A 2xx without a result is a success only where no result is expected.
func TestAttempt_EmptyAnswer(t *testing.T) {
	t.Parallel()
	empty := map[string]reply{
		"204":                 answers(204, ""),
		"200 without a body":  answers(200, ""),
		"200 of white space":  answers(200, " \n"),
		"success, no data":    answers(200, `{"success":true}`),
		"success, null data":  data(`null`),
		"success, empty list": data(`[]`),
	}
	for name, answer := range empty {
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
						api := newMockAPI(t).on(op.method, op.path, answer)
						err := op.call(t.Context(), api.client(t))
						if noResult {
							require.NoError(t, err)
							require.Len(t, api.requests(), 1)
							return
						}
						answered := asError[*funnel.APIError](t, err)
						require.Empty(t, answered.Code)
						require.Contains(t, answered.Message, "the response is not")
					})
				})
			}
		})
	}
}

// Cookies that a server sets go with the next attempt, once.
func TestAttempt_CookiesAreSentOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := newMockAPI(t).on(http.MethodGet, "/contact",
			answers(503, "", "Set-Cookie", "node=n1; Path=/"), breaks(io.EOF), data(seven))
		client := clientWithJar(t, api)
		require.NoError(t, getContact.call(funnel.WithHeader(t.Context(), "Cookie", "own=1"), client))
		got := []string{}
		for _, req := range api.requests() {
			got = append(got, fmt.Sprint(req.Header["Cookie"]))
		}
		require.Equal(t, []string{"[own=1]", "[own=1; node=n1]", "[own=1; node=n1]"}, got)
	})
}

func TestAuth_WhatCannotBeSentWasNotSent(t *testing.T) {
	t.Parallel()
	mock := httpmock.NewMockTransport()
	client, err := funnel.New("secret", funnel.WithBaseURL("https://api.example.com"), funnel.WithHTTPClient(&http.Client{Transport: mock}),
		funnel.WithAuth(func(req *http.Request) error {
			req.Header.Set("X-Api-Key", "from a file\n")
			return nil
		}))
	require.NoError(t, err)
	_, err = client.Funnels.Create(t.Context(), funnel.FunnelCreateParams{Name: "Launch"})
	require.ErrorContains(t, err, "the value of X-Api-Key holds a control character")
	require.NotContains(t, err.Error(), "from a file")
	require.False(t, funnel.MayHaveBeenApplied(err))
	require.Zero(t, mock.GetTotalCallCount())
}

func TestAuth_ThatOutlastsTheDeadlineSendsNothing(t *testing.T) {
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

// A lateContext is of the user's own type: contexts made from it learn only some
// time later, by a goroutine, that it is over.
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

// Where a context ends just when it is the turn of a call in a bulk, nothing is
// sent, and the limiter gets its slot back once.
func TestAttempt_ContextThatEndsAtItsTurnInABulk(t *testing.T) {
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
		require.Equal(t, callFailure{"POST", "/funnel", 0, false}, failureOf(t, result.Err))
	}
	require.Equal(t, []funnel.Outcome{{Sent: false, Remaining: -1}}, outcomes)
}
