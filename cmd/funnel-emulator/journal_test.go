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

// logged is an emulator whose log can be read, without its varying parts.
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
	return newEmulator(funneltest.NewServer(opts...), "", slog.New(handler)), log
}

func TestEachRequestIsOneLine(t *testing.T) {
	t.Parallel()
	e, log := logged()
	callAPI(e, http.MethodGet, "/tags?page=1")
	callAPI(e, http.MethodGet, "/contact?email=ada@example.com")
	send(e, httptest.NewRequest(http.MethodPost, "http://127.0.0.1/tag", nil))
	e.api.Fail(funneltest.Fault{DropConnection: true})
	callAPI(e, http.MethodDelete, "/tag?tag_id=1")
	require.Equal(t, `level=INFO msg=request method=GET path=/tags status=200 arrived=… took=… id=req-1
level=INFO msg=request method=GET path=/contact status=404 arrived=… took=… id=req-2
level=INFO msg=request method=POST path=/tag status=401 arrived=… took=… id=req-3
level=INFO msg="request without an answer" method=DELETE path=/tag status=0 arrived=… took=… id=""
`, log.String())
}

func TestNothingPrivateIsLogged(t *testing.T) {
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
		callAPI(e, http.MethodGet, target)
	}
	require.Equal(t, 8, strings.Count(log.String(), "\n"))
	for _, private := range []string{"ada", "example.com", "secret", "k3y", "email", "page=", "api_key"} {
		require.NotContains(t, log.String(), private)
	}
	require.Contains(t, log.String(), "path=/contact/[address]/tags ")
	require.Contains(t, log.String(), "path=/[key]/contact ")
	require.Contains(t, log.String(), `path="/page level=ERROR" `)
	require.Less(t, len(log.String()), 1500)
	page := ask(e, "/").Body.String()
	for _, private := range []string{"ada", "example.com/", "k3y", "api_key"} {
		require.NotContains(t, page, private)
	}
}

func TestThePageShowsTheLastRequests(t *testing.T) {
	t.Parallel()
	e := quiet(funneltest.WithRateLimit(0, 0))
	for i := range keptRequests + 2 {
		callAPI(e, http.MethodGet, fmt.Sprintf("/%d", i))
	}
	list := e.journal.list()
	require.Len(t, list, keptRequests)
	require.Equal(t, fmt.Sprintf("/%d", keptRequests+1), list[0].Path)
	require.Equal(t, "/2", list[keptRequests-1].Path)
}

func TestARequestIsShownWhileItIsUnderWay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := quiet()
		e.api.Fail(funneltest.Fault{Delay: 1500 * time.Millisecond})
		done := make(chan struct{})
		go func() {
			defer close(done)
			callAPI(e, http.MethodGet, "/tags")
		}()
		synctest.Wait()
		entry := e.journal.list()[0]
		require.Equal(t, []string{"waiting", ""}, []string{entry.Verdict(), entry.Duration()})
		<-done
		entry = e.journal.list()[0]
		require.Equal(t, []string{"fine", "1.5 s"}, []string{entry.Verdict(), entry.Duration()})
		require.Equal(t, http.StatusOK, entry.Status)
	})
}

func TestVerdictAndDuration(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		entry    entry
		verdict  string
		duration string
	}{
		{entry{}, "waiting", ""},
		{entry{Done: true}, "failed", "< 1 ms"},
		{entry{Done: true, Status: 204, Took: time.Millisecond}, "fine", "1 ms"},
		{entry{Done: true, Status: 429, Took: 999 * time.Millisecond}, "refused", "999 ms"},
		{entry{Done: true, Status: 503, Took: 61 * time.Second}, "failed", "61.0 s"},
	} {
		require.Equal(t, tt.verdict, tt.entry.Verdict())
		require.Equal(t, tt.duration, tt.entry.Duration())
	}
}

// TestADroppedConnectionIsOneOverASocket reaches through the journal to the
// connection.
func TestADroppedConnectionIsOneOverASocket(t *testing.T) {
	t.Parallel()
	p := start(t)
	response, err := http.PostForm(p.url+"/_emulator/faults", map[string][]string{"fault": {"drop"}, "span": {"1"}})
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusOK, response.StatusCode)

	ctx := funnel.WithoutRetry(t.Context())
	_, err = newClient(t, p.url, p.key).Tags.Create(ctx, funnel.TagCreateParams{Name: "vip"})
	var noAnswer *funnel.RequestError
	require.ErrorAs(t, err, &noAnswer)
	require.True(t, noAnswer.MayHaveBeenApplied)
	eventually(t, "the request is logged", func() bool {
		return strings.Contains(p.log.String(), `msg="request without an answer" method=POST path=/tag status=0 `)
	})
}
