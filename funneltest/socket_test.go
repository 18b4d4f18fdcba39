package funneltest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel/funneltest"
)

// overSocket sends a request to the server's URL on a connection of its own.
func (a *api) overSocket(method, path, body string) (*http.Response, error) {
	a.t.Helper()
	r := a.request(method, path, body)
	r.URL.Scheme, r.URL.Host, _ = strings.Cut(a.URL(), "://")
	r.URL.Host, _, _ = strings.Cut(r.URL.Host, "/")
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	return client.Do(r)
}

func TestURL_ServesTheSameAPI(t *testing.T) {
	t.Parallel()
	a := newAPI(t, funneltest.WithBasePath("/v1"))
	url := a.URL()
	require.Regexp(t, `^http://127\.0\.0\.1:\d+/v1$`, url)
	require.Equal(t, url, a.URL())

	response, err := a.overSocket("POST", "/v1/tag", `{"name":"a"}`)
	require.NoError(t, err)
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, 201, response.StatusCode)
	require.Equal(t, "599", response.Header.Get("X-RateLimit-Remaining"))
	require.EqualValues(t, len(body), response.ContentLength)
	require.Contains(t, string(body), `"name":"a"`)
	require.Equal(t, []string{`"a"`}, a.get("/v1/tags").all("name"))
	require.Equal(t, `{"name":"a"}`, string(a.Requests()[0].Body))
}

func TestHandler_ServesTheAPI(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	rec := httptest.NewRecorder()
	a.Handler().ServeHTTP(rec, a.request("POST", "/contact", `{"email":"ada@example.com"}`))
	require.Equal(t, 201, rec.Code)
	require.JSONEq(t, data(`{"id":1}`), rec.Body.String())
}

func TestHandler_OfAClosedServerDropsConnections(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.Close()
	require.PanicsWithValue(t, http.ErrAbortHandler, func() {
		a.Handler().ServeHTTP(httptest.NewRecorder(), a.request("POST", "/tag", `{"name":"a"}`))
	})
	require.Zero(t, a.RequestCount())
	require.Zero(t, a.Counts()["tags"])
}

func TestHandler_BodiesAreBounded(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	r := httptest.NewRequest("POST", "/tag", io.MultiReader(strings.NewReader(strings.Repeat("x", 9<<20))))
	r.Header = a.request("POST", "/tag", "{}").Header
	rec := httptest.NewRecorder()
	a.Handler().ServeHTTP(rec, r)
	require.Equal(t, 413, rec.Code)
}

func TestURL_Faults(t *testing.T) {
	t.Parallel()
	a := newAPI(t)

	a.Fail(funneltest.Fault{DropConnection: true, AfterCommit: true})
	_, err := a.overSocket("POST", "/tag", `{"name":"a"}`)
	require.Error(t, err)
	require.Equal(t, 1, a.Counts()["tags"])

	a.Fail(funneltest.Fault{TruncateBody: true})
	response, err := a.overSocket("GET", "/tags", "")
	require.NoError(t, err)
	body, err := io.ReadAll(response.Body)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.Len(t, body, int(response.ContentLength/2))
	require.NoError(t, response.Body.Close())
}

// net/http repeats a request that it considers safe on a connection that it has
// used before.
func TestURL_DroppedConnectionIsRepeatedByNetHTTPForGET(t *testing.T) {
	t.Parallel()
	for line, arrivals := range map[string]int{
		`GET /tags`:                        3,
		`POST /tag {"name":"b"}`:           2,
		`PUT /tag {"tag_id":1}`:            2,
		`DELETE /tag {"tag_id":1}`:         2,
		`DELETE /contact {"contact_id":1}`: 2,
		`POST /contact {"email":"a@b.c"}`:  2,
	} {
		t.Run(line, func(t *testing.T) {
			t.Parallel()
			a := newAPI(t)
			client := http.Client{Transport: &http.Transport{}}
			defer client.CloseIdleConnections()
			send := func(line string) error {
				method, rest, _ := strings.Cut(line, " ")
				target, body, _ := strings.Cut(rest, " ")
				r := a.request(method, target, body)
				r.URL.Scheme, r.URL.Host = "http", strings.TrimPrefix(a.URL(), "http://")
				response, err := client.Do(r)
				if err != nil {
					return err
				}
				_, err = io.ReadAll(response.Body) // so that the connection is kept
				return errors.Join(err, response.Body.Close())
			}
			require.NoError(t, send(`GET /contacts`))
			a.Fail(funneltest.Fault{DropConnection: true})
			err := send(line)
			require.Equal(t, arrivals == 3, err == nil, "%v", err)
			require.Equal(t, arrivals, a.RequestCount())
		})
	}
}

func TestHandler_DroppedConnectionWithoutHijacking(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.Fail(funneltest.Fault{DropConnection: true})
	require.PanicsWithValue(t, http.ErrAbortHandler, func() {
		a.Handler().ServeHTTP(httptest.NewRecorder(), a.request("GET", "/tags", ""))
	})
}

func TestURL_IncompleteRequestIsNotCarriedOut(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	conn, err := net.Dial("tcp", strings.TrimPrefix(a.URL(), "http://"))
	require.NoError(t, err)
	_, err = fmt.Fprintf(conn, "POST /tag HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\n"+
		"Content-Length: 100\r\n\r\n{\"name\":\"a\"}", a.APIKey())
	require.NoError(t, err)
	require.NoError(t, conn.(*net.TCPConn).CloseWrite())
	_, _ = io.ReadAll(conn) // until the server closes it
	require.NoError(t, conn.Close())
	require.Zero(t, a.RequestCount())
}

func TestServer_CloseLeavesNothingRunning(t *testing.T) { // not parallel: it counts goroutines
	before := runtime.NumGoroutine()
	server := funneltest.NewServer(funneltest.WithLatency(func() (time.Duration, time.Duration) { return 0, time.Hour }))
	require.LessOrEqual(t, runtime.NumGoroutine(), before, "a server alone has none")

	conn, err := net.Dial("tcp", strings.TrimPrefix(server.URL(), "http://"))
	require.NoError(t, err)
	_, err = fmt.Fprint(conn, "GET /tags HTTP/1.1\r\nHost: x\r\n\r\n") // its response would take an hour
	require.NoError(t, err)
	idle, err := net.Dial("tcp", strings.TrimPrefix(server.URL(), "http://"))
	require.NoError(t, err)
	require.Eventually(t, func() bool { return server.RequestCount() == 1 }, 10*time.Second, time.Millisecond)

	server.Close()
	server.Close() // a second time has no effect
	require.NoError(t, conn.Close())
	require.NoError(t, idle.Close())
	for deadline := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > before && time.Now().Before(deadline); {
		runtime.Gosched() // net/http still has to end its goroutines
	}
	require.LessOrEqual(t, runtime.NumGoroutine(), before)
	require.Panics(t, func() { server.URL() })
}

func TestHandler_WaitEndsWithTheClient(t *testing.T) {
	t.Parallel()
	a := newAPI(t, funneltest.WithLatency(func() (time.Duration, time.Duration) { return time.Hour, 0 }))
	ctx, cancel := context.WithCancel(t.Context())
	r := httptest.NewRequestWithContext(ctx, "GET", "/tags", nil)
	cancel()
	require.PanicsWithValue(t, http.ErrAbortHandler, func() { a.Handler().ServeHTTP(httptest.NewRecorder(), r) })
	require.Zero(t, a.RequestCount())
}
