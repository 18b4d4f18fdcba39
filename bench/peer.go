package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// A client is a peer's client, ready to use.
type client interface {
	// get fetches one resource.
	get(ctx context.Context) error
	// list walks a whole list and returns the number of items.
	list(ctx context.Context) (items int, err error)
}

// A bulker is a client with a bulk method. For a client without one, a bulk job
// is a loop of goroutines over get.
type bulker interface {
	// bulk makes so many calls of get, and calls record once for each, with its
	// error.
	bulk(ctx context.Context, calls int, record func(error))
}

// A peer is a library, set up as its documentation recommends.
type peer struct {
	name    string
	modules []string // whose versions the report states
	setup   string   // the settings, and which documentation recommends them
	api     api
	open    func(http.RoundTripper, quota) (client, error)

	// byHand makes the same call as get, written with net/http.
	byHand func(http.RoundTripper) func(context.Context) error
}

// peers are in the order of the report.
func peers() []peer {
	return []peer{
		funnelPeer(),
		plainPeer(),
		retryablePeer(),
		pacedPeer(),
		godoPeer(),
		githubPeer(),
		hcloudPeer(),
		openaiPeer(),
	}
}

// patience is the timeout of an attempt, for peers that have one.
const patience = 30 * time.Second

// perPage is how many items a page has, for all clients.
const perPage = 100

// byHand returns a function that makes the call with plain net/http: it sets the
// usual headers, checks the status and decodes the response into a T. It has a
// timeout if the peer has one, because a timeout costs net/http a goroutine.
func byHand[T any](url string, timeout time.Duration) func(http.RoundTripper) func(context.Context) error {
	return func(transport http.RoundTripper) func(context.Context) error {
		client := &http.Client{Transport: transport, Timeout: timeout}
		return func(ctx context.Context) error {
			_, err := fetch[T](ctx, client.Do, url)
			return err
		}
	}
}

func fetch[T any](ctx context.Context, do func(*http.Request) (*http.Response, error), url string) (*T, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "bench")
	req.Header.Set("Authorization", "Bearer key")
	resp, err := do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("GET %s: %s", req.URL.Path, resp.Status)
	}
	result := new(T)
	if err := json.NewDecoder(resp.Body).Decode(result); err != nil {
		return nil, err
	}
	return result, nil
}
