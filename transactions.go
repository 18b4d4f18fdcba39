package funnel

import (
	"context"
	"iter"
)

// A TransactionID identifies a transaction.
type TransactionID = ID[Transaction]

// A Transaction is a payment.
type Transaction struct {
	ID            TransactionID     `json:"id"`
	IDTransaction string            `json:"id_transaction"` // the payment provider's
	IDOrder       string            `json:"id_order"`       // see Order.IDOrder
	IDInvoice     int64             `json:"id_invoice"`
	IDCustomer    int64             `json:"id_customer"`
	Status        TransactionStatus `json:"status"`
	Type          string            `json:"type"` // such as "one_time"
	Amount        Decimal           `json:"amount"`
	Currency      string            `json:"currency"`
	CreatedAt     Timestamp         `json:"created_at"`
}

// A TransactionStatus is the status of a transaction. Values not listed here are
// returned unchanged.
type TransactionStatus string

// The statuses of a transaction (documented).
const (
	TransactionWaiting    TransactionStatus = "waiting"
	TransactionProcessing TransactionStatus = "processing"
	TransactionCompleted  TransactionStatus = "completed"
	TransactionRefunded   TransactionStatus = "refunded"
	TransactionCancelled  TransactionStatus = "cancelled"
	TransactionError      TransactionStatus = "error"
)

// TransactionListParams selects transactions and the page to return. A zero field is
// not sent.
type TransactionListParams struct {
	Page    int       `url:"page,omitempty"`     // from 1
	PerPage int       `url:"per_page,omitempty"` // 1 to 100; 0: 50 (the API's default), or 100 in All
	Period  Period    `url:"period,omitempty"`   // by the date of creation
	Range   DateRange `url:"range,omitempty"`    // implies PeriodBetween
}

func (p TransactionListParams) check() error { return checkPeriod(p.Period, p.Range) }

// TransactionsService has the operations on transactions. Use it as client.Transactions.
type TransactionsService service

func transactionResource(s *TransactionsService) resource[Transaction] {
	return resource[Transaction]{core: (*service)(s).c(), many: "/transactions"}
}

// List returns one page of transactions, newest first.
//
// API: GET /transactions (documented). Errors: [ErrInvalidPeriod],
// [*ValidationError].
func (s *TransactionsService) List(ctx context.Context, params TransactionListParams) (*Page[Transaction], error) {
	return transactionResource(s).list(ctx, params)
}

// All returns an iterator over transactions, newest first, starting at params.Page. If
// PerPage is 0, All requests 100 at a time. The iteration ends at the first error. If
// transactions are made during the iteration, the pages shift: an item can appear
// twice or be missed.
//
// API: GET /transactions (documented). Errors: [ErrInvalidPeriod],
// [*ValidationError].
func (s *TransactionsService) All(ctx context.Context, params TransactionListParams) iter.Seq2[*Transaction, error] {
	return transactionResource(s).all(ctx, params)
}
