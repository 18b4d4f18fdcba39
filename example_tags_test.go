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

// A tag's name is unique.
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
	if err := client.Tags.Update(ctx, tag.ID, funnel.TagUpdateParams{Name: funnel.Ptr("customer")}); err != nil {
		log.Fatal(err)
	}
	page, err := client.Tags.List(ctx, funnel.TagListParams{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(page.Items[0].ID, page.Items[0].Name)
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
	err = client.Tags.Delete(ctx, tag.ID)
	fmt.Println("deleted already:", errors.Is(err, funnel.ErrNotFound))
	// Output: deleted already: true
}

func ExampleTagsService_Contacts() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	vip, err := client.Tags.Create(ctx, funnel.TagCreateParams{Name: "vip"})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := client.Contacts.Create(ctx, funnel.ContactCreateParams{Email: "ada@example.com", TagIDs: []funnel.TagID{vip.ID}}); err != nil {
		log.Fatal(err)
	}
	page, err := client.Tags.Contacts(ctx, vip.ID, funnel.PageParams{PerPage: 10})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(page.Total, page.Items[0].Email)
	// Output: 1 ada@example.com
}

func ExampleTagsService_AllContacts() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	vip, err := client.Tags.Create(ctx, funnel.TagCreateParams{Name: "vip"})
	if err != nil {
		log.Fatal(err)
	}
	for _, email := range []string{"ada@example.com", "grace@example.com"} {
		if _, err := client.Contacts.Create(ctx, funnel.ContactCreateParams{Email: email, TagIDs: []funnel.TagID{vip.ID}}); err != nil {
			log.Fatal(err)
		}
	}
	for contact, err := range client.Tags.AllContacts(ctx, vip.ID) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(contact.ID, contact.Email)
	}
	// Output:
	// 1 ada@example.com
	// 2 grace@example.com
}
