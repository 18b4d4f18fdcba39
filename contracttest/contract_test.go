package contracttest

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/funnel-go/funnel/api"
	"github.com/funnel-go/funnel/contracttest/internal/openapi"
)

// validate holds a document against the schema of OpenAPI 3.1.
func validate(t *testing.T, data []byte) []string {
	t.Helper()
	document, err := libopenapi.NewDocument(data)
	require.NoError(t, err)
	require.Equal(t, "3.1.0", document.GetVersion())
	v, errs := validator.NewValidator(document)
	require.Empty(t, errs)
	_, found := v.ValidateDocument()
	return problems(found)
}

func TestContractIsValidOpenAPI(t *testing.T) {
	t.Parallel()
	require.Empty(t, validate(t, api.OpenAPI()))

	broken := strings.Replace(string(api.OpenAPI()), "in: query", "in: kwery", 1)
	require.NotEmpty(t, validate(t, []byte(broken)), "an invalid document passes")
}

func TestContractDocumentsTheOperationsOfTheReferenceOnly(t *testing.T) {
	t.Parallel()
	var got []string
	for _, op := range load(t).Operations {
		if op.Documented() {
			got = append(got, op.String())
		}
	}
	require.ElementsMatch(t, []string{
		"POST /contact", "POST /tag", "PUT /tag", "POST /webhook", "POST /funnel", "PUT /funnel-step", "DELETE /campaign",
		"PUT /sequence-stage-content", "POST /contact-sequence",
	}, got)
}

func TestContractListsTheErrorCodesOfTheReference(t *testing.T) {
	t.Parallel()
	want := map[string][]int{
		"UNAUTHORIZED": {401}, "FORBIDDEN": {403}, "NOT_FOUND": {404}, "CONTACT_EXISTS": {409}, "TAG_EXISTS": {409},
		"WEBHOOK_EXISTS": {409}, "PATH_TAKEN": {409}, "CAMPAIGN_SCHEDULED": {409}, "INVALID_STATUS": {400},
		"INVALID_PERIOD": {400}, "INVALID_DATE": {400}, "NO_SUBDOMAIN": {400}, "STAGE_NOT_EMAIL": {422},
		"SEQUENCE_HAS_NO_STAGES": {422}, "VALIDATION_ERROR": {400, 422}, "SERVER_ERROR": {500},
	}
	document := load(t)
	got := make(map[string][]int)
	for _, code := range document.ErrorCodes {
		got[code.Key] = code.Value.Statuses
	}
	require.Equal(t, want, got)

	used := make(map[string]bool)
	for _, op := range document.Operations {
		for _, response := range op.Responses {
			for _, code := range response.Value.Codes {
				used[code.Key] = true
				require.Contains(t, statuses(want[code.Key]), response.Key, "%s: %s", op, code.Key)
			}
		}
	}
	require.ElementsMatch(t, slices.Collect(maps.Keys(want)), slices.Collect(maps.Keys(used)))
}

// Of what is sent and answered, the reference page says this much. Where it
// does not say that a name belongs to an operation, that is an assumption of
// its own.
func TestContractDocumentsTheNamesOfTheReferenceOnly(t *testing.T) {
	t.Parallel()
	document := load(t)
	names, complete, created := make(map[string]bool), []string{}, []string{}
	note := func(op *openapi.Operation, name string, p openapi.Provenance) {
		if p.Documented() {
			names[name] = true
		}
		if p.Documented() && p.Assumption == "" {
			complete = append(complete, op.String()+" "+name)
		}
	}
	for _, op := range document.Operations {
		for _, p := range op.Parameters {
			if p.Name != "per_page" { // whose bounds hold for every list
				note(op, p.Name, p.Provenance)
			}
		}
		if body := op.RequestBody.JSON(); body != nil {
			schema, _ := document.Components.Schemas.Get(body.Name())
			for _, p := range schema.Properties {
				note(op, p.Key, p.Value.Provenance)
			}
		}
		if _, ok := op.Responses.Get("201"); ok {
			created = append(created, op.String())
		}
	}
	require.Equal(t, []string{"contact_id", "email", "period", "scheduled_for", "sequence_ids", "status", "tag_ids"}, slices.Sorted(maps.Keys(names)))
	require.Equal(t, []string{"POST /contact email"}, complete)
	require.Equal(t, []string{"POST /contact"}, created)
}

