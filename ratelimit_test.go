package funnel_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
	"github.com/funnel-go/funnel/internal/apitest"
)

func TestRateLimit_LongJobUsesTheWholeQuota(t *testing.T) {
	for _, goroutines := range []int{50, 500} {
		for _, headers := range []bool{true, false} {
			t.Run(fmt.Sprintf("%d goroutines, headers %t", goroutines, headers), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					options := []funneltest.Option{apitest.Jitter(1)}
					if !headers {
						options = append(options, funneltest.WithoutRateLimitHeaders())
					}
					server := funneltest.NewServer(options...)
					defer server.Close()
					server.SeedContacts(1)
					client := server.Client()

					start := time.Now()
					apitest.Spread(5000, goroutines, func(int) {
						if _, err := client.Contacts.Get(t.Context(), funnel.ContactID(1)); err != nil {
							t.Error(err)
						}
					})
					took := time.Since(start)
					t.Logf("5,000 calls took %s", took)
					require.Equal(t, 5000, server.RequestCount(), "a rejected one would have come again")
					require.LessOrEqual(t, took, 488*time.Second, "eight full windows are 480 s")
				})
			})
		}
	}
}

func TestRateLimit_ShortJobIsNotSlowedDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := funneltest.NewServer(apitest.Latency(50 * time.Millisecond))
		defer server.Close()
		server.SeedContacts(1)
		client := server.Client()
		start := time.Now()
		for range 50 {
			_, err := client.Contacts.Get(t.Context(), funnel.ContactID(1))
			require.NoError(t, err)
		}
		require.Equal(t, 2500*time.Millisecond, time.Since(start))
	})
}

func TestRateLimit_TwoClientsShareAKey(t *testing.T) {
	for _, test := range []struct {
		headers  bool
		rejected int
	}{
		{headers: true, rejected: 60},
		{headers: false, rejected: 300},
	} {
		t.Run(fmt.Sprintf("headers %t", test.headers), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				options := []funneltest.Option{apitest.Jitter(7)}
				if !test.headers {
					options = append(options, funneltest.WithoutRateLimitHeaders())
				}
				server := funneltest.NewServer(options...)
				defer server.Close()
				server.SeedContacts(1)
				start := time.Now()
				var both sync.WaitGroup
				for range 2 {
					client := server.Client()
					both.Go(func() {
						apitest.Spread(2500, 25, func(int) {
							if _, err := client.Contacts.Get(t.Context(), funnel.ContactID(1)); err != nil {
								t.Error(err)
							}
						})
					})
				}
				both.Wait()
				took, rejected := time.Since(start), server.RequestCount()-5000
				t.Logf("5,000 calls of two clients took %s, %d rejected", took, rejected)
				require.LessOrEqual(t, rejected, test.rejected)
				require.LessOrEqual(t, took, 520*time.Second)
			})
		})
	}
}

func TestRateLimit_RejectionPausesTheClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := funneltest.NewServer(apitest.Latency(200 * time.Millisecond))
		defer server.Close()
		server.SeedContacts(1)
		client := server.Client()
		server.Fail(funneltest.Fault{Status: 429})
		_, err := client.Contacts.Get(funnel.WithoutRetry(t.Context()), funnel.ContactID(1))
		require.ErrorIs(t, err, funnel.ErrRateLimited)
		require.Equal(t, time.Now().Add(time.Minute), client.RateLimit().PausedUntil)

		start := time.Now()
		apitest.Spread(500, 500, func(int) {
			if _, err := client.Contacts.Get(t.Context(), funnel.ContactID(1)); err != nil {
				t.Error(err)
			}
		})
		require.GreaterOrEqual(t, time.Since(start), time.Minute)
		require.LessOrEqual(t, time.Since(start), time.Minute+3*time.Second, "they resume one after the other, but soon")
		require.Zero(t, client.RateLimit().PausedUntil)

		requests := server.Requests()[1:]
		require.Len(t, requests, 500)
		at := requests[0].Time
		require.Equal(t, start.Add(time.Minute+100*time.Millisecond), at)
		together := 0
		for _, request := range requests {
			if request.Time.Sub(at) < 200*time.Millisecond {
				together++
			}
		}
		require.Equal(t, 1, together, "no stampede")
	})
}

