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
	"time"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
)

// The examples use an in-memory account. A program uses the client that
// [NewFromEnv] returns; everything else is the same.
func Example() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	id, err := client.Contacts.Create(ctx, funnel.ContactCreateParams{Email: "ada@example.com", FirstName: "Ada"})
	switch {
	case errors.Is(err, funnel.ErrContactExists):
		fmt.Println("already there")
	case err != nil:
		log.Fatal(err)
	default:
		fmt.Println("created", id)
	}

	contact, err := client.Contacts.Get(ctx, funnel.Email("ada@example.com"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(contact.ID, contact.Email, contact.FirstName)
	// Output:
	// created 1
	// 1 ada@example.com Ada
}

func ExampleNew() {
	server := funneltest.NewServer(funneltest.WithBasePath("/v1"), funneltest.WithAPIKey("fk_demo"))
	defer server.Close()

	client, err := funnel.New("fk_demo",
		funnel.WithUserAgent("shop/1.2"),
		funnel.WithHTTPClient(&http.Client{Transport: server.Transport()}), // leads to the in-memory account
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
	os.Setenv("FUNNEL_API_KEY", "fk_demo") // normally set where the program is started
	defer os.Unsetenv("FUNNEL_API_KEY")

	client, err := funnel.NewFromEnv()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(client.RateLimit().Limit, "requests per minute")
	// Output: 600 requests per minute
}

// Every method that addresses a contact takes its id or its e-mail address.
func ExampleContactRef() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()
	server.SeedContacts(12)

	for _, ref := range []funnel.ContactRef{
		funnel.ContactID(12),
		funnel.Email("contact-0000012@example.com"),
	} {
		contact, err := client.Contacts.Get(ctx, ref)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(contact.ID, contact.Email)
	}
	// Output:
	// 12 contact-0000012@example.com
	// 12 contact-0000012@example.com
}

// Call sends a request that the SDK has no method for.
func ExampleClient_Call() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()
	server.SeedContacts(1)

	var contact struct {
		Email     string `json:"email"`
		FirstName string `json:"first_name"`
	}
	query := url.Values{"contact_id": {"1"}}
	if err := client.Call(ctx, http.MethodGet, "/contact", query, nil, &contact); err != nil {
		log.Fatal(err)
	}
	fmt.Println(contact.Email, contact.FirstName)

	body := map[string]any{"contact_id": 1, "first_name": "Ada"}
	if err := client.Call(ctx, http.MethodPut, "/contact", nil, body, nil); err != nil {
		log.Fatal(err)
	}
	// Output: contact-0000001@example.com Alan
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

// A status page shows what the rate limiter does.
func ExampleClient_LimiterStats() {
	server := funneltest.NewServer()
	defer server.Close()
	client := server.Client()

	if _, err := client.Tags.List(context.Background(), funnel.TagListParams{}); err != nil {
		log.Fatal(err)
	}
	stats := client.LimiterStats()
	fmt.Println(stats.Used, "of", stats.Limit, "slots used,", stats.Interactive+stats.Background, "calls waiting")
	// Output: 1 of 594 slots used, 0 calls waiting
}

// WithField sends a field that the API knows and the SDK does not.
func ExampleWithField() {
	server := funneltest.NewServer()
	defer server.Close()
	client := server.Client()

	ctx := funnel.WithField(context.Background(), "phone", "+44 20 7946 0000")
	if _, err := client.Contacts.Create(ctx, funnel.ContactCreateParams{Email: "ada@example.com"}); err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(server.Requests()[0].Body))
	// Output: {"email":"ada@example.com","phone":"+44 20 7946 0000"}
}

