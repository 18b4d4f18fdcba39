// Quickstart reads contacts from a CSV file, creates and tags them, lists them
// back, and says what came of it.
//
// With nothing configured it talks to an API of its own, in memory. With
// FUNNEL_BASE_URL and FUNNEL_API_KEY set it does the same with the real one.
package main

import (
	"context"
	_ "embed"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/examples/internal/demo"
)

//go:embed contacts.csv
var contactsCSV string

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, out io.Writer) error {
	client, where, done, err := demo.Connect()
	if err != nil {
		return err
	}
	defer done()
	rows, err := readContacts(strings.NewReader(contactsCSV))
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "Importing %d contacts into %s …\n", len(rows), where)
	start := time.Now()
	tags, err := ensureTags(ctx, client, rows)
	if err != nil {
		return err
	}
	report, err := importContacts(ctx, client, rows, tags)
	if err != nil {
		return err
	}
	report.print(out)

	listed, tagged := 0, 0
	for contact, err := range client.Contacts.All(ctx, funnel.ContactListParams{}) {
		if err != nil {
			return err
		}
		listed++
		if len(contact.Tags) > 0 {
			tagged++
		}
	}
	quota := client.RateLimit()
	fmt.Fprintf(out, "listed back    %4d contacts, %d of them with tags\n", listed, tagged)
	fmt.Fprintf(out, "took           %s, %d of %d requests a minute used\n",
		time.Since(start).Round(time.Millisecond), quota.Limit-quota.Remaining, quota.Limit)
	return nil
}

// A row is a contact with the names of its tags, which the API wants as ids.
type row struct {
	params funnel.ContactCreateParams
	tags   []string
}

func readContacts(r io.Reader) ([]row, error) {
	records, err := csv.NewReader(r).ReadAll()
	if err != nil {
		return nil, err
	}
	var rows []row
	for _, record := range records[1:] { // without the header
		rows = append(rows, row{
			params: funnel.ContactCreateParams{
				Email:     record[0],
				FirstName: record[1],
				LastName:  record[2],
			},
			tags: strings.FieldsFunc(record[3], func(r rune) bool { return r == ';' }),
		})
	}
	return rows, nil
}

// ensureTags returns the ids of all tags in the rows, and creates those that
// are missing.
func ensureTags(ctx context.Context, client *funnel.Client, rows []row) (map[string]funnel.TagID, error) {
	ids := map[string]funnel.TagID{}
	for tag, err := range client.Tags.All(ctx, funnel.TagListParams{}) {
		if err != nil {
			return nil, err
		}
		ids[tag.Name] = tag.ID
	}
	for _, row := range rows {
		for _, name := range row.tags {
			if ids[name] != 0 {
				continue
			}
			tag, err := client.Tags.Create(ctx, funnel.TagCreateParams{Name: name})
			if err != nil {
				return nil, err
			}
			ids[name] = tag.ID
		}
	}
	return ids, nil
}

// importContacts creates the contacts ten at a time. The client keeps within
// the rate limit and tries again where that helps; what it returns is final.
func importContacts(ctx context.Context, client *funnel.Client, rows []row, tags map[string]funnel.TagID) (*report, error) {
	var (
		report report
		fatal  error
		wg     sync.WaitGroup
		work   = make(chan row)
	)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for range 10 {
		wg.Go(func() {
			for row := range work {
				if err := importContact(ctx, client, row, tags, &report); err != nil {
					report.mu.Lock()
					if fatal == nil { // what follows are only the cancelled ones
						fatal = err
					}
					report.mu.Unlock()
					cancel()
				}
			}
		})
	}
	for _, row := range rows {
		work <- row
	}
	close(work)
	wg.Wait()
	return &report, fatal
}

// importContact creates one contact. It returns an error only where going on
// makes no sense.
func importContact(ctx context.Context, client *funnel.Client, row row, tags map[string]funnel.TagID, report *report) error {
	for _, name := range row.tags {
		row.params.TagIDs = append(row.params.TagIDs, tags[name])
	}
	_, err := client.Contacts.Create(ctx, row.params)

	var (
		invalid  *funnel.ValidationError
		argument *funnel.ArgumentError
	)
	switch {
	case err == nil:
		report.count(&report.created)
	case errors.Is(err, funnel.ErrContactExists):
		report.count(&report.existing)
		contact, err := client.Contacts.GetByEmail(ctx, row.params.Email)
		if err != nil {
			return err
		}
		return client.Contacts.AddTags(ctx, contact.ID, row.params.TagIDs...)
	case errors.As(err, &invalid): // refused by the server, which says why for each field
		for field, messages := range invalid.Details {
			report.refuse(fmt.Sprintf("%q: %s: %s", row.params.Email, field, strings.Join(messages, " ")))
		}
	case errors.As(err, &argument): // refused before it was sent
		report.refuse(fmt.Sprintf("%q: %s: %s", row.params.Email, argument.Field, argument.Message))
	default: // a bad key, no connection, …: the others would fail alike
		return err
	}
	return nil
}

type report struct {
	mu                sync.Mutex
	created, existing int
	refused           []string
}

func (r *report) count(n *int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	*n++
}

func (r *report) refuse(reason string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.refused = append(r.refused, reason)
}

func (r *report) print(out io.Writer) {
	fmt.Fprintf(out, "created        %4d\n", r.created)
	fmt.Fprintf(out, "already there  %4d\n", r.existing)
	fmt.Fprintf(out, "refused        %4d\n", len(r.refused))
	slices.Sort(r.refused)
	for _, reason := range r.refused {
		fmt.Fprintf(out, "  %s\n", reason)
	}
}
