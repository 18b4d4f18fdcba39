package contracttest_test

import (
	"go/ast"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel/contracttest/internal/openapi"
)

// Every method says in its docstring which operations it calls, where those
// come from and what they can be refused with; the contract agrees.
func TestDocstringsKeepTheContract(t *testing.T) {
	t.Parallel()
	sdk, document := readSDK(t), contractDocument(t)
	var found []string
	for _, m := range sdk.methods {
		if !strings.HasPrefix(m.name, "Event.") {
			found = append(found, lintMethod(m, sdk, document.Operations)...)
		}
	}
	require.Empty(t, strings.Join(found, "\n"))
}

// What x-sdk names are the SDK's methods: each that there is, and no other.
func TestTheContractNamesEveryMethod(t *testing.T) {
	t.Parallel()
	var named, there []string
	document := contractDocument(t)
	for _, op := range slices.Concat(document.Operations, document.Deliveries) {
		named = append(named, op.SDK...)
	}
	for _, m := range readSDK(t).methods {
		there = append(there, m.name)
	}
	slices.Sort(named)
	slices.Sort(there)
	require.Equal(t, there, slices.Compact(named))
}

// The flows call every method that there is.
func TestFlowsCallEveryMethod(t *testing.T) {
	t.Parallel()
	called := make(map[string]bool)
	_, files := parseFiles(t, "flow_*_test.go")
	for _, file := range files {
		for node := range ast.Preorder(file) {
			call, ok := node.(*ast.CallExpr)
			if !ok {
				continue
			}
			if fn, ok := call.Fun.(*ast.SelectorExpr); ok {
				called["Event."+fn.Sel.Name] = true
				if service, ok := fn.X.(*ast.SelectorExpr); ok {
					called[service.Sel.Name+"."+fn.Sel.Name] = true
				}
			}
		}
	}
	for _, m := range readSDK(t).methods {
		require.True(t, called[m.name], "no flow calls %s", m.name)
	}
}

// The SDK has a constant for every code and every known value, and no other.
func TestConstantsAreTheContractsValues(t *testing.T) {
	t.Parallel()
	sdk, document := readSDK(t), contractDocument(t)
	var codes []string
	for _, code := range document.ErrorCodes {
		codes = append(codes, code.Key)
	}
	const own = "RATE_LIMITED" // the SDK's code for a 429, which carries none
	require.ElementsMatch(t, append(codes, own), slices.Collect(maps.Values(sdk.constants["Code"])))

	sets := 0
	for _, schema := range document.Components.Schemas {
		var values []string
		for _, value := range schema.Value.KnownValues {
			values = append(values, value.Key)
		}
		if values == nil {
			continue
		}
		sets++
		name := strings.Replace(schema.Key, "EventName", "EventType", 1)
		require.ElementsMatch(t, values, slices.Collect(maps.Values(sdk.constants[name])), name)
	}
	require.Equal(t, 8, sets)
}

func contractDocument(t *testing.T) *openapi.Document {
	t.Helper()
	contract, err := load()
	require.NoError(t, err)
	return contract.Document()
}

// The lint finds what it is there to find.
func TestLintMethod(t *testing.T) {
	t.Parallel()
	sdk := readSDK(t)
	m, ok := sdk.method("Tags.Update")
	require.True(t, ok)
	const right = "API: PUT /tag (documented). Errors: [ErrNotFound], [ErrTagExists],\n[*ValidationError].\n"
	require.Equal(t, "Update changes a tag and returns it as it is then.\n\n"+right, m.doc)
	tests := []struct {
		name, doc string
		want      []string
	}{
		{"all is well", right, nil},
		{"a remark on an error", strings.Replace(right, "[ErrTagExists]", "[ErrTagExists] for a name that another tag has", 1), nil},
		{"a remark on a source", strings.Replace(right, "documented", "documented; its id is assumed", 1), nil},
		{"no line", "Update changes a tag.", []string{"Tags.Update has no line on the API"}},
		{"no source", "API: PUT /tag.", []string{"Tags.Update has a line on the API that cannot be understood: PUT /tag."}},
		{"another source", strings.Replace(right, "documented", "assumed", 1), []string{"Tags.Update calls PUT /tag assumed, which is documented"}},
		{"a path misspelt", strings.Replace(right, "/tag", "/tags", 1), []string{
			"Tags.Update does not name PUT /tag, whose x-sdk names it",
			"Tags.Update names PUT /tags, whose x-sdk does not name it",
		}},
		{"one operation too many", strings.Replace(right, " (", " and GET /tag (", 1), []string{"Tags.Update names GET /tag, whose x-sdk does not name it"}},
		{"an error too few", strings.Replace(right, "[ErrNotFound], ", "", 1), []string{"Tags.Update does not name the error NOT_FOUND"}},
		{"an error too many", strings.Replace(right, "[ErrNotFound]", "[ErrNotFound], [ErrPathTaken]", 1), []string{"Tags.Update names ErrPathTaken, which is none of its own"}},
		{"an error misspelt", strings.Replace(right, "ErrTagExists", "ErrTagExist", 1), []string{
			"Tags.Update does not name the error TAG_EXISTS",
			"Tags.Update names ErrTagExist, which is none of its own",
		}},
		{"an error of all operations", strings.Replace(right, "[ErrNotFound]", "[ErrNotFound], [ErrServer]", 1), []string{"Tags.Update names ErrServer, which is none of its own"}},
		{"no validation", strings.Replace(right, ",\n[*ValidationError]", "", 1), []string{"Tags.Update does not name the error VALIDATION_ERROR"}},
		{"as a method that there is not", "API: as [TagsService.Replace].", []string{"Tags.Update is as Tags.Replace, which has no line on the API"}},
		{"as another method", "API: as [TagsService.Create].", []string{
			"Tags.Update does not name PUT /tag, whose x-sdk names it",
			"Tags.Update names POST /tag, whose x-sdk does not name it",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := m
			m.doc = tt.doc
			require.Equal(t, tt.want, lintMethod(m, sdk, contractDocument(t).Operations))
		})
	}
}
