package main

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
)

// shown returns a part of the page, without its tags and on one line.
func shown(t *testing.T, e *emulator, id string) string {
	t.Helper()
	page := ask(e, "/")
	require.Equal(t, http.StatusOK, page.Code)
	part := regexp.MustCompile(`(?s)id="` + id + `"[^>]*>(.*?)</(div|dl)>\s*(</section>|<button)`).FindStringSubmatch(page.Body.String())
	require.NotNil(t, part, "no %s in %s", id, page.Body)
	text := regexp.MustCompile(`<[^>]*>`).ReplaceAllString(part[1], " ")
	return regexp.MustCompile(`\s+`).ReplaceAllString(text, " ")
}

func TestThePageShowsTheAccount(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := quiet()
		require.Contains(t, shown(t, e, "quota"), "0 of 600 requests this minute")
		e.api.SeedContacts(12)
		_, err := e.api.Client().Tags.Create(t.Context(), funnel.TagCreateParams{Name: "vip"})
		require.NoError(t, err)
		time.Sleep(20 * time.Second)
		callAPI(e, http.MethodGet, "/contact")
		require.Equal(t, " campaigns 0 contacts 12 funnels 0 sequences 0 stages 0 steps 0 tags 1 webhooks 0 ", shown(t, e, "resources"))
		require.Contains(t, shown(t, e, "quota"), "2 of 600 requests this minute")
		require.Contains(t, shown(t, e, "quota"), "598 left, 600 again in 40 s")
		require.Regexp(t, `^ Time Request Status Took \d\d:\d\d:\d\d GET /contact 422 &lt; 1 ms $`, shown(t, e, "requests"))
		require.Equal(t, " No fault is waiting. ", shown(t, e, "waiting"))
		provoke(t, e, "drop", "4")
		require.Equal(t, " Drop, no answer at all: the next 4 requests ", shown(t, e, "waiting"))
	})
}

func TestThePageSaysHowLongAnotherWindowIs(t *testing.T) {
	t.Parallel()
	e := quiet(funneltest.WithRateLimit(60, 2*time.Second))
	e.ratePer = 2 * time.Second
	require.Contains(t, shown(t, e, "quota"), "0 of 60 requests in this window of 2s")
}

func TestAnAPIWithoutALimitSaysSo(t *testing.T) {
	t.Parallel()
	require.Equal(t, " There is no limit. ", shown(t, quiet(funneltest.WithRateLimit(0, 0)), "quota"))
}

func TestThePageEscapesWhatClientsSend(t *testing.T) {
	t.Parallel()
	e := quiet()
	callAPI(e, "X", "/%3Cscript%3Ealert(1)%3C%2Fscript%3E")
	page := ask(e, "/").Body.String()
	require.NotContains(t, page, "<script>alert")
	require.Contains(t, page, "&lt;script&gt;alert")
}

func TestThePageDoesNotHoldTheKey(t *testing.T) {
	t.Parallel()
	e := quiet(funneltest.WithAPIKey("sec-ret"))
	callAPI(e, http.MethodGet, "/tags")
	require.NotContains(t, ask(e, "/").Body.String(), "sec-ret")
}

// TestThePageIsNoPartOfTheAPI shows that looking at the page is neither counted
// nor listed, and that the API keeps all paths but these.
func TestThePageIsNoPartOfTheAPI(t *testing.T) {
	t.Parallel()
	e := quiet()
	for target, want := range map[string]int{
		"/":                    200,
		"/?page=2":             200,
		"/_emulator/style.css": 200,
		"/_emulator/page.js":   200,
		"/_emulator/icon.svg":  200,
		"/_emulator/page.html": 404,
		"/_emulator/":          404,
		"/_emulator/faults":    405,
		"/favicon.ico":         303,
		"/healthz":             200,
		"/openapi.yaml":        200,
	} {
		require.Equal(t, want, ask(e, target).Code, target)
	}
	require.Equal(t, http.StatusMethodNotAllowed, ask(e, "/", "a=b").Code)
	require.Zero(t, e.api.RequestCount())
	require.Empty(t, e.journal.list())

	for i, target := range []string{"/contacts", "//", "/./", "/healthz/", "/_emulator", "/index.html", "/contact/../healthz"} {
		require.Equal(t, "application/json", callAPI(e, http.MethodGet, target).Header().Get("Content-Type"), target)
		require.Equal(t, i+1, e.api.RequestCount(), target)
	}
}

func TestEveryAssetOfThePageIsThere(t *testing.T) {
	t.Parallel()
	e := quiet()
	page := ask(e, "/").Body.String()
	links := regexp.MustCompile(`(?:src|href|action)="([^"]*)"`).FindAllStringSubmatch(page, -1)
	require.Len(t, links, 6)
	for _, link := range links {
		require.Regexp(t, `^/[^/]`, link[1], "nothing comes from elsewhere")
		require.NotEqual(t, http.StatusNotFound, ask(e, link[1]).Code, link[1])
	}
	for name, kind := range map[string]string{
		"style.css": "text/css; charset=utf-8",
		"page.js":   "text/javascript; charset=utf-8",
		"icon.svg":  "image/svg+xml",
	} {
		require.Equal(t, kind, ask(e, "/_emulator/"+name).Header().Get("Content-Type"))
	}
}

func TestHealthAnswersAHeadRequest(t *testing.T) {
	t.Parallel()
	require.Equal(t, http.StatusOK, send(quiet(), httptest.NewRequest(http.MethodHead, "http://127.0.0.1/healthz", nil)).Code)
}
