// Package quota decides when a request may be sent. An [Admission] is the one
// place of that decision: it keeps the requests of a client within the rate limit,
// pauses them after a 429, and lets them recover together from an outage.
package quota

import (
	"container/heap"
	"context"
	"fmt"
	"math"
	"net/http"
	"sync"
	"time"
)

// A Config sets up an [Admission].
type Config struct {
	Limit int           // requests in any stretch of time as long as Per; 0: another limiter counts
	Per   time.Duration // length of the window

	MaxPause time.Duration // how long a call waits for pauses in total
	Withdraw func() bool   // takes a retry from the client's budget, if there is one

	// Queued is called when a call begins to wait for a slot; wait is how long at
	// least. It may be nil.
	Queued func(ctx context.Context, c *Call, wait time.Duration)
}

// An Admission admits the requests of a client, one after the other:
//
//   - Interactive calls go before background calls. Within a priority, calls keep
//     the order in which they first came, also across retries and pauses.
//   - After a 429 nothing is sent until the pause is over.
//   - After several failures in a row nothing is sent but one probe at a time,
//     until one succeeds.
//   - After both, the number of requests at once grows with each success.
//   - The window never admits more than the rate limit allows.
//
// A waiting call costs no CPU. One lock guards everything. One timer calls
// [Admission.dispatch], which admits calls, when only time has passed.
type Admission struct {
	cfg    Config
	base   time.Time // moments are since then, on the monotonic clock
	mu     sync.Mutex
	window *window // nil: another limiter counts

	ready  [2]queue // waiting calls by priority, the oldest first
	asleep queue    // calls in their backoff, in the order in which it ends
	last   uint64   // sequence number of the newest call
	timer  *time.Timer
	alarm  moment // when the timer fires; never: it does not

	mean, deviation time.Duration // of response times, smoothed
	typical         time.Duration // within which nearly all responses come

	load  arrivals // of interactive calls
	sweep moment   // when to look next for waiting calls that have to fail

	dispatches int // how often dispatch ran; for tests

	pause    pause
	ramp     ramp
	recovery recovery
	pace     pace
}

// A moment is a time since Admission.base.
type moment = time.Duration

const never = moment(math.MaxInt64)

// Priorities of calls.
const (
	interactive = iota
	background
)

// hungAfter is how long a request without a response keeps others from being sent.
const hungAfter = 3 * time.Second

// NewAdmission returns an admission that has admitted nothing yet.
func NewAdmission(cfg Config) *Admission {
	a := &Admission{cfg: cfg, base: time.Now(), alarm: never}
	a.asleep.before = func(x, y *Call) bool { return x.notBefore < y.notBefore }
	for i := range a.ready {
		a.ready[i].before = func(x, y *Call) bool { return x.seq < y.seq }
	}
	if cfg.Limit > 0 {
		a.window = newWindow(cfg.Limit, cfg.Per)
		a.pace.window = cfg.Per
	}
	return a
}

// A Call is one call's place at the admission, across all its attempts.
type Call struct {
	Background bool          // interactive calls go first
	Patience   time.Duration // how long it waits for the end of an outage
	Once       bool          // it makes one attempt, also in an outage, and does not wait for the outage's end
	Operation  string        // such as "POST /tag": one operation can fail while the others work

	seq          uint64
	attempts     int
	since        moment        // when it entered, or when it first failed
	pausedBefore time.Duration // what pauses had cost then
	queued       moment        // when it began to wait for this attempt
	probes       int           // failed probes before it entered
	notBefore    moment        // of a retry
	asked        bool          // notBefore is from the server's Retry-After
	paused       time.Duration
	pauseMark    time.Duration // what pauses had cost when it began to wait
	deadline     moment

	sent       moment
	slot       slot
	hung       bool // it is counted as a failed probe already
	generation int  // of the ramp

	queue *queue // in which it waits; nil: in none
	index int
	wake  chan error
}

// Why a call is not admitted. All of them are found by errors.As, and have a
// method RetryAfter.
type (
	// A PausedError refuses a call that a pause would delay for too long.
	PausedError struct {
		Wait    time.Duration // how much longer the pause lasts
		TooLate bool          // the pause ends after the context's deadline; false: it is longer than Config.MaxPause allows
	}

	// A DeadlineError refuses a call that would be admitted too late for its
	// context's deadline. It unwraps to [context.DeadlineExceeded].
	DeadlineError struct{ Wait time.Duration }

	// An OutageError ends a call that has waited for the end of an outage as long
	// as it may.
	OutageError struct{ Waited time.Duration }
)

