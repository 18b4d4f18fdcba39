package main

import (
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/funnel-go/funnel/internal/text"
)

// Bounds of what is kept and shown of requests.
const (
	keptRequests = 50
	keptPath     = 128 // characters
)

// An entry is a request to the API, as the page and the log show it.
type entry struct {
	At     time.Time
	Method string
	Path   string        // without the query, and without what looks like an address
	Done   bool          // it is no longer under way
	Status int           // of the answer; zero: there is none
	Took   time.Duration // once it is done
}

// A journal keeps the last requests and logs each when it is done.
type journal struct {
	log    *slog.Logger
	apiKey string

	mu      sync.Mutex
	entries []*entry // oldest first
}

// watch notes the requests that a handler answers.
func (j *journal) watch(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e := j.begin(r)
		seen := &statusWriter{ResponseWriter: w}
		defer func() { j.end(e, seen) }() // also when the handler aborts
		next.ServeHTTP(seen, r)
	})
}

func (j *journal) begin(r *http.Request) *entry {
	e := &entry{
		At:     time.Now(),
		Method: j.public(r.Method),
		Path:   j.public(r.URL.Path),
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.entries) == keptRequests {
		j.entries = slices.Delete(j.entries, 0, 1)
	}
	j.entries = append(j.entries, e)
	return e
}

func (j *journal) end(e *entry, w *statusWriter) {
	j.mu.Lock()
	e.Done, e.Status, e.Took = true, w.status, time.Since(e.At)
	done := *e
	j.mu.Unlock()

	message := "request"
	if done.Status == 0 {
		message = "request without an answer"
	}
	j.log.Info(message,
		"method", done.Method,
		"path", done.Path,
		"status", done.Status,
		"arrived", done.At,
		"took", done.Took.Round(time.Microsecond),
		"id", w.Header().Get("X-Request-Id"))
}

// list returns the last requests, the latest first.
func (j *journal) list() []entry {
	j.mu.Lock()
	defer j.mu.Unlock()
	list := make([]entry, 0, len(j.entries))
	for _, e := range slices.Backward(j.entries) {
		list = append(list, *e)
	}
	return list
}

// public removes the API key and what may be an e-mail address. Neither has
// business in a path, but a client that is being written may send it there.
func (j *journal) public(s string) string {
	segments := strings.Split(strings.ReplaceAll(s, j.apiKey, "[key]"), "/")
	for i, segment := range segments {
		if strings.Contains(segment, "@") || strings.Contains(segment, "%40") {
			segments[i] = "[address]"
		}
	}
	return text.Clip(strings.Join(segments, "/"), keptPath)
}

// statusWriter remembers the status of an answer.
type statusWriter struct {
	http.ResponseWriter
	status int
}

// WriteHeader implements [http.ResponseWriter].
func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets [http.ResponseController] reach the connection.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
