package funnel_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/url"
	"os"
	"slices"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
)

// The examples talk to an account in memory. A program has the client that
// [NewFromEnv] returns; everything else is the same.
func Example() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	contact, err := client.Contacts.Create(ctx, funnel.ContactCreateParams{Email: "ada@example.com", FirstName: "Ada"})
	if errors.Is(err, funnel.ErrContactExists) {
		contact, err = client.Contacts.GetByEmail(ctx, "ada@example.com")
	}
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(contact.ID, contact.Email, contact.Status)
	// Output: 1 ada@example.com subscribed
}

func ExampleNew() {
	server := funneltest.NewServer(funneltest.WithBasePath("/v1"), funneltest.WithAPIKey("fk_demo"))
	defer server.Close()

	client, err := funnel.New("https://api.example.com/v1", "fk_demo",
		funnel.WithUserAgent("shop/1.2"),
		funnel.WithHTTPClient(&http.Client{Transport: server.Transport()}), // leads to the account in memory
	)
	if err != nil {
		log.Fatal(err)
	}
	tag, err := client.Tags.Create(context.Background(), funnel.TagCreateParams{Name: "vip"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(tag.ID, tag.Name)
	// Output: 1 vip
}

func ExampleNewFromEnv() {
	// The environment is what the program is started with.
	os.Setenv("FUNNEL_BASE_URL", "https://api.example.com/v1")
	os.Setenv("FUNNEL_API_KEY", "fk_demo")

	client, err := funnel.NewFromEnv()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(client.RateLimit().Limit, "requests a minute")
	// Output: 600 requests a minute
}

// Call reaches what the SDK has no method or no field for.
func ExampleClient_Call() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()
	server.SeedContacts(1)

	var contact struct {
		Email  string `json:"email"`
		Status string `json:"status"`
	}
	query := url.Values{"contact_id": {"1"}}
	if err := client.Call(ctx, http.MethodGet, "/contact", query, nil, &contact); err != nil {
		log.Fatal(err)
	}
	body := map[string]any{"contact_id": 1, "status": "unsubscribed", "reason": "asked to"}
	if err := client.Call(ctx, http.MethodPut, "/contact", nil, body, &contact); err != nil {
		log.Fatal(err)
	}
	fmt.Println(contact.Email, contact.Status)
	// Output: contact-0000001@example.com unsubscribed
}

func ExampleClient_RateLimit() {
	server := funneltest.NewServer()
	defer server.Close()
	client := server.Client()

	if _, err := client.Tags.List(context.Background(), funnel.TagListParams{}); err != nil {
		log.Fatal(err)
	}
	quota := client.RateLimit()
	fmt.Println(quota.Remaining, "of", quota.Limit, "left, paused:", !quota.PausedUntil.IsZero())
	// Output: 599 of 600 left, paused: false
}

func ExampleWithResponse() {
	server := funneltest.NewServer()
	defer server.Close()
	client := server.Client()
	server.SeedContacts(1)

	var response funnel.Response
	ctx := funnel.WithResponse(context.Background(), &response)
	if _, err := client.Contacts.Get(ctx, 1); err != nil {
		log.Fatal(err)
	}
	fmt.Println(response.StatusCode, response.RequestID, response.Header.Get("X-RateLimit-Remaining"))
	fmt.Printf("%.45s …\n", response.Body)
	// Output:
	// 200 req-1 599
	// {"success":true,"data":{"id":1,"email":"conta …
}

func ExampleWithHeader() {
	server := funneltest.NewServer()
	defer server.Close()
	client := server.Client()

	ctx := funnel.WithHeader(context.Background(), "X-Trace-Id", "4711")
	if _, err := client.Tags.List(ctx, funnel.TagListParams{}); err != nil {
		log.Fatal(err)
	}
	fmt.Println(server.Requests()[0].Header.Get("X-Trace-Id"))
	// Output: 4711
}

// A call that has to be quick, such as a health check, is sent once.
func ExampleWithoutRetry() {
	server := funneltest.NewServer()
	defer server.Close()
	client := server.Client()
	server.Fail(funneltest.Fault{Code: funnel.ErrServer})

	_, err := client.Tags.List(funnel.WithoutRetry(context.Background()), funnel.TagListParams{PerPage: 1})
	fmt.Println(err)
	// Output: funnel: GET /tags: 500 SERVER_ERROR: An unexpected error occurred
}

// In update params nil leaves a field as it is, and a pointer sets it, to zero
// too.
func ExamplePtr() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()
	server.SeedContacts(1)

	contact, err := client.Contacts.Update(ctx, 1, funnel.ContactUpdateParams{
		LastName: funnel.Ptr("Lovelace"),
		Phone:    funnel.Ptr(""),
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(contact.FirstName, contact.LastName)
	// Output: Alan Lovelace
}

// Bulk does anything with many items, at the speed that the quota allows.
func ExampleBulk() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()
	server.SeedContacts(200)

	bounced := []funnel.ContactID{7, 77, 777}
	update := func(ctx context.Context, id funnel.ContactID) (*funnel.Contact, error) {
		return client.Contacts.Update(ctx, id, funnel.ContactUpdateParams{Status: funnel.Ptr(funnel.ContactBounced)})
	}
	for result := range funnel.Bulk(ctx, client, slices.Values(bounced), update) {
		fmt.Println(bounced[result.Index], result.Status, errors.Is(result.Err, funnel.ErrNotFound))
	}
	// Output:
	// 7 done false
	// 77 done false
	// 777 failed true
}
