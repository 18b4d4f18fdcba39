package funnel_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
)

func TestWithField_AddsAndOverridesFields(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name         string
		method, path string
		fields       map[string]any
		call         func(context.Context, *funnel.Client) error
		query        string
		body         string
	}{{
		name: "POST", method: "POST", path: "/contact", fields: map[string]any{"phone": "+44", "score": 7},
		call: func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Contacts.Create(ctx, adaParams)
			return err
		},
		body: `{` + adaFields + `,"tag_ids":"7,8","sequence_ids":"3","phone":"+44","score":7}`,
	}, {
		name: "PUT", method: "PUT", path: "/contact", fields: map[string]any{"phone": nil},
		call: func(ctx context.Context, c *funnel.Client) error {
			return c.Contacts.Update(ctx, funnel.ContactID(9007199254740993), funnel.ContactUpdateParams{FirstName: funnel.Ptr("Ada")})
		},
		body: `{"contact_id":9007199254740993,"first_name":"Ada","phone":null}`,
	}, {
		name: "DELETE", method: "DELETE", path: "/tag", fields: map[string]any{"force": true},
		call: func(ctx context.Context, c *funnel.Client) error { return c.Tags.Delete(ctx, 7) },
		body: `{"tag_id":7,"force":true}`,
	}, {
		name: "DELETE of a link", method: "DELETE", path: "/contact-sequence", fields: map[string]any{"reason": "asked to"},
		call: func(ctx context.Context, c *funnel.Client) error {
			return c.Sequences.Unenroll(ctx, 3, funnel.Email("ada@example.com"))
		},
		body: `{"email":"ada@example.com","sequence_id":3,"reason":"asked to"}`,
	}, {
		name: "a field that the method sets", method: "POST", path: "/sequence-stage", fields: map[string]any{"time_value": 0, "name": "Now"},
		call: func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Sequences.CreateStage(ctx, funnel.StageCreateParams{SequenceID: 3, TimeValue: 5})
			return err
		},
		body: `{"sequence_id":3,"time_value":0,"name":"Now"}`,
	}, {
		name: "objects and lists in a body", method: "POST", path: "/campaign",
		fields: map[string]any{"audience": map[string]any{"tag_ids": []int{1, 2}}, "tags": []string{"a"}, "at": json.RawMessage(`{"x": 1.50}`)},
		call: func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Campaigns.Create(ctx, funnel.CampaignCreateParams{Name: "Launch"})
			return err
		},
		body: `{"name":"Launch","audience":{"tag_ids":[1,2]},"tags":["a"],"at":{"x":1.50}}`,
	}, {
		name: "the SDK's own types", method: "POST", path: "/campaign",
		fields: map[string]any{"tag_ids": funnel.IDList[funnel.Tag]{1, 2}, "scheduled_for": sampleCampaign.ScheduledFor},
		call: func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Campaigns.Create(ctx, funnel.CampaignCreateParams{Name: "Launch"})
			return err
		},
		body: `{"name":"Launch","tag_ids":"1,2","scheduled_for":"2026-05-01T09:00:00Z"}`,
	}, {
		name: "GET of a list", method: "GET", path: "/contacts",
		fields: map[string]any{"search": "ada & co", "min_score": 7, "vip": true, "ratio": 0.5, "per_page": 500, "email": "ada@example.com"},
		call: func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Contacts.List(ctx, funnel.ContactListParams{PerPage: 100, Period: funnel.PeriodToday})
			return err
		},
		query: "email=ada%40example.com&min_score=7&per_page=500&period=today&ratio=0.5&search=ada+%26+co&vip=true",
	}, {
		name: "GET of one", method: "GET", path: "/contact", fields: map[string]any{"with": "stats"},
		call: func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Contacts.Get(ctx, funnel.ContactID(12))
			return err
		},
		query: "contact_id=12&with=stats",
	}, {
		name: "GET without a query", method: "GET", path: "/webhooks", fields: map[string]any{"active": false},
		call: func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Webhooks.List(ctx)
			return err
		},
		query: "active=false",
	}, {
		name: "Call with a struct", method: "POST", path: "/contacts-bulk-tag", fields: map[string]any{"contact_ids": "1,2"},
		call: func(ctx context.Context, c *funnel.Client) error {
			return c.Call(ctx, http.MethodPost, "/contacts-bulk-tag", nil, struct {
				TagID funnel.TagID `json:"tag_id"`
			}{7}, nil)
		},
		body: `{"tag_id":7,"contact_ids":"1,2"}`,
	}, {
		name: "Call without a body", method: "PATCH", path: "/contact", fields: map[string]any{"phone": "+44"},
		call: func(ctx context.Context, c *funnel.Client) error {
			return c.Call(ctx, http.MethodPatch, "/contact", url.Values{"contact_id": {"12"}}, nil, nil)
		},
		query: "contact_id=12", body: `{"phone":"+44"}`,
	}, {
		name: "Call of a GET", method: "GET", path: "/contact-stats", fields: map[string]any{"period": "today"},
		call: func(ctx context.Context, c *funnel.Client) error {
			return c.Call(ctx, http.MethodGet, "/contact-stats", url.Values{"contact_id": {"12"}}, nil, nil)
		},
		query: "contact_id=12&period=today",
	}} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			result := data(`{"id":12}`)
			switch tt.path {
			case "/contacts":
				result = pageOf()
			case "/webhooks":
				result = listOf()
			}
			api := newMockAPI(t).on(tt.method, tt.path, result)
			ctx := t.Context()
			for name, value := range tt.fields {
				ctx = funnel.WithField(ctx, name, value)
			}
			require.NoError(t, tt.call(ctx, api.client(t)))
			require.Len(t, api.requests(), 1)
			sent := api.requests()[0]
			require.Equal(t, tt.query, sent.Query)
			if tt.body == "" {
				require.Empty(t, sent.Body)
				return
			}
			require.Equal(t, decoded(t, tt.body), decoded(t, sent.Body)) // with each number as it is written
		})
	}
}

