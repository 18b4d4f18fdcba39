package e2e

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
	"github.com/funnel-go/funnel/internal/apitest"
)

// outage makes the server respond with 503 for that length, beginning after from.
func outage(server *funneltest.Server, from, length time.Duration) {
	start := time.Now()
	server.Fail(funneltest.Fault{Status: http.StatusServiceUnavailable, Times: -1, Match: func(*http.Request) bool {
		passed := time.Since(start)
		return passed >= from && passed < from+length
	}})
}

func TestOutage_ShortFailsNoCall(t *testing.T) {
	t.Parallel()
	for _, length := range []time.Duration{2 * time.Second, 5 * time.Second} {
		for _, calls := range []int{1, 100, 500} {
			for kind, latency := range latencies() {
				t.Run(fmt.Sprintf("%s, %d calls, %s", length, calls, kind), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						server := funneltest.NewServer(latency())
						defer server.Close()
						server.SeedContacts(1)
						client := server.Client()
						outage(server, 0, length)
						var watch stopwatch
						apitest.Spread(calls, calls, func(int) { watch.time(func() error { return getFirst(t.Context(), client) }) })
						t.Logf("max %s, %d failed, %d requests", watch.percentile(100), len(watch.failed), server.RequestCount())
						require.Empty(t, watch.failed)
					})
				})
			}
		}
	}
}

func TestOutage_ShortLosesNoItem(t *testing.T) {
	t.Parallel()
	for _, length := range []time.Duration{time.Second, 5 * time.Second, 25 * time.Second} {
		for _, from := range []time.Duration{700 * time.Millisecond, 61 * time.Second} {
			for kind, latency := range latencies() {
				t.Run(fmt.Sprintf("%s after %s, %s", length, from, kind), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						server := funneltest.NewServer(latency())
						defer server.Close()
						outage(server, from, length)
						start := time.Now()
						apitest.Import(t, server.Client(), 1200)
						t.Logf("%s, %d requests", time.Since(start), server.RequestCount())
						require.Greater(t, server.RequestCount(), 1200, "some met the outage")
						require.LessOrEqual(t, time.Since(start), 240*time.Second)
					})
				})
			}
		}
	}
}

// The same if few requests are in flight, because hardly a slot is free: other items of the
// job share the attempts that test the server.
func TestOutage_ShortLosesNoItemOfAFullQuota(t *testing.T) {
	t.Parallel()
	for from := 50; from < 56; from++ {
		t.Run(fmt.Sprintf("after %d s", from), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				server := funneltest.NewServer(apitest.Latency(roundTrip), funneltest.WithRateLimit(60, time.Minute))
				defer server.Close()
				outage(server, time.Duration(from)*time.Second, 25*time.Second)
				apitest.Import(t, server.Client(funnel.WithRateLimit(60, time.Minute)), 150)
			})
		})
	}
}

// The background calls, of which new ones come all the time, have fewer attempts than the
// interactive calls after a few probes. They must not take all probes: theirs fail for
// longer.
func TestOutage_BackgroundCallsDoNotFailInteractiveCalls(t *testing.T) {
	t.Parallel()
	for _, length := range []time.Duration{2500 * time.Millisecond, 6 * time.Second} {
		for _, jobs := range []int{20, 60} {
			t.Run(fmt.Sprintf("%s, %d background calls", length, jobs), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					start := time.Now()
					away, there := respond(http.StatusServiceUnavailable, ""), respond(http.StatusOK, contactBody)
					client := overTransport(t, apitest.RoundTripper(func(req *http.Request) (*http.Response, error) {
						wait(100 * time.Millisecond)
						if time.Since(start) < length || strings.Contains(req.URL.Path, "/batch/") {
							return away(req)
						}
						return there(req)
					}))
					ctx, cancel := context.WithCancel(t.Context())
					var batch sync.WaitGroup
					job := func(i int) {
						_ = client.Call(funnel.InBackground(ctx), http.MethodGet, fmt.Sprintf("/batch/%d", i), nil, nil, nil)
					}
					for i := range jobs {
						batch.Go(func() { job(i) })
					}
					batch.Go(func() {
						for i := jobs; ctx.Err() == nil; i++ {
							wait(300 * time.Millisecond)
							batch.Go(func() { job(i) })
						}
					})
					var watch stopwatch
					apitest.Spread(4, 4, func(int) { watch.time(func() error { return getContact(t.Context(), client) }) })
					cancel()
					batch.Wait()
					require.Empty(t, watch.failed)
				})
			})
		}
	}
}

