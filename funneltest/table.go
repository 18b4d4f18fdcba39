package funneltest

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// base is what every row begins with.
type base struct {
	ID        int64 `json:"id"`
	CreatedAt stamp `json:"created_at"`
}

func (b *base) row() *base { return b }

// record is a pointer to a row type T that embeds base.
type record[T any] interface {
	*T
	row() *base
}

// A table holds the rows of one resource in the order of their ids, which is
// the order of the lists: a page is a slice of rows, whatever its number.
type table[T any, P record[T]] struct {
	rows []P
	last int64 // the highest id given so far: ids are not given twice

	// unique says under which key no second row may exist; nil: no such rule.
	unique func(P) string
	index  map[string]P
}

func (t *table[T, P]) position(id int64) (int, bool) {
	return slices.BinarySearchFunc(t.rows, id, func(row P, id int64) int {
		return cmp.Compare(row.row().ID, id)
	})
}

// find returns the row with the id, or nil.
func (t *table[T, P]) find(id int64) P {
	if i, ok := t.position(id); ok {
		return t.rows[i]
	}
	return nil
}

// lookup returns the row under the unique key, or nil.
func (t *table[T, P]) lookup(key string) P { return t.index[key] }

// taken tells whether another row than the given one has its unique key.
func (t *table[T, P]) taken(row P) bool {
	if t.unique == nil {
		return false
	}
	other := t.index[t.unique(row)]
	return other != nil && other.row().ID != row.row().ID
}

// insert gives the row its id and keeps it.
func (t *table[T, P]) insert(row P, now stamp) {
	t.last++
	row.row().ID, row.row().CreatedAt = t.last, now
	t.rows = append(t.rows, row)
	t.enter(row)
}

// update puts the draft's values into the row.
func (t *table[T, P]) update(row, draft P) {
	if t.unique != nil {
		delete(t.index, t.unique(row))
	}
	*row = *draft
	t.enter(row)
}

// remove forgets the row.
func (t *table[T, P]) remove(row P) {
	if i, ok := t.position(row.row().ID); ok {
		t.rows = slices.Delete(t.rows, i, i+1)
	}
	if t.unique != nil {
		delete(t.index, t.unique(row))
	}
}

// enter puts the row under its unique key.
func (t *table[T, P]) enter(row P) {
	if t.unique == nil {
		return
	}
	if t.index == nil {
		t.index = make(map[string]P, len(t.rows))
	}
	t.index[t.unique(row)] = row
}

// reserve makes room for n more rows.
func (t *table[T, P]) reserve(n int) {
	t.rows = slices.Grow(t.rows, n)
	index := make(map[string]P, len(t.index)+n)
	maps.Copy(index, t.index)
	t.index = index
}

// tableJSON is a table in a snapshot.
type tableJSON[P any] struct {
	LastID int64 `json:"last_id"`
	Rows   []P   `json:"rows"`
}

// snapshot returns what is saved of the table.
func (t *table[T, P]) snapshot() tableJSON[P] {
	rows := t.rows
	if rows == nil {
		rows = []P{}
	}
	return tableJSON[P]{LastID: t.last, Rows: rows}
}

// UnmarshalJSON reads what snapshot has returned, or somebody has written by
// hand: it checks what the table relies on.
func (t *table[T, P]) UnmarshalJSON(b []byte) error {
	var in tableJSON[P]
	if err := json.Unmarshal(b, &in); err != nil {
		return err
	}
	t.rows, t.last, t.index = in.Rows, in.LastID, nil
	previous := int64(0)
	for _, row := range t.rows {
		if row == nil {
			return errors.New("a row is null")
		}
		id := row.row().ID
		if id <= previous {
			return fmt.Errorf("id %d follows id %d: ids are positive and ascend", id, previous)
		}
		if t.taken(row) {
			return fmt.Errorf("id %d: %q is there already", id, t.unique(row))
		}
		previous = id
		t.enter(row)
	}
	t.last = max(t.last, previous)
	return nil
}
