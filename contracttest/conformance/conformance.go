// Package conformance is one test suite for all servers of the API: the fake in
// funneltest, and real ones.
//
// [Run] uses the server through the SDK, with every operation, parameter, field
// and error code of the contract. Every request and response is checked against
// the contract. Then the server fails in ways that the contract does not describe:
// see [Failure].
package conformance

import (
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/api"
	"github.com/funnel-go/funnel/contracttest"
	"github.com/funnel-go/funnel/contracttest/internal/openapi"
)

// A Server is the server under test. It must be safe for concurrent use.
type Server interface {
	// NewAccount returns an empty account with an API key of its own. Each flow
	// opens its own accounts. Clean up with t.Cleanup.
	NewAccount(t testing.TB, options Options) *Account
}

// Options are what a flow needs of its account.
type Options struct {
	NoSubdomain bool // the account has no subdomain
	RateLimit   int  // requests per minute; 0: enough for every flow, such as 600
	Debug       bool // an unexpected exception is shown as Laravel's debug page
}

// An Account is an account of the server, and what the server can do with it apart
// from the API. If a function is nil, the flows that need it are skipped.
type Account struct {
	BaseURL   string            // https, or on a loopback address
	APIKey    string            // the only valid key of this account
	Transport http.RoundTripper // nil: http.DefaultTransport

	// The API cannot create these. The id of the argument is zero; all other
	// fields are set, with times in whole seconds.
	AddCustomField  func(funnel.CustomField) funnel.CustomFieldID
	AddOrder        func(funnel.Order) funnel.OrderID
	AddTransaction  func(funnel.Transaction) funnel.TransactionID
	AddSubscription func(funnel.Subscription) funnel.SubscriptionID

	// Lacks reports whether the server does not have an operation yet, such as
	// "GET /coupons" of a new resource.
	Lacks func(operation string) bool
	// Fail makes the next request fail.
	Fail func(Failure)
	// Advance moves the clock of this account forward.
	Advance func(time.Duration)
	// Deliver sends an event, signed, to the webhooks of the account.
	Deliver func(event any) error
}

// A flow is one use of an account. Flows do not depend on each other.
type flow struct {
	name    string
	play    func(*session)
	options Options
}

var flows = []flow{
	{name: "contact by id", play: contactFlow(byID)},
	{name: "contact by email", play: contactFlow(byEmail)},
	{name: "contact with an address only", play: bareContactFlow},
	{name: "lists of contacts", play: contactListsFlow},
	{name: "upserts", play: upsertFlow},
	{name: "custom fields", play: customFieldsFlow},
	{name: "tags", play: tagsFlow},
	{name: "sequences", play: sequencesFlow},
	{name: "stages", play: stagesFlow},
	{name: "funnels", play: funnelsFlow},
	{name: "steps", play: stepsFlow},
	{name: "no subdomain", play: noSubdomainFlow, options: Options{NoSubdomain: true}},
	{name: "campaigns", play: campaignsFlow},
	{name: "scheduled campaign", play: scheduleFlow},
	{name: "sent campaign", play: sentFlow},
	{name: "webhooks", play: webhooksFlow},
	{name: "deliveries", play: deliveriesFlow},
	{name: "orders", play: ordersFlow},
	{name: "transactions", play: transactionsFlow},
	{name: "subscriptions", play: subscriptionsFlow},
	{name: "wrong key", play: wrongKeyFlow},
	{name: "forbidden", play: failFlow(Forbidden, funnel.ErrForbidden)},
	{name: "server error", play: failFlow(ServerError, funnel.ErrServer)},
	{name: "not found", play: notFoundFlow},
	{name: "missing parameters", play: missingFlow},
	{name: "invalid parameters", play: invalidFlow},
	{name: "invalid filters", play: filtersFlow},
	{name: "malformed lists", play: malformedListsFlow},
	{name: "not in the contract", play: strayFlow},
	{name: "rate limit", play: rateLimitFlow, options: Options{RateLimit: 1}},
	{name: "debug page", play: brokenFlow(DebugPage), options: Options{Debug: true}},
	{name: "crash", play: brokenFlow(Crash)},
	{name: "crash after the request", play: brokenFlow(CrashAfter)},
	{name: "maintenance", play: brokenFlow(Maintenance)},
	{name: "bad gateway", play: brokenFlow(BadGateway)},
	{name: "gateway timeout", play: brokenFlow(GatewayTimeout)},
	{name: "truncated body", play: brokenFlow(Truncated)},
	{name: "PHP warning", play: brokenFlow(Warning)},
}

// mayBeUnused are the parts of the contract that a server may leave out: B4 allows
// a single contact without created_at.
var mayBeUnused = []string{"Contact.created_at"}

// Run runs the suite against a server. It fails if a part of the contract was not
// used, unless a flow was skipped. A resource without any flow is only logged.
func Run(t *testing.T, server Server) {
	contract, err := contracttest.Load(api.OpenAPI())
	require.NoError(t, err)
	var recorder contracttest.Recorder
	var played atomic.Int32
	t.Run("flow", func(t *testing.T) {
		for _, f := range flows {
			t.Run(f.name, func(t *testing.T) {
				t.Parallel()
				f.run(t, t, suite{server: server, contract: contract, record: recorder.Record})
				played.Add(1)
			})
		}
	})
	for _, v := range recorder.Violations() {
		t.Error(v)
	}
	if int(played.Load()) < len(flows) {
		return // a flow failed, was skipped, or was not selected
	}
	document := *contract.Document()
	document.Operations = slices.DeleteFunc(slices.Clone(document.Operations), func(op *openapi.Operation) bool {
		skipped := !hasFlow(contract.Document(), &recorder, op.Tags)
		if skipped {
			t.Logf("no flow uses the resource of %s", op)
		}
		return skipped
	})
	for _, part := range recorder.Unused(&document) {
		if !slices.Contains(mayBeUnused, part) {
			t.Errorf("no flow uses %s", part)
		}
	}
	for _, code := range contract.Document().ErrorCodes {
		t.Logf("%s: %d responses", code.Key, recorder.Codes()[code.Key])
	}
}

// hasFlow reports whether a flow has used one of the operations with these tags: a
// resource that is new in the contract may not have a flow yet.
func hasFlow(contract *openapi.Document, recorder *contracttest.Recorder, tags []string) bool {
	unused := recorder.Unused(contract)
	for _, op := range contract.Operations {
		for _, r := range op.Responses {
			success := r.Key == "200" || r.Key == "201"
			if success && slices.Equal(op.Tags, tags) && !slices.Contains(unused, op.String()+" "+r.Key) {
				return true
			}
		}
	}
	return false
}

// A suite is what all flows of a run share.
type suite struct {
	server   Server
	contract *contracttest.Contract
	record   func(contracttest.Exchange)
	sdk      func(http.RoundTripper) http.RoundTripper // changes what the SDK sends; nil: nothing
}

// run runs a flow. Failed assertions go to judge.
func (f flow) run(t testing.TB, judge require.TestingT, s suite) {
	f.play(newSession(t, judge, s, f.options))
}
