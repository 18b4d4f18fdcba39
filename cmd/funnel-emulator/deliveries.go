package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"slices"

	"github.com/funnel-go/funnel/funneltest"
	"github.com/funnel-go/funnel/internal/text"
)

// Bounds of what the page shows of deliveries.
const (
	shownDeliveries   = 20
	shownDeliveryBody = 200 // characters
)

// A deliveryView is a webhook delivery on the page.
type deliveryView struct{ funneltest.Delivery }

// deliveries returns the last deliveries, the latest first.
func (e *emulator) deliveries() []deliveryView {
	all := e.api.Deliveries()
	var list []deliveryView
	for _, d := range slices.Backward(all[max(0, len(all)-shownDeliveries):]) {
		list = append(list, deliveryView{d})
	}
	return list
}

// Text is the beginning of the body, on one line.
func (d deliveryView) Text() string { return text.Clip(string(d.Body), shownDeliveryBody) }

// Problem says why the delivery has not arrived, if it has not.
func (d deliveryView) Problem() string {
	if d.State == funneltest.DeliveryBlocked {
		return "only URLs on this machine get deliveries, unless the flag -webhooks-to-any-host is set"
	}
	return d.Error
}

// Level is the state's style.
func (d deliveryView) Level() string {
	switch d.State {
	case funneltest.DeliveryPending:
		return "pending"
	case funneltest.DeliveryDone:
		return "ok"
	case funneltest.DeliveryBlocked:
		return "warning"
	default:
		return "error"
	}
}

// logDelivery returns a function that logs how deliveries end. The log has neither
// the body nor the URL, which may contain a token.
func logDelivery(log *slog.Logger) func(funneltest.Delivery) {
	return func(d funneltest.Delivery) {
		level, message := slog.LevelInfo, "webhook delivery"
		if d.State != funneltest.DeliveryDone {
			level, message = slog.LevelWarn, "webhook delivery failed"
		}
		log.Log(context.Background(), level, message,
			"webhook", d.WebhookID,
			"state", d.State,
			"attempts", d.Attempts,
			"status", d.Status,
			"error", deliveryView{d}.Problem())
	}
}

// addDelivery sends the event of the page's form.
func (e *emulator) addDelivery(w http.ResponseWriter, r *http.Request) {
	event := r.PostFormValue("event")
	if !json.Valid([]byte(event)) {
		http.Error(w, "The event is not valid JSON, or it is too large.", http.StatusBadRequest)
		return
	}
	if err := e.api.Deliver(json.RawMessage(event)); err != nil {
		http.Error(w, "No active webhook is registered. Register one with POST /webhook.", http.StatusConflict)
		return
	}
	e.log.Info("event sent on the page")
	http.Redirect(w, r, "/", http.StatusSeeOther)
}
