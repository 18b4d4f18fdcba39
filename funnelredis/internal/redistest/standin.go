package redistest

import (
	"strings"

	"github.com/alicebob/miniredis/v2"
	"github.com/alicebob/miniredis/v2/server"
)

// A StandIn is a Redis within this process, for machines that have none.
type StandIn struct{ redis *miniredis.Miniredis }

// StartStandIn starts a stand-in.
func StartStandIn() (*StandIn, error) {
	m, err := miniredis.Run()
	return &StandIn{m}, err
}

// URL is where clients find it, for redis.ParseURL.
func (s *StandIn) URL() string { return "redis://" + s.redis.Addr() }

// Stop takes its data and makes it answer as a Redis does that is starting.
// (To close it while a script waits makes miniredis fail in the script.)
func (s *StandIn) Stop() error {
	s.redis.Server().SetPreHook(func(c *server.Peer, cmd string, _ ...string) bool {
		refuse := strings.HasPrefix(cmd, "EVAL")
		if refuse {
			c.WriteError("LOADING Redis is loading the dataset in memory")
		}
		return refuse
	})
	s.redis.FlushAll()
	return nil
}

// Start ends what Stop began.
func (s *StandIn) Start() error {
	s.redis.Server().SetPreHook(nil)
	return nil
}

// Close ends it.
func (s *StandIn) Close() error {
	s.redis.Close()
	return nil
}
