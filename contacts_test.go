package funnel_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
)

const adaJSON = `{
	"id": 12, "email": "ada@example.com", "first_name": "Ada", "last_name": "Lovelace",
	"phone": "+44 20 7946 0000", "status": "subscribed",
	"custom_fields": {"plan": "pro", "seats": "12"},
	"tags": [{"id": 1, "name": "vip", "contacts_count": 3, "created_at": "2026-01-02T03:04:05Z"}],
	"created_at": "2026-01-02T03:04:05.678900Z", "updated_at": "2026-02-03T04:05:06+01:00"
}`

var ada = funnel.Contact{
	ID: 12, Email: "ada@example.com", FirstName: "Ada", LastName: "Lovelace",
	Phone: "+44 20 7946 0000", Status: funnel.ContactSubscribed,
	CustomFields: map[string]string{"plan": "pro", "seats": "12"},
	Tags:         []funnel.Tag{{ID: 1, Name: "vip", ContactsCount: 3, CreatedAt: utc(2026, 1, 2, 3, 4, 5, 0)}},
	CreatedAt:    utc(2026, 1, 2, 3, 4, 5, 678900000),
	UpdatedAt:    utc(2026, 2, 3, 3, 5, 6, 0),
}

func TestContacts_Methods(t *testing.T) {
	t.Parallel()
	runMethodTests(t, []methodTest{{
		name: "List, nothing set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Contacts.List(ctx, funnel.ContactListParams{})
		},
		sends: sentRequest{Method: "GET", Path: "/contacts"},
		reply: answers(200, `{"success":true,"data":[`+adaJSON+`,{"id":13}],"meta":{"current_page":1,"per_page":25,"last_page":4,"total":99}}`),
		want: &funnel.Page[funnel.Contact]{
			Items: []funnel.Contact{ada, {ID: 13}}, Page: 1, PerPage: 25, LastPage: 4, Total: 99,
		},
	}, {
		name: "List, everything set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Contacts.List(ctx, funnel.ContactListParams{
				Page: 2, PerPage: 100, Status: funnel.ContactUnsubscribed, Search: "ada & co+1",
				TagIDs: []funnel.TagID{1, 2}, SequenceIDs: []funnel.SequenceID{9223372036854775807},
			})
		},
		sends: sentRequest{Method: "GET", Path: "/contacts",
			Query: "page=2&per_page=100&search=ada+%26+co%2B1&sequence_ids=9223372036854775807&status=unsubscribed&tag_ids=1%2C2"},
		reply: data(`[]`),
		want:  &funnel.Page[funnel.Contact]{Items: []funnel.Contact{}},
	}, {
		name: "List, a status that the SDK does not know",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Contacts.List(ctx, funnel.ContactListParams{Status: "snoozed"})
		},
		sends: sentRequest{Method: "GET", Path: "/contacts", Query: "status=snoozed"},
		reply: data(`[{"id":13,"status":"snoozed"}]`),
		want:  &funnel.Page[funnel.Contact]{Items: []funnel.Contact{{ID: 13, Status: "snoozed"}}},
	}, {
		name:  "Get",
		call:  func(ctx context.Context, c *funnel.Client) (any, error) { return c.Contacts.Get(ctx, 12) },
		sends: sentRequest{Method: "GET", Path: "/contact", Query: "contact_id=12"},
		reply: data(adaJSON),
		want:  &ada,
	}, {
		name: "GetByEmail",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Contacts.GetByEmail(ctx, "ada+1@example.com")
		},
		sends: sentRequest{Method: "GET", Path: "/contact", Query: "email=ada%2B1%40example.com"},
		reply: data(adaJSON),
		want:  &ada,
	}, {
		name: "Create, address only",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Contacts.Create(ctx, funnel.ContactCreateParams{Email: "ada@example.com"})
		},
		sends: sentRequest{Method: "POST", Path: "/contact", Body: `{"email":"ada@example.com"}`},
		reply: answers(201, `{"success":true,"data":`+adaJSON+`}`),
		want:  &ada,
	}, {
		name: "Create, everything set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Contacts.Create(ctx, funnel.ContactCreateParams{
				Email: "ada@example.com", FirstName: "Ada", LastName: "Lovelace", Phone: "+44", Status: funnel.ContactSubscribed,
				CustomFields: map[string]string{"plan": "pro", "a": "b"}, TagIDs: []funnel.TagID{1, 2}, SequenceIDs: []funnel.SequenceID{5},
			})
		},
		sends: sentRequest{Method: "POST", Path: "/contact", Body: `{"email":"ada@example.com","first_name":"Ada","last_name":"Lovelace",` +
			`"phone":"+44","status":"subscribed","custom_fields":{"a":"b","plan":"pro"},"tag_ids":[1,2],"sequence_ids":[5]}`},
		reply: answers(201, `{"success":true,"data":`+adaJSON+`}`),
		want:  &ada,
	}, {
		name: "Update, one field",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Contacts.Update(ctx, 12, funnel.ContactUpdateParams{LastName: funnel.Ptr("")})
		},
		sends: sentRequest{Method: "PUT", Path: "/contact", Body: `{"contact_id":12,"last_name":""}`},
		reply: data(adaJSON),
		want:  &ada,
	}, {
		name: "Update, everything set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Contacts.Update(ctx, 12, funnel.ContactUpdateParams{
				Email: funnel.Ptr("ada@example.com"), FirstName: funnel.Ptr("Ada"), LastName: funnel.Ptr("L"), Phone: funnel.Ptr("+44"),
				Status: funnel.Ptr(funnel.ContactBounced), CustomFields: &funnel.CustomFields{},
			})
		},
		sends: sentRequest{Method: "PUT", Path: "/contact", Body: `{"contact_id":12,"email":"ada@example.com","first_name":"Ada",` +
			`"last_name":"L","phone":"+44","status":"bounced","custom_fields":{}}`},
		reply: data(adaJSON),
		want:  &ada,
	}, {
		name: "Update, nothing set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Contacts.Update(ctx, 12, funnel.ContactUpdateParams{})
		},
		sends: sentRequest{Method: "PUT", Path: "/contact", Body: `{"contact_id":12}`},
		reply: data(adaJSON),
		want:  &ada,
	}, {
		name:  "Delete",
		call:  func(ctx context.Context, c *funnel.Client) (any, error) { return nil, c.Contacts.Delete(ctx, 12) },
		sends: sentRequest{Method: "DELETE", Path: "/contact", Query: "contact_id=12"},
		reply: answers(204, ""),
	}, {
		name: "AddTags",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return nil, c.Contacts.AddTags(ctx, 12, 1, 2)
		},
		sends: sentRequest{Method: "POST", Path: "/contact-tag", Body: `{"contact_id":12,"tag_ids":[1,2]}`},
		reply: data(`null`),
	}, {
		name: "RemoveTags",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return nil, c.Contacts.RemoveTags(ctx, 12, 1, 2)
		},
		sends: sentRequest{Method: "DELETE", Path: "/contact-tag", Query: "contact_id=12&tag_ids=1%2C2"},
		reply: answers(200, ""),
	}})
}

