package funnel

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/funnel-go/funnel/internal/text"
)

// A Code is the machine-readable reason in the API's error envelope, the JSON object
// {"success": false, "error": …}. A code is itself an error: test for it with
// [errors.Is]. [CodeOf] returns the code of any error. Codes that this SDK does not
// know work in the same way:
//
//	errors.Is(err, funnel.ErrContactExists)
//	errors.Is(err, funnel.Code("SOMETHING_NEW"))
type Code string

// Error returns the code, such as "CONTACT_EXISTS", and "" for the zero Code.
func (c Code) Error() string {
	return c.clipped()
}

// clipped is the code as an error prints it.
func (c Code) clipped() string { return text.Clip(string(c), 64) }

// The codes of the API's reference, all documented. An [APIError] has a code only if
// the body of the response contains it: an HTML page with status 404 is not
// ErrNotFound.
const (
	ErrUnauthorized        Code = "UNAUTHORIZED"           // 401: the API key is missing, invalid or disabled
	ErrForbidden           Code = "FORBIDDEN"              // 403: the API key has no access to the resource
	ErrNotFound            Code = "NOT_FOUND"              // 404: not there, or not in this account
	ErrContactExists       Code = "CONTACT_EXISTS"         // 409: a contact with that email already exists
	ErrTagExists           Code = "TAG_EXISTS"             // 409: a tag with that name already exists
	ErrWebhookExists       Code = "WEBHOOK_EXISTS"         // 409: a webhook with that URL already exists
	ErrPathTaken           Code = "PATH_TAKEN"             // 409: the URL slug is already used in this funnel
	ErrCampaignScheduled   Code = "CAMPAIGN_SCHEDULED"     // 409: unschedule the campaign before deleting it
	ErrInvalidStatus       Code = "INVALID_STATUS"         // 400: the status filter is not in the allowed list
	ErrInvalidPeriod       Code = "INVALID_PERIOD"         // 400: unknown period
	ErrInvalidDate         Code = "INVALID_DATE"           // 400: scheduled_for is no date, or is in the past
	ErrNoSubdomain         Code = "NO_SUBDOMAIN"           // 400: the account has no subdomain for funnels
	ErrStageNotEmail       Code = "STAGE_NOT_EMAIL"        // 422: the stage is not a send_email stage
	ErrSequenceHasNoStages Code = "SEQUENCE_HAS_NO_STAGES" // 422: a sequence without stages cannot enrol contacts
	ErrValidation          Code = "VALIDATION_ERROR"       // 400 or 422: see ValidationError
	ErrServer              Code = "SERVER_ERROR"           // 500: an unexpected error on the server
)

// ErrRateLimited is the SDK's own code for every [RateLimitError]. The API sends no
// envelope with a 429.
const ErrRateLimited Code = "RATE_LIMITED"

// An APIError is a response that is not a success: the API's error envelope, or
// anything else that is not what the call expects (an HTML page of a proxy, a
// redirect, a 200 that says "success": false). A [RateLimitError] contains an APIError
// even if the call was not sent.
//
// Test for a code with [errors.Is]. Read the fields with [errors.As], which finds the
// APIError inside a [ValidationError] or [RateLimitError] too.
type APIError struct {
	Code       Code   // of the API's error; empty if the response has none
	Message    string // of the API's error, or what is wrong with the response
	StatusCode int    // HTTP status; 0: not sent, see RateLimitError
	Method     string // of the request
	Path       string // of the operation, without base path and query
	RequestID  string // X-Request-Id, where the server sent one
	Attempts   int    // how many were made; 0: the rate limiter refused the call

	// MayHaveBeenApplied is true if this failed call may have taken effect on the
	// server: an attempt got a 5xx, no complete response or a success that the SDK
	// does not understand. It is also true if Upsert had changed something with an
	// earlier request. It is always false for reads.
	MayHaveBeenApplied bool

	Header http.Header // of the last response
	Body   []byte      // of the last response, at most 64 KiB; may hold personal data

	repeatable bool   // a POST that cannot duplicate anything
	unreadable bool   // the response was no JSON, or cut short
	foreign    bool   // something else than the API has responded
	stopped    ending // why it was not retried
}

// Error names method, path, status, code, message, attempts and request id on one
// line. The message is the API's and may contain personal data: LogValue leaves it
// out.
func (e *APIError) Error() string {
	return e.text(e.Message)
}

