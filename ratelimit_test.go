package funnel_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
)

// jitteryLatency is 0.2 s, and 0 to 0.4 s of jitter, on both ways together.
func jitteryLatency(seed uint64) funneltest.Option {
	rng := rand.New(rand.NewPCG(seed, seed))
	oneWay := func() time.Duration {
		return 100*time.Millisecond + time.Duration(rng.Int64N(int64(200*time.Millisecond)))
	}
	return funneltest.WithLatency(func() (there, back time.Duration) { return oneWay(), oneWay() })
}

// spread makes n calls from so many goroutines.
func spread(n, goroutines int, call func(i int)) {
	var wg sync.WaitGroup
	work := make(chan int, n)
	for i := range n {
		work <- i
	}
	close(work)
	for range goroutines {
		wg.Go(func() {
			for i := range work {
				call(i)
			}
		})
	}
	wg.Wait()
}

func TestALongJobIsNeverRejectedAndUsesTheWholeQuota(t *testing.T) {
	for _, goroutines := range []int{50, 500} {
		for _, headers := range []bool{true, false} {
			t.Run(fmt.Sprintf("%d goroutines, headers %t", goroutines, headers), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					options := []funneltest.Option{jitteryLatency(1)}
					if !headers {
						options = append(options, funneltest.WithoutRateLimitHeaders())
					}
					server := funneltest.NewServer(options...)
					defer server.Close()
					server.SeedContacts(1)
					client := server.Client()

					start := time.Now()
					spread(5000, goroutines, func(int) {
						if _, err := client.Contacts.Get(t.Context(), 1); err != nil {
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

func TestAShortJobIsNotSlowedDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := funneltest.NewServer(fixedLatency(50 * time.Millisecond))
		defer server.Close()
		server.SeedContacts(1)
		client := server.Client()
		start := time.Now()
		for range 50 {
			_, err := client.Contacts.Get(t.Context(), 1)
			require.NoError(t, err)
		}
		require.Equal(t, 2500*time.Millisecond, time.Since(start))
	})
}

func TestTwoClientsThatKnowNothingOfEachOtherShareAKey(t *testing.T) {
	for _, test := range []struct {
		headers  bool
		rejected int
	}{
		{headers: true, rejected: 60},
		{headers: false, rejected: 300},
	} {
		t.Run(fmt.Sprintf("headers %t", test.headers), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				options := []funneltest.Option{jitteryLatency(7)}
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
						spread(2500, 25, func(int) {
							if _, err := client.Contacts.Get(t.Context(), 1); err != nil {
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

func TestA429PausesTheWholeClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := funneltest.NewServer(fixedLatency(200 * time.Millisecond))
		defer server.Close()
		server.SeedContacts(1)
		client := server.Client()
		server.Fail(funneltest.Fault{Status: 429})
		_, err := client.Contacts.Get(funnel.WithoutRetry(t.Context()), 1)
		require.ErrorIs(t, err, funnel.ErrRateLimited)
		require.Equal(t, time.Now().Add(time.Minute), client.RateLimit().PausedUntil)

		start := time.Now()
		spread(500, 500, func(int) {
			if _, err := client.Contacts.Get(t.Context(), 1); err != nil {
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

func TestRateLimitTellsWhatTheClientKnows(t *testing.T) {
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
			_, err := client.Contacts.Get(t.Context(), 1)
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

func TestALimiterOfOnesOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := funneltest.NewServer()
		defer server.Close()
		server.SeedContacts(1)
		ticker := time.NewTicker(100 * time.Millisecond)
		defer ticker.Stop()
		client := server.Client(funnel.WithLimiter(funnel.LimiterFromWaiter(evenPace{ticker})))
		start := time.Now()
		for range 20 {
			_, err := client.Contacts.Get(t.Context(), 1)
			require.NoError(t, err)
		}
		require.Equal(t, 2*time.Second, time.Since(start))

		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		_, err := client.Contacts.Get(ctx, 1)
		require.ErrorIs(t, err, context.DeadlineExceeded)

		server.Fail(funneltest.Fault{Status: 429})
		start = time.Now()
		_, err = client.Contacts.Get(t.Context(), 1)
		require.NoError(t, err)
		require.GreaterOrEqual(t, time.Since(start), time.Minute, "the pause stays")
	})
}

// recorder is a limiter that notes what it is told.
type recorder struct{ outcomes []funnel.Outcome }

func (r *recorder) Acquire(context.Context) (func(funnel.Outcome), error) {
	return func(o funnel.Outcome) { r.outcomes = append(r.outcomes, o) }, nil
}

func TestALimiterIsToldHowEachAttemptEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := funneltest.NewServer(funneltest.WithoutRateLimitHeaders())
		defer server.Close()
		server.SeedContacts(1)
		var limiter recorder
		client := server.Client(funnel.WithLimiter(&limiter))
		server.Fail(funneltest.Fault{Status: 503, Header: map[string][]string{"Retry-After": {"7"}}})
		server.Fail(funneltest.Fault{DropConnection: true})
		_, err := client.Contacts.Get(t.Context(), 1)
		require.NoError(t, err)
		require.Equal(t, []funnel.Outcome{
			{Sent: true, StatusCode: 503, Remaining: -1, RetryAfter: 7 * time.Second},
			{Sent: true, StatusCode: 0, Remaining: -1},
			{Sent: true, StatusCode: 200, Remaining: -1},
		}, limiter.outcomes)
	})
}

func TestALimitersErrorEndsTheCall(t *testing.T) {
	refusal := errors.New("no quota today")
	server := funneltest.NewServer()
	defer server.Close()
	client := server.Client(funnel.WithLimiter(limiterFunc(func(context.Context) (func(funnel.Outcome), error) { return nil, refusal })))
	_, err := client.Contacts.Get(t.Context(), 1)
	require.ErrorIs(t, err, refusal)
	var request *funnel.RequestError
	require.ErrorAs(t, err, &request)
	require.Zero(t, request.Attempts)
	require.Zero(t, server.RequestCount())
}

type limiterFunc func(context.Context) (func(funnel.Outcome), error)

func (f limiterFunc) Acquire(ctx context.Context) (func(funnel.Outcome), error) { return f(ctx) }
