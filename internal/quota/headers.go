package quota

import (
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Unknown stands for a number that the response does not contain.
const Unknown = -1

// Headers are the rate limit headers of Laravel's throttle.
type Headers struct {
	Limit      int           // requests per window; Unknown
	Remaining  int           // requests left in this window; Unknown
	RetryAfter time.Duration // how long to wait; 0 if the response does not say
}

// ParseHeaders reads X-RateLimit-Limit, X-RateLimit-Remaining and Retry-After (seconds or a
// date). If a 429 has no Retry-After, X-RateLimit-Reset (unix seconds) replaces it. Dates are
// compared with the response's own Date if it has one, so a wrong local clock does not
// matter.
func ParseHeaders(status int, h http.Header) Headers {
	// B7: the names are those of Laravel's throttle.
	return Headers{
		Limit:      number(h.Get("X-Ratelimit-Limit")),
		Remaining:  remaining(h.Get("X-Ratelimit-Remaining")),
		RetryAfter: retryAfter(status, h),
	}
}

func retryAfter(status int, h http.Header) time.Duration {
	if value := strings.TrimSpace(h.Get("Retry-After")); value != "" {
		if seconds, ok := seconds(value); ok {
			return seconds
		}
		if date, err := http.ParseTime(value); err == nil {
			return max(0, date.Sub(now(h)))
		}
	}
	if reset := number(h.Get("X-Ratelimit-Reset")); reset > 0 && status == http.StatusTooManyRequests {
		return max(0, time.Unix(int64(reset), 0).Sub(now(h)))
	}
	return 0
}

// seconds reads a number of seconds, which may have a fraction. A number that is too large
// for a duration becomes the longest one.
func seconds(s string) (time.Duration, bool) {
	if strings.Trim(s, "0123456789.") != "" { // neither -1 nor Inf nor 1e9 nor 0x10
		return 0, false
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0, false
	}
	if f >= math.MaxInt64/float64(time.Second) {
		return math.MaxInt64, true
	}
	return time.Duration(f * float64(time.Second)), true
}

func now(h http.Header) time.Time {
	if date, err := http.ParseTime(h.Get("Date")); err == nil {
		return date
	}
	return time.Now()
}

func number(s string) int {
	if s == "" {
		return Unknown
	}
	n, err := strconv.Atoi(strings.TrimSpace(s))
	if err != nil || n < 0 {
		return Unknown
	}
	return n
}

// remaining reads a number. Laravel sends a negative one after concurrent requests have
// exceeded the limit: it means zero.
func remaining(s string) int {
	if n, err := strconv.Atoi(strings.TrimSpace(s)); err == nil {
		return max(0, n)
	}
	return Unknown
}
