package bench

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
)

func openaiPeer() peer {
	return peer{
		name:    "openai-go (Stainless)",
		modules: []string{"github.com/openai/openai-go/v3"},
		setup: "`openai.NewClient` as in its README, with the default retries (2, after about 0.5 and 1 s; `Retry-After` " +
			"honoured up to 2 minutes). Paging is `Files.ListAutoPaging`.",
		api:    openaiAPI(),
		byHand: byHand[openaiFileResponse]("https://api.openai.com/v1/files/file-1", 0),
		open: func(transport http.RoundTripper, _ quota) (client, error) {
			return openaiClient{openai.NewClient(
				option.WithAPIKey("key"),
				option.WithHTTPClient(&http.Client{Transport: transport}),
			)}, nil
		},
	}
}

type openaiClient struct{ openai.Client }

func (c openaiClient) get(ctx context.Context) error {
	_, err := c.Files.Get(ctx, "file-1")
	return err
}

func (c openaiClient) list(ctx context.Context) (items int, err error) {
	files := c.Files.ListAutoPaging(ctx, openai.FileListParams{Limit: openai.Int(perPage)})
	for files.Next() {
		items++
	}
	return items, files.Err()
}

func openaiAPI() api {
	return api{
		one:  openaiFileJSON(1),
		list: "/files",
		number: func(query url.Values) int {
			after, _ := strconv.Atoi(strings.TrimPrefix(query.Get("after"), "file-"))
			return after/perPage + 1
		},
		page: func(n, of int, _ http.Header) string {
			return fmt.Sprintf(`{"object":"list","data":[%s],"has_more":%t}`, pageOf(n, openaiFileJSON), n < of)
		},
		rejected: func(http.Header) string {
			return `{"error":{"message":"Rate limit reached","type":"requests","param":null,"code":"rate_limit_exceeded"}}`
		},
		broken: `{"error":{"message":"The server had an error","type":"server_error","param":null,"code":null}}`,
	}
}

func openaiFileJSON(id int) string {
	return fmt.Sprintf(`{"id":"file-%d","object":"file","bytes":120000,"created_at":1795339800,"expires_at":1797931800,`+
		`"filename":"contacts-%d.jsonl","purpose":"fine-tune","status":"processed"}`, id, id)
}

type openaiFileResponse struct {
	ID        string `json:"id"`
	Object    string `json:"object"`
	Bytes     int64  `json:"bytes"`
	CreatedAt int64  `json:"created_at"`
	ExpiresAt int64  `json:"expires_at"`
	Filename  string `json:"filename"`
	Purpose   string `json:"purpose"`
	Status    string `json:"status"`
}
