package funnel_test

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
)

// An operation is a call of the retry table's columns.
type operation struct {
	column, name string
	method, path string
	call         func(context.Context, *funnel.Client) error
}

// The columns of the retry table.
const (
	get          = "GET"
	putAndDelete = "PUT and DELETE"
	uniquePost   = "POST with a unique key or set semantics"
	otherPost    = "other POST"
)

var (
	getContact = operation{get, "get a contact", http.MethodGet, "/contact",
		func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Contacts.Get(ctx, funnel.ContactID(7))
			return err
		}}
	createFunnel = operation{otherPost, "create a funnel", http.MethodPost, "/funnel",
		func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Funnels.Create(ctx, funnel.FunnelCreateParams{Name: "Spring"})
			return err
		}}
	deleteContact = operation{putAndDelete, "delete a contact", http.MethodDelete, "/contact",
		func(ctx context.Context, c *funnel.Client) error { return c.Contacts.Delete(ctx, funnel.ContactID(7)) }}
	createTag = operation{uniquePost, "create a tag", http.MethodPost, "/tag",
		func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Tags.Create(ctx, funnel.TagCreateParams{Name: "vip"})
			return err
		}}
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
	callOperation(get, http.MethodHead),

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

// Columns of attempts, in the order of the retry table.
type attempts struct{ get, putAndDelete, uniquePost, otherPost int }

func (a attempts) of(op operation) int {
	return map[string]int{
		get: a.get, putAndDelete: a.putAndDelete, uniquePost: a.uniquePost, otherPost: a.otherPost,
	}[op.column]
}

var (
	allRepeat   = attempts{4, 4, 4, 4}
	knownRepeat = attempts{4, 4, 4, 1}
	noneRepeats = attempts{1, 1, 1, 1}
)

// A waiting says how long so many attempts take, at least and at most.
type waiting func(attempts int) (atLeast, atMost time.Duration)

// backoff is 1, 2 and 4 s, and up to half of that more.
func backoff(attempts int) (atLeast, atMost time.Duration) {
	nominal := time.Duration(1<<(attempts-1)-1) * time.Second
	return nominal, nominal + nominal/2
}

// eachTaking is backoff between attempts that take so long themselves.
func eachTaking(d time.Duration) waiting {
	return func(attempts int) (atLeast, atMost time.Duration) {
		atLeast, atMost = backoff(attempts)
		return atLeast + time.Duration(attempts)*d, atMost + time.Duration(attempts)*d
	}
}

// minutes is one of them after each attempt but the last.
func minutes(attempts int) (atLeast, atMost time.Duration) {
	d := time.Duration(attempts-1) * time.Minute
	return d, d
}

func exactly(d time.Duration) waiting {
	return func(int) (atLeast, atMost time.Duration) { return d, d }
}

func isAnswer(status int, code funnel.Code) func(*testing.T, error) {
	return func(t *testing.T, err error) {
		t.Helper()
		answered := asError[*funnel.APIError](t, err)
		require.Equal(t, status, answered.StatusCode)
		require.Equal(t, code, answered.Code)
	}
}

func isNoAnswer(cause error) func(*testing.T, error) {
	return func(t *testing.T, err error) {
		t.Helper()
		asError[*funnel.RequestError](t, err)
		require.ErrorIs(t, err, cause)
	}
}

