package funnel_test

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/internal/apitest"
)

// callOperation is Client.Call with a method that has no service.
func callOperation(column, method string) operation {
	return operation{column, "Call " + method, method, "/anything", func(ctx context.Context, c *funnel.Client) error {
		return c.Call(ctx, method, "/anything", nil, nil, nil)
	}}
}

var operations = []operation{
	getContact,
	{get, "list contacts", http.MethodGet, "/contacts", func(ctx context.Context, c *funnel.Client) error {
		_, err := c.Contacts.List(ctx, funnel.ContactListParams{})
		return err
	}},
	{get, "list webhooks", http.MethodGet, "/webhooks", func(ctx context.Context, c *funnel.Client) error {
		_, err := c.Webhooks.List(ctx)
		return err
	}},
	callOperation(get, http.MethodGet),

	{putAndDelete, "update a contact", http.MethodPut, "/contact", func(ctx context.Context, c *funnel.Client) error {
		return c.Contacts.Update(ctx, funnel.ContactID(7), funnel.ContactUpdateParams{FirstName: funnel.Ptr("Ada")})
	}},
	callOperation(putAndDelete, http.MethodPut),
	deleteContact,
	{putAndDelete, "set a custom field", http.MethodPut, "/contact-custom-field", func(ctx context.Context, c *funnel.Client) error {
		return c.Contacts.SetCustomField(ctx, funnel.ContactID(7), 1, "pro")
	}},
	{putAndDelete, "remove a tag", http.MethodDelete, "/contact-tag", func(ctx context.Context, c *funnel.Client) error {
		return c.Contacts.RemoveTag(ctx, funnel.ContactID(7), 1)
	}},
	{putAndDelete, "unschedule a campaign", http.MethodDelete, "/campaign-schedule", func(ctx context.Context, c *funnel.Client) error {
		return c.Campaigns.Unschedule(ctx, 7)
	}},

	{uniquePost, "create a contact", http.MethodPost, "/contact", func(ctx context.Context, c *funnel.Client) error {
		_, err := c.Contacts.Create(ctx, funnel.ContactCreateParams{Email: "ada@example.com"})
		return err
	}},
	createTag,
	{uniquePost, "create a webhook", http.MethodPost, "/webhook", func(ctx context.Context, c *funnel.Client) error {
		_, err := c.Webhooks.Create(ctx, funnel.WebhookCreateParams{URL: "https://example.com/hook"})
		return err
	}},
	{uniquePost, "add a tag", http.MethodPost, "/contact-tag", func(ctx context.Context, c *funnel.Client) error {
		return c.Contacts.AddTag(ctx, funnel.ContactID(7), 1)
	}},

	createFunnel,
	{otherPost, "enrol a contact", http.MethodPost, "/contact-sequence", func(ctx context.Context, c *funnel.Client) error {
		return c.Sequences.Enroll(ctx, 5, funnel.ContactID(7))
	}},
	{otherPost, "create a campaign", http.MethodPost, "/campaign", func(ctx context.Context, c *funnel.Client) error {
		_, err := c.Campaigns.Create(ctx, funnel.CampaignCreateParams{Name: "May"})
		return err
	}},
	{otherPost, "schedule a campaign", http.MethodPost, "/campaign-schedule", func(ctx context.Context, c *funnel.Client) error {
		return c.Campaigns.Schedule(ctx, 7, time.Now().Add(time.Hour))
	}},
	callOperation(otherPost, http.MethodPost),
	callOperation(otherPost, http.MethodPatch),
}

// attempts are the attempts per column of the retry table.
type attempts struct{ get, putAndDelete, uniquePost, otherPost int }

func (a attempts) of(op operation) int {
	return map[string]int{
		get: a.get, putAndDelete: a.putAndDelete, uniquePost: a.uniquePost, otherPost: a.otherPost,
	}[op.column]
}

var (
	allRepeat   = attempts{get: 4, putAndDelete: 4, uniquePost: 4, otherPost: 4}
	knownRepeat = attempts{get: 4, putAndDelete: 4, uniquePost: 4, otherPost: 1}
	noneRepeats = attempts{get: 1, putAndDelete: 1, uniquePost: 1, otherPost: 1}
)

// A waiting returns how long that many attempts take.
type waiting func(attempts int) (atLeast, atMost time.Duration)

// backoff is 1, 2 and 4 s, and up to half of that more.
func backoff(attempts int) (atLeast, atMost time.Duration) {
	nominal := time.Duration(1<<(attempts-1)-1) * time.Second
	return nominal, nominal + nominal/2
}

// eachTaking is backoff between attempts that take d each.
func eachTaking(d time.Duration) waiting {
	return func(attempts int) (atLeast, atMost time.Duration) {
		atLeast, atMost = backoff(attempts)
		return atLeast + time.Duration(attempts)*d, atMost + time.Duration(attempts)*d
	}
}

// minutes is one minute after each attempt but the last.
func minutes(attempts int) (atLeast, atMost time.Duration) {
	d := time.Duration(attempts-1) * time.Minute
	return d, d
}

func exactly(d time.Duration) waiting {
	return func(int) (atLeast, atMost time.Duration) { return d, d }
}

func isRequestError(cause error) func(*testing.T, error) {
	return func(t *testing.T, err error) {
		t.Helper()
		apitest.AsError[*funnel.RequestError](t, err)
		require.ErrorIs(t, err, cause)
	}
}

