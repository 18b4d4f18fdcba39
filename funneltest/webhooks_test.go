package funneltest_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWebhooks_Lifecycle(t *testing.T) {
	t.Parallel()
	a := newAPIAtNoon(t)
	a.expect(exchange{`GET /webhooks`, 200, data(`[]`)})
	got := a.call(`POST /webhook {"url":"https://example.com/hook?token=t"}`)
	require.Equal(t, 201, got.Status)
	secret := a.WebhookSecret(1)
	require.Regexp(t, `^[A-Za-z0-9]{32}$`, secret)
	require.JSONEq(t, data(`{"id":1,"url":"https://example.com/hook?token=t","active":true,"secret":"`+secret+`"}`), got.Body)
	a.setUp(`POST /webhook {"url":"http://127.0.0.1:8080/"}`)
	a.expect(
		exchange{`GET /webhooks?page=9`, 200, data(`[
			{"id":1,"url":"https://example.com/hook?token=t","active":true,"created_at":"2031-03-10T12:00:00.000000Z"},
			{"id":2,"url":"http://127.0.0.1:8080/","active":true,"created_at":"2031-03-10T12:00:00.000000Z"}]`)},
		exchange{`DELETE /webhook {"webhook_id":1}`, 200, done},
		exchange{`DELETE /webhook {"webhook_id":1}`, 404, notFound("Webhook")},
		exchange{`DELETE /webhook {}`, 422, invalid(`{"webhook_id":["The webhook id field is required."]}`)},
	)
	require.NotContains(t, a.get("/webhooks").Body, "secret")
	require.Empty(t, a.WebhookSecret(1))
}

func TestWebhooks_SecretsDiffer(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	seen := map[string]bool{}
	for _, path := range []string{"a", "b", "c"} {
		var created struct{ Secret string }
		require.NoError(t, json.Unmarshal(a.call(`POST /webhook {"url":"https://example.com/`+path+`"}`).ok().Data, &created))
		seen[created.Secret] = true
	}
	require.Len(t, seen, 3)
}

func TestWebhooks_URLsAreUnique(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.setUp(`POST /webhook {"url":"https://a.example/"}`)
	a.expect(exchange{`POST /webhook {"url":"https://a.example/"}`, 409,
		`{"success":false,"error":{"code":"WEBHOOK_EXISTS","message":"A webhook with that URL already exists"}}`})
	a.setUp(`POST /webhook {"url":"https://a.example/b"}`)
}

func TestWebhooks_URLIsHTTPSOrLoopback(t *testing.T) {
	t.Parallel()
	const https = "The url must be a valid HTTPS URL."
	for url, message := range map[string]string{
		`"https://example.com"`:          "",
		`"https://10.0.0.1:8443/x?y=z"`:  "",
		`"HTTPS://example.com"`:          "",
		`"http://localhost:8080/x"`:      "",
		`"http://127.9.9.9/"`:            "",
		`"http://[::1]:1/"`:              "",
		`"http://example.com"`:           https,
		`"http://localhost.example.com"`: https,
		`"http://127.0.0.1.example.com"`: https,
		`"http://10.0.0.1"`:              https,
		`"ftp://localhost"`:              https,
		`"/hook"`:                        https,
		`"https://"`:                     https,
		`"https://a b"`:                  https,
		`"example.com"`:                  https,
		`""`:                             "The url field is required.",
		`null`:                           "The url field is required.",
		`7`:                              "The url must be a string.",
		`"https://` + strings.Repeat("x", 2048) + `"`: "The url must not be greater than 2048 characters.",
	} {
		t.Run(url[:min(len(url), 40)], func(t *testing.T) {
			t.Parallel()
			a := newAPI(t)
			got := a.call(`POST /webhook {"url":` + url + `}`)
			if message == "" {
				got.ok()
				return
			}
			got.isInvalid("url", message)
			require.Zero(t, a.Counts()["webhooks"])
		})
	}
}
