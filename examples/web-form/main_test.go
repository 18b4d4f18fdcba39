package main

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
)

const secret = "s3cret-of-the-test"

func newTestHandler(t *testing.T, opts ...funneltest.Option) (*funneltest.Server, http.Handler) {
	t.Helper()
	server := funneltest.NewServer(opts...)
	t.Cleanup(server.Close)
	handler, err := newHandler(server.Client(), secret)
	require.NoError(t, err)
	return server, handler
}

func submit(handler http.Handler, fields url.Values) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(fields.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	return w
}

func TestForm_SignUp(t *testing.T) {
	t.Parallel()
	server, handler := newTestHandler(t)
	fields := url.Values{"email": {"ada@example.com"}, "first_name": {"Ada"}, "newsletter": {"on"}}
	first := submit(handler, fields)
	require.Equal(t, http.StatusOK, first.Code)
	require.Contains(t, first.Body.String(), "Thank you")
	contact, err := server.Client().Contacts.Get(t.Context(), funnel.Email("ada@example.com"))
	require.NoError(t, err)
	require.Equal(t, "Ada", contact.FirstName)
	require.True(t, contact.EmailMarketing)

	second := submit(handler, fields) // must not show that the contact exists
	require.Equal(t, first.Code, second.Code)
	require.Equal(t, first.Body.String(), second.Body.String())
}

func TestForm_FieldErrors(t *testing.T) {
	t.Parallel()
	server, handler := newTestHandler(t)
	for email, want := range map[string]string{
		"":          "<strong>The email is required.</strong>",
		"ada<b>":    "<strong>The email must be a valid email address.</strong>",
		"ada@@a.de": "<strong>The email must be a valid email address.</strong>",
	} {
		w := submit(handler, url.Values{"email": {email}})
		require.Equal(t, http.StatusUnprocessableEntity, w.Code)
		require.Contains(t, w.Body.String(), want)
		require.NotContains(t, w.Body.String(), "<b>")
	}
	require.Zero(t, server.Counts()["contacts"])
}

func TestForm_SlowAPI(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server, handler := newTestHandler(t)
		server.Fail(funneltest.Fault{Delay: time.Minute})
		start := time.Now()
		w := submit(handler, url.Values{"email": {"ada@example.com"}})
		require.Equal(t, 2*time.Second, time.Since(start))
		require.Equal(t, http.StatusServiceUnavailable, w.Code)
		require.Contains(t, w.Body.String(), `value="ada@example.com"`)

		w = submit(handler, url.Values{"email": {"ada@example.com"}}) // the first request was applied
		require.Equal(t, http.StatusOK, w.Code)
	})
}

func TestForm_Get(t *testing.T) {
	t.Parallel()
	_, handler := newTestHandler(t)
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", http.NoBody))
	require.Equal(t, http.StatusOK, w.Code)
	require.Contains(t, w.Body.String(), `<input name="email" value="">`)
}

func TestWebhooks_OnlySignedDeliveries(t *testing.T) {
	t.Parallel()
	var handler http.Handler
	server := funneltest.NewServer(funneltest.WithWebhookHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) })))
	t.Cleanup(server.Close)
	webhook, err := server.Client().Webhooks.Create(t.Context(), funnel.WebhookCreateParams{URL: "https://shop.example.com/webhooks"})
	require.NoError(t, err)
	for _, test := range []struct {
		secret string
		want   int
	}{{webhook.Secret, http.StatusNoContent}, {"another secret", http.StatusUnauthorized}} {
		handler, err = newHandler(server.Client(), test.secret)
		require.NoError(t, err)
		require.NoError(t, server.Deliver(map[string]string{"event": "contact.created"}))
		require.NoError(t, server.WaitForDeliveries(t.Context()))
		deliveries := server.Deliveries()
		require.Equal(t, test.want, deliveries[len(deliveries)-1].Status)
	}
	_, err = newHandler(server.Client(), "")
	require.ErrorContains(t, err, "secret")
}
