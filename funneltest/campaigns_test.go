package funneltest_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel/funneltest"
)

func TestCampaignLifecycle(t *testing.T) {
	t.Parallel()
	a := newAPI(t, funneltest.WithClock(newClock("2026-11-22T09:30:00Z").now))
	a.setUp(`POST /tag {"name":"a"}`, `POST /tag {"name":"b"}`)
	a.post("/campaign", `{"name":"news","status":"sent"}`).
		data(`{"id":1,"name":"news","subject":null,"body":null,"tag_ids":[],"status":"draft","scheduled_for":null,
			"sent_at":null,"created_at":"2026-11-22T09:30:00.000000Z"}`)
	const updated = `{"id":1,"name":"news","subject":"Hi","body":"<p>","tag_ids":[1,2],"status":"draft","scheduled_for":null,
			"sent_at":null,"created_at":"2026-11-22T09:30:00.000000Z"}`
	a.put("/campaign", `{"campaign_id":1,"subject":"Hi","body":"<p>","tag_ids":[2,1]}`).data(updated)
	a.put("/campaign", `{"campaign_id":1}`).data(updated)
	a.get("/campaign?campaign_id=1").data(updated)
	require.Equal(t, "[]", a.put("/campaign", `{"campaign_id":1,"tag_ids":[]}`).field("tag_ids"))

	a.post("/campaign", `{}`).invalid("name", "The name field is required.")
	a.post("/campaign", `{"name":"x","tag_ids":[9]}`).refused(404, "NOT_FOUND")
	a.put("/campaign", `{"campaign_id":1,"tag_ids":[9]}`).refused(404, "NOT_FOUND")
	a.delete("/campaign?campaign_id=1").data("null")
	a.get("/campaign?campaign_id=1").refused(404, "NOT_FOUND")
	a.delete("/campaign?campaign_id=1").refused(404, "NOT_FOUND")
}

func TestScheduledCampaignMustBeUnscheduledBeforeItIsDeleted(t *testing.T) {
	t.Parallel()
	a := newAPI(t, funneltest.WithClock(newClock("2026-11-22T09:30:00Z").now))
	a.setUp(`POST /campaign {"name":"news"}`)

	scheduled := a.post("/campaign-schedule", `{"campaign_id":1,"scheduled_for":"2026-11-22T12:00:00+01:00"}`)
	require.Equal(t, `"scheduled"`, scheduled.field("status"))
	require.Equal(t, `"2026-11-22T11:00:00.000000Z"`, scheduled.field("scheduled_for"))
	a.delete("/campaign?campaign_id=1").refused(409, "CAMPAIGN_SCHEDULED")
	require.Equal(t, []string{"1"}, a.get("/campaigns?status=scheduled").all("id"))

	draft := a.delete("/campaign-schedule?campaign_id=1")
	require.Equal(t, `"draft"`, draft.field("status"))
	require.Equal(t, `null`, draft.field("scheduled_for"))
	a.delete("/campaign-schedule?campaign_id=1").ok() // again
	a.delete("/campaign?campaign_id=1").ok()
}

func TestDatesOfSchedules(t *testing.T) {
	t.Parallel()
	const now = "2026-11-22T09:30:00Z"
	accepted := map[string]string{
		`"2026-11-22T09:30:00Z"`:        `"2026-11-22T09:30:00.000000Z"`, // now is not past
		`"2026-11-22T09:30:00.000001Z"`: `"2026-11-22T09:30:00.000001Z"`,
		`"2026-11-22T10:00:00.5+00:00"`: `"2026-11-22T10:00:00.500000Z"`,
		`"2026-11-23 10:00:00"`:         `"2026-11-23T10:00:00.000000Z"`,
		`"2026-11-23T10:00:00"`:         `"2026-11-23T10:00:00.000000Z"`,
		`"2026-11-23"`:                  `"2026-11-23T00:00:00.000000Z"`,
		`"9999-12-31T23:59:59Z"`:        `"9999-12-31T23:59:59.000000Z"`,
	}
	for given, want := range accepted {
		t.Run(given, func(t *testing.T) {
			a := newAPI(t, funneltest.WithClock(newClock(now).now))
			a.setUp(`POST /campaign {"name":"news"}`)
			got := a.post("/campaign-schedule", `{"campaign_id":1,"scheduled_for":`+given+`}`)
			require.Equal(t, want, got.field("scheduled_for"))
		})
	}
	for _, given := range []string{
		`"2026-11-22T09:29:59.999999Z"`, `"2020-01-01T00:00:00Z"`, `"0000-01-01T00:00:00Z"`, `"0001-01-01T00:00:00Z"`,
		`"2026-13-01T00:00:00Z"`, `"tomorrow"`, `"10000-01-01T00:00:00Z"`, `1795000000`, `true`, `{}`,
	} {
		t.Run(given, func(t *testing.T) {
			a := newAPI(t, funneltest.WithClock(newClock(now).now))
			a.setUp(`POST /campaign {"name":"news"}`)
			a.post("/campaign-schedule", `{"campaign_id":1,"scheduled_for":`+given+`}`).refused(400, "INVALID_DATE")
			require.Equal(t, `"draft"`, a.get("/campaign?campaign_id=1").field("status"))
		})
	}
}

