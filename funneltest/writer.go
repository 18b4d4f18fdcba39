package funneltest

import (
	"encoding/json"
	"strconv"
	"unicode/utf8"
)

// A writer appends JSON to a buffer that is used again for the next answer.
// Answers are written by hand, field by field, for two reasons: the wire format
// stands in one readable place for each resource, independent of the SDK's
// types, and a list of a million contacts is served without garbage.
type writer struct{ buf []byte }

// next puts a comma where one is needed before the next value or key.
func (w *writer) next() *writer {
	if n := len(w.buf); n > 0 {
		switch w.buf[n-1] {
		case '{', '[', ':':
		default:
			w.buf = append(w.buf, ',')
		}
	}
	return w
}

func (w *writer) raw(json string) {
	w.buf = append(w.next().buf, json...)
}

func (w *writer) object() { w.raw("{") }

func (w *writer) endObject() { w.buf = append(w.buf, '}') }

func (w *writer) array() { w.raw("[") }

func (w *writer) endArray() { w.buf = append(w.buf, ']') }

// key begins a field; the value's method follows in the same chain.
func (w *writer) key(name string) *writer {
	w.text(name)
	w.buf = append(w.buf, ':')
	return w
}

func (w *writer) int(n int64) {
	w.buf = strconv.AppendInt(w.next().buf, n, 10)
}

// intOrNull writes zero as null.
func (w *writer) intOrNull(n int64) {
	if n == 0 {
		w.raw("null")
		return
	}
	w.int(n)
}

func (w *writer) bool(b bool) {
	w.raw(strconv.FormatBool(b))
}

// textOrNull writes an empty string as null, as Laravel does: it stores blank
// input as NULL.
func (w *writer) textOrNull(s string) {
	if s == "" {
		w.raw("null")
		return
	}
	w.text(s)
}

func (w *writer) text(s string) {
	w.next()
	if !plain(s) {
		quoted, _ := json.Marshal(s) // a string always marshals
		w.buf = append(w.buf, quoted...)
		return
	}
	w.buf = append(w.buf, '"')
	w.buf = append(w.buf, s...)
	w.buf = append(w.buf, '"')
}

// plain tells whether s stands in JSON as it is.
func plain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// time writes a moment as the API does; zero is null.
func (w *writer) time(s stamp) {
	if s == 0 {
		w.raw("null")
		return
	}
	w.next()
	w.buf = append(w.buf, '"')
	w.buf = s.time().AppendFormat(w.buf, stampLayout)
	w.buf = append(w.buf, '"')
}

func (w *writer) ints(list []int64) {
	w.array()
	for _, n := range list {
		w.int(n)
	}
	w.endArray()
}

func (w *writer) texts(list []string) {
	w.array()
	for _, s := range list {
		w.text(s)
	}
	w.endArray()
}
