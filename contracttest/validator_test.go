package contracttest_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel/contracttest"
)

// newRequest returns the request "METHOD /path?query".
func newRequest(ctx context.Context, t testing.TB, request, body string) *http.Request {
	t.Helper()
	method, target, _ := strings.Cut(request, " ")
	var content io.Reader
	if body != "" {
		content = strings.NewReader(body)
	}
	r, err := http.NewRequestWithContext(ctx, method, "https://funnel.test"+basePath+target, content)
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer key")
	r.Header.Set("Content-Type", "application/json")
	return r
}

// exchange sends a request through a validator and returns what it reports.
func exchange(t testing.TB, r *http.Request, server http.RoundTripper) contracttest.Exchange {
	t.Helper()
	var got contracttest.Exchange
	res, err := contracttest.NewValidator(load(t), server, basePath, func(x contracttest.Exchange) { got = x }).RoundTrip(r)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	return got
}

func violations(x contracttest.Exchange) []string {
	var found []string
	for _, v := range x.Violations {
		found = append(found, v.String())
	}
	return found
}

const (
	done   = `{"success": true}`
	tag    = `{"success": true, "data": {"id": 31, "name": "vip"}}`
	tagged = `{"success": true, "data": [{"id": 31, "name": "vip", "created_at": "2025-03-09 20:45:10"}], ` + meta + `}`
	limit  = `{"message": "Too Many Attempts."}`
)

func failed(code string) string {
	return `{"success": false, "error": {"code": "` + code + `", "message": "no"}}`
}

func TestValidator_AcceptsWhatMatches(t *testing.T) {
	t.Parallel()
	details := strings.Replace(failed("VALIDATION_ERROR"), `"no"`, `"no", "details": {"email": ["The email field is required."]}`, 1)
	for _, tt := range []struct {
		request, body string
		status        int
		response      string
	}{
		{"POST /tag", `{"name": "vip"}`, 201, tag},
		{"GET /tags?page=2&per_page=100", "", 200, tagged},
		{"GET /tags", "", 200, `{"success": true, "data": [], ` + meta + `}`},
		{"GET /contacts-tags?email=ada%2Bnews@example.com", "", 200, `{"success": true, "data": []}`},
		{"GET /orders?status=dormant&period=fortnight", "", 400, failed("INVALID_STATUS")},
		{"PUT /tag", `{"tag_id": 31, "name": "gold"}`, 200, `{"success": true, "data": {"id": 31, "anything": 1}}`},
		{"DELETE /tag", `{"tag_id": 31}`, 200, done},
		{"DELETE /tag", `{"tag_id": 31}`, 200, ""},
		{"POST /campaign", `{"name": "Launch", "audience": [1]}`, 201, `{"success": true, "data": {"id": 44, "status": "draft"}}`},
		{"GET /contact?contact_id=812&email=ada@example.com", "", 422, details},
		{"POST /contact", `{"email": "ada@example.com", "tag_ids": "1,2"}`, 400, failed("VALIDATION_ERROR")},
		{"PUT /sequence-stage-content", `{"stage_id": 61}`, 422, failed("STAGE_NOT_EMAIL")},
		{"GET /tags", "", 429, limit},
		{"GET /tags", "", 500, failed("SERVER_ERROR")},
	} {
		t.Run(tt.request, func(t *testing.T) {
			t.Parallel()
			server := &reply{status: tt.status, body: tt.response}
			require.Empty(t, violations(exchange(t, newRequest(t.Context(), t, tt.request, tt.body), server)))
		})
	}
}

