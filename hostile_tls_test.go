package funnel_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
)

// issue returns a certificate of 127.0.0.1 but for what change makes of it, and
// the pool of authorities that vouch for it.
func issue(t *testing.T, change func(*x509.Certificate)) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "rogue"},
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
	}
	change(template)
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	leaf, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

func unchanged(*x509.Certificate) {}

// startTLSRogue returns a rogue that speaks TLS, and plays the script when the
// handshake is done.
func startTLSRogue(t *testing.T, config *tls.Config, play func(*tls.Conn)) *rogue {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	return rogueOn(t, tls.NewListener(listener, config), "https", func(conn net.Conn) {
		secure := conn.(*tls.Conn)
		if secure.Handshake() == nil {
			play(secure)
		}
	})
}

// To a server that cannot prove who it is nothing is sent, and it is not asked
// again: the next answer would be no better.
func TestHostileServers_BadCertificate(t *testing.T) {
	t.Cleanup(noLeaks(t))
	tests := []struct {
		name    string
		change  func(*x509.Certificate)
		trusted bool
		text    string
	}{
		{"of nobody", unchanged, false, "x509: certificate signed by unknown authority"},
		{"expired", func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }, true, "x509: certificate has expired or is not yet valid"},
		{"not yet valid", func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Minute) }, true, "x509: certificate has expired or is not yet valid"},
		{"of another address", func(c *x509.Certificate) { c.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 2)} }, true, "x509: certificate is valid for 127.0.0.2, not 127.0.0.1"},
		{"of another host", func(c *x509.Certificate) { c.IPAddresses, c.DNSNames = nil, []string{"api.example.com"} }, true, "x509: cannot validate certificate for 127.0.0.1"},
		{"for another use", func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }, true, "x509: certificate specifies an incompatible key usage"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var requests atomic.Int32
			cert, pool := issue(t, tt.change)
			if !tt.trusted {
				pool = x509.NewCertPool()
			}
			server := startTLSRogue(t, &tls.Config{Certificates: []tls.Certificate{cert}}, func(conn *tls.Conn) {
				if _, err := conn.Read(make([]byte, 1)); err == nil {
					requests.Add(1)
				}
			})
			transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}
			requireVerdict(t, server.url, verdict{tt.text, 1, 1, false, false}, funnel.WithHTTPClient(&http.Client{Transport: transport}))
			require.EqualValues(t, 2, server.accepted.Load(), "one for each call")
			server.requireAbandoned(t)
			require.Zero(t, requests.Load())
		})
	}
}

// The SDK's own transport speaks no version of TLS that is known to be weak.
func TestHostileServers_OldTLS(t *testing.T) {
	t.Cleanup(noLeaks(t))
	cert, _ := issue(t, unchanged)
	server := startTLSRogue(t, &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}, func(*tls.Conn) {})
	requireVerdict(t, server.url, verdict{"protocol version not supported", 2, 2, false, false})
	server.requireAbandoned(t)
}

// No redirect leads from https to http.
func TestHostileServers_RedirectToPlainHTTP(t *testing.T) {
	t.Cleanup(noLeaks(t))
	thief := startRogueThatHears(t, func(net.Conn) {})
	for _, http2 := range []bool{false, true} {
		t.Run("HTTP/2 "+strconv.FormatBool(http2), func(t *testing.T) {
			server := httptest.NewUnstartedServer(http.RedirectHandler(thief.url+"/v1/contact", http.StatusTemporaryRedirect))
			server.EnableHTTP2 = http2
			server.StartTLS()
			defer server.Close()
			requireVerdict(t, server.URL, verdict{"redirects to " + thief.url + ",", 1, 1, false, false}, funnel.WithHTTPClient(server.Client()))
		})
	}
	require.Zero(t, thief.accepted.Load())
}

// An h2Conn is a connection that speaks HTTP/2, by hand, with a request on a
// stream of it.
type h2Conn struct {
	net.Conn
	stream uint32
}

// Frames of HTTP/2 (RFC 9113).
const (
	frameData, frameHeaders, frameReset, frameSettings = 0, 1, 3, 4
	framePing, frameGoAway, frameContinuation          = 6, 7, 9

	ack, endStream, endHeaders = 1, 1, 4
)

// Header blocks (RFC 7541).
const (
	block200    = "\x88"                  // :status: 200
	block103    = "\x08\x03103"           // :status: 103
	block101    = "\x08\x03101"           // :status: 101
	blockFiller = "\x00\x08x-filler\x01x" // x-filler: x
)

