package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

const childVariable = "FUNNEL_DOCTOR_CHILD"

// TestMain runs the program instead of the tests if a test has started it.
func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// ran returns what a run prints and its exit code.
func ran(t *testing.T, stdin string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, log bytes.Buffer
	code = run(t.Context(), args, strings.NewReader(stdin), &out, &log)
	return out.String(), log.String(), code
}

func TestRun_RefusesBadSettings(t *testing.T) {
	for _, tt := range []struct {
		name, key, baseURL string
		args               []string
		want               string
	}{
		{"no key", "", "", nil, "FUNNEL_API_KEY: is not set: set this environment variable"},
		{"a key with a line break", "zqx\n", "", nil, "apiKey: contains a control character"},
		{"a base URL without a scheme", "zqx", "zqx.example", nil, "baseURL: is not an absolute URL"},
		{"an argument", "key", "", []string{"zqx"}, "too many arguments: only flags are allowed"},
		{"two forms", "key", "", []string{"-json", "-md"}, "-json and -md exclude each other"},
		{"a webhook without -write", "key", "", []string{"-webhook", "https://zqx.example"}, "-webhook needs -write"},
		{"a webhook without TLS", "key", "", []string{"-write", "-webhook", "http://zqx.example"}, "begins with https://"},
		{"an unknown flag", "key", "", []string{"-everything"}, "flag provided but not defined: -everything"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("FUNNEL_API_KEY", tt.key)
			t.Setenv("FUNNEL_BASE_URL", tt.baseURL)
			stdout, stderr, code := ran(t, "y\n", tt.args...)
			require.Equal(t, exitIncomplete, code)
			require.Empty(t, stdout)
			require.Contains(t, stderr, tt.want)
			requirePrivate(t, stderr)
		})
	}
}

func TestRun_AsksFirst(t *testing.T) {
	server := newServer(t)
	t.Setenv("FUNNEL_API_KEY", accountKey)
	t.Setenv("FUNNEL_BASE_URL", server.URL())

	for _, stdin := range []string{"", "n\n", "\n"} {
		stdout, stderr, code := ran(t, stdin, "-write")
		require.Equal(t, exitIncomplete, code)
		require.Empty(t, stdout)
		require.Contains(t, stderr, "It creates tags, a sequence with a stage")
		require.Contains(t, stderr, "nothing was sent")
		require.Empty(t, server.Requests())
	}

	stopped, stop := context.WithCancel(t.Context()) // as by a signal
	stop()
	silent, hangUp := io.Pipe()
	defer hangUp.Close()
	var log bytes.Buffer
	require.Equal(t, exitIncomplete, run(stopped, nil, silent, io.Discard, &log))
	require.Contains(t, log.String(), "nothing was sent")

	stdout, stderr, code := ran(t, "y\n")
	require.Equal(t, exitHolds, code)
	require.Contains(t, stdout, "27 requests. Everything that is documented and could be tested holds. 0 of 28 checks were not testable.\n")
	require.NotContains(t, stderr, "creates")
	requirePrivate(t, stdout+stderr)

	stdout, _, code = ran(t, "", "-yes", "-md")
	require.Equal(t, exitHolds, code)
	require.Contains(t, stdout, "| GET /tags |  | as documented |\n")
}

func TestRun_ExitCodes(t *testing.T) {
	for _, tt := range []struct {
		name   string
		key    string
		change func(*message)
		want   int
		stderr string
	}{
		{"a documented field is missing", accountKey, each(func(n node) { delete(n, "name") }, "GET /tags"), exitDiffers, ""},
		{"an assumption is wrong", accountKey, on((*message).noRoute, "GET /sequences"), exitHolds, ""},
		{"another base URL", accountKey, on((*message).noRoute, "GET /contacts"), exitIncomplete, "so the API is not at this URL: check FUNNEL_BASE_URL"},
		{"a key that is not accepted", "zqx-another-key", nil, exitIncomplete, "funnel-doctor: the API key was not accepted: check FUNNEL_API_KEY\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			transport := &deviant{server: newServer(t).Transport(), response: tt.change}
			proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				resp, err := transport.RoundTrip(r)
				if err != nil {
					panic(err)
				}
				defer resp.Body.Close()
				w.Header().Set("Content-Type", resp.Header.Get("Content-Type"))
				w.WriteHeader(resp.StatusCode)
				var body bytes.Buffer
				_, _ = body.ReadFrom(resp.Body)
				_, _ = w.Write(body.Bytes())
			}))
			defer proxy.Close()
			t.Setenv("FUNNEL_API_KEY", tt.key)
			t.Setenv("FUNNEL_BASE_URL", proxy.URL+"/v1")
			stdout, stderr, code := ran(t, "", "-yes")
			require.Equal(t, tt.want, code)
			require.Contains(t, stderr, tt.stderr)
			requirePrivate(t, stdout+stderr)
		})
	}
}

func TestRun_NoServer(t *testing.T) {
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	t.Setenv("FUNNEL_API_KEY", accountKey)
	t.Setenv("FUNNEL_BASE_URL", gone.URL+"/zqx")
	stdout, stderr, code := ran(t, "", "-yes")
	require.Equal(t, exitIncomplete, code)
	require.Empty(t, stdout)
	require.Contains(t, stderr, "funnel-doctor: no response: connection_failed\n")
	requirePrivate(t, stderr)
}

// A signal ends the checks, and the program deletes what it has created.
func TestRun_Signal(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("a process cannot send SIGTERM to another one")
	}
	server := newServer(t)
	before := server.Counts()
	handler := server.Handler()
	arrived := make(chan struct{})
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method+" "+r.URL.Path == "PUT /v1/funnel" {
			_, _ = io.Copy(io.Discard, r.Body) // the server sees a lost connection only after that
			arrived <- struct{}{}
			<-r.Context().Done() // until the program has given up
			return
		}
		handler.ServeHTTP(w, r)
	}))
	defer proxy.Close()
	program, err := os.Executable()
	require.NoError(t, err)
	child := exec.CommandContext(t.Context(), program, "-yes", "-write")
	child.Env = append(os.Environ(), childVariable+"=1", "FUNNEL_API_KEY="+accountKey, "FUNNEL_BASE_URL="+proxy.URL+"/v1")
	var output bytes.Buffer
	child.Stdout, child.Stderr = &output, &output
	require.NoError(t, child.Start())
	exited := make(chan error, 1)
	go func() { exited <- child.Wait() }()
	select {
	case <-arrived:
		require.NoError(t, child.Process.Signal(syscall.SIGTERM))
		err = <-exited
	case err = <-exited: // too early, as the exit code shows
	}
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit)
	require.Equal(t, exitIncomplete, exit.ExitCode(), output.String())
	require.Contains(t, output.String(), "It was interrupted.\n")
	require.Equal(t, before, server.Counts())
	requirePrivate(t, output.String())
}