func TestRateLimit_ReportsTheQuota(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, headers := range []bool{true, false} {
			var options []funneltest.Option
			if !headers {
				options = append(options, funneltest.WithoutRateLimitHeaders())
			}
			server := funneltest.NewServer(options...)
			server.SeedContacts(1)
			client := server.Client()
			require.Equal(t, funnel.RateLimit{Limit: 600, Remaining: 594}, client.RateLimit(), "before the first call: its own count")
			_, err := client.Contacts.Get(t.Context(), funnel.ContactID(1))
			require.NoError(t, err)
			if headers {
				require.Equal(t, funnel.RateLimit{Limit: 600, Remaining: 599}, client.RateLimit())
			} else {
				require.Equal(t, funnel.RateLimit{Limit: 600, Remaining: 593}, client.RateLimit())
			}
			time.Sleep(time.Minute)
			require.Equal(t, 594, client.RateLimit().Remaining, "what the server said is out of date")
			server.Close()
		}
	})
}

// evenPace lets one request through every 100 ms.
type evenPace struct{ ticker *time.Ticker }

func (p evenPace) Wait(ctx context.Context) error {
	select {
	case <-p.ticker.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func TestWithLimiter_FromWaiter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := funneltest.NewServer()
		defer server.Close()
		server.SeedContacts(1)
		ticker := time.NewTicker(100 * time.Millisecond)
		defer ticker.Stop()
		client := server.Client(funnel.WithLimiter(funnel.LimiterFromWaiter(evenPace{ticker})))
		start := time.Now()
		for range 20 {
			_, err := client.Contacts.Get(t.Context(), funnel.ContactID(1))
			require.NoError(t, err)
		}
		require.Equal(t, 2*time.Second, time.Since(start))

		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		_, err := client.Contacts.Get(ctx, funnel.ContactID(1))
		require.ErrorIs(t, err, context.DeadlineExceeded)

		server.Fail(funneltest.Fault{Status: 429})
		start = time.Now()
		_, err = client.Contacts.Get(t.Context(), funnel.ContactID(1))
		require.NoError(t, err)
		require.GreaterOrEqual(t, time.Since(start), time.Minute, "the pause stays")
	})
}

// A recordingLimiter admits every request and records the outcomes.
type recordingLimiter struct {
	outcomes []funnel.Outcome
	err      error
}

func (l *recordingLimiter) Acquire(ctx context.Context) (func(funnel.Outcome), error) {
	if l.err != nil {
		return nil, l.err
	}
	return func(o funnel.Outcome) { l.outcomes = append(l.outcomes, o) }, ctx.Err()
}

// A custom limiter receives the outcome of each attempt once.
func TestWithLimiter_ReceivesEveryOutcome(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const limit, remaining = "X-RateLimit-Limit", "X-RateLimit-Remaining"
		api := newMockAPI(t).on(http.MethodGet, "/contact",
			unsent(io.EOF),
			breaks(io.EOF),
			respond(503, "", "Retry-After", "2"),
			tooMany("Retry-After", "70", limit, "600", remaining, "0"),
			cutShort(200, `{"succ`),
			respond(200, success(seven), limit, "600", remaining, "599", "X-RateLimit-Reset", "4102444800"))
		limiter := &recordingLimiter{}
		client := api.client(t, funnel.WithLimiter(limiter), funnel.WithRetry(funnel.RetryPolicy{MaxAttempts: 6}))
		require.NoError(t, getContact.call(t.Context(), client))
		require.Equal(t, []funnel.Outcome{
			{Sent: false, Remaining: -1},
			{Sent: true, Remaining: -1},
			{Sent: true, StatusCode: 503, Remaining: -1, RetryAfter: 2 * time.Second},
			{Sent: true, StatusCode: 429, Remaining: 0, Limit: 600, RetryAfter: 70 * time.Second},
			{Sent: true, StatusCode: 200, Remaining: -1},
			{Sent: true, StatusCode: 200, Remaining: 599, Limit: 600},
		}, limiter.outcomes)
		gaps := gapsBetween(api.requests())
		require.Equal(t, 70*time.Second, gaps[3]) // the pause after a 429 stays
	})
}

