package funnelvcr_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
	"github.com/funnel-go/funnel/funnelvcr"
)

// countTags is the program under test.
func countTags(ctx context.Context, client *funnel.Client) (int, error) {
	page, err := client.Tags.List(ctx, funnel.TagListParams{})
	if err != nil {
		return 0, err
	}
	return len(page.Items), nil
}

// The first run of a test records, all later ones replay. In a test the file is one such
// as "testdata/tags.yaml", the key comes from the environment, and the transport is the
// default.
func Example() {
	server := funneltest.NewServer(funneltest.WithBasePath("/v1")) // instead of the API
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)

	test := func(apiKey string) error {
		recorder, err := funnelvcr.New(filepath.Join(dir, "tags.yaml"), funnelvcr.WithTransport(server.Transport()))
		if err != nil {
			return err
		}
		client, err := funnel.New(apiKey, funnel.WithHTTPClient(recorder.Client()))
		if err != nil {
			return err
		}
		tags, err := countTags(context.Background(), client)
		if err != nil {
			return err
		}
		fmt.Println("recording:", recorder.Recording(), "tags:", tags)
		return recorder.Stop()
	}
	fmt.Println(test(server.APIKey()))
	server.Close() // a replay needs neither the API nor a key
	fmt.Println(test("no key"))
	// Output:
	// recording: true tags: 0
	// <nil>
	// recording: false tags: 0
	// <nil>
}
