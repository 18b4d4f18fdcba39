package funnel_test

import (
	"context"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
)

// fakeAPI returns an API in memory and a client of it.
func fakeAPI(t *testing.T, opts ...funneltest.Option) (*funneltest.Server, *funnel.Client) {
	t.Helper()
	server := funneltest.NewServer(opts...)
	t.Cleanup(server.Close)
	return server, server.Client()
}

// atNine is a clock that stands still, for what depends on the day.
func atNine() time.Time { return time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC) }

// A badInput is a call that is refused before anything is sent, and the name of
// the argument that is to blame.
type badInput struct {
	name  string
	call  func(context.Context, *funnel.Client) error
	field string
}

func runBadInputTests(t *testing.T, tests []badInput) {
	t.Helper()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			api := newMockAPI(t)
			requireArgumentError(t, tt.call(t.Context(), api.client(t)), tt.field)
			require.Empty(t, api.requests())
		})
	}
}

// noIDs are none that a resource can have.
var noIDs = []funnel.ID[any]{0, -1, math.MinInt64}

// A refusal is a call with input that the SDK passes on and the server refuses.
type refusal struct {
	name    string
	call    func(context.Context, *funnel.Client) error
	sends   string              // part of the query or of the body
	code    funnel.Code         // of the error
	details map[string][]string // of a validation error
}

// runRefusalTests makes each call with an API of its own, set up by setUp.
func runRefusalTests(t *testing.T, setUp func(*testing.T, *funnel.Client), tests []refusal) {
	t.Helper()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server, client := fakeAPI(t)
			setUp(t, client)
			before := snapshot(t, server)
			err := tt.call(t.Context(), client)
			require.ErrorIs(t, err, tt.code)
			requests := server.Requests()
			sent := requests[len(requests)-1]
			require.Contains(t, sent.Query.Encode()+string(sent.Body), tt.sends)
			if tt.details != nil {
				require.Equal(t, tt.details, asError[*funnel.ValidationError](t, err).Details)
			}
			require.JSONEq(t, before, snapshot(t, server), "refused, and done all the same")
		})
	}
}

// snapshot returns the state of the API.
func snapshot(t *testing.T, server *funneltest.Server) string {
	t.Helper()
	state, err := server.Snapshot()
	require.NoError(t, err)
	return string(state)
}

// queries returns the queries of what has arrived so far.
func queries(api *mockAPI) []string {
	all := []string{}
	for _, req := range api.requests() {
		all = append(all, req.Query)
	}
	return all
}

// A list that is given as a pointer to a nil slice is an empty one: it empties
// what it replaces, which null would leave as it is.
func TestUpdate_NilSliceEmptiesAList(t *testing.T) {
	t.Parallel()
	server, client := fakeAPI(t)
	ctx := t.Context()
	tag, err := client.Tags.Create(ctx, funnel.TagCreateParams{Name: "vip"})
	require.NoError(t, err)
	campaign, err := client.Campaigns.Create(ctx, funnel.CampaignCreateParams{Name: "Launch", TagIDs: []funnel.TagID{tag.ID}})
	require.NoError(t, err)
	webhook, err := client.Webhooks.Create(ctx, funnel.WebhookCreateParams{URL: "https://example.com/hook"})
	require.NoError(t, err)

	_, err = client.Campaigns.Update(ctx, campaign.ID, funnel.CampaignUpdateParams{TagIDs: &[]funnel.TagID{}})
	requireArgumentError(t, err, "tag_ids") // a choice that came out empty is not everybody
	campaign, err = client.Campaigns.Update(ctx, campaign.ID, funnel.CampaignUpdateParams{TagIDs: new([]funnel.TagID)})
	require.NoError(t, err)
	require.Empty(t, campaign.TagIDs)
	require.JSONEq(t, `{"campaign_id":1,"tag_ids":[]}`, lastBody(server))

	_, err = client.Webhooks.Create(ctx, funnel.WebhookCreateParams{URL: "https://example.com/other", Events: []funnel.EventType{}})
	requireArgumentError(t, err, "events")
	for _, none := range [][]funnel.EventType{nil, {}} {
		webhook, err = client.Webhooks.Update(ctx, webhook.ID, funnel.WebhookUpdateParams{Events: &none})
		require.NoError(t, err)
		require.Empty(t, webhook.Events)
		require.JSONEq(t, `{"webhook_id":1,"events":[]}`, lastBody(server))
	}
}

