package contracttest_test

import (
	"time"

	"github.com/funnel-go/funnel"
)

// webhooksFlow takes a webhook through its life.
func webhooksFlow(a *account) {
	hook, err := a.Webhooks.Create(a.ctx, funnel.WebhookCreateParams{
		URL:    hookURL,
		Events: []funnel.EventType{funnel.EventContactCreated},
		Active: funnel.Ptr(false),
	})
	a.NoError(err)
	a.NotZero(hook.ID)
	a.NotZero(hook.CreatedAt)
	a.Equal(&funnel.Webhook{ID: hook.ID, URL: hookURL, Events: []funnel.EventType{funnel.EventContactCreated}, CreatedAt: hook.CreatedAt}, hook)

	events := []funnel.EventType{
		funnel.EventContactCreated, funnel.EventContactUpdated, funnel.EventContactTagged, funnel.EventContactEnrolled,
		funnel.EventCampaignSent, funnel.EventFunnelOptin, funnel.EventFunnelSale,
	}
	updated, err := a.Webhooks.Update(a.ctx, hook.ID, funnel.WebhookUpdateParams{
		URL:    funnel.Ptr(hookURL + "/2"),
		Events: &events,
		Active: funnel.Ptr(true),
	})
	a.NoError(err)
	a.Equal(&funnel.Webhook{ID: hook.ID, URL: hookURL + "/2", Events: events, Active: true, CreatedAt: hook.CreatedAt}, updated)
	got, err := a.Webhooks.Get(a.ctx, hook.ID)
	a.NoError(err)
	a.Equal(updated, got)

	other, err := a.Webhooks.Create(a.ctx, funnel.WebhookCreateParams{URL: hookURL})
	a.NoError(err)
	_, err = a.Webhooks.Create(a.ctx, funnel.WebhookCreateParams{URL: hookURL})
	a.ErrorIs(err, funnel.ErrWebhookExists)
	_, err = a.Webhooks.Update(a.ctx, hook.ID, funnel.WebhookUpdateParams{URL: funnel.Ptr(hookURL)})
	a.ErrorIs(err, funnel.ErrWebhookExists)

	page, err := a.Webhooks.List(a.ctx, funnel.WebhookListParams{Page: 2, PerPage: 1})
	a.NoError(err)
	a.Equal(&funnel.Page[funnel.Webhook]{Items: []funnel.Webhook{*other}, Page: 2, PerPage: 1, LastPage: 2, Total: 2}, page)
	var all []funnel.Webhook
	for hook, err := range a.Webhooks.All(a.ctx, funnel.WebhookListParams{}) {
		a.NoError(err)
		all = append(all, *hook)
	}
	a.Equal([]funnel.Webhook{*updated, *other}, all)

	a.NoError(a.Webhooks.Delete(a.ctx, hook.ID))
	_, err = a.Webhooks.Get(a.ctx, hook.ID)
	a.ErrorIs(err, funnel.ErrNotFound)
}

// deliveriesFlow makes every event happen, and receives them all.
func deliveriesFlow(a *account) {
	vip, welcome := a.newTag("vip"), a.newSequence("Welcome")
	spring, launch := a.newFunnel("Spring"), a.newCampaign(funnel.CampaignCreateParams{Name: "Launch"})
	url, err := funnel.WebhookURL(hookURL, hookToken)
	a.NoError(err)
	_, err = a.Webhooks.Create(a.ctx, funnel.WebhookCreateParams{URL: url})
	a.NoError(err)

	ada := a.newContact("ada@example.com")
	created, err := a.event().ContactCreated()
	a.NoError(err)
	a.Equal(*ada, created.Contact)

	ada, err = a.Contacts.Update(a.ctx, ada.ID, funnel.ContactUpdateParams{FirstName: funnel.Ptr("Ada")})
	a.NoError(err)
	updated, err := a.event().ContactUpdated()
	a.NoError(err)
	a.Equal(*ada, updated.Contact)

	a.NoError(a.Contacts.AddTags(a.ctx, ada.ID, vip.ID))
	tagged, err := a.event().ContactTagged()
	a.NoError(err)
	a.Equal([]funnel.Tag{{ID: vip.ID, Name: "vip"}}, tagged.Tags)
	a.Equal(tagged.Tags, tagged.Contact.Tags)

	a.NoError(a.Sequences.Enroll(a.ctx, welcome.ID, ada.ID))
	enrolled, err := a.event().ContactEnrolled()
	a.NoError(err)
	a.Equal(ada.ID, enrolled.Contact.ID)
	a.Equal("Welcome", enrolled.Sequence.Name)

	a.NoError(a.server.RecordOptin(spring.ID))
	optin, err := a.event().FunnelOptin()
	a.NoError(err)
	a.Equal(*spring, optin.Funnel)

	a.NoError(a.server.RecordSale(spring.ID, "49.90"))
	sale, err := a.event().FunnelSale()
	a.NoError(err)
	a.Equal(funnel.FunnelSaleEvent{Funnel: *spring, Amount: "49.90"}, *sale)

	_, err = a.Campaigns.Schedule(a.ctx, launch.ID, time.Now().Add(time.Hour))
	a.NoError(err)
	a.later(time.Hour)
	a.server.Tick()
	sent, err := a.event().CampaignSent()
	a.NoError(err)
	a.Equal(launch.ID, sent.Campaign.ID)
	a.Equal(funnel.CampaignSent, sent.Campaign.Status)
}
