package funnel_test

import (
	"context"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
)

var (
	newYork = time.FixedZone("EST", -5*60*60)
	tokyo   = time.FixedZone("JST", 9*60*60)
)

// statsCalls are the two methods that take a period.
var statsCalls = []struct {
	name, path, id string
	call           func(context.Context, *funnel.Client, funnel.StatsParams) error
}{
	{"Campaigns.Stats", "/campaign-stats", "campaign_id=1", func(ctx context.Context, c *funnel.Client, params funnel.StatsParams) error {
		_, err := c.Campaigns.Stats(ctx, 1, params)
		return err
	}},
	{"Funnels.Stats", "/funnel-stats", "funnel_id=1", func(ctx context.Context, c *funnel.Client, params funnel.StatsParams) error {
		_, err := c.Funnels.Stats(ctx, 1, params)
		return err
	}},
}

// Dates are calendar days, each in its own zone: 23:30 in New York is a day
// later in UTC, and stays the day that it is there.
func TestStats_SendPeriodsAndDays(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		params funnel.StatsParams
		sends  string // beside the id
	}{
		{"nothing set", funnel.StatsParams{}, ""},
		{"today", funnel.StatsParams{Period: funnel.PeriodToday}, "period=today"},
		{"yesterday", funnel.StatsParams{Period: funnel.PeriodYesterday}, "period=yesterday"},
		{"last 7 days", funnel.StatsParams{Period: funnel.PeriodLast7Days}, "period=last_7_days"},
		{"last 30 days", funnel.StatsParams{Period: funnel.PeriodLast30Days}, "period=last_30_days"},
		{"this month", funnel.StatsParams{Period: funnel.PeriodThisMonth}, "period=this_month"},
		{"last month", funnel.StatsParams{Period: funnel.PeriodLastMonth}, "period=last_month"},
		{"all time", funnel.StatsParams{Period: funnel.PeriodAllTime}, "period=all_time"},
		{"a period that the SDK does not know", funnel.StatsParams{Period: "next & last"}, "period=next+%26+last"},
		{
			"days in UTC",
			funnel.Between(day(2026, 2, 1, time.UTC), day(2026, 2, 28, time.UTC)),
			"period=between&from=2026-02-01&to=2026-02-28",
		}, {
			"one day",
			funnel.Between(day(2026, 2, 1, time.UTC), day(2026, 2, 1, time.UTC)),
			"period=between&from=2026-02-01&to=2026-02-01",
		}, {
			"late in New York",
			funnel.Between(time.Date(2026, 2, 1, 23, 30, 0, 0, newYork), time.Date(2026, 2, 28, 23, 59, 59, 999999999, newYork)),
			"period=between&from=2026-02-01&to=2026-02-28",
		}, {
			"early in Tokyo",
			funnel.Between(time.Date(2026, 2, 1, 0, 30, 0, 0, tokyo), time.Date(2026, 3, 1, 0, 0, 0, 0, tokyo)),
			"period=between&from=2026-02-01&to=2026-03-01",
		}, {
			"from New York to Tokyo",
			funnel.Between(time.Date(2026, 2, 1, 23, 30, 0, 0, newYork), time.Date(2026, 2, 3, 0, 30, 0, 0, tokyo)),
			"period=between&from=2026-02-01&to=2026-02-03",
		}, {
			"set by hand",
			funnel.StatsParams{Period: funnel.PeriodBetween, From: day(2026, 2, 1, tokyo), To: day(2026, 2, 2, newYork)},
			"period=between&from=2026-02-01&to=2026-02-02",
		}, {
			"from year 0",
			funnel.Between(day(0, 1, 1, time.UTC), day(9999, 12, 31, time.UTC)),
			"period=between&from=0000-01-01&to=9999-12-31",
		},
	}
	for _, tt := range tests {
		for _, stats := range statsCalls {
			t.Run(tt.name+"/"+stats.name, func(t *testing.T) {
				t.Parallel()
				api := newMockAPI(t).on("GET", stats.path, data(`{}`))
				require.NoError(t, stats.call(t.Context(), api.client(t), tt.params))
				require.Equal(t, []string{"GET " + stats.path}, api.operations())
				want, err := url.ParseQuery(stats.id + "&" + tt.sends)
				require.NoError(t, err)
				got, err := url.ParseQuery(api.requests()[0].Query)
				require.NoError(t, err)
				require.Equal(t, want, got)
			})
		}
	}
}

