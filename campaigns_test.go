package funnel_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
)

const launchJSON = `{
	"id": 6, "name": "Launch", "subject": "We are live", "body": "<p>Have a look</p>", "tag_ids": [1, 2], "status": "scheduled",
	"scheduled_for": "2026-05-01T09:00:00Z", "sent_at": null, "created_at": "2026-01-02T03:04:05Z"
}`

var launch = funnel.Campaign{
	ID: 6, Name: "Launch", Subject: "We are live", Body: "<p>Have a look</p>", TagIDs: []funnel.TagID{1, 2}, Status: funnel.CampaignScheduled,
	ScheduledFor: utc(2026, 5, 1, 9, 0, 0, 0), CreatedAt: utc(2026, 1, 2, 3, 4, 5, 0),
}

func TestCampaigns_Methods(t *testing.T) {
	t.Parallel()
	runMethodTests(t, []methodTest{{
		name: "List, nothing set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Campaigns.List(ctx, funnel.CampaignListParams{})
		},
		sends: sentRequest{Method: "GET", Path: "/campaigns"},
		reply: answers(200, `{"success":true,"data":[`+launchJSON+`],"meta":{"current_page":1,"per_page":25,"last_page":1,"total":1}}`),
		want:  &funnel.Page[funnel.Campaign]{Items: []funnel.Campaign{launch}, Page: 1, PerPage: 25, LastPage: 1, Total: 1},
	}, {
		name: "List, everything set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Campaigns.List(ctx, funnel.CampaignListParams{Page: 2, PerPage: 50, Status: funnel.CampaignSent})
		},
		sends: sentRequest{Method: "GET", Path: "/campaigns", Query: "page=2&per_page=50&status=sent"},
		reply: data(`[]`),
		want:  &funnel.Page[funnel.Campaign]{Items: []funnel.Campaign{}},
	}, {
		name: "List, a status that the SDK does not know",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Campaigns.List(ctx, funnel.CampaignListParams{Status: "on hold"})
		},
		sends: sentRequest{Method: "GET", Path: "/campaigns", Query: "status=on+hold"},
		reply: data(`[{"id":6,"status":"on hold"}]`),
		want:  &funnel.Page[funnel.Campaign]{Items: []funnel.Campaign{{ID: 6, Status: "on hold"}}},
	}, {
		name: "All",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return collect(c.Campaigns.All(ctx, funnel.CampaignListParams{Status: funnel.CampaignScheduled}))
		},
		sends: sentRequest{Method: "GET", Path: "/campaigns", Query: "page=1&per_page=100&status=scheduled"},
		reply: answers(200, `{"success":true,"data":[`+launchJSON+`],"meta":{"current_page":1,"per_page":100,"last_page":1,"total":1}}`),
		want:  []funnel.Campaign{launch},
	}, {
		name:  "Get",
		call:  func(ctx context.Context, c *funnel.Client) (any, error) { return c.Campaigns.Get(ctx, 6) },
		sends: sentRequest{Method: "GET", Path: "/campaign", Query: "campaign_id=6"},
		reply: data(launchJSON),
		want:  &launch,
	}, {
		name:  "Get, as PHP may write it",
		call:  func(ctx context.Context, c *funnel.Client) (any, error) { return c.Campaigns.Get(ctx, 6) },
		sends: sentRequest{Method: "GET", Path: "/campaign", Query: "campaign_id=6"},
		reply: data(`{"id":"6","subject":null,"tag_ids":{"0":"1","2":3},"scheduled_for":"2026-05-01 09:00:00","sent_at":1777626000,"created_at":""}`),
		want: &funnel.Campaign{
			ID: 6, TagIDs: []funnel.TagID{1, 3}, ScheduledFor: utc(2026, 5, 1, 9, 0, 0, 0), SentAt: utc(2026, 5, 1, 9, 0, 0, 0),
		},
	}, {
		name: "Create, name only",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Campaigns.Create(ctx, funnel.CampaignCreateParams{Name: "Launch"})
		},
		sends: sentRequest{Method: "POST", Path: "/campaign", Body: `{"name":"Launch"}`},
		reply: data(launchJSON),
		want:  &launch,
	}, {
		name: "Create, everything set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Campaigns.Create(ctx, funnel.CampaignCreateParams{
				Name: "Launch", Subject: "We are live", Body: "Line\nbreaks\tand \x00 are a mail's own", TagIDs: []funnel.TagID{2, 1, 2},
			})
		},
		sends: sentRequest{Method: "POST", Path: "/campaign",
			Body: `{"name":"Launch","subject":"We are live","body":"Line\nbreaks\tand \u0000 are a mail's own","tag_ids":[2,1,2]}`},
		reply: data(launchJSON),
		want:  &launch,
	}, {
		name: "Update, everything set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Campaigns.Update(ctx, 6, funnel.CampaignUpdateParams{
				Name: funnel.Ptr("Launch"), Subject: funnel.Ptr(""), Body: funnel.Ptr(""), TagIDs: &[]funnel.TagID{1},
			})
		},
		sends: sentRequest{Method: "PUT", Path: "/campaign", Body: `{"campaign_id":6,"name":"Launch","subject":"","body":"","tag_ids":[1]}`},
		reply: data(launchJSON),
		want:  &launch,
	}, {
		name: "Update, nothing set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Campaigns.Update(ctx, 6, funnel.CampaignUpdateParams{})
		},
		sends: sentRequest{Method: "PUT", Path: "/campaign", Body: `{"campaign_id":6}`},
		reply: data(launchJSON),
		want:  &launch,
	}, {
		name:  "Delete",
		call:  func(ctx context.Context, c *funnel.Client) (any, error) { return nil, c.Campaigns.Delete(ctx, 6) },
		sends: sentRequest{Method: "DELETE", Path: "/campaign", Query: "campaign_id=6"},
		reply: data(`null`),
	}, {
		name: "Schedule",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Campaigns.Schedule(ctx, 6, time.Date(2026, 5, 1, 9, 0, 0, 0, time.UTC))
		},
		sends: sentRequest{Method: "POST", Path: "/campaign-schedule", Body: `{"campaign_id":6,"scheduled_for":"2026-05-01T09:00:00Z"}`},
		reply: data(launchJSON),
		want:  &launch,
	}, {
		name:  "Unschedule",
		call:  func(ctx context.Context, c *funnel.Client) (any, error) { return c.Campaigns.Unschedule(ctx, 6) },
		sends: sentRequest{Method: "DELETE", Path: "/campaign-schedule", Query: "campaign_id=6"},
		reply: data(launchJSON),
		want:  &launch,
	}, {
		name: "Stats",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Campaigns.Stats(ctx, 6, funnel.StatsParams{Period: funnel.PeriodAllTime})
		},
		sends: sentRequest{Method: "GET", Path: "/campaign-stats", Query: "campaign_id=6&period=all_time"},
		reply: data(`{"sent":1000,"opened":"420","clicked":37.0,"bounced":null,"unsubscribed":2,"complained":1}`),
		want:  &funnel.CampaignStats{Sent: 1000, Opened: 420, Clicked: 37, Unsubscribed: 2},
	}})
}

