package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"

	"github.com/funnel-go/funnel/funneltest"
)

// run is the program: it serves until the context ends. What a person needs
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
		funneltest.WithRateLimit(settings.rateLimit, settings.ratePer),
	)
	defer api.Close()

	// The port comes first: a second emulator with the same flags fails there,
	// before it touches the file of the one that runs.
	listener, err := net.Listen("tcp", settings.addr)
	if err != nil {
		return err
	}
	defer func() { _ = listener.Close() }() // if it comes to be served, it is closed already
	var state *stateFile
	if settings.state != "" {
		if state, err = openState(settings.state, api); err != nil {
			return err
		}
		log.Info("the account is kept", "file", state.path, "saved every", settings.saveEvery)
	}
	if !isLoopback(listener.Addr()) {
		log.Warn("listening beyond this machine: whoever reaches the address can use the page", "addr", listener.Addr().String())
	}
	base := baseURL(listener.Addr())
	fmt.Fprintf(stdout, "# A page to look at is at %s/ until you press Ctrl-C. For your program:\n", base)
	fmt.Fprintf(stdout, "export FUNNEL_BASE_URL=%s FUNNEL_API_KEY=%s\n", base, shellWord(settings.apiKey))

	e := newEmulator(api, settings.addr, log)
	e.ratePer, e.latency = settings.ratePer, settings.latency
	e.state, e.saveEvery = state, settings.saveEvery
	return e.serve(ctx, listener)
}