// TestRetryTable_EveryOperation is the retry table: each row for each column.
func TestRetryTable_EveryOperation(t *testing.T) {
	t.Parallel()
	unknownAuthority := &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}
	rows := []struct {
		name      string
		responder responder // to every attempt
		attempts  attempts
		takes     waiting
		applied   bool // what MayHaveBeenApplied says of a write
		check     func(*testing.T, error)
		context   func(context.Context) (context.Context, context.CancelFunc)
	}{{
		name:      "429",
		responder: tooMany(),
		attempts:  allRepeat, takes: minutes,
		check: func(t *testing.T, err error) {
			require.ErrorIs(t, err, funnel.ErrRateLimited)
			require.Equal(t, time.Minute, apitest.AsError[*funnel.RateLimitError](t, err).RetryAfter)
		},
	}, {
		name:      "500 in the envelope",
		responder: failure(500, "SERVER_ERROR", "Unexpected server-side error"),
		attempts:  allRepeat, takes: backoff, applied: true, check: isAPIError(500, funnel.ErrServer),
	}, {
		name:      "502 of a proxy",
		responder: htmlPage(502, "Bad Gateway"),
		attempts:  allRepeat, takes: backoff, applied: true, check: isAPIError(502, ""),
	}, {
		name:      "503 cut short",
		responder: cutShort(503, `{"succ`),
		attempts:  allRepeat, takes: backoff, applied: true, check: isAPIError(503, ""),
	}, {
		name:      "certainly not sent: no connection",
		responder: unsent(syscall.ECONNREFUSED),
		attempts:  allRepeat, takes: backoff, check: isRequestError(syscall.ECONNREFUSED),
	}, {
		name:      "certainly not sent: no TLS handshake",
		responder: unsent(io.EOF),
		attempts:  allRepeat, takes: backoff, check: isRequestError(io.EOF),
	}, {
		name:      "no complete response: reset",
		responder: breaks(syscall.ECONNRESET),
		attempts:  knownRepeat, takes: backoff, applied: true, check: isRequestError(syscall.ECONNRESET),
	}, {
		name:      "no complete response: end of file",
		responder: breaks(io.EOF),
		attempts:  knownRepeat, takes: backoff, applied: true, check: isRequestError(io.EOF),
	}, {
		name:      "no complete response: time-out",
		responder: hangs,
		attempts:  knownRepeat, takes: eachTaking(30 * time.Second), applied: true,
		check: isRequestError(context.DeadlineExceeded),
	}, {
		name:      "no complete response: 2xx cut short",
		responder: cutShort(200, `{"success":true,"data":{"id":`),
		attempts:  knownRepeat, takes: backoff, applied: true, check: isRequestError(io.ErrUnexpectedEOF),
	}, {
		name:      "no complete response: 2xx that is no JSON",
		responder: htmlPage(200, "Welcome"),
		attempts:  knownRepeat, takes: backoff, applied: true, check: isAPIError(200, ""),
	}, {
		name:      "no complete response: 2xx whose JSON breaks off",
		responder: respond(200, `{"success":true,"data":{"id":`),
		attempts:  knownRepeat, takes: backoff, applied: true, check: isAPIError(200, ""),
	}, {
		name:      "other 4xx: in the envelope",
		responder: failure(403, "FORBIDDEN", "No access"),
		attempts:  noneRepeats, takes: backoff, check: isAPIError(403, funnel.ErrForbidden),
	}, {
		name:      "other 4xx: of a proxy",
		responder: htmlPage(404, "Not Found"),
		attempts:  noneRepeats, takes: backoff, check: isAPIError(404, ""),
	}, {
		name:      "other 4xx: cut short",
		responder: cutShort(400, `{"succ`),
		attempts:  noneRepeats, takes: backoff, check: isAPIError(400, ""),
	}, {
		name:      "200 that says it is no success",
		responder: failure(200, "NEW_CODE", "No"),
		attempts:  noneRepeats, takes: backoff, check: isAPIError(200, "NEW_CODE"),
	}, {
		name:      "context over: deadline",
		responder: hangs,
		attempts:  noneRepeats, takes: exactly(10 * time.Second), applied: true,
		check: isRequestError(context.DeadlineExceeded),
		context: func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, 10*time.Second)
		},
	}, {
		name:      "context over: cancelled",
		responder: hangs,
		attempts:  noneRepeats, takes: exactly(10 * time.Second), applied: true,
		check: isRequestError(context.Canceled),
		context: func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(ctx)
			time.AfterFunc(10*time.Second, cancel)
			return ctx, cancel
		},
	}, {
		name:      "bad certificate",
		responder: unsent(unknownAuthority),
		attempts:  noneRepeats, takes: backoff, check: isRequestError(unknownAuthority),
	}, {
		name:      "redirect",
		responder: respond(302, "", "Location", "https://api.example.com/login"),
		attempts:  noneRepeats, takes: backoff, check: isAPIError(302, ""),
	}, {
		name:      "redirect to what was done",
		responder: respond(303, "", "Location", "https://api.example.com/v1/funnel?funnel_id=7"),
		attempts:  noneRepeats, takes: backoff, applied: true, check: isAPIError(303, ""),
	}, {
		name:      "2xx that means another thing by success",
		responder: respond(201, `{"success":1,"data":`+seven+`}`),
		attempts:  noneRepeats, takes: backoff, applied: true, check: isAPIError(201, ""),
	}, {
		name:      "2xx that does not say that it is a success",
		responder: respond(201, `{"data":`+seven+`}`),
		attempts:  noneRepeats, takes: backoff, applied: true, check: isAPIError(201, ""),
	}}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			for _, op := range operations {
				t.Run(op.column+"/"+op.name, func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						api := newMockAPI(t).on(op.method, op.path, row.responder)
						client := api.client(t)
						ctx := t.Context()
						if row.context != nil {
							var cancel context.CancelFunc
							ctx, cancel = row.context(ctx)
							defer cancel()
						}
						started := time.Now()

						err := op.call(ctx, client)

						took := time.Since(started)
						want := row.attempts.of(op)
						require.Len(t, api.requests(), want)
						atLeast, atMost := row.takes(want)
						require.GreaterOrEqual(t, took, atLeast)
						require.LessOrEqual(t, took, atMost)
						row.check(t, err)
						require.Equal(t, apitest.Failure{
							Method:             op.method,
							Path:               op.path,
							Attempts:           want,
							MayHaveBeenApplied: row.applied && op.column != get,
						}, apitest.FailureOf(t, err))
						requireSameRequests(t, api.requests())
					})
				})
			}
		})
	}
}

