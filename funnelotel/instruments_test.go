package funnelotel_test

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funnelotel"
	"github.com/funnel-go/funnel/funneltest"
)

// The bounds of http.client.request.duration, in seconds, are the conventions'.
func TestInstruments(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, got := newServer(t), record(t)
		server.Fail(funneltest.Fault{Status: 429})
		_, err := server.Client(funnel.WithObserver(got.observer)).Contacts.Create(t.Context(), ada)
		require.NoError(t, err)

		var data metricdata.ResourceMetrics
		require.NoError(t, got.metrics.Collect(t.Context(), &data))
		require.Len(t, data.ScopeMetrics, 1)
		scope := data.ScopeMetrics[0]
		require.Equal(t, "github.com/funnel-go/funnel/funnelotel", scope.Scope.Name)
		require.Equal(t, funnel.Version, scope.Scope.Version)
		require.Equal(t, semconv.SchemaURL, scope.Scope.SchemaURL)
		for _, span := range got.spans.GetSpans() {
			require.Equal(t, scope.Scope, span.InstrumentationScope)
		}

		conventional := []float64{0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10}
		units, bounds := map[string]string{}, map[string][]float64{}
		for _, m := range scope.Metrics {
			require.NotEmpty(t, m.Description, m.Name)
			units[m.Name] = m.Unit
			switch data := m.Data.(type) {
			case metricdata.Histogram[float64]:
				bounds[m.Name] = data.DataPoints[0].Bounds
			case metricdata.Sum[int64]:
				require.True(t, data.IsMonotonic, m.Name)
			}
		}
		require.Equal(t, map[string]string{
			"http.client.request.duration":   "s",
			"funnel.client.call.duration":    "s",
			"funnel.client.wait.duration":    "s",
			"funnel.client.retries":          "{retry}",
			"funnel.client.quota.rejections": "{rejection}",
			"funnel.limiter.events":          "{event}",
		}, units)
		withMinutes := append(slices.Clone(conventional), 30, 60, 120, 300)
		require.Equal(t, map[string][]float64{
			"http.client.request.duration": conventional,
			"funnel.client.call.duration":  withMinutes,
			"funnel.client.wait.duration":  withMinutes,
		}, bounds)
	})
}

// Each call keeps its own spans, whatever runs beside it.
func TestNew_ConcurrentCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, got := newServer(t), record(t)
		client := server.Client(funnel.WithObserver(got.observer))
		var (
			all  sync.WaitGroup
			errs [50]error
		)
		for i := range errs {
			all.Go(func() { _, errs[i] = client.Tags.List(t.Context(), funnel.TagListParams{}) })
		}
		all.Wait()
		require.NoError(t, errors.Join(errs[:]...))
		attempts := map[trace.SpanID]int{} // of each call
		for _, span := range got.spans.GetSpans() {
			if span.SpanKind == trace.SpanKindClient {
				attempts[span.Parent.SpanID()]++
			}
		}
		require.Len(t, attempts, 50)
		require.Contains(t, got.values(t, ofOperation), "http.client.request.duration: 50 in 5 s")
	})
}

// A sampler decides when a span begins, by what the conventions want it to have
// by then.
func TestNew_SamplersSeeTheRequest(t *testing.T) {
	t.Parallel()
	server := funneltest.NewServer()
	defer server.Close()
	var sampler sampler
	observer, err := funnelotel.New(
		funnelotel.WithTracerProvider(sdktrace.NewTracerProvider(sdktrace.WithSampler(&sampler))),
		funnelotel.WithMeterProvider(noop.NewMeterProvider()))
	require.NoError(t, err)
	_, err = server.Client(funnel.WithObserver(observer)).Tags.List(t.Context(), funnel.TagListParams{})
	require.NoError(t, err)
	require.Equal(t, []string{
		"internal funnel GET /tags http.request.method=GET server.address=funnel.test server.port=443 url.template=/tags",
		"client GET /tags http.request.method=GET server.address=funnel.test server.port=443 url.full=https://funnel.test/tags url.template=/tags",
	}, sampler.told)
}

type sampler struct{ told []string }

func (s *sampler) ShouldSample(p sdktrace.SamplingParameters) sdktrace.SamplingResult {
	waited := func(key attribute.Key) bool { return key == "funnel.wait.duration" } // it took some nanoseconds
	s.told = append(s.told, p.Kind.String()+" "+p.Name+list(p.Attributes, waited))
	return sdktrace.SamplingResult{Decision: sdktrace.Drop}
}

func (s *sampler) Description() string { return "drops all" }
