package funnel_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
)

// hookToken holds what URLs and JSON escape.
const hookToken = `5ecret/+&="%€ 0123456789`

// hookPath is the path of a delivery with the right token.
var hookPath = "/hook?token=" + url.QueryEscape(hookToken)

const saleDelivery = `{"event":"funnel.sale","data":{"funnel":{"id":4},"amount":"49.90"},"created_at":"2026-05-01T09:00:00Z"}`

// A hookReceiver is what a webhook handler hands over: events to the user's
// function, refusals and failures to the user's report.
type hookReceiver struct {
	handle func(context.Context, *funnel.Event) error // may be nil

	mu      sync.Mutex
	events  []*funnel.Event
	reports []hookReport
}

type hookReport struct {
	status int
	err    error
}

func (r *hookReceiver) receive(ctx context.Context, event *funnel.Event) error {
	r.mu.Lock()
	r.events = append(r.events, event)
	r.mu.Unlock()
	if r.handle == nil {
		return nil
	}
	return r.handle(ctx, event)
}

func (r *hookReceiver) report(_ context.Context, status int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reports = append(r.reports, hookReport{status, err})
}

func (r *hookReceiver) handler(t *testing.T, opts ...funnel.WebhookOption) http.Handler {
	t.Helper()
	handler, err := funnel.NewWebhookHandler(hookToken, r.receive, append(opts, funnel.WithWebhookErrors(r.report))...)
	require.NoError(t, err)
	return handler
}

// deliver has handler answer a request.
func deliver(handler http.Handler, method, target, contentType string, body io.Reader) *http.Response {
	req := httptest.NewRequest(method, target, body)
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, req)
	return answer.Result()
}

