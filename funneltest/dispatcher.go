package funneltest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	keptDeliveries   = 10_000
	deliveryAttempts = 4
	deliveryTimeout  = 10 * time.Second
	firstRetryWait   = time.Second // doubled for each further attempt
)

// A dispatcher posts events to webhooks. Each webhook that has something to
// get is served by one goroutine, which ends when there is nothing left: the
// order of events is kept, and a receiver that is down holds up only its own.
type dispatcher struct {
	transport http.RoundTripper
	anyHost   bool

	ctx    context.Context // ends with the server
	cancel context.CancelFunc
	posts  sync.WaitGroup

	mu     sync.Mutex
	log    []*Delivery
	queues map[int64][]parcel // by webhook; an entry, if empty, has its goroutine
	idle   chan struct{}      // closed when the last queue has gone; nil: nobody waits
}

// A parcel is a delivery with its address.
type parcel struct {
	*Delivery
	url string
}

func newDispatcher(cfg config) *dispatcher {
	transport := cfg.hooks
	if transport == nil {
		// Without kept connections nothing is left running between deliveries,
		// and without a proxy loopback stays loopback.
		transport = &http.Transport{DisableKeepAlives: true}
	}
	d := &dispatcher{transport: transport, anyHost: cfg.anyHost, queues: make(map[int64][]parcel)}
	d.ctx, d.cancel = context.WithCancel(context.Background())
	return d
}

// deliver queues an event for a webhook.
func (d *dispatcher) deliver(wh *webhook, event string, at time.Time, body []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delivery := &Delivery{WebhookID: wh.ID, Event: event, Body: body, Time: at, State: DeliveryPending}
	if len(d.log) == keptDeliveries {
		d.log = d.log[1:]
	}
	d.log = append(d.log, delivery)
	switch {
	case d.ctx.Err() != nil:
		delivery.State = DeliveryAbandoned
		return
	case !d.anyHost && !isLoopback(wh.URL):
		delivery.State = DeliveryBlocked
		return
	}
	queue, served := d.queues[wh.ID]
	d.queues[wh.ID] = append(queue, parcel{delivery, wh.URL})
	if !served {
		d.posts.Go(func() { d.serve(wh.ID) })
	}
}

// isLoopback trusts addresses and the one name that cannot mean anybody else.
func isLoopback(rawURL string) bool {
	u, err := url.Parse(rawURL)
	if err != nil {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return strings.EqualFold(u.Hostname(), "localhost") || ip != nil && ip.IsLoopback()
}

// serve posts what is queued for a webhook, until nothing is.
func (d *dispatcher) serve(webhookID int64) {
	for {
		next, ok := d.next(webhookID)
		if !ok {
			return
		}
		state := d.post(next)
		d.mu.Lock()
		next.State = state
		d.mu.Unlock()
	}
}

// next takes a parcel from the queue, or gives the queue up.
func (d *dispatcher) next(webhookID int64) (parcel, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	queue := d.queues[webhookID]
	if len(queue) > 0 {
		d.queues[webhookID] = queue[1:]
		return queue[0], true
	}
	delete(d.queues, webhookID)
	if len(d.queues) == 0 && d.idle != nil {
		close(d.idle)
		d.idle = nil
	}
	return parcel{}, false
}

// post tries until the receiver accepts or refuses, or patience ends. A 5xx
// and no answer at all are worth another try.
func (d *dispatcher) post(p parcel) DeliveryState {
	wait := firstRetryWait
	for attempt := 1; ; attempt++ {
		status, err := d.attempt(p)
		d.note(p, attempt, status, err)
		switch {
		case d.ctx.Err() != nil:
			return DeliveryAbandoned
		case err == nil && status < 300:
			return DeliveryDone
		case err == nil && status < 500, attempt == deliveryAttempts:
			return DeliveryFailed
		}
		if pause(d.ctx, wait) != nil {
			return DeliveryAbandoned
		}
		wait *= 2
	}
}

func (d *dispatcher) note(p parcel, attempt, status int, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	p.Attempts, p.Status, p.Error = attempt, status, ""
	if err != nil {
		p.Error = err.Error()
	}
}

// attempt posts once. It uses the transport itself: redirects are answers, not
// ways to go, and errors do not name the URL, which holds the receiver's token.
func (d *dispatcher) attempt(p parcel) (status int, err error) {
	ctx, cancel := context.WithTimeout(d.ctx, deliveryTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url, bytes.NewReader(p.Body))
	if err != nil {
		return 0, errors.New("the webhook's URL cannot be requested")
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "funneltest")
	response, err := d.transport.RoundTrip(r)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	_, _ = io.CopyN(io.Discard, response.Body, 64<<10) // the status has said it all
	return response.StatusCode, nil
}

func (d *dispatcher) list() []Delivery {
	d.mu.Lock()
	defer d.mu.Unlock()
	list := make([]Delivery, len(d.log))
	for i, delivery := range d.log {
		list[i] = *delivery
		list[i].Body = slices.Clone(delivery.Body)
	}
	return list
}

func (d *dispatcher) wait(ctx context.Context) error {
	d.mu.Lock()
	if len(d.queues) == 0 {
		d.mu.Unlock()
		return nil
	}
	if d.idle == nil {
		d.idle = make(chan struct{})
	}
	idle := d.idle
	d.mu.Unlock()
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// close abandons what is pending and waits for the goroutines.
func (d *dispatcher) close() {
	d.mu.Lock()
	d.cancel()
	d.mu.Unlock()
	d.posts.Wait()
}
