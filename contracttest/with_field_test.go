package contracttest_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
)

// WithField refuses every parameter by which the contract names a resource.
func TestWithField_RefusesIDs(t *testing.T) {
	t.Parallel()
	client := connect(t, &reply{status: http.StatusOK, body: `{"success": true}`})
	ids := make(map[string]bool)
	for _, op := range document(t).Operations {
		for _, p := range op.Parameters {
			ids[p.Name] = ids[p.Name] || strings.HasSuffix(p.Name, "_id") || strings.HasPrefix(p.Name, "id")
		}
		for _, f := range document(t).Fields(op) {
			ids[f.Name] = ids[f.Name] || strings.HasSuffix(f.Name, "_id")
		}
	}
	found := 0
	for name, isID := range ids {
		if isID {
			found++
			var refused *funnel.ArgumentError
			err := client.Call(funnel.WithField(t.Context(), name, 1), http.MethodPost, "/any", nil, nil, nil)
			require.ErrorAs(t, err, &refused, "%s is missing in idFields", name)
		}
	}
	require.Positive(t, found)
}