// Responses that are not in the API's form, but that a server which is there may send.
func TestOutage_UnusualResponsesAreNone(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		status int
		body   string
	}{
		{status: http.StatusNotModified},
		{status: http.StatusOK, body: `[{"id":7}]`},
		{status: http.StatusOK, body: `{"id":7}`},
		{status: http.StatusNoContent},
		{status: http.StatusUnauthorized},
		{status: http.StatusForbidden},
		{status: http.StatusNotFound, body: `"nothing here"`},
	} {
		t.Run(fmt.Sprintf("%d %s", tt.status, tt.body), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				requests := 0
				client := overTransport(t, apitest.RoundTripper(func(req *http.Request) (*http.Response, error) {
					requests++
					return respond(tt.status, tt.body)(req)
				}))
				start := time.Now()
				for range 20 {
					wait(200 * time.Millisecond)
					err := client.Call(t.Context(), http.MethodGet, "/contact/7", nil, nil, nil)
					require.False(t, err != nil && funnel.CanRetry(err), "%v", err)
				}
				require.Equal(t, 4*time.Second, time.Since(start), "no call waits")
				require.Equal(t, 20, requests)
			})
		})
	}
}

// A 503 is an outage, also if its page is larger than responses may be.
func TestOutage_LargeErrorPage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var requests atomic.Int64
		client := overTransport(t, apitest.RoundTripper(func(req *http.Request) (*http.Response, error) {
			requests.Add(1)
			return respond(http.StatusServiceUnavailable, strings.Repeat("<p>", 1000))(req)
		}), funnel.WithMaxResponseBytes(1000))
		var watch stopwatch
		apitest.Spread(50, 50, func(int) { watch.time(func() error { return getContact(t.Context(), client) }) })
		require.Len(t, watch.failed, 50)
		require.Less(t, requests.Load(), int64(100), "without an outage it would be 150, until the retry budget is used up")
	})
}

// A request that its own context has ended is not the failure that others wait for.
func TestOutage_CanceledRequestIsNoReason(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		broken := respond(http.StatusServiceUnavailable, "")
		client := overTransport(t, inTurn(broken, broken, broken, broken, broken, hang))
		for range 5 {
			require.Error(t, getContact(funnel.WithoutRetry(t.Context()), client))
		}
		batch, cancel := context.WithCancel(t.Context())
		var calls sync.WaitGroup
		for range 8 {
			calls.Go(func() { _ = getContact(batch, client) })
		}
		synctest.Wait()
		time.AfterFunc(10*time.Second, cancel)
		for range 8 {
			calls.Go(func() {
				if err := getContact(t.Context(), client); errors.Is(err, context.Canceled) {
					t.Errorf("nobody has canceled this call: %v", err)
				}
			})
		}
		calls.Wait()
	})
}

// An end is how the calls of a web service end if they get no response.
type end func(context.Context, time.Duration) (context.Context, context.CancelFunc)

var ends = map[string]end{
	"deadlines": context.WithTimeout,
	"cancellation": func(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) { // as of r.Context()
		ctx, cancel := context.WithCancel(ctx)
		time.AfterFunc(d, cancel)
		return ctx, cancel
	},
}

