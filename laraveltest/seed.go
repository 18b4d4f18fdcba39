package laraveltest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
)

// request sends a request to a route that only the tests have, and decodes the
// response into out.
func (s *Server) request(method, path string, body, out any) {
	s.t.Helper()
	if err := s.try(method, path, body, out); err != nil {
		s.t.Fatalf("laraveltest: %s %s: %v", method, path, err)
	}
}

func (s *Server) try(method, path string, body, out any) error {
	raw, ok := body.([]byte)
	if !ok {
		var err error
		if raw, err = json.Marshal(body); err != nil {
			return err
		}
	}
	url := fmt.Sprintf("%s/%d/test/%s", s.process.url, s.number, path)
	req, err := http.NewRequest(method, url, bytes.NewReader(raw))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+s.APIKey)
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	switch {
	case err != nil:
		return err
	case resp.StatusCode > 299:
		return fmt.Errorf("%s: %s", resp.Status, content)
	case out == nil:
		return nil
	}
	return json.Unmarshal(content, out)
}

// Reset removes everything from the account and opens a new window of the
// throttle. No request may be in flight.
func (s *Server) Reset() {
	s.t.Helper()
	s.request(http.MethodPost, "reset", nil, nil)
}

// fields are the columns of a row. Those that are zero are left out, so that
// their default applies.
type fields map[string]any

func (s *Server) seed(model string, row fields) int64 {
	s.t.Helper()
	var created struct{ ID int64 }
	s.request(http.MethodPost, "seed/"+model, row, &created)
	return created.ID
}

// or returns the value, or the default if it is zero.
func or[V comparable](value, fallback V) V {
	var zero V
	if value == zero {
		return fallback
	}
	return value
}

// orNull is nil, JSON's null, for an empty text.
func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// moment is a time as a database prints it; the zero time is now.
func moment(t time.Time) string {
	if t.IsZero() {
		t = time.Now()
	}
	return t.UTC().Format(time.DateTime)
}

// AddCustomField adds a custom field, with the defaults of [funneltest.Server.AddCustomField].
func (s *Server) AddCustomField(f funneltest.CustomField) funnel.CustomFieldID {
	s.t.Helper()
	kind := "text"
	if len(f.Values) > 0 {
		kind = "select"
	}
	return funnel.CustomFieldID(s.seed("CustomField", fields{
		"name": or(f.Name, "Field"), "type": or(f.Type, kind), "values": orNull(strings.Join(f.Values, ",")),
	}))
}

// CustomFieldValue returns the value that a contact has in a custom field, or
// "" if it has none.
func (s *Server) CustomFieldValue(contact funnel.ContactID, field funnel.CustomFieldID) string {
	s.t.Helper()
	var out struct{ Value string }
	s.request(http.MethodGet, fmt.Sprintf("custom-field-value?contact_id=%d&custom_field_id=%d", contact, field), nil, &out)
	return out.Value
}

// AddOrder adds an order, with the defaults of [funneltest.Server.AddOrder].
func (s *Server) AddOrder(o funneltest.Order) funnel.OrderID {
	s.t.Helper()
	return funnel.OrderID(s.seed("Order", fields{
		"id_order": or(o.IDOrder, fmt.Sprintf("order-%d", time.Now().UnixNano())), "id_customer": or(o.IDCustomer, 1),
		"email": or(o.Email, "customer@example.com"), "firstname": orNull(o.Firstname), "lastname": orNull(o.Lastname),
		"type": or(o.Type, "Stripe"), "status": or(o.Status, "completed"),
		"amount": or(o.Amount, "0.00"), "currency": or(o.Currency, "EUR"), "created_at": moment(o.CreatedAt),
	}))
}

// AddTransaction adds a transaction, with the defaults of [funneltest.Server.AddTransaction].
func (s *Server) AddTransaction(t funneltest.Transaction) funnel.TransactionID {
	s.t.Helper()
	return funnel.TransactionID(s.seed("Transaction", fields{
		"id_transaction": or(t.IDTransaction, "transaction-1"), "id_order": or(t.IDOrder, "order-1"),
		"id_invoice": or(t.IDInvoice, 1), "id_customer": or(t.IDCustomer, 1),
		"status": or(t.Status, "completed"), "type": or(t.Type, "one_time"),
		"amount": or(t.Amount, "0.00"), "currency": or(t.Currency, "EUR"), "created_at": moment(t.CreatedAt),
	}))
}

// AddSubscription adds a subscription, with the defaults of [funneltest.Server.AddSubscription].
func (s *Server) AddSubscription(sub funneltest.Subscription) funnel.SubscriptionID {
	s.t.Helper()
	rebill := sub.RebillDate
	if rebill.IsZero() {
		created := sub.CreatedAt
		if created.IsZero() {
			created = time.Now()
		}
		rebill = created.UTC().AddDate(0, 1, 0)
	}
	return funnel.SubscriptionID(s.seed("Subscription", fields{
		"id_customer": or(sub.IDCustomer, 1), "email": or(sub.Email, "customer@example.com"),
		"firstname": orNull(sub.Firstname), "lastname": orNull(sub.Lastname),
		"status": or(sub.Status, "active"), "name": or(sub.Name, "Membership"),
		"amount": or(sub.Amount, "0.00"), "currency": or(sub.Currency, "EUR"),
		"payment_source": or(sub.PaymentSource, "stripe"), "rate": or(sub.Rate, "1 month(s)"),
		"trial": sub.Trial, "payments_left": sub.PaymentsLeft, "rebill_date": moment(rebill), "created_at": moment(sub.CreatedAt),
	}))
}

// A Delivery is an event that was posted to a webhook.
type Delivery struct {
	WebhookID funnel.WebhookID `json:"webhook_id"`
	Status    int              `json:"status"` // of the response; zero: there was none
}

// Deliver posts an event to the active webhooks on this machine, signed with
// PHP's hash_hmac in the header Signature, and returns how each post ended. The
// event is encoded as JSON; a []byte is sent unchanged.
func (s *Server) Deliver(event any) []Delivery {
	s.t.Helper()
	var deliveries []Delivery
	s.request(http.MethodPost, "deliver", event, &deliveries)
	return deliveries
}
