package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
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

// Each row of the admission table in the README and in docs/admission.md is a test
// here or in outage_test.go, in virtual time: 600 requests per minute, 0.2 s latency unless stated.

// roundTrip is the latency of the rows that state none.
const roundTrip = 200 * time.Millisecond

// A stopwatch collects how long calls took and which failed.
type stopwatch struct {
	mu     sync.Mutex
	took   []time.Duration
	failed []error
}

func (s *stopwatch) time(call func() error) {
	start := time.Now()
	err := call()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.took = append(s.took, time.Since(start))
	if err != nil {
		s.failed = append(s.failed, err)
	}
}

// percentile returns the time within which that many percent of the calls ended.
func (s *stopwatch) percentile(p int) time.Duration {
	slices.Sort(s.took)
	return s.took[(len(s.took)*p+99)/100-1]
}

// latencies returns the variants of a row: 0.2 s, and 0.2 s to 0.6 s, which is another
// sequence for each server.
func latencies() map[string]func() funneltest.Option {
	return map[string]func() funneltest.Option{
		"fixed":   func() funneltest.Option { return apitest.Latency(roundTrip) },
		"jittery": func() funneltest.Option { return apitest.Jitter(seeds.Add(1)) },
	}
}

var seeds atomic.Uint64

// jitter is by how much jittery latency exceeds the other at most.
const jitter = 400 * time.Millisecond

func rejected(server *funneltest.Server) int {
	n := 0
	for _, r := range server.Requests() {
		if r.Status == http.StatusTooManyRequests {
			n++
		}
	}
	return n
}

func getFirst(ctx context.Context, client *funnel.Client) error {
	_, err := client.Contacts.Get(ctx, funnel.ContactID(1))
	return err
}

func TestAdmission_InteractiveCallsDoNotWaitBehindABulkJob(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		every      time.Duration // between interactive calls
		percentile int           // of the calls that wait for at most 0.5 s
		whole      time.Duration // for the bulk job, at most
	}{
		{every: 2 * time.Second, percentile: 99, whole: 320 * time.Second},
		{every: 500 * time.Millisecond, percentile: 95, whole: 390 * time.Second},
	} {
		for _, headers := range []bool{true, false} {
			for kind, latency := range latencies() {
				t.Run(fmt.Sprintf("every %s, headers %t, %s", tt.every, headers, kind), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						options := []funneltest.Option{latency()}
						if !headers {
							options = append(options, funneltest.WithoutRateLimitHeaders())
						}
						server := funneltest.NewServer(options...)
						defer server.Close()
						server.SeedContacts(1)
						client := server.Client()
						start := time.Now()
						done := make(chan struct{})
						var watch stopwatch
						var wg sync.WaitGroup
						wg.Go(func() { interact(t, client, tt.every, done, &watch) })
						apitest.Import(t, client, 3000)
						close(done)
						wg.Wait()
						took := time.Since(start)
						t.Logf("p50 %s, p95 %s, p99 %s, max %s; bulk %s; %d rejected", watch.percentile(50), watch.percentile(95), watch.percentile(99), watch.percentile(100), took, rejected(server))
						require.Empty(t, watch.failed)
						require.Zero(t, rejected(server))
						most := roundTrip + 500*time.Millisecond
						if kind == "jittery" {
							most += jitter
						}
						require.LessOrEqual(t, watch.percentile(tt.percentile), most)
						require.LessOrEqual(t, took, tt.whole)
					})
				})
			}
		}
	}
}

func TestAdmission_BulkJobAlone(t *testing.T) {
	t.Parallel()
	for n, most := range map[int]time.Duration{300: 3 * time.Second, 500: 20 * time.Second, 590: 62 * time.Second, 3000: 304 * time.Second} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				server := funneltest.NewServer(apitest.Latency(roundTrip))
				defer server.Close()
				start := time.Now()
				apitest.Import(t, server.Client(), n)
				t.Logf("%d: %s", n, time.Since(start))
				require.LessOrEqual(t, time.Since(start), most)
				require.Zero(t, rejected(server))
			})
		})
	}
}