// requireSameRequests requires that every attempt sends the same.
func requireSameRequests(t *testing.T, sent []sentRequest) {
	t.Helper()
	for _, again := range sent[1:] {
		first := sent[0]
		again.At, again.Context = first.At, first.Context
		require.Equal(t, first, again)
	}
}

// A bad path is refused before anything is sent.
func TestRetryTable_BadURL(t *testing.T) {
	t.Parallel()
	for _, column := range []struct{ name, method string }{
		{get, http.MethodGet},
		{putAndDelete, http.MethodPut},
		{putAndDelete, http.MethodDelete},
		{otherPost, http.MethodPost},
	} {
		t.Run(column.name+"/"+column.method, func(t *testing.T) {
			t.Parallel()
			client := newMockAPI(t).client(t) // to which nothing may come
			requireArgumentError(t, client.Call(t.Context(), column.method, "/contact?id=1", nil, nil, nil), "path")
			requireArgumentError(t, client.Call(t.Context(), column.method, "//evil.example/contact", nil, nil, nil), "path")
		})
	}
}

// A bad certificate is not retried: it would still be bad.
func TestRetry_BadCertificates(t *testing.T) {
	t.Parallel()
	for name, bad := range map[string]error{
		"not verified":      &tls.CertificateVerificationError{Err: io.EOF},
		"unknown authority": x509.UnknownAuthorityError{},
		"of another host":   x509.HostnameError{Certificate: &x509.Certificate{}, Host: "api.example.com"},
		"expired":           x509.CertificateInvalidError{Cert: &x509.Certificate{}, Reason: x509.Expired},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api := newMockAPI(t).on(http.MethodGet, "/contact", unsent(bad))
			apitest.RequireFailure(t, "GET /contact: 1 attempt, not applied", getContact.call(t.Context(), api.client(t)))
			require.Len(t, api.requests(), 1)
		})
	}
}

// A call succeeds if one of its attempts does.
func TestRetry_SucceedsAfterFailures(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name       string
		responders []responder // before the success
		op         operation
		takes      waiting
	}{
		{"429, then success", []responder{tooMany()}, createFunnel, minutes},
		{"5xx, then success", []responder{failure(500, "SERVER_ERROR", "Oops")}, createFunnel, backoff},
		{"not sent, then success", []responder{unsent(syscall.ECONNREFUSED)}, createFunnel, backoff},
		{"reset, then success", []responder{breaks(syscall.ECONNRESET)}, createTag, backoff},
		{"cut short, then success", []responder{cutShort(200, `{"succ`)}, getContact, backoff},
		{"three failures of three kinds, then success",
			[]responder{htmlPage(502, "Bad Gateway"), unsent(io.EOF), breaks(io.EOF)}, getContact, backoff},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				api := newMockAPI(t).on(tt.op.method, tt.op.path, append(tt.responders, data(seven))...)
				client := api.client(t)
				var response funnel.Response
				started := time.Now()

				err := tt.op.call(funnel.WithResponse(t.Context(), &response), client)

				require.NoError(t, err)
				want := len(tt.responders) + 1
				require.Len(t, api.requests(), want)
				require.Equal(t, want, response.Attempts)
				require.Equal(t, http.StatusOK, response.StatusCode)
				atLeast, atMost := tt.takes(want)
				require.GreaterOrEqual(t, time.Since(started), atLeast)
				require.LessOrEqual(t, time.Since(started), atMost)
			})
		})
	}
}

// A backoff has up to 50 % of jitter, so that clients that failed together do not
// retry together.
func TestRetry_Backoff(t *testing.T) {
	t.Parallel()
	second := time.Second
	tests := []struct {
		name   string
		policy funnel.RetryPolicy
		want   []time.Duration // nominal waits
	}{
		{"default", funnel.RetryPolicy{}, []time.Duration{second, 2 * second, 4 * second}},
		{"doubles up to MaxWait", funnel.RetryPolicy{MaxAttempts: 9}, []time.Duration{
			second, 2 * second, 4 * second, 8 * second, 16 * second, 30 * second, 30 * second, 30 * second,
		}},
		{"own bounds", funnel.RetryPolicy{MaxAttempts: 5, MinWait: 20 * time.Millisecond, MaxWait: 50 * time.Millisecond},
			[]time.Duration{20 * time.Millisecond, 40 * time.Millisecond, 50 * time.Millisecond, 50 * time.Millisecond}},
		{"MinWait over MaxWait", funnel.RetryPolicy{MinWait: time.Minute}, []time.Duration{time.Minute, time.Minute, time.Minute}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				tt.policy.Budget = -1
				const calls = 20
				jitter, wide := map[time.Duration]bool{}, false
				for range calls {
					api := newMockAPI(t).on(http.MethodGet, "/contact", failure(503, "SERVER_ERROR", "Oops"))
					require.ErrorIs(t, getContact.call(t.Context(), api.client(t, funnel.WithRetry(tt.policy))), funnel.ErrServer)
					gaps := gapsBetween(api.requests())
					require.Len(t, gaps, len(tt.want))
					for i, nominal := range tt.want {
						require.GreaterOrEqual(t, gaps[i], nominal)
						require.LessOrEqual(t, gaps[i], nominal+nominal/2)
						wide = wide || gaps[i] > nominal+nominal/3
					}
					jitter[gaps[0]] = true
				}
				require.Greater(t, len(jitter), calls/2)
				require.True(t, wide, "not one of the waits was in the upper third of what is allowed")
			})
		})
	}
}

// The longest possible backoff does not overflow by its jitter.
func TestRetry_LongestBackoff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := newMockAPI(t).on(http.MethodGet, "/contact", failure(503, "SERVER_ERROR", "Oops"))
		client := api.client(t, funnel.WithRetry(funnel.RetryPolicy{MinWait: math.MaxInt64}))
		ctx, cancel := context.WithTimeout(t.Context(), 24*time.Hour)
		defer cancel()
		apitest.RequireFailure(t, "GET /contact: 1 attempt, not applied", getContact.call(ctx, client))
	})
}

