package funneltest_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel/funneltest"
)

func TestTagLifecycle(t *testing.T) {
	t.Parallel()
	a := newAPI(t, funneltest.WithClock(newClock("2026-11-22T09:30:00Z").now))
	const tag = `{"id":1,"name":"customer","contacts_count":0,"created_at":"2026-11-22T09:30:00.000000Z"}`
	created := a.post("/tag", `{"name":"customer"}`)
	require.Equal(t, 200, created.Status) // 201 is documented for POST /contact alone
	created.data(tag)
	a.get("/tag?tag_id=1").data(tag)
	a.get("/tags").data("[" + tag + "]")
	require.Equal(t, `"lead"`, a.put("/tag", `{"tag_id":1,"name":"lead"}`).field("name"))
	a.delete("/tag?tag_id=1").data("null")
	a.get("/tag?tag_id=1").refused(404, "NOT_FOUND")
}

func TestTagNamesAreUniqueWithoutRegardToCase(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.setUp(`POST /tag {"name":"customer"}`, `POST /tag {"name":"lead"}`)
	a.post("/tag", `{"name":"Customer"}`).refused(409, "TAG_EXISTS")
	a.put("/tag", `{"tag_id":2,"name":"CUSTOMER"}`).refused(409, "TAG_EXISTS")
	require.Equal(t, `"Customer"`, a.put("/tag", `{"tag_id":1,"name":"Customer"}`).field("name"))
	require.Equal(t, []string{`"Customer"`, `"lead"`}, a.get("/tags").all("name"))
}

func TestTagNamesAreValidated(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.setUp(`POST /tag {"name":"customer"}`)
	a.post("/tag", `{}`).invalid("name", "The name field is required.")
	a.post("/tag", `{"name":"`+strings.Repeat("ä", 256)+`"}`).invalid("name", "The name must not be greater than 255 characters.")
	a.post("/tag", `{"name":"`+strings.Repeat("ä", 255)+`"}`).ok()
	a.put("/tag", `{"tag_id":1,"name":""}`).invalid("name", "The name field is required.")
	a.put("/tag", `{"name":"x"}`).invalid("tag_id", "The tag id field is required.")
}

func TestDeletedTagDisappearsEverywhere(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.setUp(
		`POST /tag {"name":"a"}`, `POST /tag {"name":"b"}`,
		`POST /contact {"email":"ada@example.com","tag_ids":[1,2]}`,
		`POST /campaign {"name":"c","tag_ids":[1,2]}`,
		`POST /sequence {"name":"s"}`, `POST /sequence-stage {"sequence_id":1,"type":"add_tag","tag_id":1}`,
		`DELETE /tag?tag_id=1`,
	)
	require.Equal(t, `[{"id":2,"name":"b"}]`, a.get("/contact?contact_id=1").field("tags"))
	require.Equal(t, `[2]`, a.get("/campaign?campaign_id=1").field("tag_ids"))
	require.Equal(t, []string{"null"}, a.get("/sequence-stages?sequence_id=1").all("tag_id"))
	a.post("/tag", `{"name":"a"}`).ok()
	a.delete("/contact?contact_id=1").ok()
}