func TestValidator_ReportsRequests(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, request, body, want string }{
		{"an unknown path", "GET /tagz", "", "the contract has no such operation"},
		{"an unknown method", "PATCH /tag", `{}`, "the contract has no such operation"},
		{"an unknown parameter", "GET /tags?perpage=10", "", "query: unknown parameter perpage"},
		{"a parameter twice", "GET /tags?page=1&page=2", "", "query: parameter page is sent 2 times"},
		{"a missing parameter", "GET /order", "", "query: id_order: Required query parameter 'id_order' is missing"},
		{"neither of two parameters", "GET /contact", "", "query: none of contact_id, email is sent, want at least one"},
		{"a parameter out of bounds", "GET /tags?per_page=101", "", "query: per_page: maximum: got 101, want 100"},
		{"a parameter of another type", "GET /campaign?campaign_id=first", "", "query: campaign_id: Value 'first' is not a valid integer"},
		{"a range in another form", "GET /orders?range=2025-03-01", "", "query: range: '2025-03-01' does not match pattern"},
		{"an unknown field", "POST /tag", `{"name": "vip", "colour": "red"}`, "body: additional properties 'colour' not allowed"},
		{"a missing field", "PUT /tag", `{"name": "vip"}`, "body: missing property 'tag_id'"},
		{"a field of another type", "PUT /tag", `{"tag_id": "31"}`, "body: $.tag_id: got string, want integer"},
		{"a malformed list", "POST /contact", `{"email": "a@example.com", "tag_ids": "1,"}`, "body: $.tag_ids: '1,' does not match pattern"},
		{"a long value", "PUT /contact-custom-field", `{"contact_id": 1, "custom_field_id": 1, "value": "` + strings.Repeat("x", 1001) + `"}`, "body: $.value: maxLength: got 1,001, want 1,000"},
		{"a time without a zone", "POST /campaign-schedule", `{"campaign_id": 44, "scheduled_for": "2025-04-09 07:30:00"}`, "body: $.scheduled_for: "},
		{"an id in the query of a DELETE", "DELETE /tag?tag_id=31", "", "query: unknown parameter tag_id"},
		{"a body of a GET", "GET /tags", `{"page": 2}`, "GET request body for '/tags' is not declared"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server := &reply{status: 500, body: failed("SERVER_ERROR")}
			got := violations(exchange(t, newRequest(t.Context(), t, tt.request, tt.body), server))
			operation, _, _ := strings.Cut(tt.request, "?")
			require.Contains(t, strings.Join(got, "\n"), operation+": request: "+tt.want)
		})
	}
}

func TestValidator_ReportsResponses(t *testing.T) {
	t.Parallel()
	html := http.Header{"Content-Type": {"text/html"}}
	for _, tt := range []struct {
		name, request, body string
		server              reply
		want                string
	}{
		{"another status", "POST /tag", `{"name": "vip"}`, reply{status: 200, body: tag}, "the contract has no such status here"},
		{"a field of another type", "GET /tags", "", reply{status: 200, body: strings.Replace(tagged, "31", `"31"`, 1)}, "body: $.data[0].id: got string, want integer"},
		{"a missing field", "POST /tag", `{"name": "vip"}`, reply{status: 201, body: `{"success": true, "data": {"id": 31}}`}, "body: $.data: missing property 'name'"},
		{"an unknown field", "GET /tags", "", reply{status: 200, body: strings.Replace(tagged, `"name"`, `"colour": "red", "name"`, 1)}, "body: $.data[0]: additional properties 'colour' not allowed"},
		{"an unknown field of the envelope", "GET /webhooks", "", reply{status: 200, body: `{"success": true, "data": [], ` + meta + `}`}, "body: $.meta: unknown field"},
		{"no data", "POST /tag", `{"name": "vip"}`, reply{status: 201, body: done}, "body: missing property 'data'"},
		{"no meta", "GET /tags", "", reply{status: 200, body: `{"success": true, "data": []}`}, "body: missing property 'meta'"},
		{"no success", "DELETE /tag", `{"tag_id": 31}`, reply{status: 200, body: `{}`}, "body: missing property 'success'"},
		{"a date in another form", "GET /tags", "", reply{status: 200, body: strings.Replace(tagged, "09 20:", "09T20:", 1)}, "body: $.data[0].created_at: '2025-03-09T20:45:10' does not match pattern"},
		{"an error with status 200", "DELETE /tag", `{"tag_id": 31}`, reply{status: 200, body: `{"success": false}`}, "body: $.success: value must be true"},
		{"an error without the envelope", "GET /contact?contact_id=1", "", reply{status: 404, body: `{"message": "gone"}`}, "body: missing properties 'success', 'error'"},
		{"a 429 in the envelope", "GET /tags", "", reply{status: 429, body: failed("RATE_LIMITED")}, "body: missing property 'message'"},
		{"details of a 400", "POST /contact", `{"email": "a@example.com"}`, reply{status: 400, body: strings.Replace(failed("VALIDATION_ERROR"), `"no"`, `"no", "details": {}`, 1)}, "body: $.error: 'not' failed"},
		{"a 422 without details", "POST /tag", `{"name": ""}`, reply{status: 422, body: failed("VALIDATION_ERROR")}, "body: $.error: missing property 'details'"},
		{"a code of another operation", "POST /tag", `{"name": "vip"}`, reply{status: 409, body: failed("CONTACT_EXISTS")}, "the contract has no error.code CONTACT_EXISTS for this response"},
		{"a page of a proxy", "GET /tags", "", reply{status: 500, body: "<h1>Oops</h1>", header: html}, "content type 'text/html' does not exist"},
		{"half a body", "GET /tags", "", reply{status: 500, body: `{"success": fal`}, "cannot be decoded"},
		{"no body", "GET /tags", "", reply{status: 500}, "no body"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := violations(exchange(t, newRequest(t.Context(), t, tt.request, tt.body), &tt.server))
			require.Contains(t, strings.Join(got, "\n"), ": response ")
			require.Contains(t, strings.Join(got, "\n"), tt.want)
		})
	}
}

