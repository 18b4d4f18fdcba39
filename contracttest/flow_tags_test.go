package contracttest_test

import "github.com/funnel-go/funnel"

// tagsFlow takes a tag through its life.
func tagsFlow(a *account) {
	vip := a.newTag("vip")
	a.NotZero(vip.ID)
	a.NotZero(vip.CreatedAt)
	_, err := a.Contacts.Create(a.ctx, funnel.ContactCreateParams{Email: "ada@example.com", TagIDs: []funnel.TagID{vip.ID}})
	a.NoError(err)

	updated, err := a.Tags.Update(a.ctx, vip.ID, funnel.TagUpdateParams{Name: funnel.Ptr("patron")})
	a.NoError(err)
	a.Equal(&funnel.Tag{ID: vip.ID, Name: "patron", ContactsCount: 1, CreatedAt: vip.CreatedAt}, updated)
	got, err := a.Tags.Get(a.ctx, vip.ID)
	a.NoError(err)
	a.Equal(updated, got)

	pro := a.newTag("pro")
	_, err = a.Tags.Create(a.ctx, funnel.TagCreateParams{Name: "pro"})
	a.ErrorIs(err, funnel.ErrTagExists)
	_, err = a.Tags.Update(a.ctx, vip.ID, funnel.TagUpdateParams{Name: funnel.Ptr("pro")})
	a.ErrorIs(err, funnel.ErrTagExists)

	page, err := a.Tags.List(a.ctx, funnel.TagListParams{Page: 2, PerPage: 1})
	a.NoError(err)
	a.Equal(&funnel.Page[funnel.Tag]{Items: []funnel.Tag{*pro}, Page: 2, PerPage: 1, LastPage: 2, Total: 2}, page)
	var all []funnel.Tag
	for tag, err := range a.Tags.All(a.ctx, funnel.TagListParams{}) {
		a.NoError(err)
		all = append(all, *tag)
	}
	a.Equal([]funnel.Tag{*updated, *pro}, all)

	a.NoError(a.Tags.Delete(a.ctx, vip.ID))
	_, err = a.Tags.Get(a.ctx, vip.ID)
	a.ErrorIs(err, funnel.ErrNotFound)
}
