package funneltest

import "slices"

type webhook struct {
	base
	URL    string   `json:"url"`
	Events []string `json:"events"`
	Active bool     `json:"active"`
}

var webhookEvents = []string{
	"contact.created", "contact.updated", "contact.tagged", "contact.enrolled",
	"campaign.sent", "funnel.optin", "funnel.sale",
}

func webhookResource() resource[webhook, *webhook] {
	return resource[webhook, *webhook]{
		table:    table[webhook, *webhook]{unique: func(wh *webhook) string { return wh.URL }},
		name:     "Webhook",
		plural:   "webhooks",
		idField:  "webhook_id",
		fill:     fillWebhook,
		conflict: codeWebhookExists,
		write:    writeWebhook,
	}
}

// fillWebhook subscribes to every event unless told otherwise.
func fillWebhook(c *call, wh *webhook) {
	if wh.ID == 0 {
		wh.Events, wh.Active = webhookEvents, true
	}
	c.in.text("url", &wh.URL, required, atMost(2048), webAddress)
	c.in.texts("events", &wh.Events, webhookEvents)
	c.in.flag("active", &wh.Active)
}

// wants tells whether the event is to be delivered.
func (wh *webhook) wants(event string) bool {
	return wh.Active && slices.Contains(wh.Events, event)
}

func writeWebhook(_ *call, w *writer, wh *webhook) {
	w.object()
	w.key("id").int(wh.ID)
	w.key("url").text(wh.URL)
	w.key("events").texts(wh.Events)
	w.key("active").bool(wh.Active)
	w.key("created_at").time(wh.CreatedAt)
	w.endObject()
}