func TestScheduleIsRefused(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.setUp(`POST /campaign {"name":"news"}`)
	a.post("/campaign-schedule", `{"campaign_id":1}`).invalid("scheduled_for", "The scheduled for field is required.")
	a.post("/campaign-schedule", `{"scheduled_for":"2099-01-01"}`).invalid("campaign_id", "The campaign id field is required.")
	a.post("/campaign-schedule", `{"campaign_id":9,"scheduled_for":"2099-01-01"}`).refused(404, "NOT_FOUND")
	a.delete("/campaign-schedule?campaign_id=9").refused(404, "NOT_FOUND")
}

func TestCampaignsAreSentWhenTheirTimeHasCome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // virtual time starts at midnight UTC, 2000-01-01
		a := newAPI(t)
		a.setUp(
			`POST /tag {"name":"a"}`,
			`POST /contact {"email":"a@example.com","tag_ids":[1]}`,
			`POST /contact {"email":"b@example.com","tag_ids":[1],"status":"unsubscribed"}`,
			`POST /contact {"email":"c@example.com"}`,
			`POST /campaign {"name":"later"}`,
			`POST /campaign {"name":"sooner","tag_ids":[1]}`,
			`POST /campaign {"name":"never"}`,
			`POST /campaign-schedule {"campaign_id":1,"scheduled_for":"2000-01-01T02:00:00Z"}`,
			`POST /campaign-schedule {"campaign_id":2,"scheduled_for":"2000-01-01T01:00:00Z"}`,
			`POST /campaign-schedule {"campaign_id":3,"scheduled_for":"2000-01-01T00:30:00Z"}`,
			`DELETE /campaign-schedule?campaign_id=3`,
		)
		statuses := func() []string { return a.get("/campaigns").all("status") }

		time.Sleep(time.Hour - time.Nanosecond)
		require.Equal(t, []string{`"scheduled"`, `"scheduled"`, `"draft"`}, statuses())
		time.Sleep(time.Nanosecond)
		require.Equal(t, []string{`"scheduled"`, `"sent"`, `"draft"`}, statuses())
		time.Sleep(3 * time.Hour) // nobody looks when the other one is due
		require.Equal(t, []string{`"sent"`, `"sent"`, `"draft"`}, statuses())
		require.Equal(t, []string{`"2000-01-01T02:00:00.000000Z"`, `"2000-01-01T01:00:00.000000Z"`, `null`},
			a.get("/campaigns").all("sent_at"))

		require.Equal(t, "2", a.get("/campaign-stats?campaign_id=1").field("sent"), "every subscriber")
		require.Equal(t, "1", a.get("/campaign-stats?campaign_id=2").field("sent"), "those with the tag")
		require.Equal(t, "0", a.get("/campaign-stats?campaign_id=3").field("sent"))
	})
}

func TestCampaignsThatWereDueMeanwhileAreSentInTheirOrder(t *testing.T) {
	t.Parallel()
	clock := newClock("2026-11-22T09:30:00Z")
	a := newAPI(t, funneltest.WithClock(clock.now))
	a.setUp(
		`POST /webhook {"url":"https://blocked.example/"}`,
		`POST /campaign {"name":"later"}`,
		`POST /campaign {"name":"sooner"}`,
		`POST /campaign-schedule {"campaign_id":1,"scheduled_for":"2026-11-22T11:00:00Z"}`,
		`POST /campaign-schedule {"campaign_id":2,"scheduled_for":"2026-11-22T10:00:00Z"}`,
	)
	clock.set("2026-11-22T12:00:00Z")
	a.Tick()
	sent := a.Deliveries()
	require.Len(t, sent, 2)
	require.Contains(t, string(sent[0].Body), "sooner")
	require.Contains(t, string(sent[1].Body), "later")
}

