package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"runtime"

	"github.com/funnel-go/funnel"
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
	if settings.version {
		fmt.Fprintf(stdout, "funnel-emulator %s (%s %s/%s)\n", funnel.Version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
		return nil
	}
	log := slog.New(slog.NewTextHandler(stderr, nil))
	clock := new(clock)
	opts := []funneltest.Option{
		funneltest.WithAPIKey(settings.apiKey),
		funneltest.WithBasePath(basePath),
		funneltest.WithRateLimit(settings.rateLimit, settings.ratePer),
		funneltest.WithClock(clock.now),
		funneltest.WithDeliveryReport(logDelivery(log)),
	}
	if settings.anyHost {
		opts = append(opts, funneltest.WithWebhooksToAnyHost())
	}
	api := funneltest.NewServer(opts...)
	defer api.Close()

	// The listener comes first: a second emulator with the same flags fails here,
	// before it changes the file of the running one.
	listener, err := net.Listen("tcp", settings.addr)
	if err != nil {
		return err
	}
	defer func() { _ = listener.Close() }() // already closed if it was served
	initial, err := initialData(settings)
	if err != nil {
		return err
	}
	snapshot, err := initial(clock.now())
	if err != nil {
		return err
	}
	if err := api.Restore(snapshot); err != nil {
		return err
	}
	var state *stateFile
	if settings.state != "" {
		if state, err = openState(settings.state, api); err != nil {
			return err
		}
		defer state.close()
		log.Info("the account is saved", "file", state.path, "every", settings.saveEvery)
	}
	if !isLoopback(listener.Addr()) {
		log.Warn("other machines can reach this address and see the page", "addr", listener.Addr().String(), "control", settings.remote)
	}
	if settings.anyHost {
		log.Warn("webhook deliveries leave this machine")
	}
	page := pageURL(listener.Addr())
	fmt.Fprintf(stdout, "# The account and its requests are shown at %s/ (Ctrl-C stops the emulator). For your program:\n", page)
	fmt.Fprintf(stdout, "export FUNNEL_BASE_URL=%s FUNNEL_API_KEY=%s\n", page+basePath, shellWord(settings.apiKey))

	e := newEmulator(api, clock, settings.addr, log)
	e.initial, e.remoteControl = initial, settings.remote
	e.ratePer, e.latency = settings.ratePer, settings.latency
	e.state, e.saveEvery = state, settings.saveEvery
	return e.serve(ctx, listener)
}
