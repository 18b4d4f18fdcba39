package bench

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/hetznercloud/hcloud-go/v2/hcloud"
)

func hcloudPeer() peer {
	return peer{
		name:    "hcloud-go",
		modules: []string{"github.com/hetznercloud/hcloud-go/v2"},
		setup: "`hcloud.NewClient` as in its README, with the default retries (5 after 1 to 16 s with jitter; of 429, 502 " +
			"and 504, not of 500; `Retry-After` is not read). Paging is `SSHKey.AllWithOpts`.",
		api:    hcloudAPI(),
		byHand: byHand[hcloudKeyResponse]("https://api.hetzner.cloud/v1/ssh_keys/1", 0),
		open: func(transport http.RoundTripper, _ quota) (client, error) {
			return hcloudClient{hcloud.NewClient(
				hcloud.WithToken("key"),
				hcloud.WithApplication("bench", "1"),
				hcloud.WithHTTPClient(&http.Client{Transport: transport}),
			)}, nil
		},
	}
}

type hcloudClient struct{ *hcloud.Client }

func (c hcloudClient) get(ctx context.Context) error {
	_, _, err := c.SSHKey.GetByID(ctx, 1)
	return err
}

func (c hcloudClient) list(ctx context.Context) (items int, err error) {
	keys, err := c.SSHKey.AllWithOpts(ctx, hcloud.SSHKeyListOpts{ListOpts: hcloud.ListOpts{PerPage: perPage}})
	return len(keys), err
}

func hcloudAPI() api {
	return api{
		one:    `{"ssh_key":` + hcloudKeyJSON(1) + `}`,
		list:   "/ssh_keys",
		number: pageNumber,
		page: func(n, of int, _ http.Header) string {
			next := "null"
			if n < of {
				next = fmt.Sprint(n + 1)
			}
			return fmt.Sprintf(`{"ssh_keys":[%s],"meta":{"pagination":{"page":%d,"per_page":%d,"next_page":%s,"last_page":%d,"total_entries":%d}}}`,
				pageOf(n, hcloudKeyJSON), n, perPage, next, of, of*perPage)
		},
		rejected: func(http.Header) string {
			return `{"error":{"code":"rate_limit_exceeded","message":"limit of requests reached"}}`
		},
		broken: `{"error":{"code":"service_error","message":"internal error"}}`,
	}
}

func hcloudKeyJSON(id int) string {
	return fmt.Sprintf(`{"id":%d,"name":"key %d","fingerprint":"3b:16:e4:bf:8b:00:8b:b8:59:8c:a9:d3:f0:19:fa:45",`+
		`"public_key":%q,"labels":{"env":"prod","team":"mail"},"created":"2026-11-22T09:30:00+00:00"}`, id, id, publicKey)
}

type hcloudKeyResponse struct {
	SSHKey struct {
		ID          int64             `json:"id"`
		Name        string            `json:"name"`
		Fingerprint string            `json:"fingerprint"`
		PublicKey   string            `json:"public_key"`
		Labels      map[string]string `json:"labels"`
		Created     time.Time         `json:"created"`
	} `json:"ssh_key"`
}
