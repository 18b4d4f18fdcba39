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

// decodeLeniently reads body into v once more, with the values brought to the
// types that v expects where that loses nothing: 12 for "12", "12" for 12, true
// for 1, {} for [], a list for {"0": …, "2": …}. That is how PHP writes what it
// takes for the same.
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

// coerce returns v as JSON for a t would have it. What cannot be brought there
// stays as it is, for the decoder to name.
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
	case reflect.Map:
		return coerceMap(v, t.Elem())
	case reflect.Struct:
		return coerceStruct(v, t)
	default:
		return v
	}
}

func coerceString(v any) any {
	switch v := v.(type) {
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	}
	return v
}

func coerceInteger(v any) any {
	switch s := v.(type) {
	case string:
		if s = strings.TrimSpace(s); s == "" {
			return nil
		}
		if n, err := strconv.ParseInt(s, 10, 64); err == nil {
			return n
		}
	case json.Number:
		if whole, zeros, ok := strings.Cut(s.String(), "."); ok && strings.Trim(zeros, "0") == "" {
			return json.Number(whole)
		}
	case bool:
		if s {
			return 1
		}
		return 0
	}
	return v
}

func coerceBool(v any) any {
	var s string
	switch v := v.(type) {
	case string:
		s = v
	case json.Number:
		s = v.String()
	default:
		return v
	}
	if s == "" {
		return nil
	}
	if b, err := strconv.ParseBool(s); err == nil {
		return b
	}
	return v
}

func coerceList(v any, elem reflect.Type) any {
	list, ok := v.([]any)
	if m, isMap := v.(map[string]any); isMap {
		list, ok = numbered(m)
	}
	if v == "" {
		return nil
	}
	if !ok {
		return v
	}
	for i := range list {
		list[i] = coerce(list[i], elem)
	}
	return list
}

// numbered returns the values of a map whose keys are all numbers, in order:
// that is a PHP list with gaps.
func numbered(m map[string]any) ([]any, bool) {
	values := make(map[int]any, len(m))
	for key, value := range m {
		n, err := strconv.Atoi(key)
		if err != nil || strconv.Itoa(n) != key {
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

func coerceMap(v any, elem reflect.Type) any {
	switch v := v.(type) {
	case []any:
		if len(v) == 0 {
			return map[string]any{}
		}
	case map[string]any:
		for key, value := range v {
			v[key] = coerce(value, elem)
		}
	}
	return v
}

func coerceStruct(v any, t reflect.Type) any {
	m, ok := v.(map[string]any)
	if list, isList := v.([]any); isList && len(list) == 0 {
		return nil // an empty object, which is no object
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
