package funnel_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
)

const vipJSON = `{"id": 1, "name": "vip", "contacts_count": 3, "created_at": "2026-01-02 03:04:05"}`

var vip = funnel.Tag{ID: 1, Name: "vip", ContactsCount: 3, CreatedAt: utc(2026, 1, 2, 3, 4, 5, 0)}

func TestTags_Methods(t *testing.T) {
	t.Parallel()
	runMethodTests(t, []methodTest{{
		name: "List, nothing set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Tags.List(ctx, funnel.TagListParams{})
		},
		sends: sentRequest{Method: "GET", Path: "/tags"},
		reply: answers(200, `{"success":true,"data":[`+vipJSON+`],"meta":{"current_page":1,"per_page":25,"last_page":1,"total":1}}`),
		want:  &funnel.Page[funnel.Tag]{Items: []funnel.Tag{vip}, Page: 1, PerPage: 25, LastPage: 1, Total: 1},
	}, {
		name: "List, everything set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Tags.List(ctx, funnel.TagListParams{Page: 2, PerPage: 1})
		},
		sends: sentRequest{Method: "GET", Path: "/tags", Query: "page=2&per_page=1"},
		reply: data(`[]`),
		want:  &funnel.Page[funnel.Tag]{Items: []funnel.Tag{}},
	}, {
		name: "All",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return collect(c.Tags.All(ctx, funnel.TagListParams{}))
		},
		sends: sentRequest{Method: "GET", Path: "/tags", Query: "page=1&per_page=100"},
		reply: answers(200, `{"success":true,"data":[`+vipJSON+`],"meta":{"current_page":1,"per_page":100,"last_page":1,"total":1}}`),
		want:  []funnel.Tag{vip},
	}, {
		name:  "Get",
		call:  func(ctx context.Context, c *funnel.Client) (any, error) { return c.Tags.Get(ctx, 1) },
		sends: sentRequest{Method: "GET", Path: "/tag", Query: "tag_id=1"},
		reply: data(vipJSON),
		want:  &vip,
	}, {
		name: "Create",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Tags.Create(ctx, funnel.TagCreateParams{Name: `vip "<&>"`})
		},
		sends: sentRequest{Method: "POST", Path: "/tag", Body: `{"name":"vip \"\u003c\u0026\u003e\""}`},
		reply: data(vipJSON),
		want:  &vip,
	}, {
		name: "Update",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Tags.Update(ctx, 1, funnel.TagUpdateParams{Name: funnel.Ptr("vip")})
		},
		sends: sentRequest{Method: "PUT", Path: "/tag", Body: `{"tag_id":1,"name":"vip"}`},
		reply: data(vipJSON),
		want:  &vip,
	}, {
		name: "Update, nothing set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Tags.Update(ctx, 1, funnel.TagUpdateParams{})
		},
		sends: sentRequest{Method: "PUT", Path: "/tag", Body: `{"tag_id":1}`},
		reply: data(vipJSON),
		want:  &vip,
	}, {
		name:  "Delete",
		call:  func(ctx context.Context, c *funnel.Client) (any, error) { return nil, c.Tags.Delete(ctx, 1) },
		sends: sentRequest{Method: "DELETE", Path: "/tag", Query: "tag_id=1"},
		reply: data(`null`),
	}})
}

func TestTags_RefuseBadInput(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		call  func(context.Context, *funnel.TagsService) error
		field string
	}{
		{"no name", func(ctx context.Context, s *funnel.TagsService) error {
			_, err := s.Create(ctx, funnel.TagCreateParams{})
			return err
		}, "name"},
		{"blank name", func(ctx context.Context, s *funnel.TagsService) error {
			_, err := s.Create(ctx, funnel.TagCreateParams{Name: " \t"})
			return err
		}, "name"},
		{"name with a line break", func(ctx context.Context, s *funnel.TagsService) error {
			_, err := s.Create(ctx, funnel.TagCreateParams{Name: "v\nip"})
			return err
		}, "name"},
		{"per_page of 101", func(ctx context.Context, s *funnel.TagsService) error {
			_, err := s.List(ctx, funnel.TagListParams{PerPage: 101})
			return err
		}, "per_page"},
		{"per_page of -1, all", func(ctx context.Context, s *funnel.TagsService) error {
			_, err := collect(s.All(ctx, funnel.TagListParams{PerPage: -1}))
			return err
		}, "per_page"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			requireArgumentError(t, tt.call(t.Context(), newMockAPI(t).client(t).Tags), tt.field)
		})
	}
}

// The bounds of per_page themselves are allowed.
func TestTags_PerPageBounds(t *testing.T) {
	t.Parallel()
	for _, perPage := range []int{1, 100} {
		api := newMockAPI(t).on("GET", "/tags", data(`[]`))
		_, err := api.client(t).Tags.List(t.Context(), funnel.TagListParams{PerPage: perPage})
		require.NoError(t, err)
		requireSent(t, api, sentRequest{Method: "GET", Path: "/tags", Query: fmt.Sprintf("per_page=%d", perPage)})
	}
}
