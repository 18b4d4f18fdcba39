package funneltest

import (
	"net/http"
	"strings"
	"time"
)

// An Option sets up a [Server].
type Option func(*config)

type config struct {
	apiKey       string
	basePath     string
	subdomain    string
	now          func() time.Time
	latency      func() (there, back time.Duration)
	limit        int
	per          time.Duration
	quotaHeaders bool
	hooks        http.RoundTripper
	anyHost      bool
}

// What a server has without options.
const (
	defaultAPIKey    = "funneltest-key"
	defaultSubdomain = "acme"
	defaultLimit     = 600
	defaultPer       = time.Minute
)

func newConfig(opts []Option) config {
	cfg := config{
		apiKey:       defaultAPIKey,
		subdomain:    defaultSubdomain,
		now:          time.Now,
		limit:        defaultLimit,
		per:          defaultPer,
		quotaHeaders: true,
	}
	for _, opt := range opts {
		opt(&cfg)
	}
	return cfg
}

// WithAPIKey sets the one key that the server accepts. An empty key leaves the
// default.
func WithAPIKey(key string) Option {
	return func(c *config) {
		if key != "" {
			c.apiKey = key
		}
	}
}

// WithBasePath puts the API below a path, such as "/api/v1"; everything else
// is not found. The default is none.
func WithBasePath(path string) Option {
	return func(c *config) {
		c.basePath = ""
		if path = strings.Trim(path, "/"); path != "" {
			c.basePath = "/" + path
		}
	}
}

// WithClock sets the server's clock, which the rate limit, timestamps,
// scheduled campaigns and stats go by. The default is time.Now, which inside
// testing/synctest is virtual time already. now is called with the server's
// lock held, so it must not call the server.
func WithClock(now func() time.Time) Option {
	return func(c *config) { c.now = now }
}

// WithRateLimit allows n requests in each window of the given length; the
// default is the documented 600 a minute. With n zero or below there is no
// limit, and no header speaks of one.
//
// The window is Laravel's: the first request opens it, and a rejected request
// is not counted.
func WithRateLimit(n int, per time.Duration) Option {
	return func(c *config) { c.limit, c.per = n, per }
}

// WithoutRateLimitHeaders makes the server say nothing of its rate limit, as
// the API's reference promises no more than the 429 itself: no X-RateLimit-
// headers, and no Retry-After.
func WithoutRateLimitHeaders() Option {
	return func(c *config) { c.quotaHeaders = false }
}

// WithLatency sets how long each request travels to the server, before it is
// counted and carried out, and how long its answer travels back. latency is
// called once for each request, one call at a time, so that a seeded
// [math/rand/v2.Rand] may serve it.
func WithLatency(latency func() (there, back time.Duration)) Option {
	return func(c *config) { c.latency = latency }
}

// WithoutSubdomain makes the account one without a subdomain, which cannot
// create funnels (NO_SUBDOMAIN).
func WithoutSubdomain() Option {
	return func(c *config) { c.subdomain = "" }
}

// WithWebhookTransport sends webhook deliveries through rt instead of over the
// network, whatever their host. It panics without one: deliveries would reach
// strangers.
func WithWebhookTransport(rt http.RoundTripper) Option {
	if rt == nil {
		panic("funneltest: a webhook transport of nil")
	}
	return func(c *config) { c.hooks, c.anyHost = rt, true }
}

// WithWebhookHandler delivers webhooks straight to a handler, in memory,
// whatever their host: a program's own webhook endpoint is tested without a
// socket.
func WithWebhookHandler(h http.Handler) Option {
	return WithWebhookTransport(handlerTransport{h})
}

// WithWebhooksToAnyHost lets deliveries leave for hosts other than loopback
// ones. Without it they are noted as [DeliveryBlocked], so that a test cannot
// reach a stranger.
func WithWebhooksToAnyHost() Option {
	return func(c *config) { c.anyHost = true }
}
