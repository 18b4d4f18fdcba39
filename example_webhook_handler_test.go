package funnel_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
)

func ExampleNewWebhookHandler() {
	token := rand.Text() // made once, and kept with the API key
	handler, err := funnel.NewWebhookHandler(token, func(_ context.Context, event *funnel.Event) error {
		switch event.Type {
		case funnel.EventContactCreated:
			created, err := event.ContactCreated()
			if err != nil {
				return err
			}
			fmt.Println("new contact:", created.Contact.Email)
		default:
			fmt.Printf("%s: %s\n", event.Type, event.Data) // there may be more events than are known today
		}
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux() // that of the program's own server
	mux.Handle("/webhooks/funnel", handler)

	server := funneltest.NewServer(funneltest.WithWebhookHandler(mux))
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	url, err := funnel.WebhookURL("https://shop.example.com/webhooks/funnel", token)
	if err != nil {
		log.Fatal(err)
	}
	if _, err := client.Webhooks.Create(ctx, funnel.WebhookCreateParams{URL: url}); err != nil {
		log.Fatal(err)
	}
	if _, err := client.Contacts.Create(ctx, funnel.ContactCreateParams{Email: "ada@example.com"}); err != nil {
		log.Fatal(err)
	}
	if err := server.WaitForDeliveries(ctx); err != nil {
		log.Fatal(err)
	}
	// Output: new contact: ada@example.com
}

func ExampleWithWebhookErrors() {
	handler, err := funnel.NewWebhookHandler("a token that nobody guesses",
		func(context.Context, *funnel.Event) error { return nil },
		funnel.WithWebhookErrors(func(_ context.Context, status int, err error) { fmt.Println(status, err) }))
	if err != nil {
		log.Fatal(err)
	}
	forged := httptest.NewRequest(http.MethodPost, "/webhooks/funnel?token=guessed", strings.NewReader(`{"event":"funnel.sale"}`))
	handler.ServeHTTP(httptest.NewRecorder(), forged)
	// Output: 401 funnel: webhook delivery without the right token
}

// The URL holds the token, by which the receiver knows a delivery from a
// forgery.
func ExampleWebhookURL() {
	url, err := funnel.WebhookURL("https://shop.example.com/webhooks/funnel", "a token that nobody guesses")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(url)
	// Output: https://shop.example.com/webhooks/funnel?token=a+token+that+nobody+guesses
}

// A queue between the receiver and the worker keeps the body as it is.
func ExampleParseEvent() {
	body := []byte(`{"event":"funnel.sale","data":{"funnel":{"id":4,"name":"Shop"},"amount":"49.90"},"created_at":"2026-03-02T09:00:00Z"}`)

	event, err := funnel.ParseEvent(body)
	if err != nil {
		log.Fatal(err)
	}
	sale, err := event.FunnelSale()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(event.CreatedAt, sale.Funnel.Name, sale.Amount)
	// Output: 2026-03-02 09:00:00 +0000 UTC Shop 49.90
}

func ExampleEvent_ContactTagged() {
	event, err := funnel.ParseEvent([]byte(
		`{"event":"contact.tagged","data":{"contact":{"id":12,"email":"ada@example.com"},"tags":[{"id":1,"name":"vip"}]}}`))
	if err != nil {
		log.Fatal(err)
	}
	tagged, err := event.ContactTagged()
	if err != nil {
		log.Fatal(err)
	}
	for _, tag := range tagged.Tags {
		fmt.Println(tagged.Contact.Email, "is", tag.Name)
	}
	// Output: ada@example.com is vip
}
