package funneltest

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// A stamp is a moment in microseconds since 1970, as precise as the API's
// timestamps; zero is null. It takes 8 bytes instead of the 24 of a time.Time,
// which matters for a million contacts.
type stamp int64

// stampLayout is how Laravel prints a timestamp.
const stampLayout = "2006-01-02T15:04:05.000000Z"

// stampOf returns the stamp of a time; the zero time is null.
func stampOf(t time.Time) stamp {
	if t.IsZero() {
		return 0
	}
	return stamp(t.UnixMicro())
}

// seconds is the stamp in whole seconds, as Laravel stores it.
func (s stamp) seconds() stamp { return s - s%1_000_000 }

func (s stamp) time() time.Time { return time.UnixMicro(int64(s)).UTC() }

// MarshalJSON implements [encoding/json.Marshaler].
func (s stamp) MarshalJSON() ([]byte, error) { return s.quoted(stampLayout), nil }

func (s stamp) quoted(layout string) []byte {
	if s == 0 {
		return []byte("null")
	}
	return s.time().AppendFormat(nil, `"`+layout+`"`)
}

// UnmarshalJSON reads RFC 3339 and null.
func (s *stamp) UnmarshalJSON(b []byte) error { return s.parse(b, time.RFC3339Nano) }

func (s *stamp) parse(b []byte, layout string) error {
	if string(b) == "null" {
		*s = 0
		return nil
	}
	at, ok := parseStamp(`"`+layout+`"`, string(b))
	if !ok {
		return fmt.Errorf("%s is not a time such as %q", b, time.Date(2026, 1, 15, 10, 0, 0, 0, time.UTC).Format(layout))
	}
	*s = at
	return nil
}

// parseStamp reads a time. The year must have four digits in UTC too, because a
// stamp is written in UTC, and no other year could be read again.
func parseStamp(layout, value string) (stamp, bool) {
	t, err := time.Parse(layout, value)
	year := t.UTC().Year()
	return stampOf(t), err == nil && year >= 0 && year <= 9999
}

// A zoneless is a moment that the API prints without a zone and in seconds.
type zoneless struct{ stamp }

// B6: times without a zone are UTC.
const zonelessLayout = time.DateTime

// MarshalJSON implements [encoding/json.Marshaler].
func (z zoneless) MarshalJSON() ([]byte, error) { return z.quoted(zonelessLayout), nil }

// UnmarshalJSON reads what MarshalJSON writes.
func (z *zoneless) UnmarshalJSON(b []byte) error { return z.parse(b, zonelessLayout) }

// A span is a stretch of time, from its first moment to before its last.
type span struct{ from, until stamp }

// always contains every moment.
var always = span{math.MinInt64, math.MaxInt64}

func (s span) contains(at stamp) bool { return at >= s.from && at < s.until }

// period reads period and range. Days are calendar days in UTC, both ends of a
// range belong to it, today is one of the last seven days, and no period means
// all: the reference does not say (assumed).
func (in *input) period(now stamp) (span, *apiError) {
	year, month, day := now.time().Date()
	days := func(first, afterLast int) span { // relative to today
		at := func(offset int) stamp {
			return stampOf(time.Date(year, month, day+offset, 0, 0, 0, 0, time.UTC))
		}
		return span{at(first), at(afterLast)}
	}
	switch name, _ := in.scalar("period"); name {
	case "", "all":
		return always, nil
	case "today":
		return days(0, 1), nil
	case "yesterday":
		return days(-1, 0), nil
	case "last7days":
		return days(-6, 1), nil
	case "last30days":
		return days(-29, 1), nil
	case "between":
		given, _ := in.scalar("range")
		first, last, _ := strings.Cut(given, "to")
		from, errFrom := time.Parse(time.DateOnly, first)
		to, errTo := time.Parse(time.DateOnly, last)
		if errFrom == nil && errTo == nil && !to.Before(from) {
			return span{stampOf(from), stampOf(to.AddDate(0, 0, 1))}, nil
		}
	}
	return span{}, newError(codeInvalidPeriod)
}

// parseMoment reads RFC 3339, and database notation as UTC.
func parseMoment(s string) (stamp, bool) {
	for _, layout := range [...]string{time.RFC3339, "2006-01-02T15:04:05", time.DateTime, time.DateOnly} {
		if at, ok := parseStamp(layout, s); ok {
			return at, true
		}
	}
	return 0, false
}

// money is an amount in cents, because a float cannot hold every amount. In
// JSON it is a number with two decimals.
type money int64

// parseMoney reads "49", "49.9" and "49.90".
func parseMoney(amount string) (money, error) {
	whole, fraction, dotted := strings.Cut(amount, ".")
	ok := isDigits(whole) && len(whole) <= 12
	if dotted {
		ok = ok && isDigits(fraction) && len(fraction) <= 2
	}
	if !ok {
		return 0, fmt.Errorf("%q is not an amount: want up to 12 digits and up to two decimals, as in 49.90", amount)
	}
	cents, err := strconv.ParseInt(whole+(fraction + "00")[:2], 10, 64)
	return money(cents), err
}

func isDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// MarshalJSON implements [encoding/json.Marshaler].
func (m money) MarshalJSON() ([]byte, error) {
	return fmt.Appendf(nil, "%d.%02d", m/100, m%100), nil
}

// UnmarshalJSON reads a number with at most two decimals.
func (m *money) UnmarshalJSON(b []byte) (err error) {
	*m, err = parseMoney(string(b))
	return err
}
