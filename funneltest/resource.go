package funneltest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/funnel-go/funnel"
)

// A resource is a table with the operations that most resources share. The
// functions below hold what differs between resources. Only routes is required;
// the operations that routes names need more, as stated.
type resource[T any, P record[T]] struct {
	table[T, P]

	name    string // in error messages: "Contact"
	plural  string // in snapshots and Counts: "contacts"
	idField string // the request field that names one: "contact_id"

	// routes returns the operations of the resource.
	routes func(r *resource[T, P]) []route

	// newestFirst orders lists by creation, the newest row first. Without it
	// they are ordered by id.
	newestFirst bool
	// periods makes lists accept period and range.
	periods bool
	// status returns the value that the filter status compares, and statuses
	// are its allowed values; nil: lists have no such filter.
	status   func(P) string
	statuses []string
	// item returns what lists show of a row.
	item func(c *call, row P) any

	// locate finds the row that an update or delete names; nil: by idField.
	locate func(c *call) (P, *apiError)
	// fill reads the request's fields into a row: a new one, whose id is zero
	// and whose defaults fill sets, or a copy of the row to update.
	fill func(c *call, row P)
	// check reports what is wrong with a filled row apart from single fields.
	check func(c *call, row P) *apiError
	// conflict is the code for a row whose unique key is taken.
	conflict funnel.Code
	// created returns what the creation's response shows of the row.
	created func(c *call, row P) any
	// removed is called after a deletion.
	removed func(c *call, row P)
	// restored checks a row of a snapshot against the other resources, and
	// sets what snapshots do not contain.
	restored func(a *account, row P) error
}

// target finds the row that the request names.
func (r *resource[T, P]) target(c *call) (P, *apiError) {
	if r.locate != nil {
		return r.locate(c)
	}
	id := c.in.id(r.idField)
	if err := c.in.err(); err != nil {
		return nil, err
	}
	return r.byID(id)
}

// byID returns the row with the id, or NOT_FOUND.
func (r *resource[T, P]) byID(id int64) (P, *apiError) {
	row := r.find(id)
	if row == nil {
		return nil, notFound(r.name)
	}
	return row, nil
}

// list is the paged list of the resource.
func (r *resource[T, P]) list(c *call) (any, *apiError) {
	rows, err := r.filtered(c)
	if err != nil {
		return nil, err
	}
	return page(c, rows, r.newestFirst, r.item)
}

// filtered returns the rows that a list shows, oldest first.
func (r *resource[T, P]) filtered(c *call) ([]P, *apiError) {
	rows := r.rows
	if r.status != nil {
		status, ok := c.in.choice("status", r.statuses)
		if !ok {
			return nil, newError(codeInvalidStatus)
		}
		if status != "" {
			rows = selectRows(rows, func(row P) bool { return r.status(row) == status })
		}
	}
	if r.periods {
		within, err := c.in.period(c.now)
		if err != nil {
			return nil, err
		}
		if within != always {
			rows = selectRows(rows, func(row P) bool { return within.contains(row.row().CreatedAt) })
		}
	}
	if r.newestFirst && r.unordered {
		rows = slices.Clone(rows)
		slices.SortStableFunc(rows, func(a, b P) int { return cmp.Compare(a.row().CreatedAt, b.row().CreatedAt) })
	}
	return rows, nil
}

// listAll is the list of a resource without paging.
func (r *resource[T, P]) listAll(c *call) (any, *apiError) {
	items := make([]any, 0, len(r.rows))
	for _, row := range r.rows {
		items = append(items, r.item(c, row))
	}
	return items, nil
}

// page returns one page of the rows, as page and per_page ask for, and sets
// the response's meta.
func page[P any](c *call, rows []P, newestFirst bool, item func(c *call, row P) any) (any, *apiError) {
	number, perPage := c.in.paging()
	if err := c.in.err(); err != nil {
		return nil, err
	}
	total := int64(len(rows))
	// Laravel counts one page for an empty list.
	c.meta = &meta{CurrentPage: number, LastPage: max(1, (total+perPage-1)/perPage), PerPage: perPage, Total: total}
	items := []any{}
	if number > c.meta.LastPage { // checked before multiplying: the number may be huge
		return items, nil
	}
	for i := (number - 1) * perPage; i < min(number*perPage, total); i++ {
		at := i
		if newestFirst {
			at = total - 1 - i
		}
		items = append(items, item(c, rows[at]))
	}
	return items, nil
}

func selectRows[P any](rows []P, keep func(P) bool) []P {
	var kept []P
	for _, row := range rows {
		if keep(row) {
			kept = append(kept, row)
		}
	}
	return kept
}

func (r *resource[T, P]) create(c *call) (any, *apiError) {
	row := P(new(T))
	if err := r.read(c, row); err != nil {
		return nil, err
	}
	r.insert(row, c.now)
	return r.created(c, row), nil
}

