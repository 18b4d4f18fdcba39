package funnel_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
)

const (
	welcomeJSON = `{"id": 3, "name": "Welcome", "status": "active", "stages_count": 2, "created_at": "2026-01-02T03:04:05Z"}`
	stageJSON   = `{"id": 31, "sequence_id": 3, "type": "add_tag", "position": 2, "delay_minutes": 90, "tag_id": 1}`
	contentJSON = `{"stage_id": 31, "subject": "Hello", "body": "<p>Hi & welcome</p>", "preview_text": "Hi"}`
)

var (
	welcome      = funnel.Sequence{ID: 3, Name: "Welcome", Status: funnel.SequenceActive, StagesCount: 2, CreatedAt: utc(2026, 1, 2, 3, 4, 5, 0)}
	tagStage     = funnel.Stage{ID: 31, SequenceID: 3, Type: funnel.StageAddTag, Position: 2, DelayMinutes: 90, TagID: 1}
	stageContent = funnel.StageContent{StageID: 31, Subject: "Hello", Body: "<p>Hi & welcome</p>", PreviewText: "Hi"}
)

func TestSequences_Methods(t *testing.T) {
	t.Parallel()
	runMethodTests(t, []methodTest{{
		name: "List, nothing set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Sequences.List(ctx, funnel.SequenceListParams{})
		},
		sends: sentRequest{Method: "GET", Path: "/sequences"},
		reply: answers(200, `{"success":true,"data":[`+welcomeJSON+`],"meta":{"current_page":1,"per_page":25,"last_page":1,"total":1}}`),
		want:  &funnel.Page[funnel.Sequence]{Items: []funnel.Sequence{welcome}, Page: 1, PerPage: 25, LastPage: 1, Total: 1},
	}, {
		name: "List, everything set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Sequences.List(ctx, funnel.SequenceListParams{Page: 2, PerPage: 50})
		},
		sends: sentRequest{Method: "GET", Path: "/sequences", Query: "page=2&per_page=50"},
		reply: data(`[]`),
		want:  &funnel.Page[funnel.Sequence]{Items: []funnel.Sequence{}},
	}, {
		name: "All",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return collect(c.Sequences.All(ctx, funnel.SequenceListParams{}))
		},
		sends: sentRequest{Method: "GET", Path: "/sequences", Query: "page=1&per_page=100"},
		reply: answers(200, `{"success":true,"data":[`+welcomeJSON+`],"meta":{"current_page":1,"per_page":100,"last_page":1,"total":1}}`),
		want:  []funnel.Sequence{welcome},
	}, {
		name:  "Get",
		call:  func(ctx context.Context, c *funnel.Client) (any, error) { return c.Sequences.Get(ctx, 3) },
		sends: sentRequest{Method: "GET", Path: "/sequence", Query: "sequence_id=3"},
		reply: data(welcomeJSON),
		want:  &welcome,
	}, {
		name: "Create, name only",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Sequences.Create(ctx, funnel.SequenceCreateParams{Name: "Welcome"})
		},
		sends: sentRequest{Method: "POST", Path: "/sequence", Body: `{"name":"Welcome"}`},
		reply: data(welcomeJSON),
		want:  &welcome,
	}, {
		name: "Create, a status that the SDK does not know",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Sequences.Create(ctx, funnel.SequenceCreateParams{Name: "Welcome", Status: "asleep"})
		},
		sends: sentRequest{Method: "POST", Path: "/sequence", Body: `{"name":"Welcome","status":"asleep"}`},
		reply: data(`{"id":3,"status":"asleep"}`),
		want:  &funnel.Sequence{ID: 3, Status: "asleep"},
	}, {
		name: "Update, everything set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Sequences.Update(ctx, 3, funnel.SequenceUpdateParams{Name: funnel.Ptr("Welcome"), Status: funnel.Ptr(funnel.SequencePaused)})
		},
		sends: sentRequest{Method: "PUT", Path: "/sequence", Body: `{"sequence_id":3,"name":"Welcome","status":"paused"}`},
		reply: data(welcomeJSON),
		want:  &welcome,
	}, {
		name: "Update, nothing set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Sequences.Update(ctx, 3, funnel.SequenceUpdateParams{})
		},
		sends: sentRequest{Method: "PUT", Path: "/sequence", Body: `{"sequence_id":3}`},
		reply: data(welcomeJSON),
		want:  &welcome,
	}, {
		name:  "Delete",
		call:  func(ctx context.Context, c *funnel.Client) (any, error) { return nil, c.Sequences.Delete(ctx, 3) },
		sends: sentRequest{Method: "DELETE", Path: "/sequence", Query: "sequence_id=3"},
		reply: answers(204, ""),
	}, {
		name:  "Enroll",
		call:  func(ctx context.Context, c *funnel.Client) (any, error) { return nil, c.Sequences.Enroll(ctx, 3, 12) },
		sends: sentRequest{Method: "POST", Path: "/contact-sequence", Body: `{"sequence_id":3,"contact_id":12}`},
		reply: data(`{"contact_id":12,"sequence_id":3}`),
	}, {
		name:  "Unenroll",
		call:  func(ctx context.Context, c *funnel.Client) (any, error) { return nil, c.Sequences.Unenroll(ctx, 3, 12) },
		sends: sentRequest{Method: "DELETE", Path: "/contact-sequence", Query: "contact_id=12&sequence_id=3"},
		reply: answers(200, ""),
	}, {
		name:  "Stages",
		call:  func(ctx context.Context, c *funnel.Client) (any, error) { return c.Sequences.Stages(ctx, 3) },
		sends: sentRequest{Method: "GET", Path: "/sequence-stages", Query: "page=1&per_page=100&sequence_id=3"},
		reply: answers(200, `{"success":true,"data":[`+stageJSON+`],"meta":{"current_page":1,"per_page":100,"last_page":1,"total":1}}`),
		want:  []funnel.Stage{tagStage},
	}, {
		name:  "Stages, none",
		call:  func(ctx context.Context, c *funnel.Client) (any, error) { return c.Sequences.Stages(ctx, 3) },
		sends: sentRequest{Method: "GET", Path: "/sequence-stages", Query: "page=1&per_page=100&sequence_id=3"},
		reply: data(`[]`),
		want:  []funnel.Stage{},
	}, {
		name: "CreateStage, what is required",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Sequences.CreateStage(ctx, funnel.StageCreateParams{SequenceID: 3, Type: funnel.StageSendEmail})
		},
		sends: sentRequest{Method: "POST", Path: "/sequence-stage", Body: `{"sequence_id":3,"type":"send_email"}`},
		reply: data(`{"id":31,"sequence_id":3,"type":"send_email","position":1,"delay_minutes":0,"tag_id":null}`),
		want:  &funnel.Stage{ID: 31, SequenceID: 3, Type: funnel.StageSendEmail, Position: 1},
	}, {
		name: "CreateStage, everything set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Sequences.CreateStage(ctx, funnel.StageCreateParams{
				SequenceID: 3, Type: funnel.StageAddTag, Position: funnel.Ptr(0), DelayMinutes: 90, TagID: 1,
			})
		},
		sends: sentRequest{Method: "POST", Path: "/sequence-stage",
			Body: `{"sequence_id":3,"type":"add_tag","position":0,"delay_minutes":90,"tag_id":1}`},
		reply: data(stageJSON),
		want:  &tagStage,
	}, {
		name: "UpdateStage, everything set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Sequences.UpdateStage(ctx, 31, funnel.StageUpdateParams{
				Type: funnel.Ptr(funnel.StageRemoveTag), Position: funnel.Ptr(4), DelayMinutes: funnel.Ptr(0), TagID: funnel.Ptr(funnel.TagID(2)),
			})
		},
		sends: sentRequest{Method: "PUT", Path: "/sequence-stage",
			Body: `{"stage_id":31,"type":"remove_tag","position":4,"delay_minutes":0,"tag_id":2}`},
		reply: data(stageJSON),
		want:  &tagStage,
	}, {
		name: "UpdateStage, nothing set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Sequences.UpdateStage(ctx, 31, funnel.StageUpdateParams{})
		},
		sends: sentRequest{Method: "PUT", Path: "/sequence-stage", Body: `{"stage_id":31}`},
		reply: data(stageJSON),
		want:  &tagStage,
	}, {
		name:  "DeleteStage",
		call:  func(ctx context.Context, c *funnel.Client) (any, error) { return nil, c.Sequences.DeleteStage(ctx, 31) },
		sends: sentRequest{Method: "DELETE", Path: "/sequence-stage", Query: "stage_id=31"},
		reply: data(`null`),
	}, {
		name:  "StageContent",
		call:  func(ctx context.Context, c *funnel.Client) (any, error) { return c.Sequences.StageContent(ctx, 31) },
		sends: sentRequest{Method: "GET", Path: "/sequence-stage-content", Query: "stage_id=31"},
		reply: data(contentJSON),
		want:  &stageContent,
	}, {
		name: "UpdateStageContent, what is required",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Sequences.UpdateStageContent(ctx, 31, funnel.StageContentParams{Subject: "Hello", Body: "Hi,\n\n– Ada"})
		},
		sends: sentRequest{Method: "PUT", Path: "/sequence-stage-content", Body: `{"stage_id":31,"subject":"Hello","body":"Hi,\n\n– Ada"}`},
		reply: data(contentJSON),
		want:  &stageContent,
	}, {
		name: "UpdateStageContent, everything set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Sequences.UpdateStageContent(ctx, 31, funnel.StageContentParams{Subject: "Hello", Body: "Hi", PreviewText: "Hi"})
		},
		sends: sentRequest{Method: "PUT", Path: "/sequence-stage-content",
			Body: `{"stage_id":31,"subject":"Hello","body":"Hi","preview_text":"Hi"}`},
		reply: data(contentJSON),
		want:  &stageContent,
	}, {
		name:  "reading, as PHP may write it",
		call:  func(ctx context.Context, c *funnel.Client) (any, error) { return c.Sequences.Stages(ctx, 3) },
		sends: sentRequest{Method: "GET", Path: "/sequence-stages", Query: "page=1&per_page=100&sequence_id=3"},
		reply: answers(200, `{"success":true,"data":{"current_page":"1","last_page":"1","data":[
			{"id":"31","sequence_id":"3","type":"wait","position":"2","delay_minutes":"90","tag_id":"","color":"red"},
			{"id":32,"sequence_id":3,"type":"fax","position":3.0,"delay_minutes":null,"tag_id":null}]}}`),
		want: []funnel.Stage{
			{ID: 31, SequenceID: 3, Type: funnel.StageWait, Position: 2, DelayMinutes: 90},
			{ID: 32, SequenceID: 3, Type: "fax", Position: 3},
		},
	}})
}

