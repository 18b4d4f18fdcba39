package funnel_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
)

func TestTransactions_Methods(t *testing.T) {
	t.Parallel()
	runMethodTests(t, []methodTest{{
		name: "List, nothing set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Transactions.List(ctx, funnel.TransactionListParams{})
		},
		sends: sentRequest{Method: "GET", Path: "/transactions"},
		reply: pageOf(transactionJSON, `{"id":95,"status":"disputed"}`), // a status that the SDK does not know
		want:  pageOneOf(sampleTransaction, funnel.Transaction{ID: 95, Status: "disputed"}),
	}, {
		name: "List, everything set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Transactions.List(ctx, funnel.TransactionListParams{
				Page: 2, PerPage: 10, Period: funnel.PeriodBetween, Range: funnel.DateRange{From: noon(1, time.UTC), To: noon(2, time.UTC)},
			})
		},
		sends: sentRequest{Method: "GET", Path: "/transactions", Query: "page=2&per_page=10&period=between&range=2026-03-01to2026-03-02"},
		reply: pageOf(transactionJSON),
		want:  pageOneOf(sampleTransaction),
	}, {
		name: "All",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return collect(c.Transactions.All(ctx, funnel.TransactionListParams{Period: funnel.PeriodYesterday}))
		},
		sends: sentRequest{Method: "GET", Path: "/transactions", Query: "page=1&per_page=100&period=yesterday"},
		reply: pageOf(transactionJSON),
		want:  []funnel.Transaction{sampleTransaction},
	}})
}

func TestTransactions_RefuseBadInput(t *testing.T) {
	t.Parallel()
	runBadInputTests(t, []badInput{
		{"per_page of 101", func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Transactions.List(ctx, funnel.TransactionListParams{PerPage: 101})
			return err
		}, "per_page"},
		{"page of -1, all", func(ctx context.Context, c *funnel.Client) error {
			_, err := collect(c.Transactions.All(ctx, funnel.TransactionListParams{Page: -1}))
			return err
		}, "page"},
	})
}

func TestTransactions_Flow(t *testing.T) {
	t.Parallel()
	server, client := fakeAPI(t, funneltest.WithClock(atNine))
	server.AddTransaction(funneltest.Transaction{IDTransaction: "ch_1", Amount: "49.90", CreatedAt: atNine().AddDate(-1, 0, 0)})
	server.AddTransaction(funneltest.Transaction{IDTransaction: "ch_2", IDOrder: "A-2", IDInvoice: 5, Amount: "49.90", Status: "waiting"})
	page, err := client.Transactions.List(t.Context(), funnel.TransactionListParams{Period: funnel.PeriodToday})
	require.NoError(t, err)
	require.Equal(t, []funnel.Transaction{{
		ID: 2, IDTransaction: "ch_2", IDOrder: "A-2", IDInvoice: 5, IDCustomer: 1, Status: funnel.TransactionWaiting,
		Type: "one_time", Amount: "49.90", Currency: "EUR", CreatedAt: funnel.Timestamp{Time: atNine()},
	}}, page.Items)
	_, err = client.Transactions.List(t.Context(), funnel.TransactionListParams{Period: "last90days"})
	require.ErrorIs(t, err, funnel.ErrInvalidPeriod)
}
