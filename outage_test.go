package funnel_test

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
)

func TestOutage_LongOneDoesNotMultiplyTheLoad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := funneltest.NewServer(fixedLatency(100 * time.Millisecond))
		defer server.Close()
		server.Fail(funneltest.Fault{Code: funnel.ErrServer, Times: -1})
		client := server.Client()
		const calls = 1000
		spread(calls, 20, func(int) {
			if _, err := client.Contacts.Get(t.Context(), funnel.ContactID(1)); !errors.Is(err, funnel.ErrServer) {
				t.Error(err)
			}
		})
		perCall := float64(server.RequestCount()) / calls
		t.Logf("%.2f requests a call", perCall)
		require.LessOrEqual(t, perCall, 1.7)
	})
}

func TestOutage_ShortOneFailsNoCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := funneltest.NewServer(fixedLatency(100 * time.Millisecond))
		defer server.Close()
		server.SeedContacts(1)
		start := time.Now()
		server.Fail(funneltest.Fault{
			Code:  funnel.ErrServer,
			Times: -1,
			Match: func(*http.Request) bool { return time.Since(start) < 5*time.Second },
		})
		client := server.Client()
		spread(300, 20, func(int) {
			if _, err := client.Contacts.Get(t.Context(), funnel.ContactID(1)); err != nil {
				t.Error(err)
			}
		})
		require.Greater(t, server.RequestCount(), 300)
	})
}

// everyThird breaks the connection of every third request before it is done.
func everyThird(server *funneltest.Server) {
	var n atomic.Int64
	server.Fail(funneltest.Fault{
		DropConnection: true,
		Times:          -1,
		Match:          func(*http.Request) bool { return n.Add(1)%3 == 0 },
	})
}

func TestOutage_EveryThirdConnectionReset(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := funneltest.NewServer(fixedLatency(100 * time.Millisecond))
		defer server.Close()
		everyThird(server)
		client := server.Client(funnel.WithRetry(funnel.RetryPolicy{MaxAttempts: 10, Budget: -1}))
		created := 0
		for result := range client.Contacts.CreateAll(t.Context(), manyContacts(300)) {
			require.NoError(t, result.Err)
			created++
		}
		require.Equal(t, 300, created)
		require.Equal(t, 300, server.Counts()["contacts"], "none lost, none doubled")
	})
}

func TestOutage_HangingServerEndsInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := funneltest.NewServer()
		defer server.Close()
		server.Fail(funneltest.Fault{Delay: time.Hour, Times: -1})
		client := server.Client()
		start := time.Now()
		_, err := client.Contacts.Create(t.Context(), funnel.ContactCreateParams{Email: "ada@example.com"})
		var request *funnel.RequestError
		require.ErrorAs(t, err, &request)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorContains(t, err, "no complete response within 30s")
		require.Equal(t, 4, request.Attempts)
		require.True(t, request.MayHaveBeenApplied)
		require.LessOrEqual(t, time.Since(start), 4*30*time.Second+11*time.Second)
	})
}

// drip sends a byte of its answer a second.
type drip struct{}

func (drip) RoundTrip(req *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: &drippingBody{ctx: req.Context()}, Request: req}, nil
}

type drippingBody struct{ ctx context.Context }

func (b *drippingBody) Read(p []byte) (int, error) {
	timer := time.NewTimer(time.Second)
	defer timer.Stop()
	select {
	case <-timer.C:
		p[0] = ' '
		return 1, nil
	case <-b.ctx.Done():
		return 0, b.ctx.Err()
	}
}

func (b *drippingBody) Close() error { return nil }

func TestOutage_ByteASecondEndsInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, err := funnel.New("key", funnel.WithBaseURL("https://api.example.com"), funnel.WithHTTPClient(&http.Client{Transport: drip{}}))
		require.NoError(t, err)
		start := time.Now()
		_, err = client.Funnels.Create(t.Context(), funnel.FunnelCreateParams{Name: "Launch"})
		var request *funnel.RequestError
		require.ErrorAs(t, err, &request)
		require.ErrorContains(t, err, "cut short after")
		require.True(t, request.MayHaveBeenApplied)
		require.Equal(t, 1, request.Attempts, "a funnel has no unique key")
		require.Equal(t, 30*time.Second, time.Since(start))
	})
}
