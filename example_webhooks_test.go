package funnel_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
)

func ExampleWebhooksService_List() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	if _, err := client.Webhooks.Create(ctx, funnel.WebhookCreateParams{URL: "https://example.com/hook"}); err != nil {
		log.Fatal(err)
	}
	page, err := client.Webhooks.List(ctx, funnel.WebhookListParams{PerPage: 100})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(page.Total, page.Items[0].Active)
	// Output: 1 true
}

func ExampleWebhooksService_All() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	if _, err := client.Webhooks.Create(ctx, funnel.WebhookCreateParams{URL: "https://example.com/hook"}); err != nil {
		log.Fatal(err)
	}
	for webhook, err := range client.Webhooks.All(ctx, funnel.WebhookListParams{}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(webhook.ID, "is told of", len(webhook.Events), "events")
	}
	// Output: 1 is told of 7 events
}

func ExampleWebhooksService_Get() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	created, err := client.Webhooks.Create(ctx, funnel.WebhookCreateParams{URL: "https://example.com/hook"})
	if err != nil {
		log.Fatal(err)
	}
	webhook, err := client.Webhooks.Get(ctx, created.ID)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(webhook.Active)
	// Output: true
}

// There is one webhook for a URL: who comes second finds it there.
func ExampleWebhooksService_Create() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	for range 2 {
		webhook, err := client.Webhooks.Create(ctx, funnel.WebhookCreateParams{
			URL:    "https://example.com/hook",
			Events: []funnel.EventType{funnel.EventContactCreated, funnel.EventFunnelSale},
		})
		switch {
		case errors.Is(err, funnel.ErrWebhookExists):
			fmt.Println("already there")
		case err != nil:
			log.Fatal(err)
		default:
			fmt.Println("created", webhook.ID, webhook.Events)
		}
	}
	// Output:
	// created 1 [contact.created funnel.sale]
	// already there
}

func ExampleWebhooksService_Update() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	webhook, err := client.Webhooks.Create(ctx, funnel.WebhookCreateParams{URL: "https://example.com/hook"})
	if err != nil {
		log.Fatal(err)
	}
	webhook, err = client.Webhooks.Update(ctx, webhook.ID, funnel.WebhookUpdateParams{
		Events: &[]funnel.EventType{funnel.EventFunnelSale},
		Active: funnel.Ptr(false),
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(webhook.Events, webhook.Active)
	// Output: [funnel.sale] false
}

func ExampleWebhooksService_Delete() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	webhook, err := client.Webhooks.Create(ctx, funnel.WebhookCreateParams{URL: "https://example.com/hook"})
	if err != nil {
		log.Fatal(err)
	}
	if err := client.Webhooks.Delete(ctx, webhook.ID); err != nil {
		log.Fatal(err)
	}
	_, err = client.Webhooks.Get(ctx, webhook.ID)
	fmt.Println(errors.Is(err, funnel.ErrNotFound))
	// Output: true
}
