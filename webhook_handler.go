package funnel

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/funnel-go/funnel/internal/envelope"
)

// An Event is what the platform tells a webhook (assumed).
type Event struct {
	Type      EventType       `json:"event"`
	CreatedAt Timestamp       `json:"created_at"`
	Data      json.RawMessage `json:"data"` // for a known event see the methods
}

// The data of the known events (assumed).
type (
	// ContactEvent is the data of contact.created and contact.updated.
	ContactEvent struct {
		Contact Contact `json:"contact"`
	}
	// ContactTaggedEvent is the data of contact.tagged.
	ContactTaggedEvent struct {
		Contact Contact `json:"contact"`
		Tags    []Tag   `json:"tags"` // those that are new on the contact
	}
	// ContactEnrolledEvent is the data of contact.enrolled.
	ContactEnrolledEvent struct {
		Contact  Contact  `json:"contact"`
		Sequence Sequence `json:"sequence"`
	}
	// CampaignSentEvent is the data of campaign.sent.
	CampaignSentEvent struct {
		Campaign Campaign `json:"campaign"`
	}
	// FunnelOptinEvent is the data of funnel.optin.
	FunnelOptinEvent struct {
		Funnel Funnel `json:"funnel"`
	}
	// FunnelSaleEvent is the data of funnel.sale. Nothing in it tells a second
	// sale from a second delivery of the first: it is no base for accounts.
	FunnelSaleEvent struct {
		Funnel Funnel `json:"funnel"`
		Amount string `json:"amount"` // a decimal number, such as "49.90"
	}
)

// ParseEvent reads the body of a delivery. It is for receivers of their own
// making; [NewWebhookHandler] checks who sent it, too.
func ParseEvent(body []byte) (*Event, error) {
	event, err := envelope.Value[Event](body)
	if err != nil {
		return nil, fmt.Errorf("funnel: webhook delivery: %w", err)
	}
	if event.Type == "" {
		return nil, errors.New(`funnel: webhook delivery: it has no "event"`)
	}
	return event, nil
}

// ContactCreated returns the data of a contact.created event.
func (e *Event) ContactCreated() (*ContactEvent, error) {
	return eventData[ContactEvent](e, EventContactCreated)
}

// ContactUpdated returns the data of a contact.updated event.
func (e *Event) ContactUpdated() (*ContactEvent, error) {
	return eventData[ContactEvent](e, EventContactUpdated)
}

// ContactTagged returns the data of a contact.tagged event.
func (e *Event) ContactTagged() (*ContactTaggedEvent, error) {
	return eventData[ContactTaggedEvent](e, EventContactTagged)
}

// ContactEnrolled returns the data of a contact.enrolled event.
func (e *Event) ContactEnrolled() (*ContactEnrolledEvent, error) {
	return eventData[ContactEnrolledEvent](e, EventContactEnrolled)
}

// CampaignSent returns the data of a campaign.sent event.
func (e *Event) CampaignSent() (*CampaignSentEvent, error) {
	return eventData[CampaignSentEvent](e, EventCampaignSent)
}

// FunnelOptin returns the data of a funnel.optin event.
func (e *Event) FunnelOptin() (*FunnelOptinEvent, error) {
	return eventData[FunnelOptinEvent](e, EventFunnelOptin)
}

// FunnelSale returns the data of a funnel.sale event.
func (e *Event) FunnelSale() (*FunnelSaleEvent, error) {
	return eventData[FunnelSaleEvent](e, EventFunnelSale)
}

func eventData[T any](e *Event, want EventType) (*T, error) {
	if e.Type != want {
		return nil, argumentError("event", "is %q, not %q", e.Type, want)
	}
	data, err := envelope.Value[T](e.Data)
	if err != nil {
		return nil, fmt.Errorf("funnel: data of %s: %w", want, err)
	}
	resources := reflect.ValueOf(data).Elem()
	for i := range resources.NumField() {
		if resources.Field(i).Kind() != reflect.Struct {
			continue
		}
		if id, ok := idOf(resources.Field(i)); ok && id == 0 {
			return nil, fmt.Errorf("funnel: data of %s: its %s has no id", want, resources.Type().Field(i).Tag.Get("json"))
		}
	}
	return data, nil
}

// minTokenLength is how long a webhook's token must be, in characters, not to
// be guessed.
const minTokenLength = 16

// tokenParam is the query parameter of a webhook's URL that holds the token.
const tokenParam = "token"

// WebhookURL returns the URL to register for a [NewWebhookHandler] with that
// token, which is served at base, an absolute http or https URL.
func WebhookURL(base, token string) (string, error) {
	if err := checkToken(token); err != nil {
		return "", err
	}
	u, err := url.Parse(base)
	if err != nil || u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil || u.Fragment != "" {
		return "", argumentError("base", "want an absolute http or https URL without user info and fragment")
	}
	q, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return "", argumentError("base", "its query cannot be read, and would be lost in part")
	}
	q.Set(tokenParam, token)
	u.RawQuery = q.Encode()
	return u.String(), nil
}

