package fleet

import (
	"net/http"
	"time"
)

// A Tally is how an API counted its requests.
type Tally struct {
	Accepted []time.Time // when, in order
	Rejected int
	Most     int // accepted in any stretch of time as long as a window

	per time.Duration
}

// Count counts requests, which are in order, in windows of that length.
func Count(requests []Request, per time.Duration) Tally {
	t := Tally{per: per}
	first := 0
	for _, r := range requests {
		if r.Status == http.StatusTooManyRequests {
			t.Rejected++
			continue
		}
		t.Accepted = append(t.Accepted, r.Arrived)
		for r.Arrived.Sub(t.Accepted[first]) >= per {
			first++
		}
		t.Most = max(t.Most, len(t.Accepted)-first)
	}
	return t
}

// In returns how many were accepted in the i-th window since the first
// request.
func (t Tally) In(i int) int {
	n := 0
	for _, at := range t.Accepted {
		if since := at.Sub(t.Accepted[0]); since/t.per == time.Duration(i) {
			n++
		}
	}
	return n
}
