package funnel_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
	"github.com/funnel-go/funnel/internal/apitest"
)

// contactsFrom returns contacts with the ids from first to last.
func contactsFrom(first, last funnel.ContactID) []funnel.Contact {
	contacts := []funnel.Contact{}
	for id := first; id <= last; id++ {
		contacts = append(contacts, funnel.Contact{ID: id})
	}
	return contacts
}

// A listShape renders one page of a list.
type listShape func(items string, page, perPage, total int) string

// listed responds with the requested page of a list with so many items.
func listed(total int, shape listShape) responder {
	return func(req *http.Request) (*http.Response, error) {
		q := req.URL.Query()
		page, _ := strconv.Atoi(q.Get("page"))
		perPage, _ := strconv.Atoi(q.Get("per_page"))
		items := resourcesFrom((page-1)*perPage+1, min(total, page*perPage))
		return respond(200, shape(items, page, perPage, total))(req)
	}
}

// pagingShapes are the documented form of a page, and the ones that are tolerated.
var pagingShapes = map[string]listShape{
	"documented": listBody,
	"strings": func(items string, page, perPage, total int) string {
		return fmt.Sprintf(`{"success":true,"data":%s,"meta":{"current_page":"%d","last_page":"%d","per_page":"%d","total":"%d"}}`,
			items, page, max(1, (total+perPage-1)/perPage), perPage, total)
	},
	"last_page only": func(items string, _, perPage, total int) string {
		return fmt.Sprintf(`{"success":true,"data":%s,"meta":{"last_page":%d}}`, items, max(1, (total+perPage-1)/perPage))
	},
}

func TestList_AllReadsEveryPagingShape(t *testing.T) {
	t.Parallel()
	for name, shape := range pagingShapes {
		for _, total := range []int{0, 1, 3, 4, 5, 9} {
			t.Run(fmt.Sprintf("%s/%d contacts by 3", name, total), func(t *testing.T) {
				t.Parallel()
				api := newMockAPI(t).on("GET", "/contacts", listed(total, shape))
				got, err := collect(api.client(t).Contacts.All(t.Context(), funnel.ContactListParams{PerPage: 3, Period: funnel.PeriodToday}))
				require.NoError(t, err)
				require.Equal(t, contactsFrom(1, funnel.ContactID(total)), got)

				asked := []string{}
				for _, req := range api.requests() {
					asked = append(asked, req.Query)
				}
				want := []string{}
				for page := 1; page <= max(1, (total+2)/3); page++ {
					want = append(want, fmt.Sprintf("page=%d&per_page=3&period=today", page))
				}
				require.ElementsMatch(t, want, asked)
			})
		}
	}
}

