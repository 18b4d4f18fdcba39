// Package envelope reads the API's responses: {"success", "data", "meta",
// "error"}. It is strict about what a response means and tolerant about how it is
// written.
package envelope

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
)

var (
	// ErrUnreadable marks a response that is no JSON, or was cut short: asking
	// again may help.
	ErrUnreadable = errors.New("the response is not readable")

	// ErrUnexpected marks a response that is JSON but not what the call
	// expects: asking again would get the same.
	ErrUnexpected = errors.New("the response is not what the API promises")
)

// maxValues bounds the values of a response: in memory the smallest take some
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

// status is the value of "success". Only true is a success.
type status byte

const (
	missing status = iota
	succeeded
	failed
)

// UnmarshalJSON keeps to the worst of what it is told: a response that says both
// is a failure.
func (s *status) UnmarshalJSON(b []byte) error {
	if string(b) != "true" {
		*s = failed
	} else if *s == missing {
		*s = succeeded
	}
	return nil
}

// A head is what every response may begin with.
type head struct {
	Success status          `json:"success"`
	Error   json.RawMessage `json:"error"`
}

// err returns why the response is no success: every success says so.
func (h head) err(body []byte) error {
	switch {
	case h.statesFailure():
		return ParseFailure(body)
	case h.Success == missing:
		return fmt.Errorf(`%w: it has no "success"`, ErrUnexpected)
	}
	return nil
}

func (h head) statesFailure() bool {
	return h.Success == failed || h.Success == missing && h.statesError()
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

// Data reads a response that carries one result.
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

// Success reads a response without a result. An empty body is a success too.
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
// failure that the response states.
func settle(err error, body []byte, v any, h *head) error {
	switch {
	case err == nil:
		return h.err(body)
	case errors.Is(err, errTooMany):
		return err
	}
	_ = json.Unmarshal(body, h) // decoding v may have ended before it came there
	if h.statesFailure() {
		return ParseFailure(body) // its data may be anything
	}
	if err := mend(err, body, v); err != nil {
		return err
	}
	return h.err(body)
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

// HasNoneOf reports whether data is a JSON object that has fields, but none of
// those of the struct type t: a result of another shape, of which decoding would
// leave nothing but zeros.
func HasNoneOf(data []byte, t reflect.Type) bool {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	var object map[string]json.RawMessage
	if t.Kind() != reflect.Struct || t.NumField() == 0 || reflect.PointerTo(t).Implements(unmarshaler) ||
		json.Unmarshal(data, &object) != nil || len(object) == 0 {
		return false
	}
	for _, field := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		name = cmp.Or(name, field.Name)
		for key := range object {
			if strings.EqualFold(key, name) { // as encoding/json matches names
				return false
			}
		}
	}
	return true
}
