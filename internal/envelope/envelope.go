// Package envelope reads the API's answers: {"success", "data", "error"} and
// the shapes in which Laravel pages a list. It is strict about what an answer
// means and tolerant about how it is written.
package envelope

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

var (
	// ErrUnreadable marks an answer that is no JSON, or was cut short: asking
	// again may help.
	ErrUnreadable = errors.New("the answer is not readable")

	// ErrUnexpected marks an answer that is JSON but not what the call
	// expects: asking again would get the same.
	ErrUnexpected = errors.New("the answer is not what the API promises")
)

// status is the value of "success". A missing one is tolerated, anything but
// true is not.
type status byte

const (
	missing status = iota
	succeeded
	failed
)

func (s *status) UnmarshalJSON(b []byte) error {
	*s = failed
	if string(b) == "true" {
		*s = succeeded
	}
	return nil
}

// A head is what every answer may begin with.
type head struct {
	Success status          `json:"success"`
	Error   json.RawMessage `json:"error"`
}

// err returns the failure that the answer states, if it does.
func (h head) err(body []byte) error {
	if h.Success == failed || h.Success == missing && len(h.Error) > 0 && string(h.Error) != "null" {
		return ParseFailure(body)
	}
	return nil
}

// Data reads an answer that carries one result.
func Data[T any](body []byte) (*T, error) {
	var answer struct {
		head
		Data *T `json:"data"` // nil: missing or null
	}
	if err := decode(body, &answer, &answer.head); err != nil {
		return nil, err
	}
	if answer.Data == nil {
		return nil, fmt.Errorf(`%w: it has no result in "data"`, ErrUnexpected)
	}
	return answer.Data, nil
}

// Success reads an answer of which no result is expected: an empty one is a
// success too.
func Success(body []byte) error {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil
	}
	var answer head
	return decode(body, &answer, &answer)
}

// decode reads body into v, which holds h, in one pass.
func decode(body []byte, v any, h *head) error {
	return settle(json.Unmarshal(body, v), body, v, h)
}

// settle says what the outcome of decoding body into v means, and returns the
// failure that the answer states. Only where a value is of another type than
// expected does it take the slow road, on which PHP's habits are put right.
func settle(err error, body []byte, v any, h *head) error {
	if err != nil {
		if syntax := (*json.SyntaxError)(nil); errors.As(err, &syntax) {
			return unreadable(body, err)
		}
		if h.Success != failed { // a failure's data may be anything
			err = decodeLeniently(body, v)
		}
	}
	if failure := h.err(body); failure != nil {
		return failure
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnexpected, err)
	}
	return nil
}

func unreadable(body []byte, err error) error {
	if len(bytes.TrimSpace(body)) == 0 {
		return fmt.Errorf("%w: it is empty", ErrUnreadable)
	}
	return fmt.Errorf("%w: it is not JSON: %w", ErrUnreadable, err)
}