func TestList_AllRequests(t *testing.T) {
	t.Parallel()
	day := time.Date(2026, 5, 9, 12, 0, 0, 0, time.UTC)
	tests := []struct {
		name   string
		params funnel.ContactListParams
		want   string // the first query
	}{
		{"100 items per page", funnel.ContactListParams{}, "page=1&per_page=100"},
		{"as many as params say", funnel.ContactListParams{PerPage: 7}, "page=1&per_page=7"},
		{"from the page of params", funnel.ContactListParams{Page: 3}, "page=3&per_page=100"},
		{"with the filters", funnel.ContactListParams{Range: funnel.DateRange{From: day, To: day}}, "page=1&per_page=100&period=between&range=2026-05-09to2026-05-09"},
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

// A page that may not be the last one is an error, never the end of the list, if
// meta does not say how many pages there are.
func TestList_FullPageWithoutMetaFails(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		params funnel.ContactListParams
		items  int
		paging string // after data
	}{
		{"no meta", funnel.ContactListParams{}, 50, ``},
		{"no meta, more than a page", funnel.ContactListParams{}, 51, ``},
		{"no meta, per_page 3", funnel.ContactListParams{PerPage: 3}, 3, ``},
		{"no meta, per_page 1", funnel.ContactListParams{PerPage: 1}, 1, ``},
		{"no meta, per_page 100", funnel.ContactListParams{PerPage: 100}, 100, ``},
		{"no meta, per_page ignored", funnel.ContactListParams{PerPage: 100}, 50, ``},
		{"meta null", funnel.ContactListParams{PerPage: 3}, 3, `,"meta":null`},
		{"meta empty", funnel.ContactListParams{PerPage: 3}, 3, `,"meta":[]`},
		{"meta without last_page", funnel.ContactListParams{PerPage: 3}, 3, `,"meta":{"current_page":1,"per_page":3}`},
		{"meta with last_page null", funnel.ContactListParams{PerPage: 3}, 3, `,"meta":{"current_page":1,"per_page":3,"last_page":null}`},
		{"meta with last_page 0", funnel.ContactListParams{PerPage: 3}, 3, `,"meta":{"current_page":1,"per_page":3,"last_page":0}`},
		{"meta without per_page, total as large as the page", funnel.ContactListParams{PerPage: 3}, 3, `,"meta":{"total":3}`},
		{"meta elsewhere", funnel.ContactListParams{PerPage: 3}, 3, `,"pagination":{"current_page":1,"last_page":1,"per_page":3,"total":3}`},
		{"meta beside data", funnel.ContactListParams{PerPage: 3}, 3, `,"current_page":1,"last_page":1,"per_page":3,"total":3`},

		// A short page that is announced not to be all.
		{"total larger than the page", funnel.ContactListParams{PerPage: 3}, 2, `,"meta":{"total":3}`},
		{"total larger than the page, which is empty", funnel.ContactListParams{PerPage: 3}, 0, `,"meta":{"total":1}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			body := `{"success":true,"data":` + resourcesFrom(1, tt.items) + tt.paging + `}`
			api := newMockAPI(t).on("GET", "/contacts", respond(200, body))
			page, err := api.client(t).Contacts.List(t.Context(), tt.params)
			require.Nil(t, page)
			require.ErrorContains(t, err, `"meta" does not say how many pages there are`)
			require.Equal(t, body, string(apitest.AsError[*funnel.APIError](t, err).Body))
			require.ErrorContains(t, err, body[:min(len(body), 60)])

			got, err := collect(api.client(t).Contacts.All(t.Context(), tt.params))
			require.ErrorContains(t, err, `"meta" does not say how many pages there are`)
			require.Empty(t, got)
			require.Len(t, api.requests(), 2)
		})
	}
}

// All asks for 100 items per page. A server that ignores that and has 50 per page,
// with meta, is read to its end.
func TestList_AllIfTheServerIgnoresPerPage(t *testing.T) {
	t.Parallel()
	api := newMockAPI(t).on("GET", "/contacts", func(req *http.Request) (*http.Response, error) {
		q := req.URL.Query()
		q.Set("per_page", "50")
		req.URL.RawQuery = q.Encode()
		return listed(120, listBody)(req)
	})
	got, err := collect(api.client(t).Contacts.All(t.Context(), funnel.ContactListParams{}))
	require.NoError(t, err)
	require.Equal(t, contactsFrom(1, 120), got)
	require.Len(t, api.requests(), 3)
}

// The same without meta is an error: 50 of 120 contacts are not all.
func TestList_AllIfTheServerIgnoresPerPageWithoutMeta(t *testing.T) {
	t.Parallel()
	api := newMockAPI(t).on("GET", "/contacts", data(resourcesFrom(1, 50)))
	_, err := collect(api.client(t).Contacts.All(t.Context(), funnel.ContactListParams{}))
	require.ErrorContains(t, err, `"meta" does not say how many pages there are`)
	require.Len(t, api.requests(), 1)
}

// A short page without meta can only be the last one.
func TestList_ShortPageWithoutMetaIsTheEnd(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		params funnel.ContactListParams
		items  int
		paging string // after data
	}{
		{"no meta", funnel.ContactListParams{}, 49, ``},
		{"no meta, per_page 3", funnel.ContactListParams{PerPage: 3}, 2, ``},
		{"no items", funnel.ContactListParams{PerPage: 1}, 0, ``},
		{"meta null", funnel.ContactListParams{PerPage: 3}, 2, `,"meta":null`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			api := newMockAPI(t).on("GET", "/contacts", respond(200, `{"success":true,"data":`+resourcesFrom(1, tt.items)+tt.paging+`}`))
			page, err := api.client(t).Contacts.List(t.Context(), tt.params)
			require.NoError(t, err)
			require.Equal(t, contactsFrom(1, funnel.ContactID(tt.items)), page.Items)
			require.Zero(t, page.LastPage)

			got, err := collect(api.client(t).Contacts.All(t.Context(), tt.params))
			require.NoError(t, err)
			require.Equal(t, contactsFrom(1, funnel.ContactID(tt.items)), got)
			require.Len(t, api.requests(), 2)
		})
	}
}

func TestList_EveryMethodRefusesABadPage(t *testing.T) {
	t.Parallel()
	for _, method := range apitest.Methods(newMockAPI(t).client(t)) {
		if !method.Takes("PerPage") {
			continue
		}
		for _, tt := range []struct {
			name, param, field string
			value              int
		}{
			{"page of -1", "Page", "page", -1},
			{"per_page of -1", "PerPage", "per_page", -1},
			{"per_page of 101", "PerPage", "per_page", 101},
		} {
			t.Run(method.Name+" "+tt.name, func(t *testing.T) {
				t.Parallel()
				requireArgumentError(t, method.CallWith(t.Context(), map[string]any{tt.param: tt.value}), tt.field)
			})
		}
	}
}

func TestList_Page(t *testing.T) {
	t.Parallel()
	api := newMockAPI(t).on("GET", "/contacts", listed(8, listBody))
	page, err := api.client(t).Contacts.List(t.Context(), funnel.ContactListParams{Page: 2, PerPage: 3})
	require.NoError(t, err)
	require.Equal(t, &funnel.Page[funnel.Contact]{Items: contactsFrom(4, 6), Page: 2, PerPage: 3, LastPage: 3, Total: 8}, page)
}

// wholeLists returns the methods whose lists have no pages.
func wholeLists(t *testing.T) []apitest.Method {
	t.Helper()
	methods := apitest.Methods(newMockAPI(t).client(t))
	return slices.DeleteFunc(methods, func(m apitest.Method) bool { return !m.ReturnsSlice() })
}

// overAny returns a client whose every request gets that response, and the requests.
func overAny(t *testing.T, respond responder) (*[]*http.Request, *funnel.Client) {
	t.Helper()
	var requests []*http.Request
	return &requests, clientOver(t, apitest.RoundTripper(func(req *http.Request) (*http.Response, error) {
		requests = append(requests, req)
		return respond(req)
	}))
}

// A list without pages takes one request, however long it is.
func TestList_UnpagedTakesOneRequest(t *testing.T) {
	t.Parallel()
	for _, list := range wholeLists(t) {
		for name, tt := range map[string]struct {
			items  int
			paging string
		}{
			"no items":                {0, ``},
			"some":                    {3, ``},
			"as many as a page has":   {50, ``},
			"more than a page":        {250, ``},
			"meta of a single page":   {3, `,"meta":{"current_page":1,"last_page":1,"per_page":50,"total":3}`},
			"meta of an empty page":   {0, `,"meta":{"current_page":1,"last_page":1,"per_page":50,"total":0}`},
			"links that lead nowhere": {3, `,"links":{"next":null},"next_page_url":null`},
		} {
			t.Run(list.Name+"/"+name, func(t *testing.T) {
				t.Parallel()
				api, client := overAny(t, respond(200, `{"success":true,"data":`+resourcesFrom(1, tt.items)+tt.paging+`}`))
				got, err := list.Of(client).Count(t.Context())
				require.NoError(t, err)
				require.Equal(t, tt.items, got)
				require.Len(t, *api, 1)
				require.NotContains(t, (*api)[0].URL.RawQuery, "page")
			})
		}
	}
}

// If a list that should have no pages has several, that is an error.
func TestList_UnpagedWithPagesFails(t *testing.T) {
	t.Parallel()
	for _, list := range wholeLists(t) {
		for name, paging := range map[string]string{
			"last_page":          `"meta":{"last_page":2}`,
			"meta":               `"meta":{"current_page":1,"last_page":2,"per_page":50,"total":60}`,
			"total and per_page": `"meta":{"per_page":2,"total":3}`,
			"total":              `"meta":{"total":3}`,
		} {
			t.Run(list.Name+"/"+name, func(t *testing.T) {
				t.Parallel()
				api, client := overAny(t, respond(200, `{"success":true,"data":`+resourcesFrom(1, 2)+`,`+paging+`}`))
				got, err := list.Of(client).Count(t.Context())
				require.ErrorContains(t, err, "the list has several pages, but the SDK expects a list without pages")
				require.ErrorContains(t, err, paging)
				require.Zero(t, got)
				require.Len(t, *api, 1)
			})
		}
	}
}

// An item without its own id is not what was requested.
func TestList_ItemWithoutAnIDFails(t *testing.T) {
	t.Parallel()
	for name, item := range map[string]string{
		"missing":            `{"name":"vip"}`,
		"null":               `{"id":null}`,
		"zero":               `{"id":0}`,
		"nested":             `{"tag":{"id":2}}`,
		"under its old name": `{"tag_id":2,"custom_field_id":2,"webhook_id":2}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body := listBody(`[{"id":1},`+item+`]`, 1, 50, 2)
			api := newMockAPI(t).on("GET", "/tags", respond(200, body))
			_, err := api.client(t).Tags.List(t.Context(), funnel.TagListParams{})
			require.ErrorContains(t, err, "an id is missing")
			require.ErrorContains(t, err, item)
			got, err := collect(api.client(t).Tags.All(t.Context(), funnel.TagListParams{}))
			require.ErrorContains(t, err, "an id is missing")
			require.Empty(t, got)
			for _, list := range wholeLists(t) {
				_, client := overAny(t, respond(200, body))
				_, err := list.Of(client).Count(t.Context())
				require.ErrorContains(t, err, "an id is missing")
			}
		})
	}
}

