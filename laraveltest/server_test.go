package laraveltest_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
	"github.com/funnel-go/funnel/laraveltest"
)

func at(t testing.TB, s *laraveltest.Server) endpoint {
	return endpoint{t, s.URL, s.APIKey, http.DefaultClient}
}

func TestServer_AccountsAndKeysAreSeparate(t *testing.T) {
	t.Parallel()
	a, b := laraveltest.Start(t), laraveltest.Start(t)
	require.Equal(t, 201, at(t, a).call(`POST /tag {"name":"vip"}`).status)
	require.Contains(t, at(t, b).call(`GET /tags`).body, `"total":0`)
	other := at(t, a)
	other.key = a.OtherAPIKey
	require.Contains(t, other.call(`GET /tags`).body, `"total":0`)
	require.Contains(t, other.call(`PUT /tag {"tag_id":1,"name":"x"}`).body, "NOT_FOUND")
}

func TestServer_Reset(t *testing.T) {
	t.Parallel()
	for _, store := range stores {
		s := laraveltest.Start(t, laraveltest.WithThrottle(2, 60e9), laraveltest.WithStore(store))
		s.AddOrder(funneltest.Order{})
		require.Equal(t, "1", at(t, s).call(`POST /tag {"name":"vip"}`).header.Get("X-RateLimit-Remaining"))
		require.Equal(t, "0", at(t, s).call(`POST /tag {"name":"pro"}`).header.Get("X-RateLimit-Remaining"))
		require.Equal(t, 429, at(t, s).call(`GET /tags`).status)
		s.Reset()
		got := at(t, s).call(`GET /tags`)
		require.Contains(t, got.body, `"total":0`)
		require.Equal(t, "1", got.header.Get("X-RateLimit-Remaining"))
	}
}

func TestServer_CustomFieldValue(t *testing.T) {
	t.Parallel()
	s := laraveltest.Start(t)
	field := s.AddCustomField(funneltest.CustomField{Name: "Town"})
	require.Equal(t, 201, at(t, s).call(`POST /contact {"email":"ada@example.com"}`).status)
	require.Empty(t, s.CustomFieldValue(1, field))
	require.Equal(t, 200, at(t, s).call(`PUT /contact-custom-field {"contact_id":1,"custom_field_id":1,"value":"Łódź"}`).status)
	require.Equal(t, "Łódź", s.CustomFieldValue(1, field))
}

func TestServer_DeliversSignedWebhooks(t *testing.T) {
	t.Parallel()
	s := laraveltest.Start(t)
	var signature string
	var body []byte
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ = io.ReadAll(r.Body)
		signature = r.Header.Get("Signature")
		w.WriteHeader(202)
	}))
	t.Cleanup(receiver.Close)
	var created struct{ Data struct{ Secret string } }
	require.NoError(t, json.Unmarshal([]byte(at(t, s).call(`POST /webhook {"url":"`+receiver.URL+`"}`).body), &created))
	require.Equal(t, 201, at(t, s).call(`POST /webhook {"url":"https://example.com/never-called"}`).status)

	event := []byte(`{"event": "contact.created",  "data": {"name": "Łódź", "url": "a\/b"}}`)
	require.Equal(t, []laraveltest.Delivery{{WebhookID: 1, Status: 202}}, s.Deliver(event))
	require.Equal(t, string(event), string(body))
	mac := hmac.New(sha256.New, []byte(created.Data.Secret))
	mac.Write(event)
	require.Equal(t, hex.EncodeToString(mac.Sum(nil)), signature)
	require.NoError(t, funnel.VerifySignature(http.Header{"Signature": {signature}}, body, created.Data.Secret))
}

// TestServer_FaultsCount: a request that reaches the application counts, however
// it ends.
func TestServer_FaultsCount(t *testing.T) {
	t.Parallel()
	s := laraveltest.Start(t)
	e := at(t, s)
	for _, test := range []struct {
		fault   laraveltest.Fault
		status  int
		body    string
		headers bool // the response has the rate limit headers
	}{
		{fault: laraveltest.Forbidden, status: 403, body: "FORBIDDEN", headers: true},
		{fault: laraveltest.Exception, status: 500, body: "SERVER_ERROR", headers: true},
		{fault: laraveltest.Fatal, status: 500, body: "SERVER_ERROR"},
		{fault: laraveltest.Crash, status: 502, body: "<html>"},
		{fault: laraveltest.Warning, status: 200, body: "<b>Warning</b>", headers: true},
	} {
		before := remaining(t, e)
		s.Fail(test.fault)
		got := e.call("GET /tags")
		require.Equal(t, test.status, got.status, test.fault)
		require.Contains(t, got.body, test.body, test.fault)
		require.Equal(t, test.headers, got.header.Get("X-RateLimit-Remaining") != "", test.fault)
		require.Equal(t, before-2, remaining(t, e), test.fault)
	}
}

func TestServer_Behind(t *testing.T) {
	t.Parallel()
	s := laraveltest.Start(t)
	e := at(t, s)
	e.url = s.Behind(laraveltest.Bare)
	got := e.call("GET /tags")
	require.Equal(t, 200, got.status)
	require.NotContains(t, got.header, "X-Ratelimit-Limit")

	e.url = s.Behind(laraveltest.Hasty)
	got = e.call(`POST /tag {"name":"` + strings.Repeat("x", 9000) + `"}`)
	require.Equal(t, 413, got.status)
	require.Contains(t, got.body, "nginx", "the suite has Laravel's own 413")
}
