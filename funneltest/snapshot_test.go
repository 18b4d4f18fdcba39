package funneltest_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel/funneltest"
)

// furnish fills an account with rows that refer to each other.
func furnish(t *testing.T, a *api) {
	t.Helper()
	three := 3
	a.AddCustomField(funneltest.CustomField{Name: "Size", Values: []string{"small", "large"}})
	a.setUp(
		`POST /tag {"name":"a"}`, `POST /tag {"name":"gone"}`, `POST /tag {"name":"b"}`, `DELETE /tag {"tag_id":2}`,
		`POST /sequence {"name":"s","type":"inverted"}`,
		`POST /sequence-stage {"sequence_id":1}`,
		`POST /sequence-stage {"sequence_id":1,"stage_type":"action","time_value":5}`,
		`PUT /sequence-stage-content {"stage_id":1,"subject":"s","body":"b"}`,
		`POST /contact {"email":"ada@example.com","first_name":"Ada","last_name":"L","gdpr":true,"tag_ids":"3,1","sequence_ids":"1"}`,
		`POST /contact {"email":"bob@example.com","email_marketing":true,"tag_ids":"1"}`,
		`PUT /contact-custom-field {"contact_id":1,"custom_field_id":1,"value":"small"}`,
		`POST /funnel {"name":"f","type":1}`,
		`POST /funnel-step {"funnel_id":1,"name":"x"}`, `POST /funnel-step {"funnel_id":1,"name":"x","type":2}`,
		`POST /campaign {"name":"c","subject":"s","from_name":"Ada","from_email":"ada@example.com"}`,
		`POST /campaign-schedule {"campaign_id":1,"scheduled_for":"2031-03-10T13:00:00Z"}`,
		`POST /campaign {"name":"d"}`,
		`POST /webhook {"url":"https://hooks.example/"}`,
	)
	a.AddOrder(funneltest.Order{Amount: "12.34", Firstname: "Ada", CreatedAt: at("2031-03-09T08:00:00.5Z")})
	a.AddOrder(funneltest.Order{IDOrder: "older", Status: "refunded", CreatedAt: at("2030-03-09T08:00:00Z")})
	a.AddTransaction(funneltest.Transaction{Amount: "5.10"})
	a.AddSubscription(funneltest.Subscription{PaymentsLeft: &three, Trial: true})
	a.AddSubscription(funneltest.Subscription{})
}

// views show the account of furnish: the list of each resource that has one, and what no
// list shows.
func views(a *api) []string {
	views := []string{"/contact?email=ADA@example.com", "/contacts-tags?contact_id=1", "/tags-contacts?tag_id=1", "/sales-amount"}
	for resource := range a.Counts() {
		if list := "/" + strings.ReplaceAll(resource, "_", "-"); a.get(list).Status == http.StatusOK {
			views = append(views, list)
		}
	}
	return views
}

func TestRestore_AccountIsTheSame(t *testing.T) {
	t.Parallel()
	clock := newClock("2031-03-10T12:00:00.123456Z")
	a := newAPI(t, funneltest.WithClock(clock.now))
	furnish(t, a)
	snapshot, err := a.Snapshot()
	require.NoError(t, err)

	b := newAPI(t, funneltest.WithClock(clock.now))
	b.setUp(`POST /contact {"email":"stranger@example.com"}`)
	require.NoError(t, b.Restore(snapshot))
	require.Equal(t, a.Counts(), b.Counts())
	for _, moment := range []string{"2031-03-10T12:01:00Z", "2031-03-10T13:00:00Z"} { // the second sends the campaign
		clock.set(moment)
		for _, view := range views(a) {
			require.Equal(t, a.get(view).ok().Body, b.get(view).ok().Body, view)
		}
	}
	require.Equal(t, []string{`"draft"`, `"sent"`}, b.get("/campaigns").all("status"))
	require.Equal(t, "small", b.CustomFieldValue(1, 1))
	require.Equal(t, a.WebhookSecret(1), b.WebhookSecret(1))
	require.Equal(t, "s", b.stage(0).Content.Subject)

	// The rules still apply: ids continue, and unique keys are taken.
	b.expect(exchange{`POST /tag {"name":"c"}`, 201, data(`{"id":4,"name":"c"}`)})
	b.call(`POST /tag {"name":"B"}`).isError(409, "TAG_EXISTS")
	b.call(`POST /contact {"email":"BOB@example.com"}`).isError(409, "CONTACT_EXISTS")
	b.call(`PUT /funnel-step {"step_id":1,"path":"x-1"}`).isError(409, "PATH_TAKEN")
	b.call(`POST /webhook {"url":"https://hooks.example/"}`).isError(409, "WEBHOOK_EXISTS")
	require.Panics(t, func() { b.AddOrder(funneltest.Order{IDOrder: "older"}) })
	require.Equal(t, 2, a.Counts()["tags"], "the first server is independent")
}

