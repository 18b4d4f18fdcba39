package funnel

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"runtime/debug"
	"strings"
	"time"

	"github.com/funnel-go/funnel/internal/envelope"
	"github.com/funnel-go/funnel/internal/quota"
	"github.com/funnel-go/funnel/internal/text"
)

// This file makes the typed error of a call that failed.

const (
	maxErrorBody = 64 << 10 // bounds the body that an error keeps, in bytes
	longestKey   = 8 << 10  // of which no part may be left where that body is cut off
)

// newAPIError returns the error of the last response. What the server sent may hold
// the API key, and does not carry it on.
func (c *call) newAPIError(f *envelope.Failure) APIError {
	hide := c.core.hide
	e := APIError{
		Code:               Code(hide(f.Code)),
		Message:            hide(f.Message),
		StatusCode:         c.last.status,
		Method:             c.method,
		Path:               c.core.hide(c.path),
		RequestID:          hide(c.last.header.Get("X-Request-Id")),
		Attempts:           c.attempts,
		MayHaveBeenApplied: c.mayHaveBeenApplied,
		Header:             hideInHeader(c.last.header, hide),
		Body:               c.keptBody(),
		repeatable:         c.repeatable,
		foreign:            c.last.isForeign(),
	}
	if e.Message == "" && e.Code == "" {
		e.Message = "the response is not in the API's format" + c.excerpt()
	}
	if e.Code == "" && (e.StatusCode == http.StatusNotFound || e.StatusCode == http.StatusMethodNotAllowed) {
		e.Message = c.doubt(c.askForPath(e.Message))
	}
	return e
}

// keptBody is the part of the last response's body that errors show. The API key
// is hidden before the rest is cut off, so that the cut leaves no part of it.
func (c *call) keptBody() []byte {
	body, most := c.last.body, maxErrorBody+longestKey
	kept := c.core.hide(string(body[:min(len(body), most)]))
	if len(body) > most {
		kept = kept[:max(0, len(kept)-longestKey)]
	}
	return []byte(kept[:min(len(kept), maxErrorBody)])
}

func (c *call) apiError(f *envelope.Failure) error {
	e := c.newAPIError(f)
	ofLaravel := e.Code == "" && e.StatusCode == http.StatusUnprocessableEntity && len(f.Details) > 0
	if e.Code != ErrValidation && !ofLaravel {
		return &e
	}
	hide := c.core.hide
	details := make(map[string][]string, len(f.Details))
	for field, messages := range f.Details {
		for _, message := range messages {
			details[hide(field)] = append(details[hide(field)], hide(message))
		}
	}
	return &ValidationError{APIError: e, Details: details}
}

// formatError is the error of a success that is not in the API's format.
func (c *call) formatError(err error) error {
	message := err.Error()
	if len(c.last.body) > 0 { // else err says that it is empty
		message += c.excerpt()
	}
	e := c.newAPIError(&envelope.Failure{Message: message})
	e.unreadable = errors.Is(err, envelope.ErrUnreadable)
	switch {
	case e.foreign:
		e.Message = c.askForPath(e.Message)
	case !e.unreadable:
		e.Message = c.doubt(e.Message)
	}
	return &e
}

// askForPath adds to a message that the base URL may be wrong, unless it is the vendor's.
func (c *call) askForPath(message string) string {
	if c.core.base.String() == DefaultBaseURL {
		return message
	}
	return strings.TrimSuffix(text.Clip(message, maxErrorText/2), ".") + "; is the path of the base URL right? The vendor's is /v1"
}

// rateLimitError is the error of a 429, which has no envelope.
func (c *call) rateLimitError() error {
	e := &RateLimitError{
		APIError:   c.newAPIError(envelope.ParseFailure(c.last.body)),
		RetryAfter: c.core.rateLimitWait(c.last.quota),
	}
	e.Code = ErrRateLimited
	return e
}

// redirectError names where a redirect leads to, but for the path and query: a
// redirect is a wrong base URL, or a server that takes the call for a
// browser's.
func (c *call) redirectError() error {
	where := "to nowhere"
	if location, err := c.core.base.Parse(c.last.header.Get("Location")); err == nil && location.Host != "" {
		where = "to " + location.Scheme + "://" + location.Host
	}
	return c.apiError(&envelope.Failure{Message: fmt.Sprintf(
		"redirects %s, which is not followed: the API key goes to %s only; check the base URL", where, c.core.base.Host)})
}