// A delivery is answered with 204 or with the status of the first thing that is
// wrong with it; the reason goes to the report, and to nobody else.
func TestWebhookHandler_Statuses(t *testing.T) {
	t.Parallel()
	const asJSON = "application/json"
	tests := []struct {
		name        string
		method      string
		target      string
		contentType string
		body        string
		handle      func(context.Context, *funnel.Event) error
		status      int
		reports     string // part of the error
		delivers    bool
	}{
		{"delivery", "POST", hookPath, asJSON, saleDelivery, nil, 204, "", true},
		{"with a charset", "POST", hookPath, "application/json; charset=utf-8", saleDelivery, nil, 204, "", true},
		{"type in capitals", "POST", hookPath, "Application/JSON", saleDelivery, nil, 204, "", true},
		{"a kind of JSON", "POST", hookPath, "application/cloudevents+json", saleDelivery, nil, 204, "", true},
		{"beside other parameters", "POST", hookPath + "&tenant=1", asJSON, saleDelivery, nil, 204, "", true},
		{"beside a broken parameter", "POST", hookPath + "&tenant=%zz;", asJSON, saleDelivery, nil, 204, "", true},
		{"on another path", "POST", "/a/b" + strings.TrimPrefix(hookPath, "/hook"), asJSON, saleDelivery, nil, 204, "", true},
		{"an event that the SDK does not know", "POST", hookPath, asJSON, `{"event":"moon.landed"}`, nil, 204, "", true},
		{"fields that the SDK does not know", "POST", hookPath, asJSON, `{"event":"funnel.optin","version":2,"id":"x"}`, nil, 204, "", true},
		{"a time that is none", "POST", hookPath, asJSON, `{"event":"funnel.sale","created_at":"soon"}`, nil, 204, "", true},

		{"no token", "POST", "/hook", asJSON, saleDelivery, nil, 401, "without the right token", false},
		{"empty token", "POST", "/hook?token=", asJSON, saleDelivery, nil, 401, "without the right token", false},
		{"another token", "POST", "/hook?token=0123456789abcdef", asJSON, saleDelivery, nil, 401, "without the right token", false},
		{"beginning of the token", "POST", "/hook?token=5ecret", asJSON, saleDelivery, nil, 401, "without the right token", false},
		{"the token and more", "POST", hookPath + "0", asJSON, saleDelivery, nil, 401, "without the right token", false},
		{"the token in capitals", "POST", strings.Replace(hookPath, "5ecret", "5ECRET", 1), asJSON, saleDelivery, nil, 401, "without the right token", false},
		{"the token under another name", "POST", strings.Replace(hookPath, "token", "Token", 1), asJSON, saleDelivery, nil, 401, "without the right token", false},
		{"another token before it", "POST", "/hook?token=x&" + strings.TrimPrefix(hookPath, "/hook?"), asJSON, saleDelivery, nil, 401, "without the right token", false},

		{"GET", "GET", hookPath, asJSON, saleDelivery, nil, 405, "by GET", false},
		{"HEAD", "HEAD", hookPath, "", "", nil, 405, "by HEAD", false},
		{"PUT", "PUT", hookPath, asJSON, saleDelivery, nil, 405, "by PUT", false},
		{"DELETE", "DELETE", hookPath, asJSON, saleDelivery, nil, 405, "by DELETE", false},
		{"OPTIONS", "OPTIONS", hookPath, asJSON, saleDelivery, nil, 405, "by OPTIONS", false},

		{"no type", "POST", hookPath, "", saleDelivery, nil, 415, `of type ""`, false},
		{"a form", "POST", hookPath, "application/x-www-form-urlencoded", "event=funnel.sale", nil, 415, `of type "application/x-www-form-urlencoded"`, false},
		{"text", "POST", hookPath, "text/plain", saleDelivery, nil, 415, `of type "text/plain"`, false},
		{"a type that begins as JSON does", "POST", hookPath, "application/jsonp", saleDelivery, nil, 415, `of type "application/jsonp"`, false},
		{"a type that is none", "POST", hookPath, "json", saleDelivery, nil, 415, `of type "json"`, false},

		{"too large", "POST", hookPath, asJSON, saleDelivery + strings.Repeat(" ", 1<<20), nil, 413, "too large", false},

		{"no body", "POST", hookPath, asJSON, "", nil, 400, "it is empty", false},
		{"white space", "POST", hookPath, asJSON, " \r\n", nil, 400, "it is empty", false},
		{"half JSON", "POST", hookPath, asJSON, saleDelivery[:len(saleDelivery)/2], nil, 400, "it is not JSON", false},
		{"a page", "POST", hookPath, asJSON, "<html></html>", nil, 400, "it is not JSON", false},
		{"two deliveries", "POST", hookPath, asJSON, saleDelivery + saleDelivery, nil, 400, "it is not JSON", false},
		{"null", "POST", hookPath, asJSON, "null", nil, 400, "it is null", false},
		{"a list", "POST", hookPath, asJSON, "[" + saleDelivery + "]", nil, 400, "cannot unmarshal array", false},
		{"a text", "POST", hookPath, asJSON, `"funnel.sale"`, nil, 400, "cannot unmarshal string", false},
		{"no event", "POST", hookPath, asJSON, `{"data":{},"created_at":"2026-05-01T09:00:00Z"}`, nil, 400, `it has no "event"`, false},
		{"an empty event", "POST", hookPath, asJSON, `{"event":""}`, nil, 400, `it has no "event"`, false},
		{"an event that is null", "POST", hookPath, asJSON, `{"event":null}`, nil, 400, `it has no "event"`, false},
		{"an event that is an object", "POST", hookPath, asJSON, `{"event":{"type":"funnel.sale"}}`, nil, 400, "event", false},

		{"a function that fails", "POST", hookPath, asJSON, saleDelivery,
			func(context.Context, *funnel.Event) error { return errOutOfStock }, 500, "out of stock", true},
		{"a function that panics", "POST", hookPath, asJSON, saleDelivery,
			func(context.Context, *funnel.Event) error { panic("out of stock") }, 500, "panicked: out of stock", true},
		{"a function that panics with an error", "POST", hookPath, asJSON, saleDelivery,
			func(context.Context, *funnel.Event) error { panic(errOutOfStock) }, 500, "panicked: out of stock", true},
		{"a function that reaches too far", "POST", hookPath, asJSON, saleDelivery,
			func(_ context.Context, event *funnel.Event) error {
				event.Data[1<<20] = 0
				return nil
			}, 500, "panicked: runtime error", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			receiver := &hookReceiver{handle: tt.handle}
			answer := deliver(receiver.handler(t), tt.method, tt.target, tt.contentType, strings.NewReader(tt.body))

			require.Equal(t, tt.status, answer.StatusCode)
			body, err := io.ReadAll(answer.Body)
			require.NoError(t, err)
			if tt.status == http.StatusNoContent {
				require.Empty(t, body)
				require.Empty(t, receiver.reports)
			} else {
				require.Equal(t, http.StatusText(tt.status)+"\n", string(body), "the sender is told no more than the status")
				require.Len(t, receiver.reports, 1)
				require.Equal(t, tt.status, receiver.reports[0].status)
				require.ErrorContains(t, receiver.reports[0].err, tt.reports)
				require.NotContains(t, receiver.reports[0].err.Error(), "5ecret")
			}
			if tt.status == http.StatusMethodNotAllowed {
				require.Equal(t, "POST", answer.Header.Get("Allow"))
			} else {
				require.Empty(t, answer.Header.Get("Allow"))
			}
			if tt.delivers {
				require.Len(t, receiver.events, 1)
			} else {
				require.Empty(t, receiver.events)
			}
		})
	}
}

