package envelope_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel/internal/envelope"
)

func TestData_ConvertsValuesToTheirTypes(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		data string
		want person
	}{
		"a string for a number":      {`{"count":"12"}`, person{Count: 12}},
		"a string with zeros":        {`{"count":"007"}`, person{Count: 7}},
		"a string with a sign":       {`{"count":"+7"}`, person{Count: 7}},
		"a negative string":          {`{"count":"-7"}`, person{Count: -7}},
		"the largest integer":        {`{"size":"9223372036854775807"}`, person{Size: math.MaxInt64}},
		"beyond a float's precision": {`{"size":9007199254740993,"name":1}`, person{Size: 9007199254740993, Name: "1"}},
		"the same as a string":       {`{"size":"9007199254740993"}`, person{Size: 9007199254740993}},

		"a number for a string":       {`{"name":12}`, person{Name: "12"}},
		"a big number for a string":   {`{"name":12345678901234567890123}`, person{Name: "12345678901234567890123"}},
		"a decimal keeps its zeros":   {`{"name":1234.50}`, person{Name: "1234.50"}},
		"an exponent stays as it was": {`{"name":1e3}`, person{Name: "1e3"}},

		"1 for true":             {`{"active":1}`, person{Active: true}},
		"the string 1 for true":  {`{"active":"1"}`, person{Active: true}},
		"0 for false":            {`{"active":0}`, person{}},
		"the string 0 for false": {`{"active":"0"}`, person{}},

		"[] for an empty struct":  {`{"address":[]}`, person{}},
		"[] for an empty pointer": {`{"owner":[]}`, person{}},
		"inside a struct": {`{"address":{"city":10115}}`, person{Address: struct {
			City string `json:"city"`
		}{"10115"}}},
		"behind a pointer": {`{"owner":{"name":1}}`, person{Owner: &tag{"1"}}},

		"{} for an empty list":     {`{"numbers":{}}`, person{Numbers: []int{}}},
		"a list with gaps":         {`{"numbers":{"0":5,"2":7}}`, person{Numbers: []int{5, 7}}},
		"in the numbers' order":    {`{"numbers":{"10":3,"9":2,"-1":1}}`, person{Numbers: []int{1, 2, 3}}},
		"strings in a list":        {`{"numbers":["5",7,null]}`, person{Numbers: []int{5, 7, 0}}},
		"in objects in a list":     {`{"tags":[{"name":1},{"name":"b"}]}`, person{Tags: []tag{{"1"}, {"b"}}}},
		"objects in gaps":          {`{"tags":{"3":{"name":1}}}`, person{Tags: []tag{{"1"}}}},
		"unknown fields beside it": {`{"count":"1","new":{"deep":[1,{"x":"y"}]},"":{"name":1}}`, person{Count: 1}},
		"several at once":          {`{"id":5,"name":1,"count":"2","active":"1","tags":{}}`, person{ID: 5, Name: "1", Count: 2, Active: true, Tags: []tag{}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := envelope.Data[person]([]byte(`{"success":true,"data":` + tt.data + `}`))
			require.NoError(t, err)
			require.Equal(t, &tt.want, got)
		})
	}
}

func TestData_ConvertsNothingThatWouldLoseSomething(t *testing.T) {
	t.Parallel()
	for name, data := range map[string]string{
		"a fraction":                  `{"count":1.5}`,
		"an exponent":                 `{"count":1e3}`,
		"text for a number":           `{"count":"a dozen"}`,
		"a fraction in a string":      `{"count":"1.5"}`,
		"a number too large":          `{"size":9223372036854775808}`,
		"a string too large":          `{"size":"9223372036854775808"}`,
		"a padded string":             `{"count":" 12 "}`,
		"an empty string":             `{"count":""}`,
		"true for a number":           `{"count":true}`,
		"true for a string":           `{"name":true}`,
		"an empty string for a bool":  `{"active":""}`,
		"a list for a number":         `{"count":[1]}`,
		"a map for a string":          `{"name":{"de":"Ada"}}`,
		"a list for a string":         `{"name":["Ada"]}`,
		"text for a bool":             `{"active":"maybe"}`,
		"two for a bool":              `{"active":2}`,
		"a list for a bool":           `{"active":[true]}`,
		"a map with names for a list": `{"numbers":{"0":1,"x":2}}`,
		"text for a list":             `{"numbers":"1,2"}`,
		"a number for a struct":       `{"address":5}`,
		"a list for a struct":         `{"address":["Berlin"]}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := envelope.Data[person]([]byte(`{"success":true,"data":` + data + `}`))
			require.ErrorIs(t, err, envelope.ErrUnexpected)
		})
	}
}

func TestData_LeavesOtherTypesToTheDecoder(t *testing.T) {
	t.Parallel()
	type odd struct {
		Name  string   `json:"name"`
		Ratio float64  `json:"ratio"`
		Any   any      `json:"any"`
		Three [3]int   `json:"three"`
		Links []string // has no name of its own
	}
	got, err := envelope.Data[odd]([]byte(`{"success":true,"data":{"name":1,"ratio":1.5,"any":{"a":[]},"three":[1,2],"links":["x"]}}`))
	require.NoError(t, err)
	require.Equal(t, &odd{Name: "1", Ratio: 1.5, Any: map[string]any{"a": []any{}}, Three: [3]int{1, 2}, Links: []string{"x"}}, got)
}
