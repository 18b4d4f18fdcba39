package funnelotel_test

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/api"
	"github.com/funnel-go/funnel/funneltest"
)

func TestOperation_IsOnEverySpanAndMeasurement(t *testing.T) {
	t.Parallel()
	server, got := funneltest.NewServer(funneltest.WithBasePath("/api/v1")), record(t)
	defer server.Close()
	_, err := server.Client(funnel.WithObserver(got.observer)).Contacts.Get(t.Context(), funnel.Email(ada.Email))
	require.ErrorIs(t, err, funnel.ErrNotFound)

	const operation = "http.request.method=GET server.address=funnel.test server.port=443 url.template=/api/v1/contact"
	spans := got.spans.GetSpans()
	require.Len(t, spans, 2)
	attempt, call := spans[0], spans[1] // in the order of their ends
	require.Equal(t, "funnel GET /contact", call.Name)
	require.Equal(t, "GET /api/v1/contact", attempt.Name)
	require.Equal(t, " error.type=NOT_FOUND funnel.call.attempts=1 "+operation, list(call.Attributes, nil))
	require.Contains(t, list(attempt.Attributes, nil), " server.address=funnel.test server.port=443 url.full=https://funnel.test/api/v1/contact url.template=/api/v1/contact")
	require.Contains(t, list(attempt.Attributes, nil), " http.request.method=GET ")

	values := got.values(t, nil)
	for _, line := range []string{
		`funnel.client.call.duration: .* error.type=NOT_FOUND ` + operation,
		`http.client.request.duration: .* error.type=404 http.request.method=GET http.response.status_code=404 network.protocol.version=1.1 server.address=funnel.test server.port=443 url.template=/api/v1/contact`,
	} {
		require.Regexp(t, `(?m)^`+line+`$`, values)
	}
}

func TestNew_SpansAreChildrenOfTheCallersSpan(t *testing.T) {
	t.Parallel()
	server, got := funneltest.NewServer(), record(t)
	defer server.Close()
	ctx, span := got.tracers.Tracer("test").Start(t.Context(), "import")
	_, err := server.Client(funnel.WithObserver(got.observer)).Contacts.Create(ctx, ada)
	require.NoError(t, err)
	span.End()

	spans := got.spans.GetSpans()
	require.Len(t, spans, 3)
	attempt, call, parent := spans[0], spans[1], spans[2]
	require.Equal(t, "import", parent.Name)
	require.Equal(t, parent.SpanContext.SpanID(), call.Parent.SpanID())
	require.Equal(t, call.SpanContext.SpanID(), attempt.Parent.SpanID())
	require.Equal(t, parent.SpanContext.TraceID(), attempt.SpanContext.TraceID())
	require.Equal(t, "github.com/funnel-go/funnel/funnelotel", call.InstrumentationScope.Name)
	require.Equal(t, funnel.Version, call.InstrumentationScope.Version)
}

// A path given to Client.Call may be anything, and so may a method.
func TestOperation_OfClientCall(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		method, path string
		call, full   string
		attributes   string
	}{
		{"GET", "/contact", "funnel GET /contact", "/contact", "http.request.method=GET url.template=/contact"},
		{"GET", "/broadcast-stats", "funnel GET /broadcast-stats", "/broadcast-stats", "http.request.method=GET url.template=/broadcast-stats"},
		{"GET", "/contact/77001", "funnel GET", "/REDACTED", "http.request.method=GET"},
		{"GET", "/ada@example.com", "funnel GET", "/REDACTED", "http.request.method=GET"},
		{"GET", "/contact/ada", "funnel GET", "/REDACTED", "http.request.method=GET"},
		{"QUERY", "/contacts", "funnel QUERY /contacts", "/contacts", "http.request.method=QUERY url.template=/contacts"},
		{"PURGE", "/contact", "funnel HTTP /contact", "/contact", "http.request.method=_OTHER url.template=/contact"},
	} {
		t.Run(tc.method+" "+tc.path, func(t *testing.T) {
			t.Parallel()
			server, got := funneltest.NewServer(), record(t)
			defer server.Close()
			client := server.Client(funnel.WithObserver(got.observer))
			require.Error(t, client.Call(t.Context(), tc.method, tc.path, nil, nil, nil))

			spans := got.spans.GetSpans()
			require.Len(t, spans, 2)
			attempt, call := spans[0], spans[1]
			require.Equal(t, tc.call, call.Name)
			require.Equal(t, tc.call, "funnel "+attempt.Name)
			require.Contains(t, list(call.Attributes, nil), " server.port=443")
			for _, want := range strings.Fields(tc.attributes) {
				require.Contains(t, list(call.Attributes, nil), " "+want)
			}
			require.Contains(t, list(attempt.Attributes, nil), " url.full=https://funnel.test"+tc.full)
			require.Equal(t, tc.method == "PURGE", strings.Contains(list(attempt.Attributes, nil), "method_original=PURGE"))
			require.NotContains(t, got.values(t, nil), "PURGE")
		})
	}
}

