package funnel

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
)

// A WebhookQueue holds webhook deliveries that were acknowledged and not yet
// processed: see [WithWebhookQueue]. The zero value is ready to use. Set the fields
// before the first delivery, and do not copy a queue after its first use. A queue may
// serve several handlers.
//
// The queue has a goroutine only while it processes a delivery. Before the program
// ends, call [WebhookQueue.Shutdown] to wait for the deliveries.
type WebhookQueue struct {
	// Size is the maximum number of deliveries in the queue, those being processed
	// included; 0 means 100. The body of each has at most [WithWebhookMaxBytes].
	Size int

	// Workers is how many deliveries are processed at the same time; 0 means 1, which
	// keeps their order.
	Workers int

	mu      sync.Mutex
	waiting []*queuedDelivery // not empty only if all workers are busy
	running map[*queuedDelivery]context.CancelCauseFunc
	closed  bool
	drained chan struct{} // closed when a queue that is shut down is empty; nil: nobody waits
}

const defaultQueueSize = 100

// WithWebhookQueue acknowledges first and processes later: an authentic delivery
// goes to q, the response is a 202, and the handler's function is called after
// that. Use it if the function can take longer than a sender waits; how long the
// vendor waits is not documented.
//
// The function's context has the values of the request's context, but is not canceled
// with it. It is canceled only if the context given to [WebhookQueue.Shutdown] ends
// while the function is still running. If the function fails after the 202, it is not
// called again: [WithWebhookErrors] receives the error with status 202. If q is full
// or shut down, the response is a 503, and the sender can deliver the event again.
// Whether the vendor does so is not documented.
//
// A queue is memory: a crash loses the deliveries in it. To lose none, do not use a
// queue: let the function write the event to a database, and process it from there.
//
// A nil queue, or one with a negative field, is an [*ArgumentError].
func WithWebhookQueue(q *WebhookQueue) WebhookOption {
	return func(h *webhookHandler) error {
		switch {
		case q == nil:
			return argumentError("WithWebhookQueue", "the queue is nil: use new(funnel.WebhookQueue)")
		case q.Size < 0:
			return argumentError("WithWebhookQueue", "Size is %d: must not be negative", q.Size)
		case q.Workers < 0:
			return argumentError("WithWebhookQueue", "Workers is %d: must not be negative", q.Workers)
		}
		h.queue = q
		return nil
	}
}

// Shutdown waits until all accepted deliveries have been processed, and refuses
// further ones. Call it after [http.Server.Shutdown] has returned: before that, it
// would refuse deliveries of requests in flight.
//
// If ctx ends first, Shutdown gives up. It drops the waiting deliveries and ends the
// contexts of those being processed. Its error wraps the cause and says how many
// deliveries were not completed. [WithWebhookErrors] receives the event of each
// dropped delivery with status 202, so that the program can save it. If a delivery
// that was being processed fails later, [WithWebhookErrors] receives it then.
func (q *WebhookQueue) Shutdown(ctx context.Context) error {
	q.mu.Lock()
	q.closed = true
	if len(q.running) == 0 {
		q.mu.Unlock()
		return nil
	}
	if q.drained == nil {
		q.drained = make(chan struct{})
	}
	drained := q.drained
	q.mu.Unlock()
	select {
	case <-drained:
		return nil
	case <-ctx.Done():
		return q.abandon(context.Cause(ctx))
	}
}

// abandon drops what is waiting and ends the contexts of what is running.
func (q *WebhookQueue) abandon(cause error) error {
	q.mu.Lock()
	dropped := q.waiting
	q.waiting = nil
	unfinished := len(dropped) + len(q.running)
	for _, cancel := range q.running {
		cancel(cause)
	}
	q.mu.Unlock()
	for _, d := range dropped {
		d.handler.reportError(d.ctx, d.event, http.StatusAccepted, fmt.Errorf("funnel: webhook queue: dropped at shutdown: %w", cause))
	}
	if unfinished == 0 {
		return nil // the last one has just ended
	}
	return fmt.Errorf("funnel: webhook queue: %d deliveries were not completed: %w", unfinished, cause)
}

// A queuedDelivery is an event that was acknowledged.
type queuedDelivery struct {
	handler *webhookHandler
	ctx     context.Context
	event   *Event
}

// add accepts a delivery, or reports why it cannot.
func (q *WebhookQueue) add(d *queuedDelivery) error {
	d.ctx = context.WithoutCancel(d.ctx) // the request's ends with the response
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.closed:
		return errors.New("funnel: webhook delivery: the queue is shut down")
	case len(q.waiting)+len(q.running) >= cmp.Or(q.Size, defaultQueueSize):
		return fmt.Errorf("funnel: webhook delivery: the queue is full (%d deliveries): see WebhookQueue.Size and Workers", len(q.waiting)+len(q.running))
	}
	q.waiting = append(q.waiting, d)
	q.startNext()
	return nil
}

// startNext starts the next delivery if one is waiting and a worker is free. The
// caller holds the lock.
func (q *WebhookQueue) startNext() {
	if len(q.waiting) == 0 || len(q.running) >= cmp.Or(q.Workers, 1) {
		return
	}
	next := q.waiting[0]
	q.waiting[0] = nil // the array stays, its event must not
	q.waiting = q.waiting[1:]
	ctx, cancel := context.WithCancelCause(next.ctx)
	if q.running == nil {
		q.running = make(map[*queuedDelivery]context.CancelCauseFunc)
	}
	q.running[next] = cancel
	go q.run(ctx, next)
}

// run processes one delivery.
func (q *WebhookQueue) run(ctx context.Context, d *queuedDelivery) {
	defer q.finish(d)
	err := errors.New("funnel: webhook handler: the function called runtime.Goexit") // as a failed require does
	defer func() {
		if err != nil {
			d.handler.reportError(ctx, d.event, http.StatusAccepted, err)
		}
	}()
	err = d.handler.deliver(ctx, d.event)
}

func (q *WebhookQueue) finish(d *queuedDelivery) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.running[d](nil) // releases the context
	delete(q.running, d)
	q.startNext()
	if len(q.running) == 0 && q.drained != nil {
		close(q.drained)
	}
}
