package contracttest_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel/api"
	"github.com/funnel-go/funnel/contracttest"
)

const basePath = "/api/v1"

var load = sync.OnceValues(func() (*contracttest.Contract, error) {
	return contracttest.Load(api.OpenAPI())
})

// answer is a server that gives one answer to everything.
type answer struct {
	status int
	header http.Header
	body   string
}

func (a answer) RoundTrip(r *http.Request) (*http.Response, error) {
	header := a.header.Clone()
	if header == nil {
		header = http.Header{"Content-Type": {"application/json"}}
	}
	return &http.Response{StatusCode: a.status, Header: header, Body: io.NopCloser(strings.NewReader(a.body)), Request: r}, nil
}

// exchange sends one request through a validator and returns what that reports.
func exchange(ctx context.Context, t testing.TB, request, body string, server http.RoundTripper) []string {
	t.Helper()
	contract, err := load()
	require.NoError(t, err)
	var recorder contracttest.Recorder
	client := &http.Client{Transport: contracttest.NewValidator(contract, server, basePath, recorder.Record)}
	res, err := client.Do(newRequest(ctx, t, request, body))
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	var found []string
	for _, v := range recorder.Violations() {
		found = append(found, v.String())
	}
	return found
}

// newRequest makes a request of "METHOD /path?query".
func newRequest(ctx context.Context, t testing.TB, request, body string) *http.Request {
	t.Helper()
	method, target, _ := strings.Cut(request, " ")
	var content io.Reader
	if body != "" {
		content = strings.NewReader(body)
	}
	r, err := http.NewRequestWithContext(ctx, method, "http://funnel.test"+basePath+target, content)
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer key")
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	return r
}

const (
	contact = `{"id": 7, "email": "ada@example.com", "first_name": null, "status": "subscribed", "custom_fields": {"plan": "pro"},
		"tags": [{"id": 3, "name": "vip"}], "created_at": "2026-01-02T03:04:05Z", "updated_at": "2026-01-02T03:04:05Z"}`
	meta    = `{"current_page": 1, "per_page": 100, "last_page": 1, "total": 1}`
	created = `{"success": true, "data": ` + contact + `}`
	listed  = `{"success": true, "data": [` + contact + `], "meta": ` + meta + `}`
	done    = `{"success": true}`
)

func failed(code string) string {
	return `{"success": false, "error": {"code": "` + code + `", "message": "no"}}`
}

func TestValidatorAcceptsWhatKeepsTheContract(t *testing.T) {
	t.Parallel()
	phpEmptyMap := strings.Replace(created, `{"plan": "pro"}`, `[]`, 1)
	unknownStatus := strings.Replace(created, `subscribed`, `dormant`, 1)
	invalid := `{
		"success": false,
		"error": {
			"code": "VALIDATION_ERROR",
			"message": "The given data was invalid",
			"details": {
				"email": ["The email field is required."],
				"per_page": ["The per page must be between 1 and 100."]
			}
		}
	}`
	tests := []struct {
		name, request, body string
		server              answer
	}{
		{"a creation", "POST /contact", `{"email": "ada@example.com", "tag_ids": [3], "custom_fields": {"plan": "pro"}}`, answer{status: 201, body: created}},
		{"an empty map as PHP sends it", "POST /contact", `{"email": "ada@example.com"}`, answer{status: 201, body: phpEmptyMap}},
		{"a value that is not known yet", "POST /contact", `{"email": "ada@example.com", "status": "dormant"}`, answer{status: 201, body: unknownStatus}},
		{"a list with all its filters", "GET /contacts?page=2&per_page=100&search=a%26b&status=bounced&tag_ids=1%2C2&sequence_ids=4", "", answer{status: 200, body: listed}},
		{"a list with nothing in it", "GET /contacts", "", answer{status: 200, body: `{"success": true, "data": [], "meta": ` + meta + `}`}},
		{"a contact by its address", "GET /contact?email=ada%2Bnews@example.com", "", answer{status: 200, body: created}},
		{"a deletion", "DELETE /tag?tag_id=3", "", answer{status: 200, body: done}},
		{"a deletion with data", "DELETE /tag?tag_id=3", "", answer{status: 200, body: `{"success": true, "data": {"deleted": true}}`}},
		{"stats of a range", "GET /funnel-stats?funnel_id=1&period=between&from=2026-01-01&to=2026-01-31", "",
			answer{status: 200, body: `{"success": true, "data": {"visits": 9, "optins": 4, "sales": 1, "revenue": "49.90"}}`}},
		{"the limit reached, in the page's words", "GET /tags", "", answer{status: 429, body: `{"message": "Too Many Attempts."}`}},
		{"a validation error, in the page's words", "POST /contact", `{"email": ""}`, answer{status: 422, body: invalid}},
		{"a malformed list, without details", "GET /contacts", "", answer{status: 400, body: failed("VALIDATION_ERROR")}},
		{"a code of the operation", "POST /tag", `{"name": "vip"}`, answer{status: 409, body: failed("TAG_EXISTS")}},
		{"a code of every operation", "POST /tag", `{"name": "vip"}`, answer{status: 500, body: failed("SERVER_ERROR")}},
		{"one of two codes of a status", "PUT /sequence-stage-content", `{"stage_id": 1, "subject": "Hi", "body": ""}`, answer{status: 422, body: failed("STAGE_NOT_EMAIL")}},
		{"headers of the limiter", "GET /tags", "", answer{status: 429, body: `{"message": "Too Many Attempts."}`, header: http.Header{
			"Content-Type": {"application/json; charset=utf-8"}, "Retry-After": {"60"}, "X-Ratelimit-Reset": {"1767322800"}}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			require.Empty(t, exchange(t.Context(), t, tt.request, tt.body, tt.server))
		})
	}
}

