package envelope

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

// Paging is what a response says of a list's pages; zero where it does not say.
type Paging struct {
	CurrentPage Count `json:"current_page"`
	PerPage     Count `json:"per_page"`
	LastPage    Count `json:"last_page"`
	Total       Count `json:"total"`
	More        Link  `json:"next_cursor"` // there is another page, in a way that the API does not document
}

// A Count is a number in the paging data. Laravel repeats per_page as it came,
// which is as a string, and what PHP has divided may be 3.0. Anything that is not
// a whole number counts as not said.
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

// A Link tells whether a cursor or a link leads anywhere.
type Link bool

// UnmarshalJSON implements [json.Unmarshaler].
func (l *Link) UnmarshalJSON(b []byte) error {
	s := string(b)
	*l = s != "null" && s != `""` && s != "false"
	return nil
}

// List reads a response that carries a list, or one page of it. The paging data
// is in "meta". The other forms in which Laravel says that there is more are
// recognised only so that a part of a list is never taken for the whole.
func List[T any](body []byte) ([]T, Paging, error) {
	var response struct {
		head
		Data  *[]T   `json:"data"`
		Meta  Paging `json:"meta"`
		Links struct {
			Next Link `json:"next"`
		} `json:"links"`
		NextCursor  Link `json:"next_cursor"`
		NextPageURL Link `json:"next_page_url"`
	}
	if err := decode(body, &response, &response.head); err != nil {
		return nil, Paging{}, err
	}
	if response.Data == nil {
		return nil, Paging{}, fmt.Errorf(`%w: it has no list in "data"`, ErrUnexpected)
	}
	paging := response.Meta
	if paging.LastPage == 0 && paging.Total > 0 && paging.PerPage > 0 {
		paging.LastPage = (paging.Total-1)/paging.PerPage + 1
	}
	paging.More = paging.More || response.Links.Next || response.NextCursor || response.NextPageURL
	return *response.Data, paging, nil
}
