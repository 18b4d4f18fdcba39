package laraveltest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The keys of the two users that each server has.
const (
	apiKey      = "laravel-key"
	otherAPIKey = "other-laravel-key"
)

// A Server is the API with a database, a cache and settings of its own. All
// servers of a test binary share the processes of nginx, PHP and Redis, so a
// server costs a few milliseconds.
type Server struct {
	URL         string // the base URL, such as http://127.0.0.1:40123/1/v1
	APIKey      string
	OtherAPIKey string // of another user, who sees nothing of the first one's

	t       testing.TB
	process *process
	number  int
	faults  int
	ahead   time.Duration
}

// A Store is where Laravel keeps the counters of its throttle.
type Store string

// The stores. The database store uses the account's SQLite database.
const (
	File     Store = "file"
	Redis    Store = "redis"
	Database Store = "database"
)

// A Front is what a request passes before it reaches PHP; see [Server.Behind].
type Front string

// The fronts.
const (
	Bare  Front = "bare"  // nginx removes the rate limit headers and Retry-After
	Hasty Front = "hasty" // nginx waits 1 s for PHP (504), and accepts bodies up to 8 kB (413)
	Gone  Front = "gone"  // nginx finds no PHP (502)
)

// An Option configures a [Server].
type Option func(*config)

type config struct {
	store     Store
	limit     int
	window    time.Duration
	debug     bool
	subdomain string
}

// WithStore sets the store of the throttle's counters; the default is [File],
// as in Laravel.
func WithStore(store Store) Option { return func(c *config) { c.store = store } }

// WithThrottle sets the limit of Laravel's throttle middleware. The default is
// 600 requests per minute. Windows have whole seconds.
func WithThrottle(limit int, window time.Duration) Option {
	return func(c *config) { c.limit, c.window = limit, window }
}

// WithDebug sets APP_DEBUG: an unexpected exception is shown as Laravel's debug
// page, or as its JSON.
func WithDebug() Option { return func(c *config) { c.debug = true } }

// WithoutSubdomain makes the account one that cannot create funnels.
func WithoutSubdomain() Option { return func(c *config) { c.subdomain = "" } }

// Start returns a server, which ends with the test. The first call starts the
// processes. If they are not installed, the test is skipped, or fails if the
// environment variable CI is true.
func Start(t testing.TB, opts ...Option) *Server {
	t.Helper()
	c := config{store: File, limit: 600, window: time.Minute, subdomain: "acme"}
	for _, opt := range opts {
		opt(&c)
	}
	p, err := shared.get()
	switch {
	case errors.Is(err, errNotInstalled) && os.Getenv("CI") != "true":
		t.Skipf("%v; to install them, run laraveltest/server.sh install", err)
	case err != nil:
		t.Fatalf("laraveltest: %v", err)
	}
	number, err := p.newAccount(c.env())
	if err != nil {
		t.Fatalf("laraveltest: %v", err)
	}
	s := &Server{
		URL: fmt.Sprintf("%s/%d/v1", p.url, number), APIKey: apiKey, OtherAPIKey: otherAPIKey,
		t: t, process: p, number: number,
	}
	t.Cleanup(s.end)
	return s
}

// env is the .env file of an account.
func (c config) env() string {
	// Laravel multiplies the minutes by 60.
	throttle := fmt.Sprintf("%d,%s", c.limit, strconv.FormatFloat(c.window.Minutes(), 'f', -1, 64))
	return fmt.Sprintf("CACHE_DRIVER=%s\nTHROTTLE=%s\nAPP_DEBUG=%t\nSUBDOMAIN=%s\n", c.store, throttle, c.debug, c.subdomain)
}

// end shows Laravel's log if the test has failed, and removes the account.
func (s *Server) end() {
	if s.t.Failed() {
		s.t.Logf("Laravel's log:\n%s", s.log())
	}
	if err := os.RemoveAll(s.dir()); err != nil {
		s.t.Logf("laraveltest: %v", err)
	}
}

// log returns Laravel's log without the stack traces.
func (s *Server) log() string {
	text, _ := os.ReadFile(filepath.Join(s.dir(), "laravel.log"))
	var entries strings.Builder
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "[20") {
			entries.WriteString(line)
		}
	}
	return entries.String()
}

func (s *Server) dir() string { return s.process.dir(s.number) }

// Behind returns the base URL of the same API behind another front.
func (s *Server) Behind(front Front) string {
	return fmt.Sprintf("%s/%d/%s/v1", s.process.url, s.number, front)
}

// Down puts the server into maintenance mode with artisan down: each request
// gets a 503, with Retry-After 60.
func (s *Server) Down() { s.artisan("down", "--retry=60") }

// Up ends the maintenance mode.
func (s *Server) Up() { s.artisan("up") }

// artisan runs a command of Laravel for the account.
func (s *Server) artisan(args ...string) {
	s.t.Helper()
	artisan := filepath.Join(filepath.Dir(script()), "api", "artisan")
	cmd := exec.Command("php", append([]string{artisan}, args...)...)
	cmd.Env = append(os.Environ(), "STORAGE="+s.dir(),
		"APP_SERVICES_CACHE="+filepath.Join(s.process.root, "services.php"),
		"APP_PACKAGES_CACHE="+filepath.Join(s.process.root, "packages.php"))
	if out, err := cmd.CombinedOutput(); err != nil {
		s.t.Fatalf("artisan %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// Advance moves the clock of the account forward, by whole seconds. The windows
// of the Redis store stay as they are.
func (s *Server) Advance(d time.Duration) {
	s.t.Helper()
	s.ahead += d
	seconds := strconv.FormatInt(int64(s.ahead/time.Second), 10)
	if err := os.WriteFile(filepath.Join(s.dir(), "ahead"), []byte(seconds), 0o600); err != nil {
		s.t.Fatalf("laraveltest: %v", err)
	}
}

// A Fault is something that goes wrong in the application; see [Server.Fail].
type Fault string

// The faults. All of them happen behind the throttle, so the request counts.
const (
	Forbidden  Fault = "forbidden"   // 403 FORBIDDEN
	Exception  Fault = "exception"   // 500 SERVER_ERROR, or the debug page
	Fatal      Fault = "fatal"       // PHP runs out of memory: 500 SERVER_ERROR, without the rate limit headers
	Crash      Fault = "crash"       // the worker dies: nginx's 502
	CrashAfter Fault = "crash-after" // the same, after the request took effect
	SlowAfter  Fault = "slow-after"  // the response is sent after 3 s
	Truncate   Fault = "truncate"    // the request took effect; the connection ends in the middle of the body
	Warning    Fault = "warning"     // a PHP warning before the JSON
)

// Fail makes the next requests that reach the application go wrong, one for
// each fault, in this order.
func (s *Server) Fail(faults ...Fault) {
	s.t.Helper()
	for _, fault := range faults {
		s.faults++
		name := fmt.Sprintf("%06d.%s", s.faults, fault)
		if err := os.WriteFile(filepath.Join(s.dir(), "faults", name), nil, 0o600); err != nil {
			s.t.Fatalf("laraveltest: %v", err)
		}
	}
}

// PendingFaults returns how many faults no request has met.
func (s *Server) PendingFaults() int {
	s.t.Helper()
	entries, err := os.ReadDir(filepath.Join(s.dir(), "faults"))
	if err != nil {
		s.t.Fatalf("laraveltest: %v", err)
	}
	return len(entries)
}
