package funneltest_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel/funneltest"
)

func TestLists_Paging(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.SeedContacts(250)
	type meta struct{ page, lastPage, perPage, total int }
	for query, want := range map[string]struct {
		meta
		first string
		items int
	}{
		"":                    {meta{1, 5, 50, 250}, "250", 50},
		"per_page=":           {meta{1, 5, 50, 250}, "250", 50},
		"page=":               {meta{1, 5, 50, 250}, "250", 50},
		"page=5":              {meta{5, 5, 50, 250}, "50", 50},
		"page=6":              {meta{6, 5, 50, 250}, "", 0},
		"page=2&per_page=100": {meta{2, 3, 100, 250}, "150", 100},
		"page=3&per_page=100": {meta{3, 3, 100, 250}, "50", 50},
		"page=250&per_page=1": {meta{250, 250, 1, 250}, "1", 1},
		"page=2147483647":     {meta{math.MaxInt32, 5, 50, 250}, "", 0},
	} {
		t.Run(query, func(t *testing.T) {
			got := a.get("/contacts?" + query)
			ids := got.all("id")
			require.Len(t, ids, want.items)
			if want.items > 0 {
				require.Equal(t, want.first, ids[0])
			}
			require.Equal(t, want.meta, meta{got.Meta.CurrentPage, got.Meta.LastPage, got.Meta.PerPage, got.Meta.Total})
		})
	}
}

func TestLists_EmptyListHasOnePage(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	for _, path := range pagedLists(a) {
		a.expect(exchange{"GET " + path, 200, onePage("0", "")})
	}
}

// pagedLists returns the paths of the paged lists except /tags, which must have
// a tag.
func pagedLists(a *api) []string {
	a.setUp(`POST /tag {"name":"t"}`)
	return []string{"/contacts", "/tags-contacts?tag_id=1", "/sequences", "/funnels", "/campaigns",
		"/orders", "/transactions", "/subscriptions"}
}

func TestLists_PagingIsValidated(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	for _, path := range append(pagedLists(a), "/tags") {
		separator := "?"
		if strings.Contains(path, "?") {
			separator = "&"
		}
		for query, want := range map[string][2]string{
			"per_page=0":    {"per_page", "The per page must be between 1 and 100."},
			"per_page=101":  {"per_page", "The per page must be between 1 and 100."},
			"per_page=-1":   {"per_page", "The per page must be between 1 and 100."},
			"per_page=many": {"per_page", "The per page must be an integer."},
			"page=0":        {"page", "The page must be at least 1."},
			"page=x":        {"page", "The page must be an integer."},
		} {
			a.get(path+separator+query).isInvalid(want[0], want[1])
		}
	}
}

func TestLists_NewestFirst(t *testing.T) {
	t.Parallel()
	clock := newClock(noon)
	a := newAPI(t, funneltest.WithClock(clock.now))
	// By id 1 to 5: the third is the oldest, the fourth as old as the second.
	for i, day := range []int{5, 3, 1, 3, 4} {
		clock.set(fmt.Sprintf("2031-03-%02dT12:00:00Z", day))
		a.setUp(fmt.Sprintf(`POST /contact {"email":"c%d@example.com"}`, i), `POST /campaign {"name":"c"}`)
		a.AddOrder(funneltest.Order{CreatedAt: clock.at})
		a.AddTransaction(funneltest.Transaction{CreatedAt: clock.at})
		a.AddSubscription(funneltest.Subscription{CreatedAt: clock.at})
	}
	for _, path := range []string{"/contacts", "/campaigns", "/orders", "/transactions", "/subscriptions"} {
		require.Equal(t, []string{"1", "5", "4", "2", "3"}, a.get(path).all("id"), path)
		require.Equal(t, []string{"4", "2"}, a.get(path+"?per_page=2&page=2").all("id"), path)
	}
}

func TestLists_OthersAreOrderedByID(t *testing.T) {
	t.Parallel()
	clock := newClock(noon)
	a := newAPI(t, funneltest.WithClock(clock.now))
	a.setUp(`POST /tag {"name":"t"}`)
	for _, day := range []int{5, 3, 4} {
		clock.set(fmt.Sprintf("2031-03-%02dT12:00:00Z", day))
		a.setUp(fmt.Sprintf(`POST /tag {"name":"%d"}`, day), `POST /sequence {"name":"s"}`, `POST /funnel {"name":"f"}`,
			fmt.Sprintf(`POST /contact {"email":"c%d@example.com","tag_ids":"1"}`, day),
			fmt.Sprintf(`POST /webhook {"url":"https://example.com/%d"}`, day))
		a.AddCustomField(funneltest.CustomField{})
	}
	require.Equal(t, []string{"1", "2", "3", "4"}, a.get("/tags").all("id"))
	for _, path := range []string{"/sequences", "/funnels", "/tags-contacts?tag_id=1", "/webhooks", "/custom-fields"} {
		require.Equal(t, []string{"1", "2", "3"}, a.get(path).all("id"), path)
	}
}

