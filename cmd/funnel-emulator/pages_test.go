package main

import (
	"fmt"
	"html"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel/funneltest"
)

// shown returns a live part of a page without its tags, on one line.
func shown(t *testing.T, e *emulator, target, id string) string {
	t.Helper()
	page := ask(e, target)
	require.Equal(t, http.StatusOK, page.Code)
	// A part ends with its form or section, or where the next part begins.
	part := regexp.MustCompile(`(?s)id="` + id + `"[^>]*>(.*?)(</section>|</form>|<div id=)`).FindStringSubmatch(page.Body.String())
	require.NotNil(t, part, "no %s in %s", id, page.Body)
	text := regexp.MustCompile(`<[^>]*>`).ReplaceAllString(part[1], " ")
	return regexp.MustCompile(`\s+`).ReplaceAllString(text, " ")
}

func TestPage_ShowsTheAccount(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := quiet()
		require.Contains(t, shown(t, e, "/", "quota"), "0 of 600 requests this minute")
		e.api.SeedContacts(12)
		callAPI(e, http.MethodPost, "/v1/tag", `{"name":"vip"}`)
		time.Sleep(20 * time.Second)
		callAPI(e, http.MethodGet, "/v1/contact")
		want := " "
		counts := e.api.Counts()
		require.Equal(t, []int{12, 1}, []int{counts["contacts"], counts["tags"]})
		for _, resource := range slices.Sorted(maps.Keys(counts)) {
			want += fmt.Sprintf("%s %d ", strings.ReplaceAll(resource, "_", " "), counts[resource])
		}
		require.Equal(t, want, shown(t, e, "/", "resources"))
		require.Contains(t, shown(t, e, "/", "quota"), "2 of 600 requests this minute")
		require.Contains(t, shown(t, e, "/", "quota"), "598 left; resets in 40 s")
		require.Regexp(t, `^ Time Request Took Status \d\d:\d\d:\d\d GET /v1/contact &lt; 1 ms 422 \d\d`, shown(t, e, "/", "requests"))
		require.Equal(t, " No fault is pending. ", shown(t, e, "/", "faults"))
		provoke(t, e, "drop", "4")
		require.Equal(t, " Drop, no response: the next 4 requests Clear ", shown(t, e, "/", "faults"))
	})
}

func TestPage_ShowsWhatWasClicked(t *testing.T) {
	t.Parallel()
	e := quiet()
	callAPI(e, http.MethodPost, "/v1/tag", `{"name":"vip"}`)
	callAPI(e, http.MethodGet, "/v1/tags?per_page=3")
	require.Equal(t, " ", shown(t, e, "/", "resource"))
	require.Equal(t, " ", shown(t, e, "/", "request"))

	require.Regexp(t, `^ tags Close id created_at name 1 \S+ vip $`, shown(t, e, "/?resource=tags", "resource"))
	first := html.UnescapeString(shown(t, e, "/?request=1", "request"))
	require.Contains(t, first, ` POST /v1/tag Close Headers Authorization: [redacted] `)
	require.Contains(t, first, ` Body { "name": "vip" } Response: 201 { "success": true, `)
	require.Contains(t, shown(t, e, "/?request=2", "request"), ` GET /v1/tags Close Query per_page=3 Headers `)
	for _, number := range []string{"0", "3", "01", "x"} {
		require.Equal(t, " ", shown(t, e, "/?request="+number, "request"))
	}
}

// TestPage_LinksKeepWhatIsShown clicks a request while a resource is shown, and
// the other way round.
func TestPage_LinksKeepWhatIsShown(t *testing.T) {
	t.Parallel()
	e := quiet()
	callAPI(e, http.MethodGet, "/v1/tags")
	page := ask(e, "/?resource=tags&request=1&other=2").Body.String()
	for _, link := range []string{"/?request=1&amp;resource=contacts#resource", "/?request=1&amp;resource=tags#request", "/?request=1", "/?resource=tags"} {
		require.Contains(t, page, `href="`+link+`"`)
	}
	require.NotContains(t, page, "other")
}

func TestPage_OtherWindow(t *testing.T) {
	t.Parallel()
	e := quiet(funneltest.WithRateLimit(60, 2*time.Second))
	e.ratePer = 2 * time.Second
	require.Contains(t, shown(t, e, "/", "quota"), "0 of 60 requests in this window of 2s")
}

