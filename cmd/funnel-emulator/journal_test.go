package main

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
)

// logged returns an emulator with a log whose varying attributes are replaced.
func logged(opts ...funneltest.Option) (*emulator, *syncBuffer) {
	log := new(syncBuffer)
	handler := slog.NewTextHandler(log, &slog.HandlerOptions{
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			switch a.Key {
			case slog.TimeKey:
				return slog.Attr{}
			case "arrived", "took":
				return slog.String(a.Key, "…")
			}
			return a
		},
	})
	return newEmulator(newServer(opts...), new(clock), "", slog.New(handler)), log
}

func TestJournal_OneLinePerRequest(t *testing.T) {
	t.Parallel()
	e, log := logged()
	callAPI(e, http.MethodGet, "/v1/tags?page=1")
	callAPI(e, http.MethodGet, "/v1/contact?email=ada@example.com")
	send(e, httptest.NewRequest(http.MethodPost, "http://127.0.0.1/v1/tag", nil))
	e.api.Fail(funneltest.Fault{DropConnection: true})
	callAPI(e, http.MethodDelete, "/v1/tag", `{"tag_id":1}`)
	require.Equal(t, `level=INFO msg=request method=GET path=/v1/tags status=200 arrived=… took=… id=req-1
level=INFO msg=request method=GET path=/v1/contact status=404 arrived=… took=… id=req-2
level=INFO msg=request method=POST path=/v1/tag status=401 arrived=… took=… id=req-3
level=INFO msg="request without a response" method=DELETE path=/v1/tag status=0 arrived=… took=… id=""
`, log.String())
}

func TestJournal_LogsNothingPrivate(t *testing.T) {
	t.Parallel()
	const key = "k3y-@/secret"
	e, log := logged(funneltest.WithAPIKey(key))
	for _, target := range []string{
		"/contact?email=ada@example.com&api_key=" + key,
		"/contact/ada@example.com/tags",
		"/contact/ada%40example.com",
		"/contact/ada%2540example.com",
		"/" + key + "/contact",
		"/k3y-%40%2Fsecret",
		"/page%0Alevel=ERROR",
		"/" + strings.Repeat("x", 10_000),
	} {
		callAPI(e, http.MethodPost, target, `{"email":"ada@example.com"}`)
	}
	require.Equal(t, 8, strings.Count(log.String(), "\n"))
	for _, private := range []string{"ada", "example.com", "secret", "k3y", "email", "page=", "api_key"} {
		require.NotContains(t, log.String(), private)
	}
	require.Contains(t, log.String(), "path=/contact/[address]/tags ")
	require.Contains(t, log.String(), "path=/[key]/contact ")
	require.Contains(t, log.String(), `path="/page level=ERROR" `)
	require.Less(t, len(log.String()), 1500)
}

func TestJournal_Details(t *testing.T) {
	t.Parallel()
	const key = "k3y/secret"
	e := quiet(funneltest.WithAPIKey(key))
	r := httptest.NewRequest(http.MethodPost, "http://127.0.0.1:8080/v1/tag?api_key=k3y%2Fsecret&note=caf%C3%A9", strings.NewReader(`{"name":"vip","note":"k3y/secret"}`))
	r.Header.Set("Authorization", "Bearer "+key)
	r.Header.Set("Content-Type", "application/json")
	r.Header["X-Note"] = []string{"first", "the key is " + key}
	require.Equal(t, http.StatusCreated, send(e, r).Code)
	require.Equal(t, details{
		Query:    "api_key=[key]&note=café",
		Header:   "Authorization: [redacted]\nContent-Type: application/json\nX-Note: first\nX-Note: the key is [key]",
		Body:     "{\n  \"name\": \"vip\",\n  \"note\": \"[key]\"\n}",
		Response: "{\n  \"success\": true,\n  \"data\": {\n    \"id\": 1,\n    \"name\": \"vip\"\n  }\n}",
	}, e.journal.list()[0].details)

	// Another key is redacted, too: it may be a real one.
	r = httptest.NewRequest(http.MethodGet, "http://127.0.0.1:8080/v1/tags?%zz", nil)
	r.Header.Set("Authorization", "Bearer production-key")
	require.Equal(t, http.StatusUnauthorized, send(e, r).Code)
	entry := e.journal.list()[0]
	require.Equal(t, []string{"%zz", "Authorization: [redacted]", ""}, []string{entry.Query, entry.Header, entry.Body})
}

