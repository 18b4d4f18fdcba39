package funneltest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// An input is what a request asks for: the query of a GET or DELETE, the JSON
// body of a POST or PUT. Its methods read one field each and collect what is
// wrong with it, in Laravel's words; problem tells it all at once.
type input struct {
	query url.Values
	body  map[string]json.RawMessage // nil: the fields stand in the query

	details   map[string][]string // field → what is wrong with it
	malformed string              // why a list of ids cannot be read
}

// newInput parses the request's query or body.
func newInput(r *http.Request, body []byte) (input, *problem) {
	if r.Method == http.MethodGet || r.Method == http.MethodDelete {
		return input{query: r.URL.Query()}, nil
	}
	in := input{body: map[string]json.RawMessage{}}
	if len(body) == 0 {
		return in, nil
	}
	mediaType, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	if !strings.EqualFold(strings.TrimSpace(mediaType), "application/json") {
		return in, malformed("The Content-Type must be application/json")
	}
	if err := json.Unmarshal(body, &in.body); err != nil || in.body == nil {
		return in, malformed("The request body is not a JSON object")
	}
	return in, nil
}

// fail notes a message for a field.
func (in *input) fail(field, message string) {
	if in.details == nil {
		in.details = make(map[string][]string)
	}
	in.details[field] = append(in.details[field], message)
}

// problem returns what is wrong with the fields read so far, or nil.
func (in *input) problem() *problem {
	switch {
	case in.malformed != "":
		return malformed(in.malformed)
	case in.details != nil:
		return invalid(in.details)
	}
	return nil
}

// kind says how a field was given.
type kind int

const (
	absent kind = iota
	null        // null or an empty string, which Laravel makes null
	text        // a string
	number      // a JSON number
	other       // true, false, an object or a list
)

// scalar returns a field's value as text.
func (in *input) scalar(field string) (string, kind) {
	if in.body == nil {
		switch value := in.query.Get(field); {
		case !in.query.Has(field):
			return "", absent
		case value == "":
			return "", null
		default:
			return value, text
		}
	}
	raw, ok := in.body[field]
	if !ok {
		return "", absent
	}
	return scalarOf(raw)
}

func scalarOf(raw json.RawMessage) (string, kind) {
	switch raw[0] {
	case '"':
		var s string
		_ = json.Unmarshal(raw, &s) // the whole body was valid JSON
		if s == "" {
			return "", null
		}
		return s, text
	case 'n':
		return "", null
	case 't', 'f', '{', '[':
		return string(raw), other
	}
	return string(raw), number
}

// list returns the elements of a field that is a JSON array.
func (in *input) list(field string) (elements []json.RawMessage, ok bool) {
	return elements, json.Unmarshal(in.body[field], &elements) == nil
}

// attribute is a field's name as Laravel's messages print it.
func attribute(field string) string { return strings.ReplaceAll(field, "_", " ") }

// text reads a string into *value: absent leaves it as it is, null empties it.
// The rules then judge the result, so that a required field may be left out of
// an update, but not emptied by it.
func (in *input) text(field string, value *string, rules ...rule) {
	switch given, kind := in.scalar(field); kind {
	case absent:
	case null:
		*value = ""
	case text:
		*value = given
	default:
		in.fail(field, "The "+attribute(field)+" must be a string.")
		return
	}
	for _, rule := range rules {
		if message := rule(attribute(field), *value); message != "" {
			in.fail(field, message)
			return
		}
	}
}

// integer reads a whole number, given as such or as a numeric string: absent
// leaves *value as it is, null makes it zero.
func (in *input) integer(field string, value *int64, least int64) {
	given, kind := in.scalar(field)
	switch kind {
	case absent:
		return
	case null:
		*value = 0
		return
	}
	n, err := strconv.ParseInt(given, 10, 64)
	switch {
	case err != nil:
		in.fail(field, "The "+attribute(field)+" must be an integer.")
	case n < least:
		in.fail(field, "The "+attribute(field)+" must be at least "+strconv.FormatInt(least, 10)+".")
	default:
		*value = n
	}
}

// id reads the id that a request cannot do without. An id of zero or below is
// a number like any other: nothing will be found under it.
func (in *input) id(field string) int64 {
	given, kind := in.scalar(field)
	if kind == absent || kind == null {
		in.fail(field, "The "+attribute(field)+" field is required.")
		return 0
	}
	id, err := strconv.ParseInt(given, 10, 64)
	if err != nil {
		in.fail(field, "The "+attribute(field)+" must be an integer.")
	}
	return id
}

