package funneltest_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
)

// receiver records requests and responds with the statuses in turn, then 200.
type receiver struct {
	mu       sync.Mutex
	statuses []int
	bodies   []string
	requests []*http.Request
	times    []time.Time
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	body, _ := io.ReadAll(req.Body)
	r.bodies = append(r.bodies, string(body))
	r.requests = append(r.requests, req)
	r.times = append(r.times, time.Now())
	if len(r.statuses) > 0 {
		w.WriteHeader(r.statuses[0])
		r.statuses = r.statuses[1:]
	}
}

// deliver sends an event to all webhooks.
func (a *api) deliver() {
	a.t.Helper()
	require.NoError(a.t, a.Deliver(map[string]any{"event": "test"}))
}

// settle waits until all deliveries have ended.
func (a *api) settle() {
	a.t.Helper()
	require.NoError(a.t, a.WaitForDeliveries(a.t.Context()))
}

// A delivery that the test makes itself is like one of the server.
func TestNewDelivery_IsAcceptedByAHandler(t *testing.T) {
	t.Parallel()
	var got *funnel.Event
	handler, err := funnel.NewWebhookHandler("secret", func(_ context.Context, event *funnel.Event) error {
		got = event
		return nil
	}, funnel.WithSignatureHeader("Signature"))
	require.NoError(t, err)
	mux := http.NewServeMux()
	mux.Handle("POST /webhooks", handler)
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, funneltest.NewDelivery("/webhooks", "secret", map[string]any{"event": "order.paid"}))
	require.Equal(t, http.StatusNoContent, w.Code)
	require.Equal(t, "order.paid", got.Type)
	require.JSONEq(t, `{"event":"order.paid"}`, string(got.Body))

	w = httptest.NewRecorder()
	mux.ServeHTTP(w, funneltest.NewDelivery("/webhooks", "another", []byte(`{}`)))
	require.Equal(t, http.StatusUnauthorized, w.Code)

	require.PanicsWithError(t, "funneltest: encode the event: json: unsupported type: func()", func() { funneltest.NewDelivery("/", "secret", func() {}) })
	require.Panics(t, func() { funneltest.NewDelivery("http://\x00", "secret", nil) })
}

func TestDeliver_SignsForEachWebhook(t *testing.T) {
	t.Parallel()
	r := &receiver{}
	a := newAPIAtNoon(t, funneltest.WithWebhookHandler(r))
	a.setUp(`POST /webhook {"url":"https://one.example/in?token=t"}`, `POST /webhook {"url":"https://two.example/"}`)
	require.NoError(t, a.Deliver(struct {
		Event string `json:"event"`
	}{"order"}))
	a.settle()

	const body = `{"event":"order"}`
	signatures := map[string]string{}
	require.Equal(t, []string{body, body}, r.bodies)
	for _, request := range r.requests {
		require.Equal(t, http.MethodPost, request.Method)
		require.Equal(t, "application/json", request.Header.Get("Content-Type"))
		signatures[request.URL.String()] = request.Header.Get("Signature")
	}
	require.Equal(t, map[string]string{
		"https://one.example/in?token=t": hexHMAC(a.WebhookSecret(1), body),
		"https://two.example/":           hexHMAC(a.WebhookSecret(2), body),
	}, signatures)
	require.Equal(t, []funneltest.Delivery{
		{WebhookID: 1, Body: []byte(body), Time: at(noon), State: funneltest.DeliveryDone, Attempts: 1, Status: 200},
		{WebhookID: 2, Body: []byte(body), Time: at(noon), State: funneltest.DeliveryDone, Attempts: 1, Status: 200},
	}, a.Deliveries())
}

// hexHMAC is the documented signature of a body.
func hexHMAC(secret, body string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(body))
	return fmt.Sprintf("%x", mac.Sum(nil))
}

func TestWithSignatureHeader(t *testing.T) {
	t.Parallel()
	for option, header := range map[string]string{"": "Signature", "x-wolf": "X-Wolf"} {
		r := &receiver{}
		a := newAPI(t, funneltest.WithWebhookHandler(r), funneltest.WithSignatureHeader(option))
		a.setUp(`POST /webhook {"url":"https://hooks.example/"}`)
		a.deliver()
		a.settle()
		require.Equal(t, []string{hexHMAC(a.WebhookSecret(1), r.bodies[0])}, r.requests[0].Header[header])
	}
}

