package funnel_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
)

const (
	hookSecret    = "5ecretOfTheHook0123456789abcdefg"
	oldHookSecret = "0ld5ecretOfTheHook0123456789abcd"
)

const saleDelivery = `{"event":"order.paid","data":{"id":7,"amount":49.90},"at":"2026-03-02T09:00:00Z"}`

var errOutOfStock = errors.New("out of stock")

// sign returns the signature of a delivery, independently of the SDK.
func sign(secret, body string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(body))
	return hex.EncodeToString(mac.Sum(nil))
}

// A hookReceiver records what a webhook handler passes on: events to the user's
// function, refusals and failures to the user's report.
type hookReceiver struct {
	handle func(context.Context, *funnel.Event) error // may be nil

	mu      sync.Mutex
	events  []*funnel.Event
	reports []hookReport
}

type hookReport struct {
	event  *funnel.Event
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

func (r *hookReceiver) report(_ context.Context, event *funnel.Event, status int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reports = append(r.reports, hookReport{event, status, err})
}

func (r *hookReceiver) handler(t *testing.T, opts ...funnel.WebhookOption) http.Handler {
	t.Helper()
	handler, err := funnel.NewWebhookHandler(hookSecret, r.receive, append(opts, funnel.WithWebhookErrors(r.report))...)
	require.NoError(t, err)
	return handler
}

// requireRefused requires that one delivery was refused with that status and
// with an error that contains reason.
func (r *hookReceiver) requireRefused(t *testing.T, status int, reason string) {
	t.Helper()
	require.Empty(t, r.events)
	require.Len(t, r.reports, 1)
	require.Equal(t, status, r.reports[0].status)
	require.Equal(t, status == http.StatusServiceUnavailable, r.reports[0].event != nil, "only an authentic delivery is an event")
	require.ErrorContains(t, r.reports[0].err, reason)
	require.NotContains(t, r.reports[0].err.Error(), "5ecret")
}

// delivery returns a delivery, signed in the way of the header's values, which
// come in pairs with their names.
func delivery(body io.Reader, header ...string) *http.Request {
	req := httptest.NewRequest(http.MethodPost, "/hook", body)
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(header); i += 2 {
		req.Header.Add(header[i], header[i+1])
	}
	return req
}

// deliver returns the handler's response to req.
func deliver(handler http.Handler, req *http.Request) *http.Response {
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, req)
	return w.Result()
}

// deliverSigned returns the handler's response to a genuine delivery.
func deliverSigned(handler http.Handler, body string) *http.Response {
	return deliver(handler, delivery(strings.NewReader(body), "Signature", sign(hookSecret, body)))
}

// unread fails the test when it is read.
func unread(t *testing.T) io.Reader {
	t.Helper()
	return readerFunc(func([]byte) (int, error) {
		t.Error("the body was read")
		return 0, io.EOF
	})
}

func TestWebhookHandler_PassesEventOn(t *testing.T) {
	t.Parallel()
	receiver := &hookReceiver{}
	req := delivery(strings.NewReader(saleDelivery), "X-Some-Name", "sha256="+sign(hookSecret, saleDelivery), "X-Trace", "1", "X-Trace", "2")
	want := req.Header.Clone()
	resp := deliver(receiver.handler(t), req)

	require.Equal(t, http.StatusNoContent, resp.StatusCode)
	require.Empty(t, resp.Header)
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Empty(t, body)
	require.Empty(t, receiver.reports)
	hash := sha256.Sum256([]byte(saleDelivery))
	require.Equal(t, []*funnel.Event{{
		Type:            "order.paid",
		Data:            json.RawMessage(`{"id":7,"amount":49.90}`),
		Body:            []byte(saleDelivery),
		Header:          want,
		SignatureHeader: "X-Some-Name",
		BodyHash:        hex.EncodeToString(hash[:]),
	}}, receiver.events)

	receiver.events[0].Header.Set("X-Trace", "3")
	require.Equal(t, want, req.Header, "the event has a copy of the header")
}

