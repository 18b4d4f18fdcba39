package funnel_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
)

const hookJSON = `{
	"id": 8, "url": "https://example.com/hook?token=x", "events": ["contact.created", "funnel.sale"], "active": true,
	"created_at": "2026-01-02T03:04:05Z"
}`

var hook = funnel.Webhook{
	ID: 8, URL: "https://example.com/hook?token=x", Events: []funnel.EventType{funnel.EventContactCreated, funnel.EventFunnelSale}, Active: true,
	CreatedAt: utc(2026, 1, 2, 3, 4, 5, 0),
}

func TestWebhooks_Methods(t *testing.T) {
	t.Parallel()
	runMethodTests(t, []methodTest{{
		name: "List, nothing set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Webhooks.List(ctx, funnel.WebhookListParams{})
		},
		sends: sentRequest{Method: "GET", Path: "/webhooks"},
		reply: answers(200, `{"success":true,"data":[`+hookJSON+`],"meta":{"current_page":1,"per_page":25,"last_page":1,"total":1}}`),
		want:  &funnel.Page[funnel.Webhook]{Items: []funnel.Webhook{hook}, Page: 1, PerPage: 25, LastPage: 1, Total: 1},
	}, {
		name: "List, everything set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Webhooks.List(ctx, funnel.WebhookListParams{Page: 2, PerPage: 50})
		},
		sends: sentRequest{Method: "GET", Path: "/webhooks", Query: "page=2&per_page=50"},
		reply: data(`[]`),
		want:  &funnel.Page[funnel.Webhook]{Items: []funnel.Webhook{}},
	}, {
		name: "All",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return collect(c.Webhooks.All(ctx, funnel.WebhookListParams{}))
		},
		sends: sentRequest{Method: "GET", Path: "/webhooks", Query: "page=1&per_page=100"},
		reply: answers(200, `{"success":true,"data":[`+hookJSON+`],"meta":{"current_page":1,"per_page":100,"last_page":1,"total":1}}`),
		want:  []funnel.Webhook{hook},
	}, {
		name:  "Get",
		call:  func(ctx context.Context, c *funnel.Client) (any, error) { return c.Webhooks.Get(ctx, 8) },
		sends: sentRequest{Method: "GET", Path: "/webhook", Query: "webhook_id=8"},
		reply: data(hookJSON),
		want:  &hook,
	}, {
		name:  "Get, as PHP may write it",
		call:  func(ctx context.Context, c *funnel.Client) (any, error) { return c.Webhooks.Get(ctx, 8) },
		sends: sentRequest{Method: "GET", Path: "/webhook", Query: "webhook_id=8"},
		reply: data(`{"id":"8","url":null,"events":{"0":"contact.created","3":"moon.landed"},"active":"1","created_at":"2026-01-02 03:04:05"}`),
		want: &funnel.Webhook{
			ID: 8, Events: []funnel.EventType{funnel.EventContactCreated, "moon.landed"}, Active: true, CreatedAt: utc(2026, 1, 2, 3, 4, 5, 0),
		},
	}, {
		name: "Create, URL only",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Webhooks.Create(ctx, funnel.WebhookCreateParams{URL: "https://example.com/hook?token=x"})
		},
		sends: sentRequest{Method: "POST", Path: "/webhook", Body: `{"url":"https://example.com/hook?token=x"}`},
		reply: data(hookJSON),
		want:  &hook,
	}, {
		name: "Create, everything set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Webhooks.Create(ctx, funnel.WebhookCreateParams{
				URL: "https://example.com/hook?a=1&token=x", Events: []funnel.EventType{funnel.EventContactTagged, "moon.landed"}, Active: funnel.Ptr(false),
			})
		},
		sends: sentRequest{Method: "POST", Path: "/webhook",
			Body: `{"url":"https://example.com/hook?a=1\u0026token=x","events":["contact.tagged","moon.landed"],"active":false}`},
		reply: data(hookJSON),
		want:  &hook,
	}, {
		name: "Update, everything set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Webhooks.Update(ctx, 8, funnel.WebhookUpdateParams{
				URL: funnel.Ptr("https://example.com/new"), Events: &[]funnel.EventType{funnel.EventCampaignSent}, Active: funnel.Ptr(true),
			})
		},
		sends: sentRequest{Method: "PUT", Path: "/webhook",
			Body: `{"webhook_id":8,"url":"https://example.com/new","events":["campaign.sent"],"active":true}`},
		reply: data(hookJSON),
		want:  &hook,
	}, {
		name: "Update, nothing set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Webhooks.Update(ctx, 8, funnel.WebhookUpdateParams{})
		},
		sends: sentRequest{Method: "PUT", Path: "/webhook", Body: `{"webhook_id":8}`},
		reply: data(hookJSON),
		want:  &hook,
	}, {
		name:  "Delete",
		call:  func(ctx context.Context, c *funnel.Client) (any, error) { return nil, c.Webhooks.Delete(ctx, 8) },
		sends: sentRequest{Method: "DELETE", Path: "/webhook", Query: "webhook_id=8"},
		reply: answers(204, ""),
	}})
}

