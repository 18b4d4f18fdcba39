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

// A ThrottleStyle is how Laravel's throttle counts with one cache store. The
// zero value is what the file and database stores have in common: a window ends
// on a whole second, so that one of 60 s has 59 to 60 s.
type ThrottleStyle struct {
	// ExactWindows makes a window last its full length, as with the Redis store.
	// The headers still describe the whole second before its end: Retry-After is
	// up to 1 s too short, or 0, and X-RateLimit-Reset may be in the past.
	ExactWindows bool

	// Overshoot is how many requests above the limit are accepted in a window.
	// Laravel checks and counts in two steps, with every store: concurrent
	// requests pass the check together, and X-RateLimit-Remaining becomes negative.
	Overshoot int

	// CounterLag is how long the counter outlives its window. With the file store
	// it is a second if a second ends while a request is being counted. Until then
	// the next window goes on with the count, unless that has reached the limit.
	CounterLag time.Duration
}

// A throttle counts requests.
//
// B7: it works like Laravel's, with Laravel's headers. It has two parts that end
// on their own: the counter, and the timer of the window that its first request
// opens.
type throttle struct {
	limit int
	per   time.Duration
	style ThrottleStyle

	used      int
	counter   time.Time // when the counter ends
	timer     time.Time // when the window ends
	announced time.Time // when it ends as the headers say, a whole second
}

func newThrottle(cfg config) throttle {
	per := cfg.per
	if per <= 0 {
		per = defaultPer
	}
	return throttle{limit: max(cfg.limit, 0), per: per, style: cfg.style}
}

// hit counts a request, or reports that the limit is reached.
func (t *throttle) hit(now time.Time) bool {
	if t.limit == 0 {
		return true
	}
	if !now.Before(t.counter) {
		t.used = 0
	}
	if t.used >= t.limit+t.style.Overshoot {
		if now.Before(t.timer) {
			return false
		}
		t.used = 0
	}
	if !now.Before(t.timer) {
		t.timer, t.announced = t.window(now)
	}
	if t.used == 0 {
		ends, _ := t.window(now)
		t.counter = ends.Add(t.style.CounterLag)
	}
	t.used++
	return true
}

// window returns when a window that opens now ends, and what the headers say. A
// length that is no whole number of seconds is one that Laravel does not have;
// it is exact, and the headers are rounded up.
func (t *throttle) window(now time.Time) (ends, announced time.Time) {
	second := now.Truncate(time.Second)
	switch {
	case t.per%time.Second != 0:
		ends = now.Add(t.per)
		return ends, ends.Add(time.Second - 1).Truncate(time.Second)
	case t.style.ExactWindows:
		return now.Add(t.per), second.Add(t.per)
	}
	return second.Add(t.per), second.Add(t.per)
}

func (t *throttle) quota(now time.Time) Quota {
	q := Quota{Limit: t.limit}
	if now.Before(t.counter) {
		q.Used = t.used
	}
	if now.Before(t.timer) {
		q.Ends = t.timer
	}
	return q
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

// setHeaders sets the headers of every response to a counted request. Laravel
// reads the counter after it has handled the request.
func (t *throttle) setHeaders(h http.Header, now time.Time) {
	if t.limit == 0 {
		return
	}
	values := []string{strconv.Itoa(t.limit), strconv.Itoa(t.limit - t.quota(now).Used)}
	h[headerLimit], h[headerRemaining] = values[:1:1], values[1:]
}

// setRejectionHeaders sets those of a 429.
func (t *throttle) setRejectionHeaders(h http.Header, now time.Time) {
	second := now.Unix()
	wait := max(0, t.announced.Unix()-second)
	values := []string{strconv.Itoa(t.limit), "0", strconv.FormatInt(wait, 10), strconv.FormatInt(second+wait, 10)}
	h[headerLimit], h[headerRemaining] = values[:1:1], values[1:2:2]
	h[headerRetryAfter], h[headerReset] = values[2:3:3], values[3:]
}