// The reference page ties these codes to an operation. Elsewhere the contract
// may list them, but only as assumed.
func TestContractDocumentsACodeWhereTheReferenceNamesIt(t *testing.T) {
	t.Parallel()
	tied := map[string][]string{
		"CONTACT_EXISTS":         {"POST /contact"},
		"TAG_EXISTS":             {"POST /tag", "PUT /tag"},
		"WEBHOOK_EXISTS":         {"POST /webhook"},
		"PATH_TAKEN":             {"PUT /funnel-step"},
		"CAMPAIGN_SCHEDULED":     {"DELETE /campaign"},
		"NO_SUBDOMAIN":           {"POST /funnel"},
		"STAGE_NOT_EMAIL":        {"PUT /sequence-stage-content"},
		"SEQUENCE_HAS_NO_STAGES": {"POST /contact-sequence"},
	}
	got := make(map[string][]string)
	for _, op := range load(t).Operations {
		for _, response := range op.Responses {
			for _, code := range response.Value.Codes {
				if tied[code.Key] != nil && code.Value == openapi.Documented {
					got[code.Key] = append(got[code.Key], op.String())
				}
			}
		}
	}
	require.Equal(t, tied, got)
}

func TestEveryOperationIsComplete(t *testing.T) {
	t.Parallel()
	names := regexp.MustCompile(`^[A-Z][A-Za-z]+\.[A-Z][A-Za-z]+$`)
	seen := make(map[string]string)
	for _, op := range load(t).Operations {
		require.Contains(t, []string{"GET", "POST", "PUT", "DELETE"}, op.Method, "%s", op)
		require.NotEmpty(t, op.Summary, "%s has no summary", op)
		require.Len(t, op.Tags, 1, "%s", op)
		require.NotEmpty(t, op.SDK, "%s names no method", op)
		for _, method := range op.SDK {
			require.Regexp(t, names, method, "%s", op)
		}
		service, method, _ := strings.Cut(op.SDK[0], ".")
		require.Equal(t, strings.ToLower(service)+method, op.ID, "%s: the operationId is not its first method's", op)
		require.Empty(t, seen[op.ID], "%s has the operationId of another", op)
		seen[op.ID] = op.String()

		hasBody := op.Method == "POST" || op.Method == "PUT"
		require.Equal(t, hasBody, op.RequestBody != nil, "%s: a body belongs to POST and PUT", op)
		require.False(t, hasBody && len(op.Parameters) > 0, "%s: parameters belong to GET and DELETE", op)
		for _, status := range []string{"401", "403", "429", "500"} {
			_, ok := op.Responses.Get(status)
			require.True(t, ok, "%s has no %s", op, status)
		}
		for _, response := range op.Responses {
			isError := response.Key >= "400" && response.Key != "429" // a 429 carries no code
			require.Equal(t, isError, len(response.Value.Codes) > 0, "%s: codes of %s", op, response.Key)
		}
	}
}

func TestRequestsAreClosedAndTheirValuesOpen(t *testing.T) {
	t.Parallel()
	document := load(t)
	root := parse(t)
	for _, op := range document.Operations {
		if op.RequestBody == nil {
			continue
		}
		name := op.RequestBody.JSON().Name()
		schema := at(root, "components", "schemas", name)
		require.NotNil(t, schema, "%s", op)
		closed := at(schema, "additionalProperties")
		require.True(t, closed != nil && closed.Value == "false", "%s takes any field", name)
	}
	walk(root, func(path []string, node *yaml.Node) {
		require.Nil(t, at(node, "enum"), "%s: every set of values is open", strings.Join(path, "."))
	})
}

