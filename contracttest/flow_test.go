package contracttest_test

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel/contracttest"
	"github.com/funnel-go/funnel/funneltest"
)

// A flow is something that a user of the SDK does, from beginning to end. It
// depends on no other flow: `go test -run TestFlows/play/campaigns` plays one.
type flow struct {
	name    string
	play    func(*account)
	options []funneltest.Option
}

var flows = []flow{
	{name: "contacts", play: contactsFlow},
	{name: "lists of contacts", play: contactListsFlow},
	{name: "tags on contacts", play: contactTagsFlow},
	{name: "many contacts", play: manyContactsFlow},
	{name: "tags", play: tagsFlow},
	{name: "sequences", play: sequencesFlow},
	{name: "stages", play: stagesFlow},
	{name: "enrolment", play: enrolmentFlow},
	{name: "funnels", play: funnelsFlow},
	{name: "steps", play: stepsFlow},
	{name: "funnel stats", play: funnelStatsFlow},
	{name: "no subdomain", play: noSubdomainFlow, options: []funneltest.Option{funneltest.WithoutSubdomain()}},
	{name: "campaigns", play: campaignsFlow},
	{name: "a campaign on its way", play: campaignScheduleFlow},
	{name: "campaign stats", play: campaignStatsFlow},
	{name: "webhooks", play: webhooksFlow},
	{name: "deliveries", play: deliveriesFlow},
	{name: "nothing there", play: notFoundFlow},
	{name: "malformed lists", play: malformedListsFlow},
	{name: "refusals", play: refusalsFlow},
	{name: "rate limit", play: rateLimitFlow, options: []funneltest.Option{funneltest.WithRateLimit(1, time.Minute)}},
}

// TestFlows holds everything that the SDK sends and the fake answers against
// the contract, and then sees to it that nothing of the contract was left out:
// a new operation, field or code fails here until a flow uses it.
func TestFlows(t *testing.T) {
	t.Parallel()
	contract, err := load()
	require.NoError(t, err)
	var recorder contracttest.Recorder
	var played atomic.Int32
	t.Run("play", func(t *testing.T) {
		for _, f := range flows {
			t.Run(f.name, func(t *testing.T) {
				t.Parallel()
				f.run(t, contract, recorder.Record)
				played.Add(1)
			})
		}
	})
	for _, v := range recorder.Violations() {
		t.Error(v)
	}
	if int(played.Load()) < len(flows) {
		return // one has failed, or was not asked for
	}
	for _, part := range recorder.Unexercised(contract.Document()) {
		t.Error("no flow exercises", part)
	}
}

// run plays a flow in virtual time.
func (f flow) run(t *testing.T, contract *contracttest.Contract, record func(contracttest.Exchange)) {
	synctest.Test(t, func(t *testing.T) {
		f.play(newAccount(t, t, contract, record, mutation{}, f.options...))
	})
}
