package contracttest_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/api"
	"github.com/funnel-go/funnel/contracttest"
	"github.com/funnel-go/funnel/contracttest/internal/openapi"
)

// This file checks the samples of samples_test.go against the contract and the SDK's
// types. A new resource needs a sample, and no change here.

// operation returns the operation of a sample, such as "GET /contact".
func (s sample) operation() string {
	operation, _, _ := strings.Cut(s.request, "?")
	return operation
}

// data returns what the server sends in "data", decoded.
func (s sample) data() any { return decodeJSON(s.response)["data"] }

func decodeJSON(text string) map[string]any {
	var object map[string]any
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()         // 129.90 stays as it is
	_ = decoder.Decode(&object) // an empty text is an empty object
	return object
}

// serve calls the sample's method against a server that sends a body.
func (s sample) serve(t *testing.T, body string, report func(contracttest.Exchange)) (any, *reply, error) {
	server := &reply{status: http.StatusOK, body: body}
	for _, op := range document(t).Operations {
		if _, ok := op.Responses.Get("201"); ok && op.String() == s.operation() {
			server.status = http.StatusCreated
		}
	}
	transport := contracttest.NewValidator(load(t), server, basePath, report)
	result, err := invoke(funnel.WithoutRetry(t.Context()), connect(t, transport), s.method, s.args...)
	return result, server, err
}

// run returns what is wrong with the sample: its request, its result, or its
// traffic by the contract.
func (s sample) run(t *testing.T) string {
	var found collector
	body := s.response
	if body == "" {
		body = `{"success": true}`
	}
	result, got, err := s.serve(t, body, func(x contracttest.Exchange) {
		for _, v := range x.Violations {
			assert.Fail(&found, v.String())
		}
	})
	if err != nil {
		assert.Fail(&found, err.Error())
	}
	assert.Equal(&found, s.want, result)
	operation, query, _ := strings.Cut(s.request, "?")
	assert.Equal(&found, operation, got.method+" "+got.path)
	want, err := url.ParseQuery(query)
	require.NoError(t, err)
	sent, err := url.ParseQuery(got.query)
	require.NoError(t, err)
	assert.Equal(&found, want, sent)
	if s.body == "" {
		assert.Empty(&found, got.sent)
	} else {
		assert.JSONEq(&found, s.body, got.sent)
	}
	return found.String()
}

func TestSamples_RequestAndResult(t *testing.T) {
	t.Parallel()
	for _, s := range samples {
		t.Run(s.operation(), func(t *testing.T) {
			t.Parallel()
			require.Empty(t, s.run(t))
		})
	}
}

// The fields of the samples, of the contract and of the SDK's types are the same.
func TestSamples_MatchContractAndTypes(t *testing.T) {
	t.Parallel()
	require.Empty(t, compare(document(t), samples))
}

// compare returns the differences between the contract, the samples and the SDK's
// types, field by field.
func compare(contract *openapi.Document, samples []sample) []string {
	c := comparison{contract: contract, used: make(map[reflect.Type]map[string]bool)}
	for _, op := range contract.Operations {
		i := slices.IndexFunc(samples, func(s sample) bool { return s.operation() == op.String() })
		if i < 0 {
			c.complain("%s has no sample in samples_test.go", op)
			continue
		}
		c.request(op, samples[i])
		c.response(op, samples[i])
	}
	for typ, used := range c.used {
		c.found = append(c.found, compareType(typ, used)...)
	}
	return c.found
}

type comparison struct {
	contract *openapi.Document
	found    []string
	used     map[reflect.Type]map[string]bool // the fields that the contract has for a type
}

func (c *comparison) complain(format string, args ...any) {
	c.found = append(c.found, fmt.Sprintf(format, args...))
}

