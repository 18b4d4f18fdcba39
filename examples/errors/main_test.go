package main

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

func TestErrors_Output(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		run(t.Context(), &out)
		require.Equal(t, `new contact                               nothing to do
same contact            CONTACT_EXISTS    use the existing contact, or call Upsert
malformed address       VALIDATION_ERROR  show to the user: map[email:[The email must be a valid email address.]]
empty address           invalid_argument  show to the user: map[email:[The email is required.]]
unknown contact         NOT_FOUND         it does not exist
rate limited once                         nothing to do
rate limited, no retry  RATE_LIMITED      call again in 50ms
server down             SERVER_ERROR      call again later
lost response           connection_lost   check whether it was applied before calling again
deadline exceeded       timeout           call again later
wrong API key           UNAUTHORIZED      alert the operator: the API key is not accepted
`, out.String())
	})
}
