package funnel_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
	"github.com/funnel-go/funnel/internal/apitest"
)

const (
	testBaseURL = "https://api.example.com/v1"

	// testKey has characters that PHP's JSON and URLs escape.
	testKey = "fk/5ecret+0123456789"
)

// The wire format that most tests share is in the following helpers, so that a
// renamed field changes one line.

// seven is a resource of which only the id matters.
const seven = `{"id":7}`

// success is the body of a response with a result.
func success(result string) string {
	return `{"success":true,"data":` + result + `}`
}

// listBody is the body of a response with one page of a list.
func listBody(items string, page, perPage, total int) string {
	return fmt.Sprintf(`{"success":true,"data":%s,"meta":{"current_page":%d,"last_page":%d,"per_page":%d,"total":%d}}`,
		items, page, max(1, (total+perPage-1)/perPage), perPage, total)
}

// A mockAPI is a transport that responds as configured and records the requests. An
// unexpected request fails the test.
type mockAPI struct {
	*httpmock.MockTransport

	mu  sync.Mutex
	got []sentRequest
}

// A sentRequest is a request as it arrived. Path is without the base path.
type sentRequest struct {
	Method, Path, Query, Body string
	Header                    http.Header
	At                        time.Time
	Context                   context.Context
}

// A responder returns the response to a request, or an error.
type responder func(*http.Request) (*http.Response, error)

func newMockAPI(t *testing.T) *mockAPI {
	t.Helper()
	m := &mockAPI{MockTransport: httpmock.NewMockTransport()}
	m.RegisterNoResponder(func(req *http.Request) (*http.Response, error) {
		t.Errorf("unexpected request: %s %s", req.Method, req.URL)
		return nil, errors.New("unexpected request")
	})
	return m
}

// on responds to an operation with the responders, one after the other, and then
// always with the last one.
func (m *mockAPI) on(method, path string, responders ...responder) *mockAPI {
	next := 0
	m.RegisterResponder(method, testBaseURL+path, func(req *http.Request) (*http.Response, error) {
		var body []byte
		if req.Body != nil {
			body, _ = io.ReadAll(req.Body)
		}
		m.mu.Lock()
		m.got = append(m.got, sentRequest{
			Method: req.Method, Path: path, Query: req.URL.RawQuery, Body: string(body),
			Header: req.Header, At: time.Now(), Context: req.Context(),
		})
		respond := responders[min(next, len(responders)-1)]
		next++
		m.mu.Unlock()
		unread := *req // a responder may read the body too
		unread.Body = io.NopCloser(bytes.NewReader(body))
		return respond(&unread)
	})
	return m
}

// requests returns the requests so far.
func (m *mockAPI) requests() []sentRequest {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]sentRequest(nil), m.got...)
}

// operations returns method and path of each request so far.
func (m *mockAPI) operations() []string {
	ops := []string{}
	for _, req := range m.requests() {
		ops = append(ops, req.Method+" "+req.Path)
	}
	return ops
}

// client returns a client of the mock.
func (m *mockAPI) client(t *testing.T, opts ...funnel.Option) *funnel.Client {
	t.Helper()
	return clientOver(t, m, opts...)
}

// clientOver returns a client with that transport.
func clientOver(t *testing.T, transport http.RoundTripper, opts ...funnel.Option) *funnel.Client {
	t.Helper()
	opts = append([]funnel.Option{funnel.WithHTTPClient(&http.Client{Transport: transport})}, opts...)
	client, err := newClientAt(testBaseURL, testKey, opts...)
	require.NoError(t, err)
	return client
}

// newClientAt is [funnel.New] with a base URL. The options come after it.
func newClientAt(baseURL, key string, opts ...funnel.Option) (*funnel.Client, error) {
	return funnel.New(key, append([]funnel.Option{funnel.WithBaseURL(baseURL)}, opts...)...)
}

// respond responds with a status, a body and headers, given in pairs.
func respond(status int, body string, header ...string) responder {
	return func(req *http.Request) (*http.Response, error) {
		resp := httpmock.NewStringResponse(status, body)
		resp.Header.Set("Content-Type", "application/json")
		for i := 0; i < len(header); i += 2 {
			resp.Header.Set(header[i], header[i+1])
		}
		resp.Request = req
		return resp, nil
	}
}

