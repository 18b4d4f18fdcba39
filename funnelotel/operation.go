package funnelotel

import (
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/funnel-go/funnel"
)

// The names that the semantic conventions do not have.
const (
	eventWait  = "funnel.wait"
	eventPause = "funnel.pause"

	attrAttempts           = "funnel.call.attempts"
	attrMayHaveBeenApplied = "funnel.call.may_have_been_applied"
	attrPauseDuration      = "funnel.pause.duration"
	attrWaitDuration       = "funnel.wait.duration"
	attrWaitReason         = "funnel.wait.reason"
)

// An operation is what spans and measurements say of a call from its start.
type operation struct {
	call       string               // the name of its span
	name       string               // of an attempt's span
	attributes []attribute.KeyValue // of all spans and measurements
	request    []attribute.KeyValue // of an attempt's span in addition
	server     []attribute.KeyValue // of measurements that no single operation has
}

// template matches the paths of the SDK's own operations: they take their
// parameters in query and body. One of another shape may hold some.
var template = regexp.MustCompile(`^/[a-z]+(-[a-z]+)*$`)

func newOperation(info funnel.CallInfo, knownMethods []string) operation {
	var op operation
	op.server = []attribute.KeyValue{semconv.ServerAddress(info.BaseURL.Hostname())}
	if port, ok := serverPort(info); ok {
		op.server = append(op.server, semconv.ServerPort(port))
	}
	method := info.Method
	if slices.Contains(knownMethods, method) {
		op.attributes = append(slices.Clone(op.server), semconv.HTTPRequestMethodKey.String(method))
	} else {
		method = "HTTP"
		op.attributes = append(slices.Clone(op.server), semconv.HTTPRequestMethodOther)
		op.request = append(op.request, semconv.HTTPRequestMethodOriginal(info.Method))
	}
	op.name, op.call = method, "funnel "+method
	path := "/REDACTED"
	if template.MatchString(info.Path) {
		path = info.Path
		whole := info.BaseURL.EscapedPath() + path // the conventions want it as the server sees it
		op.name += " " + whole
		op.call += " " + path
		op.attributes = append(op.attributes, semconv.URLTemplate(whole))
	}
	op.request = append(op.request, semconv.URLFull(info.BaseURL.String()+path))
	return op
}

// measured returns the attributes of a measurement.
func (op *operation) measured(more ...attribute.KeyValue) metric.MeasurementOption {
	return metric.WithAttributes(slices.Concat(op.attributes, more)...)
}

func serverPort(info funnel.CallInfo) (port int, ok bool) {
	switch s := info.BaseURL.Port(); {
	case s != "":
		port, err := strconv.Atoi(s)
		return port, err == nil
	case info.BaseURL.Scheme == "http":
		return 80, true
	default:
		return 443, true
	}
}

// methodsFromEnv returns the methods that spans and measurements call by their
// names: those of the conventions, or of the environment variable that they
// have for replacing them.
func methodsFromEnv() []string {
	if list := os.Getenv("OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS"); list != "" {
		return strings.Split(strings.ReplaceAll(list, " ", ""), ",")
	}
	return []string{
		http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
		http.MethodConnect, http.MethodOptions, http.MethodTrace, "QUERY",
	}
}
