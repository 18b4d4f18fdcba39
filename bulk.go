package funnel

import (
	"context"
	"errors"
	"iter"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/funnel-go/funnel/internal/quota"
)

// A BulkStatus is the outcome of one item of a bulk job.
type BulkStatus string

// The statuses of an item. A contact can be BulkUpdated although the job itself
// created it: if the response to the create is lost, UpsertAll finds the contact and
// updates it.
const (
	BulkCreated BulkStatus = "created" // done: created
	BulkUpdated BulkStatus = "updated" // done: it existed, and was updated if a field or tag was set
	BulkDone    BulkStatus = "done"    // done
	BulkExists  BulkStatus = "exists"  // not done: it existed already
	BulkFailed  BulkStatus = "failed"  // not done, as far as the SDK knows
	BulkUnknown BulkStatus = "unknown" // may have been done: MayHaveBeenApplied is true for its error
	BulkSkipped BulkStatus = "skipped" // not done: an earlier error ended the job
)

// A BulkResult is the outcome of one item.
type BulkResult[P, R any] struct {
	Index  int // of the item, from 0
	Item   P   // as it was given
	Status BulkStatus
	Value  R     // the result of the call or of your function; zero unless the item was done
	Err    error // why it was not done, or is not known to be; nil if it was done
}

// Again reports whether the item belongs in a later job. It does not report whether a
// repeat is safe: an item with the status [BulkUnknown] may have been done. [Bulk]
// says how to repeat such an item.
//
// It is false if the item was done, or if the API or the SDK refused the item itself:
// a repeat would be refused too. Examples are [ErrContactExists], [ErrNotFound] for
// one of its tags, a [*NameError], and an [*ArgumentError].
//
// It is true in all other cases. For example, the item was skipped, the request got a
// 5xx or no response, the API key was refused ([ErrUnauthorized], [ErrForbidden]), or
// your function returned an error that is not from this package.
func (r BulkResult[P, R]) Again() bool {
	switch r.Status {
	case BulkSkipped:
		return true
	case BulkUnknown, BulkFailed:
		return !isRefusal(r.Err)
	}
	return false
}

// Items of a bulk job that run at the same time: at first and at most. The most are
// enough to use the quota at a latency of 50 s.
const (
	minBulk = 16
	maxBulk = 500
)

// Bulk calls the function do for each item and yields the results in the order of the
// items. The job goes as fast as the quota allows: it begins with 16 items at a time,
// and goes up to 500. The client's other calls go first. At most 500 items are in
// memory: if the loop body is slow, the job waits for it.
//
// Nothing is sent until you range over the returned iterator. Each range runs the
// whole job.
//
//	for result := range funnel.Bulk(ctx, client, items, func(ctx context.Context, e enrolment) (struct{}, error) {
//		return struct{}{}, client.Sequences.Enroll(ctx, e.sequence, e.contact)
//	}) { … }
//
// # The function do
//
// Make all calls with the context that do receives: with it they have low priority,
// and none is sent after the job has ended. Several calls of do run at the same time:
// if the order of two changes matters, make both in one call of do. If do needs
// something scarce, such as a database connection, use a semaphore in do.
//
// The status of an item is BulkDone, BulkFailed, BulkUnknown or BulkSkipped. If do
// makes several calls and one fails, the status and [BulkResult.Again] are about that
// call only. The calls before it have taken effect, and a repeat of the item makes
// them again. The function can use other clients too: their errors do not end the job.
//
// Options in ctx, such as [WithHeader], apply to all calls of the job, except
// [WithResponse]. A panic in do is raised again on the caller's goroutine.
//
// # The iterator items
//
// Bulk takes items on the goroutine of your range loop, before it has yielded the
// results of earlier items. So the iterator must not wait for a result: that is a
// deadlock. While it waits for something else, such as a slow file, no results are
// yielded. If the source of the iterator fails, end the iterator, and check your error
// after the loop. The iterator can use the same client, for example
// [ContactsService.All].
//
// # Early end
//
// One failed item does not affect the others. The job ends early only if no further
// item can succeed:
//
//   - the API key is not accepted ([ErrUnauthorized]) or, in CreateAll and UpsertAll,
//     has no access to contacts ([ErrForbidden]);
//   - the context is done, or no slot will be free before its deadline;
//   - an outage has lasted for 30 s;
//   - the API has responded with nothing but 429 for [RetryPolicy.MaxRateLimitWait].
//
// Bulk then completes the requests in flight, unless the context is done. If items are
// left, at least one of them gets the status [BulkSkipped]. Its error matches what
// ended the job, such as [ErrUnauthorized]. The rest may get no result.
//
// # Stopping and continuing
//
// To stop a job, let your iterator end early. Bulk then completes the items that it
// has taken; if the quota is used up, that can take a minute or more. To stop at once,
// cancel the context or leave the loop. Requests in flight are then canceled, and
// their items may have been done. The running calls of do are waited for.
//
// To continue a job later, repeat the items for which Again is true, and the items
// without a result. Items with the status [BulkUnknown] may have been done. Items
// without a result may have been done too if you left the loop or the program was
// killed. Look first whether such an item was done, or repeat it in a way that cannot
// duplicate it, as [ContactsService.UpsertAll] does.
func Bulk[P, R any](ctx context.Context, client *Client, items iter.Seq[P], do func(context.Context, P) (R, error)) iter.Seq[BulkResult[P, R]] {
	if do == nil {
		return noBulk[P, R](argumentError("do", "is nil: pass the function to call for each item"))
	}
	return bulk(ctx, client.engine(), items, bulkRules[P]{}, func(ctx context.Context, item P) (R, BulkStatus, error) {
		value, err := do(ctx, item)
		return value, BulkDone, err
	})
}

