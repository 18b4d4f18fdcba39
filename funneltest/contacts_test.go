package funneltest_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel/funneltest"
)

func TestContactIsRenderedAsTheContractSays(t *testing.T) {
	t.Parallel()
	a := newAPI(t, funneltest.WithClock(newClock("2026-11-22T09:30:00.1234567Z").now))
	a.setUp(`POST /tag {"name":"customer"}`)

	created := a.post("/contact", `{"email":"Ada@Example.com","first_name":"Ada","phone":"+44 1","tag_ids":[1],
		"custom_fields":{"city":"London","a":"\"1\""}}`)
	require.Equal(t, 201, created.Status)
	created.data(`{"id":1,"email":"Ada@Example.com","first_name":"Ada","last_name":null,"phone":"+44 1",
		"status":"subscribed","custom_fields":{"a":"\"1\"","city":"London"},"tags":[{"id":1,"name":"customer"}],
		"created_at":"2026-11-22T09:30:00.123456Z","updated_at":"2026-11-22T09:30:00.123456Z"}`)
	a.get("/contact?contact_id=1").data(string(created.Data))
	a.get("/contact?email=ada@example.COM").data(string(created.Data))
}

func TestEmptyCustomFieldsAreAnEmptyListLikePHPs(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	for i, given := range []string{``, `,"custom_fields":{}`, `,"custom_fields":[]`, `,"custom_fields":null`} {
		body := fmt.Sprintf(`{"email":"%d@example.com"%s}`, i, given)
		require.Equal(t, "[]", a.post("/contact", body).field("custom_fields"), body)
	}
}

func TestContactFieldsAreValidated(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 256)
	tests := map[string]struct {
		body, field, message string
	}{
		"no email":              {`{}`, "email", "The email field is required."},
		"no body":               {``, "email", "The email field is required."},
		"null email":            {`{"email":null}`, "email", "The email field is required."},
		"blank email":           {`{"email":"  "}`, "email", "The email field is required."},
		"email without @":       {`{"email":"ada"}`, "email", "The email must be a valid email address."},
		"email with name":       {`{"email":"Ada <ada@example.com>"}`, "email", "The email must be a valid email address."},
		"email with newline":    {`{"email":"ada@example.com\n"}`, "email", "The email must be a valid email address."},
		"email with space":      {`{"email":" ada@example.com"}`, "email", "The email must be a valid email address."},
		"email as number":       {`{"email":7}`, "email", "The email must be a string."},
		"long email":            {`{"email":"ada@` + long + `"}`, "email", "The email must not be greater than 255 characters."},
		"long first name":       {`{"email":"a@b.c","first_name":"` + long + `"}`, "first_name", "The first name must not be greater than 255 characters."},
		"long last name":        {`{"email":"a@b.c","last_name":"` + long + `"}`, "last_name", "The last name must not be greater than 255 characters."},
		"phone as object":       {`{"email":"a@b.c","phone":{}}`, "phone", "The phone must be a string."},
		"unknown status":        {`{"email":"a@b.c","status":"asleep"}`, "status", "The selected status is invalid."},
		"null status":           {`{"email":"a@b.c","status":null}`, "status", "The status field is required."},
		"custom fields as text": {`{"email":"a@b.c","custom_fields":"x"}`, "custom_fields", "The custom fields must be an array."},
		"custom field number":   {`{"email":"a@b.c","custom_fields":{"n":1}}`, "custom_fields.n", "The custom_fields.n must be a string."},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAPI(t)
			a.post("/contact", test.body).invalid(test.field, test.message)
			require.Zero(t, a.Counts()["contacts"])
		})
	}
}

func TestAllInvalidFieldsAreReportedTogether(t *testing.T) {
	t.Parallel()
	got := newAPI(t).post("/contact", `{"status":"asleep","phone":1}`)
	require.Equal(t, 422, got.Status)
	require.Equal(t, map[string][]string{
		"email":  {"The email field is required."},
		"phone":  {"The phone must be a string."},
		"status": {"The selected status is invalid."},
	}, got.Error.Details)
}

func TestEmailsAreUniqueWithoutRegardToCase(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.setUp(`POST /contact {"email":"ada@example.com"}`, `POST /contact {"email":"bob@example.com"}`)

	a.post("/contact", `{"email":"ADA@example.com"}`).refused(409, "CONTACT_EXISTS")
	a.put("/contact", `{"contact_id":2,"email":"Ada@example.com"}`).refused(409, "CONTACT_EXISTS")
	require.Equal(t, `"bob@example.com"`, a.get("/contact?contact_id=2").field("email"))

	require.Equal(t, `"ADA@example.com"`, a.put("/contact", `{"contact_id":1,"email":"ADA@example.com"}`).field("email"))
	a.put("/contact", `{"contact_id":1,"email":"eve@example.com"}`).ok()
	a.post("/contact", `{"email":"ada@example.com"}`).ok()
}

func TestDeletedEmailMayBeUsedAgainUnderANewID(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.setUp(`POST /contact {"email":"ada@example.com"}`, `DELETE /contact?contact_id=1`)
	require.Equal(t, "2", a.post("/contact", `{"email":"ada@example.com"}`).field("id"))
}

func TestOfSimultaneousCreationsExactlyOneWins(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	statuses := make(chan int, 50)
	var all sync.WaitGroup
	for range cap(statuses) {
		all.Go(func() {
			response, err := a.Transport().RoundTrip(a.request("POST", "/contact", `{"email":"ada@example.com"}`))
			if err == nil {
				statuses <- response.StatusCode
			}
		})
	}
	all.Wait()
	close(statuses)
	seen := map[int]int{}
	for status := range statuses {
		seen[status]++
	}
	require.Equal(t, map[int]int{201: 1, 409: 49}, seen)
}

