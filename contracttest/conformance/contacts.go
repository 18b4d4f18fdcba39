package conformance

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/funnel-go/funnel"
)

// byID and byEmail are the two ways to address a contact.
func byID(id funnel.ContactID, _ string) funnel.ContactRef       { return id }
func byEmail(_ funnel.ContactID, email string) funnel.ContactRef { return funnel.Email(email) }

// contactFlow creates a contact, uses every operation on one contact, and deletes
// it.
func contactFlow(address func(funnel.ContactID, string) funnel.ContactRef) func(*session) {
	return func(a *session) {
		vip, pro := a.newTag("vip"), a.newTag("pro")
		welcome, offers := a.newSequence("Welcome"), a.newSequence("Offers")
		const email = "ada@example.com"
		id, err := a.Contacts.Create(a.ctx, funnel.ContactCreateParams{
			Email: email, FirstName: "Ada", LastName: "Byron", EmailMarketing: funnel.Ptr(true), GDPR: funnel.Ptr(true),
			TagIDs: []funnel.TagID{vip, pro}, SequenceIDs: []funnel.SequenceID{welcome, offers},
		})
		a.NoError(err)
		_, err = a.Contacts.Create(a.ctx, funnel.ContactCreateParams{Email: email})
		a.ErrorIs(err, funnel.ErrContactExists)

		ada := address(id, email)
		want := funnel.Contact{
			ID: id, Email: email, FirstName: "Ada", LastName: "Byron", EmailMarketing: true, GDPR: true,
			Tags: []funnel.TagID{vip, pro}, Sequences: []funnel.SequenceID{welcome, offers},
		}
		isNow := func() {
			got, err := a.Contacts.Get(a.ctx, ada)
			a.NoError(err)
			if !got.CreatedAt.IsZero() { // B4
				a.recent(got.CreatedAt)
			}
			got.CreatedAt = funnel.Timestamp{}
			slices.Sort(got.Tags)
			slices.Sort(got.Sequences)
			a.Equal(want, *got)
		}
		isNow()

		a.NoError(a.Contacts.Update(a.ctx, ada, funnel.ContactUpdateParams{
			FirstName: funnel.Ptr("Augusta"), LastName: funnel.Ptr("King"), EmailMarketing: funnel.Ptr(false), GDPR: funnel.Ptr(false),
		}))
		want.FirstName, want.LastName, want.EmailMarketing, want.GDPR = "Augusta", "King", false, false
		isNow()
		a.NoError(a.Contacts.Update(a.ctx, ada, funnel.ContactUpdateParams{GDPR: funnel.Ptr(true)}))
		want.GDPR = true
		isNow()

		a.NoError(a.Contacts.RemoveTag(a.ctx, ada, vip))
		a.NoError(a.Contacts.RemoveTag(a.ctx, ada, vip), "a tag that the contact does not have")
		want.Tags = []funnel.TagID{pro}
		isNow()
		a.NoError(a.Contacts.AddTag(a.ctx, ada, vip))
		a.NoError(a.Contacts.AddTag(a.ctx, ada, vip), "a tag that the contact has")
		want.Tags = []funnel.TagID{vip, pro}
		isNow()
		tags, err := a.Contacts.Tags(a.ctx, ada)
		a.NoError(err)
		a.Len(tags, 2)
		for _, tag := range tags {
			a.Equal(map[funnel.TagID]string{vip: "vip", pro: "pro"}[tag.ID], tag.Name)
			a.recent(tag.CreatedAt)
		}

		a.NoError(a.Sequences.Unenroll(a.ctx, welcome, ada))
		want.Sequences = []funnel.SequenceID{offers}
		isNow()
		a.NoError(a.Sequences.Enroll(a.ctx, welcome, ada))
		want.Sequences = []funnel.SequenceID{welcome, offers}
		isNow()
		empty, err := a.Sequences.Create(a.ctx, funnel.SequenceCreateParams{Name: "Empty"})
		a.NoError(err)
		a.ErrorIs(a.Sequences.Enroll(a.ctx, empty.ID, ada), funnel.ErrSequenceHasNoStages)

		a.NoError(a.Contacts.Delete(a.ctx, ada))
		_, err = a.Contacts.Get(a.ctx, ada)
		a.ErrorIs(err, funnel.ErrNotFound)
	}
}

