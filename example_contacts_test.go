package funnel_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"slices"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
)

func ExampleContactsService_List() {
	server := funneltest.NewServer()
	defer server.Close()
	client := server.Client()
	server.SeedContacts(240)

	page, err := client.Contacts.List(context.Background(), funnel.ContactListParams{
		Status:  funnel.ContactUnsubscribed,
		PerPage: 10,
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("page %d of %d, %d of %d contacts\n", page.Page, page.LastPage, len(page.Items), page.Total)
	// Output: page 1 of 3, 10 of 24 contacts
}

// The range fetches the pages as it needs them, and a little ahead.
func ExampleContactsService_All() {
	server := funneltest.NewServer()
	defer server.Close()
	client := server.Client()
	server.SeedContacts(240)

	n := 0
	for contact, err := range client.Contacts.All(context.Background(), funnel.ContactListParams{}) {
		if err != nil {
			log.Fatal(err)
		}
		if contact.Status == funnel.ContactSubscribed {
			n++
		}
	}
	fmt.Println(n, "get mail")
	// Output: 216 get mail
}

func ExampleContactsService_Get() {
	server := funneltest.NewServer()
	defer server.Close()
	client := server.Client()
	server.SeedContacts(12)

	contact, err := client.Contacts.Get(context.Background(), 12)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(contact.Email, contact.FirstName, contact.LastName)
	// Output: contact-0000012@example.com Grace Lamport
}

func ExampleContactsService_GetByEmail() {
	server := funneltest.NewServer()
	defer server.Close()
	client := server.Client()
	server.SeedContacts(12)

	contact, err := client.Contacts.GetByEmail(context.Background(), "contact-0000012@example.com")
	if errors.Is(err, funnel.ErrNotFound) {
		fmt.Println("no such contact")
		return
	}
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(contact.ID)
	// Output: 12
}

func ExampleContactsService_Create() {
	server := funneltest.NewServer()
	defer server.Close()
	client := server.Client()

	contact, err := client.Contacts.Create(context.Background(), funnel.ContactCreateParams{
		Email:        "ada@example.com",
		FirstName:    "Ada",
		CustomFields: funnel.CustomFields{"plan": "pro"},
	})
	if errors.Is(err, funnel.ErrContactExists) {
		fmt.Println("already there")
		return
	}
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(contact.ID, contact.Email, contact.CustomFields["plan"])
	// Output: 1 ada@example.com pro
}

// Upsert is for those who do not care whether the contact is there.
func ExampleContactsService_Upsert() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	for _, params := range []funnel.ContactCreateParams{
		{Email: "ada@example.com", FirstName: "Ada"},
		{Email: "ada@example.com", LastName: "Lovelace"}, // leaves the first name alone
	} {
		contact, created, err := client.Contacts.Upsert(ctx, params)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%d: %q %q, new: %t\n", contact.ID, contact.FirstName, contact.LastName, created)
	}
	// Output:
	// 1: "Ada" "", new: true
	// 1: "Ada" "Lovelace", new: false
}

func ExampleContactsService_Update() {
	server := funneltest.NewServer()
	defer server.Close()
	client := server.Client()
	server.SeedContacts(1)

	contact, err := client.Contacts.Update(context.Background(), 1, funnel.ContactUpdateParams{
		Status: funnel.Ptr(funnel.ContactUnsubscribed), // all else stays as it is
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(contact.Email, contact.Status)
	// Output: contact-0000001@example.com unsubscribed
}

func ExampleContactsService_Delete() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()
	server.SeedContacts(1)

	err := client.Contacts.Delete(ctx, 1)
	if err != nil && !errors.Is(err, funnel.ErrNotFound) { // gone is gone
		log.Fatal(err)
	}
	_, err = client.Contacts.Get(ctx, 1)
	fmt.Println(errors.Is(err, funnel.ErrNotFound))
	// Output: true
}

func ExampleContactsService_AddTags() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()
	server.SeedContacts(1)

	tag, err := client.Tags.Create(ctx, funnel.TagCreateParams{Name: "vip"})
	if err != nil {
		log.Fatal(err)
	}
	if err := client.Contacts.AddTags(ctx, 1, tag.ID); err != nil {
		log.Fatal(err)
	}
	tagged, err := client.Contacts.List(ctx, funnel.ContactListParams{TagIDs: []funnel.TagID{tag.ID}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(tagged.Items[0].Email, tagged.Items[0].Tags[0].Name)
	// Output: contact-0000001@example.com vip
}

func ExampleContactsService_RemoveTags() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	tag, err := client.Tags.Create(ctx, funnel.TagCreateParams{Name: "trial"})
	if err != nil {
		log.Fatal(err)
	}
	contact, err := client.Contacts.Create(ctx, funnel.ContactCreateParams{Email: "ada@example.com", TagIDs: []funnel.TagID{tag.ID}})
	if err != nil {
		log.Fatal(err)
	}
	if err := client.Contacts.RemoveTags(ctx, contact.ID, tag.ID); err != nil {
		log.Fatal(err)
	}
	if contact, err = client.Contacts.Get(ctx, contact.ID); err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(contact.Tags), "tags")
	// Output: 0 tags
}

func ExampleContactsService_CreateAll() {
	server := funneltest.NewServer()
	defer server.Close()
	client := server.Client()

	contacts := []funnel.ContactCreateParams{
		{Email: "ada@example.com"},
		{Email: "grace@example.com"},
		{Email: "ADA@example.com"},
		{Email: "no address"},
	}
	for result := range client.Contacts.CreateAll(context.Background(), slices.Values(contacts)) {
		fmt.Println(result.Index, contacts[result.Index].Email, result.Status)
	}
	// Output:
	// 0 ada@example.com created
	// 1 grace@example.com created
	// 2 ADA@example.com exists
	// 3 no address failed
}

// An import that was interrupted may begin anew: what is there already is
// brought up to date.
func ExampleContactsService_UpsertAll() {
	server := funneltest.NewServer()
	defer server.Close()
	client := server.Client()
	server.SeedContacts(1)

	contacts := []funnel.ContactCreateParams{
		{Email: "contact-0000001@example.com", LastName: "Turing"},
		{Email: "ada@example.com", LastName: "Lovelace"},
	}
	for result := range client.Contacts.UpsertAll(context.Background(), slices.Values(contacts)) {
		if result.Err != nil {
			log.Print(result.Err) // of this contact: only an outage or a bad key ends the others
			continue
		}
		fmt.Println(result.Value.Email, result.Status)
	}
	// Output:
	// contact-0000001@example.com updated
	// ada@example.com created
}
