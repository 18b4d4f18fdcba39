package funnel_test

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
)

func TestTags_Methods(t *testing.T) {
	t.Parallel()
	runMethodTests(t, []methodTest{{
		name: "List, nothing set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Tags.List(ctx, funnel.TagListParams{})
		},
		sends:     sentRequest{Method: "GET", Path: "/tags"},
		responder: pageOf(tagJSON, newTagJSON),
		want:      pageOneOf(sampleTag, sampleNewTag),
	}, {
		name: "List, everything set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Tags.List(ctx, funnel.TagListParams{Page: 2, PerPage: 1})
		},
		sends:     sentRequest{Method: "GET", Path: "/tags", Query: "page=2&per_page=1"},
		responder: pageOf(tagJSON),
		want:      pageOneOf(sampleTag),
	}, {
		name: "All",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return collect(c.Tags.All(ctx, funnel.TagListParams{}))
		},
		sends:     sentRequest{Method: "GET", Path: "/tags", Query: "page=1&per_page=100"},
		responder: pageOf(tagJSON),
		want:      []funnel.Tag{sampleTag},
	}, {
		name: "Create",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Tags.Create(ctx, funnel.TagCreateParams{Name: `vip "<&>"`})
		},
		sends:     sentRequest{Method: "POST", Path: "/tag", Body: `{"name":"vip \"\u003c\u0026\u003e\""}`},
		responder: createdAs(newTagJSON),
		want:      &sampleNewTag,
	}, {
		name: "Update",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return nil, c.Tags.Update(ctx, 7, funnel.TagUpdateParams{Name: funnel.Ptr("vip")})
		},
		sends:     sentRequest{Method: "PUT", Path: "/tag", Body: `{"tag_id":7,"name":"vip"}`},
		responder: data(newTagJSON),
	}, {
		name:      "Delete",
		call:      func(ctx context.Context, c *funnel.Client) (any, error) { return nil, c.Tags.Delete(ctx, 7) },
		sends:     sentRequest{Method: "DELETE", Path: "/tag", Body: `{"tag_id":7}`},
		responder: data(`null`),
	}, {
		name: "Contacts, nothing set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Tags.Contacts(ctx, 7, funnel.PageParams{})
		},
		sends:     sentRequest{Method: "GET", Path: "/tags-contacts", Query: "tag_id=7"},
		responder: pageOf(tagContactJSON),
		want:      pageOneOf(sampleTagContact),
	}, {
		name: "Contacts, everything set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Tags.Contacts(ctx, 7, funnel.PageParams{Page: 3, PerPage: 20})
		},
		sends:     sentRequest{Method: "GET", Path: "/tags-contacts", Query: "page=3&per_page=20&tag_id=7"},
		responder: pageOf(tagContactJSON),
		want:      pageOneOf(sampleTagContact),
	}, {
		name: "AllContacts",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return collect(c.Tags.AllContacts(ctx, 7))
		},
		sends:     sentRequest{Method: "GET", Path: "/tags-contacts", Query: "page=1&per_page=100&tag_id=7"},
		responder: pageOf(tagContactJSON),
		want:      []funnel.TagContact{sampleTagContact},
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
	runBadInputTests(t, []badInput{
		{"no name", create(""), "name"},
		{"blank name", create(" \t"), "name"},
		{"name with a line break", create("v\nip"), "name"},
		{"name that is not UTF-8", create("v\xefp"), "name"},
		{"update to a name that is not UTF-8", func(ctx context.Context, c *funnel.Client) error {
			return c.Tags.Update(ctx, 7, funnel.TagUpdateParams{Name: funnel.Ptr("v\xefp")})
		}, "name"},
	})
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