func TestDeliver_Bodies(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		event any
		body  string
	}{
		"a struct":    {struct{ A int }{1}, `{"A":1}`},
		"a string":    {"text", `"text"`},
		"nil":         {nil, `null`},
		"bytes":       {[]byte("{ \"a\": 1 }\n"), "{ \"a\": 1 }\n"},
		"not JSON":    {[]byte("a=1"), "a=1"},
		"raw message": {json.RawMessage(`{ "a" : 1 }`), `{ "a" : 1 }`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &receiver{}
			a := newAPI(t, funneltest.WithWebhookHandler(r))
			a.setUp(`POST /webhook {"url":"https://hooks.example/"}`)
			require.NoError(t, a.Deliver(test.event))
			a.settle()
			require.Equal(t, []string{test.body}, r.bodies)
			require.Equal(t, hexHMAC(a.WebhookSecret(1), test.body), r.requests[0].Header.Get("Signature"))
		})
	}
}

func TestDeliver_KeepsItsOwnCopyOfTheBody(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.setUp(`POST /webhook {"url":"https://blocked.example/"}`)
	body := []byte(`{"a":1}`)
	require.NoError(t, a.Deliver(body))
	body[1] = 'X'
	a.Deliveries()[0].Body[1] = 'Y'
	require.JSONEq(t, `{"a":1}`, string(a.Deliveries()[0].Body))
}

func TestDeliver_Errors(t *testing.T) {
	t.Parallel()
	a := newAPI(t, funneltest.WithWebhookHandler(&receiver{}))
	require.EqualError(t, a.Deliver("x"), "funneltest: deliver: no active webhook is registered: create one with Webhooks.Create")
	require.NoError(t, a.Restore([]byte(`{"version":2,"webhooks":{"rows":[{"id":1,"url":"https://asleep.example/"}]}}`)))
	require.EqualError(t, a.Deliver("x"), "funneltest: deliver: no active webhook is registered: create one with Webhooks.Create")
	a.setUp(`POST /webhook {"url":"https://hooks.example/"}`)
	require.ErrorContains(t, a.Deliver(make(chan int)), "funneltest: encode the event: json: unsupported type")
	require.NoError(t, a.Deliver("x"))
	require.Len(t, a.Deliveries(), 1)
	require.EqualValues(t, 2, a.Deliveries()[0].WebhookID)
}

func TestDeliver_NothingOnItsOwn(t *testing.T) {
	t.Parallel()
	a := newAPI(t, funneltest.WithWebhookHandler(&receiver{}))
	a.setUp(`POST /webhook {"url":"https://hooks.example/"}`, `POST /contact {"email":"ada@example.com"}`)
	a.AddOrder(funneltest.Order{})
	require.Empty(t, a.Deliveries())
	require.NoError(t, a.WaitForDeliveries(t.Context()))
}

func TestDeliver_InOrderAndIndependentOfOtherReceivers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		good := &receiver{statuses: []int{500}}
		a := newAPI(t, funneltest.WithWebhookTransport(byHost{
			"good.example": inMemory{good}, "dead.example": silent{},
		}))
		a.setUp(`POST /webhook {"url":"https://dead.example/"}`, `POST /webhook {"url":"https://good.example/"}`)
		for n := range 3 {
			require.NoError(t, a.Deliver(n))
		}
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		require.ErrorIs(t, a.WaitForDeliveries(ctx), context.DeadlineExceeded)
		synctest.Wait()
		require.Equal(t, []string{"0", "0", "1", "2"}, good.bodies)
		for _, d := range a.Deliveries() {
			require.Equal(t, d.WebhookID == 1, d.State == funneltest.DeliveryPending)
		}
	})
}

func TestDeliver_AbandonedByClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // the bubble ends only if no goroutine is left
		a := newAPI(t, funneltest.WithWebhookTransport(byHost{"silent.example": silent{}, "down.example": responding(500)}))
		a.setUp(`POST /webhook {"url":"https://silent.example/"}`, `POST /webhook {"url":"https://down.example/"}`)
		a.deliver()
		a.deliver()
		synctest.Wait() // one is being sent, one waits for a retry
		start := time.Now()
		a.Close()
		require.Zero(t, time.Since(start))
		a.deliver() // too late
		require.Len(t, a.Deliveries(), 6)
		for _, d := range a.Deliveries() {
			require.Equal(t, funneltest.DeliveryAbandoned, d.State)
		}
	})
}

func TestDeliver_BlockedUnlessLoopback(t *testing.T) {
	t.Parallel()
	for url, allowed := range map[string]bool{
		"http://127.0.0.1:1":         true,
		"http://127.9.9.9:1":         true,
		"http://[::1]:1":             true,
		"http://localhost:1":         true,
		"https://example.com":        false,
		"https://localhost.evil.com": false,
		"https://127.0.0.1.nip.io":   false,
		"https://10.0.0.1":           false,
		"https://0.0.0.0:1":          false,
	} {
		t.Run(url, func(t *testing.T) {
			t.Parallel()
			a := newAPI(t)
			a.setUp(`POST /webhook {"url":"` + url + `"}`)
			a.deliver()
			d := a.Deliveries()[0]
			require.Equal(t, allowed, d.State != funneltest.DeliveryBlocked)
			if !allowed {
				require.Zero(t, d.Attempts)
			}
			a.Close()
		})
	}
}

