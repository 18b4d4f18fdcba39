package funnel_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
)

// contactsNamed returns contacts with those ids.
func contactsNamed(ids ...funnel.ContactID) []funnel.Contact {
	contacts := []funnel.Contact{}
	for _, id := range ids {
		contacts = append(contacts, funnel.Contact{ID: id})
	}
	return contacts
}

// listed replies with a page of a list of so many contacts, in one of the
// shapes in which Laravel pages a list.
func listed(total int, shape func(items string, page, perPage, last, total int) string) reply {
	return func(req *http.Request) (*http.Response, error) {
		q := req.URL.Query()
		page, _ := strconv.Atoi(q.Get("page"))
		perPage, _ := strconv.Atoi(q.Get("per_page"))
		items := []string{}
		for id := (page-1)*perPage + 1; id <= min(total, page*perPage); id++ {
			items = append(items, fmt.Sprintf(`{"id":%d}`, id))
		}
		last := max(1, (total+perPage-1)/perPage)
		return answers(200, shape(strings.Join(items, ","), page, perPage, last, total))(req)
	}
}

// pagingShapes are those that the contract accepts.
var pagingShapes = map[string]func(items string, page, perPage, last, total int) string{
	"meta": func(items string, page, perPage, last, total int) string {
		return fmt.Sprintf(`{"success":true,"data":[%s],"meta":{"current_page":%d,"per_page":%d,"last_page":%d,"total":%d}}`, items, page, perPage, last, total)
	},
	"meta with strings": func(items string, page, perPage, last, total int) string {
		return fmt.Sprintf(`{"success":true,"data":[%s],"meta":{"current_page":"%d","per_page":"%d","last_page":"%d","total":"%d"}}`, items, page, perPage, last, total)
	},
	"pagination": func(items string, page, perPage, last, total int) string {
		return fmt.Sprintf(`{"success":true,"data":[%s],"pagination":{"current_page":%d,"per_page":%d,"last_page":%d,"total":%d}}`, items, page, perPage, last, total)
	},
	"paginator in data": func(items string, page, perPage, last, total int) string {
		return fmt.Sprintf(`{"success":true,"data":{"data":[%s],"current_page":%d,"per_page":%d,"last_page":%d,"total":%d}}`, items, page, perPage, last, total)
	},
	"beside data": func(items string, page, perPage, last, total int) string {
		return fmt.Sprintf(`{"success":true,"data":[%s],"current_page":%d,"per_page":%d,"last_page":%d,"total":%d}`, items, page, perPage, last, total)
	},
	"total only": func(items string, page, perPage, last, total int) string {
		return fmt.Sprintf(`{"success":true,"data":[%s],"meta":{"per_page":%d,"total":%d}}`, items, perPage, total)
	},
	"no paging data": func(items string, page, perPage, last, total int) string {
		return fmt.Sprintf(`{"success":true,"data":[%s]}`, items)
	},
}

func TestAll_ReadsEveryPagingShape(t *testing.T) {
	t.Parallel()
	for name, shape := range pagingShapes {
		for _, total := range []int{0, 1, 3, 4, 5, 9} {
			t.Run(fmt.Sprintf("%s/%d contacts by 3", name, total), func(t *testing.T) {
				t.Parallel()
				api := newMockAPI(t).on("GET", "/contacts", listed(total, shape))
				got, err := collect(api.client(t).Contacts.All(t.Context(), funnel.ContactListParams{PerPage: 3, Status: "subscribed"}))
				require.NoError(t, err)
				want := []funnel.ContactID{}
				for id := 1; id <= total; id++ {
					want = append(want, funnel.ContactID(id))
				}
				require.Equal(t, contactsNamed(want...), got)

				pages := max(1, (total+2)/3)
				if name == "no paging data" && total > 0 {
					pages++ // the empty one that ends it
				}
				asked := map[string]bool{}
				for _, req := range api.requests() {
					asked[req.Query] = true
				}
				require.Len(t, api.requests(), pages)
				for page := 1; page <= pages; page++ {
					require.Contains(t, asked, fmt.Sprintf("page=%d&per_page=3&status=subscribed", page))
				}
			})
		}
	}
}

