package funneltest_test

import (
	"cmp"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	contract "github.com/funnel-go/funnel/api"
	"github.com/funnel-go/funnel/funneltest"
)

func TestErrors_EveryCodeCanBeProvoked(t *testing.T) {
	t.Parallel()
	const (
		contact = `POST /contact {"email":"a@b.c"}`
		tag     = `POST /tag {"name":"a"}`
		webhook = `POST /webhook {"url":"https://a.example"}`
		funnel  = `POST /funnel {"name":"f"}`
		step    = `POST /funnel-step {"funnel_id":1,"name":"a"}`
		seq     = `POST /sequence {"name":"s"}`
	)
	tests := []struct {
		code   string
		status int
		setUp  []string
		line   string
		opts   []funneltest.Option
		fault  *funneltest.Fault // for the codes that no call provokes
	}{
		{code: "UNAUTHORIZED", status: 401, line: `GET /tags`, fault: &funneltest.Fault{Code: "UNAUTHORIZED"}},
		{code: "FORBIDDEN", status: 403, line: `GET /tags`, fault: &funneltest.Fault{Code: "FORBIDDEN"}},
		{code: "NOT_FOUND", status: 404, line: `GET /contact?contact_id=1`},
		{code: "CONTACT_EXISTS", status: 409, setUp: []string{contact}, line: contact},
		{code: "TAG_EXISTS", status: 409, setUp: []string{tag}, line: tag},
		{code: "WEBHOOK_EXISTS", status: 409, setUp: []string{webhook}, line: webhook},
		{code: "PATH_TAKEN", status: 409, setUp: []string{funnel, step, step}, line: `PUT /funnel-step {"step_id":2,"path":"a"}`},
		{code: "CAMPAIGN_SCHEDULED", status: 409,
			setUp: []string{`POST /campaign {"name":"c"}`, `POST /campaign-schedule {"campaign_id":1,"scheduled_for":"2999-01-01"}`},
			line:  `DELETE /campaign {"campaign_id":1}`},
		{code: "INVALID_STATUS", status: 400, line: `GET /orders?status=lost`},
		{code: "INVALID_PERIOD", status: 400, line: `GET /contacts?period=between`},
		{code: "INVALID_DATE", status: 400, setUp: []string{`POST /campaign {"name":"c"}`},
			line: `POST /campaign-schedule {"campaign_id":1,"scheduled_for":"1999-01-01"}`},
		{code: "NO_SUBDOMAIN", status: 400, opts: []funneltest.Option{funneltest.WithoutSubdomain()}, line: funnel},
		{code: "STAGE_NOT_EMAIL", status: 422, setUp: []string{seq, `POST /sequence-stage {"sequence_id":1,"stage_type":"action"}`},
			line: `PUT /sequence-stage-content {"stage_id":1,"subject":"s","body":"b"}`},
		{code: "SEQUENCE_HAS_NO_STAGES", status: 422, setUp: []string{seq, contact},
			line: `POST /contact-sequence {"contact_id":1,"sequence_id":1}`},
		{code: "VALIDATION_ERROR", status: 422, line: `POST /contact {}`},
		{code: "VALIDATION_ERROR", status: 400, line: `POST /contact {"email":"a@b.c","tag_ids":"x"}`},
		{code: "SERVER_ERROR", status: 500, line: `GET /tags`, fault: &funneltest.Fault{Code: "SERVER_ERROR"}},
	}
	codes := map[string]bool{}
	for _, test := range tests {
		codes[test.code] = true
		t.Run(test.code, func(t *testing.T) {
			t.Parallel()
			a := newAPI(t, test.opts...)
			a.setUp(test.setUp...)
			if test.fault != nil {
				a.Fail(*test.fault)
			}
			got := a.call(test.line)
			got.isError(test.status, test.code)
			require.Equal(t, test.status == 422 && test.code == "VALIDATION_ERROR", strings.Contains(got.Body, "details"))
		})
	}
	require.Len(t, codes, 16)
}

func TestPipeline_KeyIsRequired(t *testing.T) {
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
			r := a.request("POST", "/tag?api_key=s3cret", `{"name":"a"}`)
			r.Header.Set("Authorization", header)
			got := a.send(r)
			got.isError(401, "UNAUTHORIZED")
			require.NotContains(t, got.Header, "X-Ratelimit-Limit")
		})
	}
	require.Zero(t, a.Counts()["tags"])
	require.Zero(t, a.Quota().Used, "only requests with the key count")

	r := a.request("GET", "/tags", "")
	r.Header.Set("Authorization", "bearer s3cret")
	a.send(r).ok()
}

func TestWithAPIKey_EmptyLeavesTheDefault(t *testing.T) {
	t.Parallel()
	require.NotEmpty(t, newAPI(t, funneltest.WithAPIKey("")).APIKey())
}