func TestDeliveries_OnlyTheLastAreKept(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.setUp(`POST /webhook {"url":"https://blocked.example/"}`)
	for n := range 10_001 {
		require.NoError(t, a.Deliver(n))
	}
	got := a.Deliveries()
	require.Len(t, got, 10_000)
	require.Equal(t, "1", string(got[0].Body))
}

func TestDeliver_RetriesA5xx(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &receiver{statuses: []int{500, 503, 502}}
		a := newAPI(t, funneltest.WithWebhookHandler(r))
		a.setUp(`POST /webhook {"url":"https://hooks.test/"}`)
		a.deliver()
		start := time.Now()
		a.settle()
		d := a.Deliveries()[0]
		require.Equal(t, funneltest.DeliveryDone, d.State)
		require.Equal(t, 4, d.Attempts)
		require.Equal(t, 200, d.Status)
		require.Equal(t, []time.Duration{0, time.Second, 3 * time.Second, 7 * time.Second}, since(start, r.times))
		require.Equal(t, r.bodies[0], r.bodies[3])
	})
}

func since(start time.Time, times []time.Time) (waits []time.Duration) {
	for _, at := range times {
		waits = append(waits, at.Sub(start))
	}
	return waits
}

func TestDeliver_States(t *testing.T) {
	transport := funneltest.WithWebhookTransport
	handler := func(do func()) funneltest.Option {
		return funneltest.WithWebhookHandler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { do() }))
	}
	tests := map[string]struct {
		through  funneltest.Option
		state    funneltest.DeliveryState
		attempts int
		status   int
		err      string
	}{
		"failed after four 5xx":   {through: transport(responding(500)), state: funneltest.DeliveryFailed, attempts: 4, status: 500},
		"failed at once on 4xx":   {through: transport(responding(410)), state: funneltest.DeliveryFailed, attempts: 1, status: 410},
		"failed on a redirect":    {through: transport(responding(302)), state: funneltest.DeliveryFailed, attempts: 1, status: 302},
		"delivered on any 2xx":    {through: transport(responding(299)), state: funneltest.DeliveryDone, attempts: 1, status: 299},
		"failed without response": {through: transport(failing{}), state: funneltest.DeliveryFailed, attempts: 4, err: "no route"},
		"failed after time-outs":  {through: transport(silent{}), state: funneltest.DeliveryFailed, attempts: 4, err: "context deadline exceeded"},
		"failed by a panic":       {through: handler(func() { panic("oops") }), state: funneltest.DeliveryFailed, attempts: 4, err: "the handler panicked: oops"},
		"failed by Goexit":        {through: handler(runtime.Goexit), state: funneltest.DeliveryFailed, attempts: 4, err: "the handler called runtime.Goexit, as t.FailNow and a failed require do"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newAPI(t, test.through)
				a.setUp(`POST /webhook {"url":"https://hooks.test/?token=secret"}`)
				a.deliver()
				a.settle()
				d := a.Deliveries()[0]
				require.Equal(t, test.state, d.State)
				require.Equal(t, test.attempts, d.Attempts)
				require.Equal(t, test.status, d.Status)
				require.Equal(t, test.err, d.Error)
			})
		})
	}
}

func TestWithWebhookTransport_NilPanics(t *testing.T) {
	t.Parallel()
	require.Panics(t, func() { funneltest.WithWebhookTransport(nil) }, "it would let deliveries out to anybody")
}

// responding is a transport that responds to every request with one status.
type responding int

func (status responding) RoundTrip(*http.Request) (*http.Response, error) {
	header := http.Header{"Location": {"https://elsewhere.test/"}}
	return &http.Response{StatusCode: int(status), Header: header, Body: http.NoBody}, nil
}

type failing struct{}

func (failing) RoundTrip(*http.Request) (*http.Response, error) { return nil, errors.New("no route") }

// silent never responds.
type silent struct{}

func (silent) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func TestDeliver_TimesOutAfterTenSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAPI(t, funneltest.WithWebhookTransport(silent{}))
		a.setUp(`POST /webhook {"url":"https://hooks.test/"}`)
		a.deliver()
		start := time.Now()
		a.settle()
		require.Equal(t, 4*10*time.Second+7*time.Second, time.Since(start))
	})
}

func TestDeliver_SlowHandlerTimesOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAPI(t, funneltest.WithWebhookHandler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			<-r.Context().Done() // and then says 200
		})))
		a.setUp(`POST /webhook {"url":"https://hooks.test/"}`)
		a.deliver()
		a.settle()
		require.Equal(t, "context deadline exceeded", a.Deliveries()[0].Error)
	})
}

