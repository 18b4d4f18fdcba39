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

func TestTheClientTalksToItsServer(t *testing.T) {
	t.Parallel()
	server := funneltest.NewServer(funneltest.WithBasePath("/api/v1"), funneltest.WithAPIKey("s3cret"))
	defer server.Close()
	created, err := server.Client().Tags.Create(t.Context(), funnel.TagCreateParams{Name: "customer"})
	require.NoError(t, err)
	got, err := server.Client().Tags.Get(t.Context(), created.ID)
	require.NoError(t, err)
	require.Equal(t, "customer", got.Name)
	require.Equal(t, "/api/v1/tag", server.Requests()[1].Path)
}

func TestTheClientKnowsOfAServerThatAllowsMore(t *testing.T) {
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

func TestTheClientTakesOptionsOfTheSDK(t *testing.T) {
	t.Parallel()
	server := funneltest.NewServer()
	defer server.Close()
	_, err := server.Client(funnel.WithUserAgent("my-program/1")).Tags.List(t.Context(), funnel.TagListParams{})
	require.NoError(t, err)
	require.Contains(t, server.Requests()[0].Header.Get("User-Agent"), "my-program/1")
}

func TestOptionsThatTheSDKRefusesArePanics(t *testing.T) {
	t.Parallel()
	server := funneltest.NewServer()
	defer server.Close()
	require.Panics(t, func() { server.Client(funnel.WithRateLimit(-1, -1)) })
}

func TestTheClientWorksInVirtualTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := funneltest.NewServer()
		defer server.Close()
		server.Fail(funneltest.Fault{Status: 429})
		start := time.Now()
		_, err := server.Client().Tags.Get(t.Context(), 1)
		require.ErrorIs(t, err, funnel.ErrNotFound)
		require.GreaterOrEqual(t, time.Since(start), time.Minute)
		require.Equal(t, 2, server.RequestCount())
	})
}

// The SDK and the fake share no types: a misspelt name on either side shows.
func TestRecordsGoBackAndForthUnchanged(t *testing.T) {
	t.Parallel()
	server := funneltest.NewServer()
	defer server.Close()
	client := server.Client()
	ctx := t.Context()

	contact, err := client.Contacts.Create(ctx, funnel.ContactCreateParams{
		Email: "ada@example.com", FirstName: "Ada", LastName: "Lovelace", Phone: "1",
		Status: "unsubscribed", CustomFields: map[string]string{"k": "v"},
	})
	require.NoError(t, err)
	require.Equal(t, [5]string{"ada@example.com", "Ada", "Lovelace", "1", "unsubscribed"},
		[5]string{contact.Email, contact.FirstName, contact.LastName, contact.Phone, string(contact.Status)})
	require.Len(t, contact.CustomFields, 1)
	require.Equal(t, "v", contact.CustomFields["k"])
	got, err := client.Contacts.GetByEmail(ctx, "ada@example.com")
	require.NoError(t, err)
	require.Equal(t, contact, got)
}

// The SDK is not the only client: this is what curl would do.
func TestAProgramInAnyLanguageMayUseTheSocket(t *testing.T) {
	t.Parallel()
	server := funneltest.NewServer()
	defer server.Close()
	r, err := http.NewRequestWithContext(t.Context(), "POST", server.URL()+"/tag", strings.NewReader(`{"name":"a"}`))
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer "+server.APIKey())
	r.Header.Set("Content-Type", "application/json")
	response, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Contains(t, string(body), `"success":true`)
}