// The wait before the second attempt follows Retry-After.
func TestRetry_RetryAfter(t *testing.T) {
	t.Parallel()
	// The bubble's clock starts at midnight UTC 2000-01-01.
	const inTwentySeconds = "Sat, 01 Jan 2000 00:00:20 GMT"
	tests := []struct {
		name            string
		responder       responder
		policy          funnel.RetryPolicy
		atLeast, atMost time.Duration
	}{
		{"5xx without one", respond(503, ""), funnel.RetryPolicy{}, time.Second, 1500 * time.Millisecond},
		{"5xx that asks for more", respond(503, "", "Retry-After", "20"), funnel.RetryPolicy{}, 20 * time.Second, 30 * time.Second},
		{"5xx that names the date", respond(503, "", "Retry-After", inTwentySeconds), funnel.RetryPolicy{}, 20 * time.Second, 30 * time.Second},
		{"5xx that asks for less", respond(503, "", "Retry-After", "0"), funnel.RetryPolicy{}, time.Second, 1500 * time.Millisecond},
		{"5xx that asks for more than MaxWait", respond(503, "", "Retry-After", "3600"), funnel.RetryPolicy{}, 30 * time.Second, 45 * time.Second},
		{"5xx that asks for more than an own MaxWait", respond(503, "", "Retry-After", "3600"), funnel.RetryPolicy{MaxWait: 5 * time.Second}, 5 * time.Second, 7500 * time.Millisecond},
		{"5xx that says when the window turns", respond(503, "", "X-RateLimit-Reset", "946684875"), funnel.RetryPolicy{}, time.Second, 1500 * time.Millisecond},
		{"5xx that cannot be understood", respond(503, "", "Retry-After", "soon"), funnel.RetryPolicy{}, time.Second, 1500 * time.Millisecond},
		{"429 without one", tooMany(), funnel.RetryPolicy{}, time.Minute, time.Minute},
		{"429 that asks for less", tooMany("Retry-After", "5"), funnel.RetryPolicy{}, time.Minute, time.Minute},
		{"429 that asks for more", tooMany("Retry-After", "90"), funnel.RetryPolicy{}, 90 * time.Second, 90 * time.Second},
		{"429 that names a date that has nearly come", tooMany("Retry-After", inTwentySeconds), funnel.RetryPolicy{}, time.Minute, time.Minute},
		{"429 that says when the window turns", tooMany("X-RateLimit-Reset", "946684875"), funnel.RetryPolicy{}, 75 * time.Second, 75 * time.Second},
		{"429 at an own RateLimitWait", tooMany(), funnel.RetryPolicy{RateLimitWait: 2 * time.Minute}, 2 * time.Minute, 2 * time.Minute},
		{"429 that asks for just MaxRateLimitWait", tooMany("Retry-After", "300"), funnel.RetryPolicy{}, 5 * time.Minute, 5 * time.Minute},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				api := newMockAPI(t).on(http.MethodPost, "/funnel", tt.responder, data(seven))
				require.NoError(t, createFunnel.call(t.Context(), api.client(t, funnel.WithRetry(tt.policy))))
				gaps := gapsBetween(api.requests())
				require.Len(t, gaps, 1)
				require.GreaterOrEqual(t, gaps[0], tt.atLeast)
				require.LessOrEqual(t, gaps[0], tt.atMost)
			})
		})
	}
}

func TestRetry_MaxAttempts(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name        string
		maxAttempts int
		responders  []responder
		want        int
	}{
		{name: "none", maxAttempts: 1, responders: []responder{respond(503, "")}, want: 1},
		{name: "none of a 429", maxAttempts: 1, responders: []responder{tooMany()}, want: 1},
		{name: "the default for 0", responders: []responder{respond(503, "")}, want: 4},
		{name: "six", maxAttempts: 6, responders: []responder{respond(503, "")}, want: 6},
		{name: "a 429 counts", maxAttempts: 4, responders: []responder{tooMany(), respond(503, ""), tooMany(), respond(503, "")}, want: 4},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				api := newMockAPI(t).on(http.MethodGet, "/contact", tt.responders...)
				client := api.client(t, funnel.WithRetry(funnel.RetryPolicy{MaxAttempts: tt.maxAttempts}))
				err := getContact.call(t.Context(), client)
				require.Equal(t, tt.want, apitest.FailureOf(t, err).Attempts)
				require.Len(t, api.requests(), tt.want)
			})
		})
	}
}

func TestRetry_NoRetryCreateOn5xx(t *testing.T) {
	t.Parallel()
	policy := funnel.DefaultRetryPolicy()
	policy.NoRetryCreateOn5xx = true
	rows := []struct {
		name      string
		responder responder
		want      attempts
	}{
		{"5xx", failure(500, "SERVER_ERROR", "Oops"), knownRepeat},
		{"429", tooMany(), allRepeat},
		{"certainly not sent", unsent(io.EOF), allRepeat},
		{"reset", breaks(io.EOF), knownRepeat},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			for _, op := range operations {
				t.Run(op.column+"/"+op.name, func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						api := newMockAPI(t).on(op.method, op.path, row.responder)
						err := op.call(t.Context(), api.client(t, funnel.WithRetry(policy)))
						require.Equal(t, row.want.of(op), apitest.FailureOf(t, err).Attempts)
						require.Len(t, api.requests(), row.want.of(op))
					})
				})
			}
		})
	}
}

func TestWithoutRetry_SendsOnce(t *testing.T) {
	t.Parallel()
	for name, response := range map[string]responder{
		"429":                tooMany(),
		"5xx":                failure(500, "SERVER_ERROR", "Oops"),
		"certainly not sent": unsent(io.EOF),
		"reset":              breaks(io.EOF),
		"unreadable":         htmlPage(200, "Welcome"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				api := newMockAPI(t).on(http.MethodGet, "/contact", response)
				started := time.Now()
				err := getContact.call(funnel.WithoutRetry(t.Context()), api.client(t))
				apitest.RequireFailure(t, "GET /contact: 1 attempt, not applied", err)
				require.Len(t, api.requests(), 1)
				require.Zero(t, time.Since(started))
			})
		})
	}
}

