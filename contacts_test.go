package funnel_test

import (
	"context"
	"fmt"
	"io"
	"iter"
	"math"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
	"github.com/funnel-go/funnel/internal/apitest"
)

func TestContacts_Methods(t *testing.T) {
	t.Parallel()
	runMethodTests(t, []methodTest{{
		name: "List, nothing set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Contacts.List(ctx, funnel.ContactListParams{})
		},
		sends:     sentRequest{Method: "GET", Path: "/contacts"},
		responder: pageOf(contactItemJSON, `{"id":13}`),
		want:      pageOneOf(sampleContactItem, funnel.Contact{ID: 13}),
	}, {
		name: "List, everything set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Contacts.List(ctx, funnel.ContactListParams{
				Page: 2, PerPage: 100, Period: funnel.PeriodBetween, Range: funnel.DateRange{From: noon(1, newYork), To: noon(31, tokyo)},
			})
		},
		sends:     sentRequest{Method: "GET", Path: "/contacts", Query: "page=2&per_page=100&period=between&range=2026-03-01to2026-03-31"},
		responder: pageOf(),
		want:      pageOneOf([]funnel.Contact{}...),
	}, {
		name: "All",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return collect(c.Contacts.All(ctx, funnel.ContactListParams{Period: funnel.PeriodToday}))
		},
		sends:     sentRequest{Method: "GET", Path: "/contacts", Query: "page=1&per_page=100&period=today"},
		responder: pageOf(contactItemJSON),
		want:      []funnel.Contact{sampleContactItem},
	}, {
		name: "Get",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Contacts.Get(ctx, funnel.ContactID(12))
		},
		sends:     sentRequest{Method: "GET", Path: "/contact", Query: "contact_id=12"},
		responder: data(contactJSON),
		want:      &sampleContact,
	}, {
		name: "Get, by address in another case",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Contacts.Get(ctx, funnel.Email("ADA@example.com"))
		},
		sends:     sentRequest{Method: "GET", Path: "/contact", Query: "email=ADA%40example.com"},
		responder: data(contactJSON),
		want:      &sampleContact,
	}, {
		name: "Create, address only",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Contacts.Create(ctx, funnel.ContactCreateParams{Email: "ada@example.com"})
		},
		sends:     sentRequest{Method: "POST", Path: "/contact", Body: `{"email":"ada@example.com"}`},
		responder: createdAs(contactIDJSON),
		want:      funnel.ContactID(12),
	}, {
		name: "Create, everything set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Contacts.Create(ctx, adaParams)
		},
		sends:     sentRequest{Method: "POST", Path: "/contact", Body: `{` + adaFields + `,"tag_ids":"7,8","sequence_ids":"3"}`},
		responder: createdAs(contactIDJSON),
		want:      funnel.ContactID(12),
	}, {
		name: "Create, false is sent and an empty list is not",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Contacts.Create(ctx, funnel.ContactCreateParams{
				Email: "ada@example.com", EmailMarketing: funnel.Ptr(false), GDPR: funnel.Ptr(false), TagIDs: []funnel.TagID{},
			})
		},
		sends:     sentRequest{Method: "POST", Path: "/contact", Body: `{"email":"ada@example.com","email_marketing":false,"gdpr":false}`},
		responder: createdAs(contactIDJSON),
		want:      funnel.ContactID(12),
	}, {
		name: "Update, everything set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return nil, c.Contacts.Update(ctx, funnel.ContactID(12), funnel.ContactUpdateParams{
				FirstName: funnel.Ptr("Ada"), LastName: funnel.Ptr("Lovelace"), EmailMarketing: funnel.Ptr(true), GDPR: funnel.Ptr(true),
			})
		},
		sends:     sentRequest{Method: "PUT", Path: "/contact", Body: `{"contact_id":12,` + adaName + `,` + adaConsent + `}`},
		responder: data(contactIDJSON),
	}, {
		name: "Update, a name is removed",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return nil, c.Contacts.Update(ctx, funnel.ContactID(12), funnel.ContactUpdateParams{LastName: funnel.Ptr("")})
		},
		sends:     sentRequest{Method: "PUT", Path: "/contact", Body: `{"contact_id":12,"last_name":""}`},
		responder: data(contactIDJSON),
	}, {
		name: "Delete",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return nil, c.Contacts.Delete(ctx, funnel.ContactID(12))
		},
		sends:     sentRequest{Method: "DELETE", Path: "/contact", Body: `{"contact_id":12}`},
		responder: respond(http.StatusNoContent, ""),
	}, {
		name: "Tags",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Contacts.Tags(ctx, funnel.ContactID(12))
		},
		sends:     sentRequest{Method: "GET", Path: "/contacts-tags", Query: "contact_id=12"},
		responder: listOf(tagJSON, newTagJSON),
		want:      []funnel.Tag{sampleTag, sampleNewTag},
	}, {
		name: "Tags, none",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Contacts.Tags(ctx, funnel.Email("ada@example.com"))
		},
		sends:     sentRequest{Method: "GET", Path: "/contacts-tags", Query: "email=ada%40example.com"},
		responder: listOf(),
		want:      []funnel.Tag{},
	}, {
		name: "AddTag",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return nil, c.Contacts.AddTag(ctx, funnel.ContactID(12), 7)
		},
		sends:     sentRequest{Method: "POST", Path: "/contact-tag", Body: `{"contact_id":12,"tag_id":7}`},
		responder: data(`{"contact_id":12,"tag_id":7}`),
	}, {
		name: "RemoveTag",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return nil, c.Contacts.RemoveTag(ctx, funnel.Email("ada@example.com"), 7)
		},
		sends:     sentRequest{Method: "DELETE", Path: "/contact-tag", Body: `{"email":"ada@example.com","tag_id":7}`},
		responder: data(`{"contact_id":12,"tag_id":7}`),
	}, {
		name: "SetCustomField",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return nil, c.Contacts.SetCustomField(ctx, funnel.ContactID(12), 5, "Plus & more\n")
		},
		sends: sentRequest{Method: "PUT", Path: "/contact-custom-field",
			Body: `{"contact_id":12,"custom_field_id":5,"value":"Plus \u0026 more\n"}`},
		responder: data(`{"contact_id":12,"custom_field_id":5,"value":"Plus & more\n"}`),
	}, {
		name: "SetCustomField, an empty value",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return nil, c.Contacts.SetCustomField(ctx, funnel.Email("ada@example.com"), 5, "")
		},
		sends:     sentRequest{Method: "PUT", Path: "/contact-custom-field", Body: `{"email":"ada@example.com","custom_field_id":5,"value":""}`},
		responder: data(`{"contact_id":12,"custom_field_id":5,"value":""}`),
	}})
}

