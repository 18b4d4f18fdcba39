package funneltest_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel/funneltest"
)

func TestTransport_ServesAPlainHTTPClient(t *testing.T) {
	t.Parallel()
	server := funneltest.NewServer()
	defer server.Close()
	client := http.Client{Transport: server.Transport()}
	r, err := http.NewRequestWithContext(t.Context(), "GET", "http://whatever.example:8080/tags", nil)
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer "+server.APIKey())
	response, err := client.Do(r)
	require.NoError(t, err)
	defer response.Body.Close()
	require.Equal(t, 200, response.StatusCode)
	require.Same(t, r, response.Request)
}

// closer is a request body that records whether it was closed.
type closer struct {
	io.Reader
	closed bool
}

func (c *closer) Close() error {
	c.closed = true
	return nil
}

func TestTransport_AlwaysClosesTheRequestBody(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		body    io.Reader
		prepare func(*api, *http.Request)
		err     string
	}{
		"success":                    {strings.NewReader(`{"name":"a"}`), func(*api, *http.Request) {}, ""},
		"no URL":                     {strings.NewReader(`{}`), func(_ *api, r *http.Request) { r.URL = nil }, "funneltest: the request has no URL"},
		"closed server":              {strings.NewReader(`{}`), func(a *api, _ *http.Request) { a.Close() }, "funneltest: the server is closed"},
		"unreadable body":            {failingReader{}, func(*api, *http.Request) {}, "cannot read"},
		"shorter than declared":      {strings.NewReader(`{}`), func(_ *api, r *http.Request) { r.ContentLength = 9 }, "unexpected EOF"},
		"empty, but declared longer": {strings.NewReader(``), func(_ *api, r *http.Request) { r.ContentLength = 9 }, "unexpected EOF"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAPI(t)
			r := a.request("POST", "/tag", "{}")
			body := &closer{Reader: test.body}
			r.Body, r.ContentLength = body, 0 // of unknown length
			test.prepare(a, r)
			response, err := a.Transport().RoundTrip(r)
			require.True(t, body.closed)
			if test.err != "" {
				require.EqualError(t, err, test.err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, 201, response.StatusCode)
		})
	}
}

type failingReader struct{}

func (failingReader) Read([]byte) (int, error) { return 0, errors.New("cannot read") }

func TestTransport_ResponseBodyReadsLikeAnyOther(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	response, err := a.Transport().RoundTrip(a.request("GET", "/tags", ""))
	require.NoError(t, err)
	var whole []byte
	small := make([]byte, 7)
	for {
		n, err := response.Body.Read(small)
		whole = append(whole, small[:n]...)
		if err != nil {
			require.Equal(t, io.EOF, err)
			break
		}
	}
	require.Equal(t, a.get("/tags").Body, string(whole))
	require.NoError(t, response.Body.Close())
	_, err = response.Body.Read(small)
	require.Equal(t, http.ErrBodyReadAfterClose, err)
}

func TestTransport_TracesTheRequest(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fault  funneltest.Fault
		events []string
	}{
		"received": {funneltest.Fault{Status: 404}, []string{"wrote", "first byte"}},
		"dropped":  {funneltest.Fault{DropConnection: true}, []string{"wrote"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAPI(t)
			a.Fail(test.fault)
			var events []string
			ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
				WroteRequest:         func(httptrace.WroteRequestInfo) { events = append(events, "wrote") },
				GotFirstResponseByte: func() { events = append(events, "first byte") },
			})
			_, err := a.Transport().RoundTrip(a.request("GET", "/tags", "").WithContext(ctx))
			require.Equal(t, test.fault.DropConnection, err != nil)
			require.Equal(t, test.events, events)
		})
	}
}

func BenchmarkGetContact(b *testing.B) {
	server := funneltest.NewServer(funneltest.WithRateLimit(0, 0))
	server.SeedContacts(1000)
	benchmark(b, server, "/contact?contact_id=500")
}

func BenchmarkListContacts(b *testing.B) {
	server := funneltest.NewServer(funneltest.WithRateLimit(0, 0))
	server.SeedContacts(100_000)
	benchmark(b, server, "/contacts?per_page=100&page=900")
}

func benchmark(b *testing.B, server *funneltest.Server, target string) {
	defer server.Close()
	r, err := http.NewRequest("GET", "https://api.test"+target, nil)
	require.NoError(b, err)
	r.Header.Set("Authorization", "Bearer "+server.APIKey())
	r.Header.Set("Accept", "application/json")
	transport := server.Transport()
	b.ReportAllocs()
	for b.Loop() {
		response, err := transport.RoundTrip(r)
		if err != nil || response.StatusCode != 200 {
			b.Fatal(err, response)
		}
	}
}
