package funnelredis

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

//go:embed exchange.lua
var exchangeSource string

var exchangeScript = redis.NewScript(exchangeSource)

// Priorities of calls.
const (
	interactive = iota
	background
	priorities
)

// An ask is everything that a process reports and requests in one exchange. To make the
// same exchange twice changes nothing.
type ask struct {
	want    [priorities]int // slots
	first   uint64          // number of the first slot wanted, interactive ones first
	arrived int             // interactive calls since the last exchange
	reports []report
	pause   time.Time // nothing may be sent until then; zero: no news
	settle  bool      // nothing may be sent for a while: others have to report first
}

// A report says what became of a slot.
type report struct {
	slot  string
	until time.Time // when it is free; zero: now

	// The quota headers of the response, if there is one.
	sent      time.Time // the request; zero: there is nothing to learn
	status    int
	remaining int           // -1: unknown
	window    time.Duration // length of the server's
}

// A reply is what Redis returns.
type reply struct {
	granted [priorities]int
	wait    [priorities]time.Duration // at least, for the next slot; 0 if all were granted
	used    int                       // slots that are taken
	pause   time.Duration             // nothing may be sent for so long after a 429
	hold    time.Duration             // nothing may be sent for so long, for whatever reason
	lost    bool                      // Redis has lost slots
	urgency urgency
}

// An urgency says how soon other processes need to know what became of a slot.
type urgency int

const (
	lazy   urgency = iota // not before the next exchange
	soon                  // but the process may have more to report
	urgent                // now
)

// A redisStore counts the slots of all processes in Redis. It is not for
// concurrent use: its owner makes one exchange at a time.
type redisStore struct {
	config
	rdb     redis.Scripter
	keys    []string
	process string // a name that no other process has

	known knowledge
}

// A knowledge is what the last reply said. If Redis does not know of that, it has
// lost data.
type knowledge struct {
	at    time.Time
	epoch int64 // when the state began; 0: nothing was said
	given int64 // slots granted to all processes since then
	used  int
}

// newRedisStore returns the store of an API key. Its keys are named for a hash of
// the API key, in braces, which puts both on the same node of a cluster.
func newRedisStore(rdb redis.Scripter, apiKey string, cfg config) *redisStore {
	mac := hmac.New(sha256.New, []byte(apiKey))
	mac.Write([]byte("funnelredis"))
	base := cfg.prefix + ":{" + hex.EncodeToString(mac.Sum(nil)[:16]) + "}:"
	return &redisStore{
		config:  cfg,
		rdb:     rdb,
		keys:    []string{base + "slots", base + "state"},
		process: rand.Text(),
	}
}

// slot returns the id of a slot of this process.
func (s *redisStore) slot(number uint64) string {
	return s.process + "." + strconv.FormatUint(number, 10)
}

func (s *redisStore) exchange(ctx context.Context, a ask) (reply, error) {
	now := time.Now()
	settle := 0
	if a.settle {
		settle = 1
	}
	if now.Sub(s.known.at) > s.term() { // all the slots are free
		s.known = knowledge{}
	}
	args := make([]any, 0, 15+6*len(a.reports))
	args = append(args,
		slots(s.limit), millis(s.per), millis(s.grace()), millis(s.term()), millis(max(s.per, maxPause)),
		s.process, a.want[interactive], a.want[background], a.first, a.arrived, until(now, a.pause),
		settle, s.known.epoch, s.known.given, s.known.used,
	)
	for _, r := range a.reports {
		if r.sent.IsZero() {
			args = append(args, r.slot, until(now, r.until), 0, 0, -1, 0)
		} else {
			args = append(args, r.slot, until(now, r.until), millis(now.Sub(r.sent)), r.status, r.remaining, millis(r.window))
		}
	}
	values, err := s.run(ctx, args)
	if err == nil && len(values) != 11 {
		err = fmt.Errorf("the script's reply has %d values instead of 11: do all processes use the same version of funnelredis?", len(values))
	}
	if err != nil {
		s.reload(ctx, err)
		return reply{}, explain(err)
	}
	r := reply{
		granted: [...]int{int(values[0]), int(values[1])},
		wait:    [...]time.Duration{duration(values[2]), duration(values[3])},
		used:    int(values[4]),
		pause:   duration(values[5]),
		hold:    duration(values[6]),
		lost:    values[7] == 1,
		urgency: urgency(values[8]),
	}
	s.known = knowledge{time.Now(), values[9], values[10], r.used}
	return r, nil
}

