package funneltest

import "fmt"

type campaign struct {
	base
	Name         string     `json:"name"`
	Subject      string     `json:"subject,omitempty"`
	Body         string     `json:"body,omitempty"`
	Tags         []int64    `json:"tag_ids,omitempty"` // whom it goes to; none: to everybody
	Status       string     `json:"status"`
	ScheduledFor stamp      `json:"scheduled_for,omitempty"`
	SentAt       stamp      `json:"sent_at,omitempty"`
	Activity     []activity `json:"activity,omitempty"`
}

const (
	draft     = "draft"
	scheduled = "scheduled"
)

var campaignStatuses = []string{draft, scheduled, "sending", sent}

func campaignResource() resource[campaign, *campaign] {
	return resource[campaign, *campaign]{
		name:     "Campaign",
		plural:   "campaigns",
		idField:  "campaign_id",
		filter:   filterCampaigns,
		fill:     fillCampaign,
		check:    checkCampaign,
		write:    writeCampaign,
		restored: restoredCampaign,
	}
}

func filterCampaigns(c *call) (func(*campaign) bool, *problem) {
	status, p := c.in.choice("status", campaignStatuses, refuse(codeInvalidStatus))
	if p != nil || status == "" {
		return nil, p
	}
	return func(cp *campaign) bool { return cp.Status == status }, nil
}

// fillCampaign leaves the status alone: scheduling and time change it.
func fillCampaign(c *call, cp *campaign) {
	if cp.ID == 0 {
		cp.Status = draft
	}
	c.in.text("name", &cp.Name, required, atMost(255))
	c.in.text("subject", &cp.Subject, atMost(255))
	c.in.text("body", &cp.Body)
	if tags := c.in.ids("tag_ids"); tags != nil {
		cp.Tags = tags
	}
}

func checkCampaign(c *call, cp *campaign) *problem {
	if p := cp.notSent(); p != nil {
		return p
	}
	return c.checkTags(cp.Tags)
}

// notSent refuses to change what has left the house.
func (cp *campaign) notSent() *problem {
	if cp.Status == sent {
		return invalid(map[string][]string{"campaign_id": {"The campaign has already been sent."}})
	}
	return nil
}

// deleteCampaign refuses a scheduled one, as documented.
func deleteCampaign(c *call) *problem {
	cp, p := c.campaigns.target(c)
	if p != nil {
		return p
	}
	if cp.Status == scheduled {
		return refuse(codeCampaignScheduled)
	}
	return c.campaigns.delete(c)
}

func restoredCampaign(a *account, cp *campaign) error {
	cp.Tags = union(cp.Tags, nil)
	for _, id := range cp.Tags {
		if a.tags.find(id) == nil {
			return fmt.Errorf("campaign %d goes to tag %d, which is not there", cp.ID, id)
		}
	}
	if cp.Status == scheduled {
		a.awaken(cp.ScheduledFor)
	}
	return nil
}

func writeCampaign(_ *call, w *writer, cp *campaign) {
	w.object()
	w.key("id").int(cp.ID)
	w.key("name").text(cp.Name)
	w.key("subject").textOrNull(cp.Subject)
	w.key("body").textOrNull(cp.Body)
	w.key("tag_ids").ints(cp.Tags)
	w.key("status").text(cp.Status)
	w.key("scheduled_for").time(cp.ScheduledFor)
	w.key("sent_at").time(cp.SentAt)
	w.key("created_at").time(cp.CreatedAt)
	w.endObject()
}

func getCampaignStats(c *call) *problem {
	cp, p := c.campaigns.target(c)
	if p != nil {
		return p
	}
	within, p := c.in.period(c.now)
	if p != nil {
		return p
	}
	w := c.out
	w.object()
	for _, kind := range [...]string{sent, opened, clicked, bounced, unsubscribed} {
		w.key(kind).int(within.count(cp.Activity, kind))
	}
	w.endObject()
	return nil
}
