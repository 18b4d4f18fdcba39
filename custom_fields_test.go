package funnel_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
)

func TestCustomFields_Reading(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		body string
		want funnel.CustomFields
	}{
		"texts":              {`{"plan":"pro","note":""}`, funnel.CustomFields{"plan": "pro", "note": ""}},
		"null":               {`null`, nil},
		"PHP's empty map":    {`[]`, nil},
		"numbers":            {`{"seats":12,"price":9.90,"big":9007199254740993}`, funnel.CustomFields{"seats": "12", "price": "9.90", "big": "9007199254740993"}},
		"a null value":       {`{"plan":null,"seats":1}`, funnel.CustomFields{"plan": "", "seats": "1"}},
		"a list and a truth": {`{"colours":["red","blue"],"vip":true}`, funnel.CustomFields{"colours": `["red","blue"]`, "vip": "true"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var contact funnel.Contact
			require.NoError(t, json.Unmarshal([]byte(`{"id":1,"custom_fields":`+test.body+`,"phone":"7"}`), &contact))
			require.Equal(t, funnel.Contact{ID: 1, CustomFields: test.want, Phone: "7"}, contact)
		})
	}
	require.Error(t, json.Unmarshal([]byte(`"pro"`), new(funnel.CustomFields)))
}

func TestCustomFields_NoneInAnUpdateTakesAllAway(t *testing.T) {
	t.Parallel()
	for name, fields := range map[string]*funnel.CustomFields{
		"nil inside": new(funnel.CustomFields),
		"empty":      {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, err := json.Marshal(funnel.ContactUpdateParams{CustomFields: fields})
			require.NoError(t, err)
			require.JSONEq(t, `{"custom_fields":{}}`, string(b))
		})
	}
	b, err := json.Marshal(funnel.ContactUpdateParams{})
	require.NoError(t, err)
	require.JSONEq(t, `{}`, string(b))
}
