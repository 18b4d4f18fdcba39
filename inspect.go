package funnel

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"

	"github.com/funnel-go/funnel/internal/text"
)

// This file has what programs ask about an error of any type.

// CodeOf returns the code of the API's error envelope, [ErrRateLimited] for a
// [RateLimitError], and "" for every other error.
func CodeOf(err error) Code {
	var apiErr *APIError
	if !errors.As(err, &apiErr) {
		return ""
	}
	return apiErr.Code
}

// CanRetry reports whether repeating the call later is useful and safe.
//
// It is useful if the cause can pass by itself, even where the client does not retry:
// the rate limit, a 5xx, a failed connection, no response, the end of the context, an
// error of a [Limiter] or of the function given to [WithAuth], or a response that is
// not from the API, such as a proxy's page or a redirect. Otherwise it is not useful,
// for example after bad input, a bad certificate, or any other response of the API.
//
// It is not safe if the call may have been applied and a repeat could duplicate
// something. An example is a create without a unique key that got a 5xx or no complete
// response. The client's own retries after a 5xx take that risk, unless
// [RetryPolicy.NoRetryCreateOn5xx] is set.
func CanRetry(err error) bool {
	var (
		argument *ArgumentError
		request  *RequestError
		apiErr   *APIError
	)
	switch {
	case err == nil, errors.As(err, &argument):
		return false
	case errors.As(err, &request): // first: it may hold an APIError of an earlier attempt
		if request.MayHaveBeenApplied && !request.repeatable && !isIdempotent(request.Method) {
			return false
		}
		return !isBadTLS(err) && !errors.Is(err, errTooLarge)
	case errors.As(err, &apiErr):
		if apiErr.MayHaveBeenApplied && !apiErr.repeatable && !isIdempotent(apiErr.Method) {
			return false
		}
		return apiErr.StatusCode == http.StatusTooManyRequests || apiErr.StatusCode >= 500 || apiErr.Code == ErrRateLimited ||
			apiErr.unreadable || apiErr.foreign
	}
	return false
}

// FieldErrors returns the messages of a [ValidationError] or an [ArgumentError]. The
// keys are the API's names of the fields, or the SDK's name of an argument. A program
// can show the messages to its users. For every other error, and for a ValidationError
// without details, the result is nil.
//
//	for field, messages := range funnel.FieldErrors(err) { … }
func FieldErrors(err error) map[string][]string {
	var (
		argument *ArgumentError
		invalid  *ValidationError
	)
	switch {
	case errors.As(err, &invalid):
		if len(invalid.Details) == 0 {
			return nil
		}
		return invalid.Details
	case errors.As(err, &argument):
		message := "The " + strings.ReplaceAll(argument.Field, "_", " ") + " " + strings.TrimSuffix(argument.Message, ".") + "."
		return map[string][]string{argument.Field: {message}}
	}
	return nil
}

// The kinds of errors that have neither a code nor a status.
const (
	kindArgument         = "invalid_argument"
	kindCanceled         = "canceled"
	kindTimeout          = "timeout"
	kindNotSent          = "not_sent" // because of the limiter or an outage
	kindCertificate      = "bad_certificate"
	kindConnectionFailed = "connection_failed"
	kindConnectionLost   = "connection_lost"
	kindInvalidResponse  = "invalid_response"
	kindPanicked         = "panicked"
	kindOther            = "other"
)