var errOutOfStock = errors.New("out of stock")

// The report gets the function's own error, and the request's context.
func TestWebhookHandler_ReportsTheCause(t *testing.T) {
	t.Parallel()
	type key struct{}
	var seen, reported any
	handler, err := funnel.NewWebhookHandler(hookToken,
		func(ctx context.Context, _ *funnel.Event) error {
			seen = ctx.Value(key{})
			return fmt.Errorf("sale: %w", errOutOfStock)
		},
		funnel.WithWebhookErrors(func(ctx context.Context, status int, err error) {
			reported = ctx.Value(key{})
			require.Equal(t, http.StatusInternalServerError, status)
			require.ErrorIs(t, err, errOutOfStock)
			require.EqualError(t, err, "sale: out of stock")
		}))
	require.NoError(t, err)
	req := httptest.NewRequest("POST", hookPath, strings.NewReader(saleDelivery))
	req.Header.Set("Content-Type", "application/json")
	handler.ServeHTTP(httptest.NewRecorder(), req.WithContext(context.WithValue(t.Context(), key{}, "trace 1")))
	require.Equal(t, "trace 1", seen)
	require.Equal(t, "trace 1", reported)
}

func TestWebhookHandler_NeedsNoReport(t *testing.T) {
	t.Parallel()
	handler, err := funnel.NewWebhookHandler(hookToken, func(context.Context, *funnel.Event) error { panic("out of stock") })
	require.NoError(t, err)
	require.Equal(t, 500, deliver(handler, "POST", hookPath, "application/json", strings.NewReader(saleDelivery)).StatusCode)
	require.Equal(t, 401, deliver(handler, "POST", "/hook", "application/json", strings.NewReader(saleDelivery)).StatusCode)
}

// Of several things that are wrong the first counts, in this order: whoever
// lacks the token learns of nothing else, and his body is not even read.
func TestWebhookHandler_OrderOfChecks(t *testing.T) {
	t.Parallel()
	unread := iotest.ErrReader(errors.New("was read"))
	huge := strings.Repeat("x", 2<<20)
	tests := []struct {
		name                        string
		method, target, contentType string
		body                        io.Reader
		status                      int
	}{
		{"without the token", "GET", "/hook?token=x", "text/plain", unread, 401},
		{"the token beside it", "POST", "/hook?token=x", "application/json", unread, 401},
		{"by another method", "GET", hookPath, "text/plain", unread, 405},
		{"of another type", "POST", hookPath, "text/plain", unread, 415},
		{"too large", "POST", hookPath, "application/json", strings.NewReader(huge), 413},
		{"no JSON", "POST", hookPath, "application/json", strings.NewReader("x"), 400},
		{"half sent", "POST", hookPath, "application/json", iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader(saleDelivery))), 400},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			receiver := &hookReceiver{}
			answer := deliver(receiver.handler(t), tt.method, tt.target, tt.contentType, tt.body)
			require.Equal(t, tt.status, answer.StatusCode)
			require.Empty(t, receiver.events)
			require.NotContains(t, receiver.reports[0].err.Error(), "was read")
		})
	}
}

