package funnel

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/funnel-go/funnel/internal/quota"
	"github.com/funnel-go/funnel/internal/text"
)

// A Client talks to the API. Make it with [New] or [NewFromEnv]; a zero Client
// refuses every call. It is safe for concurrent use. Share one client: its rate limit
// covers all its calls.
type Client struct {
	// One service for each resource of the API.
	Contacts      *ContactsService
	CustomFields  *CustomFieldsService
	Tags          *TagsService
	Sequences     *SequencesService
	Funnels       *FunnelsService
	Campaigns     *CampaignsService
	Webhooks      *WebhooksService
	Orders        *OrdersService
	Transactions  *TransactionsService
	Subscriptions *SubscriptionsService

	core *core
	cfg  config // for WithKey
}

// New returns a client that authenticates with apiKey, against the vendor's API unless
// [WithBaseURL] says otherwise. It sends nothing. To check the key, make a call that
// costs one request, such as [CustomFieldsService.List]. The key must not be empty,
// not even with [WithAuth]. The error is an [*ArgumentError]; it never contains the
// key.
func New(apiKey string, opts ...Option) (*Client, error) {
	return build(apiKey, config{
		baseURL:          DefaultBaseURL,
		userAgent:        defaultUserAgent(),
		policy:           DefaultRetryPolicy(),
		rateLimit:        defaultRateLimit,
		ratePer:          defaultRatePer,
		maxResponseBytes: 32 << 20,
	}, opts)
}

// build returns a client with cfg as changed by opts.
func build(apiKey string, cfg config, opts []Option) (*Client, error) {
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
	base, err := parseBaseURL(cfg.baseURL, cfg.insecureHTTP)
	if err != nil {
		return nil, err
	}
	cfg.apiKey = apiKey
	return newClient(base, cfg), nil
}

// NewFromEnv is [New] with the API key of the environment variable FUNNEL_API_KEY, and
// the base URL of FUNNEL_BASE_URL if that is set. [WithBaseURL] overrides
// FUNNEL_BASE_URL.
func NewFromEnv(opts ...Option) (*Client, error) {
	key := os.Getenv("FUNNEL_API_KEY")
	if key == "" {
		return nil, argumentError("FUNNEL_API_KEY", "is not set: set this environment variable to your API key")
	}
	if err := checkAPIKey(key); err != nil {
		return nil, err
	}
	if baseURL := os.Getenv("FUNNEL_BASE_URL"); baseURL != "" {
		if _, err := parseBaseURL(baseURL, true); err != nil { // whether plain http is allowed, the options say
			return nil, fmt.Errorf("environment variable FUNNEL_BASE_URL: %w", err)
		}
		opts = append([]Option{WithBaseURL(baseURL)}, opts...)
	}
	return New(key, opts...)
}

func newClient(base *url.URL, cfg config) *Client {
	c := newCore(base, cfg)
	cfg.apiKey, cfg.httpClient = "", nil // a printed Client must not show the key
	return &Client{
		core:          c,
		cfg:           cfg,
		Contacts:      &ContactsService{core: c},
		CustomFields:  &CustomFieldsService{core: c},
		Tags:          &TagsService{core: c},
		Sequences:     &SequencesService{core: c},
		Funnels:       &FunnelsService{core: c},
		Campaigns:     &CampaignsService{core: c},
		Webhooks:      &WebhooksService{core: c},
		Orders:        &OrdersService{core: c},
		Transactions:  &TransactionsService{core: c},
		Subscriptions: &SubscriptionsService{core: c},
	}
}

// WithKey returns a client for another account. The new client shares this client's
// connections and has this client's options; opts are applied last. The new client has
// its own rate limit, pauses, outages and retry budget ([RetryPolicy]), and does not use
// this client's cookie jar. Its errors and logs hide the new key.
//
// If this client was made with [WithLimiter] or [WithAuth], opts must contain that
// option for the new account. The error is an [*ArgumentError].
func (c *Client) WithKey(apiKey string, opts ...Option) (*Client, error) {
	if c.engine() == nil {
		return nil, argumentError("client", "is a zero Client: make one with New")
	}
	cfg := c.cfg
	cfg.httpClient = &http.Client{Transport: c.core.transport(), Timeout: c.core.attemptTimeout}
	cfg.observers = slices.Clone(cfg.observers)
	cfg.limiter, cfg.auth = nil, nil
	another, err := build(apiKey, cfg, opts)
	switch {
	case err != nil:
		return nil, err
	case c.cfg.limiter != nil && another.cfg.limiter == nil:
		return nil, argumentError("WithLimiter", "is missing: this client's limiter counts one account's requests, so give the new account its own")
	case c.cfg.auth != nil && another.cfg.auth == nil:
		return nil, argumentError("WithAuth", "is missing: this client's authentication is for one account, so give the new account its own")
	}
	return another, nil
}

// engine returns what runs the client's calls. That of a nil or zero Client is
// nil and refuses them.
func (c *Client) engine() *core {
	if c == nil {
		return nil
	}
	return c.core
}

