package funnel_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strings"
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

// atOnce is a limiter that allows a number of requests at the same time: its capacity.
type atOnce chan struct{}

// Acquire waits for room.
func (l atOnce) Acquire(ctx context.Context) (release func(funnel.Outcome), err error) {
	select {
	case l <- struct{}{}:
		return func(funnel.Outcome) { <-l }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// A limiter replaces the SDK's own. This one bounds the requests at the same time. It does
// not keep to the API's limit of 600 requests per minute.
func ExampleWithLimiter() {
	server := funneltest.NewServer()
	defer server.Close()
	client := server.Client(funnel.WithLimiter(make(atOnce, 4)))
	server.SeedContacts(1000)

	n := 0
	for _, err := range client.Contacts.All(context.Background(), funnel.ContactListParams{}) {
		if err != nil {
			log.Fatal(err)
		}
		n++
	}
	fmt.Println(n, "contacts")
	// Output: 1000 contacts
}

// pacemaker stands for any type with a Wait method, such as the rate.Limiter of
// golang.org/x/time.
type pacemaker struct{ *time.Ticker }

// Wait waits for the next beat.
func (p pacemaker) Wait(ctx context.Context) error {
	select {
	case <-p.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func ExampleLimiterFromWaiter() {
	server := funneltest.NewServer()
	defer server.Close()
	pace := pacemaker{time.NewTicker(time.Millisecond)} // in a program: ten per second
	defer pace.Stop()
	client := server.Client(funnel.WithLimiter(funnel.LimiterFromWaiter(pace)))

	for _, name := range []string{"vip", "customer", "trial"} {
		if _, err := client.Tags.Create(context.Background(), funnel.TagCreateParams{Name: name}); err != nil {
			log.Fatal(err)
		}
	}
	fmt.Println(server.Counts()["tags"], "tags")
	// Output: 3 tags
}

// These are the examples of docs/when-the-real-api-differs.md. Each has a server that
// differs from what the SDK assumes, or has something that the SDK does not.

func ExampleWithAuth_header() {
	server := mockServer(func(r *http.Request) string {
		fmt.Printf("X-Api-Key: %q, Authorization: %q\n", r.Header.Get("X-Api-Key"), r.Header.Get("Authorization"))
		return `{"success": true, "data": [{"id": 8, "url": "https://example.com/hook"}]}`
	})

	client, err := funnel.New(apiKey, server.option(),
		funnel.WithAuth(func(r *http.Request) error {
			r.Header.Set("X-Api-Key", apiKey)
			return nil
		}))

	if err == nil {
		_, err = client.Webhooks.List(context.Background())
	}
	fmt.Println(err)
	// Output:
	// X-Api-Key: "secret", Authorization: ""
	// <nil>
}

func ExampleWithHeader_version() {
	ctx, client := context.Background(), mockServer(func(r *http.Request) string {
		fmt.Println("X-Api-Version:", r.Header.Get("X-Api-Version"))
		return `{"success": true, "data": []}`
	}).client()

	ctx = funnel.WithHeader(ctx, "X-Api-Version", "2026-05-09")
	_, err := client.Webhooks.List(ctx)

	fmt.Println(err)
	// Output:
	// X-Api-Version: 2026-05-09
	// <nil>
}

func ExampleWithField_unknownParameter() {
	ctx, client := context.Background(), mockServer(func(r *http.Request) string {
		body, _ := io.ReadAll(r.Body)
		fmt.Println(r.Method, r.URL.Path, string(body))
		return `{"success": true, "data": {"id": 12}}`
	}).client()

	ctx = funnel.WithField(ctx, "birthday", "1815-12-10")
	err := client.Contacts.Update(ctx, funnel.ContactID(12), funnel.ContactUpdateParams{FirstName: funnel.Ptr("Ada")})

	fmt.Println(err)
	// Output:
	// PUT /v1/contact {"birthday":"1815-12-10","contact_id":12,"first_name":"Ada"}
	// <nil>
}

// In a GET the field is a parameter of the query.
func ExampleWithField_unknownFilter() {
	ctx, client := context.Background(), mockServer(func(r *http.Request) string {
		fmt.Println(r.Method, r.URL)
		return `{"success": true, "data": [], "meta": {"current_page": 1, "last_page": 1, "per_page": 50, "total": 0}}`
	}).client()

	ctx = funnel.WithField(ctx, "search", "lovelace")
	_, err := client.Contacts.List(ctx, funnel.ContactListParams{})

	fmt.Println(err)
	// Output:
	// GET https://api.wolfeo.me/v1/contacts?search=lovelace
	// <nil>
}

func ExampleWithResponse_unknownField() {
	ctx, client := context.Background(), mockServer(func(*http.Request) string {
		return `{"success": true, "data": {"id": 12, "email": "ada@example.com", "lead_score": 42}}`
	}).client()

	var response funnel.Response
	contact, err := client.Contacts.Get(funnel.WithResponse(ctx, &response), funnel.ContactID(12))
	var more struct {
		Data struct {
			LeadScore int `json:"lead_score"`
		} `json:"data"`
	}
	if err == nil {
		err = json.Unmarshal(response.Body, &more)
	}

	fmt.Println(contact.Email, more.Data.LeadScore, err)
	// Output: ada@example.com 42 <nil>
}

// The reference names /contact-stats and says that it takes contact_id or email. Its
// method and the fields of its response are not documented: GET is a guess, and a map
// takes any fields.
func ExampleClient_Call_contactStats() {
	ctx, client := context.Background(), mockServer(func(r *http.Request) string {
		fmt.Println(r.Method, r.URL)
		return `{"success": true, "data": {"emails_sent": 9}}`
	}).client()

	var stats map[string]any
	err := client.Call(ctx, http.MethodGet, "/contact-stats", url.Values{"contact_id": {"12"}}, nil, &stats)

	fmt.Println(stats, err)
	// Output:
	// GET https://api.wolfeo.me/v1/contact-stats?contact_id=12
	// map[emails_sent:9] <nil>
}

// The reference names /contacts-bulk-tag. Its method and parameters are not documented:
// those below are a guess.
func ExampleClient_Call_bulkTag() {
	ctx, client := context.Background(), mockServer(func(r *http.Request) string {
		body, _ := io.ReadAll(r.Body)
		fmt.Println(r.Method, r.URL.Path, string(body))
		return `{"success": true}`
	}).client()

	err := client.Call(ctx, http.MethodPost, "/contacts-bulk-tag", nil, map[string]any{
		"tag_id":      funnel.TagID(7),
		"contact_ids": funnel.IDList[funnel.Contact]{12, 13},
	}, nil)

	fmt.Println(err)
	// Output:
	// POST /v1/contacts-bulk-tag {"contact_ids":"12,13","tag_id":7}
	// <nil>
}

// The reference names GET /subscription. Its parameter and the fields of its response are
// not documented: the parameter below is a guess.
func ExampleClient_Call_subscription() {
	ctx, client := context.Background(), mockServer(func(r *http.Request) string {
		fmt.Println(r.Method, r.URL)
		return `{"success": true, "data": {"id": 93, "name": "Membership", "amount": 19.00}}`
	}).client()

	var subscription funnel.Subscription
	err := client.Call(ctx, http.MethodGet, "/subscription", url.Values{"subscription_id": {"93"}}, nil, &subscription)

	fmt.Println(subscription.Name, subscription.Amount, err)
	// Output:
	// GET https://api.wolfeo.me/v1/subscription?subscription_id=93
	// Membership 19.00 <nil>
}

func ExampleCode_unknown() {
	ctx, client := context.Background(), mockServer(func(*http.Request) string {
		return `{"success": false, "error": {"code": "TAG_LOCKED", "message": "Not now"}}`
	}).client()

	err := client.Tags.Delete(ctx, 7)
	if errors.Is(err, funnel.Code("TAG_LOCKED")) {
		fmt.Println("retry later")
	}

	fmt.Println(err)
	// Output:
	// retry later
	// funnel: DELETE /tag: 200 TAG_LOCKED: Not now
}

const apiKey = "secret"

// A mockServer returns the body of the response to a request.
type mockServer func(*http.Request) string

// RoundTrip implements [http.RoundTripper].
func (s mockServer) RoundTrip(r *http.Request) (*http.Response, error) {
	header := http.Header{"Content-Type": {"application/json"}}
	return &http.Response{StatusCode: http.StatusOK, Header: header, Body: io.NopCloser(strings.NewReader(s(r))), Request: r}, nil
}

func (s mockServer) option() funnel.Option {
	return funnel.WithHTTPClient(&http.Client{Transport: s})
}

func (s mockServer) client() *funnel.Client {
	client, err := funnel.New(apiKey, s.option())
	if err != nil {
		panic(err)
	}
	return client
}