// A delivery that is too large is refused as soon as that shows, whether its
// length was announced or not.
func TestWebhookHandler_RefusesTooLargeOnesEarly(t *testing.T) {
	t.Parallel()
	const size = 50 << 20
	tests := []struct {
		name  string
		opts  []funnel.WebhookOption
		limit int64
	}{
		{"by default", nil, 1 << 20},
		{"by a limit of its own", []funnel.WebhookOption{funnel.WithWebhookMaxBytes(1000)}, 1000},
	}
	for _, tt := range tests {
		for _, announced := range []int64{-1, size} {
			t.Run(fmt.Sprintf("%s, announced as %d", tt.name, announced), func(t *testing.T) {
				t.Parallel()
				receiver := &hookReceiver{}
				body := &countingReader{reader: io.LimitReader(spaces{}, size)}
				req := httptest.NewRequest("POST", hookPath, body)
				req.Header.Set("Content-Type", "application/json")
				req.ContentLength = announced
				answer := httptest.NewRecorder()
				receiver.handler(t, tt.opts...).ServeHTTP(answer, req)
				require.Equal(t, http.StatusRequestEntityTooLarge, answer.Code)
				require.LessOrEqual(t, body.n, tt.limit+1)
				require.Empty(t, receiver.events)
			})
		}
	}
}

// spaces never ends.
type spaces struct{}

func (spaces) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

// A countingReader counts what is read.
type countingReader struct {
	reader io.Reader
	n      int64
}

func (r *countingReader) Read(p []byte) (int, error) {
	n, err := r.reader.Read(p)
	r.n += int64(n)
	return n, err
}

func TestWithWebhookMaxBytes(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		limit  int64
		status int
	}{
		{"just enough", int64(len(saleDelivery)), 204},
		{"a byte less", int64(len(saleDelivery)) - 1, 413},
		{"one byte", 1, 413},
		{"no end", math.MaxInt64, 204},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			handler := (&hookReceiver{}).handler(t, funnel.WithWebhookMaxBytes(tt.limit))
			answer := deliver(handler, "POST", hookPath, "application/json", strings.NewReader(saleDelivery))
			require.Equal(t, tt.status, answer.StatusCode)
		})
	}
}

func TestNewWebhookHandler_RefusesBadInput(t *testing.T) {
	t.Parallel()
	fn := func(context.Context, *funnel.Event) error { return nil }
	tests := []struct {
		name  string
		fn    func(context.Context, *funnel.Event) error
		opt   funnel.WebhookOption
		field string
	}{
		{"no function", nil, funnel.WithWebhookMaxBytes(1), "fn"},
		{"no option", fn, nil, "option"},
		{"a limit of zero", fn, funnel.WithWebhookMaxBytes(0), "WithWebhookMaxBytes"},
		{"a limit below zero", fn, funnel.WithWebhookMaxBytes(-1), "WithWebhookMaxBytes"},
		{"no report", fn, funnel.WithWebhookErrors(nil), "WithWebhookErrors"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			handler, err := funnel.NewWebhookHandler(hookToken, tt.fn, tt.opt)
			require.Nil(t, handler)
			requireArgumentError(t, err, tt.field)
			require.NotContains(t, err.Error(), "5ecret")
		})
	}
}

// A token that could be guessed or could not be sent is refused by both that
// take one, and repeated by neither.
func TestWebhookToken_Rules(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, token string
		ok          bool
	}{
		{"none", "", false},
		{"15 characters", "0123456789abcde", false},
		{"16 characters", "0123456789abcdef", true},
		{"16 bytes that are 8 characters", "äöüßéèêç", false},
		{"16 characters of two bytes", "äöüßéèêçàáâãåæœø", true},
		{"line break at its end", "0123456789abcdef\n", false},
		{"NUL", "0123456789\x00abcdef", false},
		{"delete", "0123456789\x7fabcdef", false},
		{"no UTF-8", "0123456789\xffabcdef", false},
		{"what URLs escape", hookToken, true},
		{"very long", strings.Repeat("0123456789abcdef", 100), true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			receiver := &hookReceiver{}
			handler, err := funnel.NewWebhookHandler(tt.token, receiver.receive)
			target, urlErr := funnel.WebhookURL("https://example.com/hook", tt.token)
			if !tt.ok {
				require.Nil(t, handler)
				require.Empty(t, target)
				for _, err := range []error{err, urlErr} {
					requireArgumentError(t, err, "token")
					require.EqualError(t, err, "funnel: token: want at least 16 characters that nobody can guess, such as those of crypto/rand.Text")
				}
				return
			}
			require.NoError(t, err)
			require.NoError(t, urlErr)
			require.Equal(t, 204, deliver(handler, "POST", target, "application/json", strings.NewReader(saleDelivery)).StatusCode,
				"the handler knows its own URL")
		})
	}
}

