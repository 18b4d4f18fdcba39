package funnel_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
)

func TestCustomFields_Methods(t *testing.T) {
	t.Parallel()
	list := func(ctx context.Context, c *funnel.Client) (any, error) { return c.CustomFields.List(ctx) }
	sends := sentRequest{Method: "GET", Path: "/custom-fields"}
	runMethodTests(t, []methodTest{{
		name: "List", call: list, sends: sends,
		reply: listOf(fieldJSON, `{"id":6,"name":"Note","type":"text","values":null}`, `{"id":9,"name":"Born","type":"date"}`),
		want: []funnel.CustomField{
			sampleField,
			{ID: 6, Name: "Note", Type: funnel.CustomFieldText},
			{ID: 9, Name: "Born", Type: "date"},
		},
	}, {
		name: "List, none", call: list, sends: sends,
		reply: listOf(),
		want:  []funnel.CustomField{},
	}})
}

func TestCustomField_Values(t *testing.T) {
	t.Parallel()
	for value, want := range map[string][]string{
		`"Basic,Plus"`: {"Basic", "Plus"},
		`"Basic"`:      {"Basic"},
		`"à,été 🛒"`:    {"à", "été 🛒"},
		`""`:           nil,
		`null`:         nil,
	} {
		t.Run(value, func(t *testing.T) {
			t.Parallel()
			var got funnel.CustomField
			require.NoError(t, json.Unmarshal([]byte(`{"id":5,"values":`+value+`}`), &got))
			require.Equal(t, funnel.CustomField{ID: 5, Values: want}, got)
		})
	}
	require.Error(t, json.Unmarshal([]byte(`{"id":5,"values":{}}`), new(funnel.CustomField)))
}

func TestCustomFields_Flow(t *testing.T) {
	t.Parallel()
	server, client := fakeAPI(t)
	server.SeedContacts(1)
	server.AddCustomField(funneltest.CustomField{Name: "Note"})
	server.AddCustomField(funneltest.CustomField{Name: "Plan", Values: []string{"Basic", "Plus"}})
	fields, err := client.CustomFields.List(t.Context())
	require.NoError(t, err)
	require.Equal(t, []funnel.CustomField{
		{ID: 1, Name: "Note", Type: funnel.CustomFieldText},
		{ID: 2, Name: "Plan", Type: funnel.CustomFieldSelect, Values: []string{"Basic", "Plus"}},
	}, fields)
	require.NoError(t, client.Contacts.SetCustomField(t.Context(), funnel.Email("contact-0000001@example.com"), 2, "Plus"))
	require.Equal(t, "Plus", server.CustomFieldValue(1, 2))
}