func TestSequences_RefuseBadInput(t *testing.T) {
	t.Parallel()
	tests := []badInput{
		{"no name", func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Sequences.Create(ctx, funnel.SequenceCreateParams{Status: funnel.SequenceDraft})
			return err
		}, "name"},
		{"name with a line break", func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Sequences.Create(ctx, funnel.SequenceCreateParams{Name: "Wel\ncome"})
			return err
		}, "name"},
		{"stage without a type", func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Sequences.CreateStage(ctx, funnel.StageCreateParams{SequenceID: 3})
			return err
		}, "type"},
		{"negative tag of a new stage", func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Sequences.CreateStage(ctx, funnel.StageCreateParams{SequenceID: 3, Type: funnel.StageAddTag, TagID: -1})
			return err
		}, "tag_id"},
		{"mail without a subject", func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Sequences.UpdateStageContent(ctx, 2, funnel.StageContentParams{Body: "Hi"})
			return err
		}, "subject"},
		{"mail without a body", func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Sequences.UpdateStageContent(ctx, 2, funnel.StageContentParams{Subject: "Hello", Body: " \n"})
			return err
		}, "body"},
		{"per_page of 101", func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Sequences.List(ctx, funnel.SequenceListParams{PerPage: 101})
			return err
		}, "per_page"},
		{"page of -1, all", func(ctx context.Context, c *funnel.Client) error {
			_, err := collect(c.Sequences.All(ctx, funnel.SequenceListParams{Page: -1}))
			return err
		}, "page"},
	}
	for _, id := range noIDs {
		tests = append(tests,
			badInput{"get sequence " + id.String(), func(ctx context.Context, c *funnel.Client) error {
				_, err := c.Sequences.Get(ctx, funnel.SequenceID(id))
				return err
			}, "sequence_id"},
			badInput{"update sequence " + id.String(), func(ctx context.Context, c *funnel.Client) error {
				_, err := c.Sequences.Update(ctx, funnel.SequenceID(id), funnel.SequenceUpdateParams{})
				return err
			}, "sequence_id"},
			badInput{"delete sequence " + id.String(), func(ctx context.Context, c *funnel.Client) error {
				return c.Sequences.Delete(ctx, funnel.SequenceID(id))
			}, "sequence_id"},
			badInput{"enrol in sequence " + id.String(), func(ctx context.Context, c *funnel.Client) error {
				return c.Sequences.Enroll(ctx, funnel.SequenceID(id), 12)
			}, "sequence_id"},
			badInput{"enrol contact " + id.String(), func(ctx context.Context, c *funnel.Client) error {
				return c.Sequences.Enroll(ctx, 3, funnel.ContactID(id))
			}, "contact_id"},
			badInput{"unenrol from sequence " + id.String(), func(ctx context.Context, c *funnel.Client) error {
				return c.Sequences.Unenroll(ctx, funnel.SequenceID(id), 12)
			}, "sequence_id"},
			badInput{"unenrol contact " + id.String(), func(ctx context.Context, c *funnel.Client) error {
				return c.Sequences.Unenroll(ctx, 3, funnel.ContactID(id))
			}, "contact_id"},
			badInput{"stages of sequence " + id.String(), func(ctx context.Context, c *funnel.Client) error {
				stages, err := c.Sequences.Stages(ctx, funnel.SequenceID(id))
				require.Nil(t, stages)
				return err
			}, "sequence_id"},
			badInput{"create a stage of sequence " + id.String(), func(ctx context.Context, c *funnel.Client) error {
				_, err := c.Sequences.CreateStage(ctx, funnel.StageCreateParams{SequenceID: funnel.SequenceID(id), Type: funnel.StageWait})
				return err
			}, "sequence_id"},
			badInput{"tag " + id.String() + " of an updated stage", func(ctx context.Context, c *funnel.Client) error {
				_, err := c.Sequences.UpdateStage(ctx, 31, funnel.StageUpdateParams{TagID: funnel.Ptr(funnel.TagID(id))})
				return err
			}, "tag_id"},
			badInput{"update stage " + id.String(), func(ctx context.Context, c *funnel.Client) error {
				_, err := c.Sequences.UpdateStage(ctx, funnel.StageID(id), funnel.StageUpdateParams{})
				return err
			}, "stage_id"},
			badInput{"delete stage " + id.String(), func(ctx context.Context, c *funnel.Client) error {
				return c.Sequences.DeleteStage(ctx, funnel.StageID(id))
			}, "stage_id"},
			badInput{"content of stage " + id.String(), func(ctx context.Context, c *funnel.Client) error {
				_, err := c.Sequences.StageContent(ctx, funnel.StageID(id))
				return err
			}, "stage_id"},
			badInput{"update the content of stage " + id.String(), func(ctx context.Context, c *funnel.Client) error {
				_, err := c.Sequences.UpdateStageContent(ctx, funnel.StageID(id), funnel.StageContentParams{Subject: "Hello", Body: "Hi"})
				return err
			}, "stage_id"},
		)
	}
	runBadInputTests(t, tests)
}

