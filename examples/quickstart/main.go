// Quickstart imports contacts from a CSV file, with tags, a custom field and a
// sequence, into an in-memory API. A few rows of the file are malformed on purpose.
//
//	quickstart [-live]
//
// With -live it imports them into the account of FUNNEL_API_KEY.
package main

import (
	"context"
	_ "embed"
	"encoding/csv"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"slices"
	"strings"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
)

//go:embed contacts.csv
var contactsCSV string

func main() {
	live := flag.Bool("live", false, "import into the account of FUNNEL_API_KEY")
	flag.Parse()
	if err := run(context.Background(), os.Stdout, *live); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, out io.Writer, live bool) error {
	rows, err := csv.NewReader(strings.NewReader(contactsCSV)).ReadAll()
	if err != nil {
		return err
	}
	rows = rows[1:] // the header: email, first_name, last_name, tags, plan

	server := funneltest.NewServer() // the in-memory API
	defer server.Close()
	server.AddCustomField(funneltest.CustomField{Name: "Plan"})
	client := server.Client()
	if live {
		if client, err = funnel.NewFromEnv(); err != nil {
			return err
		}
	}

	plan, err := client.CustomFields.GetByName(ctx, "Plan")
	if err != nil {
		return fmt.Errorf("add a custom field named Plan in the dashboard first: %w", err)
	}
	tags, err := client.Tags.Ensure(ctx, "customer", "newsletter", "trial", "vip", "webinar")
	if err != nil {
		return err
	}
	sequence, err := ensureSequence(ctx, client, "Quickstart welcome")
	if err != nil {
		return err
	}

	// Import the contacts. New ones are enrolled in the sequence.
	var contacts []funnel.ContactCreateParams
	var customers [][]string // rows with a plan
	for _, row := range rows {
		contact := funnel.ContactCreateParams{Email: row[0], FirstName: row[1], LastName: row[2]}
		contact.SequenceIDs = []funnel.SequenceID{sequence}
		for _, name := range strings.FieldsFunc(row[3], func(r rune) bool { return r == ';' }) {
			contact.TagIDs = append(contact.TagIDs, tags[name])
		}
		contacts = append(contacts, contact)
		if row[4] != "" {
			customers = append(customers, row)
		}
	}
	count := map[funnel.BulkStatus]int{}
	for result := range client.Contacts.UpsertAll(ctx, slices.Values(contacts)) {
		count[result.Status]++
		if result.Again() { // not the contact's fault, such as a lost connection
			return result.Err
		}
		for field, messages := range funnel.FieldErrors(result.Err) {
			fmt.Fprintf(out, "rejected: %q: %s: %s\n", result.Item.Email, field, messages[0])
		}
	}
	fmt.Fprintf(out, "%d contacts: %d created, %d updated (repeated addresses), %d failed\n", len(contacts),
		count[funnel.BulkCreated], count[funnel.BulkUpdated], count[funnel.BulkFailed])

	// Set the custom field, several contacts at a time.
	for result := range funnel.Each(ctx, client, slices.Values(customers), func(ctx context.Context, row []string) error {
		return client.Contacts.SetCustomField(ctx, funnel.Email(row[0]), plan.ID, row[4])
	}) {
		if result.Err != nil {
			return result.Err
		}
	}
	fmt.Fprintf(out, "custom field %s: set for %d contacts\n", plan.Name, len(customers))

	vips, err := client.Tags.Contacts(ctx, tags["vip"], funnel.PageParams{})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "tag vip: %d contacts\n", vips.Total)
	return nil
}

// ensureSequence returns the sequence with that name, or creates it with one
// stage. The API creates stages inactive: no mail is sent until you activate it.
func ensureSequence(ctx context.Context, client *funnel.Client, name string) (funnel.SequenceID, error) {
	sequence, err := client.Sequences.GetByName(ctx, name)
	switch {
	case err == nil:
		return sequence.ID, nil
	case !errors.Is(err, funnel.ErrNotFound):
		return 0, err
	}
	sequence, err = client.Sequences.Create(ctx, funnel.SequenceCreateParams{Name: name})
	if err != nil {
		return 0, err
	}
	_, err = client.Sequences.CreateStage(ctx, funnel.StageCreateParams{SequenceID: sequence.ID, StageType: funnel.StageSendEmail})
	return sequence.ID, err
}
