package funneltest_test

import (
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel/funneltest"
)

func TestContacts_Lifecycle(t *testing.T) {
	t.Parallel()
	a := newAPIAtNoon(t)
	a.setUp(`POST /tag {"name":"vip"}`, `POST /sequence {"name":"s"}`, `POST /sequence-stage {"sequence_id":1}`)
	a.expect(
		exchange{`POST /contact {"email":"ada@example.com","first_name":"Ada","last_name":"Lovelace",
			"email_marketing":true,"gdpr":true,"tag_ids":"1","sequence_ids":"1"}`, 201, data(`{"id":1}`)},
		exchange{`POST /contact {"email":"bob@example.com"}`, 201, data(`{"id":2}`)},
		exchange{`GET /contact?contact_id=1`, 200, data(`{"id":1,"email":"ada@example.com","first_name":"Ada",
			"last_name":"Lovelace","email_marketing":true,"gdpr":true,"tags":[1],"sequences":[1]}`)},
		exchange{`GET /contact?email=BOB@example.com`, 200, data(`{"id":2,"email":"bob@example.com","first_name":null,
			"last_name":null,"email_marketing":false,"gdpr":false,"tags":[],"sequences":[]}`)},
		exchange{`PUT /contact {"contact_id":2,"first_name":"Bob","gdpr":1}`, 200, data(`{"id":2}`)},
		exchange{`PUT /contact {"email":"Ada@Example.com","last_name":null,"email_marketing":false}`, 200, data(`{"id":1}`)},
		exchange{`GET /contacts`, 200, onePage("2",
			`{"id":2,"email":"bob@example.com","first_name":"Bob","last_name":null,"email_marketing":false,"gdpr":true,
				"created_at":"2031-03-10T12:00:00.000000Z"},
			{"id":1,"email":"ada@example.com","first_name":"Ada","last_name":null,"email_marketing":false,"gdpr":true,
				"created_at":"2031-03-10T12:00:00.000000Z"}`)},
		exchange{`DELETE /contact {"email":"ADA@example.com"}`, 200, done},
		exchange{`DELETE /contact {"contact_id":2}`, 200, done},
		exchange{`GET /contacts`, 200, onePage("0", ``)},
		exchange{`POST /contact {"email":"ada@example.com"}`, 201, data(`{"id":3}`)},
	)
}

// Every operation that addresses a contact takes its id or its address.
var contactOperations = []string{ // %s is where the contact is addressed
	`GET /contact?%s`,
	`PUT /contact {%s}`,
	`GET /contacts-tags?%s`,
	`POST /contact-tag {"tag_id":1%s}`,
	`DELETE /contact-tag {"tag_id":1%s}`,
	`POST /contact-sequence {"sequence_id":1%s}`,
	`DELETE /contact-sequence {"sequence_id":1%s}`,
	`PUT /contact-custom-field {"custom_field_id":1,"value":"v"%s}`,
	`DELETE /contact {%s}`,
}

// addressed fills in how a contact is addressed.
func addressed(line, field, value string) string {
	if strings.HasPrefix(line, "GET") {
		value = strings.ReplaceAll(strings.Trim(value, `"`), " ", "%20")
		return strings.Replace(line, "%s", field+"="+value, 1)
	}
	pair := `"` + field + `":` + value
	if field == "" {
		pair = ""
	} else if !strings.Contains(line, "{%s}") {
		pair = "," + pair
	}
	return strings.Replace(line, "%s", pair, 1)
}

func newAddressable(t *testing.T) *api {
	t.Helper()
	a := newAPI(t)
	a.setUp(`POST /tag {"name":"t"}`, `POST /sequence {"name":"s"}`, `POST /sequence-stage {"sequence_id":1}`,
		`POST /contact {"email":"ada@example.com"}`)
	a.AddCustomField(funneltest.CustomField{})
	return a
}