// Each is [Bulk] for a function that returns only an error:
//
//	for result := range funnel.Each(ctx, client, ids, func(ctx context.Context, id funnel.ContactID) error {
//		return client.Contacts.AddTag(ctx, id, tag)
//	}) { … }
func Each[P any](ctx context.Context, client *Client, items iter.Seq[P], do func(context.Context, P) error) iter.Seq[BulkResult[P, struct{}]] {
	if do == nil {
		return noBulk[P, struct{}](argumentError("do", "is nil: pass the function to call for each item"))
	}
	return Bulk(ctx, client, items, func(ctx context.Context, item P) (struct{}, error) {
		return struct{}{}, do(ctx, item)
	})
}

// noBulk yields the error alone.
func noBulk[P, R any](err error) iter.Seq[BulkResult[P, R]] {
	return func(yield func(BulkResult[P, R]) bool) {
		yield(BulkResult[P, R]{Status: BulkSkipped, Err: err})
	}
}

// bulkRules say how the items of a bulk job depend on each other.
type bulkRules[P any] struct {
	// key returns the key of an item. Items with the same key are processed one
	// after the other, in their order. Nil: all items are independent.
	key func(P) string

	// fatal are codes that end the job.
	fatal []Code
}

// bulk is [Bulk] for a do that returns the status.
func bulk[P, R any](ctx context.Context, c *core, items iter.Seq[P], rules bulkRules[P], do func(context.Context, P) (R, BulkStatus, error)) iter.Seq[BulkResult[P, R]] {
	return func(yield func(BulkResult[P, R]) bool) {
		err := c.ready(ctx)
		if err == nil && items == nil {
			err = argumentError("items", "is nil: pass a sequence, such as slices.Values(list)")
		}
		if err != nil {
			yield(BulkResult[P, R]{Status: BulkSkipped, Err: err})
			return
		}
		start := time.Now()
		pull, stop := iter.Pull(items)
		defer stop()
		ctx := withCallOption(ctx, func(o *callOptions) { o.response = nil }) // one Response cannot hold those of many calls
		queue := itemQueue[P]{pull: pull, key: rules.key, last: map[string]chan struct{}{}}
		p := &pipeline[bulkItem[P], BulkResult[P, R]]{
			core:  c,
			least: minBulk,
			most:  maxBulk,
			take:  yield,
		}
		p.next = func() (item bulkItem[P], ok bool) {
			// When the job has ended, one more item is taken: its result shows that
			// not all items were processed.
			if queue.over {
				return item, false
			}
			queue.over = p.over(ctx)
			return queue.next()
		}
		p.do = func(ctx context.Context, item bulkItem[P]) BulkResult[P, R] {
			defer close(item.done)
			if item.after != nil {
				<-item.after
			}
			calls := &itemCalls{core: c, outer: callOptionsFrom(ctx).item, admission: p.admission}
			ctx = withCallOption(ctx, func(o *callOptions) { o.item = calls })
			value, status, err := do(ctx, item.params)
			if err == nil {
				return BulkResult[P, R]{Index: item.index, Item: item.params, Status: status, Value: value}
			}
			if calls.areOwn() && (rules.isPointless(ctx, c, err) || c.admission.Down(start, backgroundPatience) && !isRefusal(err)) {
				p.stop(err)
			}
			if failed := failureStatus(p.over(ctx), err); failed != BulkFailed || status != BulkExists {
				status = failed
			}
			return BulkResult[P, R]{Index: item.index, Item: item.params, Status: status, Err: err}
		}
		p.run(ctx)
	}
}