func TestPage_NoLimit(t *testing.T) {
	t.Parallel()
	require.Equal(t, " There is no limit. ", shown(t, quiet(funneltest.WithRateLimit(0, 0)), "/", "quota"))
}

func TestPage_EscapesForeignText(t *testing.T) {
	t.Parallel()
	const script = `<script>alert('"')</script>`
	e := quiet()
	defer e.api.Close()
	callAPI(e, "X", "/%3Cscript%3Ealert(1)%3C%2Fscript%3E?%3Cscript%3Ealert(1)%3C%2Fscript%3E")
	callAPI(e, http.MethodPost, "/v1/webhook", `{"url":"https://shop.example/hook"}`)
	ask(e, "/_emulator/page/deliveries", "event=\""+strings.ReplaceAll(script, `"`, ``)+"\"")
	r := httptest.NewRequest(http.MethodPost, "http://127.0.0.1:8080/v1/tag", strings.NewReader(`{"name":"`+strings.ReplaceAll(script, `"`, `\"`)+`"}`))
	r.Header.Set("Authorization", "Bearer "+e.api.APIKey())
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Script", script)
	require.Equal(t, http.StatusCreated, send(e, r).Code)

	for target, times := range map[string]int{
		"/":                               3, // path, query, delivery
		"/?resource=tags":                 4,
		"/?request=3":                     5, // header and body; JSON escapes it in the response
		"/?resource=%3Cscript%3Ealert(1)": 3,
	} {
		page := ask(e, target).Body.String()
		require.NotContains(t, page, "<script>", target)
		require.Equal(t, times, strings.Count(page, "&lt;script&gt;"), target)
	}
}

func TestPage_HidesTheKey(t *testing.T) {
	t.Parallel()
	e := quiet(funneltest.WithAPIKey("sec-ret"))
	callAPI(e, http.MethodGet, "/v1/tags?api_key=sec-ret", `{"api_key":"sec-ret"}`)
	require.NotContains(t, ask(e, "/?request=1").Body.String(), "sec-ret")
}

// TestPages_AreNotPartOfTheAPI: requests to them are neither counted nor listed,
// and all other paths are the API's.
func TestPages_AreNotPartOfTheAPI(t *testing.T) {
	t.Parallel()
	e := quiet()
	for target, want := range map[string]int{
		"/":                          200,
		"/?page=2":                   200,
		"/?resource=contacts":        200,
		"/_emulator/style.css":       200,
		"/_emulator/page.js":         200,
		"/_emulator/icon.svg":        200,
		"/_emulator/page.html":       404,
		"/_emulator/":                404,
		"/_emulator/page/faults":     405,
		"/_emulator/page/deliveries": 405,
		"/favicon.ico":               303,
		"/healthz":                   200,
		"/openapi.yaml":              200,
	} {
		require.Equal(t, want, ask(e, target).Code, target)
	}
	require.Equal(t, http.StatusMethodNotAllowed, ask(e, "/", "a=b").Code)
	require.Zero(t, e.api.RequestCount())
	require.Empty(t, e.journal.list())

	for i, target := range []string{"/v1/contacts", "/contacts", "//", "/./", "/v1/", "/healthz/", "/_emulator", "/index.html", "/v1/contact/../healthz"} {
		response := callAPI(e, http.MethodGet, target)
		require.Equal(t, "application/json", response.Header().Get("Content-Type"), target)
		require.Equal(t, target == "/v1/contacts", response.Code == http.StatusOK, target)
		require.Equal(t, i+1, e.api.RequestCount(), target)
	}
}

func TestPage_AssetsExist(t *testing.T) {
	t.Parallel()
	e := quiet()
	page := ask(e, "/").Body.String()
	links := regexp.MustCompile(`(?:src|href|action)="([^"]*)"`).FindAllStringSubmatch(page, -1)
	require.Len(t, links, 7+len(e.api.Counts()))
	for _, link := range links {
		require.Regexp(t, `^/[^/]`, link[1], "no external resources")
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

func TestHealthz_HeadRequest(t *testing.T) {
	t.Parallel()
	require.Equal(t, http.StatusOK, send(quiet(), httptest.NewRequest(http.MethodHead, "http://127.0.0.1/healthz", nil)).Code)
}