func TestLists_Status(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.setUp(`POST /campaign {"name":"c"}`, `POST /campaign {"name":"d"}`,
		`POST /campaign-schedule {"campaign_id":2,"scheduled_for":"2999-01-01"}`)
	for _, status := range []string{"waiting", "completed", "odd"} {
		a.AddOrder(funneltest.Order{Status: status})
	}
	for _, status := range []string{"error", "active", "odd"} {
		a.AddSubscription(funneltest.Subscription{Status: status})
	}
	for path, ids := range map[string][]string{
		"/campaigns?status=draft":     {"1"},
		"/campaigns?status=scheduled": {"2"},
		"/campaigns?status=sending":   {},
		"/campaigns?status=sent":      {},
		"/campaigns?status=error":     {},
		"/campaigns?status=":          {"2", "1"},
		"/orders?status=completed":    {"2"},
		"/orders?status=waiting":      {"1"},
		"/orders?status=cancelled":    {},
		"/orders?status=refunded":     {},
		"/orders":                     {"3", "2", "1"},
		"/subscriptions?status=error": {"1"}, "/subscriptions?status=active": {"2"}, "/subscriptions?status=inactive": {},
	} {
		got := a.get(path)
		require.Equal(t, ids, got.all("id"), path)
		require.Equal(t, len(ids), got.Meta.Total, path)
	}
	for _, path := range []string{"/campaigns?status=Draft", "/campaigns?status=completed", "/orders?status=odd",
		"/orders?status=error", "/subscriptions?status=odd", "/subscriptions?status=completed"} {
		a.get(path).isError(400, "INVALID_STATUS")
	}
}

func TestLists_Period(t *testing.T) {
	t.Parallel()
	a := newAPIAtNoon(t) // 10 March 2031
	moments := []string{ // by id
		"2031-02-08T23:59:59.999999Z", // 1: the 31st day
		"2031-02-09T00:00:00Z",        // 2: the last 30 days begin
		"2031-03-03T23:59:59.999999Z", // 3
		"2031-03-04T00:00:00Z",        // 4: the last 7 days begin
		"2031-03-08T23:59:59.999999Z", // 5
		"2031-03-09T00:00:00Z",        // 6: yesterday begins
		"2031-03-09T23:59:59.999999Z", // 7
		"2031-03-10T00:00:00Z",        // 8: today begins
		"2031-03-10T23:59:59.999999Z", // 9
		"2031-03-11T00:00:00Z",        // 10: tomorrow
	}
	for _, moment := range moments {
		a.AddOrder(funneltest.Order{CreatedAt: at(moment)})
	}
	for query, ids := range map[string]string{
		"":                  "10 9 8 7 6 5 4 3 2 1",
		"period=":           "10 9 8 7 6 5 4 3 2 1",
		"period=all":        "10 9 8 7 6 5 4 3 2 1",
		"period=today":      "9 8",
		"period=yesterday":  "7 6",
		"period=last7days":  "9 8 7 6 5 4",
		"period=last30days": "9 8 7 6 5 4 3 2",
		"period=between&range=2031-03-09to2031-03-10": "9 8 7 6",
		"period=between&range=2031-03-09to2031-03-09": "7 6",
		"period=between&range=2031-03-11to2999-12-31": "10",
		"period=between&range=0001-01-01to9999-12-31": "10 9 8 7 6 5 4 3 2 1",
		"period=between&range=1999-01-01to1999-01-02": "",
		"period=today&range=1999-01-01to1999-01-02":   "9 8",
		"range=1999-01-01to1999-01-02":                "10 9 8 7 6 5 4 3 2 1",
	} {
		got := a.get("/orders?" + query)
		require.Equal(t, strings.Fields(ids), got.all("id"), query)
		require.Equal(t, len(strings.Fields(ids)), got.Meta.Total, query)
	}
	for _, query := range []string{
		"period=last_7_days", "period=Today", "period=7", "period=between", "period=between&range=",
		"period=between&range=2031-03-09", "period=between&range=to", "period=between&range=2031-03-09to",
		"period=between&range=to2031-03-09", "period=between&range=2031-03-10to2031-03-09",
		"period=between&range=2031-03-09%20to%202031-03-10", "period=between&range=2031-02-30to2031-03-09",
		"period=between&range=2031-03-09to2031-03-10to2031-03-11", "period=between&range=2031-3-9to2031-3-10",
		"period=between&range=2031-03-09T00:00:00Zto2031-03-10T00:00:00Z", "period=between&from=2031-03-09&to=2031-03-10",
	} {
		a.expect(exchange{"GET /orders?" + query, 400, `{"success":false,"error":{"code":"INVALID_PERIOD",
			"message":"The period value is invalid or the range is missing for period=between"}}`})
	}
}

func TestLists_PeriodOfEveryListThatHasIt(t *testing.T) {
	t.Parallel()
	clock := newClock("2031-03-09T12:00:00Z")
	a := newAPI(t, funneltest.WithClock(clock.now))
	add := func(name string) {
		a.setUp(`POST /contact {"email":"`+name+`@example.com"}`, `POST /campaign {"name":"c"}`)
		a.AddOrder(funneltest.Order{})
		a.AddTransaction(funneltest.Transaction{})
		a.AddSubscription(funneltest.Subscription{})
	}
	add("yesterday")
	clock.set(noon)
	add("today")
	for _, path := range []string{"/contacts", "/campaigns", "/orders", "/transactions", "/subscriptions"} {
		require.Equal(t, []string{"1"}, a.get(path+"?period=yesterday").all("id"), path)
		require.Equal(t, []string{"2"}, a.get(path+"?period=today").all("id"), path)
		a.get(path+"?period=x").isError(400, "INVALID_PERIOD")
	}
	a.setUp(`GET /tags?period=x`) // has no such filter
}
