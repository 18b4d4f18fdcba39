package main

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
)

const launched = `sequence and funnel are set up, campaign "We are live" is scheduled` + "\n"

func TestLaunch_CanBeRunAgain(t *testing.T) {
	t.Parallel()
	server := funneltest.NewServer()
	defer server.Close()
	var out strings.Builder
	for range 2 {
		require.NoError(t, launch(t.Context(), server.Client(), &out))
	}
	require.Equal(t, launched+launched, out.String())
	requireOneOfEach(t, server)
}

func TestLaunch_InterruptedAtEachRequest(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]funneltest.Fault{
		"before it":      {Code: funnel.ErrForbidden},
		"response lost ": {DropConnection: true, AfterCommit: true},
	} {
		over := false
		for n := 1; !over; n++ {
			t.Run(fmt.Sprint(name, n), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					server := funneltest.NewServer()
					defer server.Close()
					fault.Match = nth(n)
					server.Fail(fault)
					err := launch(t.Context(), server.Client(), io.Discard)
					if over = len(server.PendingFaults()) > 0; over { // the launch takes fewer requests
						require.NoError(t, err)
					}
					server.ClearFaults()
					var out strings.Builder
					require.NoError(t, launch(t.Context(), server.Client(), &out))
					require.Equal(t, launched, out.String())
					requireOneOfEach(t, server)
				})
			})
		}
	}
}

// nth matches the nth request.
func nth(n int) func(*http.Request) bool {
	return func(*http.Request) bool { n--; return n == 0 }
}

func requireOneOfEach(t *testing.T, server *funneltest.Server) {
	t.Helper()
	counts := server.Counts()
	for resource, want := range map[string]int{"sequences": 1, "stages": 2, "funnels": 1, "steps": 3, "campaigns": 1} {
		require.Equal(t, want, counts[resource], resource)
	}
	_, err := server.Client().Sequences.GetByName(t.Context(), "Launch week")
	require.NoError(t, err)
}

func TestLaunch_NotSentTwice(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := funneltest.NewServer()
		defer server.Close()
		client := server.Client()
		var sent []funnel.Timestamp
		for range 4 { // twice before it is sent, twice after
			require.NoError(t, launch(t.Context(), client, io.Discard))
			<-time.NewTimer(10 * time.Hour).C
			campaign, err := client.Campaigns.Get(t.Context(), 1)
			require.NoError(t, err)
			sent = append(sent, campaign.SentAt)
		}
		require.Zero(t, sent[1])
		require.NotZero(t, sent[2])
		require.Equal(t, sent[2], sent[3])
		requireOneOfEach(t, server)
	})
}

func TestLaunch_NoSubdomain(t *testing.T) {
	t.Parallel()
	server := funneltest.NewServer(funneltest.WithoutSubdomain())
	defer server.Close()
	err := launch(t.Context(), server.Client(), io.Discard)
	require.ErrorIs(t, err, funnel.ErrNoSubdomain)
	require.ErrorContains(t, err, "set up a subdomain in the dashboard first")
}
