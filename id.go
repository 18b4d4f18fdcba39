package funnel

import (
	"bytes"
	"errors"
	"reflect"
	"strconv"
)

// An ID identifies a resource of type R. Passing a [TagID] where a [ContactID] is
// needed is a compile error. Ids are 64-bit integers. Zero means "no id" and is never
// sent: a method that needs an id returns an [*ArgumentError].
type ID[R any] int64

// String returns the id in decimal.
func (id ID[R]) String() string { return strconv.FormatInt(int64(id), 10) }

// UnmarshalJSON reads 12 and "12"; null and "" are zero. Anything with a
// fraction or an exponent is refused: an id is never a float.
func (id *ID[R]) UnmarshalJSON(b []byte) error {
	digits := bytes.Trim(b, `"`)
	if len(digits) == 0 || string(b) == "null" {
		*id = 0
		return nil
	}
	n, err := strconv.ParseInt(string(digits), 10, 64)
	if err != nil {
		return errors.New("an id is not an integer of 64 bits") // which one, the error of the call shows: it may be the API key
	}
	*id = ID[R](n)
	return nil
}

// idOf returns the id of a resource; not everything that the API returns has one.
func idOf(resource reflect.Value) (id int64, ok bool) {
	field := resource.FieldByName("ID")
	if !field.IsValid() {
		return 0, false
	}
	return field.Int(), true
}

// idString returns the id of a resource in decimal.
func idString[T any](resource *T) string {
	id, _ := idOf(reflect.ValueOf(resource).Elem())
	return strconv.FormatInt(id, 10)
}
