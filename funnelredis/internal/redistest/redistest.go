// Package redistest starts redis-servers for tests: single ones, clusters, and
// replicas with sentinels. All of them end with the test, or with its process.
package redistest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/funnel-go/funnel/funnelredis/internal/child"
)

// A Server is a redis-server on loopback, in a folder of its own.
type Server struct {
	Addr string

	t    testing.TB
	dir  string
	args []string
	cmd  *exec.Cmd
}

// Start starts a redis-server with these arguments on top. It keeps nothing on disk
// unless they say so. A test is skipped on a machine without redis-server, except in
// CI.
func Start(t testing.TB, args ...string) *Server {
	t.Helper()
	s := prepare(t, args...)
	s.Start()
	return s
}

func prepare(t testing.TB, args ...string) *Server {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip("no redis-server on this machine: install it (Debian: apt-get install redis-server)")
	}
	return &Server{Addr: freeAddr(t), t: t, dir: t.TempDir(), args: args}
}

func freeAddr(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }() // nothing was written
	return listener.Addr().String()
}

// Port returns the port of an address.
func Port(addr string) string {
	_, port, _ := net.SplitHostPort(addr)
	return port
}

// Start starts the server, also after Stop or Kill, and waits until it responds.
func (s *Server) Start() {
	s.t.Helper()
	log, err := os.OpenFile(filepath.Join(s.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		s.t.Fatal(err)
	}
	defer log.Close()
	cmd := child.Command("redis-server", append([]string{
		"--port", Port(s.Addr), "--bind", "127.0.0.1", "--dir", s.dir, "--save", "", "--appendonly", "no",
	}, s.args...)...)
	s.run(cmd, log)
}

func (s *Server) run(cmd *exec.Cmd, log *os.File) {
	s.t.Helper()
	cmd.Dir, cmd.Stdout, cmd.Stderr = s.dir, log, log
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.cmd = cmd
	s.t.Cleanup(func() { s.end(syscall.SIGKILL) })
	rdb := s.Client()
	Await(s.t, "response of redis-server", func(ctx context.Context) error {
		err := rdb.Ping(ctx).Err()
		if redis.HasErrorPrefix(err, "NOAUTH") {
			return nil
		}
		return err
	})
}

// Stop shuts the server down in order, as a restart of the machine would.
func (s *Server) Stop() { s.end(syscall.SIGTERM) }

// Kill ends it at once.
func (s *Server) Kill() { s.end(syscall.SIGKILL) }

func (s *Server) end(signal os.Signal) {
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Signal(signal)
	_ = s.cmd.Wait()
	s.cmd = nil
}

// Client returns a client for the test's own commands.
func (s *Server) Client() *redis.Client {
	rdb := redis.NewClient(&redis.Options{Addr: s.Addr, MaxRetries: -1, DialTimeout: time.Second, ReadTimeout: time.Second, DialerRetries: 1})
	s.t.Cleanup(func() { _ = rdb.Close() })
	return rdb
}

// Await polls until check returns nil, and fails the test after 20 s.
func Await(t testing.TB, what string, check func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		err := check(ctx)
		if err == nil {
			return
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			t.Fatalf("no %s: %v", what, err)
		}
	}
}

// A Cluster has three masters, and a replica of each.
type Cluster struct {
	Servers []*Server // the masters first
	t       testing.TB
}

// NodeTimeout is after how long without a response a node of a [Cluster] and the
// master of [Sentinels] is taken to be down.
const NodeTimeout = 2 * time.Second

// StartCluster starts a cluster, with these arguments on top for all servers, and
// waits until it is complete.
func StartCluster(t testing.TB, args ...string) *Cluster {
	t.Helper()
	c := &Cluster{t: t}
	for range 6 {
		c.Servers = append(c.Servers, Start(t, append([]string{
			"--cluster-enabled", "yes", "--cluster-port", Port(freeAddr(t)),
			"--cluster-node-timeout", strconv.FormatInt(NodeTimeout.Milliseconds(), 10),
			"--repl-diskless-sync-delay", "0",
		}, args...)...))
	}
	args = []string{"--cluster", "create", "--cluster-replicas", "1", "--cluster-yes"}
	for _, s := range c.Servers {
		args = append(args, s.Addr)
	}
	if out, err := exec.Command("redis-cli", args...).CombinedOutput(); err != nil {
		t.Fatalf("redis-cli --cluster create: %v\n%s", err, out)
	}
	for _, s := range c.Servers {
		rdb := s.Client()
		Await(t, "complete cluster", func(ctx context.Context) error {
			info, err := rdb.ClusterInfo(ctx).Result()
			if err == nil && !strings.Contains(info, "cluster_state:ok") {
				err = errors.New(info)
			}
			if err != nil {
				return err
			}
			return hasReplica(ctx, rdb)
		})
	}
	return c
}