// Reading is tolerant of what PHP and Laravel make of the same.
func TestContacts_TolerantReading(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, json string
		want       funnel.Contact
	}{
		{"ids as strings", `{"id":"12","tags":[{"id":"1"}]}`, funnel.Contact{ID: 12, Tags: []funnel.Tag{{ID: 1}}}},
		{"nulls", `{"id":12,"email":null,"first_name":null,"status":null,"custom_fields":null,"tags":null,"created_at":null}`, funnel.Contact{ID: 12}},
		{"an empty map as a list", `{"id":12,"custom_fields":[]}`, funnel.Contact{ID: 12}},
		{"custom fields that are no strings", `{"id":12,"custom_fields":{"seats":12,"vip":true}}`,
			funnel.Contact{ID: 12, CustomFields: map[string]string{"seats": "12", "vip": "true"}}},
		{"a number for a text", `{"id":12,"phone":44207946}`, funnel.Contact{ID: 12, Phone: "44207946"}},
		{"a list with gaps as a map", `{"id":12,"tags":{"0":{"id":1},"2":{"id":3}}}`, funnel.Contact{ID: 12, Tags: []funnel.Tag{{ID: 1}, {ID: 3}}}},
		{"a text for a number", `{"id":12,"tags":[{"id":1,"contacts_count":"3"}]}`, funnel.Contact{ID: 12, Tags: []funnel.Tag{{ID: 1, ContactsCount: 3}}}},
		{"fields that the SDK does not know", `{"id":12,"score":99,"owner":{"id":1}}`, funnel.Contact{ID: 12}},
		{"Laravel's date", `{"id":12,"created_at":"2026-01-02 03:04:05"}`, funnel.Contact{ID: 12, CreatedAt: utc(2026, 1, 2, 3, 4, 5, 0)}},
		{"a day", `{"id":12,"created_at":"2026-01-02"}`, funnel.Contact{ID: 12, CreatedAt: utc(2026, 1, 2, 0, 0, 0, 0)}},
		{"unix seconds", `{"id":12,"created_at":1767323045}`, funnel.Contact{ID: 12, CreatedAt: utc(2026, 1, 2, 3, 4, 5, 0)}},
		{"a large id", `{"id":9223372036854775807}`, funnel.Contact{ID: 9223372036854775807}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			api := newMockAPI(t).on("GET", "/contact", data(tt.json)).on("GET", "/contacts", data("["+tt.json+"]"))
			client := api.client(t)
			got, err := client.Contacts.Get(t.Context(), 12)
			require.NoError(t, err)
			require.Equal(t, &tt.want, got)
			page, err := client.Contacts.List(t.Context(), funnel.ContactListParams{})
			require.NoError(t, err)
			require.Equal(t, []funnel.Contact{tt.want}, page.Items)
		})
	}
}