func TestTags_Flow(t *testing.T) {
	t.Parallel()
	server, client := fakeAPI(t)
	server.SeedContacts(150)
	ctx, tags := t.Context(), client.Tags
	vip, err := tags.Create(ctx, funnel.TagCreateParams{Name: "vip"})
	require.NoError(t, err)
	for id := range funnel.ContactID(150) {
		require.NoError(t, client.Contacts.AddTag(ctx, id+1, vip.ID))
	}
	tagged, err := collect(tags.AllContacts(ctx, vip.ID))
	require.NoError(t, err)
	require.Len(t, tagged, 150)
	require.Contains(t, tagged, funnel.TagContact{ID: 12, Email: "contact-0000012@example.com", FirstName: "Grace", LastName: "Lamport"})
	page, err := tags.Contacts(ctx, vip.ID, funnel.PageParams{Page: 2, PerPage: 100})
	require.NoError(t, err)
	require.Len(t, page.Items, 50)
	require.Equal(t, 150, page.Total)

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

func TestTags_EnsureCreatesMissingTags(t *testing.T) {
	t.Parallel()
	server := funneltest.NewServer()
	defer server.Close()
	client := server.Client()
	ids, err := client.Tags.Ensure(t.Context(), "b", "a", "b", " A ")
	require.NoError(t, err)
	require.Equal(t, map[string]funnel.TagID{"b": 1, "a": 2, " A ": 2}, ids)
	require.Equal(t, 3, server.RequestCount(), "one list, two creates")

	ids, err = client.Tags.Ensure(t.Context(), "B", "a")
	require.NoError(t, err)
	require.Equal(t, map[string]funnel.TagID{"B": 1, "a": 2}, ids)
	require.Equal(t, 4, server.RequestCount(), "one list")

	ids, err = client.Tags.Ensure(t.Context())
	require.NoError(t, err)
	require.Empty(t, ids)
	require.Equal(t, 4, server.RequestCount())
}

func TestTags_EnsureByFourProgramsAtOnce(t *testing.T) {
	t.Parallel()
	server := funneltest.NewServer(funneltest.WithRateLimit(0, 0))
	defer server.Close()
	names := make([]string, 20)
	for i := range names {
		names[i] = fmt.Sprintf("tag %d", i)
	}
	var wg sync.WaitGroup
	results := make([]map[string]funnel.TagID, 4)
	for i := range results {
		client := server.Client()
		wg.Go(func() {
			ids, err := client.Tags.Ensure(context.Background(), names...)
			if err != nil {
				t.Error(err)
			}
			results[i] = ids
		})
	}
	wg.Wait()
	require.Len(t, results[0], len(names))
	for _, ids := range results {
		require.Equal(t, results[0], ids)
	}
	require.Equal(t, len(names), server.Counts()["tags"])
}

func TestTags_EnsureAfterAnotherProgramCreatedTheTag(t *testing.T) {
	t.Parallel()
	const empty = `{"success":true,"data":[],"meta":{"current_page":1,"last_page":1,"per_page":100,"total":0}}`
	const one = `{"success":true,"data":[{"id":5,"name":"vip"}],"meta":{"current_page":1,"last_page":1,"per_page":100,"total":1}}`
	exists := failure(http.StatusConflict, funnel.ErrTagExists, "Taken.")
	api := newMockAPI(t).on(http.MethodGet, "/tags", respond(200, empty), respond(200, one)).on(http.MethodPost, "/tag", exists)
	ids, err := api.client(t).Tags.Ensure(t.Context(), "VIP")
	require.NoError(t, err)
	require.Equal(t, map[string]funnel.TagID{"VIP": 5}, ids)
	require.Equal(t, []string{"GET /tags", "POST /tag", "GET /tags"}, api.operations())

	// The API compares names in a way that no name in the list matches.
	api = newMockAPI(t).on(http.MethodGet, "/tags", respond(200, empty)).on(http.MethodPost, "/tag", exists)
	_, err = api.client(t).Tags.Ensure(t.Context(), "VIP")
	require.ErrorIs(t, err, funnel.ErrTagExists)
	require.Equal(t, []string{"GET /tags", "POST /tag", "GET /tags"}, api.operations())
}

func TestTags_EnsureRefusesBadInput(t *testing.T) {
	t.Parallel()
	client := newMockAPI(t).client(t)
	_, err := client.Tags.Ensure(t.Context(), "vip", "")
	requireArgumentError(t, err, "names[1]")
	_, err = client.Tags.Ensure(funnel.WithField(t.Context(), "color", "red"), "vip")
	requireArgumentError(t, err, "WithField")
}