// Every genuine form of a signature, and everything that is close to one.
func TestWebhookHandler_Signatures(t *testing.T) {
	t.Parallel()
	good, old := sign(hookSecret, saleDelivery), sign(oldHookSecret, saleDelivery)
	junk := strings.Repeat("ab", 32)
	many := func(n int) []string {
		header := []string{"Signature", good}
		for range n - 1 {
			header = append(header, "X-Junk", junk)
		}
		return header
	}
	const none, mismatch = "contains a hex", "no secret matches"
	tests := []struct {
		name   string
		header []string
		opts   []funnel.WebhookOption
		found  string // the header that is named; empty: refused
		reason string // of the refusal
	}{
		{name: "bare", header: []string{"Signature", good}, found: "Signature"},
		{name: "prefix", header: []string{"Signature", "sha256=" + good}, found: "Signature"},
		{name: "upper case", header: []string{"Signature", strings.ToUpper(good)}, found: "Signature"},
		{name: "prefix and upper case", header: []string{"Signature", "sha256=" + strings.ToUpper(good)}, found: "Signature"},
		{name: "any name", header: []string{"X-Whatever-9", good}, found: "X-Whatever-9"},
		{name: "a name with another use", header: []string{"Authorization", good}, found: "Authorization"},
		{name: "second value of a header", header: []string{"Signature", "v1", "Signature", good}, found: "Signature"},
		{name: "after a wrong value of the header", header: []string{"Signature", junk, "Signature", good}, found: "Signature"},
		{name: "before a wrong value of the header", header: []string{"Signature", good, "Signature", junk}, found: "Signature"},
		{name: "after a wrong header", header: []string{"A", junk, "Signature", good}, found: "Signature"},
		{name: "before a wrong header", header: []string{"Signature", good, "Z", junk}, found: "Signature"},
		{name: "two headers, the first by name is reported", header: []string{"Z", good, "B", good, "M", good}, found: "B"},
		{name: "100 candidates", header: many(100), found: "Signature"},
		{name: "101 candidates", header: many(101), reason: "101 header values"},

		{name: "no header", reason: none},
		{name: "empty", header: []string{"Signature", ""}, reason: none},
		{name: "prefix alone", header: []string{"Signature", "sha256="}, reason: none},
		{name: "prefix twice", header: []string{"Signature", "sha256=sha256=" + good}, reason: none},
		{name: "prefix in upper case", header: []string{"Signature", "SHA256=" + good}, reason: none},
		{name: "another prefix", header: []string{"Signature", "sha512=" + good}, reason: none},
		{name: "suffix", header: []string{"Signature", good + "="}, reason: none},
		{name: "a digit less", header: []string{"Signature", good[1:]}, reason: none},
		{name: "a digit more", header: []string{"Signature", good + "0"}, reason: none},
		{name: "twice in one value", header: []string{"Signature", good + good}, reason: none},
		{name: "in a list", header: []string{"Signature", good + ", " + good}, reason: none},
		{name: "not hex", header: []string{"Signature", "g" + good[1:]}, reason: none},
		{name: "Base64", header: []string{"Signature", "h6Z1CgJkzI0qUu0v1dV1mH0X9K3f0cZpS8x0Q4wD1aE="}, reason: none},
		{name: "as a name", header: []string{good, "Signature"}, reason: none},
		{name: "a hash without a key", header: []string{"Signature", bodyHash(saleDelivery)}, reason: mismatch},
		{name: "by the empty secret", header: []string{"Signature", sign("", saleDelivery)}, reason: mismatch},
		{name: "by another secret", header: []string{"Signature", old}, reason: mismatch},
		{name: "by the secret in lower case", header: []string{"Signature", sign(strings.ToLower(hookSecret), saleDelivery)}, reason: mismatch},
		{name: "of another body", header: []string{"Signature", sign(hookSecret, saleDelivery+" ")}, reason: mismatch},
		{name: "reversed", header: []string{"Signature", reversed(good)}, reason: mismatch},

		{name: "rotation, the new secret", header: []string{"Signature", good}, opts: []funnel.WebhookOption{funnel.WithSecrets(oldHookSecret)}, found: "Signature"},
		{name: "rotation, the old secret", header: []string{"Signature", old}, opts: []funnel.WebhookOption{funnel.WithSecrets("another secret", oldHookSecret)}, found: "Signature"},
		{name: "rotation, by two options", header: []string{"Signature", old}, opts: []funnel.WebhookOption{funnel.WithSecrets(oldHookSecret), funnel.WithSecrets("another secret")}, found: "Signature"},
		{name: "rotation, signed by both", header: []string{"A", old, "B", good}, opts: []funnel.WebhookOption{funnel.WithSecrets(oldHookSecret)}, found: "A"},
		{name: "rotation, signed by both, the new one first", header: []string{"A", good, "B", old}, opts: []funnel.WebhookOption{funnel.WithSecrets(oldHookSecret)}, found: "A"},
		{name: "rotation, neither", header: []string{"Signature", sign("x", saleDelivery)}, opts: []funnel.WebhookOption{funnel.WithSecrets(oldHookSecret)}, reason: mismatch},
		{name: "rotation, no more secrets", header: []string{"Signature", old}, opts: []funnel.WebhookOption{funnel.WithSecrets()}, reason: mismatch},

		{name: "pinned", header: []string{"X-Signed", good}, opts: []funnel.WebhookOption{funnel.WithSignatureHeader("X-Signed")}, found: "X-Signed"},
		{name: "pinned, in another case", header: []string{"X-Signed", good}, opts: []funnel.WebhookOption{funnel.WithSignatureHeader("x-sIGNED")}, found: "X-Signed"},
		{name: "pinned, second value", header: []string{"X-Signed", junk, "X-Signed", good}, opts: []funnel.WebhookOption{funnel.WithSignatureHeader("X-Signed")}, found: "X-Signed"},
		{name: "pinned, twice", header: []string{"X-Signed", good}, opts: []funnel.WebhookOption{funnel.WithSignatureHeader("X-Other"), funnel.WithSignatureHeader("X-Signed")}, found: "X-Signed"},
		{name: "pinned, beside many others", header: append(many(500), "X-Signed", good), opts: []funnel.WebhookOption{funnel.WithSignatureHeader("X-Signed")}, found: "X-Signed"},
		{name: "pinned, in another header", header: []string{"Signature", good}, opts: []funnel.WebhookOption{funnel.WithSignatureHeader("X-Signed")}, reason: "the header X-Signed contains no hex HMAC-SHA256"},
		{name: "pinned, wrong there and right elsewhere", header: []string{"X-Signed", junk, "Signature", good}, opts: []funnel.WebhookOption{funnel.WithSignatureHeader("X-Signed")}, reason: mismatch},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			receiver := &hookReceiver{}
			resp := deliver(receiver.handler(t, tt.opts...), delivery(strings.NewReader(saleDelivery), tt.header...))
			if tt.found == "" {
				require.Equal(t, http.StatusUnauthorized, resp.StatusCode)
				receiver.requireRefused(t, http.StatusUnauthorized, tt.reason)
				require.ErrorIs(t, receiver.reports[0].err, funnel.ErrInvalidSignature)
				return
			}
			require.Equal(t, http.StatusNoContent, resp.StatusCode)
			require.Len(t, receiver.events, 1)
			require.Equal(t, tt.found, receiver.events[0].SignatureHeader)
			require.Empty(t, receiver.reports)
		})
	}
}

func bodyHash(body string) string {
	hash := sha256.Sum256([]byte(body))
	return hex.EncodeToString(hash[:])
}

func reversed(s string) string {
	b := []byte(s)
	for i := range len(b) / 2 {
		b[i], b[len(b)-1-i] = b[len(b)-1-i], b[i]
	}
	return string(b)
}

// A delivery with one changed bit anywhere in its body, or another digit
// anywhere in its signature, is refused; so is one with a byte more or less.
func TestWebhookHandler_RefusesModifiedDeliveries(t *testing.T) {
	t.Parallel()
	receiver := &hookReceiver{}
	handler := receiver.handler(t, funnel.WithSecrets(oldHookSecret))
	good := sign(hookSecret, saleDelivery)
	refused := 0
	refuse := func(what, body, signature string) {
		resp := deliver(handler, delivery(strings.NewReader(body), "Signature", signature))
		require.Equal(t, http.StatusUnauthorized, resp.StatusCode, what)
		require.ErrorIs(t, funnel.VerifySignature(http.Header{"Signature": {signature}}, []byte(body), hookSecret, oldHookSecret),
			funnel.ErrInvalidSignature, what)
		refused++
	}
	for i := range saleDelivery {
		for bit := range 8 {
			changed := []byte(saleDelivery)
			changed[i] ^= 1 << bit
			refuse(fmt.Sprintf("bit %d of byte %d", bit, i), string(changed), good)
		}
		refuse(fmt.Sprintf("without byte %d", i), saleDelivery[:i]+saleDelivery[i+1:], good)
		refuse(fmt.Sprintf("cut after %d bytes", i), saleDelivery[:i], good)
		refuse(fmt.Sprintf("a space before byte %d", i), saleDelivery[:i]+" "+saleDelivery[i:], good)
	}
	refuse("a line break at the end", saleDelivery+"\n", good)
	for i := range good {
		for _, digit := range "0123456789abcdef" {
			if byte(digit) != good[i] {
				refuse(fmt.Sprintf("digit %d of the signature is %c", i, digit), saleDelivery, good[:i]+string(digit)+good[i+1:])
			}
		}
	}
	require.Equal(t, len(saleDelivery)*11+1+64*15, refused)
	require.Empty(t, receiver.events)
	require.Len(t, receiver.reports, refused)
	require.Equal(t, http.StatusNoContent, deliverSigned(handler, saleDelivery).StatusCode, "the delivery itself is accepted")
}

