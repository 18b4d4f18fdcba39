package funnel

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/funnel-go/funnel/internal/quota"
)

// A core runs the calls of a [Client]: it has everything that they share.
type core struct {
	base      *url.URL // without a slash at its end
	header    http.Header
	auth      func(*http.Request) error
	hide      func(text string) string // the API key and webhooks' secrets; a closure is not printed with what it holds
	transport func() http.RoundTripper // a closure too: it may hold requests, and they hold the key
	jar       http.CookieJar           // may be nil
	policy    RetryPolicy
	budget    *budget
	admission *quota.Admission
	limiter   Limiter // nil: the admission counts
	observers observers

	attemptTimeout   time.Duration
	maxResponseBytes int64

	failure atomic.Pointer[error] // why a request has failed, the last time one did
	upserts upserts               // what recent ones found

	quotaMu   sync.Mutex
	quota     RateLimit // Limit and Remaining of the last headers
	quotaAt   time.Time // when they came
	pauseEnds time.Time // of the last pause that the observers know of
}

func newCore(base *url.URL, cfg config) *core {
	c := &core{
		base: base,
		header: http.Header{
			"Accept":     {"application/json"},
			"User-Agent": {cfg.userAgent},
		},
		auth:             cfg.auth,
		hide:             hideSecrets(cfg.apiKey),
		policy:           cfg.policy,
		budget:           newBudget(cfg.policy.Budget),
		limiter:          cfg.limiter,
		observers:        slices.Clone(cfg.observers),
		attemptTimeout:   cfg.timeout(),
		maxResponseBytes: cfg.maxResponseBytes,
		quota:            RateLimit{Limit: cfg.rateLimit},
	}
	if c.auth == nil {
		c.auth = bearer(cfg.apiKey)
	}
	admission := quota.Config{
		Limit:    cfg.rateLimit,
		Per:      cfg.ratePer,
		MaxPause: cfg.policy.MaxRateLimitWait,
		Withdraw: c.budget.withdraw,
	}
	if c.limiter != nil {
		admission.Limit, c.quota.Limit = 0, 0
	}
	if cfg.logger != nil {
		c.observers = append(c.observers, logTo(cfg.logger, c.hide))
	}
	if c.observers.wantWaits() {
		admission.Queued = func(ctx context.Context, place *quota.Call, wait time.Duration) {
			c.waits(ctx, place, WaitQuota, wait)
		}
	}
	c.admission = quota.NewAdmission(admission)
	c.observeLimiter()
	transport, jar := cfg.transport()
	c.transport, c.jar = func() http.RoundTripper { return transport }, jar
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

// upserts counts what recent upserts found: above zero, most contacts existed.
type upserts struct{ balance atomic.Int32 }

func (u *upserts) mostExist() bool { return u.balance.Load() > 0 }

func (u *upserts) add(existed bool) {
	const most = 8 // a few items later another order may be the better one
	n := u.balance.Load()
	if existed {
		n++
	} else {
		n--
	}
	u.balance.Store(max(-most, min(n, most))) // one that is lost to another goroutine does no harm
}