// visit makes calls for a while. Each ends after its patience. The returned wait group waits
// for them.
func visit(t *testing.T, client *funnel.Client, length time.Duration, perSecond int, patience time.Duration, end end, done func(began time.Duration, err error)) *sync.WaitGroup {
	var calls sync.WaitGroup
	start := time.Now()
	calls.Go(func() {
		for time.Since(start) < length {
			began := time.Since(start)
			calls.Go(func() {
				ctx, cancel := end(t.Context(), patience)
				defer cancel()
				done(began, getContact(ctx, client))
			})
			wait(time.Second / time.Duration(perSecond))
		}
	})
	return &calls
}

func ignore(time.Duration, error) {}

// A web service recovers from an outage, also if all its calls end before their patience:
// what tests the server, and what is sent first afterwards, has time left for a response.
func TestOutage_WebServiceRecovers(t *testing.T) {
	t.Parallel()
	for kind, end := range ends {
		for _, perSecond := range []int{1, 2, 8} {
			for _, response := range []time.Duration{200 * time.Millisecond, time.Second, 2 * time.Second} { // after the outage
				t.Run(fmt.Sprintf("%s, %d per second, %s", kind, perSecond, response), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						start := time.Now()
						client := overTransport(t, apitest.RoundTripper(func(req *http.Request) (*http.Response, error) {
							switch passed := time.Since(start); {
							case passed < 10*time.Second:
								return apitest.After(200*time.Millisecond, respond(http.StatusOK, contactBody))(req)
							case passed < 20*time.Second:
								return apitest.After(200*time.Millisecond, respond(http.StatusServiceUnavailable, ""))(req)
							}
							return apitest.After(response, respond(http.StatusOK, contactBody))(req)
						}))
						visit(t, client, 2*time.Minute, perSecond, 5*time.Second, end, func(began time.Duration, err error) {
							if err != nil && began > 60*time.Second {
								t.Errorf("call at %s: %v", began, err)
							}
						}).Wait()
					})
				})
			}
		}
	}
}

// Wherever calls end, in the response's body, before their request is sent, or with their
// slow response, it shows nothing of the server.
func TestOutage_WebServiceRecoversWhereverItsCallsEnd(t *testing.T) {
	t.Parallel()
	for _, where := range []string{"response", "body", "dial", "authentication", "limiter"} {
		t.Run(where, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				slow := func(here string, ctx context.Context) error {
					if here != where || time.Since(start) < 20*time.Second {
						return nil
					}
					select {
					case <-time.After(time.Second):
						return nil
					case <-ctx.Done():
						return ctx.Err()
					}
				}
				options := []funnel.Option{funnel.WithAuth(func(req *http.Request) error { return slow("authentication", req.Context()) })}
				if where == "limiter" {
					options = append(options, funnel.WithLimiter(funnel.LimiterFromWaiter(waiter(func(ctx context.Context) error { return slow("limiter", ctx) }))))
				}
				client := overTransport(t, apitest.RoundTripper(func(req *http.Request) (*http.Response, error) {
					trace := httptrace.ContextClientTrace(req.Context())
					trace.GetConn("api.example.com:443")
					if err := slow("dial", req.Context()); err != nil {
						return nil, err
					}
					trace.GotConn(httptrace.GotConnInfo{})
					if err := slow("response", req.Context()); err != nil {
						return nil, err
					}
					if passed := time.Since(start); passed > 10*time.Second && passed < 20*time.Second {
						return respond(http.StatusServiceUnavailable, "")(req)
					}
					resp, err := respond(http.StatusOK, contactBody)(req)
					resp.Body = slowBody{resp.Body, func() error { return slow("body", req.Context()) }}
					return resp, err
				}), options...)
				visit(t, client, 2*time.Minute, 8, 5*time.Second, ends["cancellation"], func(began time.Duration, err error) {
					if err != nil && began > 60*time.Second {
						t.Errorf("call at %s: %v", began, err)
					}
				}).Wait()
			})
		})
	}
}

type waiter func(context.Context) error

