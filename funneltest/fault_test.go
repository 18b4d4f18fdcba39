package funneltest_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
)

func TestFault_Responses(t *testing.T) {
	t.Parallel()
	envelope := func(code, message string) string {
		return `{"success":false,"error":{"code":"` + code + `","message":"` + message + `"}}`
	}
	validation := func(details string) string {
		return `{"success":false,"error":{"code":"VALIDATION_ERROR","message":"The given data was invalid"` + details + `}}`
	}
	const (
		jsonType = "application/json"
		htmlType = "text/html; charset=utf-8"
		textType = "text/plain; charset=utf-8"
	)
	tests := map[string]struct {
		fault       funneltest.Fault
		status      int
		contentType string
		body        string
	}{
		"a code has its status":       {funneltest.Fault{Code: "TAG_EXISTS"}, 409, jsonType, envelope("TAG_EXISTS", "A tag with that name already exists")},
		"a code's status is settable": {funneltest.Fault{Code: "FORBIDDEN", Status: 418}, 418, jsonType, envelope("FORBIDDEN", "The API key does not have access to the requested resource")},
		"an unknown code":             {funneltest.Fault{Code: "BRAND_NEW"}, 400, jsonType, envelope("BRAND_NEW", "Something went wrong")},
		"a code with status 200":      {funneltest.Fault{Code: "SERVER_ERROR", Status: 200}, 200, jsonType, envelope("SERVER_ERROR", "An unexpected error occurred")},
		"401":                         {funneltest.Fault{Status: 401}, 401, jsonType, envelope("UNAUTHORIZED", "The API key is missing, invalid, or disabled")},
		"403":                         {funneltest.Fault{Status: 403}, 403, jsonType, envelope("FORBIDDEN", "The API key does not have access to the requested resource")},
		"404":                         {funneltest.Fault{Status: 404}, 404, jsonType, envelope("NOT_FOUND", "The requested resource was not found")},
		"429":                         {funneltest.Fault{Status: 429}, 429, jsonType, `{"message":"Too Many Attempts."}`},
		"429 by the SDK's code":       {funneltest.Fault{Code: funnel.ErrRateLimited}, 429, jsonType, `{"message":"Too Many Attempts."}`},
		"422 has details":             {funneltest.Fault{Code: "VALIDATION_ERROR"}, 422, jsonType, validation(`,"details":{}`)},
		"400 has no details":          {funneltest.Fault{Code: "VALIDATION_ERROR", Status: 400}, 400, jsonType, validation("")},
		"500":                         {funneltest.Fault{Status: 500}, 500, jsonType, envelope("SERVER_ERROR", "An unexpected error occurred")},
		"502 of a proxy":              {funneltest.Fault{Status: 502}, 502, htmlType, "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>\n"},
		"204":                         {funneltest.Fault{Status: 204}, 204, textType, ""},
		"a JSON body":                 {funneltest.Fault{Body: `{"success":false}`}, 200, jsonType, `{"success":false}`},
		"a JSON list":                 {funneltest.Fault{Body: `[]`, Status: 500}, 500, jsonType, `[]`},
		"an HTML body":                {funneltest.Fault{Body: `<p>`, Status: 404}, 404, htmlType, `<p>`},
		"a text body":                 {funneltest.Fault{Body: `busy`, Code: "SERVER_ERROR"}, 500, textType, `busy`},
		"a header": {
			funneltest.Fault{Status: 429, Header: http.Header{lower("Retry-After"): {"7"}, "Content-Type": {"application/problem+json"}}},
			429, "application/problem+json", `{"message":"Too Many Attempts."}`,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAPI(t)
			a.Fail(test.fault)
			response, err := a.Transport().RoundTrip(a.request("POST", "/tag", `{"name":"a"}`))
			require.NoError(t, err)
			body, err := io.ReadAll(response.Body)
			require.NoError(t, err)
			require.Equal(t, test.status, response.StatusCode)
			require.Equal(t, test.body, string(body))
			require.Equal(t, test.contentType, response.Header.Get("Content-Type"))
			require.Equal(t, test.fault.Header[lower("Retry-After")], response.Header.Values("Retry-After"))
			require.Equal(t, "req-1", response.Header.Get("X-Request-Id"))
			require.Zero(t, a.Counts()["tags"], "not carried out")
			require.Equal(t, test.status, a.Requests()[0].Status)
			a.call(`POST /tag {"name":"a"}`).ok() // once is the default
		})
	}
}