// The sender learns the status and nothing else.
func TestWebhookHandler_Statuses(t *testing.T) {
	t.Parallel()
	fails := func(context.Context, *funnel.Event) error { return errOutOfStock }
	large := saleDelivery + strings.Repeat(" ", 1<<20)
	half := io.MultiReader(strings.NewReader(saleDelivery[:20]), iotest.ErrReader(io.ErrUnexpectedEOF))
	good, goodLarge := sign(hookSecret, saleDelivery), sign(hookSecret, large)
	tests := []struct {
		name      string
		method    string
		body      io.Reader
		signature string
		handle    func(context.Context, *funnel.Event) error
		status    int
		closes    bool
		reason    string
		delivers  bool
	}{
		{name: "GET", method: "GET", body: unread(t), signature: good, status: 405, closes: true, reason: "the method is GET"},
		{name: "HEAD", method: "HEAD", body: unread(t), signature: good, status: 405, closes: true, reason: "the method is HEAD"},
		{name: "PUT", method: "PUT", body: unread(t), signature: good, status: 405, closes: true, reason: "the method is PUT"},
		{name: "DELETE", method: "DELETE", body: unread(t), signature: good, status: 405, closes: true, reason: "the method is DELETE"},
		{name: "OPTIONS", method: "OPTIONS", body: unread(t), signature: good, status: 405, closes: true, reason: "the method is OPTIONS"},
		{name: "post in lower case", method: "post", body: unread(t), signature: good, status: 405, closes: true, reason: "the method is post"},
		{name: "GET, unsigned", method: "GET", body: unread(t), status: 405, closes: true, reason: "the method is GET"},
		{name: "a long method", method: strings.Repeat("X", 500), body: unread(t), signature: good, status: 405, closes: true, reason: "the method is XXXXXXXXXXXXXXXX…"},
		{name: "unsigned", method: "POST", body: unread(t), status: 401, closes: true, reason: "contains a hex"},
		{name: "forged", method: "POST", body: strings.NewReader(saleDelivery), signature: sign("guessed", saleDelivery), status: 401, closes: true, reason: "no secret matches"},
		{name: "unsigned and too large", method: "POST", body: unread(t), status: 401, closes: true, reason: "contains a hex"},
		{name: "too large", method: "POST", body: strings.NewReader(large), signature: goodLarge, status: 413, closes: true, reason: "too large"},
		{name: "too large, of unknown length", method: "POST", body: io.MultiReader(strings.NewReader(large)), signature: goodLarge, status: 413, closes: true, reason: "too large"},
		{name: "truncated", method: "POST", body: half, signature: good, status: 400, closes: true, reason: "read the body: unexpected EOF"},
		{name: "fn fails", method: "POST", body: strings.NewReader(saleDelivery), signature: good, handle: fails, status: 500, reason: "out of stock", delivers: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			receiver := &hookReceiver{handle: tt.handle}
			req := delivery(tt.body, "Signature", tt.signature)
			req.Method = tt.method
			resp := deliver(receiver.handler(t), req)

			require.Equal(t, tt.status, resp.StatusCode)
			body, err := io.ReadAll(resp.Body)
			require.NoError(t, err)
			require.Equal(t, http.StatusText(tt.status)+"\n", string(body))
			want := map[string]string{"Content-Type": "text/plain; charset=utf-8", "X-Content-Type-Options": "nosniff"}
			if tt.status == http.StatusMethodNotAllowed {
				want["Allow"] = "POST"
			}
			if tt.closes {
				want["Connection"] = "close"
			}
			got := map[string]string{}
			for name := range resp.Header {
				got[name] = resp.Header.Get(name)
			}
			require.Equal(t, want, got)

			require.Len(t, receiver.reports, 1)
			require.Equal(t, tt.status, receiver.reports[0].status)
			require.ErrorContains(t, receiver.reports[0].err, tt.reason)
			require.NotContains(t, receiver.reports[0].err.Error(), "5ecret")
			require.Equal(t, tt.status == http.StatusUnauthorized, errors.Is(receiver.reports[0].err, funnel.ErrInvalidSignature))
			require.Equal(t, tt.delivers, len(receiver.events) == 1)
		})
	}
}

// The signature is the proof, whatever type the sender claims.
func TestWebhookHandler_AcceptsAnyContentType(t *testing.T) {
	t.Parallel()
	for _, contentType := range []string{
		"application/json", "application/json; charset=utf-8", "application/cloudevents+json",
		"", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "json", ";;",
	} {
		t.Run(contentType, func(t *testing.T) {
			t.Parallel()
			receiver := &hookReceiver{}
			req := delivery(strings.NewReader(saleDelivery), "Signature", sign(hookSecret, saleDelivery))
			req.Header.Set("Content-Type", contentType)
			require.Equal(t, http.StatusNoContent, deliver(receiver.handler(t), req).StatusCode)
			require.Equal(t, "order.paid", receiver.events[0].Type)
			require.Equal(t, contentType, receiver.events[0].Header.Get("Content-Type"))
		})
	}
}