// bareContactFlow reads nulls: a contact of which only the address is known.
func bareContactFlow(a *session) {
	id := a.newContact("bare@example.com")
	var response funnel.Response
	got, err := a.Contacts.Get(funnel.WithResponse(a.ctx, &response), id)
	a.NoError(err)
	a.Equal("bare@example.com", got.Email)
	a.Empty(got.FirstName + got.LastName)
	a.Empty(got.Tags)
	a.Empty(got.Sequences)
	a.Contains(string(response.Body), `"first_name":null`)
	a.Contains(string(response.Body), `"tags":[]`)
	tags, err := a.Contacts.Tags(a.ctx, id)
	a.NoError(err)
	a.Empty(tags)
}

// contactListsFlow lists contacts by page and by period.
func contactListsFlow(a *session) {
	emails := []string{"ada@example.com", "grace@example.com", "mary@example.com"}
	for _, email := range emails {
		_, err := a.Contacts.Create(a.ctx, funnel.ContactCreateParams{
			Email: email, FirstName: "First", LastName: "Last", EmailMarketing: funnel.Ptr(true), GDPR: funnel.Ptr(true),
		})
		a.NoError(err)
	}
	var response funnel.Response
	page, err := a.Contacts.List(funnel.WithResponse(a.ctx, &response), funnel.ContactListParams{})
	a.NoError(err)
	a.Regexp(`"created_at":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"`, string(response.Body))
	a.Equal(50, page.PerPage)
	a.Equal(1, page.Page)
	a.Equal(1, page.LastPage)
	a.Equal(3, page.Total)
	slices.Reverse(emails) // newest first
	for i, contact := range page.Items {
		a.recent(contact.CreatedAt)
		a.Equal(funnel.Contact{
			ID: contact.ID, Email: emails[i], FirstName: "First", LastName: "Last", EmailMarketing: true, GDPR: true, CreatedAt: contact.CreatedAt,
		}, contact)
	}

	second, err := a.Contacts.List(a.ctx, funnel.ContactListParams{Page: 2, PerPage: 2})
	a.NoError(err)
	a.Equal(&funnel.Page[funnel.Contact]{Items: page.Items[2:], Page: 2, PerPage: 2, LastPage: 2, Total: 3}, second)
	beyond, err := a.Contacts.List(a.ctx, funnel.ContactListParams{Page: 9, PerPage: 2})
	a.NoError(err)
	a.Empty(beyond.Items)
	a.Equal(page.Items, all(a, a.Contacts.All(a.ctx, funnel.ContactListParams{PerPage: 2})))

	count := func(params funnel.ContactListParams) int {
		page, err := a.Contacts.List(a.ctx, params)
		a.NoError(err)
		return page.Total
	}
	now := time.Now().UTC()
	a.Equal(3, count(funnel.ContactListParams{Period: funnel.PeriodAll}))
	a.Equal(3, count(funnel.ContactListParams{Period: funnel.PeriodLast7Days}))
	a.Equal(3, count(funnel.ContactListParams{Range: funnel.DateRange{From: now.AddDate(0, 0, -1), To: now.AddDate(0, 0, 1)}}))
	a.Zero(count(funnel.ContactListParams{Range: funnel.DateRange{From: now.AddDate(0, 0, -9), To: now.AddDate(0, 0, -8)}}))
}

// upsertFlow creates or updates contacts, one and several.
func upsertFlow(a *session) {
	vip := a.newTag("vip")
	id, created, err := a.Contacts.Upsert(a.ctx, funnel.ContactCreateParams{Email: "ada@example.com"})
	a.NoError(err)
	a.True(created)
	_, created, err = a.Contacts.Upsert(a.ctx, funnel.ContactCreateParams{Email: "ada@example.com", FirstName: "Ada", TagIDs: []funnel.TagID{vip}})
	a.NoError(err)
	a.False(created)
	got, err := a.Contacts.Get(a.ctx, id)
	a.NoError(err)
	a.Equal("Ada", got.FirstName)
	a.Equal([]funnel.TagID{vip}, got.Tags)

	people := slices.Values([]funnel.ContactCreateParams{{Email: "ada@example.com", LastName: "Byron"}, {Email: "grace@example.com", LastName: "Hopper"}})
	var statuses []funnel.BulkStatus
	for result := range a.Contacts.CreateAll(a.ctx, people) {
		statuses = append(statuses, result.Status)
	}
	for result := range a.Contacts.UpsertAll(a.ctx, people) {
		statuses = append(statuses, result.Status)
	}
	a.Equal([]funnel.BulkStatus{funnel.BulkExists, funnel.BulkCreated, funnel.BulkUpdated, funnel.BulkUpdated}, statuses)
}

