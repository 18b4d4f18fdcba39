package contracttest_test

import (
	"time"

	"github.com/funnel-go/funnel"
)

// campaignsFlow takes a campaign through its life as a draft.
func campaignsFlow(a *account) {
	vip, pro := a.newTag("vip"), a.newTag("pro")
	launch := a.newCampaign(funnel.CampaignCreateParams{
		Name:    "Launch",
		Subject: "It is here",
		Body:    "<p>Look</p>",
		TagIDs:  []funnel.TagID{vip.ID},
	})
	a.NotZero(launch.ID)
	a.NotZero(launch.CreatedAt)
	a.Equal(&funnel.Campaign{
		ID:        launch.ID,
		Name:      "Launch",
		Subject:   "It is here",
		Body:      "<p>Look</p>",
		TagIDs:    []funnel.TagID{vip.ID},
		Status:    funnel.CampaignDraft,
		CreatedAt: launch.CreatedAt,
	}, launch)

	updated, err := a.Campaigns.Update(a.ctx, launch.ID, funnel.CampaignUpdateParams{
		Name:    funnel.Ptr("Relaunch"),
		Subject: funnel.Ptr("It is back"),
		Body:    funnel.Ptr("<p>Look again</p>"),
		TagIDs:  &[]funnel.TagID{vip.ID, pro.ID},
	})
	a.NoError(err)
	a.Equal(&funnel.Campaign{
		ID:        launch.ID,
		Name:      "Relaunch",
		Subject:   "It is back",
		Body:      "<p>Look again</p>",
		TagIDs:    []funnel.TagID{vip.ID, pro.ID},
		Status:    funnel.CampaignDraft,
		CreatedAt: launch.CreatedAt,
	}, updated)
	got, err := a.Campaigns.Get(a.ctx, launch.ID)
	a.NoError(err)
	a.Equal(updated, got)

	other := a.newCampaign(funnel.CampaignCreateParams{Name: "Other"})
	page, err := a.Campaigns.List(a.ctx, funnel.CampaignListParams{Status: funnel.CampaignDraft, Page: 2, PerPage: 1})
	a.NoError(err)
	a.Equal(&funnel.Page[funnel.Campaign]{Items: []funnel.Campaign{*other}, Page: 2, PerPage: 1, LastPage: 2, Total: 2}, page)
	var all []string
	for campaign, err := range a.Campaigns.All(a.ctx, funnel.CampaignListParams{}) {
		a.NoError(err)
		all = append(all, campaign.Name)
	}
	a.Equal([]string{"Relaunch", "Other"}, all)
	_, err = a.Campaigns.List(a.ctx, funnel.CampaignListParams{Status: "dormant"})
	a.ErrorIs(err, funnel.ErrInvalidStatus)

	a.NoError(a.Campaigns.Delete(a.ctx, launch.ID))
	_, err = a.Campaigns.Get(a.ctx, launch.ID)
	a.ErrorIs(err, funnel.ErrNotFound)
}

// campaignScheduleFlow schedules a campaign, thinks better of it, and then has
// it sent after all.
func campaignScheduleFlow(a *account) {
	launch := a.newCampaign(funnel.CampaignCreateParams{Name: "Launch"})
	_, err := a.Campaigns.Schedule(a.ctx, launch.ID, time.Now().Add(-time.Minute))
	a.ErrorIs(err, funnel.ErrInvalidDate)

	at := time.Now().Add(time.Hour).In(time.FixedZone("", 2*60*60))
	scheduled, err := a.Campaigns.Schedule(a.ctx, launch.ID, at)
	a.NoError(err)
	a.Equal(funnel.CampaignScheduled, scheduled.Status)
	a.True(at.Equal(scheduled.ScheduledFor.Time), scheduled.ScheduledFor)
	a.ErrorIs(a.Campaigns.Delete(a.ctx, launch.ID), funnel.ErrCampaignScheduled)

	draft, err := a.Campaigns.Unschedule(a.ctx, launch.ID)
	a.NoError(err)
	a.Equal(launch, draft)

	_, err = a.Campaigns.Schedule(a.ctx, launch.ID, at)
	a.NoError(err)
	for status, want := range map[funnel.CampaignStatus]int{funnel.CampaignScheduled: 1, funnel.CampaignSending: 0, funnel.CampaignSent: 0} {
		page, err := a.Campaigns.List(a.ctx, funnel.CampaignListParams{Status: status})
		a.NoError(err)
		a.Equal(want, page.Total, status)
	}
	a.later(time.Hour)
	sent, err := a.Campaigns.Get(a.ctx, launch.ID)
	a.NoError(err)
	a.Equal(funnel.CampaignSent, sent.Status)
	a.True(at.Equal(sent.SentAt.Time), sent.SentAt)
}

// campaignStatsFlow counts what became of a campaign, in every period.
func campaignStatsFlow(a *account) {
	for _, email := range []string{"ada@example.com", "grace@example.com"} {
		a.newContact(email)
	}
	launch := a.newCampaign(funnel.CampaignCreateParams{Name: "Launch"})
	_, err := a.Campaigns.Schedule(a.ctx, launch.ID, time.Now().Add(time.Hour))
	a.NoError(err)
	a.later(time.Hour)
	a.NoError(a.server.RecordOpens(launch.ID, 5))
	a.NoError(a.server.RecordClicks(launch.ID, 4))
	a.NoError(a.server.RecordBounces(launch.ID, 3))
	a.NoError(a.server.RecordUnsubscribes(launch.ID, 1))

	today := time.Now()
	for _, params := range []funnel.StatsParams{{}, {Period: funnel.PeriodToday}, funnel.Between(today, today)} {
		stats, err := a.Campaigns.Stats(a.ctx, launch.ID, params)
		a.NoError(err)
		a.Equal(&funnel.CampaignStats{Sent: 2, Opened: 5, Clicked: 4, Bounced: 3, Unsubscribed: 1}, stats)
	}
	for _, period := range periods {
		_, err := a.Campaigns.Stats(a.ctx, launch.ID, funnel.StatsParams{Period: period})
		a.NoError(err)
	}
	_, err = a.Campaigns.Stats(a.ctx, launch.ID, funnel.StatsParams{Period: "fortnight"})
	a.ErrorIs(err, funnel.ErrInvalidPeriod)
}