// Calls without retries wait for the pause of the client too.
func TestWithoutRetry_WaitsForTheRateLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := newMockAPI(t).on(http.MethodGet, "/contact", tooMany(), data(seven))
		client := api.client(t)
		ctx := funnel.WithoutRetry(t.Context())
		require.ErrorIs(t, getContact.call(ctx, client), funnel.ErrRateLimited)
		started := time.Now()
		require.NoError(t, getContact.call(ctx, client))
		require.Equal(t, time.Minute, time.Since(started))
	})
}

// If a wait would exceed the context's deadline, the call fails immediately. Its error
// matches that of the attempt, and that of a deadline.
func TestRetry_DeadlineBeforeTheWaitEnds(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name      string
		responder responder
		timeout   time.Duration
		want      func(*testing.T, error)
		kind      string // as without a deadline
	}{
		{"backoff", failure(503, "SERVER_ERROR", "Oops"), 900 * time.Millisecond, isAPIError(503, funnel.ErrServer), "SERVER_ERROR"},
		{"Retry-After of a 5xx", respond(503, `{}`, "Retry-After", "20"), 20 * time.Second, isAPIError(503, ""), "503"},
		{"backoff after no connection", unsent(syscall.ECONNREFUSED), 900 * time.Millisecond, isRequestError(syscall.ECONNREFUSED), "other"},
		{"pause of a 429", tooMany(), time.Minute, isAPIError(429, funnel.ErrRateLimited), "RATE_LIMITED"},
		{"Retry-After of a 429", tooMany("Retry-After", "120"), 120 * time.Second, isAPIError(429, funnel.ErrRateLimited), "RATE_LIMITED"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				api := newMockAPI(t).on(http.MethodPost, "/funnel", tt.responder)
				client := api.client(t)
				ctx, cancel := context.WithTimeout(t.Context(), tt.timeout)
				defer cancel()
				started := time.Now()

				err := createFunnel.call(ctx, client)

				require.Zero(t, time.Since(started))
				require.Len(t, api.requests(), 1)
				tt.want(t, err)
				require.ErrorIs(t, err, context.DeadlineExceeded)
				require.Equal(t, tt.kind, funnel.ErrorKind(err))
				require.NoError(t, ctx.Err())
			})
		})
	}
}

func TestRetry_DeadlineAllowsTheWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := newMockAPI(t).on(http.MethodGet, "/contact", failure(503, "SERVER_ERROR", "Oops"))
		ctx, cancel := context.WithTimeout(t.Context(), 1600*time.Millisecond)
		defer cancel()
		err := getContact.call(ctx, api.client(t))
		require.ErrorIs(t, err, funnel.ErrServer)
		require.Len(t, api.requests(), 2) // the third would have to wait for 2 s
		require.Equal(t, 2, apitest.FailureOf(t, err).Attempts)
	})
}

// A Retry-After over MaxRateLimitWait fails the call immediately, and all others until
// it has passed, without a request.
func TestRetry_RetryAfterOverMaxRateLimitWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := newMockAPI(t).
			on(http.MethodGet, "/contact", tooMany("Retry-After", "600"), data(seven)).
			on(http.MethodPost, "/funnel", data(seven))
		client := api.client(t)
		started := time.Now()

		err := getContact.call(t.Context(), client)
		require.Zero(t, time.Since(started))
		refused := apitest.AsError[*funnel.RateLimitError](t, err)
		require.Equal(t, 10*time.Minute, refused.RetryAfter)
		require.Equal(t, 1, refused.Attempts)
		require.Equal(t, "Too Many Attempts.", refused.Message)

		wait(t, 4*time.Minute)
		asked := time.Now()
		err = createFunnel.call(t.Context(), client)
		require.Zero(t, time.Since(asked))
		require.ErrorIs(t, err, funnel.ErrRateLimited)
		refused = apitest.AsError[*funnel.RateLimitError](t, err)
		require.Equal(t, 6*time.Minute, refused.RetryAfter)
		apitest.RequireFailure(t, "POST /funnel: 0 attempts, not applied", err)
		require.Equal(t, []string{"GET /contact"}, api.operations())

		wait(t, time.Minute) // what is left of the pause is allowed now
		require.NoError(t, createFunnel.call(t.Context(), client))
		require.Equal(t, 10*time.Minute, time.Since(started))
	})
}

// A pause may last for MaxRateLimitWait, also if the 429s of requests in flight come one
// after the other and extend it.
func TestRetry_BurstOf429s(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name       string
		retryAfter string
		policy     funnel.RetryPolicy
	}{
		{name: "by default"},
		{name: "Retry-After of just MaxRateLimitWait", retryAfter: "300"},
		{name: "RateLimitWait of just MaxRateLimitWait", policy: funnel.RetryPolicy{RateLimitWait: 5 * time.Minute}},
		{name: "MaxRateLimitWait of just RateLimitWait", policy: funnel.RetryPolicy{MaxRateLimitWait: time.Minute}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				var requests atomic.Int64
				client := clientOver(t, apitest.RoundTripper(func(req *http.Request) (*http.Response, error) {
					n := requests.Add(1)
					if time.Since(start) < time.Second {
						return after(time.Duration(n)*100*time.Millisecond, tooMany("Retry-After", tt.retryAfter))(req)
					}
					return after(roundTrip, data(seven))(req)
				}), funnel.WithRetry(tt.policy))
				for result := range funnel.Each(t.Context(), client, slices.Values(make([]int, 100)), func(ctx context.Context, _ int) error {
					return getContact.call(ctx, client)
				}) {
					require.NoError(t, result.Err)
				}
			})
		})
	}
}