func (e *APIError) text(message string) string {
	var b strings.Builder
	b.WriteString("funnel: ")
	writeOperation(&b, e.Method, e.Path)
	if e.StatusCode != 0 {
		fmt.Fprintf(&b, "%d ", e.StatusCode)
	}
	b.WriteString(cmp.Or(e.Code.clipped(), http.StatusText(e.StatusCode), "request failed"))
	if message = text.Clip(message, maxErrorText); message != "" {
		b.WriteString(": " + message)
	}
	writeNotes(&b, e.Attempts, e.MayHaveBeenApplied, e.stopped, e.RequestID)
	return b.String()
}

// Is reports whether target is this error's [Code]. It is also true for
// [context.DeadlineExceeded] if a wait would have outlasted the deadline of the call's
// context.
func (e *APIError) Is(target error) bool {
	code, ok := target.(Code)
	return ok && code != "" && code == e.Code || e.stopped.tooLate && target == context.DeadlineExceeded
}

// A ValidationError is the API's VALIDATION_ERROR: 422 with messages for each
// field, or 400 without details where a list such as tag_ids is malformed. It
// unwraps to its [APIError].
type ValidationError struct {
	APIError

	// Details maps the API's name of a field to its messages. It is empty for a 400.
	Details map[string][]string
}

// Error returns the text of the [APIError] and the messages, ordered by field.
func (e *ValidationError) Error() string {
	var fields []string
	for _, field := range slices.Sorted(maps.Keys(e.Details)) {
		fields = append(fields, joinTexts(": ", field, strings.Join(e.Details[field], " ")))
	}
	return e.text(joinTexts(" – ", e.Message, strings.Join(fields, "; ")))
}

// Unwrap returns the embedded [APIError].
func (e *ValidationError) Unwrap() error { return &e.APIError }

// Is reports whether target is [ErrValidation], also if the response has messages for
// fields but no code.
func (e *ValidationError) Is(target error) bool {
	return target == ErrValidation || e.APIError.Is(target)
}

// A RateLimitError reports that the API has responded with 429. If StatusCode is 0, it
// reports that the request was not sent, for one of these reasons:
//
//   - The client pauses after another call's 429, for longer than the call may wait: see
//     [RetryPolicy.MaxRateLimitWait] and the context's deadline.
//   - No slot is free before the context's deadline.
//
// A RateLimitError unwraps to its [APIError].
type RateLimitError struct {
	APIError

	// RetryAfter is how long to wait before the next request, counted from the return
	// of the call.
	RetryAfter time.Duration

	reason error // why it was not sent; nil: it was
}

// Error returns the text of the [APIError] and the time to wait.
func (e *RateLimitError) Error() string {
	if e.RetryAfter <= 0 {
		return e.text(e.Message)
	}
	message := text.Clip(e.Message, maxErrorText/2) // leaves room for what matters
	return e.text(joinTexts("; ", message, "retry after "+e.RetryAfter.Round(time.Second).String()))
}

// Unwrap returns the embedded [APIError].
func (e *RateLimitError) Unwrap() error { return &e.APIError }

// Is makes the error match [ErrRateLimited] and, if a [Limiter] said when a slot will
// be free, the error of the Limiter. If the deadline did not allow the wait, it
// matches [context.DeadlineExceeded] too.
func (e *RateLimitError) Is(target error) bool {
	return target == ErrRateLimited || errors.Is(e.reason, target) || e.APIError.Is(target)
}

// A RequestError is a call without a complete response: no connection, a timeout, a
// response cut short, a context that ended. It unwraps to its cause, such as
// [context.Canceled]. If the context ended while the call waited for a retry,
// errors.Is and errors.As also find the error of the previous attempt.
type RequestError struct {
	Method    string // of the request
	Path      string // of the operation, without base path and query
	RequestID string // X-Request-Id of a response that was cut short; otherwise empty
	Attempts  int    // how many were made; 0: none

	// MayHaveBeenApplied is true if this failed call may have taken effect on the
	// server. It is always false for reads.
	MayHaveBeenApplied bool

	Err error // the cause

	repeatable bool   // a POST that cannot duplicate anything
	stopped    ending // why it was not retried
}

// Error names method, path, cause and attempts on one line.
func (e *RequestError) Error() string {
	var b strings.Builder
	b.WriteString("funnel: ")
	writeOperation(&b, e.Method, e.Path)
	var cause string
	if e.Err != nil {
		cause = text.Clip(strings.TrimPrefix(e.Err.Error(), "funnel: "), maxErrorText)
	}
	b.WriteString(cmp.Or(cause, "no complete response"))
	writeNotes(&b, e.Attempts, e.MayHaveBeenApplied, e.stopped, e.RequestID)
	return b.String()
}

// Unwrap returns the cause.
func (e *RequestError) Unwrap() error { return e.Err }

