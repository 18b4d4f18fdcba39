package funneltest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel/funneltest"
)

func TestCampaigns_Lifecycle(t *testing.T) {
	t.Parallel()
	a := newAPIAtNoon(t)
	const (
		full = `{"id":1,"name":"Spring","subject":"Hello","from_name":"Ada","from_email":"ada@example.com","status":"draft",
			"sent_to":0,"recipients_count":0,"sent_at":null,"scheduled_for":null,"created_at":"2031-03-10T12:00:00.000000Z"}`
		bare = `{"id":2,"name":"Summer","subject":null,"from_name":null,"from_email":null,"status":"draft",
			"sent_to":0,"recipients_count":0,"sent_at":null,"scheduled_for":null,"created_at":"2031-03-10T12:00:00.000000Z"}`
	)
	a.expect(
		exchange{`POST /campaign {"name":"Spring","subject":"Hi","from_name":"Ada","from_email":"ada@example.com"}`, 201,
			data(`{"id":1,"status":"draft"}`)},
		exchange{`POST /campaign {"name":"Summer"}`, 201, data(`{"id":2,"status":"draft"}`)},
		exchange{`PUT /campaign {"campaign_id":1,"subject":"Hello"}`, 200, data(`{"id":1}`)},
		exchange{`GET /campaign?campaign_id=1`, 200, data(full)},
		exchange{`GET /campaigns`, 200, onePage("2", bare+","+full)},
		exchange{`POST /campaign {"from_email":"nobody"}`, 422, invalid(`{
			"name":["The name field is required."],"from_email":["The from email must be a valid email address."]}`)},
		exchange{`GET /campaign?campaign_id=3`, 404, notFound("Campaign")},
		exchange{`GET /campaign`, 422, invalid(`{"campaign_id":["The campaign id field is required."]}`)},
		exchange{`PUT /campaign {"campaign_id":3}`, 404, notFound("Campaign")},
		exchange{`DELETE /campaign {"campaign_id":1}`, 200, done},
		exchange{`DELETE /campaign {"campaign_id":1}`, 404, notFound("Campaign")},
	)
}

func TestCampaigns_Schedule(t *testing.T) {
	t.Parallel()
	a := newAPIAtNoon(t)
	a.setUp(`POST /campaign {"name":"c"}`)
	const exists = `{"success":false,"error":{"code":"CAMPAIGN_SCHEDULED","message":"The campaign is scheduled and must be unscheduled first"}}`
	a.expect(
		exchange{`DELETE /campaign-schedule {"campaign_id":1}`, 200, done},
		exchange{`POST /campaign-schedule {"campaign_id":1,"scheduled_for":"2031-03-10T14:00:00+01:00"}`, 200, data(`{"id":1}`)},
	)
	require.Contains(t, a.get("/campaign?campaign_id=1").Body, `"status":"scheduled","sent_to":0,"recipients_count":0,`+
		`"sent_at":null,"scheduled_for":"2031-03-10T13:00:00.000000Z"`)
	a.expect(
		exchange{`DELETE /campaign {"campaign_id":1}`, 409, exists},
		exchange{`PUT /campaign {"campaign_id":1,"name":"d"}`, 200, data(`{"id":1}`)},
		exchange{`POST /campaign-schedule {"campaign_id":1,"scheduled_for":"2031-03-11 09:00:00"}`, 200, data(`{"id":1}`)},
		exchange{`DELETE /campaign-schedule {"campaign_id":1}`, 200, done},
	)
	require.Contains(t, a.get("/campaign?campaign_id=1").Body, `"status":"draft"`)
	a.expect(
		exchange{`POST /campaign-schedule {"campaign_id":2,"scheduled_for":"2031-03-11"}`, 404, notFound("Campaign")},
		exchange{`DELETE /campaign-schedule {"campaign_id":2}`, 404, notFound("Campaign")},
		exchange{`POST /campaign-schedule {}`, 422, invalid(`{"campaign_id":["The campaign id field is required."],
			"scheduled_for":["The scheduled for field is required."]}`)},
		exchange{`DELETE /campaign {"campaign_id":1}`, 200, done},
	)
}

