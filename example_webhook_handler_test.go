package funnel_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
)

// exampleSecret is the Secret of a webhook. Programs read it from where they keep
// the API key.
const exampleSecret = "kept with the API key"

// signedDelivery is what the platform sends.
func signedDelivery(body string) *http.Request {
	return funneltest.NewDelivery("/webhooks/funnel", exampleSecret, []byte(body))
}

func ExampleNewWebhookHandler() {
	handler, err := funnel.NewWebhookHandler(exampleSecret, func(_ context.Context, event *funnel.Event) error {
		// The vendor's pages do not name the events: log the first ones, and
		// decode those that the program needs into its own types.
		fmt.Println(event.Type, string(event.Data))
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/webhooks/funnel", handler)

	w := httptest.NewRecorder()
	mux.ServeHTTP(w, signedDelivery(`{"event":"order.paid","data":{"id":7,"amount":49.90}}`))
	fmt.Println(w.Code)
	// Output:
	// order.paid {"id":7,"amount":49.90}
	// 204
}

// A store is the part of the program's database that the receiver uses.
type store struct {
	mu         sync.Mutex
	deliveries map[string]bool // CREATE TABLE deliveries (body_hash CHAR(64) PRIMARY KEY)
	sold       int
}

// recordSale stores the delivery and its effect together, or neither. With
// database/sql it is one transaction:
//
//	tx, err := db.BeginTx(ctx, nil)
//	…
//	defer tx.Rollback()
//	result, err := tx.ExecContext(ctx, `INSERT INTO deliveries (body_hash) VALUES ($1) ON CONFLICT DO NOTHING`, bodyHash)
//	…
//	if rows, err := result.RowsAffected(); err != nil || rows == 0 {
//		return false, err // recorded before
//	}
//	_, err = tx.ExecContext(ctx, `UPDATE stock SET sold = sold + $1`, n)
//	…
//	return true, tx.Commit()
func (s *store) recordSale(_ context.Context, bodyHash string, n int) (recorded bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.deliveries[bodyHash] {
		return false, nil
	}
	s.deliveries[bodyHash] = true
	s.sold += n
	return true, nil
}

// A redelivery must not count twice. The key is the hash of the body, so this
// works only for events whose bodies always differ; here they contain an id. The
// hash is stored in the same transaction as the effect: if the program stops
// before, the redelivery is processed.
func ExampleNewWebhookHandler_redelivery() {
	stock := &store{deliveries: map[string]bool{}}
	handler, err := funnel.NewWebhookHandler(exampleSecret, func(ctx context.Context, event *funnel.Event) error {
		var order struct {
			ID       int `json:"id"`
			Quantity int `json:"quantity"`
		}
		if err := event.Decode(&order); err != nil {
			return err
		}
		recorded, err := stock.recordSale(ctx, event.BodyHash, order.Quantity)
		if err != nil {
			return err // the response is 500
		}
		fmt.Println("order", order.ID, "recorded:", recorded)
		return nil // also for a redelivery: it was received
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, body := range []string{
		`{"event":"order.paid","data":{"id":7,"quantity":2}}`,
		`{"event":"order.paid","data":{"id":7,"quantity":2}}`, // its response was lost
		`{"event":"order.paid","data":{"id":8,"quantity":2}}`,
	} {
		handler.ServeHTTP(httptest.NewRecorder(), signedDelivery(body))
	}
	fmt.Println("sold:", stock.sold)
	// Output:
	// order 7 recorded: true
	// order 7 recorded: false
	// order 8 recorded: true
	// sold: 4
}

// During a rotation, deliveries of the old webhook are authentic too.
func ExampleWithSecrets() {
	handler, err := funnel.NewWebhookHandler("the new webhook's secret",
		func(_ context.Context, event *funnel.Event) error {
			fmt.Println(event.Type)
			return nil
		},
		funnel.WithSecrets(exampleSecret))
	if err != nil {
		log.Fatal(err)
	}
	handler.ServeHTTP(httptest.NewRecorder(), signedDelivery(`{"event":"order.paid"}`))
	// Output: order.paid
}

// A real delivery tells which header contains the signature. Pin it from then on.
func ExampleWithSignatureHeader() {
	handler, err := funnel.NewWebhookHandler(exampleSecret,
		func(_ context.Context, event *funnel.Event) error {
			fmt.Println(event.Type, "signed in", event.SignatureHeader)
			return nil
		},
		funnel.WithSignatureHeader("Signature"))
	if err != nil {
		log.Fatal(err)
	}
	handler.ServeHTTP(httptest.NewRecorder(), signedDelivery(`{"event":"order.paid"}`))
	// Output: order.paid signed in Signature
}

func ExampleWithWebhookErrors() {
	handler, err := funnel.NewWebhookHandler(exampleSecret,
		func(context.Context, *funnel.Event) error { return nil },
		funnel.WithWebhookErrors(func(_ context.Context, _ *funnel.Event, status int, err error) { fmt.Println(status, err) }))
	if err != nil {
		log.Fatal(err)
	}
	forged := signedDelivery(`{"event":"order.paid","data":{"amount":49.90}}`)
	forged.Body = http.NoBody
	handler.ServeHTTP(httptest.NewRecorder(), forged)
	// Output: 401 funnel: invalid webhook signature: no secret matches the signature and the body
}

// A function of a cloud provider gets header and body, but no http.Request.
func ExampleVerifySignature() {
	receive := func(header http.Header, body string) error {
		if err := funnel.VerifySignature(header, []byte(body), exampleSecret); err != nil {
			return err
		}
		fmt.Println("authentic:", body)
		return nil
	}
	body := `{"event":"order.paid"}`
	if err := receive(signedDelivery(body).Header, body); err != nil {
		log.Fatal(err)
	}
	err := receive(signedDelivery(body).Header, `{"event":"order.refunded"}`)
	fmt.Println("refused:", errors.Is(err, funnel.ErrInvalidSignature))
	// Output:
	// authentic: {"event":"order.paid"}
	// refused: true
}

func ExampleEvent_Decode() {
	event := &funnel.Event{Type: "order.paid", Data: []byte(`{"id":7,"amount":49.90}`)}
	var order struct {
		ID     int64       `json:"id"`
		Amount json.Number `json:"amount"` // exact: a float64 is not
	}
	if err := event.Decode(&order); err != nil {
		log.Fatal(err)
	}
	fmt.Println(order.ID, order.Amount)
	// Output: 7 49.90
}

// Processing takes longer than a sender may wait, so the handler acknowledges
// first. At the end of the program the server is shut down before the queue, and
// nothing that was acknowledged is lost.
func ExampleWithWebhookQueue() {
	queue := &funnel.WebhookQueue{Size: 1000, Workers: 4}
	handler, err := funnel.NewWebhookHandler(exampleSecret,
		func(ctx context.Context, event *funnel.Event) error {
			fmt.Println("processed:", event.Type) // for example, with calls of the API
			return nil
		},
		funnel.WithWebhookQueue(queue),
		funnel.WithWebhookErrors(func(_ context.Context, event *funnel.Event, status int, err error) {
			if event != nil {
				log.Println(event.Type, event.BodyHash)
			}
			log.Println(status, err)
		}))
	if err != nil {
		log.Fatal(err)
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second}
	w := httptest.NewRecorder()
	server.Handler.ServeHTTP(w, signedDelivery(`{"event":"order.paid"}`)) // in place of server.Serve

	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := errors.Join(server.Shutdown(ctx), queue.Shutdown(ctx)); err != nil {
		log.Println(err)
	}
	fmt.Println("response:", w.Code)
	// Output:
	// processed: order.paid
	// response: 202
}

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
