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

// TestThePageShowsWhatAProgramDoes is the page's whole purpose, in every
// window and theme.
func TestThePageShowsWhatAProgramDoes(t *testing.T) {
	for name, look := range map[string]struct {
		window size
		scheme string
	}{
		"desktop": {desktop, "light"},
		"phone":   {phone, "light"},
		"dark":    {desktop, "dark"},
		"night":   {phone, "dark"},
	} {
		t.Run(name, func(t *testing.T) {
			b, e := openBrowser(t, look.window), startEmulator(t)
			b.prefer(look.scheme)
			b.open(e.url)
			require.Contains(t, b.text("#requests"), "None yet.")
			require.Contains(t, b.text("#quota"), "0 of 600")
			require.Contains(t, b.text("header"), e.url)
			require.NotContains(t, b.text("body"), e.key)
			b.fits()
			b.picture(name + "-new")

			// A program at work.
			client, ctx := e.client(), t.Context()
			for i := range 12 {
				_, err := client.Contacts.Create(ctx, funnel.ContactCreateParams{Email: fmt.Sprintf("ada-%d@example.com", i)})
				require.NoError(t, err)
			}
			tag, err := client.Tags.Create(ctx, funnel.TagCreateParams{Name: "vip"})
			require.NoError(t, err)
			require.NoError(t, client.Contacts.AddTags(ctx, 1, tag.ID))
			_, err = client.Contacts.Get(ctx, 99)
			require.ErrorIs(t, err, funnel.ErrNotFound)
			b.sees("#resources", "contacts 12")
			b.sees("#resources", "tags 1")
			b.sees("#quota", "15 of 600")
			b.sees("#requests tbody tr", "GET /contact 404") // the latest is on top
			b.sees("#requests tbody", "POST /contact-tag 200")
			require.NotContains(t, b.text("body"), "example.com")

			// The page makes its next request fail, and the one after that works.
			b.click("button[value='500']")
			b.sees("#waiting", "500, a server error: the next request")
			_, err = client.Tags.Get(funnel.WithoutRetry(ctx), tag.ID)
			require.ErrorIs(t, err, funnel.ErrServer)
			b.sees("#waiting", "No fault is waiting.")
			b.sees("#requests tbody tr", "GET /tag 500")
			_, err = client.Tags.Get(funnel.WithoutRetry(ctx), tag.ID)
			require.NoError(t, err)
			b.sees("#requests tbody tr", "GET /tag 200")

			b.fits()
			b.quiet()
			b.click("button[value='drop']")
			b.sees("#waiting", "Drop")
			b.picture(name)
		})
	}
}

func TestEachFaultReachesTheProgram(t *testing.T) {
	b, e := openBrowser(t, desktop), startEmulator(t)
	b.open(e.url)
	for _, tt := range []struct {
		button  string
		waiting string
		want    any // of the error: as in require.ErrorIs or, a pointer, in require.ErrorAs
		shown   string
	}{
		{"429", "429, over the limit", funnel.ErrRateLimited, "429"},
		{"500", "500, a server error", funnel.ErrServer, "500"},
		{"401", "401, the key is refused", funnel.ErrUnauthorized, "401"},
		{"drop", "Drop, no answer at all", new(*funnel.RequestError), "no answer"},
	} {
		b.click("button[value='" + tt.button + "']")
		b.sees("#waiting", tt.waiting+": the next request")
		err := list(t.Context(), e.client())
		if code, ok := tt.want.(funnel.Code); ok {
			require.ErrorIs(t, err, code)
		} else {
			require.ErrorAs(t, err, tt.want)
		}
		b.sees("#requests tbody tr", "GET /tags "+tt.shown)
		b.sees("#waiting", "No fault is waiting.")
	}
	b.quiet()
}

