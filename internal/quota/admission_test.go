package quota

import (
	"cmp"
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// testAdmission returns an admission of n requests per minute; 0: of any number.
func testAdmission(n int) *Admission {
	return NewAdmission(Config{Limit: n, Per: time.Minute, MaxPause: 5 * time.Minute})
}

// enter lets a call wait on a goroutine of its own. The result is sent when it ends.
func enter(ctx context.Context, a *Admission, c *Call) <-chan error {
	result := make(chan error, 1)
	go func() { result <- a.Enter(ctx, c) }()
	synctest.Wait() // it waits, or is admitted
	return result
}

// admitted reports whether the call was admitted by now.
func admitted(t *testing.T, result <-chan error) bool {
	t.Helper()
	synctest.Wait()
	select {
	case err := <-result:
		require.NoError(t, err)
		return true
	default:
		return false
	}
}

var (
	succeeded = Outcome{Sent: true, StatusCode: 200, Remaining: Unknown, Success: true}
	failed    = Outcome{Sent: true, StatusCode: 503, Remaining: Unknown, Failed: true}
	limited   = Outcome{Sent: true, StatusCode: 429, Remaining: Unknown}
	unsent    = Outcome{Remaining: Unknown}
)

// pass makes a request that ends at once in that way.
func pass(t *testing.T, a *Admission, o Outcome) {
	t.Helper()
	c := new(Call)
	require.NoError(t, a.Enter(t.Context(), c))
	a.Done(c, o)
}

// An order is the order in which calls were admitted. Those of the same moment are in
// the order of their names, since their goroutines are in none.
type order struct {
	mu    sync.Mutex
	calls []namedCall
	wg    sync.WaitGroup
}

type namedCall struct {
	at   time.Time
	name int
}

func (o *order) names() []int {
	o.mu.Lock()
	defer o.mu.Unlock()
	slices.SortFunc(o.calls, func(a, b namedCall) int { return cmp.Or(a.at.Compare(b.at), a.name-b.name) })
	var names []int
	for _, c := range o.calls {
		names = append(names, c.name)
	}
	return names
}

// add lets a call wait, and notes its name when it is admitted. The request takes 100 ms.
func (o *order) add(t *testing.T, a *Admission, c *Call, name int) {
	o.wg.Go(func() {
		if err := a.Enter(t.Context(), c); err != nil {
			t.Error(err)
			return
		}
		o.mu.Lock()
		o.calls = append(o.calls, namedCall{time.Now(), name})
		o.mu.Unlock()
		time.Sleep(100 * time.Millisecond)
		a.Done(c, succeeded)
	})
	synctest.Wait()
}

func TestAdmission_InteractiveCallsFirstAndEachInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := testAdmission(5)
		for range 5 {
			pass(t, a, succeeded)
		}
		var got order
		for i := range 10 {
			got.add(t, a, &Call{Background: true}, 100+i)
		}
		for i := range 10 {
			got.add(t, a, &Call{}, i)
		}
		got.wg.Wait()
		require.Equal(t, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 100, 101, 102, 103, 104, 105, 106, 107, 108, 109}, got.names())
	})
}

func TestAdmission_OrderAcrossAPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := testAdmission(10)
		retried := new(Call)
		require.NoError(t, a.Enter(t.Context(), retried)) // came first
		for range 9 {
			pass(t, a, succeeded)
		}
		var got order
		for i := range 5 {
			got.add(t, a, new(Call), i)
		}
		time.Sleep(time.Second)
		a.Pause(time.Minute)
		a.Done(retried, limited)
		for i := range 5 {
			got.add(t, a, new(Call), 10+i)
		}
		a.Retry(retried, 0, false)
		got.add(t, a, retried, -1) // keeps its place
		got.wg.Wait()
		require.Equal(t, []int{-1, 0, 1, 2, 3, 4, 10, 11, 12, 13, 14}, got.names())
	})
}

func TestAdmission_CancelledCallsLeaveTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := testAdmission(1)
		first := new(Call)
		require.NoError(t, a.Enter(t.Context(), first))
		ctx, cancel := context.WithCancel(t.Context())
		var results []<-chan error
		for range 3 {
			results = append(results, enter(ctx, a, new(Call)))
		}
		last := enter(t.Context(), a, new(Call))
		cancel()
		for _, result := range results {
			require.ErrorIs(t, <-result, context.Canceled)
		}
		a.Done(first, unsent)
		require.True(t, admitted(t, last), "those that left are not ahead")
		require.ErrorIs(t, a.Enter(ctx, new(Call)), context.Canceled, "a context that is over gets nothing")
	})
}

