package main

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel/funneltest"
)

// provoke presses a fault button of the page.
func provoke(t *testing.T, e *emulator, fault, span string) {
	t.Helper()
	response := ask(e, "/_emulator/page/faults", "fault="+fault, "span="+span)
	require.Equal(t, http.StatusSeeOther, response.Code, response.Body)
	require.Equal(t, "/", response.Header().Get("Location"))
}

// clearFault presses the button next to a pending fault.
func clearFault(t *testing.T, e *emulator, id string) {
	t.Helper()
	require.Equal(t, http.StatusSeeOther, ask(e, "/_emulator/page/faults/clear", "id="+id).Code)
}

// pending returns the texts of the pending faults.
func pending(e *emulator) []string {
	texts := []string{}
	for _, fault := range e.faults.list() {
		texts = append(texts, fault.Text)
	}
	return texts
}

func TestFaults_OrderAndCountdown(t *testing.T) {
	t.Parallel()
	e := quiet()
	provoke(t, e, "500", "1")
	provoke(t, e, "429", "4")
	provoke(t, e, "401", "all")
	const always = "401, the key is invalid: all requests, until cleared"
	for _, want := range []struct {
		status  int
		pending []string
	}{
		{500, []string{"429, over the limit: the next 4 requests", always}},
		{429, []string{"429, over the limit: the next 3 requests", always}},
		{429, []string{"429, over the limit: the next 2 requests", always}},
		{429, []string{"429, over the limit: the next request", always}},
		{429, []string{always}},
		{401, []string{always}},
		{401, []string{always}},
	} {
		require.Equal(t, want.status, callAPI(e, http.MethodGet, "/v1/tags").Code)
		require.Equal(t, want.pending, pending(e))
	}
}

func TestFaults_ClearRemovesOne(t *testing.T) {
	t.Parallel()
	e := quiet()
	provoke(t, e, "500", "all")
	provoke(t, e, "429", "1")
	provoke(t, e, "429", "1") // equal to the one before
	provoke(t, e, "401", "all")
	const server, limited, key = "500, a server error: all requests, until cleared", "429, over the limit: the next request",
		"401, the key is invalid: all requests, until cleared"
	require.Equal(t, []string{server, limited, limited, key}, pending(e))

	for _, step := range []struct {
		clear   string
		status  int
		pending []string
	}{
		{"2", 500, []string{server, limited, key}},
		{"2", 500, []string{server, limited, key}}, // cleared already
		{"", 500, []string{server, limited, key}},
		{"1", 429, []string{key}},
		{"3", 401, []string{key}}, // used up
		{"4", 200, []string{}},
	} {
		clearFault(t, e, step.clear)
		require.Equal(t, step.status, callAPI(e, http.MethodGet, "/v1/tags").Code)
		require.Equal(t, step.pending, pending(e))
	}
}

func TestFaults_RejectedRequestMeetsNone(t *testing.T) {
	t.Parallel()
	e := quiet(funneltest.WithRateLimit(1, time.Hour))
	require.Equal(t, http.StatusOK, callAPI(e, http.MethodGet, "/v1/tags").Code)
	provoke(t, e, "500", "1")
	require.Equal(t, http.StatusTooManyRequests, callAPI(e, http.MethodGet, "/v1/tags").Code)
	require.Equal(t, []string{"500, a server error: the next request"}, pending(e))
}

func TestFaults_SlowResponseIsTheRealOne(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := quiet()
		provoke(t, e, "slow", "1")
		began := time.Now()
		require.Equal(t, http.StatusOK, callAPI(e, http.MethodGet, "/v1/tags").Code)
		require.Equal(t, slow, time.Since(began))
	})
}

func TestFaults_InvalidForm(t *testing.T) {
	t.Parallel()
	e := quiet()
	for _, form := range [][]string{
		{"fault=418", "span=1"},
		{"fault=500", "span=2"},
		{"fault=500"},
		{"span=1"},
		{"fault=500", "span=1", "padding=" + string(make([]byte, maxForm))},
	} {
		require.Equal(t, http.StatusBadRequest, ask(e, "/_emulator/page/faults", form...).Code)
	}
	require.Empty(t, e.faults.list())
	require.Equal(t, http.StatusOK, callAPI(e, http.MethodGet, "/v1/tags").Code)
}
