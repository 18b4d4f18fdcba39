package envelope

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
)

// Paging is what an answer says of a list's pages; zero where it does not say.
type Paging struct {
	CurrentPage Count `json:"current_page"`
	PerPage     Count `json:"per_page"`
	LastPage    Count `json:"last_page"`
	Total       Count `json:"total"`
}

// A Count is a number in the paging data. Laravel repeats per_page as it came,
// which is as a string; what is no number counts as not said.
type Count int

// UnmarshalJSON implements [json.Unmarshaler].
func (c *Count) UnmarshalJSON(b []byte) error {
	n, err := strconv.Atoi(string(bytes.Trim(b, `"`)))
	if err != nil || n < 0 {
		n = 0
	}
	*c = Count(n)
	return nil
}

// pages holds the paging data wherever Laravel puts it.
type pages struct {
	Meta       *Paging `json:"meta"`
	Pagination *Paging `json:"pagination"`
	Paging
}

func (p pages) paging() Paging {
	paging := p.Paging
	switch {
	case p.Meta != nil:
		paging = *p.Meta
	case p.Pagination != nil:
		paging = *p.Pagination
	}
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
	err := json.Unmarshal(body, &flat)
	if isObject(err, "data") {
		// Laravel's paginator has the list one level further in.
		var nested struct {
			head
			Data struct {
				Data []T `json:"data"`
				pages
			} `json:"data"`
		}
		if decode(body, &nested, &nested.head) == nil && nested.Data.Data != nil {
			return nested.Data.Data, nested.Data.paging(), nil
		}
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

// isObject reports whether decoding failed because field is an object.
func isObject(err error, field string) bool {
	mismatch := (*json.UnmarshalTypeError)(nil)
	return errors.As(err, &mismatch) && mismatch.Field == field && mismatch.Value == "object"
}
