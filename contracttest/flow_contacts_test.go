package contracttest_test

import (
	"slices"

	"github.com/funnel-go/funnel"
)

// contactsFlow takes a contact through its life.
func contactsFlow(a *account) {
	vip, welcome := a.newTag("vip"), a.newSequence("Welcome")
	ada, err := a.Contacts.Create(a.ctx, funnel.ContactCreateParams{
		Email:        "ada@example.com",
		FirstName:    "Ada",
		LastName:     "Byron",
		Phone:        "+44 20 7946 0001",
		Status:       funnel.ContactUnsubscribed,
		CustomFields: funnel.CustomFields{"plan": "free"},
		TagIDs:       []funnel.TagID{vip.ID},
		SequenceIDs:  []funnel.SequenceID{welcome.ID},
	})
	a.NoError(err)
	a.NotZero(ada.ID)
	a.NotZero(ada.CreatedAt)
	a.NotZero(ada.UpdatedAt)
	a.Equal(&funnel.Contact{
		ID:           ada.ID,
		Email:        "ada@example.com",
		FirstName:    "Ada",
		LastName:     "Byron",
		Phone:        "+44 20 7946 0001",
		Status:       funnel.ContactUnsubscribed,
		CustomFields: funnel.CustomFields{"plan": "free"},
		Tags:         []funnel.Tag{{ID: vip.ID, Name: "vip"}},
		CreatedAt:    ada.CreatedAt,
		UpdatedAt:    ada.UpdatedAt,
	}, ada)

	updated, err := a.Contacts.Update(a.ctx, ada.ID, funnel.ContactUpdateParams{
		Email:        funnel.Ptr("countess@example.com"),
		FirstName:    funnel.Ptr("Augusta"),
		LastName:     funnel.Ptr("King"),
		Phone:        funnel.Ptr("+44 20 7946 0002"),
		Status:       funnel.Ptr(funnel.ContactSubscribed),
		CustomFields: &funnel.CustomFields{"plan": "pro"},
	})
	a.NoError(err)
	a.Equal(&funnel.Contact{
		ID:           ada.ID,
		Email:        "countess@example.com",
		FirstName:    "Augusta",
		LastName:     "King",
		Phone:        "+44 20 7946 0002",
		Status:       funnel.ContactSubscribed,
		CustomFields: funnel.CustomFields{"plan": "pro"},
		Tags:         ada.Tags,
		CreatedAt:    ada.CreatedAt,
		UpdatedAt:    updated.UpdatedAt,
	}, updated)

	got, err := a.Contacts.Get(a.ctx, ada.ID)
	a.NoError(err)
	a.Equal(updated, got)
	got, err = a.Contacts.GetByEmail(a.ctx, "countess@example.com")
	a.NoError(err)
	a.Equal(updated, got)

	contactConflicts(a, updated)

	a.NoError(a.Contacts.Delete(a.ctx, ada.ID))
	_, err = a.Contacts.Get(a.ctx, ada.ID)
	a.ErrorIs(err, funnel.ErrNotFound)
}

// contactConflicts tries what cannot be beside a contact that is there.
func contactConflicts(a *account, there *funnel.Contact) {
	_, err := a.Contacts.Create(a.ctx, funnel.ContactCreateParams{Email: there.Email})
	a.ErrorIs(err, funnel.ErrContactExists)
	other := a.newContact("grace@example.com")
	_, err = a.Contacts.Update(a.ctx, other.ID, funnel.ContactUpdateParams{Email: &there.Email})
	a.ErrorIs(err, funnel.ErrContactExists)

	empty, err := a.Sequences.Create(a.ctx, funnel.SequenceCreateParams{Name: "Empty"})
	a.NoError(err)
	_, err = a.Contacts.Create(a.ctx, funnel.ContactCreateParams{Email: "new@example.com", SequenceIDs: []funnel.SequenceID{empty.ID}})
	a.ErrorIs(err, funnel.ErrSequenceHasNoStages)
}