// Is makes the error match [context.DeadlineExceeded] if a wait would have outlasted
// the deadline of the call's context.
func (e *RequestError) Is(target error) bool {
	return e.stopped.tooLate && target == context.DeadlineExceeded
}

// MayHaveBeenApplied reports whether a failed call may have taken effect on the
// server. err is the error that the call returned, of any type.
func MayHaveBeenApplied(err error) bool {
	_, mayHaveBeenApplied := outcomeOf(err)
	return mayHaveBeenApplied
}

// outcomeOf returns what the error of a call says of the request: how many attempts
// were made, -1 if it is no error of a call, and whether one may have taken effect. Of
// several joined errors each counts; what a call's error wraps may be another call's
// and does not.
func outcomeOf(err error) (attempts int, mayHaveBeenApplied bool) {
	switch e := err.(type) { //nolint:errorlint // this walks the tree itself
	case *RequestError:
		return e.Attempts, e.MayHaveBeenApplied
	case *APIError:
		return e.Attempts, e.MayHaveBeenApplied
	case *ValidationError:
		return e.Attempts, e.MayHaveBeenApplied
	case *RateLimitError:
		return e.Attempts, e.MayHaveBeenApplied
	case interface{ Unwrap() error }:
		return outcomeOf(e.Unwrap())
	case interface{ Unwrap() []error }:
		attempts = -1
		for _, inner := range e.Unwrap() {
			n, applied := outcomeOf(inner)
			attempts = max(attempts, n)
			mayHaveBeenApplied = mayHaveBeenApplied || applied
		}
		return attempts, mayHaveBeenApplied
	}
	return -1, false
}

// An ending is why a call was not retried, or not sent.
type ending struct {
	why     string
	tooLate bool // a wait would have outlasted the context's deadline
	outage  bool // an outage lasted
}

// changed returns a changed copy of the error of a call. It is a copy because
// observers may have the original.
func changed(err error, api func(*APIError), request func(*RequestError)) error {
	switch e := err.(type) { //nolint:errorlint // as the call has made it
	case *RequestError:
		copied := *e
		request(&copied)
		return &copied
	case *APIError:
		copied := *e
		api(&copied)
		return &copied
	case *ValidationError:
		copied := *e
		api(&copied.APIError)
		return &copied
	case *RateLimitError:
		copied := *e
		api(&copied.APIError)
		return &copied
	}
	return err
}

// markApplied returns a call's error with MayHaveBeenApplied set: a call before it, on
// behalf of the same method, has taken effect.
func markApplied(err error) error {
	return changed(err, func(e *APIError) { e.MayHaveBeenApplied = true }, func(e *RequestError) { e.MayHaveBeenApplied = true })
}

// An ArgumentError is bad input that was refused before anything was sent.
type ArgumentError struct {
	Field   string // name of the parameter in the API or the SDK
	Message string // what is wrong and how to fix it
}

// Error names the field and the fix.
func (e *ArgumentError) Error() string {
	field := cmp.Or(text.Clip(e.Field, 64), "argument")
	return "funnel: " + field + ": " + cmp.Or(text.Clip(e.Message, maxErrorText), "is invalid")
}

func argumentError(field, format string, args ...any) error {
	return &ArgumentError{Field: field, Message: fmt.Sprintf(format, args...)}
}

// maxErrorText bounds what an error prints of foreign text, in characters: an
// error must fit on a screen.
const maxErrorText = 600

// joinTexts joins those of the texts that are not empty.
func joinTexts(sep string, texts ...string) string {
	return strings.Join(slices.DeleteFunc(texts, func(s string) bool { return s == "" }), sep)
}

func writeOperation(b *strings.Builder, method, path string) {
	if operation := text.Clip(method+" "+path, 128); operation != "" {
		b.WriteString(operation + ": ")
	}
}

// maxRequestID bounds what an error prints of a request id, in characters.
const maxRequestID = 64

func writeNotes(b *strings.Builder, attempts int, mayHaveBeenApplied bool, stopped ending, requestID string) {
	var notes []string
	if attempts > 1 {
		notes = append(notes, fmt.Sprintf("after %d attempts", attempts))
	}
	if mayHaveBeenApplied {
		notes = append(notes, "may have been applied")
	}
	if stopped.why != "" {
		notes = append(notes, "stopped retrying: "+stopped.why)
	}
	if requestID = text.Clip(requestID, maxRequestID); requestID != "" {
		notes = append(notes, "request "+requestID)
	}
	if len(notes) > 0 {
		b.WriteString(" (" + strings.Join(notes, ", ") + ")")
	}
}