func (w waiter) Wait(ctx context.Context) error { return w(ctx) }

type slowBody struct {
	io.ReadCloser
	wait func() error
}

func (b slowBody) Read(p []byte) (int, error) {
	if err := b.wait(); err != nil {
		return 0, err
	}
	return b.ReadCloser.Read(p)
}

// The same if responses take longer than a request may hang.
func TestOutage_SlowWebServiceRecovers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		client := overTransport(t, apitest.RoundTripper(func(req *http.Request) (*http.Response, error) {
			switch passed := time.Since(start); {
			case passed < 20*time.Second:
				return apitest.After(4*time.Second, respond(http.StatusOK, contactBody))(req)
			case passed < 50*time.Second:
				return respond(http.StatusServiceUnavailable, "")(req)
			}
			return apitest.After(4500*time.Millisecond, respond(http.StatusOK, contactBody))(req)
		}))
		visit(t, client, 6*time.Minute, 8, 10*time.Second, ends["deadlines"], func(began time.Duration, err error) {
			if err != nil && began > 2*time.Minute {
				t.Errorf("call at %s: %v", began, err)
			}
		}).Wait()
	})
}

// Calls that end before any response comes do not keep others from being sent, after an
// outage and after a pause.
func TestOutage_HopelessCallsDoNotLockOutOthers(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		patience time.Duration // of the hopeless calls
		get      func(passed time.Duration) apitest.RoundTripper
		post     func(passed time.Duration) apitest.RoundTripper
	}{{
		"after an outage", time.Second,
		func(passed time.Duration) apitest.RoundTripper {
			return brokenUntil(passed, apitest.After(1500*time.Millisecond, respond(http.StatusOK, contactBody)))
		},
		func(passed time.Duration) apitest.RoundTripper {
			return brokenUntil(passed, apitest.After(1500*time.Millisecond, respond(http.StatusOK, contactBody)))
		},
	}, {
		"after a pause", 5 * time.Second,
		func(passed time.Duration) apitest.RoundTripper {
			if passed < time.Second {
				return respond(http.StatusTooManyRequests, "")
			}
			return hang
		},
		func(time.Duration) apitest.RoundTripper { return respond(http.StatusOK, contactBody) },
	}} {
		for kind, end := range ends {
			t.Run(tt.name+", "+kind, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					start := time.Now()
					client := overTransport(t, apitest.RoundTripper(func(req *http.Request) (*http.Response, error) {
						if req.Method == http.MethodPost {
							return tt.post(time.Since(start))(req)
						}
						return tt.get(time.Since(start))(req)
					}))
					calls := visit(t, client, 5*time.Minute, 8, tt.patience, end, ignore)
					wait(100 * time.Second)
					for i := range 6 {
						ctx := t.Context()
						if i%2 == 1 {
							ctx = funnel.InBackground(ctx)
						}
						began := time.Now()
						require.NoError(t, createTag(ctx, client))
						t.Logf("the call took %s", time.Since(began))
						require.Less(t, time.Since(began), 30*time.Second)
					}
					calls.Wait()
				})
			})
		}
	}
}

// brokenUntil is a server that fails for 12 s, then hangs until 40 s, and then works.
func brokenUntil(passed time.Duration, works apitest.RoundTripper) apitest.RoundTripper {
	switch {
	case passed < 12*time.Second:
		return respond(http.StatusServiceUnavailable, "")
	case passed < 40*time.Second:
		return hang
	}
	return works
}