// A call whose turn comes together with the end of its context gives its slot back.
func TestAdmission_TurnThatNobodyTakes(t *testing.T) {
	for range 50 {
		synctest.Test(t, func(t *testing.T) {
			a := testAdmission(1)
			first := new(Call)
			require.NoError(t, a.Enter(t.Context(), first))
			ctx, cancel := context.WithCancel(t.Context())
			result := enter(ctx, a, new(Call))
			go a.Done(first, unsent)
			cancel()
			if err := <-result; err == nil {
				return // it was admitted first, and the caller notices
			}
			synctest.Wait()
			require.Equal(t, 1, a.Left())
		})
	}
}

// Many calls that wait consume no CPU: the timer fires only when a slot comes free.
func TestAdmission_WaitingCallsDoNothing(t *testing.T) {
	const waiting = 20_000
	for _, background := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			a := testAdmission(100)
			for range 99 {
				pass(t, a, succeeded)
			}
			ctx, cancel := context.WithCancel(t.Context())
			refusedIn, stop := context.WithTimeout(t.Context(), 90*time.Minute)
			defer stop()
			var wg sync.WaitGroup
			var mu sync.Mutex
			ended := 0
			for i := range waiting {
				wg.Go(func() {
					ctx := ctx
					if i%1000 == 0 {
						ctx = refusedIn
					}
					err := a.Enter(ctx, &Call{Background: background})
					mu.Lock()
					defer mu.Unlock()
					if err != nil && ctx.Err() == nil {
						ended++
					}
				})
			}
			synctest.Wait()
			refused := ended
			looks := countDispatches(a)
			time.Sleep(50 * time.Second)
			synctest.Wait()
			require.LessOrEqual(t, looks(), 1, "looks in 50 s")
			require.Equal(t, refused, ended, "woken")
			require.Less(t, refused, waiting/1000)
			a.Pause(2 * time.Minute)
			time.Sleep(100 * time.Second)
			synctest.Wait()
			require.LessOrEqual(t, looks(), 3, "looks in a pause")
			require.Equal(t, refused, ended, "woken by a pause that they may wait for")
			a.Pause(2 * time.Hour)
			synctest.Wait()
			require.Equal(t, waiting, ended, "a pause ends those that it holds up for too long")
			cancel()
			wg.Wait()
		})
	}
}

// countDispatches counts how often the admission looks at its queues from now on.
func countDispatches(a *Admission) func() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	start := a.dispatches
	return func() int {
		a.mu.Lock()
		defer a.mu.Unlock()
		return a.dispatches - start
	}
}

// A pause wakes only the calls that it holds up for too long.
func TestAdmission_PauseRefusesOnlyThoseItHoldsUpForTooLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := testAdmission(1)
		pass(t, a, succeeded)
		short, cancel := context.WithTimeout(t.Context(), 70*time.Second)
		defer cancel()
		long, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		impatient, patient, unlimited := enter(short, a, new(Call)), enter(long, a, new(Call)), enter(t.Context(), a, new(Call))
		a.Pause(90 * time.Second)
		var paused *PausedError
		require.ErrorAs(t, <-impatient, &paused)
		require.Equal(t, 90*time.Second, paused.Wait)
		require.False(t, admitted(t, patient))
		require.False(t, admitted(t, unlimited))
		require.ErrorAs(t, a.Enter(short, new(Call)), &paused, "and those that come later")
		a.Pause(6 * time.Minute)
		require.ErrorAs(t, <-patient, &paused)
		require.ErrorAs(t, <-unlimited, &paused)
	})
}

