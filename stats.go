package funnel

import (
	"context"
	"net/http"
	"time"
)

// A Period is a stretch of time that statistics are about. The set is open: a
// period that the SDK does not know is passed on.
type Period string

// The periods. Only PeriodBetween is documented; the rest is assumed.
const (
	PeriodToday      Period = "today"
	PeriodYesterday  Period = "yesterday"
	PeriodLast7Days  Period = "last_7_days"
	PeriodLast30Days Period = "last_30_days"
	PeriodThisMonth  Period = "this_month"
	PeriodLastMonth  Period = "last_month"
	PeriodAllTime    Period = "all_time"
	PeriodBetween    Period = "between" // needs From and To: see Between
)

// StatsParams says which period statistics are about. A zero field is left out.
type StatsParams struct {
	Period Period `url:"period,omitempty"`

	// From and To are the first and the last calendar day of PeriodBetween,
	// each in its own time zone; they go with no other period.
	From time.Time `url:"from,omitempty" layout:"2006-01-02"`
	To   time.Time `url:"to,omitempty" layout:"2006-01-02"`
}

// Between is the period from one calendar day to another, both included.
func Between(from, to time.Time) StatsParams {
	return StatsParams{Period: PeriodBetween, From: from, To: to}
}

func (p StatsParams) check() error {
	between := p.Period == PeriodBetween
	switch {
	case between && p.From.IsZero():
		return argumentError("from", "is missing: the period %q needs both ends, see Between", p.Period)
	case between && p.To.IsZero():
		return argumentError("to", "is missing: the period %q needs both ends, see Between", p.Period)
	case between && day(p.From).After(day(p.To)):
		return argumentError("from", "is %s, which is after to, %s: swap them", p.From.Format(time.DateOnly), p.To.Format(time.DateOnly))
	case !between && (!p.From.IsZero() || !p.To.IsZero()):
		return argumentError("period", "is %q: from and to go with %q only, see Between", p.Period, PeriodBetween)
	}
	return nil
}

// day is a moment's calendar day, in its own time zone.
func day(t time.Time) time.Time {
	year, month, day := t.Date()
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

// statistics fetches the S of one resource.
func statistics[S, T any](ctx context.Context, r resource[T], path string, id ID[T], params StatsParams) (*S, error) {
	if err := checkID(r.idField, id); err != nil {
		return nil, err
	}
	if err := params.check(); err != nil {
		return nil, err
	}
	q, err := encodeQuery(params)
	if err != nil {
		return nil, err
	}
	q.Set(r.idField, id.String())
	return fetch[S](ctx, r.core, request{method: http.MethodGet, path: path, query: q.Encode()})
}