// TestRetryTable is the retry table: each row for each column.
func TestRetryTable(t *testing.T) {
	t.Parallel()
	unknownAuthority := &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}
	rows := []struct {
		name     string
		reply    reply // to every attempt
		attempts attempts
		takes    waiting
		applied  bool // what MayHaveBeenApplied says of a write
		check    func(*testing.T, error)
		context  func(context.Context) (context.Context, context.CancelFunc)
	}{{
		name:     "429",
		reply:    tooMany(),
		attempts: allRepeat, takes: minutes,
		check: func(t *testing.T, err error) {
			require.ErrorIs(t, err, funnel.ErrRateLimited)
			require.Equal(t, time.Minute, asError[*funnel.RateLimitError](t, err).RetryAfter)
		},
	}, {
		name:     "500 in the envelope",
		reply:    failure(500, "SERVER_ERROR", "Unexpected server-side error"),
		attempts: allRepeat, takes: backoff, applied: true, check: isAnswer(500, funnel.ErrServer),
	}, {
		name:     "502 of a proxy",
		reply:    htmlPage(502, "Bad Gateway"),
		attempts: allRepeat, takes: backoff, applied: true, check: isAnswer(502, ""),
	}, {
		name:     "503 cut short",
		reply:    cutShort(503, `{"succ`),
		attempts: allRepeat, takes: backoff, applied: true, check: isAnswer(503, ""),
	}, {
		name:     "surely not sent: no connection",
		reply:    unsent(syscall.ECONNREFUSED),
		attempts: allRepeat, takes: backoff, check: isNoAnswer(syscall.ECONNREFUSED),
	}, {
		name:     "surely not sent: no TLS handshake",
		reply:    unsent(io.EOF),
		attempts: allRepeat, takes: backoff, check: isNoAnswer(io.EOF),
	}, {
		name:     "no whole answer: reset",
		reply:    breaks(syscall.ECONNRESET),
		attempts: knownRepeat, takes: backoff, applied: true, check: isNoAnswer(syscall.ECONNRESET),
	}, {
		name:     "no whole answer: end of file",
		reply:    breaks(io.EOF),
		attempts: knownRepeat, takes: backoff, applied: true, check: isNoAnswer(io.EOF),
	}, {
		name:     "no whole answer: time-out",
		reply:    hangs,
		attempts: knownRepeat, takes: eachTaking(30 * time.Second), applied: true,
		check: isNoAnswer(context.DeadlineExceeded),
	}, {
		name:     "no whole answer: 2xx cut short",
		reply:    cutShort(200, `{"success":true,"data":{"id":`),
		attempts: knownRepeat, takes: backoff, applied: true, check: isNoAnswer(io.ErrUnexpectedEOF),
	}, {
		name:     "no whole answer: 2xx that is no JSON",
		reply:    htmlPage(200, "Welcome"),
		attempts: knownRepeat, takes: backoff, applied: true, check: isAnswer(200, ""),
	}, {
		name:     "no whole answer: 2xx whose JSON breaks off",
		reply:    answers(200, `{"success":true,"data":{"id":`),
		attempts: knownRepeat, takes: backoff, applied: true, check: isAnswer(200, ""),
	}, {
		name:     "other 4xx: in the envelope",
		reply:    failure(403, "FORBIDDEN", "No access"),
		attempts: noneRepeats, takes: backoff, check: isAnswer(403, funnel.ErrForbidden),
	}, {
		name:     "other 4xx: of a proxy",
		reply:    htmlPage(404, "Not Found"),
		attempts: noneRepeats, takes: backoff, check: isAnswer(404, ""),
	}, {
		name:     "other 4xx: cut short",
		reply:    cutShort(400, `{"succ`),
		attempts: noneRepeats, takes: backoff, check: isAnswer(400, ""),
	}, {
		name:     "200 that says it is no success",
		reply:    failure(200, "NEW_CODE", "No"),
		attempts: noneRepeats, takes: backoff, check: isAnswer(200, "NEW_CODE"),
	}, {
		name:     "context over: deadline",
		reply:    hangs,
		attempts: noneRepeats, takes: exactly(10 * time.Second), applied: true,
		check: isNoAnswer(context.DeadlineExceeded),
		context: func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, 10*time.Second)
		},
	}, {
		name:     "context over: cancelled",
		reply:    hangs,
		attempts: noneRepeats, takes: exactly(10 * time.Second), applied: true,
		check: isNoAnswer(context.Canceled),
		context: func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(ctx)
			time.AfterFunc(10*time.Second, cancel)
			return ctx, cancel
		},
	}, {
		name:     "bad certificate",
		reply:    unsent(unknownAuthority),
		attempts: noneRepeats, takes: backoff, check: isNoAnswer(unknownAuthority),
	}, {
		name:     "redirect",
		reply:    answers(302, "", "Location", "https://api.example.com/login"),
		attempts: noneRepeats, takes: backoff, check: isAnswer(302, ""),
	}, {
		name:     "redirect to what was done",
		reply:    answers(303, "", "Location", "https://api.example.com/v1/funnel?funnel_id=7"),
		attempts: noneRepeats, takes: backoff, applied: true, check: isAnswer(303, ""),
	}, {
		name:     "2xx that means another thing by success",
		reply:    answers(201, `{"success":1,"data":`+seven+`}`),
		attempts: noneRepeats, takes: backoff, applied: true, check: isAnswer(201, ""),
	}, {
		name:     "2xx that does not say that it is a success",
		reply:    answers(201, `{"data":`+seven+`}`),
		attempts: noneRepeats, takes: backoff, applied: true, check: isAnswer(201, ""),
	}}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			for _, op := range operations {
				t.Run(op.column+"/"+op.name, func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						api := newMockAPI(t).on(op.method, op.path, row.reply)
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
						require.Equal(t, callFailure{
							Method:             op.method,
							Path:               op.path,
							Attempts:           want,
							MayHaveBeenApplied: row.applied && op.column != get,
						}, failureOf(t, err))
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

// A bad URL is refused before anything is sent, so there is nothing to repeat.
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

// A certificate that is bad in any way stays so.
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
			require.Equal(t, callFailure{"GET", "/contact", 1, false}, failureOf(t, getContact.call(t.Context(), api.client(t))))
			require.Len(t, api.requests(), 1)
		})
	}
}

