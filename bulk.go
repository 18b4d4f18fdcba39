package funnel

import (
	"context"
	"errors"
	"iter"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// A BulkStatus says what became of one item of a bulk.
type BulkStatus string

// What can become of an item. Whoever must not do anything twice looks at the
// unknown ones, or repeats them by a way that is safe to repeat, such as
// [ContactsService.UpsertAll]; all others are certain.
const (
	BulkCreated BulkStatus = "created" // done: it is new
	BulkUpdated BulkStatus = "updated" // done: it was there, and is up to date now
	BulkDone    BulkStatus = "done"    // done
	BulkExists  BulkStatus = "exists"  // not done: it was there already
	BulkFailed  BulkStatus = "failed"  // not done: see the error
	BulkUnknown BulkStatus = "unknown" // may have been done: see the error
	BulkSkipped BulkStatus = "skipped" // not done: an earlier error made it pointless to try
)

// A BulkResult is what became of one item.
type BulkResult[P, R any] struct {
	Index  int // of the item, from 0
	Item   P   // as it was given
	Status BulkStatus
	Value  R     // what the API returned; zero unless the item was done
	Err    error // why it was not done; nil if it was
}

// Again reports whether the item is to be done again later, by a program that
// wants them all done: it was skipped, or may or may not have been done, or
// failed without being at fault itself. An item that the API refuses, or the SDK
// before it, would be refused again.
func (r BulkResult[P, R]) Again() bool {
	switch r.Status {
	case BulkSkipped, BulkUnknown:
		return true
	case BulkFailed:
		return !isRefusal(r.Err)
	}
	return false
}

// The items of a bulk that are under way, and held. The most are enough to keep
// the quota busy at a latency of 50 s.
const (
	minBulk = 32
	maxBulk = 500
)

// maxUnanswered is after how many items in a row that failed without being at
// fault a bulk takes the API to be away.
const maxUnanswered = 100

// Bulk does something with many items, up to 500 at a time, and yields one result
// for each, in order. It uses the quota as well as it can be used at any
// latency, and holds a bounded number of items, however many there are.
//
// An item's failure is its own. What makes all others pointless – a key that is
// not accepted, a context that is over, a pause or a wait for the quota that the
// context does not allow, 100 items in a row that got a 5xx or no answer of the
// API's own – ends the bulk: nothing more is sent, and what has been sent comes to
// its end, unless it is the context that is over. Each item that was taken gets
// its result, with what is known of it; the last one says why.
//
// To go on later, do those again of which [BulkResult.Again] says so, and those
// after the last Index, which were never taken. Breaking off the loop cancels
// what is under way: some items after the last Index may have been done then.
//
// The status tells of the call that failed: a do that makes several may have
// done those before. A [WithResponse] of ctx is left alone. The items are taken
// some way ahead of the results, on the caller's goroutine: items should not
// block, nor wait for results. A panic of do arrives there too. Where do uses
// something else that has less room than the API, such as a pool of database
// connections, it should wait for that before it calls.
//
//	for result := range funnel.Bulk(ctx, client, items, func(ctx context.Context, e enrolment) (struct{}, error) {
//		return struct{}{}, client.Sequences.Enroll(ctx, e.sequence, e.contact)
//	}) { … }
func Bulk[P, R any](ctx context.Context, client *Client, items iter.Seq[P], do func(context.Context, P) (R, error)) iter.Seq[BulkResult[P, R]] {
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
	return Bulk(ctx, client, items, func(ctx context.Context, item P) (struct{}, error) {
		return struct{}{}, do(ctx, item)
	})
}

// CreateAll creates contacts, several at a time: see [Bulk] for the order of the
// results, and for what ends it. The status of a contact is BulkCreated, or
// BulkExists with the error ErrContactExists, or one of those for failures. Of
// several with the same address, the first is created.
//
// API: POST /contact (documented).
func (s *ContactsService) CreateAll(ctx context.Context, contacts iter.Seq[ContactCreateParams]) iter.Seq[BulkResult[ContactCreateParams, ContactID]] {
	return bulk(ctx, (*service)(s).c(), contacts, contactRules, func(ctx context.Context, params ContactCreateParams) (ContactID, BulkStatus, error) {
		id, err := s.Create(ctx, params)
		if errors.Is(err, ErrContactExists) {
			return 0, BulkExists, err
		}
		return id, BulkCreated, err
	})
}

// UpsertAll creates or updates contacts, each as [ContactsService.Upsert] does and
// several at a time: see [Bulk] for the order of the results, and for what ends it.
// The status of a contact is BulkCreated or BulkUpdated, or one of those for
// failures. Of several with the same address, the last prevails. UpsertAll can be
// repeated, from the beginning or from the first item without a result; an earlier
// item that is repeated prevails over a later one with the same address.
//
// Where most contacts exist, it tries the update first, so that most cost one
// request instead of two.
//
// API: as [ContactsService.Upsert].
func (s *ContactsService) UpsertAll(ctx context.Context, contacts iter.Seq[ContactCreateParams]) iter.Seq[BulkResult[ContactCreateParams, ContactID]] {
	core := (*service)(s).c()
	return bulk(ctx, core, contacts, contactRules, func(ctx context.Context, params ContactCreateParams) (ContactID, BulkStatus, error) {
		recent := &core.upserts
		if recent.mostExist() && params.check() == nil && params.changes(ctx) {
			id, err := s.updateExisting(ctx, params)
			if err == nil {
				recent.add(true)
			}
			if isMissing := errors.Is(err, ErrNotFound) && !MayHaveBeenApplied(err); !isMissing {
				return id, BulkUpdated, err
			}
		}
		id, created, err := s.Upsert(ctx, params)
		if err == nil {
			recent.add(!created)
		}
		if created {
			return id, BulkCreated, err
		}
		return id, BulkUpdated, err
	})
}

// upserts counts what recent upserts found: above zero, most contacts existed.
type upserts struct{ balance atomic.Int32 }

func (u *upserts) mostExist() bool { return u.balance.Load() > 0 }

func (u *upserts) add(existed bool) {
	const most = 8 // a few items later another order may be the better one
	n := u.balance.Load()
	if existed {
		n++
	} else {
		n--
	}
	u.balance.Store(max(-most, min(n, most))) // one that is lost to another goroutine does no harm
}

// bulkRules say what the items of a bulk have to do with each other.
type bulkRules[P any] struct {
	// key of an item: those with the same one are done one after the other, so
	// that their order counts. Nil: no two have to do with each other.
	key func(P) string

	// fatal are codes that befall all items, if one.
	fatal []Code
}

var contactRules = bulkRules[ContactCreateParams]{
	key:   func(params ContactCreateParams) string { return strings.ToLower(params.Email) },
	fatal: []Code{ErrForbidden}, // they all are for the same resource
}

// bulk is [Bulk] with a status of do's own.
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
		pull, stop := iter.Pull(items)
		defer stop()
		ctx := withCallOption(ctx, func(o *callOptions) { o.response = nil }) // there is one for many
		queue := itemQueue[P]{pull: pull, key: rules.key, last: map[string]chan struct{}{}}
		p := &pipeline[bulkItem[P], BulkResult[P, R]]{
			core:  c,
			least: minBulk,
			most:  maxBulk,
			take:  yield,
		}
		unanswered := 0 // in a row
		p.see = func(result BulkResult[P, R]) {
			if !isOutage(result.Err) {
				unanswered = 0
				return
			}
			if unanswered++; unanswered == maxUnanswered {
				p.stop(result.Err)
			}
		}
		p.next = func() (item bulkItem[P], ok bool) {
			// When it is over, one more item is taken: its result tells that it was
			// not the items that came to an end.
			if queue.over {
				return item, false
			}
			queue.over = p.admission.Err() != nil
			return queue.next()
		}
		p.do = func(ctx context.Context, item bulkItem[P]) BulkResult[P, R] {
			defer close(item.done)
			if item.after != nil {
				<-item.after
			}
			value, status, err := do(ctx, item.params)
			if err == nil {
				return BulkResult[P, R]{Index: item.index, Item: item.params, Status: status, Value: value}
			}
			if rules.isPointless(ctx, c, err) {
				p.stop(err)
			}
			if failed := failureStatus(p.admission, err); failed != BulkFailed || status != BulkExists {
				status = failed
			}
			return BulkResult[P, R]{Index: item.index, Item: item.params, Status: status, Err: err}
		}
		p.run(ctx)
	}
}

