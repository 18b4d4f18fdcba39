// Package funnelvcr records the responses of the API in a file, and replays them in
// later runs of a test, without a network and without an account.
//
//	recorder, err := funnelvcr.New("testdata/contacts.yaml")
//	client, err := funnel.New(apiKey, funnel.WithHTTPClient(recorder.Client()))
//
// If the file does not exist, requests are sent and [Recorder.Stop] writes the file.
// If it exists, nothing is sent. To record again, delete the file. The format is that of
// go-vcr.
//
// # What a recording contains
//
// A recording contains each response and its request: method, path, query, body, and
// only two headers, Accept and Content-Type. The API key is hidden as in the SDK's
// errors: it never appears, even if the server returns it in another notation.
// Secrets of new webhooks and cookies are hidden too.
//
// Everything else is recorded as it is, including names and e-mail addresses: as in the
// SDK, a body is not redacted. Record with a test account, or replace what is personal
// with [WithRedact].
//
// # Replay
//
// A request gets the first response that was recorded for the same method, path, query
// and body, and that was not replayed yet. Host and headers do not count, so that a
// recording works with any base URL of the same path. Requests may come in another order
// than recorded.
//
// A request that was not recorded fails immediately, with an [*funnel.APIError] that has
// the code [ErrNotRecorded], names the request and is not retried.
//
// A recorded 429 or 5xx is replayed and retried like a real one. The client waits as
// long as the recorded Retry-After says, and otherwise as its retry policy says: the
// headers X-RateLimit- are not recorded. Replay such a recording inside of
// testing/synctest, where a wait takes no time. Attempts without a response, for
// example on a broken connection, are not recorded.
package funnelvcr