// adaParams has every field set.
var adaParams = funnel.ContactCreateParams{
	Email: "ada@example.com", FirstName: "Ada", LastName: "Lovelace", EmailMarketing: funnel.Ptr(true), GDPR: funnel.Ptr(true),
	TagIDs: []funnel.TagID{7, 8}, SequenceIDs: []funnel.SequenceID{3},
}

// A server that ignores the parameter returns another contact.
func TestContacts_GetRefusesAnotherContact(t *testing.T) {
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
			require.ErrorContains(t, err, "the server returned another resource than the requested one ("+name+" differs)")
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
	runBadInputTests(t, []badInput{
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
	})
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

func contactExists() responder {
	return failure(409, funnel.ErrContactExists, "A contact with that email already exists")
}

func TestContacts_Upsert(t *testing.T) {
	t.Parallel()
	emailOnly := sentRequest{Method: "POST", Path: "/contact", Body: `{"email":"ada@example.com"}`}
	tests := []struct {
		name        string
		params      funnel.ContactCreateParams
		post        []responder
		put         responder
		sends       []sentRequest
		wantID      funnel.ContactID
		wantCreated bool
	}{{
		name:   "new",
		params: adaParams,
		post:   []responder{createdAs(contactIDJSON)},
		sends:  []sentRequest{upsertPost},
		wantID: 12, wantCreated: true,
	}, {
		name:   "new, at the second attempt",
		params: adaParams,
		post:   []responder{failure(500, funnel.ErrServer, "Oops"), createdAs(contactIDJSON)},
		sends:  []sentRequest{upsertPost, upsertPost},
		wantID: 12, wantCreated: true,
	}, {
		name:   "exists: fields are set, tags added one by one, sequences ignored",
		params: adaParams,
		post:   []responder{contactExists()},
		sends:  []sentRequest{upsertPost, upsertPut, upsertTag7, upsertTag8},
		wantID: 12,
	}, {
		name:   "exists: a response was lost",
		params: adaParams,
		post:   []responder{breaks(io.EOF), contactExists()},
		sends:  []sentRequest{upsertPost, upsertPost, upsertPut, upsertTag7, upsertTag8},
		wantID: 12,
	}, {
		name:   "exists: nothing to set",
		params: funnel.ContactCreateParams{Email: "ada@example.com"},
		post:   []responder{contactExists()},
		sends:  []sentRequest{emailOnly},
	}, {
		name:   "exists: sequences only",
		params: funnel.ContactCreateParams{Email: "ada@example.com", SequenceIDs: []funnel.SequenceID{3}},
		post:   []responder{contactExists()},
		sends:  []sentRequest{{Method: "POST", Path: "/contact", Body: `{"email":"ada@example.com","sequence_ids":"3"}`}},
	}, {
		name:   "exists: tags only",
		params: funnel.ContactCreateParams{Email: "ada@example.com", TagIDs: []funnel.TagID{8, 7}},
		post:   []responder{contactExists()},
		sends: []sentRequest{
			{Method: "POST", Path: "/contact", Body: `{"email":"ada@example.com","tag_ids":"8,7"}`}, upsertTag8, upsertTag7,
		},
	}, {
		name:   "exists: false is a field that is set",
		params: funnel.ContactCreateParams{Email: "ada@example.com", EmailMarketing: funnel.Ptr(false)},
		post:   []responder{contactExists()},
		sends: []sentRequest{
			{Method: "POST", Path: "/contact", Body: `{"email":"ada@example.com","email_marketing":false}`},
			{Method: "PUT", Path: "/contact", Body: `{"email":"ada@example.com","email_marketing":false}`},
		},
		wantID: 12,
	}, {
		name:   "exists: the update's response has no data",
		params: adaParams,
		post:   []responder{contactExists()},
		put:    respond(200, `{"success":true}`),
		sends:  []sentRequest{upsertPost, upsertPut, upsertTag7, upsertTag8},
	}, {
		name:   "exists: the update's response is empty",
		params: adaParams,
		post:   []responder{contactExists()},
		put:    respond(http.StatusNoContent, ""),
		sends:  []sentRequest{upsertPost, upsertPut, upsertTag7, upsertTag8},
	}, {
		name:   "exists: the update's response has data of another shape",
		params: adaParams,
		post:   []responder{contactExists()},
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
		post               []responder
		put                responder
		tag                []responder
		operation          string // that failed
		mayHaveBeenApplied bool   // it or one before it
		wantErr            error
	}{{
		name: "create", post: []responder{denied},
		operation: "POST /contact", wantErr: funnel.ErrForbidden,
	}, {
		name: "create, response lost", post: []responder{lost},
		operation: "POST /contact", mayHaveBeenApplied: true, wantErr: io.EOF,
	}, {
		name: "update", post: []responder{contactExists()}, put: denied,
		operation: "PUT /contact", wantErr: funnel.ErrForbidden,
	}, {
		name: "update, after a lost create", post: []responder{lost, contactExists()}, put: denied,
		operation: "PUT /contact", mayHaveBeenApplied: true, wantErr: funnel.ErrForbidden,
	}, {
		name: "update, response lost", post: []responder{contactExists()}, put: lost,
		operation: "PUT /contact", mayHaveBeenApplied: true, wantErr: io.EOF,
	}, {
		name: "update, success false", post: []responder{contactExists()}, put: failure(200, funnel.ErrForbidden, "No"),
		operation: "PUT /contact", wantErr: funnel.ErrForbidden,
	}, {
		name: "first tag, after the update", post: []responder{contactExists()}, put: done, tag: []responder{denied},
		operation: "POST /contact-tag", mayHaveBeenApplied: true, wantErr: funnel.ErrForbidden,
	}, {
		name: "first tag, without a connection", post: []responder{contactExists()}, put: done, tag: []responder{unsent(io.EOF)},
		operation: "POST /contact-tag", mayHaveBeenApplied: true, wantErr: io.EOF,
	}, {
		name: "second tag", post: []responder{contactExists()}, put: done, tag: []responder{done, denied},
		operation: "POST /contact-tag", mayHaveBeenApplied: true, wantErr: funnel.ErrForbidden,
	}}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				api := newMockAPI(t).on("POST", "/contact", tt.post...).on("PUT", "/contact", tt.put).on("POST", "/contact-tag", tt.tag...)
				id, created, err := api.client(t).Contacts.Upsert(t.Context(), adaParams)
				require.False(t, created)
				require.ErrorIs(t, err, tt.wantErr)
				failed := apitest.FailureOf(t, err)
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

// A contactCall is a method that addresses a contact.
type contactCall struct {
	name         string
	method, path string
	call         func(context.Context, *funnel.Client, funnel.ContactRef) error
	byID         string // the query or the body, for the contact with id 12
	byEmail      string // the same for ada+1@example.com
}

const (
	emailJSON  = `"email":"ada+1@example.com"`
	emailQuery = `email=ada%2B1%40example.com`
)

var contactCalls = []contactCall{
	{"Contacts.Get", "GET", "/contact", func(ctx context.Context, c *funnel.Client, ref funnel.ContactRef) error {
		_, err := c.Contacts.Get(ctx, ref)
		return err
	}, `contact_id=12`, emailQuery},
	{"Contacts.Update", "PUT", "/contact", func(ctx context.Context, c *funnel.Client, ref funnel.ContactRef) error {
		return c.Contacts.Update(ctx, ref, funnel.ContactUpdateParams{FirstName: funnel.Ptr("Ada")})
	}, `{"contact_id":12,"first_name":"Ada"}`, `{` + emailJSON + `,"first_name":"Ada"}`},
	{"Contacts.Delete", "DELETE", "/contact", func(ctx context.Context, c *funnel.Client, ref funnel.ContactRef) error {
		return c.Contacts.Delete(ctx, ref)
	}, `{"contact_id":12}`, `{` + emailJSON + `}`},
	{"Contacts.Tags", "GET", "/contacts-tags", func(ctx context.Context, c *funnel.Client, ref funnel.ContactRef) error {
		_, err := c.Contacts.Tags(ctx, ref)
		return err
	}, `contact_id=12`, emailQuery},
	{"Contacts.AddTag", "POST", "/contact-tag", func(ctx context.Context, c *funnel.Client, ref funnel.ContactRef) error {
		return c.Contacts.AddTag(ctx, ref, 7)
	}, `{"contact_id":12,"tag_id":7}`, `{` + emailJSON + `,"tag_id":7}`},
	{"Contacts.RemoveTag", "DELETE", "/contact-tag", func(ctx context.Context, c *funnel.Client, ref funnel.ContactRef) error {
		return c.Contacts.RemoveTag(ctx, ref, 7)
	}, `{"contact_id":12,"tag_id":7}`, `{` + emailJSON + `,"tag_id":7}`},
	{"Contacts.SetCustomField", "PUT", "/contact-custom-field", func(ctx context.Context, c *funnel.Client, ref funnel.ContactRef) error {
		return c.Contacts.SetCustomField(ctx, ref, 5, "Plus")
	}, `{"contact_id":12,"custom_field_id":5,"value":"Plus"}`, `{` + emailJSON + `,"custom_field_id":5,"value":"Plus"}`},
	{"Sequences.Enroll", "POST", "/contact-sequence", func(ctx context.Context, c *funnel.Client, ref funnel.ContactRef) error {
		return c.Sequences.Enroll(ctx, 3, ref)
	}, `{"contact_id":12,"sequence_id":3}`, `{` + emailJSON + `,"sequence_id":3}`},
	{"Sequences.Unenroll", "DELETE", "/contact-sequence", func(ctx context.Context, c *funnel.Client, ref funnel.ContactRef) error {
		return c.Sequences.Unenroll(ctx, 3, ref)
	}, `{"contact_id":12,"sequence_id":3}`, `{` + emailJSON + `,"sequence_id":3}`},
}

func TestContactRef_ByIDAndByEmail(t *testing.T) {
	t.Parallel()
	for _, tt := range contactCalls {
		for ref, want := range map[funnel.ContactRef]string{
			funnel.ContactID(12):              tt.byID,
			funnel.Email("ada+1@example.com"): tt.byEmail,
		} {
			t.Run(tt.name+" "+want, func(t *testing.T) {
				t.Parallel()
				result := data(`{"id":12}`)
				if tt.path == "/contacts-tags" {
					result = listOf()
				}
				api := newMockAPI(t).on(tt.method, tt.path, result)
				require.NoError(t, tt.call(t.Context(), api.client(t), ref))
				sent := sentRequest{Method: tt.method, Path: tt.path, Body: want}
				if tt.method == "GET" {
					sent.Query, sent.Body = want, ""
				}
				requireSent(t, api, sent)
			})
		}
	}
}

// Types that have the method of the interface by embedding.
type (
	embedsID    struct{ funnel.ContactID }
	embedsEmail struct{ funnel.Email }
	embedsRef   struct{ funnel.ContactRef }
)

func TestContactRef_RefusesBadInput(t *testing.T) {
	t.Parallel()
	for _, tt := range contactCalls {
		for name, bad := range map[string]struct {
			ref         funnel.ContactRef
			field, says string
		}{
			"id of zero":                {funnel.ContactID(0), "contact_id", "is 0: ids are positive"},
			"negative id":               {funnel.ContactID(-1), "contact_id", "is -1: ids are positive"},
			"smallest id":               {funnel.ContactID(math.MinInt64), "contact_id", "ids are positive"},
			"empty address":             {funnel.Email(""), "email", "is required"},
			"blank address":             {funnel.Email(" \t"), "email", "is required"},
			"space after the address":   {funnel.Email("ada@example.com "), "email", "trim it"},
			"space before the address":  {funnel.Email(" ada@example.com"), "email", "trim it"},
			"no-break space":            {funnel.Email("ada@example.com\u00a0"), "email", "trim it"},
			"line break in the address": {funnel.Email("ada@example.com\r\n"), "email", "line break"},
			"address not in UTF-8":      {funnel.Email("Jos\xe9@example.com"), "email", "UTF-8"},
			"nil":                       {nil, "contact", "is nil"},
			"pointer to an id":          {funnel.Ptr(funnel.ContactID(12)), "contact", "pass a ContactID or an Email"},
			"nil pointer to an id":      {(*funnel.ContactID)(nil), "contact", "pass a ContactID or an Email"},
			"pointer to an address":     {funnel.Ptr(funnel.Email("ada@example.com")), "contact", "pass a ContactID or an Email"},
			"nil pointer to an address": {(*funnel.Email)(nil), "contact", "pass a ContactID or an Email"},
			"struct with an id":         {embedsID{12}, "contact", "is a funnel_test.embedsID"},
			"struct with an address":    {embedsEmail{"ada@example.com"}, "contact", "is a funnel_test.embedsEmail"},
			"struct with a ContactRef":  {embedsRef{funnel.ContactID(12)}, "contact", "is a funnel_test.embedsRef"},
			"struct with nil":           {embedsRef{}, "contact", "is a funnel_test.embedsRef"},
		} {
			t.Run(tt.name+" "+name, func(t *testing.T) {
				t.Parallel()
				api := newMockAPI(t)
				err := tt.call(t.Context(), api.client(t), bad.ref)
				requireArgumentError(t, err, bad.field)
				require.ErrorContains(t, err, bad.says)
				require.Empty(t, api.requests())
			})
		}
	}
}

// The compiler refuses the id of another resource, a bare number and a resource.
func TestContactRef_OtherTypesDoNotCompile(t *testing.T) {
	t.Parallel()
	for contact, says := range map[string]string{
		`funnel.ContactID(12)`:            "",
		`funnel.Email("ada@example.com")`: "",
		`funnel.TagID(12)`:                "does not implement funnel.ContactRef (wrong type for method ref)",
		`funnel.Contact{ID: 12}`:          "does not implement funnel.ContactRef (missing method ref)",
		`funnel.TagContact{ID: 12}`:       "does not implement funnel.ContactRef (missing method ref)",
		`12`:                              "does not implement funnel.ContactRef (missing method ref)",
		`"ada@example.com"`:               "does not implement funnel.ContactRef (missing method ref)",
	} {
		t.Run(contact, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "snippet.go")
			require.NoError(t, os.WriteFile(file, []byte(`package snippet

import (
	"context"

	"github.com/funnel-go/funnel"
)

func get(ctx context.Context, client *funnel.Client) (*funnel.Contact, error) {
	return client.Contacts.Get(ctx, `+contact+`)
}
`), 0o600))
			cmd := exec.CommandContext(t.Context(), "go", "build", file) // a package: nothing is written
			cmd.Env = append(os.Environ(), "GOWORK=off", "GOPROXY=off")
			out, err := cmd.CombinedOutput()
			if says == "" {
				require.NoError(t, err, "%s", out)
				return
			}
			require.Error(t, err)
			require.Contains(t, string(out), says)
		})
	}
}

func TestCustomFields_Methods(t *testing.T) {
	t.Parallel()
	list := func(ctx context.Context, c *funnel.Client) (any, error) { return c.CustomFields.List(ctx) }
	sends := sentRequest{Method: "GET", Path: "/custom-fields"}
	runMethodTests(t, []methodTest{{
		name: "List", call: list, sends: sends,
		responder: listOf(fieldJSON, `{"id":6,"name":"Note","type":"text","values":null}`, `{"id":9,"name":"Born","type":"date"}`),
		want: []funnel.CustomField{
			sampleField,
			{ID: 6, Name: "Note", Type: funnel.CustomFieldText},
			{ID: 9, Name: "Born", Type: "date"},
		},
	}, {
		name: "List, none", call: list, sends: sends,
		responder: listOf(),
		want:      []funnel.CustomField{},
	}})
}

func TestCustomField_Values(t *testing.T) {
	t.Parallel()
	for value, want := range map[string][]string{
		`"Basic,Plus"`: {"Basic", "Plus"},
		`"Basic"`:      {"Basic"},
		`"à,été 🛒"`:    {"à", "été 🛒"},
		`""`:           nil,
		`null`:         nil,
	} {
		t.Run(value, func(t *testing.T) {
			t.Parallel()
			api := newMockAPI(t).on("GET", "/custom-fields", listOf(`{"id":"5","name":7,"values":`+value+`}`))
			got, err := api.client(t).CustomFields.List(t.Context())
			require.NoError(t, err)
			require.Equal(t, []funnel.CustomField{{ID: 5, Name: "7", Values: want}}, got)
		})
	}
}

func TestCustomFields_Flow(t *testing.T) {
	t.Parallel()
	server, client := fakeAPI(t)
	server.SeedContacts(1)
	server.AddCustomField(funneltest.CustomField{Name: "Note"})
	server.AddCustomField(funneltest.CustomField{Name: "Plan", Values: []string{"Basic", "Plus"}})
	fields, err := client.CustomFields.List(t.Context())
	require.NoError(t, err)
	require.Equal(t, []funnel.CustomField{
		{ID: 1, Name: "Note", Type: funnel.CustomFieldText},
		{ID: 2, Name: "Plan", Type: funnel.CustomFieldSelect, Values: []string{"Basic", "Plus"}},
	}, fields)
	require.NoError(t, client.Contacts.SetCustomField(t.Context(), funnel.Email("contact-0000001@example.com"), 2, "Plus"))
	require.Equal(t, "Plus", server.CustomFieldValue(1, 2))
}

func TestCustomFields_GetByNameRefusesAnEmptyName(t *testing.T) {
	t.Parallel()
	_, err := newMockAPI(t).client(t).CustomFields.GetByName(t.Context(), "")
	requireArgumentError(t, err, "name")
}

// The number of requests per upsert. At ten per second, each saved request saves 0.1 s.
func TestContacts_UpsertAllRequestsPerItem(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	random := make([]bool, 1000)
	for i := range random {
		random[i] = rng.IntN(2) == 0
	}
	for _, tt := range []struct {
		name   string
		exists func(i int) bool
		most   float64 // requests per contact
	}{
		{"all are new", func(int) bool { return false }, 1},
		{"all exist", func(int) bool { return true }, 1.15},
		{"half exist, at random", func(i int) bool { return random[i] }, 1.6},
		{"the first half exists", func(i int) bool { return i < 500 }, 1.6},
		{"the second half exists", func(i int) bool { return i >= 500 }, 1.6},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const n = 1000
				server := funneltest.NewServer(apitest.Latency(roundTrip))
				defer server.Close()
				client := server.Client()
				existing := func(yield func(funnel.ContactCreateParams) bool) {
					for i := range n {
						if tt.exists(i) && !yield(funnel.ContactCreateParams{Email: address(i)}) {
							return
						}
					}
				}
				for r := range client.Contacts.CreateAll(t.Context(), existing) {
					require.NoError(t, r.Err)
				}
				before := server.RequestCount()
				want, got := map[funnel.BulkStatus]int{}, map[funnel.BulkStatus]int{}
				for i := range n {
					if tt.exists(i) {
						want[funnel.BulkUpdated]++
					} else {
						want[funnel.BulkCreated]++
					}
				}
				for r := range client.Contacts.UpsertAll(t.Context(), named(n)) {
					require.NoError(t, r.Err)
					require.Equal(t, address(r.Index), r.Item.Email)
					got[r.Status]++
				}
				require.Equal(t, want, got)
				cost := float64(server.RequestCount()-before) / n
				t.Logf("%s: %.3f requests per contact", tt.name, cost)
				require.LessOrEqual(t, cost, tt.most)
				for contact, err := range client.Contacts.All(t.Context(), funnel.ContactListParams{}) {
					require.NoError(t, err)
					require.Equal(t, "Ada", contact.FirstName, contact.Email)
				}
			})
		})
	}
}