// A bulkItem waits for the previous item with the same key.
type bulkItem[P any] struct {
	index  int
	params P
	after  <-chan struct{} // closed when the previous item is done; nil: there is none
	done   chan struct{}   // closed when this item is done
}

// An itemQueue numbers the items as they are taken.
type itemQueue[P any] struct {
	pull  func() (P, bool)
	key   func(P) string // as in bulkRules
	index int
	over  bool
	last  map[string]chan struct{} // the last item's done, by key
}

func (q *itemQueue[P]) next() (item bulkItem[P], ok bool) {
	params, ok := q.pull()
	if !ok {
		return item, false
	}
	item = bulkItem[P]{index: q.index, params: params, done: make(chan struct{})}
	q.index++
	if q.key == nil {
		return item, true
	}
	key := q.key(params)
	if before, ok := q.last[key]; ok {
		item.after = before
	}
	q.last[key] = item.done
	if q.index%maxBulk == 0 { // keep only the keys of running items
		maps.DeleteFunc(q.last, func(_ string, done chan struct{}) bool { return isClosed(done) })
	}
	return item, true
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// isPointless reports whether every other item would fail with err too: a key that
// is not accepted, or a time to wait that the bulk's context does not allow.
func (r bulkRules[P]) isPointless(ctx context.Context, c *core, err error) bool {
	if errors.Is(err, ErrUnauthorized) || slices.ContainsFunc(r.fatal, func(code Code) bool { return errors.Is(err, code) }) {
		return true
	}
	if isLastingOutage(err) {
		return true
	}
	var limited *RateLimitError
	if !errors.As(err, &limited) || limited.Attempts > 0 {
		return false
	}
	// The bulk's own context, not only the item's, must forbid the wait. A response takes
	// time too.
	deadline, ok := ctx.Deadline()
	return ok && time.Until(deadline) <= limited.RetryAfter || c.admission.Refuse(ctx, &quota.Call{Background: true}) != nil
}

// isRefusal reports whether err says that the item itself cannot be accepted. A 4xx
// of something else than the API, such as a proxy, does not.
func isRefusal(err error) bool {
	var (
		argument *ArgumentError
		name     *NameError
		request  *RequestError
		apiErr   *APIError
	)
	switch {
	case errors.As(err, &request): // first: it may wrap an ArgumentError of the authentication
		return false
	case errors.As(err, &argument), errors.As(err, &name):
		return true
	case !errors.As(err, &apiErr) || apiErr.StatusCode >= 500:
		return false
	}
	switch apiErr.StatusCode {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests:
		return false // the key's, not the item's
	}
	switch apiErr.Code {
	case "":
		return apiErr.StatusCode/100 == 4 && !apiErr.foreign
	case ErrUnauthorized, ErrForbidden, ErrRateLimited, ErrServer:
		return false
	}
	return true
}

// isLastingOutage reports whether err is that of a call that has waited for the end of
// an outage for as long as it may.
func isLastingOutage(err error) bool {
	var (
		request *RequestError
		apiErr  *APIError
	)
	if errors.As(err, &request) { // first: it may wrap the error of an earlier attempt
		return request.stopped.outage
	}
	return errors.As(err, &apiErr) && apiErr.stopped.outage
}

// failureStatus says what is known of an item that failed.
func failureStatus(over bool, err error) BulkStatus {
	attempts, mayHaveBeenApplied := outcomeOf(err)
	switch {
	case mayHaveBeenApplied:
		return BulkUnknown
	case attempts == 0 && over:
		return BulkSkipped
	default:
		return BulkFailed
	}
}
