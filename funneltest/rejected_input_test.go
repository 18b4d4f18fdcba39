package funneltest_test

import (
	"context"
	"iter"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
)

// Input that the SDK sends, and the API returns an error for, through the SDK's own
// client.

// A rejectedInput is a call whose input the API does not accept.
type rejectedInput struct {
	name    string
	call    func(context.Context, *funnel.Client) error
	sends   string              // part of the query or the body
	code    funnel.Code         // of the error
	details map[string][]string // of a validation error; nil: not checked
}

// runRejectedInputTests makes each call with a server of its own, prepared by setUp.
// No call may change the server's state.
func runRejectedInputTests(t *testing.T, setUp func(*testing.T, *funnel.Client), tests []rejectedInput) {
	t.Helper()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server := funneltest.NewServer()
			defer server.Close()
			client := server.Client()
			setUp(t, client)
			before, err := server.Snapshot()
			require.NoError(t, err)

			err = tt.call(t.Context(), client)

			require.ErrorIs(t, err, tt.code)
			requests := server.Requests()
			sent := requests[len(requests)-1]
			require.Contains(t, sent.Query.Encode()+string(sent.Body), tt.sends)
			if tt.details != nil {
				var invalid *funnel.ValidationError
				require.ErrorAs(t, err, &invalid)
				require.Equal(t, tt.details, invalid.Details)
			}
			after, err := server.Snapshot()
			require.NoError(t, err)
			require.JSONEq(t, string(before), string(after))
		})
	}
}

// lastError returns the error that ends a range.
func lastError[T any](items iter.Seq2[*T, error]) error {
	var last error
	for _, err := range items {
		last = err
	}
	return last
}

func TestServer_RejectsInputOfContacts(t *testing.T) {
	t.Parallel()
	setUp := func(t *testing.T, c *funnel.Client) { // contact 1, tag 1, and sequence 1 without stages
		t.Helper()
		_, err := c.Contacts.Create(t.Context(), funnel.ContactCreateParams{Email: "ada@example.com"})
		require.NoError(t, err)
		_, err = c.Tags.Create(t.Context(), funnel.TagCreateParams{Name: "vip"})
		require.NoError(t, err)
		_, err = c.Sequences.Create(t.Context(), funnel.SequenceCreateParams{Name: "Empty"})
		require.NoError(t, err)
	}
	create := func(params funnel.ContactCreateParams) func(context.Context, *funnel.Client) error {
		return func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Contacts.Create(ctx, params)
			return err
		}
	}
	runRejectedInputTests(t, setUp, []rejectedInput{
		{name: "address that is taken", call: create(funnel.ContactCreateParams{Email: "ADA@example.com"}), sends: `"email":"ADA@example.com"`, code: funnel.ErrContactExists},
		{name: "no address", call: create(funnel.ContactCreateParams{Email: "ada at example.com"}), sends: `"email":"ada at example.com"`, code: funnel.ErrValidation,
			details: map[string][]string{"email": {"The email must be a valid email address."}}},
		{name: "tag that does not exist", call: create(funnel.ContactCreateParams{Email: "new@example.com", TagIDs: []funnel.TagID{1, 99}}), sends: `"tag_ids":"1,99"`, code: funnel.ErrNotFound},
		{name: "sequence that does not exist", call: create(funnel.ContactCreateParams{Email: "new@example.com", SequenceIDs: []funnel.SequenceID{99}}), sends: `"sequence_ids":"99"`, code: funnel.ErrNotFound},
		{name: "contact that does not exist", call: func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Contacts.Get(ctx, funnel.ContactID(1<<62))
			return err
		}, sends: "contact_id=4611686018427387904", code: funnel.ErrNotFound},
		{name: "address that does not exist", call: func(ctx context.Context, c *funnel.Client) error {
			return c.Contacts.Delete(ctx, funnel.Email("nobody@example.com"))
		}, sends: `"email":"nobody@example.com"`, code: funnel.ErrNotFound},
		{name: "custom field that does not exist", call: func(ctx context.Context, c *funnel.Client) error {
			return c.Contacts.SetCustomField(ctx, funnel.ContactID(1), 99, "Plus")
		}, sends: `"custom_field_id":99`, code: funnel.ErrNotFound},
		{name: "unknown period", call: func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Contacts.List(ctx, funnel.ContactListParams{Period: "last90days"})
			return err
		}, sends: "period=last90days", code: funnel.ErrInvalidPeriod},
		{name: "malformed tag_ids", call: func(ctx context.Context, c *funnel.Client) error {
			return c.Call(ctx, http.MethodPost, "/contact", nil, map[string]string{"email": "new@example.com", "tag_ids": "1,x"}, nil)
		}, sends: `"tag_ids":"1,x"`, code: funnel.ErrValidation, details: map[string][]string{}},
	})
}

