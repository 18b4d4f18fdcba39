package funneltest_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
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

func TestServer_Reset(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAPI(t, funneltest.WithRateLimit(2, time.Hour), funneltest.WithWebhookTransport(silent{}))
		a.setUp(`POST /webhook {"url":"https://hooks.example/"}`, `POST /tag {"name":"vip"}`)
		require.Equal(t, 429, a.get("/tags").Status)
		a.Fail(funneltest.Fault{Status: 500, Times: -1})
		a.deliver()
		empty, err := newAPI(t).Snapshot()
		require.NoError(t, err)
		start := time.Now()

		a.Reset()
		require.Zero(t, time.Since(start), "the pending delivery is abandoned")
		snapshot, err := a.Snapshot()
		require.NoError(t, err)
		require.Equal(t, string(empty), string(snapshot))
		require.Empty(t, a.Deliveries())
		require.Empty(t, a.Requests())
		require.Zero(t, a.Quota().Used)
		a.get("/tags").ok()

		a.setUp(`POST /webhook {"url":"https://hooks.example/"}`)
		a.deliver() // deliveries work as before
		require.Equal(t, funneltest.DeliveryPending, a.Deliveries()[0].State)
		a.Close()
		a.Reset()
		require.NoError(t, a.Restore([]byte(oneWebhook)))
		a.deliver()
		require.Equal(t, funneltest.DeliveryAbandoned, a.Deliveries()[0].State, "a closed server stays closed")
	})
}

// oneWebhook is a snapshot.
const oneWebhook = `{"version":2,"webhooks":{"rows":[{"id":1,"url":"https://hooks.example/","active":true}]}}`

// Resets take turns. At the same time they would use one WaitGroup twice, which panics.
func TestServer_ConcurrentResets(t *testing.T) {
	t.Parallel()
	a := newAPI(t, funneltest.WithRateLimit(0, 0), funneltest.WithWebhookTransport(responding(200)))
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 500 {
				assert.NoError(t, a.ResetTo([]byte(oneWebhook)))
			}
		})
		all.Go(func() {
			for range 500 {
				_ = a.Deliver(1)
				assert.NoError(t, a.WaitForDeliveries(t.Context()))
			}
		})
	}
	all.Wait()
}

func TestServer_ResetTo(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.setUp(`POST /tag {"name":"old"}`)
	a.Fail(funneltest.Fault{Status: 500, Times: -1})
	err := a.ResetTo([]byte(`{"version":1}`))
	require.EqualError(t, err, `funneltest: snapshot: the field "version" is 1: want 2`)
	require.Equal(t, 500, a.get("/tags").Status, "nothing has changed")
	require.Equal(t, 1, a.Counts()["tags"])

	require.NoError(t, a.ResetTo([]byte(`{"version":2,"tags":{"rows":[{"id":3,"name":"new"}]}}`)))
	require.Zero(t, a.Quota().Used)
	require.Empty(t, a.Requests())
	require.Equal(t, []string{`"new"`}, a.get("/tags").all("name"))
}

func TestServer_ResetDropsLateDeliveries(t *testing.T) {
	t.Parallel()
	a := newAPI(t, funneltest.WithWebhookTransport(responding(200)))
	ctx, cancel := context.WithCancel(t.Context())
	var delivering sync.WaitGroup
	defer delivering.Wait()
	defer cancel()
	for range 3 {
		delivering.Go(func() {
			for ctx.Err() == nil {
				_ = a.Deliver(1) // fails after a reset: there is no webhook
			}
		})
	}
	for range 300 {
		require.NoError(t, a.Restore([]byte(oneWebhook)))
		a.Reset()
		require.Empty(t, a.Deliveries(), "of the old account")
	}
}

// A reset waits for the receiver of a pending delivery, which may call the server.
func TestServer_ResetLetsAReceiverCallTheServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var a *api
		a = newAPI(t, funneltest.WithWebhookHandler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			<-r.Context().Done()
			a.Counts()
			assert.NoError(t, a.Deliver("late"))
		})))
		require.NoError(t, a.Restore([]byte(oneWebhook)))
		a.deliver()
		synctest.Wait()
		a.Reset()
		require.Empty(t, a.Deliveries())
	})
}

func TestServer_Revision(t *testing.T) {
	t.Parallel()
	clock := newClock("2031-03-10T12:00:00Z")
	a := newAPI(t, funneltest.WithClock(clock.now))
	revision := a.Revision()
	changes := func(want bool, what string) {
		t.Helper()
		require.Equal(t, want, a.Revision() > revision, what)
		revision = a.Revision()
	}
	a.setUp(`POST /campaign {"name":"c"}`)
	changes(true, "a creation")
	a.setUp(`POST /campaign-schedule {"campaign_id":1,"scheduled_for":"2031-03-10T13:00:00Z"}`)
	changes(true, "an update")
	a.get("/campaigns").ok()
	a.get("/campaign?campaign_id=9").isError(404, "NOT_FOUND")
	a.call(`POST /tag {}`).isInvalid("name", "The name field is required.")
	changes(false, "reads and failures")
	clock.set("2031-03-10T13:00:00Z")
	a.get("/tags").ok()
	changes(true, "a scheduled campaign is sent")
	a.get("/tags").ok()
	changes(false, "once")
	a.AddCustomField(funneltest.CustomField{Name: "Size"})
	changes(true, "an insertion")
	require.NoError(t, a.Restore([]byte(`{"version":2}`)))
	changes(true, "a restored snapshot")
	a.Reset()
	changes(true, "a reset")
}
