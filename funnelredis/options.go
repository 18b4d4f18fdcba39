package funnelredis

import (
	"fmt"
	"strings"
	"time"

	"github.com/funnel-go/funnel"
)

// An Option configures a [Limiter]. An invalid value makes [New] fail with a
// [*funnel.ArgumentError].
type Option func(*config) error

type config struct {
	limit    int // of the API
	per      time.Duration
	lease    time.Duration
	patience time.Duration
	share    float64 // of the quota, while Redis is lost; 0: none
	prefix   string
}

func defaultConfig() config {
	return config{
		limit:    600, // documented
		per:      time.Minute,
		lease:    35 * time.Second,
		patience: 15 * time.Second,
		prefix:   "funnel",
	}
}

// day bounds durations, so that no sum overflows.
const day = 24 * time.Hour

// slots returns how many of n requests are admitted: 1 %, and at least one, is not used,
// because net/http may repeat a request by itself. So no response says that nothing
// remains, unless another program uses the key.
func slots(n int) int { return max(1, n-1-(n-1)/100) }

// grace is how much longer than others a request without a response holds its slot,
// since it may still arrive.
func (c *config) grace() time.Duration { return c.per / 12 }

// term is how long a slot is taken without a report.
func (c *config) term() time.Duration { return c.lease + c.per + c.grace() }

// serverWindow is the length of the server's own window: as long as the API's
// reference says, or shorter if the limiter's is. If the server's limit is larger than
// the limiter's, the server's window is longer in proportion.
func (c *config) serverWindow(limit int) time.Duration {
	per := c.per
	if limit > 0 {
		per = max(per, per*time.Duration(min(limit, 1<<16))/time.Duration(slots(c.limit)))
	}
	return min(per, time.Minute)
}

// WithRateLimit sets the quota that all processes share: n requests in any period of
// the given length, 600 a minute by default (documented). 1 % of n, and at
// least one request, is not used, because net/http may repeat a request by itself. per is
// 1 ms to 24 h. All processes must set the same.
func WithRateLimit(n int, per time.Duration) Option {
	return func(c *config) error {
		if n <= 0 || per < time.Millisecond || per > day {
			return badArgument("WithRateLimit", "is %d in %s: want at least 1, in 1ms to 24h", n, per)
		}
		c.limit, c.per = n, per
		return nil
	}
}

// WithLease sets how long a request may take before its process is assumed dead: 35 s
// by default, which is more than an attempt of a client may take, and 24 h at most.
// It must be longer than the client's [funnel.WithAttemptTimeout]. If a process dies
// during a request, the slot is free after the lease and another 65 s, in which the
// API may count the request.
func WithLease(d time.Duration) Option {
	return func(c *config) error {
		if d <= 0 || d > day {
			return badArgument("WithLease", "is %s: want more than 0 and at most 24h", d)
		}
		c.lease = d
		return nil
	}
}

// WithPatience sets how long calls wait for Redis when exchanges fail: 15 s by
// default. Choose more than a failover of your Redis takes. With zero, calls do not wait.
// After that time Redis counts as lost until it responds again. The last exchange can
// take 2 s longer.
func WithPatience(d time.Duration) Option {
	return func(c *config) error {
		if d < 0 {
			return badArgument("WithPatience", "is %s: must not be negative", d)
		}
		c.patience = d
		return nil
	}
}

// WithFallback lets this process use a share of the quota on its own while Redis is
// lost. With n processes, give each 1.0/n or less. Without this option, calls fail with
// [ErrUnavailable] while Redis is lost.
//
// Slots that were taken when Redis was lost count, as far as this process knows them.
// Requests sent meanwhile are reported to Redis afterwards. So if all processes lose
// Redis, they stay within the quota before, during and after. Processes that still
// reach Redis do not know of this share, and use the whole quota in addition.
func WithFallback(share float64) Option {
	return func(c *config) error {
		if !(share > 0 && share <= 1) { // refuses NaN too
			return badArgument("WithFallback", "is %v: want a share of more than 0 and at most 1", share)
		}
		c.share = share
		return nil
	}
}

// WithPrefix sets the prefix of the keys in Redis: "funnel" by default. It must not
// contain "{}": a cluster would put the two keys on different nodes.
func WithPrefix(prefix string) Option {
	return func(c *config) error {
		if prefix == "" {
			return badArgument("WithPrefix", "is empty")
		}
		if strings.Contains(prefix, "{}") {
			return badArgument("WithPrefix", "contains {}: a cluster would put the two keys on different nodes")
		}
		c.prefix = prefix
		return nil
	}
}

func badArgument(field, format string, args ...any) error {
	return &funnel.ArgumentError{Field: field, Message: fmt.Sprintf(format, args...)}
}
