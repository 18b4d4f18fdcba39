package main

import (
	"strings"
	"testing"
	"testing/synctest"
)

func TestTellsEachErrorFromTheOthers(t *testing.T) {
	const want = `a new contact                          no error
the same once more                     already there: use what is there, or Upsert
an address that is none                tell the user: map[email:[The email must be a valid email address.]]
an id of zero                          mend the program: contact_id is 0: ids are positive
a contact that is not there            not there
a server that is rate limited once     no error
the same, without retries              come back in 50ms
a server that is down for good         log it: status 500 after 4 attempts, body {"success":false,"error":{"code":"SERVER…
a funnel whose creation got no answer  no answer; may have been applied: true
a time-out of the program's own        took too long for this program
a key that is not accepted             give the operator a call: the API key is not accepted
`
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		run(t.Context(), &out)
		if got := out.String(); got != want {
			t.Errorf("got %s\nwant %s", got, want)
		}
	})
}
