package funneltest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel/funneltest"
)

func TestOrders_Responses(t *testing.T) {
	t.Parallel()
	a := newAPIAtNoon(t)
	require.EqualValues(t, 1, a.AddOrder(funneltest.Order{
		IDOrder: "A-7", IDCustomer: 9, Email: "ada@example.com", Firstname: "Ada", Lastname: "Lovelace", Type: "Paypal",
		Status: "waiting", Amount: "49.9", Currency: "USD", CreatedAt: at("2031-01-02T03:04:05.123456+01:00"),
	}))
	require.EqualValues(t, 2, a.AddOrder(funneltest.Order{}))
	const (
		full = `{"id":1,"id_order":"A-7","id_customer":9,"email":"ada@example.com","firstname":"Ada","lastname":"Lovelace",
			"type":"Paypal","status":"waiting","amount":49.90,"currency":"USD","created_at":"2031-01-02T02:04:05.000000Z"}`
		defaults = `{"id":2,"id_order":"order-2","id_customer":1,"email":"customer@example.com","firstname":null,"lastname":null,
			"type":"Stripe","status":"completed","amount":0.00,"currency":"EUR","created_at":"2031-03-10T12:00:00.000000Z"}`
	)
	a.expect(
		exchange{`GET /orders`, 200, onePage("2", defaults+","+full)},
		exchange{`GET /order?id_order=A-7`, 200, data(full)},
		exchange{`GET /order?id_order=1`, 404, notFound("Order")},
		exchange{`GET /order?id=1`, 422, invalid(`{"id_order":["The id order field is required."]}`)},
	)
	require.Contains(t, a.get("/orders").Body, `"amount":49.90,`, "two decimals")
	require.Contains(t, a.get("/orders").Body, `"amount":0.00,`)
}

func TestOrders_SalesAmount(t *testing.T) {
	t.Parallel()
	a := newAPIAtNoon(t)
	a.expect(exchange{`GET /sales-amount`, 200, data(`{"amount":0.00}`)})
	for _, order := range []funneltest.Order{
		{Amount: "100000000000"},
		{Amount: "0.1", CreatedAt: at("2031-03-09T23:59:59.999999Z")},
		{Amount: "0.2", CreatedAt: at("2031-03-09T00:00:00Z")},
		{Amount: "7", Status: "refunded"}, {Amount: "7", Status: "waiting"}, {Amount: "7", Status: "cancelled"},
	} {
		a.AddOrder(order)
	}
	require.Equal(t, data(`{"amount":100000000000.30}`), a.get("/sales-amount").Body)
	require.Equal(t, data(`{"amount":0.30}`), a.get("/sales-amount?period=yesterday").Body)
	require.Equal(t, data(`{"amount":0.30}`), a.get("/sales-amount?period=between&range=2031-03-09to2031-03-09").Body)
	a.get("/sales-amount?period=between").isError(400, "INVALID_PERIOD")
}

func TestServer_AddOrderPanics(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.AddOrder(funneltest.Order{IDOrder: "A"})
	require.PanicsWithValue(t, `funneltest: order "A" exists already`, func() { a.AddOrder(funneltest.Order{IDOrder: "A"}) })
	for _, amount := range []string{"x", "-1", "1.234", "1,5", "1e3", ".5", "1.", " 1", "1234567890123"} {
		require.Panics(t, func() { a.AddOrder(funneltest.Order{Amount: amount}) }, amount)
		require.Panics(t, func() { a.AddTransaction(funneltest.Transaction{Amount: amount}) }, amount)
		require.Panics(t, func() { a.AddSubscription(funneltest.Subscription{Amount: amount}) }, amount)
	}
	require.Equal(t, 1, a.Counts()["orders"])
}
