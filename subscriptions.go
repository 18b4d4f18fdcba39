package funnel

import (
	"bytes"
	"context"
	"iter"
	"strconv"
)

// A SubscriptionID identifies a subscription.
type SubscriptionID = ID[Subscription]

// A Subscription is a customer's recurring payment.
type Subscription struct {
	ID            SubscriptionID     `json:"id"`
	IDCustomer    int64              `json:"id_customer"`
	Email         string             `json:"email"`
	Firstname     string             `json:"firstname"`
	Lastname      string             `json:"lastname"`
	Status        SubscriptionStatus `json:"status"`
	Name          string             `json:"name"`
	Amount        Decimal            `json:"amount"`
	Currency      string             `json:"currency"`
	PaymentSource string             `json:"payment_source"` // the payment provider, such as "stripe"
	Rate          string             `json:"rate"`           // how often it is paid, such as "1 month(s)"
	Trial         bool               `json:"trial"`
	PaymentsLeft  PaymentsLeft       `json:"payments_left"`
	RebillDate    Timestamp          `json:"rebill_date"`
	CreatedAt     Timestamp          `json:"created_at"`
}

// A SubscriptionStatus is the status of a subscription. Values not listed here are
// sent and returned unchanged.
type SubscriptionStatus string

// The statuses of a subscription (documented).
const (
	SubscriptionActive   SubscriptionStatus = "active"
	SubscriptionInactive SubscriptionStatus = "inactive"
	SubscriptionError    SubscriptionStatus = "error"
)

// PaymentsLeft is how many payments of a subscription are left. The zero value means
// unknown (null).
type PaymentsLeft struct {
	Unlimited bool
	Count     *int // nil: unlimited or unknown
}

// UnmarshalJSON reads "unlimited", a number and null. Any other value is read as
// unknown, so that it does not fail the whole list.
func (p *PaymentsLeft) UnmarshalJSON(b []byte) error {
	*p = PaymentsLeft{}
	text := string(bytes.Trim(b, `"`))
	p.Unlimited = text == "unlimited"
	if n, err := strconv.Atoi(text); err == nil {
		p.Count = &n
	}
	return nil
}

// MarshalJSON writes what UnmarshalJSON reads.
func (p PaymentsLeft) MarshalJSON() ([]byte, error) {
	switch {
	case p.Unlimited:
		return []byte(`"unlimited"`), nil
	case p.Count != nil:
		return strconv.AppendInt(nil, int64(*p.Count), 10), nil
	}
	return []byte("null"), nil
}

// SubscriptionListParams selects subscriptions and the page to return. A zero field
// is not sent.
type SubscriptionListParams struct {
	Page    int                `url:"page,omitempty"`     // from 1
	PerPage int                `url:"per_page,omitempty"` // 1 to 100; 0: 50 (the API's default), or 100 in All
	Status  SubscriptionStatus `url:"status,omitempty"`
	Period  Period             `url:"period,omitempty"` // by the date of creation
	Range   DateRange          `url:"range,omitempty"`  // implies PeriodBetween
}

func (p SubscriptionListParams) check() error { return checkPeriod(p.Period, p.Range) }

// SubscriptionsService has the operations on subscriptions. Use it as client.Subscriptions.
type SubscriptionsService service

func subscriptionResource(s *SubscriptionsService) resource[Subscription] {
	return resource[Subscription]{core: (*service)(s).c(), many: "/subscriptions"}
}

// List returns one page of subscriptions, newest first.
//
// API: GET /subscriptions (documented). Errors: [ErrInvalidStatus],
// [ErrInvalidPeriod], [*ValidationError].
func (s *SubscriptionsService) List(ctx context.Context, params SubscriptionListParams) (*Page[Subscription], error) {
	return subscriptionResource(s).list(ctx, params)
}

// All returns an iterator over subscriptions, newest first, starting at params.Page.
// If PerPage is 0, All requests 100 at a time. The iteration ends at the first error.
// If subscriptions are made during the iteration, or change the status by which you
// filter, the pages shift: an item can appear twice or be missed.
//
// API: GET /subscriptions (documented). Errors: [ErrInvalidStatus],
// [ErrInvalidPeriod], [*ValidationError].
func (s *SubscriptionsService) All(ctx context.Context, params SubscriptionListParams) iter.Seq2[*Subscription, error] {
	return subscriptionResource(s).all(ctx, params)
}
