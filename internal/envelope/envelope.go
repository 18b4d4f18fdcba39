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

// maxValues bounds the values of an answer: in memory the smallest take some
// hundred times the bytes that they have in JSON. A full page of a list has some
// thousand.
const maxValues = 1 << 18

var errTooMany = fmt.Errorf("%w: it holds more than %d values", ErrUnexpected, maxValues)

// unmarshal is [json.Unmarshal] for a body that a stranger has written.
func unmarshal(body []byte, v any) error {
	if holdsTooMany(body) {
		return errTooMany
	}
	return json.Unmarshal(body, v)
}

// holdsTooMany counts the commas, and where these are too many those outside of
// strings.
func holdsTooMany(body []byte) bool {
	if bytes.Count(body, []byte{','}) < maxValues {
		return false
	}
	values, inString := 1, false
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case c == '\\':
			i++
		case c == '"':
			inString = !inString
		case c == ',' && !inString:
			values++
		}
	}
	return values > maxValues
}

// status is the value of "success". A missing one is tolerated, anything but
// true is not.
type status byte

const (
	missing status = iota
	succeeded
	failed
)

// UnmarshalJSON keeps to the worst of what it is told: an answer that says both
// is a failure.
func (s *status) UnmarshalJSON(b []byte) error {
	if string(b) != "true" {
		*s = failed
	} else if *s == missing {
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
	if h.Success == failed || h.Success == missing && h.statesError() {
		return ParseFailure(body)
	}
	return nil
}

// statesError reports whether "error" says anything: what PHP takes for empty
// does not.
func (h head) statesError() bool {
	switch string(h.Error) {
	case "", "null", "false", "0", `"0"`, `""`, "[]", "{}":
		return false
	}
	return true
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
	return settle(unmarshal(body, v), body, v, h)
}

// settle says what the outcome of decoding body into v means, and returns the
// failure that the answer states.
func settle(err error, body []byte, v any, h *head) error {
	switch {
	case err == nil:
		return h.err(body)
	case errors.Is(err, errTooMany):
		return err
	}
	_ = json.Unmarshal(body, h) // decoding v may have ended before it came there
	if failure := h.err(body); failure != nil {
		return failure // its data may be anything
	}
	return mend(err, body, v)
}

// mend takes the slow road, on which PHP's habits are put right, where decoding
// body into v failed because a value is of another type than expected.
func mend(err error, body []byte, v any) error {
	if syntax := (*json.SyntaxError)(nil); errors.As(err, &syntax) {
		return unreadable(body, err)
	}
	if err = decodeLeniently(body, v); err != nil {
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

// Value reads a value that stands without an envelope, as tolerantly as one
// inside.
func Value[T any](body []byte) (*T, error) {
	var value *T
	err := unmarshal(body, &value)
	if err != nil && !errors.Is(err, errTooMany) {
		err = mend(err, body, &value)
	}
	if err != nil {
		return nil, err
	}
	if value == nil {
		return nil, fmt.Errorf("%w: it is null", ErrUnexpected)
	}
	return value, nil
}
