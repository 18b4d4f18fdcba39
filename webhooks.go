package funnel

import (
	"context"
	"net/url"
)

// A WebhookID identifies a webhook.
type WebhookID = ID[Webhook]

// A Webhook is a URL to which the platform posts events. No known operation of the API
// changes a webhook.
type Webhook struct {
	ID        WebhookID `json:"id"`
	URL       string    `json:"url"`
	Active    bool      `json:"active"`
	CreatedAt Timestamp `json:"created_at"` // not set by Create

	// Secret signs the deliveries: see [NewWebhookHandler]. Only
	// [WebhooksService.Create] returns it, and the API does not show it again.
	Secret string `json:"secret"`
}

// WebhookCreateParams describes a new webhook. It receives all events.
type WebhookCreateParams struct {
	URL string `json:"url"` // required; https, except on a loopback address
}

func (p WebhookCreateParams) check() error {
	if err := checkText("url", p.URL); err != nil {
		return err
	}
	u, err := url.Parse(p.URL)
	switch {
	case err != nil || u.Hostname() == "" || u.User != nil:
		return argumentError("url", "is not an absolute URL without user info: want one such as https://example.com/webhook")
	case u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())):
		return argumentError("url", "must begin with https://")
	}
	return nil
}

// WebhooksService has the operations on webhooks. Use it as client.Webhooks.
type WebhooksService service

func webhookResource(s *WebhooksService) resource[Webhook] {
	return resource[Webhook]{
		core:    (*service)(s).c(),
		one:     "/webhook",
		many:    "/webhooks",
		idField: "webhook_id",
		unique:  true, // the URL
	}
}

// List returns all webhooks, without their secrets. The list has no pages.
//
// API: GET /webhooks (documented).
func (s *WebhooksService) List(ctx context.Context) ([]Webhook, error) {
	return webhookResource(s).whole(ctx)
}

// Create registers a webhook. Store its Secret: no other operation returns it. The
// result has no CreatedAt.
//
// A repeat never creates a second webhook, because a URL is unique. If there is no
// response or a 5xx, and the next attempt finds the webhook, the error is
// ErrWebhookExists and MayHaveBeenApplied reports true. The secret is then lost:
// delete the webhook and create it again.
//
// API: POST /webhook (documented). Errors: [ErrWebhookExists],
// [*ValidationError].
func (s *WebhooksService) Create(ctx context.Context, params WebhookCreateParams) (*Webhook, error) {
	return webhookResource(s).create(ctx, params)
}

// Delete deletes a webhook.
//
// API: DELETE /webhook (documented). Errors: [ErrNotFound].
func (s *WebhooksService) Delete(ctx context.Context, id WebhookID) error {
	return webhookResource(s).delete(ctx, id)
}