// byHost chooses a transport by the request's host.
type byHost map[string]http.RoundTripper

func (b byHost) RoundTrip(r *http.Request) (*http.Response, error) { return b[r.URL.Host].RoundTrip(r) }

// inMemory is a transport to a handler.
type inMemory struct{ http.Handler }

func (m inMemory) RoundTrip(r *http.Request) (*http.Response, error) {
	rec := httptest.NewRecorder()
	m.ServeHTTP(rec, r)
	return rec.Result(), nil
}

func TestWaitForDeliveries_EndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAPI(t, funneltest.WithWebhookTransport(silent{}))
		a.setUp(`POST /webhook {"url":"https://hooks.test/"}`)
		a.deliver()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorIs(t, a.WaitForDeliveries(ctx), context.DeadlineExceeded)
	})
}

func TestWithWebhooksToAnyHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAPI(t, funneltest.WithWebhookTransport(responding(200)), funneltest.WithWebhooksToAnyHost())
		a.setUp(`POST /webhook {"url":"https://example.com/"}`)
		a.deliver()
		a.settle()
		require.Equal(t, funneltest.DeliveryDone, a.Deliveries()[0].State)
	})
}

func TestDeliver_OverALoopbackSocket(t *testing.T) {
	t.Parallel()
	r := &receiver{}
	hooks := httptest.NewServer(r)
	defer hooks.Close()
	a := newAPI(t)
	a.setUp(`POST /webhook {"url":"` + hooks.URL + `/in?token=secret"}`)
	a.deliver()
	a.settle()
	require.Equal(t, funneltest.DeliveryDone, a.Deliveries()[0].State)
	require.Equal(t, "/in?token=secret", r.requests[0].RequestURI)
	require.JSONEq(t, string(a.Deliveries()[0].Body), r.bodies[0])
}

func TestDeliver_ErrorsDoNotShowTheURL(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.setUp(`POST /webhook {"url":"http://127.0.0.1:1/?token=secret"}`)
	a.deliver()
	require.Eventually(t, func() bool { return a.Deliveries()[0].Attempts > 0 }, 5*time.Second, time.Millisecond)
	require.NotEmpty(t, a.Deliveries()[0].Error)
	require.NotContains(t, a.Deliveries()[0].Error, "secret")
	a.Close()
}

func TestWithWebhookHandler_SeesARequestLikeAnyOther(t *testing.T) {
	t.Parallel()
	type seen struct{ uri, host, remote string }
	var got seen
	a := newAPI(t, funneltest.WithWebhookHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = seen{r.RequestURI, r.Host, r.RemoteAddr}
		w.Header().Set("X-Answer", "yes")
		_, _ = io.WriteString(w, "thanks")
		w.WriteHeader(http.StatusTeapot) // too late, as in net/http
	})))
	a.setUp(`POST /webhook {"url":"https://hooks.test/in?token=t"}`)
	a.deliver()
	a.settle()
	require.Equal(t, seen{"/in?token=t", "hooks.test", "127.0.0.1:1"}, got)
	require.Equal(t, 200, a.Deliveries()[0].Status)
}

func TestWithDeliveryReport(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var reports []string
		a := newAPI(t,
			funneltest.WithWebhookTransport(byHost{"good.example": inMemory{&receiver{}}, "bad.example": inMemory{&receiver{statuses: []int{404}}}}),
			funneltest.WithDeliveryReport(func(d funneltest.Delivery) {
				reports = append(reports, fmt.Sprintf("%d %s %d %d %s", d.WebhookID, d.State, d.Attempts, d.Status, d.Body))
			}))
		a.setUp(`POST /webhook {"url":"https://good.example/"}`)
		require.NoError(t, a.Deliver(1))
		a.settle()
		a.setUp(`POST /webhook {"url":"https://bad.example/"}`, `DELETE /webhook {"webhook_id":1}`)
		require.NoError(t, a.Deliver(2))
		a.settle()
		require.Equal(t, []string{"1 delivered 1 200 1", "2 failed 1 404 2"}, reports)
		a.Close()
		require.NoError(t, a.Deliver(3))
		require.Equal(t, "2 abandoned 0 0 3", reports[2])
	})
}

func TestWithDeliveryReport_Blocked(t *testing.T) {
	t.Parallel()
	var states []funneltest.DeliveryState
	a := newAPI(t, funneltest.WithDeliveryReport(func(d funneltest.Delivery) { states = append(states, d.State) }))
	a.setUp(`POST /webhook {"url":"https://blocked.example/"}`)
	a.deliver()
	require.Equal(t, []funneltest.DeliveryState{funneltest.DeliveryBlocked}, states)
}
