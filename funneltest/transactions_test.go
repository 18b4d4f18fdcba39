package funneltest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel/funneltest"
)

func TestTransactions_List(t *testing.T) {
	t.Parallel()
	a := newAPIAtNoon(t)
	require.EqualValues(t, 1, a.AddTransaction(funneltest.Transaction{}))
	require.EqualValues(t, 2, a.AddTransaction(funneltest.Transaction{
		IDTransaction: "T-1", IDOrder: "A-7", IDInvoice: 5, IDCustomer: 9, Status: "processing", Type: "recurring",
		Amount: "12", Currency: "USD", CreatedAt: at("2031-01-02T03:04:05Z"),
	}))
	a.expect(exchange{`GET /transactions`, 200, onePage("2", `
		{"id":1,"id_transaction":"transaction-1","id_order":"order-1","id_invoice":1,"id_customer":1,"status":"completed",
			"type":"one_time","amount":0.00,"currency":"EUR","created_at":"2031-03-10T12:00:00.000000Z"},
		{"id":2,"id_transaction":"T-1","id_order":"A-7","id_invoice":5,"id_customer":9,"status":"processing",
			"type":"recurring","amount":12.00,"currency":"USD","created_at":"2031-01-02T03:04:05.000000Z"}`)})
	require.Contains(t, a.get("/transactions").Body, `"amount":12.00,`)
	require.Len(t, a.get("/transactions?status=completed").all("id"), 2, "there is no status filter")
}
