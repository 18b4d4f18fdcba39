package funnel

import (
	"crypto/tls"
	"log/slog"
	"math"
	"net"
	"net/http"
	"runtime"
	"strings"
	"time"
)

// Version is the version of the SDK. It is part of the User-Agent header.
const Version = "0.1.0-dev"

// An Option configures a [Client]. An invalid value makes [New] fail with an
// [*ArgumentError].
type Option func(*config) error

type config struct {
	apiKey           string
	baseURL          string
	httpClient       *http.Client
	userAgent        string
	auth             func(*http.Request) error
	logger           *slog.Logger
	policy           RetryPolicy
	rateLimit        int
	ratePer          time.Duration
	limiter          Limiter
	observers        []Observer
	attemptTimeout   *time.Duration
	maxResponseBytes int64
	insecureHTTP     bool
}

const defaultAttemptTimeout = 30 * time.Second

func (cfg *config) timeout() time.Duration {
	switch {
	case cfg.attemptTimeout != nil:
		return *cfg.attemptTimeout
	case cfg.httpClient != nil && cfg.httpClient.Timeout > 0:
		return cfg.httpClient.Timeout
	default:
		return defaultAttemptTimeout
	}
}

// transport returns the transport of the attempts, and the cookie jar if there is one.
func (cfg *config) transport() (http.RoundTripper, http.CookieJar) {
	switch {
	case cfg.httpClient == nil:
		return newTransport(min(cfg.rateLimit, 1000)), nil
	case cfg.httpClient.Transport == nil:
		return http.DefaultTransport, cfg.httpClient.Jar
	}
	return cfg.httpClient.Transport, cfg.httpClient.Jar
}

// DefaultBaseURL is the vendor's API (documented).
const DefaultBaseURL = "https://api.wolfeo.me/v1"

// WithBaseURL sets the base URL, such as "http://127.0.0.1:8080/v1". The default is
// [DefaultBaseURL]. The URL must be absolute, without user info, query or fragment.
// Plain http is accepted for loopback addresses only, unless [WithInsecureHTTP] is
// given.
func WithBaseURL(baseURL string) Option {
	return func(cfg *config) error {
		cfg.baseURL = baseURL
		return nil
	}
}

// WithHTTPClient sends requests with a copy of client: its transport and its cookie
// jar are used, its Timeout becomes that of an attempt, and its CheckRedirect is
// ignored, because redirects are never followed. The default transport uses the proxy
// that the environment names, as [http.ProxyFromEnvironment] does. In tests, pass a
// mock transport:
//
//	mock := httpmock.NewMockTransport()
//	client, err := funnel.New(key, funnel.WithHTTPClient(&http.Client{Transport: mock}))
func WithHTTPClient(client *http.Client) Option {
	return func(cfg *config) error {
		if client == nil {
			return argumentError("WithHTTPClient", "the client is nil: leave the option out")
		}
		cfg.httpClient = client
		return nil
	}
}

// WithUserAgent replaces the User-Agent header.
func WithUserAgent(userAgent string) Option {
	return func(cfg *config) error {
		if strings.TrimSpace(userAgent) == "" || hasControl(userAgent) {
			return argumentError("WithUserAgent", "is empty or contains a control character: use a name such as my-app/1.0")
		}
		cfg.userAgent = userAgent
		return nil
	}
}

// WithAuth replaces the authentication of requests, which is "Authorization: Bearer
// <API key>" by default. auth is called for every attempt and can modify its request.
// If it returns an error, the call fails with a [*RequestError] that wraps it, and is
// not retried. Errors and logs hide the API key given to [New], but no other secret
// that auth sends.
func WithAuth(auth func(*http.Request) error) Option {
	return func(cfg *config) error {
		if auth == nil {
			return argumentError("WithAuth", "the function is nil: leave the option out")
		}
		cfg.auth = auth
		return nil
	}
}

// WithLogger logs to logger:
//   - a line for each attempt at debug level, with the response's body;
//   - a warning when the client retries or pauses, or its limiter loses its store;
//   - an info line if calls wait because the rate limit is used up, at most once a
//     minute.
//
// The API key and the secret of a new webhook are never logged, and personal data only
// at debug level. Without this option the client logs nothing.
func WithLogger(logger *slog.Logger) Option {
	return func(cfg *config) error {
		if logger == nil {
			return argumentError("WithLogger", "the logger is nil: leave the option out")
		}
		cfg.logger = logger
		return nil
	}
}

