package funnel_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"slices"
	"time"

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

// An import that can be interrupted: after Ctrl-C it takes no more contacts, and
// completes those that it has taken. The next run begins with the first contact that
// is not done.
func ExampleContactsService_UpsertAll_interrupted() {
	server := funneltest.NewServer()
	defer server.Close()
	client := server.Client()

	interrupted, interrupt := context.WithCancel(context.Background()) // in a program: signal.NotifyContext
	defer interrupt()
	contacts := []funnel.ContactCreateParams{{Email: "ada@example.com"}, {Email: "alan@example.com"}, {Email: "grace@example.com"}}
	start := 0 // what the last run has stored
	taken := func(yield func(funnel.ContactCreateParams) bool) {
		for i, contact := range contacts[start:] {
			if interrupted.Err() != nil || !yield(contact) {
				return
			}
			if i == 1 {
				interrupt() // Ctrl-C
			}
		}
	}

	next, again := start, false
	// The context of the job is another one: it would end what has begun.
	for result := range client.Contacts.UpsertAll(context.Background(), taken) {
		fmt.Println(result.Item.Email, result.Status)
		if again = again || result.Again(); !again {
			next = start + result.Index + 1
		}
	}
	fmt.Println("begin the next run with contact", next) // store it
	// Output:
	// ada@example.com created
	// alan@example.com created
	// begin the next run with contact 2
}

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

func ExampleCampaignsService_List() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	if _, err := client.Campaigns.Create(ctx, funnel.CampaignCreateParams{Name: "Launch"}); err != nil {
		log.Fatal(err)
	}
	drafts, err := client.Campaigns.List(ctx, funnel.CampaignListParams{Status: funnel.CampaignDraft})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(drafts.Total, drafts.Items[0].Name)

	_, err = client.Campaigns.List(ctx, funnel.CampaignListParams{Status: "on hold"})
	fmt.Println(errors.Is(err, funnel.ErrInvalidStatus))
	// Output:
	// 1 Launch
	// true
}

func ExampleCampaignsService_All() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	for _, name := range []string{"Launch", "Last call"} {
		if _, err := client.Campaigns.Create(ctx, funnel.CampaignCreateParams{Name: name}); err != nil {
			log.Fatal(err)
		}
	}
	for campaign, err := range client.Campaigns.All(ctx, funnel.CampaignListParams{}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(campaign.ID, campaign.Name) // newest first
	}
	// Output:
	// 2 Last call
	// 1 Launch
}

func ExampleCampaignsService_Get() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	id, err := client.Campaigns.Create(ctx, funnel.CampaignCreateParams{Name: "Launch"})
	if err != nil {
		log.Fatal(err)
	}
	campaign, err := client.Campaigns.Get(ctx, id)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(campaign.Name, campaign.Status, "sent:", !campaign.SentAt.IsZero())
	// Output: Launch draft sent: false
}

// A campaign's content and audience are set in the vendor's dashboard.
func ExampleCampaignsService_Create() {
	server := funneltest.NewServer()
	defer server.Close()
	client := server.Client()

	id, err := client.Campaigns.Create(context.Background(), funnel.CampaignCreateParams{
		Name:      "Launch",
		Subject:   "We are live",
		FromName:  "Ada",
		FromEmail: "ada@example.com",
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(id)
	// Output: 1
}

func ExampleCampaignsService_Update() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	id, err := client.Campaigns.Create(ctx, funnel.CampaignCreateParams{Name: "Launch", Subject: "We are live"})
	if err != nil {
		log.Fatal(err)
	}
	if err := client.Campaigns.Update(ctx, id, funnel.CampaignUpdateParams{Subject: funnel.Ptr("We are live!")}); err != nil {
		log.Fatal(err)
	}
	campaign, err := client.Campaigns.Get(ctx, id)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(campaign.Name, "–", campaign.Subject)
	// Output: Launch – We are live!
}

// A scheduled campaign must be unscheduled before it can be deleted.
func ExampleCampaignsService_Delete() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	id, err := client.Campaigns.Create(ctx, funnel.CampaignCreateParams{Name: "Launch"})
	if err != nil {
		log.Fatal(err)
	}
	if err := client.Campaigns.Schedule(ctx, id, time.Now().Add(time.Hour)); err != nil {
		log.Fatal(err)
	}
	err = client.Campaigns.Delete(ctx, id)
	if errors.Is(err, funnel.ErrCampaignScheduled) {
		fmt.Println("scheduled")
		if err := client.Campaigns.Unschedule(ctx, id); err != nil {
			log.Fatal(err)
		}
		err = client.Campaigns.Delete(ctx, id)
	}
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("deleted")
	// Output:
	// scheduled
	// deleted
}

