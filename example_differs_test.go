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

// These are the examples of docs/when-the-real-api-differs.md. Each has a
// vendor that differs from what the SDK assumes.

func ExampleNew_basePath() {
	vendor := vendor(func(r *http.Request) string {
		fmt.Println(r.Method, r.URL.Path)
		return `{"success": true, "data": {"id": 7, "name": "vip"}}`
	})

	client, err := funnel.New("https://eu.vendor.example/api/v2", apiKey, vendor.option())

	if err == nil {
		_, err = client.Tags.Get(context.Background(), 7)
	}
	fmt.Println(err)
	// Output:
	// GET /api/v2/tag
	// <nil>
}

func ExampleWithAuth_header() {
	vendor := vendor(func(r *http.Request) string {
		fmt.Printf("X-Api-Key: %q, Authorization: %q\n", r.Header.Get("X-Api-Key"), r.Header.Get("Authorization"))
		return `{"success": true, "data": {"id": 7, "name": "vip"}}`
	})

	client, err := funnel.New(baseURL, apiKey, vendor.option(),
		funnel.WithAuth(func(r *http.Request) error {
			r.Header.Set("X-Api-Key", apiKey)
			return nil
		}))

	if err == nil {
		_, err = client.Tags.Get(context.Background(), 7)
	}
	fmt.Println(err)
	// Output:
	// X-Api-Key: "secret", Authorization: ""
	// <nil>
}

func ExampleWithHeader_version() {
	ctx, client := context.Background(), vendor(func(r *http.Request) string {
		fmt.Println("X-Api-Version:", r.Header.Get("X-Api-Version"))
		return `{"success": true, "data": {"id": 7, "name": "vip"}}`
	}).client()

	ctx = funnel.WithHeader(ctx, "X-Api-Version", "2026-01")
	_, err := client.Tags.Get(ctx, 7)

	fmt.Println(err)
	// Output:
	// X-Api-Version: 2026-01
	// <nil>
}

func ExampleWithResponse_unknownField() {
	ctx, client := context.Background(), vendor(func(*http.Request) string {
		return `{"success": true, "data": {"id": 7, "email": "ada@example.com", "lead_score": 42}}`
	}).client()

	var response funnel.Response
	contact, err := client.Contacts.Get(funnel.WithResponse(ctx, &response), 7)
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

func ExampleClient_Call_unknownOperation() {
	ctx, client := context.Background(), vendor(func(r *http.Request) string {
		fmt.Println(r.Method, r.URL)
		return `{"success": true, "data": [{"id": 3, "name": "Customers"}]}`
	}).client()

	type segment struct {
		ID   int64  `json:"id"`
		Name string `json:"name"`
	}
	var segments []segment
	err := client.Call(ctx, http.MethodGet, "/segments", url.Values{"active": {"1"}}, nil, &segments)

	fmt.Println(segments, err)
	// Output:
	// GET https://vendor.example/segments?active=1
	// [{3 Customers}] <nil>
}

func ExampleClient_Call_unknownParameter() {
	ctx, client := context.Background(), vendor(func(r *http.Request) string {
		body, _ := io.ReadAll(r.Body)
		fmt.Println(r.Method, r.URL.Path, string(body))
		return `{"success": true, "data": {"id": 7, "email": "ada@example.com"}}`
	}).client()

	var contact funnel.Contact
	err := client.Call(ctx, http.MethodPut, "/contact", nil, map[string]any{
		"contact_id": 7,
		"birthday":   "1815-12-10",
	}, &contact)

	fmt.Println(contact.Email, err)
	// Output:
	// PUT /contact {"birthday":"1815-12-10","contact_id":7}
	// ada@example.com <nil>
}

// renamed asks for "limit" where the SDK asks for "per_page".
type renamed struct{ next http.RoundTripper }

func (t renamed) RoundTrip(r *http.Request) (*http.Response, error) {
	if query := r.URL.Query(); query.Has("per_page") {
		query.Set("limit", query.Get("per_page"))
		query.Del("per_page")
		r = r.Clone(r.Context())
		r.URL.RawQuery = query.Encode()
	}
	return t.next.RoundTrip(r)
}

func ExampleWithHTTPClient_renamed() {
	transport := vendor(func(r *http.Request) string {
		fmt.Println(r.Method, r.URL)
		return `{"success": true, "data": []}`
	})

	client, err := funnel.New(baseURL, apiKey, funnel.WithHTTPClient(&http.Client{Transport: renamed{transport}}))

	if err == nil {
		_, err = client.Tags.List(context.Background(), funnel.TagListParams{PerPage: 50})
	}
	fmt.Println(err)
	// Output:
	// GET https://vendor.example/tags?limit=50
	// <nil>
}

func ExampleCode_unknown() {
	ctx, client := context.Background(), vendor(func(*http.Request) string {
		return `{"success": false, "error": {"code": "TAG_LOCKED", "message": "Not now"}}`
	}).client()

	err := client.Tags.Delete(ctx, 7)
	if errors.Is(err, funnel.Code("TAG_LOCKED")) {
		fmt.Println("try again later")
	}

	fmt.Println(err)
	// Output:
	// try again later
	// funnel: DELETE /tag: 200 TAG_LOCKED: Not now
}

const (
	baseURL = "https://vendor.example"
	apiKey  = "secret"
)

// A vendor answers every request with the body that it returns.
type vendor func(*http.Request) string

// RoundTrip implements [http.RoundTripper].
func (v vendor) RoundTrip(r *http.Request) (*http.Response, error) {
	header := http.Header{"Content-Type": {"application/json"}}
	return &http.Response{StatusCode: http.StatusOK, Header: header, Body: io.NopCloser(strings.NewReader(v(r))), Request: r}, nil
}

func (v vendor) option() funnel.Option {
	return funnel.WithHTTPClient(&http.Client{Transport: v})
}

func (v vendor) client() *funnel.Client {
	client, err := funnel.New(baseURL, apiKey, v.option())
	if err != nil {
		panic(err)
	}
	return client
}