// An authentic delivery reaches the function, whatever its body is.
func TestWebhookHandler_ReadsTypeAndDataAsFarAsPossible(t *testing.T) {
	t.Parallel()
	const whole = "the whole body"
	tests := []struct{ name, body, kind, data string }{
		{"event and data", `{"event":"a.b","data":{"id":1}}`, "a.b", `{"id":1}`},
		{"type and payload", `{"type":"a.b","payload":{"id":1}}`, "a.b", `{"id":1}`},
		{"event before type", `{"type":"c","event":"a"}`, "a", whole},
		{"data before payload", `{"payload":1,"data":2}`, "", `2`},
		{"event is empty", `{"event":"","type":"a"}`, "a", whole},
		{"event is null", `{"event":null,"type":"a"}`, "a", whole},
		{"event is an object", `{"event":{"type":"x"},"type":"a"}`, "a", whole},
		{"event is a number", `{"event":12}`, "", whole},
		{"data is null", `{"event":"a","data":null,"payload":[1]}`, "a", `[1]`},
		{"data and payload are null", `{"event":"a","data": null ,"payload":null}`, "a", whole},
		{"data is false", `{"data":false}`, "", `false`},
		{"data is an empty list", `{"data":[],"payload":1}`, "", `[]`},
		{"data is an empty text", `{"data":""}`, "", `""`},
		{"neither", `{"id":1,"email":"ada@example.com"}`, "", whole},
		{"names in upper case", `{"Event":"a","DATA":1}`, "", whole},
		{"names twice", `{"event":"a","event":"b","data":1,"data":2}`, "b", `2`},
		{"escaped names", `{"\u0065vent":"\u0061","d\u0061ta":1}`, "a", `1`},
		{"empty object", `{}`, "", whole},
		{"exact numbers", `{"data": {"n": 9007199254740993, "f": 1.50, "e": 1e400} }`, "", `{"n": 9007199254740993, "f": 1.50, "e": 1e400}`},
		{"white space around it", " \r\n{\"event\":\"a\"}\n", "a", whole},
		{"a list", `[{"event":"a"}]`, "", whole},
		{"a text", `"a"`, "", whole},
		{"a number", `1e400`, "", whole},
		{"null", `null`, "", whole},
		{"no body", ``, "", ""},
		{"white space", " \n", "", ""},
		{"half JSON", `{"event":"a","data":{`, "", ""},
		{"two objects", `{"event":"a"}{"event":"b"}`, "", ""},
		{"a byte order mark", "\ufeff{\"event\":\"a\"}", "", ""},
		{"a form", `event=a&data=1`, "", ""},
		{"binary", "\x00\xff", "", ""},
		{"nested deeper than JSON allows", strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000), "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			receiver := &hookReceiver{}
			require.Equal(t, http.StatusNoContent, deliverSigned(receiver.handler(t), tt.body).StatusCode)
			require.Len(t, receiver.events, 1)
			event := receiver.events[0]
			require.Equal(t, tt.body, string(event.Body))
			require.Equal(t, bodyHash(tt.body), event.BodyHash)
			require.Equal(t, tt.kind, event.Type)
			switch tt.data {
			case "":
				require.Nil(t, event.Data)
			case whole:
				require.Equal(t, tt.body, string(event.Data))
			default:
				require.Equal(t, tt.data, string(event.Data))
			}
		})
	}
}

// A delivery whose body is too large occupies no more memory than the limit.
func TestWebhookHandler_RefusesTooLargeBodiesEarly(t *testing.T) {
	t.Parallel()
	const size = 50 << 20
	tests := []struct {
		name      string
		opts      []funnel.WebhookOption
		announced int64
		reads     int64 // at most
	}{
		{name: "announced", announced: size},
		{name: "not announced", announced: -1, reads: 1<<20 + 1},
		{name: "own limit, announced", opts: []funnel.WebhookOption{funnel.WithWebhookMaxBytes(1000)}, announced: size},
		{name: "own limit, not announced", opts: []funnel.WebhookOption{funnel.WithWebhookMaxBytes(1000)}, announced: -1, reads: 1001},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			receiver := &hookReceiver{}
			var read int64
			endless := readerFunc(func(p []byte) (int, error) {
				read += int64(len(p))
				return len(p), nil
			})
			req := delivery(io.LimitReader(endless, size), "Signature", sign(hookSecret, ""))
			req.ContentLength = tt.announced
			resp := deliver(receiver.handler(t, tt.opts...), req)
			require.Equal(t, http.StatusRequestEntityTooLarge, resp.StatusCode)
			receiver.requireRefused(t, http.StatusRequestEntityTooLarge, "too large")
			require.LessOrEqual(t, read, tt.reads)
		})
	}
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
		{"no limit", math.MaxInt64, 204},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			handler := (&hookReceiver{}).handler(t, funnel.WithWebhookMaxBytes(tt.limit))
			require.Equal(t, tt.status, deliverSigned(handler, saleDelivery).StatusCode)
		})
	}
}

// The report gets the function's own error, and both get the request's context.
func TestWithWebhookErrors_ReceivesCauseAndContext(t *testing.T) {
	t.Parallel()
	type key struct{}
	var seen, reported any
	handler, err := funnel.NewWebhookHandler(hookSecret,
		func(ctx context.Context, _ *funnel.Event) error {
			seen = ctx.Value(key{})
			return fmt.Errorf("sale: %w", errOutOfStock)
		},
		funnel.WithWebhookErrors(func(ctx context.Context, _ *funnel.Event, status int, err error) {
			reported = ctx.Value(key{})
			require.Equal(t, http.StatusInternalServerError, status)
			require.ErrorIs(t, err, errOutOfStock)
			require.EqualError(t, err, "sale: out of stock")
		}))
	require.NoError(t, err)
	req := delivery(strings.NewReader(saleDelivery), "Signature", sign(hookSecret, saleDelivery))
	require.Equal(t, 500, deliver(handler, req.WithContext(context.WithValue(t.Context(), key{}, "trace 1"))).StatusCode)
	require.Equal(t, "trace 1", seen)
	require.Equal(t, "trace 1", reported)
}

func TestWebhookHandler_RecoversPanics(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		handle func(context.Context, *funnel.Event) error
		reason string
	}{
		{"text", func(context.Context, *funnel.Event) error { panic("out of stock") }, "webhook handler panicked: out of stock"},
		{"error", func(context.Context, *funnel.Event) error { panic(errOutOfStock) }, "webhook handler panicked: out of stock"},
		{"abort", func(context.Context, *funnel.Event) error { panic(http.ErrAbortHandler) }, "webhook handler panicked: net/http: abort"},
		{"runtime error", func(_ context.Context, e *funnel.Event) error {
			e.Body[1<<20] = 0
			return nil
		}, "webhook handler panicked: runtime error"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			receiver := &hookReceiver{handle: tt.handle}
			require.Equal(t, http.StatusInternalServerError, deliverSigned(receiver.handler(t), saleDelivery).StatusCode)
			require.Len(t, receiver.reports, 1)
			require.Equal(t, http.StatusInternalServerError, receiver.reports[0].status)
			require.ErrorContains(t, receiver.reports[0].err, tt.reason)
			require.ErrorContains(t, receiver.reports[0].err, "webhook_handler_test.go", "the stack says where")
			require.Equal(t, receiver.events[0], receiver.reports[0].event)
			require.Equal(t, tt.name == "error", errors.Is(receiver.reports[0].err, errOutOfStock))
		})
	}
}

