package funneltest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel/funneltest"
)

func TestCustomFields_List(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.expect(exchange{`GET /custom-fields`, 200, data(`[]`)})
	require.EqualValues(t, 1, a.AddCustomField(funneltest.CustomField{}))
	sizes := []string{"small", "large"}
	require.EqualValues(t, 2, a.AddCustomField(funneltest.CustomField{Name: "Size", Values: sizes}))
	sizes[0] = "changed" // the server has its own copy
	require.EqualValues(t, 3, a.AddCustomField(funneltest.CustomField{Name: "Birthday", Type: "date"}))
	a.expect(exchange{`GET /custom-fields?page=2&per_page=1`, 200, data(`[
		{"id":1,"name":"Field 1","type":"text","values":null},
		{"id":2,"name":"Size","type":"select","values":"small,large"},
		{"id":3,"name":"Birthday","type":"date","values":null}]`)})
}

func TestServer_AddCustomFieldChecksValues(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	for _, value := range []string{"", "a,b"} {
		require.Panics(t, func() { a.AddCustomField(funneltest.CustomField{Values: []string{"ok", value}}) })
	}
	require.Zero(t, a.Counts()["custom_fields"])
}