func TestSnapshot_SameBytesAfterRestore(t *testing.T) {
	t.Parallel()
	a := newAPIAtNoon(t)
	furnish(t, a)
	first, err := a.Snapshot()
	require.NoError(t, err)
	b := newAPI(t)
	require.NoError(t, b.Restore(first))
	for _, server := range []*api{a, b} {
		again, err := server.Snapshot()
		require.NoError(t, err)
		require.Equal(t, string(first), string(again))
	}
}

// Whatever text the API accepts, a snapshot can be restored.
func TestSnapshot_UnusualText(t *testing.T) {
	t.Parallel()
	a := newAPI(t, funneltest.WithRateLimit(0, 0))
	for _, text := range []string{
		`A`, `a`, `\u0130`, `i\u0307`, `\u212a`, `k`, `\u00df`, `ss`, `\u0000`, `\u2028`, `\ud800`, `  sp `, `\u00a0x`, `e\u0301`, `\ud83d\ude00`,
	} {
		for _, line := range []string{
			`POST /tag {"name":"`, `POST /sequence {"name":"`, `POST /funnel {"name":"`, `POST /funnel-step {"funnel_id":1,"name":"`,
			`POST /campaign {"name":"`, `POST /contact {"email":"x@example.com","first_name":"`, `POST /contact {"email":"u`, `POST /webhook {"url":"https://hooks.example/`,
		} {
			a.call(line + text + `"}`)
		}
		snapshot, err := a.Snapshot()
		require.NoError(t, err)
		require.NoError(t, a.Restore(snapshot), text)
		again, err := a.Snapshot()
		require.NoError(t, err)
		require.Equal(t, string(snapshot), string(again), text)
	}
}

func TestSnapshot_OfAnEmptyAccount(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	snapshot, err := a.Snapshot()
	require.NoError(t, err)
	want := map[string]any{"version": 2}
	for resource := range a.Counts() {
		want[resource] = map[string]any{"last_id": 0, "rows": []any{}}
	}
	encoded, err := json.Marshal(want)
	require.NoError(t, err)
	require.Equal(t, string(encoded), string(snapshot))
}

func TestRestore_SnapshotWrittenByHand(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	require.NoError(t, a.Restore([]byte(`{"version": 2,
		"tags": {"rows": [{"id": 2, "name": "a", "created_at": "2031-03-10T13:00:00+01:00"}, {"id": 5, "name": "b", "created_at": null}]},
		"contacts": {"rows": [{"id": 7, "email": "ada@example.com", "tag_ids": [5, 2, 5]}]},
		"orders": {"rows": [{"id": 1, "created_at": "2031-03-10T12:00:00Z", "amount": 5}, {"id": 2, "id_order": "x", "created_at": "2031-03-09T12:00:00Z"}]},
		"webhooks": {"rows": [{"id": 1, "url": "https://hooks.example/", "active": true}]}}`)))
	require.Equal(t, []string{`"2031-03-10 12:00:00"`, "null"}, a.get("/tags").all("created_at"))
	require.Contains(t, a.get("/contact?contact_id=7").Body, `"tags":[2,5]`)
	require.Equal(t, []string{"1", "2"}, a.get("/orders").all("id"))
	require.Equal(t, []string{"5.00", "0.00"}, a.get("/orders").all("amount"))
	require.Len(t, a.WebhookSecret(1), 32, "a missing secret is generated")
	a.expect(exchange{`POST /tag {"name":"c"}`, 201, data(`{"id":6,"name":"c"}`)})

	again, err := a.Snapshot()
	require.NoError(t, err)
	require.Contains(t, string(again), `{"id":5,"created_at":null,"name":"b"}`)
}

