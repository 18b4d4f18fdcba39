package funnelotel_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
)

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

func TestErrorType(t *testing.T) {
	t.Parallel()
	answer := func(status int, body string) roundTripper {
		return func(req *http.Request) (*http.Response, error) {
			return &http.Response{
				StatusCode: status,
				Header:     http.Header{"Location": {"https://elsewhere.example/?email=ada@example.com"}},
				Body:       io.NopCloser(strings.NewReader(body)),
				Request:    req,
			}, nil
		}
	}
	failure := func(err error) roundTripper {
		return func(*http.Request) (*http.Response, error) { return nil, err }
	}
	envelope := func(status int, code string) roundTripper {
		return answer(status, `{"success":false,"error":{"code":"`+code+`","message":"ada@example.com"}}`)
	}
	for _, tc := range []struct {
		name          string
		server        roundTripper
		call, attempt string // empty: no error
	}{
		{"a code", envelope(409, "CONTACT_EXISTS"), "CONTACT_EXISTS", "409"},
		{"a code that is new", envelope(409, "SOMETHING_NEW"), "SOMETHING_NEW", "409"},
		{"a code that is none", envelope(409, "ada@example.com"), "409", "409"},
		{"a code with an id in it", envelope(409, "CONTACT_77001"), "409", "409"},
		{"a code without end", envelope(409, strings.Repeat("A", 65)), "409", "409"},
		{"a code with status 200", envelope(200, "NOT_FOUND"), "NOT_FOUND", ""},
		{"no code", answer(404, "<html>"), "404", "404"},
		{"a redirect", answer(302, ""), "302", ""},
		{"a 2xx that is no answer", answer(200, "<html>"), "invalid_response", ""},
		{"no such host", failure(&net.OpError{Op: "dial", Err: &net.DNSError{Name: "ada"}}), "connection_failed", "connection_failed"},
		{"refused", failure(&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}), "connection_failed", "connection_failed"},
		{"no connection in time", failure(&net.OpError{Op: "dial", Err: os.ErrDeadlineExceeded}), "timeout", "timeout"},
		{"reset", failure(&net.OpError{Op: "read", Err: syscall.ECONNRESET}), "connection_lost", "connection_lost"},
		{"closed", failure(io.EOF), "connection_lost", "connection_lost"},
		{"bad certificate", failure(&tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}), "bad_certificate", "bad_certificate"},
		{"anything else", failure(errors.New("ada@example.com")), "other", "other"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got := record(t)
			client, err := funnel.New("key", funnel.WithBaseURL("https://api.example.com"),
				funnel.WithHTTPClient(&http.Client{Transport: tc.server}),
				funnel.WithObserver(got.observer))
			require.NoError(t, err)
			_, err = client.Contacts.Create(funnel.WithoutRetry(t.Context()), ada)
			require.Error(t, err)

			spans := got.spans.GetSpans()
			require.Len(t, spans, 2)
			require.Equal(t, tc.attempt, valueOf(spans[0].Attributes, "error.type"))
			require.Equal(t, tc.call, valueOf(spans[1].Attributes, "error.type"))
		})
	}
}

// away is a limiter that cannot count.
type away struct{}

func (away) Acquire(context.Context) (func(funnel.Outcome), error) {
	return nil, fmt.Errorf("the limiter's own: %w", &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED})
}

// What is not sent for the limiter's reasons is not blamed on the API.
func TestErrorType_NotSent(t *testing.T) {
	t.Parallel()
	got := record(t)
	client, err := funnel.New("key", funnel.WithBaseURL("https://api.example.com"), funnel.WithLimiter(away{}), funnel.WithObserver(got.observer))
	require.NoError(t, err)
	_, err = client.Campaigns.Get(t.Context(), 1)
	require.ErrorIs(t, err, syscall.ECONNREFUSED)
	spans := got.spans.GetSpans()
	require.Len(t, spans, 1)
	require.Equal(t, "not_sent", valueOf(spans[0].Attributes, "error.type"))
}
