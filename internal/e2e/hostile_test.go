package e2e

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/internal/apitest"
)

// Servers that break the rules of HTTP, over sockets of the loopback interface:
// HTTP/1.1 here, TLS and HTTP/2 in hostile_tls_test.go and hostile_http2_test.go. Every call ends in time with
// a correct error, uses little memory and leaves no goroutine or connection behind.

// A rogue is a server that reads one request of each connection and then plays its
// script. A connection that the script leaves open stays open until the client closes
// it.
type rogue struct {
	url      string
	accepted atomic.Int32 // connections
	open     atomic.Int32 // connections
	heard    atomic.Int32 // requests
}

// A script is what a rogue does with a connection whose request has arrived.
type script func(net.Conn)

func startRogue(t *testing.T, play script) *rogue {
	t.Helper()
	var r *rogue
	r = startRogueThatHears(t, func(conn net.Conn) {
		if _, err := readRequest(conn); err == nil {
			r.heard.Add(1)
			play(conn)
		}
	})
	return r
}

// startRogueThatHears leaves the request to the script too.
func startRogueThatHears(t *testing.T, play script) *rogue {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	return rogueOn(t, listener, "http", play)
}

func rogueOn(t *testing.T, listener net.Listener, scheme string, play script) *rogue {
	t.Helper()
	r := &rogue{url: scheme + "://" + listener.Addr().String()}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			r.accepted.Add(1)
			r.open.Add(1)
			go func() {
				defer r.open.Add(-1)
				defer conn.Close()
				play(conn)
				_, _ = io.Copy(io.Discard, conn)
			}()
		}
	}()
	t.Cleanup(func() { _ = listener.Close() })
	return r
}

// requireAbandoned requires that the client closes all its connections. Idle ones of
// the transports are closed first.
func (r *rogue) requireAbandoned(t *testing.T, transports ...*http.Transport) {
	t.Helper()
	require.Eventually(t, func() bool {
		for _, transport := range transports {
			transport.CloseIdleConnections()
		}
		return r.open.Load() == 0
	}, 10*time.Second, time.Millisecond, "connections are left open")
}

// sends plays the text and leaves the connection open.
func sends(text string) script {
	return func(conn net.Conn) { _, _ = io.WriteString(conn, text) }
}

// sendsAndCloses plays the text and closes the connection.
func sendsAndCloses(text string) script {
	return func(conn net.Conn) {
		_, _ = io.WriteString(conn, text)
		_ = conn.Close()
	}
}

// sendsAndHalfCloses plays the text and then only listens.
func sendsAndHalfCloses(text string) script {
	return func(conn net.Conn) {
		_, _ = io.WriteString(conn, text)
		_ = conn.(*net.TCPConn).CloseWrite()
	}
}

// sendsAndResets plays the text and breaks the connection off.
func sendsAndResets(text string) script {
	return func(conn net.Conn) {
		_, _ = io.WriteString(conn, text)
		_ = conn.(*net.TCPConn).SetLinger(0)
		_ = conn.Close()
	}
}

// sendsWithoutEnd plays the beginning and then the rest over and over.
func sendsWithoutEnd(beginning, rest string) script {
	return func(conn net.Conn) {
		_, err := io.WriteString(conn, beginning)
		chunk := bytes.Repeat([]byte(rest), 1+4096/len(rest))
		for err == nil {
			_, err = conn.Write(chunk)
		}
	}
}

// drips plays the beginning, and the rest over and over, a byte at a time.
func drips(beginning, rest string) script {
	return func(conn net.Conn) {
		_, err := io.WriteString(conn, beginning)
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for i := 0; err == nil; i++ {
			<-tick.C
			_, err = conn.Write([]byte{rest[i%len(rest)]})
		}
	}
}

const goodBody = `{"success":true,"data":{"id":7,"name":"Ada"}}`

const (
	okHead = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\n"
)

// goodResponse is a valid response that closes the connection.
var goodResponse = okHead + fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(goodBody), goodBody)

