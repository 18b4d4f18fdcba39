package funneltest_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel/funneltest"
)

func TestFunnelLifecycle(t *testing.T) {
	t.Parallel()
	a := newAPI(t, funneltest.WithClock(newClock("2026-11-22T09:30:00Z").now))
	const created = `{"id":1,"name":"launch","status":"draft","subdomain":"acme","steps_count":0,"created_at":"2026-11-22T09:30:00.000000Z"}`
	a.post("/funnel", `{"name":"launch"}`).data(created)
	a.get("/funnel?funnel_id=1").data(created)
	a.get("/funnels").data("[" + created + "]")
	require.Equal(t, `"published"`, a.put("/funnel", `{"funnel_id":1,"status":"published"}`).field("status"))
	a.put("/funnel", `{"funnel_id":1,"status":"loud"}`).invalid("status", "The selected status is invalid.")
	a.post("/funnel", `{}`).invalid("name", "The name field is required.")
	a.delete("/funnel?funnel_id=1").data("null")
	a.get("/funnel?funnel_id=1").refused(404, "NOT_FOUND")
}

func TestAccountWithoutSubdomainCannotCreateFunnels(t *testing.T) {
	t.Parallel()
	a := newAPI(t, funneltest.WithoutSubdomain())
	a.post("/funnel", `{"name":"launch"}`).refused(400, "NO_SUBDOMAIN")
	require.Zero(t, a.Counts()["funnels"])
}

func TestStepsAreListedByPosition(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.setUp(`POST /funnel {"name":"a"}`, `POST /funnel {"name":"b"}`)

	a.post("/funnel-step", `{"funnel_id":1,"name":"Start","path":"start"}`).
		data(`{"id":1,"funnel_id":1,"name":"Start","path":"start","type":"optin","position":1}`)
	a.post("/funnel-step", `{"funnel_id":1,"name":"Thanks","path":"Thank_you-2","type":"thank_you"}`).
		data(`{"id":2,"funnel_id":1,"name":"Thanks","path":"Thank_you-2","type":"thank_you","position":2}`)
	a.setUp(`POST /funnel-step {"funnel_id":2,"name":"x","path":"x"}`)

	a.put("/funnel-step", `{"step_id":2,"position":0,"funnel_id":2}`).
		data(`{"id":2,"funnel_id":1,"name":"Thanks","path":"Thank_you-2","type":"thank_you","position":0}`)
	require.Equal(t, []string{"2", "1"}, a.get("/funnel-steps?funnel_id=1").all("id"))
	require.Equal(t, []string{"2", "1"}, a.get("/funnels").all("steps_count"))
	a.delete("/funnel-step?step_id=2").data("null")
	require.Equal(t, []string{"1"}, a.get("/funnel-steps?funnel_id=1").all("id"))
}

func TestPathsAreUniqueWithinAFunnel(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.setUp(
		`POST /funnel {"name":"a"}`, `POST /funnel {"name":"b"}`,
		`POST /funnel-step {"funnel_id":1,"name":"x","path":"start"}`,
		`POST /funnel-step {"funnel_id":1,"name":"y","path":"end"}`,
		`POST /funnel-step {"funnel_id":2,"name":"z","path":"start"}`,
	)
	a.put("/funnel-step", `{"step_id":2,"path":"start"}`).refused(409, "PATH_TAKEN")
	a.post("/funnel-step", `{"funnel_id":1,"name":"w","path":"start"}`).refused(409, "PATH_TAKEN")
	require.Equal(t, []string{`"start"`, `"end"`}, a.get("/funnel-steps?funnel_id=1").all("path"))

	a.setUp(`PUT /funnel-step {"step_id":1,"path":"begin"}`, `PUT /funnel-step {"step_id":2,"path":"start"}`)
}

