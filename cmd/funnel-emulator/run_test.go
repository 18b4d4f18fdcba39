package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/api"
)

// fetch requests a page.
func fetch(t *testing.T, url string) (status int, contentType, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, response.Header.Get("Content-Type"), string(content)
}

func TestRun_ServesAnSDKClient(t *testing.T) {
	t.Parallel()
	p := start(t)
	client, ctx := newClient(t, p.url, p.key), t.Context()
	tag, err := client.Tags.Create(ctx, funnel.TagCreateParams{Name: "vip"})
	require.NoError(t, err)
	id, err := client.Contacts.Create(ctx, funnel.ContactCreateParams{Email: "ada@example.com", TagIDs: []funnel.TagID{tag.ID}})
	require.NoError(t, err)
	found, err := client.Contacts.Get(ctx, funnel.Email("ada@example.com"))
	require.NoError(t, err)
	require.Equal(t, id, found.ID)
	require.Equal(t, []funnel.TagID{tag.ID}, found.Tags)
	_, err = newClient(t, p.url, "another").Contacts.Get(ctx, id)
	require.ErrorIs(t, err, funnel.ErrUnauthorized)
	require.NoError(t, p.stop())
}

func TestRun_SampleData(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		flags []string
		tags  []string
	}{
		{nil, []string{"newsletter", "customer", "workshop"}},
		{[]string{"-empty"}, nil},
	} {
		p := start(t, tt.flags...)
		require.Equal(t, tt.tags, listTags(t, newClient(t, p.url, p.key)))
		_, _, body := fetch(t, p.url)
		require.Contains(t, body, "None yet.", "sample data needs no requests")
	}
}

func TestRun_ServesPages(t *testing.T) {
	t.Parallel()
	p := start(t)
	status, kind, body := fetch(t, p.url+"/healthz")
	require.Equal(t, []any{http.StatusOK, "ok\n"}, []any{status, body})
	require.Equal(t, "text/plain; charset=utf-8", kind)

	status, kind, body = fetch(t, p.url+"/openapi.yaml")
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, "application/yaml", kind)
	require.Equal(t, string(api.OpenAPI()), body)

	status, kind, body = fetch(t, p.url)
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, "text/html; charset=utf-8", kind)
	require.Contains(t, body, "<code>"+p.url+"/v1</code>")
	require.Contains(t, body, "None yet.", "none of these is a request to the API")
	require.NotContains(t, p.log.String(), "request")
}

func TestRun_Flags(t *testing.T) {
	t.Parallel()
	p := start(t, "-api-key", "secret", "-rate-limit", "1", "-rate-per", "1h", "-latency", "20ms")
	require.Equal(t, "secret", p.key)
	client, ctx := newClient(t, p.url, "secret"), funnel.WithoutRetry(t.Context())
	start := time.Now()
	_, err := client.Tags.List(ctx, funnel.TagListParams{})
	require.NoError(t, err)
	require.GreaterOrEqual(t, time.Since(start), 10*time.Millisecond, "half of the latency")
	_, err = newClient(t, p.url, "secret").Tags.List(ctx, funnel.TagListParams{})
	require.ErrorIs(t, err, funnel.ErrRateLimited)
	var limited *funnel.RateLimitError
	require.ErrorAs(t, err, &limited)
	require.Greater(t, limited.RetryAfter, 50*time.Minute, "the window is an hour long")
}

func TestRun_WarnsOfOtherMachines(t *testing.T) {
	t.Parallel()
	require.NotContains(t, start(t).log.String(), "WARN")
	everywhere := start(t, "-addr", "0.0.0.0:0")
	require.Contains(t, everywhere.log.String(), `level=WARN msg="other machines can reach this address and see the page" addr=`)
	require.Regexp(t, `^http://127\.0\.0\.1:\d+$`, everywhere.url, "over plain http the SDK sends its key only to loopback addresses")
	_, err := newClient(t, everywhere.url, everywhere.key).Tags.List(t.Context(), funnel.TagListParams{})
	require.NoError(t, err)
}

