// Package apitest has what the tests of package funnel and the end-to-end tests
// in internal/e2e share.
package apitest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
)

// RoundTripper is a function that is an [http.RoundTripper].
type RoundTripper func(*http.Request) (*http.Response, error)

// RoundTrip calls f.
func (f RoundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// After returns a transport whose responses come after that time.
func After(d time.Duration, transport RoundTripper) RoundTripper {
	return func(req *http.Request) (*http.Response, error) {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
			return transport(req)
		case <-req.Context().Done():
			return nil, req.Context().Err()
		}
	}
}

// A Buffer collects what goroutines write.
type Buffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *Buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *Buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// AsError returns the E in err's chain. There must be one.
func AsError[E error](t *testing.T, err error) E {
	t.Helper()
	var want E
	require.ErrorAs(t, err, &want)
	return want
}

// A Failure is what every error of a call that sent a request states.
type Failure struct {
	Method, Path       string
	Attempts           int
	MayHaveBeenApplied bool
}

// String returns the failure in words, such as
// "POST /tag: 2 attempts, may have been applied".
func (f Failure) String() string {
	attempts, applied := "attempts", "not applied"
	if f.Attempts == 1 {
		attempts = "attempt"
	}
	if f.MayHaveBeenApplied {
		applied = "may have been applied"
	}
	return fmt.Sprintf("%s %s: %d %s, %s", f.Method, f.Path, f.Attempts, attempts, applied)
}

// FailureOf returns what the error of a call states. It must be a
// [*funnel.RequestError] or an [*funnel.APIError].
func FailureOf(t *testing.T, err error) Failure {
	t.Helper()
	if request := (*funnel.RequestError)(nil); errors.As(err, &request) {
		return Failure{request.Method, request.Path, request.Attempts, request.MayHaveBeenApplied}
	}
	response := AsError[*funnel.APIError](t, err)
	return Failure{response.Method, response.Path, response.Attempts, response.MayHaveBeenApplied}
}

// RequireFailure requires an error of a call that states what want says, in the
// words of [Failure.String].
func RequireFailure(t *testing.T, want string, err error) {
	t.Helper()
	require.Equal(t, want, FailureOf(t, err).String())
}

// SlowBody is the body of a response that sends a space per second until the
// context ends.
func SlowBody(ctx context.Context) io.ReadCloser { return slowBody{ctx} }

type slowBody struct{ ctx context.Context }

func (b slowBody) Read(p []byte) (int, error) {
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

func (slowBody) Close() error { return nil }

// Spread makes n calls from that many goroutines.
func Spread(n, goroutines int, call func(i int)) {
	var all sync.WaitGroup
	work := make(chan int, n)
	for i := range n {
		work <- i
	}
	close(work)
	for range goroutines {
		all.Go(func() {
			for i := range work {
				call(i)
			}
		})
	}
	all.Wait()
}

// Latency is a round trip of always d.
func Latency(d time.Duration) funneltest.Option {
	return funneltest.WithLatency(func() (there, back time.Duration) { return d / 2, d / 2 })
}

// Jitter is a round trip between 0.2 s and 0.6 s.
func Jitter(seed uint64) funneltest.Option {
	rng := rand.New(rand.NewPCG(seed, seed))
	oneWay := func() time.Duration {
		return 100*time.Millisecond + time.Duration(rng.Int64N(int64(200*time.Millisecond)))
	}
	return funneltest.WithLatency(func() (there, back time.Duration) { return oneWay(), oneWay() })
}

// Contacts returns n contacts to create, which differ in their addresses.
func Contacts(n int) iter.Seq[funnel.ContactCreateParams] {
	return func(yield func(funnel.ContactCreateParams) bool) {
		for i := range n {
			if !yield(funnel.ContactCreateParams{Email: fmt.Sprintf("contact-%d@example.com", i)}) {
				return
			}
		}
	}
}

// Import creates n contacts in bulk. Each must be created.
func Import(t *testing.T, client *funnel.Client, n int) {
	t.Helper()
	counts := map[funnel.BulkStatus]int{}
	for r := range client.Contacts.CreateAll(t.Context(), Contacts(n)) {
		counts[r.Status]++
	}
	require.Equal(t, map[funnel.BulkStatus]int{funnel.BulkCreated: n}, counts)
}
