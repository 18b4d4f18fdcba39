// Package funneltest is a fake of the Wolfeo API for tests: a whole account in
// memory that follows the API's rules. A program uses it through the SDK, as it
// would use the vendor's server.
//
//	server := funneltest.NewServer()
//	defer server.Close()
//	client := server.Client() // a *funnel.Client, in memory
//
// What a program creates can be read again, and an invalid request gets the
// error that the reference documents. A test calls the program's own code and
// then checks the account through the same client. Give each test its own
// server: servers share nothing and are cheap, so tests can run in parallel.
//
// # Connecting
//
//   - [Server.Client] is an SDK client in memory, without sockets and goroutines.
//   - [Server.Transport] serves a client that the program creates itself:
//     funnel.WithHTTPClient(&http.Client{Transport: server.Transport()}) with
//     [Server.APIKey] as the key. Add [WithBasePath]("/v1") to the server, because
//     the client's default base URL ends in /v1 and the server has no base path by
//     default.
//   - [Server.URL] opens a loopback socket, for programs that are tested from
//     outside.
//   - [Server.Handler] serves a listener or mux of the caller.
//
// # Filling the account
//
// Use the client. The API cannot create custom fields, orders, transactions and
// subscriptions; [Server.AddCustomField], [Server.AddOrder],
// [Server.AddTransaction] and [Server.AddSubscription] insert them.
// [Server.SeedContacts] adds many contacts at once, and [Server.Restore] loads
// what [Server.Snapshot] has saved. [Server.Reset] starts over, and
// [Server.ResetTo] does so with a snapshot.
//
// Two things the API cannot show: [Server.CustomFieldValue] returns the value of
// a contact's custom field, [Server.WebhookSecret] the secret of a webhook.
//
// # Errors and faults
//
// Every code of the reference comes from the call that the reference names.
// [Server.Fail] does everything else: FORBIDDEN and SERVER_ERROR, the pages of
// proxies, slow responses, connections that are dropped before or after the
// request was carried out, truncated bodies. [Server.PendingFaults] returns the
// faults that no request has met. The limit of 600 requests per minute applies;
// [WithRateLimit] changes it, and [WithThrottleStyle] makes it count as Laravel
// does with one cache store.
//
//	server.Fail(funneltest.Fault{Code: funnel.ErrForbidden, Path: "/funnels"})
//
// # Time
//
// The server uses time.Now, or the clock of [WithClock]. In a testing/synctest
// bubble time is virtual, so minutes of retries, rate limits and scheduled
// campaigns take no real time:
//
//	synctest.Test(t, func(t *testing.T) {
//		server := funneltest.NewServer() // inside the bubble
//		defer server.Close()
//		server.Fail(funneltest.Fault{Status: 429})
//		_, err := server.Client().CustomFields.List(t.Context()) // waits for a virtual minute
//	})
//
// [WithLatency] adds travel time to requests. The first request after a
// scheduled campaign's time sends the campaign: its status becomes sent, and its
// counters are set. No mail is sent.
//
// # Webhooks
//
// [Server.Deliver] sends an event of the test's choice, signed, to the webhooks
// that the program has registered. [WithWebhookHandler] passes it to the
// program's own handler in memory; without it, deliveries go over the network,
// but only to loopback addresses. [Server.WaitForDeliveries] waits until all
// have arrived, and [Server.Deliveries] returns how each ended. [NewDelivery]
// returns a single signed request, for a test without a server.
//
// # Limits of the fake
//
// The statuses, codes and limits of the vendor's reference are followed exactly.
// Parts of the API are not documented. There the fake makes the same assumptions as
// the SDK: docs/contract.md in the repository lists them as B1 to B13. A program that
// passes against this fake has not been proven against the vendor. The fake does not
// use the SDK's types and codes for its JSON, so that a mistake in one of them fails
// a test. It stores which contacts are enrolled in a sequence, but does not move them
// through its stages.
package funneltest
