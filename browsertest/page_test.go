package browsertest_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
)

// TestPage_ShowsWhatAProgramDoes runs in every window size and colour scheme.
func TestPage_ShowsWhatAProgramDoes(t *testing.T) {
	for name, look := range map[string]struct {
		window size
		scheme string
	}{
		"desktop":    {desktop, "light"},
		"phone":      {phone, "light"},
		"dark":       {desktop, "dark"},
		"dark-phone": {phone, "dark"},
	} {
		t.Run(name, func(t *testing.T) {
			b, e := openBrowser(t, look.window), startEmulator(t)
			b.prefer(look.scheme)
			b.open(e.url)
			require.Contains(t, b.text("#requests"), "None yet.")
			require.Contains(t, b.text("#quota"), "0 of 600")
			require.Contains(t, b.text("#resources"), "custom fields 2")
			require.Contains(t, b.text("header"), e.url+"/v1")
			require.NotContains(t, b.text("body"), e.key)
			b.fits()
			b.picture(name + "-new")

			// A program sends requests.
			client, ctx := e.client(), t.Context()
			for i := range 8 {
				_, err := client.Contacts.Create(ctx, funnel.ContactCreateParams{Email: fmt.Sprintf("ada-%d@example.com", i)})
				require.NoError(t, err)
			}
			tag, err := client.Tags.Create(ctx, funnel.TagCreateParams{Name: "vip"})
			require.NoError(t, err)
			require.NoError(t, client.Contacts.AddTag(ctx, funnel.Email("ada-1@example.com"), tag.ID))
			_, err = client.Contacts.Get(ctx, funnel.ContactID(99))
			require.ErrorIs(t, err, funnel.ErrNotFound)
			b.sees("#resources", "contacts 12")
			b.sees("#resources", "tags 4")
			b.sees("#quota", "11 of 600")
			b.sees("#requests tbody tr", "GET /v1/contact ?contact_id=99") // the latest is first
			b.sees("#requests tbody tr", "404")
			b.sees("#requests tbody", "POST /v1/contact-tag")

			// The page makes its next request fail, and only that one.
			b.click("button[value='500']")
			b.sees("#faults", "500, a server error: the next request")
			require.ErrorIs(t, list(ctx, client), funnel.ErrServer)
			b.sees("#faults", "No fault is pending.")
			b.sees("#requests tbody tr.error", "GET /v1/tags")
			require.NoError(t, list(ctx, client))
			b.sees("#requests tbody tr.ok", "GET /v1/tags")

			b.fits()
			b.quiet()
			b.click("button[value='drop']")
			b.sees("#faults", "Drop")
			require.Equal(t, http.StatusOK, b.follow("#resources a[href*='contacts']"))
			require.Equal(t, http.StatusOK, b.follow("#requests tbody tr:nth-child(4) a"))
			b.fits()
			b.picture(name)
		})
	}
}

func TestPage_CountShowsItems(t *testing.T) {
	b, e := openBrowser(t, phone), startEmulator(t)
	b.open(e.url)
	require.Empty(t, b.text("#resource"))
	require.Equal(t, http.StatusOK, b.follow("#resources a[href*='tags']"))
	require.Contains(t, b.text("#resource"), "tags Close id created_at name 3 ")
	require.Contains(t, b.text("#resource"), "newsletter")
	b.fits()

	// New items appear by themselves, as text.
	_, err := e.client().Tags.Create(t.Context(), funnel.TagCreateParams{Name: "<b>bold</b>"})
	require.NoError(t, err)
	b.sees("#resource", "<b>bold</b>")

	require.Equal(t, http.StatusOK, b.follow("#resources a[href*='webhooks']"))
	require.Contains(t, b.text("#resource"), "webhooks Close There are none.")
	require.Equal(t, http.StatusOK, b.follow("#resource a"))
	require.Empty(t, b.text("#resource"))
	b.quiet()
}

