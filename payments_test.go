package funnel_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
	"github.com/funnel-go/funnel/internal/apitest"
)

func TestOrders_Methods(t *testing.T) {
	t.Parallel()
	march := funnel.DateRange{From: noon(1, time.UTC), To: noon(31, time.UTC)}
	runMethodTests(t, []methodTest{{
		name: "List, nothing set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Orders.List(ctx, funnel.OrderListParams{})
		},
		sends:     sentRequest{Method: "GET", Path: "/orders"},
		responder: pageOf(orderJSON, `{"id":95}`),
		want:      pageOneOf(sampleOrder, funnel.Order{ID: 95}),
	}, {
		name: "List, everything set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Orders.List(ctx, funnel.OrderListParams{
				Page: 2, PerPage: 10, Status: funnel.OrderRefunded, Period: funnel.PeriodBetween, Range: march,
			})
		},
		sends: sentRequest{Method: "GET", Path: "/orders",
			Query: "page=2&per_page=10&period=between&range=2026-03-01to2026-03-31&status=refunded"},
		responder: pageOf(orderJSON),
		want:      pageOneOf(sampleOrder),
	}, {
		name: "All",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return collect(c.Orders.All(ctx, funnel.OrderListParams{Status: "on hold"}))
		},
		sends:     sentRequest{Method: "GET", Path: "/orders", Query: "page=1&per_page=100&status=on+hold"},
		responder: pageOf(orderJSON),
		want:      []funnel.Order{sampleOrder},
	}, {
		name:      "Get",
		call:      func(ctx context.Context, c *funnel.Client) (any, error) { return c.Orders.Get(ctx, "A-1001") },
		sends:     sentRequest{Method: "GET", Path: "/order", Query: "id_order=A-1001"},
		responder: data(orderJSON),
		want:      &sampleOrder,
	}, {
		name:      "Get, an id that a query escapes",
		call:      func(ctx context.Context, c *funnel.Client) (any, error) { return c.Orders.Get(ctx, "A&B+1 é") },
		sends:     sentRequest{Method: "GET", Path: "/order", Query: "id_order=A%26B%2B1+%C3%A9"},
		responder: data(`{"id":91,"id_order":"A&B+1 é"}`),
		want:      &funnel.Order{ID: 91, IDOrder: "A&B+1 é"},
	}, {
		name: "SalesAmount, nothing set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Orders.SalesAmount(ctx, funnel.PeriodParams{})
		},
		sends:     sentRequest{Method: "GET", Path: "/sales-amount"},
		responder: data(`{"amount":1234.50}`),
		want:      funnel.Decimal("1234.50"),
	}, {
		name: "SalesAmount, a range",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Orders.SalesAmount(ctx, funnel.PeriodParams{Range: march})
		},
		sends:     sentRequest{Method: "GET", Path: "/sales-amount", Query: "period=between&range=2026-03-01to2026-03-31"},
		responder: data(`{"amount":"1234.50","currency":"EUR"}`),
		want:      funnel.Decimal("1234.50"),
	}, {
		name: "SalesAmount, null",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Orders.SalesAmount(ctx, funnel.PeriodParams{Period: funnel.PeriodToday})
		},
		sends:     sentRequest{Method: "GET", Path: "/sales-amount", Query: "period=today"},
		responder: data(`{"amount":null}`),
		want:      funnel.Decimal(""),
	}})
}

// Responses of another shape, such as the bare list from before 2026-05-09, are
// errors, never an amount of nothing.
func TestOrders_SalesAmountUnexpectedResult(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ body, says string }{
		"another field":   {`{"success":true,"data":{"total":1234.50}}`, `the field "amount" is missing`},
		"an empty object": {`{"success":true,"data":{}}`, `the field "amount" is missing`},
		"one level down":  {`{"success":true,"data":{"sales":{"amount":1234.50}}}`, `the field "amount" is missing`},
		"an empty list":   {`{"success":true,"data":[]}`, "cannot unmarshal array"},
		"a list":          {`{"success":true,"data":[{"amount":1234.50}]}`, "cannot unmarshal array"},
		"a bare number":   {`{"success":true,"data":1234.50}`, "cannot unmarshal number"},
		"no data":         {`{"success":true}`, `"data" is missing`},
		"null":            {`{"success":true,"data":null}`, `"data" is missing`},
		"no success":      {`{"data":{"amount":1234.50}}`, `"success" is missing`},
		"a bare list":     {`[{"amount":1234.50}]`, `"success" is missing`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api := newMockAPI(t).on("GET", "/sales-amount", respond(200, tt.body))
			got, err := api.client(t).Orders.SalesAmount(t.Context(), funnel.PeriodParams{})
			require.Empty(t, got)
			require.Equal(t, tt.body, string(apitest.AsError[*funnel.APIError](t, err).Body))
			require.ErrorContains(t, err, tt.body)
			require.ErrorContains(t, err, tt.says)
		})
	}
}

