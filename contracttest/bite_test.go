package contracttest_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel/api"
	"github.com/funnel-go/funnel/contracttest"
	"github.com/funnel-go/funnel/contracttest/internal/openapi"
)

// TestFlowsFailWhereTheContractIsBroken breaks it on purpose, on either side,
// and shows what the suite says then. It says nothing where nothing is broken.
func TestFlowsFailWhereTheContractIsBroken(t *testing.T) {
	t.Parallel()
	sdk := func(old, new string) mutation { return mutation{sdk: edit{old, new}} }
	fake := func(old, new string) mutation { return mutation{fake: edit{old, new}} }
	tests := []struct {
		name     string
		flow     func(*account)
		mutation mutation
		want     string
	}{
		// Mistakes in the SDK.
		{"a field misspelt", contactsFlow, sdk(`"first_name"`, `"firstname"`),
			"POST /contact: request: body: additional properties 'firstname' not allowed"},
		{"a required field misspelt", tagsFlow, sdk(`"name"`, `"title"`),
			"POST /tag: request: body: missing property 'name'"},
		{"a field of the wrong type", tagsFlow, sdk(`"tag_id":1`, `"tag_id":"1"`),
			"PUT /tag: request: body: $.tag_id: got string, want integer"},
		{"a field in the wrong form", campaignScheduleFlow, sdk(`T23:59:00Z`, ` 23:59:00`),
			"POST /campaign-schedule: request: body: $.scheduled_for: '1999-12-31 23:59:00' is not valid date-time"},
		{"a field that is not sent", contactsFlow, sdk(`,"phone":"+44 20 7946 0001"`, ``),
			`actual  : &funnel.Contact{ID:1, Email:"ada@example.com", FirstName:"Ada", LastName:"Byron", Phone:""`},
		{"a value misspelt", stepsFlow, sdk(`"thank_you"`, `"thankyou"`),
			"The selected type is invalid."},
		{"a parameter misspelt", contactListsFlow, sdk(`?search=`, `?serach=`),
			"GET /contacts: request: query: unknown parameter serach"},
		{"a parameter in the wrong form", contactListsFlow, sdk(`tag_ids=1%2C2`, `tag_ids=1%3B2`),
			"GET /contacts: request: query: tag_ids: Array item '1;2' is not a valid integer"},
		{"a parameter that is not sent", contactListsFlow, sdk(`?search=ADA`, ``),
			"Messages:   \tsearch"},
		{"an id in the path", tagsFlow, sdk(`/tag?tag_id=1`, `/tag/1`),
			"GET /tag/1: request: the contract has no such operation"},
		{"a path misspelt", contactTagsFlow, sdk(`/contact-tag`, `/contact-tags`),
			"POST /contact-tags: request: the contract has no such operation"},

		// Mistakes in the fake.
		{"a field misspelt", contactsFlow, fake(`"first_name"`, `"firstname"`),
			"POST /contact: response 201: body: $.data: additional properties 'firstname' not allowed"},
		{"a field of the wrong type", tagsFlow, fake(`"contacts_count":1`, `"contacts_count":"1"`),
			"PUT /tag: response 200: body: $.data.contacts_count: got string, want integer"},
		{"a field that is not filled", contactsFlow, fake(`"+44 20 7946 0001"`, `null`),
			`actual  : &funnel.Contact{ID:1, Email:"ada@example.com", FirstName:"Ada", LastName:"Byron", Phone:""`},
		{"money as a number", funnelStatsFlow, fake(`"49.90"`, `49.90`),
			"GET /funnel-stats: response 200: body: $.data.revenue: got number, want string"},
		{"an unknown code", tagsFlow, fake(`TAG_EXISTS`, `TAG_TAKEN`),
			"POST /tag: response 409: error.code TAG_TAKEN is none of this response's"},
		{"an error without its envelope", tagsFlow, fake(`"error"`, `"errors"`),
			"POST /tag: response 409: body: missing property 'error'"},
		{"a list without paging", tagsFlow, fake(`"meta"`, `"paging"`),
			"GET /tags: response 200: body: missing property 'meta'"},
		{"a delivery with a field misspelt", deliveriesFlow, fake(`"amount"`, `"sum"`),
			"POST funnel.sale: request: body: $.data: missing property 'amount'"},
		{"a delivery of an unknown event", deliveriesFlow, fake(`{"event":"funnel.sale"`, `{"event":"funnel.sold"`),
			"POST funnel.sold: request: the contract has no event funnel.sold"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			require.Empty(t, verdict(t, tt.flow, mutation{}))
			require.Contains(t, verdict(t, tt.flow, tt.mutation), tt.want)
		})
	}
}