// The same holds for a step without its id, inside a funnel.
func TestList_StepWithoutAnIDFails(t *testing.T) {
	t.Parallel()
	for name, steps := range map[string]string{
		"missing":            `[{"id":1},{"name":"Landing"}]`,
		"null":               `[{"id":null}]`,
		"under its old name": `[{"step_id":1}]`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api := newMockAPI(t).on("GET", "/funnels", respond(200, listBody(`[{"id":7,"steps":`+steps+`}]`, 1, 50, 1)))
			_, err := api.client(t).Funnels.List(t.Context(), funnel.FunnelListParams{})
			require.ErrorContains(t, err, "an id is missing")
			require.ErrorContains(t, err, steps)
		})
	}
}

// A second range over the same sequence reads the list from the start.
func TestList_AllTwice(t *testing.T) {
	t.Parallel()
	api := newMockAPI(t).on("GET", "/contacts", listed(5, listBody))
	all := api.client(t).Contacts.All(t.Context(), funnel.ContactListParams{PerPage: 2})
	for range 2 {
		got, err := collect(all)
		require.NoError(t, err)
		require.Equal(t, contactsFrom(1, 5), got)
	}
	require.Len(t, api.requests(), 6)
}

// Nothing is sent before the range begins or after it ends.
func TestList_AllStopsAtBreak(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := newMockAPI(t).on("GET", "/contacts", listed(10_000, listBody))
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
func TestList_AllEndsAtAnError(t *testing.T) {
	t.Parallel()
	api := newMockAPI(t).on("GET", "/contacts", func(req *http.Request) (*http.Response, error) {
		if req.URL.Query().Get("page") == "3" {
			return failure(403, "FORBIDDEN", "No")(req)
		}
		return listed(10, listBody)(req)
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

// A page that fails is retried. Its items are yielded once.
func TestList_AllRetriesAPage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		failures := 2
		api := newMockAPI(t).on("GET", "/contacts", func(req *http.Request) (*http.Response, error) {
			if req.URL.Query().Get("page") == "2" && failures > 0 {
				failures--
				return respond(503, "")(req)
			}
			return listed(5, listBody)(req)
		})
		got, err := collect(api.client(t).Contacts.All(t.Context(), funnel.ContactListParams{PerPage: 2}))
		require.NoError(t, err)
		require.Equal(t, contactsFrom(1, 5), got)
	})
}

// If the context ends during the range, the range ends with an error.
func TestList_AllContextEnds(t *testing.T) {
	t.Parallel()
	api := newMockAPI(t).on("GET", "/contacts", listed(1000, listBody))
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

// Items created during the range shift the pages of a list that is ordered newest
// first. Pages are read ahead, and not always in their order: items come twice or are
// missed, which is documented, and nothing fails.
func TestList_AllItemsCreatedMeanwhile(t *testing.T) {
	t.Parallel()
	for _, created := range []int{1, 2, 3, 4} { // 2 shift by a whole page
		t.Run(strconv.Itoa(created), func(t *testing.T) {
			t.Parallel()
			server := funneltest.NewServer()
			defer server.Close()
			server.SeedContacts(10)
			client := server.Client()
			seen := 0
			for contact, err := range client.Contacts.All(t.Context(), funnel.ContactListParams{PerPage: 2}) {
				require.NoError(t, err)
				require.LessOrEqual(t, contact.ID, funnel.ContactID(10+created))
				if seen++; seen == 1 {
					server.SeedContacts(created)
				}
			}
			require.GreaterOrEqual(t, seen, 10)
		})
	}
}

// If as many items are created as a page has, the next page has the same items. Its
// current_page shows that it is another page.
func TestList_AllPagesShiftedByAWholePage(t *testing.T) {
	t.Parallel()
	pages := map[string]string{
		"1": listBody(`[{"id":6},{"id":5}]`, 1, 2, 6),
		"2": listBody(`[{"id":6},{"id":5}]`, 2, 2, 8),
		"3": listBody(`[{"id":4},{"id":3}]`, 3, 2, 8),
		"4": listBody(`[{"id":2},{"id":1}]`, 4, 2, 8),
	}
	api := newMockAPI(t).on("GET", "/contacts", func(req *http.Request) (*http.Response, error) {
		return respond(200, pages[req.URL.Query().Get("page")])(req)
	})
	got := []funnel.ContactID{}
	for contact, err := range api.client(t).Contacts.All(t.Context(), funnel.ContactListParams{PerPage: 2}) {
		require.NoError(t, err)
		got = append(got, contact.ID)
	}
	require.Equal(t, []funnel.ContactID{6, 5, 6, 5, 4, 3, 2, 1}, got)
}

// If a server returns the same page for ever, that is an error.
func TestList_AllServerRepeatsAPage(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, body, says string }{
		{"always the first page", listBody(resourcesFrom(1, 2), 1, 2, 6), "page 2 was requested and page 1 returned"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			api := newMockAPI(t).on("GET", "/contacts", respond(200, tt.body))
			got, err := collect(api.client(t).Contacts.All(t.Context(), funnel.ContactListParams{PerPage: 2}))
			require.Equal(t, contactsFrom(1, 2), got)
			require.ErrorContains(t, err, tt.says)
			require.Equal(t, "/contacts", apitest.AsError[*funnel.APIError](t, err).Path)
			require.LessOrEqual(t, len(api.requests()), 3)
		})
	}
}