func TestWebhookURL(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, base, want string }{
		{"host alone", "https://example.com", "https://example.com?token=0123456789abcdef"},
		{"with a path", "https://example.com/hooks/funnel", "https://example.com/hooks/funnel?token=0123456789abcdef"},
		{"with a slash at its end", "https://example.com/hook/", "https://example.com/hook/?token=0123456789abcdef"},
		{"with a port", "https://example.com:8443/hook", "https://example.com:8443/hook?token=0123456789abcdef"},
		{"plain http", "http://127.0.0.1:8080/hook", "http://127.0.0.1:8080/hook?token=0123456789abcdef"},
		{"IPv6", "http://[::1]:8080/hook", "http://[::1]:8080/hook?token=0123456789abcdef"},
		{"with a query", "https://example.com/hook?tenant=a%26b", "https://example.com/hook?tenant=a%26b&token=0123456789abcdef"},
		{"with another token", "https://example.com/hook?token=old&token=older", "https://example.com/hook?token=0123456789abcdef"},
		{"with an escaped path", "https://example.com/a%2Fb", "https://example.com/a%2Fb?token=0123456789abcdef"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := funnel.WebhookURL(tt.base, "0123456789abcdef")
			require.NoError(t, err)
			require.Equal(t, tt.want, got)
		})
	}
}

func TestWebhookURL_RefusesBadBases(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, base string }{
		{"none", ""},
		{"relative", "/hook"},
		{"without a scheme", "example.com/hook"},
		{"without a host", "https:///hook"},
		{"a port without a host", "https://:8443/hook"},
		{"another scheme", "ftp://example.com/hook"},
		{"opaque", "https:example.com/hook"},
		{"user", "https://ada:pa55@example.com/hook"},
		{"fragment", "https://example.com/hook#top"},
		{"line break", "https://example.com/hook\n"},
		{"bad escape", "https://example.com/%zz"},
		{"query that cannot be read", "https://example.com/hook?tenant=1;2"},
		{"swapped with the token", hookToken},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := funnel.WebhookURL(tt.base, hookToken)
			require.Empty(t, got)
			requireArgumentError(t, err, "base")
			for _, secret := range []string{"5ecret", "pa55", "example.com"} {
				require.NotContains(t, err.Error(), secret)
			}
		})
	}
}

// accessors are the typed views of an event.
var accessors = map[funnel.EventType]func(*funnel.Event) (any, error){
	funnel.EventContactCreated:  func(e *funnel.Event) (any, error) { return e.ContactCreated() },
	funnel.EventContactUpdated:  func(e *funnel.Event) (any, error) { return e.ContactUpdated() },
	funnel.EventContactTagged:   func(e *funnel.Event) (any, error) { return e.ContactTagged() },
	funnel.EventContactEnrolled: func(e *funnel.Event) (any, error) { return e.ContactEnrolled() },
	funnel.EventCampaignSent:    func(e *funnel.Event) (any, error) { return e.CampaignSent() },
	funnel.EventFunnelOptin:     func(e *funnel.Event) (any, error) { return e.FunnelOptin() },
	funnel.EventFunnelSale:      func(e *funnel.Event) (any, error) { return e.FunnelSale() },
}