func TestASlowAnswerIsSeenWhileItIsUnderWay(t *testing.T) {
	b, e := openBrowser(t, phone), startEmulator(t)
	b.open(e.url)
	b.click("button[value='slow']")
	b.sees("#waiting", "Slow, an answer after 5 s: the next request")

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	failed := make(chan error, 1)
	go func() { failed <- list(ctx, e.client()) }()
	b.sees("#requests tbody tr", "GET /tags under way")
	b.fits()
	cancel()
	require.ErrorIs(t, <-failed, context.Canceled)
	b.sees("#requests tbody tr", "GET /tags no answer")
	b.quiet()
}

func TestAFaultForAllRequestsLastsUntilItIsCleared(t *testing.T) {
	b, e := openBrowser(t, phone), startEmulator(t)
	b.open(e.url)
	b.click("input[value='all']")
	b.click("button[value='500']")
	b.sees("#waiting", "500, a server error: all requests, until cleared")
	for range 3 {
		require.ErrorIs(t, list(t.Context(), e.client()), funnel.ErrServer)
	}
	b.sees("#quota", "3 of 600")
	require.True(t, evaluate[bool](b, `document.querySelector("input[value='all']").checked`), "a choice outlasts what is new on the page")

	b.click("#clear")
	b.sees("#waiting", "No fault is waiting.")
	require.NoError(t, list(t.Context(), e.client()))
	b.quiet()
}

func TestThePageWorksWithoutScripts(t *testing.T) {
	b, e := openBrowser(t, desktop), startEmulator(t)
	b.withoutScripts()
	b.open(e.url)
	require.Equal(t, http.StatusOK, b.follow("button[value='401']"))
	require.Contains(t, b.text("#waiting"), "401, the key is refused: the next request")
	require.ErrorIs(t, list(t.Context(), e.client()), funnel.ErrUnauthorized)
	b.open(e.url)
	require.Contains(t, b.text("#requests tbody tr"), "GET /tags 401")
}

func TestThePageSaysWhenTheEmulatorHasGone(t *testing.T) {
	b, e := openBrowser(t, desktop), startEmulator(t)
	b.open(e.url)
	require.Empty(t, b.text("#offline"))
	e.stop()
	b.sees("#offline", "The emulator does not answer.")
}

// TestNoOtherSiteCanUseThePage opens a page of another site, which tries what
// the page's own buttons do, and to show the page in a frame.
func TestNoOtherSiteCanUseThePage(t *testing.T) {
	b, e := openBrowser(t, desktop), startEmulator(t)
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, `<!DOCTYPE html><title>Another site</title>
			<iframe src="%[1]s/"></iframe>
			<form method="post" action="%[1]s/_emulator/faults"><input name="span" value="all"><button name="fault" value="500">Win!</button></form>
			<script>
				const options = { method: "POST", mode: "no-cors", body: new URLSearchParams({ fault: "500", span: "all" }) };
				fetch("%[1]s/_emulator/faults", options).catch(() => {}).then(() =>
				fetch("%[1]s/").then(() => "read", () => "refused")).then((said) => { document.title = said });
			</script>`, e.url)
	}))
	t.Cleanup(other.Close)

	b.open(other.URL)
	b.within("see what became of the scripts", holds(`document.title !== "Another site"`))
	require.Equal(t, "refused", evaluate[string](b, "document.title"))
	require.False(t, evaluate[bool](b, "Boolean(document.querySelector('iframe').contentDocument?.querySelector('h1'))"))
	require.Equal(t, http.StatusForbidden, b.follow("button"))

	b.open(e.url)
	require.Contains(t, b.text("#waiting"), "No fault is waiting.")
}

// TestThePageIsNotServedUnderAStrangersName is what a site would do that makes
// its own name point to the emulator.
func TestThePageIsNotServedUnderAStrangersName(t *testing.T) {
	b, e := openBrowser(t, desktop), startEmulator(t)
	b.open(strings.Replace(e.url, "127.0.0.1", strangersName, 1))
	require.Contains(t, b.text("body"), "This page is served under its IP address")
	require.NotContains(t, b.text("body"), "Resources")
}

// list makes one request.
func list(ctx context.Context, client *funnel.Client) error {
	_, err := client.Tags.List(funnel.WithoutRetry(ctx), funnel.TagListParams{})
	return err
}