// A limiter can tell the calls of bulk methods and of All from others.
func TestWithLimiter_KnowsBackgroundCalls(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var got []bool
	limiter := limiterFunc(func(ctx context.Context) (func(funnel.Outcome), error) {
		mu.Lock()
		defer mu.Unlock()
		got = append(got, funnel.IsBackground(ctx))
		return func(funnel.Outcome) {}, nil
	})
	server := funneltest.NewServer()
	t.Cleanup(server.Close)
	client := server.Client(funnel.WithLimiter(limiter))
	list := func(ctx context.Context, _ int) (*funnel.Page[funnel.Tag], error) {
		return client.Tags.List(ctx, funnel.TagListParams{})
	}
	_, err := list(t.Context(), 0)
	require.NoError(t, err)
	_, err = list(funnel.InBackground(t.Context()), 0)
	require.NoError(t, err)
	for _, err := range client.Tags.All(t.Context(), funnel.TagListParams{}) {
		require.NoError(t, err)
	}
	for result := range funnel.Bulk(t.Context(), client, slices.Values([]int{1}), list) {
		require.NoError(t, result.Err)
	}
	for result := range client.Contacts.CreateAll(t.Context(), slices.Values([]funnel.ContactCreateParams{{Email: "ann@example.com"}})) {
		require.NoError(t, result.Err)
	}
	require.Equal(t, []bool{false, true, true, true, true}, got)
	require.False(t, funnel.IsBackground(t.Context()))
}

func TestWithLimiter_ItsErrorFailsTheCall(t *testing.T) {
	t.Parallel()
	closed := errors.New("the limiter is closed")
	client := newMockAPI(t).client(t, funnel.WithLimiter(&recordingLimiter{err: closed}))
	err := createFunnel.call(t.Context(), client)
	require.ErrorIs(t, err, closed)
	apitest.RequireFailure(t, "POST /funnel: 0 attempts, not applied", err)
}

func TestWithRateLimit_SpacesRequests(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := newMockAPI(t).on(http.MethodGet, "/contact", data(seven))
		client := api.client(t, funnel.WithRateLimit(2, 10*time.Second))
		started := time.Now()
		for range 6 {
			require.NoError(t, getContact.call(t.Context(), client))
		}
		require.Equal(t, 20*time.Second, time.Since(started))
	})
}

// A limiter that panics does not block other calls, also after a pause, when they wait
// for the first one.
func TestWithLimiter_PanicDoesNotBlockOthers(t *testing.T) {
	for _, panics := range []string{"in Acquire", "in release"} {
		t.Run(panics, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := funneltest.NewServer()
				defer server.Close()
				server.SeedContacts(1)
				asked := 0
				client := server.Client(funnel.WithLimiter(limiterFunc(func(context.Context) (func(funnel.Outcome), error) {
					if asked++; asked == 2 && panics == "in Acquire" {
						panic("a bug")
					}
					return func(funnel.Outcome) {
						if asked == 2 {
							panic("a bug")
						}
					}, nil
				})))
				server.Fail(funneltest.Fault{Status: 429})
				_, err := client.Contacts.Get(funnel.WithoutRetry(t.Context()), funnel.ContactID(1))
				require.ErrorIs(t, err, funnel.ErrRateLimited)
				require.PanicsWithValue(t, "a bug", func() { _, _ = client.Contacts.Get(t.Context(), funnel.ContactID(1)) })

				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				defer cancel()
				_, err = client.Contacts.Get(ctx, funnel.ContactID(1))
				require.NoError(t, err)
			})
		})
	}
}

// After a pause one request at a time is sent until one succeeds. A lost response
// admits only the next one.
func TestRateLimit_LostResponseAfterAPauseKeepsTheOthersWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := newMockAPI(t).on(http.MethodPost, "/funnel", tooMany(), after(time.Second, breaks(io.EOF)))
		client := api.client(t)
		require.ErrorIs(t, createFunnel.call(funnel.WithoutRetry(t.Context()), client), funnel.ErrRateLimited)
		const calls = 10
		apitest.Spread(calls, calls, func(int) {
			if err := createFunnel.call(t.Context(), client); !errors.Is(err, io.EOF) {
				t.Error(err)
			}
		})
		gaps := gapsBetween(api.requests())
		require.Equal(t, append([]time.Duration{time.Minute}, slices.Repeat([]time.Duration{time.Second}, calls-1)...), gaps)
	})
}