// ids reads a list of ids, sorted and without repetitions: comma-separated in
// a query, an array in a body. nil: not given. A list that cannot be read is
// the documented 400 without details.
func (in *input) ids(field string) []int64 {
	given, kind := in.scalar(field)
	if kind == absent || kind == null {
		return nil
	}
	var elements []string
	if in.body == nil {
		elements = strings.Split(given, ",")
	} else {
		list, ok := in.list(field)
		if !ok {
			in.malformed = "The " + field + " list is malformed"
			return nil
		}
		for _, raw := range list {
			element, _ := scalarOf(raw)
			elements = append(elements, element)
		}
	}
	ids := make([]int64, 0, len(elements))
	for _, element := range elements {
		id, err := strconv.ParseInt(element, 10, 64)
		if err != nil {
			in.malformed = "The " + field + " list is malformed"
			return nil
		}
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// someIDs reads a list that must hold at least one id.
func (in *input) someIDs(field string) []int64 {
	ids := in.ids(field)
	if len(ids) == 0 && in.malformed == "" {
		in.fail(field, "The "+attribute(field)+" field is required.")
	}
	return ids
}

// flag reads a boolean in any of Laravel's spellings.
func (in *input) flag(field string, value *bool) {
	switch given, kind := in.scalar(field); {
	case kind == absent:
	case given == "true" && kind == other, given == "1":
		*value = true
	case given == "false" && kind == other, given == "0":
		*value = false
	default:
		in.fail(field, "The "+attribute(field)+" field must be true or false.")
	}
}

// texts reads a list of strings out of the allowed ones: absent and null leave
// *values as they are.
func (in *input) texts(field string, values *[]string, allowed []string) {
	if _, kind := in.scalar(field); kind == absent || kind == null {
		return
	}
	list, ok := in.list(field)
	if !ok {
		in.fail(field, "The "+attribute(field)+" must be an array.")
		return
	}
	chosen := make([]string, 0, len(list))
	for i, raw := range list {
		element, kind := scalarOf(raw)
		if kind != text || !slices.Contains(allowed, element) {
			field := field + "." + strconv.Itoa(i)
			in.fail(field, "The selected "+field+" is invalid.")
			continue
		}
		if !slices.Contains(chosen, element) {
			chosen = append(chosen, element)
		}
	}
	*values = chosen
}

// textMap reads an object of strings and takes it in the place of *values.
// Null becomes an empty string.
// Laravel's clients send an empty one as [].
func (in *input) textMap(field string, values *map[string]string) {
	given, kind := in.scalar(field)
	if kind == absent {
		return
	}
	var object map[string]json.RawMessage
	if kind != null && given != "[]" && json.Unmarshal(in.body[field], &object) != nil {
		in.fail(field, "The "+attribute(field)+" must be an array.")
		return
	}
	result := make(map[string]string, len(object))
	for key, raw := range object {
		value, kind := scalarOf(raw)
		if kind != text && kind != null {
			field := field + "." + key
			in.fail(field, "The "+field+" must be a string.")
			continue
		}
		result[key] = value
	}
	*values = result
}

// Laravel's default page size, and the documented bounds.
const (
	defaultPerPage = 15
	maxPerPage     = 100
)

// paging reads page and per_page.
func (in *input) paging() (page, perPage int64) {
	page, perPage = 1, defaultPerPage
	in.integer("page", &page, 1)
	given, kind := in.scalar("per_page")
	if kind == absent || kind == null {
		return max(page, 1), perPage
	}
	n, err := strconv.ParseInt(given, 10, 64)
	switch {
	case err != nil:
		in.fail("per_page", "The per page must be an integer.")
	case n < 1 || n > maxPerPage:
		in.fail("per_page", "The per page must be between 1 and 100.")
	default:
		perPage = n
	}
	return max(page, 1), perPage
}

// choice reads a filter that takes one of the allowed values, or none.
func (in *input) choice(field string, allowed []string, otherwise *problem) (string, *problem) {
	given, kind := in.scalar(field)
	if kind == absent || kind == null {
		return "", nil
	}
	if !slices.Contains(allowed, given) {
		return "", otherwise
	}
	return given, nil
}
