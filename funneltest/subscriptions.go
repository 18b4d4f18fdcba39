package funneltest

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/funnel-go/funnel"
)

// subscription is a row and, as JSON, also what lists show of it.
type subscription struct {
	base
	IDCustomer    int64        `json:"id_customer"`
	Email         string       `json:"email"`
	Firstname     *string      `json:"firstname"`
	Lastname      *string      `json:"lastname"`
	Status        string       `json:"status"`
	Name          string       `json:"name"`
	Amount        money        `json:"amount"`
	Currency      string       `json:"currency"`
	PaymentSource string       `json:"payment_source"`
	Rate          string       `json:"rate"`
	Trial         bool         `json:"trial"`
	PaymentsLeft  paymentsLeft `json:"payments_left"`
	RebillDate    zoneless     `json:"rebill_date"`
}

// paymentsLeft is a number or, if count is nil, "unlimited".
type paymentsLeft struct{ count *int }

const unlimited = `"unlimited"`

// MarshalJSON implements [json.Marshaler].
func (p paymentsLeft) MarshalJSON() ([]byte, error) {
	if p.count == nil {
		return []byte(unlimited), nil
	}
	return strconv.AppendInt(nil, int64(*p.count), 10), nil
}

// UnmarshalJSON reads what MarshalJSON writes.
func (p *paymentsLeft) UnmarshalJSON(b []byte) error {
	if string(b) == unlimited {
		p.count = nil
		return nil
	}
	return json.Unmarshal(b, &p.count)
}

func subscriptionResource() resource[subscription, *subscription] {
	return resource[subscription, *subscription]{
		name:    "Subscription",
		plural:  "subscriptions",
		idField: "subscription_id",
		routes: func(subscriptions *resource[subscription, *subscription]) []route {
			return []route{get("/subscriptions", subscriptions.list)}
		},
		newestFirst: true,
		periods:     true,
		status:      func(sub *subscription) string { return sub.Status },
		statuses:    []string{"active", "inactive", "error"},
		item:        rowItself[subscription],
	}
}

// A Subscription is a subscription for [Server.AddSubscription]. Fields that
// are zero get a default.
type Subscription struct {
	IDCustomer    int64  // default 1
	Email         string // default "customer@example.com"
	Firstname     string // empty: null in responses
	Lastname      string // empty: null in responses
	Status        string // active (default), inactive, error or any other
	Name          string // default "Membership"
	Amount        string // digits with up to two decimals, as in "49.90"; default "0.00"
	Currency      string // default "EUR"
	PaymentSource string // default "stripe"
	Rate          string // default "1 month(s)"
	Trial         bool
	PaymentsLeft  *int      // nil: unlimited
	RebillDate    time.Time // in whole seconds; default: one month after CreatedAt
	CreatedAt     time.Time // default: now
}

// AddSubscription adds a subscription, which the API cannot do, and returns its
// id. It panics if the amount is not a number with up to two decimals.
func (s *Server) AddSubscription(sub Subscription) funnel.SubscriptionID {
	row := subscription{
		base:       base{CreatedAt: stampOf(sub.CreatedAt)},
		IDCustomer: sub.IDCustomer, Email: sub.Email, Firstname: orNull(sub.Firstname), Lastname: orNull(sub.Lastname),
		Status: sub.Status, Name: sub.Name, Amount: mustMoney(sub.Amount), Currency: sub.Currency,
		PaymentSource: sub.PaymentSource, Rate: sub.Rate, Trial: sub.Trial,
		RebillDate: zoneless{stampOf(sub.RebillDate)},
	}
	if sub.PaymentsLeft != nil {
		row.PaymentsLeft.count = new(int)
		*row.PaymentsLeft.count = *sub.PaymentsLeft
	}
	s.insert(func(c *call) {
		setDefault(&row.IDCustomer, 1)
		setDefault(&row.Email, "customer@example.com")
		setDefault(&row.Status, "active")
		setDefault(&row.Name, "Membership")
		setDefault(&row.Currency, "EUR")
		setDefault(&row.PaymentSource, "stripe")
		setDefault(&row.Rate, "1 month(s)")
		setDefault(&row.CreatedAt, c.now)
		setDefault(&row.RebillDate, zoneless{stampOf(row.CreatedAt.time().AddDate(0, 1, 0))})
		c.subscriptions.insert(&row, c.now)
	})
	return funnel.SubscriptionID(row.ID)
}