// A bulk job and a call without a deadline end if the server hangs, also next to calls that
// end before their requests count as hanging.
func TestOutage_HangEndsCallsNextToShortOnes(t *testing.T) {
	t.Parallel()
	for kind, end := range ends {
		for _, patience := range []time.Duration{time.Second, 2 * time.Second, 5 * time.Second} {
			for _, dial := range []bool{false, true} { // packets to the host are dropped
				t.Run(fmt.Sprintf("%s after %s, dial %t", kind, patience, dial), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						start := time.Now()
						client := overTransport(t, apitest.RoundTripper(func(req *http.Request) (*http.Response, error) {
							if time.Since(start) < 10*time.Second {
								return apitest.After(200*time.Millisecond, respond(http.StatusOK, contactBody))(req)
							}
							if dial {
								httptrace.ContextClientTrace(req.Context()).GetConn("api.example.com:443")
							}
							return hang(req)
						}))
						calls := visit(t, client, 6*time.Minute, 8, patience, end, ignore)
						calls.Go(func() {
							for range funnel.Each(t.Context(), client, slices.Values(make([]int, 1000)), func(ctx context.Context, _ int) error {
								return createTag(ctx, client)
							}) {
							}
							job := time.Since(start)
							t.Logf("the job ended after %s", job)
							assert.Less(t, job, 5*time.Minute)
						})
						wait(100 * time.Second)
						began := time.Now()
						require.Error(t, createTag(t.Context(), client))
						t.Logf("the call ended after %s", time.Since(began))
						require.Less(t, time.Since(began), 3*time.Minute)
						calls.Wait()
					})
				})
			}
		}
	}
}

// In a pause nothing is tested: calls do not give up because of it.
func TestOutage_PauseInIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		client := overTransport(t, apitest.RoundTripper(func(req *http.Request) (*http.Response, error) {
			status := http.StatusOK
			switch passed := time.Since(start); {
			case passed < 5*time.Second:
				status = http.StatusServiceUnavailable
			case passed < 7*time.Second:
				status = http.StatusTooManyRequests
			}
			return apitest.After(200*time.Millisecond, respond(status, contactBody))(req)
		}))
		var watch stopwatch
		apitest.Spread(50, 50, func(int) { watch.time(func() error { return getContact(t.Context(), client) }) })
		require.Empty(t, watch.failed)
	})
}

// Pauses do not make the patience of calls begin anew.
func TestOutage_PatienceOutsidePauses(t *testing.T) {
	t.Parallel()
	for _, background := range []bool{false, true} {
		t.Run(fmt.Sprintf("background %t", background), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				var requests atomic.Int64
				client := overTransport(t, apitest.RoundTripper(func(req *http.Request) (*http.Response, error) {
					switch n := requests.Add(1); {
					case time.Since(start) < 10*time.Second:
						return respond(http.StatusOK, contactBody)(req)
					case n%8 == 0:
						return respond(http.StatusTooManyRequests, "")(req)
					}
					return respond(http.StatusServiceUnavailable, "")(req)
				}), funnel.WithRetry(funnel.RetryPolicy{RateLimitWait: time.Second, MaxRateLimitWait: 5 * time.Minute}))
				ctx := t.Context()
				if background {
					ctx = funnel.InBackground(ctx)
				}
				var calls sync.WaitGroup
				for time.Since(start) < 10*time.Minute {
					calls.Go(func() {
						began := time.Now()
						_ = getContact(ctx, client)
						if took := time.Since(began); took > 50*time.Second {
							t.Errorf("a call took %s", took)
						}
					})
					wait(time.Second / 4)
				}
				calls.Wait()
			})
		})
	}
}

