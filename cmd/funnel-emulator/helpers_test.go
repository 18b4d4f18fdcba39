package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
)

// patience bounds every wait for real I/O on a busy machine.
const patience = 30 * time.Second

// eventually waits until another goroutine or process has done something.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	require.Eventually(t, done, patience, 5*time.Millisecond, what)
}

// A syncBuffer is a log that can be read while it is written.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// announcement is what the program prints when it starts.
var announcement = regexp.MustCompile(
	`^# The account and its requests are shown at (http://[0-9.:]+)/ \(Ctrl-C stops the emulator\)\. For your program:
export FUNNEL_BASE_URL=(\S+) FUNNEL_API_KEY=(\S+)
$`)

// readAnnouncement reads what the program prints when it starts: the page's URL,
// without a slash at the end, and the key.
func readAnnouncement(t *testing.T, stdout io.Reader) (url, key string) {
	t.Helper()
	lines := bufio.NewReader(stdout)
	first, err := lines.ReadString('\n')
	require.NoError(t, err)
	second, err := lines.ReadString('\n')
	require.NoError(t, err)
	found := announcement.FindStringSubmatch(first + second)
	require.NotNil(t, found, first+second)
	require.Equal(t, found[1]+"/v1", found[2])
	return found[1], found[3]
}

// A program runs in a goroutine of this process.
type program struct {
	t      *testing.T
	url    string // of the page
	key    string
	log    *syncBuffer
	cancel context.CancelFunc
	ended  chan struct{}
	err    error // once it has ended
}

// start runs the program with a free port.
func start(t *testing.T, args ...string) *program {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	p := &program{t: t, log: new(syncBuffer), cancel: cancel, ended: make(chan struct{})}
	stdout, out := io.Pipe()
	go func() {
		defer close(p.ended)
		p.err = run(ctx, append([]string{"-addr", "127.0.0.1:0"}, args...), out, p.log)
		_ = out.CloseWithError(p.err)
	}()
	t.Cleanup(func() { _ = p.stop() })
	p.url, p.key = readAnnouncement(t, stdout)
	return p
}

// stop ends the program as a signal would, and returns run's error.
func (p *program) stop() error {
	p.t.Helper()
	p.cancel()
	select {
	case <-p.ended:
		return p.err
	case <-time.After(patience):
		p.t.Fatal("the program does not end")
		return nil
	}
}

// send sends a request with the key, requires a status and returns the body.
func (p *program) send(method, path, body string, status int) string {
	p.t.Helper()
	r, err := http.NewRequestWithContext(p.t.Context(), method, p.url+path, strings.NewReader(body))
	require.NoError(p.t, err)
	r.Header.Set("Authorization", "Bearer "+p.key)
	r.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(r)
	require.NoError(p.t, err)
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	require.NoError(p.t, err)
	require.Equal(p.t, status, response.StatusCode, "%s", content)
	return string(content)
}

// newClient returns an SDK client for the emulator whose page has the URL.
func newClient(t *testing.T, url, key string) *funnel.Client {
	t.Helper()
	client, err := funnel.New(key, funnel.WithBaseURL(url+basePath))
	require.NoError(t, err)
	return client
}

func listTags(t *testing.T, client *funnel.Client) []string {
	t.Helper()
	var names []string
	for tag, err := range client.Tags.All(t.Context(), funnel.TagListParams{}) {
		require.NoError(t, err)
		names = append(names, tag.Name)
	}
	return names
}

// quiet returns an emulator without a listener and a log: tests call its handler.
func quiet(opts ...funneltest.Option) *emulator {
	clock := new(clock)
	return newEmulator(newServer(append(opts, funneltest.WithClock(clock.now))...), clock, "127.0.0.1:8080", slog.New(slog.DiscardHandler))
}

func newServer(opts ...funneltest.Option) *funneltest.Server {
	return funneltest.NewServer(append(opts, funneltest.WithBasePath(basePath))...)
}

// ask sends a request to the emulator's handler. With a form it is a POST from
// the page.
func ask(e *emulator, target string, form ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, "http://127.0.0.1:8080"+target, nil)
	if len(form) > 0 {
		values := url.Values{}
		for _, field := range form {
			name, value, _ := strings.Cut(field, "=")
			values.Set(name, value)
		}
		r = httptest.NewRequest(http.MethodPost, "http://127.0.0.1:8080"+target, strings.NewReader(values.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", "http://127.0.0.1:8080")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	return sendLocally(e, r)
}

// control sends a request of the control API and returns its JSON.
func control(t *testing.T, e *emulator, method, path string, body ...string) (status int, data map[string]any) {
	t.Helper()
	r := httptest.NewRequest(method, "http://127.0.0.1:8080"+assets+path, strings.NewReader(strings.Join(body, "")))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded") // as curl does
	response := sendLocally(e, r)
	if response.Body.Len() > 0 {
		require.NoError(t, json.Unmarshal(response.Body.Bytes(), &data), response.Body)
	}
	return response.Code, data
}

// callAPI sends a request with the key, and with a JSON body if there is one.
func callAPI(e *emulator, method, target string, body ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "http://127.0.0.1:8080"+target, strings.NewReader(strings.Join(body, "")))
	r.Header.Set("Authorization", "Bearer "+e.api.APIKey())
	r.Header.Set("Content-Type", "application/json")
	return send(e, r)
}

// sendLocally sends a request from this machine.
func sendLocally(e *emulator, r *http.Request) *httptest.ResponseRecorder {
	r.RemoteAddr = "127.0.0.1:1"
	return send(e, r)
}

// send calls the emulator's handler. There is no connection that a handler could
// drop, so it panics instead.
func send(e *emulator, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	func() {
		defer func() {
			if cause := recover(); cause != nil && cause != http.ErrAbortHandler {
				panic(cause)
			}
		}()
		e.handler.ServeHTTP(w, r)
	}()
	return w
}
