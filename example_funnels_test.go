package funnel_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
)

// A list of funnels includes their steps.
func ExampleFunnelsService_List() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	shop, err := client.Funnels.Create(ctx, funnel.FunnelCreateParams{Name: "Shop"})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := client.Funnels.CreateStep(ctx, funnel.StepCreateParams{FunnelID: shop.ID, Name: "Buy now"}); err != nil {
		log.Fatal(err)
	}
	page, err := client.Funnels.List(ctx, funnel.FunnelListParams{PerPage: 100})
	if err != nil {
		log.Fatal(err)
	}
	for _, f := range page.Items {
		for _, step := range f.Steps {
			fmt.Println(f.Name, step.Order, step.Path)
		}
	}
	// Output: Shop 1 buy-now
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

// An account without a subdomain cannot create funnels.
func ExampleFunnelsService_Create() {
	server := funneltest.NewServer(funneltest.WithoutSubdomain())
	defer server.Close()
	client := server.Client()

	shop, err := client.Funnels.Create(context.Background(), funnel.FunnelCreateParams{Name: "Shop", Type: funnel.FunnelSales})
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
	if err := client.Funnels.Update(ctx, shop.ID, funnel.FunnelUpdateParams{Name: funnel.Ptr("Store")}); err != nil {
		log.Fatal(err)
	}
	page, err := client.Funnels.List(ctx, funnel.FunnelListParams{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(page.Items[0].Name)
	// Output: Store
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
	err = client.Funnels.Delete(ctx, shop.ID)
	fmt.Println("deleted already:", errors.Is(err, funnel.ErrNotFound))
	// Output: deleted already: true
}

// The API generates the path from the name, and adds a number if it is taken.
func ExampleFunnelsService_CreateStep() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	shop, err := client.Funnels.Create(ctx, funnel.FunnelCreateParams{Name: "Shop"})
	if err != nil {
		log.Fatal(err)
	}
	for range 2 {
		step, err := client.Funnels.CreateStep(ctx, funnel.StepCreateParams{FunnelID: shop.ID, Name: "Landing Page"})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(step.Order, step.Path)
	}
	// Output:
	// 1 landing-page
	// 2 landing-page-1
}

func ExampleFunnelsService_UpdateStep() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	shop, err := client.Funnels.Create(ctx, funnel.FunnelCreateParams{Name: "Shop"})
	if err != nil {
		log.Fatal(err)
	}
	for _, name := range []string{"Buy", "Thanks"} {
		step, err := client.Funnels.CreateStep(ctx, funnel.StepCreateParams{FunnelID: shop.ID, Name: name})
		if err != nil {
			log.Fatal(err)
		}
		err = client.Funnels.UpdateStep(ctx, step.ID, funnel.StepUpdateParams{Path: funnel.Ptr("offer")})
		fmt.Println(name, "path taken:", errors.Is(err, funnel.ErrPathTaken))
	}
	// Output:
	// Buy path taken: false
	// Thanks path taken: true
}

func ExampleFunnelsService_DeleteStep() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	shop, err := client.Funnels.Create(ctx, funnel.FunnelCreateParams{Name: "Shop"})
	if err != nil {
		log.Fatal(err)
	}
	step, err := client.Funnels.CreateStep(ctx, funnel.StepCreateParams{FunnelID: shop.ID, Name: "Buy"})
	if err != nil {
		log.Fatal(err)
	}
	if err := client.Funnels.DeleteStep(ctx, step.ID); err != nil {
		log.Fatal(err)
	}
	page, err := client.Funnels.List(ctx, funnel.FunnelListParams{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(page.Items[0].Steps), "steps")
	// Output: 0 steps
}
