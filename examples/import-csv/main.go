// Import-csv creates or updates the contacts of a CSV file in an account.
//
//	import-csv FILE
//
// The first line names the columns: email, first_name, last_name,
// email_marketing, gdpr (both true or false) and tags (separated by semicolons).
// The columns id and created_at of export-contacts are ignored. Every other
// column is a custom field of that name, which must exist in the account. An
// empty cell changes nothing. Missing tags are created.
//
// The file is checked completely before anything is sent. It can be interrupted
// with Ctrl-C or killed at any time: FILE.checkpoint records the progress, and
// the same command continues there. Contacts that were in progress are sent
// again, which changes nothing. If the file or the account has changed, the
// import starts from the first row.
//
// Rows that the API refuses are written to FILE.rejects.csv, with their line and
// the reason. Correct them there and import that file.
//
// Without FUNNEL_API_KEY it imports into an in-memory API, which has a custom
// field named Plan.
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"syscall"

	"github.com/funnel-go/funnel/examples/internal/demo"
	"github.com/funnel-go/funnel/funneltest"
)

func main() {
	log.SetFlags(0)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		log.Fatalf("import-csv: %v", err)
	}
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if len(args) != 1 {
		return errors.New("usage: import-csv FILE")
	}
	client, stop, err := demo.Connect(stderr, func(server *funneltest.Server) {
		server.AddCustomField(funneltest.CustomField{Name: "Plan"})
	})
	if err != nil {
		return err
	}
	defer stop()
	account := rand.Text() // an in-memory account does not outlive the program
	if demo.Configured() {
		account = os.Getenv("FUNNEL_BASE_URL") + " " + os.Getenv("FUNNEL_API_KEY")
	}
	im := &importer{client: client, path: args[0], account: account, stderr: stderr}
	if err := im.run(ctx); err != nil {
		return err
	}
	done := im.checkpoint
	fmt.Fprintf(stdout, "%d rows: %d created, %d updated, %d rejected\n", len(im.file.rows), done.Created, done.Updated, len(done.Rejects))
	if len(done.Rejects) > 0 {
		fmt.Fprintf(stdout, "See %s.\n", im.rejectsPath())
	}
	return nil
}
