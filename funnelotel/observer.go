package funnelotel

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/funnel-go/funnel"
)

// ScopeName is the name of the instrumentation scope of all spans and
// measurements.
const ScopeName = "github.com/funnel-go/funnel/funnelotel"

// New returns an observer for [funnel.WithObserver]. Without options it uses the
// global providers, which may also be set later.
func New(opts ...Option) (funnel.Observer, error) {
	cfg, err := newConfig(opts)
	if err != nil {
		return funnel.Observer{}, err
	}
	instruments, err := newInstruments(cfg.meter())
	if err != nil {
		return funnel.Observer{}, fmt.Errorf("funnelotel: making the instruments: %w", err)
	}
	o := &observer{
		instruments: instruments,
		operations: operations{
			knownMethods: methodsFromEnv(),
			extra:        cfg.attributes,
			seen:         map[operationKey]*operation{},
		},
		tracer: cfg.tracers.Tracer(ScopeName,
			trace.WithInstrumentationVersion(funnel.Version),
			trace.WithSchemaURL(semconv.SchemaURL)),
	}
	return funnel.Observer{
		CallStart:    o.callStart,
		CallDone:     o.callDone,
		AttemptStart: o.attemptStart,
		AttemptDone:  o.attemptDone,
		Wait:         o.wait,
		Limiter:      o.limiterEvent,
	}, nil
}

type observer struct {
	*instruments
	operations operations
	tracer     trace.Tracer
}

// A call is what the observer keeps of a call. It does not trust the context's
// current span to be its own: another observer may have put one there.
type call struct {
	*operation
	span    trace.Span
	attempt trace.Span // of the latest; before the first, the call's
	failure string     // of the last attempt, which made a wait necessary
	waits   bool       // it was told so, and not yet of the attempt that comes after
}

// shortestWait is the shortest wait that is recorded: to pass a limiter without one
// takes microseconds.
const shortestWait = time.Millisecond

// callKey finds an observer's call in the context.
type callKey struct{ *observer }

// callFrom returns nil where another observer has replaced the context.
func (o *observer) callFrom(ctx context.Context) *call {
	c, _ := ctx.Value(callKey{o}).(*call)
	return c
}

func (o *observer) callStart(ctx context.Context, info funnel.CallInfo) context.Context {
	c := &call{operation: o.operations.of(info)}
	ctx, c.span = o.tracer.Start(ctx, c.callName, c.callStart...)
	c.attempt = c.span
	return context.WithValue(ctx, callKey{o}, c)
}

func (o *observer) callDone(ctx context.Context, _ funnel.CallInfo, result funnel.CallResult) {
	c := o.callFrom(ctx)
	if c == nil {
		return
	}
	errorType := funnel.ErrorKind(result.Err)
	if o.callDuration.Enabled(ctx) {
		o.callDuration.Record(ctx, result.Duration.Seconds(), c.of(outcome{errorType: errorType})...)
	}
	if c.span.IsRecording() {
		attrs := append(make([]attribute.KeyValue, 0, 3), attribute.Int(attrAttempts, result.Attempts))
		if funnel.MayHaveBeenApplied(result.Err) {
			attrs = append(attrs, attribute.Bool(attrMayHaveBeenApplied, true))
		}
		finish(c.span, attrs, errorType)
	}
	c.span.End()
}

func (o *observer) attemptStart(ctx context.Context, info funnel.AttemptInfo) context.Context {
	c := o.callFrom(ctx)
	if c == nil {
		return ctx
	}
	if info.Waited >= shortestWait {
		if o.waitDuration.Enabled(ctx) {
			o.waitDuration.Record(ctx, info.Waited.Seconds(), c.of(outcome{})...)
		}
		if !c.waits { // for a limiter that does not tell of its waits
			c.waited(funnel.WaitQuota, info.Waited, "", trace.WithTimestamp(time.Now().Add(-info.Waited)))
		}
	}
	c.waits = false
	if info.Attempt > 1 && o.retries.Enabled(ctx) {
		o.retries.Add(ctx, 1, metric.WithAttributes(append(outcome{errorType: c.failure}.attributes(), c.attributes...)...))
	}
	ctx, c.attempt = o.tracer.Start(ctx, c.attemptName, c.attemptStart...)
	return ctx
}