// request compares the parameters of a request. Of alternatives, one is enough. All
// fields of the arguments must be set.
func (c *comparison) request(op *openapi.Operation, s sample) {
	var want []string
	for _, p := range op.Parameters {
		want = append(want, p.Name)
	}
	for _, f := range c.contract.Fields(op) {
		want = append(want, f.Name)
	}
	got := slices.Collect(maps.Keys(decodeJSON(s.body)))
	if _, query, ok := strings.Cut(s.request, "?"); ok {
		values, _ := url.ParseQuery(query)
		got = slices.Collect(maps.Keys(values))
	}
	oneOf := c.contract.OneOf(op)
	if !slices.ContainsFunc(got, func(name string) bool { return slices.Contains(oneOf, name) }) {
		oneOf = nil
	}
	c.names("request of "+op.String(), want, append(got, oneOf...))
	for _, arg := range s.args {
		v := reflect.ValueOf(arg)
		for i := 0; v.Kind() == reflect.Struct && v.Type().PkgPath() != "time" && i < v.NumField(); i++ {
			if v.Field(i).IsZero() {
				c.complain("request of %s: the sample does not set %s.%s", op, v.Type().Name(), v.Type().Field(i).Name)
			}
		}
	}
}

// response compares a response, level by level.
func (c *comparison) response(op *openapi.Operation, s sample) {
	for _, status := range []string{"200", "201"} {
		response, ok := op.Responses.Get(status)
		if !ok {
			continue
		}
		body := decodeJSON(s.response)
		data := c.contract.Data(response)
		if data == nil {
			c.names("response of "+op.String(), nil, slices.Collect(maps.Keys(body)))
			continue
		}
		want := []string{"success", "data"}
		if c.contract.Paged(response) {
			want = append(want, "meta")
			meta, _ := c.contract.Components.Schemas.Get("Meta")
			c.shape("meta of "+op.String(), meta, body["meta"])
		}
		c.names("response of "+op.String(), want, slices.Collect(maps.Keys(body)))
		c.shape("response of "+op.String(), data, body["data"])
		c.golden(op.String(), data, reflect.ValueOf(s.want))
	}
}

// shape compares the fields of a value with those of its schema.
func (c *comparison) shape(where string, schema *openapi.Schema, value any) {
	schema = c.contract.Resolve(schema)
	switch value := value.(type) {
	case []any:
		if schema.Items == nil {
			c.complain("%s: the contract has no list", where)
			return
		}
		for _, element := range value {
			c.shape(where, schema.Items, element)
		}
	case map[string]any:
		var want []string
		for _, p := range schema.Properties {
			want = append(want, p.Key)
			c.shape(where+": "+p.Key, p.Value, value[p.Key])
		}
		c.names(where, want, slices.Collect(maps.Keys(value)))
	}
}

// names compares two sets of names.
func (c *comparison) names(where string, contract, sample []string) {
	for _, name := range contract {
		if !slices.Contains(sample, name) {
			c.complain("%s: the sample has no %s", where, name)
		}
	}
	for _, name := range sample {
		if !slices.Contains(contract, name) {
			c.complain("%s: the contract has no %s", where, name)
		}
	}
}

// golden compares the fields of a result with those of its schema. Each one must
// be set, at least in the first item of a list.
func (c *comparison) golden(where string, schema *openapi.Schema, v reflect.Value) {
	schema = c.contract.Resolve(schema)
	for v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	if items := pageItems(v); items.IsValid() {
		v = items
	}
	if schema.Items != nil && v.Kind() == reflect.Slice {
		schema, v = c.contract.Resolve(schema.Items), v.Index(0)
	}
	if v.Kind() != reflect.Struct || len(schema.Properties) == 0 {
		return // such as the id that a creation returns
	}
	if c.used[v.Type()] == nil {
		c.used[v.Type()] = make(map[string]bool)
	}
	for _, p := range schema.Properties {
		c.used[v.Type()][p.Key] = true
		field := v.FieldByIndex(fieldIndex(v.Type(), p.Key))
		switch {
		case fieldIndex(v.Type(), p.Key) == nil: // compareType reports it
		case field.IsZero():
			c.complain("result of %s: the sample does not set %s.%s", where, v.Type().Name(), p.Key)
		default:
			c.golden(where+": "+p.Key, p.Value, field)
		}
	}
}

