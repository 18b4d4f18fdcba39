package bench

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/digitalocean/godo"
	"github.com/hashicorp/go-retryablehttp"
	"golang.org/x/oauth2"
)

func godoPeer() peer {
	return peer{
		name:    "godo",
		modules: []string{"github.com/digitalocean/godo"},
		setup: "`WithRetryAndBackoffs` as in its README, with the values of `NewFromToken` (4 retries after 1 to 30 s, " +
			"`Retry-After` honoured), and its documented option `SetStaticRateLimit(10)`. Paging is the README's loop.",
		api:    godoAPI(),
		byHand: byHand[godoKeyResponse]("https://api.digitalocean.com/v2/account/keys/1", 0),
		open:   openGodo,
	}
}

func openGodo(transport http.RoundTripper, q quota) (client, error) {
	token := oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "key"})
	c, err := godo.New(oauth2.NewClient(context.Background(), token),
		godo.WithRetryAndBackoffs(godo.RetryConfig{
			RetryMax:     4,
			RetryWaitMin: godo.PtrTo(1.0),
			RetryWaitMax: godo.PtrTo(30.0),
		}),
		godo.SetStaticRateLimit(q.perSecond()))
	if err != nil {
		return nil, err
	}
	// With retries, godo makes a transport of its own, three layers down.
	auth, ok := c.HTTPClient.Transport.(*oauth2.Transport)
	if !ok {
		return nil, errors.New("godo: no oauth2 transport")
	}
	retry, ok := auth.Base.(*retryablehttp.RoundTripper)
	if !ok {
		return nil, errors.New("godo: no retrying transport")
	}
	retry.Client.HTTPClient.Transport = transport
	return godoClient{c}, nil
}

type godoClient struct{ *godo.Client }

func (c godoClient) get(ctx context.Context) error {
	_, _, err := c.Keys.GetByID(ctx, 1)
	return err
}

// list is the loop of godo's README.
func (c godoClient) list(ctx context.Context) (items int, err error) {
	opt := &godo.ListOptions{PerPage: perPage}
	for {
		keys, resp, err := c.Keys.List(ctx, opt)
		if err != nil {
			return items, err
		}
		items += len(keys)
		if resp.Links == nil || resp.Links.IsLastPage() {
			return items, nil
		}
		page, err := resp.Links.CurrentPage()
		if err != nil {
			return items, err
		}
		opt.Page = page + 1
	}
}

func godoAPI() api {
	return api{
		one:    `{"ssh_key":` + godoKeyJSON(1) + `}`,
		list:   "/keys",
		number: pageNumber,
		page: func(n, of int, _ http.Header) string {
			links := ""
			if n > 1 {
				links = fmt.Sprintf(`"prev":"https://api.digitalocean.com/v2/account/keys?page=%d"`, n-1)
			}
			if n > 1 && n < of {
				links += ","
			}
			if n < of {
				links += fmt.Sprintf(`"next":"https://api.digitalocean.com/v2/account/keys?page=%d"`, n+1)
			}
			return fmt.Sprintf(`{"ssh_keys":[%s],"links":{"pages":{%s}},"meta":{"total":%d}}`,
				pageOf(n, godoKeyJSON), links, of*perPage)
		},
		rejected: func(http.Header) string { return `{"id":"too_many_requests","message":"API Rate limit exceeded."}` },
		broken:   `{"id":"server_error","message":"Unexpected server-side error"}`,
	}
}

const publicKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl ada@example.com"

func godoKeyJSON(id int) string {
	return fmt.Sprintf(`{"id":%d,"name":"key %d","fingerprint":"3b:16:e4:bf:8b:00:8b:b8:59:8c:a9:d3:f0:19:fa:45","public_key":%q}`,
		id, id, publicKey)
}

type godoKeyResponse struct {
	SSHKey struct {
		ID          int    `json:"id"`
		Name        string `json:"name"`
		Fingerprint string `json:"fingerprint"`
		PublicKey   string `json:"public_key"`
	} `json:"ssh_key"`
}