func TestContacts_AddressedByIDOrEmail(t *testing.T) {
	t.Parallel()
	for _, operation := range contactOperations {
		t.Run(operation, func(t *testing.T) {
			t.Parallel()
			for _, by := range [][2]string{{"contact_id", "1"}, {"contact_id", `"1"`}, {"email", `"ada@example.com"`}, {"email", `"ADA@Example.COM"`}} {
				newAddressable(t).call(addressed(operation, by[0], by[1])).ok()
			}
			a := newAddressable(t)
			for _, by := range [][2]string{{"contact_id", "2"}, {"contact_id", "0"}, {"contact_id", "-1"}, {"email", `"bob@example.com"`}, {"email", `"no address"`}} {
				a.expect(exchange{addressed(operation, by[0], by[1]), 404, notFound("Contact")})
			}
			for _, by := range [][2]string{{"", ""}, {"contact_id", `""`}, {"email", `""`}} {
				a.expect(exchange{addressed(operation, by[0], by[1]), 422, invalid("{" + unaddressed + "}")})
			}
			a.call(addressed(operation, "contact_id", `"x"`)).isInvalid("contact_id", "The contact id must be an integer.")
		})
	}
}

func TestContacts_IDTakesPrecedenceOverEmail(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.setUp(`POST /contact {"email":"ada@example.com"}`, `POST /contact {"email":"bob@example.com"}`,
		`PUT /contact {"contact_id":2,"email":"ada@example.com","first_name":"Bob"}`)
	require.Equal(t, []string{`"Bob"`, "null"}, a.get("/contacts").all("first_name"))
	require.Equal(t, []string{`"bob@example.com"`, `"ada@example.com"`}, a.get("/contacts").all("email"))
}

func TestContacts_EmailIsUniqueIgnoringCase(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.setUp(`POST /contact {"email":"ada@example.com"}`)
	a.expect(exchange{`POST /contact {"email":"Ada@Example.com"}`, 409,
		`{"success":false,"error":{"code":"CONTACT_EXISTS","message":"A contact with that email already exists"}}`})
	require.Equal(t, 1, a.Counts()["contacts"])
}

func TestContacts_FieldsAreValidated(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("é", 256)
	for _, test := range []struct{ fields, field, message string }{
		{`"first_name":"x"`, "email", "The email field is required."},
		{`"email":" "`, "email", "The email field is required."},
		{`"email":"nobody"`, "email", "The email must be a valid email address."},
		{`"email":"Ada <a@example.com>"`, "email", "The email must be a valid email address."},
		{`"email":7`, "email", "The email must be a string."},
		{`"email":"a@example.com","first_name":["x"]`, "first_name", "The first name must be a string."},
		{`"email":"a@example.com","last_name":"` + long + `"`, "last_name", "The last name must not be greater than 255 characters."},
		{`"email":"a@example.com","email_marketing":"yes"`, "email_marketing", "The email marketing field must be true or false."},
		{`"email":"a@example.com","gdpr":null`, "gdpr", "The gdpr field must be true or false."},
	} {
		t.Run(test.field+" "+test.message, func(t *testing.T) {
			t.Parallel()
			a := newAPI(t)
			a.call("POST /contact {"+test.fields+"}").isInvalid(test.field, test.message)
			require.Zero(t, a.Counts()["contacts"])
		})
	}
}

func TestContacts_AllFieldErrorsComeAtOnce(t *testing.T) {
	t.Parallel()
	newAPI(t).expect(exchange{`POST /contact {"first_name":1,"gdpr":"x"}`, 422, invalid(`{
		"email":["The email field is required."],
		"first_name":["The first name must be a string."],
		"gdpr":["The gdpr field must be true or false."]}`)})
}

