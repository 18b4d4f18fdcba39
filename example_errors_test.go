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
	// contact_id is 0: ids are positive (is the id of a name missing from a map?)
	// 0 requests
}
