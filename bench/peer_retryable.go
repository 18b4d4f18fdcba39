package bench

import (
	"net/http"

	"github.com/hashicorp/go-retryablehttp"
	"golang.org/x/time/rate"
)

const retryableModule = "github.com/hashicorp/go-retryablehttp"

func retryablePeer() peer {
	return peer{
		name:    "go-retryablehttp",
		modules: []string{retryableModule},
		setup: "`retryablehttp.NewClient()` as in its README, with the default settings: 4 retries after 1 to 30 s, `Retry-After` honoured. " +
			"Its logger is off. Paging is as in the net/http loop.",
		api:    contactAPI(),
		byHand: byHand[contactResponse](contactURL, 0),
		open: func(transport http.RoundTripper, _ quota) (client, error) {
			return retryableClient(transport), nil
		},
	}
}

// The same, with each attempt paced by a limiter. A burst of 1 gets the fewest
// rejections: a larger one comes on top of the pace, which uses the whole quota.
func pacedPeer() peer {
	return peer{
		name:    "go-retryablehttp + x/time/rate",
		modules: []string{retryableModule, "golang.org/x/time"},
		setup: "The same, but each attempt waits for `rate.NewLimiter(10, 1)`, the pace of 600 per minute, " +
			"as the rate package's documentation recommends (`Wait`).",
		api:    contactAPI(),
		byHand: byHand[contactResponse](contactURL, 0),
		open: func(transport http.RoundTripper, q quota) (client, error) {
			return retryableClient(paced{transport, rate.NewLimiter(rate.Limit(q.perSecond()), 1)}), nil
		},
	}
}

func retryableClient(transport http.RoundTripper) client {
	c := retryablehttp.NewClient()
	c.HTTPClient.Transport = transport
	c.Logger = nil
	return contactClient{func(req *http.Request) (*http.Response, error) {
		retryable, err := retryablehttp.FromRequest(req)
		if err != nil {
			return nil, err
		}
		return c.Do(retryable)
	}}
}

type paced struct {
	next    http.RoundTripper
	limiter *rate.Limiter
}

// RoundTrip implements [http.RoundTripper].
func (p paced) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := p.limiter.Wait(req.Context()); err != nil {
		return nil, err
	}
	return p.next.RoundTrip(req)
}
