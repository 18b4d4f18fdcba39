// Package oteltest measures what funnelotel costs and shows its metrics as
// Prometheus does.
package oteltest