// A slot that becomes free at the beginning of a pause is released, and another one
// is taken after the pause.
func TestWithLimiter_SlotDuringAPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var acquired, released atomic.Int64
		api := newMockAPI(t).on(http.MethodPost, "/funnel", after(2*time.Second, tooMany()), data(seven))
		client := api.client(t, funnel.WithLimiter(limiterFunc(func(context.Context) (func(funnel.Outcome), error) {
			if acquired.Add(1) == 2 {
				time.Sleep(3 * time.Second) // a 429 comes meanwhile
			}
			return func(funnel.Outcome) { released.Add(1) }, nil
		})))
		apitest.Spread(2, 2, func(i int) {
			time.Sleep(time.Duration(i) * time.Second / 2)
			if err := createFunnel.call(t.Context(), client); err != nil {
				t.Error(err)
			}
		})
		require.Len(t, api.requests(), 3)
		require.EqualValues(t, 4, acquired.Load())
		require.EqualValues(t, 4, released.Load())
	})
}

func TestRateLimit_PanicReleasesTheSlot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := funneltest.NewServer()
		defer server.Close()
		server.SeedContacts(1)
		panics := true
		client := server.Client(funnel.WithRateLimit(1, time.Minute), funnel.WithAuth(func(req *http.Request) error {
			if panics {
				panic("in the user's code")
			}
			req.Header.Set("Authorization", "Bearer "+server.APIKey())
			return nil
		}))
		require.Panics(t, func() { _, _ = client.Contacts.Get(t.Context(), funnel.ContactID(1)) })
		panics = false
		start := time.Now()
		_, err := client.Contacts.Get(t.Context(), funnel.ContactID(1))
		require.NoError(t, err)
		require.LessOrEqual(t, time.Since(start), 65*time.Second)
	})
}

func TestRateLimit_LongerPauseRefusesWaitingCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := funneltest.NewServer()
		defer server.Close()
		server.SeedContacts(1)
		client := server.Client()
		server.Fail(funneltest.Fault{Status: 429})
		server.Fail(funneltest.Fault{Status: 429, Header: http.Header{"Retry-After": {"3600"}}})
		_, err := client.Contacts.Get(funnel.WithoutRetry(t.Context()), funnel.ContactID(1))
		require.ErrorIs(t, err, funnel.ErrRateLimited)
		start := time.Now() // a minute's pause; whoever goes first then makes it an hour's
		apitest.Spread(3, 3, func(int) {
			if _, err := client.Contacts.Get(t.Context(), funnel.ContactID(1)); !errors.Is(err, funnel.ErrRateLimited) {
				t.Errorf("after %s: %v", time.Since(start), err)
			}
		})
		require.LessOrEqual(t, time.Since(start), 62*time.Second)
	})
}

func TestRateLimit_HourlyQuotaNextToTheServersMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := funneltest.NewServer(apitest.Latency(10 * time.Millisecond))
		defer server.Close()
		server.SeedContacts(1)
		client := server.Client(funnel.WithRateLimit(5000, time.Hour))
		start := time.Now()
		for range 700 {
			_, err := client.Contacts.Get(t.Context(), funnel.ContactID(1))
			require.NoError(t, err)
		}
		require.LessOrEqual(t, time.Since(start), 70*time.Second)
	})
}

func TestRateLimit_WaitIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := funneltest.NewServer()
		defer server.Close()
		server.SeedContacts(1)
		client := server.Client(funnel.WithRetry(funnel.RetryPolicy{RateLimitWait: 10 * time.Minute}), funnel.WithMaxResponseBytes(math.MaxInt64))
		server.Fail(funneltest.Fault{Status: 429})
		start := time.Now()
		_, err := client.Contacts.Get(t.Context(), funnel.ContactID(1))
		require.NoError(t, err)
		require.Equal(t, 10*time.Minute, time.Since(start))
	})
}

// If the context ends at the moment of the call's turn, nothing is sent, and the slot
// is released once.
func TestWithLimiter_ContextEndsAtItsTurn(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	outcomes := []funnel.Outcome{}
	client := newMockAPI(t).client(t, funnel.WithLimiter(limiterFunc(func(context.Context) (func(funnel.Outcome), error) {
		cancel()
		return func(o funnel.Outcome) { outcomes = append(outcomes, o) }, nil
	})))
	err := createFunnel.call(ctx, client)
	require.ErrorIs(t, err, context.Canceled)
	apitest.RequireFailure(t, "POST /funnel: 0 attempts, not applied", err)
	require.Equal(t, []funnel.Outcome{{Sent: false, Remaining: -1}}, outcomes)
}

