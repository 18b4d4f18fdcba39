package funnel

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/funnel-go/funnel/internal/text"
)

// An Event is an authentic webhook delivery. The vendor's pages document how a
// delivery is signed, but neither the names of the events nor their payloads.
// So Type and Data are a best effort, and Body is what was received.
//
// Body, Data and Header can contain personal data, and Header contains the
// signature. Do not log them; log Type and BodyHash.
type Event struct {
	// Type is the value of "event" in the body, or else of "type" (assumed). It is
	// empty if neither is a string.
	Type string

	// Data is the value of "data" in the body, or else of "payload", or else the
	// whole body (assumed); null counts as absent. It is nil if the body is not JSON.
	// It may share memory with Body.
	Data json.RawMessage

	Body            []byte      // as received and signed
	Header          http.Header // a copy of the request's header
	SignatureHeader string      // name of the header that contained the signature

	// BodyHash is the SHA-256 of Body in lower-case hex. Deliveries with equal
	// bodies have equal hashes: see NewWebhookHandler for what that does and
	// does not prove.
	BodyHash string
}

// newEvent reads as much of an authentic body as it can. It never fails: the
// vendor may not send a delivery again.
func newEvent(header http.Header, body []byte, signatureHeader string) *Event {
	hash := sha256.Sum256(body)
	event := &Event{
		Body:            body,
		Header:          header.Clone(),
		SignatureHeader: signatureHeader,
		BodyHash:        hex.EncodeToString(hash[:]),
	}
	if !json.Valid(body) {
		return event
	}
	event.Data = body
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(body, &fields); err != nil {
		return event // JSON, but not an object
	}
	event.Type = cmp.Or(jsonString(fields["event"]), jsonString(fields["type"]))
	for _, name := range []string{"data", "payload"} {
		if data := fields[name]; data != nil && string(data) != "null" {
			event.Data = data
			break
		}
	}
	return event
}

// jsonString returns the string that raw contains, and "" for anything else.
func jsonString(raw json.RawMessage) (s string) {
	if err := json.Unmarshal(raw, &s); err != nil {
		return ""
	}
	return s
}

// Decode unmarshals Data into v, which must be a non-nil pointer, by the rules
// of [json.Unmarshal]. Use [Decimal] or [json.Number] for amounts: a float64 or an
// any loses precision.
//
// The error wraps the error of [json.Unmarshal]. Its text names the event's type and
// the field, and contains nothing else of the body.
func (e *Event) Decode(v any) error {
	if err := json.Unmarshal(e.Data, v); err != nil {
		return &decodeError{event: e.Type, target: fmt.Sprintf("%T", v), err: err}
	}
	return nil
}

// A decodeError keeps the values of a body, such as an address that is not a
// number, out of its text.
type decodeError struct {
	event, target string
	err           error
}

func (e *decodeError) Error() string {
	prefix := fmt.Sprintf("funnel: webhook event %q: ", text.Clip(e.event, 64))
	var (
		misuse    *json.InvalidUnmarshalError
		wrongType *json.UnmarshalTypeError
		syntax    *json.SyntaxError
	)
	switch {
	case errors.As(e.err, &misuse):
		return prefix + misuse.Error()
	case errors.As(e.err, &wrongType):
		kind, _, _ := strings.Cut(wrongType.Value, " ") // what follows is the value
		return fmt.Sprintf("%s%s: a JSON %s does not fit %s", prefix, cmp.Or(wrongType.Field, "data"), kind, wrongType.Type)
	case errors.As(e.err, &syntax):
		return prefix + "the data is not JSON"
	}
	return prefix + "the data does not fit " + e.target
}

func (e *decodeError) Unwrap() error { return e.err }

// ErrInvalidSignature is the error of a webhook delivery that is unsigned, forged or
// modified. [VerifySignature] returns it, and the function of [WithWebhookErrors]
// receives it with status 401. It is always wrapped with the reason: test for it with
// [errors.Is].
var ErrInvalidSignature = errors.New("funnel: invalid webhook signature")

