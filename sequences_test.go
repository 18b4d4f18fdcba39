package funnel_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
	"github.com/funnel-go/funnel/internal/apitest"
)

func TestSequences_Methods(t *testing.T) {
	t.Parallel()
	runMethodTests(t, []methodTest{{
		name: "List, nothing set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Sequences.List(ctx, funnel.SequenceListParams{})
		},
		sends:     sentRequest{Method: "GET", Path: "/sequences"},
		responder: pageOf(sequenceJSON, `{"id":9,"name":"Odd","type":"spiral"}`), // a type that the SDK does not know
		want:      pageOneOf(sampleSequence, funnel.Sequence{ID: 9, Name: "Odd", Type: "spiral"}),
	}, {
		name: "List, everything set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Sequences.List(ctx, funnel.SequenceListParams{Page: 2, PerPage: 50})
		},
		sends:     sentRequest{Method: "GET", Path: "/sequences", Query: "page=2&per_page=50"},
		responder: pageOf(sequenceJSON),
		want:      pageOneOf(sampleSequence),
	}, {
		name: "All",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return collect(c.Sequences.All(ctx, funnel.SequenceListParams{}))
		},
		sends:     sentRequest{Method: "GET", Path: "/sequences", Query: "page=1&per_page=100"},
		responder: pageOf(sequenceJSON),
		want:      []funnel.Sequence{sampleSequence},
	}, {
		name: "Create, name only",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Sequences.Create(ctx, funnel.SequenceCreateParams{Name: "Welcome"})
		},
		sends:     sentRequest{Method: "POST", Path: "/sequence", Body: `{"name":"Welcome"}`},
		responder: createdAs(`{"id":3,"name":"Welcome","type":"normal"}`),
		want:      &funnel.Sequence{ID: 3, Name: "Welcome", Type: funnel.SequenceNormal},
	}, {
		name: "Create, everything set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Sequences.Create(ctx, funnel.SequenceCreateParams{Name: "Welcome", Type: funnel.SequenceInverted})
		},
		sends:     sentRequest{Method: "POST", Path: "/sequence", Body: `{` + welcomeFields + `}`},
		responder: createdAs(sequenceJSON),
		want:      &sampleSequence,
	}, {
		name: "Update, everything set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return nil, c.Sequences.Update(ctx, 3, funnel.SequenceUpdateParams{Name: funnel.Ptr("Welcome"), Type: funnel.Ptr(funnel.SequenceInverted)})
		},
		sends:     sentRequest{Method: "PUT", Path: "/sequence", Body: `{"sequence_id":3,` + welcomeFields + `}`},
		responder: data(sequenceJSON),
	}, {
		name:      "Delete",
		call:      func(ctx context.Context, c *funnel.Client) (any, error) { return nil, c.Sequences.Delete(ctx, 3) },
		sends:     sentRequest{Method: "DELETE", Path: "/sequence", Body: `{"sequence_id":3}`},
		responder: respond(http.StatusNoContent, ""),
	}, {
		name: "Enroll",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return nil, c.Sequences.Enroll(ctx, 3, funnel.ContactID(12))
		},
		sends:     sentRequest{Method: "POST", Path: "/contact-sequence", Body: `{"contact_id":12,"sequence_id":3}`},
		responder: data(`{"contact_id":12,"sequence_id":3}`),
	}, {
		name: "Unenroll",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return nil, c.Sequences.Unenroll(ctx, 3, funnel.Email("ada@example.com"))
		},
		sends:     sentRequest{Method: "DELETE", Path: "/contact-sequence", Body: `{"email":"ada@example.com","sequence_id":3}`},
		responder: data(`{"contact_id":12,"sequence_id":3}`),
	}, {
		name: "CreateStage, what is required",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Sequences.CreateStage(ctx, funnel.StageCreateParams{SequenceID: 3})
		},
		sends:     sentRequest{Method: "POST", Path: "/sequence-stage", Body: `{"sequence_id":3}`},
		responder: createdAs(stageJSON),
		want:      &sampleStage,
	}, {
		name: "CreateStage, everything set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Sequences.CreateStage(ctx, funnel.StageCreateParams{
				SequenceID: 3, Name: "First mail", StageType: funnel.StageSendEmail, TimeValue: 2, TimeType: funnel.TimeTypeHours,
			})
		},
		sends:     sentRequest{Method: "POST", Path: "/sequence-stage", Body: `{"sequence_id":3,` + stageFields + `}`},
		responder: createdAs(stageJSON),
		want:      &sampleStage,
	}, {
		name: "CreateStage, values that the SDK does not know",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Sequences.CreateStage(ctx, funnel.StageCreateParams{SequenceID: 3, StageType: "fax", TimeValue: -1, TimeType: 60})
		},
		sends:     sentRequest{Method: "POST", Path: "/sequence-stage", Body: `{"sequence_id":3,"stage_type":"fax","time_value":-1,"time_type":60}`},
		responder: createdAs(`{"id":31,"stage_type":"fax","time_value":-1,"time_type":60}`),
		want:      &funnel.Stage{ID: 31, StageType: "fax", TimeValue: -1, TimeType: 60},
	}, {
		name: "UpdateStage, everything set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return nil, c.Sequences.UpdateStage(ctx, 31, funnel.StageUpdateParams{
				Name: funnel.Ptr("First mail"), StageType: funnel.Ptr(funnel.StageSendEmail),
				TimeValue: funnel.Ptr(2), TimeType: funnel.Ptr(funnel.TimeTypeHours),
			})
		},
		sends:     sentRequest{Method: "PUT", Path: "/sequence-stage", Body: `{"stage_id":31,` + stageFields + `}`},
		responder: data(stageJSON),
	}, {
		name: "UpdateStage, zero is sent",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return nil, c.Sequences.UpdateStage(ctx, 31, funnel.StageUpdateParams{TimeValue: funnel.Ptr(0)})
		},
		sends:     sentRequest{Method: "PUT", Path: "/sequence-stage", Body: `{"stage_id":31,"time_value":0}`},
		responder: data(stageJSON),
	}, {
		name:      "DeleteStage",
		call:      func(ctx context.Context, c *funnel.Client) (any, error) { return nil, c.Sequences.DeleteStage(ctx, 31) },
		sends:     sentRequest{Method: "DELETE", Path: "/sequence-stage", Body: `{"stage_id":31}`},
		responder: data(`{"id":31}`),
	}, {
		name: "UpdateStageContent",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return nil, c.Sequences.UpdateStageContent(ctx, 31, funnel.StageContentParams{Subject: "Hello", Body: "Hi,\n\n– Ada"})
		},
		sends:     sentRequest{Method: "PUT", Path: "/sequence-stage-content", Body: `{"stage_id":31,"subject":"Hello","body":"Hi,\n\n– Ada"}`},
		responder: data(`{"id":31,"sequence_id":3}`),
	}})
}

