package funnel_test

import (
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
)

// These few tests use real sockets on the loopback interface. They do not run
// in parallel with others: each looks for goroutines that it leaves behind.

// goroutines returns the stacks of all goroutines, by their ids.
func goroutines() map[string]string {
	buf := make([]byte, 1<<20)
	for {
		n := runtime.Stack(buf, true)
		if n < len(buf) {
			buf = buf[:n]
			break
		}
		buf = make([]byte, 2*len(buf))
	}
	stacks := map[string]string{}
	for stack := range strings.SplitSeq(string(buf), "\n\n") {
		id, _, _ := strings.Cut(strings.TrimPrefix(stack, "goroutine "), " ")
		stacks[id] = stack
	}
	return stacks
}

// noLeaks returns a function that requires that every goroutine begun since is
// gone, or goes soon.
func noLeaks(t *testing.T) func() {
	t.Helper()
	before := goroutines()
	left := func() []string {
		stacks := []string{}
		for id, stack := range goroutines() {
			if _, ok := before[id]; !ok && !strings.Contains(stack, "testify") {
				stacks = append(stacks, stack)
			}
		}
		return stacks
	}
	return func() {
		t.Helper()
		var last atomic.Value
		gone := func() bool {
			runtime.Gosched()
			stacks := left()
			last.Store(strings.Join(stacks, "\n\n"))
			return len(stacks) == 0
		}
		require.Eventually(t, gone, 10*time.Second, time.Millisecond, "goroutines are left:\n%v", &last)
	}
}

// impatient retries at once, for tests in real time.
func impatient() funnel.Option {
	return funnel.WithRetry(funnel.RetryPolicy{MinWait: time.Millisecond, MaxWait: time.Millisecond, Budget: -1})
}

// The SDK's own transport keeps as many connections as are under way: hundreds
// of calls from 50 goroutines, failures among them, open hardly more than 50.
func TestSocket_ConnectionsAreKept(t *testing.T) {
	gone := noLeaks(t)
	const workers, calls = 50, 10
	fails := map[string]bool{} // one call of each worker, not all at once: that would be an outage
	for worker := range workers {
		fails[fmt.Sprintf("%d-%d", worker, worker%calls)] = true
	}
	var opened, served atomic.Int32
	var failed sync.Map
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		served.Add(1)
		call := req.Header.Get("X-Call")
		_, again := failed.LoadOrStore(call, true)
		switch {
		case fails[call] && !again:
			http.Error(w, "oops", http.StatusServiceUnavailable)
		case req.Method == http.MethodPost:
			w.WriteHeader(http.StatusConflict)
			_, _ = io.WriteString(w, `{"success":false,"error":{"code":"TAG_EXISTS","message":"A tag with that name already exists"}}`)
		default:
			_, _ = io.WriteString(w, success(seven))
		}
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	server.Start()
	client, err := funnel.New(testKey, funnel.WithBaseURL(server.URL), funnel.WithRateLimit(10_000, time.Minute), impatient())
	require.NoError(t, err)
	var all sync.WaitGroup
	for worker := range workers {
		all.Go(func() {
			for call := range calls {
				ctx := funnel.WithHeader(t.Context(), "X-Call", fmt.Sprintf("%d-%d", worker, call))
				var err error
				if call%2 == 0 {
					err = getContact.call(ctx, client)
				} else if err = createTag.call(ctx, client); errors.Is(err, funnel.ErrTagExists) {
					err = nil
				}
				if err != nil {
					t.Errorf("call %d of worker %d: %v", call, worker, err)
				}
			}
		})
	}
	all.Wait()
	require.Equal(t, int32(workers*(calls+1)), served.Load()) // one retry each
	require.LessOrEqual(t, opened.Load(), int32(2*workers))   // net/http dials one more now and then
	server.Close()
	gone()
}

// Connections that break, answers that are cut short and callers that leave
// leave nothing behind.
func TestSocket_FailuresLeaveNothingBehind(t *testing.T) {
	gone := noLeaks(t)
	begun := make(chan struct{}, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		switch req.URL.Path {
		case "/drop":
			panic(http.ErrAbortHandler)
		case "/cut":
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, `{"success":`)
		default:
			begun <- struct{}{}
			<-req.Context().Done()
		}
	}))
	client, err := funnel.New(testKey, funnel.WithBaseURL(server.URL), impatient())
	require.NoError(t, err)

	err = client.Call(t.Context(), http.MethodGet, "/drop", nil, nil, nil)
	require.ErrorIs(t, err, io.EOF)
	require.Equal(t, 4, failureOf(t, err).Attempts)

	err = client.Call(t.Context(), http.MethodGet, "/cut", nil, nil, nil)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.Equal(t, 4, failureOf(t, err).Attempts)

	ctx, cancel := context.WithCancel(t.Context())
	failed := make(chan error)
	go func() { failed <- client.Call(ctx, http.MethodPost, "/hang", nil, nil, nil) }()
	<-begun
	cancel()
	err = <-failed
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, callFailure{"POST", "/hang", 1, true}, failureOf(t, err))

	server.Close()
	gone()
}

