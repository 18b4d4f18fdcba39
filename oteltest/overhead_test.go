package oteltest

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/metric"
	noopmetric "go.opentelemetry.io/otel/metric/noop"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	nooptrace "go.opentelemetry.io/otel/trace/noop"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funnelotel"
)

const contact = `{"success":true,"data":{"id":12,"email":"ada@example.com","first_name":"Ada","last_name":"Lovelace",` +
	`"email_marketing":true,"gdpr":true,"tags":[1,2,3,4,5,6,7,8],"sequences":[3],"created_at":"2026-11-22T09:30:00.000000Z"}}`

// memory is a transport without a network, so that only the client's own time is
// measured.
type memory struct{}

func (memory) RoundTrip(req *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: http.StatusOK,
		Proto:      "HTTP/1.1",
		Header: http.Header{
			"Content-Type":          {"application/json"},
			"X-Ratelimit-Limit":     {"600"},
			"X-Ratelimit-Remaining": {"599"},
		},
		Body:          io.NopCloser(strings.NewReader(contact)),
		ContentLength: int64(len(contact)),
		Request:       req,
	}, nil
}

// discard is a span processor that exports nothing.
type discard struct{}

func (discard) OnStart(context.Context, sdktrace.ReadWriteSpan) {}
func (discard) OnEnd(sdktrace.ReadOnlySpan)                     {}
func (discard) Shutdown(context.Context) error                  { return nil }
func (discard) ForceFlush(context.Context) error                { return nil }

// BenchmarkOverhead measures Contacts.Get without telemetry, with funnelotel, and
// with otelhttp's transport instead. All of them take turns, so that other load on
// the machine affects all alike. The medians of the turns are compared.
func BenchmarkOverhead(b *testing.B) {
	var (
		plain    = get(b, memory{})
		noop     = get(b, memory{}, funnel.WithObserver(observer(b, nooptrace.NewTracerProvider(), noopmetric.NewMeterProvider())))
		sdk      = get(b, memory{}, funnel.WithObserver(observer(b, tracers(), meters())))
		peer     = get(b, otelhttp.NewTransport(memory{}, otelhttp.WithTracerProvider(tracers()), otelhttp.WithMeterProvider(meters())))
		variants = []struct {
			name string
			call func(context.Context)
		}{{"plain", plain}, {"noop", noop}, {"sdk", sdk}, {"otelhttp", peer}}
	)
	for _, v := range variants {
		b.Run(v.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				v.call(b.Context())
			}
		})
	}
	b.Run("ratio", func(b *testing.B) {
		const turn = 10 // short, so that few of them are interrupted
		turns := map[string][]time.Duration{}
		for b.Loop() {
			for _, v := range variants {
				start := time.Now()
				for range turn {
					v.call(b.Context())
				}
				turns[v.name] = append(turns[v.name], time.Since(start))
			}
		}
		median := func(name string) float64 {
			slices.Sort(turns[name])
			return float64(turns[name][len(turns[name])/2])
		}
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(median("noop")/median("plain"), "noop/plain")
		b.ReportMetric((median("sdk")-median("plain"))/(median("otelhttp")-median("plain")), "added-by-sdk/added-by-otelhttp")
	})
}

func get(b *testing.B, transport http.RoundTripper, opts ...funnel.Option) func(context.Context) {
	client, err := funnel.New("key", append(opts,
		funnel.WithHTTPClient(&http.Client{Transport: transport}),
		funnel.WithRateLimit(1<<30, time.Millisecond))...) // in force, and never full
	require.NoError(b, err)
	return func(ctx context.Context) {
		if _, err := client.Contacts.Get(ctx, funnel.ContactID(12)); err != nil {
			b.Fatal(err)
		}
	}
}

func observer(b *testing.B, tracers trace.TracerProvider, meters metric.MeterProvider) funnel.Observer {
	o, err := funnelotel.New(funnelotel.WithTracerProvider(tracers), funnelotel.WithMeterProvider(meters))
	require.NoError(b, err)
	return o
}

func tracers() trace.TracerProvider {
	return sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(discard{}))
}

func meters() metric.MeterProvider {
	return sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdkmetric.NewManualReader()))
}