// A server that ignores the parameter returns some other order.
func TestOrders_GetRefusesAnotherOrder(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"A-1002", "a-1001", "91"} {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			api := newMockAPI(t).on("GET", "/order", data(orderJSON))
			got, err := api.client(t).Orders.Get(t.Context(), id)
			require.Nil(t, got)
			require.ErrorContains(t, err, "the server returned another resource than the requested one (id_order differs)")
			require.ErrorContains(t, err, `{"success":true,"data":{"id":91,`)
		})
	}
}

func TestOrders_RefuseBadInput(t *testing.T) {
	t.Parallel()
	get := func(id string) func(context.Context, *funnel.Client) error {
		return func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Orders.Get(ctx, id)
			return err
		}
	}
	runBadInputTests(t, []badInput{
		{"empty id", get(""), "id_order"},
		{"blank id", get(" \t"), "id_order"},
		{"id with a line break", get("A-1001\n"), "id_order"},
		{"id that is not UTF-8", get("A-\xff"), "id_order"},
		{"status that is not UTF-8", func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Orders.List(ctx, funnel.OrderListParams{Status: "\xff"})
			return err
		}, "status"},
	})
}

func TestOrders_Flow(t *testing.T) {
	t.Parallel()
	server, client := fakeAPI(t, funneltest.WithClock(atNine))
	ctx, orders := t.Context(), client.Orders
	server.AddOrder(funneltest.Order{IDOrder: "A-1", Amount: "0.10", CreatedAt: atNine().AddDate(0, 0, -40)})
	server.AddOrder(funneltest.Order{IDOrder: "A-2", Amount: "0.20", Firstname: "Grace", Currency: "USD"})
	server.AddOrder(funneltest.Order{IDOrder: "A-3", Amount: "99", Status: "refunded"})

	all, err := collect(orders.All(ctx, funnel.OrderListParams{Period: funnel.PeriodLast7Days}))
	require.NoError(t, err)
	require.Len(t, all, 2)
	require.Equal(t, "A-3", all[0].IDOrder, "newest first")
	require.Equal(t, funnel.Order{
		ID: 2, IDOrder: "A-2", IDCustomer: 1, Email: "customer@example.com", Firstname: "Grace", Type: "Stripe",
		Status: funnel.OrderCompleted, Amount: "0.20", Currency: "USD", CreatedAt: funnel.Timestamp{Time: atNine()},
	}, all[1])
	got, err := orders.Get(ctx, "A-2")
	require.NoError(t, err)
	require.Equal(t, &all[1], got)
	cents, err := got.Amount.Minor(2)
	require.NoError(t, err)
	require.EqualValues(t, 20, cents)

	sales, err := orders.SalesAmount(ctx, funnel.PeriodParams{})
	require.NoError(t, err)
	require.Equal(t, funnel.Decimal("0.30"), sales)
	_, err = orders.Get(ctx, "A-9")
	require.ErrorIs(t, err, funnel.ErrNotFound)
	_, err = orders.List(ctx, funnel.OrderListParams{Status: "lost"})
	require.ErrorIs(t, err, funnel.ErrInvalidStatus)
	_, err = orders.SalesAmount(ctx, funnel.PeriodParams{Period: "last90days"})
	require.ErrorIs(t, err, funnel.ErrInvalidPeriod)
}

