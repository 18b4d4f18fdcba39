package funnelotel_test

import (
	"context"
	"fmt"
	"log"
	"net/http"

	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funnelotel"
	"github.com/funnel-go/funnel/funneltest"
)

func Example() {
	spans := tracetest.NewInMemoryExporter() // a program exports to its collector
	provider := sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans))
	observer, err := funnelotel.New(funnelotel.WithTracerProvider(provider))
	if err != nil {
		log.Fatal(err)
	}
	server := funneltest.NewServer() // stands for the API
	defer server.Close()
	client := server.Client(funnel.WithObserver(observer))

	_, err = client.Contacts.Create(context.Background(), funnel.ContactCreateParams{Email: "ada@example.com"})
	if err != nil {
		log.Fatal(err)
	}
	for _, span := range spans.GetSpans() {
		fmt.Println(span.SpanKind, span.Name)
	}
	// Output:
	// client POST /contact
	// internal funnel POST /contact
}

// traceparent is a transport that tells the server of the attempt's span. It
// takes no other propagator: baggage may be private.
type traceparent struct{ next http.RoundTripper }

func (t traceparent) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context()) // a transport must not change its request
	propagation.TraceContext{}.Inject(req.Context(), propagation.HeaderCarrier(req.Header))
	return t.next.RoundTrip(req)
}

func Example_propagation() {
	spans := tracetest.NewInMemoryExporter()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans))
	observer, err := funnelotel.New(funnelotel.WithTracerProvider(provider))
	if err != nil {
		log.Fatal(err)
	}
	server := funneltest.NewServer()
	defer server.Close()
	client, err := funnel.New(server.APIKey(), funnel.WithBaseURL("https://gateway.example.com/funnel"),
		funnel.WithHTTPClient(&http.Client{Transport: traceparent{server.Transport()}}), // http.DefaultTransport elsewhere
		funnel.WithObserver(observer))
	if err != nil {
		log.Fatal(err)
	}
	_, _ = client.Tags.List(context.Background(), funnel.TagListParams{})

	attempt := spans.GetSpans()[0]
	id := attempt.SpanContext
	fmt.Println(attempt.Name)
	fmt.Println(server.Requests()[0].Header.Get("traceparent") == fmt.Sprintf("00-%s-%s-01", id.TraceID(), id.SpanID()))
	// Output:
	// GET /funnel/tags
	// true
}
