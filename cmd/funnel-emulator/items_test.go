package main

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel/funneltest"
)

func TestItems_LatestFirst(t *testing.T) {
	t.Parallel()
	e := quiet()
	e.api.SeedContacts(shownItems + 2)
	list, err := e.items("contacts")
	require.NoError(t, err)
	require.Equal(t, shownItems+2, list.Total)
	require.Len(t, list.Rows, shownItems)
	require.Equal(t, []string{"id", "created_at", "email"}, list.Columns[:3])
	require.Equal(t, []string{"102", "contact-0000102@example.com"}, []string{list.Rows[0][0], list.Rows[0][2]})
	require.Equal(t, "3", list.Rows[shownItems-1][0])
}

func TestItems_Cells(t *testing.T) {
	t.Parallel()
	e := quiet()
	e.api.AddCustomField(funneltest.CustomField{Name: "Size", Values: []string{"S", "M"}})
	e.api.AddCustomField(funneltest.CustomField{Name: "Note"})
	list, err := e.items("custom_fields")
	require.NoError(t, err)
	require.Equal(t, "custom fields", list.Resource)
	require.Equal(t, []string{"id", "created_at", "name", "type", "values"}, list.Columns)
	for _, row := range list.Rows {
		row[1] = "now"
	}
	require.Equal(t, [][]string{
		{"2", "now", "Note", "text", ""}, // the snapshot has no values
		{"1", "now", "Size", "select", `["S","M"]`},
	}, list.Rows)

	e.api.AddOrder(funneltest.Order{Amount: "19.90"})
	list, err = e.items("orders")
	require.NoError(t, err)
	require.Contains(t, list.Rows[0], "19.90", "not a float")
	require.Contains(t, list.Rows[0], "null", "the order has no name")
}

func TestItems_EveryResource(t *testing.T) {
	t.Parallel()
	e := quiet()
	for resource := range e.api.Counts() {
		list, err := e.items(resource)
		require.NoError(t, err)
		require.NotNil(t, list, resource)
		require.Contains(t, shown(t, e, "/?resource="+resource, "resource"), "There are none.")
	}
	for _, resource := range []string{"", "version", "invoices", "<b>"} {
		list, err := e.items(resource)
		require.NoError(t, err)
		require.Nil(t, list, resource)
	}
	require.Equal(t, http.StatusOK, ask(e, "/?resource=invoices").Code)
}
