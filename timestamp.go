package funnel

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// A Timestamp is a moment in an answer of the API, always in UTC, so that
// equal moments compare equal by value. It reads RFC 3339 with any fraction,
// "2006-01-02 15:04:05" and "2006-01-02" (as UTC), unix time in seconds, with or
// without a fraction, in milliseconds or microseconds, and PHP's objects with
// date and timezone.
//
// null, "", the database's "0000-00-00 00:00:00" and whatever else the SDK cannot
// read are the zero time: a date of an unknown form does not make a whole answer
// unusable. [WithResponse] has it as it came.
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

// UnmarshalJSON implements [json.Unmarshaler]. It never fails.
func (t *Timestamp) UnmarshalJSON(b []byte) error {
	t.Time = parseTimestamp(b).UTC()
	if t.Year() < 0 || t.Year() > 9999 { // JSON has no other years
		t.Time = time.Time{}
	}
	return nil
}

// parseTimestamp returns the zero time for what is none that the SDK knows.
func parseTimestamp(b []byte) time.Time {
	if bytes.HasPrefix(b, []byte{'{'}) {
		return parsePHPTime(b)
	}
	s := string(bytes.Trim(b, `"`))
	if strings.HasPrefix(s, "0000-00-00") {
		return time.Time{}
	}
	for _, layout := range timestampLayouts {
		if t, err := time.Parse(layout, s); err == nil {
			return t
		}
	}
	return parseUnixTime(s)
}

// parseUnixTime reads seconds, and milliseconds and microseconds where seconds
// would be thousands of years away.
func parseUnixTime(s string) time.Time {
	const tooFar = 100_000_000_000 // seconds: the year 5138
	whole, fraction, _ := strings.Cut(s, ".")
	n, err := strconv.ParseInt(whole, 10, 64)
	nanos, err2 := strconv.ParseUint((fraction + "000000000")[:9], 10, 32)
	switch {
	case err != nil || err2 != nil:
		return time.Time{}
	case -tooFar < n && n < tooFar:
		if strings.HasPrefix(whole, "-") {
			return time.Unix(n, -int64(nanos))
		}
		return time.Unix(n, int64(nanos))
	case -1000*tooFar < n && n < 1000*tooFar:
		return time.UnixMilli(n)
	}
	return time.UnixMicro(n)
}

// parsePHPTime reads what PHP writes for a DateTime.
func parsePHPTime(b []byte) time.Time {
	var object struct{ Date, Timezone string }
	if json.Unmarshal(b, &object) != nil {
		return time.Time{}
	}
	if t, err := time.Parse("2006-01-02 15:04:05Z07:00", object.Date+object.Timezone); err == nil {
		return t
	}
	zone, err := time.LoadLocation(object.Timezone)
	if err != nil || object.Timezone == "" || object.Timezone == "Local" {
		return time.Time{}
	}
	t, err := time.ParseInLocation(time.DateTime, object.Date, zone)
	if err != nil {
		return time.Time{}
	}
	return t
}

// MarshalJSON writes RFC 3339 in UTC, and null for the zero time.
func (t Timestamp) MarshalJSON() ([]byte, error) {
	if t.IsZero() {
		return []byte("null"), nil
	}
	return t.UTC().MarshalJSON()
}
