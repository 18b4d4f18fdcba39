package funneltest

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/funnel-go/funnel"
)

// A Delivery is an event that is sent to a webhook.
type Delivery struct {
	WebhookID funnel.WebhookID
	Body      []byte    // as posted
	Time      time.Time // when Deliver was called
	State     DeliveryState
	Attempts  int    // requests made so far
	Status    int    // of the last response; zero: there was none
	Error     string // why the last attempt got no response
}

// DeliveryState is the state of a [Delivery].
type DeliveryState string

// The states of a delivery.
const (
	DeliveryPending   DeliveryState = "pending"   // waiting, being sent, or waiting for a retry
	DeliveryDone      DeliveryState = "delivered" // the response was a 2xx
	DeliveryFailed    DeliveryState = "failed"    // the response was a 3xx or 4xx, or the last retry failed
	DeliveryBlocked   DeliveryState = "blocked"   // never sent: see WithWebhooksToAnyHost
	DeliveryAbandoned DeliveryState = "abandoned" // ended by Close
)

// Deliver sends an event to all webhooks that are registered and active. The
// event is encoded as JSON; a []byte or [json.RawMessage] is sent unchanged.
// Each webhook gets one POST, signed with the lower-case hex HMAC-SHA256 of the
// body, keyed with its secret. The header is named by [WithSignatureHeader].
//
// Deliver returns before the event has arrived; use [Server.WaitForDeliveries].
// A webhook gets its events in order. A 5xx, or no response within 10 seconds,
// is retried up to three times, after 1, 2 and 4 seconds.
//
// The vendor's event names and payloads are unknown, so the server delivers
// nothing on its own. Deliver fails if the event cannot be encoded or no active
// webhook is registered.
func (s *Server) Deliver(event any) error {
	body, err := encodeEvent(event)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	webhooks := selectRows(s.account.webhooks.rows, func(wh *webhook) bool { return wh.Active })
	if len(webhooks) == 0 {
		return errors.New("funneltest: deliver: no active webhook is registered: create one with Webhooks.Create")
	}
	for _, wh := range webhooks {
		s.hooks.deliver(*wh, s.cfg.now(), body)
	}
	return nil
}

// NewDelivery returns a delivery of the event to target, such as "/webhooks", as
// [Server.Deliver] sends it: signed with secret, in the header "Signature". Give it to
// the ServeHTTP of a webhook handler, to test that handler without a server and a
// registered webhook. NewDelivery panics if the event cannot be encoded or target is
// not a URL.
//
//	w := httptest.NewRecorder()
//	handler.ServeHTTP(w, funneltest.NewDelivery("/webhooks", secret, map[string]any{"event": "order.paid"}))
func NewDelivery(target, secret string, event any) *http.Request {
	body, err := encodeEvent(event)
	if err != nil {
		panic(err)
	}
	r, err := newDelivery(context.Background(), target, body, defaultSignatureHeader, sign(secret, body))
	if err != nil {
		panic("funneltest: target: " + err.Error())
	}
	return r
}

func newDelivery(ctx context.Context, url string, body []byte, signatureHeader, signature string) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "funneltest")
	r.Header.Set(signatureHeader, signature)
	return r, nil
}

// encodeEvent returns an event as JSON.
func encodeEvent(event any) ([]byte, error) {
	switch event := event.(type) {
	case []byte:
		return slices.Clone(event), nil
	case json.RawMessage:
		return slices.Clone(event), nil
	}
	body, err := json.Marshal(event)
	if err != nil {
		return nil, fmt.Errorf("funneltest: encode the event: %w", err)
	}
	return body, nil
}

// Deliveries returns the webhook deliveries in the order in which they were
// made: the last 10,000.
func (s *Server) Deliveries() []Delivery { return s.hooks.list() }

// WaitForDeliveries waits until no delivery is pending, or returns the
// context's error.
func (s *Server) WaitForDeliveries(ctx context.Context) error { return s.hooks.wait(ctx) }

const (
	keptDeliveries   = 10_000
	deliveryAttempts = 4
	deliveryTimeout  = 10 * time.Second
	firstRetryWait   = time.Second // doubled for each further attempt
)

// A dispatcher sends events to webhooks. Each webhook with pending deliveries
// has one goroutine, which ends with the last of them: events stay in order,
// and a receiver that is down holds up only its own.
type dispatcher struct {
	transport       http.RoundTripper
	anyHost         bool
	signatureHeader string
	report          func(Delivery) // may be nil

	posts sync.WaitGroup

	mu     sync.Mutex
	ctx    context.Context // ends with the server and with a reset
	cancel context.CancelFunc
	closed bool // a reset does not reopen it
	log    []*Delivery
	queues map[int64][]parcel // by webhook; a webhook with an entry has its goroutine
	idle   chan struct{}      // closed when the last queue is done; nil: nobody waits
}