func TestValidator_ReportsKeyAndBasePath(t *testing.T) {
	t.Parallel()
	r := newRequest(t.Context(), t, "GET /tags", "")
	r.Header.Del("Authorization")
	got := violations(exchange(t, r, &reply{status: 401, body: failed("UNAUTHORIZED")}))
	require.Len(t, got, 1)
	require.Contains(t, got[0], "Authorization")

	r = newRequest(t.Context(), t, "GET /tags", "")
	r.URL.Path = "/tags"
	got = violations(exchange(t, r, &reply{status: 401, body: failed("UNAUTHORIZED")}))
	require.Equal(t, []string{"GET /tags: request: the path is not below /v1"}, got)
}

func TestValidator_Intents(t *testing.T) {
	t.Parallel()
	rejected := reply{status: 422, body: strings.Replace(failed("VALIDATION_ERROR"), `"no"`, `"no", "details": {"page": ["No."]}`, 1)}
	for _, tt := range []struct {
		name    string
		mark    func(context.Context) context.Context
		request string
		server  reply
		want    []string
	}{
		{"a bad request that fails", contracttest.BadRequest, "GET /tags?page=0", rejected, nil},
		{"a bad request that succeeds", contracttest.BadRequest, "GET /tags?page=0", reply{status: 200, body: tagged}, []string{"GET /tags: response 200: a request that breaks the contract succeeds"}},
		{"a bad request that is good", contracttest.BadRequest, "GET /tags?page=1", rejected, []string{"GET /tags: request: is marked as breaking the contract, and does not break it"}},
		{"any response", contracttest.AnyResponse, "GET /tags", reply{status: 503, body: "down"}, nil},
		{"any response to a bad request", contracttest.AnyResponse, "GET /tags?pages=1", reply{status: 503, body: "down"}, []string{"GET /tags: request: query: unknown parameter pages"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tt.want, violations(exchange(t, newRequest(tt.mark(t.Context()), t, tt.request, ""), &tt.server)))
		})
	}
}

func TestValidator_ChangesNothing(t *testing.T) {
	t.Parallel()
	server := &reply{status: 418, body: "short and stout"}
	var got contracttest.Exchange
	v := contracttest.NewValidator(load(t), server, basePath, func(x contracttest.Exchange) { got = x })
	res, err := v.RoundTrip(newRequest(t.Context(), t, "POST /contact", `{"firstname": "Ada"}`))
	require.NoError(t, err)
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.Equal(t, "short and stout", string(body))
	require.Equal(t, `{"firstname": "Ada"}`, server.sent)
	require.NotEmpty(t, got.Violations)
}

