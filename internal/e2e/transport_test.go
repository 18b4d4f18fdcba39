package e2e

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/internal/apitest"
)

// These tests use net/http's own transport over connections in memory. Whether a
// request was sent is decided by httptrace, whatever the error says.

// A pipeServer serves connections in memory.
type pipeServer struct {
	serve func(net.Conn) // nil: nobody accepts
	all   sync.WaitGroup
}

func (s *pipeServer) dial(context.Context, string, string) (net.Conn, error) {
	client, server := net.Pipe()
	s.all.Go(func() {
		defer server.Close()
		s.serve(server)
	})
	return client, nil
}

type dialer = func(context.Context, string, string) (net.Conn, error)

// dialWithoutEnd returns a dialer that gets no connection before the test ends.
func dialWithoutEnd(t *testing.T) dialer {
	return func(context.Context, string, string) (net.Conn, error) {
		<-t.Context().Done()
		return nil, t.Context().Err()
	}
}

// readRequest reads one request to its end.
func readRequest(conn net.Conn) (*http.Request, error) {
	req, err := http.ReadRequest(bufio.NewReader(conn))
	if err == nil {
		_, err = io.Copy(io.Discard, req.Body)
	}
	return req, err
}

func TestTransport_WhatCountsAsSent(t *testing.T) {
	t.Parallel()
	isError := func(target error) func(*testing.T, error) {
		return func(t *testing.T, err error) { t.Helper(); require.ErrorIs(t, err, target) }
	}
	anError := func(t *testing.T, err error) { t.Helper(); require.Error(t, err) }
	tests := []struct {
		name  string
		setUp func(*testing.T, *http.Transport) *pipeServer
		plain bool          // no TLS
		sent  bool          // so the call must not be repeated
		takes time.Duration // each attempt
		check func(*testing.T, error)
	}{{
		name: "connection refused",
		setUp: func(_ *testing.T, transport *http.Transport) *pipeServer {
			transport.DialContext = func(context.Context, string, string) (net.Conn, error) {
				return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
			}
			return nil
		},
		check: isError(syscall.ECONNREFUSED),
	}, {
		name: "no such host",
		setUp: func(_ *testing.T, transport *http.Transport) *pipeServer {
			transport.DialContext = func(context.Context, string, string) (net.Conn, error) {
				return nil, &net.DNSError{Err: "no such host", Name: "api.example.com", IsNotFound: true}
			}
			return nil
		},
		check: func(t *testing.T, err error) {
			require.True(t, apitest.AsError[*net.DNSError](t, err).IsNotFound)
		},
	}, {
		name: "dial that reads as if it had been sent",
		setUp: func(_ *testing.T, transport *http.Transport) *pipeServer {
			transport.DialContext = func(context.Context, string, string) (net.Conn, error) {
				return nil, errors.New("write: broken pipe after the request was sent")
			}
			return nil
		},
		check: anError,
	}, {
		name: "dial without end",
		setUp: func(t *testing.T, transport *http.Transport) *pipeServer {
			transport.DialContext = dialWithoutEnd(t)
			return nil
		},
		takes: 30 * time.Second,
		check: isError(context.DeadlineExceeded),
	}, {
		name: "connection closed during the TLS handshake",
		setUp: func(*testing.T, *http.Transport) *pipeServer {
			return &pipeServer{serve: func(conn net.Conn) { _, _ = conn.Read(make([]byte, 64<<10)) }}
		},
		check: isError(io.EOF),
	}, {
		name: "no TLS at the other end",
		setUp: func(*testing.T, *http.Transport) *pipeServer {
			return &pipeServer{serve: func(conn net.Conn) {
				_, _ = conn.Read(make([]byte, 64<<10))
				_, _ = io.WriteString(conn, "SSH-2.0-OpenSSH_9.2\r\n")
			}}
		},
		check: anError,
	}, {
		name: "TLS handshake without end",
		setUp: func(_ *testing.T, transport *http.Transport) *pipeServer {
			transport.TLSHandshakeTimeout = 10 * time.Second
			return &pipeServer{serve: func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }}
		},
		takes: 10 * time.Second,
		check: func(t *testing.T, err error) {
			require.ErrorContains(t, err, "TLS handshake timeout")
		},
	}, {
		name: "proxy that refuses",
		setUp: func(_ *testing.T, transport *http.Transport) *pipeServer {
			transport.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: "proxy.example.com:3128"})
			return &pipeServer{serve: func(conn net.Conn) {
				if req, err := readRequest(conn); err == nil && req.Method == http.MethodConnect {
					_, _ = io.WriteString(conn, "HTTP/1.1 403 Forbidden\r\n\r\n")
				}
			}}
		},
		check: func(t *testing.T, err error) { require.ErrorContains(t, err, "Forbidden") },
	}, {
		name: "connection closed after the request",
		setUp: func(*testing.T, *http.Transport) *pipeServer {
			return &pipeServer{serve: func(conn net.Conn) { _, _ = readRequest(conn) }}
		},
		plain: true,
		sent:  true,
		check: isError(io.EOF),
	}, {
		name: "connection closed in the middle of the request",
		setUp: func(*testing.T, *http.Transport) *pipeServer {
			return &pipeServer{serve: func(conn net.Conn) { _, _ = conn.Read(make([]byte, 10)) }}
		},
		plain: true,
		sent:  true,
		check: anError,
	}, {
		name: "response that is no HTTP",
		setUp: func(*testing.T, *http.Transport) *pipeServer {
			return &pipeServer{serve: func(conn net.Conn) {
				_, _ = readRequest(conn)
				_, _ = io.WriteString(conn, "220 smtp.example.com ESMTP\r\n")
			}}
		},
		plain: true,
		sent:  true,
		check: func(t *testing.T, err error) {
			require.ErrorContains(t, err, "malformed HTTP")
		},
	}, {
		name: "response shorter than it says",
		setUp: func(*testing.T, *http.Transport) *pipeServer {
			return &pipeServer{serve: func(conn net.Conn) {
				_, _ = readRequest(conn)
				_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"success\":true,")
			}}
		},
		plain: true,
		sent:  true,
		check: isError(io.ErrUnexpectedEOF),
	}, {
		name: "no response within the attempt's time",
		setUp: func(*testing.T, *http.Transport) *pipeServer {
			return &pipeServer{serve: func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }}
		},
		plain: true,
		sent:  true,
		takes: 30 * time.Second,
		check: isError(context.DeadlineExceeded),
	}}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				transport := &http.Transport{}
				server := tt.setUp(t, transport)
				if server != nil {
					transport.DialContext = server.dial
					defer server.all.Wait()
				}
				defer transport.CloseIdleConnections()
				baseURL, opts := "https://api.example.com/v1", []funnel.Option{funnel.WithHTTPClient(&http.Client{Transport: transport})}
				if tt.plain {
					baseURL, opts = "http://api.example.com/v1", append(opts, funnel.WithInsecureHTTP())
				}
				client := newClient(t, baseURL, opts...)
				want, backoffs := "POST /funnel: 4 attempts, not applied", 7*time.Second // 1, 2 and 4 s
				if tt.sent {
					want, backoffs = "POST /funnel: 1 attempt, may have been applied", 0
				}
				started := time.Now()

				err := createFunnel(t.Context(), client)

				tt.check(t, err)
				apitest.RequireFailure(t, want, err)
				attempts := time.Duration(apitest.FailureOf(t, err).Attempts) * tt.takes
				require.GreaterOrEqual(t, time.Since(started), attempts+backoffs)
				require.LessOrEqual(t, time.Since(started), attempts+backoffs+backoffs/2, "with jitter")
			})
		})
	}
}

