package envelope

import (
	"bytes"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

var unmarshaler = reflect.TypeFor[json.Unmarshaler]()

// decodeLeniently reads body into v once more, after converting values that PHP and
// MySQL write in another form: 12 for "12", "12" for 12, true for 1, {} for [], and a
// list for {"0": …, "2": …}, which is a PHP list with gaps.
func decodeLeniently(body []byte, v any) error {
	var tree any
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber() // a number is never a float here
	if err := dec.Decode(&tree); err != nil {
		return err
	}
	b, err := json.Marshal(coerce(tree, reflect.TypeOf(v)))
	if err != nil {
		return err
	}
	return json.Unmarshal(b, v)
}

// coerce converts v for the type t. A value that cannot be converted stays as it is,
// and the decoder reports it.
func coerce(v any, t reflect.Type) any {
	if v == nil || t.Implements(unmarshaler) || reflect.PointerTo(t).Implements(unmarshaler) {
		return v
	}
	switch t.Kind() {
	case reflect.Pointer:
		return coerce(v, t.Elem())
	case reflect.String:
		return coerceString(v)
	case reflect.Int, reflect.Int64:
		return coerceInteger(v)
	case reflect.Bool:
		return coerceBool(v)
	case reflect.Slice:
		return coerceList(v, t.Elem())
	case reflect.Struct:
		return coerceStruct(v, t)
	default:
		return v
	}
}

func coerceString(v any) any {
	if n, ok := v.(json.Number); ok {
		return n.String()
	}
	return v
}

func coerceInteger(v any) any {
	if s, ok := v.(string); ok {
		if n, err := strconv.ParseInt(s, 10, 64); err == nil {
			return n
		}
	}
	return v
}

func coerceBool(v any) any {
	switch v {
	case json.Number("1"), "1":
		return true
	case json.Number("0"), "0":
		return false
	}
	return v
}

func coerceList(v any, elem reflect.Type) any {
	list, ok := v.([]any)
	if m, isMap := v.(map[string]any); isMap {
		list, ok = numbered(m)
	}
	if !ok {
		return v
	}
	for i := range list {
		list[i] = coerce(list[i], elem)
	}
	return list
}

// numbered returns the values of a map whose keys are all numbers, in order.
func numbered(m map[string]any) ([]any, bool) {
	values := make(map[int]any, len(m))
	for key, value := range m {
		n, err := strconv.Atoi(key)
		if err != nil {
			return nil, false
		}
		values[n] = value
	}
	list := make([]any, 0, len(values))
	for _, n := range slices.Sorted(maps.Keys(values)) {
		list = append(list, values[n])
	}
	return list, true
}

func coerceStruct(v any, t reflect.Type) any {
	m, ok := v.(map[string]any)
	if list, isList := v.([]any); isList && len(list) == 0 {
		return nil // PHP writes an empty object as []
	}
	if !ok {
		return v
	}
	for _, field := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if value, ok := m[name]; ok {
			m[name] = coerce(value, field.Type)
		}
	}
	return m
}
