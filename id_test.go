package funnel_test

import (
	"encoding/json"
	"math"
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
)

func TestID_ReadsNumbersAndNumericStrings(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		json string
		want funnel.ContactID
	}{
		"a number":                     {`12`, 12},
		"a string":                     {`"12"`, 12},
		"a string with zeros":          {`"0012"`, 12},
		"zero":                         {`0`, 0},
		"null":                         {`null`, 0},
		"an empty string":              {`""`, 0},
		"negative":                     {`-1`, -1},
		"beyond a float's precision":   {`9007199254740993`, 9007199254740993},
		"the same as a string":         {`"9007199254740993"`, 9007199254740993},
		"the largest":                  {`9223372036854775807`, math.MaxInt64},
		"the largest as a string":      {`"9223372036854775807"`, math.MaxInt64},
		"the smallest":                 {`-9223372036854775808`, math.MinInt64},
		"white space around the value": {" 12\n", 12},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := funnel.ContactID(99)
			require.NoError(t, json.Unmarshal([]byte(tt.json), &got))
			require.Equal(t, tt.want, got)
		})
	}
}

func TestID_RefusesOtherValues(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]string{
		"a fraction":           `1.5`,
		"a whole fraction":     `1.0`,
		"an exponent":          `1e3`,
		"a fraction, quoted":   `"1.5"`,
		"an exponent, quoted":  `"1e3"`,
		"one too large":        `9223372036854775808`,
		"one too large quoted": `"9223372036854775808"`,
		"text":                 `"abc"`,
		"null in quotes":       `"null"`,
		"digits among others":  `"12 34"`,
		"hexadecimal":          `"0x10"`,
		"true":                 `true`,
		"a list":               `[1]`,
		"an object":            `{"id":1}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := funnel.ContactID(99)
			require.EqualError(t, json.Unmarshal([]byte(value), &got), "an id is not a 64-bit integer")
			require.Equal(t, funnel.ContactID(99), got)
		})
	}
}

func TestID_IsWrittenAsANumber(t *testing.T) {
	t.Parallel()
	written, err := json.Marshal(map[string]any{
		"one":   funnel.ContactID(9007199254740993),
		"many":  []funnel.TagID{1, 2},
		"by id": map[funnel.TagID]string{7: "vip"},
	})
	require.NoError(t, err)
	require.Equal(t, `{"by id":{"7":"vip"},"many":[1,2],"one":9007199254740993}`, string(written))
	require.Equal(t, "9007199254740993", funnel.ContactID(9007199254740993).String())
}

func TestID_IsAMapKey(t *testing.T) {
	t.Parallel()
	var read struct {
		Tags map[funnel.TagID]string `json:"tags"`
		IDs  []funnel.TagID          `json:"ids"`
	}
	require.NoError(t, json.Unmarshal([]byte(`{"tags":{"7":"vip"},"ids":[7,"8",null]}`), &read))
	require.Equal(t, map[funnel.TagID]string{7: "vip"}, read.Tags)
	require.Equal(t, []funnel.TagID{7, 8, 0}, read.IDs)
}

func FuzzID(f *testing.F) {
	f.Fuzz(func(t *testing.T, value []byte) {
		var id funnel.ContactID
		if json.Unmarshal(value, &id) != nil {
			return
		}
		if digits := strings.Trim(string(value), "\" \t\r\n"); digits != "" && digits != "null" {
			exact, ok := new(big.Int).SetString(digits, 10)
			require.True(t, ok, "%q is no integer", digits)
			require.Equal(t, exact.Int64(), int64(id))
			require.True(t, exact.IsInt64(), "%q does not fit", digits)
		} else {
			require.Zero(t, id)
		}

		written, err := json.Marshal(id)
		require.NoError(t, err)
		require.Equal(t, id.String(), string(written))
		var again funnel.ContactID
		require.NoError(t, json.Unmarshal(written, &again))
		require.Equal(t, id, again)
	})
}
