package funnelredis

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel/funnelredis/internal/redistest"
)

// user is the one that the README gives the least rights.
const user, password = "funnel", "password"

// documentedACL returns the arguments of the README's ACL SETUSER.
func documentedACL(t *testing.T) []string {
	t.Helper()
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	rule := regexp.MustCompile(`(?m)^ +ACL SETUSER (.+)$`).FindSubmatch(readme)
	require.NotNil(t, rule)
	return strings.Fields(string(rule[1]))
}

// documentedClusterRights returns those that the README adds for a cluster.
func documentedClusterRights(t *testing.T) []string {
	t.Helper()
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	rights := regexp.MustCompile("on a cluster also `(.+?)`").FindSubmatch(readme)
	require.NotNil(t, rights)
	return strings.Fields(string(rights[1]))
}

// exerciseAll has the script use each of its commands. The number of slots is 2.
func exerciseAll(t *testing.T, s *redisStore) error {
	t.Helper()
	for _, a := range []ask{
		wants(0, 1, 1),
		wants(2, 1, 1), // which has to wait
		{first: 4, reports: []report{{slot: s.slot(0)}, {slot: s.slot(1), until: in(time.Minute)}}},
	} {
		if _, err := s.exchange(t.Context(), a); err != nil {
			return err
		}
	}
	return nil
}

func TestRedis_DocumentedRightsSuffice(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	admin := server.Client()
	acl := documentedACL(t)
	connect := func(t *testing.T, rights []string) *redis.Client {
		t.Helper()
		require.NoError(t, admin.ScriptFlush(t.Context()).Err())
		require.NoError(t, admin.FlushAll(t.Context()).Err())
		require.NoError(t, admin.ACLDelUser(t.Context(), user).Err())
		args := []any{"ACL", "SETUSER"}
		for _, right := range rights {
			args = append(args, right)
		}
		require.NoError(t, admin.Do(t.Context(), args...).Err())
		rdb := redis.NewClient(&redis.Options{Addr: server.Addr, Username: user, Password: password})
		t.Cleanup(func() { _ = rdb.Close() })
		return rdb
	}
	require.NoError(t, exerciseAll(t, newRedisStore(connect(t, acl), testKey, with(2))))
	for i, right := range acl {
		if right[0] != '+' && right[0] != '~' {
			continue
		}
		less := slices.Delete(slices.Clone(acl), i, i+1)
		s := newRedisStore(connect(t, less), testKey, with(2))
		err := exerciseAll(t, s)
		require.Error(t, err, right)
		require.True(t, isLasting(err), err)
		if right[0] == '+' {
			require.Regexp(t, "(?i)"+right[1:]+"['\":]", err.Error(), "it names the right")
		}
		_, err = newLimiter(s).Acquire(t.Context())
		if err != nil { // not all commands are used by each exchange
			require.ErrorIs(t, err, ErrUnavailable)
		}
	}
}

func TestCluster_EachDocumentedRightIsNeeded(t *testing.T) {
	t.Parallel()
	rights := documentedClusterRights(t)
	acl := append(documentedACL(t), rights...)
	c := redistest.StartCluster(t, append([]string{"--user"}, acl...)...)
	for _, right := range rights {
		if right == "+command" { // see the README
			continue
		}
		for _, s := range c.Servers {
			require.NoError(t, s.Client().Do(t.Context(), "ACL", "SETUSER", user, "-"+right[1:]).Err())
		}
		rdb := clusterClients(c.Addrs())[0]
		t.Cleanup(func() { _ = rdb.Close() })
		s := newRedisStore(rdb, testKey, with(2))
		c.MoveSlot(s.keys[0], func() {
			err := exerciseAll(t, s)
			require.Error(t, err, right)
			require.True(t, isLasting(err), err)
			require.Contains(t, err.Error(), right[1:], "it names the right")
		})
		for _, s := range c.Servers {
			require.NoError(t, s.Client().Do(t.Context(), "ACL", "SETUSER", user, right).Err())
		}
	}
}
