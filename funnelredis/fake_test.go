package funnelredis

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/alicebob/miniredis/v2/server"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
)

const testKey = "sk-secret-of-the-api"

var errDown = errors.New("connection refused")

// A fakeRedis runs the script in virtual time, without sockets.
type fakeRedis struct {
	mini *miniredis.Miniredis

	mu       sync.Mutex
	down     error // why exchanges fail; nil: they do not
	deaf     bool  // they are made, but the reply is lost
	commands int
}

func newFakeRedis(t *testing.T) *fakeRedis {
	t.Helper()
	f := &fakeRedis{mini: miniredis.NewMiniRedis()}
	conn, err := f.mini.Dial()
	require.NoError(t, err)
	require.NoError(t, conn.Close()) // it has started the server, without a listener
	t.Cleanup(f.mini.Close)
	return f
}

// limiter returns the limiter of a process that is so far away from Redis.
func (f *fakeRedis) limiter(cfg config, rtt time.Duration) *Limiter {
	return newLimiter(newRedisStore(&fakeClient{redis: f, rtt: rtt}, testKey, cfg))
}

// A fakeClient is a process's client.
type fakeClient struct {
	redis.Scripter
	redis *fakeRedis
	rtt   time.Duration
}

func (c *fakeClient) EvalSha(ctx context.Context, _ string, keys []string, args ...any) *redis.Cmd {
	cmd := redis.NewCmd(ctx)
	time.Sleep(c.rtt / 2)
	values, err := c.redis.eval(keys, args)
	time.Sleep(c.rtt / 2)
	if err != nil {
		cmd.SetErr(err)
	}
	cmd.SetVal(values)
	return cmd
}

func (f *fakeRedis) eval(keys []string, args []any) (any, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.commands++
	if f.down != nil {
		return nil, f.down
	}
	command := []string{"EVAL", exchangeSource, fmt.Sprint(len(keys))}
	command = append(command, keys...)
	for _, arg := range args {
		command = append(command, fmt.Sprint(arg))
	}
	var out bytes.Buffer
	peer := server.NewPeer(bufio.NewWriter(&out))
	f.mini.Server().Dispatch(peer, command)
	peer.Flush()
	value, err := server.ParseReply(bufio.NewReader(&out))
	if err != nil {
		return nil, err
	}
	if f.deaf {
		return nil, errDown
	}
	values := value.([]any)
	for i := range values {
		values[i] = int64(values[i].(int))
	}
	return values, nil
}

// save returns a function that brings back the present data.
func (f *fakeRedis) save(t *testing.T) (restore func()) {
	t.Helper()
	values, sets := map[string]string{}, map[string]map[string]float64{}
	for _, key := range f.mini.Keys() {
		var err error
		if f.mini.Type(key) == "zset" {
			var set map[string]float64
			set, err = f.mini.SortedSet(key)
			sets[key] = maps.Clone(set)
		} else {
			values[key], err = f.mini.Get(key)
		}
		require.NoError(t, err)
	}
	return func() {
		f.mini.FlushAll()
		for key, value := range values {
			require.NoError(t, f.mini.Set(key, value))
		}
		for key, set := range sets {
			for member, score := range set {
				_, err := f.mini.ZAdd(key, score, member)
				require.NoError(t, err)
			}
		}
	}
}

func (f *fakeRedis) set(down error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.down = down
}

// used returns how many slots are taken.
func (f *fakeRedis) used(t *testing.T, cfg config) int {
	t.Helper()
	return tell(t, f.limiter(cfg, 0).redis, ask{}).used
}

// asked returns how many commands it got.
func (f *fakeRedis) asked() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.commands
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

// tell is an exchange that must not fail.
func tell(t *testing.T, s *redisStore, a ask) reply {
	t.Helper()
	r, err := s.exchange(t.Context(), a)
	require.NoError(t, err)
	return r
}

// response is the outcome of a request that got one.
func response(status int) funnel.Outcome {
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

// flush has the limiters report what they have to report.
func flush(t *testing.T, limiters ...*Limiter) {
	t.Helper()
	for _, l := range limiters {
		require.NoError(t, l.Flush(t.Context()))
	}
}

// virtual runs a test in virtual time, and lets the limiters end their work after
// it: a goroutine that stays fails the test.
func virtual(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		defer time.Sleep(time.Hour) // also when the test has failed
		test(t)
	})
}