// pageItems returns the items of a page, or the zero value for anything else.
func pageItems(v reflect.Value) reflect.Value {
	if v.Kind() == reflect.Struct && strings.HasPrefix(v.Type().Name(), "Page[") {
		return v.FieldByName("Items")
	}
	return reflect.Value{}
}

// compareType compares the fields of a type with those that the contract has for
// it.
func compareType(typ reflect.Type, contract map[string]bool) []string {
	var found []string
	for name := range contract {
		if fieldIndex(typ, name) == nil {
			found = append(found, fmt.Sprintf("%s has no field for %s", typ.Name(), name))
		}
	}
	for _, field := range reflect.VisibleFields(typ) {
		if !contract[wireName(field)] {
			found = append(found, fmt.Sprintf("%s.%s is %s, which the contract does not have", typ.Name(), field.Name, wireName(field)))
		}
	}
	return found
}

// wireName is the name of a field in JSON. CustomField has methods instead of tags.
func wireName(field reflect.StructField) string {
	if name, _, _ := strings.Cut(field.Tag.Get("json"), ","); name != "" {
		return name
	}
	return strings.ToLower(field.Name)
}

func fieldIndex(typ reflect.Type, name string) []int {
	for _, field := range reflect.VisibleFields(typ) {
		if wireName(field) == name {
			return field.Index
		}
	}
	return nil
}

