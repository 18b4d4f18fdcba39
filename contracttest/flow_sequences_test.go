package contracttest_test

import "github.com/funnel-go/funnel"

// sequencesFlow takes a sequence through its life.
func sequencesFlow(a *account) {
	welcome, err := a.Sequences.Create(a.ctx, funnel.SequenceCreateParams{Name: "Welcome", Status: funnel.SequenceActive})
	a.NoError(err)
	a.NotZero(welcome.ID)
	a.NotZero(welcome.CreatedAt)
	_, err = a.Sequences.CreateStage(a.ctx, funnel.StageCreateParams{SequenceID: welcome.ID, Type: funnel.StageWait})
	a.NoError(err)
	for _, status := range []funnel.SequenceStatus{funnel.SequenceActive, funnel.SequenceDraft, funnel.SequencePaused} {
		updated, err := a.Sequences.Update(a.ctx, welcome.ID, funnel.SequenceUpdateParams{Name: funnel.Ptr("Hello"), Status: &status})
		a.NoError(err)
		a.Equal(&funnel.Sequence{ID: welcome.ID, Name: "Hello", Status: status, StagesCount: 1, CreatedAt: welcome.CreatedAt}, updated)
		got, err := a.Sequences.Get(a.ctx, welcome.ID)
		a.NoError(err)
		a.Equal(updated, got)
	}

	later, err := a.Sequences.Create(a.ctx, funnel.SequenceCreateParams{Name: "Later"})
	a.NoError(err)
	page, err := a.Sequences.List(a.ctx, funnel.SequenceListParams{Page: 2, PerPage: 1})
	a.NoError(err)
	a.Equal(&funnel.Page[funnel.Sequence]{Items: []funnel.Sequence{*later}, Page: 2, PerPage: 1, LastPage: 2, Total: 2}, page)
	var all []string
	for sequence, err := range a.Sequences.All(a.ctx, funnel.SequenceListParams{}) {
		a.NoError(err)
		all = append(all, sequence.Name)
	}
	a.Equal([]string{"Hello", "Later"}, all)

	a.NoError(a.Sequences.Delete(a.ctx, welcome.ID))
	_, err = a.Sequences.Get(a.ctx, welcome.ID)
	a.ErrorIs(err, funnel.ErrNotFound)
}

// stagesFlow builds a sequence of stages of every type.
func stagesFlow(a *account) {
	vip, pro := a.newTag("vip"), a.newTag("pro")
	sequence, err := a.Sequences.Create(a.ctx, funnel.SequenceCreateParams{Name: "Welcome"})
	a.NoError(err)
	create := func(params funnel.StageCreateParams) *funnel.Stage {
		params.SequenceID = sequence.ID
		stage, err := a.Sequences.CreateStage(a.ctx, params)
		a.NoError(err)
		a.NotZero(stage.ID)
		return stage
	}
	mail := create(funnel.StageCreateParams{Type: funnel.StageSendEmail, Position: funnel.Ptr(10)})
	wait := create(funnel.StageCreateParams{Type: funnel.StageWait, DelayMinutes: 90})
	tag := create(funnel.StageCreateParams{Type: funnel.StageAddTag, TagID: vip.ID})
	untag := create(funnel.StageCreateParams{Type: funnel.StageRemoveTag, TagID: vip.ID})
	a.Equal(&funnel.Stage{ID: wait.ID, SequenceID: sequence.ID, Type: funnel.StageWait, Position: 11, DelayMinutes: 90}, wait)

	updated, err := a.Sequences.UpdateStage(a.ctx, wait.ID, funnel.StageUpdateParams{
		Type:         funnel.Ptr(funnel.StageAddTag),
		Position:     funnel.Ptr(1),
		DelayMinutes: funnel.Ptr(30),
		TagID:        &pro.ID,
	})
	a.NoError(err)
	a.Equal(&funnel.Stage{ID: wait.ID, SequenceID: sequence.ID, Type: funnel.StageAddTag, Position: 1, DelayMinutes: 30, TagID: pro.ID}, updated)
	stages, err := a.Sequences.Stages(a.ctx, sequence.ID)
	a.NoError(err)
	a.Equal([]funnel.Stage{*updated, *mail, *tag, *untag}, stages)

	stageContent(a, mail, tag)

	a.NoError(a.Sequences.DeleteStage(a.ctx, tag.ID))
	stages, err = a.Sequences.Stages(a.ctx, sequence.ID)
	a.NoError(err)
	a.Equal([]funnel.Stage{*updated, *mail, *untag}, stages)
}

// stageContent writes the e-mail of a stage, and tries to write that of another
// which sends none.
func stageContent(a *account, mail, other *funnel.Stage) {
	params := funnel.StageContentParams{Subject: "Welcome", Body: "<p>Hello</p>", PreviewText: "Good to see you"}
	content, err := a.Sequences.UpdateStageContent(a.ctx, mail.ID, params)
	a.NoError(err)
	a.Equal(&funnel.StageContent{StageID: mail.ID, Subject: "Welcome", Body: "<p>Hello</p>", PreviewText: "Good to see you"}, content)
	got, err := a.Sequences.StageContent(a.ctx, mail.ID)
	a.NoError(err)
	a.Equal(content, got)

	_, err = a.Sequences.StageContent(a.ctx, other.ID)
	a.ErrorIs(err, funnel.ErrStageNotEmail)
	_, err = a.Sequences.UpdateStageContent(a.ctx, other.ID, params)
	a.ErrorIs(err, funnel.ErrStageNotEmail)
}

// enrolmentFlow puts a contact into a sequence, and takes it out.
func enrolmentFlow(a *account) {
	ada, welcome := a.newContact("ada@example.com"), a.newSequence("Welcome")
	enrolled := func() int {
		page, err := a.Contacts.List(a.ctx, funnel.ContactListParams{SequenceIDs: []funnel.SequenceID{welcome.ID}})
		a.NoError(err)
		return page.Total
	}
	a.NoError(a.Sequences.Enroll(a.ctx, welcome.ID, ada.ID))
	a.Equal(1, enrolled())
	a.NoError(a.Sequences.Unenroll(a.ctx, welcome.ID, ada.ID))
	a.Equal(0, enrolled())

	empty, err := a.Sequences.Create(a.ctx, funnel.SequenceCreateParams{Name: "Empty"})
	a.NoError(err)
	a.ErrorIs(a.Sequences.Enroll(a.ctx, empty.ID, ada.ID), funnel.ErrSequenceHasNoStages)
}
