// Export-contacts writes all contacts of an account as CSV, in the format that
// import-csv reads.
//
//	export-contacts [FILE]
//
// Without FILE it writes to the standard output. A file is written completely or
// not at all, and only its owner can read it. A cell that a spreadsheet would
// run as a formula starts with an apostrophe, which import-csv removes.
//
// The API does not return the values of custom fields, so they are missing. A
// contact that is created or deleted during the export may be missing too.
//
// Without FUNNEL_API_KEY it exports 2,000 contacts of an in-memory API.
package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"time"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/examples/internal/atomicfile"
	"github.com/funnel-go/funnel/examples/internal/contactcsv"
	"github.com/funnel-go/funnel/examples/internal/demo"
	"github.com/funnel-go/funnel/funneltest"
)

func main() {
	log.SetFlags(0)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		log.Fatalf("export-contacts: %v", err)
	}
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if len(args) > 1 {
		return errors.New("usage: export-contacts [FILE]")
	}
	client, stop, err := demo.Connect(stderr, func(server *funneltest.Server) { server.SeedContacts(2000) })
	if err != nil {
		return err
	}
	defer stop()
	if len(args) == 0 {
		return export(ctx, client, stdout, stderr)
	}
	file, err := atomicfile.Create(args[0])
	if err != nil {
		return err
	}
	defer file.Discard()
	if err := export(ctx, client, file, stderr); err != nil {
		return err
	}
	return file.Commit()
}

func export(ctx context.Context, client *funnel.Client, w io.Writer, stderr io.Writer) error {
	tags, err := tagNames(ctx, client)
	if err != nil {
		return err
	}
	out := csv.NewWriter(w)
	if err := out.Write(contactcsv.Columns); err != nil {
		return err
	}
	seen := map[funnel.ContactID]bool{}
	for contact, err := range client.Contacts.All(ctx, funnel.ContactListParams{}) {
		if err != nil {
			return err
		}
		if seen[contact.ID] { // a contact was created in the meantime, which shifted the pages
			continue
		}
		seen[contact.ID] = true
		if err := out.Write(record(contact, tags[contact.ID])); err != nil {
			return err
		}
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return err
	}
	_, err = fmt.Fprintf(stderr, "%d contacts exported\n", len(seen))
	return err
}

// tagNames returns the names of each contact's tags. The list of contacts does
// not contain them; reading the contacts of each tag takes one request per 100
// contacts, instead of one per contact.
func tagNames(ctx context.Context, client *funnel.Client) (map[funnel.ContactID][]string, error) {
	names := map[funnel.ContactID][]string{}
	for tag, err := range client.Tags.All(ctx, funnel.TagListParams{}) {
		if err != nil {
			return nil, err
		}
		for contact, err := range client.Tags.AllContacts(ctx, tag.ID) {
			if err != nil {
				return nil, err
			}
			names[contact.ID] = append(names[contact.ID], tag.Name)
		}
	}
	return names, nil
}

// record returns the cells of a contact, in the order of contactcsv.Columns.
func record(contact *funnel.Contact, tags []string) []string {
	created := ""
	if !contact.CreatedAt.IsZero() {
		created = contact.CreatedAt.Format(time.RFC3339)
	}
	cells := []string{
		contact.ID.String(),
		contact.Email,
		contact.FirstName,
		contact.LastName,
		strconv.FormatBool(contact.EmailMarketing),
		strconv.FormatBool(contact.GDPR),
		strings.Join(tags, contactcsv.TagSeparator),
		created,
	}
	for i, cell := range cells {
		cells[i] = contactcsv.Escape(cell)
	}
	return cells
}