// What the SDK cannot judge it passes on, and the server refuses.
func TestSequences_ServerRefuses(t *testing.T) {
	t.Parallel()
	setUp := func(t *testing.T, c *funnel.Client) { // sequence 1 has a stage that waits, sequence 2 has none
		t.Helper()
		for _, name := range []string{"Welcome", "Empty"} {
			_, err := c.Sequences.Create(t.Context(), funnel.SequenceCreateParams{Name: name})
			require.NoError(t, err)
		}
		_, err := c.Sequences.CreateStage(t.Context(), funnel.StageCreateParams{SequenceID: 1, Type: funnel.StageWait, DelayMinutes: 60})
		require.NoError(t, err)
		_, err = c.Sequences.CreateStage(t.Context(), funnel.StageCreateParams{SequenceID: 1, Type: funnel.StageSendEmail})
		require.NoError(t, err)
		_, err = c.Contacts.Create(t.Context(), funnel.ContactCreateParams{Email: "ada@example.com"})
		require.NoError(t, err)
	}
	runRefusalTests(t, setUp, []refusal{
		{"unknown status of a new sequence", func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Sequences.Create(ctx, funnel.SequenceCreateParams{Name: "New", Status: "asleep"})
			return err
		}, `"status":"asleep"`, funnel.ErrValidation, map[string][]string{"status": {"The selected status is invalid."}}},
		{"unknown status", func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Sequences.Update(ctx, 1, funnel.SequenceUpdateParams{Status: funnel.Ptr(funnel.SequenceStatus("asleep"))})
			return err
		}, `"status":"asleep"`, funnel.ErrValidation, map[string][]string{"status": {"The selected status is invalid."}}},
		{"empty name", func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Sequences.Update(ctx, 1, funnel.SequenceUpdateParams{Name: funnel.Ptr("")})
			return err
		}, `"name":""`, funnel.ErrValidation, map[string][]string{"name": {"The name field is required."}}},
		{"unknown type of a stage", func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Sequences.CreateStage(ctx, funnel.StageCreateParams{SequenceID: 1, Type: "fax"})
			return err
		}, `"type":"fax"`, funnel.ErrValidation, map[string][]string{"type": {"The selected type is invalid."}}},
		{"negative delay", func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Sequences.CreateStage(ctx, funnel.StageCreateParams{SequenceID: 1, Type: funnel.StageWait, DelayMinutes: -1})
			return err
		}, `"delay_minutes":-1`, funnel.ErrValidation, map[string][]string{"delay_minutes": {"The delay minutes must be at least 0."}}},
		{"stage that adds no tag", func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Sequences.CreateStage(ctx, funnel.StageCreateParams{SequenceID: 1, Type: funnel.StageAddTag})
			return err
		}, `"type":"add_tag"`, funnel.ErrValidation, map[string][]string{"tag_id": {"The tag id field is required when type is add_tag."}}},
		{"mail of a stage that waits", func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Sequences.UpdateStageContent(ctx, 1, funnel.StageContentParams{Subject: "Hello", Body: "Hi"})
			return err
		}, `"stage_id":1`, funnel.ErrStageNotEmail, nil},
		{"mail of a stage that waits, to read", func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Sequences.StageContent(ctx, 1)
			return err
		}, "stage_id=1", funnel.ErrStageNotEmail, nil},
		{"enrolment in a sequence without stages", func(ctx context.Context, c *funnel.Client) error {
			return c.Sequences.Enroll(ctx, 2, 1)
		}, `"sequence_id":2`, funnel.ErrSequenceHasNoStages, nil},
		{"enrolment of nobody", func(ctx context.Context, c *funnel.Client) error {
			return c.Sequences.Enroll(ctx, 1, 99)
		}, `"contact_id":99`, funnel.ErrNotFound, nil},
		{"stages of no sequence", func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Sequences.Stages(ctx, 99)
			return err
		}, "sequence_id=99", funnel.ErrNotFound, nil},
		{"a large id", func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Sequences.Get(ctx, 1<<62)
			return err
		}, "sequence_id=4611686018427387904", funnel.ErrNotFound, nil},
	})
}