func TestServer_RejectsInputOfTags(t *testing.T) {
	t.Parallel()
	setUp := func(t *testing.T, c *funnel.Client) { // tags 1 and 2
		t.Helper()
		for _, name := range []string{"vip", "trial"} {
			_, err := c.Tags.Create(t.Context(), funnel.TagCreateParams{Name: name})
			require.NoError(t, err)
		}
	}
	runRejectedInputTests(t, setUp, []rejectedInput{
		{name: "name that is taken", call: func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Tags.Create(ctx, funnel.TagCreateParams{Name: "VIP"})
			return err
		}, sends: `"name":"VIP"`, code: funnel.ErrTagExists},
		{name: "name of another tag", call: func(ctx context.Context, c *funnel.Client) error {
			return c.Tags.Update(ctx, 2, funnel.TagUpdateParams{Name: funnel.Ptr("vip")})
		}, sends: `"tag_id":2`, code: funnel.ErrTagExists},
		{name: "empty name", call: func(ctx context.Context, c *funnel.Client) error {
			return c.Tags.Update(ctx, 2, funnel.TagUpdateParams{Name: funnel.Ptr("")})
		}, sends: `"name":""`, code: funnel.ErrValidation, details: map[string][]string{"name": {"The name field is required."}}},
		{name: "tag that does not exist", call: func(ctx context.Context, c *funnel.Client) error {
			return c.Tags.Delete(ctx, 99)
		}, sends: `"tag_id":99`, code: funnel.ErrNotFound},
		{name: "contacts of a tag that does not exist", call: func(ctx context.Context, c *funnel.Client) error {
			err := lastError(c.Tags.AllContacts(ctx, 99))
			return err
		}, sends: "tag_id=99", code: funnel.ErrNotFound},
	})
}

func TestServer_RejectsInputOfSequences(t *testing.T) {
	t.Parallel()
	setUp := func(t *testing.T, c *funnel.Client) { // sequence 1 has an SMS stage, sequence 2 has none
		t.Helper()
		for _, name := range []string{"Welcome", "Empty"} {
			_, err := c.Sequences.Create(t.Context(), funnel.SequenceCreateParams{Name: name})
			require.NoError(t, err)
		}
		_, err := c.Sequences.CreateStage(t.Context(), funnel.StageCreateParams{SequenceID: 1, StageType: funnel.StageSendSMS})
		require.NoError(t, err)
		_, err = c.Contacts.Create(t.Context(), funnel.ContactCreateParams{Email: "ada@example.com"})
		require.NoError(t, err)
	}
	runRejectedInputTests(t, setUp, []rejectedInput{
		{name: "unknown type of a new sequence", call: func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Sequences.Create(ctx, funnel.SequenceCreateParams{Name: "New", Type: "spiral"})
			return err
		}, sends: `"type":"spiral"`, code: funnel.ErrValidation, details: map[string][]string{"type": {"The selected type is invalid."}}},
		{name: "empty name", call: func(ctx context.Context, c *funnel.Client) error {
			return c.Sequences.Update(ctx, 1, funnel.SequenceUpdateParams{Name: funnel.Ptr("")})
		}, sends: `"name":""`, code: funnel.ErrValidation, details: map[string][]string{"name": {"The name field is required."}}},
		{name: "unknown type of a stage", call: func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Sequences.CreateStage(ctx, funnel.StageCreateParams{SequenceID: 1, StageType: "fax"})
			return err
		}, sends: `"stage_type":"fax"`, code: funnel.ErrValidation, details: map[string][]string{"stage_type": {"The selected stage type is invalid."}}},
		{name: "unknown unit of a delay", call: func(ctx context.Context, c *funnel.Client) error {
			return c.Sequences.UpdateStage(ctx, 1, funnel.StageUpdateParams{TimeType: funnel.Ptr(funnel.TimeType(60))})
		}, sends: `"time_type":60`, code: funnel.ErrValidation, details: map[string][]string{"time_type": {"The selected time type is invalid."}}},
		{name: "stage of a sequence that does not exist", call: func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Sequences.CreateStage(ctx, funnel.StageCreateParams{SequenceID: 99})
			return err
		}, sends: `"sequence_id":99`, code: funnel.ErrNotFound},
		{name: "content of an SMS stage", call: func(ctx context.Context, c *funnel.Client) error {
			return c.Sequences.UpdateStageContent(ctx, 1, funnel.StageContentParams{Subject: "Hello", Body: "Hi"})
		}, sends: `"stage_id":1`, code: funnel.ErrStageNotEmail},
		{name: "enrolment in a sequence without stages", call: func(ctx context.Context, c *funnel.Client) error {
			return c.Sequences.Enroll(ctx, 2, funnel.ContactID(1))
		}, sends: `"sequence_id":2`, code: funnel.ErrSequenceHasNoStages},
		{name: "enrolment of nobody", call: func(ctx context.Context, c *funnel.Client) error {
			return c.Sequences.Enroll(ctx, 1, funnel.ContactID(99))
		}, sends: `"contact_id":99`, code: funnel.ErrNotFound},
	})
}

