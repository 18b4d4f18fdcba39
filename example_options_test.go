package funnel_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/jarcoal/httpmock"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
)

// The base URL of another server, such as the emulator.
func ExampleWithBaseURL() {
	server := funneltest.NewServer(funneltest.WithBasePath("/api"))
	defer server.Close()

	client, err := funnel.New(server.APIKey(),
		funnel.WithBaseURL("https://staging.example.com/api"),
		funnel.WithHTTPClient(&http.Client{Transport: server.Transport()}), // leads to the in-memory account
	)
	if err != nil {
		log.Fatal(err)
	}
	page, err := client.Tags.List(context.Background(), funnel.TagListParams{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(server.Requests()[0].Path, page.Total)
	// Output: /api/tags 0
}

// A test that does not need a whole account can mock single responses.
func ExampleWithHTTPClient() {
	mock := httpmock.NewMockTransport()
	mock.RegisterResponder(http.MethodGet, funnel.DefaultBaseURL+"/contact?contact_id=12",
		httpmock.NewStringResponder(http.StatusOK, `{"success":true,"data":{"id":12,"email":"ada@example.com"}}`))

	client, err := funnel.New("fk_demo", funnel.WithHTTPClient(&http.Client{Transport: mock}))
	if err != nil {
		log.Fatal(err)
	}
	contact, err := client.Contacts.Get(context.Background(), funnel.ContactID(12))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(contact.Email)
	// Output: ada@example.com
}

// The function is called for every attempt, so that the key can come from a store that
// changes it.
func ExampleWithAuth() {
	server := funneltest.NewServer()
	defer server.Close()
	currentKey := func() (string, error) { return server.APIKey(), nil }

	client := server.Client(funnel.WithAuth(func(req *http.Request) error {
		key, err := currentKey()
		if err != nil {
			return err
		}
		req.Header.Set("Authorization", "Bearer "+key)
		return nil
	}))
	page, err := client.Tags.List(context.Background(), funnel.TagListParams{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(page.Total, "tags")
	// Output: 0 tags
}

func ExampleWithRetry() {
	server := funneltest.NewServer()
	defer server.Close()
	server.Fail(funneltest.Fault{Status: http.StatusServiceUnavailable, Times: 4})

	policy := funnel.DefaultRetryPolicy()
	policy.MaxAttempts = 6
	policy.MinWait = time.Millisecond // for the example; the default is 1 s
	policy.NoRetryCreateOn5xx = true  // a duplicate would be worse than a failed call
	client := server.Client(funnel.WithRetry(policy))

	var response funnel.Response
	_, err := client.Tags.List(funnel.WithResponse(context.Background(), &response), funnel.TagListParams{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(response.StatusCode, "after", response.Attempts, "attempts")
	// Output: 200 after 5 attempts
}

// If other programs use the same API key, a client can leave them a share of the limit.
func ExampleWithRateLimit() {
	server := funneltest.NewServer()
	defer server.Close()
	client := server.Client(funnel.WithRateLimit(400, time.Minute)) // of 600

	fmt.Println(client.RateLimit().Limit)
	// Output: 400
}

func ExampleWithLogger() {
	server := funneltest.NewServer()
	defer server.Close()
	server.Fail(funneltest.Fault{Code: funnel.ErrServer})

	logger := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{
		ReplaceAttr: func(_ []string, attr slog.Attr) slog.Attr {
			if attr.Key == slog.TimeKey || attr.Key == "in" { // differs in each run
				return slog.Attr{}
			}
			return attr
		},
	}))
	client := server.Client(funnel.WithLogger(logger), funnel.WithRetry(funnel.RetryPolicy{MinWait: time.Millisecond}))
	if _, err := client.Tags.List(context.Background(), funnel.TagListParams{}); err != nil {
		log.Fatal(err)
	}
	// Output: level=WARN msg="funnel: retrying" operation="GET /tags" after="500 SERVER_ERROR"
}

// An observer receives operations and statuses, and no personal data.
func ExampleWithObserver() {
	server := funneltest.NewServer()
	defer server.Close()
	client := server.Client(funnel.WithObserver(funnel.Observer{
		CallDone: func(_ context.Context, call funnel.CallInfo, result funnel.CallResult) {
			fmt.Println(call.Method, call.Path, result.StatusCode, result.Attempts)
		},
	}))

	ctx := context.Background()
	if _, err := client.Tags.Create(ctx, funnel.TagCreateParams{Name: "vip"}); err != nil {
		log.Fatal(err)
	}
	if _, err := client.Contacts.Get(ctx, funnel.Email("nobody@example.com")); !errors.Is(err, funnel.ErrNotFound) {
		log.Fatal(err)
	}
	// Output:
	// POST /tag 201 1
	// GET /contact 404 1
}
