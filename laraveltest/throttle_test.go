package laraveltest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os/exec"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel/funneltest"
	"github.com/funnel-go/funnel/laraveltest"
)

// A throttled is a server whose throttle these tests look at: Laravel with each
// of its stores, and the fake, which must count in the same way.
type throttled struct {
	name  string
	exact bool // a window has its full length; otherwise it ends on a whole second
	start func(t *testing.T, limit int, window time.Duration) endpoint
}

func laravel(store laraveltest.Store) throttled {
	return throttled{string(store), store == laraveltest.Redis, func(t *testing.T, limit int, window time.Duration) endpoint {
		return at(t, laraveltest.Start(t, laraveltest.WithStore(store), laraveltest.WithThrottle(limit, window)))
	}}
}

func fake(name string, exact bool, opts ...funneltest.Option) throttled {
	return throttled{name, exact, func(t *testing.T, limit int, window time.Duration) endpoint {
		s := funneltest.NewServer(append(opts, funneltest.WithRateLimit(limit, window))...)
		t.Cleanup(s.Close)
		return endpoint{t, "http://funnel.test", s.APIKey(), &http.Client{Transport: s.Transport()}}
	}}
}

// throttles are all of them. The tests that use them are not parallel to other
// tests, because all servers share the workers of PHP.
var throttles = []throttled{
	laravel(laraveltest.File), laravel(laraveltest.Redis), laravel(laraveltest.Database),
	fake("fake", false), fake("fake, exact", true, funneltest.WithThrottleStyle(funneltest.ThrottleStyle{ExactWindows: true})),
}

// TestThrottle_CountsWhatReachesARoute tells which responses are counted and
// which have the rate limit headers.
func TestThrottle_CountsWhatReachesARoute(t *testing.T) {
	t.Parallel()
	for _, server := range throttles {
		t.Run(server.name, func(t *testing.T) {
			t.Parallel()
			e := server.start(t, 600, time.Minute)
			stranger := e
			stranger.key = "no-key"
			require.Equal(t, 201, e.call(`POST /tag {"name":"vip"}`).status)
			for _, test := range []struct {
				from    endpoint
				line    string
				status  int
				counted bool
			}{
				{from: e, line: `GET /tags`, status: 200, counted: true},
				{from: e, line: `HEAD /tags`, status: 200, counted: true},
				{from: e, line: `POST /contact {"email":"ada@example.com"}`, status: 201, counted: true},
				{from: e, line: `POST /contact {"email":"a@example.com","tag_ids":"x"}`, status: 400, counted: true},
				{from: e, line: `GET /contact?contact_id=99`, status: 404, counted: true},
				{from: e, line: `POST /tag {"name":"vip"}`, status: 409, counted: true},
				{from: e, line: `POST /contact {}`, status: 422, counted: true},
				{from: stranger, line: `GET /tags`, status: 401},
				{from: e, line: `GET /nothing`, status: 404},
				{from: stranger, line: `GET /nothing`, status: 404},
				{from: e, line: `DELETE /tags`, status: 405},
				{from: stranger, line: `DELETE /tags`, status: 405},
				{from: e, line: `OPTIONS /tags`, status: 200},
			} {
				before := remaining(t, e)
				got := test.from.call(test.line)
				require.Equal(t, test.status, got.status, test.line)
				require.Equal(t, test.counted, got.header.Get("X-RateLimit-Limit") == "600", "%s: headers", test.line)
				spent := before - remaining(t, e) - 1
				require.Equal(t, test.counted, spent == 1, "%s: counted %d", test.line, spent)
			}
			require.Equal(t, "GET,HEAD", e.call("OPTIONS /tags").header.Get("Allow"))
		})
	}
}

// remaining makes a request and returns its X-RateLimit-Remaining.
func remaining(t *testing.T, e endpoint) int {
	t.Helper()
	n, err := strconv.Atoi(e.call("GET /tags").header.Get("X-RateLimit-Remaining"))
	require.NoError(t, err)
	return n
}

// A probe is a request and its response, with the times around it.
type probe struct {
	response
	sent, came time.Time
}

func (e endpoint) probe() probe {
	sent := time.Now()
	got := e.call("GET /tags?per_page=1")
	return probe{got, sent, time.Now()}
}

func (p probe) number(t *testing.T, header string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(p.header.Get(header), 10, 64)
	require.NoError(t, err)
	return n
}

// TestThrottle_WindowAndRetryAfter opens a window in the middle of a second,
// uses it up and polls until it ends. All comparisons hold for any speed of the
// machine: a server handles a request after it was sent and before its response
// came.
func TestThrottle_WindowAndRetryAfter(t *testing.T) { // not parallel to other tests
	const limit, window = 10, 3 * time.Second
	for _, server := range throttles {
		t.Run(server.name, func(t *testing.T) {
			t.Parallel()
			e, second, first := openInMidSecond(t, server, limit, window)
			for used := 1; used < limit; used++ {
				require.Equal(t, 200, e.probe().status)
			}
			ends := second.Add(window) // on the whole second
			earliest, latest := ends, ends
			if server.exact {
				earliest, latest = first.sent.Add(window), first.came.Add(window)
			}
			var last, open probe
			tooShort, zero := 0, 0
			for open = e.probe(); open.status == 429; open = e.probe() {
				last = open
				require.Equal(t, "10", last.header.Get("X-RateLimit-Limit"))
				require.Equal(t, "0", last.header.Get("X-RateLimit-Remaining"))
				require.JSONEq(t, `{"message":"Too Many Attempts."}`, last.body)
				require.True(t, last.sent.Before(latest), "rejected although the window had ended")
				wait := last.number(t, "Retry-After")
				require.GreaterOrEqual(t, wait, int64(0))
				// Both headers describe the whole second, also where the window ends later.
				reset := last.number(t, "X-RateLimit-Reset")
				require.GreaterOrEqual(t, reset, last.sent.Unix()+wait)
				require.LessOrEqual(t, reset, last.came.Unix()+wait)
				if last.came.Before(ends) {
					require.Equal(t, ends.Unix(), reset)
				}
				if last.came.Add(time.Duration(wait) * time.Second).Before(earliest) {
					tooShort++
				}
				if wait == 0 {
					zero++
				}
				waitUntil(last.came.Add(20 * time.Millisecond))
			}
			require.Equal(t, 200, open.status)
			require.False(t, open.came.Before(earliest), "accepted although the window had not ended")
			require.Equal(t, "9", open.header.Get("X-RateLimit-Remaining"))
			require.Equal(t, server.exact, tooShort > 0, "Retry-After is too short in %d responses", tooShort)
			require.Equal(t, server.exact, zero > 0, "Retry-After is 0 in %d responses", zero)
			t.Logf("window %.2f to %.2f s; Retry-After too short in %d responses, 0 in %d",
				last.sent.Sub(first.came).Seconds(), open.came.Sub(first.sent).Seconds(), tooShort, zero)
		})
	}
}

