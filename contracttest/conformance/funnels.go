package conformance

import "github.com/funnel-go/funnel"

// funnelsFlow creates, lists, updates and deletes funnels.
func funnelsFlow(a *session) {
	first, err := a.Funnels.Create(a.ctx, funnel.FunnelCreateParams{Name: "Spring"})
	a.NoError(err)
	a.Equal(&funnel.Funnel{ID: first.ID, Name: "Spring", Type: funnel.FunnelBlank}, first)
	second, err := a.Funnels.Create(a.ctx, funnel.FunnelCreateParams{Name: "Summer", Type: funnel.FunnelSales})
	a.NoError(err)
	a.Equal(funnel.FunnelSales, second.Type)
	a.NoError(a.Funnels.Update(a.ctx, first.ID, funnel.FunnelUpdateParams{Name: funnel.Ptr("Autumn"), Type: funnel.Ptr(funnel.FunnelLead)}))
	a.NoError(a.Funnels.Update(a.ctx, second.ID, funnel.FunnelUpdateParams{Type: funnel.Ptr(funnel.FunnelBlank)}))

	want := []funnel.Funnel{
		{ID: first.ID, Name: "Autumn", Type: funnel.FunnelLead, Steps: []funnel.Step{}},
		{ID: second.ID, Name: "Summer", Type: funnel.FunnelBlank, Steps: []funnel.Step{}},
	}
	a.ElementsMatch(want, all(a, a.Funnels.All(a.ctx, funnel.FunnelListParams{})))
	page, err := a.Funnels.List(a.ctx, funnel.FunnelListParams{Page: 2, PerPage: 1})
	a.NoError(err)
	a.Len(page.Items, 1)
	a.Equal(2, page.Total)
	a.NoError(a.Funnels.Delete(a.ctx, first.ID))
	a.Equal(want[1:], all(a, a.Funnels.All(a.ctx, funnel.FunnelListParams{})))
}

// stepsFlow creates, updates and deletes steps. The server generates their paths.
func stepsFlow(a *session) {
	id := a.newFunnel("Spring")
	var steps []funnel.Step
	for i, path := range []string{"landing-page", "landing-page-1", "landing-page-2"} {
		step, err := a.Funnels.CreateStep(a.ctx, funnel.StepCreateParams{FunnelID: id, Name: "Landing Page", Type: 2})
		a.NoError(err)
		a.Equal(&funnel.Step{ID: step.ID, FunnelID: id, Name: "Landing Page", Path: path, Order: i + 1}, step)
		step.Type = 2
		steps = append(steps, *step)
	}
	other, err := a.Funnels.CreateStep(a.ctx, funnel.StepCreateParams{FunnelID: a.newFunnel("Summer"), Name: "Landing Page"})
	a.NoError(err)
	a.Equal("landing-page", other.Path, "the path is unique in its funnel only")

	err = a.Funnels.UpdateStep(a.ctx, steps[1].ID, funnel.StepUpdateParams{Path: funnel.Ptr("landing-page")})
	a.ErrorIs(err, funnel.ErrPathTaken)
	a.NoError(a.Funnels.UpdateStep(a.ctx, steps[1].ID, funnel.StepUpdateParams{Name: funnel.Ptr("Thanks"), Path: funnel.Ptr("thanks")}))
	steps[1].Name, steps[1].Path = "Thanks", "thanks"
	a.NoError(a.Funnels.DeleteStep(a.ctx, steps[2].ID))
	for _, f := range all(a, a.Funnels.All(a.ctx, funnel.FunnelListParams{})) {
		if f.ID == id {
			a.Equal(steps[:2], f.Steps)
		}
	}
}

func noSubdomainFlow(a *session) {
	_, err := a.Funnels.Create(a.ctx, funnel.FunnelCreateParams{Name: "Spring"})
	a.ErrorIs(err, funnel.ErrNoSubdomain)
}
