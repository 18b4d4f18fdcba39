package funnelotel_test

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funnelotel"
	"github.com/funnel-go/funnel/funneltest"
)

// A recording keeps all that an observer makes of its clients.
type recording struct {
	observer funnel.Observer
	tracers  *sdktrace.TracerProvider
	meters   *sdkmetric.MeterProvider
	spans    *tracetest.InMemoryExporter
	metrics  *sdkmetric.ManualReader
}

func record(t *testing.T) *recording {
	t.Helper()
	r := &recording{spans: tracetest.NewInMemoryExporter(), metrics: sdkmetric.NewManualReader()}
	r.tracers = sdktrace.NewTracerProvider(sdktrace.WithSyncer(r.spans))
	r.meters = sdkmetric.NewMeterProvider(sdkmetric.WithReader(r.metrics))
	var err error
	r.observer, err = funnelotel.New(funnelotel.WithTracerProvider(r.tracers), funnelotel.WithMeterProvider(r.meters))
	require.NoError(t, err)
	return r
}

// newServer returns a fake to which a request travels 30 ms, and 70 ms back: in
// virtual time an attempt takes 100 ms.
func newServer(t *testing.T, opts ...funneltest.Option) *funneltest.Server {
	t.Helper()
	latency := func() (there, back time.Duration) { return 30 * time.Millisecond, 70 * time.Millisecond }
	server := funneltest.NewServer(append([]funneltest.Option{funneltest.WithLatency(latency)}, opts...)...)
	t.Cleanup(server.Close)
	return server
}

// ofOperation are the attributes that all spans and measurements of an
// operation have: tree and values leave them out.
func ofOperation(key attribute.Key) bool {
	switch key {
	case "http.request.method", "server.address", "server.port", "url.template", "url.full":
		return true
	}
	return false
}

// tree prints the spans, each with its kind, its time since the first began and
// its attributes, and below it its events and children.
func (r *recording) tree() string {
	spans := r.spans.GetSpans()
	slices.SortStableFunc(spans, func(a, b tracetest.SpanStub) int { return a.StartTime.Compare(b.StartTime) })
	var (
		b     strings.Builder
		print func(parent tracetest.SpanStub, indent string)
	)
	print = func(parent tracetest.SpanStub, indent string) {
		for _, s := range spans {
			if s.Parent.SpanID() != parent.SpanContext.SpanID() {
				continue
			}
			since := func(t time.Time) time.Duration { return t.Sub(spans[0].StartTime) }
			fmt.Fprintf(&b, "%s%s (%s) %s–%s", indent, s.Name, s.SpanKind, since(s.StartTime), since(s.EndTime))
			if s.Status.Code != codes.Unset {
				fmt.Fprintf(&b, " %s%s", s.Status.Code, s.Status.Description)
			}
			fmt.Fprintln(&b, list(s.Attributes, ofOperation))
			for _, e := range s.Events {
				fmt.Fprintf(&b, "%s  * %s %s%s\n", indent, since(e.Time), e.Name, list(e.Attributes, nil))
			}
			print(s, indent+"  ")
		}
	}
	print(tracetest.SpanStub{}, "")
	return b.String()
}

// values prints the measurements of each instrument, without the attributes
// that hidden says.
func (r *recording) values(t *testing.T, hidden func(attribute.Key) bool) string {
	t.Helper()
	var (
		lines []string
		data  metricdata.ResourceMetrics
	)
	require.NoError(t, r.metrics.Collect(context.Background(), &data))
	for _, scope := range data.ScopeMetrics {
		for _, m := range scope.Metrics {
			point := func(set attribute.Set, format string, args ...any) {
				lines = append(lines, fmt.Sprintf(m.Name+": "+format+" "+m.Unit, args...)+list(set.ToSlice(), hidden)+"\n")
			}
			switch data := m.Data.(type) {
			case metricdata.Histogram[float64]:
				for _, p := range data.DataPoints {
					point(p.Attributes, "%d in %.6g", p.Count, p.Sum)
				}
			case metricdata.Sum[int64]:
				for _, p := range data.DataPoints {
					point(p.Attributes, "%d", p.Value)
				}
			case metricdata.Gauge[int64]:
				for _, p := range data.DataPoints {
					point(p.Attributes, "%d", p.Value)
				}
			case metricdata.Gauge[float64]:
				for _, p := range data.DataPoints {
					point(p.Attributes, "%.6g", p.Value)
				}
			default:
				t.Fatalf("%s is a %T", m.Name, data)
			}
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}

func list(attrs []attribute.KeyValue, hidden func(attribute.Key) bool) string {
	var b strings.Builder
	attrs = slices.SortedFunc(slices.Values(attrs), func(a, b attribute.KeyValue) int { return cmp.Compare(a.Key, b.Key) })
	for _, a := range attrs {
		if hidden == nil || !hidden(a.Key) {
			fmt.Fprintf(&b, " %s=%s", a.Key, a.Value.String())
		}
	}
	return b.String()
}

// valueOf returns an attribute's value, and "" if it is not there.
func valueOf(attrs []attribute.KeyValue, key attribute.Key) string {
	for _, a := range attrs {
		if a.Key == key {
			return a.Value.AsString()
		}
	}
	return ""
}
