package quota

import "time"

// Stats is a snapshot of an [Admission].
type Stats struct {
	Slots       int       // per window; 0: another limiter counts
	Used        int       // slots that are taken, at most Slots
	Interactive int       // waiting calls
	Background  int       // waiting calls
	PausedUntil time.Time // zero: no pause
	NextSlot    time.Time // when a slot is free; zero: now, or unknown
}

// Stats returns a snapshot. Calls that wait for a backoff are not in it.
func (a *Admission) Stats() Stats {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.now()
	stats := Stats{
		Interactive: a.ready[interactive].Len(),
		Background:  a.ready[background].Len(),
	}
	if a.pause.until > now {
		stats.PausedUntil = a.base.Add(a.pause.until)
	}
	if a.window == nil {
		return stats
	}
	if at := a.window.opens(now); at > now && at != never {
		stats.NextSlot = a.base.Add(at)
	}
	stats.Slots = a.window.n
	stats.Used = min(a.window.used(), stats.Slots)
	return stats
}

// expected returns for how long at least a call waits for a slot with so many
// calls ahead of it.
func (a *Admission) expected(c *Call, now moment, ahead int) time.Duration {
	wait := a.window.wait(now, ahead)
	if c.Background {
		wait = max(wait, a.window.opensBeyond(now, a.load.rate(now, a.window))-now)
	}
	return wait
}

// quotaWait returns for how long at least a call that was just queued waits for
// a slot; 0: it does not wait, or for something else.
func (a *Admission) quotaWait(c *Call, now moment) time.Duration {
	switch {
	case a.window == nil, c.queue == nil, c.queue == &a.asleep, a.pause.until > now, a.recovery.open:
		return 0
	}
	return a.expected(c, now, max(0, a.ahead(c)-1)) // ahead counts the call itself
}
