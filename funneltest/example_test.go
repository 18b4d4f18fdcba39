package funneltest_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
)

// addTag is the program under test: it creates a tag, once.
func addTag(ctx context.Context, client *funnel.Client, name string) (string, error) {
	_, err := client.Tags.Create(ctx, funnel.TagCreateParams{Name: name})
	if errors.Is(err, funnel.ErrTagExists) {
		return "exists", nil
	}
	if err != nil {
		return "", err
	}
	return "created", nil
}

func Example() {
	server := funneltest.NewServer()
	defer server.Close()
	client := server.Client()
	ctx := context.Background()

	// The API compares names ignoring case.
	fmt.Println(addTag(ctx, client, "customer"))
	fmt.Println(addTag(ctx, client, "Customer"))

	// What the program does if its key has no access to tags.
	server.Fail(funneltest.Fault{Code: funnel.ErrForbidden, Path: "/tag"})
	_, err := addTag(ctx, client, "lead")
	fmt.Println(errors.Is(err, funnel.ErrForbidden))

	// What is in the account now.
	fmt.Println(server.Counts()["tags"], "tag")
	// Output:
	// created <nil>
	// exists <nil>
	// true
	// 1 tag
}
