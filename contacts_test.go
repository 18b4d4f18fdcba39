package funnel_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
)

func TestContacts_Methods(t *testing.T) {
	t.Parallel()
	runMethodTests(t, []methodTest{{
		name: "List, nothing set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Contacts.List(ctx, funnel.ContactListParams{})
		},
		sends: sentRequest{Method: "GET", Path: "/contacts"},
		reply: pageOf(contactItemJSON, `{"id":13}`),
		want:  pageOneOf(sampleContactItem, funnel.Contact{ID: 13}),
	}, {
		name: "List, everything set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Contacts.List(ctx, funnel.ContactListParams{
				Page: 2, PerPage: 100, Period: funnel.PeriodBetween, Range: funnel.DateRange{From: noon(1, newYork), To: noon(31, tokyo)},
			})
		},
		sends: sentRequest{Method: "GET", Path: "/contacts", Query: "page=2&per_page=100&period=between&range=2026-03-01to2026-03-31"},
		reply: pageOf(),
		want:  pageOneOf([]funnel.Contact{}...),
	}, {
		name: "All",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return collect(c.Contacts.All(ctx, funnel.ContactListParams{Period: funnel.PeriodToday}))
		},
		sends: sentRequest{Method: "GET", Path: "/contacts", Query: "page=1&per_page=100&period=today"},
		reply: pageOf(contactItemJSON),
		want:  []funnel.Contact{sampleContactItem},
	}, {
		name: "Get",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Contacts.Get(ctx, funnel.ContactID(12))
		},
		sends: sentRequest{Method: "GET", Path: "/contact", Query: "contact_id=12"},
		reply: data(contactJSON),
		want:  &sampleContact,
	}, {
		name: "Get, by address in another case",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Contacts.Get(ctx, funnel.Email("ADA@example.com"))
		},
		sends: sentRequest{Method: "GET", Path: "/contact", Query: "email=ADA%40example.com"},
		reply: data(contactJSON),
		want:  &sampleContact,
	}, {
		name: "Create, address only",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Contacts.Create(ctx, funnel.ContactCreateParams{Email: "ada@example.com"})
		},
		sends: sentRequest{Method: "POST", Path: "/contact", Body: `{"email":"ada@example.com"}`},
		reply: createdAs(contactIDJSON),
		want:  funnel.ContactID(12),
	}, {
		name: "Create, everything set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Contacts.Create(ctx, adaParams)
		},
		sends: sentRequest{Method: "POST", Path: "/contact", Body: `{` + adaFields + `,"tag_ids":"7,8","sequence_ids":"3"}`},
		reply: createdAs(contactIDJSON),
		want:  funnel.ContactID(12),
	}, {
		name: "Create, false is sent and an empty list is not",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Contacts.Create(ctx, funnel.ContactCreateParams{
				Email: "ada@example.com", EmailMarketing: funnel.Ptr(false), GDPR: funnel.Ptr(false), TagIDs: []funnel.TagID{},
			})
		},
		sends: sentRequest{Method: "POST", Path: "/contact", Body: `{"email":"ada@example.com","email_marketing":false,"gdpr":false}`},
		reply: createdAs(contactIDJSON),
		want:  funnel.ContactID(12),
	}, {
		name: "Update, everything set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return nil, c.Contacts.Update(ctx, funnel.ContactID(12), funnel.ContactUpdateParams{
				FirstName: funnel.Ptr("Ada"), LastName: funnel.Ptr("Lovelace"), EmailMarketing: funnel.Ptr(true), GDPR: funnel.Ptr(true),
			})
		},
		sends: sentRequest{Method: "PUT", Path: "/contact", Body: `{"contact_id":12,` + adaName + `,` + adaConsent + `}`},
		reply: data(contactIDJSON),
	}, {
		name: "Update, a name is removed",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return nil, c.Contacts.Update(ctx, funnel.ContactID(12), funnel.ContactUpdateParams{LastName: funnel.Ptr("")})
		},
		sends: sentRequest{Method: "PUT", Path: "/contact", Body: `{"contact_id":12,"last_name":""}`},
		reply: data(contactIDJSON),
	}, {
		name: "Update, nothing set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return nil, c.Contacts.Update(ctx, funnel.ContactID(12), funnel.ContactUpdateParams{})
		},
		sends: sentRequest{Method: "PUT", Path: "/contact", Body: `{"contact_id":12}`},
		reply: data(contactIDJSON),
	}, {
		name: "Delete",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return nil, c.Contacts.Delete(ctx, funnel.ContactID(12))
		},
		sends: sentRequest{Method: "DELETE", Path: "/contact", Body: `{"contact_id":12}`},
		reply: answers(http.StatusNoContent, ""),
	}, {
		name: "Tags",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Contacts.Tags(ctx, funnel.ContactID(12))
		},
		sends: sentRequest{Method: "GET", Path: "/contacts-tags", Query: "contact_id=12"},
		reply: listOf(tagJSON, newTagJSON),
		want:  []funnel.Tag{sampleTag, sampleNewTag},
	}, {
		name: "Tags, none",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Contacts.Tags(ctx, funnel.Email("ada@example.com"))
		},
		sends: sentRequest{Method: "GET", Path: "/contacts-tags", Query: "email=ada%40example.com"},
		reply: listOf(),
		want:  []funnel.Tag{},
	}, {
		name: "AddTag",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return nil, c.Contacts.AddTag(ctx, funnel.ContactID(12), 7)
		},
		sends: sentRequest{Method: "POST", Path: "/contact-tag", Body: `{"contact_id":12,"tag_id":7}`},
		reply: data(`{"contact_id":12,"tag_id":7}`),
	}, {
		name: "RemoveTag",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return nil, c.Contacts.RemoveTag(ctx, funnel.Email("ada@example.com"), 7)
		},
		sends: sentRequest{Method: "DELETE", Path: "/contact-tag", Body: `{"email":"ada@example.com","tag_id":7}`},
		reply: data(`{"contact_id":12,"tag_id":7}`),
	}, {
		name: "SetCustomField",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return nil, c.Contacts.SetCustomField(ctx, funnel.ContactID(12), 5, "Plus & more\n")
		},
		sends: sentRequest{Method: "PUT", Path: "/contact-custom-field",
			Body: `{"contact_id":12,"custom_field_id":5,"value":"Plus \u0026 more\n"}`},
		reply: data(`{"contact_id":12,"custom_field_id":5,"value":"Plus & more\n"}`),
	}, {
		name: "SetCustomField, an empty value",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return nil, c.Contacts.SetCustomField(ctx, funnel.Email("ada@example.com"), 5, "")
		},
		sends: sentRequest{Method: "PUT", Path: "/contact-custom-field", Body: `{"email":"ada@example.com","custom_field_id":5,"value":""}`},
		reply: data(`{"contact_id":12,"custom_field_id":5,"value":""}`),
	}})
}

