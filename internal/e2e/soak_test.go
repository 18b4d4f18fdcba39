package e2e

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
	"github.com/funnel-go/funnel/internal/apitest"
)

// A soak is many calls from many goroutines against a server that often fails, each
// on its own item. Afterwards the result of each call is compared with the state of
// the server.
const (
	soakCalls      = 5000
	soakGoroutines = 100
)

type soak struct {
	server  *funneltest.Server
	client  *funnel.Client
	careful *funnel.Client // for what has no unique key: as client, but for a creation after a 5xx
	second  time.Duration  // how long what should take a second takes

	tag     funnel.TagID
	results []soakResult
	arrived []int // requests, by call
}

type soakResult struct {
	err      error
	over     error // of the context
	expected bool  // false: the call's result is not what was asked for
}

// soakHeader carries the number of the call.
const soakHeader = "X-Soak"

// A soakOperation is what is done with the item of that number, which is also
// the id of a seeded contact.
type soakOperation struct {
	name string
	do   func(s *soak, ctx context.Context, i int) (expected bool, err error)
	// effects counts what the server has of it; nil: it has none.
	effects func(s soakState, i int) int
	calls   int // of the client, at most
}

func soakItem(i int) string  { return fmt.Sprintf("soak-%d", i) }
func soakEmail(i int) string { return soakItem(i) + "@example.com" }
func soakURL(i int) string   { return "https://hooks.example.com/" + soakItem(i) }

var soakOperations = []soakOperation{{
	name: "create a contact",
	do: func(s *soak, ctx context.Context, i int) (bool, error) {
		id, err := s.client.Contacts.Create(ctx, funnel.ContactCreateParams{Email: soakEmail(i)})
		return err != nil || id > 0, err
	},
	effects: func(s soakState, i int) int { return s.emails[soakEmail(i)] },
	calls:   1,
}, {
	name: "create a tag",
	do: func(s *soak, ctx context.Context, i int) (bool, error) {
		tag, err := s.client.Tags.Create(ctx, funnel.TagCreateParams{Name: soakItem(i)})
		return err != nil || tag.Name == soakItem(i), err
	},
	effects: func(s soakState, i int) int { return s.tags[soakItem(i)] },
	calls:   1,
}, {
	name: "create a webhook",
	do: func(s *soak, ctx context.Context, i int) (bool, error) {
		webhook, err := s.client.Webhooks.Create(ctx, funnel.WebhookCreateParams{URL: soakURL(i)})
		return err != nil || webhook.URL == soakURL(i) && webhook.Secret != "", err
	},
	effects: func(s soakState, i int) int { return s.webhooks[soakURL(i)] },
	calls:   1,
}, {
	name: "create a funnel",
	do: func(s *soak, ctx context.Context, i int) (bool, error) {
		created, err := s.careful.Funnels.Create(ctx, funnel.FunnelCreateParams{Name: soakItem(i)})
		return err != nil || created.Name == soakItem(i), err
	},
	effects: func(s soakState, i int) int { return s.funnels[soakItem(i)] },
	calls:   1,
}, {
	name: "upsert a contact",
	do: func(s *soak, ctx context.Context, i int) (bool, error) {
		params := funnel.ContactCreateParams{Email: soakEmail(i), FirstName: soakItem(i), TagIDs: []funnel.TagID{s.tag}}
		id, _, err := s.client.Contacts.Upsert(ctx, params)
		return err != nil || id > 0, err
	},
	effects: func(s soakState, i int) int { return s.emails[soakEmail(i)] },
	calls:   3,
}, {
	name: "get a contact",
	do: func(s *soak, ctx context.Context, i int) (bool, error) {
		contact, err := s.client.Contacts.Get(ctx, funnel.ContactID(i))
		return err != nil || contact.ID == funnel.ContactID(i), err
	},
	calls: 1,
}, {
	name: "update a contact",
	do: func(s *soak, ctx context.Context, i int) (bool, error) {
		return true, s.client.Contacts.Update(ctx, funnel.ContactID(i), funnel.ContactUpdateParams{FirstName: funnel.Ptr(soakItem(i))})
	},
	effects: func(s soakState, i int) int { return btoi(s.seeded[i].FirstName == soakItem(i)) },
	calls:   1,
}, {
	name: "tag a contact",
	do: func(s *soak, ctx context.Context, i int) (bool, error) {
		return true, s.client.Contacts.AddTag(ctx, funnel.ContactID(i), s.tag)
	},
	effects: func(s soakState, i int) int { return s.tagged[funnel.ContactID(i)] },
	calls:   1,
}, {
	name: "delete a contact",
	do: func(s *soak, ctx context.Context, i int) (bool, error) {
		return true, s.client.Contacts.Delete(ctx, funnel.ContactID(i))
	},
	effects: func(s soakState, i int) int { return btoi(s.seeded[i].ID == 0) },
	calls:   1,
}}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func soakOperationOf(i int) soakOperation { return soakOperations[i%len(soakOperations)] }

