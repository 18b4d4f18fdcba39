package funneltest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel/funneltest"
)

// furnish fills an account with some of everything.
func furnish(t *testing.T, a *api) {
	t.Helper()
	a.setUp(
		`POST /tag {"name":"a"}`, `POST /tag {"name":"gone"}`, `POST /tag {"name":"b"}`, `DELETE /tag?tag_id=2`,
		`POST /sequence {"name":"s","status":"active"}`,
		`POST /sequence-stage {"sequence_id":1,"type":"send_email"}`,
		`POST /sequence-stage {"sequence_id":1,"type":"add_tag","tag_id":3,"delay_minutes":5}`,
		`PUT /sequence-stage-content {"stage_id":1,"subject":"s","body":"b","preview_text":"p"}`,
		`POST /contact {"email":"ada@example.com","first_name":"Ada","last_name":"L","phone":"1","tag_ids":[3,1],"sequence_ids":[1],"custom_fields":{"k":"v"}}`,
		`POST /contact {"email":"bob@example.com","tag_ids":[1]}`,
		`POST /funnel {"name":"f","status":"published"}`,
		`POST /funnel-step {"funnel_id":1,"name":"x","path":"x"}`,
		`POST /campaign {"name":"c","subject":"s","body":"b","tag_ids":[1]}`,
		`POST /campaign-schedule {"campaign_id":1,"scheduled_for":"2026-11-22T10:00:00Z"}`,
		`POST /campaign {"name":"d"}`,
		`POST /webhook {"url":"https://hooks.test/","events":["funnel.sale"],"active":false}`,
	)
	require.NoError(t, a.RecordVisit(1))
	require.NoError(t, a.RecordSale(1, "12.34"))
}

// views are all that the API shows of an account.
var views = []string{
	"/contacts", "/contact?email=ADA@example.com", "/contacts?tag_ids=1", "/contacts?sequence_ids=1", "/tags", "/sequences",
	"/sequence-stages?sequence_id=1", "/sequence-stage-content?stage_id=1", "/funnels", "/funnel-steps?funnel_id=1",
	"/funnel-stats?funnel_id=1", "/campaigns", "/campaign-stats?campaign_id=1", "/webhooks",
}

func TestARestoredAccountIsTheSame(t *testing.T) {
	t.Parallel()
	clock := newClock("2026-11-22T09:30:00.123456Z")
	a := newAPI(t, funneltest.WithClock(clock.now))
	furnish(t, a)
	snapshot, err := a.Snapshot()
	require.NoError(t, err)

	b := newAPI(t, funneltest.WithClock(clock.now))
	b.setUp(`POST /contact {"email":"stranger@example.com"}`)
	require.NoError(t, b.Restore(snapshot))
	for _, moment := range []string{"2026-11-22T09:31:00Z", "2026-11-22T10:00:00Z"} { // the second sends the campaign
		clock.set(moment)
		for _, view := range views {
			require.Equal(t, a.get(view).ok().Body, b.get(view).ok().Body, view)
		}
	}

	// The rules live on: ids go on counting, unique keys are taken, counts are kept.
	require.Equal(t, "4", b.post("/tag", `{"name":"c"}`).field("id"))
	b.post("/tag", `{"name":"B"}`).refused(409, "TAG_EXISTS")
	b.post("/contact", `{"email":"BOB@example.com"}`).refused(409, "CONTACT_EXISTS")
	b.post("/funnel-step", `{"funnel_id":1,"name":"y","path":"x"}`).refused(409, "PATH_TAKEN")
	b.post("/webhook", `{"url":"https://hooks.test/"}`).refused(409, "WEBHOOK_EXISTS")
	b.setUp(`DELETE /contact?contact_id=1`)
	require.Equal(t, "1", b.get("/tag?tag_id=1").field("contacts_count"))
	require.Equal(t, 3, a.Counts()["tags"]+1, "the first server has a life of its own")
}

func TestSnapshotsOfEqualAccountsAreEqual(t *testing.T) {
	t.Parallel()
	clock := newClock("2026-11-22T09:30:00Z")
	var snapshots []string
	for range 5 {
		a := newAPI(t, funneltest.WithClock(clock.now))
		furnish(t, a)
		snapshot, err := a.Snapshot()
		require.NoError(t, err)
		snapshots = append(snapshots, string(snapshot))

		b := newAPI(t)
		require.NoError(t, b.Restore(snapshot))
		again, err := b.Snapshot()
		require.NoError(t, err)
		snapshots = append(snapshots, string(again))
	}
	for _, snapshot := range snapshots {
		require.Equal(t, snapshots[0], snapshot)
	}
}

