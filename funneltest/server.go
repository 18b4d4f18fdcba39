package funneltest

import (
	"math"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/funnel-go/funnel"
)

// memoryURL is the base URL in memory. Its host cannot exist, so that a client
// that lost the server's transport fails instead of reaching somebody.
const memoryURL = "https://funnel.test"

// A Server is a fake of the API with an account of its own. It is safe for
// concurrent use, and each test is best served by one of its own. Make it with
// [NewServer] and end it with Close.
type Server struct {
	cfg    config
	closed atomic.Bool
	hooks  *dispatcher
	socket socket

	latencyMu sync.Mutex // held while cfg.latency is asked

	// mu is held while a request is carried out: one after the other, as in a
	// database transaction.
	mu       sync.Mutex
	account  *account
	routes   routeTable
	throttle throttle
	faults   []*pendingFault
	log      requestLog
	out      writer
}

// NewServer returns a running server. It needs no socket and no goroutine
// until they are asked for. Inside a testing/synctest bubble, make the server
// there.
func NewServer(opts ...Option) *Server {
	cfg := newConfig(opts)
	s := &Server{
		cfg:      cfg,
		hooks:    newDispatcher(cfg),
		throttle: newThrottle(cfg.limit, cfg.per),
	}
	s.use(newAccount(cfg.subdomain))
	return s
}

// use makes the account the server's own.
func (s *Server) use(a *account) {
	s.account, s.routes = a, newRouteTable(a.routes())
}

// Close ends the server: it closes the listener and its connections, gives up
// webhook deliveries that are under way, and waits until every goroutine of
// the server has ended. Requests by way of Transport and Handler fail from then
// on. The lists of requests and deliveries stay readable.
func (s *Server) Close() {
	s.closed.Store(true)
	s.socket.close()
	s.hooks.close()
}

// APIKey returns the key that the server accepts.
func (s *Server) APIKey() string { return s.cfg.apiKey }

// Client returns an SDK client of the server, in memory: no socket, no
// goroutine of the server's, so that it works in virtual time
// (testing/synctest). Of a server that allows more than the API does, or has no
// limit, the client knows; one that allows less it learns of. The options come
// after the server's own. It panics where [funnel.New] refuses them.
func (s *Server) Client(opts ...funnel.Option) *funnel.Client {
	own := []funnel.Option{funnel.WithHTTPClient(&http.Client{Transport: s.Transport()})}
	switch {
	case s.cfg.limit <= 0:
		own = append(own, funnel.WithRateLimit(math.MaxInt32, time.Minute))
	case s.cfg.limit > defaultLimit && s.cfg.per <= defaultPer:
		own = append(own, funnel.WithRateLimit(s.cfg.limit, s.cfg.per))
	}
	client, err := funnel.New(memoryURL+s.cfg.basePath, s.APIKey(), append(own, opts...)...)
	if err != nil {
		panic("funneltest: " + err.Error())
	}
	return client
}

// Tick carries out what has become due by the server's clock: it sends
// scheduled campaigns. Every request does so too, so a test needs Tick only to
// see a campaign's webhook without a request.
func (s *Server) Tick() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.newCall(s.cfg.now()).sendDue()
}

// newCall returns a call without a request.
func (s *Server) newCall(now time.Time) *call {
	return &call{account: s.account, now: stampOf(now), hooks: s.hooks}
}

// Counts returns how many of each resource there are, by the resource's plural
// name: "contacts", "tags", and so on.
func (s *Server) Counts() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	counts := make(map[string]int)
	for _, store := range s.account.stores() {
		counts[store.label()] = store.count()
	}
	return counts
}

// Quota returns the state of the rate limit.
func (s *Server) Quota() Quota {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.throttle.quota(s.cfg.now())
}