// A lost or broken response is no violation.
func TestValidator_NetworkErrors(t *testing.T) {
	t.Parallel()
	reset := errors.New("connection reset")
	for name, body := range map[string]io.Reader{"no response": nil, "half a response": io.MultiReader(strings.NewReader(`{"succ`), iotest.ErrReader(reset))} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got contracttest.Exchange
			server := roundTripper(func(*http.Request) (*http.Response, error) {
				if body == nil {
					return nil, reset
				}
				return &http.Response{StatusCode: 200, Body: io.NopCloser(body)}, nil
			})
			res, err := contracttest.NewValidator(load(t), server, basePath, func(x contracttest.Exchange) { got = x }).
				RoundTrip(newRequest(t.Context(), t, "GET /tags", ""))
			if err == nil {
				_, err = io.ReadAll(res.Body)
			}
			require.ErrorIs(t, err, reset)
			require.Empty(t, got.Violations)
		})
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestExchange_Parts(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, request, body string
		server              reply
		want                []string
	}{
		{"a success", "POST /tag", `{"name": "vip"}`, reply{status: 201, body: tag},
			[]string{"TagCreate.name", "POST /tag 201", "Envelope.success", "Envelope.data", "POST /tag 201.data", "TagCreated.id", "TagCreated.name"}},
		{"an error: the request does not count", "POST /tag", `{"name": "vip"}`, reply{status: 409, body: failed("TAG_EXISTS")},
			[]string{"POST /tag 409 TAG_EXISTS", "Error.success", "Error.error", "Error.error.code", "Error.error.message"}},
		{"a known value", "GET /campaigns?status=sent", "", reply{status: 200, body: `{"success": true, "data": []}`},
			[]string{"GET /campaigns ?status", "CampaignStatus sent", "GET /campaigns 200", "Envelope.success"}},
		{"a header", "GET /tags", "", reply{status: 429, body: limit, header: http.Header{"Content-Type": {"application/json"}, "Retry-After": {"60"}}},
			[]string{"GET /tags 429", "header Retry-After", "TooManyAttempts.message"}},
		{"an unknown status", "GET /tags", "", reply{status: 418, body: `{}`}, nil},
		{"an unknown operation", "GET /tagz", "", reply{status: 200, body: tagged}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tt.want, exchange(t, newRequest(t.Context(), t, tt.request, tt.body), &tt.server).Parts)
		})
	}
}

func TestRecorder_ConcurrentUse(t *testing.T) {
	t.Parallel()
	var recorder contracttest.Recorder
	all := recorder.Unused(document(t))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 25 {
				recorder.Record(contracttest.Exchange{
					Code: "TAG_EXISTS", Parts: []string{"POST /tag 409 TAG_EXISTS"}, Violations: []contracttest.Violation{{Problem: "x"}},
				})
			}
		})
	}
	wg.Wait()
	require.Len(t, recorder.Violations(), 200)
	require.Equal(t, map[string]int{"TAG_EXISTS": 200}, recorder.Codes())
	require.Contains(t, all, "POST /tag 409 TAG_EXISTS")
	require.Len(t, recorder.Unused(document(t)), len(all)-1)
}

func TestLoad_RefusesOtherDocuments(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"",
		"openapi: 3.1.0\n\tpaths",
		"openapi: 3.1.0\npaths: {/tag: {get: {parameters: [{$ref: '#/components/parameters/Gone'}]}}}",
		"openapi: 3.1.0\npaths: {/tag: {get: {responses: {200: {$ref: '#/components/responses/Gone'}}}}}",
		"openapi: 3.1.0\npaths: {/tag: {get: }}",
		"openapi: 3.1.0\npaths: [/tag]",
	} {
		_, err := contracttest.Load([]byte(text))
		require.ErrorContains(t, err, "contracttest: ", text)
	}
}
