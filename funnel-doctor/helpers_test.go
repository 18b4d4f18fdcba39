package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
)

// The account in testdata is full of marks: every text that a user has chosen, every
// id, amount and date has one.
const accountKey = "key-zqx-7369"

var marks = []string{"zqx", "7369", "2019"}

// newServer returns a server with the marked account.
func newServer(t testing.TB) *funneltest.Server {
	t.Helper()
	account, err := os.ReadFile("testdata/account.json")
	require.NoError(t, err)
	server := funneltest.NewServer(funneltest.WithAPIKey(accountKey), funneltest.WithBasePath("/v1"))
	t.Cleanup(server.Close)
	require.NoError(t, server.Restore(account))
	return server
}

func connect(t testing.TB, transport http.RoundTripper) *funnel.Client {
	t.Helper()
	client, err := funnel.New(accountKey, funnel.WithHTTPClient(&http.Client{Transport: transport}))
	require.NoError(t, err)
	return client
}

var loadOnce = sync.OnceValues(loadContract)

func loaded(t testing.TB) *contract {
	t.Helper()
	c, err := loadOnce()
	require.NoError(t, err)
	return c
}

// all are the settings with which everything is tested.
var all = settings{write: true, webhookURL: "https://zqx.example/another-hook"}

// examined returns the report on a server.
func examined(t testing.TB, transport http.RoundTripper, s settings) *doctor {
	t.Helper()
	d := newDoctor(connect(t, transport), loaded(t), s)
	require.NoError(t, d.examine(t.Context()))
	require.LessOrEqual(t, d.report.Requests, maxRequests)
	d.report.finish(d.contract, d.values)
	return d
}

// differences returns all that a report complains of.
func differences(r report) []string {
	var found []string
	for _, result := range r.Results {
		name := strings.TrimSuffix(result.Operation+" ("+result.Case+")", " ()")
		for _, d := range result.Differences {
			found = append(found, name+": "+d.String())
		}
		if result.Outcome == unavailable && len(result.Differences) == 0 {
			found = append(found, name+": "+result.Note)
		}
	}
	return found
}

// A message is a request or a response on its way.
type message struct {
	operation string
	query     url.Values
	status    int // of a response
	header    http.Header
	body      any    // decoded
	text      string // instead of body
}

// A deviant is a server that differs from another one.
type deviant struct {
	server   http.RoundTripper
	request  func(*message) // changes what the server is sent; may be nil
	response func(*message) // changes what it sends; may be nil
}

func (d *deviant) RoundTrip(r *http.Request) (*http.Response, error) {
	sent := &message{operation: r.Method + " " + strings.TrimPrefix(r.URL.Path, "/v1"), query: r.URL.Query()}
	if r.Body != nil {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		sent.body, _ = jsonschema.UnmarshalJSON(bytes.NewReader(body))
	}
	operation := sent.operation
	if d.request != nil {
		d.request(sent)
	}
	forwarded := r.Clone(r.Context())
	method, path, _ := strings.Cut(sent.operation, " ")
	forwarded.Method, forwarded.URL.Path, forwarded.URL.RawQuery = method, "/v1"+path, sent.query.Encode()
	forwarded.Body, forwarded.ContentLength = http.NoBody, 0
	if sent.body != nil {
		body, err := json.Marshal(sent.body)
		if err != nil {
			return nil, err
		}
		forwarded.Body, forwarded.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	}
	resp, err := d.server.RoundTrip(forwarded)
	if err != nil || d.response == nil {
		return resp, err
	}
	content, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	got := &message{operation: operation, query: r.URL.Query(), status: resp.StatusCode, header: resp.Header}
	got.body, _ = jsonschema.UnmarshalJSON(bytes.NewReader(content))
	d.response(got)
	if got.text == "" && got.body != nil {
		if content, err = json.Marshal(got.body); err != nil {
			return nil, err
		}
		got.text = string(content)
	}
	resp.StatusCode = got.status
	resp.Body, resp.ContentLength = io.NopCloser(strings.NewReader(got.text)), int64(len(got.text))
	resp.Header.Del("Content-Length")
	return resp, nil
}

// items calls change for each item of a list, or for a single one.
func (m *message) items(change func(node)) {
	data := below(m.body)["data"]
	if item, ok := data.(node); ok {
		change(item)
	}
	list, _ := data.([]any)
	for _, item := range list {
		change(item.(node))
	}
}

// html replaces a response by a page.
func (m *message) html() {
	m.header.Set("Content-Type", "text/html; charset=utf-8")
	m.text = "<title>Zqx 7369</title>"
}

// noRoute replaces a response by that to an unknown route.
func (m *message) noRoute() {
	m.status, m.body = http.StatusNotFound, node{"message": "The route zqx could not be found."}
}

// rename gives a field another name.
func rename(from node, name, other string) {
	if value, ok := from[name]; ok {
		delete(from, name)
		from[other] = value
	}
}

// printed returns a report in all forms.
func printed(t testing.TB, d *doctor) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, d.report.print(&b))
	require.NoError(t, d.report.printJSON(&b))
	require.NoError(t, d.report.printMarkdown(&b))
	return b.String()
}

// requirePrivate requires that an output has no value of the account.
func requirePrivate(t testing.TB, output string) {
	t.Helper()
	require.NotEmpty(t, output)
	for _, mark := range marks {
		require.NotContains(t, strings.ToLower(output), mark)
	}
}
