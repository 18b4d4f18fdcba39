package funnelotel

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	noopmetric "go.opentelemetry.io/otel/metric/noop"
	nooptrace "go.opentelemetry.io/otel/trace/noop"

	"github.com/funnel-go/funnel"
)

// Whatever paths Client.Call is given, the observer keeps only so many of them, and
// none that may contain an id.
func TestOperations_AreBounded(t *testing.T) {
	t.Parallel()
	base, err := url.Parse("https://api.example.com")
	require.NoError(t, err)
	ops := operations{seen: map[operationKey]*operation{}}
	info := func(path string) funnel.CallInfo {
		return funnel.CallInfo{Method: http.MethodGet, Path: path, BaseURL: base}
	}
	ops.of(info("/contact/770001"))
	require.Empty(t, ops.seen)
	contact := ops.of(info("/contact"))
	require.Same(t, contact, ops.of(info("/contact")))
	for i := range 2 * maxOperations {
		path := "/a" + strings.Repeat("b", i)
		require.Contains(t, ops.of(info(path)).attemptName, path)
	}
	require.Len(t, ops.seen, maxOperations)
}

// With no-op providers, what is allocated is the call and three contexts.
func TestNew_NoopProvidersCostNoAttributes(t *testing.T) {
	base, err := url.Parse("https://api.example.com/v1")
	require.NoError(t, err)
	o, err := New(WithTracerProvider(nooptrace.NewTracerProvider()), WithMeterProvider(noopmetric.NewMeterProvider()))
	require.NoError(t, err)
	info := funnel.CallInfo{Method: http.MethodGet, Path: "/contact", BaseURL: base}
	allocs := testing.AllocsPerRun(100, func() {
		ctx := o.CallStart(context.Background(), info)
		attempt := funnel.AttemptInfo{CallInfo: info, Attempt: 1}
		o.AttemptDone(o.AttemptStart(ctx, attempt), attempt, funnel.AttemptResult{StatusCode: http.StatusOK, Proto: "HTTP/1.1"})
		o.CallDone(ctx, info, funnel.CallResult{StatusCode: http.StatusOK, Attempts: 1})
	})
	require.LessOrEqual(t, allocs, 4.0)
}
