package contracttest_test

import (
	"time"

	"github.com/funnel-go/funnel"
)

// funnelsFlow takes a funnel through its life.
func funnelsFlow(a *account) {
	spring, err := a.Funnels.Create(a.ctx, funnel.FunnelCreateParams{Name: "Spring", Status: funnel.FunnelPublished})
	a.NoError(err)
	a.NotZero(spring.ID)
	a.NotZero(spring.CreatedAt)
	_, err = a.Funnels.CreateStep(a.ctx, funnel.StepCreateParams{FunnelID: spring.ID, Name: "Start", Path: "start"})
	a.NoError(err)
	for _, status := range []funnel.FunnelStatus{funnel.FunnelDraft, funnel.FunnelPublished, funnel.FunnelArchived} {
		updated, err := a.Funnels.Update(a.ctx, spring.ID, funnel.FunnelUpdateParams{Name: funnel.Ptr("Summer"), Status: &status})
		a.NoError(err)
		a.Equal(&funnel.Funnel{ID: spring.ID, Name: "Summer", Status: status, Subdomain: "acme", StepsCount: 1, CreatedAt: spring.CreatedAt}, updated)
		got, err := a.Funnels.Get(a.ctx, spring.ID)
		a.NoError(err)
		a.Equal(updated, got)
	}

	autumn := a.newFunnel("Autumn")
	page, err := a.Funnels.List(a.ctx, funnel.FunnelListParams{Page: 2, PerPage: 1})
	a.NoError(err)
	a.Equal(&funnel.Page[funnel.Funnel]{Items: []funnel.Funnel{*autumn}, Page: 2, PerPage: 1, LastPage: 2, Total: 2}, page)
	var all []string
	for f, err := range a.Funnels.All(a.ctx, funnel.FunnelListParams{}) {
		a.NoError(err)
		all = append(all, f.Name)
	}
	a.Equal([]string{"Summer", "Autumn"}, all)

	a.NoError(a.Funnels.Delete(a.ctx, spring.ID))
	_, err = a.Funnels.Get(a.ctx, spring.ID)
	a.ErrorIs(err, funnel.ErrNotFound)
}

// stepsFlow builds a funnel of steps of every type.
func stepsFlow(a *account) {
	spring := a.newFunnel("Spring")
	types := []funnel.StepType{funnel.StepOptin, funnel.StepSales, funnel.StepCheckout, funnel.StepUpsell, funnel.StepThankYou}
	var steps []funnel.Step
	for i, stepType := range types {
		name := "Step " + string(stepType)
		path := "path-" + string(rune('a'+i))
		step, err := a.Funnels.CreateStep(a.ctx, funnel.StepCreateParams{FunnelID: spring.ID, Name: name, Path: path, Type: stepType, Position: funnel.Ptr(10 + i)})
		a.NoError(err)
		a.NotZero(step.ID)
		a.Equal(&funnel.Step{ID: step.ID, FunnelID: spring.ID, Name: name, Path: path, Type: stepType, Position: 10 + i}, step)
		steps = append(steps, *step)
	}

	last := steps[len(steps)-1]
	updated, err := a.Funnels.UpdateStep(a.ctx, last.ID, funnel.StepUpdateParams{
		Name:     funnel.Ptr("First"),
		Path:     funnel.Ptr("first"),
		Type:     funnel.Ptr(funnel.StepSales),
		Position: funnel.Ptr(1),
	})
	a.NoError(err)
	a.Equal(&funnel.Step{ID: last.ID, FunnelID: spring.ID, Name: "First", Path: "first", Type: funnel.StepSales, Position: 1}, updated)
	got, err := a.Funnels.Steps(a.ctx, spring.ID)
	a.NoError(err)
	a.Equal(append([]funnel.Step{*updated}, steps[:len(steps)-1]...), got)

	_, err = a.Funnels.CreateStep(a.ctx, funnel.StepCreateParams{FunnelID: spring.ID, Name: "Again", Path: "first"})
	a.ErrorIs(err, funnel.ErrPathTaken)
	_, err = a.Funnels.UpdateStep(a.ctx, steps[0].ID, funnel.StepUpdateParams{Path: funnel.Ptr("first")})
	a.ErrorIs(err, funnel.ErrPathTaken)

	a.NoError(a.Funnels.DeleteStep(a.ctx, updated.ID))
	got, err = a.Funnels.Steps(a.ctx, spring.ID)
	a.NoError(err)
	a.Equal(steps[:len(steps)-1], got)
}

// periods are those that need no range.
var periods = []funnel.Period{
	funnel.PeriodToday, funnel.PeriodYesterday, funnel.PeriodLast7Days, funnel.PeriodLast30Days,
	funnel.PeriodThisMonth, funnel.PeriodLastMonth, funnel.PeriodAllTime,
}

// funnelStatsFlow counts what visitors did, in every period.
func funnelStatsFlow(a *account) {
	spring := a.newFunnel("Spring")
	a.NoError(a.server.RecordVisit(spring.ID))
	a.NoError(a.server.RecordVisit(spring.ID))
	a.NoError(a.server.RecordOptin(spring.ID))
	a.NoError(a.server.RecordSale(spring.ID, "49.90"))

	today := time.Now()
	for _, params := range []funnel.StatsParams{{}, {Period: funnel.PeriodToday}, funnel.Between(today.AddDate(0, 0, -1), today)} {
		stats, err := a.Funnels.Stats(a.ctx, spring.ID, params)
		a.NoError(err)
		a.Equal(&funnel.FunnelStats{Visits: 2, Optins: 1, Sales: 1, Revenue: "49.90"}, stats)
	}
	stats, err := a.Funnels.Stats(a.ctx, spring.ID, funnel.StatsParams{Period: funnel.PeriodYesterday})
	a.NoError(err)
	a.Equal(&funnel.FunnelStats{Revenue: "0.00"}, stats)
	for _, period := range periods {
		_, err := a.Funnels.Stats(a.ctx, spring.ID, funnel.StatsParams{Period: period})
		a.NoError(err)
	}

	_, err = a.Funnels.Stats(a.ctx, spring.ID, funnel.StatsParams{Period: "fortnight"})
	a.ErrorIs(err, funnel.ErrInvalidPeriod)
}

// noSubdomainFlow has an account that cannot have funnels.
func noSubdomainFlow(a *account) {
	_, err := a.Funnels.Create(a.ctx, funnel.FunnelCreateParams{Name: "Spring"})
	a.ErrorIs(err, funnel.ErrNoSubdomain)
}
