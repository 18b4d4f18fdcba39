// Package funnelotel makes OpenTelemetry traces and metrics of what a funnel
// client does:
//
//	observer, err := funnelotel.New()
//	client, err := funnel.New(apiKey, funnel.WithObserver(observer))
//	unregister, err := funnelotel.RegisterMetrics(client)
//
// One observer can serve any number of clients.
//
// # Traces
//
// Each call is a span of kind INTERNAL, such as "funnel POST /contact", from its
// first wait to its result. Each attempt is a span of kind CLIENT below it. It lasts
// from the end of the attempt's wait to the end of its response. Its name is, for
// example, "POST /v1/contact" if the base URL ends with "/v1". Waits are events of
// the call's span. The pause that a 429 begins is an event of that attempt's span.
//
// # Metrics
//
// The observer measures calls, attempts, waits, retries and rejections.
// [RegisterMetrics] adds gauges with the state of the rate limiter. The README
// lists all names, and shows a dashboard from which an operator can tell whether
// Redis is down, a pause is active or another program uses the key.
//
// Spans of kind CLIENT and the metric http.client.request.duration follow
// OpenTelemetry's semantic conventions for HTTP clients. Names that the
// conventions do not have start with "funnel.".
//
// # Privacy
//
// No span and no measurement contains an API key, a query, a body, an e-mail
// address, an id or the text of a server's message. Errors are recorded by their
// code or kind, in the attribute error.type. A path is recorded if it is a single
// segment of lower-case words and hyphens, as those of all the SDK's operations
// are. Any other path, which only [funnel.Client.Call] can ask for, may contain an
// id.
//
// # Propagation
//
// Trace context is not sent to the API, because the API belongs to somebody else
// and baggage may be private. If there is a gateway of your own in between, wrap
// the transport: the context of each request has the span of its attempt. The
// example "Propagation" shows how. A transport that makes spans itself, such as
// that of otelhttp, works too, but records each attempt twice.
package funnelotel
