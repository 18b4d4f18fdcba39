// Package funnel is an unofficial client for the API (v1) of Wolfeo, a platform for
// funnels, e-mail and sales.
//
// Make one [Client] with [New] or [NewFromEnv] and share it: everything in it is
// safe for concurrent use. Each resource has a service, such as client.Contacts.
//
//	client, err := funnel.New(apiKey)
//	id, err := client.Contacts.Create(ctx, funnel.ContactCreateParams{Email: "ada@example.com"})
//	if errors.Is(err, funnel.ErrContactExists) { … }
//
// A contact is addressed by its id or by its e-mail address:
//
//	contact, err := client.Contacts.Get(ctx, funnel.ContactID(12))
//	contact, err := client.Contacts.Get(ctx, funnel.Email("ada@example.com"))
//
// # Errors
//
// Every failed call returns a typed error:
//
//   - [*APIError]: a response that is not a success. Test for its [Code], such as
//     [ErrContactExists], with [errors.Is].
//   - [*ValidationError]: an APIError with messages for each field, if the API sent any.
//   - [*RateLimitError]: a 429, or a call that was not sent because the wait would be
//     too long. It says how long to wait.
//   - [*RequestError]: no complete response, for example because of a lost connection, a
//     timeout or the end of the context.
//   - [*ArgumentError]: bad input, refused before anything was sent.
//   - [*NameError]: several resources have the name, or, in GetByName, none has it.
//
// One error can match several of these types. The doc comment of a method lists the
// errors of its operation. [ErrUnauthorized], [ErrForbidden] and [ErrServer] are
// possible everywhere.
//
// [MayHaveBeenApplied], [CanRetry], [CodeOf], [FieldErrors] and [ErrorKind] work with
// all of them.
//
// # Retries
//
// A call makes at most 4 attempts by default: see [RetryPolicy]. A method that sends
// several requests, such as Upsert, makes several calls, each with 4 attempts of its
// own.
//
// Most calls are repeatable: a second request cannot duplicate anything. Not
// repeatable are Enroll, Schedule, and creates without a unique key. A create has a
// unique key if the API refuses two resources with the same value of a field, such as
// two contacts with the same e-mail address. The doc comments of the creates say which
// have one.
//
// These failures are retried:
//
//   - 429: every call, after at least 60 s. The whole client waits.
//   - 5xx: every call, after 1, 2 and 4 s, plus up to half of that at random. The API's
//     reference says that a 5xx is transient, but the first attempt may have taken
//     effect: [RetryPolicy.NoRetryCreateOn5xx] limits these retries to repeatable
//     calls.
//   - Certainly not sent, such as a refused connection: every call, with the same
//     waits. Not retried are a bad certificate, an error of a [Limiter], and an error of
//     the function given to [WithAuth].
//   - No complete response, such as a timeout: only repeatable calls, with the same
//     waits. The others fail with an error for which [MayHaveBeenApplied] is true.
//
// A retried DELETE request that finds nothing is a success. [WithoutRetry] turns
// retries off for a call.
//
// If the wait for a retry, a pause or a slot would outlast the context's deadline, the
// call fails immediately: with the error of its last attempt, or with a
// [*RateLimitError] if there was none. Both match [context.DeadlineExceeded].
//
// # Rate limit
//
// The API allows 600 requests per minute. Whether it counts them per key or per
// account is not documented. A client stays within that limit over all its goroutines.
// It has 594 slots. The other 6 are for requests that net/http may repeat by itself.
// Each attempt takes up one slot until 60 s after it has ended. Calls wait until a
// slot is free, as long as their context allows. If nothing but this client uses the
// account's API, no request is rejected. See [WithRateLimit] and [WithLimiter].
//
// The count is in memory. If a program restarts within a minute, its new client does
// not know the requests of the old one, so some requests can be rejected. The package
// funnelredis keeps the count outside the process.
//
// # Outages
//
// After five failed attempts in a row, the client assumes an outage. An attempt has
// failed if it got a 5xx, no response, or a response that is not from the API. Not
// counted are a 429, and an attempt that ended because the caller's context ended.
//
// The client then sends only one of the waiting requests at a time, to see whether the
// API works again. All other calls wait until it does, but only for about 10 s per
// call, or for about 30 s at low priority, and no longer than their context allows.
// Calls with [WithoutRetry] are sent without waiting, except at low priority.
//
// If the outage still lasts after this wait, or if the call has used up its attempts,
// it fails with the error of its last attempt. A call that was never sent fails with a
// [*RequestError], whose text says what went wrong with other calls.
//
// # Lists
//
// The All methods return an iterator over all items that their params select. They
// read at most 64 pages ahead. Contacts, campaigns, orders, transactions and
// subscriptions are listed newest first; the order of the other lists is not
// documented. If items are created or deleted during the iteration, the pages shift:
// an item can appear twice or be missed. If you leave the loop, requests in flight are
// canceled. A PerPage below 0 or above 100 is an [*ArgumentError]. To continue after
// an error, set Page: if you have received 200 items, 100 per page, continue with page
// 3.
//
// # Documented and assumed
//
// We could read only a part of the vendor's public reference. Each method states
// whether its operation is documented, in a line such as
//
//	API: POST /contact (documented, parameters assumed)
//
// docs/contract.md in the repository says of every parameter and field whether it is
// documented or assumed. If an assumption is wrong, [Client.Call] reaches any
// endpoint, [WithField] adds or replaces a field, and [WithResponse] stores the
// response as the server sent it.
package funnel
