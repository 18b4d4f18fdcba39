package contracttest

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/funnel-go/funnel/contracttest/internal/openapi"
)

// checkQuery finds what OpenAPI validators accept: unknown parameters, parameters
// that are sent twice, and alternatives of which none is sent.
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
			found = append(found, fmt.Sprintf("query: parameter %s is sent %d times", name, n))
		}
	}
	if len(op.RequireOneOf) > 0 && !slices.ContainsFunc(op.RequireOneOf, query.Has) {
		found = append(found, fmt.Sprintf("query: none of %s is sent, want at least one", strings.Join(op.RequireOneOf, ", ")))
	}
	return found
}
