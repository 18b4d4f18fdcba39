// Traces makes a few calls to an API in memory, on which faults are provoked,
// and prints the trace that OpenTelemetry has of them.
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
	// A real program gives the exporter of its collector, such as otlptracehttp's.
	provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(printer{out}))
	defer func() { err = errors.Join(err, provider.Shutdown(ctx)) }() // sends what is left

	observer, err := funnelotel.New(funnelotel.WithTracerProvider(provider))
	if err != nil {
		return err
	}
	server := funneltest.NewServer()
	defer server.Close()
	client := server.Client(
		funnel.WithObserver(observer),
		funnel.WithRetry(funnel.RetryPolicy{
			MinWait:       100 * time.Millisecond, // a real program leaves these at their defaults
			RateLimitWait: 200 * time.Millisecond,
		}))

	ctx, span := provider.Tracer("traces").Start(ctx, "import")
	defer span.End()
	return work(ctx, client, server)
}

// work is what a program does: it knows nothing of traces.
func work(ctx context.Context, client *funnel.Client, server *funneltest.Server) error {
	server.Fail(funneltest.Fault{Status: 503})
	contact, err := client.Contacts.Create(ctx, funnel.ContactCreateParams{Email: "ada@example.com"})
	if err != nil {
		return err
	}
	server.Fail(funneltest.Fault{Status: 429})
	tag, err := client.Tags.Create(ctx, funnel.TagCreateParams{Name: "reader"})
	if err != nil {
		return err
	}
	if err := client.Contacts.AddTags(ctx, contact.ID, tag.ID); err != nil {
		return err
	}
	if _, err = client.Contacts.GetByEmail(ctx, "grace@example.com"); errors.Is(err, funnel.ErrNotFound) {
		return nil
	}
	return err
}

// A printer is an exporter that prints spans as a tree, with the time at which
// each began and how long it took. The attributes that the name says already are
// left out.
type printer struct{ out io.Writer }

// ExportSpans prints the spans; those of one trace must come together.
func (p printer) ExportSpans(_ context.Context, spans []sdktrace.ReadOnlySpan) error {
	inTime := func(a, b sdktrace.ReadOnlySpan) int { return a.StartTime().Compare(b.StartTime()) }
	p.children(slices.SortedStableFunc(slices.Values(spans), inTime), trace.SpanID{}, "")
	return nil
}

// Shutdown has nothing to do.
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
		case strings.HasPrefix(key, "server."), strings.HasPrefix(key, "url."), key == "http.request.method":
		case a.Value.Type() == attribute.FLOAT64:
			fmt.Fprintf(&b, " %s=%.3f", key, a.Value.AsFloat64())
		default:
			fmt.Fprintf(&b, " %s=%s", key, a.Value.String())
		}
	}
	return b.String()
}
