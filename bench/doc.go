// Package bench compares the SDK with other Go clients: the same workloads
// against the same simulated server, each client set up as its own documentation
// recommends.
//
//	GOWORK=off go test -run TestComparison -update
//
// in this folder runs all workloads, prints the report, and writes it to
// results.md and its charts to completed.svg and waiting.svg. It takes about a
// minute of real time for hours of virtual time. Without -update only a tiny
// part of each workload runs, to check that every peer still does it.
//
// The server is an [net/http.RoundTripper] in memory, and time is that of a
// [testing/synctest] bubble. It counts as Laravel's throttle does, and responds
// to each client in the form of the API that the client is for. The cost of one
// call is measured in real time, with a transport that responds immediately.
//
// mailerlite-go is not among the clients: its module could not be downloaded
// when this comparison was made.
package bench