func TestAdmission_DeadlineBeforeItsTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := testAdmission(2)
		c := new(Call)
		require.NoError(t, a.Enter(t.Context(), c))
		time.Sleep(time.Second) // the typical response time
		a.Done(c, succeeded)
		pass(t, a, Outcome{Sent: true, StatusCode: 200, Remaining: Unknown})
		within := func(d time.Duration) error {
			ctx, cancel := context.WithTimeout(t.Context(), d)
			defer cancel()
			start := time.Now()
			err := a.Enter(ctx, &Call{})
			if full := (*DeadlineError)(nil); errors.As(err, &full) {
				require.Zero(t, time.Since(start), "the call waits for nothing")
			}
			return err
		}
		var full *DeadlineError
		err := within(time.Minute)
		require.ErrorAs(t, err, &full)
		require.Equal(t, time.Minute, full.RetryAfter())
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorAs(t, within(61*time.Second), &full, "no time is left for the response")

		ctx, cancel := context.WithCancel(t.Context())
		var results []<-chan error
		for range 6 { // three windows ahead
			results = append(results, enter(ctx, a, new(Call)))
		}
		require.ErrorAs(t, within(3*time.Minute), &full)
		require.Equal(t, 4*time.Minute, full.Wait)
		cancel()
		for _, result := range results {
			require.Error(t, <-result)
		}
		require.NoError(t, within(61*time.Second+1))
	})
}

func TestAdmission_TypicalResponseTime(t *testing.T) {
	t.Parallel()
	a := testAdmission(600)
	rng := rand.New(rand.NewPCG(1, 1))
	for range 100 {
		a.observe(200 * time.Millisecond)
	}
	require.Equal(t, 200*time.Millisecond, a.typical)
	a.observe(time.Minute)
	require.Less(t, a.typical, 700*time.Millisecond, "a single slow response")
	late := 0
	for i := range 1000 {
		took := 200*time.Millisecond + time.Duration(rng.Int64N(int64(200*time.Millisecond))) + time.Duration(rng.Int64N(int64(200*time.Millisecond)))
		if i > 100 && took > a.typical {
			late++
		}
		a.observe(took)
		require.Less(t, a.typical, time.Second)
	}
	require.LessOrEqual(t, late, 10)
}

// A call that waited, and for which too little time is left then, is not sent.
func TestAdmission_TooLittleTimeLeftAtItsTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := testAdmission(1)
		slow := new(Call)
		require.NoError(t, a.Enter(t.Context(), slow))
		a.mu.Lock()
		a.typical = time.Second
		a.mu.Unlock()
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		defer cancel()
		late, next := enter(ctx, a, new(Call)), enter(t.Context(), a, new(Call))
		time.Sleep(119*time.Second + 500*time.Millisecond)
		a.Done(slow, unsent)
		require.ErrorIs(t, <-late, context.DeadlineExceeded)
		require.True(t, admitted(t, next), "the slot goes to the next call")
	})
}

// A call waits for pauses for MaxPause in total, however many there are.
func TestAdmission_PausesAddUp(t *testing.T) {
	for _, calls := range []int{1, 100} {
		synctest.Test(t, func(t *testing.T) {
			a := testAdmission(600)
			pass(t, a, limited)
			a.Pause(time.Minute)
			start := time.Now()
			var wg sync.WaitGroup
			var longest time.Duration
			var mu sync.Mutex
			for range calls {
				wg.Go(func() {
					c := new(Call)
					for {
						err := a.Enter(t.Context(), c)
						if err != nil {
							var paused *PausedError
							if !errors.As(err, &paused) {
								t.Error(err)
							}
							break
						}
						time.Sleep(100 * time.Millisecond)
						a.Pause(time.Minute)
						a.Done(c, limited)
					}
					mu.Lock()
					defer mu.Unlock()
					longest = max(longest, time.Since(start))
				})
			}
			wg.Wait()
			require.GreaterOrEqual(t, longest, 4*time.Minute)
			require.LessOrEqual(t, longest, 5*time.Minute+time.Second)
		})
	}
}

// A pause that a success has ended does not count for calls that come later.
func TestAdmission_PausesOfThePastDoNotCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := testAdmission(600)
		for range 20 {
			pass(t, a, limited)
			until, began := a.Pause(time.Minute)
			require.True(t, began)
			require.Equal(t, time.Now().Add(time.Minute), until)
			_, began = a.Pause(time.Second)
			require.False(t, began, "the longer pause stays")
			require.Equal(t, until, a.Paused())
			pass(t, a, succeeded)
			require.Equal(t, until, time.Now())
			require.Zero(t, a.Paused())
		}
	})
}