func TestWebhooks_RefuseBadInput(t *testing.T) {
	t.Parallel()
	tests := []badInput{
		{"no URL", func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Webhooks.Create(ctx, funnel.WebhookCreateParams{Events: []funnel.EventType{funnel.EventFunnelSale}})
			return err
		}, "url"},
		{"URL with a line break", func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Webhooks.Create(ctx, funnel.WebhookCreateParams{URL: "https://example.com/\r\nhook"})
			return err
		}, "url"},
		{"per_page of 101", func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Webhooks.List(ctx, funnel.WebhookListParams{PerPage: 101})
			return err
		}, "per_page"},
		{"page of -1, all", func(ctx context.Context, c *funnel.Client) error {
			_, err := collect(c.Webhooks.All(ctx, funnel.WebhookListParams{Page: -1}))
			return err
		}, "page"},
	}
	for _, id := range noIDs {
		tests = append(tests,
			badInput{"get webhook " + id.String(), func(ctx context.Context, c *funnel.Client) error {
				_, err := c.Webhooks.Get(ctx, funnel.WebhookID(id))
				return err
			}, "webhook_id"},
			badInput{"update webhook " + id.String(), func(ctx context.Context, c *funnel.Client) error {
				_, err := c.Webhooks.Update(ctx, funnel.WebhookID(id), funnel.WebhookUpdateParams{})
				return err
			}, "webhook_id"},
			badInput{"delete webhook " + id.String(), func(ctx context.Context, c *funnel.Client) error {
				return c.Webhooks.Delete(ctx, funnel.WebhookID(id))
			}, "webhook_id"},
		)
	}
	runBadInputTests(t, tests)
}

// What the SDK cannot judge it passes on, and the server refuses.
func TestWebhooks_ServerRefuses(t *testing.T) {
	t.Parallel()
	setUp := func(t *testing.T, c *funnel.Client) {
		t.Helper()
		for _, url := range []string{"https://example.com/one", "https://example.com/two"} {
			_, err := c.Webhooks.Create(t.Context(), funnel.WebhookCreateParams{URL: url})
			require.NoError(t, err)
		}
	}
	create := func(params funnel.WebhookCreateParams) func(context.Context, *funnel.Client) error {
		return func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Webhooks.Create(ctx, params)
			return err
		}
	}
	noURL := map[string][]string{"url": {"The url must be a valid URL."}}
	runRefusalTests(t, setUp, []refusal{
		{"unknown event", create(funnel.WebhookCreateParams{
			URL: "https://example.com/hook", Events: []funnel.EventType{funnel.EventContactCreated, "moon.landed"},
		}), `"moon.landed"`, funnel.ErrValidation, map[string][]string{"events.1": {"The selected events.1 is invalid."}}},
		{"unknown event of an update", func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Webhooks.Update(ctx, 1, funnel.WebhookUpdateParams{Events: &[]funnel.EventType{"moon.landed"}})
			return err
		}, `"moon.landed"`, funnel.ErrValidation, map[string][]string{"events.0": {"The selected events.0 is invalid."}}},
		{"relative URL", create(funnel.WebhookCreateParams{URL: "/hook"}), `"url":"/hook"`, funnel.ErrValidation, noURL},
		{"another scheme", create(funnel.WebhookCreateParams{URL: "javascript:alert(1)"}), `"url":"javascript:alert(1)"`, funnel.ErrValidation, noURL},
		{"URL that is taken", create(funnel.WebhookCreateParams{URL: "https://example.com/one"}), "/one", funnel.ErrWebhookExists, nil},
		{"URL that another webhook has", func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Webhooks.Update(ctx, 1, funnel.WebhookUpdateParams{URL: funnel.Ptr("https://example.com/two")})
			return err
		}, "/two", funnel.ErrWebhookExists, nil},
		{"webhook that is not there", func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Webhooks.Get(ctx, 99)
			return err
		}, "webhook_id=99", funnel.ErrNotFound, nil},
	})
}
