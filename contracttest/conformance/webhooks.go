package conformance

import (
	"context"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/funnel-go/funnel"
)

// webhooksFlow registers, lists and deletes webhooks.
func webhooksFlow(a *session) {
	const address = "https://hooks.example.com/wolfeo"
	created, err := a.Webhooks.Create(a.ctx, funnel.WebhookCreateParams{URL: address})
	a.NoError(err)
	a.Equal(&funnel.Webhook{ID: created.ID, URL: address, Active: true, Secret: created.Secret}, created)
	a.Regexp(`^[A-Za-z0-9]{32}$`, created.Secret)
	_, err = a.Webhooks.Create(a.ctx, funnel.WebhookCreateParams{URL: address})
	a.ErrorIs(err, funnel.ErrWebhookExists)
	other, err := a.Webhooks.Create(a.ctx, funnel.WebhookCreateParams{URL: address + "/2"})
	a.NoError(err)
	a.NotEqual(created.Secret, other.Secret)
	insecure := map[string]string{"url": "http://hooks.example.com/wolfeo"}
	a.Contains(funnel.FieldErrors(a.Call(a.ctx, http.MethodPost, "/webhook", nil, insecure, nil)), "url")

	listed, err := a.Webhooks.List(a.ctx)
	a.NoError(err)
	a.Len(listed, 2)
	for i := range listed {
		a.recent(listed[i].CreatedAt)
		listed[i].CreatedAt = funnel.Timestamp{}
	}
	a.ElementsMatch([]funnel.Webhook{{ID: created.ID, URL: address, Active: true}, {ID: other.ID, URL: address + "/2", Active: true}}, listed)
	a.NoError(a.Webhooks.Delete(a.ctx, created.ID))
	listed, err = a.Webhooks.List(a.ctx)
	a.NoError(err)
	a.Len(listed, 1)
}

// deliveriesFlow receives a signed event.
func deliveriesFlow(a *session) {
	a.need(a.server.Deliver != nil, "Deliver")
	var receiver http.Handler
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { receiver.ServeHTTP(w, r) }))
	a.t.Cleanup(hook.Close)
	webhook, err := a.Webhooks.Create(a.ctx, funnel.WebhookCreateParams{URL: hook.URL})
	a.NoError(err)
	events := make(chan *funnel.Event, 1)
	receiver, err = funnel.NewWebhookHandler(webhook.Secret, func(_ context.Context, e *funnel.Event) error {
		events <- e
		return nil
	})
	a.NoError(err)

	a.NoError(a.server.Deliver(map[string]any{"event": "contact.created", "data": map[string]any{"id": 7}}))
	ctx, cancel := context.WithTimeout(a.ctx, time.Minute)
	defer cancel()
	select {
	case event := <-events:
		a.JSONEq(`{"event": "contact.created", "data": {"id": 7}}`, string(event.Body))
		a.NotEmpty(event.SignatureHeader)
	case <-ctx.Done():
		a.NoError(ctx.Err(), "no event was received")
	}
}
