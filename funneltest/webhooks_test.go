package funneltest_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel/funneltest"
)

const everyEvent = `["contact.created","contact.updated","contact.tagged","contact.enrolled","campaign.sent","funnel.optin","funnel.sale"]`

func TestWebhookLifecycle(t *testing.T) {
	t.Parallel()
	a := newAPI(t, funneltest.WithClock(newClock("2026-11-22T09:30:00Z").now))
	const created = `{"id":1,"url":"https://example.com/hook?token=t","events":` + everyEvent + `,"active":true,
		"created_at":"2026-11-22T09:30:00.000000Z"}`
	a.post("/webhook", `{"url":"https://example.com/hook?token=t"}`).data(created)
	a.get("/webhook?webhook_id=1").data(created)
	a.get("/webhooks").data("[" + created + "]")
	a.put("/webhook", `{"webhook_id":1,"url":"http://127.0.0.1:1/x","events":["funnel.sale","funnel.sale"],"active":false}`).
		data(`{"id":1,"url":"http://127.0.0.1:1/x","events":["funnel.sale"],"active":false,"created_at":"2026-11-22T09:30:00.000000Z"}`)
	require.Equal(t, `"http://127.0.0.1:1/x"`, a.put("/webhook", `{"webhook_id":1,"active":"1"}`).field("url"))
	require.Equal(t, `true`, a.get("/webhook?webhook_id=1").field("active"))
	a.delete("/webhook?webhook_id=1").data("null")
	a.get("/webhook?webhook_id=1").refused(404, "NOT_FOUND")
}

func TestWebhookURLsAreUnique(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.setUp(`POST /webhook {"url":"https://a.test/"}`, `POST /webhook {"url":"https://b.test/"}`)
	a.post("/webhook", `{"url":"https://a.test/"}`).refused(409, "WEBHOOK_EXISTS")
	a.put("/webhook", `{"webhook_id":2,"url":"https://a.test/"}`).refused(409, "WEBHOOK_EXISTS")
	require.Equal(t, 2, a.Counts()["webhooks"])
}

func TestWebhookFieldsAreValidated(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	for name, test := range map[string]struct{ body, field, message string }{
		"no url":          {`{}`, "url", "The url field is required."},
		"relative url":    {`{"url":"/hook"}`, "url", "The url must be a valid URL."},
		"ftp url":         {`{"url":"ftp://example.com"}`, "url", "The url must be a valid URL."},
		"url sans host":   {`{"url":"https://"}`, "url", "The url must be a valid URL."},
		"broken url":      {`{"url":"https://a b"}`, "url", "The url must be a valid URL."},
		"long url":        {`{"url":"https://a.test/` + strings.Repeat("x", 2048) + `"}`, "url", "The url must not be greater than 2048 characters."},
		"unknown event":   {`{"url":"https://a.test","events":["funnel.sale","moon.rise"]}`, "events.1", "The selected events.1 is invalid."},
		"event as number": {`{"url":"https://a.test","events":[1]}`, "events.0", "The selected events.0 is invalid."},
		"events as text":  {`{"url":"https://a.test","events":"funnel.sale"}`, "events", "The events must be an array."},
		"active as text":  {`{"url":"https://a.test","active":"yes"}`, "active", "The active field must be true or false."},
		"active as null":  {`{"url":"https://a.test","active":null}`, "active", "The active field must be true or false."},
	} {
		t.Run(name, func(t *testing.T) {
			a.post("/webhook", test.body).invalid(test.field, test.message)
			require.Zero(t, a.Counts()["webhooks"])
		})
	}
}