func TestRun_Version(t *testing.T) {
	t.Parallel()
	var out, log bytes.Buffer
	require.NoError(t, run(t.Context(), []string{"-version"}, &out, &log))
	require.Equal(t, "funnel-emulator "+funnel.Version+" ("+runtime.Version()+" "+runtime.GOOS+"/"+runtime.GOARCH+")\n", out.String())
	require.Empty(t, log.String())
}

// TestServe_SlowClientIsDisconnected sends a byte of a body every second.
func TestServe_SlowClientIsDisconnected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := quiet()
		listener := &pipeListener{conns: make(chan net.Conn), closed: make(chan struct{})}
		ctx, stop := context.WithCancel(t.Context())
		served := make(chan error, 1)
		go func() { served <- e.serve(ctx, listener) }()
		for _, header := range []string{"POST /v1/tag HTTP/1.1\r\n", "POST /_emulator/deliver HTTP/1.1\r\n"} {
			ours, theirs := net.Pipe()
			listener.conns <- theirs
			began := time.Now()
			go func() {
				_, err := io.WriteString(ours, header+"Host: 127.0.0.1\r\nContent-Length: 1000\r\n\r\n")
				for err == nil {
					time.Sleep(time.Second)
					_, err = ours.Write([]byte(" "))
				}
			}()
			_, err := io.Copy(io.Discard, ours) // until the server hangs up
			require.NoError(t, err)
			require.InDelta(t, readTimeout, time.Since(began), float64(2*time.Second), header)
			ours.Close()
		}
		stop()
		require.NoError(t, <-served)
		time.Sleep(time.Second) // for the last write
	})
}

// A pipeListener accepts connections in memory.
type pipeListener struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conns:
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Addr() net.Addr { return &net.TCPAddr{} }

func (l *pipeListener) Close() error {
	close(l.closed)
	return nil
}

func TestRun_SecondEmulatorLeavesTheFile(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	state := filepath.Join(t.TempDir(), "state.json")
	err = run(t.Context(), []string{"-addr", taken.Addr().String(), "-state", state}, io.Discard, io.Discard)
	require.ErrorContains(t, err, "address already in use")
	require.NoFileExists(t, state)
}

func TestRun_DamagedFileIsUnchanged(t *testing.T) {
	t.Parallel()
	state := filepath.Join(t.TempDir(), "state.json")
	require.NoError(t, os.WriteFile(state, []byte("{"), 0o600))
	err := run(t.Context(), []string{"-addr", "127.0.0.1:0", "-state", state}, io.Discard, io.Discard)
	require.EqualError(t, err, state+" cannot be loaded: funneltest: snapshot: unexpected end of JSON input")
	left, err := os.ReadFile(state)
	require.NoError(t, err)
	require.Equal(t, "{", string(left))
}

// TestServe_StopWaitsForRequests stops the program while a request is in
// progress.
func TestServe_StopWaitsForRequests(t *testing.T) {
	t.Parallel()
	e := quiet()
	arrived, release := make(chan struct{}), make(chan struct{})
	handler := e.handler
	e.handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-release
		handler.ServeHTTP(w, r)
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- e.serve(ctx, listener) }()

	client := newClient(t, pageURL(listener.Addr()), e.api.APIKey())
	responded := make(chan error, 1)
	go func() {
		_, err := client.Tags.Create(t.Context(), funnel.TagCreateParams{Name: "vip"})
		responded <- err
	}()
	<-arrived
	stop()
	eventually(t, "the listener is closed", func() bool {
		conn, err := net.Dial("tcp", listener.Addr().String())
		if err == nil {
			conn.Close()
		}
		return err != nil
	})
	close(release)
	require.NoError(t, <-responded)
	require.NoError(t, <-served)
	require.Equal(t, 1, e.api.Counts()["tags"])
}

func TestServe_ClosedListener(t *testing.T) {
	t.Parallel()
	e := quiet()
	state, err := openState(filepath.Join(t.TempDir(), "state.json"), e.api)
	require.NoError(t, err)
	e.state, e.saveEvery = state, patience
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	e.api.SeedContacts(3)
	require.ErrorIs(t, e.serve(t.Context(), listener), net.ErrClosed)
	require.Contains(t, read(t, state.path), "contact-0000003@example.com", "saved nevertheless")
}