// rage makes about every tenth request fail, and counts all requests.
func (s *soak) rage(rng *rand.Rand) {
	var dice float64
	s.server.Fail(funneltest.Fault{Times: -1, Match: func(req *http.Request) bool {
		dice = rng.Float64()
		var i int
		if _, err := fmt.Sscan(req.Header.Get(soakHeader), &i); err == nil {
			s.arrived[i]++
		}
		return false
	}})
	retryAfter := http.Header{"Retry-After": {"0"}}
	faults := []funneltest.Fault{
		{Status: http.StatusServiceUnavailable},
		{Status: http.StatusInternalServerError, AfterCommit: true},
		{Status: http.StatusTooManyRequests, Header: retryAfter},
		{Status: http.StatusForbidden},
		{Status: http.StatusFound, Header: http.Header{"Location": {"https://evil.example/"}}},
		{DropConnection: true},
		{DropConnection: true, AfterCommit: true},
		{TruncateBody: true, AfterCommit: true},
		{Body: "<html>It works!</html>"},
		{Body: "<html>It works!</html>", AfterCommit: true},
		{Delay: 10 * s.second},
		{Delay: 10 * s.second, Status: http.StatusBadGateway},
	}
	for i, fault := range faults {
		fault.Times = -1
		fault.Match = func(*http.Request) bool { return dice < 0.12*float64(i+1)/float64(len(faults)) }
		s.server.Fail(fault)
	}
}

// run makes all calls. Every fifth has a short deadline or is cancelled.
func (s *soak) run(t *testing.T) {
	tag, err := s.client.Tags.Create(t.Context(), funnel.TagCreateParams{Name: "soaked"})
	require.NoError(t, err)
	s.tag = tag.ID
	s.server.SeedContacts(soakCalls)
	s.results, s.arrived = make([]soakResult, soakCalls), make([]int, soakCalls)
	s.rage(rand.New(rand.NewPCG(1, 2)))
	apitest.Spread(soakCalls, soakGoroutines, func(i int) {
		rng := rand.New(rand.NewPCG(3, uint64(i)))
		ctx, cancel := context.WithCancel(funnel.WithHeader(t.Context(), soakHeader, fmt.Sprint(i)))
		defer cancel()
		randomly := func(d time.Duration) time.Duration { return time.Duration(rng.Int64N(int64(d))) }
		switch rng.IntN(10) {
		case 0:
			ctx, cancel = context.WithTimeout(ctx, randomly(2*s.second))
			defer cancel()
		case 1:
			defer time.AfterFunc(randomly(s.second), cancel).Stop()
		}
		expected, err := soakOperationOf(i).do(s, ctx, i)
		s.results[i] = soakResult{err, ctx.Err(), expected}
	})
	s.server.ClearFaults()
}

// A soakState is what the server has: how many of each, by what is unique.
type soakState struct {
	emails, tags, webhooks, funnels map[string]int
	seeded                          map[int]funnel.Contact
	tagged                          map[funnel.ContactID]int
}

