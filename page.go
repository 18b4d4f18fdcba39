package funnel

import (
	"cmp"
	"context"
	"maps"
	"net/url"
	"reflect"
	"slices"
	"strconv"

	"github.com/funnel-go/funnel/internal/envelope"
)

// A Page is one page of a list.
type Page[T any] struct {
	Items []T

	// What the server says of the paging; zero where it does not say.
	Page     int // number of this page, from 1
	PerPage  int // items a page
	LastPage int // number of the last page
	Total    int // items in all
}

// maxPagesAhead bounds the pages that a range holds.
const maxPagesAhead = 64

// walk yields the items of a list, page by page from the one that q names,
// until the last or until yield has enough. As soon as the server says how many
// pages there are, they are fetched ahead.
func walk[T any](ctx context.Context, r resource[T], q url.Values, yield func(*T, error) bool) {
	if err := r.core.ready(ctx); err != nil {
		yield(nil, err)
		return
	}
	if !q.Has("per_page") {
		q.Set("per_page", strconv.Itoa(maxPerPage))
	}
	first, _ := strconv.Atoi(q.Get("page"))
	w := &walker[T]{resource: r, query: q, yield: yield}
	w.last = max(1, first)
	w.asked = w.last - 1
	w.response = callOptionsFrom(ctx).response
	(&pipeline[int, *fetched[T]]{
		core:  r.core,
		least: 2,
		most:  maxPagesAhead,
		next:  w.next,
		do:    w.fetch,
		see:   w.see,
		take:  w.take,
	}).run(ctx)
}

// A walker is the state of one range over a list.
type walker[T any] struct {
	resource resource[T]
	query    url.Values
	yield    func(*T, error) bool
	response *Response // the user's, of WithResponse

	asked  int     // number of the last page asked for
	last   int     // number of the last page there is, as far as is known
	before []int64 // the ids of the page before, whose items may change meanwhile; nil: there was none
}

// A fetched page, or why there is none.
type fetched[T any] struct {
	number   int
	page     *Page[T]
	response Response
	err      error
}

// next returns the number of the next page to ask for.
func (w *walker[T]) next() (number int, ok bool) {
	if w.asked >= w.last {
		return 0, false
	}
	w.asked++
	return w.asked, true
}

func (w *walker[T]) fetch(ctx context.Context, number int) *fetched[T] {
	got := &fetched[T]{number: number}
	q := maps.Clone(w.query)
	q.Set("page", strconv.Itoa(number))
	if w.response != nil { // one for each of the pages that are fetched at the same time
		ctx = WithResponse(ctx, &got.response)
	}
	got.page, got.err = w.resource.page(ctx, q)
	return got
}

// see says how far the list goes. Without paging data there may be a next page
// as long as this one has items that the one before did not have.
func (w *walker[T]) see(got *fetched[T]) {
	repeats := false
	if got.err == nil {
		repeats = w.repeats(got.page.Items)
		got.err = got.page.follows(got.number, repeats, w.resource.many)
	}
	switch {
	case got.err != nil:
		w.last = 0
	case got.page.LastPage > 0:
		w.last = got.page.LastPage
	case len(got.page.Items) == 0 || repeats:
		w.last, got.page.Items = 0, nil
	default:
		w.last = got.number + 1
	}
}

// repeats reports whether the next page has all the items of the one before:
// without paging data, that is a list without pages.
func (w *walker[T]) repeats(items []T) bool {
	before, now := w.before, make([]int64, len(items))
	for i := range items {
		now[i], _ = idOf(reflect.ValueOf(items[i]))
	}
	w.before = now
	if len(before) == 0 {
		return before != nil && len(now) == 0
	}
	isGone := func(id int64) bool { return !slices.Contains(now, id) }
	return len(before) <= len(now) && !slices.ContainsFunc(before, isGone)
}

func (w *walker[T]) take(got *fetched[T]) (more bool) {
	if w.response != nil {
		*w.response = got.response
	}
	if got.err != nil {
		w.yield(nil, got.err)
		return false
	}
	for i := range got.page.Items {
		if !w.yield(&got.page.Items[i], nil) {
			return false
		}
	}
	return got.number < w.last
}

// follows guards against a server that does not turn the pages: a loop over it
// would not end, and see the same items again and again.
func (p *Page[T]) follows(number int, repeats bool, path string) error {
	switch {
	case p.Page > 0 && p.Page != number:
		return answerError(path, "the server does not turn the pages: page %d was asked for and page %d came", number, p.Page)
	case repeats && p.LastPage > 0 && (len(p.Items) > 0 || p.LastPage > number):
		return answerError(path, "the server does not turn the pages: page %d of %d is the same as the one before", number, p.LastPage)
	}
	return nil
}

// fetchPage makes the call and returns its page of a list.
func fetchPage[T any](ctx context.Context, c *core, req request) (*Page[T], error) {
	var page *Page[T]
	err := c.do(ctx, req, func(body []byte) error {
		items, paging, err := envelope.List[T](body)
		page = &Page[T]{
			Items:    items,
			Page:     int(paging.CurrentPage),
			PerPage:  int(paging.PerPage),
			LastPage: int(paging.LastPage),
			Total:    int(paging.Total),
		}
		for i := range items {
			err = cmp.Or(err, checkResult(&items[i]))
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return page, nil
}

// The API's bounds of per_page (documented).
const (
	minPerPage = 1
	maxPerPage = 100
)
