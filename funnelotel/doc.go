// Package funnelotel makes OpenTelemetry traces and metrics of what a funnel
// client does. It is an observer of the client, and needs nothing else of it:
//
//	observer, err := funnelotel.New()
//	client, err := funnel.New(apiKey, funnel.WithObserver(observer))
//
// One observer serves any number of clients.
//
// # Traces
//
// Each call is a span of kind INTERNAL, such as "funnel POST /contact", from its
// first wait to its result. Each attempt is a span of kind CLIENT below it, such
// as "POST /v1/contact" where the base URL ends with "/v1", from the moment at
// which the rate limiter let it go until its answer was read. Waits are events of
// the call's span, and the pause that a 429 began is an event of that attempt's.
//
// Spans of kind CLIENT and the metric http.client.request.duration keep to
// OpenTelemetry's semantic conventions for HTTP clients; what those have no name
// for has one that begins with "funnel.". The README lists all of it.
//
// # Privacy
//
// No span and no measurement holds an API key, a query, a body, an e-mail
// address, an id or a word of a server's message. Errors appear by their code or
// kind, in the attribute error.type, and never by their text. A path appears if
// it is a single segment of lower-case words and hyphens, as those of all the
// SDK's operations are: one of any other shape, which only [funnel.Client.Call]
// can ask for, may hold an id.
//
// # Propagation
//
// Trace context is not sent to the API: it is another party's, and baggage is
// none of its business. Where a gateway of your own is in between, wrap the
// transport: the context of each request carries the span of its attempt. The
// example "Propagation" does so in a few lines. A transport that makes spans
// itself, such as otelhttp's, works too, but doubles the attempt's span and
// measurement.
package funnelotel
