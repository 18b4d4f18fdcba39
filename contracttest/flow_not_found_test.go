package contracttest_test

import (
	"time"

	"github.com/funnel-go/funnel"
)

// notFoundFlow asks every operation for what is not there.
func notFoundFlow(a *account) {
	const nothing = 404
	ctx := a.ctx
	ada, welcome, spring := a.newContact("ada@example.com"), a.newSequence("Welcome"), a.newFunnel("Spring")
	launch := a.newCampaign(funnel.CampaignCreateParams{Name: "Launch"})
	noTags, name := []funnel.TagID{nothing}, funnel.Ptr("New")

	for operation, call := range map[string]func() error{
		"GET /contact":          func() error { return second(a.Contacts.Get(ctx, nothing)) },
		"GET /contact by email": func() error { return second(a.Contacts.GetByEmail(ctx, "nobody@example.com")) },
		"POST /contact": func() error {
			return second(a.Contacts.Create(ctx, funnel.ContactCreateParams{Email: "a@b.test", TagIDs: noTags}))
		},
		"PUT /contact": func() error {
			return second(a.Contacts.Update(ctx, nothing, funnel.ContactUpdateParams{FirstName: name}))
		},
		"DELETE /contact":          func() error { return a.Contacts.Delete(ctx, nothing) },
		"POST /contact-tag":        func() error { return a.Contacts.AddTags(ctx, ada.ID, noTags...) },
		"DELETE /contact-tag":      func() error { return a.Contacts.RemoveTags(ctx, ada.ID, noTags...) },
		"POST /contact-sequence":   func() error { return a.Sequences.Enroll(ctx, nothing, ada.ID) },
		"DELETE /contact-sequence": func() error { return a.Sequences.Unenroll(ctx, welcome.ID, nothing) },
		"GET /tag":                 func() error { return second(a.Tags.Get(ctx, nothing)) },
		"PUT /tag":                 func() error { return second(a.Tags.Update(ctx, nothing, funnel.TagUpdateParams{Name: name})) },
		"DELETE /tag":              func() error { return a.Tags.Delete(ctx, nothing) },
		"GET /sequence":            func() error { return second(a.Sequences.Get(ctx, nothing)) },
		"PUT /sequence":            func() error { return second(a.Sequences.Update(ctx, nothing, funnel.SequenceUpdateParams{Name: name})) },
		"DELETE /sequence":         func() error { return a.Sequences.Delete(ctx, nothing) },
		"GET /sequence-stages":     func() error { return second(a.Sequences.Stages(ctx, nothing)) },
		"POST /sequence-stage": func() error {
			return second(a.Sequences.CreateStage(ctx, funnel.StageCreateParams{SequenceID: nothing, Type: funnel.StageWait}))
		},
		"PUT /sequence-stage": func() error {
			return second(a.Sequences.UpdateStage(ctx, nothing, funnel.StageUpdateParams{Position: funnel.Ptr(1)}))
		},
		"DELETE /sequence-stage":      func() error { return a.Sequences.DeleteStage(ctx, nothing) },
		"GET /sequence-stage-content": func() error { return second(a.Sequences.StageContent(ctx, nothing)) },
		"PUT /sequence-stage-content": func() error {
			return second(a.Sequences.UpdateStageContent(ctx, nothing, funnel.StageContentParams{Subject: "s", Body: "b"}))
		},
		"GET /funnel":       func() error { return second(a.Funnels.Get(ctx, nothing)) },
		"PUT /funnel":       func() error { return second(a.Funnels.Update(ctx, nothing, funnel.FunnelUpdateParams{Name: name})) },
		"DELETE /funnel":    func() error { return a.Funnels.Delete(ctx, nothing) },
		"GET /funnel-stats": func() error { return second(a.Funnels.Stats(ctx, nothing, funnel.StatsParams{})) },
		"GET /funnel-steps": func() error { return second(a.Funnels.Steps(ctx, nothing)) },
		"POST /funnel-step": func() error {
			return second(a.Funnels.CreateStep(ctx, funnel.StepCreateParams{FunnelID: nothing, Name: "n", Path: "p"}))
		},
		"PUT /funnel-step":    func() error { return second(a.Funnels.UpdateStep(ctx, nothing, funnel.StepUpdateParams{Name: name})) },
		"DELETE /funnel-step": func() error { return a.Funnels.DeleteStep(ctx, nothing) },
		"GET /campaign":       func() error { return second(a.Campaigns.Get(ctx, nothing)) },
		"POST /campaign": func() error {
			return second(a.Campaigns.Create(ctx, funnel.CampaignCreateParams{Name: "n", TagIDs: noTags}))
		},
		"PUT /campaign": func() error {
			return second(a.Campaigns.Update(ctx, launch.ID, funnel.CampaignUpdateParams{TagIDs: &noTags}))
		},
		"DELETE /campaign":          func() error { return a.Campaigns.Delete(ctx, nothing) },
		"POST /campaign-schedule":   func() error { return second(a.Campaigns.Schedule(ctx, nothing, time.Now().Add(time.Hour))) },
		"DELETE /campaign-schedule": func() error { return second(a.Campaigns.Unschedule(ctx, nothing)) },
		"GET /campaign-stats":       func() error { return second(a.Campaigns.Stats(ctx, nothing, funnel.StatsParams{})) },
		"GET /webhook":              func() error { return second(a.Webhooks.Get(ctx, nothing)) },
		"PUT /webhook": func() error {
			return second(a.Webhooks.Update(ctx, nothing, funnel.WebhookUpdateParams{Active: funnel.Ptr(true)}))
		},
		"DELETE /webhook": func() error { return a.Webhooks.Delete(ctx, nothing) },
	} {
		a.ErrorIs(call(), funnel.ErrNotFound, operation)
	}
	steps, err := a.Funnels.Steps(ctx, spring.ID)
	a.NoError(err)
	a.Empty(steps, "nothing was created on the way")
}

func second[T any](_ T, err error) error { return err }