// lastBody returns the body of the last request that arrived.
func lastBody(server *funneltest.Server) string {
	requests := server.Requests()
	return string(requests[len(requests)-1].Body)
}

// A query takes a stated number of ids, and the error for more says so. A body
// takes any number.
func TestTenThousandTagIDs(t *testing.T) {
	t.Parallel()
	ids := make([]funnel.TagID, 10_000)
	for i := range ids {
		ids[i] = funnel.TagID(i + 1)
	}
	inQueries := map[string]func(context.Context, *funnel.Client, []funnel.TagID) error{
		"List": func(ctx context.Context, c *funnel.Client, ids []funnel.TagID) error {
			_, err := c.Contacts.List(ctx, funnel.ContactListParams{TagIDs: ids})
			return err
		},
		"All": func(ctx context.Context, c *funnel.Client, ids []funnel.TagID) error {
			_, err := collect(c.Contacts.All(ctx, funnel.ContactListParams{TagIDs: ids}))
			return err
		},
		"RemoveTags": func(ctx context.Context, c *funnel.Client, ids []funnel.TagID) error {
			return c.Contacts.RemoveTags(ctx, 12, ids...)
		},
	}
	for name, call := range inQueries {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api := newMockAPI(t).on("GET", "/contacts", data(`[]`)).on("DELETE", "/contact-tag", data(`null`))
			client := api.client(t)
			err := call(t.Context(), client, ids)
			requireArgumentError(t, err, "tag_ids")
			require.EqualError(t, err, "funnel: tag_ids: has 10000 ids: a query takes at most 500, so ask several times")
			require.Error(t, call(t.Context(), client, ids[:501]))
			require.Empty(t, api.requests())

			require.NoError(t, call(t.Context(), client, ids[:500]))
			require.Less(t, len(api.requests()[0].Query), 8000, "longer than servers accept")
		})
	}

	inBodies := map[string]func(context.Context, *funnel.Client) error{
		"AddTags": func(ctx context.Context, c *funnel.Client) error { return c.Contacts.AddTags(ctx, 12, ids...) },
		"create a contact": func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Contacts.Create(ctx, funnel.ContactCreateParams{Email: "ada@example.com", TagIDs: ids})
			return err
		},
		"create a campaign": func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Campaigns.Create(ctx, funnel.CampaignCreateParams{Name: "Launch", TagIDs: ids})
			return err
		},
		"update a campaign": func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Campaigns.Update(ctx, 6, funnel.CampaignUpdateParams{TagIDs: &ids})
			return err
		},
	}
	for name, call := range inBodies {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api := newMockAPI(t).
				on("POST", "/contact-tag", data(`{}`)).on("POST", "/contact", data(`{"id":1}`)).
				on("POST", "/campaign", data(`{"id":6}`)).on("PUT", "/campaign", data(`{"id":6}`))
			require.NoError(t, call(t.Context(), api.client(t)))
			require.Contains(t, api.requests()[0].Body, ",9999,10000]")
		})
	}
}

// A resource without an id is an answer of another shape, which must not pass for
// what was asked for; a creation may have been done.
func TestAResultWithoutAnIDIsRefused(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"no id":                `{"email":"ada@example.com"}`,
		"null":                 `{"id":null,"name":"vip"}`,
		"another name":         `{"contact_id":7}`,
		"one level down":       `{"contact":{"id":7}}`,
		"only a message":       `{"message":"ok"}`,
		"in one of the items":  `[{"id":1},{"id":0}]`,
		"in each of the items": `[{"contact":{"id":7}}]`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api := newMockAPI(t).on("GET", "/contacts", data(body)).on("GET", "/contact", data(body)).
				on("POST", "/contact", data(body)).on("PUT", "/contact", data(body))
			contacts := api.client(t).Contacts
			var err error
			if body[0] == '[' {
				_, err = contacts.List(t.Context(), funnel.ContactListParams{})
			} else {
				_, err = contacts.Get(t.Context(), 7)
				require.False(t, funnel.MayHaveBeenApplied(err))
				require.ErrorContains(t, err, "it has no id: application/json: {")
				_, err = contacts.Update(t.Context(), 7, funnel.ContactUpdateParams{})
				require.True(t, funnel.MayHaveBeenApplied(err))
				_, err = contacts.Create(t.Context(), funnel.ContactCreateParams{Email: "ada@example.com"})
				require.True(t, funnel.MayHaveBeenApplied(err))
			}
			require.ErrorContains(t, err, "the answer is not what the API promises: it has no id")
		})
	}
}