// adaParams has every field set.
var adaParams = funnel.ContactCreateParams{
	Email: "ada@example.com", FirstName: "Ada", LastName: "Lovelace", EmailMarketing: funnel.Ptr(true), GDPR: funnel.Ptr(true),
	TagIDs: []funnel.TagID{7, 8}, SequenceIDs: []funnel.SequenceID{3},
}

// A server that ignores the parameter returns some other contact.
func TestContacts_GetChecksWhichOneCame(t *testing.T) {
	t.Parallel()
	for name, ref := range map[string]funnel.ContactRef{
		"contact_id": funnel.ContactID(13),
		"email":      funnel.Email("grace@example.com"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api := newMockAPI(t).on("GET", "/contact", data(contactJSON))
			got, err := api.client(t).Contacts.Get(t.Context(), ref)
			require.Nil(t, got)
			require.ErrorContains(t, err, "another resource was requested ("+name+")")
			require.ErrorContains(t, err, `{"success":true,"data":{"id":12,`)
		})
	}
}

func TestContacts_RefuseBadInput(t *testing.T) {
	t.Parallel()
	create := func(params funnel.ContactCreateParams) func(context.Context, *funnel.Client) error {
		return func(ctx context.Context, c *funnel.Client) error {
			id, err := c.Contacts.Create(ctx, params)
			require.Zero(t, id)
			_, _, upsertErr := c.Contacts.Upsert(ctx, params)
			require.Equal(t, err, upsertErr)
			return err
		}
	}
	tests := []badInput{
		{"no address", create(funnel.ContactCreateParams{FirstName: "Ada"}), "email"},
		{"blank address", create(funnel.ContactCreateParams{Email: " "}), "email"},
		{"address with white space around it", create(funnel.ContactCreateParams{Email: " ada@example.com"}), "email"},
		{"address with a line break", create(funnel.ContactCreateParams{Email: "ada\n@example.com"}), "email"},
		{"name that is not UTF-8", create(funnel.ContactCreateParams{Email: "jose@example.com", FirstName: "Jos\xe9"}), "first_name"},
		{"update to a name that is not UTF-8", func(ctx context.Context, c *funnel.Client) error {
			return c.Contacts.Update(ctx, funnel.ContactID(12), funnel.ContactUpdateParams{LastName: funnel.Ptr("L\xf6w")})
		}, "last_name"},
		{"value of 1,001 characters", func(ctx context.Context, c *funnel.Client) error {
			return c.Contacts.SetCustomField(ctx, funnel.ContactID(12), 5, strings.Repeat("a", 1001))
		}, "value"},
		{"value of 1,001 characters of two bytes", func(ctx context.Context, c *funnel.Client) error {
			return c.Contacts.SetCustomField(ctx, funnel.ContactID(12), 5, strings.Repeat("é", 1001))
		}, "value"},
		{"value that is not UTF-8", func(ctx context.Context, c *funnel.Client) error {
			return c.Contacts.SetCustomField(ctx, funnel.ContactID(12), 5, "K\xf6ln")
		}, "value"},
		{"per_page of 101", func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Contacts.List(ctx, funnel.ContactListParams{PerPage: 101})
			return err
		}, "per_page"},
		{"per_page of -1, all", func(ctx context.Context, c *funnel.Client) error {
			_, err := collect(c.Contacts.All(ctx, funnel.ContactListParams{PerPage: -1}))
			return err
		}, "per_page"},
		{"page of -1", func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Contacts.List(ctx, funnel.ContactListParams{Page: -1})
			return err
		}, "page"},
	}
	for _, id := range noIDs {
		tests = append(tests,
			badInput{"tag " + id.String() + " of a new contact", create(funnel.ContactCreateParams{
				Email: "ada@example.com", TagIDs: []funnel.TagID{7, funnel.TagID(id)},
			}), "tag_ids"},
			badInput{"sequence " + id.String() + " of a new contact", create(funnel.ContactCreateParams{
				Email: "ada@example.com", SequenceIDs: []funnel.SequenceID{funnel.SequenceID(id)},
			}), "sequence_ids"},
			badInput{"tag " + id.String() + " to add", func(ctx context.Context, c *funnel.Client) error {
				return c.Contacts.AddTag(ctx, funnel.ContactID(12), funnel.TagID(id))
			}, "tag_id"},
			badInput{"tag " + id.String() + " to remove", func(ctx context.Context, c *funnel.Client) error {
				return c.Contacts.RemoveTag(ctx, funnel.ContactID(12), funnel.TagID(id))
			}, "tag_id"},
			badInput{"custom field " + id.String(), func(ctx context.Context, c *funnel.Client) error {
				return c.Contacts.SetCustomField(ctx, funnel.ContactID(12), funnel.CustomFieldID(id), "Plus")
			}, "custom_field_id"},
		)
	}
	runBadInputTests(t, tests)
}

