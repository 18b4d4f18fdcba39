package envelope_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel/internal/envelope"
)

// most is how many values an answer may hold.
const most = 1 << 18

// An answer of many small values would take a hundred times its bytes, however
// it is read.
func TestReaders_LimitTheNumberOfValues(t *testing.T) {
	empty := strings.Repeat("{},", most-3) // with "success", and two more
	readers := map[string]func(body string) error{
		"as a list": func(body string) error {
			_, _, err := envelope.List[struct{}]([]byte(body))
			return err
		},
		"as a list whose values have to be mended": func(body string) error {
			_, _, err := envelope.List[[]string]([]byte(body))
			return err
		},
		"as a result": func(body string) error {
			_, err := envelope.Data[[]struct{}]([]byte(body))
			return err
		},
		"as a success": func(body string) error { return envelope.Success([]byte(body)) },
	}
	for name, read := range readers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := read(`{"success":true,"data":[` + empty + `{},{},{}]}`)
			require.ErrorIs(t, err, envelope.ErrUnexpected)
			require.ErrorContains(t, err, "more than 262144 values")
			if name == "as a list" {
				require.NoError(t, read(`{"success":true,"data":[`+empty+`{},{}]}`))
			}
		})
	}
}

func TestParseFailure_LimitsTheNumberOfValues(t *testing.T) {
	failure := func(values int) string {
		return `{"success":false,"error":{"message":"no","details":[` + strings.Repeat("[],", values-3) + `[]]}}`
	}
	require.Equal(t, "no", envelope.ParseFailure([]byte(failure(most))).Message)
	require.Empty(t, envelope.ParseFailure([]byte(failure(most+1))))
	require.ErrorIs(t, envelope.Success([]byte(failure(most+1))), envelope.ErrUnexpected)
}

// A comma in a text is none between values.
func TestData_LongTextIsOneValue(t *testing.T) {
	for _, text := range []string{",", `\",`, `\\,`, `],[,`, `\",,,,`} {
		body := `{"success":true,"data":"` + strings.Repeat(text, 3*most/strings.Count(text, ",")) + `"}`
		data, err := envelope.Data[string]([]byte(body))
		require.NoError(t, err, text)
		require.GreaterOrEqual(t, len(*data), 3*most)
	}
}

// As many values as there may be are read whatever the texts among them hold.
func TestSuccess_AsManyValuesAsAllowed(t *testing.T) {
	for values, ok := range map[int]bool{most: true, most + 1: false} {
		body := `{"success":true,"data":["` + strings.Repeat(",", 10) + `"` + strings.Repeat(",0", values-2) + `]}`
		err := envelope.Success([]byte(body))
		require.Equal(t, ok, err == nil, "%d values: %v", values, err)
	}
}

// An answer that says of itself that it is a success is one, whatever it says
// besides.
func TestSuccess_TakesPrecedenceOverAnError(t *testing.T) {
	require.NoError(t, envelope.Success([]byte(`{"success":true,"error":{"message":"an old one"}}`)))
	require.Error(t, envelope.Success([]byte(`{"error":{"message":"a new one"}}`)))
}
