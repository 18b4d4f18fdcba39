package conformance

import (
	"net/http"
	"time"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/contracttest"
)

// campaignsFlow creates, reads, lists, updates and deletes drafts.
func campaignsFlow(a *session) {
	id, err := a.Campaigns.Create(a.ctx, funnel.CampaignCreateParams{
		Name: "Launch", Subject: "It is here", FromName: "Ada", FromEmail: "ada@example.com",
	})
	a.NoError(err)
	a.NoError(a.Campaigns.Update(a.ctx, id, funnel.CampaignUpdateParams{
		Name: funnel.Ptr("Relaunch"), Subject: funnel.Ptr("It is back"), FromName: funnel.Ptr("Grace"), FromEmail: funnel.Ptr("grace@example.com"),
	}))
	got, err := a.Campaigns.Get(a.ctx, id)
	a.NoError(err)
	a.recent(got.CreatedAt)
	a.Equal(&funnel.Campaign{
		ID: id, Name: "Relaunch", Subject: "It is back", FromName: "Grace", FromEmail: "grace@example.com",
		Status: funnel.CampaignDraft, CreatedAt: got.CreatedAt,
	}, got)

	bare, err := a.Campaigns.Get(a.ctx, a.newCampaign("Bare")) // all other fields are null
	a.NoError(err)
	a.Equal(&funnel.Campaign{ID: bare.ID, Name: "Bare", Status: funnel.CampaignDraft, CreatedAt: bare.CreatedAt}, bare)

	a.Equal([]funnel.Campaign{*bare, *got}, all(a, a.Campaigns.All(a.ctx, funnel.CampaignListParams{})), "newest first")
	now := time.Now().UTC()
	page, err := a.Campaigns.List(a.ctx, funnel.CampaignListParams{
		Page: 2, PerPage: 1, Status: funnel.CampaignDraft, Range: funnel.DateRange{From: now.AddDate(0, 0, -1), To: now.AddDate(0, 0, 1)},
	})
	a.NoError(err)
	a.Equal(&funnel.Page[funnel.Campaign]{Items: []funnel.Campaign{*got}, Page: 2, PerPage: 1, LastPage: 2, Total: 2}, page)
	for _, status := range []funnel.CampaignStatus{funnel.CampaignSending, funnel.CampaignSent, funnel.CampaignScheduled, funnel.CampaignError} {
		page, err := a.Campaigns.List(a.ctx, funnel.CampaignListParams{Status: status})
		a.NoError(err)
		a.Zero(page.Total, status)
	}
	a.NoError(a.Campaigns.Delete(a.ctx, id))
	_, err = a.Campaigns.Get(a.ctx, id)
	a.ErrorIs(err, funnel.ErrNotFound)
}

// scheduleFlow schedules and unschedules a campaign.
func scheduleFlow(a *session) {
	id := a.newCampaign("Launch")
	a.ErrorIs(a.Campaigns.Schedule(a.ctx, id, time.Now().Add(-time.Hour)), funnel.ErrInvalidDate)
	body := map[string]any{"campaign_id": id, "scheduled_for": "soon"}
	err := a.Call(contracttest.BadRequest(a.ctx), http.MethodPost, "/campaign-schedule", nil, body, nil)
	a.ErrorIs(err, funnel.ErrInvalidDate)

	at := time.Now().Add(48 * time.Hour).Truncate(time.Second).In(time.FixedZone("", 2*60*60))
	a.NoError(a.Campaigns.Schedule(a.ctx, id, at))
	page, err := a.Campaigns.List(a.ctx, funnel.CampaignListParams{Status: funnel.CampaignScheduled})
	a.NoError(err)
	a.Len(page.Items, 1)
	a.True(at.Equal(page.Items[0].ScheduledFor.Time), "%s, %s", at, page.Items[0].ScheduledFor)
	got, err := a.Campaigns.Get(a.ctx, id)
	a.NoError(err)
	a.Equal(page.Items[0], *got)
	a.ErrorIs(a.Campaigns.Delete(a.ctx, id), funnel.ErrCampaignScheduled)

	a.NoError(a.Campaigns.Unschedule(a.ctx, id))
	got, err = a.Campaigns.Get(a.ctx, id)
	a.NoError(err)
	a.Equal(funnel.CampaignDraft, got.Status)
	a.Zero(got.ScheduledFor)
	a.NoError(a.Campaigns.Delete(a.ctx, id))
}

// sentFlow waits until a campaign is sent.
func sentFlow(a *session) {
	a.need(a.server.Advance != nil, "Advance")
	_, err := a.Contacts.Create(a.ctx, funnel.ContactCreateParams{Email: "ada@example.com", EmailMarketing: funnel.Ptr(true)})
	a.NoError(err)
	id, err := a.Campaigns.Create(a.ctx, funnel.CampaignCreateParams{
		Name: "Launch", Subject: "It is here", FromName: "Ada", FromEmail: "ada@example.com",
	})
	a.NoError(err)
	at := time.Now().Add(48 * time.Hour).Truncate(time.Second)
	a.NoError(a.Campaigns.Schedule(a.ctx, id, at))
	a.server.Advance(49 * time.Hour)
	page, err := a.Campaigns.List(a.ctx, funnel.CampaignListParams{Status: funnel.CampaignSent})
	a.NoError(err)
	a.Len(page.Items, 1)
	got, err := a.Campaigns.Get(a.ctx, id)
	a.NoError(err)
	a.Equal(page.Items[0], *got)
	a.Equal(1, got.RecipientsCount)
	a.Equal(1, got.SentTo)
	a.WithinDuration(at, got.SentAt.Time, time.Hour)
}
