package funneltest

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// A Request is a request that the server has received.
type Request struct {
	ID     string // the X-Request-Id of the response
	Time   time.Time
	Method string
	Path   string // with the base path
	Query  url.Values
	Header http.Header // with the API key redacted
	Body   []byte      // the first 64 KiB
	Status int         // of the response; zero: none was sent
}

// Bounds of the list of requests.
const (
	keptRequests = 10_000
	keptBody     = 64 << 10
)

// redacted replaces a key, so that keys do not reach a test's output.
const redacted = "[redacted]"

// Requests returns the last 10,000 requests in the order in which they arrived,
// each with the first 64 KiB of its body. The Authorization header and every other
// header that contains the API key are redacted.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.list(s.cfg.apiKey)
}

// RequestCount returns how many requests have arrived since the server was
// created.
func (s *Server) RequestCount() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.total
}

// requestLog is a ring of the last requests. A new entry reuses the memory of the
// one that it replaces, for benchmarks with millions of calls.
type requestLog struct {
	entries []logEntry
	total   int
}

type logEntry struct {
	time   time.Time
	method string
	path   string
	query  string
	header []headerLine
	body   []byte
	status int
}

type headerLine struct{ key, value string }

// add stores a request. The entry is valid until the next call.
func (l *requestLog) add(r *http.Request, body []byte) *logEntry {
	at := l.total % keptRequests
	if at == len(l.entries) {
		l.entries = append(l.entries, logEntry{})
	}
	l.total++
	if len(body) > keptBody {
		body = slices.Clone(body[:keptBody])
	}
	e := &l.entries[at]
	*e = logEntry{
		method: r.Method,
		path:   r.URL.Path,
		query:  r.URL.RawQuery,
		header: e.header[:0],
		body:   body,
	}
	for key, values := range r.Header {
		for _, value := range values {
			e.header = append(e.header, headerLine{key, value})
		}
	}
	return e
}

func (l *requestLog) list(apiKey string) []Request {
	list := make([]Request, 0, len(l.entries))
	for n := l.total - len(l.entries); n < l.total; n++ {
		list = append(list, l.entries[n%keptRequests].request(n+1, apiKey))
	}
	return list
}

func (e *logEntry) request(number int, apiKey string) Request {
	query, _ := url.ParseQuery(e.query) // the valid part of it
	header := make(http.Header, len(e.header))
	for _, line := range e.header {
		if line.key == "Authorization" || strings.Contains(line.value, apiKey) {
			line.value = redacted
		}
		header[line.key] = append(header[line.key], line.value)
	}
	return Request{
		ID:     requestID(number),
		Time:   e.time,
		Method: e.method,
		Path:   e.path,
		Query:  query,
		Header: header,
		Body:   slices.Clone(e.body),
		Status: e.status,
	}
}