// run runs the script, and returns when ctx ends, also if the Redis client does
// not heed contexts, as it does not by default: a server that hangs must not hold up
// the calls for as long as the client's own timeouts and retries take.
func (s *redisStore) run(ctx context.Context, args []any) ([]int64, error) {
	type result struct {
		values []int64
		err    error
	}
	done := make(chan result, 1)
	go func() {
		values, err := exchangeScript.Run(ctx, s.rdb, s.keys, args...).Int64Slice()
		done <- result{values, err}
	}()
	select {
	case r := <-done:
		return r.values, r.err
	case <-ctx.Done():
		return nil, fmt.Errorf("no reply: %w", ctx.Err())
	}
}

// reload has a cluster client look for the nodes again after an error that no node
// has sent, or a redirection that leads nowhere. By itself it does so once a minute,
// or when a node redirects it, which a dead one does not.
func (s *redisStore) reload(ctx context.Context, err error) {
	cluster, ok := s.rdb.(interface{ ReloadState(context.Context) })
	if ok && !isLasting(err) {
		cluster.ReloadState(ctx)
	}
}

// scriptError is what Redis 7 says of a command in a script that the user must not run.
var scriptError = regexp.MustCompile(`can't run this command.*@user_script:(\d+)`)

// explain names the command that a user of Redis has no right to run in the script,
// which Redis does not.
func explain(err error) error {
	found := scriptError.FindStringSubmatch(err.Error())
	if found == nil {
		return err
	}
	number, _ := strconv.Atoi(found[1])
	lines := strings.Split(exchangeSource, "\n")
	_, rest, _ := strings.Cut(lines[min(max(0, number-1), len(lines)-1)], "redis.call('")
	command, _, _ := strings.Cut(rest, "'")
	return fmt.Errorf("the Redis user has no right to run %s: see the README for the rights it needs: %w", command, err)
}

// until returns the milliseconds from now until t, rounded up; 0 if t is past or
// zero.
func until(now, t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return millis(max(0, t.Sub(now)))
}

// millis returns the milliseconds of d, rounded up.
func millis(d time.Duration) int64 {
	return int64((d + time.Millisecond - 1) / time.Millisecond)
}

func duration(millis int64) time.Duration { return time.Duration(millis) * time.Millisecond }

// isLasting reports whether an error of Redis will not go away by itself: a server
// has sent it, and not because of its present state.
func isLasting(err error) bool {
	var sent redis.Error
	switch {
	case errors.Is(err, redis.ErrClosed):
		return true
	case !errors.As(err, &sent):
		return false
	case redis.IsLoadingError(err), redis.IsReadOnlyError(err), redis.IsClusterDownError(err),
		redis.IsTryAgainError(err), redis.IsMasterDownError(err), redis.IsMaxClientsError(err),
		redis.HasErrorPrefix(err, "MOVED "), redis.HasErrorPrefix(err, "ASK "), redis.HasErrorPrefix(err, "BUSY"):
		return false
	}
	// Before Redis 7, what a script fails with is not at the beginning.
	for _, code := range []string{"OOM ", "NOREPLICAS ", "MISCONF "} {
		if redis.HasErrorPrefix(err, code) || strings.Contains(sent.Error(), " -"+code) {
			return false
		}
	}
	return true
}