// After a pause one request is sent, and one more at once for each success.
func TestAdmission_RampAfterAPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := testAdmission(600)
		a.Pause(time.Minute)
		var results []<-chan error
		calls := make([]Call, 20)
		for i := range calls {
			results = append(results, enter(t.Context(), a, &calls[i]))
		}
		going := func() (n int) {
			synctest.Wait()
			a.mu.Lock()
			defer a.mu.Unlock()
			return a.window.flying
		}
		require.Zero(t, going())
		time.Sleep(time.Minute)
		require.Equal(t, 1, going())
		for i := range 4 {
			a.Done(&calls[i], succeeded)
			require.Equal(t, i+2, going(), "after %d successes", i+1)
		}
		a.Done(&calls[4], failed)
		require.Equal(t, 5, going(), "a failure makes it no wider")
		time.Sleep(hungAfter)
		require.Equal(t, 6, going(), "requests without a response do not hold the others up for ever")
		a.Pause(time.Hour) // ends the test
		for i := range results {
			<-results[i]
		}
	})
}

// fail makes requests that fail, until a recovery begins.
func fail(t *testing.T, a *Admission) {
	t.Helper()
	for range opensAfter - 1 {
		pass(t, a, failed)
	}
	require.False(t, a.Recovering(), "%d failures", opensAfter-1)
	pass(t, a, failed)
	require.True(t, a.Recovering())
}

func TestAdmission_RecoveryOpensAfterFailuresInARow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := testAdmission(600)
		for range 100 { // a poison item is no outage
			pass(t, a, failed)
			pass(t, a, succeeded)
		}
		fail(t, a)
		start := time.Now()
		pass(t, a, succeeded)
		require.Zero(t, time.Since(start), "the first probe is sent at once")
		require.False(t, a.Recovering())
	})
}

// A success of a request that was sent before the outage does not end it.
func TestAdmission_LateSuccessDoesNotEndARecovery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := testAdmission(600)
		late := new(Call)
		require.NoError(t, a.Enter(t.Context(), late))
		time.Sleep(time.Second)
		fail(t, a)
		a.Done(late, succeeded)
		require.True(t, a.Recovering())
	})
}

// One probe a second tests the server, one at a time. The other calls wait for its
// result, each for as long as its patience, and are not sent.
func TestAdmission_ProbesInAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := testAdmission(600)
		fail(t, a)
		start := time.Now()
		var mu sync.Mutex
		var probes, lost []time.Duration
		unsentCalls := 0
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() {
				c := &Call{Patience: 8 * time.Second}
				for {
					err := a.Enter(t.Context(), c)
					mu.Lock()
					if err != nil {
						if outage := (*OutageError)(nil); !errors.As(err, &outage) {
							t.Error(err)
						}
						lost = append(lost, time.Since(start))
						if c.attempts == 0 {
							unsentCalls++
						}
						mu.Unlock()
						return
					}
					probes = append(probes, time.Since(start))
					mu.Unlock()
					time.Sleep(100 * time.Millisecond)
					a.Done(c, failed)
					a.Retry(c, time.Second, false)
				}
			})
		}
		wg.Wait()
		require.InDelta(t, 8, len(probes), 1)
		for i := range probes[1:] {
			require.GreaterOrEqual(t, probes[i+1]-probes[i], probeEvery)
		}
		require.Len(t, lost, 100)
		require.InDelta(t, 92, unsentCalls, 1)
		require.GreaterOrEqual(t, slices.Min(lost), 8*time.Second)
		require.LessOrEqual(t, slices.Max(lost), 10*time.Second)
	})
}

// When a probe succeeds, the calls that wait for a backoff of their own go on, slowly at
// first. Those of which the server has said when stay.
func TestAdmission_RecoveryEndsForAllTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := testAdmission(600)
		calls := make([]Call, 10)
		for i := range calls {
			calls[i].Patience = time.Minute
			require.NoError(t, a.Enter(t.Context(), &calls[i]))
		}
		for i := range calls {
			a.Done(&calls[i], failed)
			a.Retry(&calls[i], 20*time.Second, i == 9)
		}
		start := time.Now()
		var got order
		for i := range calls {
			got.add(t, a, &calls[i], i)
		}
		pass(t, a, succeeded) // a new call is the probe
		time.Sleep(10 * time.Second)
		require.Equal(t, []int{0, 1, 2, 3, 4, 5, 6, 7, 8}, got.names())
		got.wg.Wait()
		require.Equal(t, 20*time.Second+100*time.Millisecond, time.Since(start))
	})
}

