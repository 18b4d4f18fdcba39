package envelope

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Paging is what an answer says of a list's pages; zero where it does not say.
type Paging struct {
	CurrentPage Count `json:"current_page"`
	PerPage     Count `json:"per_page"`
	LastPage    Count `json:"last_page"`
	Total       Count `json:"total"`
}

// A Count is a number in the paging data. Laravel repeats per_page as it came,
// which is as a string, and what PHP has divided may be 3.0; what is no whole
// number counts as not said.
type Count int

// UnmarshalJSON implements [json.Unmarshaler].
func (c *Count) UnmarshalJSON(b []byte) error {
	whole, zeros, _ := strings.Cut(string(bytes.Trim(b, `"`)), ".")
	n, err := strconv.Atoi(whole)
	if err != nil || n < 0 || strings.Trim(zeros, "0") != "" {
		n = 0
	}
	*c = Count(n)
	return nil
}

// pages holds the paging data wherever Laravel puts it.
type pages struct {
	Meta       Paging `json:"meta"`
	Pagination Paging `json:"pagination"`
	Paging
}

func (p pages) paging() Paging {
	paging := cmp.Or(p.Meta, p.Pagination, p.Paging)
	if paging.LastPage == 0 && paging.Total > 0 && paging.PerPage > 0 {
		paging.LastPage = (paging.Total-1)/paging.PerPage + 1
	}
	return paging
}

// List reads an answer that carries one page of a list. The paging data may
// stand in "meta", in "pagination", beside "data", around the items inside
// "data", or nowhere.
func List[T any](body []byte) ([]T, Paging, error) {
	var flat struct {
		head
		Data *[]T `json:"data"`
		pages
	}
	flat.Data = new([]T) // still nil inside: missing; itself nil: null
	err := unmarshal(body, &flat)
	if err != nil && !errors.Is(err, errTooMany) && hasPaginator(body) {
		var nested struct {
			head
			Data struct {
				Data []T `json:"data"`
				pages
			} `json:"data"`
		}
		if err := decode(body, &nested, &nested.head); err != nil {
			return nil, Paging{}, err
		}
		return orEmpty(nested.Data.Data), cmp.Or(nested.Data.paging(), flat.paging()), nil
	}
	if err := settle(err, body, &flat, &flat.head); err != nil {
		return nil, Paging{}, err
	}
	if flat.Data == nil {
		return []T{}, flat.paging(), nil
	}
	if *flat.Data == nil {
		return nil, Paging{}, fmt.Errorf(`%w: it has no list in "data"`, ErrUnexpected)
	}
	return *flat.Data, flat.paging(), nil
}

// hasPaginator reports whether the answer's data is Laravel's paginator, which
// has the list one level further in.
func hasPaginator(body []byte) bool {
	var probe struct {
		Data struct {
			Data json.RawMessage `json:"data"`
		} `json:"data"`
	}
	return json.Unmarshal(body, &probe) == nil && probe.Data.Data != nil
}

func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
