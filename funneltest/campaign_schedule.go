package funneltest

import (
	"cmp"
	"slices"
	"time"
)

// scheduleCampaign sets when the campaign is sent, or sets it anew.
func scheduleCampaign(c *call) *problem {
	given, kind := c.in.scalar("scheduled_for")
	if kind == absent || kind == null {
		c.in.fail("scheduled_for", "The scheduled for field is required.")
	}
	cp, p := c.campaigns.target(c)
	if p != nil {
		return p
	}
	at, ok := parseMoment(given)
	if !ok || at < c.now {
		return refuse(codeInvalidDate)
	}
	if p := cp.notSent(); p != nil {
		return p
	}
	cp.Status, cp.ScheduledFor = scheduled, at
	c.awaken(at)
	return c.campaigns.answer(c, cp)
}

// unscheduleCampaign makes it a draft again, which a draft already is.
func unscheduleCampaign(c *call) *problem {
	cp, p := c.campaigns.target(c)
	if p != nil {
		return p
	}
	if p := cp.notSent(); p != nil {
		return p
	}
	cp.Status, cp.ScheduledFor = draft, 0
	return c.campaigns.answer(c, cp)
}

// parseMoment reads RFC 3339, and what a database would write as UTC.
func parseMoment(s string) (stamp, bool) {
	for _, layout := range [...]string{time.RFC3339, "2006-01-02T15:04:05", time.DateTime, time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return stampOf(t), true
		}
	}
	return 0, false
}

// awaken notes that a campaign is due at a moment.
func (a *account) awaken(at stamp) {
	if a.due == 0 || at < a.due {
		a.due = at
	}
}

// sendDue sends the campaigns whose time has come, each as of its own time.
// Every request begins with it, so that no goroutine has to wait for a clock.
func (c *call) sendDue() {
	if c.due == 0 || c.now < c.due {
		return
	}
	c.due = 0
	var ready []*campaign
	for _, cp := range c.campaigns.rows {
		switch {
		case cp.Status != scheduled:
		case cp.ScheduledFor > c.now:
			c.awaken(cp.ScheduledFor)
		default:
			ready = append(ready, cp)
		}
	}
	slices.SortStableFunc(ready, func(a, b *campaign) int { return cmp.Compare(a.ScheduledFor, b.ScheduledFor) })
	for _, cp := range ready {
		cp.Status, cp.SentAt = sent, cp.ScheduledFor
		cp.Activity = append(cp.Activity, activity{At: cp.SentAt, Kind: sent, Count: c.recipients(cp)})
		c.event("campaign.sent", func(w *writer) {
			w.key("campaign")
			writeCampaign(c, w, cp)
		})
	}
}

// recipients counts the subscribed contacts with one of the campaign's tags,
// or all of them where it has none.
func (c *call) recipients(cp *campaign) (n int64) {
	for _, ct := range c.contacts.rows {
		if ct.Status == "subscribed" && (len(cp.Tags) == 0 || hasAny(ct.Tags, cp.Tags)) {
			n++
		}
	}
	return n
}