func ExampleWithResponse() {
	server := funneltest.NewServer()
	defer server.Close()
	client := server.Client()
	server.SeedContacts(1)

	var response funnel.Response
	ctx := funnel.WithResponse(context.Background(), &response)
	if _, err := client.Contacts.Get(ctx, funnel.ContactID(1)); err != nil {
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

// A call that must be quick, such as a health check, is sent once.
func ExampleWithoutRetry() {
	server := funneltest.NewServer()
	defer server.Close()
	client := server.Client()
	server.Fail(funneltest.Fault{Code: funnel.ErrServer})

	_, err := client.Tags.List(funnel.WithoutRetry(context.Background()), funnel.TagListParams{PerPage: 1})
	fmt.Println(err)
	// Output: funnel: GET /tags: 500 SERVER_ERROR: An unexpected error occurred (request req-1)
}

// In update params nil leaves a field unchanged. A pointer sets it, also to its zero
// value.
func ExamplePtr() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()
	server.SeedContacts(1)

	err := client.Contacts.Update(ctx, funnel.ContactID(1), funnel.ContactUpdateParams{
		LastName:       funnel.Ptr("Lovelace"),
		EmailMarketing: funnel.Ptr(false),
	})
	if err != nil {
		log.Fatal(err)
	}
	contact, err := client.Contacts.Get(ctx, funnel.ContactID(1))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(contact.FirstName, contact.LastName, contact.EmailMarketing)
	// Output: Alan Lovelace false
}

// Minor returns an amount in cents, or in the smallest unit of another currency.
func ExampleDecimal_Minor() {
	amount := funnel.Decimal("297.10")
	cents, err := amount.Minor(2)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(cents)

	_, err = amount.Minor(0)
	fmt.Println(err)
	// Output:
	// 29710
	// funnel: Decimal: is "297.10": it has more than 0 digits after the point, and Minor does not round
}

func ExampleDateRange() {
	now := time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC)
	server := funneltest.NewServer(funneltest.WithClock(func() time.Time { return now }))
	defer server.Close()
	client := server.Client()
	server.SeedContacts(3)

	page, err := client.Contacts.List(context.Background(), funnel.ContactListParams{
		Range: funnel.DateRange{From: now.AddDate(0, 0, -7), To: now}, // the period is PeriodBetween
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(server.Requests()[0].Query.Get("range"), page.Total)
	// Output: 2026-02-23to2026-03-02 3
}

// Bulk calls a function for many items, as fast as the rate limit allows.
func ExampleBulk() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()
	server.SeedContacts(200)

	ids := []funnel.ContactID{7, 77, 777}
	get := func(ctx context.Context, id funnel.ContactID) (*funnel.Contact, error) {
		return client.Contacts.Get(ctx, id)
	}
	for result := range funnel.Bulk(ctx, client, slices.Values(ids), get) {
		if result.Err != nil {
			fmt.Println(result.Item, result.Status, errors.Is(result.Err, funnel.ErrNotFound))
			continue
		}
		fmt.Println(result.Item, result.Status, result.Value.Email)
	}
	// Output:
	// 7 done contact-0000007@example.com
	// 77 done contact-0000077@example.com
	// 777 failed true
}

// Each is Bulk for a function that returns only an error.
func ExampleEach() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()
	server.SeedContacts(200)

	vip, err := client.Tags.Create(ctx, funnel.TagCreateParams{Name: "vip"})
	if err != nil {
		log.Fatal(err)
	}
	ids := []funnel.ContactID{7, 77, 777}
	addTag := func(ctx context.Context, id funnel.ContactID) error {
		return client.Contacts.AddTag(ctx, id, vip.ID)
	}
	for result := range funnel.Each(ctx, client, slices.Values(ids), addTag) {
		fmt.Println(result.Item, result.Status)
	}
	// Output:
	// 7 done
	// 77 done
	// 777 failed
}

// A code is an error that [errors.Is] matches, also if the SDK does not know it.
func ExampleCode() {
	server := funneltest.NewServer()
	defer server.Close()
	client := server.Client()

	_, err := client.Contacts.Get(context.Background(), funnel.Email("nobody@example.com"))
	fmt.Println(errors.Is(err, funnel.ErrNotFound))
	fmt.Println(errors.Is(err, funnel.Code("SOMETHING_NEW")))
	// Output:
	// true
	// false
}

// Every error of the API contains an APIError, which has the details for a log.
func ExampleAPIError() {
	server := funneltest.NewServer()
	defer server.Close()
	client := server.Client()
	server.Fail(funneltest.Fault{Code: funnel.ErrServer})

	_, err := client.Tags.List(funnel.WithoutRetry(context.Background()), funnel.TagListParams{})
	var apiErr *funnel.APIError
	if errors.As(err, &apiErr) && apiErr.StatusCode >= 500 {
		fmt.Println(apiErr.Method, apiErr.Path, apiErr.StatusCode, apiErr.RequestID)
		fmt.Println(string(apiErr.Body))
	}
	// Output:
	// GET /tags 500 req-1
	// {"success":false,"error":{"code":"SERVER_ERROR","message":"An unexpected error occurred"}}
}

