package funnelotel

import (
	"errors"

	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/semconv/v1.43.0/httpconv"
)

// instruments measure what a client does. Calls and attempts have no counters of
// their own: they are the counts of the two durations.
type instruments struct {
	callDuration    metric.Float64Histogram
	requestDuration metric.Float64Histogram // of an attempt, as the conventions call it
	waitDuration    metric.Float64Histogram
	retries         metric.Int64Counter
	rejections      metric.Int64Counter
	limiterEvents   metric.Int64Counter
}

// secondsWithWaits are the conventions' buckets, and those for waits of minutes.
var secondsWithWaits = []float64{0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 30, 60, 120, 300}

func newInstruments(meter metric.Meter) (*instruments, error) {
	var (
		in  instruments
		err [6]error
	)
	request, err0 := httpconv.NewClientRequestDuration(meter)
	in.requestDuration, err[0] = request.Inst(), err0

	in.callDuration, err[1] = meter.Float64Histogram("funnel.client.call.duration",
		metric.WithUnit("s"),
		metric.WithDescription("Duration of calls, with all their attempts and waits."),
		metric.WithExplicitBucketBoundaries(secondsWithWaits...))
	in.waitDuration, err[2] = meter.Float64Histogram("funnel.client.wait.duration",
		metric.WithUnit("s"),
		metric.WithDescription("Time that attempts waited for a retry, a pause and the rate limit, of those that did."),
		metric.WithExplicitBucketBoundaries(secondsWithWaits...))
	in.retries, err[3] = meter.Int64Counter("funnel.client.retries",
		metric.WithUnit("{retry}"),
		metric.WithDescription("Attempts after the first, by the error that made them necessary."))
	in.rejections, err[4] = meter.Int64Counter("funnel.client.quota.rejections",
		metric.WithUnit("{rejection}"),
		metric.WithDescription("Responses with status 429."))
	in.limiterEvents, err[5] = meter.Int64Counter("funnel.limiter.events",
		metric.WithUnit("{event}"),
		metric.WithDescription("Changes of the limiter's state, such as pauses."))
	return &in, errors.Join(err[:]...)
}