// An existing contact without a field to set takes one request.
func TestContacts_UpsertAllWithoutFieldsSendsOneRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := funneltest.NewServer(apitest.Latency(roundTrip))
		defer server.Close()
		client := server.Client()
		apitest.Import(t, client, 100)
		before := server.RequestCount()
		for r := range client.Contacts.UpsertAll(t.Context(), apitest.Contacts(100)) {
			require.NoError(t, r.Err)
			require.Equal(t, funnel.BulkUpdated, r.Status)
		}
		require.Equal(t, 100, server.RequestCount()-before)
	})
}

// A contact that is deleted while most exist is created again.
func TestContacts_UpsertAllUpdateFirstFallsBackToCreate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := funneltest.NewServer(apitest.Latency(roundTrip))
		defer server.Close()
		client := server.Client()
		ctx := t.Context()
		for r := range client.Contacts.CreateAll(ctx, named(100)) {
			require.NoError(t, r.Err)
		}
		require.NoError(t, client.Contacts.Delete(ctx, funnel.Email(address(90))))
		for r := range client.Contacts.UpsertAll(ctx, named(100)) {
			require.NoError(t, r.Err)
			require.Equal(t, r.Index == 90, r.Status == funnel.BulkCreated, r.Item.Email)
		}
		contact, err := client.Contacts.Get(ctx, funnel.Email(address(90)))
		require.NoError(t, err)
		require.Equal(t, "Ada", contact.FirstName)
	})
}

