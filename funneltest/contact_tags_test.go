package funneltest_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTaggingMayBeRepeated(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.setUp(`POST /tag {"name":"a"}`, `POST /tag {"name":"b"}`, `POST /contact {"email":"ada@example.com"}`)

	const both = `[{"id":1,"name":"a"},{"id":2,"name":"b"}]`
	require.Equal(t, both, a.post("/contact-tag", `{"contact_id":1,"tag_ids":[2,1,"2"]}`).field("tags"))
	require.Equal(t, both, a.post("/contact-tag", `{"contact_id":1,"tag_ids":[1]}`).field("tags"))
	require.Equal(t, []string{"1", "1"}, a.get("/tags").all("contacts_count"))

	require.Equal(t, `[{"id":2,"name":"b"}]`, a.delete("/contact-tag?contact_id=1&tag_ids=1").field("tags"))
	require.Equal(t, `[{"id":2,"name":"b"}]`, a.delete("/contact-tag?contact_id=1&tag_ids=1").field("tags"))
	require.Equal(t, []string{"0", "1"}, a.get("/tags").all("contacts_count"))
}

func TestTaggingIsRefused(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.setUp(`POST /tag {"name":"a"}`, `POST /contact {"email":"ada@example.com"}`)
	const missing = "The tag ids field is required."

	a.post("/contact-tag", `{"tag_ids":[1]}`).invalid("contact_id", "The contact id field is required.")
	a.post("/contact-tag", `{"contact_id":1}`).invalid("tag_ids", missing)
	a.post("/contact-tag", `{"contact_id":1,"tag_ids":[]}`).invalid("tag_ids", missing)
	a.delete("/contact-tag?contact_id=1").invalid("tag_ids", missing)
	a.post("/contact-tag", `{"contact_id":9,"tag_ids":[1]}`).refused(404, "NOT_FOUND")
	a.post("/contact-tag", `{"contact_id":1,"tag_ids":[1,9]}`).refused(404, "NOT_FOUND")
	a.delete("/contact-tag?contact_id=1&tag_ids=9").refused(404, "NOT_FOUND")
	require.Equal(t, "[]", a.get("/contact?contact_id=1").field("tags"))
}

func TestMalformedListsAreA400WithoutDetails(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.setUp(`POST /contact {"email":"ada@example.com"}`, `POST /campaign {"name":"c"}`)
	for _, line := range []string{
		`GET /contacts?tag_ids=1,x`,
		`GET /contacts?tag_ids=1,`,
		`GET /contacts?tag_ids=1%3B2`,
		`GET /contacts?sequence_ids=one`,
		`DELETE /contact-tag?contact_id=1&tag_ids=1.5`,
		`POST /contact-tag {"contact_id":1,"tag_ids":"1,2"}`,
		`POST /contact-tag {"contact_id":1,"tag_ids":7}`,
		`POST /contact-tag {"contact_id":1,"tag_ids":{"0":1}}`,
		`POST /contact-tag {"contact_id":1,"tag_ids":[1,null]}`,
		`POST /contact-tag {"contact_id":1,"tag_ids":[1.5]}`,
		`POST /contact {"email":"b@example.com","tag_ids":["x"]}`,
		`POST /contact {"email":"b@example.com","sequence_ids":"1"}`,
		`POST /campaign {"name":"d","tag_ids":[true]}`,
		`PUT /campaign {"campaign_id":1,"tag_ids":[[1]]}`,
	} {
		t.Run(line, func(t *testing.T) {
			a.call(line).refused(400, "VALIDATION_ERROR")
		})
	}
}

func TestTenThousandIDsInABodyAreUnderstood(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.setUp(`POST /tag {"name":"a"}`, `POST /contact {"email":"ada@example.com"}`)
	ids := "1"
	for range 9_999 {
		ids += ",1"
	}
	require.Equal(t, `[{"id":1,"name":"a"}]`, a.post("/contact-tag", `{"contact_id":1,"tag_ids":[`+ids+`]}`).field("tags"))
}