// Stages come from all pages, in order.
func TestSequences_StagesWalkAllPages(t *testing.T) {
	t.Parallel()
	api := newMockAPI(t).on("GET", "/sequence-stages", listed(250, pagingShapes["meta"]))
	stages, err := api.client(t).Sequences.Stages(t.Context(), 3)
	require.NoError(t, err)
	require.Len(t, stages, 250)
	for i, stage := range stages {
		require.Equal(t, funnel.Stage{ID: funnel.StageID(i + 1)}, stage)
	}
	require.ElementsMatch(t, []string{
		"page=1&per_page=100&sequence_id=3", "page=2&per_page=100&sequence_id=3", "page=3&per_page=100&sequence_id=3",
	}, queries(api))
}

// A list that could not be read to its end is no list.
func TestSequences_StagesAreAllOrNone(t *testing.T) {
	t.Parallel()
	api := newMockAPI(t).on("GET", "/sequence-stages",
		answers(200, `{"success":true,"data":[{"id":1}],"meta":{"current_page":1,"per_page":100,"last_page":2,"total":101}}`),
		failure(403, funnel.ErrForbidden, "No"))
	stages, err := api.client(t).Sequences.Stages(t.Context(), 3)
	require.ErrorIs(t, err, funnel.ErrForbidden)
	require.Nil(t, stages)
}

