package contracttest_test

import (
	"net/http"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
)

// If an operation is assumed, and the response looks as if the API had another one,
// the error says so. The SDK's table is that of the contract.
func TestAssumed_ErrorNamesAssumption(t *testing.T) {
	t.Parallel()
	html := http.Header{"Content-Type": {"text/html"}}
	for _, op := range document(t).Operations {
		i := slices.IndexFunc(samples, func(s sample) bool { return s.operation() == op.String() })
		require.GreaterOrEqual(t, i, 0, "%s has no sample in samples_test.go", op)
		for _, tt := range []struct {
			name    string
			server  reply
			isDoubt bool
		}{
			{"a 404 without an envelope", reply{status: 404, body: `{"message": "The route could not be found."}`}, true},
			{"a 404 of another program", reply{status: 404, body: "<title>Not found</title>", header: html}, true},
			{"a 405", reply{status: 405, body: `{"message": "The method is not supported."}`}, true},
			{"another shape", reply{status: 200, body: `{"result": 7}`}, true},
			{"an unknown id", reply{status: 404, body: failed("NOT_FOUND")}, false},
			{"half a body", reply{status: 200, body: `{"succ`}, false},
			{"an outage", reply{status: 503, body: "down"}, false},
		} {
			t.Run(op.String()+"/"+tt.name, func(t *testing.T) {
				t.Parallel()
				s := samples[i]
				_, err := invoke(funnel.WithoutRetry(t.Context()), connect(t, &tt.server), s.method, s.args...)
				require.Error(t, err)
				if op.Assumption != "" && tt.isDoubt {
					require.ErrorContains(t, err, "; this operation's shape is assumed ("+op.Assumption+"): run funnel-doctor")
				} else {
					require.NotContains(t, err.Error(), "assumed")
				}
			})
		}
	}
}