// update shows the id only: no page shows what a PUT returns (assumed).
func (r *resource[T, P]) update(c *call) (any, *apiError) {
	row, err := r.target(c)
	if err != nil {
		return nil, err
	}
	draft := *row
	if err := r.read(c, &draft); err != nil {
		return nil, err
	}
	r.replace(row, &draft)
	return idOf(c, row), nil
}

// read fills a draft from the request and decides whether it may be stored.
func (r *resource[T, P]) read(c *call, draft P) *apiError {
	r.fill(c, draft)
	if err := c.in.err(); err != nil {
		return err
	}
	if r.check != nil {
		if err := r.check(c, draft); err != nil {
			return err
		}
	}
	if r.taken(draft) {
		return newError(r.conflict)
	}
	return nil
}

// delete has no data: no page shows what a DELETE returns (assumed).
func (r *resource[T, P]) delete(c *call) (any, *apiError) {
	row, err := r.target(c)
	if err != nil {
		return nil, err
	}
	r.remove(row)
	if r.removed != nil {
		r.removed(c, row)
	}
	return nil, nil
}

// idOnly is the data of a response that shows nothing but the id.
type idOnly struct {
	ID int64 `json:"id"`
}

func idOf[T any, P record[T]](_ *call, row P) any { return idOnly{row.row().ID} }

func (r *resource[T, P]) label() string { return r.plural }

func (r *resource[T, P]) count() int { return len(r.rows) }

func (r *resource[T, P]) encode() any { return r.snapshot() }

func (r *resource[T, P]) settle(a *account) error {
	if r.restored == nil {
		return nil
	}
	for _, row := range r.rows {
		if err := r.restored(a, row); err != nil {
			return err
		}
	}
	return nil
}

// base holds the fields that every row has.
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

// A table holds the rows of one resource in the order of their ids.
type table[T any, P record[T]] struct {
	rows []P
	last int64 // the highest id so far: an id is never used twice

	// unordered: a row was created before one with a lower id.
	unordered bool

	// unique returns the key that no two rows may share; nil: there is none.
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

// lookup returns the row with the unique key, or nil.
func (t *table[T, P]) lookup(key string) P { return t.index[key] }

// taken reports whether another row has the unique key of this one.
func (t *table[T, P]) taken(row P) bool {
	if t.unique == nil {
		return false
	}
	other := t.index[t.unique(row)]
	return other != nil && other.row().ID != row.row().ID
}

// insert stores a new row under the next id. A creation time that is set
// stays. A database stores it in whole seconds.
func (t *table[T, P]) insert(row P, now stamp) {
	t.last++
	b := row.row()
	b.ID = t.last
	if b.CreatedAt == 0 {
		b.CreatedAt = now
	}
	b.CreatedAt = b.CreatedAt.seconds()
	if n := len(t.rows); n > 0 && b.CreatedAt < t.rows[n-1].row().CreatedAt {
		t.unordered = true
	}
	t.rows = append(t.rows, row)
	t.enter(row)
}

// replace copies the draft's values into the row.
func (t *table[T, P]) replace(row, draft P) {
	if t.unique != nil {
		delete(t.index, t.unique(row))
	}
	*row = *draft
	t.enter(row)
}

func (t *table[T, P]) remove(row P) {
	if i, ok := t.position(row.row().ID); ok {
		t.rows = slices.Delete(t.rows, i, i+1)
	}
	if t.unique != nil {
		delete(t.index, t.unique(row))
	}
}

// enter adds the row to the index of unique keys.
func (t *table[T, P]) enter(row P) {
	if t.unique == nil {
		return
	}
	if t.index == nil {
		t.index = make(map[string]P, len(t.rows))
	}
	t.index[t.unique(row)] = row
}

// reserve allocates memory for n more rows.
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

func (t *table[T, P]) snapshot() tableJSON[P] {
	rows := t.rows
	if rows == nil {
		rows = []P{}
	}
	return tableJSON[P]{LastID: t.last, Rows: rows}
}

// UnmarshalJSON reads a table of a snapshot. Snapshots may be written by hand,
// so it checks what the table relies on, and refuses misspelt fields.
func (t *table[T, P]) UnmarshalJSON(b []byte) error {
	var in tableJSON[P]
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil {
		return err
	}
	t.rows, t.last, t.index, t.unordered = in.Rows, in.LastID, nil, false
	var previous base
	for i, row := range t.rows {
		if row == nil {
			return fmt.Errorf("row %d is null: remove it", i+1)
		}
		current := *row.row()
		if current.ID <= previous.ID {
			return fmt.Errorf("id %d follows id %d: ids must be positive and ascending", current.ID, previous.ID)
		}
		if t.taken(row) {
			return fmt.Errorf("id %d: another row has %q already", current.ID, t.unique(row))
		}
		t.unordered = t.unordered || current.CreatedAt < previous.CreatedAt
		previous = current
		t.enter(row)
	}
	t.last = max(t.last, previous.ID)
	return nil
}