func TestContacts_IDListsAreStrings(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		list   string // of tag_ids
		status int
		code   string
		tags   string // on success
	}{
		{`"1"`, 201, "", "[1]"},
		{`"2,1,2"`, 201, "", "[1,2]"},
		{`""`, 201, "", "[]"},
		{`null`, 201, "", "[]"},
		{`"1,3"`, 404, "NOT_FOUND", ""},
		{`"0"`, 404, "NOT_FOUND", ""},
		{`[1,2]`, 400, "VALIDATION_ERROR", ""},
		{`["1"]`, 400, "VALIDATION_ERROR", ""},
		{`[]`, 400, "VALIDATION_ERROR", ""},
		{`1`, 400, "VALIDATION_ERROR", ""},
		{`{"1":1}`, 400, "VALIDATION_ERROR", ""},
		{`"1, 2"`, 400, "VALIDATION_ERROR", ""},
		{`"1,"`, 400, "VALIDATION_ERROR", ""},
		{`","`, 400, "VALIDATION_ERROR", ""},
		{`"1;2"`, 400, "VALIDATION_ERROR", ""},
		{`"vip"`, 400, "VALIDATION_ERROR", ""},
		{`"1.5"`, 400, "VALIDATION_ERROR", ""},
	} {
		t.Run(test.list, func(t *testing.T) {
			t.Parallel()
			a := newAPI(t)
			a.setUp(`POST /tag {"name":"a"}`, `POST /tag {"name":"b"}`)
			got := a.call(`POST /contact {"email":"ada@example.com","tag_ids":` + test.list + `}`)
			require.Equal(t, test.status, got.Status, got.Body)
			require.Equal(t, test.code, got.Error.Code)
			if test.code != "" {
				require.NotContains(t, got.Body, "details")
				require.Zero(t, a.Counts()["contacts"])
				return
			}
			require.Contains(t, a.get("/contact?contact_id=1").Body, `"tags":`+test.tags)
		})
	}
}

func TestContacts_SequencesAreCheckedOnCreation(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.setUp(`POST /sequence {"name":"without stages"}`)
	a.expect(
		exchange{`POST /contact {"email":"a@example.com","sequence_ids":"1,3"}`, 404, notFound("Sequence")},
		exchange{`POST /contact {"email":"a@example.com","sequence_ids":[1]}`, 400,
			`{"success":false,"error":{"code":"VALIDATION_ERROR","message":"The sequence_ids list is malformed"}}`},
	)
	require.Zero(t, a.Counts()["contacts"])
	a.expect(exchange{`POST /contact {"email":"a@example.com","sequence_ids":"1"}`, 201, data(`{"id":1}`)})
}

func TestContacts_UpdateIgnoresIDLists(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.setUp(`POST /tag {"name":"a"}`, `POST /contact {"email":"ada@example.com"}`, `PUT /contact {"contact_id":1,"tag_ids":"1"}`)
	require.Contains(t, a.get("/contact?contact_id=1").Body, `"tags":[]`)
}

func TestContacts_Tags(t *testing.T) {
	t.Parallel()
	a := newAPIAtNoon(t)
	a.setUp(`POST /tag {"name":"a"}`, `POST /tag {"name":"b"}`, `POST /contact {"email":"ada@example.com"}`)
	a.expect(
		exchange{`GET /contacts-tags?contact_id=1`, 200, data(`[]`)},
		exchange{`POST /contact-tag {"email":"ada@example.com","tag_id":2}`, 200, data(`{"contact_id":1,"tag_id":2}`)},
		exchange{`POST /contact-tag {"contact_id":1,"tag_id":1}`, 200, data(`{"contact_id":1,"tag_id":1}`)},
		exchange{`POST /contact-tag {"contact_id":1,"tag_id":1}`, 200, data(`{"contact_id":1,"tag_id":1}`)},
		exchange{`GET /contacts-tags?contact_id=1`, 200, data(`[
			{"id":1,"name":"a","created_at":"2031-03-10 12:00:00"},
			{"id":2,"name":"b","created_at":"2031-03-10 12:00:00"}]`)},
		exchange{`DELETE /contact-tag {"contact_id":1,"tag_id":1}`, 200, done},
		exchange{`DELETE /contact-tag {"contact_id":1,"tag_id":1}`, 200, done},
		exchange{`GET /contacts-tags?email=ada@example.com`, 200, data(`[{"id":2,"name":"b","created_at":"2031-03-10 12:00:00"}]`)},
		exchange{`POST /contact-tag {"contact_id":1,"tag_id":3}`, 404, notFound("Tag")},
		exchange{`DELETE /contact-tag {"contact_id":1,"tag_id":3}`, 404, notFound("Tag")},
		exchange{`POST /contact-tag {}`, 422, invalid(`{"tag_id":["The tag id field is required."],` + unaddressed + `}`)},
	)
}

