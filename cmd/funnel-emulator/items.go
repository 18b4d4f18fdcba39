package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
)

// shownItems is how many items of a resource the page shows.
const shownItems = 100

// items are the latest items of a resource, as a table.
type items struct {
	Resource string
	Total    int
	Columns  []string
	Rows     [][]string
}

// items reads a resource from a snapshot, because the API has no list for some
// of them and would count the request. It returns nil if there is no such
// resource.
func (e *emulator) items(resource string) (*items, error) {
	snapshot, err := e.api.Snapshot()
	if err != nil {
		return nil, err
	}
	var tables map[string]json.RawMessage
	if err := json.Unmarshal(snapshot, &tables); err != nil {
		return nil, err
	}
	var table struct{ Rows []json.RawMessage }
	if json.Unmarshal(tables[resource], &table) != nil {
		return nil, nil // also the snapshot's version, which is a number
	}
	list := &items{Resource: label(resource), Total: len(table.Rows)}
	for _, row := range slices.Backward(table.Rows[max(0, len(table.Rows)-shownItems):]) {
		if err := list.add(row); err != nil {
			return nil, err
		}
	}
	for i, row := range list.Rows {
		list.Rows[i] = append(row, make([]string, len(list.Columns)-len(row))...)
	}
	return list, nil
}

// add appends a JSON object as a row. Its fields keep their order. A field that
// no earlier row had gets a new column: snapshots leave out empty fields.
func (t *items) add(object []byte) error {
	d := json.NewDecoder(bytes.NewReader(object))
	if _, err := d.Token(); err != nil {
		return err
	}
	row := make([]string, len(t.Columns))
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return err
		}
		at := slices.Index(t.Columns, fmt.Sprint(name))
		if at < 0 {
			at = len(t.Columns)
			t.Columns = append(t.Columns, fmt.Sprint(name))
			row = slices.Concat(row, []string{""})
		}
		row[at] = cell(value)
	}
	t.Rows = append(t.Rows, row)
	return nil
}

// cell is a JSON value as text: a string without its quotes.
func cell(value json.RawMessage) string {
	var s *string
	if json.Unmarshal(value, &s) == nil && s != nil {
		return *s
	}
	return string(value)
}