// hasReplica reports by a nil error that a master has a replica, or that a replica
// has its master's data.
func hasReplica(ctx context.Context, rdb *redis.Client) error {
	info, err := rdb.Info(ctx, "replication").Result()
	if err == nil && !strings.Contains(info, "state=online") && !strings.Contains(info, "master_link_status:up") {
		err = errors.New(info)
	}
	return err
}

// Addrs returns the addresses of all nodes.
func (c *Cluster) Addrs() (addrs []string) {
	for _, s := range c.Servers {
		addrs = append(addrs, s.Addr)
	}
	return addrs
}

// Owner returns the master that has a key, as the first node sees it that responds.
func (c *Cluster) Owner(key string) *Server {
	c.t.Helper()
	return c.nodes(key, 1)[0]
}

// Replica returns the replica of the master that has a key.
func (c *Cluster) Replica(key string) *Server {
	c.t.Helper()
	return c.nodes(key, 2)[1]
}

// nodes waits until a key has so many nodes, the master first, and returns them.
func (c *Cluster) nodes(key string, n int) (nodes []*Server) {
	c.t.Helper()
	Await(c.t, "nodes of "+key, func(ctx context.Context) error {
		for _, s := range c.Servers {
			rdb := s.Client()
			slot, err := rdb.ClusterKeySlot(ctx, key).Result()
			if err != nil {
				continue
			}
			ranges, err := rdb.ClusterSlots(ctx).Result() //nolint:staticcheck // Redis 6 has no other
			if err != nil {
				continue
			}
			for _, r := range ranges {
				if slot < int64(r.Start) || slot > int64(r.End) || len(r.Nodes) < n {
					continue
				}
				for _, node := range r.Nodes {
					nodes = append(nodes, c.byAddr(node.Addr))
				}
				return nil
			}
		}
		return errors.New("no node knows them")
	})
	return nodes
}

func (c *Cluster) byAddr(addr string) *Server {
	for _, s := range c.Servers {
		if s.Addr == addr {
			return s
		}
	}
	return nil
}

// AwaitOwner waits until another node than old owns a key and says so itself.
func (c *Cluster) AwaitOwner(key string, old *Server) {
	c.t.Helper()
	Await(c.t, "new owner of "+key, func(ctx context.Context) error {
		for _, s := range c.Servers {
			if s == old {
				continue
			}
			role, err := s.Client().Do(ctx, "ROLE").Slice()
			if err != nil || role[0] != "master" {
				continue
			}
			// A node that does not own the key says MOVED.
			if s.Client().Exists(ctx, key).Err() == nil {
				return nil
			}
		}
		return errors.New("no other node owns the key")
	})
}

// Failover makes the replica of the master that has a key the master, in order. It
// tries again if the nodes do not agree in time, as on a busy machine.
func (c *Cluster) Failover(key string) {
	c.t.Helper()
	old := c.Owner(key)
	var asked time.Time
	Await(c.t, "failover", func(ctx context.Context) error {
		if c.Owner(key) != old {
			return nil
		}
		if time.Since(asked) > 6*time.Second { // Redis gives up after 5
			asked = time.Now()
			if err := c.Replica(key).Client().ClusterFailover(ctx).Err(); err != nil {
				return err
			}
		}
		return errors.New("the old master still owns the slot")
	})
}

// AwaitReplica waits until the owner of a key has a replica that follows it. A
// replica that has just got all data does not yet get what comes after.
func (c *Cluster) AwaitReplica(key string) {
	c.t.Helper()
	written := int64(-1)
	Await(c.t, "replica", func(ctx context.Context) error {
		nodes := c.nodes(key, 2)
		if written < 0 {
			written = replicated(ctx, nodes[0].Client(), "master_repl_offset:")
			return errors.New("the replica has not been compared yet")
		}
		if read := replicated(ctx, nodes[1].Client(), "slave_repl_offset:"); read < written {
			return fmt.Errorf("%d of %d bytes", read, written)
		}
		return nil
	})
}

// replicated returns a number of bytes; -1 if a server does not say.
func replicated(ctx context.Context, rdb *redis.Client, field string) int64 {
	_, rest, ok := strings.Cut(rdb.Info(ctx, "replication").Val(), field)
	if !ok {
		return -1
	}
	number, _, _ := strings.Cut(rest, "\r")
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return -1
	}
	return n
}

