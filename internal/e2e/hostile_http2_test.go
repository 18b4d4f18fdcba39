package e2e

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/internal/apitest"
)

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

// awaitRequest reads up to the next request's head, and responds to pings.
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

func (c *h2Conn) response() error {
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

func TestHostileHTTP2_Responses(t *testing.T) {
	t.Cleanup(noLeaks(t))
	const (
		noError, internalError, refusedStream, enhanceYourCalm = 0, 2, 7, 11
	)
	nothing := func(*h2Conn) error { return nil }
	head := func(c *h2Conn) error { return c.frame(frameHeaders, endHeaders, c.stream, block200) }
	tests := []struct {
		name string
		play func(*h2Conn)
		want outcome
	}{
		{"nothing hostile at all", func(c *h2Conn) { _ = c.response() }, succeeds},
		{"silence", func(*h2Conn) {}, timesOut},
		{"stream reset before the response", func(c *h2Conn) { _ = c.reset(internalError) }, incomplete("INTERNAL_ERROR")},
		{"stream reset in the middle of the response", func(c *h2Conn) {
			_ = head(c)
			_ = c.frame(frameData, 0, c.stream, goodBody[:9])
			_ = c.reset(internalError)
		}, incomplete("cut short after 9 bytes")},
		{"stream refused, which net/http repeats by itself", func(c *h2Conn) { _ = c.reset(refusedStream) }, timesOut},
		{"stream reset, and calm asked for", func(c *h2Conn) { _ = c.reset(enhanceYourCalm) }, incomplete("ENHANCE_YOUR_CALM")},
		{"connection given up with the request", func(c *h2Conn) {
			_ = c.goAway(c.stream, internalError)
			_ = c.Close()
		}, incomplete("GOAWAY")},
		{"connection given up before the request", func(c *h2Conn) { _ = c.goAway(0, noError) }, timesOut},
		{"connection closed", func(c *h2Conn) { _ = c.Close() }, incomplete("EOF")},
		{"no HTTP/2", func(c *h2Conn) { _, _ = io.WriteString(c, goodResponse) }, incomplete("looked like an HTTP/1.1 header")},
		{"a head without end", withoutEnd(
			func(c *h2Conn) error { return c.frame(frameHeaders, 0, c.stream, block200) },
			func(c *h2Conn) error {
				return c.frame(frameContinuation, 0, c.stream, strings.Repeat(blockFiller, 1000))
			},
		), incomplete("PROTOCOL_ERROR")},
		{"a body without end", withoutEnd(head, func(c *h2Conn) error {
			return c.frame(frameData, 0, c.stream, strings.Repeat(" ", 1<<14))
		}), tooLarge},
		{"empty data without end", withoutEnd(head, func(c *h2Conn) error { return c.frame(frameData, 0, c.stream, "") }), timesOut},
		{"early hints without end", withoutEnd(nothing, func(c *h2Conn) error {
			return c.frame(frameHeaders, endHeaders, c.stream, block103+strings.Repeat(blockFiller, 100))
		}), incomplete("header list too large")},
		{"another protocol by 101", func(c *h2Conn) { _ = c.frame(frameHeaders, endHeaders, c.stream, block101) }, timesOut},
		{"pings without end", withoutEnd(nothing, func(c *h2Conn) error { return c.frame(framePing, 0, 0, "12345678") }), timesOut},
		{"settings without end", withoutEnd(nothing, func(c *h2Conn) error { return c.frame(frameSettings, 0, 0, "") }), timesOut},
		{"longer than it is", func(c *h2Conn) {
			_ = c.frame(frameHeaders, endHeaders, c.stream, block200+"\x0f\x0d\x03100") // content-length: 100
			_ = c.frame(frameData, endStream, c.stream, goodBody)
		}, incomplete("cut short after 45 bytes")},
	}
	t.Run("all", func(t *testing.T) {
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				t.Parallel()
				server, transport := startHTTP2Rogue(t, tt.play)
				transport.DisableKeepAlives = true // a connection for each
				requireOutcome(t, server.url, tt.want, funnel.WithHTTPClient(&http.Client{Transport: transport}))
				server.requireAbandoned(t, transport)
			})
		}
	})
}

// A stream that hangs or breaks does not affect other streams of the connection.
func TestHostileHTTP2_OtherStreamsContinue(t *testing.T) {
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
	go func() { done <- getContact(t.Context(), client) }()
	<-begun
	for _, path := range []string{"/breaks", "/hangs"} {
		ctx, cancel := context.WithTimeout(funnel.WithoutRetry(t.Context()), 200*time.Millisecond)
		err := client.Call(ctx, http.MethodPost, path, nil, nil, nil)
		require.Equal(t, apitest.Failure{Method: "POST", Path: path, Attempts: 1, MayHaveBeenApplied: true}, apitest.FailureOf(t, err))
		cancel()
	}
	close(proceed)
	require.NoError(t, <-done)
	require.EqualValues(t, 1, opened.Load())
}

// A ping detects a dead connection, so that the next attempt uses a new one. The SDK's
// own transport does the same, after a longer time.
func TestHostileHTTP2_DeadConnection(t *testing.T) {
	t.Cleanup(noLeaks(t))
	var requests atomic.Int32
	server, transport := startHTTP2Rogue(t, func(c *h2Conn) {
		if requests.Add(1) != 2 {
			_ = c.response()
			return
		}
		_, _ = io.Copy(io.Discard, c) // and responds to no ping either
	})
	transport.HTTP2.SendPingTimeout, transport.HTTP2.PingTimeout = 200*time.Millisecond, 200*time.Millisecond
	client := hostileClient(t, server.url, false, funnel.WithHTTPClient(&http.Client{Transport: transport}))
	require.NoError(t, getContact(t.Context(), client))
	require.NoError(t, getContact(t.Context(), client))
	require.EqualValues(t, 2, server.accepted.Load())
	server.requireAbandoned(t, transport)
}