// A list whose pages are all empty ends, whatever meta says.
func TestList_AllServerHasOnlyEmptyPages(t *testing.T) {
	t.Parallel()
	for name, currentPage := range map[string]bool{"no current_page": false, "current_page": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api := newMockAPI(t).on("GET", "/contacts", func(req *http.Request) (*http.Response, error) {
				stated := ""
				if currentPage {
					stated = `"current_page":` + req.URL.Query().Get("page") + `,`
				}
				return respond(200, `{"success":true,"data":[],"meta":{`+stated+`"last_page":`+strconv.Itoa(math.MaxInt)+`}}`)(req)
			})
			got, err := collect(api.client(t).Contacts.All(t.Context(), funnel.ContactListParams{}))
			require.Empty(t, got)
			require.ErrorContains(t, err, fmt.Sprintf("pages 1 and 2 of %d are empty", math.MaxInt))
		})
	}
}

// A list that shrinks during the range ends at its new last page.
func TestList_AllListShrinks(t *testing.T) {
	t.Parallel()
	api := newMockAPI(t).on("GET", "/contacts", func(req *http.Request) (*http.Response, error) {
		if req.URL.Query().Get("page") == "1" {
			return listed(6, listBody)(req)
		}
		return listed(2, listBody)(req)
	})
	got, err := collect(api.client(t).Contacts.All(t.Context(), funnel.ContactListParams{PerPage: 2}))
	require.NoError(t, err)
	require.Equal(t, contactsFrom(1, 2), got)
}

