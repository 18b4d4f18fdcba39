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

// The emulator's pace.
const (
	tickEvery   = time.Second     // how late a scheduled campaign may be
	stopTimeout = 3 * time.Second // for requests under way when the program is to end
)

// An emulator is the fake API with all that the program puts around it.
type emulator struct {
	api     *funneltest.Server
	log     *slog.Logger
	journal journal
	faults  faults
	handler http.Handler

	ratePer time.Duration // the length of the rate limit's window
	latency time.Duration // zero: answers come at once

	state     *stateFile // nil: the account is not kept
	saveEvery time.Duration
}

// newEmulator returns an emulator that is to be served at the address, as the
// flag gives it.
func newEmulator(api *funneltest.Server, addr string, log *slog.Logger) *emulator {
	e := &emulator{
		api:     api,
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

// split sends a request to the API, unless it is for one of the few paths that
// are the program's own. Those never reach the API, so that it neither counts
// nor lists them. A mux for all would redirect paths that the API is to judge.
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

// serve answers requests until the context ends. Then it lets those under way
// finish, for a while, and saves the account for the last time.
func (e *emulator) serve(ctx context.Context, listener net.Listener) error {
	server := &http.Server{
		Handler:           e.handler,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		ErrorLog:          slog.NewLogLogger(e.log.Handler(), slog.LevelWarn),
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var chores sync.WaitGroup
	chores.Go(func() { e.keepTime(ctx) })
	if e.state != nil {
		chores.Go(func() { e.keepState(ctx) })
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
	chores.Wait()
	if e.state != nil {
		err = errors.Join(err, e.state.save())
	}
	return err
}

// shutDown stops a server, gently at first.
func shutDown(server *http.Server) {
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	if server.Shutdown(ctx) != nil {
		_ = server.Close() // what is still under way had its time
	}
}

// keepTime sends scheduled campaigns when their time has come, also while
// nobody calls.
func (e *emulator) keepTime(ctx context.Context) {
	every(ctx, tickEvery, e.api.Tick)
}

// keepState saves the account every now and then. A disk that is full now may
// have room again the next time.
func (e *emulator) keepState(ctx context.Context) {
	every(ctx, e.saveEvery, func() {
		if err := e.state.saveChanges(); err != nil {
			e.log.Error("the account is not saved", "error", err)
		}
	})
}

// every does something regularly until the context ends.
func every(ctx context.Context, d time.Duration, do func()) {
	ticker := time.NewTicker(d)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			do()
		case <-ctx.Done():
			return
		}
	}
}
