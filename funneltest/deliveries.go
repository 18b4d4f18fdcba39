package funneltest

import (
	"context"
	"time"
)

// A Delivery is an event on its way to a webhook.
type Delivery struct {
	WebhookID int64
	Event     string    // such as "contact.created"
	Body      []byte    // the JSON that is posted
	Time      time.Time // when the event happened
	State     DeliveryState
	Attempts  int    // how often it was posted so far
	Status    int    // of the last answer; zero: there was none
	Error     string // why the last attempt got no answer
}

// DeliveryState says what has become of a [Delivery].
type DeliveryState string

// The states of a delivery.
const (
	DeliveryPending   DeliveryState = "pending"   // queued, under way or waiting for another try
	DeliveryDone      DeliveryState = "delivered" // answered with a 2xx
	DeliveryFailed    DeliveryState = "failed"    // refused, or not accepted in any of its tries
	DeliveryBlocked   DeliveryState = "blocked"   // never posted: see WithWebhooksToAnyHost
	DeliveryAbandoned DeliveryState = "abandoned" // cut off by Close
)

// Deliveries returns the webhook deliveries so far, in the order of their
// events: the last 10,000.
func (s *Server) Deliveries() []Delivery { return s.hooks.list() }

// WaitForDeliveries waits until no delivery is pending, or returns the
// context's error.
func (s *Server) WaitForDeliveries(ctx context.Context) error { return s.hooks.wait(ctx) }