func TestValidatorReportsWhatBreaksTheContract(t *testing.T) {
	t.Parallel()
	goodTag := answer{status: 200, body: `{"success": true, "data": {"id": 3, "name": "vip"}}`}
	goodList := answer{status: 200, body: listed}
	goodCreation := answer{status: 201, body: created}
	tests := []struct {
		name, request, body string
		server              answer
		want                []string
	}{
		// Requests.
		{"an unknown path", "GET /contacs", "", goodList, []string{"GET /contacs: request: the contract has no such operation"}},
		{"an unknown method", "PATCH /contact", `{}`, goodCreation, []string{"PATCH /contact: request: the contract has no such operation"}},
		{"a misspelt parameter", "GET /contacts?perpage=10", "", goodList, []string{"GET /contacts: request: query: unknown parameter perpage"}},
		{"a parameter of another operation", "GET /tags?status=draft", "", answer{status: 200, body: `{"success": true, "data": [], "meta": ` + meta + `}`},
			[]string{"GET /tags: request: query: unknown parameter status"}},
		{"a parameter given twice", "GET /contacts?tag_ids=1&tag_ids=2", "", goodList, []string{"GET /contacts: request: query: parameter tag_ids is given 2 times"}},
		{"a missing parameter", "GET /tag", "", goodTag, []string{"GET /tag: request: query: tag_id: Required query parameter 'tag_id' is missing"}},
		{"neither of two parameters", "GET /contact", "", answer{status: 200, body: created},
			[]string{"GET /contact: request: query: 0 of contact_id, email given, want exactly one"}},
		{"both of two parameters", "GET /contact?contact_id=7&email=ada@example.com", "", answer{status: 200, body: created},
			[]string{"GET /contact: request: query: 2 of contact_id, email given, want exactly one"}},
		{"a parameter out of bounds", "GET /contacts?per_page=101", "", goodList, []string{"GET /contacts: request: query: per_page: maximum: got 101, want 100"}},
		{"an id of zero", "GET /tag?tag_id=0", "", goodTag, []string{"GET /tag: request: query: tag_id: minimum: got 0, want 1"}},
		{"an id that is none", "GET /tag?tag_id=vip", "", goodTag, []string{"GET /tag: request: query: tag_id: Value 'vip' is not a valid integer"}},
		{"a list with an id that is none", "GET /contacts?tag_ids=1,vip", "", goodList, []string{"GET /contacts: request: query: tag_ids: Array item 'vip' is not a valid integer"}},
		{"a time for a date", "GET /funnel-stats?funnel_id=1&from=2026-01-01T00:00:00Z", "", answer{status: 400, body: failed("INVALID_PERIOD")},
			[]string{`GET /funnel-stats: request: query: from: '2026-01-01T00:00:00Z' is not valid date: parsing time "2026-01-01T00:00:00Z": extra text: "T00:00:00Z"`}},
		{"an unknown field", "POST /contact", `{"email": "ada@example.com", "firstname": "Ada"}`, goodCreation,
			[]string{"POST /contact: request: body: additional properties 'firstname' not allowed"}},
		{"a missing field", "POST /contact", `{"first_name": "Ada"}`, goodCreation, []string{"POST /contact: request: body: missing property 'email'"}},
		{"a field of the wrong type", "POST /contact", `{"email": "ada@example.com", "tag_ids": "3"}`, goodCreation,
			[]string{"POST /contact: request: body: $.tag_ids: got string, want array"}},
		{"a time without its zone", "POST /campaign-schedule", `{"campaign_id": 1, "scheduled_for": "2026-01-02 03:04:05"}`, answer{status: 400, body: failed("INVALID_DATE")},
			[]string{"POST /campaign-schedule: request: body: $.scheduled_for: '2026-01-02 03:04:05' is not valid date-time: less than 20 characters long"}},
		{"an id in the query where it belongs in the body", "PUT /tag?tag_id=3", `{"name": "vip"}`, goodTag, []string{
			"PUT /tag: request: query: unknown parameter tag_id", "PUT /tag: request: body: missing property 'tag_id'"}},
		{"a body where none belongs", "DELETE /tag?tag_id=3", `{"tag_id": 3}`, answer{status: 200, body: done},
			[]string{"DELETE /tag: request: DELETE request body for '/tag' is not declared: the matched operation does not declare a requestBody"}},

		// Responses.
		{"an unknown status", "POST /tag", `{"name": "vip"}`, answer{status: 201, body: goodTag.body},
			[]string{"POST /tag: response 201: the contract has no such status here"}},
		{"a status of another operation", "GET /tags", "", answer{status: 404, body: failed("NOT_FOUND")},
			[]string{"GET /tags: response 404: the contract has no such status here"}},
		{"a field of the wrong type", "GET /tag?tag_id=3", "", answer{status: 200, body: `{"success": true, "data": {"id": "3", "name": "vip"}}`},
			[]string{"GET /tag: response 200: body: $.data.id: got string, want integer"}},
		{"a missing field", "GET /tag?tag_id=3", "", answer{status: 200, body: `{"success": true, "data": {"id": 3}}`},
			[]string{"GET /tag: response 200: body: $.data: missing property 'name'"}},
		{"a field that the contract does not have", "GET /tag?tag_id=3", "", answer{status: 200, body: `{"success": true, "data": {"id": 3, "name": "vip", "colour": "red"}}`},
			[]string{"GET /tag: response 200: body: $.data: additional properties 'colour' not allowed"}},
		{"a field beside the data that the contract does not have", "GET /tag?tag_id=3", "", answer{status: 200, body: `{"success": true, "data": {"id": 3, "name": "vip"}, "meta": {}}`},
			[]string{"GET /tag: response 200: body: $.meta: unknown field"}},
		{"no data", "GET /tag?tag_id=3", "", answer{status: 200, body: done}, []string{"GET /tag: response 200: body: missing property 'data'"}},
		{"no paging data", "GET /contacts", "", answer{status: 200, body: created},
			[]string{"GET /contacts: response 200: body: $.data: got object, want array", "GET /contacts: response 200: body: missing property 'meta'"}},
		{"no success", "DELETE /tag?tag_id=3", "", answer{status: 200, body: `{"data": {}}`}, []string{"DELETE /tag: response 200: body: missing property 'success'"}},
		{"a failure with status 200", "DELETE /tag?tag_id=3", "", answer{status: 200, body: `{"success": false}`},
			[]string{"DELETE /tag: response 200: body: $.success: value must be true"}},
		{"an error without the envelope", "GET /tag?tag_id=3", "", answer{status: 404, body: `{"message": "gone"}`},
			[]string{"GET /tag: response 404: body: missing properties 'success', 'error'"}},
		{"the limit reached, in the envelope", "GET /tags", "", answer{status: 429, body: failed("RATE_LIMITED")},
			[]string{
				"GET /tags: response 429: body: additional properties 'error', 'success' not allowed",
				"GET /tags: response 429: body: missing property 'message'",
				"GET /tags: response 429: error.code RATE_LIMITED is none of this response's"}},
		{"a field in an error that the contract does not have", "GET /tags", "", answer{status: 500, body: `{"success": false, "error": {"code": "SERVER_ERROR", "message": "no", "trace": "x"}}`},
			[]string{"GET /tags: response 500: body: $.error: additional properties 'trace' not allowed"}},
		{"details where none belong", "GET /contacts", "", answer{status: 400, body: `{"success": false, "error": {"code": "VALIDATION_ERROR", "message": "no", "details": {"tag_ids": ["No."]}}}`},
			[]string{"GET /contacts: response 400: body: $.error: 'not' failed"}},
		{"a number for money", "GET /funnel-stats?funnel_id=1", "", answer{status: 200, body: `{"success": true, "data": {"visits": 9, "optins": 4, "sales": 1, "revenue": 49.9}}`},
			[]string{"GET /funnel-stats: response 200: body: $.data.revenue: got number, want string"}},
		{"a time in another format", "GET /contacts", "", answer{status: 200, body: strings.Replace(listed, "2026-01-02T03:04:05Z", "2026-01-02 03:04:05", 1)},
			[]string{"GET /contacts: response 200: body: $.data[0].created_at: '2026-01-02 03:04:05' is not valid date-time: less than 20 characters long"}},
		{"a field in an item of a list that the contract does not have", "GET /contacts", "", answer{status: 200, body: strings.Replace(listed, `"first_name"`, `"firstname"`, 1)},
			[]string{"GET /contacts: response 200: body: $.data[0]: additional properties 'firstname' not allowed"}},
		{"a code of another operation", "POST /tag", `{"name": "vip"}`, answer{status: 409, body: failed("CONTACT_EXISTS")},
			[]string{"POST /tag: response 409: error.code CONTACT_EXISTS is none of this response's"}},
		{"a validation error without its details", "POST /tag", `{"name": ""}`, answer{status: 422, body: failed("VALIDATION_ERROR")},
			[]string{"POST /tag: response 422: body: $.error: missing property 'details'"}},
		{"a body that is not JSON", "GET /tags", "", answer{status: 500, body: "<h1>Oops</h1>", header: http.Header{"Content-Type": {"text/html"}}},
			[]string{"GET /tags: response 500: GET / 500 operation response content type 'text/html' does not exist: " +
				"The content type 'text/html' of the GET response received has not been defined, it's an unknown type"}},
		{"a body that is half JSON", "GET /tags", "", answer{status: 500, body: `{"success": fal`},
			[]string{"GET /tags: response 500: GET response body for '/tags' failed to validate schema: " +
				"The response body cannot be decoded: decode response body as application/json: unexpected EOF"}},
		{"no body", "GET /tags", "", answer{status: 500}, []string{"GET /tags: response 500: no body"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tt.want, exchange(t.Context(), t, tt.request, tt.body, tt.server))
		})
	}
}