func TestEvent_TypedData(t *testing.T) {
	t.Parallel()
	tests := []struct {
		event funnel.EventType
		data  string
		want  any
	}{
		{funnel.EventContactCreated, `{"contact":` + adaJSON + `}`, &funnel.ContactEvent{Contact: ada}},
		{funnel.EventContactUpdated, `{"contact":` + adaJSON + `}`, &funnel.ContactEvent{Contact: ada}},
		{
			funnel.EventContactTagged, `{"contact":` + adaJSON + `,"tags":[` + vipJSON + `]}`,
			&funnel.ContactTaggedEvent{Contact: ada, Tags: []funnel.Tag{vip}},
		},
		{
			funnel.EventContactEnrolled, `{"contact":` + adaJSON + `,"sequence":` + welcomeJSON + `}`,
			&funnel.ContactEnrolledEvent{Contact: ada, Sequence: welcome},
		},
		{funnel.EventCampaignSent, `{"campaign":` + launchJSON + `}`, &funnel.CampaignSentEvent{Campaign: launch}},
		{funnel.EventFunnelOptin, `{"funnel":` + springJSON + `}`, &funnel.FunnelOptinEvent{Funnel: spring}},
		{funnel.EventFunnelSale, `{"funnel":` + springJSON + `,"amount":"49.90"}`, &funnel.FunnelSaleEvent{Funnel: spring, Amount: "49.90"}},
		// Money is no float, whatever the sender makes of it.
		{funnel.EventFunnelSale, `{"funnel":` + springJSON + `,"amount":49.90}`, &funnel.FunnelSaleEvent{Funnel: spring, Amount: "49.90"}},
	}
	for _, tt := range tests {
		t.Run(string(tt.event), func(t *testing.T) {
			t.Parallel()
			event, err := funnel.ParseEvent([]byte(`{"event":"` + string(tt.event) + `","data":` + tt.data + `,"created_at":"2026-05-01 09:00:00"}`))
			require.NoError(t, err)
			require.Equal(t, &funnel.Event{Type: tt.event, CreatedAt: utc(2026, 5, 1, 9, 0, 0, 0), Data: json.RawMessage(tt.data)}, event)
			for name, access := range accessors {
				got, err := access(event)
				if name == tt.event {
					require.NoError(t, err)
					require.Equal(t, tt.want, got)
					continue
				}
				require.Nil(t, got)
				requireArgumentError(t, err, "event")
				require.EqualError(t, err, fmt.Sprintf("funnel: event: is %q, not %q", tt.event, name))
			}
		})
	}
}

// The data of an event are those of a resource, or of another shape than was
// assumed: that must not pass for an empty resource.
func TestEvent_DataWithoutAnID(t *testing.T) {
	t.Parallel()
	for eventType, access := range accessors {
		for _, data := range []string{`{}`, `{"id":12,"email":"ada@example.com"}`, `{"contact":{},"campaign":{},"funnel":{}}`} {
			event, err := funnel.ParseEvent([]byte(`{"event":"` + string(eventType) + `","data":` + data + `}`))
			require.NoError(t, err)
			_, err = access(event)
			require.ErrorContains(t, err, "funnel: data of "+string(eventType)+": its ")
			require.ErrorContains(t, err, " has no id")
		}
	}
}

// An event that the SDK does not know is passed through, its data as it came.
func TestParseEvent_UnknownEvent(t *testing.T) {
	t.Parallel()
	event, err := funnel.ParseEvent([]byte(`{"event":"moon.landed","data": {"n": 9007199254740993, "f": 1.50} ,"created_at":null}`))
	require.NoError(t, err)
	require.Equal(t, &funnel.Event{Type: "moon.landed", Data: json.RawMessage(`{"n": 9007199254740993, "f": 1.50}`)}, event)
	for _, access := range accessors {
		got, err := access(event)
		require.Nil(t, got)
		requireArgumentError(t, err, "event")
	}
}