// Of calls that make the same thing at the same moment exactly one wins, and
// the others get the code of the conflict.
func TestTheSameAtTheSameMoment_OneWins(t *testing.T) {
	t.Parallel()
	const rivals = 30
	tests := []struct {
		name     string
		call     func(ctx context.Context, c *funnel.Client, rival int) error
		conflict funnel.Code
		count    string // of what there is to be one more of; empty: updates
	}{
		{"contacts", func(ctx context.Context, c *funnel.Client, rival int) error {
			_, err := c.Contacts.Create(ctx, funnel.ContactCreateParams{Email: "ada@example.com", FirstName: strconv.Itoa(rival)})
			return err
		}, funnel.ErrContactExists, "contacts"},
		{"tags", func(ctx context.Context, c *funnel.Client, _ int) error {
			_, err := c.Tags.Create(ctx, funnel.TagCreateParams{Name: "vip"})
			return err
		}, funnel.ErrTagExists, "tags"},
		{"webhooks", func(ctx context.Context, c *funnel.Client, _ int) error {
			_, err := c.Webhooks.Create(ctx, funnel.WebhookCreateParams{URL: "https://example.com/hook"})
			return err
		}, funnel.ErrWebhookExists, "webhooks"},
		{"steps of a funnel", func(ctx context.Context, c *funnel.Client, _ int) error {
			_, err := c.Funnels.CreateStep(ctx, funnel.StepCreateParams{FunnelID: 1, Name: "Buy", Path: "buy"})
			return err
		}, funnel.ErrPathTaken, "steps"},
		{"paths of steps", func(ctx context.Context, c *funnel.Client, rival int) error {
			_, err := c.Funnels.UpdateStep(ctx, funnel.StepID(rival+1), funnel.StepUpdateParams{Path: funnel.Ptr("new")})
			return err
		}, funnel.ErrPathTaken, ""},
		{"names of tags", func(ctx context.Context, c *funnel.Client, rival int) error {
			_, err := c.Tags.Update(ctx, funnel.TagID(rival+1), funnel.TagUpdateParams{Name: funnel.Ptr("new")})
			return err
		}, funnel.ErrTagExists, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server, client := fakeAPI(t)
			_, err := client.Funnels.Create(t.Context(), funnel.FunnelCreateParams{Name: "Spring"})
			require.NoError(t, err)
			for i := range rivals { // for updates to have something of their own
				_, err := client.Tags.Create(t.Context(), funnel.TagCreateParams{Name: "tag " + strconv.Itoa(i)})
				require.NoError(t, err)
				_, err = client.Funnels.CreateStep(t.Context(), funnel.StepCreateParams{FunnelID: 1, Name: "Step", Path: "step-" + strconv.Itoa(i)})
				require.NoError(t, err)
			}
			before := server.Counts()

			errs := make([]error, rivals)
			start := make(chan struct{})
			var all sync.WaitGroup
			for i := range errs {
				all.Go(func() {
					<-start
					errs[i] = tt.call(t.Context(), client, i)
				})
			}
			close(start)
			all.Wait()

			winners := 0
			for _, err := range errs {
				if err == nil {
					winners++
				} else {
					require.ErrorIs(t, err, tt.conflict)
				}
			}
			require.Equal(t, 1, winners)
			if tt.count != "" {
				before[tt.count]++
			}
			require.Equal(t, before, server.Counts())
		})
	}
}

