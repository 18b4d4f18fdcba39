package funneltest_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
)

func TestServer_Client(t *testing.T) {
	t.Parallel()
	server := funneltest.NewServer(funneltest.WithBasePath("/v1"), funneltest.WithAPIKey("s3cret"))
	defer server.Close()
	created, err := server.Client().Tags.Create(t.Context(), funnel.TagCreateParams{Name: "customer"})
	require.NoError(t, err)
	require.EqualValues(t, 1, created.ID)
	require.Equal(t, "customer", created.Name)
	require.Equal(t, "/v1/tag", server.Requests()[0].Path)
}

func TestServer_ClientKnowsALargerLimit(t *testing.T) {
	t.Parallel()
	for _, limit := range []int{0, 1500} {
		synctest.Test(t, func(t *testing.T) {
			server := funneltest.NewServer(funneltest.WithRateLimit(limit, time.Minute))
			defer server.Close()
			client, start := server.Client(), time.Now()
			for range 1200 {
				_, err := client.Tags.List(t.Context(), funnel.TagListParams{})
				require.NoError(t, err)
			}
			require.Zero(t, time.Since(start))
		})
	}
}

func TestServer_ClientTakesOptions(t *testing.T) {
	t.Parallel()
	server := funneltest.NewServer()
	defer server.Close()
	_, err := server.Client(funnel.WithUserAgent("my-program/1")).Tags.List(t.Context(), funnel.TagListParams{})
	require.NoError(t, err)
	require.Contains(t, server.Requests()[0].Header.Get("User-Agent"), "my-program/1")
}

func TestServer_ClientPanicsOnInvalidOptions(t *testing.T) {
	t.Parallel()
	server := funneltest.NewServer()
	defer server.Close()
	require.Panics(t, func() { server.Client(funnel.WithRateLimit(-1, -1)) })
}

func TestServer_ClientInVirtualTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := funneltest.NewServer()
		defer server.Close()
		server.Fail(funneltest.Fault{Status: 429})
		start := time.Now()
		_, err := server.Client().Tags.List(t.Context(), funnel.TagListParams{})
		require.NoError(t, err)
		require.GreaterOrEqual(t, time.Since(start), time.Minute)
		require.Equal(t, 2, server.RequestCount())
	})
}

// A program in any language can use the socket, as curl would.
func TestServer_URLForAnyProgram(t *testing.T) {
	t.Parallel()
	server := funneltest.NewServer()
	defer server.Close()
	r, err := http.NewRequestWithContext(t.Context(), "POST", server.URL()+"/tag", strings.NewReader(`{"name":"a"}`))
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer "+server.APIKey())
	r.Header.Set("Content-Type", "application/json")
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Equal(t, 201, resp.StatusCode)
	require.JSONEq(t, data(`{"id":1,"name":"a"}`), string(body))
}

func TestServer_Counts(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	furnish(t, a)
	require.Subset(t, a.Counts(), map[string]int{
		"contacts": 2, "custom_fields": 1, "tags": 2, "sequences": 1, "stages": 2, "funnels": 1, "steps": 2, "campaigns": 2,
		"webhooks": 1, "orders": 2, "transactions": 1, "subscriptions": 2,
	})
}
