package funneltest_test

import (
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel/funneltest"
)

func TestEveryCodeCanBeProvoked(t *testing.T) {
	t.Parallel()
	tests := []struct {
		code   string
		status int
		setUp  []string
		line   string
		opts   []funneltest.Option
		fault  *funneltest.Fault // for the two that no call provokes
	}{
		{code: "FORBIDDEN", status: 403, line: `GET /tags`, fault: &funneltest.Fault{Code: "FORBIDDEN"}},
		{code: "NOT_FOUND", status: 404, line: `GET /tag?tag_id=1`},
		{code: "CONTACT_EXISTS", status: 409,
			setUp: []string{`POST /contact {"email":"a@b.c"}`}, line: `POST /contact {"email":"a@b.c"}`},
		{code: "TAG_EXISTS", status: 409, setUp: []string{`POST /tag {"name":"a"}`}, line: `POST /tag {"name":"a"}`},
		{code: "WEBHOOK_EXISTS", status: 409,
			setUp: []string{`POST /webhook {"url":"http://a.test"}`}, line: `POST /webhook {"url":"http://a.test"}`},
		{code: "PATH_TAKEN", status: 409,
			setUp: []string{
				`POST /funnel {"name":"f"}`,
				`POST /funnel-step {"funnel_id":1,"name":"a","path":"a"}`,
				`POST /funnel-step {"funnel_id":1,"name":"b","path":"b"}`,
			},
			line: `PUT /funnel-step {"step_id":2,"path":"a"}`},
		{code: "CAMPAIGN_SCHEDULED", status: 409,
			setUp: []string{`POST /campaign {"name":"c"}`, `POST /campaign-schedule {"campaign_id":1,"scheduled_for":"2999-01-01"}`},
			line:  `DELETE /campaign?campaign_id=1`},
		{code: "INVALID_STATUS", status: 400, line: `GET /contacts?status=asleep`},
		{code: "INVALID_PERIOD", status: 400,
			setUp: []string{`POST /funnel {"name":"f"}`}, line: `GET /funnel-stats?funnel_id=1&period=between`},
		{code: "INVALID_DATE", status: 400,
			setUp: []string{`POST /campaign {"name":"c"}`}, line: `POST /campaign-schedule {"campaign_id":1,"scheduled_for":"1999-01-01"}`},
		{code: "NO_SUBDOMAIN", status: 400, opts: []funneltest.Option{funneltest.WithoutSubdomain()}, line: `POST /funnel {"name":"f"}`},
		{code: "STAGE_NOT_EMAIL", status: 422,
			setUp: []string{`POST /sequence {"name":"s"}`, `POST /sequence-stage {"sequence_id":1,"type":"wait"}`},
			line:  `PUT /sequence-stage-content {"stage_id":1,"subject":"s","body":"b"}`},
		{code: "SEQUENCE_HAS_NO_STAGES", status: 422,
			setUp: []string{`POST /sequence {"name":"s"}`, `POST /contact {"email":"a@b.c"}`},
			line:  `POST /contact-sequence {"contact_id":1,"sequence_id":1}`},
		{code: "VALIDATION_ERROR", status: 422, line: `POST /contact {}`},
		{code: "VALIDATION_ERROR", status: 400, line: `GET /contacts?tag_ids=x`},
		{code: "SERVER_ERROR", status: 500, line: `GET /tags`, fault: &funneltest.Fault{Code: "SERVER_ERROR"}},
	}
	codes := map[string]bool{"UNAUTHORIZED": true} // by the test below
	for _, test := range tests {
		codes[test.code] = true
		t.Run(test.code, func(t *testing.T) {
			t.Parallel()
			a := newAPI(t, test.opts...)
			a.setUp(test.setUp...)
			if test.fault != nil {
				a.Fail(*test.fault)
			}
			a.call(test.line).isError(test.status, test.code)
		})
	}
	require.Len(t, codes, 16)
}

func TestAKeyIsNeeded(t *testing.T) {
	t.Parallel()
	a := newAPI(t, funneltest.WithAPIKey("s3cret"))
	require.Equal(t, "s3cret", a.APIKey())
	for name, header := range map[string]string{
		"none":         "",
		"wrong":        "Bearer wrong",
		"longer":       "Bearer s3cret ",
		"other scheme": "Basic s3cret",
		"no scheme":    "s3cret",
		"empty":        "Bearer ",
	} {
		t.Run(name, func(t *testing.T) {
			r := a.request("POST", "/tag", `{"name":"a"}`)
			r.Header.Set("Authorization", header)
			got := a.send(r)
			got.refused(401, "UNAUTHORIZED")
			require.NotContains(t, got.Header, "X-Ratelimit-Limit")
		})
	}
	require.Zero(t, a.Counts()["tags"])
	require.Zero(t, a.Quota().Used, "only requests with the key count")

	r := a.request("GET", "/tags", "")
	r.Header.Set("Authorization", "bearer s3cret")
	a.send(r).ok()
}

func TestEmptyAPIKeyLeavesTheDefault(t *testing.T) {
	t.Parallel()
	require.NotEmpty(t, newAPI(t, funneltest.WithAPIKey("")).APIKey())
}