func ExampleValidationError() {
	server := funneltest.NewServer()
	defer server.Close()
	client := server.Client()

	_, err := client.Contacts.Create(context.Background(), funnel.ContactCreateParams{Email: "ada at example.com"})
	var invalid *funnel.ValidationError
	if errors.As(err, &invalid) {
		fmt.Println(invalid.Details["email"][0])
	}
	fmt.Println(errors.Is(err, funnel.ErrValidation))
	// Output:
	// The email must be a valid email address.
	// true
}

// After a 429 the client waits before it sends anything else. A call whose deadline is
// earlier fails immediately.
func ExampleRateLimitError() {
	server := funneltest.NewServer()
	defer server.Close()
	client := server.Client()
	server.Fail(funneltest.Fault{Status: 429})

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	_, err := client.Tags.List(ctx, funnel.TagListParams{})
	var limited *funnel.RateLimitError
	if errors.As(err, &limited) {
		fmt.Println("retry after", limited.RetryAfter)
	}
	// Output: retry after 1m0s
}

// If the response to a create is lost, it may have been applied. A funnel has no unique
// key, so the SDK does not send the create again: look for the funnel first.
func ExampleRequestError() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()
	server.Fail(funneltest.Fault{DropConnection: true, AfterCommit: true})

	_, err := client.Funnels.Create(ctx, funnel.FunnelCreateParams{Name: "Shop"})
	var lost *funnel.RequestError
	if errors.As(err, &lost) && lost.MayHaveBeenApplied {
		for f, err := range client.Funnels.All(ctx, funnel.FunnelListParams{}) {
			if err != nil {
				log.Fatal(err)
			}
			fmt.Println("was created:", f.Name)
		}
	}
	// Output: was created: Shop
}

// Bad input is refused before anything is sent.
func ExampleArgumentError() {
	server := funneltest.NewServer()
	defer server.Close()
	client := server.Client()

	err := client.Contacts.Delete(context.Background(), funnel.ContactID(0))
	var refused *funnel.ArgumentError
	if errors.As(err, &refused) {
		fmt.Println(refused.Field, refused.Message)
	}
	fmt.Println(server.RequestCount(), "requests")
	// Output:
	// contact_id is 0: ids are positive (did a look-up in a map find nothing?)
	// 0 requests
}

// Names are matched ignoring case, unless one of them is exact.
func ExampleTagsService_Ensure() {
	server := funneltest.NewServer()
	defer server.Close()
	client := server.Client()
	ctx := context.Background()
	if _, err := client.Tags.Create(ctx, funnel.TagCreateParams{Name: "VIP"}); err != nil {
		log.Fatal(err)
	}

	ids, err := client.Tags.Ensure(ctx, "vip", "newsletter")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(ids["vip"], ids["newsletter"])
	// Output: 1 2
}

func ExampleSequencesService_GetByName() {
	server := funneltest.NewServer()
	defer server.Close()
	client := server.Client()
	ctx := context.Background()

	sequence, err := client.Sequences.GetByName(ctx, "Welcome")
	if errors.Is(err, funnel.ErrNotFound) {
		fmt.Println(err)
		sequence, err = client.Sequences.Create(ctx, funnel.SequenceCreateParams{Name: "Welcome"})
	}
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(sequence.ID, sequence.Name)
	// Output:
	// funnel: there is no sequence with the name "Welcome"
	// 1 Welcome
}

func ExampleCustomFieldsService_GetByName() {
	server := funneltest.NewServer()
	defer server.Close()
	server.AddCustomField(funneltest.CustomField{Name: "Plan", Values: []string{"Basic", "Team"}})

	field, err := server.Client().CustomFields.GetByName(context.Background(), "plan")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(field.ID, field.Name, field.Type, field.Values)
	// Output: 1 Plan select [Basic Team]
}

// One client per account: they share connections, and nothing else.
func ExampleClient_WithKey() {
	client, err := funnel.New("key-of-the-agency")
	if err != nil {
		log.Fatal(err)
	}
	customer, err := client.WithKey("key-of-a-customer")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(customer.RateLimit().Limit)
	// Output: 600
}

func ExampleFieldErrors() {
	server := funneltest.NewServer()
	defer server.Close()
	client := server.Client()
	for _, email := range []string{"", "ada"} {
		_, err := client.Contacts.Create(context.Background(), funnel.ContactCreateParams{Email: email})
		fmt.Println(funnel.FieldErrors(err))
	}
	// Output:
	// map[email:[The email is required.]]
	// map[email:[The email must be a valid email address.]]
}
