package funnel_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/funnel-go/funnel"
)

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