func TestWithWebhookErrors_PanicIsRecovered(t *testing.T) {
	t.Parallel()
	handler, err := funnel.NewWebhookHandler(hookSecret,
		func(context.Context, *funnel.Event) error { panic("in fn") },
		funnel.WithWebhookErrors(func(context.Context, *funnel.Event, int, error) { panic("in report") }))
	require.NoError(t, err)
	require.Equal(t, 500, deliverSigned(handler, saleDelivery).StatusCode)
	require.Equal(t, 401, deliver(handler, delivery(unread(t))).StatusCode)
}

func TestWithWebhookErrors_IsOptional(t *testing.T) {
	t.Parallel()
	handler, err := funnel.NewWebhookHandler(hookSecret, func(context.Context, *funnel.Event) error { panic("out of stock") })
	require.NoError(t, err)
	require.Equal(t, 500, deliverSigned(handler, saleDelivery).StatusCode)
	require.Equal(t, 401, deliver(handler, delivery(unread(t))).StatusCode)
}

// badSecrets let anybody sign.
var badSecrets = map[string]string{"empty": "", "spaces": "  ", "line break": "\r\n", "NUL": "\x00", "NULs": "\x00\x00"}

func TestNewWebhookHandler_RefusesBadInput(t *testing.T) {
	t.Parallel()
	fn := func(context.Context, *funnel.Event) error { return nil }
	tests := []struct {
		name   string
		secret string
		fn     func(context.Context, *funnel.Event) error
		opt    funnel.WebhookOption
		field  string
	}{
		{"no function", hookSecret, nil, funnel.WithWebhookMaxBytes(1), "fn"},
		{"no option", hookSecret, fn, nil, "option"},
		{"a limit of zero", hookSecret, fn, funnel.WithWebhookMaxBytes(0), "WithWebhookMaxBytes"},
		{"a limit below zero", hookSecret, fn, funnel.WithWebhookMaxBytes(-1), "WithWebhookMaxBytes"},
		{"a timeout without a unit", hookSecret, fn, funnel.WithWebhookBodyTimeout(10), "WithWebhookBodyTimeout"},
		{"a timeout of zero", hookSecret, fn, funnel.WithWebhookBodyTimeout(0), "WithWebhookBodyTimeout"},
		{"no queue", hookSecret, fn, funnel.WithWebhookQueue(nil), "WithWebhookQueue"},
		{"a queue below zero", hookSecret, fn, funnel.WithWebhookQueue(&funnel.WebhookQueue{Size: -1}), "WithWebhookQueue"},
		{"fewer than no workers", hookSecret, fn, funnel.WithWebhookQueue(&funnel.WebhookQueue{Workers: -1}), "WithWebhookQueue"},
		{"no report", hookSecret, fn, funnel.WithWebhookErrors(nil), "WithWebhookErrors"},
		{"no header name", hookSecret, fn, funnel.WithSignatureHeader(""), "WithSignatureHeader"},
		{"blank header name", hookSecret, fn, funnel.WithSignatureHeader(" "), "WithSignatureHeader"},
		{"header name with a colon", hookSecret, fn, funnel.WithSignatureHeader("Signature:"), "WithSignatureHeader"},
		{"header name with a line break", hookSecret, fn, funnel.WithSignatureHeader("Sig\r\nnature"), "WithSignatureHeader"},
		{"header name with a space", hookSecret, fn, funnel.WithSignatureHeader("Sig nature"), "WithSignatureHeader"},
		{"header name beyond ASCII", hookSecret, fn, funnel.WithSignatureHeader("Signatür"), "WithSignatureHeader"},
	}
	for name, secret := range badSecrets {
		bad := tests[0]
		bad.name, bad.secret, bad.fn, bad.field = "secret: "+name, secret, fn, "secret"
		more := tests[0]
		more.name, more.fn, more.opt, more.field = "more secrets: "+name, fn, funnel.WithSecrets("5ecret", secret), "WithSecrets"
		tests = append(tests, bad, more)
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			handler, err := funnel.NewWebhookHandler(tt.secret, tt.fn, tt.opt)
			require.Nil(t, handler)
			requireArgumentError(t, err, tt.field)
			require.NotContains(t, err.Error(), "5ecret")
		})
	}
}

func TestVerifySignature(t *testing.T) {
	t.Parallel()
	body := []byte(saleDelivery)
	good := sign(hookSecret, saleDelivery)
	for name, h := range map[string]http.Header{
		"bare":               {"Signature": {good}},
		"prefix":             {"Signature": {"sha256=" + good}},
		"name in lower case": {"x-signature": {good}},
		"second value":       {"Signature": {"", good}},
	} {
		require.NoError(t, funnel.VerifySignature(h, body, hookSecret), name)
		require.NoError(t, funnel.VerifySignature(h, body, oldHookSecret, hookSecret), name)
		require.ErrorIs(t, funnel.VerifySignature(h, body, oldHookSecret), funnel.ErrInvalidSignature, name)
	}
	require.EqualError(t, funnel.VerifySignature(http.Header{"Signature": {good}}, nil, hookSecret),
		"funnel: invalid webhook signature: no secret matches the signature and the body")
	for _, unsigned := range []http.Header{nil, {}, {"Signature": nil}, {"Signature": {"", "v1"}}} {
		require.EqualError(t, funnel.VerifySignature(unsigned, body, hookSecret),
			"funnel: invalid webhook signature: no header contains a hex HMAC-SHA256")
	}
	require.NoError(t, funnel.VerifySignature(http.Header{"Signature": {sign(hookSecret, "")}}, nil, hookSecret), "an empty body can be signed")
}

func TestVerifySignature_RefusesEmptySecrets(t *testing.T) {
	t.Parallel()
	requireArgumentError(t, funnel.VerifySignature(http.Header{"Signature": {sign("", saleDelivery)}}, []byte(saleDelivery)), "secrets")
	for name, secret := range badSecrets {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := http.Header{"A": {sign(secret, saleDelivery)}, "B": {sign(hookSecret, saleDelivery)}}
			for _, secrets := range [][]string{{secret}, {hookSecret, secret}, {secret, hookSecret}} {
				err := funnel.VerifySignature(h, []byte(saleDelivery), secrets...)
				requireArgumentError(t, err, "secrets")
				require.NotErrorIs(t, err, funnel.ErrInvalidSignature)
				require.NotContains(t, err.Error(), "5ecret")
			}
		})
	}
}

