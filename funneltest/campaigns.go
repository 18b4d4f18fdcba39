package funneltest

type campaign struct {
	base
	Name         string `json:"name"`
	Subject      string `json:"subject,omitempty"`
	FromName     string `json:"from_name,omitempty"`
	FromEmail    string `json:"from_email,omitempty"`
	Status       string `json:"status"`
	Recipients   int64  `json:"recipients,omitempty"` // counted when it is sent
	ScheduledFor stamp  `json:"scheduled_for,omitempty"`
	SentAt       stamp  `json:"sent_at,omitempty"`
}

const (
	draft     = "draft"
	scheduled = "scheduled"
	sent      = "sent"
)

func campaignResource() resource[campaign, *campaign] {
	return resource[campaign, *campaign]{
		name:        "Campaign",
		plural:      "campaigns",
		idField:     "campaign_id",
		routes:      campaignRoutes,
		newestFirst: true,
		periods:     true,
		status:      func(cp *campaign) string { return cp.Status },
		statuses:    []string{draft, "sending", sent, scheduled, "error"},
		item:        campaignItemOf,
		fill:        fillCampaign,
		check:       func(_ *call, cp *campaign) *apiError { return cp.notSent() },
		created:     func(_ *call, cp *campaign) any { return campaignCreated{cp.ID, cp.Status} },
		restored:    restoredCampaign,
	}
}

func campaignRoutes(campaigns *resource[campaign, *campaign]) []route {
	return []route{
		get("/campaigns", campaigns.list),
		get("/campaign", getCampaign),
		create("/campaign", campaigns.create),
		put("/campaign", campaigns.update),
		del("/campaign", deleteCampaign),
		// B9: scheduling is a POST to /campaign-schedule with campaign_id and
		// scheduled_for, unscheduling a DELETE with campaign_id.
		post("/campaign-schedule", scheduleCampaign),
		del("/campaign-schedule", unscheduleCampaign),
	}
}

type campaignCreated struct {
	ID     int64  `json:"id"`
	Status string `json:"status"`
}

type campaignItem struct {
	ID              int64   `json:"id"`
	Name            string  `json:"name"`
	Subject         *string `json:"subject"`
	FromName        *string `json:"from_name"`
	FromEmail       *string `json:"from_email"`
	Status          string  `json:"status"`
	SentTo          int64   `json:"sent_to"`
	RecipientsCount int64   `json:"recipients_count"`
	SentAt          stamp   `json:"sent_at"`
	ScheduledFor    stamp   `json:"scheduled_for"`
	CreatedAt       stamp   `json:"created_at"`
}

func campaignItemOf(_ *call, cp *campaign) any {
	return campaignItem{
		ID: cp.ID, Name: cp.Name, Subject: orNull(cp.Subject), FromName: orNull(cp.FromName), FromEmail: orNull(cp.FromEmail),
		Status: cp.Status, SentTo: cp.Recipients, RecipientsCount: cp.Recipients,
		SentAt: cp.SentAt, ScheduledFor: cp.ScheduledFor, CreatedAt: cp.CreatedAt,
	}
}

func getCampaign(c *call) (any, *apiError) {
	cp, err := c.campaigns.target(c)
	if err != nil {
		return nil, err
	}
	return campaignItemOf(c, cp), nil
}

// fillCampaign does not read the status: scheduling and time change it.
func fillCampaign(c *call, cp *campaign) {
	// B8: a campaign takes what the list shows of it, and requires a name.
	if cp.ID == 0 {
		cp.Status = draft
	}
	c.in.text("name", &cp.Name, required, atMost(255))
	c.in.text("subject", &cp.Subject, atMost(255))
	c.in.text("from_name", &cp.FromName, atMost(255))
	c.in.text("from_email", &cp.FromEmail, email, atMost(255))
}

// notSent reports that a campaign has been sent and cannot be changed or
// scheduled (assumed).
func (cp *campaign) notSent() *apiError {
	if cp.Status == sent {
		return invalid(map[string][]string{"campaign_id": {"The campaign has already been sent."}})
	}
	return nil
}

func deleteCampaign(c *call) (any, *apiError) {
	cp, err := c.campaigns.target(c)
	if err != nil {
		return nil, err
	}
	if cp.Status == scheduled {
		return nil, newError(codeCampaignScheduled)
	}
	return c.campaigns.delete(c)
}

// scheduleCampaign sets or changes when the campaign is sent.
func scheduleCampaign(c *call) (any, *apiError) {
	if !c.in.given("scheduled_for") {
		c.in.fail("scheduled_for", "The scheduled for field is required.")
	}
	cp, err := c.campaigns.target(c)
	if err != nil {
		return nil, err
	}
	given, _ := c.in.scalar("scheduled_for")
	at, ok := parseMoment(given)
	if !ok || at < c.now {
		return nil, newError(codeInvalidDate)
	}
	if err := cp.notSent(); err != nil {
		return nil, err
	}
	cp.Status, cp.ScheduledFor = scheduled, at.seconds()
	c.wakeAt(cp.ScheduledFor)
	return idOf(c, cp), nil
}

// unscheduleCampaign makes the campaign a draft again. A campaign that is not
// scheduled stays as it is (assumed).
func unscheduleCampaign(c *call) (any, *apiError) {
	cp, err := c.campaigns.target(c)
	if err != nil {
		return nil, err
	}
	if cp.Status == scheduled {
		cp.Status, cp.ScheduledFor = draft, 0
	}
	return nil, nil
}

func restoredCampaign(a *account, cp *campaign) error {
	if cp.Status == scheduled {
		a.wakeAt(cp.ScheduledFor)
	}
	return nil
}

// wakeAt notes that a campaign is due at a moment.
func (a *account) wakeAt(at stamp) {
	if a.due == 0 || at < a.due {
		a.due = at
	}
}

// sendDue sends the campaigns that are due, each at its own time. Every request
// begins with it, so no goroutine has to wait for a clock. It reports whether one
// may have been sent.
func (c *call) sendDue() bool {
	if c.due == 0 || c.now < c.due {
		return false
	}
	c.due = 0
	for _, cp := range c.campaigns.rows {
		switch {
		case cp.Status != scheduled:
		case cp.ScheduledFor > c.now:
			c.wakeAt(cp.ScheduledFor)
		default:
			cp.Status, cp.SentAt, cp.Recipients = sent, cp.ScheduledFor, c.recipients()
		}
	}
	return true
}

// recipients counts the contacts that receive a campaign: audiences are unknown
// to the fake, so these are all with email_marketing (assumed).
func (a *account) recipients() (n int64) {
	for _, ct := range a.contacts.rows {
		if ct.EmailMarketing {
			n++
		}
	}
	return n
}