func TestContacts_RefuseBadInput(t *testing.T) {
	t.Parallel()
	many := make([]funnel.TagID, 501)
	for i := range many {
		many[i] = funnel.TagID(i + 1)
	}
	list := func(params funnel.ContactListParams) func(context.Context, *funnel.ContactsService) error {
		return func(ctx context.Context, s *funnel.ContactsService) error {
			_, err := s.List(ctx, params)
			_, allErr := collect(s.All(ctx, params))
			if fmt.Sprint(err) != fmt.Sprint(allErr) {
				return fmt.Errorf("List says %w, and All %w", err, allErr)
			}
			return err
		}
	}
	create := func(params funnel.ContactCreateParams) func(context.Context, *funnel.ContactsService) error {
		return func(ctx context.Context, s *funnel.ContactsService) error {
			_, err := s.Create(ctx, params)
			return err
		}
	}
	tests := []struct {
		name  string
		call  func(context.Context, *funnel.ContactsService) error
		field string
	}{
		{"per_page of 101", list(funnel.ContactListParams{PerPage: 101}), "per_page"},
		{"per_page of -1", list(funnel.ContactListParams{PerPage: -1}), "per_page"},
		{"page of -1", list(funnel.ContactListParams{Page: -1}), "page"},
		{"zero tag in a filter", list(funnel.ContactListParams{TagIDs: []funnel.TagID{1, 0}}), "tag_ids"},
		{"too many tags in a filter", list(funnel.ContactListParams{TagIDs: many}), "tag_ids"},
		{"negative sequence in a filter", list(funnel.ContactListParams{SequenceIDs: []funnel.SequenceID{-1}}), "sequence_ids"},
		{"no address", create(funnel.ContactCreateParams{FirstName: "Ada"}), "email"},
		{"blank address", create(funnel.ContactCreateParams{Email: " "}), "email"},
		{"zero tag of a new contact", create(funnel.ContactCreateParams{Email: "ada@example.com", TagIDs: []funnel.TagID{0}}), "tag_ids"},
		{"zero sequence of a new contact", create(funnel.ContactCreateParams{Email: "ada@example.com", SequenceIDs: []funnel.SequenceID{0}}), "sequence_ids"},
		{"empty address of an update", func(ctx context.Context, s *funnel.ContactsService) error {
			_, err := s.Update(ctx, 12, funnel.ContactUpdateParams{Email: funnel.Ptr("")})
			return err
		}, "email"},
		{"address of nobody", func(ctx context.Context, s *funnel.ContactsService) error {
			_, err := s.GetByEmail(ctx, "")
			return err
		}, "email"},
		{"a zero tag to add", func(ctx context.Context, s *funnel.ContactsService) error { return s.AddTags(ctx, 12, 1, 0) }, "tag_ids"},
		{"a zero tag to remove", func(ctx context.Context, s *funnel.ContactsService) error { return s.RemoveTags(ctx, 12, 0) }, "tag_ids"},
		{"too many tags to remove", func(ctx context.Context, s *funnel.ContactsService) error { return s.RemoveTags(ctx, 12, many...) }, "tag_ids"},
		{"no contact to tag", func(ctx context.Context, s *funnel.ContactsService) error { return s.AddTags(ctx, 0) }, "contact_id"},
		{"no contact to untag", func(ctx context.Context, s *funnel.ContactsService) error { return s.RemoveTags(ctx, 0) }, "contact_id"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			requireArgumentError(t, tt.call(t.Context(), newMockAPI(t).client(t).Contacts), tt.field)
		})
	}
}

