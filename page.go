package funnel

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"maps"
	"net/http"
	"net/url"
	"strconv"

	"github.com/funnel-go/funnel/internal/envelope"
)

// A Page is one page of a list.
type Page[T any] struct {
	Items []T

	// The paging data of the response; zero if it has none.
	Page     int // number of this page, from 1
	PerPage  int // items per page
	LastPage int // number of the last page
	Total    int // items in all pages
}

// PageParams selects a page. A zero field is not sent.
type PageParams struct {
	Page    int `url:"page,omitempty"`     // from 1
	PerPage int `url:"per_page,omitempty"` // 1 to 100; 0: the API's default of 50
}

// maxPagesAhead bounds the pages that a range holds.
const maxPagesAhead = 64

// The API's bounds and default of per_page (documented).
const (
	minPerPage     = 1
	maxPerPage     = 100
	defaultPerPage = 50
)

// fetchPage reads one page of a list.
func fetchPage[T any](ctx context.Context, c *core, path string, q url.Values) (*Page[T], error) {
	page := &Page[T]{}
	err := c.do(ctx, request{method: http.MethodGet, path: path, query: q.Encode()}, func(body []byte) error {
		items, paging, err := envelope.List[T](body)
		if err != nil {
			return err
		}
		*page = Page[T]{
			Items:    items,
			Page:     paging.CurrentPage,
			PerPage:  paging.PerPage,
			LastPage: paging.LastPage,
			Total:    paging.Total,
		}
		if err := checkPage(page, q); err != nil {
			return err
		}
		return checkItems(items)
	})
	if err != nil {
		return nil, err
	}
	return page, nil
}

// checkPage refuses a page that does not say how many pages there are, or contradicts
// itself: a part of a list must not be taken for the whole.
func checkPage[T any](p *Page[T], q url.Values) error {
	items, requested := len(p.Items), defaultPerPage
	if n, err := strconv.Atoi(q.Get("per_page")); err == nil {
		requested = n
	}
	if p.LastPage == 0 {
		full := min(requested, defaultPerPage) // the size of a server's pages that ignores per_page
		if p.PerPage > 0 {
			full = min(full, p.PerPage)
		}
		if items > 0 && items >= full || p.Total > items {
			return fmt.Errorf(`%w: "meta" does not say how many pages there are, so items may be missing`, envelope.ErrUnexpected)
		}
		return nil
	}
	switch {
	case p.PerPage > 0 && p.Total > p.LastPage*p.PerPage,
		p.PerPage == 0 && p.LastPage == 1 && p.Total > max(items, requested):
		return fmt.Errorf(`%w: "meta" contradicts itself: the total does not fit into last_page %d`, envelope.ErrUnexpected, p.LastPage)
	case items > 0 && p.Page > p.LastPage:
		return fmt.Errorf(`%w: "meta" says that page %d is the last, but page %d has items`, envelope.ErrUnexpected, p.LastPage, p.Page)
	}
	return nil
}

// fetchAll reads a list that has no pages.
func fetchAll[T any](ctx context.Context, c *core, path string, q url.Values) ([]T, error) {
	var all []T
	err := c.do(ctx, request{method: http.MethodGet, path: path, query: q.Encode()}, func(body []byte) error {
		items, paging, err := envelope.List[T](body)
		if err != nil {
			return err
		}
		if all = items; paging.LastPage > 1 || paging.Total > len(items) {
			return fmt.Errorf("%w: the list has several pages, but the SDK expects a list without pages", envelope.ErrUnexpected)
		}
		return checkItems(items)
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

// walk yields the items of a list, page by page from the one that the query names
// until the last, or until the range ends. As soon as the server says how many
// pages there are, they are fetched ahead.
func walk[T any](ctx context.Context, c *core, path string, query func() (url.Values, error)) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		q, err := query()
		if err = cmp.Or(err, c.ready(ctx)); err != nil {
			yield(nil, err)
			return
		}
		if !q.Has("per_page") {
			q.Set("per_page", strconv.Itoa(maxPerPage))
		}
		first, _ := strconv.Atoi(q.Get("page"))
		w := &walker[T]{core: c, path: path, query: q, yield: yield}
		w.last = max(1, first)
		w.requested = w.last - 1
		w.response = callOptionsFrom(ctx).response
		(&pipeline[int, *fetched[T]]{
			core:  c,
			least: 2,
			most:  maxPagesAhead,
			next:  w.next,
			do:    w.fetch,
			see:   w.see,
			take:  w.take,
		}).run(ctx)
	}
}

// A walker is the state of one range over a list.
type walker[T any] struct {
	core     *core
	path     string
	query    url.Values
	yield    func(*T, error) bool
	response *Response // the user's, of WithResponse

	requested int  // number of the last page requested
	last      int  // number of the last page, as far as is known
	paged     bool // the page before had a LastPage
	empty     bool // the page before had no items
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
	if w.requested >= w.last {
		return 0, false
	}
	w.requested++
	return w.requested, true
}

func (w *walker[T]) fetch(ctx context.Context, number int) *fetched[T] {
	got := &fetched[T]{number: number}
	q := maps.Clone(w.query)
	q.Set("page", strconv.Itoa(number))
	if w.response != nil { // one for each of the pages that are fetched at the same time
		ctx = WithResponse(ctx, &got.response)
	}
	got.page, got.err = fetchPage[T](ctx, w.core, w.path, q)
	return got
}

// see notes how far the list goes.
func (w *walker[T]) see(got *fetched[T]) {
	switch {
	case got.err != nil:
	case got.page.Page > 0 && got.page.Page != got.number: // the same page would come for ever
		got.err = responseError(w.path, "page %d was requested and page %d returned", got.number, got.page.Page)
	case len(got.page.Items) == 0 && w.empty && got.number < got.page.LastPage: // there might be no end
		got.err = responseError(w.path, "pages %d and %d of %d are empty", got.number-1, got.number, got.page.LastPage)
	case got.page.LastPage == 0 && w.paged:
		got.err = responseError(w.path, "page %d does not say how many pages there are, and the one before did", got.number)
	}
	if w.last = 0; got.err == nil {
		w.last = got.page.LastPage
		w.paged, w.empty = w.last > 0, len(got.page.Items) == 0
	}
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