func TestCampaigns_RefuseBadInput(t *testing.T) {
	t.Parallel()
	tests := []badInput{
		{"no name", func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Campaigns.Create(ctx, funnel.CampaignCreateParams{Subject: "We are live"})
			return err
		}, "name"},
		{"per_page of 101", func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Campaigns.List(ctx, funnel.CampaignListParams{PerPage: 101})
			return err
		}, "per_page"},
		{"page of -1, all", func(ctx context.Context, c *funnel.Client) error {
			_, err := collect(c.Campaigns.All(ctx, funnel.CampaignListParams{Page: -1}))
			return err
		}, "page"},
	}
	for _, id := range noIDs {
		tests = append(tests,
			badInput{"get campaign " + id.String(), func(ctx context.Context, c *funnel.Client) error {
				_, err := c.Campaigns.Get(ctx, funnel.CampaignID(id))
				return err
			}, "campaign_id"},
			badInput{"update campaign " + id.String(), func(ctx context.Context, c *funnel.Client) error {
				_, err := c.Campaigns.Update(ctx, funnel.CampaignID(id), funnel.CampaignUpdateParams{})
				return err
			}, "campaign_id"},
			badInput{"delete campaign " + id.String(), func(ctx context.Context, c *funnel.Client) error {
				return c.Campaigns.Delete(ctx, funnel.CampaignID(id))
			}, "campaign_id"},
			badInput{"schedule campaign " + id.String(), func(ctx context.Context, c *funnel.Client) error {
				_, err := c.Campaigns.Schedule(ctx, funnel.CampaignID(id), time.Now().Add(time.Hour))
				return err
			}, "campaign_id"},
			badInput{"unschedule campaign " + id.String(), func(ctx context.Context, c *funnel.Client) error {
				_, err := c.Campaigns.Unschedule(ctx, funnel.CampaignID(id))
				return err
			}, "campaign_id"},
			badInput{"stats of campaign " + id.String(), func(ctx context.Context, c *funnel.Client) error {
				_, err := c.Campaigns.Stats(ctx, funnel.CampaignID(id), funnel.StatsParams{})
				return err
			}, "campaign_id"},
			badInput{"tag " + id.String() + " of a new campaign", func(ctx context.Context, c *funnel.Client) error {
				_, err := c.Campaigns.Create(ctx, funnel.CampaignCreateParams{Name: "Launch", TagIDs: []funnel.TagID{1, funnel.TagID(id)}})
				return err
			}, "tag_ids"},
			badInput{"tag " + id.String() + " of an updated campaign", func(ctx context.Context, c *funnel.Client) error {
				_, err := c.Campaigns.Update(ctx, 6, funnel.CampaignUpdateParams{TagIDs: &[]funnel.TagID{1, funnel.TagID(id)}})
				return err
			}, "tag_ids"},
		)
	}
	runBadInputTests(t, tests)
}

