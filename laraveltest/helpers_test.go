package laraveltest_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel/laraveltest"
)

// A response is what a server sent.
type response struct {
	status int
	header http.Header
	body   string
}

// An endpoint is a server with a plain HTTP client: these tests look at the
// wire, without the SDK.
type endpoint struct {
	t      testing.TB
	url    string
	key    string
	client *http.Client
}

// call sends a request that is written as one line, such as `POST /tag {...}`.
func (e endpoint) call(line string) response {
	e.t.Helper()
	got, err := e.try(line)
	require.NoError(e.t, err)
	return got
}

func (e endpoint) try(line string) (response, error) {
	method, rest, _ := strings.Cut(line, " ")
	target, body, _ := strings.Cut(rest, " ")
	r, err := http.NewRequestWithContext(e.t.Context(), method, e.url+target, strings.NewReader(body))
	if err != nil {
		return response{}, err
	}
	r.Header.Set("Authorization", "Bearer "+e.key)
	r.Header.Set("Accept", "application/json")
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	resp, err := e.client.Do(r)
	if err != nil {
		return response{}, err
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	return response{resp.StatusCode, resp.Header, string(content)}, err
}

var stores = []laraveltest.Store{laraveltest.File, laraveltest.Redis, laraveltest.Database}
