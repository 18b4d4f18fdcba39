package funnel_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
)

func TestTags_Methods(t *testing.T) {
	t.Parallel()
	runMethodTests(t, []methodTest{{
		name: "List, nothing set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Tags.List(ctx, funnel.TagListParams{})
		},
		sends: sentRequest{Method: "GET", Path: "/tags"},
		reply: pageOf(tagJSON, newTagJSON),
		want:  pageOneOf(sampleTag, sampleNewTag),
	}, {
		name: "List, everything set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Tags.List(ctx, funnel.TagListParams{Page: 2, PerPage: 1})
		},
		sends: sentRequest{Method: "GET", Path: "/tags", Query: "page=2&per_page=1"},
		reply: pageOf(tagJSON),
		want:  pageOneOf(sampleTag),
	}, {
		name: "All",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return collect(c.Tags.All(ctx, funnel.TagListParams{}))
		},
		sends: sentRequest{Method: "GET", Path: "/tags", Query: "page=1&per_page=100"},
		reply: pageOf(tagJSON),
		want:  []funnel.Tag{sampleTag},
	}, {
		name: "Create",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Tags.Create(ctx, funnel.TagCreateParams{Name: `vip "<&>"`})
		},
		sends: sentRequest{Method: "POST", Path: "/tag", Body: `{"name":"vip \"\u003c\u0026\u003e\""}`},
		reply: createdAs(newTagJSON),
		want:  &sampleNewTag,
	}, {
		name: "Update",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return nil, c.Tags.Update(ctx, 7, funnel.TagUpdateParams{Name: funnel.Ptr("vip")})
		},
		sends: sentRequest{Method: "PUT", Path: "/tag", Body: `{"tag_id":7,"name":"vip"}`},
		reply: data(newTagJSON),
	}, {
		name: "Update, nothing set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return nil, c.Tags.Update(ctx, 7, funnel.TagUpdateParams{})
		},
		sends: sentRequest{Method: "PUT", Path: "/tag", Body: `{"tag_id":7}`},
		reply: data(newTagJSON),
	}, {
		name:  "Delete",
		call:  func(ctx context.Context, c *funnel.Client) (any, error) { return nil, c.Tags.Delete(ctx, 7) },
		sends: sentRequest{Method: "DELETE", Path: "/tag", Body: `{"tag_id":7}`},
		reply: data(`null`),
	}, {
		name: "Contacts, nothing set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Tags.Contacts(ctx, 7, funnel.PageParams{})
		},
		sends: sentRequest{Method: "GET", Path: "/tags-contacts", Query: "tag_id=7"},
		reply: pageOf(tagContactJSON),
		want:  pageOneOf(sampleTagContact),
	}, {
		name: "Contacts, everything set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Tags.Contacts(ctx, 7, funnel.PageParams{Page: 3, PerPage: 20})
		},
		sends: sentRequest{Method: "GET", Path: "/tags-contacts", Query: "page=3&per_page=20&tag_id=7"},
		reply: pageOf(tagContactJSON),
		want:  pageOneOf(sampleTagContact),
	}, {
		name: "AllContacts",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return collect(c.Tags.AllContacts(ctx, 7))
		},
		sends: sentRequest{Method: "GET", Path: "/tags-contacts", Query: "page=1&per_page=100&tag_id=7"},
		reply: pageOf(tagContactJSON),
		want:  []funnel.TagContact{sampleTagContact},
	}})
}

func TestTags_RefuseBadInput(t *testing.T) {
	t.Parallel()
	create := func(name string) func(context.Context, *funnel.Client) error {
		return func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Tags.Create(ctx, funnel.TagCreateParams{Name: name})
			return err
		}
	}
	tests := []badInput{
		{"no name", create(""), "name"},
		{"blank name", create(" \t"), "name"},
		{"name with a line break", create("v\nip"), "name"},
		{"name that is not UTF-8", create("v\xefp"), "name"},
		{"update to a name that is not UTF-8", func(ctx context.Context, c *funnel.Client) error {
			return c.Tags.Update(ctx, 7, funnel.TagUpdateParams{Name: funnel.Ptr("v\xefp")})
		}, "name"},
		{"per_page of 101", func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Tags.List(ctx, funnel.TagListParams{PerPage: 101})
			return err
		}, "per_page"},
		{"per_page of -1, all", func(ctx context.Context, c *funnel.Client) error {
			_, err := collect(c.Tags.All(ctx, funnel.TagListParams{PerPage: -1}))
			return err
		}, "per_page"},
		{"per_page of 101, contacts", func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Tags.Contacts(ctx, 7, funnel.PageParams{PerPage: 101})
			return err
		}, "per_page"},
		{"page of -1, contacts", func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Tags.Contacts(ctx, 7, funnel.PageParams{Page: -1})
			return err
		}, "page"},
	}
	for _, id := range noIDs {
		tests = append(tests,
			badInput{"update tag " + id.String(), func(ctx context.Context, c *funnel.Client) error {
				return c.Tags.Update(ctx, funnel.TagID(id), funnel.TagUpdateParams{})
			}, "tag_id"},
			badInput{"delete tag " + id.String(), func(ctx context.Context, c *funnel.Client) error {
				return c.Tags.Delete(ctx, funnel.TagID(id))
			}, "tag_id"},
			badInput{"contacts of tag " + id.String(), func(ctx context.Context, c *funnel.Client) error {
				_, err := c.Tags.Contacts(ctx, funnel.TagID(id), funnel.PageParams{})
				return err
			}, "tag_id"},
			badInput{"all contacts of tag " + id.String(), func(ctx context.Context, c *funnel.Client) error {
				_, err := collect(c.Tags.AllContacts(ctx, funnel.TagID(id)))
				return err
			}, "tag_id"},
		)
	}
	runBadInputTests(t, tests)
}

