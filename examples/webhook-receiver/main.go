// Webhook-receiver registers a webhook and prints what is delivered to it. It
// starts an API of its own, which delivers over the loopback interface, and
// makes a few things happen there.
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
)

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, out io.Writer) error {
	server := funneltest.NewServer()
	defer server.Close()
	client := server.Client()

	token := rand.Text() // keep it with the API key: who knows it can forge deliveries
	events := make(chan *funnel.Event, 10)
	handler, err := funnel.NewWebhookHandler(token, func(ctx context.Context, event *funnel.Event) error {
		events <- event // and return soon: the work is somebody else's
		return nil
	})
	if err != nil {
		return err
	}
	base, stop, err := serve(handler)
	if err != nil {
		return err
	}
	defer stop()

	url, err := funnel.WebhookURL(base, token)
	if err != nil {
		return err
	}
	if _, err := client.Webhooks.Create(ctx, funnel.WebhookCreateParams{
		URL:    url,
		Events: []funnel.EventType{funnel.EventContactCreated, funnel.EventContactTagged, funnel.EventFunnelSale},
	}); err != nil {
		return err
	}

	if err := makeThingsHappen(ctx, client, server); err != nil {
		return err
	}
	for range 3 {
		select {
		case event := <-events:
			line, err := describe(event)
			if err != nil {
				return err
			}
			fmt.Fprintln(out, line)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// serve serves the handler on a free port of the loopback interface.
func serve(handler http.Handler) (base string, stop func(), err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/webhooks/funnel", handler)
	server := &http.Server{Handler: mux, ReadTimeout: 10 * time.Second}
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			log.Print(err)
		}
	}()
	return "http://" + listener.Addr().String() + "/webhooks/funnel", func() { _ = server.Close() }, nil
}

func makeThingsHappen(ctx context.Context, client *funnel.Client, server *funneltest.Server) error {
	tag, err := client.Tags.Create(ctx, funnel.TagCreateParams{Name: "vip"})
	if err != nil {
		return err
	}
	contact, err := client.Contacts.Create(ctx, funnel.ContactCreateParams{Email: "ada@example.com"})
	if err != nil {
		return err
	}
	if err := client.Contacts.AddTags(ctx, contact.ID, tag.ID); err != nil {
		return err
	}
	shop, err := client.Funnels.Create(ctx, funnel.FunnelCreateParams{Name: "Shop"})
	if err != nil {
		return err
	}
	return server.RecordSale(shop.ID, "49.90")
}

func describe(event *funnel.Event) (string, error) {
	switch event.Type {
	case funnel.EventContactCreated:
		created, err := event.ContactCreated()
		if err != nil {
			return "", err
		}
		return "new contact: " + created.Contact.Email, nil
	case funnel.EventContactTagged:
		tagged, err := event.ContactTagged()
		if err != nil {
			return "", err
		}
		return "tagged: " + tagged.Contact.Email + " with " + tagged.Tags[0].Name, nil
	case funnel.EventFunnelSale:
		sale, err := event.FunnelSale()
		if err != nil {
			return "", err
		}
		return "sold: " + sale.Amount + " in " + sale.Funnel.Name, nil
	default: // the platform may know events that this program does not
		return fmt.Sprintf("%s: %s", event.Type, event.Data), nil
	}
}