// An outcome is how two calls to a hostile server end: one that may be repeated
// (get) and one whose repeat could create a second funnel (create).
type outcome struct {
	errText            string // in both errors; empty: the calls succeed
	getAttempts        int
	createAttempts     int
	mayHaveBeenApplied bool // the create
	timeout            bool // the attempts end by their timeout
}

var succeeds = outcome{}

// incomplete is the outcome if no whole response arrives.
func incomplete(errText string) outcome {
	return outcome{errText: errText, getAttempts: 2, createAttempts: 1, mayHaveBeenApplied: true}
}

// timesOut is the outcome if a response takes too long.
var timesOut = outcome{
	errText: "no complete response within 100ms", getAttempts: 2, createAttempts: 1, mayHaveBeenApplied: true, timeout: true,
}

// tooLarge is the outcome if a response exceeds the limit.
var tooLarge = outcome{
	errText: "the response is too large: it has more than 1048576 bytes", getAttempts: 1, createAttempts: 1, mayHaveBeenApplied: true,
}

// serverError is the outcome if the server reports an error of its own.
func serverError(errText string) outcome {
	return outcome{errText: errText, getAttempts: 2, createAttempts: 2, mayHaveBeenApplied: true}
}

// notSent is the outcome if there is no connection, so that every call is retried.
func notSent(errText string) outcome {
	return outcome{errText: errText, getAttempts: 2, createAttempts: 2}
}

// final is the outcome if a retry would not help.
func final(errText string) outcome {
	return outcome{errText: errText, getAttempts: 1, createAttempts: 1}
}

// hostileClient returns a client with a short timeout if a test is about timeouts.
// Otherwise the timeout is long, so that a slow machine does not matter.
func hostileClient(t *testing.T, url string, timeout bool, opts ...funnel.Option) *funnel.Client {
	t.Helper()
	attemptTimeout := time.Minute
	if timeout {
		attemptTimeout = 100 * time.Millisecond
	}
	return newClient(t, url+"/v1", append([]funnel.Option{
		funnel.WithAttemptTimeout(attemptTimeout),
		funnel.WithRetry(funnel.RetryPolicy{MaxAttempts: 2, MinWait: time.Millisecond, MaxWait: time.Millisecond, Budget: -1}),
		funnel.WithMaxResponseBytes(1 << 20),
	}, opts...)...)
}

// requireOutcome makes both calls and requires that they end as told.
func requireOutcome(t *testing.T, url string, want outcome, opts ...funnel.Option) {
	t.Helper()
	client := hostileClient(t, url, want.timeout, opts...)
	for _, tt := range []struct {
		call func(context.Context, *funnel.Client) error
		want apitest.Failure
	}{
		{getContact, apitest.Failure{Method: "GET", Path: "/contact", Attempts: want.getAttempts}},
		{createFunnel, apitest.Failure{
			Method: "POST", Path: "/funnel", Attempts: want.createAttempts, MayHaveBeenApplied: want.mayHaveBeenApplied,
		}},
	} {
		err := tt.call(t.Context(), client)
		if want == succeeds {
			require.NoError(t, err)
			continue
		}
		require.ErrorContains(t, err, want.errText)
		require.Less(t, len(err.Error()), 1000)
		got := apitest.FailureOf(t, err)
		if want.timeout && got.Attempts == 2 {
			continue // on a slow machine an attempt may end before its request is sent
		}
		require.Equal(t, tt.want, got)
	}
}