// openInMidSecond sends the first request of a window half a second after a
// whole second, and makes sure that the response came in the same second.
func openInMidSecond(t *testing.T, server throttled, limit int, window time.Duration) (e endpoint, second time.Time, first probe) {
	t.Helper()
	for range 20 {
		e = server.start(t, limit, window)
		e.call("OPTIONS /tags") // not counted
		second = time.Now().Truncate(time.Second).Add(time.Second)
		waitUntil(second.Add(500 * time.Millisecond))
		first = e.probe()
		if first.came.Before(second.Add(time.Second)) {
			return e, second, first
		}
	}
	t.Fatal("no request took less than half a second")
	return
}

// waitUntil blocks until a moment of the real clock.
func waitUntil(moment time.Time) {
	timer := time.NewTimer(time.Until(moment))
	defer timer.Stop()
	<-timer.C
}

// TestThrottle_RemainingIsReadAfterTheRequest: the counter is read when the
// request has been handled, so concurrent responses show the same number.
func TestThrottle_RemainingIsReadAfterTheRequest(t *testing.T) { // not parallel to other tests
	for _, store := range stores {
		t.Run(string(store), func(t *testing.T) {
			t.Parallel()
			s := laraveltest.Start(t, laraveltest.WithStore(store))
			e := at(t, s)
			s.Fail(laraveltest.SlowAfter)
			var (
				slow    response
				slowErr error
				done    sync.WaitGroup
			)
			done.Go(func() { slow, slowErr = e.try("GET /tags") })
			require.Eventually(t, func() bool { return s.PendingFaults() == 0 }, 5*time.Second, 10*time.Millisecond)
			least := remaining(t, e)
			done.Wait()
			require.NoError(t, slowErr)
			require.Equal(t, strconv.Itoa(least), slow.header.Get("X-RateLimit-Remaining"))
		})
	}
}

// TestThrottle_ConcurrentRequests sends twice the limit at once. Checking and
// counting are two steps, so more than the limit may be accepted. How many is a
// matter of chance: they are logged.
func TestThrottle_ConcurrentRequests(t *testing.T) { // not parallel to other tests
	const limit, goroutines, each = 100, 50, 4
	for _, store := range stores {
		t.Run(string(store), func(t *testing.T) {
			t.Parallel()
			e := at(t, laraveltest.Start(t, laraveltest.WithStore(store), laraveltest.WithThrottle(limit, time.Minute)))
			var (
				mu       sync.Mutex
				all      sync.WaitGroup
				accepted int
				least    = limit
				numbers  = map[int]int{}
			)
			for range goroutines {
				all.Go(func() {
					for range each {
						got, err := e.try("GET /tags?per_page=1")
						if err != nil || got.status != 200 {
							continue
						}
						n, _ := strconv.Atoi(got.header.Get("X-RateLimit-Remaining"))
						mu.Lock()
						accepted++
						least = min(least, n)
						numbers[n]++
						mu.Unlock()
					}
				})
			}
			all.Wait()
			require.GreaterOrEqual(t, accepted, limit)
			t.Logf("limit %d: %d accepted, least Remaining %d, %d responses repeat a Remaining", limit, accepted, least, accepted-len(numbers))
		})
	}
}

// TestThrottle_FileCounterOutlivesItsTimer reproduces what the file store does
// if a second ends while a request is being counted.
func TestThrottle_FileCounterOutlivesItsTimer(t *testing.T) {
	t.Parallel()
	laraveltest.Start(t) // skips without PHP
	for _, test := range []struct{ used, accepted, retryAfter int }{
		{15, 5, 3},  // the last 5 of the old window's limit, then rejected for a second
		{20, 20, 3}, // a window that was used up leaves nothing: Laravel resets its counter
	} {
		t.Run(fmt.Sprintf("%d of 20 used", test.used), func(t *testing.T) {
			t.Parallel()
			out, err := exec.Command("php", "api/drift.php", t.TempDir(), "20", strconv.Itoa(test.used), "3").CombinedOutput()
			require.NoError(t, err, string(out))
			var got struct {
				Drift       int     `json:"drift"`
				Accepted    int     `json:"accepted"`
				RetryAfter  int     `json:"retry_after"`
				RejectedFor float64 `json:"rejected_for"`
			}
			require.NoError(t, json.Unmarshal(out, &got), string(out))
			require.Equal(t, 1, got.Drift)
			require.Equal(t, test.accepted, got.Accepted)
			require.Equal(t, test.retryAfter, got.RetryAfter)
			t.Logf("%+v", got)
		})
	}
}
