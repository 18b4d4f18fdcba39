package funnel_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptrace"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
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

// resourcesFrom returns list items with the ids from first to last.
func resourcesFrom(first, last int) string {
	items := []string{}
	for id := first; id <= last; id++ {
		items = append(items, fmt.Sprintf(`{"id":%d}`, id))
	}
	return "[" + strings.Join(items, ",") + "]"
}

// success is the body of a response with a result.
func success(result string) string {
	return `{"success":true,"data":` + result + `}`
}

// listBody is the body of a response with one page of a list.
func listBody(items string, page, perPage, total int) string {
	return fmt.Sprintf(`{"success":true,"data":%s,"meta":{"current_page":%d,"last_page":%d,"per_page":%d,"total":%d}}`,
		items, page, max(1, (total+perPage-1)/perPage), perPage, total)
}

// A mockAPI is a server at the transport seam: it responds as told and keeps the
// requests. An unexpected request fails the test.
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

// A reply returns the response to a request, or an error.
type reply func(*http.Request) (*http.Response, error)

func newMockAPI(t *testing.T) *mockAPI {
	t.Helper()
	m := &mockAPI{MockTransport: httpmock.NewMockTransport()}
	m.RegisterNoResponder(func(req *http.Request) (*http.Response, error) {
		t.Errorf("unexpected request: %s %s", req.Method, req.URL)
		return nil, errors.New("unexpected request")
	})
	return m
}

// on responds to an operation with the replies, one after the other, and then
// always with the last one.
func (m *mockAPI) on(method, path string, replies ...reply) *mockAPI {
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
		respond := replies[min(next, len(replies)-1)]
		next++
		m.mu.Unlock()
		unread := *req // a reply may read the body too
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

// clientWithJar returns a client that keeps cookies.
func clientWithJar(t *testing.T, transport http.RoundTripper) *funnel.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	return clientOver(t, nil, funnel.WithHTTPClient(&http.Client{Transport: transport, Jar: jar}))
}

// answers responds with a status, a body and headers, given in pairs.
func answers(status int, body string, header ...string) reply {
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
func data(result string) reply {
	return answers(http.StatusOK, success(result))
}

// failure responds with an error in the envelope.
func failure(status int, code funnel.Code, message string) reply {
	return answers(status, `{"success":false,"error":{"code":"`+string(code)+`","message":"`+message+`"}}`)
}

// tooMany responds with the 429 of the API's reference.
func tooMany(header ...string) reply {
	return answers(http.StatusTooManyRequests, `{"message": "Too Many Attempts."}`, header...)
}

// htmlPage responds like a proxy.
func htmlPage(status int, title string) reply {
	return answers(status, "<html><head><title>"+title+"</title></head><body><h1>"+title+"</h1></body></html>",
		"Content-Type", "text/html")
}

// breaks fails a request that may have been sent: the trace does not tell.
func breaks(err error) reply {
	return func(*http.Request) (*http.Response, error) { return nil, err }
}

// unsent fails a request as net/http does when there is no connection for it.
func unsent(err error) reply {
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
func cutShort(status int, body string) reply {
	return func(*http.Request) (*http.Response, error) {
		resp := httpmock.NewStringResponse(status, "")
		resp.Body = io.NopCloser(io.MultiReader(strings.NewReader(body), iotest.ErrReader(io.ErrUnexpectedEOF)))
		return resp, nil
	}
}

// after delays a reply.
func after(d time.Duration, answer reply) reply {
	return func(req *http.Request) (*http.Response, error) {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
			return answer(req)
		case <-req.Context().Done():
			return nil, req.Context().Err()
		}
	}
}

// asError returns err as an E, which it must be.
func asError[E error](t *testing.T, err error) E {
	t.Helper()
	var want E
	require.ErrorAs(t, err, &want)
	return want
}

// requireArgumentError requires that the argument with that name was refused.
func requireArgumentError(t *testing.T, err error, field string) {
	t.Helper()
	refused := asError[*funnel.ArgumentError](t, err)
	require.Equal(t, field, refused.Field)
	require.NotEmpty(t, refused.Message)
}

// failureOf returns what every error of a call states.
func failureOf(t *testing.T, err error) callFailure {
	t.Helper()
	if answered := (*funnel.APIError)(nil); errors.As(err, &answered) {
		if request := (*funnel.RequestError)(nil); !errors.As(err, &request) {
			return callFailure{answered.Method, answered.Path, answered.Attempts, answered.MayHaveBeenApplied}
		}
	}
	request := asError[*funnel.RequestError](t, err)
	return callFailure{request.Method, request.Path, request.Attempts, request.MayHaveBeenApplied}
}

type callFailure struct {
	Method, Path       string
	Attempts           int
	MayHaveBeenApplied bool
}

// A syncBuffer is a buffer that goroutines share.
type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func utc(year int, month time.Month, day, hour, min, sec, nsec int) funnel.Timestamp {
	return funnel.Timestamp{Time: time.Date(year, month, day, hour, min, sec, nsec, time.UTC)}
}

// A methodTest is one call with the request that it sends, the response, and the
// result.
type methodTest struct {
	name  string
	call  func(context.Context, *funnel.Client) (any, error)
	sends sentRequest
	reply reply
	want  any
}

func runMethodTests(t *testing.T, tests []methodTest) {
	t.Helper()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			api := newMockAPI(t).on(tt.sends.Method, tt.sends.Path, tt.reply)
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

type roundTripFunc func(*http.Request) (*http.Response, error)

func (f roundTripFunc) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

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

// importing creates n contacts and requires that all are.
func importing(t *testing.T, client *funnel.Client, n int) {
	t.Helper()
	counts := map[funnel.BulkStatus]int{}
	for r := range client.Contacts.CreateAll(t.Context(), manyContacts(n)) {
		counts[r.Status]++
	}
	require.Equal(t, map[funnel.BulkStatus]int{funnel.BulkCreated: n}, counts)
}