// day is noon of a day in a zone.
func day(year int, month time.Month, day int, zone *time.Location) time.Time {
	return time.Date(year, month, day, 12, 0, 0, 0, zone)
}

func TestStats_RefuseBadInput(t *testing.T) {
	t.Parallel()
	aDay := day(2026, 2, 1, time.UTC)
	tests := []struct {
		name   string
		params funnel.StatsParams
		field  string
		says   string
	}{
		{"between nothing", funnel.StatsParams{Period: funnel.PeriodBetween}, "from",
			`is missing: the period "between" needs both ends, see Between`},
		{"between, without its beginning", funnel.Between(time.Time{}, aDay), "from",
			`is missing: the period "between" needs both ends, see Between`},
		{"between, without its end", funnel.Between(aDay, time.Time{}), "to",
			`is missing: the period "between" needs both ends, see Between`},
		{"a zero time in another zone", funnel.Between(aDay, time.Time{}.In(tokyo)), "to",
			`is missing: the period "between" needs both ends, see Between`},
		{"between, the wrong way round", funnel.Between(aDay, aDay.AddDate(0, 0, -1)), "from",
			`is 2026-02-01, which is after to, 2026-01-31: swap them`},
		{"days of today", funnel.StatsParams{Period: funnel.PeriodToday, From: aDay, To: aDay}, "period",
			`is "today": from and to go with "between" only, see Between`},
		{"days without a period", funnel.StatsParams{From: aDay, To: aDay}, "period",
			`is "": from and to go with "between" only, see Between`},
		{"an end without a period", funnel.StatsParams{To: aDay}, "period",
			`is "": from and to go with "between" only, see Between`},
	}
	for _, tt := range tests {
		for _, stats := range statsCalls {
			t.Run(tt.name+"/"+stats.name, func(t *testing.T) {
				t.Parallel()
				err := stats.call(t.Context(), newMockAPI(t).client(t), tt.params)
				requireArgumentError(t, err, tt.field)
				require.EqualError(t, err, "funnel: "+tt.field+": "+tt.says)
			})
		}
	}
}

// What the SDK cannot judge it passes on, and the server refuses.
func TestStats_ServerRefuses(t *testing.T) {
	t.Parallel()
	setUp := func(t *testing.T, c *funnel.Client) {
		t.Helper()
		_, err := c.Funnels.Create(t.Context(), funnel.FunnelCreateParams{Name: "Spring"})
		require.NoError(t, err)
		_, err = c.Campaigns.Create(t.Context(), funnel.CampaignCreateParams{Name: "Launch"})
		require.NoError(t, err)
	}
	var tests []refusal
	for _, stats := range statsCalls {
		for _, tt := range []struct {
			name   string
			params funnel.StatsParams
			sends  string
		}{
			{"unknown period", funnel.StatsParams{Period: "fortnight"}, "period=fortnight"},
			{"period in capitals", funnel.StatsParams{Period: "TODAY"}, "period=TODAY"},
			{"year 10000", funnel.Between(day(2026, 2, 2, time.UTC), day(10000, 1, 1, time.UTC)), "to=10000-01-01"},
			{"a year before 0", funnel.Between(day(-1, 1, 1, time.UTC), day(2026, 1, 1, time.UTC)), "from=-0001-01-01"},
		} {
			tests = append(tests, refusal{stats.name + ": " + tt.name, func(ctx context.Context, c *funnel.Client) error {
				return stats.call(ctx, c, tt.params)
			}, tt.sends, funnel.ErrInvalidPeriod, nil})
		}
	}
	runRefusalTests(t, setUp, tests)
}

// Both ends of a range belong to it.
func TestStats_BetweenIncludesBothDays(t *testing.T) {
	t.Parallel()
	now := atNine()
	server, client := fakeAPI(t, funneltest.WithClock(func() time.Time { return now }))
	shop, err := client.Funnels.Create(t.Context(), funnel.FunnelCreateParams{Name: "Shop"})
	require.NoError(t, err)
	for d := 1; d <= 5; d++ { // 1 visit on the 1st, 2 on the 2nd …
		now = time.Date(2026, 3, d, 23, 30, 0, 0, time.UTC)
		for range d {
			require.NoError(t, server.RecordVisit(shop.ID))
		}
	}
	stats, err := client.Funnels.Stats(t.Context(), shop.ID, funnel.Between(
		time.Date(2026, 3, 2, 23, 30, 0, 0, newYork), time.Date(2026, 3, 4, 0, 30, 0, 0, tokyo)))
	require.NoError(t, err)
	require.Equal(t, 2+3+4, stats.Visits)
}