// Each mistake is made in one place, and the samples notice it.
func TestSamples_NoticeMistakes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, old, new, want string }{
		{"a renamed field of a response", "        first_name: {type: [string, \"null\"], x-source", "        firstname: {type: [string, \"null\"], x-source", "Contact has no field for firstname"},
		{"a dropped field of a response", "        gdpr: {type: boolean, x-source: documented, x-reference: changelog}\n", "", "response of GET /contacts: the contract has no gdpr"},
		{"an added field of a response", "    TagContact:\n      type: object\n      required: [id, email, first_name, last_name]\n      properties:\n", "    TagContact:\n      properties:\n        phone: {type: string}\n", "TagContact has no field for phone"},
		{"a renamed field of a request", "        scheduled_for: {type: string, format", "        send_at: {type: string, format", "request of POST /campaign-schedule: the sample has no send_at"},
		{"an added field of a request", "    StepUpdate:\n      type: object\n      additionalProperties: false\n      required: [step_id]\n      properties:\n", "    StepUpdate:\n      properties:\n        order: {type: integer}\n", "request of PUT /funnel-step: the sample has no order"},
		{"a renamed parameter", "{name: range, in: query", "{name: between, in: query", "request of GET /contacts: the contract has no range"},
		{"a dropped parameter", "        - {name: id_order, in: query, required: true, schema: {type: string}, x-source: documented, x-reference: orders}\n", "", "request of GET /order: the contract has no id_order"},
		{"an added operation", "\n  /sales-amount:\n", "\n  /refund: {post: {operationId: refund, responses: {'200': {}}}}\n  /sales-amount:\n", "POST /refund has no sample in samples_test.go"},
		{"a list that loses its pages", "#/components/responses/SequencePage", "#/components/responses/SequenceCreated", "response of GET /sequences: the contract has no list"},
	} {
		t.Run("contract/"+tt.name, func(t *testing.T) {
			t.Parallel()
			changed := strings.ReplaceAll(string(api.OpenAPI()), tt.old, tt.new)
			require.NotEqual(t, string(api.OpenAPI()), changed, "the edit changes nothing")
			parsed, err := openapi.Parse([]byte(changed))
			require.NoError(t, err)
			require.Contains(t, compare(parsed, samples), tt.want)
		})
	}

	// A mistake in a sample looks like the opposite mistake in the SDK.
	edited := func(operation, old, new string) (sample, []sample) {
		i := slices.IndexFunc(samples, func(s sample) bool { return s.operation() == operation })
		s := samples[i]
		s.request, s.body, s.response = strings.ReplaceAll(s.request, old, new), strings.ReplaceAll(s.body, old, new), strings.ReplaceAll(s.response, old, new)
		require.NotEqual(t, samples[i], s, "the edit changes nothing")
		all := slices.Clone(samples)
		all[i] = s
		return s, all
	}
	for _, tt := range []struct{ name, operation, old, new, want string }{
		{"a renamed field of a response", "GET /order", `"firstname"`, `"first_name"`, "response of GET /order: the contract has no first_name"},
		{"a dropped field of a response", "GET /transactions", `"id_invoice": 33,`, ``, "response of GET /transactions: the sample has no id_invoice"},
		{"an added field of a response", "GET /tags", `"name"`, `"colour": "red", "name"`, "response of GET /tags: the contract has no colour"},
		{"a renamed field of a nested response", "GET /funnels", `"order"`, `"position"`, "response of GET /funnels: steps: the contract has no position"},
		{"a renamed field of a page", "GET /contacts", `"last_page"`, `"pages"`, "meta of GET /contacts: the contract has no pages"},
		{"a renamed field of a request", "PUT /funnel-step", `"path"`, `"slug"`, "request of PUT /funnel-step: the contract has no slug"},
		{"a dropped field of a request", "POST /contact", `"gdpr": false,`, ``, "request of POST /contact: the sample has no gdpr"},
		{"an added field of a request", "DELETE /webhook", `}`, `, "force": true}`, "request of DELETE /webhook: the contract has no force"},
		{"a renamed parameter", "GET /contact", `contact_id=`, `id=`, "request of GET /contact: the contract has no id"},
	} {
		t.Run("sample/"+tt.name, func(t *testing.T) {
			t.Parallel()
			s, all := edited(tt.operation, tt.old, tt.new)
			require.Contains(t, compare(document(t), all), tt.want)
			require.NotEmpty(t, s.run(t))
		})
	}
	for _, tt := range []struct{ name, operation, old, new string }{
		{"another value", "GET /campaign", `"Grace"`, `"Mary"`},
		{"another date", "GET /webhooks", `T08:15`, `T09:15`},
		{"another type", "POST /contact", `"31,7"`, `[31, 7]`},
		{"another path", "PUT /sequence-stage-content", "-content", "-mail"},
	} {
		t.Run("sample/"+tt.name, func(t *testing.T) {
			t.Parallel()
			s, _ := edited(tt.operation, tt.old, tt.new)
			require.NotEmpty(t, s.run(t))
		})
	}

	// The fields of an SDK type, with one mistake.
	t.Run("type", func(t *testing.T) {
		t.Parallel()
		contract := map[string]bool{"id": true, "name": true, "created_at": true}
		fields := reflect.VisibleFields(reflect.TypeFor[funnel.Tag]())
		require.Empty(t, compareType(reflect.StructOf(fields), contract))
		renamed := slices.Clone(fields)
		renamed[1].Tag = `json:"title"`
		require.ElementsMatch(t, []string{" has no field for name", ".Name is title, which the contract does not have"}, compareType(reflect.StructOf(renamed), contract))
		require.Equal(t, []string{" has no field for created_at"}, compareType(reflect.StructOf(fields[:2]), contract))
		added := append(slices.Clone(fields), reflect.StructField{Name: "Colour", Type: reflect.TypeFor[string](), Tag: `json:"colour"`})
		require.Equal(t, []string{".Colour is colour, which the contract does not have"}, compareType(reflect.StructOf(added), contract))
	})
}

// Every field of every response may be null or missing, except a resource's own id.
// A result without any field is of another shape.
func TestSamples_NullAndMissingFields(t *testing.T) {
	t.Parallel()
	for _, s := range samples {
		if s.want == nil {
			continue // nothing of the response is returned
		}
		t.Run(s.operation(), func(t *testing.T) {
			t.Parallel()
			for _, path := range fieldPaths(s.data(), nil) {
				for _, remove := range []bool{false, true} {
					body := decodeJSON(s.response)
					setNull(body["data"], path, remove)
					encoded, err := json.Marshal(body)
					require.NoError(t, err)
					got, _, err := s.serve(t, string(encoded), func(contracttest.Exchange) {})
					if path[len(path)-1] == "id" || isEmpty(body["data"]) {
						var apiError *funnel.APIError
						require.ErrorAs(t, err, &apiError, "%s", encoded)
						require.Equal(t, withoutSecret(string(encoded)), string(apiError.Body))
						continue
					}
					require.NoError(t, err, "%s", encoded)
					want, _, err := s.serve(t, s.response, func(contracttest.Exchange) {})
					require.NoError(t, err)
					v := reflect.New(reflect.TypeOf(want)).Elem()
					v.Set(reflect.ValueOf(want))
					setZero(v, path)
					require.Equal(t, v.Interface(), got, "%s", encoded)
				}
			}
		})
	}
}

