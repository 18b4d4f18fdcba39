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
	server.SeedContacts(24)

	page, err := client.Contacts.List(context.Background(), funnel.ContactListParams{
		Period:  funnel.PeriodToday,
		PerPage: 10,
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("page %d of %d, %d of %d contacts\n", page.Page, page.LastPage, len(page.Items), page.Total)
	// Output: page 1 of 3, 10 of 24 contacts
}

// The range fetches pages as they are needed, and some ahead.
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
		if contact.EmailMarketing {
			n++
		}
	}
	fmt.Println(n, "receive mail")
	// Output: 216 receive mail
}

func ExampleContactsService_Get() {
	server := funneltest.NewServer()
	defer server.Close()
	client := server.Client()
	server.SeedContacts(12)

	contact, err := client.Contacts.Get(context.Background(), funnel.Email("contact-0000012@example.com"))
	if errors.Is(err, funnel.ErrNotFound) {
		fmt.Println("no such contact")
		return
	}
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(contact.ID, contact.FirstName, contact.LastName)
	// Output: 12 Grace Lamport
}

func ExampleContactsService_Create() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	vip, err := client.Tags.Create(ctx, funnel.TagCreateParams{Name: "vip"})
	if err != nil {
		log.Fatal(err)
	}
	id, err := client.Contacts.Create(ctx, funnel.ContactCreateParams{
		Email:          "ada@example.com",
		FirstName:      "Ada",
		EmailMarketing: funnel.Ptr(true),
		TagIDs:         []funnel.TagID{vip.ID},
	})
	if errors.Is(err, funnel.ErrContactExists) {
		fmt.Println("already there")
		return
	}
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(id)
	// Output: 1
}

func ExampleContactsService_Update() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()
	server.SeedContacts(1)

	err := client.Contacts.Update(ctx, funnel.ContactID(1), funnel.ContactUpdateParams{
		EmailMarketing: funnel.Ptr(false), // everything else stays unchanged
	})
	if err != nil {
		log.Fatal(err)
	}
	contact, err := client.Contacts.Get(ctx, funnel.ContactID(1))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(contact.FirstName, contact.EmailMarketing)
	// Output: Alan false
}

// Upsert creates a contact, or updates it if the address exists.
func ExampleContactsService_Upsert() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	for _, params := range []funnel.ContactCreateParams{
		{Email: "ada@example.com", FirstName: "Ada"},
		{Email: "ada@example.com", LastName: "Lovelace"}, // the first name stays unchanged
	} {
		id, created, err := client.Contacts.Upsert(ctx, params)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(id, "created:", created)
	}
	contact, err := client.Contacts.Get(ctx, funnel.Email("ada@example.com"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(contact.FirstName, contact.LastName)
	// Output:
	// 1 created: true
	// 1 created: false
	// Ada Lovelace
}

func ExampleContactsService_Delete() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()
	server.SeedContacts(1)

	err := client.Contacts.Delete(ctx, funnel.ContactID(1))
	if err != nil && !errors.Is(err, funnel.ErrNotFound) { // not found: deleted already
		log.Fatal(err)
	}
	_, err = client.Contacts.Get(ctx, funnel.ContactID(1))
	fmt.Println(errors.Is(err, funnel.ErrNotFound))
	// Output: true
}

func ExampleContactsService_Tags() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	vip, err := client.Tags.Create(ctx, funnel.TagCreateParams{Name: "vip"})
	if err != nil {
		log.Fatal(err)
	}
	id, err := client.Contacts.Create(ctx, funnel.ContactCreateParams{Email: "ada@example.com", TagIDs: []funnel.TagID{vip.ID}})
	if err != nil {
		log.Fatal(err)
	}
	tags, err := client.Contacts.Tags(ctx, id)
	if err != nil {
		log.Fatal(err)
	}
	for _, tag := range tags {
		fmt.Println(tag.ID, tag.Name)
	}
	// Output: 1 vip
}

func ExampleContactsService_AddTag() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()
	server.SeedContacts(1)

	vip, err := client.Tags.Create(ctx, funnel.TagCreateParams{Name: "vip"})
	if err != nil {
		log.Fatal(err)
	}
	if err := client.Contacts.AddTag(ctx, funnel.ContactID(1), vip.ID); err != nil {
		log.Fatal(err)
	}
	contact, err := client.Contacts.Get(ctx, funnel.ContactID(1))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(slices.Contains(contact.Tags, vip.ID))
	// Output: true
}

func ExampleContactsService_RemoveTag() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	trial, err := client.Tags.Create(ctx, funnel.TagCreateParams{Name: "trial"})
	if err != nil {
		log.Fatal(err)
	}
	id, err := client.Contacts.Create(ctx, funnel.ContactCreateParams{Email: "ada@example.com", TagIDs: []funnel.TagID{trial.ID}})
	if err != nil {
		log.Fatal(err)
	}
	if err := client.Contacts.RemoveTag(ctx, id, trial.ID); err != nil {
		log.Fatal(err)
	}
	contact, err := client.Contacts.Get(ctx, id)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(contact.Tags), "tags")
	// Output: 0 tags
}

// Custom fields are defined in the vendor's dashboard. The API has no operation that
// reads a contact's value.
func ExampleContactsService_SetCustomField() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()
	server.SeedContacts(1)
	server.AddCustomField(funneltest.CustomField{Name: "Plan", Values: []string{"Basic", "Plus"}})

	fields, err := client.CustomFields.List(ctx)
	if err != nil {
		log.Fatal(err)
	}
	plan := fields[0]
	if err := client.Contacts.SetCustomField(ctx, funnel.ContactID(1), plan.ID, "Plus"); err != nil {
		log.Fatal(err)
	}
	fmt.Println(server.CustomFieldValue(1, plan.ID))
	// Output: Plus
}

func ExampleCustomFieldsService_List() {
	server := funneltest.NewServer()
	defer server.Close()
	client := server.Client()
	server.AddCustomField(funneltest.CustomField{Name: "Company"})
	server.AddCustomField(funneltest.CustomField{Name: "Plan", Values: []string{"Basic", "Plus"}})

	fields, err := client.CustomFields.List(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	for _, field := range fields {
		fmt.Println(field.ID, field.Name, field.Type, field.Values)
	}
	// Output:
	// 1 Company text []
	// 2 Plan select [Basic Plus]
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
		fmt.Println(result.Index, result.Item.Email, result.Status)
	}
	// Output:
	// 0 ada@example.com created
	// 1 grace@example.com created
	// 2 ADA@example.com exists
	// 3 no address failed
}

// An import that was interrupted can start from the beginning: contacts that exist
// are updated.
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
			log.Print(result.Err) // does not affect the other contacts
			continue
		}
		fmt.Println(result.Item.Email, result.Status)
	}
	// Output:
	// contact-0000001@example.com updated
	// ada@example.com created
}
