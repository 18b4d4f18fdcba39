package envelope_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel/internal/envelope"
)

// A person has a field of each kind that the API's results have.
type person struct {
	ID      code              `json:"id"`
	Name    string            `json:"name"`
	Count   int               `json:"count"`
	Size    int64             `json:"size"`
	Active  bool              `json:"active"`
	Fields  map[string]string `json:"fields"`
	Tags    []tag             `json:"tags"`
	Numbers []int             `json:"numbers"`
	Owner   *tag              `json:"owner"`
	Address struct {
		City string `json:"city"`
	} `json:"address"`
}

type tag struct {
	Name string `json:"name"`
}

// A code is read by its own rule, as ids are: decoding ends where it is broken.
type code int

func (c *code) UnmarshalJSON(b []byte) error {
	return json.Unmarshal(b, (*int)(c))
}

// The three readers, without their results.
var readers = map[string]func(body []byte) error{
	"Data": func(body []byte) error {
		_, err := envelope.Data[person](body)
		return err
	},
	"List": func(body []byte) error {
		_, _, err := envelope.List[person](body)
		return err
	},
	"Success": envelope.Success,
}

func requireFailure(t *testing.T, err error) *envelope.Failure {
	t.Helper()
	var failure *envelope.Failure
	require.ErrorAs(t, err, &failure)
	return failure
}

func TestData_ReadsTheResult(t *testing.T) {
	t.Parallel()
	ada := &person{ID: 12, Name: "Ada", Active: true, Tags: []tag{{"vip"}}, Fields: map[string]string{"plan": "pro"}}
	for name, body := range map[string]string{
		"as documented":              `{"success":true,"data":{"id":12,"name":"Ada","active":true,"tags":[{"name":"vip"}],"fields":{"plan":"pro"}}}`,
		"success comes last":         `{"data":{"id":12,"name":"Ada","active":true,"tags":[{"name":"vip"}],"fields":{"plan":"pro"}},"success":true}`,
		"with a null error":          `{"success":true,"error":null,"data":{"id":12,"name":"Ada","active":true,"tags":[{"name":"vip"}],"fields":{"plan":"pro"}}}`,
		"with an empty error of PHP": `{"success":true,"error":[],"data":{"id":12,"name":"Ada","active":true,"tags":[{"name":"vip"}],"fields":{"plan":"pro"}}}`,
		"unknown fields":             `{"success":true,"took":3,"data":{"new":{"a":[1]},"id":12,"name":"Ada","active":true,"tags":[{"name":"vip","x":1}],"fields":{"plan":"pro"}},"links":[]}`,
		"nulls":                      `{"success":true,"data":{"id":12,"name":"Ada","active":true,"count":null,"owner":null,"numbers":null,"address":null,"tags":[{"name":"vip"}],"fields":{"plan":"pro"}}}`,
		"spread over lines":          "\n{\n  \"success\": true ,\n  \"data\": {\"id\":12, \"name\":\"Ada\", \"active\":true, \"tags\":[{\"name\":\"vip\"}], \"fields\":{\"plan\":\"pro\"}}\n}\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := envelope.Data[person]([]byte(body))
			require.NoError(t, err)
			require.Equal(t, ada, got)
		})
	}
}

func TestData_LastOfDuplicateKeysCounts(t *testing.T) {
	t.Parallel()
	got, err := envelope.Data[person]([]byte(`{"success":true,"data":{"id":1,"name":"Bob","name":"Ada","id":2}}`))
	require.NoError(t, err)
	require.Equal(t, &person{ID: 2, Name: "Ada"}, got)
}