// What helps is repeated until it does, and then the call has succeeded.
func TestRetry_SucceedsAfterFailures(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		replies []reply // before the success
		op      operation
		takes   waiting
	}{
		{"429, then success", []reply{tooMany()}, createFunnel, minutes},
		{"5xx, then success", []reply{failure(500, "SERVER_ERROR", "Oops")}, createFunnel, backoff},
		{"not sent, then success", []reply{unsent(syscall.ECONNREFUSED)}, createFunnel, backoff},
		{"reset, then success", []reply{breaks(syscall.ECONNRESET)}, createTag, backoff},
		{"cut short, then success", []reply{cutShort(200, `{"succ`)}, getContact, backoff},
		{"three failures of three kinds, then success",
			[]reply{htmlPage(502, "Bad Gateway"), unsent(io.EOF), breaks(io.EOF)}, getContact, backoff},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				api := newMockAPI(t).on(tt.op.method, tt.op.path, append(tt.replies, data(seven))...)
				client := api.client(t)
				var response funnel.Response
				started := time.Now()

				err := tt.op.call(funnel.WithResponse(t.Context(), &response), client)

				require.NoError(t, err)
				want := len(tt.replies) + 1
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

// A wait is never less than nominal and at most half of that more, and no two
// clients that failed together come back together.
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

// The longest wait that there is has no room for jitter, and is no short one.
func TestRetry_LongestBackoff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := newMockAPI(t).on(http.MethodGet, "/contact", failure(503, "SERVER_ERROR", "Oops"))
		client := api.client(t, funnel.WithRetry(funnel.RetryPolicy{MinWait: math.MaxInt64}))
		ctx, cancel := context.WithTimeout(t.Context(), 24*time.Hour)
		defer cancel()
		require.Equal(t, callFailure{"GET", "/contact", 1, false}, failureOf(t, getContact.call(ctx, client)))
	})
}

func gapsBetween(sent []sentRequest) []time.Duration {
	gaps := []time.Duration{}
	for i := range sent[1:] {
		gaps = append(gaps, sent[i+1].At.Sub(sent[i].At))
	}
	return gaps
}

