package bench

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"time"
)

// A cost is the time and memory of one call on this machine.
type cost struct {
	time   time.Duration
	allocs int
	bytes  int
}

// A costs has the cost of a peer's call and of the same call written by hand.
type costs struct{ peer, byHand cost }

// times is the time of the call relative to the call by hand.
func (c costs) times() float64 { return float64(c.peer.time) / float64(c.byHand.time) }

// measure returns the costs of a call of each peer, without the network. The
// peers take turns, so that other load on the machine affects all of them alike;
// a time is the median of the turns. They share one core, so that none can hide
// work on another.
func measure(ctx context.Context, peers []peer, turns, calls int) ([]costs, error) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	type contest struct {
		call  [2]func(context.Context) error // the peer's, and by hand
		times [2][]time.Duration
		costs [2]cost
	}
	contests := make([]contest, len(peers))
	for i, p := range peers {
		transport := instant{p.api}
		c, err := p.open(transport, endless)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.name, err)
		}
		contests[i].call = [2]func(context.Context) error{c.get, p.byHand(transport)}
	}
	for range turns {
		for i := range contests {
			c := &contests[i]
			for side, call := range c.call {
				got, err := costOf(ctx, calls, call)
				if err != nil {
					return nil, fmt.Errorf("%s: %w", peers[i].name, err)
				}
				c.times[side] = append(c.times[side], got.time)
				c.costs[side] = got
			}
		}
	}
	all := make([]costs, len(peers))
	for i, c := range contests {
		for side := range c.costs {
			slices.Sort(c.times[side])
			c.costs[side].time = c.times[side][turns/2]
		}
		all[i] = costs{peer: c.costs[0], byHand: c.costs[1]}
	}
	return all, nil
}

// endless is a quota that is checked but never used up.
var endless = quota{1 << 30, time.Second}

// costOf returns the average over some calls.
func costOf(ctx context.Context, calls int, call func(context.Context) error) (cost, error) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	for range calls {
		if err := call(ctx); err != nil {
			return cost{}, err
		}
	}
	took := time.Since(start)
	runtime.ReadMemStats(&after)
	return cost{
		time:   took / time.Duration(calls),
		allocs: int(after.Mallocs-before.Mallocs) / calls,
		bytes:  int(after.TotalAlloc-before.TotalAlloc) / calls,
	}, nil
}

// instant is a transport that responds immediately.
type instant struct{ api api }

// RoundTrip implements [http.RoundTripper].
func (t instant) RoundTrip(req *http.Request) (*http.Response, error) {
	header := http.Header{
		"Content-Type":          {"application/json"},
		"X-Ratelimit-Limit":     {"600"},
		"X-Ratelimit-Remaining": {"599"},
	}
	return response(req, http.StatusOK, header, t.api.one), nil
}