// The time can be in any zone. It is sent in UTC.
func ExampleCampaignsService_Schedule() {
	now := time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC)
	server := funneltest.NewServer(funneltest.WithClock(func() time.Time { return now }))
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	id, err := client.Campaigns.Create(ctx, funnel.CampaignCreateParams{Name: "Launch"})
	if err != nil {
		log.Fatal(err)
	}
	newYork := time.FixedZone("EST", -5*60*60)
	if err := client.Campaigns.Schedule(ctx, id, time.Date(2026, time.March, 3, 8, 0, 0, 0, newYork)); err != nil {
		log.Fatal(err)
	}
	campaign, err := client.Campaigns.Get(ctx, id)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(campaign.Status, campaign.ScheduledFor)

	err = client.Campaigns.Schedule(ctx, id, now.Add(-time.Minute))
	fmt.Println("in the past:", errors.Is(err, funnel.ErrInvalidDate))
	// Output:
	// scheduled 2026-03-03 13:00:00 +0000 UTC
	// in the past: true
}

func ExampleCampaignsService_Unschedule() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	id, err := client.Campaigns.Create(ctx, funnel.CampaignCreateParams{Name: "Launch"})
	if err != nil {
		log.Fatal(err)
	}
	if err := client.Campaigns.Schedule(ctx, id, time.Now().Add(time.Hour)); err != nil {
		log.Fatal(err)
	}
	if err := client.Campaigns.Unschedule(ctx, id); err != nil {
		log.Fatal(err)
	}
	campaign, err := client.Campaigns.Get(ctx, id)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(campaign.Status, "scheduled:", !campaign.ScheduledFor.IsZero())
	// Output: draft scheduled: false
}

func ExampleSequencesService_List() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	if _, err := client.Sequences.Create(ctx, funnel.SequenceCreateParams{Name: "Welcome"}); err != nil {
		log.Fatal(err)
	}
	page, err := client.Sequences.List(ctx, funnel.SequenceListParams{PerPage: 100})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(page.Total, page.Items[0].Name, page.Items[0].Type)
	// Output: 1 Welcome normal
}

// A sequence's name is not unique: search for it before you create another one.
func ExampleSequencesService_All() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	for _, name := range []string{"Welcome", "Win back"} {
		if _, err := client.Sequences.Create(ctx, funnel.SequenceCreateParams{Name: name}); err != nil {
			log.Fatal(err)
		}
	}
	for sequence, err := range client.Sequences.All(ctx, funnel.SequenceListParams{}) {
		if err != nil {
			log.Fatal(err)
		}
		if sequence.Name == "Win back" {
			fmt.Println("found", sequence.ID)
			break // no more pages are fetched
		}
	}
	// Output: found 2
}