func TestTransactions_Methods(t *testing.T) {
	t.Parallel()
	runMethodTests(t, []methodTest{{
		name: "List, nothing set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Transactions.List(ctx, funnel.TransactionListParams{})
		},
		sends:     sentRequest{Method: "GET", Path: "/transactions"},
		responder: pageOf(transactionJSON, `{"id":95,"status":"disputed"}`), // a status that the SDK does not know
		want:      pageOneOf(sampleTransaction, funnel.Transaction{ID: 95, Status: "disputed"}),
	}, {
		name: "List, everything set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Transactions.List(ctx, funnel.TransactionListParams{
				Page: 2, PerPage: 10, Period: funnel.PeriodBetween, Range: funnel.DateRange{From: noon(1, time.UTC), To: noon(2, time.UTC)},
			})
		},
		sends:     sentRequest{Method: "GET", Path: "/transactions", Query: "page=2&per_page=10&period=between&range=2026-03-01to2026-03-02"},
		responder: pageOf(transactionJSON),
		want:      pageOneOf(sampleTransaction),
	}, {
		name: "All",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return collect(c.Transactions.All(ctx, funnel.TransactionListParams{Period: funnel.PeriodYesterday}))
		},
		sends:     sentRequest{Method: "GET", Path: "/transactions", Query: "page=1&per_page=100&period=yesterday"},
		responder: pageOf(transactionJSON),
		want:      []funnel.Transaction{sampleTransaction},
	}})
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

func TestSubscriptions_Methods(t *testing.T) {
	t.Parallel()
	runMethodTests(t, []methodTest{{
		name: "List, nothing set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Subscriptions.List(ctx, funnel.SubscriptionListParams{})
		},
		sends:     sentRequest{Method: "GET", Path: "/subscriptions"},
		responder: pageOf(subscriptionJSON, `{"id":95,"status":"paused","payments_left":"unlimited"}`), // a status that the SDK does not know
		want: pageOneOf(sampleSubscription, funnel.Subscription{
			ID: 95, Status: "paused", PaymentsLeft: funnel.PaymentsLeft{Unlimited: true},
		}),
	}, {
		name: "List, everything set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Subscriptions.List(ctx, funnel.SubscriptionListParams{
				Page: 2, PerPage: 10, Status: funnel.SubscriptionInactive, Period: funnel.PeriodBetween,
				Range: funnel.DateRange{From: noon(1, time.UTC), To: noon(2, time.UTC)},
			})
		},
		sends: sentRequest{Method: "GET", Path: "/subscriptions",
			Query: "page=2&per_page=10&period=between&range=2026-03-01to2026-03-02&status=inactive"},
		responder: pageOf(subscriptionJSON),
		want:      pageOneOf(sampleSubscription),
	}, {
		name: "All",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return collect(c.Subscriptions.All(ctx, funnel.SubscriptionListParams{Status: funnel.SubscriptionError}))
		},
		sends:     sentRequest{Method: "GET", Path: "/subscriptions", Query: "page=1&per_page=100&status=error"},
		responder: pageOf(subscriptionJSON),
		want:      []funnel.Subscription{sampleSubscription},
	}})
}

func TestSubscriptions_RefuseBadInput(t *testing.T) {
	t.Parallel()
	runBadInputTests(t, []badInput{
		{"status that is not UTF-8", func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Subscriptions.List(ctx, funnel.SubscriptionListParams{Status: "\xff"})
			return err
		}, "status"},
	})
}

func TestSubscriptions_Flow(t *testing.T) {
	t.Parallel()
	server, client := fakeAPI(t, funneltest.WithClock(atNine))
	server.AddSubscription(funneltest.Subscription{Amount: "19.90", Trial: true, Lastname: "Hopper"})
	server.AddSubscription(funneltest.Subscription{Status: "inactive", PaymentsLeft: funnel.Ptr(0)})
	all, err := collect(client.Subscriptions.All(t.Context(), funnel.SubscriptionListParams{}))
	require.NoError(t, err)
	require.Len(t, all, 2)
	require.Equal(t, funnel.PaymentsLeft{Count: funnel.Ptr(0)}, all[0].PaymentsLeft, "newest first")
	require.Equal(t, funnel.Subscription{
		ID: 1, IDCustomer: 1, Email: "customer@example.com", Lastname: "Hopper", Status: funnel.SubscriptionActive, Name: "Membership",
		Amount: "19.90", Currency: "EUR", PaymentSource: "stripe", Rate: "1 month(s)", Trial: true,
		PaymentsLeft: funnel.PaymentsLeft{Unlimited: true},
		RebillDate:   funnel.Timestamp{Time: atNine().AddDate(0, 1, 0)}, CreatedAt: funnel.Timestamp{Time: atNine()},
	}, all[1])
	_, err = client.Subscriptions.List(t.Context(), funnel.SubscriptionListParams{Status: "lost"})
	require.ErrorIs(t, err, funnel.ErrInvalidStatus)
}