func (e *PausedError) Error() string {
	bound := "MaxRateLimitWait"
	if e.TooLate {
		bound = "the context's deadline"
	}
	return fmt.Sprintf("after a 429 the client pauses for another %s, which is longer than %s allows", e.Wait.Round(time.Millisecond), bound)
}

// Is reports whether target is [context.DeadlineExceeded] and the deadline is the
// reason.
func (e *PausedError) Is(target error) bool {
	return e.TooLate && target == context.DeadlineExceeded
}

func (e *DeadlineError) Error() string {
	return fmt.Sprintf("no slot of the rate limit is free for another %s, which is after the context's deadline", e.Wait.Round(time.Millisecond))
}

// RetryAfter returns Wait.
func (e *DeadlineError) RetryAfter() time.Duration { return e.Wait }

// Unwrap returns [context.DeadlineExceeded].
func (e *DeadlineError) Unwrap() error { return context.DeadlineExceeded }

func (e *OutageError) Error() string {
	return fmt.Sprintf("not sent: no request has succeeded for %s", e.Waited.Round(time.Millisecond))
}

// Enter waits until a request of the call may be sent. If the error is nil, the
// caller must call [Admission.Done].
func (a *Admission) Enter(ctx context.Context, c *Call) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	a.mu.Lock()
	now := a.now()
	if c.seq == 0 {
		a.last++
		c.seq, c.since, c.pausedBefore, c.probes = a.last, now, a.pause.cost(now), a.recovery.failed
		if !c.Background {
			a.load.add(now)
		}
	}
	c.queued, c.pauseMark = now, a.pause.cost(now)
	c.deadline = deadlineOf(ctx, now)
	if err := a.refuse(c, now); err != nil {
		a.mu.Unlock()
		return err
	}
	if c.wake == nil {
		c.wake = make(chan error, 1)
	}
	if c.notBefore > now {
		a.asleep.add(c)
	} else {
		a.ready[c.priority()].add(c)
	}
	a.dispatch(now)
	var wait time.Duration
	if a.cfg.Queued != nil {
		wait = a.quotaWait(c, now)
	}
	a.mu.Unlock()
	if wait > 0 {
		a.reportWait(ctx, c, wait)
	}

	select {
	case err := <-c.wake:
		return err
	case <-ctx.Done():
	}
	if err := a.leave(c); err != nil {
		return err
	}
	return ctx.Err()
}

// reportWait calls Queued. The call leaves if that panics.
func (a *Admission) reportWait(ctx context.Context, c *Call, wait time.Duration) {
	returned := false
	defer func() {
		if !returned {
			_ = a.leave(c) // the panic matters more
		}
	}()
	a.cfg.Queued(ctx, c, wait)
	returned = true
}

// leave ends the wait of a call. It returns the error with which the call was
// refused meanwhile, if it was.
func (a *Admission) leave(c *Call) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if c.queue != nil {
		c.queue.remove(c)
		a.dispatch(a.now())
		return nil
	}
	err := <-c.wake
	if err == nil {
		a.done(c, Outcome{Remaining: Unknown, Ended: true}) // it was admitted just when its context ended
	}
	return err
}

func (c *Call) priority() int {
	if c.Background {
		return background
	}
	return interactive
}

// Retry sets the wait before the next attempt of a call. asked means that the wait
// is from the server's Retry-After.
func (a *Admission) Retry(c *Call, wait time.Duration, asked bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.now()
	if c.attempts == 1 && (!a.recovery.open || c.sent < a.recovery.opened) { // else it was a probe
		c.since, c.pausedBefore = now, a.pause.cost(now)
	}
	c.notBefore, c.asked = now+wait, asked
}

// Done records how the request of an admitted call ended.
func (a *Admission) Done(c *Call, o Outcome) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.done(c, o)
}

