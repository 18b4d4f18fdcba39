// Package funneltest is a fake of the funnel platform's API for tests: a whole
// account in memory, with the rules of the real one, that a program talks to
// through the SDK as it would talk to the vendor.
//
//	server := funneltest.NewServer()
//	defer server.Close()
//	client := server.Client() // a *funnel.Client, in memory
//
// What a program creates is there when it looks again; what the API would
// refuse is refused, with the reference's own codes and messages. So a test
// calls the program's own code and then looks, through the same client, at what
// has become of the account. Give each test a server of its own: servers share
// nothing and cost nothing, so tests may run in parallel.
//
// # Ways in
//
//   - [Server.Client] is an SDK client in memory, without sockets and goroutines.
//   - [Server.Transport] is the same seam for a client that the program makes
//     itself: funnel.WithHTTPClient(&http.Client{Transport: server.Transport()})
//     with [Server.APIKey] as the key and any base URL.
//   - [Server.URL] opens a loopback socket, for programs tested from outside.
//   - [Server.Handler] goes into a listener or mux of the caller's own.
//
// # Putting things into an account
//
// Use the client. [Server.SeedContacts] adds as many contacts as a test of
// volume needs; [Server.Restore] loads what [Server.Snapshot] has saved. What
// visitors and recipients do is simulated: [Server.RecordVisit],
// [Server.RecordOptin], [Server.RecordSale], [Server.RecordOpens] and so on.
// They show in the stats.
//
// # Things that go wrong
//
// Each code of the reference comes from the call that provokes it. [Server.Fail]
// does the rest on demand: FORBIDDEN and SERVER_ERROR, pages of proxies, slow
// answers, dropped connections before or after the work was done, bodies cut
// short. [Server.PendingFaults] tells which of them no request has met. The limit
// of 600 requests a minute is in force; [WithRateLimit] changes it.
//
//	server.Fail(funneltest.Fault{Code: funnel.ErrForbidden, Path: "/funnels"})
//
// # Time
//
// The server goes by time.Now, or by [WithClock]. In a testing/synctest bubble
// that is virtual time, so a test of minutes of retries, rate limits and
// scheduled campaigns takes no time at all:
//
//	synctest.Test(t, func(t *testing.T) {
//		server := funneltest.NewServer() // inside the bubble
//		defer server.Close()
//		server.Fail(funneltest.Fault{Status: 429})
//		_, err := server.Client().Tags.Get(t.Context(), 1) // waits a virtual minute, then NOT_FOUND
//	})
//
// [WithLatency] lets requests travel. A scheduled campaign is sent by the first
// request after its time has come, or by [Server.Tick].
//
// # Webhooks
//
// Events are delivered to the webhooks that the program has registered:
// [WithWebhookHandler] hands them to the program's own handler in memory,
// otherwise they go out, to loopback addresses only. [Server.WaitForDeliveries]
// waits until they have arrived, [Server.Deliveries] tells how each ended.
//
// # What it is faithful to
//
// The errors, statuses, codes and limits of the vendor's reference are followed
// to the letter. The rest of the API is as the SDK assumes it: a program that
// passes against this fake has not been proven against the vendor. The fake
// writes and reads its JSON without the SDK's types and codes, so that a mistake
// in one of them shows. It keeps who is enrolled in a sequence, but does not
// walk contacts through its stages, and it sends no mail.
package funneltest