// VerifySignature returns nil if a webhook delivery is authentic: a value in the
// header h is the signature of body with one of the secrets. Use it in receivers that
// are not an [http.Handler], such as a cloud function or a queue worker; all others
// use [NewWebhookHandler].
//
// The body must be the bytes as received: decoding and encoding JSON changes them.
// The values of all headers are considered. To accept only one header, pass only
// that: http.Header{name: h.Values(name)}.
//
// A valid signature does not prove that the delivery is new: see
// [NewWebhookHandler].
//
// Errors: [ErrInvalidSignature]; [*ArgumentError] if there are no secrets or one
// is empty.
func VerifySignature(h http.Header, body []byte, secrets ...string) error {
	if len(secrets) == 0 {
		return argumentError("secrets", "want at least one: without a secret nothing can be verified")
	}
	if err := checkSecrets("secrets", secrets); err != nil {
		return err
	}
	found, err := findSignatures(h, "")
	if err != nil {
		return err
	}
	_, err = verify(found, body, secrets)
	return err
}

// checkSecrets refuses a secret that anybody can guess. HMAC pads its key with
// NULs, so a key of NULs alone is the empty key.
func checkSecrets(field string, secrets []string) error {
	for _, secret := range secrets {
		if strings.Trim(secret, "\x00") == "" || strings.TrimSpace(secret) == "" {
			return argumentError(field, "the secret is empty, so anybody could sign deliveries: is the environment variable set?")
		}
		if strings.TrimSpace(secret) != secret {
			return argumentError(field, "the secret has white space around it, such as a line break at its end: trim it")
		}
	}
	return nil
}

// A signature is a header value that has the form of one.
type signature struct {
	header string
	mac    [sha256.Size]byte
}

// maxSignatures is how many header values with the form of a signature a
// delivery may have. A genuine delivery has one, and few others, such as hashes
// that proxies add.
const maxSignatures = 100

// findSignatures returns the header values that have the form of a signature:
// those of the pinned header only, if there is one.
//
// Reading all of them is cheap: net/http bounds the header (1 MiB by default),
// the body is hashed once per secret however many values there are, and
// maxSignatures bounds the comparisons.
func findSignatures(h http.Header, pinned string) ([]signature, error) {
	// B13: no page that was seen names the header of the signature. So the value
	// of any header counts. That is as safe as a fixed name: only the holder of
	// the secret can compute the value, whatever header it arrives in.
	names := slices.Sorted(maps.Keys(h))
	if pinned != "" {
		names = []string{pinned}
	}
	var found []signature
	for _, name := range names {
		for _, value := range h[name] {
			if mac, ok := parseSignature(value); ok {
				found = append(found, signature{name, mac})
			}
		}
	}
	switch {
	case len(found) > maxSignatures:
		return nil, fmt.Errorf("%w: %d header values look like signatures, more than the allowed %d: name the header with WithSignatureHeader", ErrInvalidSignature, len(found), maxSignatures)
	case len(found) > 0:
		return found, nil
	case pinned != "":
		return nil, fmt.Errorf("%w: the header %s contains no hex HMAC-SHA256", ErrInvalidSignature, pinned)
	}
	return nil, fmt.Errorf("%w: no header contains a hex HMAC-SHA256", ErrInvalidSignature)
}

func parseSignature(value string) (mac [sha256.Size]byte, ok bool) {
	value = strings.TrimPrefix(value, "sha256=")
	if len(value) != hex.EncodedLen(len(mac)) {
		return mac, false
	}
	_, err := hex.Decode(mac[:], []byte(value))
	return mac, err == nil
}

// verify returns the name of the header whose signature is that of body by one
// of the secrets. It compares all secrets with all signatures, each in constant
// time, so that the time tells nothing about a secret.
func verify(found []signature, body []byte, secrets []string) (header string, err error) {
	err = fmt.Errorf("%w: no secret matches the signature and the body", ErrInvalidSignature)
	expected := make([][]byte, len(secrets))
	for i, secret := range secrets {
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write(body)
		expected[i] = mac.Sum(nil)
	}
	for _, s := range slices.Backward(found) { // of several headers, the first one's name remains
		for _, want := range expected {
			if hmac.Equal(s.mac[:], want) {
				header, err = s.header, nil
			}
		}
	}
	return header, err
}