func (o *observer) attemptDone(ctx context.Context, info funnel.AttemptInfo, result funnel.AttemptResult) {
	c := o.callFrom(ctx)
	if c == nil {
		return
	}
	got := outcome{status: result.StatusCode, version: protocolVersion(result.Proto), errorType: attemptErrorType(result)}
	if o.requestDuration.Enabled(ctx) {
		o.requestDuration.Record(ctx, result.Duration.Seconds(), c.of(got)...)
	}
	if result.StatusCode == http.StatusTooManyRequests && o.rejections.Enabled(ctx) {
		o.rejections.Add(ctx, 1, metric.WithAttributes(c.attributes...))
	}
	if c.attempt.IsRecording() {
		attrs := append(make([]attribute.KeyValue, 0, 7), attribute.Float64(attrWaitDuration, info.Waited.Seconds()))
		if info.Attempt > 1 {
			attrs = append(attrs, semconv.HTTPRequestResendCount(info.Attempt-1))
		}
		if result.StatusCode != 0 {
			attrs = append(attrs, semconv.HTTPResponseStatusCode(result.StatusCode))
		}
		if got.version != "" {
			attrs = append(attrs, semconv.NetworkProtocolVersion(got.version))
		}
		if peer, ok := result.Peer.(*net.TCPAddr); ok {
			addr := peer.AddrPort()
			attrs = append(attrs, semconv.NetworkPeerAddress(addr.Addr().Unmap().String()), semconv.NetworkPeerPort(int(addr.Port())))
		}
		finish(c.attempt, attrs, got.errorType)
	}
	c.attempt.End()
}

// protocolVersion is the version as the conventions spell it, of the protocols that
// they name.
func protocolVersion(proto string) string {
	switch proto {
	case "HTTP/1.0":
		return "1.0"
	case "HTTP/1.1":
		return "1.1"
	case "HTTP/2.0":
		return "2"
	case "HTTP/3.0":
		return "3"
	}
	return ""
}

func (o *observer) wait(ctx context.Context, info funnel.WaitInfo) {
	c := o.callFrom(ctx)
	if c == nil {
		return
	}
	if errorType := funnel.ErrorKind(info.Err); errorType != "" {
		c.failure = errorType
	}
	c.waits = true
	c.waited(info.Reason, info.Duration, funnel.ErrorKind(info.Err))
}

// waited makes a wait an event of the call's span.
func (c *call) waited(reason funnel.WaitReason, d time.Duration, errorType string, opts ...trace.EventOption) {
	if !c.span.IsRecording() {
		return
	}
	attrs := append(outcome{errorType: errorType}.attributes(),
		attribute.String(attrWaitReason, string(reason)),
		attribute.Float64(attrWaitDuration, d.Seconds()))
	c.span.AddEvent(eventWait, append(opts, trace.WithAttributes(attrs...))...)
}

func (o *observer) limiterEvent(ctx context.Context, event funnel.LimiterEvent) {
	if o.limiterEvents.Enabled(ctx) {
		o.limiterEvents.Add(ctx, 1, metric.WithAttributes(append(o.operations.extra[:len(o.operations.extra):len(o.operations.extra)],
			attribute.String(attrEvent, string(event.Kind)))...))
	}
	if c := o.callFrom(ctx); c != nil && event.Kind == funnel.LimiterPaused && c.attempt.IsRecording() {
		c.attempt.AddEvent(eventPause, trace.WithAttributes(
			attribute.Float64(attrPauseDuration, time.Until(event.Until).Seconds())))
	}
}

// finish sets what is known at the end of a span. A failure has no description: it
// would be the error's text.
func finish(span trace.Span, attrs []attribute.KeyValue, errorType string) {
	if errorType != "" {
		attrs = append(attrs, semconv.ErrorTypeKey.String(errorType))
		span.SetStatus(codes.Error, "")
	}
	span.SetAttributes(attrs...)
}
