package envelope_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel/internal/envelope"
)

func TestParseFailure_ReadsWhatTheResponseSays(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		body string
		want envelope.Failure
	}{
		"the envelope": {
			`{"success":false,"error":{"code":"NOT_FOUND","message":"No such contact."}}`,
			envelope.Failure{Code: "NOT_FOUND", Message: "No such contact."},
		},
		"the reference's validation error": {
			`{
				"success": false,
				"error": {
					"code": "VALIDATION_ERROR",
					"message": "The given data was invalid",
					"details": {
						"email": ["The email field is required."],
						"per_page": ["The per page must be between 1 and 100."]
					}
				}
			}`,
			envelope.Failure{
				Code:    "VALIDATION_ERROR",
				Message: "The given data was invalid",
				Details: map[string][]string{
					"email":    {"The email field is required."},
					"per_page": {"The per page must be between 1 and 100."},
				},
			},
		},
		"the reference's 429":               {`{"message": "Too Many Attempts."}`, envelope.Failure{Message: "Too Many Attempts."}},
		"the envelope's message goes first": {`{"message":"outer","error":{"message":"inner"}}`, envelope.Failure{Message: "inner"}},
		"a message beside a code":           {`{"message":"outer","error":{"code":"X"}}`, envelope.Failure{Code: "X", Message: "outer"}},
		"an error as text":                  {`{"success":false,"error":"Nope."}`, envelope.Failure{Message: "Nope."}},
		"an error as a number":              {`{"success":false,"error":500}`, envelope.Failure{Message: "500"}},
		"a list of errors":                  {`{"error":["a","b"],"message":"outer"}`, envelope.Failure{Message: "outer"}},
		"an empty error":                    {`{"success":false,"error":[]}`, envelope.Failure{}},
		"a null error":                      {`{"success":false,"error":null,"message":null}`, envelope.Failure{}},
		"Laravel's own validation error": {
			`{"message":"The name is missing.","errors":{"name":["The name is missing."],"color":"unknown"}}`,
			envelope.Failure{Message: "The name is missing.", Details: map[string][]string{"name": {"The name is missing."}, "color": {"unknown"}}},
		},
		"the envelope's details go first": {
			`{"error":{"details":{"a":["1"]}},"errors":{"b":["2"]}}`,
			envelope.Failure{Details: map[string][]string{"a": {"1"}}},
		},
		"a numeric code":              {`{"error":{"code":404,"message":true}}`, envelope.Failure{Code: "404", Message: "true"}},
		"a big number stays as it is": {`{"error":{"code":12345678901234567890,"message":9007199254740993}}`, envelope.Failure{Code: "12345678901234567890", Message: "9007199254740993"}},
		"a code that is a list":       {`{"error":{"code":["X"],"message":{"en":"Nope."}}}`, envelope.Failure{}},
		"an unknown code and field":   {`{"error":{"code":"SOMETHING_NEW","message":"m","hint":"h"}}`, envelope.Failure{Code: "SOMETHING_NEW", Message: "m"}},
		"escaped and invalid text":    {"{\"error\":{\"message\":\"a\\u0000\\n\xff\"}}", envelope.Failure{Message: "a\x00\n\ufffd"}},

		"an empty body":   {``, envelope.Failure{}},
		"a page":          {`<html><title>502</title></html>`, envelope.Failure{}},
		"text":            {`"Not Found"`, envelope.Failure{}},
		"a list":          {`[{"error":{"code":"X"}}]`, envelope.Failure{}},
		"null":            {`null`, envelope.Failure{}},
		"a page after it": {`{"error":{"code":"X"}}<br>`, envelope.Failure{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, &tt.want, envelope.ParseFailure([]byte(tt.body)))
		})
	}
}

func TestParseFailure_ReadsDetailsOfEveryShape(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		details string
		want    map[string][]string
	}{
		"as documented":       {`{"email":["Required.","Too short."]}`, map[string][]string{"email": {"Required.", "Too short."}}},
		"a text for a field":  {`{"email":"Required."}`, map[string][]string{"email": {"Required."}}},
		"several shapes":      {`{"a":"A","b":["B"]}`, map[string][]string{"a": {"A"}, "b": {"B"}}},
		"an empty map of PHP": {`[]`, nil},
		"an empty map":        {`{}`, nil},
		"null":                {`null`, nil},
		"a field with none":   {`{"email":[],"first_name":null,"name":""}`, nil},
		"a bare text":         {`"Everything is wrong."`, map[string][]string{"": {"Everything is wrong."}}},
		"an empty text":       {`""`, nil},
		"a list of texts":     {`["a","b"]`, map[string][]string{"": {"a", "b"}}},
		"a list of objects":   {`[{"field":"email","message":"Required."}]`, map[string][]string{"": {"email", "Required."}}},
		"nested":              {`{"address":{"zip":["Bad."],"city":["Empty.","Odd."]},"tag_ids":[["x"],[{"0":"y"}]]}`, map[string][]string{"address": {"Empty.", "Odd.", "Bad."}, "tag_ids": {"x", "y"}}},
		"numbers and bools":   {`{"a":[1,1.50,9007199254740993,false]}`, map[string][]string{"a": {"1", "1.50", "9007199254740993", "false"}}},
		"the empty field":     {`{"":["General."]}`, map[string][]string{"": {"General."}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := envelope.ParseFailure([]byte(`{"success":false,"error":{"code":"VALIDATION_ERROR","message":"m","details":` + tt.details + `}}`))
			require.Equal(t, &envelope.Failure{Code: "VALIDATION_ERROR", Message: "m", Details: tt.want}, got)
		})
	}
}

func TestParseFailure_TruncatedSaysNothing(t *testing.T) {
	t.Parallel()
	const body = `{"success":false,"error":{"code":"NOT_FOUND","message":"m","details":{"a":["b"]}},"message":"n"}`
	for n := range len(body) {
		require.Equal(t, &envelope.Failure{}, envelope.ParseFailure([]byte(body[:n])), "%s", body[:n])
	}
}