func TestServer_RejectsInputOfFunnels(t *testing.T) {
	t.Parallel()
	setUp := func(t *testing.T, c *funnel.Client) { // funnel 1 with the steps "buy" and "thanks"
		t.Helper()
		_, err := c.Funnels.Create(t.Context(), funnel.FunnelCreateParams{Name: "Shop"})
		require.NoError(t, err)
		for _, name := range []string{"Buy", "Thanks"} {
			_, err = c.Funnels.CreateStep(t.Context(), funnel.StepCreateParams{FunnelID: 1, Name: name})
			require.NoError(t, err)
		}
	}
	setPath := func(path string) func(context.Context, *funnel.Client) error {
		return func(ctx context.Context, c *funnel.Client) error {
			return c.Funnels.UpdateStep(ctx, 2, funnel.StepUpdateParams{Path: &path})
		}
	}
	badPath := map[string][]string{"path": {"The path format is invalid."}}
	runRejectedInputTests(t, setUp, []rejectedInput{
		{name: "unknown type of a new funnel", call: func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Funnels.Create(ctx, funnel.FunnelCreateParams{Name: "New", Type: 7})
			return err
		}, sends: `"type":7`, code: funnel.ErrValidation, details: map[string][]string{"type": {"The selected type is invalid."}}},
		{name: "several fields at once", call: func(ctx context.Context, c *funnel.Client) error {
			return c.Funnels.UpdateStep(ctx, 1, funnel.StepUpdateParams{Name: funnel.Ptr(""), Path: funnel.Ptr("a b")})
		}, sends: `"name":"","path":"a b"`, code: funnel.ErrValidation, details: map[string][]string{
			"name": {"The name field is required."}, "path": {"The path format is invalid."},
		}},
		{name: "path of another step", call: setPath("buy"), sends: `"path":"buy"`, code: funnel.ErrPathTaken},
		{name: "path with a slash", call: setPath("a/b"), sends: `"path":"a/b"`, code: funnel.ErrValidation, details: badPath},
		{name: "path that climbs", call: setPath(".."), sends: `"path":".."`, code: funnel.ErrValidation, details: badPath},
		{name: "path with a query", call: setPath("buy?x=1"), sends: `"path":"buy?x=1"`, code: funnel.ErrValidation, details: badPath},
		{name: "path with quotes", call: setPath(`x","name":"y`), sends: `"path":"x\",\"name\":\"y"`, code: funnel.ErrValidation, details: badPath},
		{name: "step of a funnel that does not exist", call: func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Funnels.CreateStep(ctx, funnel.StepCreateParams{FunnelID: 99, Name: "Buy"})
			return err
		}, sends: `"funnel_id":99`, code: funnel.ErrNotFound},
	})
}