// lower returns the header in a spelling that is not canonical.
func lower(header string) string { return strings.ToLower(header) }

func TestFault_AppliesOnlyToWhatItNames(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		fault funneltest.Fault
		hits  []string
	}{
		"everything": {funneltest.Fault{}, []string{"GET /tags", "GET /contacts", "POST /tag"}},
		"a method":   {funneltest.Fault{Method: "GET"}, []string{"GET /tags", "GET /contacts"}},
		"a path":     {funneltest.Fault{Path: "/tags"}, []string{"GET /tags"}},
		"both":       {funneltest.Fault{Method: "POST", Path: "/tags"}, nil},
		"a match":    {funneltest.Fault{Match: func(r *http.Request) bool { return r.URL.Query().Get("page") == "2" }}, []string{"GET /contacts"}},
		"a match of the body": {funneltest.Fault{Match: func(r *http.Request) bool {
			body, err := io.ReadAll(r.Body)
			return err == nil && string(body) == `{}`
		}}, []string{"POST /tag"}},
		"a method and a match": {funneltest.Fault{Method: "POST", Match: func(*http.Request) bool { return true }}, []string{"POST /tag"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAPI(t, funneltest.WithBasePath("/v1"))
			test.fault.Status, test.fault.Times = 503, -1
			a.Fail(test.fault)
			var hits []string
			for _, r := range []*http.Request{
				a.request("GET", "/v1/tags", ""), a.request("GET", "/v1/contacts?page=2", ""), a.request("POST", "/v1/tag", `{}`),
			} {
				response, err := a.Transport().RoundTrip(r)
				require.NoError(t, err)
				if response.StatusCode == 503 {
					hits = append(hits, r.Method+" "+r.URL.Path[len("/v1"):])
				}
			}
			require.Equal(t, test.hits, hits)
		})
	}
}

func TestFault_OrderAndTimes(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.Fail(funneltest.Fault{Code: "A", Times: 2})
	a.Fail(funneltest.Fault{Code: "B", Path: "/tags"})
	a.Fail(funneltest.Fault{Code: "C", Times: -1})
	var codes []string
	for range 5 {
		codes = append(codes, a.get("/tags").Error.Code)
	}
	require.Equal(t, []string{"A", "A", "B", "C", "C"}, codes)
	a.ClearFaults()
	a.get("/tags").ok()
}

func TestFail_RemovesOneFault(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	removeA := a.Fail(funneltest.Fault{Code: "A"})
	removeB := a.Fail(funneltest.Fault{Code: "B", Times: -1})
	a.Fail(funneltest.Fault{Code: "C", Times: -1})
	var codes []string
	for _, remove := range []func(){func() {}, removeA, removeB, removeB} {
		remove()
		codes = append(codes, a.get("/tags").Error.Code)
	}
	require.Equal(t, []string{"A", "B", "C", "C"}, codes)
}

func TestServer_PendingFaults(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	require.Empty(t, a.PendingFaults())
	once, twice := funneltest.Fault{Code: "A", Path: "/tags"}, funneltest.Fault{Code: "B", Path: "/tag", Times: 2}
	always, typo := funneltest.Fault{Code: "C", Path: "/funnels", Times: -5}, funneltest.Fault{Code: "D", Path: "/funels"}
	for _, fault := range []funneltest.Fault{once, twice, always, typo} {
		a.Fail(fault)
	}
	once.Times, typo.Times = 1, 1
	require.Equal(t, []funneltest.Fault{once, twice, always, typo}, a.PendingFaults())

	for _, path := range []string{"/tags", "/tag", "/funnels"} {
		a.get(path)
	}
	twice.Times = 1
	require.Equal(t, []funneltest.Fault{twice, typo}, a.PendingFaults())
	a.get("/tag")
	require.Equal(t, []funneltest.Fault{typo}, a.PendingFaults())
	require.Equal(t, "C", a.get("/funnels").Error.Code, "it has no end")
	a.ClearFaults()
	require.Empty(t, a.PendingFaults())
}