func TestValidatorReportsARequestWithoutItsKey(t *testing.T) {
	t.Parallel()
	contract, err := load()
	require.NoError(t, err)
	for _, header := range []string{"", "Basic a2V5Og=="} {
		var recorder contracttest.Recorder
		r := newRequest(t.Context(), t, "GET /tags", "")
		r.Header.Set("Authorization", header)
		v := contracttest.NewValidator(contract, answer{status: 401, body: failed("UNAUTHORIZED")}, basePath, recorder.Record)
		_, err = v.RoundTrip(r)
		require.NoError(t, err)
		require.Len(t, recorder.Violations(), 1, header)
		require.Contains(t, recorder.Violations()[0].String(), "Authorization", header)
	}
}

func TestValidatorReportsAPathBesideTheBasePath(t *testing.T) {
	t.Parallel()
	contract, err := load()
	require.NoError(t, err)
	var recorder contracttest.Recorder
	v := contracttest.NewValidator(contract, answer{status: 200, body: done}, basePath, recorder.Record)
	r := newRequest(t.Context(), t, "DELETE /tag?tag_id=3", "")
	r.URL.Path = "/tag"
	_, err = v.RoundTrip(r)
	require.NoError(t, err)
	require.Equal(t, []contracttest.Violation{{Method: "DELETE", Path: "/tag", Problem: "the path is not below /api/v1"}}, recorder.Violations())
}

