package funnelredis

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

//go:embed exchange.lua
var exchangeSource string

var exchangeScript = redis.NewScript(exchangeSource)

// A redisStore keeps the slots of all processes. It is not for concurrent use:
// its owner asks one thing at a time.
type redisStore struct {
	rdb   redis.Scripter
	keys  []string
	limit int
	per   time.Duration
	term  time.Duration

	// The newest of each. A slot that was taken may be given up unused, and is no
	// witness then; one that was used stays.
	taken, used witness
}

// A witness is an entry that must be in Redis until a moment of Redis' clock,
// in microseconds. Where it is missing, Redis has lost its data, and the entries
// of others with it. Redis loses the newest first, so the newest is the best
// witness.
type witness struct {
	slot  string
	until int64
}

// newRedisStore returns the store of an API key. Its keys are named for a hash
// of the API key, in braces, which puts both on the same node of a cluster.
func newRedisStore(rdb redis.Scripter, apiKey string, cfg config) *redisStore {
	mac := hmac.New(sha256.New, []byte(apiKey))
	mac.Write([]byte("funnelredis"))
	base := cfg.prefix + ":{" + hex.EncodeToString(mac.Sum(nil)[:16]) + "}:"
	return &redisStore{
		rdb:   rdb,
		keys:  []string{base + "slots", base + "pause"},
		limit: slots(cfg.limit),
		per:   cfg.per,
		term:  cfg.term(),
	}
}

func (s *redisStore) exchange(ctx context.Context, a ask) (reply, error) {
	now := time.Now()
	s.dismiss(a, now)
	best := s.taken
	if s.used.until > best.until {
		best = s.used
	}
	args := []any{
		s.limit, s.per.Microseconds(), s.term.Microseconds(), max(s.per, maxPause).Microseconds(),
		a.slot, until(now, a.pause),
		best.slot, best.until,
	}
	for _, r := range a.reports {
		args = append(args, r.slot, until(now, r.until))
	}
	values, err := exchangeScript.Run(ctx, s.rdb, s.keys, args...).Int64Slice()
	if err == nil && len(values) != 5 {
		err = fmt.Errorf("%d values in the script's reply, want 5", len(values))
	}
	if err != nil {
		return reply{}, err
	}
	r := reply{
		granted: values[0] == 1,
		wait:    time.Duration(values[1]) * time.Microsecond,
		used:    int(values[2]),
		pause:   time.Duration(values[3]) * time.Microsecond,
	}
	s.testify(a, r.granted, now, values[4])
	return r, nil
}

// dismiss drops the witnesses that are gone with an exchange, whether or not its
// reply arrives.
func (s *redisStore) dismiss(a ask, now time.Time) {
	for _, r := range a.reports {
		for _, w := range []*witness{&s.taken, &s.used} {
			if r.slot == w.slot && until(now, r.until) == 0 {
				*w = witness{}
			}
		}
	}
}

// testify chooses witnesses from what an exchange has put into Redis. They must
// be there for at least as long as they say, also when a later report shortens
// their time.
func (s *redisStore) testify(a ask, granted bool, sent time.Time, redisNow int64) {
	longest := redisNow + s.per.Microseconds() // unless the clock was set back
	s.taken.until, s.used.until = min(s.taken.until, longest), min(s.used.until, longest)
	for _, r := range a.reports {
		if hold := until(sent, r.until); hold > 0 {
			s.used = witness{r.slot, min(redisNow+hold, longest)}
		}
	}
	if granted {
		s.taken = witness{a.slot, longest}
	}
}

// until returns the microseconds from now until t; 0 if t is past or zero.
func until(now, t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return max(0, t.Sub(now).Microseconds())
}

// isLasting reports whether an error of Redis will not go away by itself: it
// answered, and not for a reason of its own state.
func isLasting(err error) bool {
	var answer redis.Error
	switch {
	case errors.Is(err, redis.ErrClosed):
		return true
	case !errors.As(err, &answer):
		return false
	case redis.IsLoadingError(err), redis.IsReadOnlyError(err), redis.IsClusterDownError(err),
		redis.IsTryAgainError(err), redis.IsMasterDownError(err), redis.IsMaxClientsError(err),
		redis.HasErrorPrefix(err, "BUSY"):
		return false
	}
	// Before Redis 7, what a script fails with is not at the beginning.
	for _, code := range []string{"OOM ", "NOREPLICAS ", "MISCONF "} {
		if redis.HasErrorPrefix(err, code) || strings.Contains(answer.Error(), " -"+code) {
			return false
		}
	}
	return true
}