// An update that finds the contact and not its tag is an error of the tag.
func TestContacts_UpsertAllUnknownTagIsNotAMissingContact(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := funneltest.NewServer(apitest.Latency(roundTrip))
		defer server.Close()
		client := server.Client()
		for r := range client.Contacts.CreateAll(t.Context(), named(50)) {
			require.NoError(t, r.Err)
		}
		items := func(yield func(funnel.ContactCreateParams) bool) {
			for params := range named(50) {
				params.TagIDs = []funnel.TagID{99}
				if !yield(params) {
					return
				}
			}
		}
		for r := range client.Contacts.UpsertAll(t.Context(), items) {
			require.ErrorIs(t, r.Err, funnel.ErrNotFound)
			require.NotErrorIs(t, r.Err, funnel.ErrContactExists)
		}
	})
}

func address(i int) string { return fmt.Sprintf("contact-%d@example.com", i) }

// named yields n contacts with a field to set.
func named(n int) iter.Seq[funnel.ContactCreateParams] {
	return func(yield func(funnel.ContactCreateParams) bool) {
		for i := range n {
			if !yield(funnel.ContactCreateParams{Email: address(i), FirstName: "Ada"}) {
				return
			}
		}
	}
}

// mostExisting yields 60 contacts that exist, so that the update comes first, and
// then params.
func mostExisting(params funnel.ContactCreateParams) iter.Seq[funnel.ContactCreateParams] {
	return func(yield func(funnel.ContactCreateParams) bool) {
		for i := range 60 {
			if !yield(funnel.ContactCreateParams{Email: address(i), FirstName: "Ada"}) {
				return
			}
		}
		yield(params)
	}
}