// Laravel's file store may go on with the count of a window that has ended. This server
// does so after every window.
func TestAdmission_CounterOutlivesItsWindow(t *testing.T) {
	t.Parallel()
	for _, lag := range []time.Duration{0, time.Second, 2 * time.Second} {
		for kind, latency := range latencies() {
			t.Run(fmt.Sprintf("by %s, %s", lag, kind), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					server := funneltest.NewServer(latency(), funneltest.WithThrottleStyle(funneltest.ThrottleStyle{CounterLag: lag}))
					defer server.Close()
					server.SeedContacts(1)
					client := server.Client()
					wait(400 * time.Millisecond) // windows end on a whole second
					start := time.Now()
					apitest.Spread(1780, 50, func(int) {
						if err := getFirst(t.Context(), client); err != nil {
							t.Error(err)
						}
					})
					t.Logf("%s, %d rejected", time.Since(start), rejected(server))
					require.Zero(t, rejected(server))
					require.LessOrEqual(t, time.Since(start), 130*time.Second+4*lag)
				})
			})
		}
	}
}

func TestAdmission_TenPerSecond(t *testing.T) {
	t.Parallel()
	for kind, latency := range latencies() {
		tenPerSecond(t, kind, http.Header{}, latency(), funneltest.WithoutRateLimitHeaders())
		tenPerSecond(t, kind+", with headers", http.Header{"Retry-After": {"1"}, "X-Ratelimit-Remaining": {"400"}}, latency())
	}
}

// tenPerSecond runs a bulk job against a server that also allows only ten requests per
// second, and sends that header with a rejection.
func tenPerSecond(t *testing.T, name string, header http.Header, opts ...funneltest.Option) {
	t.Run(name, func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			var mu sync.Mutex
			var second time.Time
			inSecond := 0
			server := funneltest.NewServer(opts...)
			defer server.Close()
			server.Fail(funneltest.Fault{Status: http.StatusTooManyRequests, Times: -1, Header: header, Match: func(*http.Request) bool {
				mu.Lock()
				defer mu.Unlock()
				now := time.Now()
				if now.Sub(second) >= time.Second {
					second, inSecond = now, 0
				}
				inSecond++
				return inSecond > 10
			}})
			start := time.Now()
			apitest.Import(t, server.Client(), 1500)
			t.Logf("%s, %d rejected", time.Since(start), rejected(server))
			// 188 s at an even pace, and one pause. Without headers there are two if the
			// rejections of the first burst come before its successes, because then another
			// program explains them as well.
			most := 260 * time.Second
			if len(header) == 0 {
				most += 60 * time.Second
			}
			require.LessOrEqual(t, time.Since(start), most)
			require.LessOrEqual(t, rejected(server), 40)
		})
	})
}

func TestAdmission_PermanentRejectionIsBounded(t *testing.T) {
	t.Parallel()
	for _, calls := range []int{1, 100} {
		for kind, latency := range latencies() {
			t.Run(fmt.Sprintf("%d calls, %s", calls, kind), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					server := funneltest.NewServer(latency())
					defer server.Close()
					server.Fail(funneltest.Fault{Status: http.StatusTooManyRequests, Times: -1})
					client := server.Client()
					var watch stopwatch
					apitest.Spread(calls, calls, func(int) { watch.time(func() error { return getFirst(t.Context(), client) }) })
					t.Logf("%d: max %s", calls, watch.percentile(100))
					require.Len(t, watch.failed, calls)
					require.LessOrEqual(t, watch.percentile(100), 7*time.Minute)
				})
			})
		}
	}
}

func TestAdmission_HangAfterAPauseIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client := overTransport(t, inTurn(respond(http.StatusTooManyRequests, "{}"), hang))
		require.ErrorIs(t, getFirst(funnel.WithoutRetry(t.Context()), client), funnel.ErrRateLimited)
		var watch stopwatch
		apitest.Spread(50, 50, func(int) { watch.time(func() error { return getFirst(t.Context(), client) }) })
		t.Logf("max %s", watch.percentile(100))
		require.LessOrEqual(t, watch.percentile(100), 5*time.Minute+4*30*time.Second+11*time.Second)
	})
}