func TestAll_Asks(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		params funnel.ContactListParams
		want   string // the first query
	}{
		{"for 100 at a time", funnel.ContactListParams{}, "page=1&per_page=100"},
		{"for as many as params say", funnel.ContactListParams{PerPage: 7}, "page=1&per_page=7"},
		{"from the page that params say", funnel.ContactListParams{Page: 3}, "page=3&per_page=100"},
		{"with the filters", funnel.ContactListParams{TagIDs: []funnel.TagID{1, 2}, Search: "ada"}, "page=1&per_page=100&search=ada&tag_ids=1%2C2"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			api := newMockAPI(t).on("GET", "/contacts", data(`[]`))
			got, err := collect(api.client(t).Contacts.All(t.Context(), tt.params))
			require.NoError(t, err)
			require.Empty(t, got)
			requireSent(t, api, sentRequest{Method: "GET", Path: "/contacts", Query: tt.want})
		})
	}
}

// A range can be ranged over again: it begins anew.
func TestAll_Twice(t *testing.T) {
	t.Parallel()
	api := newMockAPI(t).on("GET", "/contacts", listed(5, pagingShapes["meta"]))
	all := api.client(t).Contacts.All(t.Context(), funnel.ContactListParams{PerPage: 2})
	for range 2 {
		got, err := collect(all)
		require.NoError(t, err)
		require.Equal(t, contactsNamed(1, 2, 3, 4, 5), got)
	}
	require.Len(t, api.requests(), 6)
}

// Nothing is sent before the range begins, and nothing after it was left.
func TestAll_StopsAtBreak(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := newMockAPI(t).on("GET", "/contacts", listed(10_000, pagingShapes["meta"]))
		all := api.client(t).Contacts.All(t.Context(), funnel.ContactListParams{PerPage: 2})
		require.Empty(t, api.requests())
		got := []funnel.ContactID{}
		for contact, err := range all {
			require.NoError(t, err)
			if got = append(got, contact.ID); len(got) == 3 {
				break
			}
		}
		require.Equal(t, []funnel.ContactID{1, 2, 3}, got)
		sent := len(api.requests())
		require.Less(t, sent, 50)
		wait(t, time.Hour)
		require.Len(t, api.requests(), sent)
	})
}

// An error ends the range: it comes once, after the items before it.
func TestAll_ErrorEndsIt(t *testing.T) {
	t.Parallel()
	api := newMockAPI(t).on("GET", "/contacts", func(req *http.Request) (*http.Response, error) {
		if req.URL.Query().Get("page") == "3" {
			return failure(403, "FORBIDDEN", "No")(req)
		}
		return listed(10, pagingShapes["meta"])(req)
	})
	got, failed := []funnel.ContactID{}, []error{}
	for contact, err := range api.client(t).Contacts.All(t.Context(), funnel.ContactListParams{PerPage: 2}) {
		if err != nil {
			require.Nil(t, contact)
			failed = append(failed, err)
			continue // a loop that goes on gets nothing more
		}
		got = append(got, contact.ID)
	}
	require.Equal(t, []funnel.ContactID{1, 2, 3, 4}, got)
	require.Len(t, failed, 1)
	require.ErrorIs(t, failed[0], funnel.ErrForbidden)
}

// A page that fails for a while is asked for again; its items come once.
func TestAll_RetriesAPage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		failures := 2
		api := newMockAPI(t).on("GET", "/contacts", func(req *http.Request) (*http.Response, error) {
			if req.URL.Query().Get("page") == "2" && failures > 0 {
				failures--
				return answers(503, "")(req)
			}
			return listed(5, pagingShapes["meta"])(req)
		})
		got, err := collect(api.client(t).Contacts.All(t.Context(), funnel.ContactListParams{PerPage: 2}))
		require.NoError(t, err)
		require.Equal(t, contactsNamed(1, 2, 3, 4, 5), got)
	})
}

// A context that ends in the middle ends the range with its error: what came so
// far is never taken for all.
func TestAll_ContextThatEnds(t *testing.T) {
	t.Parallel()
	api := newMockAPI(t).on("GET", "/contacts", listed(1000, pagingShapes["no paging data"]))
	for _, stopAt := range []int{1, 2, 3, 4, 50} {
		t.Run(strconv.Itoa(stopAt), func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			seen := 0
			var failed error
			for contact, err := range api.client(t).Contacts.All(ctx, funnel.ContactListParams{PerPage: 2}) {
				if failed = err; err != nil {
					require.Nil(t, contact)
					break
				}
				if seen++; seen == stopAt {
					cancel()
				}
			}
			require.ErrorIs(t, failed, context.Canceled)
			require.Less(t, seen, 1000)
		})
	}
}