func TestValidatorPassesEverythingOn(t *testing.T) {
	t.Parallel()
	contract, err := load()
	require.NoError(t, err)
	const body = `{"firstname": "Ada"}`
	var received string
	server := roundTripFunc(func(r *http.Request) (*http.Response, error) {
		require.Equal(t, basePath+"/contact", r.URL.Path)
		data, err := io.ReadAll(r.Body)
		received = string(data)
		require.NoError(t, err)
		return answer{status: 418, body: "short and stout"}.RoundTrip(r)
	})
	var recorder contracttest.Recorder
	res, err := contracttest.NewValidator(contract, server, basePath, recorder.Record).RoundTrip(newRequest(t.Context(), t, "POST /contact", body))
	require.NoError(t, err)
	data, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.Equal(t, body, received)
	require.Equal(t, 418, res.StatusCode)
	require.Equal(t, "short and stout", string(data))
	require.NotEmpty(t, recorder.Violations())
}

func TestValidatorBlamesNobodyForTheNetwork(t *testing.T) {
	t.Parallel()
	contract, err := load()
	require.NoError(t, err)
	reset := errors.New("connection reset")
	tests := []struct {
		name   string
		server roundTripFunc
		status int
	}{
		{"no response", func(*http.Request) (*http.Response, error) { return nil, reset }, 0},
		{"half a response", func(r *http.Request) (*http.Response, error) {
			res, _ := answer{status: 200}.RoundTrip(r)
			res.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"succ`), failing{reset}))
			return res, nil
		}, 200},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got []contracttest.Exchange
			v := contracttest.NewValidator(contract, tt.server, basePath, func(x contracttest.Exchange) { got = append(got, x) })
			res, err := v.RoundTrip(newRequest(t.Context(), t, "DELETE /tag?tag_id=3", ""))
			if err == nil {
				var data []byte
				data, err = io.ReadAll(res.Body)
				require.Equal(t, `{"succ`, string(data))
			}
			require.ErrorIs(t, err, reset)
			require.Equal(t, []contracttest.Exchange{{Method: "DELETE", Path: "/tag", Operation: "tagsDelete", Status: tt.status}}, got)
		})
	}
}