func TestFault_AfterCommit(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.Fail(funneltest.Fault{Status: 500, AfterCommit: true})
	a.call(`POST /tag {"name":"a"}`).isError(500, "SERVER_ERROR")
	require.Equal(t, 1, a.Counts()["tags"])
	a.call(`POST /tag {"name":"a"}`).isError(409, "TAG_EXISTS")
}

func TestFault_DropConnection(t *testing.T) {
	t.Parallel()
	for _, after := range []bool{false, true} {
		a := newAPI(t)
		a.Fail(funneltest.Fault{DropConnection: true, AfterCommit: after})
		_, err := a.Transport().RoundTrip(a.request("POST", "/tag", `{"name":"a"}`))
		require.ErrorIs(t, err, syscall.ECONNRESET)
		require.Equal(t, after, a.Counts()["tags"] == 1)
		require.Zero(t, a.Requests()[0].Status)
		require.Equal(t, 1, a.Quota().Used)
	}
}

func TestFault_TruncateBody(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.Fail(funneltest.Fault{TruncateBody: true})
	response, err := a.Transport().RoundTrip(a.request("POST", "/tag", `{"name":"a"}`))
	require.NoError(t, err)
	require.Equal(t, 201, response.StatusCode)
	body, err := io.ReadAll(response.Body)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.Len(t, body, int(response.ContentLength/2))
	require.Equal(t, 1, a.Counts()["tags"], "the response is the real one, so the request was carried out")
}

func TestFault_Delay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAPI(t, funneltest.WithLatency(slow))
		a.Fail(funneltest.Fault{Delay: time.Minute})
		start := time.Now()
		a.call(`POST /tag {"name":"a"}`).ok()
		require.Equal(t, time.Minute+5*time.Second, time.Since(start))
	})
}

func TestFault_DelayBeyondTheClientsDeadline(t *testing.T) {
	for name, fault := range map[string]funneltest.Fault{
		"slow":              {Delay: time.Minute},
		"slow and dropped":  {Delay: time.Minute, DropConnection: true, AfterCommit: true},
		"slow and replaced": {Delay: time.Minute, Status: 504},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newAPI(t)
				a.Fail(fault)
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				_, err := a.Transport().RoundTrip(a.request("POST", "/tag", `{"name":"a"}`).WithContext(ctx))
				require.ErrorIs(t, err, context.DeadlineExceeded)
				require.Equal(t, fault.Status == 0, a.Counts()["tags"] == 1)
			})
		})
	}
}

func TestFault_HeaderOnTheRealResponse(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	header := http.Header{"X-Ratelimit-Remaining": {"0"}}
	a.Fail(funneltest.Fault{Header: header, Times: 2})
	header.Set("X-RateLimit-Remaining", "7") // the fault keeps its own
	for range 2 {
		got := a.get("/tags").ok()
		require.Equal(t, "0", got.Header.Get("X-RateLimit-Remaining"))
		got.Header["X-Ratelimit-Remaining"][0] = "9"
	}
}

func TestFault_NotMetWithoutKeyOrQuota(t *testing.T) {
	t.Parallel()
	a := newAPI(t, funneltest.WithRateLimit(1, time.Hour))
	a.get("/tags").ok()
	a.Fail(funneltest.Fault{Code: "FORBIDDEN", Times: -1})
	require.Equal(t, 429, a.get("/tags").Status)
	r := a.request("GET", "/tags", "")
	r.Header.Del("Authorization")
	a.send(r).isError(401, "UNAUTHORIZED")
}

