package funnel_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
)

func ExampleTagsService_List() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	if _, err := client.Tags.Create(ctx, funnel.TagCreateParams{Name: "vip"}); err != nil {
		log.Fatal(err)
	}
	page, err := client.Tags.List(ctx, funnel.TagListParams{PerPage: 100})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(page.Total, page.Items[0].Name)
	// Output: 1 vip
}

func ExampleTagsService_All() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	for _, name := range []string{"vip", "trial"} {
		if _, err := client.Tags.Create(ctx, funnel.TagCreateParams{Name: name}); err != nil {
			log.Fatal(err)
		}
	}
	for tag, err := range client.Tags.All(ctx, funnel.TagListParams{}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(tag.ID, tag.Name)
	}
	// Output:
	// 1 vip
	// 2 trial
}

func ExampleTagsService_Get() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	created, err := client.Tags.Create(ctx, funnel.TagCreateParams{Name: "vip"})
	if err != nil {
		log.Fatal(err)
	}
	tag, err := client.Tags.Get(ctx, created.ID)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(tag.Name, "is on", tag.ContactsCount, "contacts")
	// Output: vip is on 0 contacts
}

// A tag's name is unique: who comes second looks for the one that is there.
func ExampleTagsService_Create() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	for range 2 {
		tag, err := client.Tags.Create(ctx, funnel.TagCreateParams{Name: "vip"})
		switch {
		case errors.Is(err, funnel.ErrTagExists):
			fmt.Println("already there")
		case err != nil:
			log.Fatal(err)
		default:
			fmt.Println("created", tag.ID)
		}
	}
	// Output:
	// created 1
	// already there
}

func ExampleTagsService_Update() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	tag, err := client.Tags.Create(ctx, funnel.TagCreateParams{Name: "vip"})
	if err != nil {
		log.Fatal(err)
	}
	tag, err = client.Tags.Update(ctx, tag.ID, funnel.TagUpdateParams{Name: funnel.Ptr("customer")})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(tag.ID, tag.Name)
	// Output: 1 customer
}

func ExampleTagsService_Delete() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	tag, err := client.Tags.Create(ctx, funnel.TagCreateParams{Name: "vip"})
	if err != nil {
		log.Fatal(err)
	}
	if err := client.Tags.Delete(ctx, tag.ID); err != nil {
		log.Fatal(err)
	}
	_, err = client.Tags.Get(ctx, tag.ID)
	fmt.Println(errors.Is(err, funnel.ErrNotFound))
	// Output: true
}