// A context is a value: a field goes with the calls of its own context only, and the
// last value of a name counts.
func TestWithField_BelongsToItsContext(t *testing.T) {
	t.Parallel()
	api := newMockAPI(t).on("POST", "/tag", createdAs(newTagJSON))
	client := api.client(t)
	colour := funnel.WithField(t.Context(), "colour", "red")
	for _, ctx := range []context.Context{
		colour,
		funnel.WithField(colour, "size", 1),
		funnel.WithField(colour, "colour", "blue"),
		funnel.WithoutRetry(colour),
		t.Context(),
	} {
		_, err := client.Tags.Create(ctx, funnel.TagCreateParams{Name: "vip"})
		require.NoError(t, err)
	}
	var bodies []string
	for _, req := range api.requests() {
		bodies = append(bodies, req.Body)
	}
	require.Equal(t, []string{
		`{"colour":"red","name":"vip"}`,
		`{"colour":"red","name":"vip","size":1}`,
		`{"colour":"blue","name":"vip"}`,
		`{"colour":"red","name":"vip"}`,
		`{"name":"vip"}`,
	}, bodies)
}

func TestWithField_IsSentWithEachAttempt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := newMockAPI(t).on("PUT", "/tag", failure(503, funnel.ErrServer, "Oops"), data(newTagJSON))
		ctx := funnel.WithField(t.Context(), "colour", "red")
		require.NoError(t, api.client(t).Tags.Update(ctx, 7, funnel.TagUpdateParams{}))
		sent := sentRequest{Method: "PUT", Path: "/tag", Body: `{"colour":"red","tag_id":7}`}
		requireSent(t, api, sent, sent)
	})
}

func TestWithField_GoesWithEachPage(t *testing.T) {
	t.Parallel()
	api := newMockAPI(t).on("GET", "/tags",
		answers(200, `{"success":true,"data":[{"id":1}],"meta":{"current_page":1,"per_page":1,"last_page":2,"total":2}}`),
		answers(200, `{"success":true,"data":[{"id":2}],"meta":{"current_page":2,"per_page":1,"last_page":2,"total":2}}`))
	all, err := collect(api.client(t).Tags.All(funnel.WithField(t.Context(), "search", "v"), funnel.TagListParams{}))
	require.NoError(t, err)
	require.Len(t, all, 2)
	requireSent(t, api,
		sentRequest{Method: "GET", Path: "/tags", Query: "page=1&per_page=100&search=v"},
		sentRequest{Method: "GET", Path: "/tags", Query: "page=2&per_page=100&search=v"})
}