func TestContactUpdateChangesOnlyWhatIsGiven(t *testing.T) {
	t.Parallel()
	clock := newClock("2026-11-22T09:30:00Z")
	a := newAPI(t, funneltest.WithClock(clock.now))
	a.setUp(`POST /contact {"email":"ada@example.com","first_name":"Ada","last_name":"L","custom_fields":{"a":"1","b":"2"}}`)

	clock.set("2026-11-22T10:00:00Z")
	updated := a.put("/contact", `{"contact_id":"1","last_name":null,"status":"bounced","custom_fields":{"c":"3"}}`)
	updated.data(`{"id":1,"email":"ada@example.com","first_name":"Ada","last_name":null,"phone":null,
		"status":"bounced","custom_fields":{"c":"3"},"tags":[],
		"created_at":"2026-11-22T09:30:00.000000Z","updated_at":"2026-11-22T10:00:00.000000Z"}`)

	clock.set("2026-11-22T11:00:00Z")
	a.put("/contact", `{"contact_id":1,"first_name":"Ada"}`).data(string(updated.Data)) // nothing new: no new updated_at
	a.put("/contact", `{"contact_id":1,"email":""}`).invalid("email", "The email field is required.")
	a.get("/contact?contact_id=1").data(string(updated.Data))
}

func TestGetContactNeedsAnIDOrAnEmail(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.setUp(`POST /contact {"email":"ada@example.com"}`)
	a.get("/contact").invalid("contact_id", "The contact id field is required when email is not present.")
	a.get("/contact?email=").invalid("contact_id", "The contact id field is required when email is not present.")
	a.get("/contact?email=eve@example.com").refused(404, "NOT_FOUND")
	require.Equal(t, "1", a.get("/contact?contact_id=1&email=eve@example.com").field("id"))
}

func TestContactFilters(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.setUp(
		`POST /tag {"name":"a"}`, `POST /tag {"name":"b"}`,
		`POST /sequence {"name":"s"}`, `POST /sequence-stage {"sequence_id":1,"type":"wait"}`,
		`POST /contact {"email":"ada@example.com","last_name":"Lovelace","tag_ids":[1,2]}`,
		`POST /contact {"email":"bob@example.org","status":"unsubscribed","tag_ids":["2"]}`,
		`POST /contact {"email":"eve@example.org","phone":"555","sequence_ids":[1]}`,
	)
	tests := map[string]struct {
		query string
		ids   []string
	}{
		"none":                {"", []string{"1", "2", "3"}},
		"empty values":        {"status=&search=&tag_ids=&sequence_ids=", []string{"1", "2", "3"}},
		"unknown parameters":  {"sort=name", []string{"1", "2", "3"}},
		"status":              {"status=unsubscribed", []string{"2"}},
		"status of nobody":    {"status=complained", []string{}},
		"search in email":     {"search=EXAMPLE.ORG", []string{"2", "3"}},
		"search in name":      {"search=lovel", []string{"1"}},
		"search not in phone": {"search=555", []string{}},
		"any of the tags":     {"tag_ids=1,2", []string{"1", "2"}},
		"one tag":             {"tag_ids=1", []string{"1"}},
		"tag of nobody":       {"tag_ids=99,0,-1", []string{}},
		"sequence":            {"sequence_ids=1", []string{"3"}},
		"both":                {"tag_ids=2&status=subscribed", []string{"1"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := a.get("/contacts?" + test.query)
			require.Equal(t, test.ids, got.all("id"))
			require.Equal(t, len(test.ids), got.Meta.Total)
		})
	}
}

func TestFilteredListsArePagedToo(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.SeedContacts(100)
	got := a.get("/contacts?status=unsubscribed&per_page=4&page=3")
	require.Equal(t, []string{"90", "100"}, got.all("id"))
	require.Equal(t, 10, got.Meta.Total)
	require.Equal(t, 3, got.Meta.LastPage)
}

func TestDeletedContactIsGone(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.setUp(`POST /tag {"name":"a"}`, `POST /contact {"email":"ada@example.com","tag_ids":[1]}`)
	a.delete("/contact?contact_id=1").data("null")
	a.get("/contact?contact_id=1").refused(404, "NOT_FOUND")
	a.get("/contact?email=ada@example.com").refused(404, "NOT_FOUND")
	a.delete("/contact?contact_id=1").refused(404, "NOT_FOUND")
	require.Equal(t, "0", a.get("/tag?tag_id=1").field("contacts_count"))
	require.Empty(t, a.get("/contacts").all("id"))
}

func TestRefusedCreationLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.setUp(`POST /tag {"name":"a"}`, `POST /sequence {"name":"empty"}`)
	a.post("/contact", `{"email":"a@b.c","tag_ids":[1,99]}`).refused(404, "NOT_FOUND")
	a.post("/contact", `{"email":"a@b.c","sequence_ids":[99]}`).refused(404, "NOT_FOUND")
	a.post("/contact", `{"email":"a@b.c","tag_ids":[1],"sequence_ids":[1]}`).refused(422, "SEQUENCE_HAS_NO_STAGES")
	require.Zero(t, a.Counts()["contacts"])
	require.Equal(t, "0", a.get("/tag?tag_id=1").field("contacts_count"))
}
