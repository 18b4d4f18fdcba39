package main

import (
	"math/rand/v2"
	"net/http"
	"time"
)

// travel lets requests and answers take their time, as a network does: about
// half of the latency each way. The journal is at the far end of it, and so sees
// a request when the API counts it, and its answer also if the client has gone.
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

// oneWay waits for a quarter to three quarters of the latency, and reports
// whether the client did, too.
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

// lateWriter lets an answer travel.
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