// A WebhookOption configures a webhook handler.
type WebhookOption func(*webhookHandler) error

// WithSecrets adds secrets, for rotation: a delivery is authentic if it is signed
// with any of the handler's secrets.
//
// No known operation of the API changes the secret of a webhook, and each URL can have
// only one webhook. To change the secret without losing deliveries:
//
//   - Register a second webhook with another URL that leads to the same handler.
//   - Give the handler both secrets.
//   - Delete the first webhook, then remove its secret from the handler.
//
// While both webhooks exist, the handler receives every event twice.
//
// An empty secret is an [*ArgumentError].
func WithSecrets(more ...string) WebhookOption {
	return func(h *webhookHandler) error {
		if err := checkSecrets("WithSecrets", more); err != nil {
			return err
		}
		h.secrets = append(h.secrets, more...)
		return nil
	}
}

// WithSignatureHeader accepts the signature only in the header of that name. By
// default any header may contain it, because the vendor's pages do not name the
// header. [Event.SignatureHeader] is the name of the header that contained it. An
// invalid header name is an [*ArgumentError].
func WithSignatureHeader(name string) WebhookOption {
	return func(h *webhookHandler) error {
		// The characters of a token in HTTP, of which a header's name consists.
		const token = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		if name == "" || strings.Trim(name, token) != "" {
			return argumentError("WithSignatureHeader", "%q is not a valid header name: use one such as X-Signature", text.Clip(name, 64))
		}
		h.header = http.CanonicalHeaderKey(name)
		return nil
	}
}

// WithWebhookMaxBytes refuses deliveries whose body has more than n bytes, 1 MiB by
// default. A body is in memory before its signature can be verified, so n limits how
// much memory a forged delivery can occupy.
func WithWebhookMaxBytes(n int64) WebhookOption {
	return func(h *webhookHandler) error {
		if n <= 0 {
			return argumentError("WithWebhookMaxBytes", "is %d: must be positive", n)
		}
		h.maxBytes = n
		return nil
	}
}

// defaultBodyTimeout is the default of [WithWebhookBodyTimeout]. A body of 1 MiB
// takes 10 s at 1 Mbit/s.
const defaultBodyTimeout = 10 * time.Second

// WithWebhookBodyTimeout refuses deliveries whose body takes longer than d to arrive,
// 10 seconds by default. A signature can be verified only when the whole body has
// arrived: without a limit, anybody could keep many requests open. A shorter
// [http.Server.ReadTimeout] applies instead of d. [NewWebhookHandler] says when the
// connection is closed.
//
// The handler sets the deadline through [http.ResponseController]. If middleware hides
// the connection, because its ResponseWriter has no Unwrap method, the handler cannot
// set it, and only the server's ReadTimeout limits the body. d does not limit how long
// the headers of the request take: set the ReadHeaderTimeout of the server too.
func WithWebhookBodyTimeout(d time.Duration) WebhookOption {
	return func(h *webhookHandler) error {
		if d < time.Millisecond {
			return argumentError("WithWebhookBodyTimeout", "%s is too short; did you forget the unit? Use 10 * time.Second", d)
		}
		h.bodyTimeout = d
		return nil
	}
}

// WithWebhookErrors calls report for each delivery that was refused or that failed,
// with the event, the status of the response and the reason. The event is nil if the
// delivery is not known to be authentic (400, 401, 405, 408, 413). For status 401,
// [errors.Is] finds [ErrInvalidSignature]. If the handler's function panics, the error
// contains the stack. A panic of report itself is discarded.
//
// report runs before the response is sent, except for status 202: then the delivery
// failed later, in the queue of [WithWebhookQueue]. It is called concurrently for
// different deliveries.
func WithWebhookErrors(report func(ctx context.Context, event *Event, status int, err error)) WebhookOption {
	return func(h *webhookHandler) error {
		if report == nil {
			return argumentError("WithWebhookErrors", "the function is nil: leave the option out")
		}
		h.report = report
		return nil
	}
}