func (a *Admission) done(c *Call, o Outcome) {
	now := a.now()
	if a.window != nil {
		explained := o.StatusCode == http.StatusTooManyRequests && o.Remaining != 0 && a.pace.explains(now, c.sent, o.Remaining, a.window)
		a.window.release(now, c.slot, o, explained)
	}
	a.ramp.leave(c, o)
	if a.recovery.probe == c || c.hung {
		a.recovery.noteProbe(c, o)
	}
	switch {
	case o.Success:
		a.pause.end(c.sent)
		a.observe(now - c.sent - o.Waited)
		if a.recovery.succeeded(c.sent) {
			a.wakeAll()
			a.ramp.begin()
		}
	case o.Failed:
		a.recovery.fail(now, c, a.pause.cost(now))
		a.sweep = now
	case !o.Sent:
		c.attempts-- // nothing was sent
	}
	a.recovery.giveBack(c)
	a.dispatch(now)
}

// observe records a response time, smoothed as in TCP. A single slow response changes
// little.
func (a *Admission) observe(took time.Duration) {
	if a.mean == 0 {
		a.mean = took
	}
	off := min(took, 4*a.mean) - a.mean
	a.mean += off / 8
	a.deviation += (max(off, -off) - a.deviation) / 8
	a.typical = a.mean + 4*a.deviation
}

// Pause lets nothing be sent for at least d from now. It returns the end of the
// pause, and whether there was none before.
func (a *Admission) Pause(d time.Duration) (until time.Time, began bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.now()
	began = a.pause.begin(now, d)
	a.ramp.begin()
	a.refuseWaiting(now)
	a.dispatch(now)
	return a.base.Add(a.pause.until), began
}

// Paused returns the end of the pause, and zero if there is none.
func (a *Admission) Paused() time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.pause.until <= a.now() {
		return time.Time{}
	}
	return a.base.Add(a.pause.until)
}

// Recovering reports whether requests wait for the end of an outage.
func (a *Admission) Recovering() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.recovery.open
}

// Down reports whether an outage has lasted at least that long, or pauses without a
// success between them have lasted longer than a call waits for them. Time before
// from does not count.
func (a *Admission) Down(from time.Time, outage time.Duration) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	now, since := a.now(), from.Sub(a.base)
	paused := min(a.pause.cost(a.pause.until)-a.pause.before, max(now, a.pause.until)-since)
	return a.recovery.open && now-max(since, a.recovery.opened) >= outage || a.pause.open && paused > a.cfg.MaxPause
}

// Left returns how many requests the window would admit now.
func (a *Admission) Left() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.window == nil {
		return Unknown
	}
	return a.window.left(a.now())
}

// Refuse returns the error with which a call would be refused now because of a
// pause or of the rate limit.
func (a *Admission) Refuse(ctx context.Context, c *Call) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.now()
	probe := *c
	probe.pauseMark, probe.deadline = a.pause.cost(now), deadlineOf(ctx, now)
	return a.refuse(&probe, now)
}

func deadlineOf(ctx context.Context, now moment) moment {
	if ctx.Done() == nil { // cheaper
		return never
	}
	deadline, ok := ctx.Deadline()
	if left := time.Until(deadline); ok && left < never-now {
		return now + left
	}
	return never
}

func (a *Admission) now() moment { return time.Since(a.base) }

// refuse returns the reason if a call that waits, or is about to, cannot be admitted
// in time.
func (a *Admission) refuse(c *Call, now moment) error {
	if err := a.pausedTooLong(c, now); err != nil {
		return err
	}
	if a.window == nil || c.deadline == never {
		return nil
	}
	if wait := a.expected(c, now, a.ahead(c)); wait > 0 && now+wait+a.typical >= c.deadline {
		return &DeadlineError{Wait: wait}
	}
	return nil
}

// pausedTooLong returns the error of a call that the pause delays for too long, or nil.
func (a *Admission) pausedTooLong(c *Call, now moment) error {
	left := a.pause.until - now
	switch {
	case left <= 0:
		return nil
	case c.paused+a.pause.cost(a.pause.until)-c.pauseMark > a.cfg.MaxPause:
		return &PausedError{Wait: left}
	case now+left+a.typical >= c.deadline:
		return &PausedError{Wait: left, TooLate: true}
	}
	return nil
}

// ahead returns how many calls will be admitted before c.
func (a *Admission) ahead(c *Call) int {
	if c.attempts > 0 {
		return 0 // a retry keeps its place
	}
	n := a.ready[interactive].Len()
	if c.Background {
		n += a.ready[background].Len()
	}
	return n
}

