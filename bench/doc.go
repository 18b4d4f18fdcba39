// Package bench puts the SDK beside other Go clients: the same workloads
// against the same simulated server, each client set up as its own
// documentation recommends.
//
//	GOWORK=off go test -run TestComparison -update
//
// in this folder runs them all, prints the figures as Markdown, and writes them
// to results.md and the chart of the bulk jobs to requests.svg. It takes less
// than a minute of real time for many hours of virtual time. Without -update
// only a tiny part of each workload is run, to see that all still works.
//
// The server is an [net/http.RoundTripper] in memory, and time is that of a
// [testing/synctest] bubble. It counts as Laravel's throttle does, and answers
// each client in the shape of the API that the client is for. What one call
// costs is measured in real time, on a transport that answers at once.
package bench
