package funnel

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"
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
	time.RFC1123,
	time.RFC1123Z,
}

// UnmarshalJSON implements [json.Unmarshaler].
func (t *Timestamp) UnmarshalJSON(b []byte) error {
	s := string(bytes.Trim(b, `"`))
	if s == "" || s == "null" || strings.HasPrefix(s, "0000-00-00") {
		t.Time = time.Time{}
		return nil
	}
	for _, layout := range timestampLayouts {
		if parsed, err := time.Parse(layout, s); err == nil {
			t.Time = parsed.UTC()
			return nil
		}
	}
	if seconds, err := strconv.ParseInt(s, 10, 64); err == nil {
		t.Time = time.Unix(seconds, 0).UTC()
		return nil
	}
	return fmt.Errorf("%s is no time that the SDK knows", b)
}

// MarshalJSON writes RFC 3339 in UTC, and null for the zero time.
func (t Timestamp) MarshalJSON() ([]byte, error) {
	if t.IsZero() {
		return []byte("null"), nil
	}
	return t.UTC().MarshalJSON()
}