func TestContacts_UpsertAllUpdateFirstChecksTheItem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := funneltest.NewServer(apitest.Latency(roundTrip))
		defer server.Close()
		client := server.Client()
		apitest.Import(t, client, 60)
		last := lastResult(client.Contacts.UpsertAll(t.Context(), mostExisting(funnel.ContactCreateParams{Email: "j@example.com", FirstName: "J\xfcrgen"})))
		require.Equal(t, funnel.BulkFailed, last.Status)
		requireArgumentError(t, last.Err, "first_name")
	})
}

// An update that finds no contact proves that there is none, also after a lost
// response.
func TestContacts_UpsertAllUpdateFirstCreatesAfterALostResponse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := funneltest.NewServer(apitest.Latency(roundTrip))
		defer server.Close()
		var lost atomic.Int32
		client := server.Client(funnel.WithHTTPClient(&http.Client{Transport: apitest.RoundTripper(func(req *http.Request) (*http.Response, error) {
			if body, err := req.GetBody(); err == nil && req.Method == http.MethodPut {
				if sent, _ := io.ReadAll(body); strings.Contains(string(sent), "new@example.com") && lost.Add(1) == 1 {
					return nil, io.ErrUnexpectedEOF
				}
			}
			return server.Transport().RoundTrip(req)
		})}))
		apitest.Import(t, client, 60)
		last := lastResult(client.Contacts.UpsertAll(t.Context(), mostExisting(funnel.ContactCreateParams{Email: "new@example.com", FirstName: "New"})))
		require.NoError(t, last.Err)
		require.EqualValues(t, 2, lost.Load(), "the update was retried")
		require.Equal(t, funnel.BulkCreated, last.Status)
	})
}