// The wait before the second attempt, as the server's Retry-After asks for it.
func TestRetry_RetryAfter(t *testing.T) {
	t.Parallel()
	// The bubble's clock starts at midnight UTC 2000-01-01.
	const inTwentySeconds = "Sat, 01 Jan 2000 00:00:20 GMT"
	tests := []struct {
		name            string
		reply           reply
		policy          funnel.RetryPolicy
		atLeast, atMost time.Duration
	}{
		{"5xx without one", answers(503, ""), funnel.RetryPolicy{}, time.Second, 1500 * time.Millisecond},
		{"5xx that asks for more", answers(503, "", "Retry-After", "20"), funnel.RetryPolicy{}, 20 * time.Second, 30 * time.Second},
		{"5xx that names the date", answers(503, "", "Retry-After", inTwentySeconds), funnel.RetryPolicy{}, 20 * time.Second, 30 * time.Second},
		{"5xx that asks for less", answers(503, "", "Retry-After", "0"), funnel.RetryPolicy{}, time.Second, 1500 * time.Millisecond},
		{"5xx that asks for more than MaxWait", answers(503, "", "Retry-After", "3600"), funnel.RetryPolicy{}, 30 * time.Second, 45 * time.Second},
		{"5xx that asks for more than an own MaxWait", answers(503, "", "Retry-After", "3600"), funnel.RetryPolicy{MaxWait: 5 * time.Second}, 5 * time.Second, 7500 * time.Millisecond},
		{"5xx that says when the window turns", answers(503, "", "X-RateLimit-Reset", "946684875"), funnel.RetryPolicy{}, time.Second, 1500 * time.Millisecond},
		{"5xx that cannot be understood", answers(503, "", "Retry-After", "soon"), funnel.RetryPolicy{}, time.Second, 1500 * time.Millisecond},
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
				api := newMockAPI(t).on(http.MethodPost, "/funnel", tt.reply, data(seven))
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
		replies     []reply
		want        int
	}{
		{"none", 1, []reply{answers(503, "")}, 1},
		{"none of a 429", 1, []reply{tooMany()}, 1},
		{"the default for 0", 0, []reply{answers(503, "")}, 4},
		{"six", 6, []reply{answers(503, "")}, 6},
		{"a 429 counts", 4, []reply{tooMany(), answers(503, ""), tooMany(), answers(503, "")}, 4},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				api := newMockAPI(t).on(http.MethodGet, "/contact", tt.replies...)
				client := api.client(t, funnel.WithRetry(funnel.RetryPolicy{MaxAttempts: tt.maxAttempts}))
				err := getContact.call(t.Context(), client)
				require.Equal(t, tt.want, failureOf(t, err).Attempts)
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
		name  string
		reply reply
		want  attempts
	}{
		{"5xx", failure(500, "SERVER_ERROR", "Oops"), knownRepeat},
		{"429", tooMany(), allRepeat},
		{"surely not sent", unsent(io.EOF), allRepeat},
		{"reset", breaks(io.EOF), knownRepeat},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			for _, op := range operations {
				t.Run(op.column+"/"+op.name, func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						api := newMockAPI(t).on(op.method, op.path, row.reply)
						err := op.call(t.Context(), api.client(t, funnel.WithRetry(policy)))
						require.Equal(t, row.want.of(op), failureOf(t, err).Attempts)
						require.Len(t, api.requests(), row.want.of(op))
					})
				})
			}
		})
	}
}

func TestWithoutRetry_SendsOnce(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]reply{
		"429":             tooMany(),
		"5xx":             failure(500, "SERVER_ERROR", "Oops"),
		"surely not sent": unsent(io.EOF),
		"reset":           breaks(io.EOF),
		"unreadable":      htmlPage(200, "Welcome"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				api := newMockAPI(t).on(http.MethodGet, "/contact", answer)
				started := time.Now()
				err := getContact.call(funnel.WithoutRetry(t.Context()), api.client(t))
				require.Equal(t, callFailure{"GET", "/contact", 1, false}, failureOf(t, err))
				require.Len(t, api.requests(), 1)
				require.Zero(t, time.Since(started))
			})
		})
	}
}

// Calls without retries still keep to the pause of the client.
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