// Every method of every service shows in an example how it is used.
func TestEveryMethod_HasAnExample(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("example*_test.go")
	require.NoError(t, err)
	examples := map[string]bool{}
	for _, file := range files {
		source, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, match := range regexp.MustCompile(`(?m)^func Example(\w+)Service_(\w+)\(\)`).FindAllSubmatch(source, -1) {
			examples[string(match[1])+"."+string(match[2])] = true
		}
	}
	eachMethod(newMockAPI(t).client(t), func(name string, _ bool, _ func(context.Context, int64) error) {
		require.Contains(t, examples, name)
	})
}

// A creation without a unique key is sent once if no answer comes: nobody knows
// whether it has been done, and the error says so.
func TestLostAnswerToACreation_IsReported(t *testing.T) {
	t.Parallel()
	calls := map[string]func(context.Context, *funnel.Client) error{
		"/sequence": func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Sequences.Create(ctx, funnel.SequenceCreateParams{Name: "Welcome"})
			return err
		},
		"/sequence-stage": func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Sequences.CreateStage(ctx, funnel.StageCreateParams{SequenceID: 3, Type: funnel.StageWait})
			return err
		},
		"/contact-sequence": func(ctx context.Context, c *funnel.Client) error { return c.Sequences.Enroll(ctx, 3, 12) },
		"/funnel": func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Funnels.Create(ctx, funnel.FunnelCreateParams{Name: "Spring"})
			return err
		},
		"/funnel-step": func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Funnels.CreateStep(ctx, funnel.StepCreateParams{FunnelID: 4, Name: "Buy", Path: "buy"})
			return err
		},
		"/campaign": func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Campaigns.Create(ctx, funnel.CampaignCreateParams{Name: "Launch"})
			return err
		},
		"/campaign-schedule": func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Campaigns.Schedule(ctx, 6, time.Now().Add(time.Hour))
			return err
		},
	}
	for path, call := range calls {
		t.Run("POST "+path, func(t *testing.T) {
			t.Parallel()
			api := newMockAPI(t).on("POST", path, breaks(io.ErrUnexpectedEOF))
			err := call(t.Context(), api.client(t))
			require.ErrorIs(t, err, io.ErrUnexpectedEOF)
			require.Equal(t, callFailure{"POST", path, 1, true}, failureOf(t, err))
		})
	}
}

// All of the services' lists end with the error that ended them, and hand out
// nothing beside it.
func TestAll_EndsWithItsError(t *testing.T) {
	t.Parallel()
	lists := map[string]func(context.Context, *funnel.Client) (int, error){
		"contacts": func(ctx context.Context, c *funnel.Client) (int, error) {
			items, err := collect(c.Contacts.All(ctx, funnel.ContactListParams{}))
			return len(items), err
		},
		"tags": func(ctx context.Context, c *funnel.Client) (int, error) {
			items, err := collect(c.Tags.All(ctx, funnel.TagListParams{}))
			return len(items), err
		},
		"sequences": func(ctx context.Context, c *funnel.Client) (int, error) {
			items, err := collect(c.Sequences.All(ctx, funnel.SequenceListParams{}))
			return len(items), err
		},
		"funnels": func(ctx context.Context, c *funnel.Client) (int, error) {
			items, err := collect(c.Funnels.All(ctx, funnel.FunnelListParams{}))
			return len(items), err
		},
		"campaigns": func(ctx context.Context, c *funnel.Client) (int, error) {
			items, err := collect(c.Campaigns.All(ctx, funnel.CampaignListParams{}))
			return len(items), err
		},
		"webhooks": func(ctx context.Context, c *funnel.Client) (int, error) {
			items, err := collect(c.Webhooks.All(ctx, funnel.WebhookListParams{}))
			return len(items), err
		},
	}
	for name, list := range lists {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api := newMockAPI(t).on("GET", "/"+name,
				answers(200, `{"success":true,"data":[{"id":1},{"id":2}],"meta":{"current_page":1,"per_page":2,"last_page":2,"total":3}}`),
				failure(403, funnel.ErrForbidden, "No"))
			n, err := list(t.Context(), api.client(t))
			require.ErrorIs(t, err, funnel.ErrForbidden)
			require.Equal(t, 2, n)
		})
	}
}

