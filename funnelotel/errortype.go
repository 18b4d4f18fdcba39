package funnelotel

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/funnel-go/funnel"
)

// The kinds of errors that have neither a code nor a status.
const (
	errorCanceled         = "canceled"
	errorTimeout          = "timeout"
	errorConnectionFailed = "connection_failed"
	errorConnectionLost   = "connection_lost"
	errorInvalidResponse  = "invalid_response"
	errorNotSent          = "not_sent" // by the limiter, such as one whose Redis is away
)

// failureAttributes returns the attribute of an error type, or nothing for none.
func failureAttributes(errorType string) []attribute.KeyValue {
	if errorType == "" {
		return nil
	}
	return []attribute.KeyValue{semconv.ErrorTypeKey.String(errorType)}
}

// attemptErrorType is the error.type of an attempt, which knows the status of
// its answer and not yet its code.
func attemptErrorType(result funnel.AttemptResult) string {
	if result.Err == nil && result.StatusCode >= http.StatusBadRequest {
		return strconv.Itoa(result.StatusCode)
	}
	return errorType(result.Err)
}

// errorType is the error.type of a call: there are few of them, and none holds
// a word of anybody's. It is empty for success.
func errorType(err error) string {
	var (
		api        *funnel.APIError
		request    *funnel.RequestError
		connection *net.OpError
	)
	switch {
	case err == nil:
		return ""
	case errors.Is(err, context.Canceled): // also where it ended the wait after an answer
		return errorCanceled
	case isTimeout(err):
		return errorTimeout
	case errors.As(err, &api):
		return apiErrorType(api)
	case errors.As(err, &request) && request.Attempts == 0:
		return errorNotSent
	case errors.As(err, &connection):
		if connection.Op == "dial" {
			return errorConnectionFailed
		}
		return errorConnectionLost
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errorConnectionLost
	}
	for inner := err; inner != nil; inner = errors.Unwrap(inner) {
		err = inner
	}
	return fmt.Sprintf("%T", err)
}

func isTimeout(err error) bool {
	var t interface{ Timeout() bool } // context.DeadlineExceeded has it too
	return errors.As(err, &t) && t.Timeout()
}

// apiErrorType is the code of the error, unless a server that is none of ours
// has put other words there.
func apiErrorType(err *funnel.APIError) string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ_" // no digits: they could be an id
	code := string(err.Code)
	switch {
	case code != "" && len(code) <= 64 && strings.Trim(code, letters) == "":
		return code
	case err.StatusCode >= http.StatusMultipleChoices:
		return strconv.Itoa(err.StatusCode)
	}
	return errorInvalidResponse
}
