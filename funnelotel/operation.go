package funnelotel

import (
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

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

// An operation is what spans and measurements say of all calls of one method and
// path. It is made once, because attributes cost more than anything else here.
type operation struct {
	callName     string
	callStart    []trace.SpanStartOption
	attemptName  string
	attemptStart []trace.SpanStartOption

	attributes []attribute.KeyValue // of all spans and measurements

	mu       sync.Mutex
	measured map[outcome][]metric.RecordOption
}

// An outcome is what a measurement says beyond its operation. Each field is one of
// a few values.
type outcome struct {
	status    int    // 0: none
	version   string // of the protocol
	errorType string
}

// template matches the paths of the SDK's own operations: they take their
// parameters in query and body. A path of another shape may contain some.
var template = regexp.MustCompile(`^/[a-z]+(-[a-z]+)*$`)

func newOperation(info funnel.CallInfo, knownMethods []string, extra []attribute.KeyValue) *operation {
	op := &operation{measured: map[outcome][]metric.RecordOption{}}
	op.attributes = append(slices.Clone(extra), semconv.ServerAddress(info.BaseURL.Hostname()))
	if port, ok := serverPort(info); ok {
		op.attributes = append(op.attributes, semconv.ServerPort(port))
	}
	var request []attribute.KeyValue // of an attempt's span in addition
	method := info.Method
	if slices.Contains(knownMethods, method) {
		op.attributes = append(op.attributes, semconv.HTTPRequestMethodKey.String(method))
	} else {
		method = "HTTP"
		op.attributes = append(op.attributes, semconv.HTTPRequestMethodOther)
		request = append(request, semconv.HTTPRequestMethodOriginal(info.Method))
	}
	op.attemptName, op.callName = method, "funnel "+method
	path := "/REDACTED"
	if template.MatchString(info.Path) {
		path = info.Path
		whole := info.BaseURL.EscapedPath() + path // the conventions want it as the server sees it
		op.attemptName += " " + whole
		op.callName += " " + path
		op.attributes = append(op.attributes, semconv.URLTemplate(whole))
	}
	request = append(request, semconv.URLFull(info.BaseURL.String()+path))

	// Samplers need these attributes, so they are there when the span starts.
	op.callStart = []trace.SpanStartOption{
		trace.WithSpanKind(trace.SpanKindInternal), // the attempts are the client spans: the conventions want no other around them
		trace.WithAttributes(op.attributes...),
	}
	op.attemptStart = []trace.SpanStartOption{
		trace.WithSpanKind(trace.SpanKindClient),
		trace.WithAttributes(slices.Concat(op.attributes, request)...),
	}
	return op
}

// of returns the attributes of a measurement.
func (op *operation) of(o outcome) []metric.RecordOption {
	op.mu.Lock()
	defer op.mu.Unlock()
	opts, ok := op.measured[o]
	if !ok {
		set := attribute.NewSet(append(slices.Clone(op.attributes), o.attributes()...)...)
		opts = []metric.RecordOption{metric.WithAttributeSet(set)}
		op.measured[o] = opts
	}
	return opts
}

func (o outcome) attributes() []attribute.KeyValue {
	var attrs []attribute.KeyValue
	if o.status != 0 {
		attrs = append(attrs, semconv.HTTPResponseStatusCode(o.status))
	}
	if o.version != "" {
		attrs = append(attrs, semconv.NetworkProtocolVersion(o.version))
	}
	if o.errorType != "" {
		attrs = append(attrs, semconv.ErrorTypeKey.String(o.errorType))
	}
	return attrs
}

// operations are those that an observer has seen.
type operations struct {
	knownMethods []string
	extra        []attribute.KeyValue // given by the user

	mu   sync.Mutex
	seen map[operationKey]*operation
}

type operationKey struct {
	method, path string
	base         url.URL
}

// maxOperations bounds those that are kept. The SDK has about 50 for each base URL;
// [funnel.Client.Call] can ask for others.
const maxOperations = 1000

func (ops *operations) of(info funnel.CallInfo) *operation {
	key := operationKey{info.Method, info.Path, *info.BaseURL}
	ops.mu.Lock()
	defer ops.mu.Unlock()
	op, ok := ops.seen[key]
	if !ok {
		op = newOperation(info, ops.knownMethods, ops.extra)
		if len(ops.seen) < maxOperations && template.MatchString(info.Path) { // other paths may contain ids
			ops.seen[key] = op
		}
	}
	return op
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
