package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"net/http"
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

// Nothing is sent to a server with a bad certificate, and the call is not retried.
func TestHostileTLS_BadCertificate(t *testing.T) {
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
			requireOutcome(t, server.url, final(tt.text), funnel.WithHTTPClient(&http.Client{Transport: transport}))
			require.EqualValues(t, 2, server.accepted.Load(), "one for each call")
			server.requireAbandoned(t)
			require.Zero(t, requests.Load())
		})
	}
}

// A server without TLS behind an https URL is more often a mistake in the URL than an
// attack, so the error asks for the scheme, and a retry would not help.
func TestHostileTLS_PlainHTTP(t *testing.T) {
	t.Cleanup(noLeaks(t))
	server := startRogueThatHears(t, sends("HTTP/1.1 400 Bad Request\r\n\r\n"))
	url := "https" + strings.TrimPrefix(server.url, "http")
	requireOutcome(t, url, final("the server does not use TLS: is the base URL's scheme http?"))
}

// The SDK's own transport does not accept weak versions of TLS.
func TestHostileTLS_OldVersion(t *testing.T) {
	t.Cleanup(noLeaks(t))
	cert, _ := issue(t, unchanged)
	server := startTLSRogue(t, &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}, func(*tls.Conn) {})
	requireOutcome(t, server.url, notSent("protocol version not supported"))
	server.requireAbandoned(t)
}
