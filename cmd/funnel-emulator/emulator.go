package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/funnel-go/funnel/funneltest"
)

// basePath is the path of the vendor's API.
const basePath = "/v1"

// readTimeout is how long a client may take for the body of its request.
const readTimeout = 30 * time.Second

// stopTimeout is how long requests in progress may take when the program ends.
const stopTimeout = 3 * time.Second

// An emulator is the fake API with what the program adds to it.
type emulator struct {
	api     *funneltest.Server
	clock   *clock // the API's
	log     *slog.Logger
	journal journal
	faults  faults
	handler http.Handler

	ratePer time.Duration // the length of the rate limit's window
	latency time.Duration // zero: responses are not delayed

	initial       func(now time.Time) ([]byte, error) // the snapshot with which a reset starts over
	remoteControl bool                                // other machines may control the emulator

	state     *stateFile // nil: the account is not saved
	saveEvery time.Duration
}

// newEmulator returns an emulator for the address that the flag names. The API
// uses the clock.
func newEmulator(api *funneltest.Server, clock *clock, addr string, log *slog.Logger) *emulator {
	e := &emulator{
		api:     api,
		clock:   clock,
		initial: noData,
		log:     log,
		journal: journal{log: log, apiKey: api.APIKey()},
		faults:  faults{api: api},
		ratePer: time.Minute,
	}
	e.handler = split(
		e.travel(e.journal.watch(api.Handler())),
		guard(addr, e.pages()),
	)
	return e
}

// split passes a request to the API unless its path is one of the program's own.
// Those do not reach the API, so it neither counts nor lists them. Paths outside
// basePath do: a client with a wrong base URL gets the API's 404 and is listed.
// One mux for everything would redirect paths that the API must see unchanged.
func split(api, own http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch path := r.URL.Path; {
		case path == "/", path == "/healthz", path == "/openapi.yaml", path == "/favicon.ico",
			strings.HasPrefix(path, assets):
			own.ServeHTTP(w, r)
		default:
			api.ServeHTTP(w, r)
		}
	})
}

// serve serves requests until the context ends. Then it waits up to stopTimeout
// for requests in progress and saves the account for the last time.
func (e *emulator) serve(ctx context.Context, listener net.Listener) error {
	server := &http.Server{
		Handler:           e.handler,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       readTimeout, // does not end slow responses: net/http lifts it after the body
		IdleTimeout:       2 * time.Minute,
		ErrorLog:          slog.NewLogLogger(e.log.Handler(), slog.LevelWarn),
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var saving sync.WaitGroup
	if e.state != nil {
		saving.Go(func() { e.keepState(ctx) })
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()

	var err error
	select {
	case err = <-served:
		cancel()
	case <-ctx.Done():
		e.log.Info("stopping")
		shutDown(server)
		if err = <-served; errors.Is(err, http.ErrServerClosed) {
			err = nil
		}
	}
	saving.Wait()
	if e.state != nil {
		err = errors.Join(err, e.state.save())
	}
	return err
}

// shutDown stops a server, after stopTimeout by force.
func shutDown(server *http.Server) {
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	if server.Shutdown(ctx) != nil {
		_ = server.Close()
	}
}

// keepState saves a changed account regularly until the context ends. An error
// is logged and the next save may succeed.
func (e *emulator) keepState(ctx context.Context) {
	ticker := time.NewTicker(e.saveEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			if err := e.state.saveChanges(); err != nil {
				e.log.Error("the account is not saved", "error", err)
			}
		case <-ctx.Done():
			return
		}
	}
}