// Without tags there is nothing to do, and nothing is sent.
func TestContacts_NoTagsSendNothing(t *testing.T) {
	t.Parallel()
	api := newMockAPI(t)
	client := api.client(t)
	require.NoError(t, client.Contacts.AddTags(t.Context(), 12))
	require.NoError(t, client.Contacts.RemoveTags(t.Context(), 12, []funnel.TagID{}...))
	require.Empty(t, api.requests())
}

func TestContacts_Upsert(t *testing.T) {
	t.Parallel()
	params := funnel.ContactCreateParams{
		Email: "ada@example.com", FirstName: "Ada", Status: funnel.ContactSubscribed, CustomFields: map[string]string{"plan": "pro"},
		TagIDs: []funnel.TagID{1, 2}, SequenceIDs: []funnel.SequenceID{5},
	}
	const (
		create = `{"email":"ada@example.com","first_name":"Ada","status":"subscribed","custom_fields":{"plan":"pro"},"tag_ids":[1,2],"sequence_ids":[5]}`
		update = `{"contact_id":12,"first_name":"Ada","status":"subscribed","custom_fields":{"plan":"pro"}}`
		addTag = `{"contact_id":12,"tag_ids":[1,2]}`
	)
	var (
		exists     = failure(409, "CONTACT_EXISTS", "A contact with that email already exists")
		posted     = sentRequest{Method: "POST", Path: "/contact", Body: create}
		looked     = sentRequest{Method: "GET", Path: "/contact", Query: "email=ada%40example.com"}
		updated    = sentRequest{Method: "PUT", Path: "/contact", Body: update}
		tagged     = sentRequest{Method: "POST", Path: "/contact-tag", Body: addTag}
		readBack   = sentRequest{Method: "GET", Path: "/contact", Query: "contact_id=12"}
		found      = data(`{"id":12,"first_name":"found"}`)
		changed    = data(`{"id":12,"first_name":"changed"}`)
		afterwards = data(`{"id":12,"first_name":"afterwards"}`)
	)
	tests := []struct {
		name        string
		params      funnel.ContactCreateParams
		post        []reply // to POST /contact
		get         []reply // to GET /contact
		sends       []sentRequest
		want        string // first name of the contact
		wantCreated bool
	}{{
		name:   "created",
		params: params,
		post:   []reply{answers(201, `{"success":true,"data":{"id":12,"first_name":"created"}}`)},
		sends:  []sentRequest{posted},
		want:   "created", wantCreated: true,
	}, {
		name:   "created at the second attempt",
		params: params,
		post:   []reply{failure(500, "SERVER_ERROR", "Oops"), data(`{"id":12,"first_name":"created"}`)},
		sends:  []sentRequest{posted, posted},
		want:   "created", wantCreated: true,
	}, {
		name:   "exists: is updated and tagged, and not enrolled",
		params: params,
		post:   []reply{exists},
		get:    []reply{found, afterwards},
		sends:  []sentRequest{posted, looked, updated, tagged, readBack},
		want:   "afterwards",
	}, {
		name:   "the answer to the creation was lost",
		params: params,
		post:   []reply{breaks(io.EOF), exists},
		get:    []reply{found, afterwards},
		sends:  []sentRequest{posted, posted, looked, updated, tagged, readBack},
		want:   "afterwards",
	}, {
		name:   "exists: nothing to tag",
		params: funnel.ContactCreateParams{Email: "ada@example.com", LastName: "Lovelace", Phone: "+44"},
		post:   []reply{exists},
		get:    []reply{found},
		sends: []sentRequest{
			{Method: "POST", Path: "/contact", Body: `{"email":"ada@example.com","last_name":"Lovelace","phone":"+44"}`},
			looked,
			{Method: "PUT", Path: "/contact", Body: `{"contact_id":12,"last_name":"Lovelace","phone":"+44"}`},
		},
		want: "changed",
	}, {
		name:   "exists: nothing to update",
		params: funnel.ContactCreateParams{Email: "ada@example.com", TagIDs: []funnel.TagID{1, 2}},
		post:   []reply{exists},
		get:    []reply{found, afterwards},
		sends:  []sentRequest{{Method: "POST", Path: "/contact", Body: `{"email":"ada@example.com","tag_ids":[1,2]}`}, looked, tagged, readBack},
		want:   "afterwards",
	}, {
		name:   "exists: only what is new is sent",
		params: params,
		post:   []reply{exists},
		get: []reply{data(`{"id":12,"email":"Ada@example.com","first_name":"Ada","custom_fields":{"city":"Bern","plan":"free"},"tags":[{"id":2}]}`),
			afterwards},
		sends: []sentRequest{posted, looked,
			{Method: "PUT", Path: "/contact", Body: `{"contact_id":12,"status":"subscribed","custom_fields":{"city":"Bern","plan":"pro"}}`},
			{Method: "POST", Path: "/contact-tag", Body: `{"contact_id":12,"tag_ids":[1]}`},
			readBack},
		want: "afterwards",
	}, {
		name:   "exists: up to date",
		params: funnel.ContactCreateParams{Email: "ada@example.com", FirstName: "found", CustomFields: map[string]string{"plan": "pro"}, TagIDs: []funnel.TagID{1}},
		post:   []reply{exists},
		get:    []reply{data(`{"id":12,"first_name":"found","custom_fields":{"plan":"pro","city":"Bern"},"tags":[{"id":1},{"id":2}]}`)},
		sends: []sentRequest{
			{Method: "POST", Path: "/contact", Body: `{"email":"ada@example.com","first_name":"found","custom_fields":{"plan":"pro"},"tag_ids":[1]}`},
			looked,
		},
		want: "found",
	}, {
		name:   "exists: nothing to do",
		params: funnel.ContactCreateParams{Email: "ada@example.com", SequenceIDs: []funnel.SequenceID{5}},
		post:   []reply{exists},
		get:    []reply{found},
		sends:  []sentRequest{{Method: "POST", Path: "/contact", Body: `{"email":"ada@example.com","sequence_ids":[5]}`}, looked},
		want:   "found",
	}}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				api := newMockAPI(t).on("POST", "/contact", tt.post...)
				if tt.get != nil {
					api.on("GET", "/contact", tt.get...).on("PUT", "/contact", changed).on("POST", "/contact-tag", data(`null`))
				}
				contact, created, err := api.client(t).Contacts.Upsert(t.Context(), tt.params)
				require.NoError(t, err)
				require.EqualValues(t, 12, contact.ID)
				require.Equal(t, tt.want, contact.FirstName)
				require.Equal(t, tt.wantCreated, created)
				requireSent(t, api, tt.sends...)
			})
		})
	}
}

