package e2e

import (
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/internal/apitest"
)

// These tests use sockets of the loopback interface. They do not run in parallel:
// each checks that no goroutines are left.

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
			_, _ = io.WriteString(w, contactBody)
		}
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	server.Start()
	client := newClient(t, server.URL, funnel.WithRateLimit(10_000, time.Minute), retryAtOnce())
	var all sync.WaitGroup
	for worker := range workers {
		all.Go(func() {
			for call := range calls {
				ctx := funnel.WithHeader(t.Context(), "X-Call", fmt.Sprintf("%d-%d", worker, call))
				var err error
				if call%2 == 0 {
					err = getContact(ctx, client)
				} else if err = createTag(ctx, client); errors.Is(err, funnel.ErrTagExists) {
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

// Broken connections, responses that are cut short and cancelled calls leave no
// goroutines behind.
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
	client := newClient(t, server.URL, retryAtOnce())

	err := client.Call(t.Context(), http.MethodGet, "/drop", nil, nil, nil)
	require.ErrorIs(t, err, io.EOF)
	require.Equal(t, 4, apitest.FailureOf(t, err).Attempts)

	err = client.Call(t.Context(), http.MethodGet, "/cut", nil, nil, nil)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.Equal(t, 4, apitest.FailureOf(t, err).Attempts)

	ctx, cancel := context.WithCancel(t.Context())
	failed := make(chan error)
	go func() { failed <- client.Call(ctx, http.MethodPost, "/hang", nil, nil, nil) }()
	<-begun
	cancel()
	err = <-failed
	require.ErrorIs(t, err, context.Canceled)
	apitest.RequireFailure(t, "POST /hang: 1 attempt, may have been applied", err)

	server.Close()
	gone()
}

// If nobody listens, nothing was sent, and every call is retried.
func TestSocket_NobodyListens(t *testing.T) {
	gone := noLeaks(t)
	server := httptest.NewServer(http.NotFoundHandler())
	url := server.URL
	server.Close()
	client := newClient(t, url, retryAtOnce())
	err := createFunnel(t.Context(), client)
	apitest.RequireFailure(t, "POST /funnel: 4 attempts, not applied", err)
	require.Equal(t, "dial", apitest.AsError[*net.OpError](t, err).Op)
	gone()
}

// Authentication may fetch a token with the request's context: that is no connection of
// the request itself.
func TestSocket_AuthenticationMakesRequests(t *testing.T) {
	gone := noLeaks(t)
	tokens := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "t0ken") }))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		assert.Equal(t, "Bearer t0ken", req.Header.Get("Authorization"))
		_, _ = io.WriteString(w, contactBody)
	}))
	server.Config.SetKeepAlivesEnabled(false) // a request over a connection that is just being closed counts as sent
	client := newClient(t, server.URL, retryAtOnce(), funnel.WithAuth(func(req *http.Request) error {
		ask, err := http.NewRequestWithContext(req.Context(), http.MethodGet, tokens.URL, nil)
		if err != nil {
			return err
		}
		resp, err := tokens.Client().Do(ask)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		token, err := io.ReadAll(resp.Body)
		req.Header.Set("Authorization", "Bearer "+string(token))
		return err
	}))
	for range 3 {
		require.NoError(t, getContact(t.Context(), client))
	}
	require.Equal(t, 3, client.LimiterStats().Used)
	server.Close()
	apitest.RequireFailure(t, "POST /funnel: 4 attempts, not applied", createFunnel(t.Context(), client))
	tokens.Close()
	gone()
}

// The limit of a response counts decompressed bytes.
func TestSocket_DecompressedSizeCounts(t *testing.T) {
	gone := noLeaks(t)
	var accepted atomic.Value
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		accepted.Store(req.Header.Get("Accept-Encoding"))
		w.Header().Set("Content-Encoding", "gzip")
		zip := gzip.NewWriter(w)
		_, _ = zip.Write(make([]byte, 2<<20))
		_ = zip.Close()
	}))
	client := newClient(t, server.URL, funnel.WithMaxResponseBytes(1<<20))
	err := getContact(t.Context(), client)
	require.ErrorContains(t, err, "the response is too large: it has more than 1048576 bytes")
	require.Equal(t, 1, apitest.FailureOf(t, err).Attempts)
	require.Equal(t, "gzip", accepted.Load())
	server.Close()
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
		_, _ = io.WriteString(w, contactBody)
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	httpClient := server.Client()
	client := newClient(t, server.URL, funnel.WithHTTPClient(httpClient), retryAtOnce())
	require.NoError(t, getContact(t.Context(), client))
	require.Equal(t, "HTTP/2.0", protocol.Load())
	err := createFunnel(t.Context(), client)
	apitest.RequireFailure(t, "POST /funnel: 1 attempt, may have been applied", err)
	httpClient.CloseIdleConnections()
	server.Close()
	gone()
}

// A request that net/http sends again by itself, because the server has closed the
// connection, takes a slot of the rate limit too.
func TestSocket_RetriesByNetHTTPCount(t *testing.T) {
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
			fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(contactBody), contactBody)
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
	apitest.Spread(2*limit, 8, func(int) { _ = getContact(ctx, client) }) // until there is no room before the deadline
	client.CloseIdleConnections()
	require.NoError(t, listener.Close())
	servers.Wait()
	// The repeats of the requests that are under way when the first one is seen cannot be
	// foreseen.
	require.LessOrEqual(t, counted.Load(), int64(limit+8))
	require.GreaterOrEqual(t, counted.Load(), int64(limit*3/4), "those under way reserve slots for repeats")
}