func ExampleSequencesService_Create() {
	server := funneltest.NewServer()
	defer server.Close()
	client := server.Client()

	sequence, err := client.Sequences.Create(context.Background(), funnel.SequenceCreateParams{
		Name: "Countdown",
		Type: funnel.SequenceInverted,
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(sequence.ID, sequence.Name, sequence.Type)
	// Output: 1 Countdown inverted
}

func ExampleSequencesService_Update() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	sequence, err := client.Sequences.Create(ctx, funnel.SequenceCreateParams{Name: "Welcome"})
	if err != nil {
		log.Fatal(err)
	}
	if err := client.Sequences.Update(ctx, sequence.ID, funnel.SequenceUpdateParams{Name: funnel.Ptr("Onboarding")}); err != nil {
		log.Fatal(err)
	}
	page, err := client.Sequences.List(ctx, funnel.SequenceListParams{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(page.Items[0].Name, page.Items[0].Type)
	// Output: Onboarding normal
}

func ExampleSequencesService_Delete() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	sequence, err := client.Sequences.Create(ctx, funnel.SequenceCreateParams{Name: "Welcome"})
	if err != nil {
		log.Fatal(err)
	}
	if err := client.Sequences.Delete(ctx, sequence.ID); err != nil {
		log.Fatal(err)
	}
	err = client.Sequences.Delete(ctx, sequence.ID)
	fmt.Println("deleted already:", errors.Is(err, funnel.ErrNotFound))
	// Output: deleted already: true
}

// A sequence without stages cannot enrol contacts.
func ExampleSequencesService_Enroll() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()
	server.SeedContacts(1)

	sequence, err := client.Sequences.Create(ctx, funnel.SequenceCreateParams{Name: "Welcome"})
	if err != nil {
		log.Fatal(err)
	}
	err = client.Sequences.Enroll(ctx, sequence.ID, funnel.ContactID(1))
	fmt.Println("no stages:", errors.Is(err, funnel.ErrSequenceHasNoStages))

	if _, err := client.Sequences.CreateStage(ctx, funnel.StageCreateParams{SequenceID: sequence.ID}); err != nil {
		log.Fatal(err)
	}
	if err := client.Sequences.Enroll(ctx, sequence.ID, funnel.ContactID(1)); err != nil {
		log.Fatal(err)
	}
	contact, err := client.Contacts.Get(ctx, funnel.ContactID(1))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("sequences:", contact.Sequences)
	// Output:
	// no stages: true
	// sequences: [1]
}

func ExampleSequencesService_Unenroll() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()
	server.SeedContacts(1)

	sequence, err := client.Sequences.Create(ctx, funnel.SequenceCreateParams{Name: "Welcome"})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := client.Sequences.CreateStage(ctx, funnel.StageCreateParams{SequenceID: sequence.ID}); err != nil {
		log.Fatal(err)
	}
	if err := client.Sequences.Enroll(ctx, sequence.ID, funnel.ContactID(1)); err != nil {
		log.Fatal(err)
	}
	if err := client.Sequences.Unenroll(ctx, sequence.ID, funnel.ContactID(1)); err != nil {
		log.Fatal(err)
	}
	contact, err := client.Contacts.Get(ctx, funnel.ContactID(1))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("sequences:", contact.Sequences)
	// Output: sequences: []
}

// The API creates a stage inactive. It is activated in the vendor's dashboard.
func ExampleSequencesService_CreateStage() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	sequence, err := client.Sequences.Create(ctx, funnel.SequenceCreateParams{Name: "Welcome"})
	if err != nil {
		log.Fatal(err)
	}
	stage, err := client.Sequences.CreateStage(ctx, funnel.StageCreateParams{
		SequenceID: sequence.ID,
		Name:       "Follow-up",
		StageType:  funnel.StageSendEmail,
		TimeValue:  3,
		TimeType:   funnel.TimeTypeDays,
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(stage.ID, stage.Step, stage.Name, stage.TimeValue*int(stage.TimeType), "seconds")
	// Output: 1 1 Follow-up 259200 seconds
}

func ExampleSequencesService_UpdateStage() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	sequence, err := client.Sequences.Create(ctx, funnel.SequenceCreateParams{Name: "Welcome"})
	if err != nil {
		log.Fatal(err)
	}
	stage, err := client.Sequences.CreateStage(ctx, funnel.StageCreateParams{SequenceID: sequence.ID})
	if err != nil {
		log.Fatal(err)
	}
	err = client.Sequences.UpdateStage(ctx, stage.ID, funnel.StageUpdateParams{
		TimeValue: funnel.Ptr(2),
		TimeType:  funnel.Ptr(funnel.TimeTypeWeeks),
	})
	fmt.Println(err)
	// Output: <nil>
}