func TestSlugsAreValidated(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.setUp(`POST /funnel {"name":"a"}`, `POST /funnel-step {"funnel_id":1,"name":"x","path":"start"}`)
	for name, test := range map[string]struct{ path, message string }{
		"empty":          {"", "The path field is required."},
		"slash":          {"a/b", "The path format is invalid."},
		"leading slash":  {"/a", "The path format is invalid."},
		"parent":         {"..", "The path format is invalid."},
		"space":          {"a b", "The path format is invalid."},
		"unicode":        {"grüße", "The path format is invalid."},
		"percent":        {"a%2Fb", "The path format is invalid."},
		"256 characters": {strings.Repeat("a", 256), "The path must not be greater than 255 characters."},
		"5,000":          {strings.Repeat("a", 5000), "The path must not be greater than 255 characters."},
	} {
		t.Run(name, func(t *testing.T) {
			a.post("/funnel-step", `{"funnel_id":1,"name":"y","path":"`+test.path+`"}`).invalid("path", test.message)
			a.put("/funnel-step", `{"step_id":1,"path":"`+test.path+`"}`).invalid("path", test.message)
		})
	}
	require.Equal(t, []string{`"start"`}, a.get("/funnel-steps?funnel_id=1").all("path"))
	a.put("/funnel-step", `{"step_id":1,"path":"`+strings.Repeat("a", 255)+`"}`).ok()
}

func TestStepIsRefused(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.setUp(`POST /funnel {"name":"a"}`)
	a.post("/funnel-step", `{"name":"x","path":"x"}`).invalid("funnel_id", "The funnel id field is required.")
	a.post("/funnel-step", `{"funnel_id":9,"name":"x","path":"x"}`).refused(404, "NOT_FOUND")
	a.post("/funnel-step", `{"funnel_id":1,"path":"x"}`).invalid("name", "The name field is required.")
	a.post("/funnel-step", `{"funnel_id":1,"name":"x","path":"x","type":"maze"}`).invalid("type", "The selected type is invalid.")
	a.get("/funnel-steps").invalid("funnel_id", "The funnel id field is required.")
	a.get("/funnel-steps?funnel_id=9").refused(404, "NOT_FOUND")
	a.put("/funnel-step", `{"step_id":9}`).refused(404, "NOT_FOUND")
	a.delete("/funnel-step?step_id=9").refused(404, "NOT_FOUND")
	require.Zero(t, a.Counts()["steps"])
}

func TestDeletedFunnelTakesItsStepsWithIt(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.setUp(
		`POST /funnel {"name":"a"}`, `POST /funnel {"name":"b"}`,
		`POST /funnel-step {"funnel_id":1,"name":"x","path":"x"}`,
		`POST /funnel-step {"funnel_id":2,"name":"x","path":"x"}`,
		`DELETE /funnel?funnel_id=1`,
	)
	require.Equal(t, 1, a.Counts()["steps"])
	require.Equal(t, []string{"2"}, a.get("/funnel-steps?funnel_id=2").all("id"))
}

func TestFunnelStatsCountWhatHappenedInThePeriod(t *testing.T) {
	t.Parallel()
	clock := newClock("2026-11-22T09:30:00Z")
	a := newAPI(t, funneltest.WithClock(clock.now))
	a.setUp(`POST /funnel {"name":"a"}`, `POST /funnel {"name":"b"}`)
	for _, moment := range []string{
		"2026-09-30T23:59:59Z",
		"2026-10-01T00:00:00Z",
		"2026-10-24T12:00:00Z", // 30 days with the 22nd of November
		"2026-10-31T23:59:59.999999Z",
		"2026-11-01T00:00:00Z",
		"2026-11-15T23:59:59Z",
		"2026-11-16T00:00:00Z",
		"2026-11-21T00:00:00Z",
		"2026-11-21T23:59:59.999999Z",
		"2026-11-22T00:00:00Z",
	} {
		clock.set(moment)
		require.NoError(t, a.RecordVisit(1))
	}
	require.NoError(t, a.RecordVisit(2))

	clock.set("2026-11-22T23:59:59Z")
	for query, visits := range map[string]string{
		"":                     "10",
		"&period=all_time":     "10",
		"&period=today":        "1",
		"&period=yesterday":    "2",
		"&period=last_7_days":  "4",
		"&period=last_30_days": "8",
		"&period=this_month":   "6",
		"&period=last_month":   "3",
		"&period=between&from=2026-10-31&to=2026-11-01": "2",
		"&period=between&from=2026-11-21&to=2026-11-21": "2",
		"&period=between&from=2020-01-01&to=2020-12-31": "0",
		"&period=today&from=2026-10-31&to=2026-11-01":   "1", // from and to are of between only
	} {
		t.Run(query, func(t *testing.T) {
			require.Equal(t, visits, a.get("/funnel-stats?funnel_id=1"+query).field("visits"))
		})
	}
}

