package funnel

import (
	"context"
	"iter"
)

// A WebhookID identifies a webhook.
type WebhookID = ID[Webhook]

// A Webhook is a URL of yours that the platform tells what happens. To receive
// what it sends, see [NewWebhookHandler].
type Webhook struct {
	ID        WebhookID   `json:"id"`
	URL       string      `json:"url"`
	Events    []EventType `json:"events"`
	Active    bool        `json:"active"`
	CreatedAt Timestamp   `json:"created_at"`
}

// An EventType says what happened. The set is open: an event that the SDK does
// not know is passed on.
type EventType string

// The events (assumed).
const (
	EventContactCreated  EventType = "contact.created"
	EventContactUpdated  EventType = "contact.updated"
	EventContactTagged   EventType = "contact.tagged"
	EventContactEnrolled EventType = "contact.enrolled"
	EventCampaignSent    EventType = "campaign.sent"
	EventFunnelOptin     EventType = "funnel.optin"
	EventFunnelSale      EventType = "funnel.sale"
)

// WebhookListParams pages webhooks. A zero field is left out.
type WebhookListParams struct {
	Page    int `url:"page,omitempty"`     // from 1
	PerPage int `url:"per_page,omitempty"` // 1 to 100; 0: the server's default
}

// WebhookCreateParams describes a new webhook. A zero field is left out.
type WebhookCreateParams struct {
	URL    string      `json:"url"`              // required: see WebhookURL
	Events []EventType `json:"events,omitempty"` // what to be told; nil: of everything (assumed)
	Active *bool       `json:"active,omitempty"` // nil: as the server has it, which is active
}

func (p WebhookCreateParams) check() error {
	if err := checkText("url", p.URL); err != nil {
		return err
	}
	return checkChoice("events", p.Events)
}

// WebhookUpdateParams changes a webhook. A nil field leaves it as it is.
type WebhookUpdateParams struct {
	URL    *string      `json:"url,omitempty"`
	Events *[]EventType `json:"events,omitempty"` // none: of nothing (assumed)
	Active *bool        `json:"active,omitempty"`
}

// WebhooksService provides access to webhooks: see [Client].
type WebhooksService service

func (s *WebhooksService) resource() resource[Webhook] {
	return resource[Webhook]{
		core:    (*service)(s).c(),
		one:     "/webhook",
		many:    "/webhooks",
		idField: "webhook_id",
		unique:  true, // the URL
	}
}

// List returns one page of the webhooks.
//
// API: GET /webhooks (assumed). Errors: [*ValidationError].
func (s *WebhooksService) List(ctx context.Context, params WebhookListParams) (*Page[Webhook], error) {
	return s.resource().list(ctx, params)
}

// All returns an iterator over the webhooks, from the page that params name to
// the last; a PerPage of 0 asks for 100 at a time. An error ends the range. Do
// not delete webhooks while ranging: the pages move up, and some are skipped.
//
// API: GET /webhooks (assumed). Errors: [*ValidationError].
func (s *WebhooksService) All(ctx context.Context, params WebhookListParams) iter.Seq2[*Webhook, error] {
	return s.resource().all(ctx, params)
}

// Get returns a webhook by its id.
//
// API: GET /webhook (assumed). Errors: [ErrNotFound].
func (s *WebhooksService) Get(ctx context.Context, id WebhookID) (*Webhook, error) {
	return s.resource().get(ctx, id)
}

// Create registers a webhook. It is safe to repeat: there is one webhook for a
// URL. Where an attempt got no answer and the next one finds the webhook there,
// the error is ErrWebhookExists with MayHaveBeenApplied set. See [WebhookURL] for
// the URL of a [NewWebhookHandler].
//
// API: POST /webhook (documented). Errors: [ErrWebhookExists],
// [*ValidationError].
func (s *WebhooksService) Create(ctx context.Context, params WebhookCreateParams) (*Webhook, error) {
	return s.resource().create(ctx, params)
}

// Update changes a webhook and returns it as it is then.
//
// API: PUT /webhook (assumed). Errors: [ErrNotFound], [ErrWebhookExists],
// [*ValidationError].
func (s *WebhooksService) Update(ctx context.Context, id WebhookID, params WebhookUpdateParams) (*Webhook, error) {
	params.Events = notNil(params.Events)
	return s.resource().update(ctx, id, params)
}

// Delete deletes a webhook: nothing more is sent to it.
//
// API: DELETE /webhook (assumed). Errors: [ErrNotFound].
func (s *WebhooksService) Delete(ctx context.Context, id WebhookID) error {
	return s.resource().delete(ctx, id)
}