// NewWebhookHandler returns a handler that verifies webhook deliveries and calls fn
// for each authentic one. The secret is the Webhook.Secret that
// [WebhooksService.Create] returned. It is used byte for byte: if it comes from a
// file, remove the line break. For more than one secret see [WithSecrets].
//
// A delivery is authentic if the value of one of its headers is the signature. The
// signature is the HMAC-SHA256 of the body, keyed with the secret, in hex. It may
// have the prefix "sha256=". This is documented, except for the name of the header:
// see [WithSignatureHeader]. The content type is not checked. An authentic body that
// is not a JSON object is passed to fn too: see [Event].
//
// Status of the response:
//
//   - 204: fn returned nil.
//   - 202: fn will be called later, see [WithWebhookQueue].
//   - 401: the delivery is unsigned, forged or modified.
//   - 405: not a POST.
//   - 408: the body took too long, see [WithWebhookBodyTimeout].
//   - 413: the body is too large, see [WithWebhookMaxBytes].
//   - 400: the body could not be read to its end.
//   - 500: fn returned an error or panicked.
//   - 503: the queue is full or shut down.
//
// The response says no more than its status; the function of [WithWebhookErrors]
// receives the reason. After a refusal (400, 401, 405, 408, 413) the handler closes
// an HTTP/1 connection within 2 seconds, whatever the sender does. It closes an
// HTTP/2 connection when the other requests on it are done.
//
// fn is called concurrently, and should return within seconds; if it needs longer, use
// [WithWebhookQueue]. The context that fn receives is that of the request: it ends
// when the sender disconnects.
//
// # Replay and redelivery
//
// The vendor documents neither a timestamp nor an event id, so a valid signature does
// not prove that a delivery is new:
//
//   - Replay: anybody who recorded a delivery, or reads it in a log, can send it
//     again at any time. Serve the handler over HTTPS only.
//   - Redelivery: the vendor may send a delivery again if the response was lost
//     or was not a 2xx (assumed), so fn can receive an event more than once.
//   - Equal bodies: [Event.BodyHash] is equal for a redelivery with the same
//     body. But two genuine events can have equal bodies as well, for example if
//     the same tag is added, removed and added. So the handler does not drop
//     duplicates.
//
// Look at the bodies that you receive. If no two events have the same body, for
// example because each contains an id, store BodyHash in a column with a unique
// constraint, in the same database transaction as your own changes. The example
// "Redelivery" (example_webhook_handler_test.go) shows this. If equal bodies are
// possible, make fn idempotent: set a value instead of incrementing it, or treat the
// event as a hint and read the current state through the API.
//
// Errors: [*ArgumentError] if the secret is empty, fn is nil or an option is
// invalid.
func NewWebhookHandler(secret string, fn func(context.Context, *Event) error, opts ...WebhookOption) (http.Handler, error) {
	if err := checkSecrets("secret", []string{secret}); err != nil {
		return nil, err
	}
	if fn == nil {
		return nil, argumentError("fn", "is nil: nothing would receive the events")
	}
	h := &webhookHandler{
		secrets:     []string{secret},
		fn:          fn,
		maxBytes:    1 << 20,
		bodyTimeout: defaultBodyTimeout,
		report:      func(context.Context, *Event, int, error) {},
	}
	for _, opt := range opts {
		if opt == nil {
			return nil, argumentError("option", "is nil: remove it")
		}
		if err := opt(h); err != nil {
			return nil, err
		}
	}
	return h, nil
}

type webhookHandler struct {
	secrets     []string
	header      string // pinned; empty: any
	fn          func(context.Context, *Event) error
	maxBytes    int64
	bodyTimeout time.Duration
	queue       *WebhookQueue // nil: fn is called before the response
	report      func(context.Context, *Event, int, error)
}

