package funnel

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"net/url"

	"github.com/funnel-go/funnel/internal/envelope"
)

// An OrderID identifies an order in a list. [OrdersService.Get] takes [Order.IDOrder]
// instead.
type OrderID = ID[Order]

// An Order is a purchase.
type Order struct {
	ID         OrderID     `json:"id"`
	IDOrder    string      `json:"id_order"` // what OrdersService.Get takes; not the ID
	IDCustomer int64       `json:"id_customer"`
	Email      string      `json:"email"`
	Firstname  string      `json:"firstname"`
	Lastname   string      `json:"lastname"`
	Type       string      `json:"type"` // the payment provider, such as "Stripe"
	Status     OrderStatus `json:"status"`
	Amount     Decimal     `json:"amount"`
	Currency   string      `json:"currency"`
	CreatedAt  Timestamp   `json:"created_at"`
}

// An OrderStatus is the status of an order. Values not listed here are sent and
// returned unchanged.
type OrderStatus string

// The statuses of an order (documented).
const (
	OrderCompleted OrderStatus = "completed"
	OrderWaiting   OrderStatus = "waiting"
	OrderCancelled OrderStatus = "cancelled"
	OrderRefunded  OrderStatus = "refunded"
)

// OrderListParams selects orders and the page to return. A zero field is not sent.
type OrderListParams struct {
	Page    int         `url:"page,omitempty"`     // from 1
	PerPage int         `url:"per_page,omitempty"` // 1 to 100; 0: 50 (the API's default), or 100 in All
	Status  OrderStatus `url:"status,omitempty"`
	Period  Period      `url:"period,omitempty"` // by the date of the order
	Range   DateRange   `url:"range,omitempty"`  // implies PeriodBetween
}

func (p OrderListParams) check() error { return checkPeriod(p.Period, p.Range) }

// OrdersService has the operations on orders and the sales amount. Use it as client.Orders.
type OrdersService service

func orderResource(s *OrdersService) resource[Order] {
	return resource[Order]{core: (*service)(s).c(), one: "/order", many: "/orders", idField: "id_order"}
}

// List returns one page of orders, newest first.
//
// API: GET /orders (documented). Errors: [ErrInvalidStatus], [ErrInvalidPeriod],
// [*ValidationError].
func (s *OrdersService) List(ctx context.Context, params OrderListParams) (*Page[Order], error) {
	return orderResource(s).list(ctx, params)
}

// All returns an iterator over orders, newest first, starting at params.Page. If
// PerPage is 0, All requests 100 at a time. The iteration ends at the first error. If
// orders are placed during the iteration, or change the status by which you filter,
// the pages shift: an item can appear twice or be missed.
//
// API: GET /orders (documented). Errors: [ErrInvalidStatus], [ErrInvalidPeriod],
// [*ValidationError].
func (s *OrdersService) All(ctx context.Context, params OrderListParams) iter.Seq2[*Order, error] {
	return orderResource(s).all(ctx, params)
}

// Get returns the order with that [Order.IDOrder].
//
// API: GET /order (documented). Errors: [ErrNotFound].
func (s *OrdersService) Get(ctx context.Context, id string) (*Order, error) {
	r := orderResource(s)
	if err := checkText(r.idField, id); err != nil {
		return nil, err
	}
	return r.find(ctx, url.Values{r.idField: {id}}, func(got *Order) error {
		if got.IDOrder == "" {
			return nil // null: nothing to compare
		}
		return checkSame(r.idField, id, got.IDOrder)
	})
}

// SalesAmount returns the sum of the sales in a period. It is assumed that the API
// takes a period: before you rely on it, check that two periods have different
// results. How it treats several currencies is not documented.
//
// API: GET /sales-amount (documented, parameters assumed). Errors: [ErrInvalidPeriod].
func (s *OrdersService) SalesAmount(ctx context.Context, params PeriodParams) (Decimal, error) {
	q, err := listQuery(params) // B11: it takes period and range, as the lists do
	if err != nil {
		return "", err
	}
	var amount Decimal
	req := request{method: http.MethodGet, path: "/sales-amount", query: q.Encode()}
	err = orderResource(s).core.do(ctx, req, func(body []byte) error {
		result, err := envelope.Data[map[string]json.RawMessage](body)
		if err != nil {
			return err
		}
		text, ok := (*result)["amount"]
		if !ok { // which is not an amount of nothing
			return fmt.Errorf(`%w: the field "amount" is missing`, envelope.ErrUnexpected)
		}
		if err := json.Unmarshal(text, &amount); err != nil {
			return fmt.Errorf("%w: %w", envelope.ErrUnexpected, err)
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	return amount, nil
}
