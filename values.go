package funnel

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// This file has the types of the API's values: times, amounts of money, lists of
// ids, and periods.

// A Timestamp is a time in a response, always in UTC, so that == works. The API sends
// two forms: RFC 3339, and "2006-01-02 15:04:05" without a zone, which is read as UTC
// (assumed).
//
// The zero time stands for null and for a text of any other form: one unknown date
// does not make a whole response unusable. The original text is in the response that
// [WithResponse] stores.
type Timestamp struct{ time.Time }

// timestampLayouts are tried in this order. Parsing accepts a fraction of a
// second in both.
var timestampLayouts = []string{
	time.RFC3339,
	// B6: a time without a zone is in UTC.
	time.DateTime,
}

// UnmarshalJSON implements [json.Unmarshaler]. It never fails.
func (t *Timestamp) UnmarshalJSON(b []byte) error {
	t.Time = time.Time{}
	for _, layout := range timestampLayouts {
		parsed, err := time.Parse(layout, string(bytes.Trim(b, `"`)))
		if parsed = parsed.UTC(); err == nil && parsed.Year() >= 0 && parsed.Year() <= 9999 { // JSON has no other years
			t.Time = parsed
			break
		}
	}
	return nil
}

// MarshalJSON writes RFC 3339 in UTC, and null for the zero time.
func (t Timestamp) MarshalJSON() ([]byte, error) {
	if t.IsZero() {
		return []byte("null"), nil
	}
	return t.UTC().MarshalJSON()
}

// A Decimal is the exact text of a number in a response, such as "297.00". It is ""
// for null. [Decimal.Minor] converts it for calculations.
type Decimal string

// UnmarshalJSON reads a JSON number or string and keeps its text.
func (d *Decimal) UnmarshalJSON(b []byte) error {
	switch {
	case string(b) == "null":
		*d = ""
	case len(b) > 0 && b[0] == '"':
		return json.Unmarshal(b, (*string)(d))
	case len(b) > 0 && strings.IndexByte("-0123456789", b[0]) >= 0:
		*d = Decimal(b)
	default:
		return errors.New("an amount is neither a JSON number nor a string")
	}
	return nil
}

// maxExponent is more than the exponent of any number that fits an int64. Larger
// ones are cut, so that sums with them do not overflow.
const maxExponent = 1 << 30

// Minor returns the number in units of 10^-digits: with 2 digits, "297.10" is 29710,
// and "1e3" is 100000. The API's amounts have 2 decimal places (assumed for every
// currency), so 2 digits fit all of them. digits is between 0 and 18.
//
// The error is an [*ArgumentError] if d is not a number, if it has more decimal
// places than digits (nothing is rounded), or if the result exceeds an int64.
func (d Decimal) Minor(digits int) (int64, error) {
	if digits < 0 || digits > 18 {
		return 0, argumentError("digits", "is %d: must be between 0 and 18", digits)
	}
	notNumber := argumentError("Decimal", "is %q: not a decimal number", string(d))
	if !json.Valid([]byte(d)) || strings.Trim(string(d), "+-.eE0123456789") != "" || d == "" {
		return 0, notNumber
	}
	mantissa, exponent, _ := strings.Cut(strings.ToLower(string(d)), "e")
	whole, fraction, _ := strings.Cut(mantissa, ".")
	fraction = strings.TrimRight(fraction, "0")
	unscaled := strings.TrimLeft(strings.TrimPrefix(whole, "-")+fraction, "0")
	if unscaled == "" {
		return 0, nil
	}
	shift, _ := strconv.Atoi(exponent) // no exponent: 0; out of range: the nearest int
	shift = max(-maxExponent, min(shift, maxExponent))
	shift += digits - len(fraction)
	significant := strings.TrimRight(unscaled, "0")
	shift += len(unscaled) - len(significant)
	if shift < 0 {
		return 0, argumentError("Decimal", "is %q: it has more than %d digits after the point, and Minor does not round", string(d), digits)
	}
	tooLarge := argumentError("Decimal", "is %q: too large for an int64 at %d digits", string(d), digits)
	if shift > 18 { // 10^19 is more than an int64 holds
		return 0, tooLarge
	}
	sign := ""
	if strings.HasPrefix(whole, "-") {
		sign = "-"
	}
	n, err := strconv.ParseInt(sign+significant+strings.Repeat("0", shift), 10, 64)
	if err != nil {
		return 0, tooLarge
	}
	return n, nil
}