func TestHostile_Responses(t *testing.T) {
	t.Cleanup(noLeaks(t))
	tests := []struct {
		name string
		play script
		want outcome
	}{
		{"nothing hostile at all", sends(goodResponse), succeeds},

		// What is not HTTP.
		{"silence", sends(""), timesOut},
		{"another protocol", sends("220 mail.example.com ESMTP ready\r\n"), incomplete("malformed HTTP")},
		{"a response of HTTP/0.9", sendsAndCloses(goodBody), incomplete("malformed HTTP")},
		{"an HTTP version that is none", sendsAndCloses("HTTP/one 200 OK\r\n\r\n"), incomplete("malformed HTTP version")},
		{"HTTP/2 without being asked", sendsAndCloses("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), incomplete("malformed HTTP")},
		{"binary noise", sendsAndCloses("\x16\x03\x01\x00\xff\x00\x80\x1b[31m\r\n\r\n"), incomplete("malformed HTTP")},
		{"a status that is no number", sendsAndCloses("HTTP/1.1 2OO OK\r\n\r\n"), incomplete("malformed HTTP status code")},
		{"a status of four digits", sendsAndCloses("HTTP/1.1 2000 OK\r\n\r\n"), incomplete("malformed HTTP status code")},
		{"a status that is none", sendsAndCloses("HTTP/1.1 000 Zero\r\n\r\n" + goodBody), incomplete("status 0")},
		{"a status beyond all classes", sendsAndCloses("HTTP/1.1 999 Denied\r\nConnection: close\r\n\r\nno"), serverError("999")},

		// Heads.
		{"header lines without end", sendsWithoutEnd("HTTP/1.1 200 OK\r\n", "X-Filler: 0123456789\r\n"), incomplete("headers exceeded 1048576 bytes")},
		{"one header line without end", sendsWithoutEnd("HTTP/1.1 200 OK\r\nX-Filler: ", "x"), incomplete("headers exceeded 1048576 bytes")},
		{"a header line of 2 MB", sends(okHead + "X-Filler: " + strings.Repeat("x", 2<<20) + "\r\n\r\n"), incomplete("headers exceeded 1048576 bytes")},
		{"a status line without end", sendsWithoutEnd("HTTP/1.1 200 ", "x"), incomplete("headers exceeded 1048576 bytes")},
		{"a head that drips", drips("", "HTTP/1.1 200 OK\r\nX-Filler: "+strings.Repeat("x", 1<<20)), timesOut},
		{"a header line without a colon", sendsAndCloses("HTTP/1.1 200 OK\r\nno colon\r\n\r\n"), incomplete("malformed MIME header")},
		{"a header with a NUL", sendsAndCloses("HTTP/1.1 200 OK\r\nX-Nul: a\x00b\r\n\r\n"), incomplete("malformed MIME header")},
		{"closed in the middle of the head", sendsAndCloses("HTTP/1.1 200 OK\r\nContent-Ty"), incomplete("malformed MIME header")},
		{"reset in the middle of the head", sendsAndResets("HTTP/1.1 200 OK\r\nContent-Ty"), incomplete("")},

		// Informational responses.
		{"some early hints", sends(strings.Repeat("HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n", 50) + goodResponse), succeeds},
		{"early hints without end", sendsWithoutEnd("", "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n"), incomplete("headers exceeded 1048576 bytes")},
		{"early hints without a header, and without end", sendsWithoutEnd("", "HTTP/1.1 103 Early Hints\r\n\r\n"), incomplete("headers exceeded 1048576 bytes")},
		{"100 Continue without end", sendsWithoutEnd("", "HTTP/1.1 100 Continue\r\n\r\n"), incomplete("headers exceeded 1048576 bytes")},
		{"another protocol by 101", sends("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"), incomplete("status 101")},

		// Lengths.
		{"longer than it is, and closed", sendsAndCloses(okHead + "Content-Length: 1000\r\n\r\n" + goodBody), incomplete("cut short after 45 bytes")},
		{"longer than it is, and held", sends(okHead + "Content-Length: 1000\r\n\r\n" + goodBody), timesOut},
		{"shorter than it is", sends(okHead + "Content-Length: 20\r\n\r\n" + goodBody), incomplete("not JSON")},
		{"a negative length", sends(okHead + "Content-Length: -1\r\n\r\n" + goodBody), incomplete("bad Content-Length")},
		{"a length that is no number", sends(okHead + "Content-Length: 4x\r\n\r\n" + goodBody), incomplete("bad Content-Length")},
		{"a length beyond all numbers", sends(okHead + "Content-Length: 99999999999999999999\r\n\r\n" + goodBody), incomplete("bad Content-Length")},
		{"a length of 8 EiB", sendsAndCloses(okHead + "Content-Length: 9223372036854775807\r\n\r\n" + goodBody), incomplete("cut short after 45 bytes")},
		{"two lengths", sends(okHead + "Content-Length: 45\r\nContent-Length: 20\r\n\r\n" + goodBody), incomplete("Content-Length")},
		{"the same length twice", sends(okHead + "Content-Length: 45\r\nContent-Length: 45\r\n\r\n" + goodBody), succeeds},
		{"a length and chunks", sends(okHead + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n2d\r\n" + goodBody + "\r\n0\r\n\r\n"), succeeds},

		// Bodies.
		{"closed in the middle of the body", sendsAndCloses(okHead + "Transfer-Encoding: chunked\r\n\r\n2d\r\n" + goodBody[:9]), incomplete("cut short after 9 bytes")},
		{"reset in the middle of the body", sendsAndResets(okHead + "Content-Length: 45\r\n\r\n" + goodBody[:9]), incomplete("cut short after")},
		{"half-closed before the response", sendsAndHalfCloses(""), incomplete("EOF")},
		{"half-closed in the middle of the body", sendsAndHalfCloses(okHead + "Content-Length: 45\r\n\r\n" + goodBody[:9]), incomplete("cut short after 9 bytes")},
		{"a body that is not there", sends(okHead + "Content-Length: 0\r\n\r\n"), incomplete("empty")},
		{"a body that drips", drips(okHead+"\r\n", " "), timesOut},
		{"a body without end", sendsWithoutEnd(okHead+"\r\n", " "), tooLarge},
		{"small chunks without end", sendsWithoutEnd(okHead+"Transfer-Encoding: chunked\r\n\r\n", "1;"+strings.Repeat("x", 100)+"\r\n \r\n"), incomplete("chunked encoding contains too much non-data")},
		{"large chunks without end", sendsWithoutEnd(okHead+"Transfer-Encoding: chunked\r\n\r\n", "1000\r\n"+strings.Repeat(" ", 0x1000)+"\r\n"), tooLarge},
		{"a chunk extension without end", sendsWithoutEnd(okHead+"Transfer-Encoding: chunked\r\n\r\n1;", "x"), incomplete("cut short after 0 bytes")},
		{"a chunk of a negative size", sends(okHead + "Transfer-Encoding: chunked\r\n\r\n-1\r\n"), incomplete("cut short after 0 bytes")},
		{"an unknown transfer encoding", sends(okHead + "Transfer-Encoding: br\r\n\r\n" + goodBody), incomplete("unsupported transfer encoding")},
		{"an error's body without end", sendsWithoutEnd("HTTP/1.1 500 Oops\r\n\r\n", "x"), serverError("500 Internal Server Error")},
		{"an error's body that is cut short", sendsAndCloses("HTTP/1.1 403 Forbidden\r\nContent-Length: 100\r\n\r\n{\"succ"), final("403 Forbidden")},
		{"what was gzip, cut short", sendsAndCloses(okHead + "Content-Encoding: gzip\r\n\r\n" + gzipped(goodBody)[:20]), incomplete("cut short")},
		{"what claims to be gzip", sendsAndCloses(okHead + "Content-Encoding: gzip\r\n\r\n" + goodBody), incomplete("gzip: invalid header")},
		{"gzip", sendsAndCloses(okHead + "Content-Encoding: gzip\r\n\r\n" + gzipped(goodBody)), succeeds},
		{"an encoding that nobody asked for", sendsAndCloses(okHead + "Content-Encoding: br\r\n\r\n\x1b\x2c\x00\x00"), incomplete("not JSON")},
		{"arrays without end", sendsAndCloses(okHead + "\r\n" + `{"success":true,"data":` + strings.Repeat("[", 1<<19)), incomplete("not JSON")},

		// Trailers.
		{"a trailer", sends(okHead + "Trailer: X-End\r\nTransfer-Encoding: chunked\r\n\r\n2d\r\n" + goodBody + "\r\n0\r\nX-End: now\r\n\r\n"), succeeds},
		{"a trailer without end", sendsWithoutEnd(okHead+"Trailer: X-End\r\nTransfer-Encoding: chunked\r\n\r\n2d\r\n"+goodBody+"\r\n0\r\n", "X-End: now\r\n"), incomplete("cut short after 45 bytes")},

		// Charsets: the API's is UTF-8.
		{"ISO 8859-1", sendsAndCloses(latin1Head + "{\"success\":true,\"data\":{\"id\":7,\"name\":\"Andr\xe9\"}}"), succeeds},
		{"UTF-16", sendsAndCloses(okHead + "\r\n\xff\xfe{\x00\"\x00s\x00"), incomplete("not JSON")},
		{"a byte order mark", sendsAndCloses(okHead + "\r\n\ufeff" + goodBody), incomplete("not JSON")},
	}
	t.Run("all", func(t *testing.T) {
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				t.Parallel()
				server := startRogue(t, tt.play)
				requireOutcome(t, server.url, tt.want)
				server.requireAbandoned(t)
				require.LessOrEqual(t, server.heard.Load(), int32(max(2, tt.want.getAttempts+tt.want.createAttempts)), "net/http repeats nothing")
			})
		}
	})
}

const latin1Head = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json; charset=ISO-8859-1\r\n\r\n"

func gzipped(s string) string {
	var buf bytes.Buffer
	zip := gzip.NewWriter(&buf)
	_, _ = io.WriteString(zip, s)
	_ = zip.Close()
	return buf.String()
}

// A call to a server that does not read ends by its timeout.
func TestHostile_ServerThatDoesNotRead(t *testing.T) {
	t.Cleanup(noLeaks(t))
	release := make(chan struct{})
	server := startRogueThatHears(t, func(net.Conn) { <-release })
	client := hostileClient(t, server.url, true, funnel.WithAttemptTimeout(500*time.Millisecond))
	err := client.Call(t.Context(), http.MethodPost, "/import", nil, strings.Repeat("x", 16<<20), nil)
	require.ErrorContains(t, err, "no complete response within 500ms")
	apitest.RequireFailure(t, "POST /import: 1 attempt, may have been applied", err)
	close(release)
	server.requireAbandoned(t)
}

// A response that is too large ends the call also without a timeout.
func TestHostile_TooLargeWithoutATimeout(t *testing.T) {
	t.Cleanup(noLeaks(t))
	server := startRogue(t, sendsWithoutEnd(okHead+"\r\n", " "))
	requireOutcome(t, server.url, tooLarge, funnel.WithAttemptTimeout(0))
	server.requireAbandoned(t)
}

// A hostile server can make the client allocate only that many megabytes, garbage
// included.
func TestHostile_BoundedMemory(t *testing.T) {
	t.Cleanup(noLeaks(t))
	const mega = 1 << 20
	zeros := gzipped(strings.Repeat("\x00", mega))
	tests := []struct {
		name string
		play script
		most uint64
	}{
		{"1 GB of zeros by gzip", sendsAndCloses(okHead + "Content-Encoding: gzip\r\n\r\n" + strings.Repeat(zeros, 1<<10)), 100},
		{"a body without end", sendsWithoutEnd(okHead+"\r\n", " "), 100},
		{"a body of 8 EiB", sendsWithoutEnd(okHead+"Content-Length: 9223372036854775807\r\n\r\n", " "), 100},
		{"a body that is said to be large, and is not there", sendsAndCloses(okHead + "Content-Length: 8388608\r\n\r\n"), 4},
		{"header lines without end", sendsWithoutEnd("HTTP/1.1 200 OK\r\n", "X-Filler: 0123456789\r\n"), 32},
		{"one header line without end", sendsWithoutEnd("HTTP/1.1 200 OK\r\nX-Filler: ", "x"), 32},
		{"early hints without end", sendsWithoutEnd("", "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n"), 32},
		{"a trailer without end", sendsWithoutEnd(okHead+"Transfer-Encoding: chunked\r\n\r\n0\r\n", "X-End: now\r\n"), 32},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := startRogue(t, tt.play)
			client := newClient(t, server.url, funnel.WithMaxResponseBytes(8*mega))
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			err := createFunnel(t.Context(), client)
			runtime.ReadMemStats(&after)
			apitest.RequireFailure(t, "POST /funnel: 1 attempt, may have been applied", err)
			require.LessOrEqual(t, after.TotalAlloc-before.TotalAlloc, tt.most*mega)
			server.requireAbandoned(t)
		})
	}
}

