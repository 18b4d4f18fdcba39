package funneltest

import (
	"fmt"
	"time"

	"github.com/funnel-go/funnel"
)

// transaction is a row and, as JSON, also what lists show of it.
type transaction struct {
	base
	IDTransaction string `json:"id_transaction"`
	IDOrder       string `json:"id_order"`
	IDInvoice     int64  `json:"id_invoice"`
	IDCustomer    int64  `json:"id_customer"`
	Status        string `json:"status"`
	Type          string `json:"type"`
	Amount        money  `json:"amount"`
	Currency      string `json:"currency"`
}

func transactionResource() resource[transaction, *transaction] {
	return resource[transaction, *transaction]{
		name:    "Transaction",
		plural:  "transactions",
		idField: "id_transaction",
		routes: func(transactions *resource[transaction, *transaction]) []route {
			return []route{get("/transactions", transactions.list)}
		},
		newestFirst: true,
		periods:     true,
		item:        rowItself[transaction],
	}
}

// A Transaction is a transaction for [Server.AddTransaction]. Fields that are
// zero get a default.
type Transaction struct {
	IDTransaction string    // default "transaction-<id>"
	IDOrder       string    // default "order-<id>"
	IDInvoice     int64     // default: the transaction's id
	IDCustomer    int64     // default 1
	Status        string    // completed (default), waiting, processing, refunded, cancelled, error or any other
	Type          string    // default "one_time"
	Amount        string    // digits with up to two decimals, as in "49.90"; default "0.00"
	Currency      string    // default "EUR"
	CreatedAt     time.Time // default: now
}

// AddTransaction adds a transaction, which the API cannot do, and returns its
// id. It panics if the amount is not a number with up to two decimals.
func (s *Server) AddTransaction(t Transaction) funnel.TransactionID {
	row := transaction{
		base:          base{CreatedAt: stampOf(t.CreatedAt)},
		IDTransaction: t.IDTransaction, IDOrder: t.IDOrder, IDInvoice: t.IDInvoice, IDCustomer: t.IDCustomer,
		Status: t.Status, Type: t.Type, Amount: mustMoney(t.Amount), Currency: t.Currency,
	}
	s.insert(func(c *call) {
		id := c.transactions.last + 1
		setDefault(&row.IDTransaction, fmt.Sprintf("transaction-%d", id))
		setDefault(&row.IDOrder, fmt.Sprintf("order-%d", id))
		setDefault(&row.IDInvoice, id)
		setDefault(&row.IDCustomer, 1)
		setDefault(&row.Status, completed)
		setDefault(&row.Type, "one_time")
		setDefault(&row.Currency, "EUR")
		c.transactions.insert(&row, c.now)
	})
	return funnel.TransactionID(row.ID)
}
