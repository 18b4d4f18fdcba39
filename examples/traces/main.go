// Traces makes a few calls to an in-memory API, some of which fail, and prints
// the trace that OpenTelemetry records.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funnelotel"
	"github.com/funnel-go/funnel/funneltest"
)

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, out io.Writer) (err error) {
	// A real program uses the exporter of its collector, such as otlptracehttp.
	provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(printer{out}))
	defer func() { err = errors.Join(err, provider.Shutdown(ctx)) }() // exports the remaining spans

	observer, err := funnelotel.New(funnelotel.WithTracerProvider(provider))
	if err != nil {
		return err
	}
	server := funneltest.NewServer()
	defer server.Close()
	client := server.Client(
		funnel.WithObserver(observer),
		funnel.WithRetry(funnel.RetryPolicy{
			MinWait:       100 * time.Millisecond, // keep the defaults in a real program
			RateLimitWait: 200 * time.Millisecond,
		}))

	ctx, span := provider.Tracer("traces").Start(ctx, "import")
	defer span.End()
	return work(ctx, client, server)
}

// work is the program's own code. It does not depend on the tracing.
func work(ctx context.Context, client *funnel.Client, server *funneltest.Server) error {
	server.Fail(funneltest.Fault{Status: 503})
	_, err := client.Contacts.Create(ctx, funnel.ContactCreateParams{Email: "ada@example.com"})
	if err != nil {
		return err
	}
	server.Fail(funneltest.Fault{Status: 429})
	tags, err := client.Tags.Ensure(ctx, "reader")
	if err != nil {
		return err
	}
	if err := client.Contacts.AddTag(ctx, funnel.Email("ada@example.com"), tags["reader"]); err != nil {
		return err
	}
	_, err = client.Contacts.Get(ctx, funnel.Email("grace@example.com"))
	if errors.Is(err, funnel.ErrNotFound) {
		return nil
	}
	return err
}

// A printer is an exporter that prints spans as a tree, each with its start time
// and its duration. It omits attributes that repeat the span's name, and those of
// the connection.
type printer struct{ out io.Writer }

// ExportSpans prints the spans of one trace.
func (p printer) ExportSpans(_ context.Context, spans []sdktrace.ReadOnlySpan) error {
	inTime := func(a, b sdktrace.ReadOnlySpan) int { return a.StartTime().Compare(b.StartTime()) }
	p.children(slices.SortedStableFunc(slices.Values(spans), inTime), trace.SpanID{}, "")
	return nil
}

// Shutdown does nothing.
func (p printer) Shutdown(context.Context) error { return nil }

func (p printer) children(spans []sdktrace.ReadOnlySpan, parent trace.SpanID, indent string) {
	for _, s := range spans {
		if s.Parent().SpanID() != parent {
			continue
		}
		began := spans[0].StartTime()
		fmt.Fprintf(p.out, "%6.1f ms %6.1f ms  %s%s%s\n",
			milliseconds(s.StartTime().Sub(began)), milliseconds(s.EndTime().Sub(s.StartTime())),
			indent, s.Name(), list(s.Attributes()))
		for _, e := range s.Events() {
			fmt.Fprintf(p.out, "%6.1f ms            %s  * %s%s\n",
				milliseconds(e.Time.Sub(began)), indent, e.Name, list(e.Attributes))
		}
		p.children(spans, s.SpanContext().SpanID(), indent+"  ")
	}
}

func milliseconds(d time.Duration) float64 { return d.Seconds() * 1e3 }

func list(attrs []attribute.KeyValue) string {
	var b strings.Builder
	for _, a := range attrs {
		switch key := string(a.Key); {
		case strings.HasPrefix(key, "server."), strings.HasPrefix(key, "url."), strings.HasPrefix(key, "network."), key == "http.request.method":
		case a.Value.Type() == attribute.FLOAT64:
			fmt.Fprintf(&b, " %s=%.3f", key, a.Value.AsFloat64())
		default:
			fmt.Fprintf(&b, " %s=%s", key, a.Value.String())
		}
	}
	return b.String()
}
