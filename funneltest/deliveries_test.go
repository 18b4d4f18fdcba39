package funneltest_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel/funneltest"
)

// accept is a receiver that takes everything.
func accept() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
}

// receiver keeps what it gets and answers with the statuses in turn, then 200.
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

// settle waits until all webhooks have been delivered.
func (a *api) settle() {
	a.t.Helper()
	require.NoError(a.t, a.WaitForDeliveries(a.t.Context()))
}

func TestEventsAreDeliveredAsTheyHappen(t *testing.T) {
	t.Parallel()
	clock := newClock("2026-11-22T09:30:00Z")
	r := &receiver{}
	a := newAPI(t, funneltest.WithClock(clock.now), funneltest.WithWebhookHandler(r))
	a.setUp(
		`POST /webhook {"url":"https://hooks.test/in?token=secret"}`,
		`POST /tag {"name":"a"}`, `POST /tag {"name":"b"}`,
		`POST /sequence {"name":"s"}`, `POST /sequence-stage {"sequence_id":1,"type":"wait"}`,
		`POST /contact {"email":"ada@example.com","tag_ids":[1],"sequence_ids":[1]}`,
		`PUT /contact {"contact_id":1,"first_name":"Ada"}`,
		`POST /contact-tag {"contact_id":1,"tag_ids":[1,2]}`,
		`POST /funnel {"name":"f"}`,
		`POST /campaign {"name":"c"}`,
		`POST /campaign-schedule {"campaign_id":1,"scheduled_for":"2026-11-22T10:00:00Z"}`,
		// None of these is an event:
		`PUT /contact {"contact_id":1,"first_name":"Ada"}`,
		`POST /contact-tag {"contact_id":1,"tag_ids":[2]}`,
		`POST /contact-sequence {"contact_id":1,"sequence_id":1}`,
		`DELETE /contact-tag?contact_id=1&tag_ids=2`,
	)
	require.NoError(t, a.RecordVisit(1))
	require.NoError(t, a.RecordOptin(1))
	require.NoError(t, a.RecordSale(1, "49.9"))
	clock.set("2026-11-22T10:00:00Z")
	contact := string(a.get("/contact?contact_id=1").ok().Data)
	campaign := string(a.get("/campaign?campaign_id=1").ok().Data)
	a.settle()

	// The contact as it was at each moment: untagged, tagged, named, tagged again.
	version := func(name, tags string) string {
		c := strings.Replace(contact, `"first_name":"Ada"`, `"first_name":`+name, 1)
		return strings.Replace(c, `"tags":[{"id":1,"name":"a"}]`, `"tags":`+tags, 1)
	}
	const (
		tagA     = `[{"id":1,"name":"a"}]`
		tagsAB   = `[{"id":1,"name":"a"},{"id":2,"name":"b"}]`
		at       = `"2026-11-22T09:30:00.000000Z"`
		sequence = `{"id":1,"name":"s","status":"draft","stages_count":1,"created_at":` + at + `}`
		funnel   = `{"id":1,"name":"f","status":"draft","subdomain":"acme","steps_count":0,"created_at":` + at + `}`
	)
	want := []struct{ event, data, at string }{
		{"contact.created", `{"contact":` + version("null", "[]") + `}`, at},
		{"contact.tagged", `{"contact":` + version("null", tagA) + `,"tags":` + tagA + `}`, at},
		{"contact.enrolled", `{"contact":` + version("null", tagA) + `,"sequence":` + sequence + `}`, at},
		{"contact.updated", `{"contact":` + version(`"Ada"`, tagA) + `}`, at},
		{"contact.tagged", `{"contact":` + version(`"Ada"`, tagsAB) + `,"tags":[{"id":2,"name":"b"}]}`, at},
		{"funnel.optin", `{"funnel":` + funnel + `}`, at},
		{"funnel.sale", `{"funnel":` + funnel + `,"amount":"49.90"}`, at},
		{"campaign.sent", `{"campaign":` + campaign + `}`, `"2026-11-22T10:00:00.000000Z"`},
	}
	require.Len(t, r.bodies, len(want))
	for i, w := range want {
		require.JSONEq(t, `{"event":"`+w.event+`","data":`+w.data+`,"created_at":`+w.at+`}`, r.bodies[i])
		require.Equal(t, "https://hooks.test/in?token=secret", r.requests[i].URL.String())
		require.Equal(t, http.MethodPost, r.requests[i].Method)
		require.Equal(t, "application/json", r.requests[i].Header.Get("Content-Type"))
	}
}

