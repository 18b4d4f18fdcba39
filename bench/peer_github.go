package bench

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/gofri/go-github-ratelimit/v2/github_ratelimit"
	"github.com/google/go-github/v92/github"
)

func githubPeer() peer {
	return peer{
		name:    "go-github + go-github-ratelimit",
		modules: []string{"github.com/google/go-github/v92", "github.com/gofri/go-github-ratelimit/v2"},
		setup: "`github_ratelimit.NewClient` under `github.NewClient`, whose own check is off, as both READMEs recommend. " +
			"A 429 has the form of GitHub's secondary limit, the one per minute, because go-github-ratelimit waits for that one and " +
			"returns an error for the primary one. It waits if `Retry-After` or `X-RateLimit-Reset` says how long. Neither " +
			"library retries a 5xx. Paging is `ListKeysIter`.",
		api:    githubAPI(),
		byHand: byHand[githubKeyResponse]("https://api.github.com/user/keys/1", 0),
		open: func(transport http.RoundTripper, _ quota) (client, error) {
			c, err := github.NewClient(
				github.WithHTTPClient(github_ratelimit.NewClient(transport)),
				github.WithAuthToken("key"),
				github.WithDisableRateLimitCheck())
			return githubClient{c}, err
		},
	}
}

type githubClient struct{ *github.Client }

func (c githubClient) get(ctx context.Context) error {
	_, _, err := c.Users.GetKey(ctx, 1)
	return err
}

func (c githubClient) list(ctx context.Context) (items int, err error) {
	for _, err := range c.Users.ListKeysIter(ctx, "", &github.ListOptions{PerPage: perPage}) {
		if err != nil {
			return items, err
		}
		items++
	}
	return items, nil
}

func githubAPI() api {
	return api{
		one:    githubKeyJSON(1),
		list:   "/keys",
		number: pageNumber,
		page: func(n, of int, h http.Header) string {
			if n < of {
				h.Set("Link", fmt.Sprintf(`<https://api.github.com/user/keys?page=%d>; rel="next", <https://api.github.com/user/keys?page=%d>; rel="last"`, n+1, of))
			}
			return "[" + pageOf(n, githubKeyJSON) + "]"
		},
		rejected: func(h http.Header) string {
			h.Del("X-RateLimit-Remaining") // at 0 it would tell of the primary limit
			return `{"message":"You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",` +
				`"documentation_url":"https://docs.github.com/rest/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits"}`
		},
		broken: `{"message":"Server Error"}`,
	}
}

func githubKeyJSON(id int) string {
	return fmt.Sprintf(`{"id":%d,"key":%q,"url":"https://api.github.com/user/keys/%d","title":"key %d",`+
		`"created_at":"2026-11-22T09:30:00Z","last_used":"2026-11-22T09:30:00Z","verified":true,"read_only":false}`,
		id, publicKey, id, id)
}

type githubKeyResponse struct {
	ID        int64     `json:"id"`
	Key       string    `json:"key"`
	URL       string    `json:"url"`
	Title     string    `json:"title"`
	CreatedAt time.Time `json:"created_at"`
	LastUsed  time.Time `json:"last_used"`
	Verified  bool      `json:"verified"`
	ReadOnly  bool      `json:"read_only"`
}