func ExampleSequencesService_DeleteStage() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	sequence, err := client.Sequences.Create(ctx, funnel.SequenceCreateParams{Name: "Welcome"})
	if err != nil {
		log.Fatal(err)
	}
	stage, err := client.Sequences.CreateStage(ctx, funnel.StageCreateParams{SequenceID: sequence.ID})
	if err != nil {
		log.Fatal(err)
	}
	if err := client.Sequences.DeleteStage(ctx, stage.ID); err != nil {
		log.Fatal(err)
	}
	fmt.Println(server.Counts()["stages"], "stages")
	// Output: 0 stages
}

// Only a send_email stage has content.
func ExampleSequencesService_UpdateStageContent() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	sequence, err := client.Sequences.Create(ctx, funnel.SequenceCreateParams{Name: "Welcome"})
	if err != nil {
		log.Fatal(err)
	}
	for _, stageType := range []funnel.StageType{funnel.StageSendEmail, funnel.StageSendSMS} {
		stage, err := client.Sequences.CreateStage(ctx, funnel.StageCreateParams{SequenceID: sequence.ID, StageType: stageType})
		if err != nil {
			log.Fatal(err)
		}
		err = client.Sequences.UpdateStageContent(ctx, stage.ID, funnel.StageContentParams{
			Subject: "Welcome!",
			Body:    "<p>Good to have you with us.</p>",
		})
		switch {
		case errors.Is(err, funnel.ErrStageNotEmail):
			fmt.Println(stage.StageType, "has no content")
		case err != nil:
			log.Fatal(err)
		default:
			fmt.Println(stage.StageType, "updated")
		}
	}
	// Output:
	// send_email updated
	// send_sms has no content
}

// A list of funnels includes their steps.
func ExampleFunnelsService_List() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	shop, err := client.Funnels.Create(ctx, funnel.FunnelCreateParams{Name: "Shop"})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := client.Funnels.CreateStep(ctx, funnel.StepCreateParams{FunnelID: shop.ID, Name: "Buy now"}); err != nil {
		log.Fatal(err)
	}
	page, err := client.Funnels.List(ctx, funnel.FunnelListParams{PerPage: 100})
	if err != nil {
		log.Fatal(err)
	}
	for _, f := range page.Items {
		for _, step := range f.Steps {
			fmt.Println(f.Name, step.Order, step.Path)
		}
	}
	// Output: Shop 1 buy-now
}

func ExampleFunnelsService_All() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	for _, name := range []string{"Shop", "Course"} {
		if _, err := client.Funnels.Create(ctx, funnel.FunnelCreateParams{Name: name}); err != nil {
			log.Fatal(err)
		}
	}
	for f, err := range client.Funnels.All(ctx, funnel.FunnelListParams{}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(f.ID, f.Name)
	}
	// Output:
	// 1 Shop
	// 2 Course
}

// An account without a subdomain cannot create funnels.
func ExampleFunnelsService_Create() {
	server := funneltest.NewServer(funneltest.WithoutSubdomain())
	defer server.Close()
	client := server.Client()

	shop, err := client.Funnels.Create(context.Background(), funnel.FunnelCreateParams{Name: "Shop", Type: funnel.FunnelSales})
	switch {
	case errors.Is(err, funnel.ErrNoSubdomain):
		fmt.Println("set up a subdomain first")
	case err != nil:
		log.Fatal(err)
	default:
		fmt.Println("created", shop.ID)
	}
	// Output: set up a subdomain first
}

