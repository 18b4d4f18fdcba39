package conformance

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel/api"
	"github.com/funnel-go/funnel/contracttest"
	"github.com/funnel-go/funnel/contracttest/internal/openapi"
)

// Each edit is a mistake of the SDK or of the server, and a flow notices it.
func TestFlows_NoticeMistakes(t *testing.T) {
	t.Parallel()
	contract := load(t)
	tests := []struct {
		name        string
		flow        func(*session)
		sdk, server edit
		want        string
	}{
		{"the SDK renames a field", tagsFlow, edit{`"name"`, `"title"`}, edit{},
			"POST /tag: request: body: missing property 'name'"},
		{"the SDK adds a field", contactFlow(byID), edit{`"first_name"`, `"nick_name":"A","first_name"`}, edit{},
			"POST /contact: request: body: additional properties 'nick_name' not allowed"},
		{"the SDK drops a field", contactFlow(byID), edit{`,"last_name":"Byron"`, ``}, edit{},
			`actual  : funnel.Contact{ID:1, Email:"ada@example.com", FirstName:"Ada", LastName:""`},
		{"the SDK sends another type", contactFlow(byID), edit{`"tag_ids":"1,2"`, `"tag_ids":[1,2]`}, edit{},
			"POST /contact: request: body: $.tag_ids: got array, want string"},
		{"the SDK sends another date", scheduleFlow, edit{`Z"}`, `"}`}, edit{},
			"POST /campaign-schedule: request: body: $.scheduled_for: "},
		{"the SDK renames a parameter", contactListsFlow, edit{"per_page=", "perpage="}, edit{},
			"GET /contacts: request: query: unknown parameter perpage"},
		{"the SDK drops a parameter", ordersFlow, edit{"period=last7days", ""}, edit{}, "Messages:   \tlast7days"},
		{"the SDK uses another path", contactFlow(byID), edit{"/contacts-tags", "/contact-tags"}, edit{},
			"GET /contact-tags: request: the contract has no such operation"},
		{"the server renames a field", contactFlow(byID), edit{}, edit{`"gdpr"`, `"GDPR"`},
			"GET /contact: response 200: body: $.data: additional properties 'GDPR' not allowed"},
		{"the server adds a field", tagsFlow, edit{}, edit{`"name"`, `"colour":"red","name"`},
			"POST /tag: response 201: body: $.data: additional properties 'colour' not allowed"},
		{"the server drops a field", ordersFlow, edit{}, edit{`,"currency":"CHF"`, ``},
			"GET /orders: response 200: body: $.data[0]: missing property 'currency'"},
		{"the server sends another type", transactionsFlow, edit{}, edit{`"id_invoice":30`, `"id_invoice":"30"`},
			"GET /transactions: response 200: body: $.data[0].id_invoice: got string, want integer"},
		{"the server sends another date", contactListsFlow, edit{}, edit{`Z"`, `"`},
			"GET /contacts: response 200: body: $.data[0].created_at: "},
		{"the server sends another value", campaignsFlow, edit{}, edit{`"Grace"`, `"Mary"`}, `FromName:"Mary"`},
		{"the server sends another code", tagsFlow, edit{}, edit{`TAG_EXISTS`, `TAG_TAKEN`},
			"POST /tag: response 409: the contract has no error.code TAG_TAKEN for this response"},
		{"the server sends no details", missingFlow, edit{}, edit{`"details"`, `"fields"`},
			"GET /contact: response 422: body: $.error: additional properties 'fields' not allowed"},
		{"the server sends no paging", tagsFlow, edit{}, edit{`"meta"`, `"paging"`},
			"GET /tags: response 200: body: missing property 'meta'"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			require.Contains(t, verdict(t, contract, tt.flow, tt.sdk, changedFake(tt.server.responses)), tt.want)
		})
	}
}

// Each change is a mistake of the server outside of the body, and a flow notices it.
func TestFlows_NoticeWrongStatusAndHeaders(t *testing.T) {
	t.Parallel()
	contract := load(t)
	without := func(name string) func(*http.Response) {
		return func(res *http.Response) { res.Header.Del(name) }
	}
	tests := []struct {
		name   string
		flow   func(*session)
		change func(*http.Response)
		want   string
	}{
		{"a create returns 200", tagsFlow, func(res *http.Response) {
			if res.StatusCode == http.StatusCreated {
				res.StatusCode = http.StatusOK
			}
		}, "POST /tag: response 200: the contract has no such status here"},
		{"an error has no rate limit headers", notFoundFlow, without("X-RateLimit-Remaining"), "GET /contact: without rate limit headers"},
		{"an unknown route has rate limit headers", strayFlow, func(res *http.Response) { res.Header.Set("X-RateLimit-Limit", "600") },
			"Should be empty, but was 600"},
		{"a wrong method has no Allow", strayFlow, without("Allow"), `expected: "GET, HEAD, POST, PUT, DELETE"`},
		{"the maintenance mode has no Retry-After", brokenFlow(Maintenance), without("Retry-After"), `expected: "60"`},
		{"a proxy hides its 502", brokenFlow(Crash), func(res *http.Response) { res.StatusCode = http.StatusInternalServerError }, "expected: 502"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server := changedFake(func(next http.RoundTripper) http.RoundTripper {
				return roundTripper(func(r *http.Request) (*http.Response, error) {
					res, err := next.RoundTrip(r)
					if err == nil {
						tt.change(res)
					}
					return res, err
				})
			})
			require.Contains(t, verdict(t, contract, tt.flow, edit{}, server), tt.want)
		})
	}
}