func TestSequences_RefuseBadInput(t *testing.T) {
	t.Parallel()
	create := func(name string) func(context.Context, *funnel.Client) error {
		return func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Sequences.Create(ctx, funnel.SequenceCreateParams{Name: name})
			return err
		}
	}
	content := func(params funnel.StageContentParams) func(context.Context, *funnel.Client) error {
		return func(ctx context.Context, c *funnel.Client) error {
			return c.Sequences.UpdateStageContent(ctx, 31, params)
		}
	}
	runBadInputTests(t, []badInput{
		{"no name", create(""), "name"},
		{"name with a line break", create("Wel\ncome"), "name"},
		{"name that is not UTF-8", create("Bient\xf4t"), "name"},
		{"mail without a subject", content(funnel.StageContentParams{Body: "Hi"}), "subject"},
		{"mail with a line break in its subject", content(funnel.StageContentParams{Subject: "Hello\r\nBcc: all", Body: "Hi"}), "subject"},
		{"mail without a body", content(funnel.StageContentParams{Subject: "Hello", Body: " \n"}), "body"},
		{"mail that is not UTF-8", content(funnel.StageContentParams{Subject: "Hello", Body: "Jos\xe9"}), "body"},
		{"stage type that is not UTF-8", func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Sequences.CreateStage(ctx, funnel.StageCreateParams{SequenceID: 3, StageType: "f\xe4x"})
			return err
		}, "stage_type"},
	})
}