// ErrorKind returns a short label for logs and metrics: a [Code], an HTTP status, or
// one of invalid_argument, canceled, timeout, not_sent, bad_certificate,
// connection_failed, connection_lost, invalid_response and other. A label contains no
// personal data. It is "" for nil.
func ErrorKind(err error) string {
	if err == nil { // before the variables, which are allocated
		return ""
	}
	var (
		argument   *ArgumentError
		apiErr     *APIError
		request    *RequestError
		connection *net.OpError
		timeout    interface{ Timeout() bool } // context.DeadlineExceeded has it too
	)
	switch {
	case errors.As(err, &argument):
		return kindArgument
	case errors.As(err, &apiErr) && apiErr.Code == ErrRateLimited && apiErr.StatusCode == 0:
		return apiErrorKind(apiErr) // not sent before the deadline
	case errors.Is(err, context.Canceled): // also where it ended the wait after a response
		return kindCanceled
	case errors.As(err, &timeout) && timeout.Timeout():
		return kindTimeout
	case errors.As(err, &apiErr):
		return apiErrorKind(apiErr)
	case errors.As(err, &request) && request.Attempts == 0:
		return kindNotSent
	case errors.Is(err, panicked{}):
		return kindPanicked
	case isBadCertificate(err):
		return kindCertificate
	case errors.Is(err, errTooLarge):
		return kindInvalidResponse
	case errors.As(err, &connection) && connection.Op == "dial":
		return kindConnectionFailed
	case errors.As(err, &connection), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return kindConnectionLost
	}
	return kindOther
}

// apiErrorKind is the code of the error, unless a server that is not the API has
// put other words there.
func apiErrorKind(err *APIError) string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ_" // no digits: they could be an id
	code := string(err.Code)
	switch {
	case code != "" && len(code) <= 64 && strings.Trim(code, letters) == "":
		return code
	case err.StatusCode >= http.StatusMultipleChoices:
		return strconv.Itoa(err.StatusCode)
	}
	return kindInvalidResponse
}

// LogValue implements [slog.LogValuer]. The value contains no body, API key or e-mail
// address.
func (e *APIError) LogValue() slog.Value { return e.logValue(e) }

// LogValue implements [slog.LogValuer], as [APIError.LogValue].
func (e *ValidationError) LogValue() slog.Value { return e.logValue(e) }

// LogValue implements [slog.LogValuer], as [APIError.LogValue].
func (e *RateLimitError) LogValue() slog.Value { return e.logValue(e) }

func (e *APIError) logValue(err error) slog.Value {
	attrs := logAttrs(err, e.Method, e.Path)
	if code := impersonalCode(e.Code); code != "" {
		attrs = append(attrs, slog.String("code", code))
	}
	if e.StatusCode != 0 {
		attrs = append(attrs, slog.Int("status", e.StatusCode))
	}
	return slog.GroupValue(append(attrs, outcomeAttrs(e.RequestID, e.Attempts, e.MayHaveBeenApplied)...)...)
}

// LogValue implements [slog.LogValuer], as [APIError.LogValue].
func (e *RequestError) LogValue() slog.Value {
	return slog.GroupValue(append(logAttrs(e, e.Method, e.Path), outcomeAttrs(e.RequestID, e.Attempts, e.MayHaveBeenApplied)...)...)
}

// LogValue implements [slog.LogValuer], as [APIError.LogValue].
func (e *ArgumentError) LogValue() slog.Value {
	attrs := []slog.Attr{slog.String("kind", kindArgument), slog.String("field", text.Clip(e.Field, 64))}
	if message := text.Clip(e.Message, maxErrorText); !strings.Contains(message, "@") {
		attrs = append(attrs, slog.String("message", message))
	}
	return slog.GroupValue(attrs...)
}

func logAttrs(err error, method, path string) []slog.Attr {
	return []slog.Attr{
		slog.String("kind", ErrorKind(err)),
		slog.String("operation", method+" "+text.Clip(impersonalPath(path), 128)),
	}
}

func outcomeAttrs(requestID string, attempts int, mayHaveBeenApplied bool) []slog.Attr {
	var attrs []slog.Attr
	if id := text.Clip(requestID, maxRequestID); id != "" && isPlain(id) {
		attrs = append(attrs, slog.String("request_id", id))
	}
	return append(attrs, slog.Int("attempts", attempts), slog.Bool("may_have_been_applied", mayHaveBeenApplied))
}