func isEmpty(data any) bool {
	object, ok := data.(map[string]any)
	return ok && len(object) == 0
}

// fieldPaths returns the paths to all fields below a value: names and indices.
func fieldPaths(value any, path []any) [][]any {
	var found [][]any
	switch value := value.(type) {
	case map[string]any:
		for name, field := range value {
			at := append(slices.Clone(path), name)
			found = append(append(found, at), fieldPaths(field, at)...)
		}
	case []any:
		for i, element := range value {
			found = append(found, fieldPaths(element, append(slices.Clone(path), i))...)
		}
	}
	return found
}

// setNull sets a field to null, or removes it.
func setNull(value any, path []any, remove bool) {
	switch value := value.(type) {
	case []any:
		setNull(value[path[0].(int)], path[1:], remove)
	case map[string]any:
		name := path[0].(string)
		switch {
		case len(path) > 1:
			setNull(value[name], path[1:], remove)
		case remove:
			delete(value, name)
		default:
			value[name] = nil
		}
	}
}

// setZero sets a field of a result to its zero value, if the result has it.
func setZero(v reflect.Value, path []any) {
	for v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	if items := pageItems(v); items.IsValid() {
		v = items
	}
	switch {
	case len(path) == 0 || v.Kind() == reflect.String: // a string is all that is returned of a response
		v.SetZero()
	case v.Kind() == reflect.Slice:
		setZero(v.Index(path[0].(int)), path[1:])
	case v.Kind() == reflect.Struct:
		if index := fieldIndex(v.Type(), path[0].(string)); index != nil {
			setZero(v.FieldByIndex(index), path[1:])
		}
	}
}

// A response with the names of ids from before 2026-05-09 is an error that shows
// them, never a zero id.
func TestSamples_OldNamesOfIDs(t *testing.T) {
	t.Parallel()
	old := map[string]string{
		"GET /contacts": "contact_id", "GET /contact": "contact_id", "POST /contact": "contact_id", "GET /tags-contacts": "contact_id",
		"GET /tags": "tag_id", "GET /contacts-tags": "tag_id", "POST /tag": "tag_id", "GET /sequences": "sequence_id", "POST /sequence": "sequence_id",
		"POST /sequence-stage": "stage_id", "GET /funnels": "funnel_id", "POST /funnel": "funnel_id", "POST /funnel-step": "step_id",
		"GET /campaigns": "campaign_id", "GET /campaign": "campaign_id", "POST /campaign": "campaign_id",
		"GET /webhooks": "webhook_id", "POST /webhook": "webhook_id",
	}
	tested := 0
	for _, s := range samples {
		oldName, ok := old[s.operation()]
		if !ok || !strings.Contains(s.response, `"id"`) {
			continue
		}
		bodies := []string{strings.Replace(s.response, `"id"`, fmt.Sprintf("%q", oldName), 1)}
		if s.operation() == "GET /funnels" {
			bodies = append(bodies, strings.Replace(s.response, `{"id": 90`, `{"step_id": 90`, 1))
		}
		for _, body := range bodies {
			require.NotEqual(t, s.response, body)
			_, _, err := s.serve(t, body, func(contracttest.Exchange) {})
			var apiError *funnel.APIError
			require.ErrorAs(t, err, &apiError, body)
			require.Contains(t, err.Error(), "an id is missing")
			require.Equal(t, withoutSecret(body), string(apiError.Body))
		}
		tested++
	}
	require.Equal(t, len(old), tested)
}

// withoutSecret returns a body as errors show it.
func withoutSecret(body string) string { return strings.ReplaceAll(body, sampleSecret, "[hidden]") }