func TestPipeline_OperationsAreThoseOfTheContract(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	paths, _, _ := strings.Cut(string(contract.OpenAPI()), "\nwebhooks:")
	var operations []string
	var path string
	for _, line := range regexp.MustCompile(`(?m)^  (/.+):$|^    (get|post|put|delete):$`).FindAllStringSubmatch(paths, -1) {
		if path = cmp.Or(line[1], path); line[2] != "" {
			operations = append(operations, strings.ToUpper(line[2])+" "+path)
		}
	}
	require.NotEmpty(t, operations)
	known := map[string]bool{}
	allowed := map[string][]string{}
	for _, operation := range operations {
		known[operation] = true
		method, path, _ := strings.Cut(operation, " ")
		allowed[path] = append(allowed[path], method)
		if method == "GET" {
			allowed[path] = append(allowed[path], "HEAD")
		}
	}
	for _, operation := range operations {
		_, path, _ := strings.Cut(operation, " ")
		for _, method := range []string{"GET", "POST", "PUT", "DELETE", "PATCH"} {
			got := a.call(method + " " + path)
			if known[method+" "+path] {
				require.Contains(t, []int{200, 422}, got.Status, "%s %s: %s", method, path, got.Body)
				continue
			}
			require.Equal(t, 405, got.Status, "%s %s", method, path)
			allow := strings.Join(allowed[path], ", ")
			require.Equal(t, allow, got.Header.Get("Allow"))
			require.JSONEq(t, `{"message":"The `+method+` method is not supported for this route. Supported methods: `+allow+`."}`, got.Body)
		}
	}
}

func TestPipeline_UnknownRoutesAreNotFound(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	for _, path := range []string{"", "/", "/nothing", "/contacts/", "/contact/1", "//contacts",
		"/funnel-steps", "/sequence-stages", "/funnel-stats", "/campaign-stats"} {
		a.get(path).isNoRoute()
	}
}

func TestPipeline_UnknownRouteNeedsNoKey(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	for line, status := range map[string]int{"GET /nothing": 404, "PATCH /tag": 405, "GET /tags": 401} {
		method, path, _ := strings.Cut(line, " ")
		r := a.request(method, path, "")
		r.Header.Del("Authorization")
		require.Equal(t, status, a.send(r).Status, line)
	}
}

func TestPipeline_FaultMakesAnUnknownRoute(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.Fail(funneltest.Fault{Path: "/contact-stats", Body: `{"success":true,"data":{"opened":3}}`})
	a.Fail(funneltest.Fault{Path: "/contact-stats", Header: http.Header{"X-Seen": {"yes"}}})
	require.JSONEq(t, data(`{"opened":3}`), a.get("/contact-stats").Body)
	got := a.get("/contact-stats")
	require.Equal(t, 404, got.Status)
	require.Equal(t, "yes", got.Header.Get("X-Seen"))
	a.get("/contact-stats").isNoRoute()
	require.Equal(t, 2, a.Quota().Used, "a fault happens behind the throttle")
}

func TestPipeline_HEADIsGETWithoutABody(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.setUp(`POST /tag {"name":"a"}`)
	body := a.get("/tags").Body
	resp, err := a.Transport().RoundTrip(a.request("HEAD", "/tags", ""))
	require.NoError(t, err)
	require.Equal(t, 200, resp.StatusCode)
	require.EqualValues(t, len(body), resp.ContentLength)
	require.Equal(t, "597", resp.Header.Get("X-RateLimit-Remaining"))
	content, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Empty(t, content)
	resp, err = a.Transport().RoundTrip(a.request("HEAD", "/tags?page=0", ""))
	require.NoError(t, err)
	require.Equal(t, 422, resp.StatusCode, "the query is read")
}

func TestPipeline_OPTIONSShowsTheMethods(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	for path, allow := range map[string]string{"/tags": "GET,HEAD", "/tag": "POST,PUT,DELETE", "/contact": "GET,HEAD,POST,PUT,DELETE"} {
		resp, err := a.Transport().RoundTrip(a.request("OPTIONS", path, ""))
		require.NoError(t, err)
		require.Equal(t, 200, resp.StatusCode)
		require.Equal(t, allow, resp.Header.Get("Allow"))
		require.Zero(t, resp.ContentLength)
	}
	a.call("OPTIONS /nothing").isNoRoute()
	require.Zero(t, a.Quota().Used)
}

func TestWithBasePath(t *testing.T) {
	t.Parallel()
	a := newAPI(t, funneltest.WithBasePath("api/v1/"))
	a.get("/api/v1/contacts").ok()
	for _, path := range []string{"/api/v1contacts", "/api/contacts", "/api/v1", "/x/api/v1/contacts"} {
		a.get(path).isNoRoute()
	}
	// The path of a client with the vendor's base URL, or with none, gets a hint.
	require.JSONEq(t, `{"message":"The base path of this fake is \"/api/v1\": see WithBasePath."}`, a.get("/contacts").Body)
	require.JSONEq(t, `{"message":"The base path of this fake is \"\": see WithBasePath."}`, newAPI(t).get("/v1/contacts").Body)
}