// If authentication fails, nothing was sent, and the slot is released.
func TestWithLimiter_AuthenticationFails(t *testing.T) {
	t.Parallel()
	limiter := &recordingLimiter{}
	noToken := errors.New("no token")
	client := newMockAPI(t).client(t, funnel.WithLimiter(limiter), funnel.WithAuth(func(*http.Request) error { return noToken }))
	require.ErrorIs(t, createFunnel.call(t.Context(), client), noToken)
	require.Equal(t, []funnel.Outcome{{Sent: false, Remaining: -1}}, limiter.outcomes)
}

// If a transport panics, the request may have been sent: the slot stays in use.
func TestWithLimiter_TransportPanics(t *testing.T) {
	t.Parallel()
	limiter := &recordingLimiter{}
	transport := apitest.RoundTripper(func(*http.Request) (*http.Response, error) { panic("a bug") })
	client := clientOver(t, transport, funnel.WithLimiter(limiter))
	require.PanicsWithValue(t, "a bug", func() { _ = createFunnel.call(t.Context(), client) })
	require.Equal(t, []funnel.Outcome{{Sent: true, Remaining: -1}}, limiter.outcomes)
}

// A call that begins during a long pause fails with the error of the pause and its
// own operation.
func TestRateLimit_PauseTooLongForANewCall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := newMockAPI(t).on(http.MethodGet, "/contact", tooMany("Retry-After", "3600"))
		client := api.client(t)
		require.Error(t, getContact.call(t.Context(), client))
		err := createFunnel.call(t.Context(), client)
		paused, ok := err.(*funnel.RateLimitError)
		require.True(t, ok, "%T", err)
		require.Equal(t, time.Hour, paused.RetryAfter)
		require.NotErrorIs(t, err, context.DeadlineExceeded)
		require.EqualError(t, err, "funnel: POST /funnel: RATE_LIMITED: not sent: "+
			"after a 429 the client pauses for another 1h0m0s, which is longer than MaxRateLimitWait allows; retry after 1h0m0s")
		apitest.RequireFailure(t, "POST /funnel: 0 attempts, not applied", err)
	})
}

// A call whose deadline is before the end of a pause is not sent, and its error
// matches that of a deadline.
func TestRateLimit_DeadlineBeforeTheEndOfAPause(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := newMockAPI(t).on(http.MethodGet, "/contact", tooMany())
		client := api.client(t)
		require.Error(t, getContact.call(funnel.WithoutRetry(t.Context()), client))
		wait(t, 20*time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		err := createFunnel.call(ctx, client)
		require.EqualError(t, err, "funnel: POST /funnel: RATE_LIMITED: not sent: "+
			"after a 429 the client pauses for another 40s, which is longer than the context's deadline allows; retry after 40s")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorIs(t, err, funnel.ErrRateLimited)
		require.NoError(t, ctx.Err())
		apitest.RequireFailure(t, "POST /funnel: 0 attempts, not applied", err)
		require.Len(t, api.requests(), 1)
	})
}

// How long a request has waited for the user's limiter is no response time: a deadline
// after the pause is late enough.
func TestWithLimiter_ItsWaitIsNoResponseTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		slow := limiterFunc(func(ctx context.Context) (func(funnel.Outcome), error) {
			if funnel.IsBackground(ctx) {
				wait(t, 40*time.Second)
			}
			return func(funnel.Outcome) {}, nil
		})
		api := newMockAPI(t).
			on(http.MethodGet, "/contact", after(roundTrip, data(seven))).
			on(http.MethodPost, "/funnel", tooMany())
		client := api.client(t, funnel.WithLimiter(slow))
		for range 20 {
			require.NoError(t, getContact.call(funnel.InBackground(t.Context()), client))
		}
		require.Error(t, createFunnel.call(funnel.WithoutRetry(t.Context()), client))
		ctx, cancel := context.WithTimeout(t.Context(), 70*time.Second)
		defer cancel()
		require.NoError(t, getContact.call(ctx, client))
	})
}

