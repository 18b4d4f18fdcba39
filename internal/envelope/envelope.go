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
	"slices"
	"strings"
)

var (
	// ErrUnreadable marks a response that is not JSON or was cut short: a retry may
	// help.
	ErrUnreadable = errors.New("the response is not readable")

	// ErrUnexpected marks a response that is JSON, but not what the call expects: a
	// retry would get the same.
	ErrUnexpected = errors.New("the response differs from what the SDK expects")
)

// maxValues bounds the values of a response: in memory the smallest take about a
// hundred times the bytes that they have in JSON. A full page of a list has a few
// thousand.
const maxValues = 1 << 18

var errTooMany = fmt.Errorf("%w: more than %d values", ErrUnexpected, maxValues)

// unmarshal is [json.Unmarshal] for a body from outside.
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

// A head is what every response has.
type head struct {
	Success json.RawMessage `json:"success"` // only true is a success
}

// err returns why the response is not a success.
func (h head) err(body []byte) error {
	switch string(h.Success) {
	case "true":
		return nil
	case "":
		return fmt.Errorf(`%w: "success" is missing`, ErrUnexpected)
	}
	return ParseFailure(body)
}

// Data reads a response with one result.
func Data[T any](body []byte) (*T, error) {
	var response struct {
		head
		Data *T `json:"data"` // nil: missing or null
	}
	if err := decode(body, &response, &response.head); err != nil {
		return nil, err
	}
	if response.Data == nil {
		return nil, fmt.Errorf(`%w: "data" is missing`, ErrUnexpected)
	}
	return response.Data, nil
}

// Success reads a response without a result. An empty body is a success too.
func Success(body []byte) error {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil
	}
	var h head
	return decode(body, &h, &h)
}

// decode reads body into v, which contains h. It returns the failure that the
// response states, whatever its data are.
func decode(body []byte, v any, h *head) error {
	err := unmarshal(body, v)
	if syntax := (*json.SyntaxError)(nil); errors.As(err, &syntax) {
		return unreadable(body, err)
	}
	if errors.Is(err, errTooMany) {
		return err
	}
	if err != nil {
		_ = json.Unmarshal(body, h) // decoding v may have ended before "success"
	}
	if err := h.err(body); err != nil {
		return err
	}
	if err == nil {
		return nil
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

// HasNoneOf reports whether data, or an element of data, is a JSON object that has
// fields, but none of those of the struct type t: decoding a result of another form
// would leave only zeros.
func HasNoneOf(data []byte, t reflect.Type) bool {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	var list []json.RawMessage
	if t.Kind() == reflect.Slice && json.Unmarshal(data, &list) == nil {
		return slices.ContainsFunc(list, func(item json.RawMessage) bool { return HasNoneOf(item, t.Elem()) })
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