// The flows above find nothing if nothing is edited; TestRun_Fake shows that too.
func TestFlows_EditMustMatter(t *testing.T) {
	t.Parallel()
	require.Empty(t, verdict(t, load(t), tagsFlow, edit{"never sent", ""}, changedFake(edit{"never received", ""}.responses)))
}

// verdict returns what a flow and the contract report.
func verdict(t *testing.T, contract *contracttest.Contract, play func(*session), sdk edit, server Server) string {
	var recorder contracttest.Recorder
	var judge collector
	judge.run(func() {
		flow{play: play}.run(t, &judge, suite{server: server, contract: contract, record: recorder.Record, sdk: sdk.requests})
	})
	said := judge.failures
	for _, v := range recorder.Violations() {
		said = append(said, v.String())
	}
	return strings.Join(said, "\n")
}

// A collector is a [require.TestingT] that keeps the failures of a flow and ends
// it at the first.
type collector struct{ failures []string }

var errFailed = errors.New("the flow failed")

func (c *collector) Errorf(format string, args ...any) {
	c.failures = append(c.failures, fmt.Sprintf(format, args...))
}

func (c *collector) FailNow() { panic(errFailed) }

func (c *collector) run(play func()) {
	defer func() {
		if cause := recover(); cause != nil && cause != any(errFailed) {
			panic(cause)
		}
	}()
	play()
}

// changedFake is the fake with a change of its responses.
type changedFake func(http.RoundTripper) http.RoundTripper

func (change changedFake) NewAccount(t testing.TB, o Options) *Account {
	account := fake{}.NewAccount(t, o)
	account.Transport = change(account.Transport)
	return account
}

// An edit replaces a text. The zero edit changes nothing.
type edit struct{ old, new string }

func (e edit) in(s string) string {
	if e.old == "" {
		return s
	}
	return strings.ReplaceAll(s, e.old, e.new)
}

// requests edits the URL and the body of each request.
func (e edit) requests(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		r = r.Clone(r.Context())
		u, err := url.Parse(e.in(r.URL.String()))
		if err != nil {
			return nil, err
		}
		r.URL = u
		if r.Body != nil {
			r.Body, r.ContentLength, err = e.body(r.Body)
		}
		if err != nil {
			return nil, err
		}
		return next.RoundTrip(r)
	})
}

// responses edits the body of each response.
func (e edit) responses(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		res, err := next.RoundTrip(r)
		if err == nil {
			res.Body, res.ContentLength, err = e.body(res.Body)
		}
		return res, err
	})
}

func (e edit) body(body io.ReadCloser) (io.ReadCloser, int64, error) {
	defer body.Close()
	data, err := io.ReadAll(body)
	data = []byte(e.in(string(data)))
	return io.NopCloser(bytes.NewReader(data)), int64(len(data)), err
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// Each addition to the contract is something that no flow uses, and the recorder
// reports it.
func TestRun_NoticesUnusedParts(t *testing.T) {
	t.Parallel()
	contract := load(t)
	var recorder contracttest.Recorder
	for _, play := range []func(*session){tagsFlow, campaignsFlow} {
		flow{play: play}.run(t, t, suite{server: fake{}, contract: contract, record: recorder.Record})
	}
	unused := func(document string) []string {
		parsed, err := openapi.Parse([]byte(document))
		require.NoError(t, err)
		return recorder.Unused(parsed)
	}
	original := string(api.OpenAPI())
	before := unused(original)
	require.NotContains(t, before, "POST /tag 409 TAG_EXISTS")
	for _, tt := range []struct {
		name     string
		addition edit
		want     []string
	}{
		{"an operation", edit{"\npaths:\n", "\npaths:\n  /widget: {get: {responses: {'200': {}}}}\n"}, []string{"GET /widget 200"}},
		{"a code", edit{"x-codes: {TAG_EXISTS: ", "x-codes: {TAG_LOCKED: assumed, TAG_EXISTS: "}, []string{"POST /tag 409 TAG_LOCKED", "PUT /tag 409 TAG_LOCKED"}},
		{"a status", edit{"#/components/responses/TagPage\"}\n", "#/components/responses/TagPage\"}\n        '206': {}\n"}, []string{"GET /tags 206"}},
		{"a parameter", edit{"Tags.Ensure]\n      parameters:\n", "Tags.Ensure]\n      parameters:\n        - {name: sort, in: query}\n"}, []string{"GET /tags ?sort"}},
		{"a field that is sent", edit{"    TagCreate:\n      type: object\n      additionalProperties: false\n      required: [name]\n      properties:\n", "    TagCreate:\n      properties:\n        colour: {}\n"}, []string{"TagCreate.colour"}},
		{"a field that is received", edit{"    TagCreated:\n      type: object\n      required: [id, name]\n      properties:\n", "    TagCreated:\n      properties:\n        colour: {}\n"}, []string{"TagCreated.colour"}},
		{"a header", edit{"        Retry-After:", "        Retry-Before: {}\n        Retry-After:"}, []string{"header Retry-Before"}},
		{"a known value", edit{"x-known-values: [draft,", "x-known-values: [dormant, draft,"}, []string{"CampaignStatus dormant"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			changed := tt.addition.in(original)
			require.NotEqual(t, original, changed)
			require.ElementsMatch(t, append(tt.want, before...), unused(changed))
		})
	}
}

var loadOnce = sync.OnceValues(func() (*contracttest.Contract, error) { return contracttest.Load(api.OpenAPI()) })

func load(t *testing.T) *contracttest.Contract {
	t.Helper()
	contract, err := loadOnce()
	require.NoError(t, err)
	return contract
}
