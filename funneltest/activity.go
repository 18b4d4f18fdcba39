package funneltest

import (
	"math"
	"time"
)

// Kinds of activity of a funnel and of a campaign.
const (
	visit        = "visit"
	optin        = "optin"
	sale         = "sale"
	sent         = "sent"
	opened       = "opened"
	clicked      = "clicked"
	bounced      = "bounced"
	unsubscribed = "unsubscribed"
)

// An activity is something that happened to a funnel or a campaign, which its
// stats count.
type activity struct {
	At    stamp  `json:"at"`
	Kind  string `json:"kind"`
	Count int64  `json:"count"`
	Cents int64  `json:"cents,omitempty"` // of a sale
}

// A period is a stretch of time, from its first moment to before its last.
type period struct{ from, until stamp }

func (p period) holds(at stamp) bool { return at >= p.from && at < p.until }

// count adds up what happened of a kind within the period.
func (p period) count(list []activity, kind string) (n int64) {
	for _, a := range list {
		if a.Kind == kind && p.holds(a.At) {
			n += a.Count
		}
	}
	return n
}

// cents adds up the money of the period.
func (p period) cents(list []activity) (n int64) {
	for _, a := range list {
		if p.holds(a.At) {
			n += a.Cents
		}
	}
	return n
}

// period reads period, from and to; without a period it is all time. The
// account's days are those of UTC, and today is one of the last seven.
func (in *input) period(now stamp) (period, *problem) {
	year, month, day := now.time().Date()
	date := func(year int, month time.Month, day int) stamp {
		return stampOf(time.Date(year, month, day, 0, 0, 0, 0, time.UTC))
	}
	tomorrow := date(year, month, day+1)

	switch name, _ := in.scalar("period"); name {
	case "", "all_time":
		return period{math.MinInt64, math.MaxInt64}, nil
	case "today":
		return period{date(year, month, day), tomorrow}, nil
	case "yesterday":
		return period{date(year, month, day-1), date(year, month, day)}, nil
	case "last_7_days":
		return period{date(year, month, day-6), tomorrow}, nil
	case "last_30_days":
		return period{date(year, month, day-29), tomorrow}, nil
	case "this_month":
		return period{date(year, month, 1), date(year, month+1, 1)}, nil
	case "last_month":
		return period{date(year, month-1, 1), date(year, month, 1)}, nil
	case "between":
		from, fromOK := in.date("from")
		to, toOK := in.date("to")
		if fromOK && toOK && !to.Before(from) {
			return period{stampOf(from), stampOf(to.AddDate(0, 0, 1))}, nil
		}
	}
	return period{}, refuse(codeInvalidPeriod)
}

// date reads a calendar date.
func (in *input) date(field string) (time.Time, bool) {
	given, _ := in.scalar(field)
	date, err := time.Parse(time.DateOnly, given)
	return date, err == nil
}