func TestInput_IDsAreNumbersOrNumericStrings(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.setUp(`POST /tag {"name":"a"}`, `PUT /tag {"tag_id":1,"name":"b"}`, `PUT /tag {"tag_id":"1","name":"c"}`)
	require.Equal(t, []string{`"c"`}, a.get("/tags").all("name"))
	for _, id := range []string{`"x"`, `1.5`, `1e0`, `true`, `[1]`, `{}`, `99999999999999999999`} {
		a.call(`PUT /tag {"tag_id":`+id+`,"name":"d"}`).isInvalid("tag_id", "The tag id must be an integer.")
	}
	for _, id := range []string{`0`, `-1`, `9223372036854775807`} {
		a.call(`PUT /tag {"tag_id":`+id+`,"name":"d"}`).isError(404, "NOT_FOUND")
		a.get("/tags-contacts?tag_id="+id).isError(404, "NOT_FOUND")
	}
	for _, id := range []string{`null`, `""`} {
		a.call(`PUT /tag {"tag_id":`+id+`}`).isInvalid("tag_id", "The tag id field is required.")
	}
	a.call(`DELETE /tag {"tag_id":"x"}`).isInvalid("tag_id", "The tag id must be an integer.")
}

func TestInput_QueryForGETAndBodyForTheOthers(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.setUp(`POST /tag {"name":"a"}`)
	for _, line := range []string{
		`GET /tags-contacts {"tag_id":1}`, `PUT /tag?tag_id=1 {"name":"b"}`, `DELETE /tag?tag_id=1`, `DELETE /tag?tag_id=1 {}`,
	} {
		a.call(line).isInvalid("tag_id", "The tag id field is required.")
	}
	a.call(`POST /tag?name=b`).isInvalid("name", "The name field is required.")
	require.Equal(t, []string{`"a"`}, a.get("/tags").all("name"))
	a.setUp(`DELETE /tag?tag_id=2 {"tag_id":1}`)
	require.Zero(t, a.Counts()["tags"])
}

func TestInput_StringsAreTrimmed(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.setUp(`POST /contact {"email":" ada@example.com\n","first_name":"\tAda ","last_name":"  "}`)
	a.expect(exchange{`GET /contact?email=+ada@example.com+`, 200, data(`{"id":1,"email":"ada@example.com","first_name":"Ada",
		"last_name":null,"email_marketing":false,"gdpr":false,"tags":[],"sequences":[]}`)})
	a.call(`POST /contact {"email":" "}`).isInvalid("email", "The email field is required.")
}

func TestInput_BodyMustBeAJSONObject(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	for _, body := range []string{`{`, `{"name":"a"`, `{"name":"a"}x`, `[]`, `"a"`, `null`, `7`, `name=a`, "\x00"} {
		for _, method := range []string{"POST", "PUT", "DELETE"} {
			a.call(method+" /tag "+body).isError(400, "VALIDATION_ERROR")
		}
	}
	require.Zero(t, a.Counts()["tags"])
}

func TestInput_ContentTypeMustBeJSON(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	send := func(contentType string) response {
		r := a.request("POST", "/tag", `{"name":"a"}`)
		r.Header.Set("Content-Type", contentType)
		return a.send(r)
	}
	send("").isError(400, "VALIDATION_ERROR")
	send("application/x-www-form-urlencoded").isError(400, "VALIDATION_ERROR")
	send("text/json").isError(400, "VALIDATION_ERROR")
	send("Application/JSON; charset=utf-8").ok()
}

func TestInput_BodySizeIsLimited(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	const limit = 8 << 20
	padded := func(size int) string {
		const start, end = `{"name":"a","x":"`, `"}`
		return start + strings.Repeat("x", size-len(start)-len(end)) + end
	}
	a.expect(exchange{"POST /tag " + padded(limit+1), 413, `{"message":""}`})
	a.call("POST /tag " + padded(limit)).ok()
}

func TestPipeline_RequestIDsNumberTheRequests(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	require.Equal(t, "req-1", a.get("/tags").Header.Get("X-Request-Id"))
	require.Equal(t, "req-2", a.get("/nothing").Header.Get("X-Request-Id"))
	r := a.request("GET", "/tags", "")
	r.Header.Del("Authorization")
	require.Equal(t, "req-3", a.send(r).Header.Get("X-Request-Id"))
}

func TestPipeline_PanicBecomesAResponse(t *testing.T) {
	t.Parallel()
	broken := true
	a := newAPI(t, funneltest.WithClock(func() time.Time {
		if broken {
			panic("no clock")
		}
		return time.Now()
	}))
	got := a.get("/tags")
	got.isError(500, "SERVER_ERROR")
	require.Equal(t, "panic in funneltest: no clock", got.Error.Message)
	require.Equal(t, 500, a.Requests()[0].Status)
	broken = false
	a.get("/tags").ok()
}

func TestPipeline_ResponsesAreJSON(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	require.Equal(t, "application/json", a.get("/tags").Header.Get("Content-Type"))
	require.Equal(t, "application/json", a.get("/nothing").Header.Get("Content-Type"))
	resp, err := a.Transport().RoundTrip(a.request(http.MethodGet, "/tags", ""))
	require.NoError(t, err)
	require.Equal(t, "200 OK", resp.Status)
	require.Equal(t, "HTTP/1.1", resp.Proto)
}