// A probe that is no failed request, such as one that meets a bad certificate, does not make
// the others wait for ever.
func TestOutage_UselessProbes(t *testing.T) {
	t.Parallel()
	for name, useless := range map[string]struct {
		certificate error
		auth        error
		limiter     error
	}{
		"certificate":    {certificate: x509.HostnameError{Certificate: &x509.Certificate{}, Host: "api.example.com"}},
		"authentication": {auth: errors.New("no token")},
		"limiter":        {limiter: errors.New("its store is lost")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				later := func(err error) error {
					if time.Since(start) < 10*time.Second {
						return nil
					}
					return err
				}
				options := []funnel.Option{funnel.WithAuth(func(*http.Request) error { return later(useless.auth) })}
				if useless.limiter != nil {
					options = append(options, funnel.WithLimiter(funnel.LimiterFromWaiter(waiter(func(context.Context) error { return later(useless.limiter) }))))
				}
				client := overTransport(t, apitest.RoundTripper(func(req *http.Request) (*http.Response, error) {
					if err := later(useless.certificate); err != nil {
						return nil, err
					}
					return respond(http.StatusServiceUnavailable, "")(req)
				}), options...)
				var calls sync.WaitGroup
				for time.Since(start) < 5*time.Minute {
					calls.Go(func() {
						began := time.Now()
						_ = getContact(t.Context(), client)
						if took := time.Since(began); took > 30*time.Second {
							t.Errorf("a call took %s", took)
						}
					})
					wait(time.Second / 3)
				}
				calls.Wait()
			})
		})
	}
}

// After a pause calls are sent in the order in which they came, also if authentication or a
// limiter has an error for some of them: only a context that has ended changes the order.
func TestOutage_ErrorsKeepTheOrderAfterAPause(t *testing.T) {
	t.Parallel()
	for _, where := range []string{"authentication", "limiter"} {
		t.Run(where, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				type noToken struct{}
				start := time.Now()
				fail := func(ctx context.Context) error {
					if ctx.Value(noToken{}) != nil {
						return errors.New("no token for this tenant")
					}
					return nil
				}
				option := funnel.WithLimiter(funnel.LimiterFromWaiter(waiter(fail)))
				if where == "authentication" {
					option = funnel.WithAuth(func(req *http.Request) error { return fail(req.Context()) })
				}
				client := overTransport(t, apitest.RoundTripper(func(req *http.Request) (*http.Response, error) {
					if time.Since(start) < time.Second {
						return respond(http.StatusTooManyRequests, "")(req)
					}
					return apitest.After(200*time.Millisecond, respond(http.StatusOK, contactBody))(req)
				}), option)
				var mu sync.Mutex
				done := map[int]time.Duration{}
				var calls sync.WaitGroup
				for i := range 30 {
					calls.Go(func() {
						ctx := t.Context()
						if i%3 == 1 {
							ctx = context.WithValue(ctx, noToken{}, true)
						}
						if getContact(ctx, client) == nil {
							mu.Lock()
							defer mu.Unlock()
							done[i] = time.Since(start)
						}
					})
					wait(time.Second)
				}
				calls.Wait()
				last := time.Duration(0)
				for i := range 30 {
					if at, ok := done[i]; ok {
						require.GreaterOrEqual(t, at, last, "call %d", i)
						last = at
					}
				}
				require.Len(t, done, 20)
			})
		})
	}
}

// Calls without retries are sent in an outage too, at the pace that the server asks for.
func TestOutage_KeepsThePace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var mu sync.Mutex
		var second time.Time
		inSecond, rejected := 0, 0
		client := overTransport(t, apitest.RoundTripper(func(req *http.Request) (*http.Response, error) {
			mu.Lock()
			defer mu.Unlock()
			if now := time.Now(); now.Sub(second) >= time.Second {
				second, inSecond = now, 0
			}
			if inSecond++; inSecond > 10 {
				rejected++
				return respond(http.StatusTooManyRequests, "")(req)
			}
			if passed := time.Since(start); passed > 200*time.Second && passed < 215*time.Second {
				return respond(http.StatusServiceUnavailable, "")(req)
			}
			return respond(http.StatusOK, contactBody)(req)
		}))
		apitest.Spread(200, 100, func(int) { _ = getContact(t.Context(), client) }) // learns the pace
		wait(201*time.Second - time.Since(start))
		rejected = 0
		apitest.Spread(60, 60, func(int) { _ = getContact(funnel.WithoutRetry(t.Context()), client) })
		require.Zero(t, rejected)
	})
}

