package main

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel/funneltest"
)

// provoke presses a button of the page.
func provoke(t *testing.T, e *emulator, fault, span string) {
	t.Helper()
	answer := ask(e, "/_emulator/faults", "fault="+fault, "span="+span)
	require.Equal(t, http.StatusSeeOther, answer.Code, answer.Body)
	require.Equal(t, "/", answer.Header().Get("Location"))
}

func TestFaultsHappenInTurnAndAreCountedDown(t *testing.T) {
	t.Parallel()
	e := quiet()
	provoke(t, e, "500", "1")
	provoke(t, e, "429", "4")
	provoke(t, e, "401", "all")
	for _, want := range []struct {
		status  int
		waiting []string
	}{
		{500, []string{"429, over the limit: the next 4 requests", "401, the key is refused: all requests, until cleared"}},
		{429, []string{"429, over the limit: the next 3 requests", "401, the key is refused: all requests, until cleared"}},
		{429, []string{"429, over the limit: the next 2 requests", "401, the key is refused: all requests, until cleared"}},
		{429, []string{"429, over the limit: the next request", "401, the key is refused: all requests, until cleared"}},
		{429, []string{"401, the key is refused: all requests, until cleared"}},
		{401, []string{"401, the key is refused: all requests, until cleared"}},
		{401, []string{"401, the key is refused: all requests, until cleared"}},
	} {
		require.Equal(t, want.status, callAPI(e, http.MethodGet, "/tags").Code)
		require.Equal(t, want.waiting, e.faults.list())
	}
	ask(e, "/") // the page itself meets no fault
	require.Equal(t, http.StatusSeeOther, ask(e, "/_emulator/faults/clear", "").Code)
	require.Empty(t, e.faults.list())
	require.Equal(t, http.StatusOK, callAPI(e, http.MethodGet, "/tags").Code)
}

func TestAFaultWaitsForARequestThatIsAdmitted(t *testing.T) {
	t.Parallel()
	e := quiet(funneltest.WithRateLimit(1, time.Hour))
	require.Equal(t, http.StatusOK, callAPI(e, http.MethodGet, "/tags").Code)
	provoke(t, e, "500", "1")
	require.Equal(t, http.StatusTooManyRequests, callAPI(e, http.MethodGet, "/tags").Code)
	require.Equal(t, []string{"500, a server error: the next request"}, e.faults.list())
}

func TestASlowAnswerIsTheRealOne(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := quiet()
		provoke(t, e, "slow", "1")
		began := time.Now()
		require.Equal(t, http.StatusOK, callAPI(e, http.MethodGet, "/tags").Code)
		require.Equal(t, slow, time.Since(began))
	})
}

func TestUnknownFaultsAreRefused(t *testing.T) {
	t.Parallel()
	e := quiet()
	for _, form := range [][]string{
		{"fault=418", "span=1"},
		{"fault=500", "span=2"},
		{"fault=500"},
		{"span=1"},
		{"fault=500", "span=1", "padding=" + string(make([]byte, maxForm))},
	} {
		require.Equal(t, http.StatusBadRequest, ask(e, "/_emulator/faults", form...).Code)
	}
	require.Empty(t, e.faults.list())
	require.Equal(t, http.StatusOK, callAPI(e, http.MethodGet, "/tags").Code)
}
