package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/examples/internal/atomicfile"
	"github.com/funnel-go/funnel/examples/internal/contactcsv"
)

// saveEvery is after how many results the checkpoint is saved: at the API's
// limit of 600 requests per minute, after about 10 seconds.
const saveEvery = 100

// An importer imports one file into one account.
type importer struct {
	client  *funnel.Client
	path    string
	account string // for the checkpoint, see jobID
	stderr  io.Writer

	file       *file
	checkpoint checkpoint
}

func (im *importer) checkpointPath() string { return im.path + ".checkpoint" }
func (im *importer) rejectsPath() string    { return im.path + ".rejects.csv" }

// run imports the file, from the row at which an interrupted run stopped.
func (im *importer) run(ctx context.Context) (err error) {
	if im.file, err = readFile(im.path); err != nil {
		return err
	}
	im.checkpoint, err = loadCheckpoint(im.checkpointPath(), jobID(im.file.content, im.account))
	if err != nil {
		return err
	}
	if im.checkpoint.Rows > 0 {
		fmt.Fprintf(im.stderr, "Continuing after row %d of %d.\n", im.checkpoint.Rows, len(im.file.rows))
	}
	if err := im.importAll(ctx); err != nil {
		saveErr := im.checkpoint.save(im.checkpointPath())
		return errors.Join(fmt.Errorf("stopped after row %d; run the same command to continue: %w", im.checkpoint.Rows, err), saveErr)
	}
	if err := im.writeRejects(); err != nil {
		return err
	}
	err = os.Remove(im.checkpointPath()) // the next import starts from the first row
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func (im *importer) importAll(ctx context.Context) error {
	fields := map[string]funnel.CustomFieldID{}
	for _, name := range im.file.customColumns() {
		field, err := im.client.CustomFields.GetByName(ctx, name)
		if err != nil {
			return fmt.Errorf("column %q: %w", name, err)
		}
		fields[name] = field.ID
	}
	tags, err := im.client.Tags.Ensure(ctx, im.file.tagNames()...)
	if err != nil {
		return err
	}
	if err := im.upsert(ctx, tags); err != nil {
		return err
	}
	return im.setCustomFields(ctx, fields)
}

// upsert creates or updates the contacts that are not done yet.
func (im *importer) upsert(ctx context.Context, tags map[string]funnel.TagID) error {
	done := &im.checkpoint
	contacts := func(yield func(funnel.ContactCreateParams) bool) {
		for _, row := range im.file.rows[done.Rows:] {
			params := row.params
			for _, name := range row.tags {
				params.TagIDs = append(params.TagIDs, tags[name])
			}
			if !yield(params) {
				return
			}
		}
	}
	for result := range im.client.Contacts.UpsertAll(ctx, contacts) {
		switch {
		case result.Again():
			return result.Err
		case result.Err != nil:
			im.reject(done.Rows, result.Err)
		case result.Status == funnel.BulkCreated:
			done.Created++
		default:
			done.Updated++
		}
		done.Rows++
		if done.Rows%saveEvery == 0 {
			fmt.Fprintf(im.stderr, "%d of %d rows\n", done.Rows, len(im.file.rows))
			if err := im.checkpoint.save(im.checkpointPath()); err != nil {
				return err
			}
		}
	}
	return nil
}

// A value is a contact's value of a custom field.
type value struct {
	row     int
	contact funnel.Email
	column  string
	text    string
}

// setCustomFields sets the values that are not set yet.
func (im *importer) setCustomFields(ctx context.Context, fields map[string]funnel.CustomFieldID) error {
	done := &im.checkpoint
	values := im.values()
	for result := range funnel.Each(ctx, im.client, slices.Values(values[done.Values:]), func(ctx context.Context, v value) error {
		return im.client.Contacts.SetCustomField(ctx, v.contact, fields[v.column], v.text)
	}) {
		switch {
		case result.Again():
			return result.Err
		case result.Err != nil:
			im.reject(result.Item.row, result.Err)
		}
		done.Values++
		if done.Values%saveEvery == 0 {
			fmt.Fprintf(im.stderr, "%d of %d custom field values\n", done.Values, len(values))
			if err := im.checkpoint.save(im.checkpointPath()); err != nil {
				return err
			}
		}
	}
	return nil
}

// values returns the custom fields to set: if several rows have the same
// address, the value of the last. It must return the same list after a restart.
func (im *importer) values() []value {
	var values []value
	index := map[[2]string]int{} // of each address and column
	for i, row := range im.file.rows {
		for _, column := range slices.Sorted(maps.Keys(row.custom)) {
			v := value{i, funnel.Email(row.params.Email), column, row.custom[column]}
			key := [2]string{strings.ToLower(row.params.Email), column}
			if earlier, ok := index[key]; ok {
				values[earlier] = v
				continue
			}
			index[key] = len(values)
			values = append(values, v)
		}
	}
	return values
}

// reject records why a row was refused. The first reason is kept.
func (im *importer) reject(row int, err error) {
	rejects := im.checkpoint.Rejects
	if slices.ContainsFunc(rejects, func(r reject) bool { return r.Row == row }) {
		return
	}
	reason := err.Error()
	if fields := funnel.FieldErrors(err); fields != nil {
		var messages []string
		for _, field := range slices.Sorted(maps.Keys(fields)) {
			messages = append(messages, fields[field]...)
		}
		reason = strings.Join(messages, " ")
	}
	im.checkpoint.Rejects = append(rejects, reject{row, reason})
}

// writeRejects writes the refused rows to a file that can be imported again.
func (im *importer) writeRejects() error {
	rejects := im.checkpoint.Rejects
	if len(rejects) == 0 {
		return nil
	}
	slices.SortFunc(rejects, func(a, b reject) int { return a.Row - b.Row })
	columns := []string{contactcsv.LineColumn, contactcsv.ReasonColumn}
	skip := 0
	if len(im.file.header) > 2 && slices.Equal(im.file.header[:2], columns) { // rejects of an earlier import
		skip = 2
	}
	records := [][]string{append(columns, im.file.header[skip:]...)}
	for _, r := range rejects {
		row := im.file.rows[r.Row]
		records = append(records, append([]string{strconv.Itoa(row.line), r.Reason}, row.record[skip:]...))
	}
	var out bytes.Buffer
	if err := csv.NewWriter(&out).WriteAll(records); err != nil {
		return err
	}
	return atomicfile.Write(im.rejectsPath(), out.Bytes())
}
