package funnel_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
)

func TestCampaigns_Methods(t *testing.T) {
	t.Parallel()
	runMethodTests(t, []methodTest{{
		name: "List, nothing set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Campaigns.List(ctx, funnel.CampaignListParams{})
		},
		sends:     sentRequest{Method: "GET", Path: "/campaigns"},
		responder: pageOf(campaignJSON, newCampaignJSON),
		want:      pageOneOf(sampleCampaign, funnel.Campaign{ID: 6, Status: funnel.CampaignDraft}),
	}, {
		name: "List, everything set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Campaigns.List(ctx, funnel.CampaignListParams{
				Page: 2, PerPage: 10, Status: funnel.CampaignSent, Period: funnel.PeriodBetween,
				Range: funnel.DateRange{From: noon(1, time.UTC), To: noon(2, time.UTC)},
			})
		},
		sends: sentRequest{Method: "GET", Path: "/campaigns",
			Query: "page=2&per_page=10&period=between&range=2026-03-01to2026-03-02&status=sent"},
		responder: pageOf(campaignJSON),
		want:      pageOneOf(sampleCampaign),
	}, {
		name: "List, a status that the SDK does not know",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Campaigns.List(ctx, funnel.CampaignListParams{Status: "on hold"})
		},
		sends:     sentRequest{Method: "GET", Path: "/campaigns", Query: "status=on+hold"},
		responder: pageOf(`{"id":6,"status":"on hold"}`),
		want:      pageOneOf(funnel.Campaign{ID: 6, Status: "on hold"}),
	}, {
		name: "All",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return collect(c.Campaigns.All(ctx, funnel.CampaignListParams{Status: funnel.CampaignDraft}))
		},
		sends:     sentRequest{Method: "GET", Path: "/campaigns", Query: "page=1&per_page=100&status=draft"},
		responder: pageOf(campaignJSON),
		want:      []funnel.Campaign{sampleCampaign},
	}, {
		name:      "Get",
		call:      func(ctx context.Context, c *funnel.Client) (any, error) { return c.Campaigns.Get(ctx, 6) },
		sends:     sentRequest{Method: "GET", Path: "/campaign", Query: "campaign_id=6"},
		responder: data(campaignJSON),
		want:      &sampleCampaign,
	}, {
		name: "Create, name only",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Campaigns.Create(ctx, funnel.CampaignCreateParams{Name: "Launch"})
		},
		sends:     sentRequest{Method: "POST", Path: "/campaign", Body: `{"name":"Launch"}`},
		responder: createdAs(newCampaignJSON),
		want:      funnel.CampaignID(6),
	}, {
		name: "Create, everything set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Campaigns.Create(ctx, funnel.CampaignCreateParams{
				Name: "Launch", Subject: "We are live", FromName: "Ada", FromEmail: "ada@example.com",
			})
		},
		sends:     sentRequest{Method: "POST", Path: "/campaign", Body: `{` + launchFields + `}`},
		responder: createdAs(newCampaignJSON),
		want:      funnel.CampaignID(6),
	}, {
		name: "Update, everything set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return nil, c.Campaigns.Update(ctx, 6, funnel.CampaignUpdateParams{
				Name: funnel.Ptr("Launch"), Subject: funnel.Ptr("We are live"), FromName: funnel.Ptr("Ada"), FromEmail: funnel.Ptr("ada@example.com"),
			})
		},
		sends:     sentRequest{Method: "PUT", Path: "/campaign", Body: `{"campaign_id":6,` + launchFields + `}`},
		responder: data(newCampaignJSON),
	}, {
		name:      "Delete",
		call:      func(ctx context.Context, c *funnel.Client) (any, error) { return nil, c.Campaigns.Delete(ctx, 6) },
		sends:     sentRequest{Method: "DELETE", Path: "/campaign", Body: `{"campaign_id":6}`},
		responder: respond(http.StatusNoContent, ""),
	}, {
		name: "Schedule",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return nil, c.Campaigns.Schedule(ctx, 6, time.Date(2026, 5, 1, 9, 0, 0, 0, time.UTC))
		},
		sends:     sentRequest{Method: "POST", Path: "/campaign-schedule", Body: `{"campaign_id":6,"scheduled_for":"2026-05-01T09:00:00Z"}`},
		responder: data(`{"id":6,"status":"scheduled"}`),
	}, {
		name:      "Unschedule",
		call:      func(ctx context.Context, c *funnel.Client) (any, error) { return nil, c.Campaigns.Unschedule(ctx, 6) },
		sends:     sentRequest{Method: "DELETE", Path: "/campaign-schedule", Body: `{"campaign_id":6}`},
		responder: data(newCampaignJSON),
	}})
}

// A server that ignores the parameter returns some other campaign.
func TestCampaigns_GetRefusesAnotherCampaign(t *testing.T) {
	t.Parallel()
	api := newMockAPI(t).on("GET", "/campaign", data(campaignJSON))
	got, err := api.client(t).Campaigns.Get(t.Context(), 7)
	require.Nil(t, got)
	require.ErrorContains(t, err, "the server returned another resource than the requested one (campaign_id differs)")
	require.ErrorContains(t, err, `{"success":true,"data":{"id":6,`)
}