// MoveSlot moves the slot of a key to another master, with its keys. It calls during
// when the keys are there, but the old master still owns the slot and says ASK.
func (c *Cluster) MoveSlot(key string, during func()) {
	c.t.Helper()
	from := c.Owner(key)
	ctx := context.Background()
	var to *Server
	Await(c.t, "another master", func(ctx context.Context) error {
		ranges, err := from.Client().ClusterSlots(ctx).Result() //nolint:staticcheck // as in nodes
		for _, r := range ranges {
			if master := c.byAddr(r.Nodes[0].Addr); master != from {
				to = master
				return nil
			}
		}
		return cmp.Or(err, errors.New("the cluster has no other master"))
	})
	source, target := from.Client(), to.Client()
	slot := source.ClusterKeySlot(ctx, key).Val()
	sourceID, targetID := source.ClusterMyID(ctx).Val(), target.ClusterMyID(ctx).Val()
	// After a failover a node can take the other one for a replica for a moment.
	set := func(rdb *redis.Client, state, id string) {
		c.t.Helper()
		Await(c.t, "slot "+state, func(ctx context.Context) error { return rdb.Do(ctx, "CLUSTER", "SETSLOT", slot, state, id).Err() })
	}
	set(target, "IMPORTING", sourceID)
	set(source, "MIGRATING", targetID)
	Await(c.t, "empty slot", func(ctx context.Context) error {
		keys, err := source.ClusterGetKeysInSlot(ctx, int(slot), 10).Result()
		if err != nil || len(keys) == 0 {
			return err
		}
		args := []any{"MIGRATE", "127.0.0.1", Port(to.Addr), "", 0, 1000, "KEYS"}
		for _, k := range keys {
			args = append(args, k)
		}
		if err := source.Do(ctx, args...).Err(); err != nil {
			return err
		}
		return errors.New("the slot may have more keys")
	})
	during()
	for _, rdb := range []*redis.Client{target, source} {
		set(rdb, "NODE", targetID)
	}
}

// Sentinels are three sentinels that watch a master with two replicas.
type Sentinels struct {
	Master *Server
	Addrs  []string
	t      testing.TB
}

// MasterName is the name of the master that [Sentinels] watch.
const MasterName = "funnel"

// StartSentinels starts them and waits until they know of each other.
func StartSentinels(t testing.TB) *Sentinels {
	t.Helper()
	s := &Sentinels{t: t, Master: Start(t, "--repl-diskless-sync-delay", "0")}
	for range 2 {
		replica := Start(t, "--replicaof", "127.0.0.1 "+Port(s.Master.Addr), "--repl-diskless-sync-delay", "0")
		rdb := replica.Client()
		Await(t, "replica", func(ctx context.Context) error { return hasReplica(ctx, rdb) })
	}
	for range 3 {
		s.Addrs = append(s.Addrs, s.startSentinel())
	}
	for _, addr := range s.Addrs {
		sentinel := redis.NewSentinelClient(&redis.Options{Addr: addr})
		t.Cleanup(func() { _ = sentinel.Close() })
		Await(t, "sentinels that know of each other", func(ctx context.Context) error {
			others, err := sentinel.Sentinels(ctx, MasterName).Result()
			if err == nil && len(others) != 2 {
				err = fmt.Errorf("%d others", len(others))
			}
			if err != nil {
				return err
			}
			replicas, err := sentinel.Replicas(ctx, MasterName).Result()
			if err == nil && len(replicas) != 2 {
				err = fmt.Errorf("%d replicas", len(replicas))
			}
			return err
		})
	}
	return s
}

func (s *Sentinels) startSentinel() (addr string) {
	s.t.Helper()
	server := prepare(s.t)
	config := fmt.Sprintf("port %s\nbind 127.0.0.1\ndir %s\nsentinel monitor %[3]s 127.0.0.1 %[4]s 2\n"+
		"sentinel down-after-milliseconds %[3]s %[5]d\nsentinel failover-timeout %[3]s 10000\n",
		Port(server.Addr), server.dir, MasterName, Port(s.Master.Addr), NodeTimeout.Milliseconds())
	file := filepath.Join(server.dir, "sentinel.conf")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		s.t.Fatal(err)
	}
	log, err := os.Create(filepath.Join(server.dir, "log"))
	if err != nil {
		s.t.Fatal(err)
	}
	defer log.Close()
	server.run(child.Command("redis-server", file, "--sentinel"), log)
	return server.Addr
}

// AwaitMaster waits until the sentinels name another master, and it agrees.
func (s *Sentinels) AwaitMaster() {
	s.t.Helper()
	Await(s.t, "new master", func(ctx context.Context) error {
		sentinel := redis.NewSentinelClient(&redis.Options{Addr: s.Addrs[0]})
		defer func() { _ = sentinel.Close() }()
		host, err := sentinel.GetMasterAddrByName(ctx, MasterName).Result()
		if err != nil {
			return err
		}
		addr := net.JoinHostPort(host[0], host[1])
		if addr == s.Master.Addr {
			return errors.New("the master has not changed yet")
		}
		rdb := redis.NewClient(&redis.Options{Addr: addr})
		defer rdb.Close()
		role, err := rdb.Do(ctx, "ROLE").Slice()
		if err == nil && role[0] != "master" {
			err = fmt.Errorf("%s is a %v", addr, role[0])
		}
		return err
	})
}