func (h *webhookHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	event, status, err := h.receive(w, r)
	if err != nil {
		hangUp(w)
	} else {
		status, err = h.process(r.Context(), event)
	}
	if err == nil {
		w.WriteHeader(status)
		return
	}
	h.reportError(r.Context(), event, status, err)
	http.Error(w, http.StatusText(status), status) // the reason is not for the sender
}

// process passes an authentic event on and returns the status of the response.
func (h *webhookHandler) process(ctx context.Context, event *Event) (status int, err error) {
	if h.queue != nil {
		if err := h.queue.add(&queuedDelivery{h, ctx, event}); err != nil {
			return http.StatusServiceUnavailable, err
		}
		return http.StatusAccepted, nil
	}
	if err := h.deliver(ctx, event); err != nil {
		return http.StatusInternalServerError, err
	}
	return http.StatusNoContent, nil
}

// receive reads and verifies a delivery. With an error it returns the status of
// the response.
func (h *webhookHandler) receive(w http.ResponseWriter, r *http.Request) (event *Event, status int, err error) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		return nil, http.StatusMethodNotAllowed, fmt.Errorf("funnel: webhook delivery: the method is %s: want POST", text.Clip(r.Method, 16))
	}
	found, err := findSignatures(r.Header, h.header)
	if err != nil {
		return nil, http.StatusUnauthorized, err
	}
	body, err := h.readBody(w, r)
	if err != nil {
		status = http.StatusBadRequest
		if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
			status = http.StatusRequestEntityTooLarge
		} else if errors.Is(err, os.ErrDeadlineExceeded) {
			status = http.StatusRequestTimeout
		}
		return nil, status, fmt.Errorf("funnel: webhook delivery: read the body: %w", err)
	}
	signatureHeader, err := verify(found, body, h.secrets)
	if err != nil {
		return nil, http.StatusUnauthorized, err
	}
	return newEvent(r.Header, body, signatureHeader), 0, nil
}

func (h *webhookHandler) readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if r.ContentLength > h.maxBytes {
		return nil, &http.MaxBytesError{Limit: h.maxBytes}
	}
	if r.Body == nil || r.Body == http.NoBody { // nil only in a request that a test makes
		return nil, nil
	}
	server, ok := r.Context().Value(http.ServerContextKey).(*http.Server)
	if !ok || server.ReadTimeout <= 0 || server.ReadTimeout > h.bodyTimeout { // else the server's deadline is earlier
		setReadDeadline(w, time.Now().Add(h.bodyTimeout)) // net/http removes it at the end of the body
	}
	return io.ReadAll(http.MaxBytesReader(w, r.Body, h.maxBytes))
}

// setReadDeadline bounds the reading of the body. Not every ResponseWriter can:
// see [WithWebhookBodyTimeout].
func setReadDeadline(w http.ResponseWriter, at time.Time) {
	_ = http.NewResponseController(w).SetReadDeadline(at)
}

// restTimeout is how long a sender may take for the rest of a body that is not
// read. It is not 0, because closing a connection on data that is on its way can
// cost the sender the response.
const restTimeout = time.Second

// hangUp closes the connection after the response. Without the deadline net/http
// would still wait for up to 256 KiB of the body, for as long as the sender
// takes.
func hangUp(w http.ResponseWriter) {
	w.Header().Set("Connection", "close")
	setReadDeadline(w, time.Now().Add(restTimeout))
}

// deliver calls the user's function. A panic is an error like any other.
func (h *webhookHandler) deliver(ctx context.Context, event *Event) (err error) {
	defer func() {
		if p := panicError("webhook handler", recover()); p != nil {
			err = p
		}
	}()
	return h.fn(ctx, event)
}

// reportError calls the user's report. Its panic must not cost the sender the status.
func (h *webhookHandler) reportError(ctx context.Context, event *Event, status int, err error) {
	defer func() { _ = recover() }()
	h.report(ctx, event, status, err)
}
