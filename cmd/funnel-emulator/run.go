package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"time"

	"github.com/funnel-go/funnel/funneltest"
)

// run is the program: it serves until the context ends. Where the emulator is
// goes to stdout, the log to stderr.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	settings, err := parseSettings(args, stdout)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(stderr, nil))
	api := funneltest.NewServer(
		funneltest.WithAPIKey(settings.apiKey),
		funneltest.WithBasePath(basePath),
		funneltest.WithRateLimit(settings.rateLimit, settings.ratePer),
	)
	defer api.Close()

	// The listener comes first: a second emulator with the same flags fails here,
	// before it changes the file of the running one.
	listener, err := net.Listen("tcp", settings.addr)
	if err != nil {
		return err
	}
	defer func() { _ = listener.Close() }() // already closed if it was served
	if !settings.empty {
		if err := addSample(api, time.Now()); err != nil {
			return err
		}
	}
	var state *stateFile
	if settings.state != "" {
		if state, err = openState(settings.state, api); err != nil {
			return err
		}
		log.Info("the account is saved", "file", state.path, "every", settings.saveEvery)
	}
	if !isLoopback(listener.Addr()) {
		log.Warn("other machines can reach this address and use the page", "addr", listener.Addr().String())
	}
	page := pageURL(listener.Addr())
	fmt.Fprintf(stdout, "# The account and its requests are shown at %s/ (Ctrl-C stops the emulator). For your program:\n", page)
	fmt.Fprintf(stdout, "export FUNNEL_BASE_URL=%s FUNNEL_API_KEY=%s\n", page+basePath, shellWord(settings.apiKey))

	e := newEmulator(api, settings.addr, log)
	e.ratePer, e.latency = settings.ratePer, settings.latency
	e.state, e.saveEvery = state, settings.saveEvery
	return e.serve(ctx, listener)
}