func TestValidatorKnowsWhatIsDoneOnPurpose(t *testing.T) {
	t.Parallel()
	refused := answer{status: 400, body: failed("VALIDATION_ERROR")}
	taken := answer{status: 200, body: listed}
	fault := answer{status: 503, body: "down"}
	tests := []struct {
		name    string
		mark    func(context.Context) context.Context
		request string
		server  answer
		want    []string
	}{
		{"a bad request, refused", contracttest.BadRequest, "GET /contacts?tag_ids=x", refused, nil},
		{"a bad request, taken", contracttest.BadRequest, "GET /contacts?tag_ids=x", taken, []string{"GET /contacts: response 200: takes a request that breaks the contract"}},
		{"a bad request that is good", contracttest.BadRequest, "GET /contacts?tag_ids=1", refused, []string{"GET /contacts: request: keeps the contract, but is marked as breaking it"}},
		{"a bad request, refused in a wrong way", contracttest.BadRequest, "GET /contacts?tag_ids=x", answer{status: 400, body: `{}`},
			[]string{"GET /contacts: response 400: body: missing properties 'success', 'error'"}},
		{"a fault", contracttest.AnyResponse, "GET /contacts", fault, nil},
		{"a fault for a bad request", contracttest.AnyResponse, "GET /contacts?pages=1", fault, []string{"GET /contacts: request: query: unknown parameter pages"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tt.want, exchange(tt.mark(t.Context()), t, tt.request, "", tt.server))
		})
	}
}

