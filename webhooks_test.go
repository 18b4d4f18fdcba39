package funnel_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
)

func TestWebhooks_Methods(t *testing.T) {
	t.Parallel()
	runMethodTests(t, []methodTest{{
		name:      "List",
		call:      func(ctx context.Context, c *funnel.Client) (any, error) { return c.Webhooks.List(ctx) },
		sends:     sentRequest{Method: "GET", Path: "/webhooks"},
		responder: listOf(webhookJSON, `{"id":9,"active":false}`),
		want:      []funnel.Webhook{sampleWebhook, {ID: 9}},
	}, {
		name:      "List, none",
		call:      func(ctx context.Context, c *funnel.Client) (any, error) { return c.Webhooks.List(ctx) },
		sends:     sentRequest{Method: "GET", Path: "/webhooks"},
		responder: listOf(),
		want:      []funnel.Webhook{},
	}, {
		name: "Create",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Webhooks.Create(ctx, funnel.WebhookCreateParams{URL: "https://example.com/hook"})
		},
		sends:     sentRequest{Method: "POST", Path: "/webhook", Body: `{` + hookFields + `}`},
		responder: createdAs(newWebhookJSON),
		want:      &sampleNewWebhook,
	}, {
		name:      "Delete",
		call:      func(ctx context.Context, c *funnel.Client) (any, error) { return nil, c.Webhooks.Delete(ctx, 8) },
		sends:     sentRequest{Method: "DELETE", Path: "/webhook", Body: `{"webhook_id":8}`},
		responder: data(`{"id":8}`),
	}})
}

// Plain HTTP is for tests on the same machine only.
func TestWebhooks_CreateAcceptsURLs(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"https://example.com",
		"https://example.com:8443/hook?source=funnel",
		"https://127.0.0.1/hook",
		"HTTPS://EXAMPLE.COM/hook",
		"http://localhost:8080/hook",
		"http://LOCALHOST/hook",
		"http://127.0.0.1:8080/hook",
		"http://127.1.2.3/hook",
		"http://[::1]:8080/hook",
	} {
		t.Run(url, func(t *testing.T) {
			t.Parallel()
			api := newMockAPI(t).on("POST", "/webhook", createdAs(newWebhookJSON))
			_, err := api.client(t).Webhooks.Create(t.Context(), funnel.WebhookCreateParams{URL: url})
			require.NoError(t, err)
			require.JSONEq(t, `{"url":"`+url+`"}`, api.requests()[0].Body)
		})
	}
}

func TestWebhooks_RefuseBadInput(t *testing.T) {
	t.Parallel()
	var tests []badInput
	for name, url := range map[string]string{
		"no URL":                       "",
		"blank URL":                    "  ",
		"plain HTTP":                   "http://example.com/hook",
		"plain HTTP to an address":     "http://10.0.0.1/hook",
		"plain HTTP to a name like it": "http://localhost.example.com/hook",
		"loopback in the user info":    "http://localhost@example.com/hook",
		"relative URL":                 "/hook",
		"no scheme":                    "example.com/hook",
		"no host":                      "https:///hook",
		"only a scheme":                "https://",
		"another scheme":               "ftp://example.com/hook",
		"a script":                     "javascript:alert(1)",
		"no URL at all":                "https://exa mple.com",
		"white space before it":        " https://example.com/hook",
		"line break":                   "https://example.com/\r\nhook",
		"not UTF-8":                    "https://example.com/\xff",
	} {
		tests = append(tests, badInput{name, func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Webhooks.Create(ctx, funnel.WebhookCreateParams{URL: url})
			return err
		}, "url"})
	}
	runBadInputTests(t, tests)
}

func TestWebhooks_Flow(t *testing.T) {
	t.Parallel()
	server, client := fakeAPI(t)
	ctx, webhooks := t.Context(), client.Webhooks
	params := funnel.WebhookCreateParams{URL: "https://example.com/hook"}
	hook, err := webhooks.Create(ctx, params)
	require.NoError(t, err)
	require.Len(t, hook.Secret, 32)
	require.Equal(t, server.WebhookSecret(hook.ID), hook.Secret)
	require.True(t, hook.Active)
	require.Zero(t, hook.CreatedAt)

	_, err = webhooks.Create(ctx, params)
	require.ErrorIs(t, err, funnel.ErrWebhookExists)
	all, err := webhooks.List(ctx)
	require.NoError(t, err)
	require.Len(t, all, 1)
	require.Empty(t, all[0].Secret, "shown only once")
	require.NotZero(t, all[0].CreatedAt)

	require.NoError(t, webhooks.Delete(ctx, hook.ID))
	require.ErrorIs(t, webhooks.Delete(ctx, hook.ID), funnel.ErrNotFound)
}
