package funnel

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/funnel-go/funnel/internal/text"
)

// A Timestamp is a moment in an answer of the API, always in UTC, so that
// equal moments compare equal by value. It reads RFC 3339 with any fraction,
// "2006-01-02 15:04:05" and "2006-01-02" (as UTC), and unix seconds; null, ""
// and the database's "0000-00-00 00:00:00" are the zero time.
type Timestamp struct{ time.Time }

// timestampLayouts are tried in this order. Parsing accepts a fraction of a
// second in each of them that ends in seconds.
var timestampLayouts = []string{
	time.RFC3339,
	time.DateTime,
	time.DateOnly,
	"2006-01-02T15:04:05",
	"2006-01-02 15:04:05Z07:00",
	"2006-01-02T15:04:05Z0700",
	http.TimeFormat, // time.RFC1123 would read "EST" by this machine's own zone
	time.RFC1123Z,
}

// UnmarshalJSON implements [json.Unmarshaler].
func (t *Timestamp) UnmarshalJSON(b []byte) error {
	s := string(bytes.Trim(b, `"`))
	if s == "" || s == "null" || strings.HasPrefix(s, "0000-00-00") {
		t.Time = time.Time{}
		return nil
	}
	parsed, ok := parseTimestamp(s)
	if !ok || parsed.Year() < 0 || parsed.Year() > 9999 { // JSON has no other years
		return fmt.Errorf("%s is no time that the SDK knows", text.Clip(string(b), 64))
	}
	t.Time = parsed
	return nil
}

func parseTimestamp(s string) (time.Time, bool) {
	for _, layout := range timestampLayouts {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), true
		}
	}
	seconds, err := strconv.ParseInt(s, 10, 64)
	return time.Unix(seconds, 0).UTC(), err == nil
}

// MarshalJSON writes RFC 3339 in UTC, and null for the zero time.
func (t Timestamp) MarshalJSON() ([]byte, error) {
	if t.IsZero() {
		return []byte("null"), nil
	}
	return t.UTC().MarshalJSON()
}
