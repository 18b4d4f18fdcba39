package funnelotel_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funnelotel"
	"github.com/funnel-go/funnel/funneltest"
)

// A fakeLimiter lets everything through, and shows what the test sets.
type fakeLimiter struct {
	stats funnel.LimiterStats
	tell  func(funnel.LimiterEvent)
}

func (*fakeLimiter) Acquire(context.Context) (func(funnel.Outcome), error) {
	return func(funnel.Outcome) {}, nil
}

func (l *fakeLimiter) Stats() funnel.LimiterStats             { return l.stats }
func (l *fakeLimiter) Observe(tell func(funnel.LimiterEvent)) { l.tell = tell }

// register exports the client's limiter to the recording.
func (r *recording) register(t *testing.T, client *funnel.Client, opts ...funnelotel.Option) (unregister func() error) {
	t.Helper()
	unregister, err := funnelotel.RegisterMetrics(client, append(opts, funnelotel.WithMeterProvider(r.meters))...)
	require.NoError(t, err)
	return unregister
}

func TestRegisterMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, got := newServer(t), record(t)
		client := server.Client(funnel.WithRateLimit(1, time.Minute))
		unregister := got.register(t, client)
		_, err := client.Tags.List(t.Context(), funnel.TagListParams{})
		require.NoError(t, err)
		var all sync.WaitGroup
		for _, ctx := range []context.Context{t.Context(), t.Context(), funnel.InBackground(t.Context())} {
			all.Go(func() { _, _ = client.Tags.List(ctx, funnel.TagListParams{}) })
		}
		synctest.Wait()
		require.Equal(t, `
funnel.client.quota.limit: 600 {request}
funnel.client.quota.others: 0 {request}
funnel.client.quota.remaining: 599 {request}
funnel.limiter.limit: 1 {request}
funnel.limiter.pause: 0 s
funnel.limiter.used: 1 {request}
funnel.limiter.waiting: 1 {call} funnel.call.priority=background
funnel.limiter.waiting: 2 {call} funnel.call.priority=interactive
`, "\n"+got.values(t, nil))
		all.Wait()
		require.NoError(t, unregister())
		require.Empty(t, got.values(t, nil))
	})
}

func TestRegisterMetrics_Pause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, got := newServer(t), record(t)
		client := server.Client()
		got.register(t, client)
		server.Fail(funneltest.Fault{Status: 429})
		_, err := client.Tags.List(funnel.WithoutRetry(t.Context()), funnel.TagListParams{})
		require.ErrorIs(t, err, funnel.ErrRateLimited)
		require.Contains(t, got.values(t, nil), "funnel.limiter.pause: 60 s\n")
		<-time.After(20500 * time.Millisecond)
		require.Contains(t, got.values(t, nil), "funnel.limiter.pause: 39.5 s\n")
		<-time.After(time.Minute)
		require.Contains(t, got.values(t, nil), "funnel.limiter.pause: 0 s\n")
	})
}

func TestRegisterMetrics_Store(t *testing.T) {
	t.Parallel()
	for _, state := range []funnel.StoreState{funnel.StoreOK, funnel.StoreLost, funnel.StoreFallback} {
		server, got := funneltest.NewServer(), record(t)
		limiter := &fakeLimiter{stats: funnel.LimiterStats{Limit: 594, Used: 12, Interactive: 3, Store: state}}
		got.register(t, server.Client(funnel.WithLimiter(limiter)))
		values := got.values(t, nil)
		require.Equal(t, 3, strings.Count(values, "funnel.limiter.store.state: "))
		require.Equal(t, 1, strings.Count(values, "funnel.limiter.store.state: 1 "))
		for _, line := range []string{
			"funnel.limiter.store.state: 1 {limiter} funnel.limiter.store.state=" + string(state) + "\n",
			"funnel.limiter.limit: 594 {request}\n",
			"funnel.limiter.used: 12 {request}\n",
			"funnel.limiter.waiting: 3 {call} funnel.call.priority=interactive\n",
		} {
			require.Contains(t, values, line)
		}
		server.Close()
	}
}

// A limiter without a Stats method has no slots to show.
func TestRegisterMetrics_LimiterWithoutStats(t *testing.T) {
	t.Parallel()
	server, got := funneltest.NewServer(), record(t)
	defer server.Close()
	client := server.Client(funnel.WithLimiter(away{}))
	got.register(t, client)
	require.Equal(t, `
funnel.limiter.pause: 0 s
funnel.limiter.waiting: 0 {call} funnel.call.priority=background
funnel.limiter.waiting: 0 {call} funnel.call.priority=interactive
`, "\n"+got.values(t, nil))
}

func TestRegisterMetrics_RefusesNil(t *testing.T) {
	t.Parallel()
	_, err := funnelotel.RegisterMetrics(nil)
	require.ErrorContains(t, err, "the client is nil")
	_, err = funnelotel.RegisterMetrics(new(funnel.Client), nil)
	require.ErrorContains(t, err, "an option is nil")
}

// With an attribute for each account, the metrics of two accounts stay apart.
func TestWithAttributes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got := record(t)
		for _, name := range []string{"first", "second"} {
			account := funnelotel.WithAttributes(attribute.String("account", name))
			server, limiter := newServer(t), &fakeLimiter{stats: funnel.LimiterStats{Limit: len(name)}}
			observer, err := funnelotel.New(account, funnelotel.WithMeterProvider(got.meters), funnelotel.WithTracerProvider(got.tracers))
			require.NoError(t, err)
			client := server.Client(funnel.WithLimiter(limiter), funnel.WithObserver(observer))
			got.register(t, client, account)
			limiter.tell(funnel.LimiterEvent{Kind: funnel.LimiterDataLost})
			_, err = client.Tags.List(t.Context(), funnel.TagListParams{})
			require.NoError(t, err)

			spans := got.spans.GetSpans()
			require.Len(t, spans, 2)
			for _, span := range spans {
				require.Contains(t, span.Attributes, attribute.String("account", name))
			}
			got.spans.Reset()
		}
		values := got.values(t, ofOperation)
		for _, line := range []string{
			"funnel.limiter.limit: 5 {request} account=first\n",
			"funnel.limiter.limit: 6 {request} account=second\n",
			"funnel.limiter.waiting: 0 {call} account=second funnel.call.priority=background\n",
			"funnel.limiter.events: 1 {event} account=first funnel.limiter.event=data_lost\n",
			"funnel.limiter.events: 1 {event} account=second funnel.limiter.event=data_lost\n",
			"funnel.client.call.duration: 1 in 0.1 s account=first\n",
			"http.client.request.duration: 1 in 0.1 s account=second http.response.status_code=200 network.protocol.version=1.1\n",
		} {
			require.Contains(t, values, line)
		}
	})
}

func TestWithAttributes_RefusesAnEmptyOne(t *testing.T) {
	t.Parallel()
	_, err := funnelotel.New(funnelotel.WithAttributes(attribute.KeyValue{}))
	require.ErrorContains(t, err, "no key or no value")
}