// RateLimit returns what the client knows of its quota: from the server's headers if
// it received some in the last minute, otherwise from its own count.
func (c *Client) RateLimit() RateLimit {
	if c.engine() == nil {
		return RateLimit{Remaining: quota.Unknown}
	}
	return c.core.rateLimit()
}

// LimiterStats returns a snapshot of the client's limiter. For a limiter given with
// [WithLimiter] it calls the limiter's method Stats() LimiterStats. Without such a
// method, only the waiting calls and the pause are known. For what the server last
// reported see [Client.RateLimit].
func (c *Client) LimiterStats() LimiterStats {
	if c.engine() == nil {
		return LimiterStats{}
	}
	return c.core.limiterStats()
}

// Call sends a request to any endpoint, also one without a Go method, with the same
// authentication, retries and rate limiting as all other calls. The path, such as
// "/contact", is relative to the base URL; pass it unescaped. A body that is not nil
// is sent as JSON. The response's "data" is decoded into out. If out is nil, the data
// is ignored.
//
// The client treats a GET, PUT or DELETE as safe to repeat. It treats any other method
// as a create without a unique key: see Retries in the package documentation. HEAD is
// refused, because its responses have no error code.
func (c *Client) Call(ctx context.Context, method, path string, query url.Values, body, out any) error {
	req := request{method: method, path: path, query: query.Encode(), body: body}
	if err := checkCall(&req); err != nil {
		return err
	}
	if out == nil {
		return c.engine().do(ctx, req, nil)
	}
	if v := reflect.ValueOf(out); v.Kind() != reflect.Pointer || v.IsNil() {
		return argumentError("out", "is a %T: want a pointer, for the result to be put there", out)
	}
	return c.engine().do(ctx, req, decodeInto(out))
}

// CloseIdleConnections closes the connections that are not in use. Call it when you
// are done with the client. Later calls open new ones.
func (c *Client) CloseIdleConnections() {
	if c.engine() == nil {
		return
	}
	if closer, ok := c.core.transport().(interface{ CloseIdleConnections() }); ok {
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
		return nil, argumentError(field, "is not an absolute URL: want one such as https://host/v1, with https:// or http:// (is it swapped with the API key?)")
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, argumentError(field, "has another scheme than https and http: use https")
	case u.Hostname() == "":
		return nil, argumentError(field, "has no host: want one such as https://host/v1")
	case !isPort(u.Port()):
		return nil, argumentError(field, "has a port that is not between 1 and 65535")
	case u.User != nil:
		return nil, argumentError(field, "contains user info: remove it, and pass the API key to New")
	case u.RawQuery != "" || u.ForceQuery:
		return nil, argumentError(field, "contains a query: remove it")
	case u.Fragment != "" || strings.HasSuffix(s, "#"):
		return nil, argumentError(field, "contains a fragment: remove it")
	case u.Scheme == "http" && !insecure && !isLoopback(u.Hostname()):
		return nil, argumentError(field, "is plain http to another machine, which shows the API key to everybody on the network path: use https, or WithInsecureHTTP")
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

func checkAPIKey(key string) error {
	const field = "apiKey"
	switch {
	case strings.TrimSpace(key) == "":
		return argumentError(field, "is empty: pass the API key")
	case hasControl(key):
		return argumentError(field, "contains a control character, such as a line break at its end: trim it")
	case strings.TrimSpace(key) != key:
		return argumentError(field, "has white space around it: trim it")
	case len(key) > 7 && strings.EqualFold(key[:7], "Bearer "):
		return argumentError(field, "begins with Bearer, which is added to it: give the key alone")
	case strings.HasPrefix(key, "http://") || strings.HasPrefix(key, "https://"):
		return argumentError(field, "is a URL: is it swapped with the base URL?")
	}
	return nil
}

// checkCall refuses a method or path that cannot be right, and normalizes the path.
func checkCall(req *request) error {
	switch {
	case req.method == "" || strings.Trim(req.method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "":
		return argumentError("method", "is %q: use one such as http.MethodGet", text.Clip(req.method, 16))
	case req.method == http.MethodHead:
		return argumentError("method", "is HEAD, to which no response has a body with an error code: use http.MethodGet")
	}
	if !strings.HasPrefix(req.path, "/") {
		req.path = "/" + req.path
	}
	switch {
	case req.path == "/" || strings.HasPrefix(req.path, "//") || strings.Contains(req.path, "://"):
		return argumentError("path", "is empty or a whole URL: use a path below the base URL, such as /contact")
	case strings.ContainsAny(req.path, "?#"):
		return argumentError("path", "contains a query or a fragment: pass the query as the argument query")
	case hasControl(req.path) || strings.Contains(req.path, `\`):
		return argumentError("path", "contains a control character or a backslash: remove it")
	}
	for segment := range strings.SplitSeq(req.path, "/") {
		if segment == "." || segment == ".." {
			return argumentError("path", "contains %q, which leads out of the base URL: remove it", segment)
		}
	}
	return nil
}
