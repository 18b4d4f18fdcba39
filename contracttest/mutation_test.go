package contracttest_test

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// A mutation breaks the contract on purpose, as a mistake in the SDK or in the
// fake would.
type mutation struct {
	sdk  edit // of what the SDK sends
	fake edit // of what the fake answers and delivers
}

// An edit puts one text in the place of another. The zero edit changes nothing.
type edit struct{ old, new string }

func (e edit) in(s string) string {
	if e.old == "" {
		return s
	}
	return strings.ReplaceAll(s, e.old, e.new)
}

// requests edits the URL and the body of each request.
func (e edit) requests(next http.RoundTripper) http.RoundTripper {
	if e == (edit{}) {
		return next
	}
	return roundTripFunc(func(r *http.Request) (*http.Response, error) {
		r = r.Clone(r.Context())
		u, err := url.Parse(e.in(r.URL.String()))
		if err != nil {
			return nil, err
		}
		r.URL = u
		if r.Body != nil {
			r.Body, r.ContentLength, err = e.body(r.Body)
		}
		if err != nil {
			return nil, err
		}
		return next.RoundTrip(r)
	})
}

// responses edits the status and the body of each response.
func (e edit) responses(next http.RoundTripper) http.RoundTripper {
	if e == (edit{}) {
		return next
	}
	return roundTripFunc(func(r *http.Request) (*http.Response, error) {
		res, err := next.RoundTrip(r)
		if err == nil {
			res.Body, res.ContentLength, err = e.body(res.Body)
		}
		return res, err
	})
}

// handler edits the body of each delivery.
func (e edit) handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body, r.ContentLength, _ = e.body(r.Body)
		next.ServeHTTP(w, r)
	})
}

func (e edit) body(body io.ReadCloser) (io.ReadCloser, int64, error) {
	defer body.Close()
	data, err := io.ReadAll(body)
	data = []byte(e.in(string(data)))
	return io.NopCloser(bytes.NewReader(data)), int64(len(data)), err
}