func TestOnlyActiveWebhooksGetTheEventsTheyAskedFor(t *testing.T) {
	t.Parallel()
	a := newAPI(t, funneltest.WithWebhookHandler(accept()))
	a.setUp(
		`POST /webhook {"url":"https://all.test/"}`,
		`POST /webhook {"url":"https://created.test/","events":["contact.created"]}`,
		`POST /webhook {"url":"https://updated.test/","events":["contact.updated"]}`,
		`POST /webhook {"url":"https://asleep.test/","active":false}`,
		`POST /webhook {"url":"https://none.test/","events":[]}`,
		`POST /contact {"email":"ada@example.com"}`,
	)
	a.settle()
	var got []int64
	for _, d := range a.Deliveries() {
		require.Equal(t, "contact.created", d.Event)
		require.Equal(t, funneltest.DeliveryDone, d.State)
		require.Equal(t, 204, d.Status)
		require.Equal(t, 1, d.Attempts)
		require.True(t, json.Valid(d.Body))
		got = append(got, d.WebhookID)
	}
	require.Equal(t, []int64{1, 2}, got)
}

func TestDeliveryIsRetriedOn5xxWithGrowingWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &receiver{statuses: []int{500, 503, 502}}
		a := newAPI(t, funneltest.WithWebhookHandler(r))
		a.setUp(`POST /webhook {"url":"https://hooks.test/"}`, `POST /contact {"email":"ada@example.com"}`)
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

func TestDeliveryEndsAs(t *testing.T) {
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
		"failed after four 5xx":   {transport(answering(500)), funneltest.DeliveryFailed, 4, 500, ""},
		"failed at once on 4xx":   {transport(answering(410)), funneltest.DeliveryFailed, 1, 410, ""},
		"failed on a redirect":    {transport(answering(302)), funneltest.DeliveryFailed, 1, 302, ""},
		"delivered on any 2xx":    {transport(answering(299)), funneltest.DeliveryDone, 1, 299, ""},
		"failed without answers":  {transport(failing{}), funneltest.DeliveryFailed, 4, 0, "no route"},
		"failed after time-outs":  {transport(silent{}), funneltest.DeliveryFailed, 4, 0, "context deadline exceeded"},
		"failed by its own panic": {handler(func() { panic("oops") }), funneltest.DeliveryFailed, 4, 0, "the handler panicked: oops"},
		"failed by its own end":   {handler(runtime.Goexit), funneltest.DeliveryFailed, 4, 0, "the handler ended its goroutine, as a failed require does"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newAPI(t, test.through)
				a.setUp(`POST /webhook {"url":"https://hooks.test/?token=secret"}`, `POST /contact {"email":"ada@example.com"}`)
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

func TestAWebhookTransportThatIsMissingIsAPanic(t *testing.T) {
	t.Parallel()
	require.Panics(t, func() { funneltest.WithWebhookTransport(nil) }, "it would let deliveries out to anybody")
}

// answering is a receiver's whole transport: one status for everything.
type answering int

func (status answering) RoundTrip(*http.Request) (*http.Response, error) {
	header := http.Header{"Location": {"https://elsewhere.test/"}}
	return &http.Response{StatusCode: int(status), Header: header, Body: http.NoBody}, nil
}

type failing struct{}

func (failing) RoundTrip(*http.Request) (*http.Response, error) { return nil, errors.New("no route") }

// silent never answers.
type silent struct{}

func (silent) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func TestDeliveryTimesOutAfterTenSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAPI(t, funneltest.WithWebhookTransport(silent{}))
		a.setUp(`POST /webhook {"url":"https://hooks.test/"}`, `POST /contact {"email":"ada@example.com"}`)
		start := time.Now()
		a.settle()
		require.Equal(t, 4*10*time.Second+7*time.Second, time.Since(start))
	})
}

func TestSlowInMemoryReceiverTimesOutToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAPI(t, funneltest.WithWebhookHandler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			<-r.Context().Done() // and then says 200
		})))
		a.setUp(`POST /webhook {"url":"https://hooks.test/"}`, `POST /contact {"email":"ada@example.com"}`)
		a.settle()
		require.Equal(t, "context deadline exceeded", a.Deliveries()[0].Error)
	})
}

func TestEventsArriveInOrderAndADeadReceiverHoldsUpOnlyItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		good := &receiver{statuses: []int{500}}
		a := newAPI(t, funneltest.WithWebhookTransport(byHost{
			"good.test": inMemory{good}, "dead.test": silent{},
		}))
		a.setUp(
			`POST /webhook {"url":"https://dead.test/"}`,
			`POST /webhook {"url":"https://good.test/"}`,
			`POST /contact {"email":"a@example.com"}`,
			`POST /contact {"email":"b@example.com"}`,
			`POST /contact {"email":"c@example.com"}`,
		)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		require.Len(t, good.bodies, 4)
		for i, address := range []string{"a@", "a@", "b@", "c@"} {
			require.Contains(t, good.bodies[i], address)
		}
		for _, d := range a.Deliveries() {
			if d.WebhookID == 1 {
				require.Equal(t, funneltest.DeliveryPending, d.State)
			}
		}
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

func TestWaitingForDeliveriesEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAPI(t, funneltest.WithWebhookTransport(silent{}))
		a.setUp(`POST /webhook {"url":"https://hooks.test/"}`, `POST /contact {"email":"ada@example.com"}`)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorIs(t, a.WaitForDeliveries(ctx), context.DeadlineExceeded)
	})
}