// The bounds of per_page are allowed.
func TestTags_PerPageBounds(t *testing.T) {
	t.Parallel()
	for _, perPage := range []int{1, 100} {
		api := newMockAPI(t).on("GET", "/tags", pageOf())
		_, err := api.client(t).Tags.List(t.Context(), funnel.TagListParams{PerPage: perPage})
		require.NoError(t, err)
		requireSent(t, api, sentRequest{Method: "GET", Path: "/tags", Query: fmt.Sprintf("per_page=%d", perPage)})
	}
}

// What the SDK cannot judge it passes on, and the server rejects it.
func TestTags_ServerErrors(t *testing.T) {
	t.Parallel()
	setUp := func(t *testing.T, c *funnel.Client) { // tags 1 and 2
		t.Helper()
		for _, name := range []string{"vip", "trial"} {
			_, err := c.Tags.Create(t.Context(), funnel.TagCreateParams{Name: name})
			require.NoError(t, err)
		}
	}
	runServerErrorTests(t, setUp, []serverError{
		{"name that is taken", func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Tags.Create(ctx, funnel.TagCreateParams{Name: "VIP"})
			return err
		}, `"name":"VIP"`, funnel.ErrTagExists, nil},
		{"name of another tag", func(ctx context.Context, c *funnel.Client) error {
			return c.Tags.Update(ctx, 2, funnel.TagUpdateParams{Name: funnel.Ptr("vip")})
		}, `"tag_id":2`, funnel.ErrTagExists, nil},
		{"empty name", func(ctx context.Context, c *funnel.Client) error {
			return c.Tags.Update(ctx, 2, funnel.TagUpdateParams{Name: funnel.Ptr("")})
		}, `"name":""`, funnel.ErrValidation, map[string][]string{"name": {"The name field is required."}}},
		{"tag that does not exist", func(ctx context.Context, c *funnel.Client) error {
			return c.Tags.Delete(ctx, 99)
		}, `"tag_id":99`, funnel.ErrNotFound, nil},
		{"contacts of a tag that does not exist", func(ctx context.Context, c *funnel.Client) error {
			_, err := collect(c.Tags.AllContacts(ctx, 99))
			return err
		}, "tag_id=99", funnel.ErrNotFound, nil},
	})
}

func TestTags_Flow(t *testing.T) {
	t.Parallel()
	server, client := fakeAPI(t)
	server.SeedContacts(250)
	ctx, tags := t.Context(), client.Tags
	vip, err := tags.Create(ctx, funnel.TagCreateParams{Name: "vip"})
	require.NoError(t, err)
	for id := range funnel.ContactID(250) {
		require.NoError(t, client.Contacts.AddTag(ctx, id+1, vip.ID))
	}
	tagged, err := collect(tags.AllContacts(ctx, vip.ID))
	require.NoError(t, err)
	require.Len(t, tagged, 250)
	require.Contains(t, tagged, funnel.TagContact{ID: 12, Email: "contact-0000012@example.com", FirstName: "Grace", LastName: "Lamport"})
	page, err := tags.Contacts(ctx, vip.ID, funnel.PageParams{Page: 3, PerPage: 100})
	require.NoError(t, err)
	require.Len(t, page.Items, 50)
	require.Equal(t, 250, page.Total)

	require.NoError(t, tags.Update(ctx, vip.ID, funnel.TagUpdateParams{Name: funnel.Ptr("customer")}))
	all, err := collect(tags.All(ctx, funnel.TagListParams{}))
	require.NoError(t, err)
	require.Len(t, all, 1)
	require.Equal(t, "customer", all[0].Name)
	require.NoError(t, tags.Delete(ctx, vip.ID))
	got, err := client.Contacts.Get(ctx, funnel.ContactID(1))
	require.NoError(t, err)
	require.Empty(t, got.Tags, "the tag is removed from its contacts")
}