// data responds with a result in the envelope.
func data(result string) responder {
	return respond(http.StatusOK, success(result))
}

// failure responds with an error in the envelope.
func failure(status int, code funnel.Code, message string) responder {
	return respond(status, `{"success":false,"error":{"code":"`+string(code)+`","message":"`+message+`"}}`)
}

// tooMany responds with the 429 of the API's reference.
func tooMany(header ...string) responder {
	return respond(http.StatusTooManyRequests, `{"message": "Too Many Attempts."}`, header...)
}

// htmlPage responds like a proxy.
func htmlPage(status int, title string) responder {
	return respond(status, "<html><head><title>"+title+"</title></head><body><h1>"+title+"</h1></body></html>",
		"Content-Type", "text/html")
}

// breaks fails a request that may have been sent: the trace does not tell.
func breaks(err error) responder {
	return func(*http.Request) (*http.Response, error) { return nil, err }
}

// unsent fails a request as net/http does when there is no connection for it.
func unsent(err error) responder {
	return func(req *http.Request) (*http.Response, error) {
		httptrace.ContextClientTrace(req.Context()).GetConn(req.URL.Host)
		return nil, err
	}
}

// hangs never responds.
func hangs(req *http.Request) (*http.Response, error) {
	<-req.Context().Done()
	return nil, req.Context().Err()
}

// cutShort responds with the beginning of a body.
func cutShort(status int, body string) responder {
	return func(*http.Request) (*http.Response, error) {
		resp := httpmock.NewStringResponse(status, "")
		resp.Body = io.NopCloser(io.MultiReader(strings.NewReader(body), iotest.ErrReader(io.ErrUnexpectedEOF)))
		return resp, nil
	}
}

// after delays a responder.
func after(d time.Duration, response responder) responder {
	return responder(apitest.After(d, apitest.RoundTripper(response)))
}

// requireArgumentError requires that the argument with that name was refused.
func requireArgumentError(t *testing.T, err error, field string) {
	t.Helper()
	refused := apitest.AsError[*funnel.ArgumentError](t, err)
	require.Equal(t, field, refused.Field)
	require.NotEmpty(t, refused.Message)
}

// A methodTest is one call with the request that it sends, the response, and the
// result.
type methodTest struct {
	name      string
	call      func(context.Context, *funnel.Client) (any, error)
	sends     sentRequest
	responder responder
	want      any
}

func runMethodTests(t *testing.T, tests []methodTest) {
	t.Helper()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			api := newMockAPI(t).on(tt.sends.Method, tt.sends.Path, tt.responder)
			got, err := tt.call(t.Context(), api.client(t))
			require.NoError(t, err)
			requireSent(t, api, tt.sends)
			require.Equal(t, tt.want, got)
			wantType := ""
			if tt.sends.Body != "" {
				wantType = "application/json"
			}
			require.Equal(t, wantType, api.requests()[0].Header.Get("Content-Type"))
		})
	}
}

// requireSent requires exactly these requests, comparing method, path, query and
// body.
func requireSent(t *testing.T, api *mockAPI, want ...sentRequest) {
	t.Helper()
	got := api.requests()
	for i := range got {
		got[i] = sentRequest{Method: got[i].Method, Path: got[i].Path, Query: got[i].Query, Body: got[i].Body}
	}
	require.Equal(t, want, got)
}

// collect reads a range to its end or its first error.
func collect[T any](items iter.Seq2[*T, error]) ([]T, error) {
	all := []T{}
	for item, err := range items {
		if err != nil {
			return all, err
		}
		all = append(all, *item)
	}
	return all, nil
}

