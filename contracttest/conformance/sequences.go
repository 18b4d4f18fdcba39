package conformance

import "github.com/funnel-go/funnel"

// sequencesFlow creates, lists, updates and deletes sequences.
func sequencesFlow(a *session) {
	first, err := a.Sequences.Create(a.ctx, funnel.SequenceCreateParams{Name: "Welcome"})
	a.NoError(err)
	a.Equal(&funnel.Sequence{ID: first.ID, Name: "Welcome", Type: funnel.SequenceNormal}, first)
	second, err := a.Sequences.Create(a.ctx, funnel.SequenceCreateParams{Name: "Countdown", Type: funnel.SequenceInverted})
	a.NoError(err)
	a.Equal(funnel.SequenceInverted, second.Type)

	a.ElementsMatch([]funnel.Sequence{*first, *second}, all(a, a.Sequences.All(a.ctx, funnel.SequenceListParams{})))
	page, err := a.Sequences.List(a.ctx, funnel.SequenceListParams{Page: 2, PerPage: 1})
	a.NoError(err)
	a.Len(page.Items, 1)
	a.Equal(2, page.Total)

	a.NoError(a.Sequences.Update(a.ctx, first.ID, funnel.SequenceUpdateParams{Name: funnel.Ptr("Hello"), Type: funnel.Ptr(funnel.SequenceInverted)}))
	found, err := a.Sequences.GetByName(a.ctx, "Hello")
	a.NoError(err)
	a.Equal(&funnel.Sequence{ID: first.ID, Name: "Hello", Type: funnel.SequenceInverted}, found)

	a.NoError(a.Sequences.Delete(a.ctx, first.ID))
	a.Equal([]funnel.Sequence{*second}, all(a, a.Sequences.All(a.ctx, funnel.SequenceListParams{})))
}

// stagesFlow creates, updates and deletes stages of every type.
func stagesFlow(a *session) {
	sequence, err := a.Sequences.Create(a.ctx, funnel.SequenceCreateParams{Name: "Welcome"})
	a.NoError(err)
	first, err := a.Sequences.CreateStage(a.ctx, funnel.StageCreateParams{SequenceID: sequence.ID})
	a.NoError(err)
	a.Equal(&funnel.Stage{ // the default of stage_type is not documented
		ID: first.ID, SequenceID: sequence.ID, Step: 1, Name: "Step 1", StageType: first.StageType, TimeValue: 1, TimeType: funnel.TimeTypeDays,
	}, first)
	for i, tt := range []struct {
		stageType funnel.StageType
		timeType  funnel.TimeType
	}{
		{funnel.StageSendEmail, funnel.TimeTypeHours},
		{funnel.StageSendSMS, funnel.TimeTypeDays},
		{funnel.StageAction, funnel.TimeTypeWeeks},
	} {
		params := funnel.StageCreateParams{SequenceID: sequence.ID, Name: "Stage", StageType: tt.stageType, TimeValue: 3, TimeType: tt.timeType}
		stage, err := a.Sequences.CreateStage(a.ctx, params)
		a.NoError(err)
		a.Equal(&funnel.Stage{
			ID: stage.ID, SequenceID: sequence.ID, Step: i + 2, Name: "Stage", StageType: tt.stageType, TimeValue: 3, TimeType: tt.timeType,
		}, stage)
		content := funnel.StageContentParams{Subject: "Hello", Body: "<p>Welcome.</p>"}
		if err = a.Sequences.UpdateStageContent(a.ctx, stage.ID, content); tt.stageType == funnel.StageSendEmail {
			a.NoError(err)
		} else {
			a.ErrorIs(err, funnel.ErrStageNotEmail)
		}
	}
	a.NoError(a.Sequences.UpdateStage(a.ctx, first.ID, funnel.StageUpdateParams{
		Name: funnel.Ptr("Call"), StageType: funnel.Ptr(funnel.StageAction), TimeValue: funnel.Ptr(2), TimeType: funnel.Ptr(funnel.TimeTypeWeeks),
	}))
	err = a.Sequences.UpdateStageContent(a.ctx, first.ID, funnel.StageContentParams{Subject: "Hello", Body: "<p>Welcome.</p>"})
	a.ErrorIs(err, funnel.ErrStageNotEmail, "the update has changed the type")
	a.NoError(a.Sequences.DeleteStage(a.ctx, first.ID))
	a.ErrorIs(a.Sequences.DeleteStage(funnel.WithoutRetry(a.ctx), first.ID), funnel.ErrNotFound)
}
