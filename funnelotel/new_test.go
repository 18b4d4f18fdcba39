package funnelotel_test

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/metric/noop"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funnelotel"
	"github.com/funnel-go/funnel/funneltest"
)

func TestNew_RefusesNil(t *testing.T) {
	t.Parallel()
	for want, opt := range map[string]funnelotel.Option{
		"WithTracerProvider": funnelotel.WithTracerProvider(nil),
		"WithMeterProvider":  funnelotel.WithMeterProvider(nil),
		"option is nil":      nil,
	} {
		observer, err := funnelotel.New(opt)
		require.ErrorContains(t, err, want)
		require.Zero(t, observer)
	}
}

func TestNew_UsesTheGlobalProviders(t *testing.T) {
	t.Parallel()
	server := funneltest.NewServer()
	defer server.Close()
	observer, err := funnelotel.New() // both do nothing here
	require.NoError(t, err)
	id, err := server.Client(funnel.WithObserver(observer)).Contacts.Create(t.Context(), ada)
	require.NoError(t, err)
	require.NotZero(t, id)
}

func TestNew_TracesWithoutMetrics(t *testing.T) {
	t.Parallel()
	server, got := funneltest.NewServer(), record(t)
	defer server.Close()
	observer, err := funnelotel.New(
		funnelotel.WithTracerProvider(got.tracers),
		funnelotel.WithMeterProvider(noop.NewMeterProvider()))
	require.NoError(t, err)
	_, err = server.Client(funnel.WithObserver(observer)).Contacts.Create(t.Context(), ada)
	require.NoError(t, err)
	require.Len(t, got.spans.GetSpans(), 2)
	require.Empty(t, got.values(t, nil))
}

// Each observer sees to its own spans, whatever the others put in the context.
func TestNew_SeveralObservers(t *testing.T) {
	t.Parallel()
	server, first, second := funneltest.NewServer(), record(t), record(t)
	defer server.Close()
	client := server.Client(funnel.WithObserver(first.observer), funnel.WithObserver(second.observer))
	_, err := client.Contacts.Create(t.Context(), ada)
	require.NoError(t, err)
	for _, got := range []*recording{first, second} {
		spans := got.spans.GetSpans()
		require.Len(t, spans, 2)
		require.Equal(t, "POST /contact", spans[0].Name)
		require.Equal(t, "funnel POST /contact", spans[1].Name)
		require.Contains(t, got.values(t, ofOperation), "http.client.request.duration: 1 in ")
	}
}

// An observer that replaces the context, against the rules, costs the spans
// and not the call.
func TestNew_ContextLostByAnotherObserver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, got := newServer(t), record(t)
		server.Fail(funneltest.Fault{Status: 429})
		careless := funnel.Observer{CallStart: func(context.Context, funnel.CallInfo) context.Context {
			return context.Background()
		}}
		client := server.Client(funnel.WithObserver(got.observer), funnel.WithObserver(careless))
		_, err := client.Contacts.Create(t.Context(), ada)
		require.NoError(t, err)
		require.Empty(t, got.tree())
	})
}