func TestData_MissingResultIsUnexpected(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"no data":              `{"success":true}`,
		"null":                 `{"success":true,"data":null}`,
		"an empty list of PHP": `{"success":true,"data":[]}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := envelope.Data[person]([]byte(body))
			require.ErrorIs(t, err, envelope.ErrUnexpected)
			require.ErrorContains(t, err, `"data" is missing`)
		})
	}
}

// A response that does not say that it is a success is none, even with a result.
// The only exception is an empty body, for Success.
func TestReaders_MissingSuccessIsUnexpected(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"a result":                  `{"data":{"id":1}}`,
		"a list":                    `{"data":[{"id":1}],"meta":{"current_page":1,"last_page":1,"per_page":50,"total":1}}`,
		"a result in PHP's way":     `{"data":{"count":"1"}}`,
		"a result without envelope": `{"id":1,"name":"Ada"}`,
		"a null error":              `{"error":null,"data":{"id":1}}`,
		"an empty error of PHP":     `{"error":[],"data":{"id":1}}`,
		"a message":                 `{"message":"Unauthenticated."}`,
		"an empty object":           `{}`,
		"null":                      `null`,
		"an empty list":             `[]`,
	} {
		for reader, read := range readers {
			t.Run(name+"/"+reader, func(t *testing.T) {
				t.Parallel()
				err := read([]byte(body))
				require.ErrorIs(t, err, envelope.ErrUnexpected)
				require.NotErrorAs(t, err, new(*envelope.Failure))
				if reader == "Success" { // the others may not even decode data
					require.ErrorContains(t, err, `"success" is missing`)
				}
			})
		}
	}
}

func TestData_ResultOfAnotherTypeIsUnexpected(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"data is a string":       `{"success":true,"data":"Ada"}`,
		"data is false":          `{"success":true,"data":false}`,
		"data is a list":         `{"success":true,"data":[{"id":1}]}`,
		"the answer is a list":   `[{"id":1}]`,
		"the answer is a string": `"ok"`,
		"an id is broken":        `{"success":true,"data":{"id":"abc"}}`,
		"a text is a list":       `{"success":true,"data":{"name":["Ada"]}}`,
		"a list is a text":       `{"success":true,"data":{"tags":"vip"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := envelope.Data[person]([]byte(body))
			require.ErrorIs(t, err, envelope.ErrUnexpected)
			require.NotErrorIs(t, err, envelope.ErrUnreadable)
		})
	}
}

func TestReaders_AnythingButSuccessTrueIsAFailure(t *testing.T) {
	t.Parallel()
	const taken = `"error":{"code":"TAG_EXISTS","message":"Taken."}`
	for name, body := range map[string]string{
		"false":                    `{"success":false,` + taken + `}`,
		"null":                     `{"success":null,` + taken + `}`,
		"zero":                     `{"success":0,` + taken + `}`,
		"one":                      `{"success":1,` + taken + `}`,
		"the text true":            `{"success":"true",` + taken + `}`,
		"a list":                   `{"success":[],` + taken + `}`,
		"beside a result":          `{"success":false,` + taken + `,"data":{"id":1}}`,
		"beside a list":            `{"success":false,` + taken + `,"data":[{"id":1}]}`,
		"beside an odd result":     `{"success":false,` + taken + `,"data":"none"}`,
		"after a broken result":    `{"data":{"id":"abc"},"success":false,` + taken + `}`,
		"after a broken list":      `{"data":[{"id":"abc"}],"success":false,` + taken + `}`,
		"after a broken paginator": `{"data":{"data":[{"id":"abc"}]},"success":false,` + taken + `}`,
	} {
		for reader, read := range readers {
			t.Run(name+"/"+reader, func(t *testing.T) {
				t.Parallel()
				failure := requireFailure(t, read([]byte(body)))
				require.Equal(t, &envelope.Failure{Code: "TAG_EXISTS", Message: "Taken."}, failure)
				require.EqualError(t, failure, "Taken.")
			})
		}
	}
}

func TestReaders_FailureWithoutAnError(t *testing.T) {
	t.Parallel()
	for reader, read := range readers {
		require.Equal(t, &envelope.Failure{}, requireFailure(t, read([]byte(`{"success":false}`))), reader)
	}
}

func TestSuccess_NeedsNoResult(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		body string
		want error
	}{
		"nothing":             {"", nil},
		"white space":         {" \r\n\t", nil},
		"success":             {`{"success":true}`, nil},
		"success with data":   {`{"success":true,"data":{"id":1}}`, nil},
		"success with null":   {`{"success":true,"data":null,"error":null}`, nil},
		"false":               {`false`, envelope.ErrUnexpected},
		"a list of something": {`[1]`, envelope.ErrUnexpected},
		"text":                {`"ok"`, envelope.ErrUnexpected},
		"no JSON":             {`ok`, envelope.ErrUnreadable},
		"a page":              {`<html></html>`, envelope.ErrUnreadable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.ErrorIs(t, envelope.Success([]byte(tt.body)), tt.want)
		})
	}
}