// A probe that hangs does not hold up the next one, and counts as failed once.
func TestAdmission_HungProbes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := testAdmission(600)
		fail(t, a)
		calls := make([]Call, 3)
		var results []<-chan error
		for i := range calls {
			calls[i].Patience = time.Hour
			results = append(results, enter(t.Context(), a, &calls[i]))
		}
		for i := range results {
			require.True(t, admitted(t, results[i]), i)
			if i < 2 {
				time.Sleep(hungAfter - 1)
				require.False(t, admitted(t, results[i+1]))
				time.Sleep(time.Nanosecond)
			}
		}
		failedProbes := func() int {
			a.mu.Lock()
			defer a.mu.Unlock()
			return a.recovery.failed
		}
		require.Equal(t, 2, failedProbes())
		a.Done(&calls[0], failed)
		a.Done(&calls[1], failed)
		require.Equal(t, 2, failedProbes(), "each counts once")
		a.Done(&calls[2], failed)
		require.Equal(t, 3, failedProbes())
	})
}

// A call of another operation than the one that failed last is the better probe.
func TestAdmission_WhichCallProbes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := testAdmission(600)
		retried := &Call{Patience: time.Hour, Operation: "POST /contact"}
		require.NoError(t, a.Enter(t.Context(), retried))
		for range opensAfter {
			c := &Call{Operation: "POST /contact"}
			require.NoError(t, a.Enter(t.Context(), c))
			a.Done(c, failed)
		}
		a.Done(retried, failed)
		blocker := &Call{Patience: time.Hour, Operation: "POST /contact"}
		require.NoError(t, a.Enter(t.Context(), blocker))
		a.Retry(retried, 0, false)
		var got order
		got.add(t, a, retried, 0)
		got.add(t, a, &Call{Patience: time.Hour, Operation: "POST /contact", Background: true}, 1)
		got.add(t, a, &Call{Patience: time.Hour, Operation: "GET /tags", Background: true}, 2)
		a.Done(blocker, failed)
		time.Sleep(probeEvery)
		got.wg.Wait()
		require.Equal(t, 2, got.names()[0], "another operation; its success ends the outage")
	})
}

// Of equal operations, the call with fewer attempts probes, so that none uses up its
// attempts in an outage that is shorter than their patience.
func TestAdmission_ProbesSpreadOverCalls(t *testing.T) {
	first, second := &Call{seq: 1, attempts: 2}, &Call{seq: 2, attempts: 1}
	var r recovery
	require.True(t, r.prefers(second, first))
	require.False(t, r.prefers(first, second))
	second.Background = true
	require.False(t, r.prefers(second, first), "an interactive call must not wait behind background calls")
	second.attempts = 0
	require.False(t, r.prefers(second, first), "nor behind new ones")
	second.Background, second.attempts = false, 2
	require.False(t, r.prefers(second, first), "the one that is first in the queue")
}

// A call that is sent once does not wait for the end of an outage, and keeps to the rate
// limit.
func TestAdmission_OnceInAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := testAdmission(20)
		fail(t, a)
		start := time.Now()
		for range 15 {
			c := &Call{Once: true}
			require.NoError(t, a.Enter(t.Context(), c))
			a.Done(c, failed)
		}
		require.Zero(t, time.Since(start))
		require.Zero(t, a.Left())
		require.NoError(t, a.Enter(t.Context(), &Call{Once: true}))
		require.Equal(t, time.Minute, time.Since(start))
	})
}

// A retry that probes takes from the budget. Calls that wait with an empty budget do not
// wait for ever.
func TestAdmission_EmptyBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		budget := 2
		a := NewAdmission(Config{Limit: 600, Per: time.Minute, MaxPause: time.Minute, Withdraw: func() bool {
			if budget == 0 {
				return false
			}
			budget--
			return true
		}})
		calls := make([]Call, 6)
		for i := range calls {
			calls[i].Patience = 10 * time.Second
			require.NoError(t, a.Enter(t.Context(), &calls[i]))
			a.Done(&calls[i], failed)
			a.Retry(&calls[i], time.Second, false)
		}
		start := time.Now()
		probes := 0
		var wg sync.WaitGroup
		var mu sync.Mutex
		for i := range calls {
			wg.Go(func() {
				for {
					if err := a.Enter(t.Context(), &calls[i]); err != nil {
						if outage := (*OutageError)(nil); !errors.As(err, &outage) {
							t.Error(err)
						}
						return
					}
					mu.Lock()
					probes++
					mu.Unlock()
					a.Done(&calls[i], failed)
					a.Retry(&calls[i], time.Second, false)
				}
			})
		}
		wg.Wait()
		require.Equal(t, 2, probes)
		require.InDelta(t, 10*time.Second, time.Since(start), float64(2*time.Second))
	})
}

