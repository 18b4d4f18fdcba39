// Funnel-emulator is the fake API of package funneltest as a program, for
// clients in any language and for looking at what they do.
//
//	go run ./cmd/funnel-emulator -state account.json
//
// It prints where it is and which key it accepts, as a line for the shell:
//
//	export FUNNEL_BASE_URL=http://127.0.0.1:8080 FUNNEL_API_KEY=…
//
// Besides the API it serves, at the same address:
//
//	/              a page with the account's resources, the last requests and the
//	               rate limit, on which faults can be provoked
//	/openapi.yaml  the contract
//	/healthz       200 as long as the program serves
//
// The flags:
//
//	-addr address        where to listen (127.0.0.1:8080); port 0 is a free one
//	-api-key key         the key that is accepted; made up if not given
//	-rate-limit n        requests a minute, or in -rate-per (600); 0: no limit
//	-rate-per duration   the length of the rate limit's window (1m)
//	-latency duration    how long an answer takes, give or take half (0s)
//	-state file          keep the account in this file
//	-save-every duration how often a changed account is saved (2s)
//
// Without -state the account is gone when the program ends. With it, SIGINT
// and SIGTERM lose nothing, and a kill or a power cut loses no more than what
// came after the last save. The file holds the account's contacts, but not the
// key. One file belongs to one running program.
//
// The log goes to standard error, one line for each request to the API, with
// the moment at which it arrived, and was counted: about half of the -latency
// comes before. The log has neither the key nor e-mail addresses nor queries in
// it.
package main

import (
	"context"
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
		os.Exit(1)
	}
}
