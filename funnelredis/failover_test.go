package funnelredis

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funnelredis/internal/redistest"
)

// A job is two processes that call without a break, each call with a deadline of
// 15 s. None may fail, whatever happens to Redis.
type job struct {
	stop     context.CancelFunc
	limiters []*Limiter
	wg       sync.WaitGroup
	lost     atomic.Int64 // events of lost data

	mu     sync.Mutex
	calls  int
	errs   []error
	last   time.Time // successful call
	gap    time.Duration
	waited chan struct{} // closed at the next success
}

func startJob(t *testing.T, clients ...redis.UniversalClient) *job {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	j := &job{stop: cancel, last: time.Now(), waited: make(chan struct{})}
	for _, rdb := range clients {
		t.Cleanup(func() { _ = rdb.Close() })
		l, err := New(rdb, testKey, WithRateLimit(6000, time.Minute))
		require.NoError(t, err)
		j.limiters = append(j.limiters, l)
		l.Observe(func(e funnel.LimiterEvent) {
			t.Logf("%s %v", e.Kind, e.Err)
			if e.Kind == funnel.LimiterDataLost {
				j.lost.Add(1)
			}
		})
		for range 5 {
			j.wg.Go(func() {
				again := time.NewTicker(100 * time.Millisecond)
				defer again.Stop()
				for ctx.Err() == nil {
					j.call(l)
					<-again.C
				}
			})
		}
	}
	j.awaitCall(t)
	return j
}

// end ends the job, before Redis ends.
func (j *job) end(t *testing.T) {
	j.stop()
	j.wg.Wait()
	flush(t, j.limiters...)
}

func (j *job) call(l *Limiter) {
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	release, err := l.Acquire(ctx)
	if err == nil {
		release(response(200))
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.calls++
	if err != nil {
		j.errs = append(j.errs, err)
		return
	}
	now := time.Now()
	j.gap = max(j.gap, now.Sub(j.last))
	j.last = now
	close(j.waited)
	j.waited = make(chan struct{})
}

// awaitCall returns how long it takes until a call succeeds.
func (j *job) awaitCall(t *testing.T) time.Duration {
	t.Helper()
	start := time.Now()
	j.mu.Lock()
	waited := j.waited
	j.mu.Unlock()
	select {
	case <-waited:
	case <-time.After(30 * time.Second):
		t.Error("no call succeeds")
	}
	return time.Since(start)
}

// survives lets something happen to Redis, and waits until the job goes on. settled
// returns when there is a master that it can go on with.
func (j *job) survives(t *testing.T, name string, happens, settled func()) {
	t.Helper()
	j.mu.Lock()
	j.gap = 0
	j.mu.Unlock()
	start := time.Now()
	happens()
	settled()
	master := time.Since(start)
	recovery := j.awaitCall(t)
	j.mu.Lock()
	defer j.mu.Unlock()
	t.Logf("%s: a new master after %s, calls %s later; %d calls, %d failed, longest gap %s", name,
		master.Round(time.Millisecond), recovery.Round(time.Millisecond), j.calls, len(j.errs), j.gap.Round(time.Millisecond))
	require.LessOrEqual(t, recovery, 10*time.Second, name)
	require.Empty(t, j.errs, name)
}

// clusterClients returns a client with the recommended settings, and one without.
func clusterClients(addrs []string) []redis.UniversalClient {
	return []redis.UniversalClient{
		redis.NewClusterClient(&redis.ClusterOptions{
			Addrs:                 addrs,
			DialTimeout:           time.Second,
			ReadTimeout:           time.Second,
			WriteTimeout:          time.Second,
			ContextTimeoutEnabled: true,
			Username:              user,
			Password:              password,
		}),
		redis.NewClusterClient(&redis.ClusterOptions{Addrs: addrs, Username: user, Password: password}),
	}
}

func TestCluster_NoCallFails(t *testing.T) {
	t.Parallel()
	rights := append([]string{"--user"}, documentedACL(t)...)
	c := redistest.StartCluster(t, append(rights, documentedClusterRights(t)...)...)
	key := newRedisStore(nil, testKey, defaultConfig()).keys[0]
	j := startJob(t, clusterClients(c.Addrs())...)
	defer j.end(t)

	master := c.Owner(key)
	j.survives(t, "graceful failover", func() { c.Failover(key) }, func() { c.AwaitOwner(key, master) })

	master = c.Owner(key)
	moveSlot := func() {
		c.MoveSlot(key, func() {
			for n := 0; n < 20 && !t.Failed(); n++ { // the first may have begun before
				j.awaitCall(t)
			}
		})
	}
	j.survives(t, "slot moved", moveSlot, func() { c.AwaitOwner(key, master) })

	master = c.Owner(key)
	j.survives(t, "master killed", master.Kill, func() { c.AwaitOwner(key, master) })
	master.Start()
	c.AwaitReplica(key)

	master = c.Owner(key)
	j.survives(t, "master hangs", master.Hang, func() { c.AwaitOwner(key, master) })
	j.survives(t, "old master continues", master.Continue, func() { c.AwaitReplica(key) })

	for _, s := range c.Servers {
		refused, err := s.Client().Do(t.Context(), "ACL", "LOG").Slice()
		require.NoError(t, err)
		require.Empty(t, refused, "the documented rights suffice, for go-redis too")
	}
}

// sentinelClients returns a client with the recommended settings, and one without.
func sentinelClients(addrs []string) []redis.UniversalClient {
	return []redis.UniversalClient{
		redis.NewFailoverClient(&redis.FailoverOptions{
			MasterName:            redistest.MasterName,
			SentinelAddrs:         addrs,
			DialTimeout:           time.Second,
			ReadTimeout:           time.Second,
			WriteTimeout:          time.Second,
			ContextTimeoutEnabled: true,
		}),
		redis.NewFailoverClient(&redis.FailoverOptions{MasterName: redistest.MasterName, SentinelAddrs: addrs}),
	}
}

func TestSentinel_NoCallFails(t *testing.T) {
	t.Parallel()
	for name, happens := range map[string]func(*redistest.Server){
		"master killed": (*redistest.Server).Kill,
		"master hangs":  (*redistest.Server).Hang,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := redistest.StartSentinels(t)
			j := startJob(t, sentinelClients(s.Addrs)...)
			defer j.end(t)
			j.survives(t, name, func() { happens(s.Master) }, s.AwaitMaster)
		})
	}
}
