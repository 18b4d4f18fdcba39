package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// A client is one of a peer's, set up and ready.
type client interface {
	// get fetches one resource.
	get(ctx context.Context) error
	// list walks a list from end to end, and says how many it saw.
	list(ctx context.Context) (items int, err error)
}

// A peer is a library, with the set-up that its documentation recommends.
type peer struct {
	name    string
	modules []string // whose versions the report names
	setup   string   // what was set, and which documentation says so
	api     api
	open    func(http.RoundTripper, quota) (client, error)

	// byHand is the call that get makes, written out with net/http.
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

// patience is the timeout of an attempt where a peer has one.
const patience = 30 * time.Second

// perPage is how many items a page has, whatever the client.
const perPage = 100

// byHand returns a function that makes the call as one writes it with net/http:
// the usual headers, the status looked at, the answer decoded into a T. It has
// a timeout where the peer has one: in net/http it costs a goroutine.
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
