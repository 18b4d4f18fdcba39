package funnel_test

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"math/big"
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
)

// These tests hold the SDK against net/http's own transport, over connections
// in memory: what counts as sent is what httptrace says, whatever the error.

// certificate returns one for that host, signed by nobody.
func certificate(t *testing.T, host string) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: host},
		DNSNames:     []string{host},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(1000 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

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
	type want struct {
		attempts int
		applied  bool
		takes    waiting
		err      func(*testing.T, error)
	}
	isError := func(target error) func(*testing.T, error) {
		return func(t *testing.T, err error) { t.Helper(); require.ErrorIs(t, err, target) }
	}
	anError := func(t *testing.T, err error) { t.Helper(); require.Error(t, err) }
	handshakes := func(host string) func(*testing.T, *http.Transport) *pipeServer {
		return func(t *testing.T, transport *http.Transport) *pipeServer {
			cert := certificate(t, host)
			trusted := x509.NewCertPool()
			leaf, err := x509.ParseCertificate(cert.Certificate[0])
			require.NoError(t, err)
			if host != "api.example.com" {
				trusted.AddCert(leaf)
			}
			transport.TLSClientConfig = &tls.Config{RootCAs: trusted}
			return &pipeServer{serve: func(conn net.Conn) {
				_ = tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{cert}}).Handshake()
			}}
		}
	}
	tests := []struct {
		name  string
		setUp func(*testing.T, *http.Transport) *pipeServer
		plain bool // no TLS
		want  want
	}{{
		name: "connection refused",
		setUp: func(_ *testing.T, transport *http.Transport) *pipeServer {
			transport.DialContext = func(context.Context, string, string) (net.Conn, error) {
				return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
			}
			return nil
		},
		want: want{4, false, backoff, isError(syscall.ECONNREFUSED)},
	}, {
		name: "no such host",
		setUp: func(_ *testing.T, transport *http.Transport) *pipeServer {
			transport.DialContext = func(context.Context, string, string) (net.Conn, error) {
				return nil, &net.DNSError{Err: "no such host", Name: "api.example.com", IsNotFound: true}
			}
			return nil
		},
		want: want{4, false, backoff, func(t *testing.T, err error) {
			require.True(t, asError[*net.DNSError](t, err).IsNotFound)
		}},
	}, {
		name: "dial that reads as if it had been sent",
		setUp: func(_ *testing.T, transport *http.Transport) *pipeServer {
			transport.DialContext = func(context.Context, string, string) (net.Conn, error) {
				return nil, errors.New("write: broken pipe after the request was sent")
			}
			return nil
		},
		want: want{4, false, backoff, anError},
	}, {
		name: "dial without end",
		setUp: func(t *testing.T, transport *http.Transport) *pipeServer {
			transport.DialContext = dialWithoutEnd(t)
			return nil
		},
		want: want{4, false, eachTaking(30 * time.Second), isError(context.DeadlineExceeded)},
	}, {
		name: "connection closed during the TLS handshake",
		setUp: func(*testing.T, *http.Transport) *pipeServer {
			return &pipeServer{serve: func(conn net.Conn) { _, _ = conn.Read(make([]byte, 64<<10)) }}
		},
		want: want{4, false, backoff, isError(io.EOF)},
	}, {
		name: "no TLS at the other end",
		setUp: func(*testing.T, *http.Transport) *pipeServer {
			return &pipeServer{serve: func(conn net.Conn) {
				_, _ = conn.Read(make([]byte, 64<<10))
				_, _ = io.WriteString(conn, "HTTP/1.1 400 Bad Request\r\n\r\n")
			}}
		},
		want: want{4, false, backoff, anError},
	}, {
		name: "TLS handshake without end",
		setUp: func(_ *testing.T, transport *http.Transport) *pipeServer {
			transport.TLSHandshakeTimeout = 10 * time.Second
			return &pipeServer{serve: func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }}
		},
		want: want{4, false, eachTaking(10 * time.Second), func(t *testing.T, err error) {
			require.ErrorContains(t, err, "TLS handshake timeout")
		}},
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
		want: want{4, false, backoff, func(t *testing.T, err error) { require.ErrorContains(t, err, "Forbidden") }},
	}, {
		name:  "certificate of an unknown authority",
		setUp: handshakes("api.example.com"),
		want: want{1, false, backoff, func(t *testing.T, err error) {
			asError[*tls.CertificateVerificationError](t, err)
			asError[x509.UnknownAuthorityError](t, err)
		}},
	}, {
		name:  "certificate of another host",
		setUp: handshakes("other.example.com"),
		want: want{1, false, backoff, func(t *testing.T, err error) {
			asError[x509.HostnameError](t, err)
		}},
	}, {
		name: "connection closed after the request",
		setUp: func(*testing.T, *http.Transport) *pipeServer {
			return &pipeServer{serve: func(conn net.Conn) { _, _ = readRequest(conn) }}
		},
		plain: true,
		want:  want{1, true, backoff, isError(io.EOF)},
	}, {
		name: "connection closed in the middle of the request",
		setUp: func(*testing.T, *http.Transport) *pipeServer {
			return &pipeServer{serve: func(conn net.Conn) { _, _ = conn.Read(make([]byte, 10)) }}
		},
		plain: true,
		want:  want{1, true, backoff, anError},
	}, {
		name: "answer that is no HTTP",
		setUp: func(*testing.T, *http.Transport) *pipeServer {
			return &pipeServer{serve: func(conn net.Conn) {
				_, _ = readRequest(conn)
				_, _ = io.WriteString(conn, "220 smtp.example.com ESMTP\r\n")
			}}
		},
		plain: true,
		want: want{1, true, backoff, func(t *testing.T, err error) {
			require.ErrorContains(t, err, "malformed HTTP")
		}},
	}, {
		name: "answer shorter than it says",
		setUp: func(*testing.T, *http.Transport) *pipeServer {
			return &pipeServer{serve: func(conn net.Conn) {
				_, _ = readRequest(conn)
				_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"success\":true,")
			}}
		},
		plain: true,
		want:  want{1, true, backoff, isError(io.ErrUnexpectedEOF)},
	}, {
		name: "no answer within the attempt's time",
		setUp: func(*testing.T, *http.Transport) *pipeServer {
			return &pipeServer{serve: func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }}
		},
		plain: true,
		want:  want{1, true, eachTaking(30 * time.Second), isError(context.DeadlineExceeded)},
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
				baseURL := testBaseURL
				opts := []funnel.Option{funnel.WithHTTPClient(&http.Client{Transport: transport})}
				if tt.plain {
					baseURL = "http://api.example.com/v1"
					opts = append(opts, funnel.WithInsecureHTTP())
				}
				client, err := newClientAt(baseURL, testKey, opts...)
				require.NoError(t, err)
				started := time.Now()

				err = createFunnel.call(t.Context(), client) // which nothing but certainty lets repeat

				tt.want.err(t, err)
				require.Equal(t, callFailure{"POST", "/funnel", tt.want.attempts, tt.want.applied}, failureOf(t, err))
				atLeast, atMost := tt.want.takes(tt.want.attempts)
				require.GreaterOrEqual(t, time.Since(started), atLeast)
				require.LessOrEqual(t, time.Since(started), atMost)
			})
		})
	}
}