func TestReaders_TruncatedResponseIsUnreadable(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"result":    `{"success":true,"data":{"id":12,"name":"Ad\u00e4 ✓","active":true,"tags":[{"name":"vip"}]}}`,
		"list":      `{"success":true,"data":[{"id":1},{"id":"2"}],"meta":{"current_page":1,"total":2}}`,
		"paginator": `{"success":true,"data":{"current_page":1,"data":[{"id":1}],"total":1.0}}`,
		"failure":   `{"success":false,"error":{"code":"NOT_FOUND","message":"Not \"there\".","details":{"a":["b"]}}}`,
	} {
		for reader, read := range readers {
			t.Run(name+"/"+reader, func(t *testing.T) {
				t.Parallel()
				for n := range len(body) {
					if n == 0 && reader == "Success" {
						continue // nothing is a success there
					}
					require.ErrorIs(t, read([]byte(body[:n])), envelope.ErrUnreadable, "%s", body[:n])
				}
			})
		}
	}
}

func TestReaders_ResponseThatIsNotJSONIsUnreadable(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ body, want string }{
		"nothing":         {"", "the response is not readable: it is empty"},
		"white space":     {" \n", "the response is not readable: it is empty"},
		"a page":          {"<html></html>", "the response is not readable: it is not JSON: invalid character '<' looking for beginning of value"},
		"text":            {"Too Many Attempts.", "the response is not readable: it is not JSON: invalid character 'T' looking for beginning of value"},
		"two answers":     {`{"success":true,"data":{}}{}`, "the response is not readable: it is not JSON: invalid character '{' after top-level value"},
		"a page after it": {`{"success":true,"data":{}}<br>`, "the response is not readable: it is not JSON: invalid character '<' after top-level value"},
		"too deep":        {`{"success":true,"data":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + `}`, "exceeded max depth"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := envelope.Data[person]([]byte(tt.body))
			require.ErrorIs(t, err, envelope.ErrUnreadable)
			require.ErrorContains(t, err, tt.want)
			_, _, err = envelope.List[person]([]byte(tt.body))
			require.ErrorContains(t, err, tt.want)
		})
	}
}

func TestData_KeepsRawJSON(t *testing.T) {
	t.Parallel()
	got, err := envelope.Data[json.RawMessage]([]byte(`{"success":true,"data":{"n": 9007199254740993, "f": 1.50}}`))
	require.NoError(t, err)
	require.Equal(t, `{"n": 9007199254740993, "f": 1.50}`, string(*got))

	_, err = envelope.Data[json.RawMessage]([]byte(`{"success":true,"data":null}`))
	require.ErrorIs(t, err, envelope.ErrUnexpected)
}

func TestHasNoneOf(t *testing.T) {
	t.Parallel()
	type named struct {
		ID    int    `json:"id"`
		Email string `json:"email,omitempty"`
		Plain string
	}
	type embedding struct {
		named
		Score int `json:"score"`
	}
	for name, tt := range map[string]struct {
		data string
		of   any
		want bool
	}{
		"nested":                     {`{"contact":{"id":7}}`, named{}, true},
		"renamed":                    {`{"contact_id":7,"mail":"x"}`, named{}, true},
		"one field":                  {`{"contact_id":7,"email":null}`, named{}, false},
		"another case":               {`{"ID":7}`, named{}, false},
		"a field without a tag":      {`{"plain":"x"}`, named{}, false},
		"an embedded field":          {`{"email":"x"}`, embedding{}, false},
		"none, with embedding":       {`{"mail":"x"}`, embedding{}, true},
		"behind pointers":            {`{"mail":"x"}`, new(*named), true},
		"an object without fields":   {`{}`, named{}, false},
		"a list":                     {`[{"mail":"x"}]`, named{}, false},
		"an element of a list":       {`[{"id":7},{"mail":"x"}]`, []named{}, true},
		"a list of such objects":     {`[{"id":7},{"id":8}]`, []*named{}, false},
		"an empty list":              {`[]`, []named{}, false},
		"null":                       {`null`, named{}, false},
		"not JSON":                   {`<html>`, named{}, false},
		"a map":                      {`{"mail":"x"}`, map[string]any{}, false},
		"a struct without fields":    {`{"mail":"x"}`, struct{}{}, false},
		"a type that decodes itself": {`{"mail":"x"}`, selfDecoding{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tt.want, envelope.HasNoneOf([]byte(tt.data), reflect.TypeOf(tt.of)))
		})
	}
}

type selfDecoding struct{ All map[string]any }

func (d *selfDecoding) UnmarshalJSON(b []byte) error { return json.Unmarshal(b, &d.All) }