// A limiter that has no slot before the deadline of a bulk job is no outage: calls without
// a deadline go on.
func TestWithLimiter_TooLateForABulkJobIsNoOutage(t *testing.T) {
	t.Parallel()
	for name, tooLate := range map[string]error{
		"a limiter": fmt.Errorf("too late: %w", context.DeadlineExceeded),
		"a waiter":  errors.New("rate: Wait(n=1) would exceed context deadline"), // as of golang.org/x/time
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var mu sync.Mutex
				next := time.Now()
				waiter := waiterFunc(func(ctx context.Context) error {
					mu.Lock()
					at := next
					if now := time.Now(); at.Before(now) {
						at = now
					}
					if deadline, ok := ctx.Deadline(); ok && at.After(deadline) {
						mu.Unlock()
						return tooLate
					}
					next = at.Add(100 * time.Millisecond)
					mu.Unlock()
					wait(t, time.Until(at))
					return ctx.Err()
				})
				limiter := funnel.LimiterFromWaiter(waiter)
				if name == "a limiter" {
					limiter = limiterFunc(func(ctx context.Context) (func(funnel.Outcome), error) { return func(funnel.Outcome) {}, waiter(ctx) })
				}
				api := newMockAPI(t).
					on(http.MethodPost, "/funnel", after(roundTrip, data(seven))).
					on(http.MethodGet, "/contact", after(roundTrip, data(seven)))
				client := api.client(t, funnel.WithLimiter(limiter))
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				var calls sync.WaitGroup
				calls.Go(func() {
					for range funnel.Each(ctx, client, slices.Values(make([]int, 5000)), func(ctx context.Context, _ int) error {
						return createFunnel.call(ctx, client)
					}) {
					}
				})
				for range 160 {
					wait(t, time.Second/2)
					calls.Go(func() {
						if err := getContact.call(t.Context(), client); err != nil {
							t.Error(err)
						}
					})
				}
				calls.Wait()
			})
		})
	}
}

// A limiter whose store times out is lost, as with any other error: a bulk job waits for it.
func TestWithLimiter_TimeoutOfItsStore(t *testing.T) {
	t.Parallel()
	for _, cause := range []error{errors.New("i/o timeout"), context.DeadlineExceeded} {
		t.Run(cause.Error(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				client := newMockAPI(t).on(http.MethodPost, "/tag", data(seven)).client(t, funnel.WithLimiter(limiterFunc(func(context.Context) (func(funnel.Outcome), error) {
					if time.Since(start) < 10*time.Second {
						time.Sleep(100 * time.Millisecond)
						return nil, fmt.Errorf("my limiter: %w", cause)
					}
					return func(funnel.Outcome) {}, nil
				})))
				failed := 0
				for result := range funnel.Each(t.Context(), client, slices.Values(make([]int, 2000)), func(ctx context.Context, _ int) error {
					return createTag.call(ctx, client)
				}) {
					if result.Err != nil {
						require.True(t, result.Again())
						failed++
					}
				}
				require.Less(t, failed, 100)
			})
		})
	}
}

// A skipped item says what ended the job, also if the limiter wraps the context's error.
func TestWithLimiter_SkippedItemSaysWhy(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		slot := make(chan struct{}, 1)
		limiter := limiterFunc(func(ctx context.Context) (func(funnel.Outcome), error) {
			select {
			case slot <- struct{}{}:
				return func(funnel.Outcome) { <-slot }, nil
			case <-ctx.Done():
				return nil, fmt.Errorf("my limiter: %w", ctx.Err())
			}
		})
		client := newMockAPI(t).on(http.MethodGet, "/contact", after(roundTrip, failure(401, funnel.ErrUnauthorized, "No."))).
			client(t, funnel.WithLimiter(limiter))
		for result := range funnel.Each(t.Context(), client, slices.Values(make([]int, 20)), func(ctx context.Context, _ int) error {
			return getContact.call(ctx, client)
		}) {
			require.ErrorIs(t, result.Err, funnel.ErrUnauthorized, "%s", result.Status)
		}
	})
}

// A deadline that is centuries away is none.
func TestRateLimit_FarDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client := newMockAPI(t).on(http.MethodGet, "/contact", data(seven)).client(t, funnel.WithRateLimit(1, time.Minute))
		wait(t, time.Second) // the client is older than the context
		ctx, cancel := context.WithTimeout(t.Context(), math.MaxInt64)
		defer cancel()
		for range 3 {
			require.NoError(t, getContact.call(ctx, client))
		}
	})
}