func TestEvent_DataThatIsNone(t *testing.T) {
	t.Parallel()
	for name, data := range map[string]string{
		"none":    ``,
		"null":    `,"data":null`,
		"a text":  `,"data":"ada@example.com"`,
		"a list":  `,"data":[{"id":1}]`,
		"a float": `,"data":{"contact":{"id":1.5},"campaign":{"id":1.5},"funnel":{"id":1.5}}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for kind, access := range accessors {
				event, err := funnel.ParseEvent([]byte(`{"event":"` + string(kind) + `"` + data + `}`))
				require.NoError(t, err, "the data is for the accessor to judge")
				got, err := access(event)
				require.Nil(t, got)
				require.ErrorContains(t, err, "funnel: data of "+string(kind)+": ")
			}
		})
	}
}

// Every event of the platform arrives, typed, with what the API says of it.
func TestWebhookHandler_RealDeliveries(t *testing.T) {
	t.Parallel()
	now := atNine()
	receiver := &hookReceiver{}
	server, client := fakeAPI(t, funneltest.WithClock(func() time.Time { return now }), funneltest.WithWebhookHandler(receiver.handler(t)))
	ctx := t.Context()
	target, err := funnel.WebhookURL("https://example.com/hook", hookToken)
	require.NoError(t, err)
	_, err = client.Webhooks.Create(ctx, funnel.WebhookCreateParams{URL: target})
	require.NoError(t, err)

	tag, err := client.Tags.Create(ctx, funnel.TagCreateParams{Name: "vip"})
	require.NoError(t, err)
	sequence, err := client.Sequences.Create(ctx, funnel.SequenceCreateParams{Name: "Welcome"})
	require.NoError(t, err)
	_, err = client.Sequences.CreateStage(ctx, funnel.StageCreateParams{SequenceID: sequence.ID, Type: funnel.StageSendEmail})
	require.NoError(t, err)
	sequence, err = client.Sequences.Get(ctx, sequence.ID)
	require.NoError(t, err)
	shop, err := client.Funnels.Create(ctx, funnel.FunnelCreateParams{Name: "Shop"})
	require.NoError(t, err)
	campaign, err := client.Campaigns.Create(ctx, funnel.CampaignCreateParams{Name: "Launch"})
	require.NoError(t, err)
	_, err = client.Campaigns.Schedule(ctx, campaign.ID, now.Add(time.Hour))
	require.NoError(t, err)

	created, err := client.Contacts.Create(ctx, funnel.ContactCreateParams{Email: "ada@example.com"})
	require.NoError(t, err)
	updated, err := client.Contacts.Update(ctx, created.ID, funnel.ContactUpdateParams{
		FirstName: funnel.Ptr("Ada"), CustomFields: &funnel.CustomFields{"plan": "pro"},
	})
	require.NoError(t, err)
	require.NoError(t, client.Contacts.AddTags(ctx, created.ID, tag.ID))
	tagged, err := client.Contacts.Get(ctx, created.ID)
	require.NoError(t, err)
	require.NoError(t, client.Sequences.Enroll(ctx, sequence.ID, created.ID))
	require.NoError(t, server.RecordOptin(shop.ID))
	require.NoError(t, server.RecordSale(shop.ID, "49.90"))
	now = now.Add(time.Hour)
	campaign, err = client.Campaigns.Get(ctx, campaign.ID)
	require.NoError(t, err)
	require.NoError(t, server.WaitForDeliveries(ctx))

	want := []struct {
		event funnel.EventType
		data  any
	}{
		{funnel.EventContactCreated, &funnel.ContactEvent{Contact: *created}},
		{funnel.EventContactUpdated, &funnel.ContactEvent{Contact: *updated}},
		{funnel.EventContactTagged, &funnel.ContactTaggedEvent{Contact: *tagged, Tags: []funnel.Tag{{ID: tag.ID, Name: "vip"}}}},
		{funnel.EventContactEnrolled, &funnel.ContactEnrolledEvent{Contact: *tagged, Sequence: *sequence}},
		{funnel.EventFunnelOptin, &funnel.FunnelOptinEvent{Funnel: *shop}},
		{funnel.EventFunnelSale, &funnel.FunnelSaleEvent{Funnel: *shop, Amount: "49.90"}},
		{funnel.EventCampaignSent, &funnel.CampaignSentEvent{Campaign: *campaign}},
	}
	require.Len(t, receiver.events, len(want))
	for i, event := range receiver.events {
		require.Equal(t, want[i].event, event.Type)
		got, err := accessors[event.Type](event)
		require.NoError(t, err)
		require.Equal(t, want[i].data, got)
		require.Equal(t, funneltest.DeliveryDone, server.Deliveries()[i].State)
	}
	require.Equal(t, atNine(), receiver.events[0].CreatedAt.Time)
	require.Equal(t, now, receiver.events[6].CreatedAt.Time)
	require.Empty(t, receiver.reports)
}

// A delivery that the function could not take comes again, until it can.
func TestWebhookHandler_FailedDeliveriesComeAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start, tries := time.Now(), []time.Duration{}
		receiver := &hookReceiver{handle: func(context.Context, *funnel.Event) error {
			tries = append(tries, time.Since(start))
			switch len(tries) {
			case 1:
				return errOutOfStock
			case 2:
				panic("out of stock")
			}
			return nil
		}}
		server := funneltest.NewServer(funneltest.WithWebhookHandler(receiver.handler(t)))
		defer server.Close()
		client := server.Client()
		target, err := funnel.WebhookURL("https://example.com/hook", hookToken)
		require.NoError(t, err)
		_, err = client.Webhooks.Create(t.Context(), funnel.WebhookCreateParams{URL: target})
		require.NoError(t, err)
		_, err = client.Contacts.Create(t.Context(), funnel.ContactCreateParams{Email: "ada@example.com"})
		require.NoError(t, err)
		require.NoError(t, server.WaitForDeliveries(t.Context()))

		require.Equal(t, []time.Duration{0, time.Second, 3 * time.Second}, tries)
		delivery := server.Deliveries()[0]
		require.Equal(t, funneltest.DeliveryDone, delivery.State)
		require.Equal(t, 3, delivery.Attempts)
		require.Len(t, receiver.reports, 2)
		for _, event := range receiver.events {
			require.Equal(t, receiver.events[0], event, "the same event each time")
		}
	})
}

// A webhook that was registered with another token gets nothing, once.
func TestWebhookHandler_WrongTokenIsFinal(t *testing.T) {
	t.Parallel()
	receiver := &hookReceiver{}
	server, client := fakeAPI(t, funneltest.WithWebhookHandler(receiver.handler(t)))
	target, err := funnel.WebhookURL("https://example.com/hook", "0123456789abcdef")
	require.NoError(t, err)
	_, err = client.Webhooks.Create(t.Context(), funnel.WebhookCreateParams{URL: target})
	require.NoError(t, err)
	_, err = client.Contacts.Create(t.Context(), funnel.ContactCreateParams{Email: "ada@example.com"})
	require.NoError(t, err)
	require.NoError(t, server.WaitForDeliveries(t.Context()))
	delivery := server.Deliveries()[0]
	require.Equal(t, funneltest.DeliveryFailed, delivery.State)
	require.Equal(t, 1, delivery.Attempts)
	require.Equal(t, http.StatusUnauthorized, delivery.Status)
	require.Empty(t, receiver.events)
}

// One handler takes deliveries at the same time.
func TestWebhookHandler_IsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	receiver := &hookReceiver{}
	handler := receiver.handler(t)
	var all sync.WaitGroup
	for i := range 50 {
		all.Go(func() {
			deliver(handler, "POST", hookPath, "application/json", strings.NewReader(saleDelivery))
			deliver(handler, "POST", "/hook?token="+fmt.Sprint(i), "application/json", strings.NewReader(saleDelivery))
		})
	}
	all.Wait()
	require.Len(t, receiver.events, 50)
	require.Len(t, receiver.reports, 50)
}

// Whatever is delivered is an event or an error, and an event survives being
// kept as JSON.
func FuzzParseEvent(f *testing.F) {
	f.Fuzz(func(t *testing.T, body []byte) {
		event, err := funnel.ParseEvent(body)
		if err != nil {
			require.Nil(t, event)
			require.True(t, strings.HasPrefix(err.Error(), "funnel: webhook delivery: "), err)
			return
		}
		require.True(t, json.Valid(body))
		require.NotEmpty(t, event.Type)
		require.True(t, event.Data == nil || json.Valid(event.Data))
		for kind, access := range accessors {
			got, err := access(event)
			if kind != event.Type {
				requireArgumentError(t, err, "event")
			} else if err != nil {
				require.True(t, strings.HasPrefix(err.Error(), "funnel: data of "+string(kind)+": "), err)
			} else {
				require.NotNil(t, got)
			}
		}

		kept, err := json.Marshal(event)
		require.NoError(t, err)
		again, err := funnel.ParseEvent(kept)
		require.NoError(t, err)
		require.Equal(t, event.Type, again.Type)
		require.Equal(t, event.CreatedAt, again.CreatedAt)
		keptAgain, err := json.Marshal(again)
		require.NoError(t, err)
		require.True(t, bytes.Equal(kept, keptAgain), "%s\n%s", kept, keptAgain)
	})
}
