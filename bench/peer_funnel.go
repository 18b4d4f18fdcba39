package bench

import (
	"context"
	"net/http"

	"github.com/funnel-go/funnel"
)

func funnelPeer() peer {
	return peer{
		name:   "funnel",
		setup:  "As it comes: its limit of 600 a minute and its retries are the defaults. Paging is `Contacts.All`.",
		api:    contactAPI(),
		byHand: byHand[contactAnswer](contactURL, patience),
		open: func(transport http.RoundTripper, q quota) (client, error) {
			c, err := funnel.New("key", funnel.WithBaseURL("https://api.example.com/v1"),
				funnel.WithHTTPClient(&http.Client{Transport: transport}),
				funnel.WithRateLimit(q.n, q.per))
			return funnelClient{c}, err
		},
	}
}

type funnelClient struct{ *funnel.Client }

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
