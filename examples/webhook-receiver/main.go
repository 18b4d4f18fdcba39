// Webhook-receiver verifies webhook deliveries and prints a line for each.
//
//	FUNNEL_WEBHOOK_SECRET=… webhook-receiver [-addr 127.0.0.1:8080] [-body]
//
// FUNNEL_WEBHOOK_SECRET is the secret of the webhook. FUNNEL_WEBHOOK_OLD_SECRET,
// if set, is accepted as well: during a rotation both webhooks deliver.
//
// The vendor delivers to HTTPS URLs only, so run the program behind a proxy that
// terminates TLS. Register the proxy's URL once, in the vendor's dashboard or
// with Webhooks.Create, which returns the secret that one time only.
//
// On SIGINT or SIGTERM it finishes the deliveries that are in progress and exits.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/funnel-go/funnel"
)

const path = "/webhooks/funnel"

// shutdownTimeout is how long deliveries in progress may take at the end.
const shutdownTimeout = 10 * time.Second

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr); err != nil && !errors.Is(err, flag.ErrHelp) {
		log.Fatal(err)
	}
}

func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("webhook-receiver", flag.ContinueOnError)
	flags.SetOutput(stderr)
	addr := flags.String("addr", "127.0.0.1:8080", "the address to listen on")
	body := flags.Bool("body", false, "print the body of each delivery, which can contain personal data")
	if err := flags.Parse(args); err != nil {
		return err
	}
	logger := log.New(stderr, "", log.LstdFlags)
	handler, err := newHandler(getenv, newPrinter(stdout, *body), logger)
	if err != nil {
		return err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", *addr)
	if err != nil {
		return err
	}
	logger.Printf("receiving deliveries at http://%s%s", listener.Addr(), path)
	return serve(ctx, listener, handler)
}

// newHandler returns the handler of the program: deliveries go to receive.
func newHandler(getenv func(string) string, receive func(context.Context, *funnel.Event) error, logger *log.Logger) (http.Handler, error) {
	secret := getenv("FUNNEL_WEBHOOK_SECRET")
	if secret == "" {
		return nil, errors.New("FUNNEL_WEBHOOK_SECRET is not set: register the public HTTPS URL of this program as a webhook " +
			"and set the variable to the webhook's secret")
	}
	opts := []funnel.WebhookOption{
		funnel.WithWebhookErrors(func(_ context.Context, event *funnel.Event, status int, err error) {
			if event != nil { // otherwise the delivery is not authentic
				logger.Printf("event %q with hash %s was not processed", event.Type, event.BodyHash)
			}
			logger.Printf("delivery with status %d: %v", status, err)
		}),
	}
	if old := getenv("FUNNEL_WEBHOOK_OLD_SECRET"); old != "" {
		opts = append(opts, funnel.WithSecrets(old))
	}
	handler, err := funnel.NewWebhookHandler(secret, receive, opts...)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle(path, handler)
	return mux, nil
}

// newPrinter returns the function that receives the events. A program that does
// more should store the event and return: the sender waits for the response. See
// the documentation of NewWebhookHandler for events that arrive twice.
func newPrinter(out io.Writer, body bool) func(context.Context, *funnel.Event) error {
	lines := log.New(out, "", 0) // safe for concurrent use
	return func(_ context.Context, event *funnel.Event) error {
		line := fmt.Sprintf("type %q, %d bytes, signed in %s, hash %s", event.Type, len(event.Body), event.SignatureHeader, event.BodyHash)
		if body {
			line += fmt.Sprintf("\n%q", event.Body)
		}
		return lines.Output(2, line) // an error is a status 500
	}
}

// serve serves until ctx ends, and then waits for the deliveries in progress.
func serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second, // a slow sender must not hold a connection
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    64 << 10,
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	shutdownCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
	defer cancel()
	if err := server.Shutdown(shutdownCtx); err != nil {
		return errors.Join(err, server.Close())
	}
	return nil
}