// Many small values take much more memory than they have bytes.
func TestHostile_ManySmallValues(t *testing.T) {
	const mega = 1 << 20
	tests := []struct{ name, beginning, value, end string }{
		{"items", `{"success":true,"data":[`, "{},", `{}]}`},
		{"items of another type", `{"success":true,"data":[`, "[],", `[]]}`},
		{"fields", `{"success":true,"data":[{"tags":[`, "0,", `0]}]}`},
		{"messages of an error", `{"success":false,"error":{"message":"no","details":[`, "[],", `[]]}}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			body := tt.beginning + strings.Repeat(tt.value, 2*mega) + tt.end
			client := overTransport(t, respond(http.StatusOK, body))
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := client.Contacts.List(t.Context(), funnel.ContactListParams{})
			runtime.ReadMemStats(&after)
			apitest.RequireFailure(t, "GET /contacts: 1 attempt, not applied", err)
			require.LessOrEqual(t, after.TotalAlloc-before.TotalAlloc, uint64(100*mega))
		})
	}
}

// No redirect is followed: only the host of the base URL receives the request, once.
func TestHostile_Redirect(t *testing.T) {
	t.Cleanup(noLeaks(t))
	thief := startRogueThatHears(t, func(net.Conn) {})
	host := strings.TrimPrefix(thief.url, "http://")
	tests := []struct{ name, location, text string }{
		{"to itself, in a loop", "/v1/contact", "redirects to http://127.0.0.1:"},
		{"to itself by a relative reference", "?again=1", "redirects to http://127.0.0.1:"},
		{"to another host", "http://" + host + "/v1/contact", "redirects to http://" + host + ","},
		{"to another host by its scheme's default", "//" + host + "/v1/contact", "redirects to http://" + host + ","},
		{"to another scheme", "https://" + host + "/v1/contact", "redirects to https://" + host + ","},
		{"to another host with the key of the user's choice", "http://user:pass@" + host + "/", "redirects to http://" + host + ","},
		{"to a file", "file:///etc/passwd", "redirects to nowhere,"},
		{"to a script", "javascript:alert(1)", "redirects to nowhere,"},
	}
	t.Run("all", func(t *testing.T) {
		for _, tt := range tests {
			for _, status := range []int{300, 301, 302, 303, 304, 305, 307, 308} {
				t.Run(fmt.Sprintf("%d %s", status, tt.name), func(t *testing.T) {
					t.Parallel()
					server := startRogue(t, sends(fmt.Sprintf(
						"HTTP/1.1 %d Elsewhere\r\nConnection: close\r\nContent-Length: 0\r\nLocation: %s\r\n\r\n", status, tt.location)))
					want := final(tt.text)
					want.mayHaveBeenApplied = status == http.StatusSeeOther
					requireOutcome(t, server.url, want)
					require.EqualValues(t, 2, server.accepted.Load(), "one for each call")
					server.requireAbandoned(t)
				})
			}
		}
	})
	require.Zero(t, thief.accepted.Load(), "the key was sent to another server")
}

// rawHead reads a request's head as it came, line by line.
func rawHead(conn net.Conn) ([]string, error) {
	lines := []string{}
	for r := bufio.NewReader(conn); ; {
		line, err := r.ReadString('\n')
		if line = strings.TrimSuffix(line, "\r\n"); err != nil || line == "" {
			return lines, err
		}
		lines = append(lines, line)
	}
}

// Input that could add a header, a request or another host is refused.
func TestHostile_InjectionIsRefused(t *testing.T) {
	server := startRogueThatHears(t, func(net.Conn) {})
	client := hostileClient(t, server.url, false)
	const more = "\r\nX-Injected: yes"
	call := func(ctx context.Context, method, path string) error {
		return client.Call(ctx, method, path, nil, nil, nil)
	}
	header := func(key, value string) error {
		return getContact(funnel.WithHeader(t.Context(), key, value), client)
	}
	newWith := func(baseURL, key string, opts ...funnel.Option) error {
		_, err := funnel.New(key, append([]funnel.Option{funnel.WithBaseURL(baseURL)}, opts...)...)
		return err
	}
	tests := []struct {
		name, field string
		err         error
	}{
		{"header's name with a line", "header", header("X-Trace"+more+"\r\nX-Rest", "1")},
		{"header's name with a colon", "header", header("X-Injected: yes\nX-Trace", "1")},
		{"header's name with a space", "header", header("X-Trace ", "1")},
		{"header's name with a NUL", "header", header("X-Trace\x00", "1")},
		{"header's name that is no ASCII", "header", header("X-Träce", "1")},
		{"header's name that is empty", "header", header("", "1")},
		{"header's value with a line", "header", header("X-Trace", "1"+more)},
		{"header's value with a line feed", "header", header("X-Trace", "1\nX-Injected: yes")},
		{"header's value with a carriage return", "header", header("X-Trace", "1\rX-Injected: yes")},
		{"header's value with a folded line", "header", header("X-Trace", "1\r\n X-Injected: yes")},
		{"header's value with a NUL", "header", header("X-Trace", "1\x00")},
		{"header of another host", "header", header("host", "evil.example")},
		{"path with a line", "path", call(t.Context(), "GET", "/contact HTTP/1.1"+more+"\r\n\r\nGET /")},
		{"path with a query", "path", call(t.Context(), "GET", "/contact?contact_id=1")},
		{"path with a fragment", "path", call(t.Context(), "GET", "/contact#1")},
		{"path that climbs", "path", call(t.Context(), "GET", "/../admin/contact")},
		{"path that climbs in the end", "path", call(t.Context(), "GET", "/contact/..")},
		{"path that is a host", "path", call(t.Context(), "GET", "//evil.example/contact")},
		{"path that is a URL", "path", call(t.Context(), "GET", "https://evil.example/contact")},
		{"path with a backslash", "path", call(t.Context(), "GET", `/\evil.example/contact`)},
		{"method with a line", "method", call(t.Context(), "GET / HTTP/1.1"+more+"\r\n\r\nGET", "/contact")},
		{"method with a space", "method", call(t.Context(), "GET /", "/contact")},
		{"key with a line", "apiKey", newWith(server.url, "key"+more)},
		{"key with a line's end", "apiKey", newWith(server.url, "key\n")},
		{"User-Agent with a line", "WithUserAgent", newWith(server.url, "key", funnel.WithUserAgent("me"+more))},
		{"base URL with a line", "baseURL", newWith(server.url+"/v1"+more, "key")},
		{"base URL with a query", "baseURL", newWith(server.url+"/v1?x=1", "key")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			require.Equal(t, tt.field, apitest.AsError[*funnel.ArgumentError](t, tt.err).Field)
			require.NotContains(t, tt.err.Error(), "\n")
		})
	}
	require.Zero(t, server.accepted.Load())
}

// Other input arrives as it was given: as part of a path, a query or a value.
func TestHostile_InjectionIsEscaped(t *testing.T) {
	tests := []struct {
		name, basePath, path string
		query                url.Values
		key, value           string // of a header
		line                 string // of the request
	}{
		{name: "path with a version", path: "/contact HTTP/1.1",
			line: "GET /v1/contact%20HTTP/1.1 HTTP/1.1"},
		{name: "path with an escaped line", path: "/contact%0d%0aX-Injected: yes",
			line: "GET /v1/contact%250d%250aX-Injected:%20yes HTTP/1.1"},
		{name: "path with an escaped climb", path: "/%2e%2e/contact",
			line: "GET /v1/%252e%252e/contact HTTP/1.1"},
		{name: "path with a host", path: "@evil.example/contact",
			line: "GET /v1/@evil.example/contact HTTP/1.1"},
		{name: "base path with an escaped line", basePath: "%0d%0aX-Injected:%20yes", path: "/contact",
			line: "GET /v1%0d%0aX-Injected:%20yes/contact HTTP/1.1"},
		{name: "query's value with a line", path: "/contact", query: url.Values{"email": {"ada\r\nX-Injected: yes"}},
			line: "GET /v1/contact?email=ada%0D%0AX-Injected%3A+yes HTTP/1.1"},
		{name: "query's value with another field", path: "/contact", query: url.Values{"email": {"ada&contact_id=1#x"}},
			line: "GET /v1/contact?email=ada%26contact_id%3D1%23x HTTP/1.1"},
		{name: "query's key with a line", path: "/contact", query: url.Values{"e\r\nX-Injected: yes": {""}},
			line: "GET /v1/contact?e%0D%0AX-Injected%3A+yes= HTTP/1.1"},
		{name: "header that says how long the body is", path: "/contact", key: "Content-Length", value: "100",
			line: "GET /v1/contact HTTP/1.1"},
		{name: "header that says how the body is sent", path: "/contact", key: "Transfer-Encoding", value: "chunked",
			line: "GET /v1/contact HTTP/1.1"},
		{name: "header of a trailer", path: "/contact", key: "Trailer", value: "X-Injected",
			line: "GET /v1/contact HTTP/1.1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			heads := make(chan []string, 1)
			server := startRogueThatHears(t, func(conn net.Conn) {
				if head, err := rawHead(conn); err == nil {
					heads <- head
					sends(goodResponse)(conn)
				}
			})
			client, err := funnel.New("secret", funnel.WithBaseURL(server.url+"/v1"+tt.basePath))
			require.NoError(t, err)
			ctx := t.Context()
			if tt.key != "" {
				ctx = funnel.WithHeader(ctx, tt.key, tt.value)
			}
			require.NoError(t, client.Call(ctx, http.MethodGet, tt.path, tt.query, nil, nil))
			head := <-heads
			require.Equal(t, tt.line, head[0])
			slices.Sort(head[1:])
			require.Len(t, head[1:], 5)
			require.Equal(t, []string{"Accept-Encoding: gzip", "Accept: application/json", "Authorization: Bearer secret",
				"Host: " + strings.TrimPrefix(server.url, "http://")}, head[1:5])
			require.True(t, strings.HasPrefix(head[5], "User-Agent: funnel-go/"), head[5])
		})
	}
}

// A failed call closes at most its own connection. All others are reused.
func TestHostile_OtherConnectionsStayOpen(t *testing.T) {
	t.Cleanup(noLeaks(t))
	const others = 5
	var opened atomic.Int32
	arrived, proceed := make(chan struct{}), make(chan struct{})
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		switch req.URL.Path {
		case "/v1/together":
			arrived <- struct{}{}
			<-proceed
			_, _ = io.WriteString(w, goodBody)
		case "/v1/breaks":
			panic(http.ErrAbortHandler)
		case "/v1/hangs":
			<-req.Context().Done()
		case "/v1/redirects":
			http.Redirect(w, req, "/elsewhere", http.StatusFound)
		case "/v1/endless":
			for blank := make([]byte, 4096); ; {
				if _, err := w.Write(blank); err != nil {
					return
				}
			}
		}
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	client := hostileClient(t, server.URL, false)
	allTogether := func() { // on as many connections
		var calls sync.WaitGroup
		for range others {
			calls.Go(func() {
				if err := client.Call(t.Context(), http.MethodGet, "/together", nil, nil, nil); err != nil {
					t.Error(err)
				}
			})
		}
		for range others {
			<-arrived
		}
		for range others {
			proceed <- struct{}{}
		}
		calls.Wait()
	}
	allTogether()
	require.EqualValues(t, others, opened.Load())
	for _, path := range []string{"/breaks", "/hangs", "/redirects", "/endless"} {
		before := opened.Load()
		ctx, cancel := context.WithTimeout(funnel.WithoutRetry(t.Context()), 200*time.Millisecond)
		require.Error(t, client.Call(ctx, http.MethodPost, path, nil, nil, nil))
		cancel()
		allTogether()
		require.LessOrEqual(t, opened.Load(), before+1, path)
	}
}