// Whatever has a meaning of its own says where it comes from.
func TestEveryPartNamesItsSource(t *testing.T) {
	t.Parallel()
	document := load(t)
	owners := []string{"properties", "parameters", "responses", "headers", "securitySchemes", "x-error-codes"}
	sources := []string{openapi.Documented, openapi.Assumed}
	methods := []string{"get", "post", "put", "delete"}
	checked := 0
	walk(parse(t), func(path []string, node *yaml.Node) {
		if len(path) < 2 || node.Kind != yaml.MappingNode || slices.Contains(path, "if") || slices.Contains(path, "examples") {
			return
		}
		if name := path[len(path)-1]; name == "x-known-values" || name == "x-codes" {
			for i, value := range keys(node) {
				require.Contains(t, sources, node.Content[2*i+1].Value, "%s: %s", strings.Join(path, "."), value)
			}
		}
		where, parent, name := strings.Join(path, "."), path[len(path)-2], path[len(path)-1]
		if source := at(node, "x-source"); source == nil {
			inOperation := path[0] == "paths" || path[0] == "webhooks"
			isReference := at(node, "$ref") != nil && parent != "properties"
			isPart := slices.Contains(owners, parent) || inOperation && len(path) == 3 && slices.Contains(methods, name)
			require.False(t, isPart && !isReference, "%s names no source", where)
			return
		}
		var p openapi.Provenance
		require.NoError(t, node.Decode(&p))
		checked++
		require.Contains(t, sources, p.Source, where)
		if p.Documented() {
			require.NotEmpty(t, p.Reference, "%s is documented, but quotes nothing", where)
		}
		if p.Assumption != "" {
			_, ok := document.Assumptions.Get(p.Assumption)
			require.True(t, ok, "%s rests on %s, which is no assumption", where, p.Assumption)
		}
	})
	require.Greater(t, checked, 200)
}

func TestContractHasNoStrayParts(t *testing.T) {
	t.Parallel()
	extensions := []string{"x-assumption", "x-assumptions", "x-codes", "x-error-codes", "x-known-values", "x-reference", "x-require-one-of", "x-sdk", "x-source"}
	root := parse(t)
	used := make(map[string]bool)
	walk(root, func(path []string, node *yaml.Node) {
		if name := path[len(path)-1]; strings.HasPrefix(name, "x-") {
			require.Contains(t, extensions, name, strings.Join(path, "."))
		}
		if ref := at(node, "$ref"); ref != nil {
			used[ref.Value] = true
			require.NotNil(t, at(root, strings.Split(strings.TrimPrefix(ref.Value, "#/"), "/")...), "%s leads nowhere", ref.Value)
		}
	})
	for _, kind := range []string{"headers", "parameters", "responses", "schemas"} {
		for _, name := range keys(at(root, "components", kind)) {
			require.True(t, used[fmt.Sprintf("#/components/%s/%s", kind, name)], "%s %s is not used", kind, name)
		}
	}
}

func load(t *testing.T) *openapi.Document {
	t.Helper()
	document, err := openapi.Parse(api.OpenAPI())
	require.NoError(t, err)
	require.NotEmpty(t, document.Operations)
	return document
}

func parse(t *testing.T) *yaml.Node {
	t.Helper()
	var document yaml.Node
	require.NoError(t, yaml.Unmarshal(api.OpenAPI(), &document))
	return document.Content[0]
}

// walk visits every node below a node, with the keys that lead to it.
func walk(node *yaml.Node, visit func(path []string, node *yaml.Node), path ...string) {
	switch node.Kind {
	case yaml.MappingNode:
		for i := 0; i < len(node.Content); i += 2 {
			below := append(slices.Clone(path), node.Content[i].Value)
			visit(below, node.Content[i+1])
			walk(node.Content[i+1], visit, below...)
		}
	case yaml.SequenceNode:
		for i, item := range node.Content {
			below := append(slices.Clone(path), fmt.Sprint(i))
			visit(below, item)
			walk(item, visit, below...)
		}
	}
}

// at returns the node that keys lead to, or nil.
func at(node *yaml.Node, path ...string) *yaml.Node {
	for _, key := range path {
		if node == nil || node.Kind != yaml.MappingNode {
			return nil
		}
		i := slices.Index(keys(node), key)
		if i < 0 {
			return nil
		}
		node = node.Content[2*i+1]
	}
	return node
}

func keys(node *yaml.Node) []string {
	var names []string
	for i := 0; i < len(node.Content); i += 2 {
		names = append(names, node.Content[i].Value)
	}
	return names
}

func statuses(codes []int) []string {
	var names []string
	for _, code := range codes {
		names = append(names, fmt.Sprint(code))
	}
	return names
}
