package funnel_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
)

func ExampleFunnelsService_List() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	if _, err := client.Funnels.Create(ctx, funnel.FunnelCreateParams{Name: "Shop"}); err != nil {
		log.Fatal(err)
	}
	page, err := client.Funnels.List(ctx, funnel.FunnelListParams{PerPage: 100})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(page.Total, page.Items[0].Name, page.Items[0].Status)
	// Output: 1 Shop draft
}

func ExampleFunnelsService_All() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	for _, name := range []string{"Shop", "Course"} {
		if _, err := client.Funnels.Create(ctx, funnel.FunnelCreateParams{Name: name}); err != nil {
			log.Fatal(err)
		}
	}
	for f, err := range client.Funnels.All(ctx, funnel.FunnelListParams{}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(f.ID, f.Name)
	}
	// Output:
	// 1 Shop
	// 2 Course
}

func ExampleFunnelsService_Get() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	created, err := client.Funnels.Create(ctx, funnel.FunnelCreateParams{Name: "Shop"})
	if err != nil {
		log.Fatal(err)
	}
	shop, err := client.Funnels.Get(ctx, created.ID)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(shop.Name, "is at", shop.Subdomain, "with", shop.StepsCount, "steps")
	// Output: Shop is at acme with 0 steps
}

// The account needs a subdomain, under which its funnels are reached.
func ExampleFunnelsService_Create() {
	server := funneltest.NewServer(funneltest.WithoutSubdomain())
	defer server.Close()
	client := server.Client()

	shop, err := client.Funnels.Create(context.Background(), funnel.FunnelCreateParams{Name: "Shop"})
	switch {
	case errors.Is(err, funnel.ErrNoSubdomain):
		fmt.Println("set up a subdomain first")
	case err != nil:
		log.Fatal(err)
	default:
		fmt.Println("created", shop.ID)
	}
	// Output: set up a subdomain first
}

func ExampleFunnelsService_Update() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	shop, err := client.Funnels.Create(ctx, funnel.FunnelCreateParams{Name: "Shop"})
	if err != nil {
		log.Fatal(err)
	}
	shop, err = client.Funnels.Update(ctx, shop.ID, funnel.FunnelUpdateParams{
		Status: funnel.Ptr(funnel.FunnelPublished),
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(shop.Name, shop.Status)
	// Output: Shop published
}

func ExampleFunnelsService_Delete() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	shop, err := client.Funnels.Create(ctx, funnel.FunnelCreateParams{Name: "Shop"})
	if err != nil {
		log.Fatal(err)
	}
	if err := client.Funnels.Delete(ctx, shop.ID); err != nil {
		log.Fatal(err)
	}
	_, err = client.Funnels.Get(ctx, shop.ID)
	fmt.Println(errors.Is(err, funnel.ErrNotFound))
	// Output: true
}

func ExampleFunnelsService_Stats() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	shop, err := client.Funnels.Create(ctx, funnel.FunnelCreateParams{Name: "Shop"})
	if err != nil {
		log.Fatal(err)
	}
	for _, amount := range []string{"49.90", "0.10"} { // two visitors buy something
		if err := server.RecordSale(shop.ID, amount); err != nil {
			log.Fatal(err)
		}
	}
	stats, err := client.Funnels.Stats(ctx, shop.ID, funnel.StatsParams{Period: funnel.PeriodLast7Days})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(stats.Sales, "sales,", stats.Revenue)
	// Output: 2 sales, 50.00
}

// Days count as they are in the zone of the times given.
func ExampleBetween() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	shop, err := client.Funnels.Create(ctx, funnel.FunnelCreateParams{Name: "Shop"})
	if err != nil {
		log.Fatal(err)
	}
	newYork := time.FixedZone("EST", -5*60*60)
	february := funnel.Between(
		time.Date(2026, time.February, 1, 0, 0, 0, 0, newYork),
		time.Date(2026, time.February, 28, 23, 30, 0, 0, newYork), // March in UTC
	)
	if _, err := client.Funnels.Stats(ctx, shop.ID, february); err != nil {
		log.Fatal(err)
	}
	fmt.Println(server.Requests()[1].Query.Encode())
	// Output: from=2026-02-01&funnel_id=1&period=between&to=2026-02-28
}

func ExampleFunnelsService_Steps() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	shop, err := client.Funnels.Create(ctx, funnel.FunnelCreateParams{Name: "Shop"})
	if err != nil {
		log.Fatal(err)
	}
	for _, step := range []funnel.StepCreateParams{
		{FunnelID: shop.ID, Name: "Buy", Path: "buy", Type: funnel.StepCheckout},
		{FunnelID: shop.ID, Name: "Thank you", Path: "thank-you", Type: funnel.StepThankYou},
	} {
		if _, err := client.Funnels.CreateStep(ctx, step); err != nil {
			log.Fatal(err)
		}
	}
	steps, err := client.Funnels.Steps(ctx, shop.ID)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(steps), steps[0].Path, steps[1].Path)
	// Output: 2 buy thank-you
}

// A path is unique in its funnel.
func ExampleFunnelsService_CreateStep() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	shop, err := client.Funnels.Create(ctx, funnel.FunnelCreateParams{Name: "Shop"})
	if err != nil {
		log.Fatal(err)
	}
	for _, path := range []string{"buy", "buy", "buy-2"} {
		step, err := client.Funnels.CreateStep(ctx, funnel.StepCreateParams{
			FunnelID: shop.ID,
			Name:     "Buy",
			Path:     path,
			Type:     funnel.StepCheckout,
		})
		switch {
		case errors.Is(err, funnel.ErrPathTaken):
			fmt.Println(path, "is taken")
		case err != nil:
			log.Fatal(err)
		default:
			fmt.Println("step", step.ID, "at", step.Path)
		}
	}
	// Output:
	// step 1 at buy
	// buy is taken
	// step 2 at buy-2
}

func ExampleFunnelsService_UpdateStep() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	shop, err := client.Funnels.Create(ctx, funnel.FunnelCreateParams{Name: "Shop"})
	if err != nil {
		log.Fatal(err)
	}
	step, err := client.Funnels.CreateStep(ctx, funnel.StepCreateParams{FunnelID: shop.ID, Name: "Buy", Path: "buy"})
	if err != nil {
		log.Fatal(err)
	}
	step, err = client.Funnels.UpdateStep(ctx, step.ID, funnel.StepUpdateParams{Path: funnel.Ptr("checkout")})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(step.Name, step.Path)
	// Output: Buy checkout
}

func ExampleFunnelsService_DeleteStep() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	shop, err := client.Funnels.Create(ctx, funnel.FunnelCreateParams{Name: "Shop"})
	if err != nil {
		log.Fatal(err)
	}
	step, err := client.Funnels.CreateStep(ctx, funnel.StepCreateParams{FunnelID: shop.ID, Name: "Buy", Path: "buy"})
	if err != nil {
		log.Fatal(err)
	}
	if err := client.Funnels.DeleteStep(ctx, step.ID); err != nil {
		log.Fatal(err)
	}
	steps, err := client.Funnels.Steps(ctx, shop.ID)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(steps), "steps")
	// Output: 0 steps
}