// A moment leaves as RFC 3339 in UTC, whatever zone it was given in.
func TestCampaigns_ScheduleInUTC(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		at   time.Time
		want string
	}{
		{"UTC", time.Date(2026, 5, 1, 9, 0, 0, 0, time.UTC), "2026-05-01T09:00:00Z"},
		{"New York, the day before", time.Date(2026, 4, 30, 23, 30, 0, 0, newYork), "2026-05-01T04:30:00Z"},
		{"Tokyo, the day after", time.Date(2026, 5, 2, 0, 30, 0, 0, tokyo), "2026-05-01T15:30:00Z"},
		{"a fraction of a second", time.Date(2026, 5, 1, 9, 0, 0, 120_000_000, time.UTC), "2026-05-01T09:00:00.12Z"},
		{"year 1", time.Date(1, 1, 1, 0, 0, 1, 0, time.UTC), "0001-01-01T00:00:01Z"},
		{"the end of year 9999", time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC), "9999-12-31T23:59:59Z"},
		{"year 10000 in Tokyo", time.Date(10000, 1, 1, 8, 59, 59, 0, tokyo), "9999-12-31T23:59:59Z"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			api := newMockAPI(t).on("POST", "/campaign-schedule", data(launchJSON))
			_, err := api.client(t).Campaigns.Schedule(t.Context(), 6, tt.at)
			require.NoError(t, err)
			require.Equal(t, `{"campaign_id":6,"scheduled_for":"`+tt.want+`"}`, api.requests()[0].Body)
		})
	}
}

func TestCampaigns_ScheduleRefusesYears(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		at   time.Time
		says string
	}{
		{"zero time", time.Time{}, "is in the year 1: want a moment in the future"},
		{"zero time in another zone", time.Time{}.In(tokyo), "is in the year 1: want a moment in the future"},
		{"year 0", time.Date(0, 5, 1, 9, 0, 0, 0, time.UTC), "is in the year 0: want a moment in the future"},
		{"year 0 in UTC only", time.Date(1, 1, 1, 8, 59, 0, 0, tokyo), "is in the year 0: want a moment in the future"},
		{"a year before that", time.Date(-44, 3, 15, 9, 0, 0, 0, time.UTC), "is in the year -44: want a moment in the future"},
		{"year 10000", time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), "is in the year 10000: want a moment in the future"},
		{"year 10000 in UTC only", time.Date(9999, 12, 31, 19, 0, 0, 0, newYork), "is in the year 10000: want a moment in the future"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			campaign, err := newMockAPI(t).client(t).Campaigns.Schedule(t.Context(), 6, tt.at)
			require.Nil(t, campaign)
			requireArgumentError(t, err, "scheduled_for")
			require.EqualError(t, err, "funnel: scheduled_for: "+tt.says)
		})
	}
}

