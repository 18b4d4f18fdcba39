package funneltest

import (
	"net/http"
	"strconv"
	"time"
)

// Quota is the state of the rate limit.
type Quota struct {
	Limit int       // requests per window; zero: there is no limit
	Used  int       // requests counted in this window
	Ends  time.Time // end of this window; zero: none is open
}

// A throttle counts requests.
//
// B7: it works like Laravel's, with Laravel's headers. The first request opens a
// window, which ends a fixed time later whatever happens in between.
type throttle struct {
	limit int
	per   time.Duration
	used  int
	ends  time.Time
}

func newThrottle(limit int, per time.Duration) throttle {
	if per <= 0 {
		per = defaultPer
	}
	return throttle{limit: max(limit, 0), per: per}
}

// hit counts a request, or reports that the limit is reached.
func (t *throttle) hit(now time.Time) bool {
	if t.limit == 0 {
		return true
	}
	if !now.Before(t.ends) {
		t.used, t.ends = 0, now.Add(t.per)
	}
	if t.used >= t.limit {
		return false
	}
	t.used++
	return true
}

func (t *throttle) quota(now time.Time) Quota {
	if !now.Before(t.ends) {
		return Quota{Limit: t.limit}
	}
	return Quota{Limit: t.limit, Used: t.used, Ends: t.ends}
}

// The headers as net/http spells them in its map.
const (
	headerLimit      = "X-Ratelimit-Limit"
	headerRemaining  = "X-Ratelimit-Remaining"
	headerReset      = "X-Ratelimit-Reset"
	headerRetryAfter = "Retry-After"
)

// tooManyAttempts is the documented body of a 429, Laravel's own.
func tooManyAttempts() *apiError {
	return bare(http.StatusTooManyRequests, "Too Many Attempts.")
}

// setHeaders sets the headers of every response to a counted request.
func (t *throttle) setHeaders(h http.Header) {
	if t.limit == 0 {
		return
	}
	values := []string{strconv.Itoa(t.limit), strconv.Itoa(t.limit - t.used)}
	h[headerLimit], h[headerRemaining] = values[:1:1], values[1:]
}

// setRejectionHeaders adds those of a 429: whole seconds, rounded up, so that a
// client that waits for them does not send too early.
func (t *throttle) setRejectionHeaders(h http.Header, now time.Time) {
	wait := (t.ends.Sub(now) + time.Second - 1) / time.Second
	reset := t.ends.Add(time.Second - 1).Unix()
	h[headerRetryAfter] = []string{strconv.FormatInt(int64(wait), 10)}
	h[headerReset] = []string{strconv.FormatInt(reset, 10)}
}
