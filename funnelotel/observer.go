package funnelotel

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"go.opentelemetry.io/otel"
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

// New returns an observer for [funnel.WithObserver]. Without options it goes by
// the global providers, which may also be set later.
func New(opts ...Option) (funnel.Observer, error) {
	cfg := config{tracers: otel.GetTracerProvider(), meters: otel.GetMeterProvider()}
	for _, opt := range opts {
		if opt == nil {
			return funnel.Observer{}, errors.New("funnelotel: an option is nil: leave it out")
		}
		if err := opt(&cfg); err != nil {
			return funnel.Observer{}, err
		}
	}
	instruments, err := newInstruments(cfg.meters.Meter(ScopeName,
		metric.WithInstrumentationVersion(funnel.Version),
		metric.WithSchemaURL(semconv.SchemaURL)))
	if err != nil {
		return funnel.Observer{}, fmt.Errorf("funnelotel: making the instruments: %w", err)
	}
	o := &observer{
		instruments:  instruments,
		knownMethods: methodsFromEnv(),
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
		Pause:        o.pause,
	}, nil
}

type observer struct {
	*instruments
	tracer       trace.Tracer
	knownMethods []string
}

// A call is what the observer keeps of a call. It does not trust the context's
// current span to be its own: another observer may have put one there.
type call struct {
	operation
	span    trace.Span
	attempt trace.Span // of the latest; before the first, the call's
	failure string     // of the last attempt, which made a wait necessary
	waits   bool       // it was told so, and not yet of the attempt that comes after
}

// A wait for the quota is an event too, if it was one: to pass the limiter takes
// microseconds.
const (
	waitQuota    funnel.WaitReason = "quota"
	shortestWait                   = time.Millisecond
)

// callKey finds an observer's call in the context.
type callKey struct{ *observer }

// callFrom returns nil where another observer has replaced the context.
func (o *observer) callFrom(ctx context.Context) *call {
	c, _ := ctx.Value(callKey{o}).(*call)
	return c
}

func (o *observer) callStart(ctx context.Context, info funnel.CallInfo) context.Context {
	c := &call{operation: newOperation(info, o.knownMethods)}
	// The attempts are the client spans: the conventions want no other around them.
	ctx, c.span = o.tracer.Start(ctx, c.call,
		trace.WithSpanKind(trace.SpanKindInternal),
		trace.WithAttributes(c.attributes...))
	c.attempt = c.span
	return context.WithValue(ctx, callKey{o}, c)
}

func (o *observer) callDone(ctx context.Context, _ funnel.CallInfo, result funnel.CallResult) {
	c := o.callFrom(ctx)
	if c == nil {
		return
	}
	failure := failureAttributes(funnel.ErrorKind(result.Err))
	o.callDuration.Record(ctx, result.Duration.Seconds(), c.measured(failure...))

	c.span.SetAttributes(attribute.Int(attrAttempts, result.Attempts))
	if funnel.MayHaveBeenApplied(result.Err) {
		c.span.SetAttributes(attribute.Bool(attrMayHaveBeenApplied, true))
	}
	end(c.span, failure)
}

func (o *observer) attemptStart(ctx context.Context, info funnel.AttemptInfo) context.Context {
	c := o.callFrom(ctx)
	if c == nil {
		return ctx
	}
	o.waitDuration.Record(ctx, info.Waited.Seconds(), c.measured())
	if !c.waits && info.Waited >= shortestWait {
		// For the quota: nobody is told of that wait before it is over.
		c.waited(waitQuota, info.Waited, trace.WithTimestamp(time.Now().Add(-info.Waited)))
	}
	c.waits = false
	attrs := slices.Concat(c.attributes, c.request, []attribute.KeyValue{
		attribute.Float64(attrWaitDuration, info.Waited.Seconds()),
	})
	if info.Attempt > 1 {
		o.retries.Add(ctx, 1, c.measured(failureAttributes(c.failure)...))
		attrs = append(attrs, semconv.HTTPRequestResendCount(info.Attempt-1))
	}
	ctx, c.attempt = o.tracer.Start(ctx, c.name,
		trace.WithSpanKind(trace.SpanKindClient),
		trace.WithAttributes(attrs...))
	return ctx
}

func (o *observer) attemptDone(ctx context.Context, _ funnel.AttemptInfo, result funnel.AttemptResult) {
	c := o.callFrom(ctx)
	if c == nil {
		return
	}
	failure := failureAttributes(attemptErrorType(result))
	var status []attribute.KeyValue
	if result.StatusCode != 0 {
		status = append(status, semconv.HTTPResponseStatusCode(result.StatusCode))
	}
	o.requestDuration.Record(ctx, result.Duration.Seconds(), c.measured(slices.Concat(status, failure)...))
	if result.StatusCode == http.StatusTooManyRequests {
		o.rejections.Add(ctx, 1, c.measured())
	}
	o.recordQuota(ctx, result.Header, metric.WithAttributes(c.server...))

	c.attempt.SetAttributes(status...)
	end(c.attempt, failure)
}

func (o *observer) wait(ctx context.Context, info funnel.WaitInfo) {
	c := o.callFrom(ctx)
	if c == nil {
		return
	}
	c.failure, c.waits = funnel.ErrorKind(info.Err), true
	c.waited(info.Reason, info.Duration, trace.WithAttributes(failureAttributes(c.failure)...))
}

// waited makes a wait an event of the call's span.
func (c *call) waited(reason funnel.WaitReason, d time.Duration, opts ...trace.EventOption) {
	c.span.AddEvent(eventWait, append(opts, trace.WithAttributes(
		attribute.String(attrWaitReason, string(reason)),
		attribute.Float64(attrWaitDuration, d.Seconds())))...)
}

func (o *observer) pause(ctx context.Context, info funnel.PauseInfo) {
	c := o.callFrom(ctx)
	if c == nil {
		return
	}
	c.attempt.AddEvent(eventPause, trace.WithAttributes(
		attribute.Float64(attrPauseDuration, info.Duration.Seconds())))
}

// end ends a span. A failure has no description: it would be the error's text.
func end(span trace.Span, failure []attribute.KeyValue) {
	if len(failure) > 0 {
		span.SetAttributes(failure...)
		span.SetStatus(codes.Error, "")
	}
	span.End()
}