// Nobody listens: that is surely not sent, and everything is repeated.
func TestSocket_NobodyListens(t *testing.T) {
	gone := noLeaks(t)
	server := httptest.NewServer(http.NotFoundHandler())
	url := server.URL
	server.Close()
	client, err := funnel.New(testKey, funnel.WithBaseURL(url), impatient())
	require.NoError(t, err)
	err = createFunnel.call(t.Context(), client)
	require.Equal(t, callFailure{"POST", "/funnel", 4, false}, failureOf(t, err))
	require.Equal(t, "dial", asError[*net.OpError](t, err).Op)
	gone()
}

// A small answer that is large when it is decompressed is refused by what it
// is then.
func TestSocket_DecompressedSizeCounts(t *testing.T) {
	gone := noLeaks(t)
	var accepted atomic.Value
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		accepted.Store(req.Header.Get("Accept-Encoding"))
		w.Header().Set("Content-Encoding", "gzip")
		zip := gzip.NewWriter(w)
		_, _ = io.CopyN(zip, readerFunc(func(p []byte) (int, error) { return len(p), nil }), 2<<20)
		_ = zip.Close()
	}))
	client, err := funnel.New(testKey, funnel.WithBaseURL(server.URL), funnel.WithMaxResponseBytes(1<<20))
	require.NoError(t, err)
	err = getContact.call(t.Context(), client)
	require.ErrorContains(t, err, "the response is too large: over 1048576 bytes")
	require.Equal(t, 1, failureOf(t, err).Attempts)
	require.Equal(t, "gzip", accepted.Load())
	server.Close()
	gone()
}

// A redirect to another server takes the key nowhere.
func TestSocket_RedirectToAnotherServer(t *testing.T) {
	gone := noLeaks(t)
	var stolen atomic.Int32
	thief := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { stolen.Add(1) }))
	server := httptest.NewServer(http.RedirectHandler(thief.URL+"/contact", http.StatusTemporaryRedirect))
	client, err := funnel.New(testKey, funnel.WithBaseURL(server.URL))
	require.NoError(t, err)
	err = getContact.call(t.Context(), client)
	require.ErrorContains(t, err, fmt.Sprintf("redirects to %s, which is not followed", thief.URL))
	err = createFunnel.call(t.Context(), client)
	require.ErrorContains(t, err, fmt.Sprintf("redirects to %s, which is not followed", thief.URL))
	require.Zero(t, stolen.Load())
	server.Close()
	thief.Close()
	gone()
}

// The user's own TLS transport speaks HTTP/2 to a server that does, and a
// stream that the server breaks off counts as sent.
func TestSocket_HTTP2(t *testing.T) {
	gone := noLeaks(t)
	var protocol atomic.Value
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		protocol.Store(req.Proto)
		if req.Method == http.MethodPost {
			panic(http.ErrAbortHandler)
		}
		_, _ = io.WriteString(w, success(seven))
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	httpClient := server.Client()
	client, err := funnel.New(testKey, funnel.WithBaseURL(server.URL), funnel.WithHTTPClient(httpClient), impatient())
	require.NoError(t, err)
	require.NoError(t, getContact.call(t.Context(), client))
	require.Equal(t, "HTTP/2.0", protocol.Load())
	err = createFunnel.call(t.Context(), client)
	require.Equal(t, callFailure{"POST", "/funnel", 1, true}, failureOf(t, err))
	httpClient.CloseIdleConnections()
	server.Close()
	gone()
}

// The default client trusts no certificate that nobody vouches for.
func TestSocket_UntrustedCertificate(t *testing.T) {
	gone := noLeaks(t)
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	client, err := funnel.New(testKey, funnel.WithBaseURL(server.URL))
	require.NoError(t, err)
	err = getContact.call(t.Context(), client)
	require.ErrorContains(t, err, "certificate")
	require.Equal(t, callFailure{"GET", "/contact", 1, false}, failureOf(t, err))
	server.Close()
	gone()
}

// A request that net/http sends again by itself, because the server has closed the
// connection, takes a slot of the rate limit too.
func TestSocket_RepeatsOfNetHTTPCount(t *testing.T) {
	const limit = 200
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var counted atomic.Int64
	var servers sync.WaitGroup
	serve := func(conn net.Conn) {
		defer conn.Close()
		requests := bufio.NewReader(conn)
		for i := 0; ; i++ {
			if _, err := http.ReadRequest(requests); err != nil {
				return
			}
			counted.Add(1)
			if i == 3 {
				return // a worker that dies with the request
			}
			fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(success(seven)), success(seven))
		}
	}
	servers.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			servers.Go(func() { serve(conn) })
		}
	})
	client, err := funnel.New(testKey, funnel.WithBaseURL("http://"+listener.Addr().String()), funnel.WithRateLimit(limit, time.Hour))
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	spread(2*limit, 8, func(int) { _ = getContact.call(ctx, client) }) // until there is no room before the deadline
	client.CloseIdleConnections()
	require.NoError(t, listener.Close())
	servers.Wait()
	// The repeats of the requests that are under way when the first one is seen cannot be
	// foreseen.
	require.LessOrEqual(t, counted.Load(), int64(limit+8))
	require.GreaterOrEqual(t, counted.Load(), int64(limit*3/4), "those under way reserve slots for repeats")
}
