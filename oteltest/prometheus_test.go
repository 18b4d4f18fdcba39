package oteltest

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"
	"github.com/stretchr/testify/require"
	otelprometheus "go.opentelemetry.io/otel/exporters/prometheus"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funnelotel"
	"github.com/funnel-go/funnel/funneltest"
)

// What Prometheus scrapes in the three situations that an operator has to tell
// apart. The README of funnelotel shows the same texts.
func TestPrometheus(t *testing.T) {
	for _, tt := range []struct {
		name string
		run  func(t *testing.T) string
		want string
	}{
		{"Redis is down", redisDown, `
funnel_limiter_events_total{funnel_limiter_event="store_lost"} 1
funnel_limiter_limit 594
funnel_limiter_pause_seconds 0
funnel_limiter_store_state{funnel_limiter_store_state="fallback"} 0
funnel_limiter_store_state{funnel_limiter_store_state="lost"} 1
funnel_limiter_store_state{funnel_limiter_store_state="ok"} 0
funnel_limiter_used 212
funnel_limiter_waiting{funnel_call_priority="background"} 8
funnel_limiter_waiting{funnel_call_priority="interactive"} 3
`},
		{"a pause is active", pauseActive, `
funnel_client_quota_limit 600
funnel_client_quota_others 0
funnel_client_quota_rejections_total{http_request_method="GET",server_address="funnel.test",server_port="443",url_template="/tags"} 1
funnel_client_quota_remaining 594
funnel_limiter_events_total{funnel_limiter_event="paused"} 1
funnel_limiter_limit 594
funnel_limiter_pause_seconds 45
funnel_limiter_used 0
funnel_limiter_waiting{funnel_call_priority="background"} 0
funnel_limiter_waiting{funnel_call_priority="interactive"} 1
`},
		{"another program uses the key", anotherProgram, `
funnel_client_quota_limit 600
funnel_client_quota_others 340
funnel_client_quota_remaining 240
funnel_limiter_limit 594
funnel_limiter_pause_seconds 0
funnel_limiter_used 20
funnel_limiter_waiting{funnel_call_priority="background"} 0
funnel_limiter_waiting{funnel_call_priority="interactive"} 0
`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { require.Equal(t, tt.want, "\n"+tt.run(t)) })
			readme, err := os.ReadFile("../funnelotel/README.md")
			require.NoError(t, err)
			require.Contains(t, string(readme), tt.want)
		})
	}
}

// A sharedLimiter stands for that of funnelredis while Redis is down.
type sharedLimiter struct{ tell func(funnel.LimiterEvent) }

func (*sharedLimiter) Acquire(ctx context.Context) (func(funnel.Outcome), error) {
	return func(funnel.Outcome) {}, ctx.Err()
}

func (*sharedLimiter) Stats() funnel.LimiterStats {
	return funnel.LimiterStats{Limit: 594, Used: 212, Interactive: 3, Background: 8, Store: funnel.StoreLost}
}

func (l *sharedLimiter) Observe(f func(funnel.LimiterEvent)) { l.tell = f }

func redisDown(t *testing.T) string {
	server := newServer(t)
	limiter := &sharedLimiter{}
	_, metrics := observed(t, server, funnel.WithLimiter(limiter))
	limiter.tell(funnel.LimiterEvent{Kind: funnel.LimiterStoreLost, Err: errors.New("connection refused")})
	return metrics()
}

func pauseActive(t *testing.T) string {
	server := newServer(t)
	client, metrics := observed(t, server)
	server.Fail(funneltest.Fault{Status: http.StatusTooManyRequests})
	done := make(chan error)
	go func() {
		_, err := client.Tags.List(t.Context(), funnel.TagListParams{})
		done <- err
	}()
	<-time.After(15 * time.Second)
	text := metrics()
	require.NoError(t, <-done)
	return text
}

func anotherProgram(t *testing.T) string {
	server := newServer(t)
	another := server.Client()
	client, metrics := observed(t, server)
	for range 340 {
		_, err := another.Tags.List(t.Context(), funnel.TagListParams{})
		require.NoError(t, err)
	}
	for range 20 {
		_, err := client.Tags.List(t.Context(), funnel.TagListParams{})
		require.NoError(t, err)
	}
	return metrics()
}

func newServer(t *testing.T) *funneltest.Server {
	server := funneltest.NewServer()
	t.Cleanup(server.Close)
	return server
}

// observed returns a client with funnelotel, and what Prometheus scrapes of its rate
// limit.
func observed(t *testing.T, server *funneltest.Server, opts ...funnel.Option) (client *funnel.Client, scrape func() string) {
	registry := prometheus.NewRegistry()
	exporter, err := otelprometheus.New(otelprometheus.WithRegisterer(registry),
		otelprometheus.WithoutScopeInfo(), otelprometheus.WithoutTargetInfo())
	require.NoError(t, err)
	meters := funnelotel.WithMeterProvider(sdkmetric.NewMeterProvider(sdkmetric.WithReader(exporter)))
	observer, err := funnelotel.New(meters)
	require.NoError(t, err)
	client = server.Client(append(opts, funnel.WithObserver(observer))...)
	unregister, err := funnelotel.RegisterMetrics(client, meters)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, unregister()) })
	return client, func() string {
		families, err := registry.Gather()
		require.NoError(t, err)
		var text bytes.Buffer
		for _, family := range families {
			if name := family.GetName(); !strings.HasPrefix(name, "funnel_limiter_") && !strings.HasPrefix(name, "funnel_client_quota_") {
				continue
			}
			_, err := expfmt.MetricFamilyToText(&text, family)
			require.NoError(t, err)
		}
		var lines strings.Builder
		for line := range strings.Lines(text.String()) {
			if !strings.HasPrefix(line, "#") { // neither HELP nor TYPE
				lines.WriteString(line)
			}
		}
		return lines.String()
	}
}
