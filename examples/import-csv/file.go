package main

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/examples/internal/contactcsv"
)

// A file is a parsed CSV file.
type file struct {
	content []byte
	header  []string // as in the file
	columns []string // the header, with the known names in lower case
	rows    []row
}

// A row is a contact of the file.
type row struct {
	line   int
	record []string // as in the file
	params funnel.ContactCreateParams
	tags   []string          // their ids are not known yet
	custom map[string]string // the custom fields, by the name of the column
}

// known are the columns that are no custom fields.
var known = slices.Concat(contactcsv.Columns, []string{contactcsv.LineColumn, contactcsv.ReasonColumn})

// readFile reads a whole file, so that nothing is sent if a part is malformed.
func readFile(path string) (*file, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	f := &file{content: content}
	if err := f.parse(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return f, nil
}

func (f *file) parse() error {
	if !utf8.Valid(f.content) {
		return errors.New("the file is not UTF-8: save it as UTF-8")
	}
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(f.content, []byte("\uFEFF")))) // the mark of spreadsheets
	header, err := r.Read()
	if errors.Is(err, io.EOF) {
		return errors.New("the file is empty: the first line must name the columns")
	}
	if err != nil {
		return err
	}
	if err := f.parseHeader(header); err != nil {
		return fmt.Errorf("line 1: %w", err)
	}
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		line, _ := r.FieldPos(0)
		row, err := f.parseRow(record)
		if err != nil {
			return fmt.Errorf("line %d: %w", line, err)
		}
		row.line = line
		f.rows = append(f.rows, row)
	}
}

func (f *file) parseHeader(header []string) error {
	f.header = header
	for i, name := range header {
		name = strings.TrimSpace(contactcsv.Unescape(name))
		if lower := strings.ToLower(name); slices.Contains(known, lower) {
			name = lower
		}
		switch {
		case name == "":
			return fmt.Errorf("column %d has no name", i+1)
		case slices.Contains(f.columns, name):
			return fmt.Errorf("two columns are named %q", name)
		}
		f.columns = append(f.columns, name)
	}
	if !slices.Contains(f.columns, "email") {
		return fmt.Errorf("no column is named email: %q", header)
	}
	return nil
}

func (f *file) parseRow(record []string) (row, error) {
	r := row{record: record, custom: map[string]string{}}
	for i, cell := range record {
		cell = contactcsv.Unescape(cell)
		if cell == "" {
			continue
		}
		var err error
		switch column := f.columns[i]; column {
		case "email":
			r.params.Email = strings.TrimSpace(cell)
		case "first_name":
			r.params.FirstName = cell
		case "last_name":
			r.params.LastName = cell
		case "email_marketing":
			r.params.EmailMarketing, err = parseBool(cell)
		case "gdpr":
			r.params.GDPR, err = parseBool(cell)
		case "tags":
			r.tags = splitTags(cell)
		default:
			if !slices.Contains(known, column) {
				r.custom[column] = cell
			}
		}
		if err != nil {
			return r, fmt.Errorf("%s: %w", f.columns[i], err)
		}
	}
	return r, nil
}

func parseBool(cell string) (*bool, error) {
	value, err := strconv.ParseBool(strings.ToLower(strings.TrimSpace(cell)))
	if err != nil {
		return nil, fmt.Errorf("%q is neither true nor false", cell)
	}
	return &value, nil
}

func splitTags(cell string) []string {
	var tags []string
	for name := range strings.SplitSeq(cell, contactcsv.TagSeparator) {
		if name = strings.TrimSpace(name); name != "" {
			tags = append(tags, name)
		}
	}
	return tags
}

// tagNames returns the names of all tags, each once.
func (f *file) tagNames() []string {
	names := map[string]bool{}
	for _, row := range f.rows {
		for _, name := range row.tags {
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// customColumns returns the columns that are custom fields.
func (f *file) customColumns() []string {
	return slices.DeleteFunc(slices.Clone(f.columns), func(name string) bool { return slices.Contains(known, name) })
}