func TestRescheduledCampaignGoesAtTheNewTime(t *testing.T) {
	t.Parallel()
	clock := newClock("2026-11-22T09:30:00Z")
	a := newAPI(t, funneltest.WithClock(clock.now))
	a.setUp(
		`POST /campaign {"name":"news"}`,
		`POST /campaign-schedule {"campaign_id":1,"scheduled_for":"2026-11-22T10:00:00Z"}`,
		`POST /campaign-schedule {"campaign_id":1,"scheduled_for":"2026-11-22T11:00:00Z"}`,
	)
	clock.set("2026-11-22T10:30:00Z")
	require.Equal(t, `"scheduled"`, a.get("/campaign?campaign_id=1").field("status"))
	clock.set("2026-11-22T11:00:00Z")
	require.Equal(t, `"sent"`, a.get("/campaign?campaign_id=1").field("status"))
}

func TestSentCampaignIsNotChanged(t *testing.T) {
	t.Parallel()
	clock := newClock("2026-11-22T09:30:00Z")
	a := newAPI(t, funneltest.WithClock(clock.now))
	a.setUp(
		`POST /campaign {"name":"news"}`,
		`POST /campaign-schedule {"campaign_id":1,"scheduled_for":"2026-11-22T10:00:00Z"}`,
	)
	clock.set("2026-11-22T10:00:01Z")
	const message = "The campaign has already been sent."
	a.put("/campaign", `{"campaign_id":1,"name":"x"}`).invalid("campaign_id", message)
	a.post("/campaign-schedule", `{"campaign_id":1,"scheduled_for":"2027-01-01"}`).invalid("campaign_id", message)
	a.delete("/campaign-schedule?campaign_id=1").invalid("campaign_id", message)
	require.Equal(t, `"news"`, a.get("/campaign?campaign_id=1").field("name"))
	a.delete("/campaign?campaign_id=1").ok()
}

func TestCampaignStats(t *testing.T) {
	t.Parallel()
	clock := newClock("2026-11-22T09:30:00Z")
	a := newAPI(t, funneltest.WithClock(clock.now))
	a.SeedContacts(9)
	a.setUp(
		`POST /campaign {"name":"news"}`,
		`POST /campaign-schedule {"campaign_id":1,"scheduled_for":"2026-11-22T10:00:00Z"}`,
	)
	clock.set("2026-11-23T00:00:00Z")
	require.NoError(t, a.RecordOpens(1, 5))
	require.NoError(t, a.RecordOpens(1, 1))
	require.NoError(t, a.RecordClicks(1, 4))
	require.NoError(t, a.RecordBounces(1, 3))
	require.NoError(t, a.RecordUnsubscribes(1, 2))
	a.get("/campaign-stats?campaign_id=1").data(`{"sent":9,"opened":6,"clicked":4,"bounced":3,"unsubscribed":2}`)
	a.get("/campaign-stats?campaign_id=1&period=yesterday").data(`{"sent":9,"opened":0,"clicked":0,"bounced":0,"unsubscribed":0}`)
}

func TestCampaignStatusFilter(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.setUp(
		`POST /campaign {"name":"a"}`, `POST /campaign {"name":"b"}`,
		`POST /campaign-schedule {"campaign_id":2,"scheduled_for":"2999-01-01"}`,
	)
	require.Equal(t, []string{"1"}, a.get("/campaigns?status=draft").all("id"))
	require.Equal(t, []string{"2"}, a.get("/campaigns?status=scheduled").all("id"))
	require.Empty(t, a.get("/campaigns?status=sending").all("id"))
	require.Empty(t, a.get("/campaigns?status=sent").all("id"))
	a.get("/campaigns?status=subscribed").refused(400, "INVALID_STATUS")
}

func TestTickSendsWithoutARequest(t *testing.T) {
	t.Parallel()
	clock := newClock("2026-11-22T09:30:00Z")
	a := newAPI(t, funneltest.WithClock(clock.now), funneltest.WithWebhookHandler(accept()))
	a.setUp(
		`POST /webhook {"url":"https://hooks.test/x"}`,
		`POST /campaign {"name":"news"}`,
		`POST /campaign-schedule {"campaign_id":1,"scheduled_for":"2026-11-22T10:00:00Z"}`,
	)
	a.Tick()
	require.Empty(t, a.Deliveries())
	clock.set("2026-11-22T10:00:00Z")
	a.Tick()
	a.Tick()
	require.Len(t, a.Deliveries(), 1)
	require.Equal(t, "campaign.sent", a.Deliveries()[0].Event)
}