// A bulkItem waits for the one before it that has the same key.
type bulkItem[P any] struct {
	index  int
	params P
	after  <-chan struct{} // closed when that one is done; nil: there is none
	done   chan struct{}   // closed when this one is
}

// An itemQueue numbers the items as they are taken.
type itemQueue[P any] struct {
	pull  func() (P, bool)
	key   func(P) string // nil: no two items have to do with each other
	index int
	over  bool
	last  map[string]chan struct{} // of each key, the last item's
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
	if q.index%maxBulk == 0 { // keep no more keys than items are under way
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

// isPointless reports whether err will befall every other item too: a key that
// is not accepted, or a time to wait that the bulk's context does not allow.
func (r bulkRules[P]) isPointless(ctx context.Context, c *core, err error) bool {
	if errors.Is(err, ErrUnauthorized) || slices.ContainsFunc(r.fatal, func(code Code) bool { return errors.Is(err, code) }) {
		return true
	}
	var (
		full    *refusal
		limited *RateLimitError
	)
	switch { // the bulk's own context, not only the item's, must forbid the wait
	case errors.As(err, &full):
		deadline, ok := ctx.Deadline()
		return ok && time.Until(deadline) <= full.limited.RetryAfter
	case errors.As(err, &limited):
		return limited.Attempts == 0 && c.gate.Refuse(ctx) != nil
	}
	return false
}

// isRefusal reports whether err says that the item itself cannot be accepted.
func isRefusal(err error) bool {
	var (
		argument *ArgumentError
		answer   *APIError
	)
	switch {
	case errors.As(err, &argument):
		return true
	case !errors.As(err, &answer) || answer.StatusCode >= 500:
		return false
	}
	switch answer.StatusCode {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests:
		return false // the key's, not the item's
	}
	switch answer.Code {
	case "":
		return answer.StatusCode/100 == 4
	case ErrUnauthorized, ErrForbidden, ErrRateLimited, ErrServer:
		return false
	}
	return true
}

// isOutage reports whether err is that of a call which another item's would meet
// with too, as long as things do not get better.
func isOutage(err error) bool {
	attempts, _ := fate(err)
	return attempts >= 0 && !isRefusal(err) && !errors.Is(err, ErrForbidden)
}

// failureStatus says what is known of an item that failed.
func failureStatus(admission context.Context, err error) BulkStatus {
	attempts, mayHaveBeenApplied := fate(err)
	switch {
	case mayHaveBeenApplied:
		return BulkUnknown
	case attempts == 0 && admission.Err() != nil:
		return BulkSkipped
	default:
		return BulkFailed
	}
}