// A list that is not paged at all comes once, although the server repeats it, and
// although things happen meanwhile.
func TestAll_ListThatIsNotPaged(t *testing.T) {
	t.Parallel()
	for name, second := range map[string]string{
		"the same":         `[{"id":1},{"id":2},{"id":3}]`,
		"others in it":     `[{"id":1,"phone":"7"},{"id":2},{"id":3,"status":"bounced"}]`,
		"in another order": `[{"id":3},{"id":1},{"id":2}]`,
		"one more":         `[{"id":4},{"id":1},{"id":2},{"id":3}]`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api := newMockAPI(t).on("GET", "/contacts", data(`[{"id":1},{"id":2},{"id":3}]`), data(second))
			got, err := collect(api.client(t).Contacts.All(t.Context(), funnel.ContactListParams{PerPage: 2}))
			require.NoError(t, err)
			require.Equal(t, contactsNamed(1, 2, 3), got)
			require.Len(t, api.requests(), 2)
		})
	}
}

// Pages that have an item in common, since one was added meanwhile, are not the
// same page.
func TestAll_PagesThatOverlap(t *testing.T) {
	t.Parallel()
	for name, pages := range map[string][2]string{
		"an item again": {`[{"id":1},{"id":2}]`, `[{"id":2},{"id":3}]`},
		"a shorter one": {`[{"id":1},{"id":2}]`, `[{"id":2}]`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api := newMockAPI(t).on("GET", "/contacts", data(pages[0]), data(pages[1]), data(`[]`))
			_, err := collect(api.client(t).Contacts.All(t.Context(), funnel.ContactListParams{PerPage: 2}))
			require.NoError(t, err)
			require.Len(t, api.requests(), 3)
		})
	}
}

// A server that claims more pages and repeats itself is an error, not a loop
// without end.
func TestAll_ServerThatRepeatsAPage(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, body, says string }{
		{"always the first page", `{"success":true,"data":[{"id":1},{"id":2}],"meta":{"current_page":1,"per_page":2,"last_page":3,"total":6}}`,
			"page 2 was asked for and page 1 came"},
		{"the same items on every page", `{"success":true,"data":[{"id":1},{"id":2}],"meta":{"per_page":2,"last_page":3,"total":6}}`,
			"page 2 of 3 is the same as the one before"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			api := newMockAPI(t).on("GET", "/contacts", answers(200, tt.body))
			got, err := collect(api.client(t).Contacts.All(t.Context(), funnel.ContactListParams{PerPage: 2}))
			require.Equal(t, contactsNamed(1, 2), got)
			require.ErrorContains(t, err, "the server does not turn the pages: "+tt.says)
			answered := asError[*funnel.APIError](t, err)
			require.Equal(t, "/contacts", answered.Path)
			require.LessOrEqual(t, len(api.requests()), 3)
		})
	}
}

// Nor does a loop end, or even begin, over pages that are all empty.
func TestAll_ServerThatHasEmptyPagesOnly(t *testing.T) {
	t.Parallel()
	api := newMockAPI(t).on("GET", "/contacts", answers(200, `{"success":true,"data":[],"meta":{"last_page":9223372036854775807}}`))
	got, err := collect(api.client(t).Contacts.All(t.Context(), funnel.ContactListParams{}))
	require.Empty(t, got)
	require.ErrorContains(t, err, "the server does not turn the pages: page 2 of 9223372036854775807 is the same as the one before")
}

// Whoever changes the items while ranging still gets them once.
func TestAll_ListThatIsNotPagedAndIsChanged(t *testing.T) {
	t.Parallel()
	api := newMockAPI(t).on("GET", "/contacts", data(`[{"id":1,"custom_fields":{"plan":"pro"}},{"id":2,"tags":[{"id":5}]}]`))
	got := []funnel.ContactID{}
	for contact, err := range api.client(t).Contacts.All(t.Context(), funnel.ContactListParams{}) {
		require.NoError(t, err)
		require.Less(t, len(got), 2, "and no more")
		got = append(got, contact.ID)
		contact.FirstName = "Ada"
		for field := range contact.CustomFields {
			contact.CustomFields[field] = "basic"
		}
		for i := range contact.Tags {
			contact.Tags[i].Name = "vip"
		}
	}
	require.Equal(t, []funnel.ContactID{1, 2}, got)
}