// A probe for which too little time is left is not sent, and does not hold up the next.
func TestAdmission_ProbeThatComesTooLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := testAdmission(600)
		fail(t, a)
		pending := &Call{Patience: time.Hour}
		require.NoError(t, a.Enter(t.Context(), pending))
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		a.mu.Lock()
		a.typical = 2500 * time.Millisecond
		a.mu.Unlock()
		late, next := enter(ctx, a, &Call{Patience: time.Hour}), enter(t.Context(), a, &Call{Patience: time.Hour})
		time.Sleep(time.Second)
		a.Done(pending, failed)
		require.ErrorIs(t, <-late, context.DeadlineExceeded)
		time.Sleep(probeEvery)
		require.True(t, admitted(t, next))
	})
}

// How long nothing has succeeded counts from a moment at the earliest.
func TestAdmission_Down(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := testAdmission(600)
		start := time.Now()
		require.False(t, a.Down(start, 0))
		fail(t, a)
		time.Sleep(30 * time.Second)
		require.True(t, a.Down(start, 30*time.Second))
		require.False(t, a.Down(start, 31*time.Second))
		require.False(t, a.Down(start.Add(time.Second), 30*time.Second))
		pass(t, a, succeeded)
		require.False(t, a.Down(start, 0))

		start = time.Now()
		a.Pause(5 * time.Minute)
		require.False(t, a.Down(start, 0), "as long as a call may wait")
		time.Sleep(5 * time.Minute)
		pass(t, a, limited)
		a.Pause(time.Second)
		require.True(t, a.Down(start, 0))
		require.False(t, a.Down(start.Add(time.Second), 0))
		pass(t, a, succeeded)
		require.False(t, a.Down(start, 0))
	})
}

// With a limiter of the user's own, the admission counts nothing.
func TestAdmission_WithoutALimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := testAdmission(0)
		require.Equal(t, Unknown, a.Left())
		for range 10_000 {
			pass(t, a, succeeded)
		}
		a.Pause(time.Minute)
		start := time.Now()
		pass(t, a, succeeded)
		require.Equal(t, time.Minute, time.Since(start))
	})
}

func TestAdmission_ErrorTexts(t *testing.T) {
	t.Parallel()
	require.EqualError(t, &PausedError{Wait: time.Minute, TooLate: true}, "after a 429 the client pauses for another 1m0s, which is longer than the context's deadline allows")
	require.EqualError(t, &PausedError{Wait: time.Minute}, "after a 429 the client pauses for another 1m0s, which is longer than MaxRateLimitWait allows")
	require.EqualError(t, &DeadlineError{Wait: time.Minute}, "no slot of the rate limit is free for another 1m0s, which is after the context's deadline")
	require.EqualError(t, &OutageError{Waited: time.Minute}, "not sent: no request has succeeded for 1m0s")
}

// When no retry is left in the budget, a first attempt probes, also of the operation that
// failed last.
func TestAdmission_FirstAttemptProbesWithoutABudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := NewAdmission(Config{Limit: 600, Per: time.Minute, MaxPause: 5 * time.Minute, Withdraw: func() bool { return false }})
		retries := make([]Call, 2)
		for i := range retries {
			retries[i] = Call{Background: true, Patience: 30 * time.Second, Operation: "POST /b"}
			require.NoError(t, a.Enter(t.Context(), &retries[i]))
		}
		for i := range retries {
			a.Done(&retries[i], failed)
			a.Retry(&retries[i], time.Second, false)
		}
		for range 3 {
			c := Call{Operation: "GET /a", Once: true}
			require.NoError(t, a.Enter(t.Context(), &c))
			a.Done(&c, failed)
		}
		var others sync.WaitGroup
		defer others.Wait()
		for i := range retries {
			others.Go(func() {
				if err := a.Enter(t.Context(), &retries[i]); err != nil {
					t.Error(err)
					return
				}
				a.Done(&retries[i], succeeded)
			})
		}
		time.Sleep(2 * time.Second)
		start := time.Now()
		c := Call{Patience: 10 * time.Second, Operation: "GET /a"}
		require.NoError(t, a.Enter(t.Context(), &c))
		require.LessOrEqual(t, time.Since(start), probeEvery)
		a.Done(&c, succeeded)
	})
}

