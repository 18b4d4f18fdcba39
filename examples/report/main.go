// Report prints the orders of a date range and their sums, by status and
// currency.
//
//	report [-from 2026-02-01] [-to 2026-02-28]
//
// The default range is the previous month. Without configuration it uses an
// in-memory API with a few orders; with FUNNEL_API_KEY set it uses your account.
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"maps"
	"math/big"
	"os"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/examples/internal/demo"
	"github.com/funnel-go/funnel/funneltest"
)

func main() {
	now := time.Now().UTC()
	days := funnel.DateRange{
		From: time.Date(now.Year(), now.Month()-1, 1, 0, 0, 0, 0, time.UTC),
		To:   time.Date(now.Year(), now.Month(), 0, 0, 0, 0, 0, time.UTC),
	}
	dateVar(&days.From, "from", "first `DATE`")
	dateVar(&days.To, "to", "last `DATE`")
	flag.Parse()
	client, stop, err := demo.Connect(os.Stderr, func(server *funneltest.Server) { addOrders(server, days.From) })
	if err != nil {
		log.Fatal(err)
	}
	defer stop()
	if err := report(context.Background(), client, days, os.Stdout); err != nil {
		log.Fatal(err)
	}
}

// dateVar defines a flag for a date.
func dateVar(date *time.Time, name, usage string) {
	flag.Func(name, usage, func(s string) (err error) {
		*date, err = time.Parse(time.DateOnly, s)
		return err
	})
}

// addOrders adds orders to the in-memory API.
func addOrders(server *funneltest.Server, day time.Time) {
	for _, order := range []funneltest.Order{
		{Amount: "149.90"},
		{Amount: "19.95", Status: "refunded"},
		{Amount: "0.10", Currency: "USD"},
		{Amount: "0.20", Currency: "USD"},
		{Amount: "1204.00"},
	} {
		order.CreatedAt = day
		server.AddOrder(order)
		day = day.AddDate(0, 0, 1)
	}
}

// A key is a line of the report.
type key struct {
	status   funnel.OrderStatus
	currency string
}

// A sum is the number of orders and their amount in cents.
type sum struct {
	orders int
	cents  int64
}

func report(ctx context.Context, client *funnel.Client, days funnel.DateRange, out io.Writer) error {
	sums := map[key]sum{}
	for order, err := range client.Orders.All(ctx, funnel.OrderListParams{Range: days}) {
		if err != nil {
			return err
		}
		cents, err := order.Amount.Minor(2)
		if err != nil {
			return fmt.Errorf("order %s: %w", order.IDOrder, err)
		}
		k := key{order.Status, order.Currency}
		sums[k] = sum{sums[k].orders + 1, sums[k].cents + cents}
	}
	amount, err := client.Orders.SalesAmount(ctx, funnel.PeriodParams{Range: days})
	if err != nil {
		return err
	}

	fmt.Fprintf(out, "Orders from %s to %s\n", days.From.Format(time.DateOnly), days.To.Format(time.DateOnly))
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, k := range slices.SortedFunc(maps.Keys(sums), func(a, b key) int {
		return cmp.Or(cmp.Compare(a.status, b.status), cmp.Compare(a.currency, b.currency))
	}) {
		s := sums[k]
		fmt.Fprintf(table, "%s\t%d\t%s\t %s\n", k.status, s.orders, big.NewRat(s.cents, 100).FloatString(2), k.currency)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "Sales amount, as the API reports it: %s\n", amount)
	return err
}