// A list that shrinks while it is read ends where the server says, or with an
// empty page.
func TestAll_ListThatShrinks(t *testing.T) {
	t.Parallel()
	api := newMockAPI(t).on("GET", "/contacts", func(req *http.Request) (*http.Response, error) {
		if req.URL.Query().Get("page") == "1" {
			return answers(200, `{"success":true,"data":[{"id":1},{"id":2}],"meta":{"current_page":1,"per_page":2,"last_page":3,"total":6}}`)(req)
		}
		return answers(200, `{"success":true,"data":[],"meta":{"current_page":`+req.URL.Query().Get("page")+`,"per_page":2,"last_page":1,"total":2}}`)(req)
	})
	got, err := collect(api.client(t).Contacts.All(t.Context(), funnel.ContactListParams{PerPage: 2}))
	require.NoError(t, err)
	require.Equal(t, contactsNamed(1, 2), got)
}

// An item may be changed and kept: it is the caller's.
func TestAll_ItemsAreTheCallers(t *testing.T) {
	t.Parallel()
	api := newMockAPI(t).on("GET", "/contacts", listed(5, pagingShapes["meta"]))
	kept := []*funnel.Contact{}
	for contact, err := range api.client(t).Contacts.All(t.Context(), funnel.ContactListParams{PerPage: 2}) {
		require.NoError(t, err)
		contact.FirstName = contact.ID.String()
		kept = append(kept, contact)
	}
	for i, contact := range kept {
		require.Equal(t, &funnel.Contact{ID: funnel.ContactID(i + 1), FirstName: strconv.Itoa(i + 1)}, contact)
	}
	require.Len(t, kept, 5)
}

