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

// A test that needs no whole account gives the client single answers.
func ExampleWithHTTPClient() {
	mock := httpmock.NewMockTransport()
	mock.RegisterResponder(http.MethodGet, "https://api.example.com/v1/tag?tag_id=7",
		httpmock.NewStringResponder(http.StatusOK, `{"success":true,"data":{"id":7,"name":"vip"}}`))

	client, err := funnel.New("https://api.example.com/v1", "fk_demo",
		funnel.WithHTTPClient(&http.Client{Transport: mock}))
	if err != nil {
		log.Fatal(err)
	}
	tag, err := client.Tags.Get(context.Background(), 7)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(tag.Name)
	// Output: vip
}

// The key may come from a store that changes it from time to time: the function
// is asked for every attempt.
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
	policy.NoRetryCreateOn5xx = true  // look first whether a creation has been done
	client := server.Client(funnel.WithRetry(policy))

	var response funnel.Response
	_, err := client.Tags.List(funnel.WithResponse(context.Background(), &response), funnel.TagListParams{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(response.StatusCode, "after", response.Attempts, "attempts")
	// Output: 200 after 5 attempts
}

// Where others use the same API key, a client can leave them their share.
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
			if attr.Key == slog.TimeKey || attr.Key == "in" { // another one in each run
				return slog.Attr{}
			}
			return attr
		},
	}))
	client := server.Client(funnel.WithLogger(logger), funnel.WithRetry(funnel.RetryPolicy{MinWait: time.Millisecond}))
	if _, err := client.Tags.List(context.Background(), funnel.TagListParams{}); err != nil {
		log.Fatal(err)
	}
	// Output: level=WARN msg="funnel: trying again" operation="GET /tags" after="500 SERVER_ERROR"
}

// An observer counts calls by operation and status, without anything personal.
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
	if _, err := client.Contacts.GetByEmail(ctx, "nobody@example.com"); !errors.Is(err, funnel.ErrNotFound) {
		log.Fatal(err)
	}
	// Output:
	// POST /tag 200 1
	// GET /contact 404 1
}