func ExampleFunnelsService_Update() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	shop, err := client.Funnels.Create(ctx, funnel.FunnelCreateParams{Name: "Shop"})
	if err != nil {
		log.Fatal(err)
	}
	if err := client.Funnels.Update(ctx, shop.ID, funnel.FunnelUpdateParams{Name: funnel.Ptr("Store")}); err != nil {
		log.Fatal(err)
	}
	page, err := client.Funnels.List(ctx, funnel.FunnelListParams{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(page.Items[0].Name)
	// Output: Store
}

func ExampleFunnelsService_Delete() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	shop, err := client.Funnels.Create(ctx, funnel.FunnelCreateParams{Name: "Shop"})
	if err != nil {
		log.Fatal(err)
	}
	if err := client.Funnels.Delete(ctx, shop.ID); err != nil {
		log.Fatal(err)
	}
	err = client.Funnels.Delete(ctx, shop.ID)
	fmt.Println("deleted already:", errors.Is(err, funnel.ErrNotFound))
	// Output: deleted already: true
}

// The API generates the path from the name, and adds a number if it is taken.
func ExampleFunnelsService_CreateStep() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	shop, err := client.Funnels.Create(ctx, funnel.FunnelCreateParams{Name: "Shop"})
	if err != nil {
		log.Fatal(err)
	}
	for range 2 {
		step, err := client.Funnels.CreateStep(ctx, funnel.StepCreateParams{FunnelID: shop.ID, Name: "Landing Page"})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(step.Order, step.Path)
	}
	// Output:
	// 1 landing-page
	// 2 landing-page-1
}

func ExampleFunnelsService_UpdateStep() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	shop, err := client.Funnels.Create(ctx, funnel.FunnelCreateParams{Name: "Shop"})
	if err != nil {
		log.Fatal(err)
	}
	for _, name := range []string{"Buy", "Thanks"} {
		step, err := client.Funnels.CreateStep(ctx, funnel.StepCreateParams{FunnelID: shop.ID, Name: name})
		if err != nil {
			log.Fatal(err)
		}
		err = client.Funnels.UpdateStep(ctx, step.ID, funnel.StepUpdateParams{Path: funnel.Ptr("offer")})
		fmt.Println(name, "path taken:", errors.Is(err, funnel.ErrPathTaken))
	}
	// Output:
	// Buy path taken: false
	// Thanks path taken: true
}

func ExampleFunnelsService_DeleteStep() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	shop, err := client.Funnels.Create(ctx, funnel.FunnelCreateParams{Name: "Shop"})
	if err != nil {
		log.Fatal(err)
	}
	step, err := client.Funnels.CreateStep(ctx, funnel.StepCreateParams{FunnelID: shop.ID, Name: "Buy"})
	if err != nil {
		log.Fatal(err)
	}
	if err := client.Funnels.DeleteStep(ctx, step.ID); err != nil {
		log.Fatal(err)
	}
	page, err := client.Funnels.List(ctx, funnel.FunnelListParams{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(page.Items[0].Steps), "steps")
	// Output: 0 steps
}

