package progress

import (
	"time"

	"github.com/funnel-go/funnel"
)

// An eta estimates how long a number of requests takes under a quota: what is
// left of it now goes at once, and each further quota takes its time. Between
// two of them nothing happens, so that it is the clock that counts down.
type eta struct {
	per   time.Duration // the time that a quota is for
	turns int           // how many more quotas are needed
	end   time.Time     // when the last of them begins
}

// left returns how long until the last of the requests can be sent.
func (e *eta) left(now time.Time, requests int, quota funnel.RateLimit) time.Duration {
	beyond := requests - max(0, quota.Remaining)
	if beyond <= 0 || quota.Limit <= 0 {
		*e = eta{per: e.per}
		return max(0, quota.PausedUntil.Sub(now))
	}
	if turns := (beyond + quota.Limit - 1) / quota.Limit; turns != e.turns {
		e.turns, e.end = turns, now.Add(time.Duration(turns)*e.per)
	}
	return max(0, e.end.Sub(now), quota.PausedUntil.Sub(now))
}