func TestEvent_Decode(t *testing.T) {
	t.Parallel()
	event := &funnel.Event{Type: "order.paid", Data: json.RawMessage(`{"id":9007199254740993,"amount":49.90,"unknown":{}}`)}
	var got struct {
		ID     int64       `json:"id"`
		Amount json.Number `json:"amount"`
	}
	require.NoError(t, event.Decode(&got))
	require.Equal(t, int64(9007199254740993), got.ID)
	require.Equal(t, json.Number("49.90"), got.Amount)
}

type hookOrder struct {
	ID       int       `json:"id"`
	At       time.Time `json:"at"`
	Customer struct {
		Phone string `json:"phone"`
	} `json:"customer"`
	Count int `json:"count,string"`
}

// The error names what is wrong, and has no value of the body.
func TestEvent_DecodeErrors(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, kind, data string
		target           any
		want             string
	}{
		{"a text for a number", "a.b", `{"id":"4242"}`, &hookOrder{}, `"a.b": id: a JSON string does not fit int`},
		{"a number that is too large", "a.b", `{"id":42424242424242424242}`, &hookOrder{}, `"a.b": id: a JSON number does not fit int`},
		{"a fraction", "a.b", `{"id":4242.5}`, &hookOrder{}, `"a.b": id: a JSON number does not fit int`},
		{"a number for a text", "a.b", `{"customer":{"phone":4242}}`, &hookOrder{}, `"a.b": customer.phone: a JSON number does not fit string`},
		{"a list", "a.b", `["4242"]`, &hookOrder{}, `"a.b": data: a JSON array does not fit funnel_test.hookOrder`},
		{"a time that is none", "a.b", `{"at":"4242"}`, &hookOrder{}, `"a.b": the data does not fit *funnel_test.hookOrder`},
		{"a quoted number that is none", "a.b", `{"count":"4242x"}`, &hookOrder{}, `"a.b": count: a JSON number does not fit int`},
		{"not JSON", "", ``, &hookOrder{}, `"": the data is not JSON`},
		{"nil", "a.b", `{}`, nil, `"a.b": json: Unmarshal(nil)`},
		{"no pointer", "a.b", `{}`, hookOrder{}, `"a.b": json: Unmarshal(non-pointer funnel_test.hookOrder)`},
		{"a type with line breaks", "a\n\x1bb", `1`, &hookOrder{}, `"a b": data: a JSON number does not fit funnel_test.hookOrder`},
		{"a long type", strings.Repeat("a", 65), `1`, &hookOrder{}, `"` + strings.Repeat("a", 64) + `…": data: a JSON number does not fit funnel_test.hookOrder`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			event := &funnel.Event{Type: tt.kind, Data: json.RawMessage(tt.data)}
			err := event.Decode(tt.target)
			require.EqualError(t, err, "funnel: webhook event "+tt.want)
			require.NotContains(t, err.Error(), "4242")
			require.EqualError(t, errors.Unwrap(err), json.Unmarshal([]byte(tt.data), tt.target).Error(), "the cause is there for those who ask")
		})
	}
}

func TestWebhookHandler_IsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	receiver := &hookReceiver{}
	handler := receiver.handler(t, funnel.WithSecrets(oldHookSecret))
	var all sync.WaitGroup
	for i := range 50 {
		body := fmt.Sprintf(`{"event":"a","data":%d}`, i)
		all.Go(func() {
			deliverSigned(handler, body)
			deliver(handler, delivery(strings.NewReader(body), "Signature", sign(oldHookSecret, body)))
			deliver(handler, delivery(strings.NewReader(body), "Signature", sign("guessed", body)))
		})
	}
	all.Wait()
	seen := map[string]int{}
	for _, event := range receiver.events {
		seen[string(event.Data)]++
	}
	require.Len(t, seen, 50)
	require.Len(t, receiver.events, 100)
	require.Len(t, receiver.reports, 50)
}

// A redelivery has the same hash, and reaches the function again.
func TestWebhookHandler_PassesRedeliveriesOn(t *testing.T) {
	t.Parallel()
	receiver := &hookReceiver{}
	handler := receiver.handler(t, funnel.WithSecrets(oldHookSecret))
	for range 2 {
		require.Equal(t, http.StatusNoContent, deliverSigned(handler, saleDelivery).StatusCode)
	}
	resp := deliver(handler, delivery(strings.NewReader(saleDelivery), "Other", sign(oldHookSecret, saleDelivery)))
	require.Equal(t, http.StatusNoContent, resp.StatusCode)
	require.Equal(t, http.StatusNoContent, deliverSigned(handler, saleDelivery+" ").StatusCode)
	require.Len(t, receiver.events, 4)
	require.Equal(t, receiver.events[0], receiver.events[1])
	require.Equal(t, receiver.events[0].BodyHash, receiver.events[2].BodyHash, "neither header nor secret changes it")
	require.NotEqual(t, receiver.events[0].BodyHash, receiver.events[3].BodyHash)
}

// A hookServer serves a handler over connections in memory, inside a bubble.
type hookServer struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func serveHook(t *testing.T, handler http.Handler) *hookServer {
	t.Helper()
	return startHookServer(t, &http.Server{Handler: handler})
}

func startHookServer(t *testing.T, server *http.Server) *hookServer {
	t.Helper()
	s := &hookServer{conns: make(chan net.Conn), done: make(chan struct{})}
	go func() { _ = server.Serve(s) }()
	t.Cleanup(func() { require.NoError(t, server.Close()) })
	return s
}

func (s *hookServer) Accept() (net.Conn, error) {
	select {
	case conn := <-s.conns:
		return conn, nil
	case <-s.done:
		return nil, net.ErrClosed
	}
}

func (s *hookServer) Addr() net.Addr { return &net.TCPAddr{} }

func (s *hookServer) Close() error {
	s.once.Do(func() { close(s.done) })
	return nil
}

// dial returns the sender's end of a connection.
func (s *hookServer) dial() net.Conn {
	ours, theirs := net.Pipe()
	s.conns <- theirs
	return ours
}

// send sends text at once, and then the character x every second, until the
// server hangs up. It returns what the server sends, and when it hung up.
func (s *hookServer) send(t *testing.T, text string) (response string, after time.Duration) {
	t.Helper()
	conn := s.dial()
	start := time.Now()
	var sending sync.WaitGroup
	sending.Go(func() {
		for _, err := io.WriteString(conn, text); err == nil; _, err = io.WriteString(conn, "x") {
			time.Sleep(time.Second)
		}
	})
	got, err := io.ReadAll(conn) // ends when the server closes the connection
	require.NoError(t, err)
	after = time.Since(start)
	require.NoError(t, conn.Close())
	sending.Wait()
	return string(got), after
}

