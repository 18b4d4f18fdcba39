package funneltest

import (
	"fmt"
	"time"

	"github.com/funnel-go/funnel"
)

// order is a row and, as JSON, also what responses show of it.
type order struct {
	base
	IDOrder    string  `json:"id_order"`
	IDCustomer int64   `json:"id_customer"`
	Email      string  `json:"email"`
	Firstname  *string `json:"firstname"`
	Lastname   *string `json:"lastname"`
	Type       string  `json:"type"`
	Status     string  `json:"status"`
	Amount     money   `json:"amount"`
	Currency   string  `json:"currency"`
}

const completed = "completed"

func orderResource() resource[order, *order] {
	return resource[order, *order]{
		table:   table[order, *order]{unique: func(o *order) string { return o.IDOrder }},
		name:    "Order",
		plural:  "orders",
		idField: "id_order",
		routes: func(orders *resource[order, *order]) []route {
			return []route{
				get("/orders", orders.list),
				get("/order", getOrder),
				get("/sales-amount", getSalesAmount),
			}
		},
		newestFirst: true,
		periods:     true,
		status:      func(o *order) string { return o.Status },
		statuses:    []string{completed, "waiting", "cancelled", "refunded"},
		item:        rowItself[order],
	}
}

// rowItself shows a row as it is stored.
func rowItself[T any, P record[T]](_ *call, row P) any { return row }

func getOrder(c *call) (any, *apiError) {
	var id string
	c.in.text("id_order", &id, required)
	if err := c.in.err(); err != nil {
		return nil, err
	}
	o := c.orders.lookup(id)
	if o == nil {
		return nil, notFound("Order")
	}
	return o, nil
}

type salesAmount struct {
	Amount money `json:"amount"`
}

// B11: sales-amount takes period and range like GET /orders. Its amount is the
// sum of the completed orders, whatever their currency, with two decimals.
func getSalesAmount(c *call) (any, *apiError) {
	within, err := c.in.period(c.now)
	if err != nil {
		return nil, err
	}
	var sum money
	for _, o := range c.orders.rows {
		if o.Status == completed && within.contains(o.CreatedAt) {
			sum += o.Amount
		}
	}
	return salesAmount{sum}, nil
}

// An Order is an order for [Server.AddOrder]. Fields that are zero get a
// default.
type Order struct {
	IDOrder    string    // unique; default "order-<id>"
	IDCustomer int64     // default 1
	Email      string    // default "customer@example.com"
	Firstname  string    // empty: null in responses
	Lastname   string    // empty: null in responses
	Type       string    // the payment provider; default "Stripe"
	Status     string    // completed (default), waiting, cancelled, refunded or any other
	Amount     string    // digits with up to two decimals, as in "49.90"; default "0.00"
	Currency   string    // default "EUR"
	CreatedAt  time.Time // default: now
}

// AddOrder adds an order, which the API cannot do, and returns its id. It
// panics if the amount is not a number with up to two decimals, or if IDOrder is in
// use.
func (s *Server) AddOrder(o Order) funnel.OrderID {
	row := order{
		base:    base{CreatedAt: stampOf(o.CreatedAt)},
		IDOrder: o.IDOrder, IDCustomer: o.IDCustomer, Email: o.Email,
		Firstname: orNull(o.Firstname), Lastname: orNull(o.Lastname),
		Type: o.Type, Status: o.Status, Amount: mustMoney(o.Amount), Currency: o.Currency,
	}
	s.insert(func(c *call) {
		setDefault(&row.IDOrder, fmt.Sprintf("order-%d", c.orders.last+1))
		setDefault(&row.IDCustomer, 1)
		setDefault(&row.Email, "customer@example.com")
		setDefault(&row.Type, "Stripe")
		setDefault(&row.Status, completed)
		setDefault(&row.Currency, "EUR")
		if c.orders.lookup(row.IDOrder) != nil {
			panic(fmt.Sprintf("funneltest: order %q exists already", row.IDOrder))
		}
		c.orders.insert(&row, c.now)
	})
	return funnel.OrderID(row.ID)
}

// mustMoney reads an amount that a test gives; none is zero.
func mustMoney(amount string) money {
	setDefault(&amount, "0")
	m, err := parseMoney(amount)
	if err != nil {
		panic("funneltest: " + err.Error())
	}
	return m
}
