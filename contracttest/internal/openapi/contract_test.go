package openapi_test

import (
	"fmt"
	"go/parser"
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

func load(t *testing.T) *openapi.Document {
	t.Helper()
	document, err := openapi.Parse(api.OpenAPI())
	require.NoError(t, err)
	require.NotEmpty(t, document.Operations)
	return document
}

// isValid reports whether a document follows the schema of OpenAPI 3.1.
func isValid(t *testing.T, data []byte) bool {
	t.Helper()
	document, err := libopenapi.NewDocument(data)
	require.NoError(t, err)
	require.Equal(t, "3.1.0", document.GetVersion())
	v, errs := validator.NewValidator(document)
	require.Empty(t, errs)
	valid, _ := v.ValidateDocument()
	return valid
}

func TestContract_IsValidOpenAPI(t *testing.T) {
	t.Parallel()
	require.True(t, isValid(t, api.OpenAPI()))
	broken := strings.Replace(string(api.OpenAPI()), "in: query", "in: kwery", 1)
	require.False(t, isValid(t, []byte(broken)), "an invalid document passes")
}

// operationsByKind are the kinds of the operations of 2026-05. They change only if a
// page that was not seen before shows something new. A new operation need not be here.
var operationsByKind = map[string][]string{
	"d": {
		"GET /contacts", "GET /contact", "GET /contacts-tags", "PUT /contact-custom-field", "GET /custom-fields", "GET /tags", "GET /tags-contacts",
		"POST /sequence", "POST /sequence-stage", "GET /funnels", "POST /funnel", "POST /funnel-step", "GET /campaigns", "GET /campaign",
		"GET /webhooks", "POST /webhook", "DELETE /webhook", "GET /orders", "GET /order", "GET /transactions", "GET /subscriptions",
	},
	"l": {
		"POST /contact", "POST /contact-sequence", "POST /tag", "PUT /tag", "PUT /sequence-stage-content", "PUT /funnel-step", "DELETE /campaign",
	},
	"n": {
		"PUT /contact", "DELETE /contact", "POST /contact-tag", "GET /sequences", "PUT /sequence-stage", "POST /campaign",
		"POST /campaign-schedule", "DELETE /campaign-schedule", "GET /sales-amount",
	},
	"s": {
		"DELETE /contact-tag", "DELETE /contact-sequence", "DELETE /tag", "PUT /sequence", "DELETE /sequence", "DELETE /sequence-stage",
		"PUT /funnel", "DELETE /funnel", "DELETE /funnel-step", "PUT /campaign",
	},
}

func TestContract_Operations(t *testing.T) {
	t.Parallel()
	got := make(map[string][]string)
	for _, op := range load(t).Operations {
		got[op.Kind] = append(got[op.Kind], op.String())
	}
	for kind, want := range operationsByKind {
		require.Subset(t, got[kind], want, kind)
	}
}

// A kind determines what the source of an operation can be, and how much of it
// was seen.
func TestContract_KindMatchesSource(t *testing.T) {
	t.Parallel()
	for _, op := range load(t).Operations {
		seen := map[string][]string{"d": {"full", "part"}, "l": {"part", "named"}, "n": {"part", "named"}, "s": {"none"}}[op.Kind]
		require.Contains(t, seen, op.Seen, "%s: x-seen does not fit x-kind %s", op, op.Kind)
		switch {
		case op.Kind == "l":
			require.Equal(t, "errors", op.Reference, "%s", op)
		case op.Kind == "s":
			require.Equal(t, "B5", op.Assumption, "%s: x-assumption of an operation of x-kind s", op)
		case op.Kind == "d" || op.Path == "/sales-amount":
			require.True(t, op.Documented(), "%s", op)
		default:
			require.False(t, op.Documented(), "%s", op)
		}
	}
}

func TestContract_ErrorCodes(t *testing.T) {
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
	require.Equal(t, want, got, "a new code needs a line here and, if only some operations have it, in TestContract_CodesOfOperations")

	used := make(map[string]bool)
	for _, op := range document.Operations {
		for _, response := range op.Responses {
			for _, code := range response.Value.Codes {
				used[code.Key] = true
				require.Contains(t, fmt.Sprint(want[code.Key]), response.Key, "%s: %s", op, code.Key)
			}
		}
	}
	require.ElementsMatch(t, slices.Collect(maps.Keys(want)), slices.Collect(maps.Keys(used)))
}

// These codes belong to the operations that a page names, and to no other.
func TestContract_CodesOfOperations(t *testing.T) {
	t.Parallel()
	want := map[string][]string{
		"CONTACT_EXISTS":         {"POST /contact"},
		"TAG_EXISTS":             {"POST /tag", "PUT /tag"},
		"WEBHOOK_EXISTS":         {"POST /webhook"},
		"PATH_TAKEN":             {"PUT /funnel-step"},
		"CAMPAIGN_SCHEDULED":     {"DELETE /campaign"},
		"NO_SUBDOMAIN":           {"POST /funnel"},
		"STAGE_NOT_EMAIL":        {"PUT /sequence-stage-content"},
		"SEQUENCE_HAS_NO_STAGES": {"POST /contact-sequence"},
		"INVALID_STATUS":         {"GET /campaigns", "GET /orders", "GET /subscriptions"},
		"INVALID_PERIOD":         {"GET /contacts", "GET /campaigns", "GET /orders", "GET /sales-amount", "GET /transactions", "GET /subscriptions"},
		"INVALID_DATE":           {"POST /campaign-schedule"},
	}
	got := make(map[string][]string)
	for _, op := range load(t).Operations {
		for _, response := range op.Responses {
			for _, code := range response.Value.Codes {
				if want[code.Key] != nil {
					got[code.Key] = append(got[code.Key], op.String())
				}
			}
		}
	}
	require.Equal(t, want, got)
}

func TestContract_OperationsAreComplete(t *testing.T) {
	t.Parallel()
	document := load(t)
	var tags []string
	for _, tag := range document.Tags {
		tags = append(tags, tag.Name)
	}
	names := regexp.MustCompile(`^[A-Z][A-Za-z]+\.[A-Z][A-Za-z]+$`)
	ids := make(map[string]bool)
	for _, op := range document.Operations {
		require.NotEmpty(t, op.Summary, "%s", op)
		require.Len(t, op.Tags, 1, "%s", op)
		require.Contains(t, tags, op.Tags[0], "%s", op)
		require.NotEmpty(t, op.SDK, "%s", op)
		for _, method := range op.SDK {
			require.Regexp(t, names, method, "%s", op)
		}
		want := strings.ToLower(op.SDK[0][:1]) + strings.ReplaceAll(op.SDK[0][1:], ".", "")
		require.Equal(t, want, op.ID, "%s: the operationId is not that of the first method", op)
		require.False(t, ids[op.ID], "%s: the operationId is used twice", op)
		ids[op.ID] = true

		for _, status := range []string{"401", "403", "429", "500"} {
			_, ok := op.Responses.Get(status)
			require.True(t, ok, "%s has no %s", op, status)
		}
		for _, response := range op.Responses {
			isError := response.Key >= "400" && response.Key != "429" // a 429 has no code
			require.Equal(t, isError, len(response.Value.Codes) > 0, "%s: codes of %s", op, response.Key)
		}
	}
}

// Only GET has a query. All other methods send a JSON body. That of a DELETE has a source
// of its own: a page that shows it, or B1.
func TestContract_ParametersAndBodies(t *testing.T) {
	t.Parallel()
	document := load(t)
	open := []string{"POST /campaign", "PUT /campaign"} // content and audience are unknown (B8)
	root := parse(t, api.OpenAPI())
	for _, op := range document.Operations {
		require.NotContains(t, op.Path, "{", "%s: the SDK sends no id in a path, but in the query of a GET and in the body of other methods", op)
		require.Equal(t, op.Method == "GET", op.RequestBody == nil, "%s: a GET has no requestBody, all others need one", op)
		if op.Method == "GET" {
			for _, p := range op.Parameters {
				require.Equal(t, "query", p.In, "%s: in of %s", op, p.Name)
			}
			continue
		}
		require.Empty(t, op.Parameters, "%s: its parameters belong to its requestBody", op)
		require.NotEmpty(t, document.Fields(op), "%s: its requestBody has no properties", op)
		require.Equal(t, op.Method == "DELETE", op.RequestBody.Source != "", "%s: x-source of its requestBody", op)
		require.Contains(t, []string{"", "B1"}, op.RequestBody.Assumption, "%s", op)

		schema := at(root, "components", "schemas", op.RequestBody.JSON().Name())
		closed := at(schema, "additionalProperties")
		require.Equal(t, !slices.Contains(open, op.String()), closed != nil && closed.Value == "false", "%s", op)
	}
	walk(root, func(path []string, node *yaml.Node) {
		require.Nil(t, at(node, "enum"), "%s: every set of values is open", where(path))
	})
}

// Every operation that addresses one contact takes its id or its e-mail
// address.
func TestContract_ContactsByIDOrEmail(t *testing.T) {
	t.Parallel()
	document := load(t)
	var got []string
	for _, op := range document.Operations {
		if names := document.OneOf(op); names != nil {
			require.Equal(t, []string{"contact_id", "email"}, names, "%s", op)
			got = append(got, op.String())
		}
	}
	require.Equal(t, []string{
		"GET /contact", "PUT /contact", "DELETE /contact", "GET /contacts-tags", "PUT /contact-custom-field",
		"POST /contact-tag", "DELETE /contact-tag", "POST /contact-sequence", "DELETE /contact-sequence",
	}, got)
}

// A list of ids is one string.
func TestContract_IDLists(t *testing.T) {
	t.Parallel()
	document := load(t)
	found := 0
	for _, op := range document.Operations {
		for _, field := range document.Fields(op) {
			if field.Name == "tag_ids" || field.Name == "sequence_ids" {
				require.Equal(t, openapi.Types{"string"}, document.Resolve(field.Schema).Types)
				require.Equal(t, "B2", field.Assumption)
				found++
			}
		}
	}
	require.Equal(t, 2, found)
}

func TestContract_Lists(t *testing.T) {
	t.Parallel()
	document := load(t)
	paged := make(map[string]bool)
	for _, op := range document.Operations {
		success, ok := op.Responses.Get("200")
		if !ok {
			continue // a creation
		}
		if data := document.Data(success); data != nil && data.Items != nil {
			paged[op.String()] = document.Paged(success)
			takesPage := slices.ContainsFunc(op.Parameters, func(p *openapi.Parameter) bool { return p.Name == "page" })
			require.Equal(t, document.Paged(success), takesPage, "%s", op)
		}
	}
	require.Subset(t, paged, map[string]bool{
		"GET /contacts": true, "GET /tags": true, "GET /tags-contacts": true, "GET /sequences": true, "GET /funnels": true,
		"GET /campaigns": true, "GET /orders": true, "GET /transactions": true, "GET /subscriptions": true,
		"GET /contacts-tags": false, "GET /custom-fields": false, "GET /webhooks": false,
	})
}

// A write responds with what its page shows. If no page shows its response, it
// promises only success.
func TestContract_ResponsesOfWrites(t *testing.T) {
	t.Parallel()
	document := load(t)
	got := make(map[string][]string)
	for _, op := range document.Operations {
		if op.Method == "GET" {
			continue
		}
		for _, status := range []string{"200", "201"} {
			if r, ok := op.Responses.Get(status); ok {
				if data := document.Resolve(document.Data(r)); data != nil {
					for _, p := range data.Properties {
						got[op.String()+" "+status] = append(got[op.String()+" "+status], p.Key)
					}
				}
			}
		}
	}
	require.Subset(t, got, map[string][]string{
		"POST /contact 201":             {"id"},
		"POST /tag 201":                 {"id", "name"},
		"POST /sequence 201":            {"id", "name", "type"},
		"POST /sequence-stage 201":      {"id", "sequence_id", "step", "name", "stage_type", "time_value", "time_type"},
		"POST /funnel 201":              {"id", "name", "type"},
		"POST /funnel-step 201":         {"id", "funnel_id", "name", "path", "order"},
		"POST /campaign 201":            {"id", "status"},
		"POST /webhook 201":             {"id", "url", "active", "secret"},
		"POST /contact-tag 200":         {"contact_id", "tag_id"},
		"POST /contact-sequence 200":    {"contact_id", "sequence_id"},
		"PUT /contact-custom-field 200": {"contact_id", "custom_field_id", "value"},
	})
}

// The names from before 2026-05-09 are gone: a resource's own id is `id`, and
// only the ids of other resources have longer names.
func TestContract_OwnIDIsID(t *testing.T) {
	t.Parallel()
	document := load(t)
	links := []string{"ContactTag", "ContactSequence", "ContactCustomField", "SalesAmount"} // have no id of their own
	for _, op := range document.Operations {
		for _, r := range op.Responses {
			data := document.Data(r.Value)
			if data != nil && data.Items != nil {
				data = data.Items
			}
			if data != nil && !slices.Contains(links, data.Name()) {
				require.Contains(t, document.Resolve(data).Required, "id", "%s", op)
			}
		}
	}
}

func TestContract_Deliveries(t *testing.T) {
	t.Parallel()
	document := load(t)
	require.Len(t, document.Deliveries, 1, "event names were not seen")
	delivery := document.Deliveries[0]
	require.Empty(t, delivery.RequestBody.JSON().Properties, "payloads were not seen")
	require.Equal(t, "HMAC-SHA256", delivery.Signature.Algorithm)
	require.Equal(t, "webhooks", delivery.Signature.Reference)
	require.Equal(t, "B13", delivery.Signature.Header.Assumption)
}

func TestContract_NamedOnly(t *testing.T) {
	t.Parallel()
	document := load(t)
	var got []string
	for _, named := range document.NamedOnly {
		got = append(got, named.Operation)
		require.NotEmpty(t, named.Known, named.Operation)
		require.Contains(t, named.Call, "client.Call(ctx, ", named.Operation)
		_, err := parser.ParseExpr("func() {\n" + named.Call + "}")
		require.NoError(t, err, named.Operation)
	}
	require.Equal(t, []string{"Unsubscribe a contact", "/contact-stats", "/contacts-bulk-tag", "List invoices", "GET /subscription"}, got)
}

func TestContract_HasNoStrayParts(t *testing.T) {
	t.Parallel()
	extensions := []string{
		"x-assumption", "x-assumptions", "x-codes", "x-error-codes", "x-kind", "x-known-values", "x-named-only", "x-pages", "x-reference",
		"x-require-one-of", "x-sdk", "x-seen", "x-signature", "x-source",
	}
	root := parse(t, api.OpenAPI())
	used := make(map[string]bool)
	walk(root, func(path []string, node *yaml.Node) {
		if name := path[len(path)-1]; strings.HasPrefix(name, "x-") {
			require.Contains(t, extensions, name, where(path))
		}
		if ref := at(node, "$ref"); ref != nil {
			used[ref.Value] = true
			require.NotNil(t, at(root, strings.Split(strings.TrimPrefix(ref.Value, "#/"), "/")...), "%s leads nowhere", ref.Value)
		}
	})
	for _, kind := range []string{"headers", "responses", "schemas"} {
		for _, name := range keysOf(at(root, "components", kind)) {
			require.True(t, used[fmt.Sprintf("#/components/%s/%s", kind, name)], "%s %s is not used", kind, name)
		}
	}
}
