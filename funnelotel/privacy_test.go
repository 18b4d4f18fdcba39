package funnelotel_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
)

// All that must not show up. The ids are those of a big account.
var private = []string{
	"fk-5ecret", "@example", "example.org", "ada", "lovelace", "+49", "vip", "spring sale",
	"770001", "request-id", "token", "something in the server's words",
}

func TestPrivacy_NothingPrivateIsRecorded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newServer(t, funneltest.WithAPIKey("fk-5ecret"))
		got := record(t)
		client := server.Client(funnel.WithObserver(got.observer))
		flow(t, server, client)
		require.Greater(t, len(got.spans.GetSpans()), 60)

		var recorded bytes.Buffer
		for _, span := range got.spans.GetSpans() {
			fmt.Fprintln(&recorded, span.Name, span.Status, span.Links, span.Resource, list(span.Attributes, nil))
			for _, event := range span.Events {
				fmt.Fprintln(&recorded, event.Name, list(event.Attributes, nil))
			}
		}
		recorded.WriteString(got.values(t, nil))

		for _, secret := range private {
			require.NotContains(t, strings.ToLower(recorded.String()), secret)
		}
		require.Contains(t, recorded.String(), "VALIDATION_ERROR", "the search must have something to search")
	})
}

// flow uses every resource, and fails in every way in which a server or a user
// may put private words where they do not belong.
func flow(t *testing.T, server *funneltest.Server, client *funnel.Client) {
	t.Helper()
	ctx := t.Context()
	snapshot, err := server.Snapshot()
	require.NoError(t, err)
	require.NoError(t, server.Restore(bytes.ReplaceAll(snapshot, []byte(`"last_id":0`), []byte(`"last_id":770001000`))))

	tag, err := client.Tags.Create(ctx, funnel.TagCreateParams{Name: "vip"})
	require.NoError(t, err)
	require.Greater(t, tag.ID, funnel.TagID(770001000))
	params := funnel.ContactCreateParams{
		Email: "ada@example.org", FirstName: "Ada", LastName: "Lovelace", TagIDs: []funnel.TagID{tag.ID},
	}
	contact, _, err := client.Contacts.Upsert(ctx, params)
	require.NoError(t, err)
	_, created, err := client.Contacts.Upsert(ctx, params)
	require.NoError(t, err)
	require.False(t, created)
	_, err = client.Contacts.List(ctx, funnel.ContactListParams{Period: funnel.PeriodAll})
	require.NoError(t, err)
	require.NoError(t, client.Contacts.RemoveTag(ctx, contact, tag.ID))

	sequence, err := client.Sequences.Create(ctx, funnel.SequenceCreateParams{Name: "Spring sale"})
	require.NoError(t, err)
	require.ErrorIs(t, client.Sequences.Enroll(ctx, sequence.ID, contact), funnel.ErrSequenceHasNoStages)
	page, err := client.Funnels.Create(ctx, funnel.FunnelCreateParams{Name: "Spring sale"})
	require.NoError(t, err)
	_, err = client.Funnels.CreateStep(ctx, funnel.StepCreateParams{FunnelID: page.ID, Name: "Lovelace"})
	require.NoError(t, err)
	_, err = client.Campaigns.List(ctx, funnel.CampaignListParams{})
	require.NoError(t, err)
	_, err = client.Webhooks.List(ctx)
	require.NoError(t, err)

	echo := `{"success":false,"error":{"code":"ada@example.org","message":"something in the server's words: fk-5ecret 770001001"}}`
	for _, fault := range []funneltest.Fault{
		{Status: 503, Body: echo},
		{Status: 429, Body: `{"message":"ada@example.org 770001001"}`},
		{Status: 400, Body: echo},
		{Status: 200, Body: "ada@example.org"},
		{Status: 302, Header: http.Header{"Location": {"https://example.org/ada@example.org?token=fk-5ecret"}}},
		{DropConnection: true},
		{TruncateBody: true},
		{Code: funnel.ErrValidation},
	} {
		fault.Times = 2
		server.Fail(fault)
		for range 2 {
			_, _ = client.Contacts.Get(ctx, funnel.Email("ada@example.org"))
		}
		server.ClearFaults()
	}
	canceled, cancel := context.WithCancelCause(ctx)
	cancel(errorText("ada@example.org gave up"))
	_, err = client.Contacts.Get(canceled, contact)
	require.ErrorIs(t, err, context.Canceled)

	for _, path := range []string{"/contact/770001001", "/ada@example.org", "/contact/ada", "/token=fk-5ecret"} {
		require.Error(t, client.Call(ctx, http.MethodGet, path, nil, nil, nil))
	}
	require.NoError(t, client.Contacts.Delete(ctx, contact))
	require.ErrorIs(t, client.Contacts.Delete(ctx, contact), funnel.ErrNotFound)
}

type errorText string

func (e errorText) Error() string { return string(e) }