// A call that could not be sent at first is sent as soon as there is a
// connection, once.
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
			body := success(seven)
			_, _ = fmt.Fprintf(conn, "HTTP/1.1 201 Created\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
		}}
		dials := 0
		transport := &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			if dials++; dials < 3 {
				return nil, syscall.ECONNREFUSED
			}
			return server.dial(ctx, network, addr)
		}}
		client, err := funnel.New(testKey, funnel.WithBaseURL("http://127.0.0.1/v1"), funnel.WithHTTPClient(&http.Client{Transport: transport}))
		require.NoError(t, err)
		created, err := client.Funnels.Create(t.Context(), funnel.FunnelCreateParams{Name: "Spring"})
		require.NoError(t, err)
		require.Equal(t, funnel.FunnelID(7), created.ID)
		server.all.Wait()
		require.Equal(t, []string{"POST /v1/funnel"}, got)
	})
}

// A context that ends says so, with its cause, although net/http reports the
// cause alone; before there is a connection nothing can have been applied.
func TestTransport_ContextThatEnds(t *testing.T) {
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
				client, err := funnel.New(testKey, funnel.WithBaseURL("http://127.0.0.1/v1"), funnel.WithHTTPClient(&http.Client{Transport: transport}))
				require.NoError(t, err)
				ctx, cancel := context.WithCancelCause(t.Context())
				time.AfterFunc(time.Second, func() { cancel(gone) })
				started := time.Now()
				err = createFunnel.call(ctx, client)
				require.Equal(t, time.Second, time.Since(started))
				require.ErrorIs(t, err, context.Canceled)
				require.ErrorIs(t, err, gone)
				require.Equal(t, callFailure{"POST", "/funnel", 1, tt.applied}, failureOf(t, err))
			})
		})
	}
}

// A transport of the user's own making may leave out the body, as with
// http.Client; that it returns nothing at all is an error, of which nobody knows
// what was sent.
func TestTransport_ThatReturnsLessThanItShould(t *testing.T) {
	t.Parallel()
	returns := func(resp *http.Response) http.RoundTripper {
		return roundTripFunc(func(*http.Request) (*http.Response, error) { return resp, nil })
	}
	require.NoError(t, clientOver(t, returns(&http.Response{StatusCode: 204})).Contacts.Delete(t.Context(), funnel.ContactID(7)))

	err := createFunnel.call(t.Context(), clientOver(t, returns(nil)))
	require.ErrorContains(t, err, "the transport, a funnel_test.roundTripFunc, returned neither a response nor an error")
	require.Equal(t, callFailure{"POST", "/funnel", 1, true}, failureOf(t, err))
}

// A transport of the user's own that fails without a reason has failed all the
// same.
func TestTransport_FailsWithoutAReason(t *testing.T) {
	t.Parallel()
	client := clientOver(t, roundTripFunc(func(*http.Request) (*http.Response, error) {
		return nil, &url.Error{Op: "Get", URL: "https://x.example?email=a"}
	}))
	err := getContact.call(funnel.WithoutRetry(t.Context()), client)
	require.EqualError(t, err, "funnel: GET /contact: no reason was given")
}
