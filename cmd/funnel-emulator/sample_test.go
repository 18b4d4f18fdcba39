package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
)

func TestSampleData_FillsTheAccount(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 0, 0, 1, 0, time.UTC)
	server := newServer(funneltest.WithClock(func() time.Time { return now }))
	sample, err := sampleData(now)
	require.NoError(t, err)
	require.NoError(t, server.Restore(sample))
	for resource, n := range server.Counts() {
		require.Equal(t, resource != "webhooks", n > 0, "add %s to cmd/funnel-emulator/sample.json", resource)
	}
	snapshot, err := server.Snapshot()
	require.NoError(t, err)
	restored := newServer()
	require.NoError(t, restored.Restore(snapshot))
	again, err := restored.Snapshot()
	require.NoError(t, err)
	require.Equal(t, string(snapshot), string(again))
	client, ctx := server.Client(), t.Context()
	fields, err := client.CustomFields.List(ctx)
	require.NoError(t, err)
	types := make(map[funnel.CustomFieldType]bool)
	for _, field := range fields {
		types[field.Type] = true
	}
	require.Equal(t, map[funnel.CustomFieldType]bool{funnel.CustomFieldText: true, funnel.CustomFieldSelect: true}, types)

	// Right after midnight nothing was created in the future.
	for _, period := range []funnel.Period{funnel.PeriodToday, funnel.PeriodLast7Days, funnel.PeriodLast30Days} {
		page, err := client.Contacts.List(ctx, funnel.ContactListParams{Period: period})
		require.NoError(t, err)
		require.NotEmpty(t, page.Items, period)
		require.False(t, page.Items[0].CreatedAt.After(now), period)
	}
	created, err := client.Tags.Create(ctx, funnel.TagCreateParams{Name: "new"})
	require.NoError(t, err)
	require.Equal(t, funnel.TagID(4), created.ID, "ids continue after the sample's")
}