// operations are those of the contract.
var operations = []string{
	"GET /contacts", "GET /contact", "POST /contact", "PUT /contact", "DELETE /contact",
	"POST /contact-tag", "DELETE /contact-tag", "POST /contact-sequence", "DELETE /contact-sequence",
	"GET /tags", "GET /tag", "POST /tag", "PUT /tag", "DELETE /tag",
	"GET /sequences", "GET /sequence", "POST /sequence", "PUT /sequence", "DELETE /sequence",
	"GET /sequence-stages", "POST /sequence-stage", "PUT /sequence-stage", "DELETE /sequence-stage",
	"GET /sequence-stage-content", "PUT /sequence-stage-content",
	"GET /funnels", "GET /funnel", "POST /funnel", "PUT /funnel", "DELETE /funnel", "GET /funnel-stats",
	"GET /funnel-steps", "POST /funnel-step", "PUT /funnel-step", "DELETE /funnel-step",
	"GET /campaigns", "GET /campaign", "POST /campaign", "PUT /campaign", "DELETE /campaign",
	"POST /campaign-schedule", "DELETE /campaign-schedule", "GET /campaign-stats",
	"GET /webhooks", "GET /webhook", "POST /webhook", "PUT /webhook", "DELETE /webhook",
}

func TestOperationsAreThoseOfTheContractAndNoOthers(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	known := map[string]bool{}
	for _, operation := range operations {
		known[operation] = true
	}
	for _, operation := range operations {
		_, path, _ := strings.Cut(operation, " ")
		for _, method := range []string{"GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"} {
			got := a.call(method + " " + path)
			if known[method+" "+path] {
				require.Contains(t, []int{200, 422}, got.Status, "%s %s: %s", method, path, got.Body)
				continue
			}
			require.Equal(t, 405, got.Status, "%s %s", method, path)
			require.Nil(t, got.Success, "Laravel's own answer has no envelope")
			require.Contains(t, got.Body, `{"message":"The `+method+" method is not supported")
		}
	}
}

func TestUnknownRoutesAreNotFound(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	for _, path := range []string{"", "/", "/nothing", "/contacts/", "/contact/1", "/v1/contacts", "//contacts"} {
		a.get(path).refused(404, "NOT_FOUND")
	}
}

func TestBasePath(t *testing.T) {
	t.Parallel()
	a := newAPI(t, funneltest.WithBasePath("api/v1/"))
	a.get("/api/v1/contacts").ok()
	for _, path := range []string{"/contacts", "/api/v1contacts", "/api/contacts", "/api/v1", "/x/api/v1/contacts"} {
		a.get(path).refused(404, "NOT_FOUND")
	}
}

func TestIDsAreReadAsNumbersAndNumericStrings(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.setUp(`POST /tag {"name":"a"}`)
	require.Equal(t, `"b"`, a.put("/tag", `{"tag_id":1,"name":"b"}`).field("name"))
	require.Equal(t, `"c"`, a.put("/tag", `{"tag_id":"1","name":"c"}`).field("name"))
	for _, id := range []string{`"x"`, `1.5`, `1e0`, `true`, `[1]`, `{}`, `99999999999999999999`} {
		a.put("/tag", `{"tag_id":`+id+`,"name":"d"}`).invalid("tag_id", "The tag id must be an integer.")
	}
	for _, id := range []string{`0`, `-1`, `9223372036854775807`} {
		a.put("/tag", `{"tag_id":`+id+`,"name":"d"}`).refused(404, "NOT_FOUND")
		a.get("/tag?tag_id="+id).refused(404, "NOT_FOUND")
	}
	a.get("/tag").invalid("tag_id", "The tag id field is required.")
	a.delete("/tag?tag_id=x").invalid("tag_id", "The tag id must be an integer.")
}

func TestAnIDBelongsInTheQueryOrTheBodyAsTheMethodSays(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.setUp(`POST /tag {"name":"a"}`)
	a.put("/tag?tag_id=1", `{"name":"b"}`).invalid("tag_id", "The tag id field is required.")
	a.send(a.request("DELETE", "/tag", `{"tag_id":1}`)).invalid("tag_id", "The tag id field is required.")
	require.Equal(t, []string{`"a"`}, a.get("/tags").all("name"))
}

func TestBodiesThatAreNoJSONObject(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	for _, body := range []string{`{`, `{"name":"a"`, `{"name":"a"}x`, `[]`, `"a"`, `null`, `7`, `name=a`, "\x00"} {
		a.post("/tag", body).refused(400, "VALIDATION_ERROR")
	}
	require.Zero(t, a.Counts()["tags"])
}

func TestBodiesOfAnotherType(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	send := func(contentType string) answer {
		r := a.request("POST", "/tag", `{"name":"a"}`)
		r.Header.Set("Content-Type", contentType)
		return a.send(r)
	}
	send("").refused(400, "VALIDATION_ERROR")
	send("application/x-www-form-urlencoded").refused(400, "VALIDATION_ERROR")
	send("text/json").refused(400, "VALIDATION_ERROR")
	send("Application/JSON; charset=utf-8").ok()
}