func TestRestore_DamagedSnapshots(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ snapshot, message string }{
		"nothing":           {``, "unexpected end of JSON input"},
		"half":              {`{"version":2,"tags":`, "unexpected end of JSON input"},
		"no version":        {`{}`, `the field "version" is missing: add "version": 2`},
		"another version":   {`{"version":1}`, `the field "version" is 1: want 2`},
		"unknown resource":  {`{"version":2,"cats":{}}`, `unknown resource "cats": want one of `},
		"wrong type":        {`{"version":2,"tags":{"rows":7}}`, "tags: json: cannot unmarshal"},
		"unknown field":     {`{"version":2,"contacts":{"rows":[{"id":1,"firstname":"Ada"}]}}`, `contacts: json: unknown field "firstname"`},
		"null row":          {`{"version":2,"tags":{"rows":[null]}}`, "tags: row 1 is null: remove it"},
		"no id":             {`{"version":2,"tags":{"rows":[{"name":"a"}]}}`, "tags: id 0 follows id 0: ids must be positive and ascending"},
		"id twice":          {`{"version":2,"tags":{"rows":[{"id":1},{"id":1}]}}`, "tags: id 1 follows id 1: ids must be positive and ascending"},
		"name twice":        {`{"version":2,"tags":{"rows":[{"id":1,"name":"a"},{"id":2,"name":"A"}]}}`, `tags: id 2: another row has "a" already`},
		"no time":           {`{"version":2,"tags":{"rows":[{"id":1,"name":"a","created_at":"noon"}]}}`, `"noon" is not a time such as "2026-01-15T10:00:00Z"`},
		"year 10000 in UTC": {`{"version":2,"tags":{"rows":[{"id":1,"created_at":"9999-12-31T23:59:59-05:00"}]}}`, `"9999-12-31T23:59:59-05:00" is not a time such as`},
		"year -1 in UTC":    {`{"version":2,"tags":{"rows":[{"id":1,"created_at":"0000-01-01T00:00:00+05:00"}]}}`, `"0000-01-01T00:00:00+05:00" is not a time such as`},
		"no amount":         {`{"version":2,"orders":{"rows":[{"id":1,"amount":"x"}]}}`, `is not an amount`},
		"no payments left":  {`{"version":2,"subscriptions":{"rows":[{"id":1,"payments_left":"few"}]}}`, "subscriptions: json: cannot unmarshal"},
		"no rebill date":    {`{"version":2,"subscriptions":{"rows":[{"id":1,"rebill_date":"2031-03-10"}]}}`, `is not a time such as "2026-01-15 10:00:00"`},
		"dangling tag":      {`{"version":2,"contacts":{"rows":[{"id":1,"tag_ids":[4]}]}}`, "contact 1 has tag 4, which does not exist"},
		"dangling sequence": {`{"version":2,"contacts":{"rows":[{"id":1,"sequence_ids":[4]}]}}`, "contact 1 is in sequence 4, which does not exist"},
		"dangling field":    {`{"version":2,"contacts":{"rows":[{"id":1,"custom_fields":{"4":"x"}}]}}`, "contact 1 has custom field 4, which does not exist"},
		"dangling stage":    {`{"version":2,"stages":{"rows":[{"id":1,"sequence_id":4}]}}`, "stage 1 is in sequence 4, which does not exist"},
		"dangling step":     {`{"version":2,"steps":{"rows":[{"id":1,"funnel_id":4}]}}`, "step 1 is in funnel 4, which does not exist"},
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