// The limit counts characters, not bytes.
func TestContacts_SetCustomFieldOf1000Characters(t *testing.T) {
	t.Parallel()
	for _, character := range []string{"a", "é", "购", "🛒"} {
		t.Run(character, func(t *testing.T) {
			t.Parallel()
			server, client := fakeAPI(t)
			server.SeedContacts(1)
			id := server.AddCustomField(funneltest.CustomField{Name: "Note"})
			value := strings.Repeat(character, 1000)
			require.NoError(t, client.Contacts.SetCustomField(t.Context(), funnel.ContactID(1), id, value))
			require.Equal(t, value, server.CustomFieldValue(1, id))
		})
	}
}

// What the SDK cannot judge it passes on, and the server rejects it.
func TestContacts_ServerErrors(t *testing.T) {
	t.Parallel()
	setUp := func(t *testing.T, c *funnel.Client) { // contact 1, tag 1, and sequence 1 without stages
		t.Helper()
		_, err := c.Contacts.Create(t.Context(), funnel.ContactCreateParams{Email: "ada@example.com"})
		require.NoError(t, err)
		_, err = c.Tags.Create(t.Context(), funnel.TagCreateParams{Name: "vip"})
		require.NoError(t, err)
		_, err = c.Sequences.Create(t.Context(), funnel.SequenceCreateParams{Name: "Empty"})
		require.NoError(t, err)
	}
	create := func(params funnel.ContactCreateParams) func(context.Context, *funnel.Client) error {
		return func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Contacts.Create(ctx, params)
			return err
		}
	}
	runServerErrorTests(t, setUp, []serverError{
		{"address that is taken", create(funnel.ContactCreateParams{Email: "ADA@example.com"}), `"email":"ADA@example.com"`, funnel.ErrContactExists, nil},
		{"no address", create(funnel.ContactCreateParams{Email: "ada at example.com"}), `"email":"ada at example.com"`, funnel.ErrValidation,
			map[string][]string{"email": {"The email must be a valid email address."}}},
		{"tag that does not exist", create(funnel.ContactCreateParams{Email: "new@example.com", TagIDs: []funnel.TagID{1, 99}}),
			`"tag_ids":"1,99"`, funnel.ErrNotFound, nil},
		{"sequence that does not exist", create(funnel.ContactCreateParams{Email: "new@example.com", SequenceIDs: []funnel.SequenceID{99}}),
			`"sequence_ids":"99"`, funnel.ErrNotFound, nil},
		{"contact that does not exist", func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Contacts.Get(ctx, funnel.ContactID(1<<62))
			return err
		}, "contact_id=4611686018427387904", funnel.ErrNotFound, nil},
		{"address that does not exist", func(ctx context.Context, c *funnel.Client) error {
			return c.Contacts.Delete(ctx, funnel.Email("nobody@example.com"))
		}, `"email":"nobody@example.com"`, funnel.ErrNotFound, nil},
		{"custom field that does not exist", func(ctx context.Context, c *funnel.Client) error {
			return c.Contacts.SetCustomField(ctx, funnel.ContactID(1), 99, "Plus")
		}, `"custom_field_id":99`, funnel.ErrNotFound, nil},
		{"unknown period", func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Contacts.List(ctx, funnel.ContactListParams{Period: "last90days"})
			return err
		}, "period=last90days", funnel.ErrInvalidPeriod, nil},
		{"malformed tag_ids", func(ctx context.Context, c *funnel.Client) error {
			return c.Call(ctx, http.MethodPost, "/contact", nil, map[string]string{"email": "new@example.com", "tag_ids": "1,x"}, nil)
		}, `"tag_ids":"1,x"`, funnel.ErrValidation, map[string][]string{}},
	})
}