// WithRetry sets the retry policy. Start from [DefaultRetryPolicy] and change what
// you need; a zero field means its default.
func WithRetry(policy RetryPolicy) Option {
	return func(cfg *config) error {
		policy, err := policy.withDefaults()
		cfg.policy = policy
		return err
	}
}

// WithRateLimit limits the client to n requests in any period of the given length. The
// server's headers never raise this limit. The default is 600 per minute (documented).
// Both parameters must be positive. If n is 100 or more, the client uses only 99 % of
// it: net/http can repeat a request on a new connection without the client's
// knowledge. If several processes use one account without funnelredis, give each of
// them a part of the 600.
func WithRateLimit(n int, per time.Duration) Option {
	return func(cfg *config) error {
		if n <= 0 || per <= 0 {
			return argumentError("WithRateLimit", "is %d in %s: both must be positive", n, per)
		}
		if err := checkUnit("WithRateLimit", per); err != nil {
			return err
		}
		cfg.rateLimit, cfg.ratePer = n, per
		return nil
	}
}

// WithLimiter replaces the limiter that [WithRateLimit] sets up. The client still
// pauses after a 429.
func WithLimiter(limiter Limiter) Option {
	return func(cfg *config) error {
		if limiter == nil {
			return argumentError("WithLimiter", "the limiter is nil: leave the option out")
		}
		cfg.limiter = limiter
		return nil
	}
}

// WithObserver adds an observer. Several observers are called in the order of the
// options.
func WithObserver(observer Observer) Option {
	return func(cfg *config) error {
		cfg.observers = append(cfg.observers, observer)
		return nil
	}
}

// WithAttemptTimeout limits each attempt to d, from its admission by the rate limiter
// to the end of the response's body. The default is 30 s, or the Timeout of the client
// given to [WithHTTPClient] if that is not zero. If d is zero, only the context limits
// an attempt.
func WithAttemptTimeout(d time.Duration) Option {
	return func(cfg *config) error {
		if d < 0 {
			return argumentError("WithAttemptTimeout", "is %s: must not be negative", d)
		}
		if err := checkUnit("WithAttemptTimeout", d); err != nil {
			return err
		}
		cfg.attemptTimeout = &d
		return nil
	}
}

// WithMaxResponseBytes refuses responses whose body has more than n bytes after
// decompression, 32 MiB by default. The call fails and is not retried. Responses with
// more than 262,144 JSON values are always refused, because many small values need much
// more memory than their text; a page of 100 contacts has about 1,500.
func WithMaxResponseBytes(n int64) Option {
	return func(cfg *config) error {
		if n <= 0 {
			return argumentError("WithMaxResponseBytes", "is %d: must be positive", n)
		}
		cfg.maxResponseBytes = min(n, math.MaxInt64-1) // room to see one byte more
		return nil
	}
}

// WithInsecureHTTP allows a base URL of plain http to any host. Anyone on
// the network path can then read the API key.
func WithInsecureHTTP() Option {
	return func(cfg *config) error {
		cfg.insecureHTTP = true
		return nil
	}
}

func bearer(apiKey string) func(*http.Request) error {
	value := []string{"Bearer " + apiKey}
	return func(req *http.Request) error {
		if _, ok := req.Header["Authorization"]; !ok { // not the call's own
			req.Header["Authorization"] = value
		}
		return nil
	}
}

func defaultUserAgent() string {
	return "funnel-go/" + Version + " (" + runtime.Version() + "; " + runtime.GOOS + "/" + runtime.GOARCH + ")"
}

// newTransport returns the SDK's own transport: as many idle connections as
// requests may be in flight, where the standard library keeps two.
func newTransport(inFlight int) *http.Transport {
	dialer := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
	transport := &http.Transport{
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
	if runtime.GOOS == "js" { // in a browser net/http uses fetch only without a dialer
		transport.DialContext = nil
	}
	return transport
}