func (c *h2Conn) frame(kind, flags byte, stream uint32, payload string) error {
	head := binary.BigEndian.AppendUint32(nil, uint32(len(payload))<<8|uint32(kind))
	head = binary.BigEndian.AppendUint32(append(head, flags), stream)
	_, err := c.Write(append(head, payload...))
	return err
}

// read returns the next frame.
func (c *h2Conn) read() (kind, flags byte, stream uint32, payload string, err error) {
	var head [9]byte
	if _, err := io.ReadFull(c, head[:]); err != nil {
		return 0, 0, 0, "", err
	}
	body := make([]byte, binary.BigEndian.Uint32(head[:4])>>8)
	_, err = io.ReadFull(c, body)
	return head[3], head[4], binary.BigEndian.Uint32(head[5:]), string(body), err
}

func (c *h2Conn) goAway(lastStream, code uint32) error {
	return c.frame(frameGoAway, 0, 0, string(binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, lastStream), code)))
}

func (c *h2Conn) reset(code uint32) error {
	return c.frame(frameReset, 0, c.stream, string(binary.BigEndian.AppendUint32(nil, code)))
}

// awaitRequest reads up to the next request's head, and answers pings.
func (c *h2Conn) awaitRequest() error {
	for {
		kind, flags, stream, payload, err := c.read()
		switch {
		case err != nil:
			return err
		case kind == framePing && flags&ack == 0:
			err = c.frame(framePing, ack, 0, payload)
		case kind == frameHeaders:
			c.stream = stream
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (c *h2Conn) answer() error {
	if err := c.frame(frameHeaders, endHeaders, c.stream, block200); err != nil {
		return err
	}
	return c.frame(frameData, endStream, c.stream, goodBody)
}

// startHTTP2Rogue plays the script for each request, and returns a transport
// that trusts it.
func startHTTP2Rogue(t *testing.T, play func(*h2Conn)) (*rogue, *http.Transport) {
	t.Helper()
	cert, pool := issue(t, unchanged)
	server := startTLSRogue(t, &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{"h2"}}, func(conn *tls.Conn) {
		c := &h2Conn{Conn: conn}
		preface := make([]byte, len("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"))
		if _, err := io.ReadFull(c, preface); err != nil {
			return
		}
		if err := c.frame(frameSettings, 0, 0, ""); err != nil {
			return
		}
		for c.awaitRequest() == nil {
			play(c)
		}
	})
	transport := &http.Transport{
		TLSClientConfig:        &tls.Config{RootCAs: pool},
		ForceAttemptHTTP2:      true,
		MaxResponseHeaderBytes: 1 << 20,
		HTTP2:                  &http.HTTP2Config{WriteByteTimeout: time.Second}, // for who does not read
	}
	return server, transport
}

// withoutEnd plays the beginning and then the rest over and over.
func withoutEnd(beginning, rest func(*h2Conn) error) func(*h2Conn) {
	return func(c *h2Conn) {
		for err := beginning(c); err == nil; {
			err = rest(c)
		}
	}
}

func TestHostileServers_HTTP2(t *testing.T) {
	t.Cleanup(noLeaks(t))
	const (
		noError, internalError, refusedStream, enhanceYourCalm = 0, 2, 7, 11
	)
	nothing := func(*h2Conn) error { return nil }
	head := func(c *h2Conn) error { return c.frame(frameHeaders, endHeaders, c.stream, block200) }
	tests := []struct {
		name string
		play func(*h2Conn)
		want verdict
	}{
		{"nothing hostile at all", func(c *h2Conn) { _ = c.answer() }, succeeds},
		{"silence", func(*h2Conn) {}, late},
		{"stream reset before the answer", func(c *h2Conn) { _ = c.reset(internalError) }, noWholeAnswer("INTERNAL_ERROR")},
		{"stream reset in the middle of the answer", func(c *h2Conn) {
			_ = head(c)
			_ = c.frame(frameData, 0, c.stream, goodBody[:9])
			_ = c.reset(internalError)
		}, noWholeAnswer("cut short after 9 bytes")},
		{"stream refused, which net/http repeats by itself", func(c *h2Conn) { _ = c.reset(refusedStream) }, late},
		{"stream reset, and calm asked for", func(c *h2Conn) { _ = c.reset(enhanceYourCalm) }, noWholeAnswer("ENHANCE_YOUR_CALM")},
		{"connection given up with the request", func(c *h2Conn) {
			_ = c.goAway(c.stream, internalError)
			_ = c.Close()
		}, noWholeAnswer("GOAWAY")},
		{"connection given up before the request", func(c *h2Conn) { _ = c.goAway(0, noError) }, late},
		{"connection closed", func(c *h2Conn) { _ = c.Close() }, noWholeAnswer("EOF")},
		{"no HTTP/2", func(c *h2Conn) { _, _ = io.WriteString(c, goodAnswer) }, noWholeAnswer("looked like an HTTP/1.1 header")},
		{"a head without end", withoutEnd(
			func(c *h2Conn) error { return c.frame(frameHeaders, 0, c.stream, block200) },
			func(c *h2Conn) error {
				return c.frame(frameContinuation, 0, c.stream, strings.Repeat(blockFiller, 1000))
			},
		), noWholeAnswer("PROTOCOL_ERROR")},
		{"a body without end", withoutEnd(head, func(c *h2Conn) error {
			return c.frame(frameData, 0, c.stream, strings.Repeat(" ", 1<<14))
		}), tooLarge},
		{"empty data without end", withoutEnd(head, func(c *h2Conn) error { return c.frame(frameData, 0, c.stream, "") }), late},
		{"early hints without end", withoutEnd(nothing, func(c *h2Conn) error {
			return c.frame(frameHeaders, endHeaders, c.stream, block103+strings.Repeat(blockFiller, 100))
		}), noWholeAnswer("header list too large")},
		{"another protocol by 101", func(c *h2Conn) { _ = c.frame(frameHeaders, endHeaders, c.stream, block101) }, late},
		{"pings without end", withoutEnd(nothing, func(c *h2Conn) error { return c.frame(framePing, 0, 0, "12345678") }), late},
		{"settings without end", withoutEnd(nothing, func(c *h2Conn) error { return c.frame(frameSettings, 0, 0, "") }), late},
		{"longer than it is", func(c *h2Conn) {
			_ = c.frame(frameHeaders, endHeaders, c.stream, block200+"\x0f\x0d\x03100") // content-length: 100
			_ = c.frame(frameData, endStream, c.stream, goodBody)
		}, noWholeAnswer("cut short after 45 bytes")},
	}
	t.Run("all", func(t *testing.T) {
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				t.Parallel()
				server, transport := startHTTP2Rogue(t, tt.play)
				transport.DisableKeepAlives = true // a connection for each
				requireVerdict(t, server.url, tt.want, funnel.WithHTTPClient(&http.Client{Transport: transport}))
				server.requireAbandoned(t, transport)
			})
		}
	})
}