// requestError is the error of a call that got no complete response.
func (c *call) requestError(err error) *RequestError {
	return &RequestError{
		Method:             c.method,
		Path:               c.core.hide(c.path),
		Attempts:           c.attempts,
		MayHaveBeenApplied: c.mayHaveBeenApplied,
		Err:                c.scrub(err),
		repeatable:         c.repeatable,
	}
}

// scrub hides the API key and the query, which may hold an e-mail address, in
// the text of an error that a transport made.
func (c *call) scrub(err error) error { return scrub(err, c.clean) }

func (c *call) clean(text string) string {
	text = c.core.hide(text)
	if c.query != "" {
		text = strings.ReplaceAll(text, c.query, "[hidden]")
	}
	return text
}

// refused is the error of an attempt that was not admitted.
func (c *call) refused(err error) error {
	switch e := err.(type) { //nolint:errorlint // not one that is wrapped
	case *quota.OutageError:
		if c.err != nil {
			return stopRetrying(c.err, ending{
				why:    fmt.Sprintf("no request has succeeded for %s", e.Waited.Round(time.Millisecond)),
				outage: true,
			})
		}
		lost := c.requestError(&unsent{outage: e, last: c.core.failure.Load()})
		lost.stopped.outage = true
		return lost
	case *quota.PausedError:
		return c.notSent(e, e.Wait)
	case *quota.DeadlineError:
		return c.notSent(e, e.Wait)
	case *noSlot:
		return c.notSent(e.error, e.wait)
	}
	return c.interrupted(err)
}

// unsent is why a call was not sent in an outage. It matches the last error of a
// request, which is another call's: what that says about its own request is not found.
type unsent struct {
	outage *quota.OutageError
	last   *error // nil: none is known
}

func (e *unsent) Error() string {
	if e.last == nil {
		return e.outage.Error()
	}
	return e.outage.Error() + "; the last one failed with " + strings.TrimPrefix((*e.last).Error(), "funnel: ")
}

func (e *unsent) Unwrap() error { return e.outage }

func (e *unsent) Is(target error) bool { return e.last != nil && errors.Is(*e.last, target) }

// stopRetrying returns the error of a call with the reason why it is not retried.
func stopRetrying(err error, reason ending) error {
	return changed(err, func(e *APIError) { e.stopped = reason }, func(e *RequestError) { e.stopped = reason })
}

// notSent is the error of a call whose next attempt the rate limit holds up for longer
// than the call may wait.
func (c *call) notSent(reason error, wait time.Duration) error {
	message := c.scrub(reason).Error()
	if c.err != nil {
		err := stopRetrying(c.err, ending{why: message, tooLate: errors.Is(reason, context.DeadlineExceeded)})
		if limited, ok := err.(*RateLimitError); ok { //nolint:errorlint // as the call has made it
			limited.RetryAfter = wait
		}
		return err
	}
	return &RateLimitError{
		APIError: APIError{
			Code:               ErrRateLimited,
			Message:            "not sent: " + message,
			Method:             c.method,
			Path:               c.core.hide(c.path),
			MayHaveBeenApplied: c.mayHaveBeenApplied,
			repeatable:         c.repeatable,
		},
		RetryAfter: wait,
		reason:     reason,
	}
}

// interrupted is the error of a call that was stopped before its next attempt.
// It matches the reason and what made that attempt necessary.
func (c *call) interrupted(reason error) error {
	if c.err != nil {
		reason = &interruption{reason: reason, after: c.err}
	}
	return c.requestError(reason)
}

type interruption struct{ reason, after error }

func (e *interruption) Error() string {
	return e.reason.Error() + ", while waiting to retry after " + strings.TrimPrefix(e.after.Error(), "funnel: ")
}

func (e *interruption) Unwrap() []error { return []error{e.reason, e.after} }

