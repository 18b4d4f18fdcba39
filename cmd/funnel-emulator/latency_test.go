package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestLatency_BothWays(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const latency = 200 * time.Millisecond
		e := quiet()
		e.latency = latency
		took := make(map[time.Duration]bool)
		for range 100 {
			sent := time.Now()
			require.Equal(t, http.StatusOK, callAPI(e, http.MethodGet, "/v1/tags").Code)
			entry := e.journal.list()[0]
			for _, way := range []time.Duration{entry.At.Sub(sent), entry.Took} {
				require.GreaterOrEqual(t, way, latency/4)
				require.LessOrEqual(t, way, latency*3/4)
			}
			took[time.Since(sent)] = true
		}
		require.Greater(t, len(took), 1, "it varies")
		start := time.Now()
		ask(e, "/")
		require.Zero(t, time.Since(start), "the page has no latency")
	})
}

// TestLatency_CancelledRequest cancels one request on its way to the API, and one
// whose response is on its way back.
func TestLatency_CancelledRequest(t *testing.T) {
	t.Parallel()
	const latency = 4 * time.Second
	for name, tt := range map[string]struct {
		leave func(*emulator) // returns when the client cancels
		log   string
	}{
		"on its way there": {
			func(*emulator) { time.Sleep(latency/4 - 1) },
			"",
		},
		"on its way back": {
			func(e *emulator) {
				for len(e.journal.list()) == 0 {
					time.Sleep(time.Millisecond)
				}
			},
			"level=INFO msg=request method=GET path=/v1/tags status=200 arrived=… took=… id=req-1\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				e, log := logged()
				e.latency = latency
				ctx, cancel := context.WithCancel(t.Context())
				r := httptest.NewRequestWithContext(ctx, http.MethodGet, "http://127.0.0.1/v1/tags", nil)
				r.Header.Set("Authorization", "Bearer "+e.api.APIKey())
				done := make(chan struct{})
				go func() {
					defer close(done)
					send(e, r)
				}()
				tt.leave(e)
				gone := time.Now()
				cancel()
				<-done
				require.Zero(t, time.Since(gone), "the server stops waiting")
				require.Equal(t, tt.log, log.String())
				require.Equal(t, strings.Count(tt.log, "\n"), e.api.RequestCount())
			})
		})
	}
}
