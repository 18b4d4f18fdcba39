package main

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/examples/internal/contactcsv"
)

// A row is a contact in the file, or what should have been one.
type row struct {
	number int // from 1, the header not counted
	line   int // in the file, on which it begins
	record []string
	params funnel.ContactCreateParams
	tags   []string // their names; params wants ids
	reject string   // why it is no contact; empty: it may be one
}

// A rowReader reads a file row by row. It rejects a row that says of itself that
// it is no contact; a file whose rows cannot be told apart is an error.
type rowReader struct {
	csv     *csv.Reader
	limit   *limitedReader
	header  []string
	columns []column
	number  int
	end     int // the line after the last row
}

// A column puts a cell of it where it belongs.
type column func(r *row, cell string)

// maxRow bounds a row in bytes, and so what a quote that is not closed can make
// of the rest of the file.
const maxRow = 256 << 10

var byteOrderMark = []byte("\uFEFF") // with which spreadsheets begin a file in UTF-8

func newRowReader(r io.Reader) (*rowReader, error) {
	limited := &limitedReader{Reader: r}
	buffered := bufio.NewReader(limited)
	limited.left = maxRow
	start, err := buffered.Peek(len(byteOrderMark))
	switch {
	case err != nil && !errors.Is(err, io.EOF):
		return nil, err
	case bytes.HasPrefix(start, []byte("\xFE\xFF")), bytes.HasPrefix(start, []byte("\xFF\xFE")):
		return nil, errors.New("line 1: the file is in UTF-16: save it as UTF-8")
	case bytes.Equal(start, byteOrderMark):
		_, _ = buffered.Discard(len(start)) // they are there
	}
	rr := &rowReader{csv: csv.NewReader(buffered), limit: limited, end: 1}
	rr.header, err = rr.read()
	if errors.Is(err, io.EOF) {
		return nil, errors.New("the file is empty: its first line should name the columns")
	}
	if err != nil {
		return nil, err
	}
	return rr, rr.readHeader()
}

func (rr *rowReader) readHeader() error {
	seen := map[string]bool{}
	for i, name := range rr.header {
		name = strings.TrimSpace(contactcsv.Unescape(name))
		column, known := knownColumn(name)
		if known {
			name = strings.ToLower(name)
		}
		switch {
		case name == "":
			return fmt.Errorf("line 1: column %d has no name", i+1)
		case seen[name]:
			return fmt.Errorf("line 1: two columns are named %q", name)
		}
		seen[name] = true
		rr.columns = append(rr.columns, column)
	}
	if !seen["email"] {
		return fmt.Errorf("line 1: no column is named email; those there are: %.200q", rr.header)
	}
	return nil
}

// knownColumn returns what a column means; known is false for a custom field.
func knownColumn(name string) (_ column, known bool) {
	if field, ok := contactcsv.Field(name); ok {
		return func(r *row, cell string) {
			if cell == "" {
				return
			}
			if r.params.CustomFields == nil {
				r.params.CustomFields = funnel.CustomFields{}
			}
			r.params.CustomFields[field] = cell
		}, false
	}
	switch strings.ToLower(name) {
	case "email":
		return func(r *row, cell string) { r.params.Email = strings.TrimSpace(cell) }, true
	case "first_name":
		return func(r *row, cell string) { r.params.FirstName = cell }, true
	case "last_name":
		return func(r *row, cell string) { r.params.LastName = cell }, true
	case "phone":
		return func(r *row, cell string) { r.params.Phone = cell }, true
	case "status":
		return func(r *row, cell string) { r.params.Status = funnel.ContactStatus(cell) }, true
	case "tags":
		return func(r *row, cell string) { r.tags = splitTags(cell) }, true
	default: // the API's own, and those of a file with rejects
		return func(*row, string) {}, true
	}
}

func splitTags(cell string) []string {
	var tags []string
	for name := range strings.SplitSeq(cell, contactcsv.TagSeparator) {
		if name = strings.TrimSpace(name); name != "" && !slices.Contains(tags, name) {
			tags = append(tags, name)
		}
	}
	return tags
}

// next returns the next row, and io.EOF after the last.
func (rr *rowReader) next() (row, error) {
	record, err := rr.read()
	if err != nil && !errors.Is(err, csv.ErrFieldCount) {
		return row{}, err
	}
	rr.number++
	line, _ := rr.csv.FieldPos(0)
	r := row{number: rr.number, line: line, record: record}
	if len(record) != len(rr.columns) {
		r.reject = fmt.Sprintf("columns: there are %d where the header has %d", len(record), len(rr.columns))
		return r, nil
	}
	for i, cell := range record {
		rr.columns[i](&r, contactcsv.Unescape(cell))
	}
	r.reject = checkAddress(r.params.Email)
	return r, nil
}

// skip leaves out the first n rows.
func (rr *rowReader) skip(n int) error {
	for rr.number < n {
		if _, err := rr.next(); err != nil {
			return err
		}
	}
	return nil
}

// read reads a record, whatever it means, and says on which line it is wrong.
func (rr *rowReader) read() ([]string, error) {
	rr.limit.left = maxRow
	record, err := rr.csv.Read()
	var syntax *csv.ParseError
	switch {
	case err == io.EOF, errors.Is(err, csv.ErrFieldCount):
	case errors.Is(err, errTooLong):
		return nil, fmt.Errorf("line %d: the row is longer than %d KiB: is a quote not closed?", rr.end, maxRow>>10)
	case errors.As(err, &syntax) && syntax.StartLine != syntax.Line:
		return nil, fmt.Errorf("line %d: %w in the row that begins on line %d: is a quote not closed?", syntax.Line, syntax.Err, syntax.StartLine)
	case errors.As(err, &syntax):
		return nil, fmt.Errorf("line %d, column %d: %w", syntax.Line, syntax.Column, syntax.Err)
	case err != nil:
		return nil, err
	}
	for i, cell := range record {
		line, _ := rr.csv.FieldPos(i)
		if !utf8.ValidString(cell) {
			return nil, fmt.Errorf("line %d: the cell %d is not in UTF-8: save the file as UTF-8", line, i+1)
		}
		rr.end = line + strings.Count(cell, "\n") + 1
	}
	return record, err
}

// checkAddress says why the address is surely none; the API is the judge of the
// others.
func checkAddress(email string) string {
	at := strings.LastIndexByte(email, '@')
	switch {
	case email == "":
		return "email: is missing"
	case at < 1, at == len(email)-1, strings.ContainsAny(email, " \t\r\n"):
		return "email: is no address"
	}
	return ""
}

// A limitedReader fails when there is nothing left of what may be read.
type limitedReader struct {
	io.Reader
	left int
}

var errTooLong = errors.New("too long")

func (r *limitedReader) Read(p []byte) (int, error) {
	if r.left <= 0 {
		return 0, errTooLong
	}
	n, err := r.Reader.Read(p[:min(len(p), r.left)])
	r.left -= n
	return n, err
}