// A list that is no list is an error.
func TestList_Unreadable(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, body string }{
		{"no data", `{"success":true}`},
		{"an object", `{"success":true,"data":{"id":7}}`},
		{"a text", `{"success":true,"data":"none"}`},
		{"items that are none", `{"success":true,"data":["a","b"]}`},
		{"no JSON", `<html></html>`},
		{"an id that is none", `{"success":true,"data":[{"id":1.5}]}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			api := newMockAPI(t).on("GET", "/contacts", answers(200, tt.body))
			page, err := api.client(t).Contacts.List(funnel.WithoutRetry(t.Context()), funnel.ContactListParams{})
			require.Nil(t, page)
			require.Equal(t, tt.body, string(asError[*funnel.APIError](t, err).Body))
			require.ErrorContains(t, err, "the answer is not")
		})
	}
}

// An error while reading on, for whatever reason, leaves no doubt.
func TestAll_TransportThatFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		gone := errors.New("the network is gone")
		api := newMockAPI(t).on("GET", "/contacts", listed(4, pagingShapes["no paging data"]), breaks(gone))
		got, err := collect(api.client(t).Contacts.All(t.Context(), funnel.ContactListParams{PerPage: 2}))
		require.ErrorIs(t, err, gone)
		require.Equal(t, contactsNamed(1, 2), got)
	})
}

// WithResponse shows the page that the item at hand is on, although others are
// fetched ahead.
func TestAll_WithResponse(t *testing.T) {
	t.Parallel()
	api := newMockAPI(t).on("GET", "/contacts", func(req *http.Request) (*http.Response, error) {
		resp, err := listed(7, pagingShapes["meta"])(req)
		resp.Header.Set("X-Request-Id", "page "+req.URL.Query().Get("page"))
		return resp, err
	})
	var response funnel.Response
	got := []string{}
	for contact, err := range api.client(t).Contacts.All(funnel.WithResponse(t.Context(), &response), funnel.ContactListParams{PerPage: 2}) {
		require.NoError(t, err)
		got = append(got, fmt.Sprintf("%d on %s", contact.ID, response.RequestID))
	}
	require.Equal(t, []string{"1 on page 1", "2 on page 1", "3 on page 2", "4 on page 2", "5 on page 3", "6 on page 3", "7 on page 4"}, got)
}

func TestAll_GoesOnAfterAnEmptyPageInTheMiddle(t *testing.T) {
	t.Parallel()
	mock := httpmock.NewMockTransport()
	for page, items := range map[string]string{"1": `{"id":1}`, "2": ``, "3": `{"id":3}`} {
		mock.RegisterResponderWithQuery(http.MethodGet, "https://api.example.com/tags", map[string]string{"page": page, "per_page": "100"},
			httpmock.NewStringResponder(http.StatusOK, `{"success":true,"data":[`+items+`],"meta":{"current_page":`+page+`,"last_page":3}}`))
	}
	client, err := funnel.New("https://api.example.com", "secret", funnel.WithHTTPClient(&http.Client{Transport: mock}))
	require.NoError(t, err)
	var ids []funnel.TagID
	for tag, err := range client.Tags.All(t.Context(), funnel.TagListParams{}) {
		require.NoError(t, err)
		ids = append(ids, tag.ID)
	}
	require.Equal(t, []funnel.TagID{1, 3}, ids)
}

// fixedLatency takes as long on both ways.
func fixedLatency(d time.Duration) funneltest.Option {
	return funneltest.WithLatency(func() (there, back time.Duration) { return d / 2, d / 2 })
}

func TestAllReadsAheadAtTheQuotasSpeed(t *testing.T) {
	for _, headers := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			options := []funneltest.Option{fixedLatency(400 * time.Millisecond)}
			if !headers {
				options = append(options, funneltest.WithoutRateLimitHeaders())
			}
			server := funneltest.NewServer(options...)
			defer server.Close()
			server.SeedContacts(100_000)
			client := server.Client()

			start := time.Now()
			next := funnel.ContactID(1)
			for contact, err := range client.Contacts.All(t.Context(), funnel.ContactListParams{}) {
				if err != nil || contact.ID != next {
					t.Fatalf("want contact %d, got %+v, %v", next, contact, err)
				}
				next++
			}
			require.EqualValues(t, 100_001, next)
			t.Logf("took %s", time.Since(start))
			require.LessOrEqual(t, time.Since(start), 70*time.Second)
			require.LessOrEqual(t, server.RequestCount(), 1010)
			for _, request := range server.Requests() {
				require.Equal(t, 200, request.Status)
			}
		})
	}
}

func TestBreakingOffARangeStopsItAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := funneltest.NewServer(fixedLatency(400 * time.Millisecond))
		defer server.Close()
		server.SeedContacts(10_000)
		client := server.Client()

		start, n := time.Now(), 0
		for _, err := range client.Contacts.All(t.Context(), funnel.ContactListParams{}) {
			if err != nil {
				t.Fatal(err)
			}
			if n++; n == 2500 {
				break
			}
		}
		took, requests := time.Since(start), server.RequestCount()
		require.LessOrEqual(t, requests, 25+64, "what was taken, and at most 64 pages ahead")
		time.Sleep(time.Minute)
		require.Equal(t, requests, server.RequestCount(), "nothing is fetched any more")
		require.Less(t, took, 4*time.Second)
		// synctest fails the test if a goroutine is left
	})
}

func TestAMillionContactsNeedLittleMemory(t *testing.T) {
	client, err := funnel.New("https://api.example.com", "key",
		funnel.WithHTTPClient(&http.Client{Transport: hugeList{pages: 10_000}}),
		funnel.WithRateLimit(1<<30, time.Millisecond))
	require.NoError(t, err)

	heap := func() uint64 {
		var stats runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&stats)
		return stats.HeapAlloc
	}
	before, most, n := heap(), uint64(0), 0
	for _, err := range client.Contacts.All(t.Context(), funnel.ContactListParams{}) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n%100_000 == 0 {
			most = max(most, heap())
		}
	}
	require.Equal(t, 1_000_000, n)
	require.Less(t, most-min(most, before), uint64(64<<20))
}

// hugeList is a list of so many pages of 100 contacts.
type hugeList struct{ pages int }

func (l hugeList) RoundTrip(req *http.Request) (*http.Response, error) {
	page, err := strconv.Atoi(req.URL.Query().Get("page"))
	if err != nil {
		return nil, err
	}
	var body bytes.Buffer
	for i := range 100 {
		fmt.Fprintf(&body, `,{"id":%d,"email":"contact-%[1]d@example.com"}`, (page-1)*100+i+1)
	}
	answer := fmt.Sprintf(`{"success":true,"data":[%s],"meta":{"current_page":%d,"last_page":%d}}`, body.Bytes()[1:], page, l.pages)
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(answer)), Request: req}, nil
}