func TestContacts_UpsertCreatesAContactDeletedMeanwhile(t *testing.T) {
	t.Parallel()
	api := newMockAPI(t).
		on(http.MethodPost, "/contact", failure(http.StatusConflict, funnel.ErrContactExists, "Taken."), data(seven)).
		on(http.MethodPut, "/contact", failure(http.StatusNotFound, funnel.ErrNotFound, "Gone."))
	id, created, err := api.client(t).Contacts.Upsert(t.Context(), funnel.ContactCreateParams{Email: "ada@example.com", FirstName: "Ada"})
	require.NoError(t, err)
	require.True(t, created)
	require.Equal(t, funnel.ContactID(7), id)
	require.Equal(t, []string{"POST /contact", "PUT /contact", "POST /contact"}, api.operations())
}

// An item with an unknown tag is not repeated: Again reports false.
func TestContacts_UpsertAllUnknownTagIsNotRetried(t *testing.T) {
	t.Parallel()
	api := newMockAPI(t).
		on(http.MethodPost, "/contact", failure(http.StatusConflict, funnel.ErrContactExists, "Taken.")).
		on(http.MethodPut, "/contact", success200).
		on(http.MethodPost, "/contact-tag", failure(http.StatusNotFound, funnel.ErrNotFound, "No tag."))
	item := funnel.ContactCreateParams{Email: "ada@example.com", FirstName: "Ada", TagIDs: []funnel.TagID{99}}
	last := lastResult(api.client(t).Contacts.UpsertAll(t.Context(), slices.Values([]funnel.ContactCreateParams{item})))
	require.ErrorIs(t, last.Err, funnel.ErrNotFound)
	require.Equal(t, funnel.BulkUnknown, last.Status)
	require.False(t, last.Again())
}

// success200 responds with a success without a result.
func success200(req *http.Request) (*http.Response, error) {
	return respond(http.StatusOK, `{"success":true}`)(req)
}

// A create whose response was lost may have been applied, also if the contact is deleted
// and Upsert creates it again, in vain.
func TestContacts_UpsertRemembersALostCreate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := newMockAPI(t).
			on(http.MethodPost, "/contact", breaks(io.EOF), failure(409, funnel.ErrContactExists, "x"), failure(403, funnel.ErrForbidden, "x")).
			on(http.MethodPut, "/contact", failure(404, funnel.ErrNotFound, "x"))
		_, _, err := api.client(t).Contacts.Upsert(t.Context(), funnel.ContactCreateParams{Email: "ada@example.com", FirstName: "Ada"})
		require.ErrorIs(t, err, funnel.ErrForbidden)
		require.True(t, funnel.MayHaveBeenApplied(err))
		require.Len(t, api.requests(), 4)
	})
}