// What looks like a signature gives a sender time for the body, but not without
// end.
func TestWebhookHandler_SlowBodyDoesNotHoldConnection(t *testing.T) {
	junk := strings.Repeat("ab", 32)
	chunk := "Transfer-Encoding: chunked\r\n\r\nfffffff\r\n"
	tests := []struct {
		name, method, header, status string
		opts                         []funnel.WebhookOption
		bound                        time.Duration
	}{
		{"unsigned", "POST", "Content-Length: 1000\r\n\r\n", "401 Unauthorized", nil, 2 * time.Second},
		{"unsigned, chunked", "POST", chunk, "401 Unauthorized", nil, 2 * time.Second},
		{"unsigned, huge", "POST", "Content-Length: 1000000000\r\n\r\n", "401 Unauthorized", nil, 2 * time.Second},
		{"another method", "PUT", "Content-Length: 1000\r\n\r\n", "405 Method Not Allowed", nil, 2 * time.Second},
		{"too large", "POST", "Signature: " + junk + "\r\nContent-Length: 100001\r\n\r\n", "413 Request Entity Too Large", nil, 2 * time.Second},
		{"64 hex digits", "POST", "Signature: " + junk + "\r\nContent-Length: 1000\r\n\r\n", "408 Request Timeout", nil, 12 * time.Second},
		{"64 hex digits, chunked", "POST", "Signature: " + junk + "\r\n" + chunk, "408 Request Timeout", nil, 12 * time.Second},
		{"own timeout", "POST", "Signature: " + junk + "\r\nContent-Length: 1000\r\n\r\n", "408 Request Timeout",
			[]funnel.WebhookOption{funnel.WithWebhookBodyTimeout(3 * time.Second)}, 5 * time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				receiver := &hookReceiver{}
				handler := receiver.handler(t, append(tt.opts, funnel.WithWebhookMaxBytes(100_000))...)
				got, after := serveHook(t, handler).send(t, tt.method+" /hook HTTP/1.1\r\nHost: x\r\n"+tt.header)
				require.LessOrEqual(t, after, tt.bound)
				require.True(t, strings.HasPrefix(got, "HTTP/1.1 "+tt.status+"\r\n"), "%s", got)
				require.Contains(t, got, "\r\nConnection: close\r\n")
				require.Empty(t, receiver.events)
				require.Len(t, receiver.reports, 1)
			})
		})
	}
}

// Over HTTP/2 the deadline is the stream's.
func TestWebhookHandler_SlowBodyOverHTTP2(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var protocols http.Protocols
		protocols.SetUnencryptedHTTP2(true)
		receiver := &hookReceiver{}
		server := startHookServer(t, &http.Server{Handler: receiver.handler(t), Protocols: &protocols})
		transport := &http.Transport{
			Protocols:   &protocols,
			DialContext: func(context.Context, string, string) (net.Conn, error) { return server.dial(), nil },
		}
		defer transport.CloseIdleConnections()
		body, sender := io.Pipe()
		defer sender.Close()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://x/hook", body)
		require.NoError(t, err)
		req.Header.Set("Signature", strings.Repeat("ab", 32))
		start := time.Now()
		resp, err := (&http.Client{Transport: transport}).Do(req)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, 2, resp.ProtoMajor)
		require.Equal(t, http.StatusRequestTimeout, resp.StatusCode)
		require.Equal(t, 10*time.Second, time.Since(start))
		receiver.requireRefused(t, http.StatusRequestTimeout, "i/o timeout")
	})
}

// A shorter ReadTimeout of the server is respected. It is the only bound if
// middleware hides the connection.
func TestWithWebhookBodyTimeout_ServersReadTimeout(t *testing.T) {
	for name, middleware := range map[string]func(http.Handler) http.Handler{
		"handler alone": func(h http.Handler) http.Handler { return h },
		"slow header":   func(h http.Handler) http.Handler { return h },
		"behind middleware that hides the connection": func(h http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.ServeHTTP(struct{ http.ResponseWriter }{w}, r) })
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				receiver := &hookReceiver{}
				server := startHookServer(t, &http.Server{Handler: middleware(receiver.handler(t)), ReadTimeout: 4 * time.Second})
				conn := server.dial()
				defer conn.Close()
				start := time.Now()
				for _, part := range []string{"POST /hook HTTP/1.1\r\nHost: x\r\n", "Signature: " + strings.Repeat("ab", 32) + "\r\nContent-Length: 1000\r\n\r\n"} {
					if name == "slow header" {
						wait(t, 1500*time.Millisecond)
					}
					_, err := io.WriteString(conn, part)
					require.NoError(t, err)
				}
				status, err := bufio.NewReader(conn).ReadString('\n')
				require.NoError(t, err)
				require.Equal(t, "HTTP/1.1 408 Request Timeout\r\n", status)
				require.Equal(t, 4*time.Second, time.Since(start))
				receiver.requireRefused(t, http.StatusRequestTimeout, "i/o timeout")
			})
		})
	}
}

// A genuine body may arrive slowly, within the timeout.
func TestWithWebhookBodyTimeout_AcceptsSlowBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		receiver := &hookReceiver{}
		conn := serveHook(t, receiver.handler(t)).dial()
		defer conn.Close()
		_, err := fmt.Fprintf(conn, "POST /hook HTTP/1.1\r\nHost: x\r\nConnection: close\r\nSignature: %s\r\nContent-Length: %d\r\n\r\n",
			sign(hookSecret, saleDelivery), len(saleDelivery))
		require.NoError(t, err)
		for i := range saleDelivery {
			wait(t, 9*time.Second/time.Duration(len(saleDelivery)))
			_, err := io.WriteString(conn, saleDelivery[i:i+1])
			require.NoError(t, err)
		}
		got, err := io.ReadAll(conn)
		require.NoError(t, err)
		require.True(t, strings.HasPrefix(string(got), "HTTP/1.1 204 No Content\r\n"), "%s", got)
		require.Len(t, receiver.events, 1)
		require.Equal(t, saleDelivery, string(receiver.events[0].Body))
	})
}

