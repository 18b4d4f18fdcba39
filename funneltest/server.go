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
// without the server's transport fails instead of reaching another server.
const memoryURL = "https://funnel.test"

// A Server is a fake of the API with an account of its own. Create it with
// [NewServer] and end it with Close. It is safe for concurrent use; give each
// test its own.
type Server struct {
	cfg    config
	closed atomic.Bool
	hooks  *dispatcher
	socket socket

	latencyMu sync.Mutex // held while cfg.latency is called
	resetMu   sync.Mutex // held during a reset

	// mu is held while a request is carried out: one after the other, as in a
	// database transaction.
	mu       sync.Mutex
	account  *account
	routes   routeTable
	throttle throttle
	faults   []*pendingFault
	log      requestLog
	revision int
}

// NewServer returns a running server. It opens no socket and starts no
// goroutine until URL or Deliver is called. In a testing/synctest bubble, create
// the server inside the bubble.
func NewServer(opts ...Option) *Server {
	cfg := newConfig(opts)
	s := &Server{
		cfg:      cfg,
		hooks:    newDispatcher(cfg),
		throttle: newThrottle(cfg),
	}
	s.use(newAccount(cfg.subdomain))
	return s
}

// use makes the account the server's own.
func (s *Server) use(a *account) {
	s.account, s.routes = a, newRouteTable(a.routes)
	s.revision++
}

// Revision returns a number that grows whenever the account changes. A program
// that saves snapshots learns from it whether there is something to save.
func (s *Server) Revision() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.revision
}

// Reset makes the server as NewServer returned it: the account is empty, no
// request counts against the rate limit, and faults and the lists of requests and
// deliveries are gone. Pending deliveries are abandoned. Clients, the URL and the
// options stay. Use it between tests that share a server; a server for each test is
// simpler.
func (s *Server) Reset() { s.restart(newAccount(s.cfg.subdomain)) }

// ResetTo is [Server.Reset] with the account of a snapshot instead of an empty one,
// in one step: no request sees the empty account. If [Server.Restore] would refuse
// the snapshot, ResetTo returns its error and nothing changes.
func (s *Server) ResetTo(snapshot []byte) error {
	a, err := s.decode(snapshot)
	if err != nil {
		return err
	}
	s.restart(a)
	return nil
}

// restart begins anew with the account. The wait for pending deliveries is without
// the lock, because a webhook handler may call the server.
func (s *Server) restart(a *account) {
	s.resetMu.Lock()
	defer s.resetMu.Unlock()
	s.hooks.stop()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hooks.restart()
	s.use(a)
	s.throttle, s.faults, s.log = newThrottle(s.cfg), nil, requestLog{}
}

// Close ends the server: it closes the listener and its connections, abandons
// pending webhook deliveries, and waits until every goroutine of the server has
// ended. Later requests through Transport and Handler fail. Requests and
// Deliveries still work.
func (s *Server) Close() {
	s.closed.Store(true)
	s.socket.close()
	s.hooks.close()
}

// APIKey returns the key that the server accepts.
func (s *Server) APIKey() string { return s.cfg.apiKey }

// Client returns an SDK client of the server, in memory: it needs no socket and
// works in virtual time (testing/synctest). If the server allows more requests
// than the API does, or has no limit, the client's own limit is set to match.
// The options are applied after the server's. It panics if [funnel.New] returns
// an error.
func (s *Server) Client(opts ...funnel.Option) *funnel.Client {
	own := []funnel.Option{
		funnel.WithBaseURL(memoryURL + s.cfg.basePath),
		funnel.WithHTTPClient(&http.Client{Transport: s.Transport()}),
	}
	switch {
	case s.cfg.limit <= 0:
		own = append(own, funnel.WithRateLimit(math.MaxInt32, time.Minute))
	case s.cfg.limit > defaultLimit && s.cfg.per <= defaultPer:
		own = append(own, funnel.WithRateLimit(s.cfg.limit, s.cfg.per))
	}
	client, err := funnel.New(s.APIKey(), append(own, opts...)...)
	if err != nil {
		panic("funneltest: " + err.Error())
	}
	return client
}

// insert changes the account without a request, at the server's time.
func (s *Server) insert(change func(c *call)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.newCall(s.cfg.now())
	c.sendDue()
	change(c)
	s.revision++
}

// newCall returns a call without a request.
func (s *Server) newCall(now time.Time) *call {
	return &call{account: s.account, now: stampOf(now)}
}

// Counts returns how many rows each resource has, by its plural name, such as
// "contacts" and "custom_fields".
func (s *Server) Counts() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	counts := make(map[string]int)
	for _, store := range s.account.stores {
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
