package funnel

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/funnel-go/funnel/internal/quota"
)

// A Client talks to the API. Make it with [New] or [NewFromEnv]; a zero Client
// refuses every call. It is safe for concurrent use, and one client should be
// shared: the rate limit is kept over all calls of a client.
type Client struct {
	// The resources of the API, each with its operations.
	Contacts  *ContactsService
	Tags      *TagsService
	Sequences *SequencesService
	Funnels   *FunnelsService
	Campaigns *CampaignsService
	Webhooks  *WebhooksService

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
	observers []Observer

	attemptTimeout   time.Duration
	maxResponseBytes int64

	quotaMu sync.Mutex
	quota   RateLimit // Limit and Remaining as last heard
	heard   time.Time // when
}

// New returns a client for the API at baseURL, such as
// "https://host/api/v1", that authenticates with apiKey.
//
// The base URL is absolute, with a host, and has no user info, query or
// fragment; plain http is accepted for loopback addresses only, unless
// [WithInsecureHTTP] says otherwise. The error is an [*ArgumentError]; it holds
// neither of the two, since they may have been swapped.
func New(baseURL, apiKey string, opts ...Option) (*Client, error) {
	cfg := config{
		apiKey:           apiKey,
		userAgent:        defaultUserAgent(),
		policy:           DefaultRetryPolicy(),
		rateLimit:        defaultRateLimit,
		ratePer:          defaultRatePer,
		maxResponseBytes: 32 << 20,
	}
	for _, opt := range opts {
		if opt == nil {
			return nil, argumentError("option", "is nil: leave it out")
		}
		if err := opt(&cfg); err != nil {
			return nil, err
		}
	}
	if err := checkAPIKey(apiKey); err != nil {
		return nil, err
	}
	base, err := parseBaseURL(baseURL, cfg.insecureHTTP)
	if err != nil {
		return nil, err
	}
	return newClient(base, cfg), nil
}

// NewFromEnv is [New] with the base URL and the API key of the environment
// variables FUNNEL_BASE_URL and FUNNEL_API_KEY.
func NewFromEnv(opts ...Option) (*Client, error) {
	for _, name := range []string{"FUNNEL_BASE_URL", "FUNNEL_API_KEY"} {
		if os.Getenv(name) == "" {
			return nil, argumentError(name, "the environment variable is not set")
		}
	}
	return New(os.Getenv("FUNNEL_BASE_URL"), os.Getenv("FUNNEL_API_KEY"), opts...)
}

func newClient(base *url.URL, cfg config) *Client {
	c := &Client{
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
		observers:        cfg.observers,
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
	c.retry = newRetrier(httpClient, &attempter{client: c})
	c.Contacts = &ContactsService{client: c}
	c.Tags = &TagsService{client: c}
	c.Sequences = &SequencesService{client: c}
	c.Funnels = &FunnelsService{client: c}
	c.Campaigns = &CampaignsService{client: c}
	c.Webhooks = &WebhooksService{client: c}
	return c
}

// Call sends a request to any endpoint, also one that this SDK has no method
// for, down the same road as all others. The path is relative to the base URL
// and not escaped, such as "/contact". A body that is not nil is sent as JSON.
// The answer's "data" is decoded into out; with a nil out no result is expected.
//
// A GET, HEAD, PUT or DELETE is taken as safe to repeat, all other methods as a
// creation without a unique key: see the package documentation on retries.
func (c *Client) Call(ctx context.Context, method, path string, query url.Values, body, out any) error {
	req := request{method: method, path: path, query: query.Encode(), body: body}
	if err := checkCall(&req); err != nil {
		return err
	}
	if out == nil {
		return c.do(ctx, req, nil)
	}
	if v := reflect.ValueOf(out); v.Kind() != reflect.Pointer || v.IsNil() {
		return argumentError("out", "is a %T: want a pointer, for the result to be put there", out)
	}
	return c.do(ctx, req, decodeInto(out))
}

// CloseIdleConnections closes the connections that are open and not in use, as
// a program may want to when it is done with the client. Calls may still be
// made.
func (c *Client) CloseIdleConnections() {
	if c == nil || c.retry == nil {
		return
	}
	if closer, ok := c.transport.(interface{ CloseIdleConnections() }); ok {
		closer.CloseIdleConnections()
	}
}

// parseBaseURL never repeats the URL in its errors: it may be the API key, in
// the wrong place.
func parseBaseURL(s string, insecure bool) (*url.URL, error) {
	const field = "baseURL"
	if strings.TrimSpace(s) == "" {
		return nil, argumentError(field, "is empty: want an absolute URL such as https://host/api/v1")
	}
	u, err := url.Parse(s)
	switch {
	case strings.TrimSpace(s) != s:
		return nil, argumentError(field, "has white space around it, such as a line break at its end: trim it")
	case err != nil || !u.IsAbs() || u.Opaque != "":
		return nil, argumentError(field, "is no absolute URL: want one such as https://host/api/v1 (is it swapped with the API key?)")
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, argumentError(field, "its scheme is neither https nor http")
	case u.Hostname() == "":
		return nil, argumentError(field, "has no host")
	case !isPort(u.Port()):
		return nil, argumentError(field, "its port is not between 1 and 65535")
	case u.User != nil:
		return nil, argumentError(field, "carries user info: remove it, the API key is given on its own")
	case u.RawQuery != "" || u.ForceQuery:
		return nil, argumentError(field, "carries a query: remove it")
	case u.Fragment != "" || strings.HasSuffix(s, "#"):
		return nil, argumentError(field, "carries a fragment: remove it")
	case u.Scheme == "http" && !insecure && !isLoopback(u.Hostname()):
		return nil, argumentError(field, "is plain http to another machine, which would show the API key to everybody on the way: use https, or WithInsecureHTTP")
	}
	u.Path = strings.TrimRight(u.Path, "/")
	u.RawPath = strings.TrimRight(u.RawPath, "/")
	return u, nil
}

// isPort reports whether s is a port, or none.
func isPort(s string) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return s == "" || err == nil && n > 0
}

func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}

func checkAPIKey(key string) error {
	const field = "apiKey"
	switch {
	case strings.TrimSpace(key) == "":
		return argumentError(field, "is empty")
	case hasControl(key):
		return argumentError(field, "holds a control character, such as a line break at its end: trim it")
	case strings.TrimSpace(key) != key:
		return argumentError(field, "has white space around it: trim it")
	case len(key) > 7 && strings.EqualFold(key[:7], "Bearer "):
		return argumentError(field, "begins with Bearer, which is added to it: give the key alone")
	case strings.HasPrefix(key, "http://") || strings.HasPrefix(key, "https://"):
		return argumentError(field, "is a URL: is it swapped with the base URL?")
	}
	return nil
}

// newTransport returns the SDK's own transport: as many idle connections as
// requests may be under way, where the standard library keeps two.
func newTransport(inFlight int) *http.Transport {
	dialer := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            dialer.DialContext,
		ForceAttemptHTTP2:      true,
		MaxIdleConns:           inFlight,
		MaxIdleConnsPerHost:    inFlight,
		IdleConnTimeout:        90 * time.Second,
		TLSHandshakeTimeout:    10 * time.Second,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		MaxResponseHeaderBytes: 1 << 20,
		HTTP2: &http.HTTP2Config{ // all calls share a connection: it must not be a dead one for long
			SendPingTimeout:  10 * time.Second,
			PingTimeout:      10 * time.Second,
			WriteByteTimeout: 10 * time.Second,
		},
	}
}