// Only pauses count towards MaxRateLimitWait: not the backoff after a 5xx, and not a slow
// response after the pause.
func TestRetry_MaxRateLimitWaitCountsPausesOnly(t *testing.T) {
	t.Parallel()
	for _, policy := range []funnel.RetryPolicy{{MaxRateLimitWait: time.Minute}, {MinWait: 130 * time.Second, MaxWait: 130 * time.Second}} {
		t.Run(fmt.Sprint("backoff, ", policy.MaxRateLimitWait), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				api := newMockAPI(t).on(http.MethodGet, "/contact", tooMany(), respond(503, ""), respond(503, ""), data(seven))
				require.NoError(t, getContact.call(t.Context(), api.client(t, funnel.WithRetry(policy))))
			})
		})
	}
	t.Run("slow response", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			api := newMockAPI(t).on(http.MethodGet, "/contact", tooMany(), after(2500*time.Millisecond, data(seven)))
			client := api.client(t, funnel.WithRetry(funnel.RetryPolicy{MaxRateLimitWait: time.Minute}))
			var wg sync.WaitGroup
			for _, at := range []time.Duration{0, time.Second, time.Second, 61500 * time.Millisecond} {
				wg.Go(func() {
					wait(t, at)
					if err := getContact.call(t.Context(), client); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
		})
	})
}

// A Retry-After of years does not pause the client for years.
func TestRetry_RetryAfterYears(t *testing.T) {
	t.Parallel()
	for _, years := range []string{"99999999999", "99999999999999999999999", "Fri, 31 Dec 9999 23:59:59 GMT"} {
		t.Run(years, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				api := newMockAPI(t).on(http.MethodGet, "/contact", tooMany("Retry-After", years), data(seven))
				client := api.client(t)
				err := getContact.call(t.Context(), client)
				require.Equal(t, 24*time.Hour, apitest.AsError[*funnel.RateLimitError](t, err).RetryAfter)
				require.Equal(t, time.Now().Add(24*time.Hour), client.RateLimit().PausedUntil)
				wait(t, 24*time.Hour)
				require.NoError(t, getContact.call(t.Context(), client))
			})
		})
	}
}

// If a call that waits to retry meets a pause that is too long for it, its error is that
// of its last attempt.
func TestRetry_BackoffIntoALongPause(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := newMockAPI(t).
			on(http.MethodPost, "/funnel", failure(503, "SERVER_ERROR", "Oops")).
			on(http.MethodGet, "/contact", tooMany("Retry-After", "600"))
		client := api.client(t)
		failed := make(chan error, 1)
		go func() { failed <- createFunnel.call(t.Context(), client) }()
		synctest.Wait() // it is in its backoff
		require.ErrorIs(t, getContact.call(t.Context(), client), funnel.ErrRateLimited)
		err := <-failed
		require.EqualError(t, err, "funnel: POST /funnel: 503 SERVER_ERROR: Oops (may have been applied, stopped retrying: "+
			"after a 429 the client pauses for another 10m0s, which is longer than MaxRateLimitWait allows)")
		require.ErrorIs(t, err, funnel.ErrServer)
		apitest.RequireFailure(t, "POST /funnel: 1 attempt, may have been applied", err)
	})
}

// Cancelling ends every wait immediately. The error says why the call waited, and why
// it stopped.
func TestRetry_CancelDuringAWait(t *testing.T) {
	t.Parallel()
	oneInAMinute := funnel.WithRateLimit(1, time.Minute)
	tests := []struct {
		name       string
		responders []responder
		before     int // calls that are through
		opts       []funnel.Option
		at         time.Duration // of the cancellation; 0: 500 ms
		cause      error         // of the wait; nil: none but the limit
		want       apitest.Failure
	}{
		{name: "backoff after a 5xx", responders: []responder{failure(503, "SERVER_ERROR", "Oops")},
			cause: funnel.ErrServer, want: apitest.Failure{Method: "POST", Path: "/funnel", Attempts: 1, MayHaveBeenApplied: true}},
		{name: "backoff after no connection", responders: []responder{unsent(syscall.ECONNREFUSED)},
			cause: syscall.ECONNREFUSED, want: apitest.Failure{Method: "POST", Path: "/funnel", Attempts: 1, MayHaveBeenApplied: false}},
		{name: "pause after the call's own 429", responders: []responder{tooMany()},
			cause: funnel.ErrRateLimited, want: apitest.Failure{Method: "POST", Path: "/funnel", Attempts: 1, MayHaveBeenApplied: false}},
		{name: "quota", responders: []responder{data(seven)}, before: 1, opts: []funnel.Option{oneInAMinute},
			want: apitest.Failure{Method: "POST", Path: "/funnel", Attempts: 0, MayHaveBeenApplied: false}},
		{name: "quota of a retry", responders: []responder{failure(503, "SERVER_ERROR", "Oops")}, opts: []funnel.Option{oneInAMinute},
			at:    10 * time.Second,
			cause: funnel.ErrServer, want: apitest.Failure{Method: "POST", Path: "/funnel", Attempts: 1, MayHaveBeenApplied: true}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, by := range []string{"cancel", "cancel with a cause"} {
				t.Run(by, func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						api := newMockAPI(t).on(http.MethodPost, "/funnel", tt.responders...)
						client := api.client(t, tt.opts...)
						for range tt.before {
							require.NoError(t, createFunnel.call(t.Context(), client))
						}
						var cause error
						if by != "cancel" {
							cause = errors.New("the user went away")
						}
						ctx, cancel := context.WithCancelCause(t.Context())
						later := cmp.Or(tt.at, 500*time.Millisecond)
						time.AfterFunc(later, func() { cancel(cause) })
						started := time.Now()

						err := createFunnel.call(ctx, client)

						require.Equal(t, later, time.Since(started))
						require.ErrorIs(t, err, context.Canceled)
						if cause != nil {
							require.ErrorIs(t, err, cause)
						}
						if tt.cause != nil {
							require.ErrorIs(t, err, tt.cause)
						}
						require.Equal(t, tt.want, apitest.FailureOf(t, err))
						require.Len(t, api.requests(), tt.before+tt.want.Attempts)
					})
				})
			}
		})
	}
}