// A wait that leaves no time for an attempt is not begun.
func TestRetry_DeadlineThatAWaitWouldOutlast(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		reply   reply
		timeout time.Duration
		want    func(*testing.T, error)
	}{
		{"backoff", failure(503, "SERVER_ERROR", "Oops"), 900 * time.Millisecond, isAnswer(503, funnel.ErrServer)},
		{"Retry-After of a 5xx", answers(503, `{}`, "Retry-After", "20"), 20 * time.Second, isAnswer(503, "")},
		{"backoff after no connection", unsent(syscall.ECONNREFUSED), 900 * time.Millisecond, isNoAnswer(syscall.ECONNREFUSED)},
		{"pause of a 429", tooMany(), time.Minute, isAnswer(429, funnel.ErrRateLimited)},
		{"Retry-After of a 429", tooMany("Retry-After", "120"), 120 * time.Second, isAnswer(429, funnel.ErrRateLimited)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				api := newMockAPI(t).on(http.MethodPost, "/funnel", tt.reply)
				client := api.client(t)
				ctx, cancel := context.WithTimeout(t.Context(), tt.timeout)
				defer cancel()
				started := time.Now()

				err := createFunnel.call(ctx, client)

				require.Zero(t, time.Since(started))
				require.Len(t, api.requests(), 1)
				tt.want(t, err)
				require.NotErrorIs(t, err, context.DeadlineExceeded)
				require.NoError(t, ctx.Err())
			})
		})
	}
}

func TestRetry_DeadlineThatAllowsTheWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := newMockAPI(t).on(http.MethodGet, "/contact", failure(503, "SERVER_ERROR", "Oops"))
		ctx, cancel := context.WithTimeout(t.Context(), 1600*time.Millisecond)
		defer cancel()
		err := getContact.call(ctx, api.client(t))
		require.ErrorIs(t, err, funnel.ErrServer)
		require.Len(t, api.requests(), 2) // the third would have to wait for 2 s
		require.Equal(t, 2, failureOf(t, err).Attempts)
	})
}

// A server that wants more patience than the policy has fails the call at once,
// and all others until the pause is over, without asking it again.
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
		refused := asError[*funnel.RateLimitError](t, err)
		require.Equal(t, 10*time.Minute, refused.RetryAfter)
		require.Equal(t, 1, refused.Attempts)
		require.Equal(t, "Too Many Attempts.", refused.Message)

		wait(t, 4*time.Minute)
		asked := time.Now()
		err = createFunnel.call(t.Context(), client)
		require.Zero(t, time.Since(asked))
		require.ErrorIs(t, err, funnel.ErrRateLimited)
		refused = asError[*funnel.RateLimitError](t, err)
		require.Equal(t, 6*time.Minute, refused.RetryAfter)
		require.Equal(t, callFailure{"POST", "/funnel", 0, false}, failureOf(t, err))
		require.Equal(t, []string{"GET /contact"}, api.operations())

		wait(t, time.Minute) // what is left of the pause is allowed now
		require.NoError(t, createFunnel.call(t.Context(), client))
		require.Equal(t, 10*time.Minute, time.Since(started))
	})
}

// A Retry-After that nobody can mean does not pause the client for years.
func TestRetry_RetryAfterOfYears(t *testing.T) {
	t.Parallel()
	for _, years := range []string{"99999999999", "99999999999999999999999", "Fri, 31 Dec 9999 23:59:59 GMT"} {
		t.Run(years, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				api := newMockAPI(t).on(http.MethodGet, "/contact", tooMany("Retry-After", years), data(seven))
				client := api.client(t)
				err := getContact.call(t.Context(), client)
				require.Equal(t, 24*time.Hour, asError[*funnel.RateLimitError](t, err).RetryAfter)
				require.Equal(t, time.Now().Add(24*time.Hour), client.RateLimit().PausedUntil)
				wait(t, 24*time.Hour)
				require.NoError(t, getContact.call(t.Context(), client))
			})
		})
	}
}

// A retry that meets the client's pause, which somebody else's 429 began and
// which is too long for it, fails with both: why it came back, and why it went
// no further.
func TestRetry_BackoffIntoAPauseThatIsTooLong(t *testing.T) {
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
		require.ErrorIs(t, err, funnel.ErrRateLimited)
		require.ErrorIs(t, err, funnel.ErrServer)
		require.Equal(t, callFailure{"POST", "/funnel", 1, true}, failureOf(t, err))
	})
}