func TestCampaigns_ScheduleDates(t *testing.T) {
	t.Parallel()
	for scheduledFor, valid := range map[string]bool{
		`"2031-03-10T12:00:00Z"`:            true, // now
		`"2031-03-10T12:00:00.000000Z"`:     true,
		`"2031-03-10T12:00:00"`:             true,
		`"2031-03-11"`:                      true,
		`"2031-03-10T11:59:59Z"`:            false,
		`"2031-03-10T12:59:59+01:00"`:       false,
		`"9999-12-31T23:59:59Z"`:            true,
		`"9999-12-31T23:59:59-05:00"`:       false, // in UTC the year has five digits
		`"2031-02-30T12:00:00Z"`:            false,
		`"tomorrow"`:                        false,
		`1931000000`:                        false,
		`true`:                              false,
		`"Mon, 10 Mar 2031 13:00:00 +0000"`: false,
	} {
		t.Run(scheduledFor, func(t *testing.T) {
			t.Parallel()
			a := newAPIAtNoon(t)
			a.setUp(`POST /campaign {"name":"c"}`)
			got := a.call(`POST /campaign-schedule {"campaign_id":1,"scheduled_for":` + scheduledFor + `}`)
			if !valid {
				got.isError(400, "INVALID_DATE")
				require.Contains(t, a.get("/campaign?campaign_id=1").Body, `"status":"draft"`)
				return
			}
			got.ok()
			snapshot, err := a.Snapshot()
			require.NoError(t, err)
			require.NoError(t, a.Restore(snapshot))
		})
	}
}

func TestCampaigns_SentWhenDue(t *testing.T) {
	t.Parallel()
	clock := newClock(noon)
	a := newAPI(t, funneltest.WithClock(clock.now))
	a.SeedContacts(20) // two without email_marketing
	a.setUp(
		`POST /campaign {"name":"later"}`, `POST /campaign-schedule {"campaign_id":1,"scheduled_for":"2031-03-10T14:00:00Z"}`,
		`POST /campaign {"name":"sooner"}`, `POST /campaign-schedule {"campaign_id":2,"scheduled_for":"2031-03-10T13:00:00Z"}`,
	)
	clock.set("2031-03-10T12:59:59.999999Z")
	require.Equal(t, []string{`"scheduled"`, `"scheduled"`}, a.get("/campaigns").all("status"))

	clock.set("2031-03-10T13:30:00Z")
	a.SeedContacts(5) // after the first was due, before any request
	require.Equal(t, []string{`"sent"`, `"scheduled"`}, a.get("/campaigns").all("status"))
	require.Contains(t, a.get("/campaign?campaign_id=2").Body, `"sent_to":18,"recipients_count":18,`+
		`"sent_at":"2031-03-10T13:00:00.000000Z","scheduled_for":"2031-03-10T13:00:00.000000Z"`)

	clock.set("2031-03-10T14:00:00Z")
	require.Contains(t, a.get("/campaign?campaign_id=1").Body, `"status":"sent","sent_to":23,"recipients_count":23,`)

	for _, line := range []string{
		`PUT /campaign {"campaign_id":1,"name":"x"}`,
		`POST /campaign-schedule {"campaign_id":1,"scheduled_for":"2031-03-11"}`,
	} {
		a.call(line).isInvalid("campaign_id", "The campaign has already been sent.")
	}
	a.expect(
		exchange{`DELETE /campaign-schedule {"campaign_id":1}`, 200, done},
		exchange{`GET /campaigns?status=draft`, 200, onePage("0", "")},
		exchange{`DELETE /campaign {"campaign_id":1}`, 200, done},
	)
}

func TestCampaigns_UnscheduledInTimeIsNotSent(t *testing.T) {
	t.Parallel()
	clock := newClock(noon)
	a := newAPI(t, funneltest.WithClock(clock.now))
	a.setUp(`POST /campaign {"name":"c"}`, `POST /campaign-schedule {"campaign_id":1,"scheduled_for":"2031-03-10T13:00:00Z"}`,
		`DELETE /campaign-schedule {"campaign_id":1}`)
	clock.set("2031-03-10T14:00:00Z")
	require.Equal(t, []string{`"draft"`}, a.get("/campaigns").all("status"))
}
