package funnelredis

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
)

var errDown = errors.New("connection refused")

// A fakeRedis is a store for several limiters in virtual time. The script's own
// tests hold it and the script to the same behaviour.
type fakeRedis struct {
	latency time.Duration

	mu     sync.Mutex
	window *window
	down   error // why exchanges fail; nil: they do not
	deaf   bool  // they are carried out, but the reply is lost
	asked  int
}

func newFakeRedis(cfg config) *fakeRedis {
	return &fakeRedis{window: newWindow(slots(cfg.limit), cfg.per, cfg.term())}
}

func (f *fakeRedis) exchange(ctx context.Context, a ask) (reply, error) {
	time.Sleep(f.latency)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked++
	if f.down != nil {
		return reply{}, f.down
	}
	r, err := f.window.exchange(ctx, a)
	if f.deaf {
		return reply{}, errDown
	}
	return r, err
}

func (f *fakeRedis) set(down error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.down = down
}

// used returns how many slots are taken.
func (f *fakeRedis) used() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	r, _ := f.window.exchange(context.Background(), ask{})
	return r.used
}

// asks returns how often it was asked.
func (f *fakeRedis) asks() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.asked
}

// with returns a config of n slots.
func with(n int, opts ...Option) config {
	cfg := defaultConfig()
	for cfg.limit = n; slots(cfg.limit) < n; cfg.limit++ {
	}
	for _, opt := range opts {
		if err := opt(&cfg); err != nil {
			panic(err)
		}
	}
	return cfg
}

func answered(status int) funnel.Outcome {
	return funnel.Outcome{Sent: true, StatusCode: status, Remaining: -1}
}

// acquire takes a slot, which must be free.
func acquire(t *testing.T, l *Limiter) func(funnel.Outcome) {
	t.Helper()
	start := time.Now()
	release, err := l.Acquire(t.Context())
	require.NoError(t, err)
	require.Less(t, time.Since(start), time.Second, "there was room")
	return release
}

// full takes all n slots.
func full(t *testing.T, l *Limiter, n int) []func(funnel.Outcome) {
	t.Helper()
	releases := make([]func(funnel.Outcome), n)
	for i := range releases {
		releases[i] = acquire(t, l)
	}
	return releases
}

// waits returns how long it takes to get a slot, which it gives back.
func waits(t *testing.T, l *Limiter) time.Duration {
	t.Helper()
	start := time.Now()
	release, err := l.Acquire(t.Context())
	if err != nil {
		t.Error(err) // it may be on a goroutine of its own
		return -1
	}
	release(funnel.Outcome{})
	return time.Since(start)
}

// settle lets the limiters tell what they have to tell.
func settle() {
	time.Sleep(time.Millisecond)
	synctest.Wait()
}

// virtual runs a test in virtual time, and lets the limiters end their work
// after it: a goroutine that stays fails the test.
func virtual(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		defer time.Sleep(time.Hour) // also when the test has failed
		test(t)
	})
}