// If no slot is free before the deadline, the error matches that of a deadline and says
// when a slot will be free.
func TestRateLimit_NoRoomBeforeTheDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := newMockAPI(t).on(http.MethodPost, "/funnel", data(seven))
		client := api.client(t, funnel.WithRateLimit(1, time.Minute))
		require.NoError(t, createFunnel.call(t.Context(), client))
		wait(t, 20*time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		start := time.Now()
		err := createFunnel.call(ctx, client)
		require.EqualError(t, err, "funnel: POST /funnel: RATE_LIMITED: not sent: no slot of the rate limit is free for another 40s, which is after the context's deadline; retry after 40s")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorIs(t, err, funnel.ErrRateLimited)
		require.NoError(t, ctx.Err())
		var limited *funnel.RateLimitError
		require.ErrorAs(t, err, &limited)
		require.Equal(t, 40*time.Second, limited.RetryAfter)
		require.Zero(t, limited.StatusCode)
		apitest.RequireFailure(t, "POST /funnel: 0 attempts, not applied", err)
		require.Zero(t, time.Since(start))
		require.Len(t, api.requests(), 1)
	})
}

// If no slot is free for a retry, the error is that of the last attempt.
func TestRateLimit_NoRoomForARetry(t *testing.T) {
	t.Parallel()
	for text, last := range map[string]responder{
		"funnel: GET /contact: 503 SERVER_ERROR: Oops (stopped retrying: no room)":                                failure(503, "SERVER_ERROR", "Oops"),
		"funnel: GET /contact: 429 RATE_LIMITED: Too Many Attempts.; retry after 30s (stopped retrying: no room)": tooMany(),
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				attempts := 0
				client := newMockAPI(t).on(http.MethodGet, "/contact", last).client(t, funnel.WithLimiter(limiterFunc(func(context.Context) (func(funnel.Outcome), error) {
					if attempts++; attempts > 1 {
						return nil, noRoomFor(30 * time.Second)
					}
					return func(funnel.Outcome) {}, nil
				})))
				err := getContact.call(t.Context(), client)
				require.EqualError(t, err, text)
				require.ErrorIs(t, err, context.DeadlineExceeded)
			})
		})
	}
}

// The error of a limiter that says when a slot will be free is matched.
func TestWithLimiter_SaysWhenASlotIsFree(t *testing.T) {
	t.Parallel()
	full := fmt.Errorf("all shards are full: %w", noRoomFor(time.Minute))
	client := newMockAPI(t).client(t, funnel.WithLimiter(limiterFunc(func(context.Context) (func(funnel.Outcome), error) { return nil, full })))
	err := getContact.call(t.Context(), client)
	require.EqualError(t, err, "funnel: GET /contact: RATE_LIMITED: not sent: all shards are full: no room; retry after 1m0s")
	require.ErrorIs(t, err, full)
	require.ErrorIs(t, err, funnel.ErrRateLimited)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.Equal(t, time.Minute, apitest.AsError[*funnel.RateLimitError](t, err).RetryAfter)
	apitest.RequireFailure(t, "GET /contact: 0 attempts, not applied", err)

	// A token service that says the same speaks of its own quota.
	client = newMockAPI(t).client(t, funnel.WithAuth(func(*http.Request) error { return full }))
	err = getContact.call(t.Context(), client)
	require.ErrorIs(t, err, full)
	require.NotErrorIs(t, err, funnel.ErrRateLimited)
}

// A 429 pauses the client before its body is read.
func TestRateLimit_PausesBeforeTheBodyIsRead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := newMockAPI(t).on(http.MethodGet, "/contact", func(req *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: http.StatusTooManyRequests, Header: http.Header{}, Body: apitest.SlowBody(req.Context()), Request: req}, nil
		})
		client := api.client(t)
		ctx, cancel := context.WithTimeout(t.Context(), 40*time.Second)
		defer cancel()
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() {
				if err := getContact.call(ctx, client); err == nil {
					t.Error("no error")
				}
			})
			wait(t, 300*time.Millisecond)
		}
		wg.Wait()
		require.Len(t, api.requests(), 1)
	})
}