// What the SDK cannot judge it passes on, and the server refuses.
func TestCampaigns_ServerRefuses(t *testing.T) {
	t.Parallel()
	setUp := func(t *testing.T, c *funnel.Client) { // campaign 1 is scheduled, campaign 2 is not
		t.Helper()
		for _, name := range []string{"Launch", "Draft"} {
			_, err := c.Campaigns.Create(t.Context(), funnel.CampaignCreateParams{Name: name})
			require.NoError(t, err)
		}
		_, err := c.Campaigns.Schedule(t.Context(), 1, time.Now().Add(time.Hour))
		require.NoError(t, err)
	}
	schedule := func(at time.Time) func(context.Context, *funnel.Client) error {
		return func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Campaigns.Schedule(ctx, 2, at)
			return err
		}
	}
	runRefusalTests(t, setUp, []refusal{
		{"unknown status", func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Campaigns.List(ctx, funnel.CampaignListParams{Status: "on hold"})
			return err
		}, "status=on+hold", funnel.ErrInvalidStatus, nil},
		{"unknown status, all", func(ctx context.Context, c *funnel.Client) error {
			_, err := collect(c.Campaigns.All(ctx, funnel.CampaignListParams{Status: "Sent"}))
			return err
		}, "status=Sent", funnel.ErrInvalidStatus, nil},
		{"a minute ago", schedule(time.Now().Add(-time.Minute)), "scheduled_for", funnel.ErrInvalidDate, nil},
		{"a year ago", schedule(time.Now().AddDate(-1, 0, 0)), "scheduled_for", funnel.ErrInvalidDate, nil},
		{"year 1", schedule(time.Date(1, 1, 1, 0, 0, 1, 0, time.UTC)), "0001-01-01T00:00:01Z", funnel.ErrInvalidDate, nil},
		{"a scheduled campaign, to delete", func(ctx context.Context, c *funnel.Client) error {
			return c.Campaigns.Delete(ctx, 1)
		}, "campaign_id=1", funnel.ErrCampaignScheduled, nil},
		{"a tag that is not there", func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Campaigns.Create(ctx, funnel.CampaignCreateParams{Name: "New", TagIDs: []funnel.TagID{99}})
			return err
		}, `"tag_ids":[99]`, funnel.ErrNotFound, nil},
		{"empty name", func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Campaigns.Update(ctx, 1, funnel.CampaignUpdateParams{Name: funnel.Ptr("")})
			return err
		}, `"name":""`, funnel.ErrValidation, map[string][]string{"name": {"The name field is required."}}},
		{"no campaign to unschedule", func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Campaigns.Unschedule(ctx, 99)
			return err
		}, "campaign_id=99", funnel.ErrNotFound, nil},
	})
}

// A campaign from its draft to its sending, and what becomes of it.
func TestCampaigns_Flow(t *testing.T) {
	t.Parallel()
	now := atNine()
	server, client := fakeAPI(t, funneltest.WithClock(func() time.Time { return now }))
	server.SeedContacts(20) // of whom two are unsubscribed
	ctx, campaigns := t.Context(), client.Campaigns
	campaign, err := campaigns.Create(ctx, funnel.CampaignCreateParams{Name: "Launch", Subject: "We are live"})
	require.NoError(t, err)
	require.Equal(t, funnel.CampaignDraft, campaign.Status)

	at := now.Add(time.Hour)
	campaign, err = campaigns.Schedule(ctx, campaign.ID, at.In(newYork))
	require.NoError(t, err)
	require.Equal(t, funnel.CampaignScheduled, campaign.Status)
	require.Equal(t, funnel.Timestamp{Time: at}, campaign.ScheduledFor)
	require.ErrorIs(t, campaigns.Delete(ctx, campaign.ID), funnel.ErrCampaignScheduled)

	campaign, err = campaigns.Unschedule(ctx, campaign.ID)
	require.NoError(t, err)
	require.Equal(t, funnel.CampaignDraft, campaign.Status)
	require.Zero(t, campaign.ScheduledFor)
	_, err = campaigns.Schedule(ctx, campaign.ID, at)
	require.NoError(t, err)

	now = at
	campaign, err = campaigns.Get(ctx, campaign.ID)
	require.NoError(t, err)
	require.Equal(t, funnel.CampaignSent, campaign.Status)
	require.Equal(t, funnel.Timestamp{Time: at}, campaign.SentAt)
	require.NoError(t, server.RecordOpens(campaign.ID, 7))
	require.NoError(t, server.RecordClicks(campaign.ID, 3))
	stats, err := campaigns.Stats(ctx, campaign.ID, funnel.Between(now, now))
	require.NoError(t, err)
	require.Equal(t, &funnel.CampaignStats{Sent: 18, Opened: 7, Clicked: 3}, stats)

	_, err = campaigns.Unschedule(ctx, campaign.ID)
	require.Contains(t, asError[*funnel.ValidationError](t, err).Details, "campaign_id", "it has left the house")
	require.NoError(t, campaigns.Delete(ctx, campaign.ID))
}