// Once the body is there, the deadline must not end the function's context.
func TestWithWebhookBodyTimeout_DoesNotBoundTheFunction(t *testing.T) {
	for name, body := range map[string]string{"a body": saleDelivery, "no body": ""} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				receiver := &hookReceiver{handle: func(ctx context.Context, _ *funnel.Event) error {
					wait(t, time.Minute)
					return ctx.Err()
				}}
				conn := serveHook(t, receiver.handler(t)).dial()
				defer conn.Close()
				_, err := fmt.Fprintf(conn, "POST /hook HTTP/1.1\r\nHost: x\r\nConnection: close\r\nSignature: %s\r\nContent-Length: %d\r\n\r\n%s",
					sign(hookSecret, body), len(body), body)
				require.NoError(t, err)
				got, err := io.ReadAll(conn)
				require.NoError(t, err)
				require.True(t, strings.HasPrefix(string(got), "HTTP/1.1 204 No Content\r\n"), "%s", got)
			})
		})
	}
}

// A sender that hangs up in the middle of the body delivers nothing, even if
// what arrived is signed.
func TestWebhookHandler_RefusesTruncatedBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		receiver := &hookReceiver{}
		conn := serveHook(t, receiver.handler(t)).dial()
		_, err := fmt.Fprintf(conn, "POST /hook HTTP/1.1\r\nHost: x\r\nSignature: %s\r\nContent-Length: %d\r\n\r\n%s",
			sign(hookSecret, saleDelivery), len(saleDelivery)+1, saleDelivery)
		require.NoError(t, err)
		require.NoError(t, conn.Close())
		synctest.Wait()
		receiver.requireRefused(t, http.StatusBadRequest, "read the body: ")
	})
}

// The connection of an authentic sender stays open, also if the function fails; a
// refusal closes it.
func TestWebhookHandler_RefusalClosesConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		receiver := &hookReceiver{handle: func(_ context.Context, event *funnel.Event) error {
			if event.Type == "fail" {
				return errOutOfStock
			}
			return nil
		}}
		server, dials := serveHook(t, receiver.handler(t)), 0
		transport := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
			dials++
			return server.dial(), nil
		}}
		defer transport.CloseIdleConnections()
		for _, step := range []struct {
			secret, body  string
			status, dials int
		}{
			{secret: hookSecret, body: saleDelivery, status: 204, dials: 1},
			{secret: hookSecret, body: `{"event":"fail"}`, status: 500, dials: 1},
			{secret: "guessed", body: saleDelivery, status: 401, dials: 1},
			{secret: hookSecret, body: saleDelivery, status: 204, dials: 2},
			{secret: hookSecret, body: saleDelivery, status: 204, dials: 2},
		} {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://x/hook", strings.NewReader(step.body))
			require.NoError(t, err)
			req.Header.Set("Signature", sign(step.secret, step.body))
			resp, err := (&http.Client{Transport: transport}).Do(req)
			require.NoError(t, err)
			_, err = io.Copy(io.Discard, resp.Body)
			require.NoError(t, err)
			require.NoError(t, resp.Body.Close())
			require.Equal(t, step.status, resp.StatusCode)
			require.Equal(t, step.dials, dials)
			synctest.Wait()
		}
	})
}

// Every signed body is delivered, and the event has of it what an independent
// reading finds there.
func FuzzEvent(f *testing.F) {
	f.Fuzz(func(t *testing.T, body []byte) {
		receiver := &hookReceiver{}
		require.Equal(t, http.StatusNoContent, deliverSigned(receiver.handler(t), string(body)).StatusCode)
		require.Empty(t, receiver.reports)
		require.Len(t, receiver.events, 1)
		event := receiver.events[0]
		require.True(t, bytes.Equal(body, event.Body))
		require.Equal(t, bodyHash(string(body)), event.BodyHash)

		if !json.Valid(body) {
			require.Nil(t, event.Data)
			require.Empty(t, event.Type)
			require.Error(t, event.Decode(new(any)))
			return
		}
		whole := exactJSON(t, body)
		wantType, wantData := "", whole
		if object, ok := whole.(map[string]any); ok {
			for _, name := range []string{"type", "event"} {
				if s, ok := object[name].(string); ok && s != "" {
					wantType = s
				}
			}
			for _, name := range []string{"payload", "data"} {
				if object[name] != nil {
					wantData = object[name]
				}
			}
		}
		require.Equal(t, wantType, event.Type)
		require.Equal(t, wantData, exactJSON(t, event.Data))
		var raw json.RawMessage
		require.NoError(t, event.Decode(&raw))
	})
}

// exactJSON decodes without losing the precision of numbers.
func exactJSON(t *testing.T, body []byte) (v any) {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	require.NoError(t, decoder.Decode(&v))
	return v
}

// VerifySignature accepts just what an independent computation accepts, and the
// handler agrees with it.
func FuzzVerifySignature(f *testing.F) {
	f.Fuzz(func(t *testing.T, body []byte, secret, name, value string, signed bool) {
		if signed { // the fuzzer cannot find a signature
			value += sign(secret, string(body))
		}
		h := http.Header{name: {"", value}}
		want := strings.ToLower(strings.TrimPrefix(value, "sha256=")) == sign(secret, string(body)) && isASCII(value)
		err := funnel.VerifySignature(h, body, "another secret", secret)
		if strings.Trim(secret, "\x00") == "" || strings.TrimSpace(secret) == "" {
			requireArgumentError(t, err, "secrets")
			return
		}
		if want {
			require.NoError(t, err)
		} else {
			require.ErrorIs(t, err, funnel.ErrInvalidSignature)
		}

		receiver := &hookReceiver{}
		handler, err := funnel.NewWebhookHandler(secret, receiver.receive, funnel.WithWebhookMaxBytes(math.MaxInt64))
		require.NoError(t, err)
		req := httptest.NewRequest(http.MethodPost, "/hook", bytes.NewReader(body))
		maps.Copy(req.Header, h)
		status := deliver(handler, req).StatusCode
		require.Equal(t, want, status == http.StatusNoContent, strconv.Itoa(status))
		require.Equal(t, want, len(receiver.events) == 1)
	})
}

// isASCII tells texts apart that only Unicode's lower case makes equal.
func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > 127 })
}

// A request that a test or an adapter makes can have no body at all.
func TestWebhookHandler_NilBody(t *testing.T) {
	t.Parallel()
	called := false
	handler, err := funnel.NewWebhookHandler(hookSecret, func(context.Context, *funnel.Event) error {
		called = true
		return nil
	})
	require.NoError(t, err)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "/", nil)
	require.NoError(t, err)
	r.Header.Set("Signature", sign(hookSecret, ""))
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	require.Equal(t, http.StatusNoContent, w.Code)
	require.True(t, called)
}

func TestWebhookHandler_SecretWithALineBreakIsRefused(t *testing.T) {
	t.Parallel()
	_, err := funnel.NewWebhookHandler(hookSecret+"\n", func(context.Context, *funnel.Event) error { return nil })
	requireArgumentError(t, err, "secret")
}
