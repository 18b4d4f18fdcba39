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
		"an error as text":                  {`{"error":"a","message":"outer"}`, envelope.Failure{Message: "outer"}},
		"a list of errors":                  {`{"error":["a","b"],"message":"outer"}`, envelope.Failure{Message: "outer"}},
		"an empty error":                    {`{"success":false,"error":[]}`, envelope.Failure{}},
		"a null error":                      {`{"success":false,"error":null,"message":null}`, envelope.Failure{}},
		"Laravel's own validation error": {
			`{"message":"The name is missing.","errors":{"name":["The name is missing."]}}`,
			envelope.Failure{Message: "The name is missing.", Details: map[string][]string{"name": {"The name is missing."}}},
		},
		"the envelope's details go first": {
			`{"error":{"details":{"a":["1"]}},"errors":{"b":["2"]}}`,
			envelope.Failure{Details: map[string][]string{"a": {"1"}}},
		},
		"a code that is a list":     {`{"error":{"code":["X"],"message":{"en":"Nope."}}}`, envelope.Failure{}},
		"an unknown code and field": {`{"error":{"code":"SOMETHING_NEW","message":"m","hint":"h"}}`, envelope.Failure{Code: "SOMETHING_NEW", Message: "m"}},
		"escaped and invalid text":  {"{\"error\":{\"message\":\"a\\u0000\\n\xff\"}}", envelope.Failure{Message: "a\x00\n\ufffd"}},

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

func TestParseFailure_ReadsDetails(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		details string
		want    map[string][]string
	}{
		"as documented":       {`{"email":["Required.","Too short."]}`, map[string][]string{"email": {"Required.", "Too short."}}},
		"an empty map of PHP": {`[]`, nil},
		"an empty map":        {`{}`, nil},
		"null":                {`null`, nil},
		"a field with none":   {`{"email":[],"first_name":null,"name":""}`, nil},
		"an empty text":       {`""`, nil},
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