// Where a step fails, the contact is not returned: nobody shall take it for up
// to date.
func TestContacts_UpsertFails(t *testing.T) {
	t.Parallel()
	var (
		exists = failure(409, "CONTACT_EXISTS", "Contact already exists")
		denied = failure(403, "FORBIDDEN", "No")
		lost   = breaks(io.EOF)
		found  = data(`{"id":12}`)
	)
	tests := []struct {
		name               string
		post, get          []reply // to /contact
		put, tag           reply
		method, path       string
		mayHaveBeenApplied bool // by any of the steps
		wantErr            error
	}{
		{"creation", []reply{denied}, nil, nil, nil, "POST", "/contact", false, funnel.ErrForbidden},
		{"search", []reply{exists}, []reply{denied}, nil, nil, "GET", "/contact", false, funnel.ErrForbidden},
		{"search after a creation whose answer was lost", []reply{lost, exists}, []reply{denied}, nil, nil, "GET", "/contact", true, funnel.ErrForbidden},
		{"update", []reply{exists}, []reply{found}, denied, nil, "PUT", "/contact", false, funnel.ErrForbidden},
		{"update whose answer is lost", []reply{exists}, []reply{found}, lost, nil, "PUT", "/contact", true, io.EOF},
		{"tagging after an update", []reply{exists}, []reply{found}, found, denied, "POST", "/contact-tag", true, funnel.ErrForbidden},
		{"tagging whose answer is lost", []reply{exists}, []reply{found}, found, lost, "POST", "/contact-tag", true, io.EOF},
		{"tagging without a connection after an update", []reply{exists}, []reply{found}, found, unsent(io.EOF), "POST", "/contact-tag", true, io.EOF},
		{"reading back", []reply{exists}, []reply{found, denied}, found, found, "GET", "/contact", true, funnel.ErrForbidden},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				api := newMockAPI(t).on("POST", "/contact", tt.post...).on("GET", "/contact", tt.get...).
					on("PUT", "/contact", tt.put).on("POST", "/contact-tag", tt.tag)
				contact, created, err := api.client(t).Contacts.Upsert(t.Context(), funnel.ContactCreateParams{
					Email: "ada@example.com", FirstName: "Ada", TagIDs: []funnel.TagID{1},
				})
				require.Nil(t, contact)
				require.False(t, created)
				require.ErrorIs(t, err, tt.wantErr)
				failed := failureOf(t, err)
				require.Equal(t, tt.method+" "+tt.path, failed.Method+" "+failed.Path)
				require.Equal(t, tt.mayHaveBeenApplied, failed.MayHaveBeenApplied)
			})
		})
	}
}

