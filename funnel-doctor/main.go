// Funnel-doctor compares the Wolfeo API, as a live account shows it, with what the
// SDK expects.
//
//	FUNNEL_API_KEY=… go run github.com/funnel-go/funnel/funnel-doctor@latest
//
// It makes about 30 requests that only read, and compares each response with the
// contract, api/openapi.yaml. With -write it also creates a few things, changes
// them, and deletes them. It makes at most 60 requests. It announces its plan and
// asks before it starts.
//
// The report names operations, fields and types, and never a value of the account.
//
// The flags:
//
//	-write        also create, change and delete things of its own
//	-webhook url  with -write: also create a webhook to this URL
//	-yes          do not ask
//	-json         print the report as JSON
//	-md           print the report as Markdown, for an issue
//
// FUNNEL_API_KEY is the API key. FUNNEL_BASE_URL, if set, is another server than the
// vendor's.
//
// The exit code is 0 if everything that is documented holds, 1 if something
// documented does not, and 2 if the checks are incomplete or something could not be
// deleted. A wrong assumption alone does not change it.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