// customFieldsFlow lists custom fields and sets values.
func customFieldsFlow(a *session) {
	a.need(a.server.AddCustomField != nil, "AddCustomField")
	plan := funnel.CustomField{Name: "Plan", Type: funnel.CustomFieldSelect, Values: []string{"Free", "Team"}}
	city := funnel.CustomField{Name: "City", Type: funnel.CustomFieldText}
	plan.ID, city.ID = a.server.AddCustomField(plan), a.server.AddCustomField(city)
	fields, err := a.CustomFields.List(a.ctx)
	a.NoError(err)
	a.ElementsMatch([]funnel.CustomField{plan, city}, fields)
	found, err := a.CustomFields.GetByName(a.ctx, "city")
	a.NoError(err)
	a.Equal(&city, found)

	id := a.newContact("ada@example.com")
	for value, contact := range map[string]funnel.ContactRef{"Team": id, strings.Repeat("é", 1000): funnel.Email("ada@example.com")} {
		var response funnel.Response
		a.NoError(a.Contacts.SetCustomField(funnel.WithResponse(a.ctx, &response), contact, plan.ID, value))
		var body struct {
			Data struct {
				ContactID     funnel.ContactID     `json:"contact_id"`
				CustomFieldID funnel.CustomFieldID `json:"custom_field_id"`
				Value         string               `json:"value"`
			} `json:"data"`
		}
		a.NoError(json.Unmarshal(response.Body, &body))
		a.Equal(id, body.Data.ContactID)
		a.Equal(plan.ID, body.Data.CustomFieldID)
		a.Equal(value, body.Data.Value)
	}
	a.ErrorIs(a.Contacts.SetCustomField(a.ctx, id, 4711, "Team"), funnel.ErrNotFound)
}

// tagsFlow creates, lists, renames and deletes tags.
func tagsFlow(a *session) {
	vip, err := a.Tags.Create(a.ctx, funnel.TagCreateParams{Name: "vip"})
	a.NoError(err)
	a.Equal(&funnel.Tag{ID: vip.ID, Name: "vip"}, vip)
	_, err = a.Tags.Create(a.ctx, funnel.TagCreateParams{Name: "vip"})
	a.ErrorIs(err, funnel.ErrTagExists)
	ids, err := a.Tags.Ensure(a.ctx, "vip", "pro")
	a.NoError(err)
	a.Equal(vip.ID, ids["vip"])
	a.ErrorIs(a.Tags.Update(a.ctx, ids["pro"], funnel.TagUpdateParams{Name: funnel.Ptr("vip")}), funnel.ErrTagExists)
	a.NoError(a.Tags.Update(a.ctx, ids["pro"], funnel.TagUpdateParams{Name: funnel.Ptr("gold")}))

	names := make(map[funnel.TagID]string)
	var response funnel.Response
	for _, tag := range all(a, a.Tags.All(funnel.WithResponse(a.ctx, &response), funnel.TagListParams{})) {
		a.recent(tag.CreatedAt)
		names[tag.ID] = tag.Name
	}
	a.Regexp(`"created_at":"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"`, string(response.Body))
	a.Equal(map[funnel.TagID]string{vip.ID: "vip", ids["pro"]: "gold"}, names)
	page, err := a.Tags.List(a.ctx, funnel.TagListParams{Page: 2, PerPage: 1})
	a.NoError(err)
	a.Len(page.Items, 1)
	a.Equal(2, page.LastPage)

	var want []funnel.TagContact
	for _, email := range []string{"ada@example.com", "grace@example.com"} {
		id, err := a.Contacts.Create(a.ctx, funnel.ContactCreateParams{Email: email, FirstName: "First", LastName: "Last", TagIDs: []funnel.TagID{vip.ID}})
		a.NoError(err)
		want = append(want, funnel.TagContact{ID: id, Email: email, FirstName: "First", LastName: "Last"})
	}
	a.newContact("mary@example.com")
	a.ElementsMatch(want, all(a, a.Tags.AllContacts(a.ctx, vip.ID)))
	second, err := a.Tags.Contacts(a.ctx, vip.ID, funnel.PageParams{Page: 2, PerPage: 1})
	a.NoError(err)
	a.Len(second.Items, 1)
	a.Equal(2, second.Total)

	a.NoError(a.Tags.Delete(a.ctx, vip.ID))
	contact, err := a.Contacts.Get(a.ctx, want[0].ID)
	a.NoError(err)
	a.Empty(contact.Tags)
}
