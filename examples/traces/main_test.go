package main

import (
	"regexp"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

func TestTraces_Output(t *testing.T) {
	t.Parallel()
	const want = `
import
  funnel POST /contact funnel.call.attempts=2
    * funnel.wait error.type=503 funnel.wait.reason=retry
    POST /contact http.response.status_code=503 error.type=503
    POST /contact http.request.resend_count=1 http.response.status_code=201
  funnel GET /tags funnel.call.attempts=2
    * funnel.wait error.type=RATE_LIMITED funnel.wait.reason=pause
    GET /tags http.response.status_code=429 error.type=429
      * funnel.pause
    GET /tags http.request.resend_count=1 http.response.status_code=200
  funnel POST /tag funnel.call.attempts=1
    POST /tag http.response.status_code=201
  funnel POST /contact-tag funnel.call.attempts=1
    POST /contact-tag http.response.status_code=200
  funnel GET /contact funnel.call.attempts=1 error.type=NOT_FOUND
    GET /contact http.response.status_code=404 error.type=404
`
	times := regexp.MustCompile(`(?m)^.{21}| funnel\.(wait|pause)\.duration=\S+`)
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		require.NoError(t, run(t.Context(), &out))
		require.Equal(t, want, "\n"+times.ReplaceAllString(out.String(), ""))
	})
}
