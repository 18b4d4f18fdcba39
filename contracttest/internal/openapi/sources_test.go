package openapi_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/funnel-go/funnel/api"
	"github.com/funnel-go/funnel/contracttest/internal/openapi"
)

func TestSources_ContractHasThem(t *testing.T) {
	t.Parallel()
	require.Empty(t, checkSources(t, api.OpenAPI()))
}

// Each edit breaks the contract in one place, and the check finds that place.
func TestSources_CheckFindsWhatIsWrong(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, old, new, want string }{
		{"an operation without a source", "x-seen: full\n      x-source: documented\n", "x-seen: full\n",
			"paths./contacts.get has no source"},
		{"a parameter without a source", `schema: {$ref: "#/components/schemas/Period"}, x-source: documented, `, `schema: {$ref: "#/components/schemas/Period"}, `,
			"paths./contacts.get.parameters.0 has no source"},
		{"a field without a source", "tag_ids: {$ref: \"#/components/schemas/IDList\", x-source: assumed, x-assumption: B2}", "tag_ids: {$ref: \"#/components/schemas/IDList\"}",
			"components.schemas.ContactCreate.properties.tag_ids has no source"},
		{"a response without a source", "A page of tags.\n      x-source: documented\n", "A page of tags.\n",
			"components.responses.TagPage has no source"},
		{"an unknown source", "x-source: documented\n      x-reference: orders", "x-source: guessed\n      x-reference: orders", "has the source guessed"},
		{"an unknown page", "x-reference: orders", "x-reference: invoices", "refers to invoices, which is not a page"},
		{"an unknown assumption", "x-assumption: B9", "x-assumption: B19", "rests on B19, which is not an assumption"},
		{"a page for something assumed", "x-source: assumed\n      x-assumption: B9", "x-source: assumed\n      x-assumption: B9\n      x-reference: errors", "is assumed and refers to a page"},
		{"an assumption for something documented", "x-source: documented\n      x-reference: orders", "x-source: documented\n      x-reference: orders\n      x-assumption: B4",
			"is documented and rests on an assumption"},
		{"an error code without a source", "x-codes: {PATH_TAKEN: documented}", "x-codes: {PATH_TAKEN: }", "x-codes PATH_TAKEN has no source"},
		{"a code with another source than its response", "x-codes: {INVALID_DATE: assumed}", "x-codes: {INVALID_DATE: documented}", "INVALID_DATE is documented, its response assumed"},
		{"an unused assumption", "x-assumption: B13", "x-assumption: B7", "B13 is not used"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			broken := strings.Replace(string(api.OpenAPI()), tt.old, tt.new, 1)
			require.NotEqual(t, string(api.OpenAPI()), broken, "the edit changes nothing")
			require.Contains(t, strings.Join(checkSources(t, []byte(broken)), "\n"), tt.want)
		})
	}
}

// parts are the keys whose members each need a source of their own.
var parts = []string{"properties", "parameters", "responses", "headers", "securitySchemes", "x-error-codes", "x-named-only"}

// checkSources returns what is wrong with the sources of a contract.
func checkSources(t *testing.T, data []byte) []string {
	t.Helper()
	document, err := openapi.Parse(data)
	require.NoError(t, err)
	var found []string
	complain := func(path []string, format string, args ...any) {
		found = append(found, where(path)+" "+fmt.Sprintf(format, args...))
	}
	used := make(map[string]bool)
	operation := regexp.MustCompile(`^(paths|webhooks)\.[^.]+\.(get|post|put|delete)$`)
	walk(parse(t, data), func(path []string, node *yaml.Node) {
		if node.Kind != yaml.MappingNode || slices.Contains(path, "if") || slices.Contains(path, "examples") {
			return
		}
		if path[len(path)-1] == "x-codes" {
			for i, code := range keysOf(node) {
				if node.Content[2*i+1].Value == "" {
					complain(path, "%s has no source", code)
				}
			}
		}
		p := openapi.Provenance{Source: text(node, "x-source"), Reference: text(node, "x-reference"), Assumption: text(node, "x-assumption")}
		if p.Source == "" {
			isPart := len(path) > 1 && slices.Contains(parts, path[len(path)-2]) || operation.MatchString(where(path))
			isReference := at(node, "$ref") != nil && !slices.Contains(path, "properties")
			if isPart && !isReference || at(node, "x-known-values") != nil {
				complain(path, "has no source")
			}
			return
		}
		if codes := at(node, "x-codes"); codes != nil {
			for i, code := range keysOf(codes) {
				if source := codes.Content[2*i+1].Value; source != p.Source {
					complain(path, "%s is %s, its response %s", code, source, p.Source)
				}
			}
		}
		_, isPage := document.Pages.Get(p.Reference)
		_, isAssumption := document.Assumptions.Get(p.Assumption)
		used[p.Assumption] = true
		switch p.Source {
		case openapi.Documented:
			if !isPage {
				complain(path, "refers to %s, which is not a page", p.Reference)
			}
			if p.Assumption != "" {
				complain(path, "is documented and rests on an assumption")
			}
		case openapi.Assumed:
			if !isAssumption {
				complain(path, "rests on %s, which is not an assumption", p.Assumption)
			}
			if p.Reference != "" {
				complain(path, "is assumed and refers to a page")
			}
		default:
			complain(path, "has the source %s", p.Source)
		}
	})
	for _, a := range document.Assumptions {
		if !used[a.Key] {
			found = append(found, a.Key+" is not used")
		}
	}
	return found
}

// text returns the value of a key, or "".
func text(node *yaml.Node, key string) string {
	if value := at(node, key); value != nil {
		return value.Value
	}
	return ""
}
