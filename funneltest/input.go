package funneltest

import (
	"encoding/json"
	"net/http"
	"net/mail"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// An input holds the parameters of a request. Each method reads one of them and
// collects what is wrong with it, in Laravel's words; err returns all of it.
type input struct {
	query url.Values
	body  map[string]json.RawMessage // nil: the parameters are in the query

	details   map[string][]string // field → what is wrong with it
	malformed string              // set if a list of ids cannot be read
}

// newInput parses the request's query or body.
func newInput(r *http.Request, body []byte) (input, *apiError) {
	// B1: a DELETE takes its parameters from a JSON body; its query is ignored.
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
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

// fail adds a message for a field.
func (in *input) fail(field, message string) {
	if in.details == nil {
		in.details = make(map[string][]string)
	}
	in.details[field] = append(in.details[field], message)
}

// err returns what is wrong with the fields read so far, or nil.
func (in *input) err() *apiError {
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
	null        // null or a blank string, which Laravel turns into null
	text        // a string
	number      // a JSON number
	other       // true, false, an object or an array
)

// given reports whether the field has a value.
func (in *input) given(field string) bool {
	_, kind := in.scalar(field)
	return kind != absent && kind != null
}

// scalar returns a field's value as text. Strings are trimmed, as by Laravel's
// own middleware.
func (in *input) scalar(field string) (string, kind) {
	if in.body == nil {
		switch value := strings.TrimSpace(in.query.Get(field)); {
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
	switch raw[0] {
	case '"':
		var s string
		_ = json.Unmarshal(raw, &s) // cannot fail: the whole body was valid JSON
		if s = strings.TrimSpace(s); s == "" {
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

// attribute is a field's name as Laravel's messages print it.
func attribute(field string) string { return strings.ReplaceAll(field, "_", " ") }

// text reads a string into *value: absent leaves it unchanged, null empties it.
// The rules check the result, so that a required field may be absent from an
// update but cannot be emptied by it.
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
// and null leave *value unchanged.
func (in *input) integer(field string, value *int64) (ok bool) {
	if !in.given(field) {
		return true
	}
	given, _ := in.scalar(field)
	n, err := strconv.ParseInt(given, 10, 64)
	if err != nil {
		in.fail(field, "The "+attribute(field)+" must be an integer.")
		return false
	}
	*value = n
	return true
}

// atLeast reads a whole number with a lower bound.
func (in *input) atLeast(least int64, field string, value *int64) {
	if in.integer(field, value) && *value < least {
		in.fail(field, "The "+attribute(field)+" must be at least "+strconv.FormatInt(least, 10)+".")
	}
}

// oneOf reads a whole number that must be one of the allowed ones.
func (in *input) oneOf(allowed []int64, field string, value *int64) {
	if in.integer(field, value) && !slices.Contains(allowed, *value) {
		in.fail(field, "The selected "+attribute(field)+" is invalid.")
	}
}

// id reads an id that the request must have. A value of zero or below is valid,
// but nothing is ever found under it.
func (in *input) id(field string) (id int64) {
	if !in.given(field) {
		in.fail(field, "The "+attribute(field)+" field is required.")
		return 0
	}
	in.integer(field, &id)
	return id
}

// ids reads a list of ids, sorted and without duplicates; nil: not given.
func (in *input) ids(field string) []int64 {
	// B2: a list of ids is one string, comma-separated and without spaces.
	// Anything else is the documented 400 without details.
	given, kind := in.scalar(field)
	if kind == absent || kind == null {
		return nil
	}
	var ids []int64
	for element := range strings.SplitSeq(given, ",") {
		id, err := strconv.ParseInt(element, 10, 64)
		if err != nil || kind != text {
			in.malformed = "The " + field + " list is malformed"
			return nil
		}
		ids = append(ids, id)
	}
	return union(ids, nil)
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

// The documented page size and its upper bound.
const (
	defaultPerPage = 50
	maxPerPage     = 100
)

// paging reads page and per_page.
func (in *input) paging() (page, perPage int64) {
	page, perPage = 1, defaultPerPage
	in.atLeast(1, "page", &page)
	if in.integer("per_page", &perPage) && (perPage < 1 || perPage > maxPerPage) {
		in.fail("per_page", "The per page must be between 1 and 100.")
	}
	return page, perPage
}

// choice reads a filter that takes one of the allowed values, or none.
func (in *input) choice(field string, allowed []string) (_ string, ok bool) {
	given, _ := in.scalar(field)
	return given, given == "" || slices.Contains(allowed, given)
}

// A rule checks the text of a field. It returns Laravel's message, or nothing
// if the text is valid. Rules are checked in order until one fails.
type rule func(attribute, value string) (message string)

func required(attribute, value string) string {
	if value == "" {
		return "The " + attribute + " field is required."
	}
	return ""
}

// atMost limits the length, in characters.
func atMost(limit int) rule {
	return func(attribute, value string) string {
		if utf8.RuneCountInString(value) > limit {
			return "The " + attribute + " must not be greater than " + strconv.Itoa(limit) + " characters."
		}
		return ""
	}
}

func oneOf(allowed ...string) rule {
	return func(attribute, value string) string {
		if !slices.Contains(allowed, value) {
			return "The selected " + attribute + " is invalid."
		}
		return ""
	}
}

// email accepts a bare address without a display name, or an empty text.
func email(attribute, value string) string {
	address, err := mail.ParseAddress(value)
	if value != "" && (err != nil || address.Address != value || strings.ContainsAny(value, " \t\r\n")) {
		return "The " + attribute + " must be a valid email address."
	}
	return ""
}

// union returns the ids of both lists, sorted and without duplicates. It never
// changes a list in place, because a row and its draft share them.
func union(a, b []int64) []int64 {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}

// without returns the ids except one.
func without(ids []int64, id int64) []int64 {
	return selectRows(ids, func(other int64) bool { return other != id })
}
