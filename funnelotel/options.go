package funnelotel

import (
	"errors"
	"slices"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/funnel-go/funnel"
)

// An Option sets up an observer. A bad value makes [New] and [RegisterMetrics] fail.
type Option func(*config) error

type config struct {
	tracers    trace.TracerProvider
	meters     metric.MeterProvider
	attributes []attribute.KeyValue
}

func newConfig(opts []Option) (config, error) {
	cfg := config{tracers: otel.GetTracerProvider(), meters: otel.GetMeterProvider()}
	for _, opt := range opts {
		if opt == nil {
			return cfg, errors.New("funnelotel: an option is nil: leave it out")
		}
		if err := opt(&cfg); err != nil {
			return cfg, err
		}
	}
	return cfg, nil
}

func (cfg *config) meter() metric.Meter {
	return cfg.meters.Meter(ScopeName,
		metric.WithInstrumentationVersion(funnel.Version),
		metric.WithSchemaURL(semconv.SchemaURL))
}

// WithTracerProvider makes spans with provider instead of the global one. To
// have none, give the one of go.opentelemetry.io/otel/trace/noop.
func WithTracerProvider(provider trace.TracerProvider) Option {
	return func(cfg *config) error {
		if provider == nil {
			return errors.New("funnelotel: WithTracerProvider: the provider is nil")
		}
		cfg.tracers = provider
		return nil
	}
}

// WithMeterProvider measures with provider instead of the global one. To have
// no metrics, give the one of go.opentelemetry.io/otel/metric/noop.
func WithMeterProvider(provider metric.MeterProvider) Option {
	return func(cfg *config) error {
		if provider == nil {
			return errors.New("funnelotel: WithMeterProvider: the provider is nil")
		}
		cfg.meters = provider
		return nil
	}
}

// WithAttributes adds attributes to all spans and measurements, such as the name of
// the account that a client is for.
func WithAttributes(attributes ...attribute.KeyValue) Option {
	return func(cfg *config) error {
		for _, attr := range attributes {
			if !attr.Valid() {
				return errors.New("funnelotel: WithAttributes: an attribute has no key or no value")
			}
		}
		cfg.attributes = slices.Concat(cfg.attributes, attributes)
		return nil
	}
}