// A whole sequence, as a program sets it up and takes it down.
func TestSequences_Flow(t *testing.T) {
	t.Parallel()
	_, client := fakeAPI(t)
	ctx, sequences := t.Context(), client.Sequences
	contact, err := client.Contacts.Create(ctx, funnel.ContactCreateParams{Email: "ada@example.com"})
	require.NoError(t, err)
	sequence, err := sequences.Create(ctx, funnel.SequenceCreateParams{Name: "Welcome"})
	require.NoError(t, err)
	require.Equal(t, funnel.SequenceDraft, sequence.Status)

	mail, err := sequences.CreateStage(ctx, funnel.StageCreateParams{SequenceID: sequence.ID, Type: funnel.StageSendEmail})
	require.NoError(t, err)
	pause, err := sequences.CreateStage(ctx, funnel.StageCreateParams{
		SequenceID: sequence.ID, Type: funnel.StageWait, DelayMinutes: 60, Position: funnel.Ptr(0),
	})
	require.NoError(t, err)
	stages, err := sequences.Stages(ctx, sequence.ID)
	require.NoError(t, err)
	require.Equal(t, []funnel.Stage{*pause, *mail}, stages, "in the order of their positions")

	content, err := sequences.UpdateStageContent(ctx, mail.ID, funnel.StageContentParams{Subject: "Hello", Body: "Hi,\nAda"})
	require.NoError(t, err)
	again, err := sequences.StageContent(ctx, mail.ID)
	require.NoError(t, err)
	require.Equal(t, &funnel.StageContent{StageID: mail.ID, Subject: "Hello", Body: "Hi,\nAda"}, content)
	require.Equal(t, content, again)

	enrolled := func() int {
		page, err := client.Contacts.List(ctx, funnel.ContactListParams{SequenceIDs: []funnel.SequenceID{sequence.ID}})
		require.NoError(t, err)
		return page.Total
	}
	require.NoError(t, sequences.Enroll(ctx, sequence.ID, contact.ID))
	require.NoError(t, sequences.Enroll(ctx, sequence.ID, contact.ID))
	require.Equal(t, 1, enrolled())
	require.NoError(t, sequences.Unenroll(ctx, sequence.ID, contact.ID))
	require.NoError(t, sequences.Unenroll(ctx, sequence.ID, contact.ID))
	require.Zero(t, enrolled())

	require.NoError(t, sequences.DeleteStage(ctx, pause.ID))
	require.ErrorIs(t, sequences.DeleteStage(ctx, pause.ID), funnel.ErrNotFound)
	sequence, err = sequences.Get(ctx, sequence.ID)
	require.NoError(t, err)
	require.Equal(t, 1, sequence.StagesCount)
	require.NoError(t, sequences.Delete(ctx, sequence.ID))
	_, err = sequences.StageContent(ctx, mail.ID)
	require.ErrorIs(t, err, funnel.ErrNotFound, "the stages go with their sequence")
}
