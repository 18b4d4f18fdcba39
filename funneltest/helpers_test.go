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

// An api is a server with a plain HTTP client: these tests check the fake on the
// wire, without the SDK.
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

// noon is the time of servers whose responses are compared byte by byte.
const noon = "2031-03-10T12:00:00Z"

// newAPIAtNoon returns a server whose clock stands still.
func newAPIAtNoon(t *testing.T, opts ...funneltest.Option) *api {
	t.Helper()
	return newAPI(t, append(opts, funneltest.WithClock(newClock(noon).now))...)
}

// A response is what the server sent.
type response struct {
	t       *testing.T
	Status  int
	Header  http.Header
	Body    string
	Success *bool           `json:"success"`
	Data    json.RawMessage `json:"data"`
	Meta    *struct {
		CurrentPage int `json:"current_page"`
		LastPage    int `json:"last_page"`
		PerPage     int `json:"per_page"`
		Total       int `json:"total"`
	} `json:"meta"`
	Error struct {
		Code    string              `json:"code"`
		Message string              `json:"message"`
		Details map[string][]string `json:"details"`
	} `json:"error"`
}

// request returns an authorised request.
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

// send sends a request and reads the response, which must be JSON.
func (a *api) send(r *http.Request) response {
	a.t.Helper()
	resp, err := a.Transport().RoundTrip(r)
	require.NoError(a.t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(a.t, err)
	require.EqualValues(a.t, len(body), resp.ContentLength)
	got := response{t: a.t, Status: resp.StatusCode, Header: resp.Header, Body: string(body)}
	require.NoError(a.t, json.Unmarshal(body, &got), "not JSON: %s", body)
	return got
}

// call sends a request that is written as one line, such as `POST /tag {...}`.
func (a *api) call(line string) response {
	a.t.Helper()
	method, rest, _ := strings.Cut(line, " ")
	target, body, _ := strings.Cut(rest, " ")
	return a.send(a.request(method, target, body))
}

func (a *api) get(target string) response {
	a.t.Helper()
	return a.call("GET " + target)
}

// setUp sends lines that must all succeed.
func (a *api) setUp(lines ...string) {
	a.t.Helper()
	for _, line := range lines {
		a.call(line).ok()
	}
}

// An exchange is a request, written as one line, and its expected response.
type exchange struct {
	line   string
	status int
	body   string // compared as JSON
}

// expect makes the exchanges one after the other.
func (a *api) expect(exchanges ...exchange) {
	a.t.Helper()
	for _, e := range exchanges {
		got := a.call(e.line)
		require.Equal(a.t, e.status, got.Status, "%s: %s", e.line, got.Body)
		require.JSONEq(a.t, e.body, got.Body, e.line)
	}
}

// Bodies of an exchange.

const done = `{"success":true}`

func data(json string) string { return `{"success":true,"data":` + json + `}` }

// onePage is a list that fits into one page of the default size.
func onePage(total, items string) string {
	return `{"success":true,"data":[` + items + `],"meta":{"current_page":1,"last_page":1,"per_page":50,"total":` + total + `}}`
}

func notFound(what string) string {
	return `{"success":false,"error":{"code":"NOT_FOUND","message":"` + what + ` not found"}}`
}

// invalid is a 422 with details.
func invalid(details string) string {
	return `{"success":false,"error":{"code":"VALIDATION_ERROR","message":"The given data was invalid","details":` + details + `}}`
}

// unaddressed is the 422 of a request that addresses no contact.
const unaddressed = `"contact_id":["The contact id field is required when email is not present."],` +
	`"email":["The email field is required when contact id is not present."]`

// ok requires a success and returns it.
func (got response) ok() response {
	got.t.Helper()
	require.Contains(got.t, []int{http.StatusOK, http.StatusCreated}, got.Status, got.Body)
	require.NotNil(got.t, got.Success, got.Body)
	require.True(got.t, *got.Success, got.Body)
	return got
}

// all returns a field of each item of a list, as JSON.
func (got response) all(name string) []string {
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

// isError requires an error envelope.
func (got response) isError(status int, code string) {
	got.t.Helper()
	require.Equal(got.t, code, got.Error.Code, got.Body)
	require.Equal(got.t, status, got.Status, got.Body)
	require.NotNil(got.t, got.Success, got.Body)
	require.False(got.t, *got.Success)
	require.NotEmpty(got.t, got.Error.Message)
}

// noRoute is Laravel's body for a path that it does not have.
const noRoute = `{"message":""}`

// isNoRoute requires a 404 of Laravel itself, without the API's envelope.
func (got response) isNoRoute() {
	got.t.Helper()
	require.Equal(got.t, http.StatusNotFound, got.Status, got.Body)
	require.JSONEq(got.t, noRoute, got.Body)
	require.NotContains(got.t, got.Header, "X-Ratelimit-Limit")
}

// isInvalid requires a 422 VALIDATION_ERROR about one field.
func (got response) isInvalid(field string, messages ...string) {
	got.t.Helper()
	got.isError(http.StatusUnprocessableEntity, "VALIDATION_ERROR")
	require.Equal(got.t, map[string][]string{field: messages}, got.Error.Details)
}

// A clock stands still until it is set.
type clock struct{ at time.Time }

func newClock(moment string) *clock {
	c := &clock{}
	c.set(moment)
	return c
}

func (c *clock) now() time.Time { return c.at }

func (c *clock) set(moment string) { c.at = at(moment) }

// at parses a time in RFC 3339.
func at(moment string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, moment)
	if err != nil {
		panic(err)
	}
	return t
}
