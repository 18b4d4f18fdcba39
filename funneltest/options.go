package funneltest

import (
	"net/http"
	"strings"
	"time"
)

// An Option configures a [Server].
type Option func(*config)

type config struct {
	apiKey          string
	basePath        string
	subdomain       string
	now             func() time.Time
	latency         func() (there, back time.Duration)
	limit           int
	per             time.Duration
	style           ThrottleStyle
	quotaHeaders    bool
	hooks           http.RoundTripper
	anyHost         bool
	signatureHeader string
	delivered       func(Delivery)
}

// The defaults of a server.
const (
	defaultAPIKey    = "funneltest-key"
	defaultSubdomain = "acme"
	defaultLimit     = 600
	defaultPer       = time.Minute

	// B13: the header that carries the signature of a webhook delivery.
	defaultSignatureHeader = "Signature"
)

func newConfig(opts []Option) config {
	cfg := config{
		apiKey:          defaultAPIKey,
		subdomain:       defaultSubdomain,
		now:             time.Now,
		limit:           defaultLimit,
		per:             defaultPer,
		quotaHeaders:    true,
		signatureHeader: defaultSignatureHeader,
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

// WithBasePath serves the API below a path, such as "/v1"; any other path is
// not found. The default is none.
func WithBasePath(path string) Option {
	return func(c *config) {
		c.basePath = ""
		if path = strings.Trim(path, "/"); path != "" {
			c.basePath = "/" + path
		}
	}
}

// WithClock sets the server's clock, which the rate limit, timestamps, periods
// and scheduled campaigns use. The default is time.Now, which is virtual time
// inside testing/synctest. now is called with the server's lock held, so it
// must not call the server.
func WithClock(now func() time.Time) Option {
	return func(c *config) { c.now = now }
}

// WithRateLimit allows n requests in each window of the given length; the
// default is the documented 600 per minute. With n zero or below there is no
// limit, and no rate limit headers are sent.
//
// The window is Laravel's. The first request opens it. It ends on a whole
// second, so it is up to 1 s shorter than its length; see [WithThrottleStyle].
// A rejected request is not counted, and neither is one that reaches no
// operation: 401, 404 for an unknown path, 405 and 413. Those responses have no
// rate limit headers.
func WithRateLimit(n int, per time.Duration) Option {
	return func(c *config) { c.limit, c.per = n, per }
}

// WithThrottleStyle makes the rate limit count as Laravel's does with one cache
// store.
func WithThrottleStyle(style ThrottleStyle) Option {
	return func(c *config) { c.style = style }
}

// WithoutRateLimitHeaders leaves out the X-RateLimit- headers and Retry-After:
// the API's reference promises no more than the 429 itself.
func WithoutRateLimitHeaders() Option {
	return func(c *config) { c.quotaHeaders = false }
}

// WithLatency sets how long each request takes to reach the server, where it is
// counted and carried out, and how long its response takes back. latency is
// called once for each request, one call at a time, so that it may use a seeded
// [math/rand/v2.Rand].
func WithLatency(latency func() (there, back time.Duration)) Option {
	return func(c *config) { c.latency = latency }
}

// WithoutSubdomain makes the account one without a subdomain, which cannot
// create funnels (NO_SUBDOMAIN).
func WithoutSubdomain() Option {
	return func(c *config) { c.subdomain = "" }
}

// WithSignatureHeader sets the name of the header that carries the signature of
// a webhook delivery. The default is "Signature" (assumed: the vendor's name is
// unknown). An empty name leaves the default.
func WithSignatureHeader(name string) Option {
	return func(c *config) {
		if name != "" {
			c.signatureHeader = name
		}
	}
}

// WithWebhookTransport sends webhook deliveries through rt instead of the
// network, whatever their host. It panics if rt is nil, because deliveries would
// then leave the machine.
func WithWebhookTransport(rt http.RoundTripper) Option {
	if rt == nil {
		panic("funneltest: a webhook transport of nil")
	}
	return func(c *config) { c.hooks, c.anyHost = rt, true }
}

// WithWebhookHandler sends webhook deliveries to a handler, in memory, whatever their
// host: a program's own webhook endpoint is tested without a socket. A handler that
// needs the secret can be made only when the webhook is registered at the server. So
// pass an [http.ServeMux], and add the handler to it then.
func WithWebhookHandler(h http.Handler) Option {
	return WithWebhookTransport(handlerTransport{h})
}

// WithWebhooksToAnyHost allows deliveries to hosts other than loopback ones.
// Without it such deliveries are [DeliveryBlocked], so that a test cannot send
// anything to somebody else's server.
func WithWebhooksToAnyHost() Option {
	return func(c *config) { c.anyHost = true }
}

// WithDeliveryReport calls report for each webhook delivery once it has ended, in
// whatever state. Report is called with a lock held, one call at a time, so it must
// not call the server.
func WithDeliveryReport(report func(Delivery)) Option {
	return func(c *config) { c.delivered = report }
}
