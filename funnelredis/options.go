package funnelredis

import (
	"fmt"
	"strings"
	"time"

	"github.com/funnel-go/funnel"
)

// An Option sets up a [Limiter]. A bad value makes [New] fail with a
// [*funnel.ArgumentError].
type Option func(*config) error

type config struct {
	limit    int // as the API has it
	per      time.Duration
	lease    time.Duration
	patience time.Duration
	share    float64 // of the quota, while Redis is away; 0: none
	prefix   string
}

func defaultConfig() config {
	return config{
		limit:    600, // documented
		per:      time.Minute,
		lease:    35 * time.Second,
		patience: 5 * time.Second,
		prefix:   "funnel",
	}
}

// day bounds what is counted in, so that no sum overflows.
const day = 24 * time.Hour

// slots returns how many of n requests are let through: one in a hundred, and
// at least one, stays free for what net/http repeats by itself. So no answer
// says that nothing is left, unless somebody else uses the key.
func slots(n int) int { return max(1, n-1-(n-1)/100) }

// grace is for how much longer than others a request without an answer holds
// its slot, since it may still arrive.
func (c *config) grace() time.Duration { return c.per / 12 }

// term is for how long a slot is taken of which nothing more is heard.
func (c *config) term() time.Duration { return c.lease + c.per + c.grace() }

// WithRateLimit keeps all processes together within n requests in any stretch
// of time as long as per: 600 a minute by default (documented). One slot in a
// hundred, and at least one, stays free for what net/http repeats by itself.
// per is at most a day. All processes must say the same.
func WithRateLimit(n int, per time.Duration) Option {
	return func(c *config) error {
		if n <= 0 || per < time.Millisecond || per > day {
			return badArgument("WithRateLimit", "is %d in %s: want at least 1, in 1ms to 24h", n, per)
		}
		c.limit, c.per = n, per
		return nil
	}
}

// WithLease sets how long a request may be under way before its process is
// taken for dead: 35 s by default, which is more than a client's attempt may
// take. Give more than the client's [funnel.WithAttemptTimeout], and at most a
// day. The slot of a request that was under way when its process died comes free
// after the lease and another 65 s, for which the API may count it.
func WithLease(d time.Duration) Option {
	return func(c *config) error {
		if d <= 0 || d > day {
			return badArgument("WithLease", "is %s: want more than 0 and at most 24h", d)
		}
		c.lease = d
		return nil
	}
}

// WithPatience sets how long calls wait for Redis when it fails: 5 s by
// default. Zero does not wait. After that Redis is taken to be away until it
// answers again. The time-outs of the Redis client come on top where they are
// longer.
func WithPatience(d time.Duration) Option {
	return func(c *config) error {
		if d < 0 {
			return badArgument("WithPatience", "is %s: must not be negative", d)
		}
		c.patience = d
		return nil
	}
}

// WithFallback lets this process use a share of the quota on its own while
// Redis is away; with n processes, give each 1.0/n or less. Without it, calls
// fail with [ErrUnavailable] then.
//
// What was used when Redis went away counts, as far as this process had heard of
// it, and what is used meanwhile is told to Redis when it is back, so that
// processes which all keep busy stay within the quota through both. The share
// comes on top of what others use where they can still reach Redis, or have used
// since this process last asked.
func WithFallback(share float64) Option {
	return func(c *config) error {
		if !(share > 0 && share <= 1) { // refuses NaN too
			return badArgument("WithFallback", "is %v: want a share of more than 0 and at most 1", share)
		}
		c.share = share
		return nil
	}
}

// WithPrefix sets how the keys in Redis begin: "funnel" by default. It must not
// contain "{}", by which a cluster would put the two keys on different nodes.
func WithPrefix(prefix string) Option {
	return func(c *config) error {
		if prefix == "" {
			return badArgument("WithPrefix", "is empty")
		}
		if strings.Contains(prefix, "{}") {
			return badArgument("WithPrefix", "contains {}, which tells a cluster to spread the keys")
		}
		c.prefix = prefix
		return nil
	}
}

func badArgument(field, format string, args ...any) error {
	return &funnel.ArgumentError{Field: field, Message: fmt.Sprintf(format, args...)}
}