// wait lets virtual time pass.
func wait(t *testing.T, d time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	<-ctx.Done()
	require.ErrorIs(t, ctx.Err(), context.DeadlineExceeded)
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// roundTrip is the latency of most tests in virtual time.
const roundTrip = 200 * time.Millisecond

// An operation is a call of the retry table's columns.
type operation struct {
	column, name string
	method, path string
	call         func(context.Context, *funnel.Client) error
}

// The columns of the retry table.
const (
	get          = "GET"
	putAndDelete = "PUT and DELETE"
	uniquePost   = "POST with a unique key or set semantics"
	otherPost    = "other POST"
)

// One operation of each column.
var (
	getContact = operation{get, "get a contact", http.MethodGet, "/contact",
		func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Contacts.Get(ctx, funnel.ContactID(7))
			return err
		}}
	createFunnel = operation{otherPost, "create a funnel", http.MethodPost, "/funnel",
		func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Funnels.Create(ctx, funnel.FunnelCreateParams{Name: "Spring"})
			return err
		}}
	deleteContact = operation{putAndDelete, "delete a contact", http.MethodDelete, "/contact",
		func(ctx context.Context, c *funnel.Client) error { return c.Contacts.Delete(ctx, funnel.ContactID(7)) }}
	createTag = operation{uniquePost, "create a tag", http.MethodPost, "/tag",
		func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Tags.Create(ctx, funnel.TagCreateParams{Name: "vip"})
			return err
		}}
)

// isAPIError returns a check for an [*funnel.APIError] with that status and code.
func isAPIError(status int, code funnel.Code) func(*testing.T, error) {
	return func(t *testing.T, err error) {
		t.Helper()
		apiErr := apitest.AsError[*funnel.APIError](t, err)
		require.Equal(t, status, apiErr.StatusCode)
		require.Equal(t, code, apiErr.Code)
	}
}

// gapsBetween returns the times between consecutive requests.
func gapsBetween(sent []sentRequest) []time.Duration {
	gaps := []time.Duration{}
	for i := range sent[1:] {
		gaps = append(gaps, sent[i+1].At.Sub(sent[i].At))
	}
	return gaps
}

// fakeAPI returns an in-memory API and a client of it.
func fakeAPI(t *testing.T, opts ...funneltest.Option) (*funneltest.Server, *funnel.Client) {
	t.Helper()
	server := funneltest.NewServer(opts...)
	t.Cleanup(server.Close)
	return server, server.Client()
}

// atNine is a clock that always returns the same time.
func atNine() time.Time { return time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC) }

// A badInput is a call that is refused before anything is sent, and the name of
// the argument that the error names.
type badInput struct {
	name  string
	call  func(context.Context, *funnel.Client) error
	field string
}

// runBadInputTests requires that each call is refused.
func runBadInputTests(t *testing.T, tests []badInput) {
	t.Helper()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			api := newMockAPI(t)
			requireArgumentError(t, tt.call(t.Context(), api.client(t)), tt.field)
			require.Empty(t, api.requests())
		})
	}
}

// noon returns noon of a day in March 2026.
func noon(day int, zone *time.Location) time.Time { return time.Date(2026, 3, day, 12, 0, 0, 0, zone) }

// lastResult returns the result of the last item.
func lastResult[P, R any](results iter.Seq[funnel.BulkResult[P, R]]) (last funnel.BulkResult[P, R]) {
	for last = range results {
	}
	return last
}

// A limiterFunc is a [funnel.Limiter].
type limiterFunc func(context.Context) (func(funnel.Outcome), error)

func (f limiterFunc) Acquire(ctx context.Context) (func(funnel.Outcome), error) { return f(ctx) }

// createdAs responds to a create.
func createdAs(result string) responder {
	return respond(http.StatusCreated, `{"success":true,"data":`+result+`}`)
}

// listOf responds with a list that has no pages.
func listOf(items ...string) responder { return data("[" + strings.Join(items, ",") + "]") }

// pageOf responds with the only page of a list; see pageOneOf for its value.
func pageOf(items ...string) responder {
	return respond(http.StatusOK, `{"success":true,"data":[`+strings.Join(items, ",")+`],`+
		`"meta":{"current_page":1,"last_page":1,"per_page":50,"total":2}}`)
}

// pageOneOf returns the value of pageOf.
func pageOneOf[T any](items ...T) *funnel.Page[T] {
	return &funnel.Page[T]{Items: items, Page: 1, PerPage: 50, LastPage: 1, Total: 2}
}