func TestBodiesAreBounded(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	const limit = 8 << 20
	padded := func(size int) string {
		const start, end = `{"name":"a","x":"`, `"}`
		return start + strings.Repeat("x", size-len(start)-len(end)) + end
	}
	got := a.post("/tag", padded(limit+1))
	require.Equal(t, 413, got.Status)
	require.JSONEq(t, `{"message":"The POST data is too large."}`, got.Body)
	a.post("/tag", padded(limit)).ok()
}

func TestPaging(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.SeedContacts(250)
	type meta struct{ page, perPage, lastPage, total int }
	for query, want := range map[string]struct {
		meta
		first string
		items int
	}{
		"":                    {meta{1, 15, 17, 250}, "1", 15},
		"per_page=":           {meta{1, 15, 17, 250}, "1", 15},
		"page=":               {meta{1, 15, 17, 250}, "1", 15},
		"page=17":             {meta{17, 15, 17, 250}, "241", 10},
		"page=18":             {meta{18, 15, 17, 250}, "", 0},
		"page=2&per_page=100": {meta{2, 100, 3, 250}, "101", 100},
		"page=3&per_page=100": {meta{3, 100, 3, 250}, "201", 50},
		"page=250&per_page=1": {meta{250, 1, 250, 250}, "250", 1},
		"page=5&per_page=50":  {meta{5, 50, 5, 250}, "201", 50},
		"page=2147483647":     {meta{math.MaxInt32, 15, 17, 250}, "", 0},
	} {
		t.Run(query, func(t *testing.T) {
			got := a.get("/contacts?" + query)
			ids := got.all("id")
			require.Len(t, ids, want.items)
			if want.items > 0 {
				require.Equal(t, want.first, ids[0])
			}
			require.Equal(t, want.meta, meta{got.Meta.CurrentPage, got.Meta.PerPage, got.Meta.LastPage, got.Meta.Total})
		})
	}
}

func TestEmptyListHasOnePage(t *testing.T) {
	t.Parallel()
	got := newAPI(t).get("/contacts")
	require.Equal(t, `{"success":true,"data":[],"meta":{"current_page":1,"per_page":15,"last_page":1,"total":0}}`, got.Body)
}

func TestPagingIsValidated(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	const bounds = "The per page must be between 1 and 100."
	for _, list := range []string{"/contacts", "/tags", "/sequences", "/funnels", "/campaigns", "/webhooks"} {
		a.get(list+"?per_page=0").invalid("per_page", bounds)
		a.get(list+"?per_page=101").invalid("per_page", bounds)
		a.get(list+"?per_page=-1").invalid("per_page", bounds)
		a.get(list+"?per_page=many").invalid("per_page", "The per page must be an integer.")
		a.get(list+"?page=0").invalid("page", "The page must be at least 1.")
		a.get(list+"?page=x").invalid("page", "The page must be an integer.")
	}
}

func TestRequestIDsNumberTheRequests(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	require.Equal(t, "req-1", a.get("/tags").Header.Get("X-Request-Id"))
	require.Equal(t, "req-2", a.get("/nothing").Header.Get("X-Request-Id"))
	r := a.request("GET", "/tags", "")
	r.Header.Del("Authorization")
	require.Equal(t, "req-3", a.send(r).Header.Get("X-Request-Id"))
}

func TestAPanicIsAnswered(t *testing.T) {
	t.Parallel()
	broken := true
	a := newAPI(t, funneltest.WithClock(func() time.Time {
		if broken {
			panic("no clock")
		}
		return time.Now()
	}))
	got := a.get("/tags")
	got.refused(500, "SERVER_ERROR")
	require.Equal(t, "panic in funneltest: no clock", got.Error.Message)
	require.Equal(t, 500, a.Requests()[0].Status)
	broken = false
	a.get("/tags").ok()
}

func TestCounts(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.setUp(
		`POST /tag {"name":"a"}`, `POST /contact {"email":"a@b.c"}`, `POST /sequence {"name":"s"}`,
		`POST /sequence-stage {"sequence_id":1,"type":"wait"}`, `POST /funnel {"name":"f"}`,
		`POST /funnel-step {"funnel_id":1,"name":"s","path":"s"}`, `POST /campaign {"name":"c"}`,
		`POST /webhook {"url":"http://a.test"}`, `POST /tag {"name":"b"}`,
	)
	require.Equal(t, map[string]int{
		"contacts": 1, "tags": 2, "sequences": 1, "stages": 1, "funnels": 1, "steps": 1, "campaigns": 1, "webhooks": 1,
	}, a.Counts())
}

func TestAnswersAreJSON(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	require.Equal(t, "application/json", a.get("/tags").Header.Get("Content-Type"))
	require.Equal(t, "application/json", a.get("/nothing").Header.Get("Content-Type"))
	response, err := a.Transport().RoundTrip(a.request(http.MethodGet, "/tags", ""))
	require.NoError(t, err)
	require.Equal(t, "200 OK", response.Status)
	require.Equal(t, "HTTP/1.1", response.Proto)
}
