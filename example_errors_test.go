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

// A code is an error: it matches with [errors.Is], also one that the SDK does
// not know.
func ExampleCode() {
	server := funneltest.NewServer()
	defer server.Close()
	client := server.Client()

	_, err := client.Contacts.GetByEmail(context.Background(), "nobody@example.com")
	fmt.Println(errors.Is(err, funnel.ErrNotFound))
	fmt.Println(errors.Is(err, funnel.Code("SOMETHING_NEW")))
	// Output:
	// true
	// false
}

// Behind every error of the API there is an APIError, with what a log needs.
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

	_, err := client.Contacts.Create(context.Background(), funnel.ContactCreateParams{Email: "ada at example.com", Status: "asleep"})
	var invalid *funnel.ValidationError
	if errors.As(err, &invalid) {
		fmt.Println(invalid.Details["email"][0])
		fmt.Println(invalid.Details["status"][0])
	}
	fmt.Println(errors.Is(err, funnel.ErrValidation))
	// Output:
	// The email must be a valid email address.
	// The selected status is invalid.
	// true
}

// A client waits for its turn, and after a 429 too. Whoever cannot wait that
// long gets the error at once.
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
		fmt.Println("again in", limited.RetryAfter)
	}
	// Output: again in 1m0s
}

// Where no answer came, nobody knows whether a creation has been done: a funnel
// has no unique key, so it is not created again before somebody has looked.
func ExampleRequestError() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()
	server.Fail(funneltest.Fault{DropConnection: true, AfterCommit: true})

	_, err := client.Funnels.Create(ctx, funnel.FunnelCreateParams{Name: "Spring"})
	var lost *funnel.RequestError
	if errors.As(err, &lost) && lost.MayHaveBeenApplied {
		for f, err := range client.Funnels.All(ctx, funnel.FunnelListParams{}) {
			if err != nil {
				log.Fatal(err)
			}
			fmt.Println("it is there:", f.Name)
		}
	}
	// Output: it is there: Spring
}

// What cannot be meant is refused before it is sent.
func ExampleArgumentError() {
	server := funneltest.NewServer()
	defer server.Close()
	client := server.Client()

	err := client.Contacts.Delete(context.Background(), 0)
	var refused *funnel.ArgumentError
	if errors.As(err, &refused) {
		fmt.Println(refused.Field, refused.Message)
	}
	fmt.Println(server.RequestCount(), "requests")
	// Output:
	// contact_id is 0: ids are positive
	// 0 requests
}
