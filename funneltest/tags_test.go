package funneltest_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTags_Lifecycle(t *testing.T) {
	t.Parallel()
	a := newAPIAtNoon(t)
	a.expect(
		exchange{`POST /tag {"name":"customer"}`, 201, data(`{"id":1,"name":"customer"}`)},
		exchange{`POST /tag {"name":"lead"}`, 201, data(`{"id":2,"name":"lead"}`)},
		exchange{`PUT /tag {"tag_id":1,"name":"client"}`, 200, data(`{"id":1}`)},
		exchange{`PUT /tag {"tag_id":2}`, 200, data(`{"id":2}`)},
		exchange{`GET /tags`, 200, onePage("2", `
			{"id":1,"name":"client","created_at":"2031-03-10 12:00:00"},
			{"id":2,"name":"lead","created_at":"2031-03-10 12:00:00"}`)},
		exchange{`DELETE /tag {"tag_id":1}`, 200, done},
		exchange{`DELETE /tag {"tag_id":1}`, 404, notFound("Tag")},
		exchange{`PUT /tag {"tag_id":1,"name":"x"}`, 404, notFound("Tag")},
		exchange{`POST /tag {"name":"customer"}`, 201, data(`{"id":3,"name":"customer"}`)},
	)
}

func TestTags_NamesAreUnique(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.setUp(`POST /tag {"name":"VIP"}`, `POST /tag {"name":"lead"}`)
	const exists = `{"success":false,"error":{"code":"TAG_EXISTS","message":"A tag with that name already exists"}}`
	a.expect(
		exchange{`POST /tag {"name":"VIP"}`, 409, exists},
		exchange{`POST /tag {"name":"vip"}`, 409, exists},
		exchange{`POST /tag {"name":"  Vip "}`, 409, exists},
		exchange{`PUT /tag {"tag_id":2,"name":"vIP"}`, 409, exists},
		exchange{`PUT /tag {"tag_id":1,"name":"vip"}`, 200, data(`{"id":1}`)},
		exchange{`PUT /tag {"tag_id":1,"name":"gold"}`, 200, data(`{"id":1}`)},
		exchange{`PUT /tag {"tag_id":2,"name":"VIP"}`, 200, data(`{"id":2}`)},
	)
	require.Equal(t, []string{`"gold"`, `"VIP"`}, a.get("/tags").all("name"))
}

func TestTags_NameIsValidated(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.setUp(`POST /tag {"name":"kept"}`)
	for name, message := range map[string]string{
		`""`: "The name field is required.", `null`: "The name field is required.", `"  "`: "The name field is required.",
		`7`: "The name must be a string.", `"` + strings.Repeat("x", 256) + `"`: "The name must not be greater than 255 characters.",
	} {
		a.call(`POST /tag {"name":`+name+`}`).isInvalid("name", message)
		a.call(`PUT /tag {"tag_id":1,"name":`+name+`}`).isInvalid("name", message)
	}
	require.Equal(t, []string{`"kept"`}, a.get("/tags").all("name"))
}

func TestTags_Contacts(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.setUp(
		`POST /tag {"name":"a"}`, `POST /tag {"name":"b"}`,
		`POST /contact {"email":"ada@example.com","first_name":"Ada","tag_ids":"1"}`,
		`POST /contact {"email":"bob@example.com","tag_ids":"2"}`,
		`POST /contact {"email":"eve@example.com","last_name":"E","tag_ids":"1,2"}`,
	)
	a.expect(
		exchange{`GET /tags-contacts?tag_id=1`, 200, onePage("2", `
			{"id":1,"email":"ada@example.com","first_name":"Ada","last_name":null},
			{"id":3,"email":"eve@example.com","first_name":null,"last_name":"E"}`)},
		exchange{`GET /tags-contacts?tag_id=1&page=2&per_page=1`, 200, `{"success":true,
			"data":[{"id":3,"email":"eve@example.com","first_name":null,"last_name":"E"}],
			"meta":{"current_page":2,"last_page":2,"per_page":1,"total":2}}`},
		exchange{`GET /tags-contacts?tag_id=3`, 404, notFound("Tag")},
		exchange{`GET /tags-contacts`, 422, invalid(`{"tag_id":["The tag id field is required."]}`)},
		exchange{`DELETE /tag {"tag_id":1}`, 200, done},
	)
	require.Contains(t, a.get("/contact?contact_id=3").Body, `"tags":[2]`, "deleting a tag takes it from contacts")
}