// Cancelling ends every wait at once; the error says both why the call waited
// and why it stopped.
func TestRetry_CancelDuringAWait(t *testing.T) {
	t.Parallel()
	oneInAMinute := funnel.WithRateLimit(1, time.Minute)
	tests := []struct {
		name    string
		replies []reply
		before  int // calls that are through
		opts    []funnel.Option
		at      time.Duration // of the cancellation; 0: 500 ms
		cause   error         // of the wait; nil: none but the limit
		want    callFailure
	}{
		{name: "backoff after a 5xx", replies: []reply{failure(503, "SERVER_ERROR", "Oops")},
			cause: funnel.ErrServer, want: callFailure{"POST", "/funnel", 1, true}},
		{name: "backoff after no connection", replies: []reply{unsent(syscall.ECONNREFUSED)},
			cause: syscall.ECONNREFUSED, want: callFailure{"POST", "/funnel", 1, false}},
		{name: "pause after the call's own 429", replies: []reply{tooMany()},
			cause: funnel.ErrRateLimited, want: callFailure{"POST", "/funnel", 1, false}},
		{name: "quota", replies: []reply{data(seven)}, before: 1, opts: []funnel.Option{oneInAMinute},
			want: callFailure{"POST", "/funnel", 0, false}},
		{name: "quota of a retry", replies: []reply{failure(503, "SERVER_ERROR", "Oops")}, opts: []funnel.Option{oneInAMinute},
			at:    10 * time.Second,
			cause: funnel.ErrServer, want: callFailure{"POST", "/funnel", 1, true}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, by := range []string{"cancel", "cancel with a cause"} {
				t.Run(by, func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						api := newMockAPI(t).on(http.MethodPost, "/funnel", tt.replies...)
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
						require.Equal(t, tt.want, failureOf(t, err))
						require.Len(t, api.requests(), tt.before+tt.want.Attempts)
					})
				})
			}
		})
	}
}

// The error of a cancelled wait still has what the server said.
func TestRetry_CancelledWaitKeepsTheAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const said = `{"success":false,"error":{"code":"SERVER_ERROR","message":"Oops"},"trace":"abc"}`
		api := newMockAPI(t).on(http.MethodGet, "/contact", answers(500, said, "X-Request-Id", "r-1"))
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second/2, cancel)
		err := getContact.call(ctx, api.client(t))
		require.EqualError(t, err, "funnel: GET /contact: context canceled, while waiting to retry after "+
			"GET /contact: 500 SERVER_ERROR: Oops (request r-1)")
		answered := asError[*funnel.APIError](t, err)
		require.Equal(t, said, string(answered.Body))
		require.Equal(t, "r-1", answered.RequestID)
	})
}

// A DELETE that may have worked has worked when its retry finds nothing.
func TestRetry_DeleteThatFindsNothingTheSecondTime(t *testing.T) {
	t.Parallel()
	notFound := failure(404, "NOT_FOUND", "Contact not found")
	tests := []struct {
		name    string
		replies []reply
		wantErr error // nil: success
	}{
		{"after a 5xx", []reply{failure(500, "SERVER_ERROR", "Oops"), notFound}, nil},
		{"after a lost answer", []reply{breaks(io.EOF), notFound}, nil},
		{"after an answer cut short", []reply{cutShort(200, `{"succ`), notFound}, nil},
		{"after an unreadable answer", []reply{htmlPage(200, "Welcome"), notFound}, nil},
		{"after a lost answer and a 429", []reply{breaks(io.EOF), tooMany(), notFound}, nil},
		{"at first", []reply{notFound}, funnel.ErrNotFound},
		{"after a 429", []reply{tooMany(), notFound}, funnel.ErrNotFound},
		{"after it was surely not sent", []reply{unsent(io.EOF), notFound}, funnel.ErrNotFound},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				api := newMockAPI(t).on(http.MethodDelete, "/contact", tt.replies...)
				err := deleteContact.call(t.Context(), api.client(t))
				require.Len(t, api.requests(), len(tt.replies))
				if tt.wantErr == nil {
					require.NoError(t, err)
					return
				}
				require.ErrorIs(t, err, tt.wantErr)
				require.Equal(t, callFailure{"DELETE", "/contact", len(tt.replies), false}, failureOf(t, err))
			})
		})
	}

	t.Run("not where a proxy's page says 404", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			api := newMockAPI(t).on(http.MethodDelete, "/contact", breaks(io.EOF), htmlPage(404, "Not Found"))
			err := deleteContact.call(t.Context(), api.client(t))
			require.NotErrorIs(t, err, funnel.ErrNotFound)
			require.Equal(t, callFailure{"DELETE", "/contact", 2, true}, failureOf(t, err))
		})
	})

	t.Run("not where a result is expected", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			api := newMockAPI(t).on(http.MethodDelete, "/anything", breaks(io.EOF), notFound)
			var out map[string]any
			err := api.client(t).Call(t.Context(), http.MethodDelete, "/anything", nil, nil, &out)
			require.ErrorIs(t, err, funnel.ErrNotFound)
			require.True(t, failureOf(t, err).MayHaveBeenApplied)
		})
	})

	t.Run("not for a PUT", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			api := newMockAPI(t).on(http.MethodPut, "/anything", breaks(io.EOF), notFound)
			err := api.client(t).Call(t.Context(), http.MethodPut, "/anything", nil, nil, nil)
			require.ErrorIs(t, err, funnel.ErrNotFound)
			require.True(t, failureOf(t, err).MayHaveBeenApplied)
		})
	})
}