func TestAdmission_SequentialCalls(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := funneltest.NewServer(apitest.Latency(50 * time.Millisecond))
		defer server.Close()
		server.SeedContacts(1)
		client := server.Client()
		start := time.Now()
		for range 50 {
			require.NoError(t, getFirst(t.Context(), client))
		}
		require.Equal(t, 2500*time.Millisecond, time.Since(start))
	})
}

// Two clients share a key by fixed limits: an import, and more sign-ups than its limit
// allows. A sign-up that cannot end within its deadline is not sent.
func TestAdmission_SignUpsWithABudgetNextToAnImport(t *testing.T) {
	t.Parallel()
	for name, latency := range latencies() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				server := funneltest.NewServer(latency())
				defer server.Close()
				imports := server.Client(funnel.WithRateLimit(500, time.Minute))
				web := server.Client(funnel.WithRateLimit(100, time.Minute))
				ctx, cancel := context.WithCancel(t.Context())
				var background, signUps sync.WaitGroup
				background.Go(func() {
					for range imports.Contacts.CreateAll(ctx, apitest.Contacts(100_000)) {
					}
				})
				var mu sync.Mutex
				created, unsent, late := 0, 0, 0
				tick := time.NewTicker(time.Minute / 150)
				defer tick.Stop()
				for i := range 599 {
					<-tick.C
					signUps.Go(func() {
						ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
						defer cancel()
						_, err := web.Contacts.Create(ctx, funnel.ContactCreateParams{Email: fmt.Sprintf("sign-up-%d@example.com", i)})
						mu.Lock()
						defer mu.Unlock()
						switch {
						case err == nil:
							created++
						case apitest.FailureOf(t, err).Attempts == 0:
							unsent++
						default:
							late++
						}
					})
				}
				signUps.Wait()
				cancel()
				background.Wait()
				t.Logf("%s: %d created, %d not sent, %d sent with too little time left, %d rejected", name, created, unsent, late, rejected(server))
				require.Zero(t, late)
				require.Zero(t, rejected(server))
				require.GreaterOrEqual(t, created, 390, "four minutes at 99 each, less what is late in the last")
			})
		})
	}
}

// Lists that are read by All, and calls with InBackground, yield to interactive calls too.
func TestAdmission_InteractiveCallsNextToOtherBackgroundCalls(t *testing.T) {
	t.Parallel()
	for name, load := range map[string]func(context.Context, *funnel.Client) error{
		"All": func(ctx context.Context, client *funnel.Client) error {
			var failed error
			for _, err := range client.Contacts.All(ctx, funnel.ContactListParams{PerPage: 10}) {
				failed = err
			}
			return failed
		},
		"InBackground": func(ctx context.Context, client *funnel.Client) error {
			var failed error
			var mu sync.Mutex
			apitest.Spread(1500, 100, func(int) {
				if err := getFirst(funnel.InBackground(ctx), client); err != nil {
					mu.Lock()
					failed = err
					mu.Unlock()
				}
			})
			return failed
		},
	} {
		for kind, latency := range latencies() {
			t.Run(name+" "+kind, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					server := funneltest.NewServer(latency())
					defer server.Close()
					server.SeedContacts(15_000) // 1,500 pages
					client := server.Client()
					start := time.Now()
					var watch stopwatch
					var wg sync.WaitGroup
					done := make(chan struct{})
					wg.Go(func() { interact(t, client, 500*time.Millisecond, done, &watch) })
					require.NoError(t, load(t.Context(), client))
					close(done)
					wg.Wait()
					t.Logf("%s: p95 %s, max %s; whole %s", name, watch.percentile(95), watch.percentile(100), time.Since(start))
					require.Empty(t, watch.failed)
					require.Zero(t, rejected(server))
					require.LessOrEqual(t, watch.percentile(95), 1100*time.Millisecond)
					require.LessOrEqual(t, time.Since(start), 200*time.Second)
				})
			})
		}
	}
}

