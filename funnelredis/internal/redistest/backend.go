// Package redistest gives tests a Redis: a real redis-server in a process of its
// own or, where a machine has none, a stand-in within the test's process.
package redistest

import (
	"errors"
	"os"
	"testing"
)

// A Backend is a Redis to test against.
type Backend interface {
	URL() string // for redis.ParseURL
	Stop() error
	Start() error // after Stop
	Close() error
}

// OnEach runs a test against a real redis-server and against the stand-in, as
// parallel subtests. It skips the former, and says so, where there is none.
func OnEach(t *testing.T, test func(*testing.T, Backend)) {
	t.Run("redis-server", func(t *testing.T) {
		t.Parallel()
		test(t, Real(t))
	})
	t.Run("stand-in", func(t *testing.T) {
		t.Parallel()
		b, err := StartStandIn()
		test(t, closed(t, b, err))
	})
}

// Best returns a real redis-server, if there is one, and else the stand-in.
func Best(t *testing.T) Backend {
	t.Helper()
	b, err := Start()
	if mayBeMissing(err) {
		t.Logf("on the stand-in: %v", err)
		b, err := StartStandIn()
		return closed(t, b, err)
	}
	return closed(t, b, err)
}

// Real returns a real redis-server with these arguments, or skips the test.
func Real(t testing.TB, args ...string) Backend {
	t.Helper()
	b, err := Start(args...)
	if mayBeMissing(err) {
		t.Skip(err)
	}
	return closed(t, b, err)
}

// mayBeMissing reports whether a test can do without: not where CI has promised
// a redis-server.
func mayBeMissing(err error) bool {
	return errors.Is(err, ErrMissing) && os.Getenv("CI") != "true"
}

// closed returns b, which it closes in the end.
func closed(t testing.TB, b Backend, err error) Backend {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}
