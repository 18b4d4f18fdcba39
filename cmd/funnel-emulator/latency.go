package main

import (
	"math/rand/v2"
	"net/http"
	"time"
)

// travel delays requests and responses like a network: about half of the latency
// each way. The journal is behind it, so it sees a request when the API counts
// it, and the response even if the client is gone.
func (e *emulator) travel(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if e.latency == 0 {
			next.ServeHTTP(w, r)
			return
		}
		if !e.oneWay(r) {
			panic(http.ErrAbortHandler) // it has not arrived
		}
		next.ServeHTTP(&lateWriter{w, func() { e.oneWay(r) }}, r)
	})
}

// oneWay waits for a quarter to three quarters of the latency and reports whether
// the client is still there.
func (e *emulator) oneWay(r *http.Request) bool {
	timer := time.NewTimer(e.latency/4 + rand.N(e.latency/2+1))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

// lateWriter delays a response.
type lateWriter struct {
	http.ResponseWriter
	travel func()
}

// WriteHeader implements [http.ResponseWriter].
func (w *lateWriter) WriteHeader(status int) {
	w.travel()
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets [http.ResponseController] reach the connection.
func (w *lateWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