func TestSnapshotOfAnEmptyAccount(t *testing.T) {
	t.Parallel()
	snapshot, err := newAPI(t).Snapshot()
	require.NoError(t, err)
	const empty = `{"last_id":0,"rows":[]}`
	require.Equal(t, `{"campaigns":`+empty+`,"contacts":`+empty+`,"funnels":`+empty+`,"sequences":`+empty+
		`,"stages":`+empty+`,"steps":`+empty+`,"tags":`+empty+`,"version":1,"webhooks":`+empty+`}`, string(snapshot))
}

func TestSnapshotsMayBeWrittenByHand(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	require.NoError(t, a.Restore([]byte(`{"version": 1,
		"tags": {"rows": [{"id": 2, "name": "a", "created_at": "2026-11-22T10:30:00+01:00"}, {"id": 5, "name": "b", "created_at": null}]},
		"contacts": {"rows": [{"id": 7, "email": "ada@example.com", "status": "subscribed", "tag_ids": [5, 2, 5]}]}}`)))
	require.Equal(t, []string{`"2026-11-22T09:30:00.000000Z"`, "null"}, a.get("/tags").all("created_at"))
	require.Equal(t, []string{"1", "1"}, a.get("/tags").all("contacts_count"))
	require.Equal(t, `[{"id":2,"name":"a"},{"id":5,"name":"b"}]`, a.get("/contact?contact_id=7").field("tags"))
	require.Equal(t, "6", a.post("/tag", `{"name":"c"}`).field("id"))

	again, err := a.Snapshot()
	require.NoError(t, err)
	require.Contains(t, string(again), `{"id":5,"created_at":null,"name":"b"}`)
}

func TestDamagedSnapshotsAreRefused(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ snapshot, message string }{
		"nothing":                 {``, "unexpected end of JSON input"},
		"half":                    {`{"version":1,"tags":`, "unexpected end of JSON input"},
		"no version":              {`{}`, "version  is not 1"},
		"another version":         {`{"version":2}`, "version 2 is not 1"},
		"unknown resource":        {`{"version":1,"cats":{}}`, `there is no resource "cats"`},
		"wrong type":              {`{"version":1,"tags":{"rows":7}}`, "tags: json: cannot unmarshal"},
		"null row":                {`{"version":1,"tags":{"rows":[null]}}`, "tags: a row is null"},
		"no id":                   {`{"version":1,"tags":{"rows":[{"name":"a"}]}}`, "tags: id 0 follows id 0: ids are positive and ascend"},
		"id twice":                {`{"version":1,"tags":{"rows":[{"id":1},{"id":1}]}}`, "tags: id 1 follows id 1: ids are positive and ascend"},
		"name twice":              {`{"version":1,"tags":{"rows":[{"id":1,"name":"a"},{"id":2,"name":"A"}]}}`, `tags: id 2: "a" is there already`},
		"no time":                 {`{"version":1,"tags":{"rows":[{"id":1,"name":"a","created_at":"noon"}]}}`, `"noon" is no RFC 3339 time`},
		"dangling tag":            {`{"version":1,"contacts":{"rows":[{"id":1,"tag_ids":[4]}]}}`, "contact 1 has tag 4, which is not there"},
		"dangling sequence":       {`{"version":1,"contacts":{"rows":[{"id":1,"sequence_ids":[4]}]}}`, "contact 1 is enrolled in sequence 4, which is not there"},
		"dangling stage":          {`{"version":1,"stages":{"rows":[{"id":1,"sequence_id":4}]}}`, "stage 1 is of sequence 4, which is not there"},
		"dangling tag of a stage": {`{"version":1,"sequences":{"rows":[{"id":1}]},"stages":{"rows":[{"id":1,"sequence_id":1,"tag_id":4}]}}`, "stage 1 has tag 4, which is not there"},
		"dangling step":           {`{"version":1,"steps":{"rows":[{"id":1,"funnel_id":4}]}}`, "step 1 is of funnel 4, which is not there"},
		"dangling campaign":       {`{"version":1,"campaigns":{"rows":[{"id":1,"tag_ids":[4]}]}}`, "campaign 1 goes to tag 4, which is not there"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAPI(t)
			a.setUp(`POST /tag {"name":"kept"}`)
			err := a.Restore([]byte(test.snapshot))
			require.ErrorContains(t, err, "funneltest: snapshot: ")
			require.ErrorContains(t, err, test.message)
			require.Equal(t, []string{`"kept"`}, a.get("/tags").all("name"))
		})
	}
}
