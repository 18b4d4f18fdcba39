package funneltest_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel/funneltest"
)

func TestRequests_AsTheyArrived(t *testing.T) {
	t.Parallel()
	clock := newClock("2026-11-22T09:30:00Z")
	a := newAPI(t, funneltest.WithClock(clock.now), funneltest.WithAPIKey("s3cret"))
	r := a.request("POST", "/tag?x=1&x=2&y=%20", `{"name":"a"}`)
	r.Header["X-Many"] = []string{"one", "two"}
	r.Header.Set("X-Other", "key=s3cret")
	a.send(r).ok()
	r.Header.Set("X-Many", "changed later")
	require.Equal(t, 404, a.get("/nothing").Status)

	got := a.Requests()
	require.Len(t, got, 2)
	require.Equal(t, funneltest.Request{
		ID:     "req-1",
		Time:   clock.at,
		Method: "POST",
		Path:   "/tag",
		Query:  url.Values{"x": {"1", "2"}, "y": {" "}},
		Header: http.Header{
			"Accept":        {"application/json"},
			"Authorization": {"[redacted]"},
			"Content-Type":  {"application/json"},
			"X-Many":        {"one", "two"},
			"X-Other":       {"[redacted]"},
		},
		Body:   []byte(`{"name":"a"}`),
		Status: 201,
	}, got[0])
	require.Equal(t, "/nothing", got[1].Path)
	require.Equal(t, 404, got[1].Status)
	require.Empty(t, got[1].Body)
	require.NotContains(t, fmt.Sprint(got), "s3cret")
}

func TestRequests_WrongKeysAreRedacted(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	r := a.request("GET", "/tags", "")
	r.Header.Set("Authorization", "Bearer another-secret")
	a.send(r)
	require.NotContains(t, fmt.Sprint(a.Requests()), "another-secret")
}

func TestRequests_OnlyTheLastAreKept(t *testing.T) {
	t.Parallel()
	a := newAPI(t, funneltest.WithRateLimit(0, 0))
	for n := range 10_005 {
		r := a.request("GET", fmt.Sprintf("/n%d", n), "")
		if n < 5 {
			r.Header.Set("X-First", "of entries whose memory is reused")
		}
		a.send(r)
	}
	got := a.Requests()
	require.Equal(t, 10_005, a.RequestCount())
	require.Len(t, got, 10_000)
	require.Equal(t, "/n5", got[0].Path)
	require.Equal(t, "req-6", got[0].ID)
	require.Equal(t, "/n10004", got[9_999].Path)
	require.NotContains(t, got[9_999].Header, "X-First")
}

func TestRequests_LongBodiesAreKeptInPart(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.call(`POST /tag {"name":"` + strings.Repeat("a", 100_000) + `"}`)
	require.Len(t, a.Requests()[0].Body, 64<<10)
}

func TestRequests_ListBelongsToTheCaller(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.setUp(`POST /tag {"name":"a"}`)
	got := a.Requests()[0]
	got.Body[0], got.Header["Accept"][0] = 'X', "X"
	require.Equal(t, `{"name":"a"}`, string(a.Requests()[0].Body))
	require.Equal(t, "application/json", a.Requests()[0].Header.Get("Accept"))
}