// The error of a cancelled wait has the response that caused the wait.
func TestRetry_CancelledWaitKeepsTheResponse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const said = `{"success":false,"error":{"code":"SERVER_ERROR","message":"Oops"},"trace":"abc"}`
		api := newMockAPI(t).on(http.MethodGet, "/contact", respond(500, said, "X-Request-Id", "r-1"))
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second/2, cancel)
		err := getContact.call(ctx, api.client(t))
		require.EqualError(t, err, "funnel: GET /contact: context canceled, while waiting to retry after "+
			"GET /contact: 500 SERVER_ERROR: Oops (request r-1)")
		apiErr := apitest.AsError[*funnel.APIError](t, err)
		require.Equal(t, said, string(apiErr.Body))
		require.Equal(t, "r-1", apiErr.RequestID)
	})
}

// If a DELETE may have been applied and its retry returns NOT_FOUND, it succeeds.
func TestRetry_DeleteNotFoundOnTheSecondAttempt(t *testing.T) {
	t.Parallel()
	notFound := failure(404, "NOT_FOUND", "Contact not found")
	tests := []struct {
		name       string
		responders []responder
		wantErr    error // nil: success
	}{
		{"after a 5xx", []responder{failure(500, "SERVER_ERROR", "Oops"), notFound}, nil},
		{"after a lost response", []responder{breaks(io.EOF), notFound}, nil},
		{"after a response cut short", []responder{cutShort(200, `{"succ`), notFound}, nil},
		{"after an unreadable response", []responder{htmlPage(200, "Welcome"), notFound}, nil},
		{"after a lost response and a 429", []responder{breaks(io.EOF), tooMany(), notFound}, nil},
		{"at first", []responder{notFound}, funnel.ErrNotFound},
		{"after a 429", []responder{tooMany(), notFound}, funnel.ErrNotFound},
		{"after it was certainly not sent", []responder{unsent(io.EOF), notFound}, funnel.ErrNotFound},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				api := newMockAPI(t).on(http.MethodDelete, "/contact", tt.responders...)
				err := deleteContact.call(t.Context(), api.client(t))
				require.Len(t, api.requests(), len(tt.responders))
				if tt.wantErr == nil {
					require.NoError(t, err)
					return
				}
				require.ErrorIs(t, err, tt.wantErr)
				require.Equal(t, apitest.Failure{Method: "DELETE", Path: "/contact", Attempts: len(tt.responders), MayHaveBeenApplied: false}, apitest.FailureOf(t, err))
			})
		})
	}

	t.Run("not where a proxy's page says 404", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			api := newMockAPI(t).on(http.MethodDelete, "/contact", breaks(io.EOF), htmlPage(404, "Not Found"))
			err := deleteContact.call(t.Context(), api.client(t))
			require.NotErrorIs(t, err, funnel.ErrNotFound)
			apitest.RequireFailure(t, "DELETE /contact: 2 attempts, may have been applied", err)
		})
	})

	t.Run("not where a result is expected", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			api := newMockAPI(t).on(http.MethodDelete, "/anything", breaks(io.EOF), notFound)
			var out map[string]any
			err := api.client(t).Call(t.Context(), http.MethodDelete, "/anything", nil, nil, &out)
			require.ErrorIs(t, err, funnel.ErrNotFound)
			require.True(t, apitest.FailureOf(t, err).MayHaveBeenApplied)
		})
	})

	t.Run("not for a PUT", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			api := newMockAPI(t).on(http.MethodPut, "/anything", breaks(io.EOF), notFound)
			err := api.client(t).Call(t.Context(), http.MethodPut, "/anything", nil, nil, nil)
			require.ErrorIs(t, err, funnel.ErrNotFound)
			require.True(t, apitest.FailureOf(t, err).MayHaveBeenApplied)
		})
	})
}

// If a retry of a create returns a conflict, the error says that it may have been
// applied: by the first attempt.
func TestRetry_CreateConflictsWithItself(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := newMockAPI(t).on(http.MethodPost, "/tag", breaks(io.EOF), failure(409, "TAG_EXISTS", "A tag with that name already exists"))
		err := createTag.call(t.Context(), api.client(t))
		require.ErrorIs(t, err, funnel.ErrTagExists)
		apitest.RequireFailure(t, "POST /tag: 2 attempts, may have been applied", err)
		require.EqualError(t, err, "funnel: POST /tag: 409 TAG_EXISTS: A tag with that name already exists "+
			"(after 2 attempts, may have been applied)")
	})
}

// The error is that of the last attempt, with its whole response.
func TestRetry_ErrorHasTheLastResponse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		last := `{"success":false,"error":{"code":"SERVER_ERROR","message":"the fourth"},"trace":["a","b"]}`
		api := newMockAPI(t).on(http.MethodGet, "/contact",
			failure(500, "SERVER_ERROR", "the first"), failure(500, "SERVER_ERROR", "the second"), breaks(io.EOF),
			respond(503, last, "X-Request-Id", "r-4", "X-Node", "n2"))
		err := getContact.call(t.Context(), api.client(t))
		apiErr := apitest.AsError[*funnel.APIError](t, err)
		require.Equal(t, &funnel.APIError{
			Code: funnel.ErrServer, Message: "the fourth", StatusCode: 503,
			Method: "GET", Path: "/contact", RequestID: "r-4", Attempts: 4,
			Header: http.Header{"Content-Type": {"application/json"}, "X-Request-Id": {"r-4"}, "X-Node": {"n2"}},
			Body:   []byte(last),
		}, apiErr)
	})
}

func TestRetry_ErrorKeeps64KiBOfTheBody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		page := "<html>" + strings.Repeat("x", 1<<20)
		api := newMockAPI(t).on(http.MethodGet, "/contact", respond(502, page, "Content-Type", "text/html"))
		err := getContact.call(t.Context(), api.client(t))
		require.Equal(t, page[:64<<10], string(apitest.AsError[*funnel.APIError](t, err).Body))
		require.Less(t, len(err.Error()), 1000)
	})
}