// A contact from its creation to its deletion.
func TestContacts_Flow(t *testing.T) {
	t.Parallel()
	_, client := fakeAPI(t)
	ctx, contacts := t.Context(), client.Contacts
	vip, err := client.Tags.Create(ctx, funnel.TagCreateParams{Name: "vip"})
	require.NoError(t, err)
	trial, err := client.Tags.Create(ctx, funnel.TagCreateParams{Name: "trial"})
	require.NoError(t, err)
	id, err := contacts.Create(ctx, funnel.ContactCreateParams{Email: "ada@example.com", TagIDs: []funnel.TagID{trial.ID}, GDPR: funnel.Ptr(true)})
	require.NoError(t, err)

	require.NoError(t, contacts.Update(ctx, id, funnel.ContactUpdateParams{FirstName: funnel.Ptr("Ada"), EmailMarketing: funnel.Ptr(true)}))
	require.NoError(t, contacts.AddTag(ctx, funnel.Email("ada@example.com"), vip.ID))
	require.NoError(t, contacts.AddTag(ctx, id, vip.ID), "can be repeated")
	require.NoError(t, contacts.RemoveTag(ctx, id, trial.ID))
	got, err := contacts.Get(ctx, funnel.Email("ADA@example.com"))
	require.NoError(t, err)
	require.Equal(t, &funnel.Contact{
		ID: id, Email: "ada@example.com", FirstName: "Ada", EmailMarketing: true, GDPR: true,
		Tags: []funnel.TagID{vip.ID}, Sequences: []funnel.SequenceID{},
	}, got)
	tags, err := contacts.Tags(ctx, id)
	require.NoError(t, err)
	require.Len(t, tags, 1)
	require.Equal(t, "vip", tags[0].Name)
	require.NotZero(t, tags[0].CreatedAt)

	require.NoError(t, contacts.Delete(ctx, id))
	_, err = contacts.Get(ctx, id)
	require.ErrorIs(t, err, funnel.ErrNotFound)
}