// A choice that came out empty is not the choice of all.
func TestAnEmptyChoiceIsRefused(t *testing.T) {
	t.Parallel()
	api := newMockAPI(t)
	client := api.client(t)
	for name, call := range map[string]func() error{
		"tag_ids": func() error {
			_, err := client.Contacts.List(t.Context(), funnel.ContactListParams{TagIDs: []funnel.TagID{}})
			return err
		},
		"tag_ids ": func() error {
			_, err := collect(client.Contacts.All(t.Context(), funnel.ContactListParams{TagIDs: []funnel.TagID{}}))
			return err
		},
		"sequence_ids": func() error {
			_, err := client.Contacts.List(t.Context(), funnel.ContactListParams{SequenceIDs: []funnel.SequenceID{}})
			return err
		},
		"tag_ids  ": func() error {
			_, err := client.Campaigns.Create(t.Context(), funnel.CampaignCreateParams{Name: "Launch", TagIDs: []funnel.TagID{}})
			return err
		},
	} {
		requireArgumentError(t, call(), strings.TrimSpace(name))
	}
	require.Empty(t, api.requests())
}

// JSON has no text but UTF-8, and would replace what is none: a name from a file
// in Latin-1 would be lost in part.
func TestATextThatIsNotUTF8IsRefused(t *testing.T) {
	t.Parallel()
	const latin1 = "Jos\xe9"
	api := newMockAPI(t)
	client := api.client(t)
	for _, test := range []struct {
		field string
		call  func() error
	}{
		{"email", func() error {
			_, err := client.Contacts.Create(t.Context(), funnel.ContactCreateParams{Email: latin1 + "@example.com"})
			return err
		}},
		{"first_name", func() error {
			_, err := client.Contacts.Create(t.Context(), funnel.ContactCreateParams{Email: "jose@example.com", FirstName: latin1})
			return err
		}},
		{"last_name", func() error {
			_, err := client.Contacts.Update(t.Context(), 1, funnel.ContactUpdateParams{LastName: funnel.Ptr(latin1)})
			return err
		}},
		{"custom_fields", func() error {
			_, _, err := client.Contacts.Upsert(t.Context(), funnel.ContactCreateParams{
				Email: "jose@example.com", CustomFields: funnel.CustomFields{"city": "K\xf6ln"},
			})
			return err
		}},
		{"custom_fields", func() error {
			_, err := client.Contacts.Update(t.Context(), 1, funnel.ContactUpdateParams{CustomFields: &funnel.CustomFields{"Stra\xdfe": "1"}})
			return err
		}},
		{"search", func() error {
			_, err := client.Contacts.List(t.Context(), funnel.ContactListParams{Search: latin1})
			return err
		}},
		{"events", func() error {
			_, err := client.Webhooks.Create(t.Context(), funnel.WebhookCreateParams{URL: "https://example.com", Events: []funnel.EventType{latin1}})
			return err
		}},
		{"body", func() error {
			_, err := client.Sequences.UpdateStageContent(t.Context(), 1, funnel.StageContentParams{Subject: "Hi", Body: latin1})
			return err
		}},
	} {
		err := test.call()
		requireArgumentError(t, err, test.field)
		require.ErrorContains(t, err, "UTF-8", test.field)
	}
	require.Empty(t, api.requests())

	api.on("POST", "/contact", data(`{"id":7}`))
	_, err := client.Contacts.Create(t.Context(), funnel.ContactCreateParams{Email: "jose@example.com", FirstName: "José \uFFFD 🙂"})
	require.NoError(t, err, "which is UTF-8")
}

func TestAnAddressWithWhiteSpaceAroundItIsRefused(t *testing.T) {
	t.Parallel()
	api := newMockAPI(t)
	client := api.client(t)
	for _, email := range []string{"ada@example.com ", " ada@example.com", "ada@example.com\u00a0"} {
		_, err := client.Contacts.Create(t.Context(), funnel.ContactCreateParams{Email: email})
		requireArgumentError(t, err, "email")
		require.ErrorContains(t, err, "trim it")
		_, err = client.Contacts.GetByEmail(t.Context(), email)
		requireArgumentError(t, err, "email")
		_, err = client.Contacts.Update(t.Context(), 1, funnel.ContactUpdateParams{Email: &email})
		requireArgumentError(t, err, "email")
	}
	require.Empty(t, api.requests())
}