func TestCustomFields_Reading(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		body string
		want funnel.CustomFields
	}{
		"texts":                {`{"plan":"pro","note":""}`, funnel.CustomFields{"plan": "pro", "note": ""}},
		"null":                 {`null`, nil},
		"PHP's empty map":      {`[]`, nil},
		"PHP's other nothings": {`""`, nil},
		"PHP's false":          {`false`, nil},
		"numbers":              {`{"seats":12,"price":9.90,"big":9007199254740993}`, funnel.CustomFields{"seats": "12", "price": "9.90", "big": "9007199254740993"}},
		"a null value":         {`{"plan":null,"seats":1}`, funnel.CustomFields{"plan": "", "seats": "1"}},
		"a list and a truth":   {`{"colours":["red","blue"],"vip":true}`, funnel.CustomFields{"colours": `["red","blue"]`, "vip": "true"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var contact funnel.Contact
			require.NoError(t, json.Unmarshal([]byte(`{"id":1,"custom_fields":`+test.body+`,"phone":"7"}`), &contact))
			require.Equal(t, funnel.Contact{ID: 1, CustomFields: test.want, Phone: "7"}, contact)
		})
	}
	require.Error(t, json.Unmarshal([]byte(`"pro"`), new(funnel.CustomFields)))
}

func TestCustomFields_NoneInAnUpdateTakesAllAway(t *testing.T) {
	t.Parallel()
	for name, fields := range map[string]*funnel.CustomFields{
		"nil inside": new(funnel.CustomFields),
		"empty":      {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, err := json.Marshal(funnel.ContactUpdateParams{CustomFields: fields})
			require.NoError(t, err)
			require.JSONEq(t, `{"custom_fields":{}}`, string(b))
		})
	}
	b, err := json.Marshal(funnel.ContactUpdateParams{})
	require.NoError(t, err)
	require.JSONEq(t, `{}`, string(b))
}

// What cannot be named cannot be brought up to date, and what may have been done
// before stays known.
func TestContacts_UpsertOfAContactWithoutID(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, params := range []funnel.ContactCreateParams{{Email: "ada@example.com"}, {Email: "ada@example.com", FirstName: "Ada"}} {
			api := newMockAPI(t).on("POST", "/contact", failure(500, "SERVER_ERROR", "Oops"), failure(409, "CONTACT_EXISTS", "Contact already exists")).
				on("GET", "/contact", data(`{"email":"ada@example.com"}`))
			contact, created, err := api.client(t).Contacts.Upsert(t.Context(), params)
			require.Nil(t, contact)
			require.False(t, created)
			require.ErrorContains(t, err, "it has no id")
			require.True(t, funnel.MayHaveBeenApplied(err))
		}
	})
}

// A server that does not know the filter by address returns somebody: that one
// is left alone.
func TestContacts_UpsertLeavesStrangersAlone(t *testing.T) {
	t.Parallel()
	api := newMockAPI(t).on("POST", "/contact", failure(409, "CONTACT_EXISTS", "Contact already exists")).
		on("GET", "/contact", data(`{"id":1,"email":"first@example.com"}`))
	_, created, err := api.client(t).Contacts.Upsert(t.Context(), funnel.ContactCreateParams{Email: "ada@example.com", FirstName: "Ada", TagIDs: []funnel.TagID{1}})
	require.False(t, created)
	require.ErrorContains(t, err, "GET /contact: 200")
	require.ErrorContains(t, err, "returned one with another")
	require.NotContains(t, err.Error(), "@")
	require.Len(t, api.requests(), 2)
}