// A stream that hangs or breaks does no harm to its neighbours on the same
// connection.
func TestHostileServers_HTTP2_LeavesOtherStreamsAlone(t *testing.T) {
	t.Cleanup(noLeaks(t))
	var opened atomic.Int32
	begun, proceed := make(chan struct{}), make(chan struct{})
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		switch req.URL.Path {
		case "/v1/breaks":
			panic(http.ErrAbortHandler)
		case "/v1/hangs":
			<-req.Context().Done()
		default:
			begun <- struct{}{}
			<-proceed
			_, _ = io.WriteString(w, goodBody)
		}
	}))
	server.EnableHTTP2 = true
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	server.StartTLS()
	t.Cleanup(server.Close)
	client := hostileClient(t, server.URL, false, funnel.WithHTTPClient(server.Client()))
	done := make(chan error)
	go func() { done <- getContact.call(t.Context(), client) }()
	<-begun
	for _, path := range []string{"/breaks", "/hangs"} {
		ctx, cancel := context.WithTimeout(funnel.WithoutRetry(t.Context()), 200*time.Millisecond)
		err := client.Call(ctx, http.MethodPost, path, nil, nil, nil)
		require.Equal(t, callFailure{"POST", path, 1, true}, failureOf(t, err))
		cancel()
	}
	close(proceed)
	require.NoError(t, <-done)
	require.EqualValues(t, 1, opened.Load())
}

// A connection that is dead is found out by a ping, as with the SDK's own
// transport but sooner, and not used for the next attempt.
func TestHostileServers_HTTP2_DeadConnection(t *testing.T) {
	t.Cleanup(noLeaks(t))
	var requests atomic.Int32
	server, transport := startHTTP2Rogue(t, func(c *h2Conn) {
		if requests.Add(1) != 2 {
			_ = c.answer()
			return
		}
		_, _ = io.Copy(io.Discard, c) // and answers no ping either
	})
	transport.HTTP2.SendPingTimeout, transport.HTTP2.PingTimeout = 200*time.Millisecond, 200*time.Millisecond
	client := hostileClient(t, server.url, false, funnel.WithHTTPClient(&http.Client{Transport: transport}))
	require.NoError(t, getContact.call(t.Context(), client))
	require.NoError(t, getContact.call(t.Context(), client))
	require.EqualValues(t, 2, server.accepted.Load())
	server.requireAbandoned(t, transport)
}
