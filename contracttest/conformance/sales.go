package conformance

import (
	"time"

	"github.com/funnel-go/funnel"
)

// The amounts of the rows have two decimals that do not end in 0: PHP's JSON
// encoder leaves out final zeros.

// ages are how old the rows of a flow are, newest first, in days.
var ages = []int{0, 3, 10, 40, 50, 60}

// created is the creation time of a row.
func created(age int) funnel.Timestamp {
	return funnel.Timestamp{Time: time.Now().UTC().Truncate(time.Second).AddDate(0, 0, -age)}
}

// periods counts the rows of each period. Midnight may pass during the flow, so
// today and yesterday are counted together.
func (a *session) periods(count func(funnel.Period, funnel.DateRange) int) {
	for period, want := range map[funnel.Period]int{
		funnel.PeriodAll: len(ages), funnel.PeriodLast7Days: 2, funnel.PeriodLast30Days: 3,
	} {
		a.Equal(want, count(period, funnel.DateRange{}), period)
	}
	a.Equal(1, count(funnel.PeriodToday, funnel.DateRange{})+count(funnel.PeriodYesterday, funnel.DateRange{}))
	tenDaysAgo := created(10).Time
	a.Equal(1, count("", funnel.DateRange{From: tenDaysAgo.AddDate(0, 0, -1), To: tenDaysAgo.AddDate(0, 0, 1)}))
	a.Equal(1, count(funnel.PeriodBetween, funnel.DateRange{From: tenDaysAgo, To: tenDaysAgo}))
}

// ordersFlow lists and reads orders and the sales amount.
func ordersFlow(a *session) {
	a.need(a.server.AddOrder != nil, "AddOrder")
	statuses := []funnel.OrderStatus{funnel.OrderCompleted, funnel.OrderWaiting, funnel.OrderCancelled, funnel.OrderRefunded}
	var want []funnel.Order
	for i, age := range ages {
		order := funnel.Order{
			IDOrder: "WO-" + string(rune('A'+i)), IDCustomer: int64(70 + i), Email: "ada@example.com", Firstname: "Ada", Lastname: "Byron",
			Type: "PayPal", Status: statuses[i%len(statuses)], Amount: "129.95", Currency: "CHF", CreatedAt: created(age),
		}
		order.ID = a.server.AddOrder(order)
		want = append(want, order)
	}
	a.Equal(want, all(a, a.Orders.All(a.ctx, funnel.OrderListParams{PerPage: 4})))
	got, err := a.Orders.Get(a.ctx, "WO-C")
	a.NoError(err)
	a.Equal(&want[2], got)
	page, err := a.Orders.List(a.ctx, funnel.OrderListParams{Page: 2, PerPage: 1, Status: funnel.OrderCompleted, Period: funnel.PeriodAll})
	a.NoError(err)
	a.Equal(&funnel.Page[funnel.Order]{Items: want[4:5], Page: 2, PerPage: 1, LastPage: 2, Total: 2}, page)
	a.periods(func(period funnel.Period, days funnel.DateRange) int {
		page, err := a.Orders.List(a.ctx, funnel.OrderListParams{Period: period, Range: days})
		a.NoError(err)
		return page.Total
	})

	for days, amount := range map[funnel.DateRange]int64{ // of the completed orders
		{}: 2 * 12995,
		{From: created(55).Time, To: created(45).Time}:       12995,
		{From: created(500).Time, To: created(500 - 1).Time}: 0,
	} {
		sales, err := a.Orders.SalesAmount(a.ctx, funnel.PeriodParams{Range: days})
		a.NoError(err)
		cents, err := sales.Minor(2)
		a.NoError(err)
		a.Equal(amount, cents)
	}
}

// transactionsFlow lists transactions.
func transactionsFlow(a *session) {
	a.need(a.server.AddTransaction != nil, "AddTransaction")
	statuses := []funnel.TransactionStatus{
		funnel.TransactionWaiting, funnel.TransactionProcessing, funnel.TransactionCompleted,
		funnel.TransactionRefunded, funnel.TransactionCancelled, funnel.TransactionError,
	}
	var want []funnel.Transaction
	for i, age := range ages {
		transaction := funnel.Transaction{
			IDTransaction: "pay_" + string(rune('a'+i)), IDOrder: "WO-A", IDInvoice: int64(30 + i), IDCustomer: int64(70 + i),
			Status: statuses[i], Type: "one_time", Amount: "9.05", Currency: "EUR", CreatedAt: created(age),
		}
		transaction.ID = a.server.AddTransaction(transaction)
		want = append(want, transaction)
	}
	a.Equal(want, all(a, a.Transactions.All(a.ctx, funnel.TransactionListParams{PerPage: 4})))
	page, err := a.Transactions.List(a.ctx, funnel.TransactionListParams{Page: 2, PerPage: 5})
	a.NoError(err)
	a.Equal(&funnel.Page[funnel.Transaction]{Items: want[5:], Page: 2, PerPage: 5, LastPage: 2, Total: 6}, page)
	a.periods(func(period funnel.Period, days funnel.DateRange) int {
		page, err := a.Transactions.List(a.ctx, funnel.TransactionListParams{Period: period, Range: days})
		a.NoError(err)
		return page.Total
	})
}

// subscriptionsFlow lists subscriptions.
func subscriptionsFlow(a *session) {
	a.need(a.server.AddSubscription != nil, "AddSubscription")
	statuses := []funnel.SubscriptionStatus{funnel.SubscriptionActive, funnel.SubscriptionInactive, funnel.SubscriptionError}
	var want []funnel.Subscription
	for i, age := range ages {
		subscription := funnel.Subscription{
			IDCustomer: int64(70 + i), Email: "ada@example.com", Firstname: "Ada", Lastname: "Byron", Status: statuses[i%len(statuses)],
			Name: "Club", Amount: "19.25", Currency: "USD", PaymentSource: "paypal", Rate: "3 month(s)", Trial: i%2 == 0,
			PaymentsLeft: funnel.PaymentsLeft{Count: funnel.Ptr(i + 1)}, RebillDate: created(-30), CreatedAt: created(age),
		}
		if i == 0 {
			subscription.PaymentsLeft = funnel.PaymentsLeft{Unlimited: true}
		}
		subscription.ID = a.server.AddSubscription(subscription)
		want = append(want, subscription)
	}
	a.Equal(want, all(a, a.Subscriptions.All(a.ctx, funnel.SubscriptionListParams{PerPage: 4})))
	page, err := a.Subscriptions.List(a.ctx, funnel.SubscriptionListParams{Page: 2, PerPage: 1, Status: funnel.SubscriptionError})
	a.NoError(err)
	a.Equal(&funnel.Page[funnel.Subscription]{Items: want[5:], Page: 2, PerPage: 1, LastPage: 2, Total: 2}, page)
	a.periods(func(period funnel.Period, days funnel.DateRange) int {
		page, err := a.Subscriptions.List(a.ctx, funnel.SubscriptionListParams{Period: period, Range: days})
		a.NoError(err)
		return page.Total
	})
}
