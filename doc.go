// Package funnel is a client for a marketing-funnel platform: contacts, tags,
// e-mail sequences, funnels, campaigns and webhooks.
//
// Make one [Client] with [New] or [NewFromEnv] and share it; everything in it is
// safe for concurrent use. Each resource has a service: client.Contacts,
// client.Tags and so on.
//
//	client, err := funnel.New("https://api.example.com/v1", apiKey)
//	contact, err := client.Contacts.Create(ctx, funnel.ContactCreateParams{Email: "ada@example.com"})
//	if errors.Is(err, funnel.ErrContactExists) { … }
//
// # Errors
//
// Every answer that is not a success is a typed error. A [Code] such as
// [ErrContactExists] matches with [errors.Is]; [*ValidationError] has the
// messages for each field, [*RateLimitError] the time to wait, [*APIError] is
// inside both and stands for every other answer. A call without a usable answer
// is a [*RequestError], input that is refused before it is sent an
// [*ArgumentError].
//
// # Retries
//
// A failed attempt is repeated if that can help, and either cannot do the same
// thing twice or is what the API's reference asks for; at most as often as the
// [RetryPolicy] says (4 attempts by default):
//
//   - 429: after at least 60 s, which the whole client waits; the request was
//     refused, so that is safe for every call.
//   - 5xx: after 1, 2, 4 … s and up to half of that more, at random. The reference
//     calls a 5xx transient, so creations are repeated too, unless
//     [RetryPolicy.NoRetryCreateOn5xx] is set.
//   - Surely not sent (no connection, no TLS handshake): the same, every call.
//   - No whole answer (reset, time-out, cut short): the same, but for creations
//     that have no unique key, such as a funnel or a campaign: they fail with
//     MayHaveBeenApplied set, since nobody knows.
//
// Nothing else is repeated. A deletion that finds nothing when it is repeated is a
// success: an attempt before has done it, or there was nothing to delete.
//
// A wait that the context's deadline does not allow is not begun: the call fails
// at once with the error that asked for it. [WithoutRetry] turns retries off for a
// call.
//
// # Rate limit
//
// The API allows 600 requests a minute. A client keeps within that by itself,
// over all its goroutines, as the server counts, so that no request is rejected
// as long as the key is its own; calls that would exceed the quota wait their
// turn, in order. See [WithRateLimit] and [WithLimiter].
//
// # Documented and assumed
//
// Of the API's reference, one page is public: the errors and status codes. What
// it says is documented; the rest of the API is assumed. Each method says which
// of the two its operation is, in a line such as
//
//	API: POST /contact (documented)
//
// Where an assumption turns out wrong before the SDK is corrected,
// [Client.Call] reaches any endpoint, [WithResponse] gives the answer as it was
// sent, and [WithAuth] and [WithHeader] replace what is sent.
package funnel