// verdict is what the suite says of a flow: why it failed, and what broke the
// contract on the way.
func verdict(t *testing.T, play func(*account), m mutation) string {
	contract, err := load()
	require.NoError(t, err)
	var recorder contracttest.Recorder
	var critic critic
	synctest.Test(t, func(t *testing.T) {
		critic.judge(func() { play(newAccount(t, &critic, contract, recorder.Record, m)) })
	})
	said := critic.failures
	for _, v := range recorder.Violations() {
		said = append(said, v.String())
	}
	return strings.Join(said, "\n")
}

// A critic is a [require.TestingT] that keeps why a flow failed, and ends it.
type critic struct{ failures []string }

var errFailed = errors.New("the flow failed")

func (c *critic) Errorf(format string, args ...any) {
	c.failures = append(c.failures, fmt.Sprintf(format, args...))
}

func (c *critic) FailNow() { panic(errFailed) }

// judge plays until the first failure.
func (c *critic) judge(play func()) {
	defer func() {
		if cause := recover(); cause != nil && cause != any(errFailed) {
			panic(cause)
		}
	}()
	play()
}

// TestFlowsFailWhereTheyLeaveSomethingOut adds to the contract what no flow
// uses.
func TestFlowsFailWhereTheyLeaveSomethingOut(t *testing.T) {
	t.Parallel()
	contract, err := load()
	require.NoError(t, err)
	var recorder contracttest.Recorder
	for _, f := range flows {
		f.run(t, contract, recorder.Record)
	}
	tests := []struct {
		name     string
		addition edit // to the document
		want     []string
	}{
		{"nothing", edit{}, []string{}},
		{"an operation", edit{"\npaths:\n", "\npaths:\n  /widget: {get: {responses: {'200': {}}}}\n"}, []string{"GET /widget 200"}},
		{"a code", edit{"x-codes: {TAG_EXISTS: ", "x-codes: {TAG_LOCKED: assumed, TAG_EXISTS: "}, []string{"POST /tag 409 TAG_LOCKED", "PUT /tag 409 TAG_LOCKED"}},
		{"a status", edit{"#/components/responses/TagPage\"}\n", "#/components/responses/TagPage\"}\n        '206': {}\n"}, []string{"GET /tags 206"}},
		{"a parameter", edit{"summary: List tags.\n      parameters:\n", "summary: List tags.\n      parameters:\n        - {name: sort, in: query}\n"}, []string{"GET /tags ?sort"}},
		{"a field that is sent", edit{"    TagCreate:\n      type: object\n      additionalProperties: false\n      required: [name]\n      properties:\n", "    TagCreate:\n      properties:\n        colour: {}\n"}, []string{"TagCreate.colour"}},
		{"a field that comes back", edit{"        contacts_count:", "        colour: {}\n        contacts_count:"}, []string{"Tag.colour"}},
		{"a header", edit{"        Retry-After:", "        Retry-Before: {}\n        Retry-After:"}, []string{"header Retry-Before"}},
		{"a known value", edit{"{subscribed: assumed,", "{dormant: assumed, subscribed: assumed,"}, []string{"ContactStatus dormant"}},
		{"an event", edit{"\nwebhooks:\n", "\nwebhooks:\n  tag.created: {post: {}}\n"}, []string{"webhook tag.created"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			document, err := openapi.Parse([]byte(tt.addition.in(string(api.OpenAPI()))))
			require.NoError(t, err)
			require.Equal(t, tt.want, recorder.Unexercised(document))
		})
	}
}