func TestCloseAbandonsDeliveries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // the bubble ends only if no goroutine is left
		a := newAPI(t, funneltest.WithWebhookTransport(byHost{"silent.test": silent{}, "down.test": answering(500)}))
		a.setUp(
			`POST /webhook {"url":"https://silent.test/"}`,
			`POST /webhook {"url":"https://down.test/"}`,
			`POST /contact {"email":"a@example.com"}`,
			`POST /contact {"email":"b@example.com"}`,
			`POST /funnel {"name":"f"}`,
		)
		synctest.Wait() // one under way, one waiting to be tried again
		start := time.Now()
		a.Close()
		require.Zero(t, time.Since(start))
		require.NoError(t, a.RecordOptin(1)) // too late to be delivered
		require.Len(t, a.Deliveries(), 6)
		for _, d := range a.Deliveries() {
			require.Equal(t, funneltest.DeliveryAbandoned, d.State)
		}
	})
}

func TestWebhooksDoNotLeaveTheMachineUnasked(t *testing.T) {
	t.Parallel()
	tests := map[string]bool{ // by host: delivered
		"127.0.0.1:1":        true,
		"127.9.9.9:1":        true,
		"[::1]:1":            true,
		"localhost:1":        true,
		"example.com":        false,
		"localhost.evil.com": false,
		"127.0.0.1.nip.io":   false,
		"10.0.0.1":           false,
		"0.0.0.0:1":          false,
	}
	for host, allowed := range tests {
		t.Run(host, func(t *testing.T) {
			t.Parallel()
			a := newAPI(t)
			a.setUp(`POST /webhook {"url":"http://`+host+`/"}`, `POST /contact {"email":"ada@example.com"}`)
			d := a.Deliveries()[0]
			require.Equal(t, allowed, d.State != funneltest.DeliveryBlocked)
			if !allowed {
				require.Zero(t, d.Attempts)
			}
			a.Close()
		})
	}
}

func TestOnlyTheLastDeliveriesAreKept(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.setUp(`POST /webhook {"url":"https://blocked.example/"}`, `POST /funnel {"name":"f"}`)
	require.NoError(t, a.RecordSale(1, "1"))
	for range 10_000 {
		require.NoError(t, a.RecordOptin(1))
	}
	got := a.Deliveries()
	require.Len(t, got, 10_000)
	require.Equal(t, "funnel.optin", got[0].Event)
}

func TestWebhooksToAnyHostIsAChoice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAPI(t, funneltest.WithWebhookTransport(answering(200)), funneltest.WithWebhooksToAnyHost())
		a.setUp(`POST /webhook {"url":"https://example.com/"}`, `POST /contact {"email":"ada@example.com"}`)
		a.settle()
		require.Equal(t, funneltest.DeliveryDone, a.Deliveries()[0].State)
	})
}

func TestDeliveryOverALoopbackSocket(t *testing.T) {
	t.Parallel()
	r := &receiver{}
	hooks := httptest.NewServer(r)
	defer hooks.Close()
	a := newAPI(t)
	a.setUp(`POST /webhook {"url":"`+hooks.URL+`/in?token=secret"}`, `POST /contact {"email":"ada@example.com"}`)
	a.settle()
	require.Equal(t, funneltest.DeliveryDone, a.Deliveries()[0].State)
	require.Equal(t, "/in?token=secret", r.requests[0].RequestURI)
	require.JSONEq(t, string(a.Deliveries()[0].Body), r.bodies[0])
}

func TestDeliveryErrorsDoNotNameTheURL(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.setUp(`POST /webhook {"url":"http://127.0.0.1:1/?token=secret"}`, `POST /contact {"email":"ada@example.com"}`)
	require.Eventually(t, func() bool { return a.Deliveries()[0].Attempts > 0 }, 5*time.Second, time.Millisecond)
	require.NotEmpty(t, a.Deliveries()[0].Error)
	require.NotContains(t, a.Deliveries()[0].Error, "secret")
	a.Close()
}

func TestInMemoryReceiverSeesARequestLikeAnyOther(t *testing.T) {
	t.Parallel()
	type seen struct{ uri, host, remote string }
	var got seen
	a := newAPI(t, funneltest.WithWebhookHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = seen{r.RequestURI, r.Host, r.RemoteAddr}
		w.Header().Set("X-Answer", "yes")
		_, _ = io.WriteString(w, "thanks")
		w.WriteHeader(http.StatusTeapot) // too late, as in net/http
	})))
	a.setUp(`POST /webhook {"url":"https://hooks.test/in?token=t"}`, `POST /contact {"email":"ada@example.com"}`)
	a.settle()
	require.Equal(t, seen{"/in?token=t", "hooks.test", "127.0.0.1:1"}, got)
	require.Equal(t, 200, a.Deliveries()[0].Status)
}
