package conformance

import (
	"context"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/contracttest"
)

// A session is what a flow uses: an SDK client, with the contract between it and
// the server. Its assertions are methods, such as a.NoError.
type session struct {
	*funnel.Client
	*require.Assertions

	t        testing.TB
	ctx      context.Context
	contract *contracttest.Contract
	server   *Account

	transport http.RoundTripper // to the server, through the contract
}

func newSession(t testing.TB, judge require.TestingT, s suite, options Options) *session {
	a := &session{Assertions: require.New(judge), t: t, ctx: t.Context(), contract: s.contract}
	a.server = s.server.NewAccount(t, options)
	base, err := url.Parse(a.server.BaseURL)
	a.NoError(err)
	transport := a.server.Transport
	if transport == nil {
		transport = http.DefaultTransport
	}
	a.transport = contracttest.NewValidator(s.contract, transport, base.Path, s.record)
	if s.sdk != nil {
		a.transport = s.sdk(a.transport)
	}
	a.Client = a.connect(a.server.APIKey)
	return a
}

// connect returns a new client, as another program would have.
func (a *session) connect(apiKey string, options ...funnel.Option) *funnel.Client {
	options = append(options, funnel.WithBaseURL(a.server.BaseURL), funnel.WithHTTPClient(&http.Client{Transport: a.transport}))
	client, err := funnel.New(apiKey, options...)
	a.NoError(err)
	return client
}

// need skips the flow if the server lacks a function.
func (a *session) need(has bool, name string) {
	if !has {
		a.t.Skipf("the server has no %s", name)
	}
}

// recent asserts that a time is now, which also checks its zone.
func (a *session) recent(t funnel.Timestamp) { a.WithinDuration(time.Now(), t.Time, 10*time.Minute) }

// all returns the items of a whole list.
func all[T any](a *session, items func(func(*T, error) bool)) []T {
	var found []T
	for item, err := range items {
		a.NoError(err)
		found = append(found, *item)
	}
	return found
}

// Preparations that several flows need.

func (a *session) newTag(name string) funnel.TagID {
	tag, err := a.Tags.Create(a.ctx, funnel.TagCreateParams{Name: name})
	a.NoError(err)
	return tag.ID
}

func (a *session) newContact(email string) funnel.ContactID {
	id, err := a.Contacts.Create(a.ctx, funnel.ContactCreateParams{Email: email})
	a.NoError(err)
	return id
}

// newSequence creates a sequence with a stage, so that contacts can be enrolled.
func (a *session) newSequence(name string) funnel.SequenceID {
	sequence, err := a.Sequences.Create(a.ctx, funnel.SequenceCreateParams{Name: name})
	a.NoError(err)
	_, err = a.Sequences.CreateStage(a.ctx, funnel.StageCreateParams{SequenceID: sequence.ID, StageType: funnel.StageSendEmail})
	a.NoError(err)
	return sequence.ID
}

func (a *session) newFunnel(name string) funnel.FunnelID {
	f, err := a.Funnels.Create(a.ctx, funnel.FunnelCreateParams{Name: name})
	a.NoError(err)
	return f.ID
}

func (a *session) newCampaign(name string) funnel.CampaignID {
	id, err := a.Campaigns.Create(a.ctx, funnel.CampaignCreateParams{Name: name})
	a.NoError(err)
	return id
}