func TestWithRetry_BadPolicy(t *testing.T) {
	t.Parallel()
	tests := []struct {
		field  string
		policy funnel.RetryPolicy
	}{
		{"MaxAttempts", funnel.RetryPolicy{MaxAttempts: -1}},
		{"MinWait", funnel.RetryPolicy{MinWait: -1}},
		{"MaxWait", funnel.RetryPolicy{MaxWait: -1}},
		{"RateLimitWait", funnel.RetryPolicy{RateLimitWait: -1}},
		{"MaxRateLimitWait", funnel.RetryPolicy{MaxRateLimitWait: -1}},
	}
	for _, tt := range tests {
		t.Run(tt.field, func(t *testing.T) {
			t.Parallel()
			client, err := funnel.New(testKey, funnel.WithBaseURL(testBaseURL), funnel.WithRetry(tt.policy))
			require.Nil(t, client)
			requireArgumentError(t, err, "RetryPolicy."+tt.field)
		})
	}
}

func TestDefaultRetryPolicy_Values(t *testing.T) {
	t.Parallel()
	require.Equal(t, funnel.RetryPolicy{
		MaxAttempts:      4,
		MinWait:          time.Second,
		MaxWait:          30 * time.Second,
		RateLimitWait:    time.Minute,
		MaxRateLimitWait: 5 * time.Minute,
		Budget:           100,
	}, funnel.DefaultRetryPolicy())
}

// A response that has arrived counts, also if the context ends at that moment.
func TestRetry_ContextEndsWithTheResponse(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	client := newMockAPI(t).on(http.MethodPost, "/funnel", data(seven)).client(t, funnel.WithObserver(funnel.Observer{
		AttemptDone: func(context.Context, funnel.AttemptInfo, funnel.AttemptResult) { cancel() },
	}))
	require.NoError(t, createFunnel.call(ctx, client))
	require.Error(t, ctx.Err())
}

// Calls that failed together do not retry together, also with a Retry-After.
func TestRetry_RetryAfterHasJitter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const calls = 90
		start := time.Now()
		api := newMockAPI(t).on(http.MethodGet, "/contact", func(req *http.Request) (*http.Response, error) {
			if time.Since(start) < time.Second {
				return after(100*time.Millisecond, respond(503, "", "Retry-After", "20"))(req)
			}
			return data(seven)(req)
		})
		client := api.client(t)
		apitest.Spread(calls, calls, func(int) {
			if err := getContact.call(t.Context(), client); err != nil {
				t.Error(err)
			}
		})
		requests := api.requests()
		require.Len(t, requests, 2*calls)
		first, last := requests[calls].At, requests[2*calls-1].At
		require.GreaterOrEqual(t, first.Sub(start), 20*time.Second)
		require.Greater(t, last.Sub(first), 5*time.Second)
		require.Less(t, last.Sub(start), 31*time.Second)
	})
}

func TestRetryBudget_Counts(t *testing.T) {
	t.Parallel()
	ones := slices.Repeat([]int{1}, 19)
	drained := slices.Concat([]int{3}, ones, []int{2}, ones, []int{2}) // twenty failed calls return one retry
	tests := []struct {
		name      string
		budget    int
		responder responder
		want      []int // attempts of one call after the other
	}{
		{"drained by 5xx", 2, failure(503, "SERVER_ERROR", "Oops"), drained},
		{"drained by lost responses", 2, breaks(io.EOF), drained},
		{"drained by missing connections", 2, unsent(io.EOF), drained},
		{"not by 429", 2, tooMany(), []int{4, 4, 4, 4}},
		{"not if it is as large as can be", math.MaxInt, failure(503, "SERVER_ERROR", "Oops"), []int{4, 4}},
		{"never", -1, failure(503, "SERVER_ERROR", "Oops"), []int{4, 4, 4, 4, 4, 4}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				api := newMockAPI(t).on(http.MethodGet, "/contact", tt.responder)
				client := api.client(t, funnel.WithRetry(funnel.RetryPolicy{Budget: tt.budget}))
				got := []int{}
				for range tt.want {
					got = append(got, apitest.FailureOf(t, getContact.call(t.Context(), client)).Attempts)
				}
				require.Equal(t, tt.want, got)
			})
		})
	}
}

// Calls that succeed refill the budget, up to its capacity.
func TestRetryBudget_Refills(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		healthy := true
		api := newMockAPI(t).on(http.MethodGet, "/contact", func(req *http.Request) (*http.Response, error) {
			if healthy {
				return data(seven)(req)
			}
			return respond(503, "")(req)
		})
		client := api.client(t, funnel.WithRetry(funnel.RetryPolicy{Budget: 3}))
		for range 100 {
			require.NoError(t, getContact.call(t.Context(), client))
		}
		healthy = false
		require.Equal(t, 4, apitest.FailureOf(t, getContact.call(t.Context(), client)).Attempts)
		require.Equal(t, 1, apitest.FailureOf(t, getContact.call(t.Context(), client)).Attempts)
		healthy = true
		for range 5 {
			require.NoError(t, getContact.call(t.Context(), client))
		}
		healthy = false
		require.Equal(t, 4, apitest.FailureOf(t, getContact.call(t.Context(), client)).Attempts)
	})
}

// A policy that does not set the budget has the default one: 100 retries, and one
// more for each 20 failed calls.
func TestWithRetry_BudgetByDefault(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := newMockAPI(t).on(http.MethodGet, "/contact", respond(503, ""))
		client := api.client(t, funnel.WithRetry(funnel.RetryPolicy{MaxAttempts: 2}), funnel.WithRateLimit(1<<20, time.Second))
		const calls = 1000
		for range calls {
			require.Error(t, getContact.call(t.Context(), client))
		}
		require.InDelta(t, calls+100+calls/20, len(api.requests()), 2)
	})
}
