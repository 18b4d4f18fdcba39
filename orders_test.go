package funnel_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
)

func TestOrders_Methods(t *testing.T) {
	t.Parallel()
	march := funnel.DateRange{From: noon(1, time.UTC), To: noon(31, time.UTC)}
	runMethodTests(t, []methodTest{{
		name: "List, nothing set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Orders.List(ctx, funnel.OrderListParams{})
		},
		sends: sentRequest{Method: "GET", Path: "/orders"},
		reply: pageOf(orderJSON, `{"id":95}`),
		want:  pageOneOf(sampleOrder, funnel.Order{ID: 95}),
	}, {
		name: "List, everything set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Orders.List(ctx, funnel.OrderListParams{
				Page: 2, PerPage: 10, Status: funnel.OrderRefunded, Period: funnel.PeriodBetween, Range: march,
			})
		},
		sends: sentRequest{Method: "GET", Path: "/orders",
			Query: "page=2&per_page=10&period=between&range=2026-03-01to2026-03-31&status=refunded"},
		reply: pageOf(orderJSON),
		want:  pageOneOf(sampleOrder),
	}, {
		name: "All",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return collect(c.Orders.All(ctx, funnel.OrderListParams{Status: "on hold"}))
		},
		sends: sentRequest{Method: "GET", Path: "/orders", Query: "page=1&per_page=100&status=on+hold"},
		reply: pageOf(orderJSON),
		want:  []funnel.Order{sampleOrder},
	}, {
		name:  "Get",
		call:  func(ctx context.Context, c *funnel.Client) (any, error) { return c.Orders.Get(ctx, "A-1001") },
		sends: sentRequest{Method: "GET", Path: "/order", Query: "id_order=A-1001"},
		reply: data(orderJSON),
		want:  &sampleOrder,
	}, {
		name:  "Get, an id that a query escapes",
		call:  func(ctx context.Context, c *funnel.Client) (any, error) { return c.Orders.Get(ctx, "A&B+1 é") },
		sends: sentRequest{Method: "GET", Path: "/order", Query: "id_order=A%26B%2B1+%C3%A9"},
		reply: data(`{"id":91,"id_order":"A&B+1 é"}`),
		want:  &funnel.Order{ID: 91, IDOrder: "A&B+1 é"},
	}, {
		name: "SalesAmount, nothing set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Orders.SalesAmount(ctx, funnel.PeriodParams{})
		},
		sends: sentRequest{Method: "GET", Path: "/sales-amount"},
		reply: data(`{"amount":1234.50}`),
		want:  funnel.Decimal("1234.50"),
	}, {
		name: "SalesAmount, a range",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Orders.SalesAmount(ctx, funnel.PeriodParams{Range: march})
		},
		sends: sentRequest{Method: "GET", Path: "/sales-amount", Query: "period=between&range=2026-03-01to2026-03-31"},
		reply: data(`{"amount":"1234.50","currency":"EUR"}`),
		want:  funnel.Decimal("1234.50"),
	}, {
		name: "SalesAmount, null",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Orders.SalesAmount(ctx, funnel.PeriodParams{Period: funnel.PeriodToday})
		},
		sends: sentRequest{Method: "GET", Path: "/sales-amount", Query: "period=today"},
		reply: data(`{"amount":null}`),
		want:  funnel.Decimal(""),
	}})
}

// Responses of another shape, such as the bare list from before 2026-05-09, are
// errors, never an amount of nothing.
func TestOrders_SalesAmountOfAnotherShape(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ body, says string }{
		"another field":   {`{"success":true,"data":{"total":1234.50}}`, "it has no amount"},
		"an empty object": {`{"success":true,"data":{}}`, "it has no amount"},
		"one level down":  {`{"success":true,"data":{"sales":{"amount":1234.50}}}`, "it has no amount"},
		"an empty list":   {`{"success":true,"data":[]}`, "it has no amount"},
		"a list":          {`{"success":true,"data":[{"amount":1234.50}]}`, "cannot unmarshal array"},
		"a bare number":   {`{"success":true,"data":1234.50}`, "cannot unmarshal number"},
		"no data":         {`{"success":true}`, "it has no result"},
		"null":            {`{"success":true,"data":null}`, "it has no result"},
		"no success":      {`{"data":{"amount":1234.50}}`, `it has no "success"`},
		"a bare list":     {`[{"amount":1234.50}]`, "cannot unmarshal array"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api := newMockAPI(t).on("GET", "/sales-amount", answers(200, tt.body))
			got, err := api.client(t).Orders.SalesAmount(t.Context(), funnel.PeriodParams{})
			require.Empty(t, got)
			require.Equal(t, tt.body, string(asError[*funnel.APIError](t, err).Body))
			require.ErrorContains(t, err, tt.body)
			require.ErrorContains(t, err, tt.says)
		})
	}
}

// A server that ignores the parameter returns some other order.
func TestOrders_GetChecksWhichOneCame(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"A-1002", "a-1001", "91"} {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			api := newMockAPI(t).on("GET", "/order", data(orderJSON))
			got, err := api.client(t).Orders.Get(t.Context(), id)
			require.Nil(t, got)
			require.ErrorContains(t, err, "another resource was requested (id_order)")
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
		{"per_page of 101", func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Orders.List(ctx, funnel.OrderListParams{PerPage: 101})
			return err
		}, "per_page"},
		{"page of -1, all", func(ctx context.Context, c *funnel.Client) error {
			_, err := collect(c.Orders.All(ctx, funnel.OrderListParams{Page: -1}))
			return err
		}, "page"},
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