func TestCheckDelivery(t *testing.T) {
	t.Parallel()
	contract, err := load()
	require.NoError(t, err)
	deliver := func(event, data string) string {
		return `{"event": "` + event + `", "data": ` + data + `, "created_at": "2026-01-02T03:04:05Z"}`
	}
	tests := []struct {
		name, body string
		want       []string
	}{
		{"a delivery", deliver("contact.created", `{"contact": `+contact+`}`), nil},
		{"an unknown event", deliver("contact.cloned", `{}`), []string{"the contract has no event contact.cloned"}},
		{"another event's data", deliver("campaign.sent", `{"contact": `+contact+`}`),
			[]string{"body: $.data: additional properties 'contact' not allowed", "body: $.data: missing property 'campaign'"}},
		{"a field that the contract does not have", strings.Replace(deliver("contact.created", `{"contact": `+contact+`}`), `{`, `{"id": 1, `, 1),
			[]string{"body: $.id: unknown field"}},
		{"no JSON", `<event/>`, []string{"body: invalid character '<' looking for beginning of value"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tt.want, contract.CheckDelivery([]byte(tt.body)))
		})
	}
}

func TestLoadRefusesWhatIsNoContract(t *testing.T) {
	t.Parallel()
	for _, document := range []string{
		"",
		"openapi: 3.1.0\n\tpaths",
		"openapi: 3.1.0\npaths: {/tag: {get: {parameters: [{$ref: '#/components/parameters/Gone'}]}}}",
		"openapi: 3.1.0\npaths: {/tag: {get: {responses: {200: {$ref: '#/components/responses/Gone'}}}}}",
		"openapi: 3.1.0\npaths: {/tag: {get: }}",
		"openapi: 3.1.0\npaths: [/tag]",
	} {
		_, err := contracttest.Load([]byte(document))
		require.ErrorContains(t, err, "contracttest: ", document)
	}
}

func TestRecorderKeepsWhatManyGoroutinesDo(t *testing.T) {
	t.Parallel()
	contract, err := load()
	require.NoError(t, err)
	var recorder contracttest.Recorder
	v := contracttest.NewValidator(contract, answer{status: 409, body: failed("TAG_EXISTS")}, basePath, recorder.Record)
	r := newRequest(t.Context(), t, "POST /tag", `{"nom": "vip"}`)
	again := func() *http.Request {
		clone := r.Clone(t.Context())
		clone.Body, _ = r.GetBody()
		return clone
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 25 {
				if _, err := v.RoundTrip(again()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	require.Len(t, recorder.Violations(), 2*200)
	require.Equal(t, map[string]int{"tagsCreate": 200}, recorder.Operations())
	require.Equal(t, map[string]int{"TAG_EXISTS": 200}, recorder.Codes())
}

func BenchmarkValidator(b *testing.B) {
	contract, err := load()
	require.NoError(b, err)
	page := `{"success": true, "data": [` + strings.Repeat(contact+",", 99) + contact + `], "meta": ` + meta + `}`
	benchmarks := []struct {
		name, request, body string
		server              answer
	}{
		{"creation", "POST /contact", `{"email": "ada@example.com", "tag_ids": [3]}`, answer{status: 201, body: created}},
		{"page of 100", "GET /contacts?per_page=100&tag_ids=1,2", "", answer{status: 200, body: page}},
	}
	for _, bb := range benchmarks {
		b.Run(bb.name, func(b *testing.B) {
			var recorder contracttest.Recorder
			v := contracttest.NewValidator(contract, bb.server, basePath, recorder.Record)
			for b.Loop() {
				_, err := v.RoundTrip(newRequest(b.Context(), b, bb.request, bb.body))
				require.NoError(b, err)
			}
			require.Empty(b, recorder.Violations())
		})
	}
}

type roundTripFunc func(*http.Request) (*http.Response, error)

func (f roundTripFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
