// Package text makes foreign text fit for an error message or a log line.
package text

import (
	"strings"
	"unicode"
)

// Clip returns s on one line and of at most that many characters, and a "…" where
// something was cut: white space and whatever does not print becomes a single
// space, invalid UTF-8 the replacement character.
func Clip(s string, most int) string {
	var b strings.Builder
	n, space := 0, false
	for _, r := range s {
		if unicode.IsSpace(r) || !unicode.IsPrint(r) {
			space = n > 0
			continue
		}
		if space {
			n++
		}
		if n >= most {
			b.WriteRune('…')
			break
		}
		if space {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
		n++
		space = false
	}
	return b.String()
}