// interact makes an interactive call every so often until done is closed, and waits for
// all of them.
func interact(t *testing.T, client *funnel.Client, every time.Duration, done <-chan struct{}, watch *stopwatch) {
	var wg sync.WaitGroup
	defer wg.Wait()
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			wg.Go(func() { watch.time(func() error { return getFirst(t.Context(), client) }) })
		case <-done:
			return
		}
	}
}

// A call that hangs after a pause, without a timeout, does not hold up the others.
func TestAdmission_CallThatHangsAfterAPause(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		transport := inTurn(respond(http.StatusTooManyRequests, "{}"), hang, respond(http.StatusOK, contactBody))
		client := overTransport(t, transport, funnel.WithAttemptTimeout(0))
		require.ErrorIs(t, getContact(funnel.WithoutRetry(t.Context()), client), funnel.ErrRateLimited)
		ctx, cancel := context.WithCancel(t.Context())
		var hanging sync.WaitGroup
		hanging.Go(func() { _ = getContact(ctx, client) })
		wait(61 * time.Second)
		start := time.Now()
		require.NoError(t, getContact(t.Context(), client))
		require.LessOrEqual(t, time.Since(start), 3*time.Second)
		cancel()
		hanging.Wait()
	})
}

// A client that is alone on its key, at an even 9 calls per second, with some slow
// responses: no call waits for the quota, also after a response of the server's previous
// window.
func TestAdmission_SlowResponsesDoNotStallASteadyLoad(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(3, 3))
		server := funneltest.NewServer(funneltest.WithLatency(func() (there, back time.Duration) {
			there = 50*time.Millisecond + time.Duration(rng.Int64N(int64(50*time.Millisecond)))
			back = 50*time.Millisecond + time.Duration(rng.Int64N(int64(50*time.Millisecond)))
			if rng.Float64() < 0.02 {
				back += time.Second + time.Duration(rng.Int64N(int64(4*time.Second)))
			}
			return there, back
		}))
		defer server.Close()
		server.SeedContacts(1)
		done := make(chan struct{})
		var watch stopwatch
		time.AfterFunc(10*time.Minute, func() { close(done) })
		interact(t, server.Client(), time.Second/9, done, &watch)
		require.Empty(t, watch.failed)
		require.Greater(t, len(watch.took), 5000)
		require.LessOrEqual(t, watch.percentile(100), 5500*time.Millisecond)
	})
}

// A bulk's concurrency follows the client's own limit where that is smaller than what the
// server has left: it does not hold up an interactive call for longer than a window.
func TestAdmission_BulkNextToASmallOwnLimit(t *testing.T) {
	t.Parallel()
	for name, latency := range latencies() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				server := funneltest.NewServer(latency()) // 600 per minute, and says so
				defer server.Close()
				server.SeedContacts(1)
				client := server.Client(funnel.WithRateLimit(100, time.Minute)) // its share
				ctx, cancel := context.WithCancel(t.Context())
				var wg sync.WaitGroup
				wg.Go(func() {
					for range client.Contacts.CreateAll(ctx, apitest.Contacts(50_000)) {
					}
				})
				wait(90 * time.Second)
				start := time.Now()
				require.NoError(t, getFirst(t.Context(), client))
				require.LessOrEqual(t, time.Since(start), 1600*time.Millisecond)
				cancel()
				wg.Wait()
			})
		})
	}
}

// A client with the limit of a second, for an even pace, knows that the server's window is
// a minute, also if another program uses the key.
func TestAdmission_EvenPaceOnASharedKey(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := funneltest.NewServer(apitest.Jitter(3))
		defer server.Close()
		server.SeedContacts(1)
		client := server.Client(funnel.WithRateLimit(10, time.Second))
		other := server.Client(funnel.WithRateLimit(300, time.Minute))
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			for range other.Contacts.CreateAll(ctx, apitest.Contacts(50_000)) {
			}
		})
		wait(500 * time.Millisecond)
		apitest.Spread(2000, 50, func(int) {
			if err := getFirst(t.Context(), client); err != nil {
				t.Error(err)
			}
		})
		cancel()
		wg.Wait()
		require.LessOrEqual(t, rejected(server), 5)
	})
}