func TestServer_RejectsInputOfCampaigns(t *testing.T) {
	t.Parallel()
	setUp := func(t *testing.T, c *funnel.Client) { // campaign 1 is scheduled, campaign 2 is not
		t.Helper()
		for _, name := range []string{"Launch", "Draft"} {
			_, err := c.Campaigns.Create(t.Context(), funnel.CampaignCreateParams{Name: name})
			require.NoError(t, err)
		}
		require.NoError(t, c.Campaigns.Schedule(t.Context(), 1, time.Now().Add(time.Hour)))
	}
	schedule := func(at time.Time) func(context.Context, *funnel.Client) error {
		return func(ctx context.Context, c *funnel.Client) error { return c.Campaigns.Schedule(ctx, 2, at) }
	}
	runRejectedInputTests(t, setUp, []rejectedInput{
		{name: "unknown status", call: func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Campaigns.List(ctx, funnel.CampaignListParams{Status: "on hold"})
			return err
		}, sends: "status=on+hold", code: funnel.ErrInvalidStatus},
		{name: "unknown status, all", call: func(ctx context.Context, c *funnel.Client) error {
			err := lastError(c.Campaigns.All(ctx, funnel.CampaignListParams{Status: "Sent"}))
			return err
		}, sends: "status=Sent", code: funnel.ErrInvalidStatus},
		{name: "unknown period", call: func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Campaigns.List(ctx, funnel.CampaignListParams{Period: "tomorrow"})
			return err
		}, sends: "period=tomorrow", code: funnel.ErrInvalidPeriod},
		{name: "a minute ago", call: schedule(time.Now().Add(-time.Minute)), sends: "scheduled_for", code: funnel.ErrInvalidDate},
		{name: "year 1", call: schedule(time.Date(1, 1, 1, 0, 0, 1, 0, time.UTC)), sends: "0001-01-01T00:00:01Z", code: funnel.ErrInvalidDate},
		{name: "delete a scheduled campaign", call: func(ctx context.Context, c *funnel.Client) error {
			return c.Campaigns.Delete(ctx, 1)
		}, sends: `"campaign_id":1`, code: funnel.ErrCampaignScheduled},
		{name: "empty name", call: func(ctx context.Context, c *funnel.Client) error {
			return c.Campaigns.Update(ctx, 1, funnel.CampaignUpdateParams{Name: funnel.Ptr("")})
		}, sends: `"name":""`, code: funnel.ErrValidation, details: map[string][]string{"name": {"The name field is required."}}},
		{name: "campaign that does not exist", call: func(ctx context.Context, c *funnel.Client) error {
			return c.Campaigns.Unschedule(ctx, 99)
		}, sends: `"campaign_id":99`, code: funnel.ErrNotFound},
	})
}

// If many calls create the same thing at the same time, exactly one succeeds, and the
// others get the code of the conflict.
func TestServer_OneOfManyConflictingCallsSucceeds(t *testing.T) {
	t.Parallel()
	const rivals = 30
	for name, tt := range map[string]struct {
		call     func(ctx context.Context, c *funnel.Client, rival int) error
		conflict funnel.Code
		count    string // of what there is one more; empty: an update
	}{
		"contacts": {func(ctx context.Context, c *funnel.Client, rival int) error {
			_, err := c.Contacts.Create(ctx, funnel.ContactCreateParams{Email: "ada@example.com", FirstName: strconv.Itoa(rival)})
			return err
		}, funnel.ErrContactExists, "contacts"},
		"tags": {func(ctx context.Context, c *funnel.Client, _ int) error {
			_, err := c.Tags.Create(ctx, funnel.TagCreateParams{Name: "vip"})
			return err
		}, funnel.ErrTagExists, "tags"},
		"webhooks": {func(ctx context.Context, c *funnel.Client, _ int) error {
			_, err := c.Webhooks.Create(ctx, funnel.WebhookCreateParams{URL: "https://example.com/hook"})
			return err
		}, funnel.ErrWebhookExists, "webhooks"},
		"paths of steps": {func(ctx context.Context, c *funnel.Client, rival int) error {
			return c.Funnels.UpdateStep(ctx, funnel.StepID(rival+1), funnel.StepUpdateParams{Path: funnel.Ptr("new")})
		}, funnel.ErrPathTaken, ""},
		"names of tags": {func(ctx context.Context, c *funnel.Client, rival int) error {
			return c.Tags.Update(ctx, funnel.TagID(rival+1), funnel.TagUpdateParams{Name: funnel.Ptr("new")})
		}, funnel.ErrTagExists, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := funneltest.NewServer()
			defer server.Close()
			client := server.Client()
			_, err := client.Funnels.Create(t.Context(), funnel.FunnelCreateParams{Name: "Shop"})
			require.NoError(t, err)
			for i := range rivals { // what the updates change
				_, err := client.Tags.Create(t.Context(), funnel.TagCreateParams{Name: "tag " + strconv.Itoa(i)})
				require.NoError(t, err)
				_, err = client.Funnels.CreateStep(t.Context(), funnel.StepCreateParams{FunnelID: 1, Name: "Step"})
				require.NoError(t, err)
			}
			before := server.Counts()

			errs := make([]error, rivals)
			start := make(chan struct{})
			var all sync.WaitGroup
			for i := range errs {
				all.Go(func() {
					<-start
					errs[i] = tt.call(t.Context(), client, i)
				})
			}
			close(start)
			all.Wait()

			succeeded := 0
			for _, err := range errs {
				if err == nil {
					succeeded++
				} else {
					require.ErrorIs(t, err, tt.conflict)
				}
			}
			require.Equal(t, 1, succeeded)
			if tt.count != "" {
				before[tt.count]++
			}
			require.Equal(t, before, server.Counts())
		})
	}
}
