package funnelotel

import (
	"errors"

	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"
)

// An Option sets up an observer. A bad value makes [New] fail.
type Option func(*config) error

type config struct {
	tracers trace.TracerProvider
	meters  metric.MeterProvider
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