// A creation that meets itself says so: the first attempt may have done it.
func TestRetry_CreationThatConflictsWithItself(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := newMockAPI(t).on(http.MethodPost, "/tag", breaks(io.EOF), failure(409, "TAG_EXISTS", "A tag with that name already exists"))
		err := createTag.call(t.Context(), api.client(t))
		require.ErrorIs(t, err, funnel.ErrTagExists)
		require.Equal(t, callFailure{"POST", "/tag", 2, true}, failureOf(t, err))
		require.EqualError(t, err, "funnel: POST /tag: 409 TAG_EXISTS: A tag with that name already exists "+
			"(after 2 attempts, may have been applied)")
	})
}

// The error is that of the last attempt, with all that its answer said.
func TestRetry_ErrorHasTheLastAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		last := `{"success":false,"error":{"code":"SERVER_ERROR","message":"the fourth"},"trace":["a","b"]}`
		api := newMockAPI(t).on(http.MethodGet, "/contact",
			failure(500, "SERVER_ERROR", "the first"), failure(500, "SERVER_ERROR", "the second"), breaks(io.EOF),
			answers(503, last, "X-Request-Id", "r-4", "X-Node", "n2"))
		err := getContact.call(t.Context(), api.client(t))
		answered := asError[*funnel.APIError](t, err)
		require.Equal(t, &funnel.APIError{
			Code: funnel.ErrServer, Message: "the fourth", StatusCode: 503,
			Method: "GET", Path: "/contact", RequestID: "r-4", Attempts: 4,
			Header: http.Header{"Content-Type": {"application/json"}, "X-Request-Id": {"r-4"}, "X-Node": {"n2"}},
			Body:   []byte(last),
		}, answered)
	})
}

func TestRetry_ErrorKeeps64KiBOfTheBody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		page := "<html>" + strings.Repeat("x", 1<<20)
		api := newMockAPI(t).on(http.MethodGet, "/contact", answers(502, page, "Content-Type", "text/html"))
		err := getContact.call(t.Context(), api.client(t))
		require.Equal(t, page[:64<<10], string(asError[*funnel.APIError](t, err).Body))
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

func TestDefaultRetryPolicy(t *testing.T) {
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

// A context that ends when the answer is there has not come in time.
func TestRetry_ContextThatEndsWithTheAnswer(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	client := newMockAPI(t).on(http.MethodPost, "/funnel", data(seven)).client(t, funnel.WithObserver(funnel.Observer{
		AttemptDone: func(context.Context, funnel.AttemptInfo, funnel.AttemptResult) { cancel() },
	}))
	require.NoError(t, createFunnel.call(ctx, client))
	require.Error(t, ctx.Err())
}

// Calls that failed together do not return together, also if the server says when.
func TestRetry_RetryAfterHasJitter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const calls = 90
		start := time.Now()
		api := newMockAPI(t).on(http.MethodGet, "/contact", func(req *http.Request) (*http.Response, error) {
			if time.Since(start) < time.Second {
				return after(100*time.Millisecond, answers(503, "", "Retry-After", "20"))(req)
			}
			return data(seven)(req)
		})
		client := api.client(t)
		spread(calls, calls, func(int) {
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