func TestWithField_BadInputIsRefused(t *testing.T) {
	t.Parallel()
	get := func(ctx context.Context, c *funnel.Client) error {
		_, err := c.Tags.List(ctx, funnel.TagListParams{})
		return err
	}
	post := func(ctx context.Context, c *funnel.Client) error {
		_, err := c.Tags.Create(ctx, funnel.TagCreateParams{Name: "vip"})
		return err
	}
	type test struct {
		field string
		value any
		call  func(context.Context, *funnel.Client) error
		says  string
	}
	tests := map[string]test{
		"no name":                  {"", 1, post, "the name is empty"},
		"value that is no JSON":    {"at", make(chan int), post, "the value of at cannot be sent as JSON"},
		"value with a bad marshal": {"at", failingMarshaler{}, post, "the value of at cannot be sent as JSON"},
		"null in a query":          {"search", nil, get, "the value of search cannot be sent in a query"},
		"list in a query":          {"search", []string{"a"}, get, "the value of search cannot be sent in a query"},
		"object in a query":        {"search", map[string]int{"a": 1}, get, "the value of search cannot be sent in a query"},
		"nil pointer in a query":   {"search", (*string)(nil), get, "the value of search cannot be sent in a query"},
		"address of Get": {"email", "x@example.com", func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Contacts.Get(ctx, funnel.Email("ada@example.com"))
			return err
		}, "email names the contact"},
		"address of Create": {"email", "x@example.com", func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Contacts.Create(ctx, funnel.ContactCreateParams{Email: "ada@example.com"})
			return err
		}, "email names the contact"},
		"address of Upsert": {"email", "x@example.com", func(ctx context.Context, c *funnel.Client) error {
			_, _, err := c.Contacts.Upsert(ctx, funnel.ContactCreateParams{Email: "ada@example.com"})
			return err
		}, "email names the contact"},
		"address of Update by address": {"email", "x@example.com", func(ctx context.Context, c *funnel.Client) error {
			return c.Contacts.Update(ctx, funnel.Email("ada@example.com"), funnel.ContactUpdateParams{})
		}, "email names the contact"},
		"address of Delete": {"email", "x@example.com", func(ctx context.Context, c *funnel.Client) error {
			return c.Contacts.Delete(ctx, funnel.Email("ada@example.com"))
		}, "email names the contact"},
	}
	for _, name := range []string{
		"id", "contact_id", "tag_id", "sequence_id", "campaign_id", "funnel_id", "step_id", "stage_id", "webhook_id", "custom_field_id", "id_order",
	} {
		tests[name+" in a body"] = test{name, 1, post, name + " names a resource"}
		tests[name+" in a query"] = test{name, 1, get, name + " names a resource"}
	}
	for name, body := range map[string]any{"list": []int{1}, "text": "x", "number": 1, "null": json.RawMessage("null")} {
		tests["Call with a "+name+" as its body"] = test{"phone", "+44", func(ctx context.Context, c *funnel.Client) error {
			return c.Call(ctx, http.MethodPost, "/contact", nil, body, nil)
		}, "the body is no JSON object"}
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api := newMockAPI(t)
			err := tt.call(funnel.WithField(t.Context(), tt.field, tt.value), api.client(t))
			requireArgumentError(t, err, "WithField")
			require.ErrorContains(t, err, tt.says)
			require.Empty(t, api.requests())
		})
	}
}

type failingMarshaler struct{}

func (failingMarshaler) MarshalJSON() ([]byte, error) { return nil, errors.New("no") }

// In Upsert the field goes with the requests that carry the contact's fields: POST and
// PUT /contact, not POST /contact-tag.
func TestWithField_InUpsert(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		params funnel.ContactCreateParams
		sends  []string // bodies
	}{
		"with fields": {funnel.ContactCreateParams{Email: "ada@example.com", FirstName: "Ada", TagIDs: []funnel.TagID{7}}, []string{
			`{"email":"ada@example.com","first_name":"Ada","phone":"+44","tag_ids":"7"}`,
			`{"email":"ada@example.com","first_name":"Ada","phone":"+44"}`,
			`{"email":"ada@example.com","tag_id":7}`,
		}},
		"without other fields": {funnel.ContactCreateParams{Email: "ada@example.com", TagIDs: []funnel.TagID{7}}, []string{
			`{"email":"ada@example.com","phone":"+44","tag_ids":"7"}`,
			`{"email":"ada@example.com","phone":"+44"}`,
			`{"email":"ada@example.com","tag_id":7}`,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api := newMockAPI(t).on("POST", "/contact", contactExists()).on("PUT", "/contact", data(contactIDJSON)).
				on("POST", "/contact-tag", data(`{"contact_id":12,"tag_id":7}`))
			id, created, err := api.client(t).Contacts.Upsert(funnel.WithField(t.Context(), "phone", "+44"), tt.params)
			require.NoError(t, err)
			require.False(t, created)
			require.EqualValues(t, 12, id)
			require.Equal(t, []string{"POST /contact", "PUT /contact", "POST /contact-tag"}, api.operations())
			for i, body := range tt.sends {
				require.JSONEq(t, body, api.requests()[i].Body)
			}
		})
	}
}

func TestWithField_InBulk(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := newMockAPI(t).on("POST", "/contact", createdAs(contactIDJSON)).on("POST", "/contact-tag", data(`{}`))
		client := api.client(t)
		ctx := funnel.WithField(t.Context(), "source", "import")
		contacts := []funnel.ContactCreateParams{{Email: "ada@example.com"}, {Email: "grace@example.com"}}
		for result := range client.Contacts.CreateAll(ctx, slices.Values(contacts)) {
			require.NoError(t, result.Err)
		}
		for result := range client.Contacts.UpsertAll(ctx, slices.Values(contacts)) {
			require.NoError(t, result.Err)
		}
		for result := range funnel.Each(ctx, client, slices.Values([]funnel.ContactID{1, 2}), func(ctx context.Context, id funnel.ContactID) error {
			return client.Contacts.AddTag(ctx, id, 7)
		}) {
			require.NoError(t, result.Err)
		}
		require.Len(t, api.requests(), 6)
		for _, req := range api.requests() {
			require.Contains(t, req.Body, `"source":"import"`)
		}
	})
}
