package contracttest

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/funnel-go/funnel/contracttest/internal/openapi"
)

// checkQuery finds what OpenAPI does not forbid and so its validators let pass:
// parameters that the operation does not have, parameters given twice, and
// alternatives of which not exactly one is given.
func checkQuery(op *openapi.Operation, rawQuery string) []string {
	query, err := url.ParseQuery(rawQuery)
	if err != nil {
		return []string{"query: " + err.Error()}
	}
	var found []string
	for _, name := range slices.Sorted(maps.Keys(query)) {
		if !slices.ContainsFunc(op.Parameters, func(p *openapi.Parameter) bool { return p.Name == name }) {
			found = append(found, fmt.Sprintf("query: unknown parameter %s", name))
		}
		if n := len(query[name]); n > 1 {
			found = append(found, fmt.Sprintf("query: parameter %s is given %d times", name, n))
		}
	}
	given := slices.DeleteFunc(slices.Clone(op.RequireOneOf), func(name string) bool { return !query.Has(name) })
	if len(op.RequireOneOf) > 0 && len(given) != 1 {
		found = append(found, fmt.Sprintf("query: %d of %s given, want exactly one", len(given), strings.Join(op.RequireOneOf, ", ")))
	}
	return found
}