func (s *soak) state(t *testing.T) soakState {
	t.Helper()
	state := soakState{map[string]int{}, map[string]int{}, map[string]int{}, map[string]int{}, map[int]funnel.Contact{}, map[funnel.ContactID]int{}}
	for contact, err := range s.client.Contacts.All(t.Context(), funnel.ContactListParams{}) {
		require.NoError(t, err)
		state.emails[contact.Email]++
		if contact.ID <= soakCalls {
			state.seeded[int(contact.ID)] = *contact
		}
	}
	for tag, err := range s.client.Tags.All(t.Context(), funnel.TagListParams{}) {
		require.NoError(t, err)
		state.tags[tag.Name]++
	}
	for contact, err := range s.client.Tags.AllContacts(t.Context(), s.tag) {
		require.NoError(t, err)
		state.tagged[contact.ID]++
	}
	webhooks, err := s.client.Webhooks.List(t.Context())
	require.NoError(t, err)
	for _, webhook := range webhooks {
		state.webhooks[webhook.URL]++
	}
	for f, err := range s.client.Funnels.All(t.Context(), funnel.FunnelListParams{}) {
		require.NoError(t, err)
		state.funnels[f.Name]++
	}
	return state
}

// requireTruth requires that nothing was lost or duplicated, and that every error is
// correct.
func (s *soak) requireTruth(t *testing.T) {
	t.Helper()
	state := s.state(t)
	counts := map[string]int{}
	for i, result := range s.results {
		op := soakOperationOf(i)
		name := fmt.Sprintf("%s: call %d: %v", op.name, i, result.err)
		effects := 0
		if op.effects != nil {
			effects = op.effects(state, i)
		}
		if result.err == nil {
			counts["done"]++
			require.True(t, result.expected, name)
			require.Positive(t, s.arrived[i], name)
			require.Equal(t, btoi(op.effects != nil), effects, name)
			continue
		}
		requireTyped(t, result.err, name)
		failure := apitest.FailureOf(t, result.err)
		require.LessOrEqual(t, failure.Attempts, 4, name)
		if op.calls == 1 && failure.Method != http.MethodGet { // which net/http repeats by itself
			require.LessOrEqual(t, s.arrived[i], failure.Attempts, name)
		}
		if errors.Is(result.err, context.Canceled) {
			require.ErrorIs(t, result.over, context.Canceled, name)
		}
		if failure.MayHaveBeenApplied {
			counts["unknown"]++
			require.NotNil(t, op.effects, name)
			require.LessOrEqual(t, effects, 1, name)
			continue
		}
		counts["not done"]++
		require.Zero(t, effects, name)
	}
	t.Logf("%v", counts)
	require.Len(t, counts, 3, "there is something of everything")
}

// requireTyped requires an error of one of the SDK's types.
func requireTyped(t *testing.T, err error, name string) {
	t.Helper()
	switch err.(type) {
	case *funnel.APIError, *funnel.ValidationError, *funnel.RateLimitError, *funnel.RequestError, *funnel.ArgumentError:
	default:
		require.Failf(t, "an error without a type", "%T: %s", err, name)
	}
}

func TestSoak_InMemory(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := funneltest.NewServer(apitest.Latency(100*time.Millisecond), funneltest.WithRateLimit(0, 0))
		defer server.Close()
		options := func(policy funnel.RetryPolicy) []funnel.Option {
			return []funnel.Option{
				funnel.WithRateLimit(1<<20, time.Second),
				funnel.WithAttemptTimeout(5 * time.Second),
				funnel.WithRetry(policy),
			}
		}
		s := &soak{
			server:  server,
			client:  server.Client(options(funnel.RetryPolicy{RateLimitWait: time.Second})...),
			careful: server.Client(options(funnel.RetryPolicy{RateLimitWait: time.Second, NoRetryCreateOn5xx: true})...),
			second:  time.Second,
		}
		s.run(t)
		s.requireTruth(t)
	})
}

