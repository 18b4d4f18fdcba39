package funneltest

import "net/http"

// account is everything that the API keeps. A new resource has a file of its
// own and is named in this one: in account, newAccount, stores and routes.
type account struct {
	subdomain string // empty: none is configured

	contacts  resource[contact, *contact]
	tags      resource[tag, *tag]
	sequences resource[sequence, *sequence]
	stages    resource[stage, *stage]
	funnels   resource[funnelRow, *funnelRow]
	steps     resource[step, *step]
	campaigns resource[campaign, *campaign]
	webhooks  resource[webhook, *webhook]

	due stamp // when the next scheduled campaign is to be sent; zero: none is
}

func newAccount(subdomain string) *account {
	return &account{
		subdomain: subdomain,
		contacts:  contactResource(),
		tags:      tagResource(),
		sequences: sequenceResource(),
		stages:    stageResource(),
		funnels:   funnelResource(),
		steps:     stepResource(),
		campaigns: campaignResource(),
		webhooks:  webhookResource(),
	}
}

// A store is what snapshots and counts know of a resource.
type store interface {
	label() string
	count() int
	encode() any                  // to be marshalled
	UnmarshalJSON(b []byte) error // takes the rows of a snapshot
	settle(a *account) error      // checks them against the other resources
}

func (a *account) stores() []store {
	return []store{
		&a.contacts, &a.tags, &a.sequences, &a.stages,
		&a.funnels, &a.steps, &a.campaigns, &a.webhooks,
	}
}

// route is one operation of the API.
type route struct {
	method, path string
	status       int // of success
	handle       handler
}

func (a *account) routes() []route {
	const (
		GET    = http.MethodGet
		POST   = http.MethodPost
		PUT    = http.MethodPut
		DELETE = http.MethodDelete
	)
	return []route{
		{GET, "/contacts", 200, a.contacts.list},
		{GET, "/contact", 200, getContact},
		{POST, "/contact", 201, a.contacts.create},
		{PUT, "/contact", 200, a.contacts.update},
		{DELETE, "/contact", 200, a.contacts.delete},
		{POST, "/contact-tag", 200, addContactTags},
		{DELETE, "/contact-tag", 200, removeContactTags},
		{POST, "/contact-sequence", 200, enrolContact},
		{DELETE, "/contact-sequence", 200, unenrolContact},

		{GET, "/tags", 200, a.tags.list},
		{GET, "/tag", 200, a.tags.get},
		{POST, "/tag", 200, a.tags.create},
		{PUT, "/tag", 200, a.tags.update},
		{DELETE, "/tag", 200, a.tags.delete},

		{GET, "/sequences", 200, a.sequences.list},
		{GET, "/sequence", 200, a.sequences.get},
		{POST, "/sequence", 200, a.sequences.create},
		{PUT, "/sequence", 200, a.sequences.update},
		{DELETE, "/sequence", 200, a.sequences.delete},

		{GET, "/sequence-stages", 200, a.stages.list},
		{POST, "/sequence-stage", 200, a.stages.create},
		{PUT, "/sequence-stage", 200, a.stages.update},
		{DELETE, "/sequence-stage", 200, a.stages.delete},
		{GET, "/sequence-stage-content", 200, getStageContent},
		{PUT, "/sequence-stage-content", 200, putStageContent},

		{GET, "/funnels", 200, a.funnels.list},
		{GET, "/funnel", 200, a.funnels.get},
		{POST, "/funnel", 200, a.funnels.create},
		{PUT, "/funnel", 200, a.funnels.update},
		{DELETE, "/funnel", 200, a.funnels.delete},
		{GET, "/funnel-stats", 200, getFunnelStats},

		{GET, "/funnel-steps", 200, a.steps.list},
		{POST, "/funnel-step", 200, a.steps.create},
		{PUT, "/funnel-step", 200, a.steps.update},
		{DELETE, "/funnel-step", 200, a.steps.delete},

		{GET, "/campaigns", 200, a.campaigns.list},
		{GET, "/campaign", 200, a.campaigns.get},
		{POST, "/campaign", 200, a.campaigns.create},
		{PUT, "/campaign", 200, a.campaigns.update},
		{DELETE, "/campaign", 200, deleteCampaign},
		{POST, "/campaign-schedule", 200, scheduleCampaign},
		{DELETE, "/campaign-schedule", 200, unscheduleCampaign},
		{GET, "/campaign-stats", 200, getCampaignStats},

		{GET, "/webhooks", 200, a.webhooks.list},
		{GET, "/webhook", 200, a.webhooks.get},
		{POST, "/webhook", 200, a.webhooks.create},
		{PUT, "/webhook", 200, a.webhooks.update},
		{DELETE, "/webhook", 200, a.webhooks.delete},
	}
}
