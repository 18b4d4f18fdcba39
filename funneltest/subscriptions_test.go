package funneltest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel/funneltest"
)

func TestSubscriptions_List(t *testing.T) {
	t.Parallel()
	a := newAPIAtNoon(t)
	left := 3
	require.EqualValues(t, 1, a.AddSubscription(funneltest.Subscription{}))
	require.EqualValues(t, 2, a.AddSubscription(funneltest.Subscription{
		IDCustomer: 9, Email: "ada@example.com", Firstname: "Ada", Lastname: "Lovelace", Status: "inactive", Name: "Gold",
		Amount: "12.5", Currency: "USD", PaymentSource: "paypal", Rate: "1 year(s)", Trial: true, PaymentsLeft: &left,
		RebillDate: at("2031-06-01T02:00:00+02:00"), CreatedAt: at("2031-03-11T00:00:00Z"),
	}))
	left = 7 // the server has its own copy
	a.expect(exchange{`GET /subscriptions`, 200, onePage("2", `
		{"id":2,"id_customer":9,"email":"ada@example.com","firstname":"Ada","lastname":"Lovelace","status":"inactive","name":"Gold",
			"amount":12.50,"currency":"USD","payment_source":"paypal","rate":"1 year(s)","trial":true,"payments_left":3,
			"rebill_date":"2031-06-01 00:00:00","created_at":"2031-03-11T00:00:00.000000Z"},
		{"id":1,"id_customer":1,"email":"customer@example.com","firstname":null,"lastname":null,"status":"active","name":"Membership",
			"amount":0.00,"currency":"EUR","payment_source":"stripe","rate":"1 month(s)","trial":false,"payments_left":"unlimited",
			"rebill_date":"2031-04-10 12:00:00","created_at":"2031-03-10T12:00:00.000000Z"}`)})
	require.Contains(t, a.get("/subscriptions").Body, `"amount":12.50,`)
}