func TestSoak_OverSockets(t *testing.T) {
	t.Cleanup(noLeaks(t))
	server := funneltest.NewServer(funneltest.WithRateLimit(0, 0))
	t.Cleanup(server.Close)
	var connections atomic.Int32
	transport := &http.Transport{
		MaxIdleConnsPerHost: soakGoroutines,
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			conn, err := (&net.Dialer{}).DialContext(ctx, network, addr)
			if err != nil {
				return nil, err
			}
			connections.Add(1)
			return &countedConn{Conn: conn, open: &connections}, nil
		},
	}
	newClient := func(policy funnel.RetryPolicy) *funnel.Client {
		policy.MinWait, policy.MaxWait, policy.RateLimitWait = time.Millisecond, 10*time.Millisecond, 10*time.Millisecond
		client, err := funnel.New(server.APIKey(), funnel.WithBaseURL(server.URL()),
			funnel.WithHTTPClient(&http.Client{Transport: transport}),
			funnel.WithRateLimit(1<<20, time.Second),
			funnel.WithAttemptTimeout(500*time.Millisecond),
			funnel.WithRetry(policy))
		require.NoError(t, err)
		return client
	}
	s := &soak{
		server:  server,
		client:  newClient(funnel.RetryPolicy{}),
		careful: newClient(funnel.RetryPolicy{NoRetryCreateOn5xx: true}),
		second:  100 * time.Millisecond,
	}
	s.run(t)
	s.requireTruth(t)
	transport.CloseIdleConnections()
	require.Eventually(t, func() bool { return connections.Load() == 0 }, 10*time.Second, time.Millisecond, "connections are left open")
}

// A countedConn takes itself off the count when it is closed.
type countedConn struct {
	net.Conn
	open   *atomic.Int32
	closed sync.Once
}

func (c *countedConn) Close() error {
	c.closed.Do(func() { c.open.Add(-1) })
	return c.Conn.Close()
}

// A bulk job of 5,000 creates, of which one in a hundred meets a fault, loses and
// duplicates nothing. Repeating the failed items creates the rest.
func TestSoak_Bulk(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := funneltest.NewServer(apitest.Latency(100*time.Millisecond), funneltest.WithRateLimit(0, time.Minute))
		defer server.Close()
		client := server.Client(funnel.WithRateLimit(1<<20, time.Second), funnel.WithRetry(funnel.RetryPolicy{MaxAttempts: 2}))
		faults := []funneltest.Fault{
			{Status: 503},
			{Status: 500, AfterCommit: true},
			{DropConnection: true},
			{DropConnection: true, AfterCommit: true},
			{TruncateBody: true, AfterCommit: true},
		}
		rng := rand.New(rand.NewPCG(1, 2))
		const n = 5_000
		items := func(yield func(funnel.ContactCreateParams) bool) {
			for params := range apitest.Contacts(n) {
				if rng.IntN(100) == 0 { // more would be an outage: consecutive requests meet the faults
					fault := faults[rng.IntN(len(faults))]
					fault.Times = 1 + rng.IntN(3)
					server.Fail(fault)
				}
				if !yield(params) {
					return
				}
			}
		}
		again := slices.Collect(apitest.Contacts(n))
		status := map[string]funnel.BulkStatus{}
		for result := range client.Contacts.CreateAll(t.Context(), items) {
			status[again[result.Index].Email] = result.Status
		}
		require.Len(t, status, n)

		there := map[string]int{}
		for contact, err := range client.Contacts.All(t.Context(), funnel.ContactListParams{}) {
			require.NoError(t, err)
			there[contact.Email]++
		}
		counts := map[funnel.BulkStatus]int{}
		for email, status := range status {
			counts[status]++
			switch status {
			case funnel.BulkCreated:
				require.Equal(t, 1, there[email], email)
			case funnel.BulkFailed:
				require.Zero(t, there[email], "reported as not applied: %s", email)
			case funnel.BulkUnknown:
			default:
				t.Fatalf("%s: %s", email, status)
			}
		}
		t.Logf("%v", counts)
		require.Positive(t, counts[funnel.BulkUnknown])

		failed := slices.DeleteFunc(again, func(p funnel.ContactCreateParams) bool { return status[p.Email] == funnel.BulkCreated })
		for len(failed) > 0 {
			var left []funnel.ContactCreateParams
			for result := range client.Contacts.UpsertAll(t.Context(), slices.Values(failed)) {
				if result.Err != nil {
					left = append(left, failed[result.Index])
				}
			}
			failed = left
		}
		clear(there)
		for contact, err := range client.Contacts.All(t.Context(), funnel.ContactListParams{}) {
			require.NoError(t, err)
			there[contact.Email]++
		}
		require.Len(t, there, n)
		for email, times := range there {
			require.Equal(t, 1, times, email)
		}
	})
}