func TestMonthsTurnAtTheYearsEnd(t *testing.T) {
	t.Parallel()
	clock := newClock("2026-12-31T23:00:00Z")
	a := newAPI(t, funneltest.WithClock(clock.now))
	a.setUp(`POST /funnel {"name":"a"}`)
	require.NoError(t, a.RecordVisit(1))
	clock.set("2027-01-01T01:00:00Z")
	require.NoError(t, a.RecordVisit(1))
	require.NoError(t, a.RecordVisit(1))
	require.Equal(t, "1", a.get("/funnel-stats?funnel_id=1&period=last_month").field("visits"))
	require.Equal(t, "2", a.get("/funnel-stats?funnel_id=1&period=this_month").field("visits"))
	require.Equal(t, "1", a.get("/funnel-stats?funnel_id=1&period=yesterday").field("visits"))
}

func TestRevenueIsExact(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.setUp(`POST /funnel {"name":"a"}`)
	a.get("/funnel-stats?funnel_id=1").data(`{"visits":0,"optins":0,"sales":0,"revenue":"0.00"}`)

	require.NoError(t, a.RecordVisit(1))
	require.NoError(t, a.RecordOptin(1))
	for _, amount := range []string{"0.1", "0.2", "49", "999999999.99"} {
		require.NoError(t, a.RecordSale(1, amount))
	}
	a.get("/funnel-stats?funnel_id=1").data(`{"visits":1,"optins":1,"sales":4,"revenue":"1000000049.29"}`)
}

func TestWhatCannotHappenIsNotRecorded(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.setUp(`POST /funnel {"name":"a"}`, `POST /campaign {"name":"c"}`)
	require.EqualError(t, a.RecordVisit(9), "funneltest: there is no funnel 9")
	require.EqualError(t, a.RecordOptin(9), "funneltest: there is no funnel 9")
	require.EqualError(t, a.RecordSale(9, "1"), "funneltest: there is no funnel 9")
	for _, amount := range []string{"", "-1", "1,50", "1.999", ".5", "1.", "1e3", "٣", "1000000000", " 1"} {
		require.ErrorContains(t, a.RecordSale(1, amount), "is no amount of money", amount)
	}
	require.EqualError(t, a.RecordOpens(9, 1), "funneltest: there is no campaign 9")
	require.EqualError(t, a.RecordOpens(1, 1), "funneltest: campaign 1 has not been sent")
	require.EqualError(t, a.RecordOpens(1, -1), "funneltest: -1 is less than nothing")
	require.Equal(t, "0", a.get("/funnel-stats?funnel_id=1").field("sales"))
}

func TestInvalidPeriods(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.setUp(`POST /funnel {"name":"a"}`, `POST /campaign {"name":"c"}`)
	for _, period := range []string{
		"period=fortnight",
		"period=TODAY",
		"period=between",
		"period=between&from=2026-01-01",
		"period=between&to=2026-01-01",
		"period=between&from=2026-01-02&to=2026-01-01",
		"period=between&from=2026-02-30&to=2026-03-01",
		"period=between&from=yesterday&to=today",
	} {
		t.Run(period, func(t *testing.T) {
			a.get("/funnel-stats?funnel_id=1&"+period).refused(400, "INVALID_PERIOD")
			a.get("/campaign-stats?campaign_id=1&"+period).refused(400, "INVALID_PERIOD")
		})
	}
	a.get("/funnel-stats").invalid("funnel_id", "The funnel id field is required.")
	a.get("/funnel-stats?funnel_id=9").refused(404, "NOT_FOUND")
	a.get("/campaign-stats").invalid("campaign_id", "The campaign id field is required.")
	a.get("/campaign-stats?campaign_id=9").refused(404, "NOT_FOUND")
}