func TestContacts_CustomField(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.setUp(`POST /contact {"email":"ada@example.com"}`)
	field := a.AddCustomField(funneltest.CustomField{Name: "Company"})
	require.Empty(t, a.CustomFieldValue(1, field))
	longest := strings.Repeat("é", 1000)
	a.expect(
		exchange{`PUT /contact-custom-field {"email":"ada@example.com","custom_field_id":1,"value":"Analytical Engines"}`, 200,
			data(`{"contact_id":1,"custom_field_id":1,"value":"Analytical Engines"}`)},
		exchange{`PUT /contact-custom-field {"contact_id":1,"custom_field_id":2,"value":"x"}`, 404, notFound("Custom field")},
		exchange{`PUT /contact-custom-field {"contact_id":1}`, 422, invalid(`{
			"custom_field_id":["The custom field id field is required."],"value":["The value field is required."]}`)},
		exchange{`PUT /contact-custom-field {"contact_id":1,"custom_field_id":1,"value":"` + longest + `x"}`, 422,
			invalid(`{"value":["The value must not be greater than 1000 characters."]}`)},
		exchange{`PUT /contact-custom-field {"contact_id":1,"custom_field_id":1,"value":5}`, 422,
			invalid(`{"value":["The value must be a string."]}`)},
	)
	require.Equal(t, "Analytical Engines", a.CustomFieldValue(1, field))
	a.setUp(`PUT /contact-custom-field {"contact_id":1,"custom_field_id":1,"value":"` + longest + `"}`)
	require.Equal(t, longest, a.CustomFieldValue(1, field))
	require.Empty(t, a.CustomFieldValue(2, field))
	require.Empty(t, a.CustomFieldValue(1, 2))
}

func TestServer_SeedContacts(t *testing.T) {
	t.Parallel()
	a := newAPIAtNoon(t)
	a.SeedContacts(20)
	a.expect(
		exchange{`GET /contact?email=contact-0000010@example.com`, 200, data(`{"id":10,"email":"contact-0000010@example.com",
			"first_name":"Barbara","last_name":"Hopper","email_marketing":false,"gdpr":true,"tags":[],"sequences":[]}`)},
		exchange{`POST /contact {"email":"ada@example.com"}`, 201, data(`{"id":21}`)},
	)
	a.call(`POST /contact {"email":"contact-0000007@example.com"}`).isError(409, "CONTACT_EXISTS")
	require.Equal(t, []string{"21", "20"}, a.get("/contacts").all("id")[:2])
}

func TestServer_SeedContactsContinuesAndKeepsExistingOnes(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.setUp(`POST /contact {"email":"CONTACT-0000003@example.com","first_name":"Own"}`)
	a.SeedContacts(2)
	a.SeedContacts(2)
	require.Equal(t, []string{`"contact-0000005@example.com"`, `"contact-0000004@example.com"`,
		`"contact-0000002@example.com"`, `"CONTACT-0000003@example.com"`}, a.get("/contacts").all("email"))
	require.Equal(t, []string{"5", "4", "2", "1"}, a.get("/contacts").all("id"))
}

func TestContacts_ListDoesNotCopyAllRows(t *testing.T) { // not parallel: it counts bytes
	const contacts = 100_000
	a := newAPI(t)
	a.SeedContacts(contacts)
	r := a.request("GET", "/contacts?per_page=100&page=1000", "")
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	resp, err := a.Transport().RoundTrip(r)
	runtime.ReadMemStats(&after)
	require.NoError(t, err)
	require.Equal(t, 200, resp.StatusCode)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(8*contacts/2), "half of the list's pointers")
}