// refuseWaiting refuses the waiting calls that a pause delays for too long. The others
// are not woken.
func (a *Admission) refuseWaiting(now moment) {
	a.end(func(c *Call) error { return a.pausedTooLong(c, now) })
}

// loseWaiting ends the waiting calls whose patience has ended.
func (a *Admission) loseWaiting(now moment) {
	a.end(func(c *Call) error {
		if c.Once || now < a.patienceEnds(c, now) || a.recovery.failed-max(c.probes, a.recovery.failedBefore) < leastProbes {
			return nil
		}
		return &OutageError{Waited: now - a.recovery.opened}
	})
}

// patienceEnds returns the moment until which a call waits for the end of an outage.
func (a *Admission) patienceEnds(c *Call, now moment) moment {
	paused := a.pause.cost(now) - max(c.pausedBefore, a.recovery.pausedBefore) // nothing is tested then
	ends := max(c.since, a.recovery.opened) + paused + c.Patience
	if c.asked {
		ends = max(ends, c.notBefore+probeEvery)
	}
	return ends
}

// end removes the calls for which why returns an error from their queues.
func (a *Admission) end(why func(*Call) error) {
	for _, q := range []*queue{&a.ready[interactive], &a.ready[background], &a.asleep} {
		kept := q.calls[:0]
		for _, c := range q.calls {
			if err := why(c); err != nil {
				c.queue = nil
				c.wake <- err
				continue
			}
			kept = append(kept, c)
		}
		clear(q.calls[len(kept):])
		if len(kept) == len(q.calls) {
			continue
		}
		q.calls, q.once = kept, 0
		for i, c := range kept {
			c.index = i
			q.count(c, 1)
		}
		heap.Init(q)
	}
}

// wakeAll ends the backoff of all calls, because the outage has ended. A wait that the
// server has asked for goes on.
func (a *Admission) wakeAll() {
	var kept []*Call
	for _, c := range a.asleep.calls {
		c.queue = nil
		if c.asked {
			kept = append(kept, c)
			continue
		}
		a.ready[c.priority()].add(c)
	}
	a.asleep.calls, a.asleep.once = nil, 0
	for _, c := range kept {
		a.asleep.add(c)
	}
}

// dispatch admits as many calls as may be sent now, and sets the timer for the
// moment at which there may be more.
func (a *Admission) dispatch(now moment) {
	a.dispatches++
	for a.asleep.Len() > 0 && a.asleep.first().notBefore <= now {
		c := a.asleep.first()
		a.asleep.remove(c)
		a.ready[c.priority()].add(c)
	}
	a.recovery.tick(now)
	if a.recovery.open && now >= a.sweep {
		a.loseWaiting(now)
		a.sweep = now + probeEvery // not more often, because it looks at all calls
	}
	for {
		c, next := a.next(now)
		if c == nil {
			if a.asleep.Len() > 0 {
				next = min(next, a.asleep.first().notBefore)
			}
			a.setAlarm(now, next)
			return
		}
		a.admit(c, now)
	}
}

// next returns the call that may be sent now or, if there is none, the moment at
// which to look again.
func (a *Admission) next(now moment) (*Call, moment) {
	for {
		if a.ready[interactive].Len()+a.ready[background].Len() == 0 {
			if a.recovery.open && a.asleep.Len() > 0 {
				return nil, now + probeEvery // their patience can end
			}
			return nil, never
		}
		if a.pause.until > now {
			return nil, a.pause.until
		}
		if a.recovery.open {
			return a.nextProbe(now)
		}
		if at := a.ramp.opens(now); at > now {
			return nil, at
		}
		if at := a.pace.next; at > now {
			return nil, at
		}
		q := &a.ready[interactive]
		if q.Len() == 0 || a.letsBackgroundTry(now) {
			q = &a.ready[background]
		}
		if a.window == nil {
			return a.pick(q), 0
		}
		at := a.window.opens(now)
		if at <= now && q == &a.ready[background] {
			at = a.window.opensBeyond(now, a.load.rate(now, a.window))
		}
		if at <= now {
			return a.pick(q), 0
		}
		if c := q.first(); c.Background && at != never && at+a.typical >= c.deadline { // not known when it entered
			q.remove(c)
			c.wake <- &DeadlineError{Wait: at - now}
			continue
		}
		return nil, at
	}
}

