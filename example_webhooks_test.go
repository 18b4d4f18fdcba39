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
	webhooks, err := client.Webhooks.List(ctx)
	if err != nil {
		log.Fatal(err)
	}
	for _, webhook := range webhooks {
		fmt.Println(webhook.ID, webhook.URL, webhook.Active)
	}
	// Output: 1 https://example.com/hook true
}

// Store the secret: the API does not return it again. A URL can be registered once.
func ExampleWebhooksService_Create() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	for range 2 {
		webhook, err := client.Webhooks.Create(ctx, funnel.WebhookCreateParams{URL: "https://example.com/hook"})
		switch {
		case errors.Is(err, funnel.ErrWebhookExists):
			fmt.Println("already there")
		case err != nil:
			log.Fatal(err)
		default:
			fmt.Println("created", webhook.ID, "with a secret of", len(webhook.Secret), "characters")
		}
	}
	// Output:
	// created 1 with a secret of 32 characters
	// already there
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
	err = client.Webhooks.Delete(ctx, webhook.ID)
	fmt.Println("deleted already:", errors.Is(err, funnel.ErrNotFound))
	// Output: deleted already: true
}