// The newest call goes first only after a request that its own context has ended, and only
// until a probe or the ramp has ended. A connection that breaks is no such request.
func TestAdmission_NewestFirstAfterAWastedRequest(t *testing.T) {
	wasted := Outcome{Sent: true, Remaining: Unknown, Ended: true}
	broken := Outcome{Sent: true, Remaining: Unknown, Failed: true}
	for _, tt := range []struct {
		name   string
		ended  Outcome // the request before
		newest bool
	}{{"wasted", wasted, true}, {"broken", broken, false}, {"failed", failed, false}} {
		t.Run("probe, "+tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := testAdmission(600)
				for range opensAfter {
					pass(t, a, failed)
				}
				ended, patient := &Call{}, Call{Patience: time.Hour}
				require.NoError(t, a.Enter(t.Context(), ended)) // is the probe
				oldest, newest := patient, patient
				first, second := enter(t.Context(), a, &oldest), enter(t.Context(), a, &newest)
				a.Done(ended, tt.ended)
				time.Sleep(probeEvery)
				require.Equal(t, tt.newest, admitted(t, second))
				require.Equal(t, !tt.newest, admitted(t, first))
				probe, next, waits := &oldest, &newest, second
				if tt.newest {
					probe, next, waits = next, probe, first
				}
				a.Done(probe, succeeded)
				require.True(t, admitted(t, waits))
				a.Done(next, succeeded)
			})
		})
	}
	for _, tt := range []struct {
		name  string
		ended Outcome // the request before
		next  int     // the call that is sent then, of three
	}{{"wasted", wasted, 2}, {"rejected", limited, 0}, {"failed", failed, 0}} {
		t.Run("ramp, "+tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := testAdmission(600)
				for range 2 { // the second ramp begins anew
					a.Pause(time.Minute)
					time.Sleep(time.Minute)
					before := &Call{}
					require.NoError(t, a.Enter(t.Context(), before))
					calls := make([]Call, 3)
					results := make([]<-chan error, len(calls))
					for i := range calls {
						results[i] = enter(t.Context(), a, &calls[i])
					}
					a.Done(before, tt.ended)
					for i := range calls {
						require.Equal(t, i == tt.next, admitted(t, results[i]), "%d", i)
					}
					a.Done(&calls[tt.next], succeeded)
					for i := range calls {
						if i != tt.next {
							require.True(t, admitted(t, results[i]), "%d", i)
							a.Done(&calls[i], wasted)
						}
					}
				}
			})
		})
	}
}

// After two wasted requests of one operation, a call of another one goes first, wherever it
// waits.
func TestAdmission_AnotherOperationAfterWastedRequests(t *testing.T) {
	for name, begin := range map[string]func(*testing.T, *Admission){
		"probe": func(t *testing.T, a *Admission) {
			for range opensAfter {
				pass(t, a, failed)
			}
		},
		"ramp": func(_ *testing.T, a *Admission) {
			a.Pause(time.Minute)
			time.Sleep(time.Minute)
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := testAdmission(600)
				begin(t, a)
				calls := make([]*Call, 40)
				for i := range calls {
					calls[i] = &Call{Patience: time.Hour, Operation: "GET /a"}
				}
				calls[15].Operation = "GET /b"
				results := make([]<-chan error, len(calls))
				for i, c := range calls {
					results[i] = enter(t.Context(), a, c)
				}
				for _, i := range []int{0, 39} { // the first, and the one that came last
					require.True(t, admitted(t, results[i]), "%d", i)
					a.Done(calls[i], Outcome{Sent: true, Remaining: Unknown, Ended: true})
					time.Sleep(probeEvery)
				}
				require.True(t, admitted(t, results[15]))
				a.Done(calls[15], succeeded)
				for i, c := range calls {
					if i != 0 && i != 39 && i != 15 {
						go func() {
							if <-results[i] == nil {
								a.Done(c, succeeded)
							}
						}()
					}
				}
			})
		})
	}
}