func TestJournal_LargeBodies(t *testing.T) {
	t.Parallel()
	e := quiet()
	for size, want := range map[int]string{
		keptBody:     strings.Repeat("x", keptBody),
		keptBody + 1: strings.Repeat("x", keptBody) + "…",
	} {
		callAPI(e, http.MethodPost, "/v1/tag", strings.Repeat("x", size))
		require.Equal(t, want, e.journal.list()[0].Body)
	}
	e.api.SeedContacts(100)
	callAPI(e, http.MethodGet, "/v1/contacts?per_page=100&note="+strings.Repeat("x", keptLine))
	entry := e.journal.list()[0]
	require.Len(t, entry.Response, keptBody+len("…"))
	require.Len(t, []rune(entry.Query), keptLine+1)
}

func TestJournal_KeepsTheLastRequests(t *testing.T) {
	t.Parallel()
	e := quiet(funneltest.WithRateLimit(0, 0))
	for i := range keptRequests + 2 {
		callAPI(e, http.MethodGet, fmt.Sprintf("/%d", i))
	}
	list := e.journal.list()
	require.Len(t, list, keptRequests)
	require.Equal(t, fmt.Sprintf("/%d", keptRequests+1), list[0].Path)
	require.Equal(t, keptRequests+2, list[0].Number)
	require.Equal(t, "/2", list[keptRequests-1].Path)
}

func TestJournal_RequestInProgress(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := quiet()
		e.api.Fail(funneltest.Fault{Delay: 1500 * time.Millisecond})
		done := make(chan struct{})
		go func() {
			defer close(done)
			callAPI(e, http.MethodGet, "/v1/tags")
		}()
		synctest.Wait()
		entry := e.journal.list()[0]
		require.Equal(t, []string{"pending", "in progress", ""}, []string{entry.Level(), entry.Result(), entry.Duration()})
		<-done
		entry = e.journal.list()[0]
		require.Equal(t, []string{"ok", "200", "1.5 s"}, []string{entry.Level(), entry.Result(), entry.Duration()})
	})
}

func TestEntry_Texts(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		entry entry
		texts []string
	}{
		{entry{}, []string{"pending", "in progress", ""}},
		{entry{Done: true}, []string{"error", "no response", "< 1 ms"}},
		{entry{Done: true, Status: 204, Took: time.Millisecond}, []string{"ok", "204", "1 ms"}},
		{entry{Done: true, Status: 429, Took: 999 * time.Millisecond}, []string{"warning", "429", "999 ms"}},
		{entry{Done: true, Status: 503, Took: 61 * time.Second}, []string{"error", "503", "61.0 s"}},
	} {
		got := []string{tt.entry.Level(), tt.entry.Result(), tt.entry.Duration()}
		require.Equal(t, tt.texts, got)
	}
}

// TestJournal_DroppedConnection drops a real connection, which the fake must
// reach through the journal.
func TestJournal_DroppedConnection(t *testing.T) {
	t.Parallel()
	p := start(t)
	response, err := http.PostForm(p.url+"/_emulator/page/faults", map[string][]string{"fault": {"drop"}, "span": {"1"}})
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusOK, response.StatusCode)

	ctx := funnel.WithoutRetry(t.Context())
	_, err = newClient(t, p.url, p.key).Tags.Create(ctx, funnel.TagCreateParams{Name: "vip"})
	var failed *funnel.RequestError
	require.ErrorAs(t, err, &failed)
	require.True(t, failed.MayHaveBeenApplied)
	eventually(t, "the request is logged", func() bool {
		return strings.Contains(p.log.String(), `msg="request without a response" method=POST path=/v1/tag status=0 `)
	})
}