func TestFault_WithoutEffectPanics(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		fault   funneltest.Fault
		message string
	}{
		"status below zero":     {funneltest.Fault{Status: -1}, "a fault cannot have status -1: want 200 to 599"},
		"status of 1xx":         {funneltest.Fault{Status: 199}, "a fault cannot have status 199: want 200 to 599"},
		"status of 6xx":         {funneltest.Fault{Status: 600}, "a fault cannot have status 600: want 200 to 599"},
		"method in lower case":  {funneltest.Fault{Method: "post", Status: 500}, `a fault with the method "post" applies to no request: want capitals, as in POST`},
		"path without slash":    {funneltest.Fault{Path: "contact", Status: 500}, `a fault with the path "contact" applies to no request: want one without a query, as in /contact`},
		"path with query":       {funneltest.Fault{Path: "/tag?tag_id=1", Status: 500}, `a fault with the path "/tag?tag_id=1" applies to no request: want one without a query, as in /contact`},
		"dropped with a status": {funneltest.Fault{DropConnection: true, Status: 500}, "a fault that drops the connection has no response: leave out Status, Code, Body and TruncateBody"},
		"dropped with a code":   {funneltest.Fault{DropConnection: true, Code: "FORBIDDEN"}, "a fault that drops the connection has no response: leave out Status, Code, Body and TruncateBody"},
		"dropped with a body":   {funneltest.Fault{DropConnection: true, Body: "x"}, "a fault that drops the connection has no response: leave out Status, Code, Body and TruncateBody"},
		"dropped and truncated": {funneltest.Fault{DropConnection: true, TruncateBody: true}, "a fault that drops the connection has no response: leave out Status, Code, Body and TruncateBody"},
		"nothing":               {funneltest.Fault{}, "a fault without effect: set Status, Code, Body, Header, Delay, DropConnection or TruncateBody"},
		"nothing, to one path":  {funneltest.Fault{Method: "POST", Path: "/contact", Times: 2}, "a fault without effect: set Status, Code, Body, Header, Delay, DropConnection or TruncateBody"},
		"nothing, afterwards":   {funneltest.Fault{AfterCommit: true}, "a fault without effect: set Status, Code, Body, Header, Delay, DropConnection or TruncateBody"},
		"nothing, in the past":  {funneltest.Fault{Delay: -1}, "a fault without effect: set Status, Code, Body, Header, Delay, DropConnection or TruncateBody"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAPI(t)
			require.EqualError(t, test.fault.Validate(), "funneltest: "+test.message)
			require.PanicsWithValue(t, "funneltest: "+test.message, func() { a.Fail(test.fault) })
			a.get("/tags").ok()
		})
	}
}

func TestFault_MatchMayOnlyObserve(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	var seen []string
	a.Fail(funneltest.Fault{Times: -1, Match: func(r *http.Request) bool {
		seen = append(seen, r.URL.Path)
		return false
	}})
	a.get("/tags").ok()
	a.get("/contacts").ok()
	require.Equal(t, []string{"/tags", "/contacts"}, seen)
}

// A path that the API does not have is matched twice, and met once.
func TestFault_MetIsCalledForEachRequest(t *testing.T) {
	t.Parallel()
	a, met := newAPI(t), 0
	a.Fail(funneltest.Fault{Status: 500, Times: 3, Met: func() { met++ }})
	for n, target := range []string{"/tags", "/unknown", "/tags", "/tags"} {
		require.Equal(t, n < 3, a.get(target).Status == 500, target)
	}
	require.Equal(t, 3, met)
}

func TestFault_TakesTheSDKsCodes(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	require.NoError(t, funneltest.Fault{Code: funnel.ErrRateLimited}.Validate())
	a.Fail(funneltest.Fault{Code: funnel.ErrForbidden})
	a.get("/tags").isError(403, "FORBIDDEN")
}