// The conventions have a variable for the methods that are known, in place of
// their own.
func TestOperation_KnownMethodsFromTheEnvironment(t *testing.T) {
	for _, tc := range []struct {
		variable string
		want     []string // of a GET and a PURGE
	}{
		{"", []string{"GET /contact", "HTTP /contact"}},
		{"GET,PURGE", []string{"GET /contact", "PURGE /contact"}},
		{"POST, PURGE", []string{"HTTP /contact", "PURGE /contact"}},
		{"purge", []string{"HTTP /contact", "HTTP /contact"}},
	} {
		t.Run(tc.variable, func(t *testing.T) {
			t.Setenv("OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS", tc.variable)
			server, got := funneltest.NewServer(), record(t)
			defer server.Close()
			client := server.Client(funnel.WithObserver(got.observer))
			for _, method := range []string{"GET", "PURGE"} {
				require.Error(t, client.Call(t.Context(), method, "/contact", nil, nil, nil))
			}
			spans := got.spans.GetSpans()
			require.Len(t, spans, 4)
			require.Equal(t, tc.want, []string{spans[0].Name, spans[2].Name})
		})
	}
}

// The API's contract knows all operations of the SDK.
func TestOperation_PathsOfTheContract(t *testing.T) {
	t.Parallel()
	paths := regexp.MustCompile(`(?m)^  (/.*):$`).FindAllSubmatch(api.OpenAPI(), -1)
	require.Greater(t, len(paths), 20)
	for _, path := range paths {
		require.Regexp(t, `^/[a-z]+(-[a-z]+)*$`, string(path[1]))
	}
}

// The URL and its template are those of the request, however the base URL is
// spelled.
func TestOperation_URLOfTheRequest(t *testing.T) {
	t.Parallel()
	for _, base := range []string{"", "/api", "/api//v1", "/a/../b", "/a%2Fb", "/a%20b", "/ä"} {
		var sent string
		got := record(t)
		client, err := funnel.New("key", funnel.WithBaseURL("https://api.example.com"+base),
			funnel.WithHTTPClient(&http.Client{Transport: roundTripper(func(req *http.Request) (*http.Response, error) {
				sent = req.URL.EscapedPath()
				return nil, errors.New("seen")
			})}),
			funnel.WithObserver(got.observer))
		require.NoError(t, err)
		_, err = client.Tags.List(funnel.WithoutRetry(t.Context()), funnel.TagListParams{})
		require.Error(t, err)
		require.Equal(t, "GET "+sent, got.spans.GetSpans()[0].Name)
		require.Contains(t, list(got.spans.GetSpans()[0].Attributes, nil), " url.full=https://api.example.com"+sent+" url.template="+sent)
	}
}

func TestOperation_ServerPort(t *testing.T) {
	t.Parallel()
	for baseURL, want := range map[string]string{
		"https://api.example.com":        "server.address=api.example.com server.port=443",
		"https://api.example.com:8443/v": "server.address=api.example.com server.port=8443",
		"http://localhost":               "server.address=localhost server.port=80",
		"http://[::1]:8080":              "server.address=::1 server.port=8080",
	} {
		server, got := funneltest.NewServer(), record(t)
		client, err := funnel.New(server.APIKey(), funnel.WithBaseURL(baseURL),
			funnel.WithHTTPClient(&http.Client{Transport: server.Transport()}),
			funnel.WithObserver(got.observer))
		require.NoError(t, err)
		_, _ = client.Tags.List(t.Context(), funnel.TagListParams{})
		require.Contains(t, list(got.spans.GetSpans()[0].Attributes, nil), want)
		server.Close()
	}
}

// The address of the server is known only from the connection.
func TestOperation_Peer(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	got := record(t)
	client, err := funnel.New("key", funnel.WithBaseURL(server.URL), funnel.WithObserver(got.observer))
	require.NoError(t, err)
	defer client.CloseIdleConnections()
	_, err = client.Tags.List(funnel.WithoutRetry(t.Context()), funnel.TagListParams{})
	require.Error(t, err)
	peer := server.Listener.Addr().(*net.TCPAddr)
	attrs := got.spans.GetSpans()[0].Attributes
	require.Contains(t, attrs, attribute.String("network.peer.address", peer.IP.String()))
	require.Contains(t, attrs, attribute.Int("network.peer.port", peer.Port))
	require.Contains(t, attrs, attribute.String("network.protocol.version", "1.1"))
}

// The versions are those of the conventions; others are left out.
func TestOperation_ProtocolVersion(t *testing.T) {
	t.Parallel()
	for proto, want := range map[string]string{
		"HTTP/1.0": "1.0", "HTTP/1.1": "1.1", "HTTP/2.0": "2", "HTTP/3.0": "3", "ada@example.com": "", "": "",
	} {
		got := record(t)
		client, err := funnel.New("key", funnel.WithBaseURL("https://api.example.com"), funnel.WithObserver(got.observer),
			funnel.WithHTTPClient(&http.Client{Transport: roundTripper(func(req *http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: http.StatusNotFound, Proto: proto, Body: http.NoBody, Request: req}, nil
			})}))
		require.NoError(t, err)
		_, err = client.Tags.List(funnel.WithoutRetry(t.Context()), funnel.TagListParams{})
		require.Error(t, err)
		require.Equal(t, want, valueOf(got.spans.GetSpans()[0].Attributes, "network.protocol.version"), proto)
	}
}
