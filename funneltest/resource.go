package funneltest

import (
	"slices"

	"github.com/funnel-go/funnel"
)

// A resource is a table with the five operations that all resources have in
// common. What differs from one to the next are the functions below; only fill
// and write must be there.
type resource[T any, P record[T]] struct {
	table[T, P]

	name    string // as messages print it: "Contact"
	plural  string // as snapshots and Counts name it: "contacts"
	idField string // the field that names one: "contact_id"

	// filter returns which rows a list shows, by its own filters; nil: all.
	filter func(c *call) (func(P) bool, *problem)
	// order is the order of a filtered list; nil: by id.
	order func(a, b P) int
	// fill reads the request's fields into a row: a new one (its id is zero
	// and its defaults are fill's to set) or a copy of the one to update.
	fill func(c *call, row P)
	// check refuses a row for more than the form of its fields.
	check func(c *call, row P) *problem
	// conflict is the code for a row whose unique key is taken.
	conflict funnel.Code
	// saved follows a creation (before is nil) or an update.
	saved func(c *call, before, row P)
	// removed follows a deletion.
	removed func(c *call, row P)
	// write renders a row.
	write func(c *call, w *writer, row P)
	// restored checks a row of a snapshot against the rest, and puts right
	// what snapshots do not hold.
	restored func(a *account, row P) error
}

// target finds the row that the request names.
func (r *resource[T, P]) target(c *call) (P, *problem) {
	id := c.in.id(r.idField)
	if p := c.in.problem(); p != nil {
		return nil, p
	}
	row := r.find(id)
	if row == nil {
		return nil, notFound(r.name)
	}
	return row, nil
}

// answer writes the row as the request's answer.
func (r *resource[T, P]) answer(c *call, row P) *problem {
	r.write(c, c.out, row)
	return nil
}

func (r *resource[T, P]) list(c *call) *problem {
	page, perPage := c.in.paging()
	rows := r.rows
	if r.filter != nil {
		keep, p := r.filter(c)
		if p != nil {
			return p
		}
		if keep != nil {
			rows = selectRows(rows, keep)
			if r.order != nil {
				slices.SortStableFunc(rows, r.order)
			}
		}
	}
	if p := c.in.problem(); p != nil {
		return p
	}
	c.meta = &paging{page: page, perPage: perPage, total: int64(len(rows))}
	if page > c.meta.lastPage() { // before multiplying: the page may be huge
		rows = nil
	} else {
		from := (page - 1) * perPage
		rows = rows[from:min(from+perPage, c.meta.total)]
	}
	c.out.array()
	for _, row := range rows {
		r.write(c, c.out, row)
	}
	c.out.endArray()
	return nil
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

func (r *resource[T, P]) get(c *call) *problem {
	row, p := r.target(c)
	if p != nil {
		return p
	}
	return r.answer(c, row)
}

func (r *resource[T, P]) create(c *call) *problem {
	row := P(new(T))
	if p := r.read(c, row); p != nil {
		return p
	}
	r.insert(row, c.now)
	if r.saved != nil {
		r.saved(c, nil, row)
	}
	return r.answer(c, row)
}

func (r *resource[T, P]) update(c *call) *problem {
	row, p := r.target(c)
	if p != nil {
		return p
	}
	before, draft := *row, *row
	if p := r.read(c, &draft); p != nil {
		return p
	}
	r.table.update(row, &draft)
	if r.saved != nil {
		r.saved(c, &before, row)
	}
	return r.answer(c, row)
}

// read fills a draft from the request and decides whether it may be kept.
func (r *resource[T, P]) read(c *call, draft P) *problem {
	r.fill(c, draft)
	if p := c.in.problem(); p != nil {
		return p
	}
	if r.check != nil {
		if p := r.check(c, draft); p != nil {
			return p
		}
	}
	if r.taken(draft) {
		return refuse(r.conflict)
	}
	return nil
}

func (r *resource[T, P]) delete(c *call) *problem {
	row, p := r.target(c)
	if p != nil {
		return p
	}
	r.remove(row)
	if r.removed != nil {
		r.removed(c, row)
	}
	return c.nothing()
}

// label implements store.
func (r *resource[T, P]) label() string { return r.plural }

// count implements store.
func (r *resource[T, P]) count() int { return len(r.rows) }

// encode implements store.
func (r *resource[T, P]) encode() any { return r.snapshot() }

// settle implements store.
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
