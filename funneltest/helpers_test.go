package funneltest_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel/funneltest"
)

// An api is a server with a plain HTTP client: these tests see the fake as it
// is on the wire, without the SDK's help.
type api struct {
	*funneltest.Server
	t *testing.T
}

func newAPI(t *testing.T, opts ...funneltest.Option) *api {
	t.Helper()
	server := funneltest.NewServer(opts...)
	t.Cleanup(server.Close)
	return &api{server, t}
}

// An answer is what came back.
type answer struct {
	t       *testing.T
	Status  int
	Header  http.Header
	Body    string
	Success *bool           `json:"success"`
	Data    json.RawMessage `json:"data"`
	Meta    *struct {
		CurrentPage int `json:"current_page"`
		PerPage     int `json:"per_page"`
		LastPage    int `json:"last_page"`
		Total       int `json:"total"`
	} `json:"meta"`
	Error struct {
		Code    string              `json:"code"`
		Message string              `json:"message"`
		Details map[string][]string `json:"details"`
	} `json:"error"`
}

// request makes an authorised request.
func (a *api) request(method, target, body string) *http.Request {
	a.t.Helper()
	r, err := http.NewRequestWithContext(a.t.Context(), method, "https://api.test"+target, strings.NewReader(body))
	require.NoError(a.t, err)
	r.Header.Set("Authorization", "Bearer "+a.APIKey())
	r.Header.Set("Accept", "application/json")
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	return r
}

// send sends a request and reads the answer, which must be JSON.
func (a *api) send(r *http.Request) answer {
	a.t.Helper()
	response, err := a.Transport().RoundTrip(r)
	require.NoError(a.t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(a.t, err)
	require.EqualValues(a.t, len(body), response.ContentLength)
	got := answer{t: a.t, Status: response.StatusCode, Header: response.Header, Body: string(body)}
	require.NoError(a.t, json.Unmarshal(body, &got), "not JSON: %s", body)
	return got
}

func (a *api) get(target string) answer {
	a.t.Helper()
	return a.send(a.request(http.MethodGet, target, ""))
}

func (a *api) post(target, body string) answer {
	a.t.Helper()
	return a.send(a.request(http.MethodPost, target, body))
}

func (a *api) put(target, body string) answer {
	a.t.Helper()
	return a.send(a.request(http.MethodPut, target, body))
}

func (a *api) delete(target string) answer {
	a.t.Helper()
	return a.send(a.request(http.MethodDelete, target, ""))
}

// call sends what a table says as one line, "POST /tag {...}".
func (a *api) call(line string) answer {
	a.t.Helper()
	method, rest, _ := strings.Cut(line, " ")
	target, body, _ := strings.Cut(rest, " ")
	return a.send(a.request(method, target, body))
}

// setUp sends lines that must all succeed.
func (a *api) setUp(lines ...string) {
	a.t.Helper()
	for _, line := range lines {
		a.call(line).ok()
	}
}

// ok insists on a success and returns it.
func (got answer) ok() answer {
	got.t.Helper()
	require.Contains(got.t, []int{http.StatusOK, http.StatusCreated}, got.Status, got.Body)
	require.NotNil(got.t, got.Success, got.Body)
	require.True(got.t, *got.Success, got.Body)
	return got
}

// data insists on a success with just this data.
func (got answer) data(want string) {
	got.t.Helper()
	require.JSONEq(got.t, want, string(got.ok().Data))
}

// field returns a field of a success's data, as JSON writes it.
func (got answer) field(name string) string {
	got.t.Helper()
	var object map[string]json.RawMessage
	require.NoError(got.t, json.Unmarshal(got.ok().Data, &object), got.Body)
	require.Contains(got.t, object, name)
	return string(object[name])
}

// all returns a field of each item of a list, as JSON writes it.
func (got answer) all(name string) []string {
	got.t.Helper()
	var items []map[string]json.RawMessage
	require.NoError(got.t, json.Unmarshal(got.ok().Data, &items), got.Body)
	values := []string{}
	for _, item := range items {
		require.Contains(got.t, item, name)
		values = append(values, string(item[name]))
	}
	return values
}

// refused insists on an error envelope without details.
func (got answer) refused(status int, code string) {
	got.t.Helper()
	got.isError(status, code)
	require.NotContains(got.t, got.Body, `"details"`)
}

// invalid insists on a 422 VALIDATION_ERROR that complains of one field.
func (got answer) invalid(field string, messages ...string) {
	got.t.Helper()
	got.isError(http.StatusUnprocessableEntity, "VALIDATION_ERROR")
	require.Equal(got.t, "The given data was invalid", got.Error.Message)
	require.Equal(got.t, map[string][]string{field: messages}, got.Error.Details)
}

func (got answer) isError(status int, code string) {
	got.t.Helper()
	require.Equal(got.t, code, got.Error.Code, got.Body)
	require.Equal(got.t, status, got.Status, got.Body)
	require.NotNil(got.t, got.Success, got.Body)
	require.False(got.t, *got.Success)
	require.NotEmpty(got.t, got.Error.Message)
}

// A clock stands still until it is set.
type clock struct{ at time.Time }

func newClock(moment string) *clock {
	c := &clock{}
	c.set(moment)
	return c
}

func (c *clock) now() time.Time { return c.at }

func (c *clock) set(moment string) {
	at, err := time.Parse(time.RFC3339Nano, moment)
	if err != nil {
		panic(err)
	}
	c.at = at
}
