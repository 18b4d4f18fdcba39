package main

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/examples/internal/contactcsv"
)

// An encoder writes contacts in a format.
type encoder interface {
	add(*funnel.Contact) error
	finish() error
	discard() // after finish, or instead
}

func newEncoder(w io.Writer, opts options) (encoder, error) {
	if opts.format == formatCSV {
		return newCSVEncoder(w, opts)
	}
	return newNDJSONEncoder(w), nil
}

type ndjsonEncoder struct{ json *json.Encoder }

func newNDJSONEncoder(w io.Writer) ndjsonEncoder {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return ndjsonEncoder{e}
}

func (e ndjsonEncoder) add(contact *funnel.Contact) error { return e.json.Encode(contact) }
func (e ndjsonEncoder) finish() error                     { return nil }
func (e ndjsonEncoder) discard()                          {}

// A csvEncoder cannot write the header before it has seen the custom fields of
// the last contact. Until then the contacts are in a file, not in memory.
type csvEncoder struct {
	out    *csv.Writer
	escape func(string) string
	fields []string // nil: all that are seen
	seen   map[string]bool

	spool    *os.File
	buffered *bufio.Writer
	ndjson   ndjsonEncoder
}

func newCSVEncoder(w io.Writer, opts options) (*csvEncoder, error) {
	spool, err := os.CreateTemp("", "export-contacts-*")
	if err != nil {
		return nil, err
	}
	// Its name goes now, so that nothing is left of it however the program ends,
	// where the system lets a file go that is open.
	_ = os.Remove(spool.Name())
	e := &csvEncoder{
		out:      csv.NewWriter(w),
		escape:   contactcsv.Escape,
		fields:   opts.fields,
		seen:     map[string]bool{},
		spool:    spool,
		buffered: bufio.NewWriter(spool),
	}
	e.ndjson = newNDJSONEncoder(e.buffered)
	if opts.raw {
		e.escape = func(cell string) string { return cell }
	}
	return e, nil
}

func (e *csvEncoder) add(contact *funnel.Contact) error {
	for field := range contact.CustomFields {
		e.seen[field] = true
	}
	return e.ndjson.add(contact)
}

func (e *csvEncoder) finish() error {
	if err := e.buffered.Flush(); err != nil {
		return err
	}
	if _, err := e.spool.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if e.fields == nil {
		e.fields = slices.Sorted(maps.Keys(e.seen))
	}
	header := contactcsv.Columns()
	for _, field := range e.fields {
		header = append(header, contactcsv.FieldColumn(field))
	}
	if err := e.write(header); err != nil {
		return err
	}
	contacts := json.NewDecoder(e.spool)
	for {
		var contact funnel.Contact
		err := contacts.Decode(&contact)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if err := e.write(e.record(&contact)); err != nil {
			return err
		}
	}
	e.out.Flush()
	return e.out.Error()
}

// record returns the cells in the order of contactcsv.Columns, then those of
// the custom fields.
func (e *csvEncoder) record(c *funnel.Contact) []string {
	tags := make([]string, len(c.Tags))
	for i, tag := range c.Tags {
		tags[i] = tag.Name
	}
	record := []string{
		strconv.FormatInt(int64(c.ID), 10),
		c.Email,
		c.FirstName,
		c.LastName,
		c.Phone,
		string(c.Status),
		strings.Join(tags, contactcsv.TagSeparator),
		formatTime(c.CreatedAt),
		formatTime(c.UpdatedAt),
	}
	for _, field := range e.fields {
		record = append(record, c.CustomFields[field])
	}
	return record
}

func (e *csvEncoder) write(record []string) error {
	for i, cell := range record {
		record[i] = e.escape(cell)
	}
	return e.out.Write(record)
}

func (e *csvEncoder) discard() {
	_ = e.spool.Close()
	_ = os.Remove(e.spool.Name())
}

func formatTime(t funnel.Timestamp) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339)
}