// pick returns the call of a queue whose turn it is: the first, unless requests of a ramp
// were wasted.
func (a *Admission) pick(q *queue) *Call {
	best := q.first()
	switch {
	case a.ramp.width == 0:
	case a.ramp.wasted.order() == mostTimeFirst:
		best = q.best((*Call).hasMoreTime)
	case a.ramp.wasted.order() == atRandom:
		best = q.best(a.ramp.wasted.random())
	}
	return best
}

// letsBackgroundTry reports whether a background call goes before interactive calls,
// because requests of a ramp were wasted.
func (a *Admission) letsBackgroundTry(now moment) bool {
	return a.ramp.width > 0 && a.ramp.wasted.order() == atRandom && a.ready[background].Len() > 0 &&
		(a.window == nil || a.window.opensBeyond(now, a.load.rate(now, a.window)) <= now)
}

// hasMoreTime reports whether the deadline of c is later than that of other or, if both
// have the same or none, whether c has come later: an unknown end is then further away.
func (c *Call) hasMoreTime(other *Call) bool {
	if c.deadline != other.deadline {
		return c.deadline > other.deadline
	}
	return c.seq > other.seq
}

// isTooLate reports whether a call that has waited can hardly get a response before its
// deadline.
func (a *Admission) isTooLate(c *Call, now moment) bool {
	return now > c.queued && now+a.typical >= c.deadline
}

// nextProbe returns the call that tests the server. A retry takes one from the budget.
func (a *Admission) nextProbe(now moment) (*Call, moment) {
	at := a.recovery.nextLook(now)
	if at > now && a.ready[interactive].once+a.ready[background].once == 0 {
		return nil, at
	}
	if a.window != nil {
		if opens := a.window.opens(now); opens > now {
			return nil, min(opens, now+probeEvery)
		}
	}
	if at := a.pace.next; at > now {
		return nil, at
	}
	var best, first *Call
	isBetter, isBetterFirst := a.recovery.choose(), a.recovery.choose()
	for i := range a.ready {
		for _, c := range a.ready[i].calls {
			if c.Once { // it does not wait for the end of the outage
				return c, 0
			}
			if a.isTooLate(c, now) { // it would be refused, and nothing sent
				continue
			}
			if best == nil || isBetter(c, best) {
				best = c
			}
			if c.attempts == 0 && (first == nil || isBetterFirst(c, first)) {
				first = c
			}
		}
	}
	if best == nil {
		return nil, now + probeEvery // or when another call comes
	}
	a.recovery.next = now + probeEvery
	if best.attempts > 0 && a.cfg.Withdraw != nil && !a.cfg.Withdraw() {
		if first == nil {
			a.recovery.failed++ // otherwise the others would wait forever
			return nil, a.recovery.next
		}
		best = first // a first attempt is no retry
	}
	a.recovery.probe, a.recovery.probed = best, now
	return best, 0
}

// before is the order in which calls are admitted.
func (c *Call) before(other *Call) bool {
	if c.Background != other.Background {
		return other.Background
	}
	return c.seq < other.seq
}

// admit ends the wait of a call: its request is sent now.
func (a *Admission) admit(c *Call, now moment) {
	c.queue.remove(c)
	c.paused += a.pause.cost(now) - c.pauseMark
	if a.isTooLate(c, now) {
		a.recovery.giveBack(c)
		c.wake <- &DeadlineError{Wait: a.typical}
		return
	}
	c.attempts++
	c.sent, c.hung = now, false
	if a.window != nil {
		c.slot = a.window.take(now)
	}
	a.ramp.enter(c, now)
	a.pace.sent(now)
	c.wake <- nil
}

// setAlarm makes the timer fire at that moment.
func (a *Admission) setAlarm(now, at moment) {
	if at == a.alarm {
		return
	}
	a.alarm = at
	switch {
	case a.timer == nil && at != never:
		a.timer = time.AfterFunc(at-now, a.onAlarm)
	case at != never:
		a.timer.Reset(at - now)
	case a.timer != nil:
		a.timer.Stop()
	}
}

func (a *Admission) onAlarm() {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.now()
	if now < a.alarm { // the timer was set anew meanwhile
		return
	}
	a.alarm = never
	a.dispatch(now)
}