func TestPage_RequestShowsBodies(t *testing.T) {
	b, e := openBrowser(t, desktop), startEmulator(t)
	client, ctx := e.client(), t.Context()
	_, err := client.Tags.Create(ctx, funnel.TagCreateParams{Name: "<b>bold</b>"})
	require.NoError(t, err)
	_, err = client.Tags.Create(ctx, funnel.TagCreateParams{Name: "<b>bold</b>"})
	require.ErrorIs(t, err, funnel.ErrTagExists)
	_, err = client.Contacts.List(ctx, funnel.ContactListParams{Period: funnel.PeriodLast7Days, PerPage: 2})
	require.NoError(t, err)
	b.open(e.url + "/?resource=tags")

	require.Equal(t, http.StatusOK, b.follow("#requests tbody tr:nth-child(1) a"))
	require.Contains(t, b.text("#query"), "period=last7days")
	require.Contains(t, b.text("#response"), "elena@example.com")
	require.Contains(t, b.text("#headers"), "Authorization: [redacted]")
	require.NotContains(t, b.text("body"), e.key)

	require.Equal(t, http.StatusOK, b.follow("#requests tbody tr:nth-child(2) a"))
	require.Contains(t, b.text("#request"), "POST /v1/tag Close")
	require.Equal(t, `{ "name": "<b>bold</b>" }`, strings.ReplaceAll(strings.ReplaceAll(b.text("#body"), `\u003c`, "<"), `\u003e`, ">"))
	require.Contains(t, b.text("#request"), "Response: 409")
	require.Contains(t, b.text("#response"), "TAG_EXISTS")
	require.Contains(t, b.text("#resource"), "newsletter", "the items are still shown")
	b.fits()
	b.picture("request")

	require.NoError(t, list(ctx, client))
	b.sees("#requests tbody tr", "GET /v1/tags")
	require.Contains(t, b.text("#response"), "TAG_EXISTS", "a new request does not replace the one that is shown")
	require.Equal(t, http.StatusOK, b.follow("#request a"))
	require.Empty(t, b.text("#request"))
	b.quiet()
}

func TestPage_SendsADelivery(t *testing.T) {
	b, e := openBrowser(t, desktop), startEmulator(t)
	b.open(e.url)
	b.click("#send")
	b.sees("#problem", "No active webhook is registered.")

	// A program registers its receiver.
	mux := http.NewServeMux() // every other path is not found
	hook := httptest.NewServer(mux)
	t.Cleanup(hook.Close)
	register := func(url string) *funnel.Webhook {
		webhook, err := e.client().Webhooks.Create(t.Context(), funnel.WebhookCreateParams{URL: url})
		require.NoError(t, err)
		return webhook
	}
	events := make(chan *funnel.Event, 2)
	receiver, err := funnel.NewWebhookHandler(register(hook.URL+"/hook").Secret, func(_ context.Context, event *funnel.Event) error {
		events <- event
		return nil
	})
	require.NoError(t, err)
	mux.Handle("/hook", receiver)

	b.types("#event", `{"type": "<b>hello</b>", "data": {"n": 1}}`)
	b.click("#send")
	b.sees("#deliveries tbody tr.ok", "delivered, attempt 1, status 204")
	require.Contains(t, b.text("#deliveries"), `{"type": "<b>hello</b>", "data": {"n": 1}}`)
	require.Empty(t, b.text("#problem"))
	event := <-events
	require.Equal(t, "<b>hello</b>", event.Type)
	require.JSONEq(t, `{"n": 1}`, string(event.Data))

	b.types("#event", `{"type": `)
	b.click("#send")
	b.sees("#problem", "The event is not valid JSON")
	require.Equal(t, `{"type": `, evaluate[string](b, "document.querySelector('#event').value"), "the text stays")

	register("https://shop.example/hook")
	register(hook.URL + "/missing")
	b.types("#event", `[]`)
	b.click("#send")
	b.sees("#deliveries tbody tr.warning", "blocked: only URLs on this machine get deliveries")
	b.sees("#deliveries tbody tr.error", "failed, attempt 1, status 404")
	b.fits()
	b.picture("deliveries")
}

func TestPage_EachFaultReachesTheProgram(t *testing.T) {
	b, e := openBrowser(t, desktop), startEmulator(t)
	b.open(e.url)
	for _, tt := range []struct {
		button  string
		pending string
		want    any // of the error: as in require.ErrorIs or, a pointer, in require.ErrorAs
		shown   string
	}{
		{"429", "429, over the limit", funnel.ErrRateLimited, "429"},
		{"500", "500, a server error", funnel.ErrServer, "500"},
		{"401", "401, the key is invalid", funnel.ErrUnauthorized, "401"},
		{"drop", "Drop, no response", new(*funnel.RequestError), "no response"},
	} {
		b.click("button[value='" + tt.button + "']")
		b.sees("#faults", tt.pending+": the next request")
		err := list(t.Context(), e.client())
		if code, ok := tt.want.(funnel.Code); ok {
			require.ErrorIs(t, err, code)
		} else {
			require.ErrorAs(t, err, tt.want)
		}
		b.sees("#requests tbody tr", "GET /v1/tags")
		b.sees("#requests tbody tr", tt.shown)
		b.sees("#faults", "No fault is pending.")
	}
	b.quiet()
}

func TestPage_SlowResponseIsInProgress(t *testing.T) {
	b, e := openBrowser(t, phone), startEmulator(t)
	b.open(e.url)
	b.click("button[value='slow']")
	b.sees("#faults", "Slow, a response after 5 s: the next request")

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	failed := make(chan error, 1)
	go func() { failed <- list(ctx, e.client()) }()
	b.sees("#requests tbody tr", "in progress")
	b.fits()
	cancel()
	require.ErrorIs(t, <-failed, context.Canceled)
	b.sees("#requests tbody tr", "no response")
	b.quiet()
}

