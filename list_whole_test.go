package funnel_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
)

// tagsBody is a list of so many tags, from that id on, with what follows it.
func tagsBody(from, n int, rest string) string {
	items := make([]string, n)
	for i := range items {
		items[i] = fmt.Sprintf(`{"id":%d,"name":"t"}`, from+i)
	}
	return `{"success":true,"data":[` + strings.Join(items, ",") + `]` + rest + `}`
}

// A part of a list must not pass for the whole, in whichever way the server says
// that there is more.
func TestAll_PartOfAListIsAnError(t *testing.T) {
	t.Parallel()
	const first = `,"meta":{"current_page":1,"last_page":3,"per_page":100,"total":300}`
	for name, pages := range map[string][]string{
		"a full page by the server's own per_page":   {tagsBody(1, 25, `,"meta":{"current_page":1,"from":1,"to":25,"per_page":25}`)},
		"the last page, and more items than fit":     {tagsBody(1, 100, `,"meta":{"current_page":1,"last_page":1,"per_page":100,"total":250}`)},
		"the last page, and more items, as texts":    {tagsBody(1, 100, `,"meta":{"current_page":"1","last_page":"1","per_page":"100","total":"250"}`)},
		"the last page, and a cursor":                {tagsBody(1, 100, `,"meta":{"current_page":1,"last_page":1,"per_page":100,"total":100,"next_cursor":"abc"}`)},
		"the last page, and a link":                  {tagsBody(1, 100, `,"links":{"next":"https://x"},"meta":{"current_page":1,"last_page":1,"per_page":100,"total":100}`)},
		"a later page without meta":                  {tagsBody(1, 100, first), tagsBody(101, 1, "")},
		"a later page without meta, empty":           {tagsBody(1, 100, first), tagsBody(101, 0, "")},
		"a later page with last_page 0":              {tagsBody(1, 100, first), tagsBody(101, 1, `,"meta":{"current_page":2,"last_page":0,"total":0}`)},
		"a later page that is beyond the last":       {tagsBody(1, 100, first), tagsBody(101, 1, `,"meta":{"current_page":2,"last_page":1,"total":250}`)},
		"a page that is empty, and another after it": {tagsBody(1, 100, first), tagsBody(0, 0, strings.Replace(first, `"current_page":1`, `"current_page":2`, 1)), tagsBody(0, 0, strings.Replace(first, `"current_page":1`, `"current_page":3`, 1)+`,"links":{"next":"https://x"}`)},
		"an id below zero":                           {tagsBody(-1, 1, `,"meta":{"current_page":1,"last_page":1,"per_page":100,"total":1}`)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			replies := make([]reply, len(pages))
			for i, page := range pages {
				replies[i] = answers(http.StatusOK, page)
			}
			client := clientOver(t, roundTripFunc(func(req *http.Request) (*http.Response, error) {
				n := 1
				_, _ = fmt.Sscan(req.URL.Query().Get("page"), &n)
				return replies[min(n, len(replies))-1](req)
			}))
			_, err := collect(client.Tags.All(t.Context(), funnel.TagListParams{}))
			require.Error(t, err)
			asError[*funnel.APIError](t, err)
		})
	}
}
