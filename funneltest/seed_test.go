package funneltest_test

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel/funneltest"
)

func TestSeededContactsAreContactsLikeOthers(t *testing.T) {
	t.Parallel()
	a := newAPI(t, funneltest.WithClock(newClock("2026-11-22T09:30:00Z").now), funneltest.WithWebhookHandler(accept()))
	a.setUp(`POST /webhook {"url":"https://hooks.test/"}`)
	a.SeedContacts(20)
	a.get("/contact?email=contact-0000010@example.com").
		data(`{"id":10,"email":"contact-0000010@example.com","first_name":"Barbara","last_name":"Hopper","phone":null,
			"status":"unsubscribed","custom_fields":[],"tags":[],
			"created_at":"2026-11-22T09:30:00.000000Z","updated_at":"2026-11-22T09:30:00.000000Z"}`)
	require.Equal(t, 2, a.get("/contacts?status=unsubscribed").Meta.Total)
	a.post("/contact", `{"email":"contact-0000007@example.com"}`).refused(409, "CONTACT_EXISTS")
	require.Equal(t, "21", a.post("/contact", `{"email":"ada@example.com"}`).field("id"))
	a.settle()
	require.Len(t, a.Deliveries(), 1, "only of the contact that was created")
}

func TestSeedingGoesOnWhereItStoppedAndSparesWhatIsThere(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.setUp(`POST /contact {"email":"CONTACT-0000003@example.com","first_name":"Own"}`)
	a.SeedContacts(2)
	a.SeedContacts(2)
	require.Equal(t, []string{`"CONTACT-0000003@example.com"`, `"contact-0000002@example.com"`,
		`"contact-0000004@example.com"`, `"contact-0000005@example.com"`}, a.get("/contacts").all("email"))
	require.Equal(t, []string{"1", "2", "4", "5"}, a.get("/contacts").all("id"))
}

func TestAPageIsServedWithoutCopyingTheList(t *testing.T) { // not parallel: it counts bytes
	const contacts = 100_000
	a := newAPI(t)
	a.SeedContacts(contacts)
	r := a.request("GET", "/contacts?per_page=100&page=1000", "")
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	response, err := a.Transport().RoundTrip(r)
	runtime.ReadMemStats(&after)
	require.NoError(t, err)
	require.Equal(t, 200, response.StatusCode)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(8*contacts/2), "half of the list's pointers")
}
