package contracttest_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/contracttest/internal/openapi"
)

// A property is what a schema or an operation has a field for.
type property struct {
	*openapi.Schema
	required bool // in what is sent; what comes back may lack anything
}

// propertiesOf returns what a type is to have. An update names what it is about
// by an id, which is an argument of its own.
func propertiesOf(name string, schema *openapi.Schema) map[string]property {
	want := make(map[string]property)
	sent := strings.HasSuffix(name, "Create") || strings.HasSuffix(name, "Update")
	for _, p := range schema.Properties {
		required := slices.Contains(schema.Required, p.Key)
		if strings.HasSuffix(name, "Update") && required && p.Value.Name() == "ID" {
			continue
		}
		want[p.Key] = property{p.Value, required || !sent}
	}
	return want
}

// parametersOf returns what a type is to have: all but the id.
func parametersOf(op *openapi.Operation) map[string]property {
	want := make(map[string]property)
	for _, p := range op.Parameters {
		if !p.Required {
			want[p.Name] = property{Schema: p.Schema}
		}
	}
	return want
}

// lintFields holds a struct against the properties that it is to have.
func lintFields(document *openapi.Document, name string, want map[string]property, typ reflect.Type, tag string) []string {
	var found []string
	complain := func(format string, args ...any) {
		found = append(found, fmt.Sprintf("%s, %s: ", name, typ)+fmt.Sprintf(format, args...))
	}
	given := make(map[string]bool)
	for _, field := range reflect.VisibleFields(typ) {
		key, options, _ := strings.Cut(field.Tag.Get(tag), ",")
		p, ok := want[key]
		if given[key] = true; !ok {
			complain("%s is %q, which the contract does not have", field.Name, key)
			continue
		}
		if optional := strings.Contains(options, "omitempty"); optional == p.required {
			complain("%s: omitempty is %t", field.Name, optional)
		}
		if got, want := typeName(field.Type), schemaName(document, p.Schema); got != want {
			complain("%s is %s, but %q is %s", field.Name, got, key, want)
		}
	}
	for key := range want {
		if !given[key] {
			complain("has no field for %q", key)
		}
	}
	slices.Sort(found)
	return found
}

// typeName names a Go type in the words of schemaName.
func typeName(t reflect.Type) string {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t {
	case reflect.TypeFor[funnel.Timestamp](), reflect.TypeFor[time.Time]():
		return "time"
	case reflect.TypeFor[json.RawMessage]():
		return "object"
	}
	switch t.Kind() {
	case reflect.Int64:
		return "id"
	case reflect.Int:
		return "integer"
	case reflect.Bool:
		return "boolean"
	case reflect.Slice:
		return "list of " + typeName(t.Elem())
	case reflect.Map:
		return "object"
	case reflect.Struct:
		return t.Name()
	}
	return t.Kind().String()
}

// schemaName says of what kind a schema's values are.
func schemaName(document *openapi.Document, s *openapi.Schema) string {
	name := s.Name()
	if name != "" {
		s, _ = document.Components.Schemas.Get(name)
	}
	switch {
	case shapes[name] != nil:
		return reflect.TypeOf(shapes[name]).Name()
	case name == "ID" || s.Format == "int64":
		return "id"
	case strings.HasPrefix(s.Format, "date"):
		return "time"
	case s.Items != nil:
		return "list of " + schemaName(document, s.Items)
	}
	return s.Types[0]
}

// The lint finds what it is there to find.
func TestLintFields(t *testing.T) {
	t.Parallel()
	document := contractDocument(t)
	schema, ok := document.Components.Schemas.Get("CampaignCreate")
	require.True(t, ok)
	want := propertiesOf("CampaignCreate", schema)
	type right struct {
		Name    string         `json:"name"`
		Subject string         `json:"subject,omitempty"`
		Body    *string        `json:"body,omitempty"`
		TagIDs  []funnel.TagID `json:"tag_ids,omitempty"`
	}
	type misspelt struct {
		Name    string         `json:"name"`
		Subject string         `json:"subjekt,omitempty"`
		Body    string         `json:"body,omitempty"`
		TagIDs  []funnel.TagID `json:"tag_ids,omitempty"`
	}
	type mistyped struct {
		Name    int      `json:"name"`
		Subject string   `json:"subject"`
		Body    string   `json:"body,omitempty"`
		TagIDs  []string `json:"tag_ids,omitempty"`
	}
	require.Empty(t, lintFields(document, "CampaignCreate", want, reflect.TypeFor[right](), "json"))
	require.Equal(t, []string{
		`CampaignCreate, contracttest_test.misspelt: Subject is "subjekt", which the contract does not have`,
		`CampaignCreate, contracttest_test.misspelt: has no field for "subject"`,
	}, lintFields(document, "CampaignCreate", want, reflect.TypeFor[misspelt](), "json"))
	require.Equal(t, []string{
		`CampaignCreate, contracttest_test.mistyped: Name is integer, but "name" is string`,
		`CampaignCreate, contracttest_test.mistyped: Subject: omitempty is false`,
		`CampaignCreate, contracttest_test.mistyped: TagIDs is list of string, but "tag_ids" is list of id`,
	}, lintFields(document, "CampaignCreate", want, reflect.TypeFor[mistyped](), "json"))
}