// Tags are a set: adding one twice does no harm, so that a lost response is no error.
func TestContacts_AddTagIsRetried(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := newMockAPI(t).on("POST", "/contact-tag", breaks(io.EOF), data(`{"contact_id":12,"tag_id":7}`))
		require.NoError(t, api.client(t).Contacts.AddTag(t.Context(), funnel.ContactID(12), 7))
		require.Len(t, api.requests(), 2)
	})
}

// The requests of an upsert of adaParams.
var (
	upsertPost = sentRequest{Method: "POST", Path: "/contact", Body: `{` + adaFields + `,"tag_ids":"7,8","sequence_ids":"3"}`}
	upsertPut  = sentRequest{Method: "PUT", Path: "/contact", Body: `{` + adaFields + `}`}
	upsertTag7 = sentRequest{Method: "POST", Path: "/contact-tag", Body: `{"email":"ada@example.com","tag_id":7}`}
	upsertTag8 = sentRequest{Method: "POST", Path: "/contact-tag", Body: `{"email":"ada@example.com","tag_id":8}`}
)

func contactExists() reply {
	return failure(409, funnel.ErrContactExists, "A contact with that email already exists")
}

func TestContacts_Upsert(t *testing.T) {
	t.Parallel()
	emailOnly := sentRequest{Method: "POST", Path: "/contact", Body: `{"email":"ada@example.com"}`}
	tests := []struct {
		name        string
		params      funnel.ContactCreateParams
		post        []reply
		put         reply
		sends       []sentRequest
		wantID      funnel.ContactID
		wantCreated bool
	}{{
		name:   "new",
		params: adaParams,
		post:   []reply{createdAs(contactIDJSON)},
		sends:  []sentRequest{upsertPost},
		wantID: 12, wantCreated: true,
	}, {
		name:   "new, at the second attempt",
		params: adaParams,
		post:   []reply{failure(500, funnel.ErrServer, "Oops"), createdAs(contactIDJSON)},
		sends:  []sentRequest{upsertPost, upsertPost},
		wantID: 12, wantCreated: true,
	}, {
		name:   "exists: fields are set, tags added one by one, sequences ignored",
		params: adaParams,
		post:   []reply{contactExists()},
		sends:  []sentRequest{upsertPost, upsertPut, upsertTag7, upsertTag8},
		wantID: 12,
	}, {
		name:   "exists: a response was lost",
		params: adaParams,
		post:   []reply{breaks(io.EOF), contactExists()},
		sends:  []sentRequest{upsertPost, upsertPost, upsertPut, upsertTag7, upsertTag8},
		wantID: 12,
	}, {
		name:   "exists: nothing to set",
		params: funnel.ContactCreateParams{Email: "ada@example.com"},
		post:   []reply{contactExists()},
		sends:  []sentRequest{emailOnly},
	}, {
		name:   "exists: sequences only",
		params: funnel.ContactCreateParams{Email: "ada@example.com", SequenceIDs: []funnel.SequenceID{3}},
		post:   []reply{contactExists()},
		sends:  []sentRequest{{Method: "POST", Path: "/contact", Body: `{"email":"ada@example.com","sequence_ids":"3"}`}},
	}, {
		name:   "exists: tags only",
		params: funnel.ContactCreateParams{Email: "ada@example.com", TagIDs: []funnel.TagID{8, 7}},
		post:   []reply{contactExists()},
		sends: []sentRequest{
			{Method: "POST", Path: "/contact", Body: `{"email":"ada@example.com","tag_ids":"8,7"}`}, upsertTag8, upsertTag7,
		},
	}, {
		name:   "exists: false is a field that is set",
		params: funnel.ContactCreateParams{Email: "ada@example.com", EmailMarketing: funnel.Ptr(false)},
		post:   []reply{contactExists()},
		sends: []sentRequest{
			{Method: "POST", Path: "/contact", Body: `{"email":"ada@example.com","email_marketing":false}`},
			{Method: "PUT", Path: "/contact", Body: `{"email":"ada@example.com","email_marketing":false}`},
		},
		wantID: 12,
	}, {
		name:   "exists: the update's response has no data",
		params: adaParams,
		post:   []reply{contactExists()},
		put:    answers(200, `{"success":true}`),
		sends:  []sentRequest{upsertPost, upsertPut, upsertTag7, upsertTag8},
	}, {
		name:   "exists: the update's response is empty",
		params: adaParams,
		post:   []reply{contactExists()},
		put:    answers(http.StatusNoContent, ""),
		sends:  []sentRequest{upsertPost, upsertPut, upsertTag7, upsertTag8},
	}, {
		name:   "exists: the update's response has data of another shape",
		params: adaParams,
		post:   []reply{contactExists()},
		put:    data(`["updated"]`),
		sends:  []sentRequest{upsertPost, upsertPut, upsertTag7, upsertTag8},
	}}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				put := tt.put
				if put == nil {
					put = data(contactIDJSON)
				}
				api := newMockAPI(t).on("POST", "/contact", tt.post...).on("PUT", "/contact", put).
					on("POST", "/contact-tag", data(`{"contact_id":12,"tag_id":7}`))
				id, created, err := api.client(t).Contacts.Upsert(t.Context(), tt.params)
				require.NoError(t, err)
				require.Equal(t, tt.wantID, id)
				require.Equal(t, tt.wantCreated, created)
				requireSent(t, api, tt.sends...)
			})
		})
	}
}

