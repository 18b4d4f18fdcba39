package funnel

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/funnel-go/funnel/internal/quota"
)

// A core runs the calls of a [Client]: it has everything that they share.
type core struct {
	base      *url.URL // without a slash at its end
	header    http.Header
	auth      func(*http.Request) error
	secrets   *strings.Replacer
	transport http.RoundTripper
	retry     *retryablehttp.Client
	policy    RetryPolicy
	budget    *budget
	gate      *quota.Gate
	limiter   Limiter
	observers observers

	attemptTimeout   time.Duration
	maxResponseBytes int64

	upserts upserts // what recent ones found

	quotaMu sync.Mutex
	quota   RateLimit // Limit and Remaining as last heard
	heard   time.Time // when
}

func newCore(base *url.URL, cfg config) *core {
	c := &core{
		base: base,
		header: http.Header{
			"Accept":     {"application/json"},
			"User-Agent": {cfg.userAgent},
		},
		auth:             cfg.auth,
		secrets:          hide(cfg.apiKey),
		policy:           cfg.policy,
		budget:           newBudget(cfg.policy.Budget),
		gate:             quota.NewGate(cfg.policy.MaxRateLimitWait),
		limiter:          cfg.limiter,
		observers:        slices.Clone(cfg.observers),
		attemptTimeout:   cfg.timeout(),
		maxResponseBytes: cfg.maxResponseBytes,
		quota:            RateLimit{Limit: cfg.rateLimit},
	}
	if c.auth == nil {
		c.auth = bearer(cfg.apiKey)
	}
	if c.limiter == nil {
		c.limiter = windowLimiter{quota.NewWindow(cfg.rateLimit, cfg.ratePer)}
	} else {
		c.quota.Limit = 0
	}
	if cfg.logger != nil {
		c.observers = append(c.observers, logTo(cfg.logger, c.secrets))
	}
	httpClient := cfg.client()
	c.transport = httpClient.Transport
	c.retry = newRetrier(httpClient, &attempter{core: c})
	return c
}

// ready refuses what no call can be made with.
func (c *core) ready(ctx context.Context) error {
	if c == nil {
		return argumentError("client", "is a zero Client: make one with New")
	}
	if ctx == nil {
		return argumentError("ctx", "is nil: use context.Background()")
	}
	return nil
}