func checkToken(token string) error {
	if utf8.RuneCountInString(token) < minTokenLength || hasControl(token) {
		return argumentError("token", "want at least %d characters that nobody can guess, such as those of crypto/rand.Text", minTokenLength)
	}
	return nil
}

// A WebhookOption sets up a webhook handler.
type WebhookOption func(*webhookHandler) error

// WithWebhookMaxBytes refuses deliveries with a larger body: 1 MiB by default.
func WithWebhookMaxBytes(n int64) WebhookOption {
	return func(h *webhookHandler) error {
		if n <= 0 {
			return argumentError("WithWebhookMaxBytes", "is %d: must be positive", n)
		}
		h.maxBytes = n
		return nil
	}
}

// WithWebhookErrors has report told of each delivery that was refused or that
// failed, with the status that it was answered with. A panic arrives as an error
// too. The request's URL holds the token: do not log it.
func WithWebhookErrors(report func(ctx context.Context, status int, err error)) WebhookOption {
	return func(h *webhookHandler) error {
		if report == nil {
			return argumentError("WithWebhookErrors", "the function is nil")
		}
		h.report = report
		return nil
	}
}

// NewWebhookHandler returns a handler that takes deliveries to the URL that
// [WebhookURL] makes of the token, and gives each to fn. The API documents no
// signature, so that the token is what tells a delivery from a forgery: at least
// 16 characters that nobody can guess. It is compared in constant time.
//
// A delivery is answered with 204 when fn returns nil. An error or a panic of
// fn is answered with 500, so that the platform tries again (assumed): fn may
// see an event more than once, and an event has no id to know it by, so that
// what fn does should do no harm twice. See [WithWebhookErrors] to learn of
// failures. What is no delivery gets 401 without the right token, 405 if it is
// no POST, 415 if it is not JSON by its content type, 413 if it is too large and
// 400 if it cannot be read. An event that the SDK does not know is passed to fn
// like any other.
func NewWebhookHandler(token string, fn func(context.Context, *Event) error, opts ...WebhookOption) (http.Handler, error) {
	if err := checkToken(token); err != nil {
		return nil, err
	}
	if fn == nil {
		return nil, argumentError("fn", "is nil: nobody would get the events")
	}
	h := &webhookHandler{
		token:    sha256.Sum256([]byte(token)),
		fn:       fn,
		maxBytes: 1 << 20,
		report:   func(context.Context, int, error) {},
	}
	for _, opt := range opts {
		if opt == nil {
			return nil, argumentError("option", "is nil: leave it out")
		}
		if err := opt(h); err != nil {
			return nil, err
		}
	}
	return h, nil
}

type webhookHandler struct {
	token    [sha256.Size]byte // hashed, so that comparing does not tell the length
	fn       func(context.Context, *Event) error
	maxBytes int64
	report   func(context.Context, int, error)
}

func (h *webhookHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	status, err := h.receive(w, r)
	if err != nil {
		h.report(r.Context(), status, err)
	}
	switch status {
	case http.StatusNoContent:
		w.WriteHeader(status)
		return
	case http.StatusMethodNotAllowed:
		w.Header().Set("Allow", http.MethodPost)
	}
	http.Error(w, http.StatusText(status), status) // the reason is none of the sender's business
}

// receive takes a delivery and returns the status to answer with. Whoever lacks
// the token learns nothing but that.
func (h *webhookHandler) receive(w http.ResponseWriter, r *http.Request) (status int, err error) {
	token := sha256.Sum256([]byte(r.URL.Query().Get(tokenParam)))
	if subtle.ConstantTimeCompare(token[:], h.token[:]) != 1 {
		return http.StatusUnauthorized, errors.New("funnel: webhook delivery without the right token")
	}
	if r.Method != http.MethodPost {
		return http.StatusMethodNotAllowed, fmt.Errorf("funnel: webhook delivery by %s", r.Method)
	}
	if contentType := r.Header.Get("Content-Type"); !isJSON(contentType) {
		return http.StatusUnsupportedMediaType, fmt.Errorf("funnel: webhook delivery of type %q", contentType)
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, h.maxBytes))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return http.StatusRequestEntityTooLarge, fmt.Errorf("funnel: webhook delivery: %w", err)
	}
	if err != nil {
		return http.StatusBadRequest, fmt.Errorf("funnel: webhook delivery: %w", err)
	}
	event, err := ParseEvent(body)
	if err != nil {
		return http.StatusBadRequest, err
	}
	if err := h.deliver(r.Context(), event); err != nil {
		return http.StatusInternalServerError, err
	}
	return http.StatusNoContent, nil
}

// deliver runs the user's function, whose panic is an error like any other.
func (h *webhookHandler) deliver(ctx context.Context, event *Event) (err error) {
	defer func() {
		if p := panicError("webhook handler", recover()); p != nil {
			err = p
		}
	}()
	return h.fn(ctx, event)
}

func isJSON(contentType string) bool {
	mediaType, _, err := mime.ParseMediaType(contentType)
	return err == nil && (mediaType == "application/json" || strings.HasSuffix(mediaType, "+json"))
}
