package funnel

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
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

// walk yields the items of a list, page by page from the one that q names,
// until the last or until yield has enough.
func walk[T any](ctx context.Context, r resource[T], q url.Values, yield func(*T, error) bool) {
	if !q.Has("per_page") {
		q.Set("per_page", strconv.Itoa(maxPerPage))
	}
	number, _ := strconv.Atoi(q.Get("page"))
	var before *Page[T]
	for number = max(1, number); ; number++ {
		q.Set("page", strconv.Itoa(number))
		page, err := r.page(ctx, q)
		if err == nil {
			err = page.follows(before, number, r.many)
		}
		if err != nil {
			yield(nil, err)
			return
		}
		if len(page.Items) == 0 || page.repeats(before) {
			return
		}
		for i := range page.Items {
			if !yield(&page.Items[i], nil) {
				return
			}
		}
		if page.LastPage > 0 && number >= page.LastPage {
			return
		}
		before = page
	}
}

// follows guards against a server that does not turn the pages: a loop over it
// would not end, and see the same items again and again.
func (p *Page[T]) follows(before *Page[T], number int, path string) error {
	switch {
	case p.Page > 0 && p.Page != number:
		return pagingError(path, "page %d was asked for and page %d came", number, p.Page)
	case p.LastPage > 0 && p.repeats(before):
		return pagingError(path, "page %d of %d is the same as the one before", number, p.LastPage)
	}
	return nil
}

// repeats reports whether the page has the items of the one before: without
// paging data, that is a list without pages.
func (p *Page[T]) repeats(before *Page[T]) bool {
	return before != nil && len(p.Items) > 0 && reflect.DeepEqual(p.Items, before.Items)
}

func pagingError(path, format string, args ...any) error {
	return &APIError{
		Method:     http.MethodGet,
		Path:       path,
		StatusCode: http.StatusOK,
		Message:    "the server does not turn the pages: " + fmt.Sprintf(format, args...),
		Attempts:   1,
	}
}

// Ptr returns a pointer to v, for the fields of update params:
//
//	funnel.TagUpdateParams{Name: funnel.Ptr("vip")}
func Ptr[T any](v T) *T { return &v }
