// Funnel-emulator is the fake API of package funneltest as a program: for clients
// in any language, and for seeing which requests they send.
//
//	go run ./cmd/funnel-emulator -state account.json
//
// It prints its address and its key as a line for the shell:
//
//	export FUNNEL_BASE_URL=http://127.0.0.1:8080/v1 FUNNEL_API_KEY=…
//
// At the same address it also serves:
//
//	/              a page that shows the account, the last requests with their
//	               bodies, the webhook deliveries and the rate limit. It can make
//	               requests fail and send an event to the registered webhooks
//	/_emulator/    the same for scripts: README.md describes the control API
//	/openapi.yaml  the contract
//	/healthz       200
//
// The flags:
//
//	-addr address        where to listen (127.0.0.1:8080); port 0 picks a free one
//	-api-key key         the key that is accepted (a random one)
//	-rate-limit n        requests per minute, or per -rate-per (600); 0: no limit
//	-rate-per duration   the length of the rate limit's window (1m)
//	-latency duration    the average time that a response takes; it varies by half (0s)
//	-state file          save the account in this file
//	-save-every duration how often a changed account is saved (2s)
//	-seed file           start with the data of this JSON file, not the sample data
//	-empty               start without data
//	-webhooks-to-any-host
//	                     send webhook deliveries to other machines too
//	-remote-control      let other machines control the emulator, if -addr lets
//	                     them reach it
//	-version             print the version and exit
//
// A new account contains sample data, except with -seed or -empty. Without -state the
// account is lost when the program ends. With it, SIGINT and SIGTERM save all
// changes; a kill or a power failure loses at most what was changed after the
// last save. The file contains the account's contacts, but not the key. A lock
// keeps a second emulator from using it; the empty file of the lock, with .lock
// after the name, stays.
//
// The exit code is 0 after SIGINT or SIGTERM, 2 for a mistake in the flags, and 1
// for any other error.
//
// The log goes to standard error, with one line for each request to the API. Its
// attribute arrived is when the API counted the request: about half of the
// -latency has passed by then. The log contains no key, no e-mail addresses and
// no queries; the page shows addresses and queries, but not the key. A webhook
// delivery that failed is logged as a warning.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "funnel-emulator:", err)
		if errors.As(err, new(usageError)) {
			os.Exit(2)
		}
		os.Exit(1)
	}
}
