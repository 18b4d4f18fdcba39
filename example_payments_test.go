package funnel_test

import (
	"context"
	"fmt"
	"log"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
)

func ExampleOrdersService_List() {
	server := funneltest.NewServer()
	defer server.Close()
	client := server.Client()
	server.AddOrder(funneltest.Order{IDOrder: "A-1001", Amount: "297.10", Currency: "EUR"})

	page, err := client.Orders.List(context.Background(), funnel.OrderListParams{
		Status: funnel.OrderCompleted,
		Period: funnel.PeriodLast30Days,
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, order := range page.Items {
		fmt.Println(order.IDOrder, order.Amount, order.Currency)
	}
	// Output: A-1001 297.10 EUR
}

// Amounts are exact: add them up in the currency's smallest unit.
func ExampleOrdersService_All() {
	server := funneltest.NewServer()
	defer server.Close()
	client := server.Client()
	for range 3 {
		server.AddOrder(funneltest.Order{Amount: "0.10"})
	}

	var cents int64
	for order, err := range client.Orders.All(context.Background(), funnel.OrderListParams{}) {
		if err != nil {
			log.Fatal(err)
		}
		amount, err := order.Amount.Minor(2)
		if err != nil {
			log.Fatal(err)
		}
		cents += amount
	}
	fmt.Println(cents, "cents")
	// Output: 30 cents
}

// An order is looked up by its IDOrder.
func ExampleOrdersService_Get() {
	server := funneltest.NewServer()
	defer server.Close()
	client := server.Client()
	server.AddOrder(funneltest.Order{IDOrder: "A-1001", Email: "grace@example.com"})

	order, err := client.Orders.Get(context.Background(), "A-1001")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(order.ID, order.Email, order.Status)
	// Output: 1 grace@example.com completed
}

func ExampleOrdersService_SalesAmount() {
	server := funneltest.NewServer()
	defer server.Close()
	client := server.Client()
	server.AddOrder(funneltest.Order{Amount: "297.10"})
	server.AddOrder(funneltest.Order{Amount: "19.90"})

	amount, err := client.Orders.SalesAmount(context.Background(), funnel.PeriodParams{Period: funnel.PeriodToday})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(amount)
	// Output: 317.00
}

func ExampleTransactionsService_List() {
	server := funneltest.NewServer()
	defer server.Close()
	client := server.Client()
	server.AddTransaction(funneltest.Transaction{IDTransaction: "ch_77", Amount: "49.90"})

	page, err := client.Transactions.List(context.Background(), funnel.TransactionListParams{Period: funnel.PeriodToday})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(page.Total, page.Items[0].IDTransaction, page.Items[0].Amount)
	// Output: 1 ch_77 49.90
}

func ExampleTransactionsService_All() {
	server := funneltest.NewServer()
	defer server.Close()
	client := server.Client()
	server.AddTransaction(funneltest.Transaction{IDTransaction: "ch_77", Status: "completed"})
	server.AddTransaction(funneltest.Transaction{IDTransaction: "ch_78", Status: "refunded"})

	for transaction, err := range client.Transactions.All(context.Background(), funnel.TransactionListParams{}) {
		if err != nil {
			log.Fatal(err)
		}
		if transaction.Status == funnel.TransactionRefunded {
			fmt.Println(transaction.IDTransaction)
		}
	}
	// Output: ch_78
}

func ExampleSubscriptionsService_List() {
	server := funneltest.NewServer()
	defer server.Close()
	client := server.Client()
	server.AddSubscription(funneltest.Subscription{Name: "Membership", Amount: "19.00"})

	page, err := client.Subscriptions.List(context.Background(), funnel.SubscriptionListParams{Status: funnel.SubscriptionActive})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(page.Total, page.Items[0].Name, page.Items[0].Amount, page.Items[0].Rate)
	// Output: 1 Membership 19.00 1 month(s)
}

func ExampleSubscriptionsService_All() {
	server := funneltest.NewServer()
	defer server.Close()
	client := server.Client()
	server.AddSubscription(funneltest.Subscription{Name: "Membership"})
	server.AddSubscription(funneltest.Subscription{Name: "Course", PaymentsLeft: funnel.Ptr(3)})

	for subscription, err := range client.Subscriptions.All(context.Background(), funnel.SubscriptionListParams{}) {
		if err != nil {
			log.Fatal(err)
		}
		switch left := subscription.PaymentsLeft; {
		case left.Unlimited:
			fmt.Println(subscription.Name, "until cancelled")
		case left.Count != nil:
			fmt.Println(subscription.Name, *left.Count, "payments left")
		default:
			fmt.Println(subscription.Name, "unknown")
		}
	}
	// Output:
	// Course 3 payments left
	// Membership until cancelled
}
