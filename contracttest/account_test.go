package contracttest_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/contracttest"
	"github.com/funnel-go/funnel/funneltest"
)

const (
	hookURL   = "https://hooks.test/funnel"
	hookToken = "a-token-that-nobody-guesses"
)

// An account is what a flow plays on: the typed SDK on one side, the fake on
// the other, and the contract between them. Its assertions are at hand as
// methods, such as a.NoError.
type account struct {
	*funnel.Client
	*require.Assertions

	ctx       context.Context
	contract  *contracttest.Contract
	server    *funneltest.Server
	transport http.RoundTripper // to the server, past the contract
	inbox     chan *funnel.Event
}

// newAccount opens an account in the bubble of t, which closes it. What passes
// between SDK and fake is altered as m says, and recorded.
func newAccount(t *testing.T, judge require.TestingT, contract *contracttest.Contract, record func(contracttest.Exchange), m mutation, opts ...funneltest.Option) *account {
	a := &account{Assertions: require.New(judge), ctx: t.Context(), contract: contract, inbox: make(chan *funnel.Event, 100)}
	hook, err := funnel.NewWebhookHandler(hookToken, func(_ context.Context, e *funnel.Event) error {
		a.inbox <- e
		return nil
	})
	require.NoError(t, err)
	receiver := contracttest.NewReceiver(contract, hook, record)
	a.server = funneltest.NewServer(append(opts, funneltest.WithBasePath(basePath), funneltest.WithWebhookHandler(m.fake.handler(receiver)))...)
	t.Cleanup(a.server.Close)
	validator := contracttest.NewValidator(contract, m.fake.responses(a.server.Transport()), basePath, record)
	a.transport = m.sdk.requests(validator)
	a.Client = a.connect()
	return a
}

// connect returns another client of the account, as another program would have.
func (a *account) connect(opts ...funnel.Option) *funnel.Client {
	opts = append(opts, funnel.WithHTTPClient(&http.Client{Transport: a.transport}))
	client, err := funnel.New("https://api.test"+basePath, a.server.APIKey(), opts...)
	a.NoError(err)
	return client
}

// later lets time pass, which takes none: flows are played in virtual time.
func (a *account) later(d time.Duration) { time.Sleep(d) }

// event returns the one event that has been delivered since it was last asked.
func (a *account) event() *funnel.Event {
	a.NoError(a.server.WaitForDeliveries(a.ctx))
	a.Len(a.inbox, 1)
	event := <-a.inbox
	a.NotZero(event.CreatedAt)
	return event
}

// What many flows need before they begin.

func (a *account) newTag(name string) *funnel.Tag {
	tag, err := a.Tags.Create(a.ctx, funnel.TagCreateParams{Name: name})
	a.NoError(err)
	return tag
}

func (a *account) newContact(email string) *funnel.Contact {
	contact, err := a.Contacts.Create(a.ctx, funnel.ContactCreateParams{Email: email})
	a.NoError(err)
	return contact
}

// newSequence makes a sequence that contacts can be enrolled in: one with a
// stage.
func (a *account) newSequence(name string) *funnel.Sequence {
	sequence, err := a.Sequences.Create(a.ctx, funnel.SequenceCreateParams{Name: name})
	a.NoError(err)
	_, err = a.Sequences.CreateStage(a.ctx, funnel.StageCreateParams{SequenceID: sequence.ID, Type: funnel.StageSendEmail})
	a.NoError(err)
	return sequence
}

func (a *account) newFunnel(name string) *funnel.Funnel {
	f, err := a.Funnels.Create(a.ctx, funnel.FunnelCreateParams{Name: name})
	a.NoError(err)
	return f
}

func (a *account) newCampaign(params funnel.CampaignCreateParams) *funnel.Campaign {
	campaign, err := a.Campaigns.Create(a.ctx, params)
	a.NoError(err)
	return campaign
}