// contactListsFlow chooses contacts by every filter that there is.
func contactListsFlow(a *account) {
	vip, welcome := a.newTag("vip"), a.newSequence("Welcome")
	statuses := []funnel.ContactStatus{funnel.ContactSubscribed, funnel.ContactUnsubscribed, funnel.ContactBounced, funnel.ContactComplained}
	for _, status := range statuses {
		_, err := a.Contacts.Create(a.ctx, funnel.ContactCreateParams{Email: string(status) + "@example.com", Status: status})
		a.NoError(err)
	}
	ada, err := a.Contacts.Create(a.ctx, funnel.ContactCreateParams{
		Email:       "ada@example.com",
		TagIDs:      []funnel.TagID{vip.ID},
		SequenceIDs: []funnel.SequenceID{welcome.ID},
	})
	a.NoError(err)

	for name, params := range map[string]funnel.ContactListParams{
		"search":       {Search: "ADA"},
		"tag_ids":      {TagIDs: []funnel.TagID{vip.ID, a.newTag("pro").ID}},
		"sequence_ids": {SequenceIDs: []funnel.SequenceID{welcome.ID, a.newSequence("Later").ID}},
	} {
		page, err := a.Contacts.List(a.ctx, params)
		a.NoError(err, name)
		a.Equal([]funnel.Contact{*ada}, page.Items, name)
		a.Equal(1, page.Total, name)
	}
	for _, status := range statuses[1:] {
		page, err := a.Contacts.List(a.ctx, funnel.ContactListParams{Status: status})
		a.NoError(err)
		a.Len(page.Items, 1, status)
		a.Equal(status, page.Items[0].Status)
	}
	page, err := a.Contacts.List(a.ctx, funnel.ContactListParams{Status: funnel.ContactSubscribed, Page: 2, PerPage: 1})
	a.NoError(err)
	a.Equal(&funnel.Page[funnel.Contact]{Items: []funnel.Contact{*ada}, Page: 2, PerPage: 1, LastPage: 2, Total: 2}, page)

	var all []string
	for contact, err := range a.Contacts.All(a.ctx, funnel.ContactListParams{PerPage: 2}) {
		a.NoError(err)
		all = append(all, contact.Email)
	}
	a.Equal([]string{"subscribed@example.com", "unsubscribed@example.com", "bounced@example.com", "complained@example.com", "ada@example.com"}, all)

	_, err = a.Contacts.List(a.ctx, funnel.ContactListParams{Status: "dormant"})
	a.ErrorIs(err, funnel.ErrInvalidStatus)
}

// contactTagsFlow puts tags on a contact, and takes them off.
func contactTagsFlow(a *account) {
	vip, pro := a.newTag("vip"), a.newTag("pro")
	ada := a.newContact("ada@example.com")
	tags := func() []string {
		got, err := a.Contacts.Get(a.ctx, ada.ID)
		a.NoError(err)
		var names []string
		for _, tag := range got.Tags {
			names = append(names, tag.Name)
		}
		return names
	}
	a.NoError(a.Contacts.AddTags(a.ctx, ada.ID, vip.ID, pro.ID))
	a.Equal([]string{"vip", "pro"}, tags())
	a.NoError(a.Contacts.AddTags(a.ctx, ada.ID, vip.ID), "a tag that is there already")
	a.NoError(a.Contacts.RemoveTags(a.ctx, ada.ID, vip.ID))
	a.Equal([]string{"pro"}, tags())
	a.NoError(a.Contacts.RemoveTags(a.ctx, ada.ID, vip.ID, pro.ID), "a tag that is gone already")
	a.Empty(tags())
}

// manyContactsFlow creates contacts or brings them up to date, one and many.
func manyContactsFlow(a *account) {
	vip := a.newTag("vip")
	ada, created, err := a.Contacts.Upsert(a.ctx, funnel.ContactCreateParams{Email: "ada@example.com"})
	a.NoError(err)
	a.True(created)
	again, created, err := a.Contacts.Upsert(a.ctx, funnel.ContactCreateParams{
		Email:     "ada@example.com",
		FirstName: "Ada",
		TagIDs:    []funnel.TagID{vip.ID},
	})
	a.NoError(err)
	a.False(created)
	a.Equal(ada.ID, again.ID)
	a.Equal("Ada", again.FirstName)
	a.Equal([]funnel.Tag{{ID: vip.ID, Name: "vip"}}, again.Tags)

	people := slices.Values([]funnel.ContactCreateParams{{Email: "ada@example.com"}, {Email: "grace@example.com"}})
	var statuses []funnel.BulkStatus
	for result := range a.Contacts.CreateAll(a.ctx, people) {
		statuses = append(statuses, result.Status)
	}
	for result := range a.Contacts.UpsertAll(a.ctx, people) {
		statuses = append(statuses, result.Status)
	}
	a.Equal([]funnel.BulkStatus{funnel.BulkExists, funnel.BulkCreated, funnel.BulkUpdated, funnel.BulkUpdated}, statuses)
}