// A sequence from its creation to its deletion.
func TestSequences_Flow(t *testing.T) {
	t.Parallel()
	_, client := fakeAPI(t)
	ctx, sequences := t.Context(), client.Sequences
	ada, err := client.Contacts.Create(ctx, funnel.ContactCreateParams{Email: "ada@example.com"})
	require.NoError(t, err)
	welcome, err := sequences.Create(ctx, funnel.SequenceCreateParams{Name: "Welcome"})
	require.NoError(t, err)
	require.Equal(t, funnel.SequenceNormal, welcome.Type)

	mail, err := sequences.CreateStage(ctx, funnel.StageCreateParams{SequenceID: welcome.ID})
	require.NoError(t, err)
	require.Equal(t, &funnel.Stage{
		ID: mail.ID, SequenceID: welcome.ID, Step: 1, Name: "Step 1", StageType: funnel.StageSendEmail, TimeValue: 1, TimeType: funnel.TimeTypeDays,
	}, mail)
	sms, err := sequences.CreateStage(ctx, funnel.StageCreateParams{
		SequenceID: welcome.ID, Name: "Reminder", StageType: funnel.StageSendSMS, TimeValue: 2, TimeType: funnel.TimeTypeWeeks,
	})
	require.NoError(t, err)
	require.Equal(t, 2, sms.Step)
	require.NoError(t, sequences.UpdateStageContent(ctx, mail.ID, funnel.StageContentParams{Subject: "Hello", Body: "Hi,\nAda"}))
	require.NoError(t, sequences.UpdateStage(ctx, sms.ID, funnel.StageUpdateParams{StageType: funnel.Ptr(funnel.StageAction)}))

	enrolled := func() []funnel.SequenceID {
		got, err := client.Contacts.Get(ctx, ada)
		require.NoError(t, err)
		return got.Sequences
	}
	require.NoError(t, sequences.Enroll(ctx, welcome.ID, ada))
	require.Equal(t, []funnel.SequenceID{welcome.ID}, enrolled())
	require.NoError(t, sequences.Unenroll(ctx, welcome.ID, funnel.Email("ada@example.com")))
	require.Empty(t, enrolled())

	require.NoError(t, sequences.DeleteStage(ctx, sms.ID))
	require.ErrorIs(t, sequences.DeleteStage(ctx, sms.ID), funnel.ErrNotFound)
	require.NoError(t, sequences.Update(ctx, welcome.ID, funnel.SequenceUpdateParams{Name: funnel.Ptr("Hello")}))
	all, err := collect(sequences.All(ctx, funnel.SequenceListParams{}))
	require.NoError(t, err)
	require.Equal(t, []funnel.Sequence{{ID: welcome.ID, Name: "Hello", Type: funnel.SequenceNormal}}, all)
	require.NoError(t, sequences.Delete(ctx, welcome.ID))
	require.ErrorIs(t, sequences.DeleteStage(ctx, mail.ID), funnel.ErrNotFound, "its stages are deleted with it")
}

func TestSequences_GetByName(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		search  string
		names   []string          // of the sequences 1, 2, …
		wantID  funnel.SequenceID // 0: an error
		matches int               // in the error
	}{
		{search: "Welcome", names: []string{"Other", "Welcome"}, wantID: 2},
		{search: " Welcome ", names: []string{"Welcome"}, wantID: 1},
		{search: "Welcome", names: []string{" Welcome"}, wantID: 1},
		{search: "welcome", names: []string{"Other", "WELCOME"}, wantID: 2},
		{search: "Welcome", names: []string{"welcome", "Welcome", "WELCOME"}, wantID: 2}, // the exact one
		{search: "Élan", names: []string{"élan"}, wantID: 1},
		{search: "Welcome", names: []string{"Welcome 2"}},
		{search: "Welcome", names: nil},
		{search: "Welcome", names: []string{"Welcome", "Welcome"}, matches: 2},
		{search: "welcome", names: []string{"Welcome", "WELCOME", "Other"}, matches: 2},
	} {
		t.Run(fmt.Sprint(tt.search, tt.names), func(t *testing.T) {
			t.Parallel()
			server := funneltest.NewServer()
			defer server.Close()
			client := server.Client()
			for _, name := range tt.names {
				_, err := client.Sequences.Create(t.Context(), funnel.SequenceCreateParams{Name: name})
				require.NoError(t, err)
			}
			sequence, err := client.Sequences.GetByName(t.Context(), tt.search)
			if tt.wantID != 0 {
				require.NoError(t, err)
				require.Equal(t, tt.wantID, sequence.ID)
				return
			}
			require.Nil(t, sequence)
			require.Equal(t, &funnel.NameError{Resource: "sequence", Name: tt.search, Matches: tt.matches}, apitest.AsError[*funnel.NameError](t, err))
			require.Equal(t, tt.matches > 0, strings.Contains(err.Error(), "rename all but one, or use the id"), err)
			require.Equal(t, tt.matches == 0, errors.Is(err, funnel.ErrNotFound))
		})
	}
}

func TestSequences_GetByNameRefusesAnEmptyName(t *testing.T) {
	t.Parallel()
	client := newMockAPI(t).client(t) // sends nothing
	_, err := client.Sequences.GetByName(t.Context(), " ")
	requireArgumentError(t, err, "name")
}
