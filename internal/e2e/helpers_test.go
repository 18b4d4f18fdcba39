// Package e2e tests the client from end to end: against servers that fail, lie or
// overload it, over real sockets or in virtual time. Each test uses what programs
// use: package funnel and the fake API of package funneltest.
package e2e

import (
	"context"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/internal/apitest"
)

// testKey has characters that PHP's JSON and URLs escape.
const testKey = "fk/5ecret+0123456789"

// contactBody is the response to a request of contact 7.
const contactBody = `{"success":true,"data":{"id":7}}`

// newClient returns a client of that server.
func newClient(t *testing.T, baseURL string, opts ...funnel.Option) *funnel.Client {
	t.Helper()
	client, err := funnel.New(testKey, append([]funnel.Option{funnel.WithBaseURL(baseURL)}, opts...)...)
	require.NoError(t, err)
	return client
}

// retryAtOnce is a retry policy for tests in real time.
func retryAtOnce() funnel.Option {
	return funnel.WithRetry(funnel.RetryPolicy{MinWait: time.Millisecond, MaxWait: time.Millisecond, Budget: -1})
}

// respond returns a transport that always has that response. Headers are pairs of a
// name and a value.
func respond(status int, body string, header ...string) apitest.RoundTripper {
	return func(req *http.Request) (*http.Response, error) {
		resp := &http.Response{
			StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}},
			Body: io.NopCloser(strings.NewReader(body)), Request: req,
		}
		for i := 0; i < len(header); i += 2 {
			resp.Header.Set(header[i], header[i+1])
		}
		return resp, nil
	}
}

// hang is a transport without a response.
func hang(req *http.Request) (*http.Response, error) {
	<-req.Context().Done()
	return nil, req.Context().Err()
}

// inTurn returns a transport that uses each transport once, and the last one for
// all further requests.
func inTurn(transports ...apitest.RoundTripper) apitest.RoundTripper {
	var n atomic.Int64
	return func(req *http.Request) (*http.Response, error) {
		return transports[min(int(n.Add(1)), len(transports))-1](req)
	}
}

// overTransport returns a client of the transport.
func overTransport(t *testing.T, transport http.RoundTripper, opts ...funnel.Option) *funnel.Client {
	t.Helper()
	opts = append([]funnel.Option{funnel.WithHTTPClient(&http.Client{Transport: transport})}, opts...)
	return newClient(t, "https://api.example.com/v1", opts...)
}

// getContact sends a request that may be repeated.
func getContact(ctx context.Context, client *funnel.Client) error {
	_, err := client.Contacts.Get(ctx, funnel.ContactID(7))
	return err
}

// createTag sends a POST that may be repeated: the API rejects a second tag of
// that name.
func createTag(ctx context.Context, client *funnel.Client) error {
	_, err := client.Tags.Create(ctx, funnel.TagCreateParams{Name: "vip"})
	return err
}

// createFunnel sends a POST whose repeat could create a second funnel.
func createFunnel(ctx context.Context, client *funnel.Client) error {
	_, err := client.Funnels.Create(ctx, funnel.FunnelCreateParams{Name: "Spring"})
	return err
}

// wait lets virtual time pass.
func wait(d time.Duration) { <-time.After(d) }

// goroutines returns the stacks of all goroutines, by their ids.
func goroutines() map[string]string {
	buf := make([]byte, 1<<20)
	for {
		n := runtime.Stack(buf, true)
		if n < len(buf) {
			buf = buf[:n]
			break
		}
		buf = make([]byte, 2*len(buf))
	}
	stacks := map[string]string{}
	for stack := range strings.SplitSeq(string(buf), "\n\n") {
		id, _, _ := strings.Cut(strings.TrimPrefix(stack, "goroutine "), " ")
		stacks[id] = stack
	}
	return stacks
}

// noLeaks returns a function that requires that all goroutines that were started
// since have ended or end soon. A test that uses it must not run in parallel.
func noLeaks(t *testing.T) func() {
	t.Helper()
	before := goroutines()
	left := func() []string {
		stacks := []string{}
		for id, stack := range goroutines() {
			if _, ok := before[id]; !ok && !strings.Contains(stack, "testify") {
				stacks = append(stacks, stack)
			}
		}
		return stacks
	}
	return func() {
		t.Helper()
		var last atomic.Value
		gone := func() bool {
			runtime.Gosched()
			stacks := left()
			last.Store(strings.Join(stacks, "\n\n"))
			return len(stacks) == 0
		}
		require.Eventually(t, gone, 10*time.Second, time.Millisecond, "goroutines are left:\n%v", &last)
	}
}