// excerpt shows the beginning of a response that was not understood; of a page
// of HTML, its title.
func (c *call) excerpt() string {
	body := c.keptBody()
	if len(body) == 0 {
		return ": it is empty"
	}
	if _, rest, ok := bytes.Cut(body, []byte("<title>")); ok {
		body, _, _ = bytes.Cut(rest, []byte("</title>"))
	}
	shown := text.Clip(string(body), 160)
	if contentType := c.last.header.Get("Content-Type"); contentType != "" {
		shown = text.Clip(c.core.hide(contentType), 64) + ": " + shown
	}
	return ": " + shown
}

// isBadTLS reports whether err is about the certificate, or from an HTTP server without
// TLS: a retry would fail again.
func isBadTLS(err error) bool {
	noTLS := tls.RecordHeaderError{}
	return isBadCertificate(err) || errors.As(err, &noTLS) && string(noTLS.RecordHeader[:]) == "HTTP/"
}

func isBadCertificate(err error) bool {
	var (
		verification *tls.CertificateVerificationError
		authority    x509.UnknownAuthorityError
		hostname     x509.HostnameError
		invalid      x509.CertificateInvalidError
	)
	return errors.As(err, &verification) || errors.As(err, &authority) || errors.As(err, &hostname) || errors.As(err, &invalid)
}

// contextError is why ctx is over: its error and, where it is another, the cause.
func contextError(ctx context.Context) error {
	cause := context.Cause(ctx)
	if isStopped(ctx) {
		return cause // the caller has not canceled anything
	}
	if cause == ctx.Err() { //nolint:errorlint // a cause that matches it says more
		return cause
	}
	return &canceled{ctx.Err(), cause}
}

// isStopped reports whether a bulk job has ended ctx. A user's cause can wrap such an
// error, and says something else.
func isStopped(ctx context.Context) bool {
	_, stopped := context.Cause(ctx).(*skipped) //nolint:errorlint // see above
	return stopped
}

// canceled is the error of a context with a cause of the user's. It matches the cause.
// The cause can be the error of another call, as in an errgroup: what is in that says
// nothing about this call, and is not found.
type canceled struct{ err, cause error }

func (e *canceled) Error() string { return e.err.Error() + ": " + e.cause.Error() }

func (e *canceled) Unwrap() error { return e.err }

func (e *canceled) Is(target error) bool {
	if isOfCall(e.cause) {
		return reflect.TypeOf(target).Comparable() && target == e.cause // the cause itself only
	}
	return errors.Is(e.cause, target)
}

func (e *canceled) As(target any) bool { return !isOfCall(e.cause) && errors.As(e.cause, target) }

// isOfCall reports whether err is, or wraps, the error of a call of this package.
func isOfCall(err error) bool {
	var (
		apiErr   *APIError
		request  *RequestError
		argument *ArgumentError
		name     *NameError
	)
	return errors.As(err, &apiErr) || errors.As(err, &request) || errors.As(err, &argument) || errors.As(err, &name)
}

// responseError is the error of a response to a GET that is well-formed, and yet
// cannot be what was requested.
func responseError(path, format string, args ...any) error {
	return &APIError{
		Method:     http.MethodGet,
		Path:       path,
		StatusCode: http.StatusOK,
		Message:    fmt.Sprintf(format, args...),
		Attempts:   1,
	}
}

// skipped is the error of what a pipeline sends no more. It matches that of the
// job that ended it, which is the reason, but not what that error says about its own
// request.
type skipped struct{ reason error }

func (e *skipped) Error() string {
	return "not sent, because the call of another item failed: " + strings.TrimPrefix(e.reason.Error(), "funnel: ")
}

func (e *skipped) Is(target error) bool { return errors.Is(e.reason, target) }

// As finds what holds for all requests alike.
func (e *skipped) As(target any) bool {
	_, limited := target.(**RateLimitError)
	return limited && errors.As(e.reason, target)
}

// panicError is the error of a recovered panic, and nil where there was none.
func panicError(where string, p any) error {
	switch p := p.(type) {
	case nil:
		return nil
	case error:
		return fmt.Errorf("funnel: %s panicked: %w\n%s", where, p, debug.Stack())
	default:
		return fmt.Errorf("funnel: %s panicked: %v\n%s", where, p, debug.Stack())
	}
}
