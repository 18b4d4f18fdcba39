package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
)

func TestDeliveries_FormSendsASignedEvent(t *testing.T) {
	t.Parallel()
	const event = `{ "greeting": "héllo", "amount": 1.50 }`
	var header http.Header
	var body []byte
	var bodyErr error
	e := quiet(funneltest.WithWebhookHandler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		header = r.Header
		body, bodyErr = io.ReadAll(r.Body)
	})))
	defer e.api.Close()
	callAPI(e, http.MethodPost, "/v1/webhook", `{"url":"https://shop.example/hook"}`)
	require.Equal(t, http.StatusSeeOther, ask(e, "/_emulator/page/deliveries", "event="+event).Code)
	require.NoError(t, e.api.WaitForDeliveries(t.Context()))
	require.NoError(t, bodyErr)
	require.Equal(t, event, string(body), "sent unchanged")
	require.NoError(t, funnel.VerifySignature(header, body, e.api.WebhookSecret(1)))
	require.Regexp(t, `^ Time Body Webhook State \d\d:\d\d:\d\d \{ &#34;greeting&#34;: &#34;héllo&#34;, .* 1 delivered , attempt 1, status 200 $`, shown(t, e, "/", "deliveries"))
}

// A receiver records the bodies of deliveries.
type receiver struct{ bodies []string }

func (r *receiver) ServeHTTP(_ http.ResponseWriter, req *http.Request) {
	body, _ := io.ReadAll(req.Body)
	r.bodies = append(r.bodies, string(body))
}

// The log and the page show how a delivery ended. The log does not show the URL.
func TestDeliveries_FailureIsLogged(t *testing.T) {
	t.Parallel()
	hook := httptest.NewServer(http.NotFoundHandler())
	defer hook.Close()
	p := start(t, "-empty")
	p.send("POST", "/v1/webhook", `{"url":"`+hook.URL+`/token-1"}`, 201)
	p.send("POST", "/v1/webhook", `{"url":"https://shop.example/token-2"}`, 201)
	p.send("POST", "/_emulator/deliver", `{"name":"Ada"}`, 202)
	eventually(t, "both have failed", func() bool { return strings.Count(p.log.String(), "webhook delivery failed") == 2 })
	require.Contains(t, p.log.String(), `level=WARN msg="webhook delivery failed" webhook=1 state=failed attempts=1 status=404 error=""`)
	require.Contains(t, p.log.String(), `level=WARN msg="webhook delivery failed" webhook=2 state=blocked attempts=0 status=0 error="only URLs on this machine`)
	require.NotContains(t, p.log.String(), "token")
	require.NotContains(t, p.log.String(), "Ada")
	_, _, page := fetch(t, p.url)
	require.Contains(t, page, `<span class="status">failed</span>, attempt 1, status 404`)
	require.Contains(t, page, `<span class="status">blocked</span>: only URLs on this machine`)
}

// The host cannot exist, so the delivery fails; without the flag it is blocked.
func TestDeliveries_ToAnyHost(t *testing.T) {
	t.Parallel()
	p := start(t, "-empty", "-webhooks-to-any-host")
	require.Contains(t, p.log.String(), `level=WARN msg="webhook deliveries leave this machine"`)
	p.send("POST", "/v1/webhook", `{"url":"https://shop.invalid/hook"}`, 201)
	p.send("POST", "/_emulator/deliver", `1`, 202)
	eventually(t, "an attempt is made", func() bool {
		return strings.Contains(p.send("GET", "/_emulator/deliver", ``, 200), `"attempts":1`)
	})
}

func TestDeliveries_States(t *testing.T) {
	t.Parallel()
	e := quiet()
	defer e.api.Close()
	callAPI(e, http.MethodPost, "/v1/webhook", `{"url":"https://shop.example/hook"}`)
	ask(e, "/_emulator/page/deliveries", "event=1")
	require.Contains(t, shown(t, e, "/", "deliveries"), " 1 blocked : only URLs on this machine get deliveries, unless the flag -webhooks-to-any-host is set ")

	for state, level := range map[funneltest.DeliveryState]string{
		funneltest.DeliveryPending:   "pending",
		funneltest.DeliveryDone:      "ok",
		funneltest.DeliveryBlocked:   "warning",
		funneltest.DeliveryFailed:    "error",
		funneltest.DeliveryAbandoned: "error",
	} {
		require.Equal(t, level, deliveryView{funneltest.Delivery{State: state}}.Level(), state)
	}
	require.Equal(t, "connection refused", deliveryView{funneltest.Delivery{Error: "connection refused"}}.Problem())
}

func TestDeliveries_LatestFirst(t *testing.T) {
	t.Parallel()
	e := quiet()
	defer e.api.Close()
	require.Empty(t, e.deliveries())
	callAPI(e, http.MethodPost, "/v1/webhook", `{"url":"https://shop.example/hook"}`)
	for i := range shownDeliveries + 1 {
		ask(e, "/_emulator/page/deliveries", "event="+strings.Repeat("1", i+1))
	}
	list := e.deliveries()
	require.Len(t, list, shownDeliveries)
	require.Equal(t, strings.Repeat("1", shownDeliveries+1), list[0].Text())
	require.Equal(t, "11", list[shownDeliveries-1].Text())
}

func TestDeliveries_InvalidForm(t *testing.T) {
	t.Parallel()
	e := quiet()
	defer e.api.Close()
	for _, tt := range []struct {
		event  string
		status int
	}{
		{`{"a":1}`, http.StatusConflict}, // no webhook is registered
		{``, http.StatusBadRequest},
		{`{`, http.StatusBadRequest},
		{`{} {}`, http.StatusBadRequest},
		{`"` + strings.Repeat("x", maxForm) + `"`, http.StatusBadRequest},
	} {
		require.Equal(t, tt.status, ask(e, "/_emulator/page/deliveries", "event="+tt.event).Code)
	}
	require.Empty(t, e.api.Deliveries())
}
