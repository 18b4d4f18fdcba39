package contracttest_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel/contracttest/internal/openapi"
)

// A POST whose response is lost is retried only if a repeat cannot duplicate anything:
// the API rejects a second one with the same key, or the link is there already.
func TestUnique_LostPOSTIsRetriedIfARepeatIsHarmless(t *testing.T) {
	for _, s := range samples {
		if !strings.HasPrefix(s.operation(), http.MethodPost) {
			continue
		}
		t.Run(s.operation(), func(t *testing.T) {
			isHarmless := s.operation() == "POST /contact-tag" || hasExistsCode(document(t), s.operation())
			synctest.Test(t, func(t *testing.T) {
				var lost lostResponses
				_, err := invoke(t.Context(), connect(t, &lost), s.method, s.args...)
				require.Error(t, err)
				require.Equal(t, isHarmless, lost > 1, "%d requests", lost)
			})
		})
	}
}

// hasExistsCode reports whether an operation has an error code such as TAG_EXISTS.
func hasExistsCode(d *openapi.Document, operation string) bool {
	for _, op := range d.Operations {
		response, ok := op.Responses.Get("409")
		if op.String() != operation || !ok {
			continue
		}
		for _, code := range response.Codes {
			if strings.HasSuffix(code.Key, "_EXISTS") {
				return true
			}
		}
	}
	return false
}

// lostResponses is a server whose responses are lost, and the number of requests.
type lostResponses int

func (l *lostResponses) RoundTrip(*http.Request) (*http.Response, error) {
	*l++
	return nil, io.ErrUnexpectedEOF
}
