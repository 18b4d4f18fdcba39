package bench

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/funnel-go/funnel"
)

func funnelPeer() peer {
	return peer{
		name:   "funnel",
		setup:  "Default settings: they include the limit of 600 per minute and the retries. Paging is `Contacts.All`; a bulk job is `Each`.",
		api:    contactAPI(),
		byHand: byHand[contactResponse](contactURL, patience),
		open: func(transport http.RoundTripper, q quota) (client, error) {
			c, err := funnel.New("key", funnel.WithBaseURL("https://api.example.com/v1"),
				funnel.WithHTTPClient(&http.Client{Transport: transport}),
				funnel.WithRateLimit(q.n, q.per))
			return funnelClient{c}, err
		},
	}
}

type funnelClient struct{ *funnel.Client }

var _ bulker = funnelClient{}

func (c funnelClient) get(ctx context.Context) error {
	_, err := c.Contacts.Get(ctx, funnel.ContactID(1))
	return err
}

func (c funnelClient) list(ctx context.Context) (items int, err error) {
	for _, err := range c.Contacts.All(ctx, funnel.ContactListParams{PerPage: perPage}) {
		if err != nil {
			return items, err
		}
		items++
	}
	return items, nil
}

func (c funnelClient) bulk(ctx context.Context, calls int, record func(error)) {
	done := 0
	for result := range funnel.Each(ctx, c.Client, slices.Values(make([]struct{}, calls)), func(ctx context.Context, _ struct{}) error {
		err := c.get(ctx)
		if err == nil {
			record(nil) // now: results come in the order of the items
		}
		return err
	}) {
		done++
		if result.Err != nil {
			record(result.Err)
		}
	}
	for range calls - done {
		record(errNotTaken)
	}
}

var errNotTaken = errors.New("the bulk job ended before this call")