// An upsert that fails says whether any of its requests may have been applied.
func TestContacts_UpsertFails(t *testing.T) {
	t.Parallel()
	var (
		denied = failure(403, funnel.ErrForbidden, "No")
		lost   = breaks(io.EOF)
		done   = data(contactIDJSON)
	)
	tests := []struct {
		name               string
		post               []reply
		put                reply
		tag                []reply
		operation          string // that failed
		mayHaveBeenApplied bool   // it or one before it
		wantErr            error
	}{
		{"create", []reply{denied}, nil, nil, "POST /contact", false, funnel.ErrForbidden},
		{"create, response lost", []reply{lost}, nil, nil, "POST /contact", true, io.EOF},
		{"update", []reply{contactExists()}, denied, nil, "PUT /contact", false, funnel.ErrForbidden},
		{"update, after a lost create", []reply{lost, contactExists()}, denied, nil, "PUT /contact", true, funnel.ErrForbidden},
		{"update, response lost", []reply{contactExists()}, lost, nil, "PUT /contact", true, io.EOF},
		{"update, success false", []reply{contactExists()}, failure(200, funnel.ErrForbidden, "No"), nil, "PUT /contact", false, funnel.ErrForbidden},
		{"first tag, after the update", []reply{contactExists()}, done, []reply{denied}, "POST /contact-tag", true, funnel.ErrForbidden},
		{"first tag, without a connection", []reply{contactExists()}, done, []reply{unsent(io.EOF)}, "POST /contact-tag", true, io.EOF},
		{"second tag", []reply{contactExists()}, done, []reply{done, denied}, "POST /contact-tag", true, funnel.ErrForbidden},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				api := newMockAPI(t).on("POST", "/contact", tt.post...).on("PUT", "/contact", tt.put).on("POST", "/contact-tag", tt.tag...)
				id, created, err := api.client(t).Contacts.Upsert(t.Context(), adaParams)
				require.False(t, created)
				require.ErrorIs(t, err, tt.wantErr)
				failed := failureOf(t, err)
				require.Equal(t, tt.operation, failed.Method+" "+failed.Path)
				require.Equal(t, tt.mayHaveBeenApplied, failed.MayHaveBeenApplied)
				if failed.Path == "/contact" {
					require.Zero(t, id)
				}
			})
		})
	}
}

