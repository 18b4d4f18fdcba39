package funnel

import (
	"cmp"
	"errors"
	"html"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// hideKey returns a function that hides the key in a text, in all the ways in which a
// server may send it back. A key that may be a common word stays: hiding it would only
// make texts unreadable, and show where the key is.
func hideKey(key string) func(text string) string {
	if isCommonWord(key) {
		return func(text string) string { return text }
	}
	var pairs []string
	for _, form := range writtenForms(key) {
		pairs = append(pairs, form, "[hidden]")
	}
	return strings.NewReplacer(pairs...).Replace
}

// isCommonWord reports whether a key consists of at most 8 letters and nothing else, as
// in a test.
func isCommonWord(key string) bool {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	return len(key) <= 8 && strings.Trim(key, letters) == ""
}

// writtenForms returns s as it is, in a URL, in HTML and in JSON by Go's and by
// PHP's rules, and each of these as an error quotes it. The longest comes first,
// as one may begin with another.
func writtenForms(s string) []string {
	forms := []string{
		s,
		url.PathEscape(s),
		url.QueryEscape(s),
		strings.ReplaceAll(url.QueryEscape(s), "+", "%20"),
		html.EscapeString(s),
		strings.NewReplacer("&#34;", "&quot;", "&#39;", "&#039;").Replace(html.EscapeString(s)),
	}
	markup := strings.NewReplacer("<", `\u003c`, ">", `\u003e`, "&", `\u0026`)
	for _, json := range []string{unquoted(strconv.Quote(s)), unquoted(strconv.QuoteToASCII(s))} {
		for _, json := range []string{json, strings.ReplaceAll(json, "/", `\/`)} {
			forms = append(forms, json, markup.Replace(json))
		}
	}
	for _, form := range forms {
		forms = append(forms, unquoted(strconv.Quote(form)))
	}
	slices.SortFunc(forms, func(a, b string) int {
		return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b))
	})
	return slices.Compact(forms)
}

func unquoted(s string) string { return s[1 : len(s)-1] }

// scrub returns an error with the cleaned text of err, and err itself if there is
// nothing to hide.
func scrub(err error, clean func(text string) string) error {
	message := clean(err.Error())
	if message == err.Error() {
		return err
	}
	return &scrubbed{message, func() error { return err }, clean}
}

// withoutURL returns what is inside of net/http's errors, whose text has the URL
// with the query.
func withoutURL(err error) error {
	for wrapped := (*url.Error)(nil); errors.As(err, &wrapped); {
		if err = wrapped.Err; err == nil { // of a transport of the user's own
			return errors.New("no reason was given")
		}
	}
	return err
}

// A scrubbed error matches what the error behind it matches, but does not lead
// to a text with what was hidden. It keeps that error in a closure, because a failed
// assertion prints unexported fields.
type scrubbed struct {
	message string
	err     func() error
	clean   func(text string) string
}

func (e *scrubbed) Error() string { return e.message }

func (e *scrubbed) GoString() string { return strconv.Quote(e.message) }

func (e *scrubbed) Is(target error) bool { return errors.Is(e.err(), target) }

// As finds an error behind it, unless its text would show what was hidden.
func (e *scrubbed) As(target any) bool {
	if !errors.As(e.err(), target) {
		return false
	}
	found := reflect.ValueOf(target).Elem()
	if err, ok := found.Interface().(error); ok && e.clean(err.Error()) != err.Error() {
		found.SetZero()
		return false
	}
	return true
}

func hideInHeader(h http.Header, hide func(string) string) http.Header {
	h = h.Clone()
	for _, values := range h {
		for i := range values {
			values[i] = hide(values[i])
		}
	}
	return h
}