func TestCampaigns_RefuseBadInput(t *testing.T) {
	t.Parallel()
	create := func(params funnel.CampaignCreateParams) func(context.Context, *funnel.Client) error {
		return func(ctx context.Context, c *funnel.Client) error {
			id, err := c.Campaigns.Create(ctx, params)
			require.Zero(t, id)
			return err
		}
	}
	runBadInputTests(t, []badInput{
		{"no name", create(funnel.CampaignCreateParams{Subject: "We are live"}), "name"},
		{"blank name", create(funnel.CampaignCreateParams{Name: " "}), "name"},
		{"subject that is not UTF-8", create(funnel.CampaignCreateParams{Name: "Launch", Subject: "Voil\xe0"}), "subject"},
		{"sender that is not UTF-8", func(ctx context.Context, c *funnel.Client) error {
			return c.Campaigns.Update(ctx, 6, funnel.CampaignUpdateParams{FromName: funnel.Ptr("Jos\xe9")})
		}, "from_name"},
		{"status that is not UTF-8", func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Campaigns.List(ctx, funnel.CampaignListParams{Status: "\xff"})
			return err
		}, "status"},
	})
}

// A time is sent as RFC 3339 in UTC and whole seconds, whatever its zone.
func TestCampaigns_ScheduleSendsUTC(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		at   time.Time
		want string
	}{
		{"UTC", time.Date(2026, 5, 1, 9, 0, 0, 0, time.UTC), "2026-05-01T09:00:00Z"},
		{"New York, the day before", time.Date(2026, 4, 30, 23, 30, 0, 0, newYork), "2026-05-01T04:30:00Z"},
		{"Tokyo, the day after", time.Date(2026, 5, 2, 0, 30, 0, 0, tokyo), "2026-05-01T15:30:00Z"},
		{"a fraction of a second is cut", time.Date(2026, 5, 1, 9, 0, 0, 999_999_999, time.UTC), "2026-05-01T09:00:00Z"},
		{"year 1", time.Date(1, 1, 1, 0, 0, 1, 0, time.UTC), "0001-01-01T00:00:01Z"},
		{"the end of year 9999", time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC), "9999-12-31T23:59:59Z"},
		{"year 10000 in Tokyo", time.Date(10000, 1, 1, 8, 59, 59, 0, tokyo), "9999-12-31T23:59:59Z"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			api := newMockAPI(t).on("POST", "/campaign-schedule", data(newCampaignJSON))
			require.NoError(t, api.client(t).Campaigns.Schedule(t.Context(), 6, tt.at))
			require.Equal(t, `{"campaign_id":6,"scheduled_for":"`+tt.want+`"}`, api.requests()[0].Body)
		})
	}
}

func TestCampaigns_ScheduleRefusesYears(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		at   time.Time
		says string
	}{
		{"zero time", time.Time{}, "is in the year 1: want a time in the future"},
		{"zero time in another zone", time.Time{}.In(tokyo), "is in the year 1: want a time in the future"},
		{"year 0", time.Date(0, 5, 1, 9, 0, 0, 0, time.UTC), "is in the year 0: want a time in the future"},
		{"year 0 in UTC only", time.Date(1, 1, 1, 8, 59, 0, 0, tokyo), "is in the year 0: want a time in the future"},
		{"year -44", time.Date(-44, 3, 15, 9, 0, 0, 0, time.UTC), "is in the year -44: want a time in the future"},
		{"year 10000", time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), "is in the year 10000: want a time in the future"},
		{"year 10000 in UTC only", time.Date(9999, 12, 31, 19, 0, 0, 0, newYork), "is in the year 10000: want a time in the future"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			api := newMockAPI(t)
			err := api.client(t).Campaigns.Schedule(t.Context(), 6, tt.at)
			requireArgumentError(t, err, "scheduled_for")
			require.EqualError(t, err, "funnel: scheduled_for: "+tt.says)
			require.Empty(t, api.requests())
		})
	}
}

// A campaign from its draft to the mail.
func TestCampaigns_Flow(t *testing.T) {
	t.Parallel()
	now := atNine()
	server, client := fakeAPI(t, funneltest.WithClock(func() time.Time { return now }))
	server.SeedContacts(20) // of which 18 have email_marketing
	ctx, campaigns := t.Context(), client.Campaigns
	id, err := campaigns.Create(ctx, funnel.CampaignCreateParams{Name: "Launch", Subject: "We are live"})
	require.NoError(t, err)
	get := func() funnel.Campaign {
		got, err := campaigns.Get(ctx, id)
		require.NoError(t, err)
		return *got
	}
	draft := funnel.Campaign{ID: id, Name: "Launch", Subject: "We are live", Status: funnel.CampaignDraft, CreatedAt: funnel.Timestamp{Time: now}}
	require.Equal(t, draft, get())

	at := now.Add(time.Hour)
	require.NoError(t, campaigns.Schedule(ctx, id, at.In(newYork)))
	scheduled := draft
	scheduled.Status, scheduled.ScheduledFor = funnel.CampaignScheduled, funnel.Timestamp{Time: at}
	require.Equal(t, scheduled, get())
	require.ErrorIs(t, campaigns.Delete(ctx, id), funnel.ErrCampaignScheduled)
	require.NoError(t, campaigns.Unschedule(ctx, id))
	require.Equal(t, draft, get())
	require.NoError(t, campaigns.Schedule(ctx, id, at))

	now = at
	sent := get()
	require.Equal(t, funnel.CampaignSent, sent.Status)
	require.Equal(t, 18, sent.SentTo)
	require.Equal(t, funnel.Timestamp{Time: at}, sent.SentAt)
	page, err := campaigns.List(ctx, funnel.CampaignListParams{Status: funnel.CampaignSent, Range: funnel.DateRange{From: now, To: now}})
	require.NoError(t, err)
	require.Equal(t, []funnel.Campaign{sent}, page.Items)
	require.NoError(t, campaigns.Delete(ctx, id))
}