// A parcel is a delivery with its address and signature. Its context is that of the
// dispatcher when it was queued.
type parcel struct {
	*Delivery
	ctx       context.Context
	url       string
	signature string
}

func newDispatcher(cfg config) *dispatcher {
	transport := cfg.hooks
	if transport == nil {
		// Without kept connections no goroutine stays between deliveries, and
		// without a proxy loopback stays loopback.
		transport = &http.Transport{DisableKeepAlives: true}
	}
	d := &dispatcher{
		transport: transport, anyHost: cfg.anyHost, signatureHeader: cfg.signatureHeader, report: cfg.delivered,
		queues: make(map[int64][]parcel),
	}
	d.ctx, d.cancel = context.WithCancel(context.Background())
	return d
}

// sign returns the signature of a body.
func sign(secret string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}

// deliver queues an event for a webhook.
func (d *dispatcher) deliver(wh webhook, at time.Time, body []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delivery := &Delivery{WebhookID: funnel.WebhookID(wh.ID), Body: body, Time: at, State: DeliveryPending}
	if len(d.log) == keptDeliveries {
		d.log = d.log[1:]
	}
	d.log = append(d.log, delivery)
	switch {
	case d.ctx.Err() != nil:
		d.end(delivery, DeliveryAbandoned)
		return
	case !d.anyHost && !isLoopback(wh.URL):
		d.end(delivery, DeliveryBlocked)
		return
	}
	queue, served := d.queues[wh.ID]
	d.queues[wh.ID] = append(queue, parcel{delivery, d.ctx, wh.URL, sign(wh.Secret, body)})
	if !served {
		d.posts.Go(func() { d.serve(wh.ID) })
	}
}

// serve sends what is queued for a webhook, until the queue is empty.
func (d *dispatcher) serve(webhookID int64) {
	for {
		next, ok := d.next(webhookID)
		if !ok {
			return
		}
		state := d.post(next)
		d.mu.Lock()
		d.end(next.Delivery, state)
		d.mu.Unlock()
	}
}

// end sets how a delivery has ended. The caller holds the lock.
func (d *dispatcher) end(delivery *Delivery, state DeliveryState) {
	delivery.State = state
	if d.report != nil {
		ended := *delivery
		ended.Body = slices.Clone(delivery.Body)
		d.report(ended)
	}
}

// next takes a parcel from the queue, or removes the empty queue.
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

// post makes attempts until the delivery's outcome is certain.
func (d *dispatcher) post(p parcel) DeliveryState {
	wait := firstRetryWait
	for attempt := 1; ; attempt++ {
		status, err := d.attempt(p)
		d.note(p, attempt, status, err)
		switch {
		case p.ctx.Err() != nil:
			return DeliveryAbandoned
		case err == nil && status < 300:
			return DeliveryDone
		case err == nil && status < 500, attempt == deliveryAttempts:
			return DeliveryFailed
		}
		if pause(p.ctx, wait) != nil {
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

// attempt sends one request. It uses the transport directly: redirects are not
// followed, and errors do not show the URL, which may hold the receiver's token.
func (d *dispatcher) attempt(p parcel) (status int, err error) {
	ctx, cancel := context.WithTimeout(p.ctx, deliveryTimeout)
	defer cancel()
	r, err := newDelivery(ctx, p.url, p.Body, d.signatureHeader, p.signature)
	if err != nil {
		return 0, errors.New("the webhook's URL is not valid")
	}
	response, err := d.transport.RoundTrip(r)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	_, _ = io.CopyN(io.Discard, response.Body, 64<<10) // only the status matters
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
	d.closed = true
	d.mu.Unlock()
	d.stop()
}

// stop abandons what is pending and waits for the goroutines. Later deliveries are
// abandoned too, until restart.
func (d *dispatcher) stop() {
	d.mu.Lock()
	d.cancel()
	d.mu.Unlock()
	d.posts.Wait()
}

// restart forgets all deliveries and accepts new ones, unless the dispatcher is
// closed. No other reset may be in stop meanwhile: a WaitGroup must not grow then.
func (d *dispatcher) restart() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.log = nil
	if !d.closed {
		d.ctx, d.cancel = context.WithCancel(context.Background())
	}
}