func ExampleOrdersService_List() {
	server := funneltest.NewServer()
	defer server.Close()
	client := server.Client()
	server.AddOrder(funneltest.Order{IDOrder: "A-1001", Amount: "297.10", Currency: "EUR"})

	page, err := client.Orders.List(context.Background(), funnel.OrderListParams{
		Status: funnel.OrderCompleted,
		Period: funnel.PeriodLast30Days,
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, order := range page.Items {
		fmt.Println(order.IDOrder, order.Amount, order.Currency)
	}
	// Output: A-1001 297.10 EUR
}

// Amounts are exact: add them up in the currency's smallest unit.
func ExampleOrdersService_All() {
	server := funneltest.NewServer()
	defer server.Close()
	client := server.Client()
	for range 3 {
		server.AddOrder(funneltest.Order{Amount: "0.10"})
	}

	var cents int64
	for order, err := range client.Orders.All(context.Background(), funnel.OrderListParams{}) {
		if err != nil {
			log.Fatal(err)
		}
		amount, err := order.Amount.Minor(2)
		if err != nil {
			log.Fatal(err)
		}
		cents += amount
	}
	fmt.Println(cents, "cents")
	// Output: 30 cents
}

// An order is looked up by its IDOrder.
func ExampleOrdersService_Get() {
	server := funneltest.NewServer()
	defer server.Close()
	client := server.Client()
	server.AddOrder(funneltest.Order{IDOrder: "A-1001", Email: "grace@example.com"})

	order, err := client.Orders.Get(context.Background(), "A-1001")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(order.ID, order.Email, order.Status)
	// Output: 1 grace@example.com completed
}

func ExampleOrdersService_SalesAmount() {
	server := funneltest.NewServer()
	defer server.Close()
	client := server.Client()
	server.AddOrder(funneltest.Order{Amount: "297.10"})
	server.AddOrder(funneltest.Order{Amount: "19.90"})

	amount, err := client.Orders.SalesAmount(context.Background(), funnel.PeriodParams{Period: funnel.PeriodToday})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(amount)
	// Output: 317.00
}

func ExampleTransactionsService_List() {
	server := funneltest.NewServer()
	defer server.Close()
	client := server.Client()
	server.AddTransaction(funneltest.Transaction{IDTransaction: "ch_77", Amount: "49.90"})

	page, err := client.Transactions.List(context.Background(), funnel.TransactionListParams{Period: funnel.PeriodToday})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(page.Total, page.Items[0].IDTransaction, page.Items[0].Amount)
	// Output: 1 ch_77 49.90
}

func ExampleTransactionsService_All() {
	server := funneltest.NewServer()
	defer server.Close()
	client := server.Client()
	server.AddTransaction(funneltest.Transaction{IDTransaction: "ch_77", Status: "completed"})
	server.AddTransaction(funneltest.Transaction{IDTransaction: "ch_78", Status: "refunded"})

	for transaction, err := range client.Transactions.All(context.Background(), funnel.TransactionListParams{}) {
		if err != nil {
			log.Fatal(err)
		}
		if transaction.Status == funnel.TransactionRefunded {
			fmt.Println(transaction.IDTransaction)
		}
	}
	// Output: ch_78
}

func ExampleSubscriptionsService_List() {
	server := funneltest.NewServer()
	defer server.Close()
	client := server.Client()
	server.AddSubscription(funneltest.Subscription{Name: "Membership", Amount: "19.00"})

	page, err := client.Subscriptions.List(context.Background(), funnel.SubscriptionListParams{Status: funnel.SubscriptionActive})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(page.Total, page.Items[0].Name, page.Items[0].Amount, page.Items[0].Rate)
	// Output: 1 Membership 19.00 1 month(s)
}

func ExampleSubscriptionsService_All() {
	server := funneltest.NewServer()
	defer server.Close()
	client := server.Client()
	server.AddSubscription(funneltest.Subscription{Name: "Membership"})
	server.AddSubscription(funneltest.Subscription{Name: "Course", PaymentsLeft: funnel.Ptr(3)})

	for subscription, err := range client.Subscriptions.All(context.Background(), funnel.SubscriptionListParams{}) {
		if err != nil {
			log.Fatal(err)
		}
		switch left := subscription.PaymentsLeft; {
		case left.Unlimited:
			fmt.Println(subscription.Name, "until cancelled")
		case left.Count != nil:
			fmt.Println(subscription.Name, *left.Count, "payments left")
		default:
			fmt.Println(subscription.Name, "unknown")
		}
	}
	// Output:
	// Course 3 payments left
	// Membership until cancelled
}
