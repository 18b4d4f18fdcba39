package funnelotel

import (
	"net/http"
	"strconv"

	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/funnel-go/funnel"
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
	return funnel.ErrorKind(result.Err)
}