func TestOutage_LongSendsFewRequests(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		calls, goroutines int
		perCall           float64 // requests, at most
	}{{calls: 300, goroutines: 20, perCall: 1.1}, {calls: 5000, goroutines: 100, perCall: 0.5}} {
		for kind, latency := range latencies() {
			t.Run(fmt.Sprintf("%d calls, %s", tt.calls, kind), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					server := funneltest.NewServer(latency())
					defer server.Close()
					client := server.Client()
					outage(server, 0, 24*time.Hour)
					var watch stopwatch
					apitest.Spread(tt.calls, tt.goroutines, func(int) {
						watch.time(func() error { return getFirst(t.Context(), client) })
					})
					perCall := float64(server.RequestCount()) / float64(tt.calls)
					t.Logf("%d: %.2f requests per call, max %s; %v", tt.calls, perCall, watch.percentile(100), watch.failed[len(watch.failed)-1])
					require.Len(t, watch.failed, tt.calls)
					require.LessOrEqual(t, perCall, tt.perCall)
					require.LessOrEqual(t, watch.percentile(100), 15*time.Second)
					unsent := 0
					for _, err := range watch.failed {
						if apitest.FailureOf(t, err).Attempts < 4 {
							require.ErrorContains(t, err, "no request has succeeded for ")
						}
						require.ErrorContains(t, err, "503 ", "the server's last error")
						if apitest.FailureOf(t, err).Attempts > 0 {
							require.Equal(t, http.StatusServiceUnavailable, apitest.AsError[*funnel.APIError](t, err).StatusCode)
							continue
						}
						unsent++
						require.False(t, funnel.MayHaveBeenApplied(err))
						require.ErrorContains(t, err, "not sent: ")
						require.Equal(t, "not_sent", funnel.ErrorKind(err), "without the details of another call")
						require.NotErrorAs(t, err, new(*funnel.APIError))
						require.True(t, funnel.CanRetry(err))
					}
					require.Greater(t, unsent, tt.calls/3)
				})
			})
		}
	}
}

func TestOutage_EveryThirdConnectionBreaks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := funneltest.NewServer(apitest.Latency(100 * time.Millisecond))
		defer server.Close()
		var n atomic.Int64
		server.Fail(funneltest.Fault{
			DropConnection: true,
			Times:          -1,
			Match:          func(*http.Request) bool { return n.Add(1)%3 == 0 },
		})
		client := server.Client(funnel.WithRetry(funnel.RetryPolicy{MaxAttempts: 10, Budget: -1}))
		created := 0
		for result := range client.Contacts.CreateAll(t.Context(), apitest.Contacts(300)) {
			require.NoError(t, result.Err)
			created++
		}
		require.Equal(t, 300, created)
		require.Equal(t, 300, server.Counts()["contacts"], "none lost, none duplicated")
	})
}

func TestOutage_HangingServerEndsInTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := funneltest.NewServer()
		defer server.Close()
		server.Fail(funneltest.Fault{Delay: time.Hour, Times: -1})
		client := server.Client()
		start := time.Now()
		_, err := client.Contacts.Create(t.Context(), funnel.ContactCreateParams{Email: "ada@example.com"})
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorContains(t, err, "no complete response within 30s")
		apitest.RequireFailure(t, "POST /contact: 4 attempts, may have been applied", err)
		require.LessOrEqual(t, time.Since(start), 4*30*time.Second+11*time.Second)
	})
}

func TestOutage_ByteASecondEndsInTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client := overTransport(t, apitest.RoundTripper(func(req *http.Request) (*http.Response, error) {
			resp, err := respond(http.StatusOK, "")(req)
			resp.Body = apitest.SlowBody(req.Context())
			return resp, err
		}))
		start := time.Now()
		err := createFunnel(t.Context(), client)
		require.ErrorContains(t, err, "cut short after")
		apitest.RequireFailure(t, "POST /funnel: 1 attempt, may have been applied", err)
		require.Equal(t, 30*time.Second, time.Since(start))
	})
}