// An IDList is a list of ids in a request body. The API takes it as one string,
// such as "12,34". A []TagID is assignable to an IDList[Tag].
type IDList[R any] []ID[R]

// MarshalJSON implements [json.Marshaler].
func (l IDList[R]) MarshalJSON() ([]byte, error) {
	// B2: ids in a list are separated by commas.
	b := []byte{'"'}
	for i, id := range l {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, int64(id), 10)
	}
	return append(b, '"'), nil
}

// A Period selects items by their date. Other values than the constants are sent
// unchanged. The API returns [ErrInvalidPeriod] for an unknown value.
type Period string

// The periods (documented). Not documented are the time zone, and whether today is
// part of the last 7 or 30 days. Nor is it documented what the API selects without a
// period: to be sure to get everything, set PeriodAll.
const (
	PeriodAll        Period = "all"
	PeriodToday      Period = "today"
	PeriodYesterday  Period = "yesterday"
	PeriodLast7Days  Period = "last7days"
	PeriodLast30Days Period = "last30days"
	PeriodBetween    Period = "between" // needs a DateRange
)

// PeriodParams selects a period. A zero field is not sent.
type PeriodParams struct {
	Period Period    `url:"period,omitempty"`
	Range  DateRange `url:"range,omitempty"` // implies PeriodBetween
}

func (p PeriodParams) check() error { return checkPeriod(p.Period, p.Range) }

// A DateRange is a range of calendar dates. Set both dates; From must not be after To.
// With a range, the Period must be empty or PeriodBetween, and PeriodBetween needs a
// range. Anything else is an [*ArgumentError]. The API receives the dates that From
// and To have in their own locations, such as 2024-06-01, without a time or a zone. It
// is not documented which time zone the API uses, and whether it includes the first
// and the last day.
type DateRange struct{ From, To time.Time }

// IsZero reports whether no range is set.
func (r DateRange) IsZero() bool { return r.From.IsZero() && r.To.IsZero() }

// EncodeValues writes the range in the form of the API, such as
// "2024-06-01to2024-06-30".
func (r DateRange) EncodeValues(key string, v *url.Values) error {
	v.Set(key, r.From.Format(time.DateOnly)+"to"+r.To.Format(time.DateOnly))
	return nil
}

func checkPeriod(period Period, r DateRange) error {
	switch {
	case r.IsZero() && period == PeriodBetween:
		return argumentError("range", "is missing: the period %q needs a DateRange", period)
	case r.IsZero():
		return nil
	case period != "" && period != PeriodBetween:
		return argumentError("period", "is %q: a range needs the period %q", period, PeriodBetween)
	case r.From.IsZero():
		return argumentError("range", "has no From: set both ends")
	case r.To.IsZero():
		return argumentError("range", "has no To: set both ends")
	}
	for _, end := range []time.Time{r.From, r.To} {
		if end.Year() < 1 || end.Year() > 9999 {
			return argumentError("range", "has the year %d: must be between 1 and 9999", end.Year())
		}
	}
	from, to := r.From.Format(time.DateOnly), r.To.Format(time.DateOnly)
	if day(r.From).After(day(r.To)) {
		return argumentError("range", "From is %s, which is after To, %s: swap them", from, to)
	}
	return nil
}

// day is a time's calendar day, in its own zone.
func day(t time.Time) time.Time {
	year, month, day := t.Date()
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}