// Without fields to set there is no update before the tags.
func TestContacts_UpsertFailsAtItsFirstTag(t *testing.T) {
	t.Parallel()
	params := funnel.ContactCreateParams{Email: "ada@example.com", TagIDs: []funnel.TagID{7, 8}}
	api := newMockAPI(t).on("POST", "/contact", contactExists()).
		on("POST", "/contact-tag", failure(404, funnel.ErrNotFound, "Tag not found"))
	_, _, err := api.client(t).Contacts.Upsert(t.Context(), params)
	require.ErrorIs(t, err, funnel.ErrNotFound)
	require.False(t, funnel.MayHaveBeenApplied(err))

	api = newMockAPI(t).on("POST", "/contact", contactExists()).
		on("POST", "/contact-tag", data(`{}`), failure(404, funnel.ErrNotFound, "Tag not found"))
	_, _, err = api.client(t).Contacts.Upsert(t.Context(), params)
	require.ErrorIs(t, err, funnel.ErrNotFound)
	require.True(t, funnel.MayHaveBeenApplied(err), "the first tag was added")
}

func TestContacts_UpsertAgainstTheFake(t *testing.T) {
	t.Parallel()
	server, client := fakeAPI(t)
	ctx := t.Context()
	for _, name := range []string{"vip", "trial"} {
		_, err := client.Tags.Create(ctx, funnel.TagCreateParams{Name: name})
		require.NoError(t, err)
	}
	id, created, err := client.Contacts.Upsert(ctx, funnel.ContactCreateParams{Email: "ada@example.com", FirstName: "Ada", TagIDs: []funnel.TagID{1}})
	require.NoError(t, err)
	require.True(t, created)
	before := server.RequestCount()

	again, created, err := client.Contacts.Upsert(ctx, funnel.ContactCreateParams{Email: "ada@example.com", LastName: "Lovelace", TagIDs: []funnel.TagID{2}})
	require.NoError(t, err)
	require.False(t, created)
	require.Equal(t, id, again)
	require.Equal(t, 3, server.RequestCount()-before)
	got, err := client.Contacts.Get(ctx, id)
	require.NoError(t, err)
	require.Equal(t, "Ada Lovelace", got.FirstName+" "+got.LastName)
	require.Equal(t, []funnel.TagID{1, 2}, got.Tags)
}
