package bench

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// The loop that the API's reference asks for, written by hand: after a 429 wait
// at least 60 seconds, after a 5xx a short delay.
func plainPeer() peer {
	return peer{
		name: "net/http loop",
		setup: "A loop written by hand as the API's reference asks: four attempts; after a 429 it sleeps for `Retry-After`, " +
			"or 60 s without that header; after a 5xx for 1, 2, 4 s. It reads one page after the other.",
		api:    contactAPI(),
		byHand: byHand[contactResponse](contactURL, patience),
		open: func(transport http.RoundTripper, _ quota) (client, error) {
			return contactClient{patient{&http.Client{Transport: transport, Timeout: patience}}.do}, nil
		},
	}
}

// A contactClient is what users write around a client that is not made for the
// API.
type contactClient struct {
	do func(*http.Request) (*http.Response, error)
}

func (c contactClient) get(ctx context.Context) error {
	_, err := fetch[contactResponse](ctx, c.do, contactURL)
	return err
}

func (c contactClient) list(ctx context.Context) (items int, err error) {
	for n := 1; ; n++ {
		url := fmt.Sprintf("https://api.example.com/v1/contacts?page=%d&per_page=%d", n, perPage)
		page, err := fetch[contactsResponse](ctx, c.do, url)
		if err != nil {
			return items, err
		}
		items += len(page.Data)
		if n >= page.Meta.LastPage {
			return items, nil
		}
	}
}

// patient repeats a GET.
type patient struct{ http *http.Client }

func (p patient) do(req *http.Request) (*http.Response, error) {
	const attempts = 4
	backoff := time.Second
	for attempt := 1; ; attempt++ {
		resp, err := p.http.Do(req)
		if err != nil || attempt == attempts {
			return resp, err
		}
		var wait time.Duration
		switch {
		case resp.StatusCode == http.StatusTooManyRequests:
			seconds, _ := strconv.Atoi(resp.Header.Get("Retry-After"))
			wait = time.Duration(cmp.Or(seconds, 60)) * time.Second
		case resp.StatusCode >= 500:
			wait = backoff
			backoff *= 2
		default:
			return resp, nil
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		if err := sleep(req.Context(), wait); err != nil {
			return nil, err
		}
	}
}
