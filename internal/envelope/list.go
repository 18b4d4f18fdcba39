package envelope

import "fmt"

// Paging is what a response states about a list's pages; zero if it does not.
type Paging struct {
	CurrentPage int `json:"current_page"`
	PerPage     int `json:"per_page"`
	LastPage    int `json:"last_page"`
	Total       int `json:"total"`
}

// List reads a response with a list, or one page of it.
func List[T any](body []byte) ([]T, Paging, error) {
	var response struct {
		head
		Data *[]T   `json:"data"`
		Meta Paging `json:"meta"`
	}
	if err := decode(body, &response, &response.head); err != nil {
		return nil, Paging{}, err
	}
	if response.Data == nil {
		return nil, Paging{}, fmt.Errorf(`%w: "data" has no list`, ErrUnexpected)
	}
	return *response.Data, response.Meta, nil
}