// A call that could not be sent at first is sent once, when there is a connection.
func TestTransport_SendsOnceThereIsAConnection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var got []string
		server := &pipeServer{serve: func(conn net.Conn) {
			req, err := readRequest(conn)
			if err != nil {
				return
			}
			got = append(got, req.Method+" "+req.URL.Path)
			body := contactBody
			_, _ = fmt.Fprintf(conn, "HTTP/1.1 201 Created\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
		}}
		dials := 0
		transport := &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			if dials++; dials < 3 {
				return nil, syscall.ECONNREFUSED
			}
			return server.dial(ctx, network, addr)
		}}
		client := newClient(t, "http://127.0.0.1/v1", funnel.WithHTTPClient(&http.Client{Transport: transport}))
		created, err := client.Funnels.Create(t.Context(), funnel.FunnelCreateParams{Name: "Spring"})
		require.NoError(t, err)
		require.Equal(t, funnel.FunnelID(7), created.ID)
		server.all.Wait()
		require.Equal(t, []string{"POST /v1/funnel"}, got)
	})
}

// If the context ends, the error wraps the context's error and its cause, although
// net/http reports only the cause. Without a connection nothing was applied.
func TestTransport_ContextEnds(t *testing.T) {
	t.Parallel()
	gone := errors.New("the user went away")
	tests := []struct {
		name    string
		dial    func(*testing.T, *pipeServer) dialer
		applied bool
	}{
		{"in the middle of an attempt", func(_ *testing.T, s *pipeServer) dialer { return s.dial }, true},
		{"before there is a connection", func(t *testing.T, _ *pipeServer) dialer { return dialWithoutEnd(t) }, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				server := &pipeServer{serve: func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }}
				defer server.all.Wait()
				transport := &http.Transport{DialContext: tt.dial(t, server)}
				client := newClient(t, "http://127.0.0.1/v1", funnel.WithHTTPClient(&http.Client{Transport: transport}))
				ctx, cancel := context.WithCancelCause(t.Context())
				time.AfterFunc(time.Second, func() { cancel(gone) })
				started := time.Now()
				err := createFunnel(ctx, client)
				require.Equal(t, time.Second, time.Since(started))
				require.ErrorIs(t, err, context.Canceled)
				require.ErrorIs(t, err, gone)
				require.Equal(t, apitest.Failure{Method: "POST", Path: "/funnel", Attempts: 1, MayHaveBeenApplied: tt.applied}, apitest.FailureOf(t, err))
			})
		})
	}
}

// A custom transport may return a response without a body, as http.Client allows. If it
// returns neither a response nor an error, the request may have been sent.
func TestTransport_ReturnsNoBodyOrNothing(t *testing.T) {
	t.Parallel()
	returns := func(resp *http.Response) http.RoundTripper {
		return apitest.RoundTripper(func(*http.Request) (*http.Response, error) { return resp, nil })
	}
	require.NoError(t, overTransport(t, returns(&http.Response{StatusCode: 204})).Contacts.Delete(t.Context(), funnel.ContactID(7)))

	err := createFunnel(t.Context(), overTransport(t, returns(nil)))
	require.ErrorContains(t, err, "the transport, a apitest.RoundTripper, returned neither a response nor an error")
	apitest.RequireFailure(t, "POST /funnel: 1 attempt, may have been applied", err)
}

// An error without a text is an error.
func TestTransport_FailsWithoutAReason(t *testing.T) {
	t.Parallel()
	client := overTransport(t, apitest.RoundTripper(func(*http.Request) (*http.Response, error) {
		return nil, &url.Error{Op: "Get", URL: "https://x.example?email=a"}
	}))
	err := getContact(funnel.WithoutRetry(t.Context()), client)
	require.EqualError(t, err, "funnel: GET /contact: the transport returned a url.Error without a cause")
}