func TestPage_ClearsOneFault(t *testing.T) {
	b, e := openBrowser(t, phone), startEmulator(t)
	b.open(e.url)
	b.click("input[value='all']")
	b.click("button[value='500']")
	b.sees("#faults", "500, a server error: all requests, until cleared")
	for range 3 {
		require.ErrorIs(t, list(t.Context(), e.client()), funnel.ErrServer)
	}
	b.sees("#quota", "3 of 600")
	require.True(t, evaluate[bool](b, `document.querySelector("input[value='all']").checked`), "an update of the page keeps the choice")

	b.click("button[value='401']")
	b.sees("#faults li:nth-child(2)", "401, the key is invalid: all requests, until cleared")
	b.fits()
	b.picture("faults")
	b.click("#faults li:nth-child(1) button")
	b.sees("#faults li:nth-child(1)", "401, the key is invalid")
	require.NotContains(t, b.text("#faults"), "500")
	require.ErrorIs(t, list(t.Context(), e.client()), funnel.ErrUnauthorized)

	b.click("#faults button")
	b.sees("#faults", "No fault is pending.")
	require.NoError(t, list(t.Context(), e.client()))
	b.quiet()
}

func TestPage_WithoutScripts(t *testing.T) {
	b, e := openBrowser(t, desktop), startEmulator(t)
	b.withoutScripts()
	b.open(e.url)
	require.Equal(t, http.StatusOK, b.follow("button[value='401']"))
	require.Contains(t, b.text("#faults"), "401, the key is invalid: the next request")
	require.ErrorIs(t, list(t.Context(), e.client()), funnel.ErrUnauthorized)
	b.open(e.url)
	require.Contains(t, b.text("#requests tbody tr"), "GET /v1/tags")
	require.Contains(t, b.text("#requests tbody tr"), "401")
	require.Equal(t, http.StatusOK, b.follow("button[value='500']"))
	require.Equal(t, http.StatusOK, b.follow("#faults button"))
	require.Contains(t, b.text("#faults"), "No fault is pending.")
	require.Equal(t, http.StatusConflict, b.follow("#send"))
	require.Contains(t, b.text("body"), "No active webhook is registered.")
}

func TestPage_SaysThatTheEmulatorHasEnded(t *testing.T) {
	b, e := openBrowser(t, desktop), startEmulator(t)
	b.open(e.url)
	require.Empty(t, b.text("#offline"))
	e.stop()
	b.sees("#offline", "The emulator does not respond.")
}

// TestPage_OtherSitesCannotUseIt opens a page of another site, which sends the
// page's forms and shows the page in a frame.
func TestPage_OtherSitesCannotUseIt(t *testing.T) {
	b, e := openBrowser(t, desktop), startEmulator(t)
	_, err := e.client().Webhooks.Create(t.Context(), funnel.WebhookCreateParams{URL: "https://shop.example/hook"})
	require.NoError(t, err)
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, `<!DOCTYPE html><title>Another site</title>
			<iframe src="%[1]s/"></iframe>
			<form method="post" action="%[1]s/_emulator/faults"><input name="span" value="all"><button name="fault" value="500">Win!</button></form>
			<script>
				const post = (path, form) =>
					fetch("%[1]s/_emulator/" + path, { method: "POST", mode: "no-cors", body: new URLSearchParams(form) }).catch(() => {});
				Promise.all([post("faults", { fault: "500", span: "all" }), post("deliveries", { event: "1" })]).then(() =>
				fetch("%[1]s/?resource=contacts").then(() => "read", () => "blocked")).then((result) => { document.title = result });
			</script>`, e.url)
	}))
	t.Cleanup(other.Close)

	b.open(other.URL)
	b.within("finish the scripts", holds(`document.title !== "Another site"`))
	require.Equal(t, "blocked", evaluate[string](b, "document.title"))
	require.False(t, evaluate[bool](b, "Boolean(document.querySelector('iframe').contentDocument?.querySelector('h1'))"))
	require.Equal(t, http.StatusForbidden, b.follow("button"))

	b.open(e.url)
	require.Contains(t, b.text("#faults"), "No fault is pending.")
	require.Contains(t, b.text("#deliveries"), "None yet.")
}

// TestPage_NotServedUnderAForeignName is DNS rebinding: a site makes its own name
// point to the emulator.
func TestPage_NotServedUnderAForeignName(t *testing.T) {
	b, e := openBrowser(t, desktop), startEmulator(t)
	b.open(strings.Replace(e.url, "127.0.0.1", foreignName, 1))
	require.Contains(t, b.text("body"), "This page is served under its IP address")
	require.NotContains(t, b.text("body"), "Account")
}

// list sends one request.
func list(ctx context.Context, client *funnel.Client) error {
	_, err := client.Tags.List(funnel.WithoutRetry(ctx), funnel.TagListParams{})
	return err
}