// The caller may change and keep an item.
func TestList_AllItemsBelongToTheCaller(t *testing.T) {
	t.Parallel()
	api := newMockAPI(t).on("GET", "/contacts", listed(5, listBody))
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

// Data that is not a list is an error.
func TestList_Unreadable(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, body string }{
		{"no data", `{"success":true}`},
		{"null", success(`null`)},
		{"an object", success(seven)},
		{"a list one level in", success(`{"data":` + resourcesFrom(1, 2) + `,"current_page":1,"last_page":1}`)},
		{"a text", success(`"none"`)},
		{"items that are none", success(`["a","b"]`)},
		{"no JSON", `<html></html>`},
		{"an id that is none", success(`[{"id":1.5}]`)},
		{"no success", `{"data":` + resourcesFrom(1, 2) + `}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			api := newMockAPI(t).on("GET", "/contacts", respond(200, tt.body))
			page, err := api.client(t).Contacts.List(funnel.WithoutRetry(t.Context()), funnel.ContactListParams{})
			require.Nil(t, page)
			require.Equal(t, tt.body, string(apitest.AsError[*funnel.APIError](t, err).Body))
			require.Regexp(t, "the response (is not readable|differs from what the SDK expects): ", err.Error())
		})
	}
}

// A transport's error on a later page ends the range.
func TestList_AllTransportFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		gone := errors.New("the network is gone")
		api := newMockAPI(t).on("GET", "/contacts", listed(4, listBody), breaks(gone))
		got, err := collect(api.client(t).Contacts.All(t.Context(), funnel.ContactListParams{PerPage: 2}))
		require.ErrorIs(t, err, gone)
		require.Equal(t, contactsFrom(1, 2), got)
	})
}

// WithResponse shows the page of the current item, although later pages are fetched
// ahead.
func TestList_AllWithResponse(t *testing.T) {
	t.Parallel()
	api := newMockAPI(t).on("GET", "/contacts", func(req *http.Request) (*http.Response, error) {
		resp, err := listed(7, listBody)(req)
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

func TestList_AllContinuesAfterAnEmptyPage(t *testing.T) {
	t.Parallel()
	mock := httpmock.NewMockTransport()
	for page, items := range map[string]string{"1": `{"id":1}`, "2": ``, "3": `{"id":3}`} {
		mock.RegisterResponderWithQuery(http.MethodGet, "https://api.example.com/tags", map[string]string{"page": page, "per_page": "100"},
			httpmock.NewStringResponder(http.StatusOK, `{"success":true,"data":[`+items+`],"meta":{"current_page":`+page+`,"last_page":3}}`))
	}
	client, err := funnel.New("secret", funnel.WithBaseURL("https://api.example.com"), funnel.WithHTTPClient(&http.Client{Transport: mock}))
	require.NoError(t, err)
	var ids []funnel.TagID
	for tag, err := range client.Tags.All(t.Context(), funnel.TagListParams{}) {
		require.NoError(t, err)
		ids = append(ids, tag.ID)
	}
	require.Equal(t, []funnel.TagID{1, 3}, ids)
}

func TestList_AllReadsAheadAtTheSpeedOfTheQuota(t *testing.T) {
	for _, headers := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			options := []funneltest.Option{apitest.Latency(400 * time.Millisecond)}
			if !headers {
				options = append(options, funneltest.WithoutRateLimitHeaders())
			}
			server := funneltest.NewServer(options...)
			defer server.Close()
			server.SeedContacts(10_000)
			client := server.Client()

			start := time.Now()
			next := funnel.ContactID(10_000) // newest first
			for contact, err := range client.Contacts.All(t.Context(), funnel.ContactListParams{PerPage: 10}) {
				if err != nil || contact.ID != next {
					t.Fatalf("want contact %d, got %+v, %v", next, contact, err)
				}
				next--
			}
			require.Zero(t, next)
			t.Logf("took %s", time.Since(start))
			require.LessOrEqual(t, time.Since(start), 70*time.Second)
			require.LessOrEqual(t, server.RequestCount(), 1010)
			for _, request := range server.Requests() {
				require.Equal(t, 200, request.Status)
			}
		})
	}
}

func TestList_AllBreakStopsReadingAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := funneltest.NewServer(apitest.Latency(400 * time.Millisecond))
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

func TestList_AllNeedsLittleMemory(t *testing.T) {
	client, err := newClientAt("https://api.example.com", "key",
		funnel.WithHTTPClient(&http.Client{Transport: hugeList{pages: 1500}}),
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
		if n++; n%25_000 == 0 {
			most = max(most, heap())
		}
	}
	t.Logf("at most %d KiB more", (most-min(most, before))>>10)
	require.Equal(t, 150_000, n)
	require.Less(t, most-min(most, before), uint64(8<<20), "150,000 contacts take about 25 MB")
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
	response := fmt.Sprintf(`{"success":true,"data":[%s],"meta":{"current_page":%d,"last_page":%d}}`, body.Bytes()[1:], page, l.pages)
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(response)), Request: req}, nil
}

// tagsBody is a list of so many tags, from that id on, with what follows it.
func tagsBody(from, n int, rest string) string {
	items := make([]string, n)
	for i := range items {
		items[i] = fmt.Sprintf(`{"id":%d,"name":"t"}`, from+i)
	}
	return `{"success":true,"data":[` + strings.Join(items, ",") + `]` + rest + `}`
}

// A part of a list is an error, in whichever way the server says that there is more.
func TestList_AllPartOfAListFails(t *testing.T) {
	t.Parallel()
	const first = `,"meta":{"current_page":1,"last_page":3,"per_page":100,"total":300}`
	for name, pages := range map[string][]string{
		"a full page by the server's own per_page":    {tagsBody(1, 25, `,"meta":{"current_page":1,"from":1,"to":25,"per_page":25}`)},
		"the last page, and more items than fit":      {tagsBody(1, 100, `,"meta":{"current_page":1,"last_page":1,"per_page":100,"total":250}`)},
		"the last page, and a total that no page has": {tagsBody(1, 100, `,"meta":{"current_page":1,"last_page":1,"total":250}`)},
		"the last page, and more items, as texts":     {tagsBody(1, 100, `,"meta":{"current_page":"1","last_page":"1","per_page":"100","total":"250"}`)},
		"a later page without meta":                   {tagsBody(1, 100, first), tagsBody(101, 1, "")},
		"a later page without meta, empty":            {tagsBody(1, 100, first), tagsBody(101, 0, "")},
		"a later page with last_page 0":               {tagsBody(1, 100, first), tagsBody(101, 1, `,"meta":{"current_page":2,"last_page":0,"total":0}`)},
		"a later page that is beyond the last":        {tagsBody(1, 100, first), tagsBody(101, 1, `,"meta":{"current_page":2,"last_page":1,"total":250}`)},
		"an id below zero":                            {tagsBody(-1, 1, `,"meta":{"current_page":1,"last_page":1,"per_page":100,"total":1}`)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			responders := make([]responder, len(pages))
			for i, page := range pages {
				responders[i] = respond(http.StatusOK, page)
			}
			client := clientOver(t, apitest.RoundTripper(func(req *http.Request) (*http.Response, error) {
				n := 1
				_, _ = fmt.Sscan(req.URL.Query().Get("page"), &n)
				return responders[min(n, len(responders))-1](req)
			}))
			_, err := collect(client.Tags.All(t.Context(), funnel.TagListParams{}))
			require.Error(t, err)
			apitest.AsError[*funnel.APIError](t, err)
		})
	}
}

// resourcesFrom returns list items with the ids from first to last.
func resourcesFrom(first, last int) string {
	items := []string{}
	for id := first; id <= last; id++ {
		items = append(items, fmt.Sprintf(`{"id":%d}`, id))
	}
	return "[" + strings.Join(items, ",") + "]"
}
