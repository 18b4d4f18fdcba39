package funnel_test

import (
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"iter"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
)

// fakeAPI returns an in-memory API and a client of it.
func fakeAPI(t *testing.T, opts ...funneltest.Option) (*funneltest.Server, *funnel.Client) {
	t.Helper()
	server := funneltest.NewServer(opts...)
	t.Cleanup(server.Close)
	return server, server.Client()
}

// atNine is a clock that stands still, for tests that depend on the day.
func atNine() time.Time { return time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC) }

// A badInput is a call that is refused before anything is sent, and the name of
// the argument that the error names.
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

// noIDs are ids that no resource can have.
var noIDs = []funnel.ID[any]{0, -1, math.MinInt64}

// A serverError is a call with input that the SDK passes on and the server rejects.
type serverError struct {
	name    string
	call    func(context.Context, *funnel.Client) error
	sends   string              // part of the query or the body
	code    funnel.Code         // of the error
	details map[string][]string // of a validation error; nil: not checked
}

// runServerErrorTests makes each call with a fake of its own, prepared by setUp.
func runServerErrorTests(t *testing.T, setUp func(*testing.T, *funnel.Client), tests []serverError) {
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
			require.JSONEq(t, before, snapshot(t, server), "rejected, and done all the same")
		})
	}
}

// snapshot returns the state of the fake.
func snapshot(t *testing.T, server *funneltest.Server) string {
	t.Helper()
	state, err := server.Snapshot()
	require.NoError(t, err)
	return string(state)
}

// A write is a call that returns only an error.
type write struct {
	method, path string
	call         func(context.Context, *funnel.Client) error
}

var writes = map[string]write{
	"Contacts.Update": {"PUT", "/contact", func(ctx context.Context, c *funnel.Client) error {
		return c.Contacts.Update(ctx, funnel.ContactID(12), funnel.ContactUpdateParams{})
	}},
	"Contacts.Delete": {"DELETE", "/contact", func(ctx context.Context, c *funnel.Client) error {
		return c.Contacts.Delete(ctx, funnel.ContactID(12))
	}},
	"Contacts.AddTag": {"POST", "/contact-tag", func(ctx context.Context, c *funnel.Client) error {
		return c.Contacts.AddTag(ctx, funnel.ContactID(12), 7)
	}},
	"Contacts.RemoveTag": {"DELETE", "/contact-tag", func(ctx context.Context, c *funnel.Client) error {
		return c.Contacts.RemoveTag(ctx, funnel.ContactID(12), 7)
	}},
	"Contacts.SetCustomField": {"PUT", "/contact-custom-field", func(ctx context.Context, c *funnel.Client) error {
		return c.Contacts.SetCustomField(ctx, funnel.ContactID(12), 5, "Plus")
	}},
	"Tags.Update": {"PUT", "/tag", func(ctx context.Context, c *funnel.Client) error {
		return c.Tags.Update(ctx, 7, funnel.TagUpdateParams{})
	}},
	"Tags.Delete": {"DELETE", "/tag", func(ctx context.Context, c *funnel.Client) error { return c.Tags.Delete(ctx, 7) }},
	"Sequences.Update": {"PUT", "/sequence", func(ctx context.Context, c *funnel.Client) error {
		return c.Sequences.Update(ctx, 3, funnel.SequenceUpdateParams{})
	}},
	"Sequences.Delete": {"DELETE", "/sequence", func(ctx context.Context, c *funnel.Client) error { return c.Sequences.Delete(ctx, 3) }},
	"Sequences.Enroll": {"POST", "/contact-sequence", func(ctx context.Context, c *funnel.Client) error {
		return c.Sequences.Enroll(ctx, 3, funnel.ContactID(12))
	}},
	"Sequences.Unenroll": {"DELETE", "/contact-sequence", func(ctx context.Context, c *funnel.Client) error {
		return c.Sequences.Unenroll(ctx, 3, funnel.ContactID(12))
	}},
	"Sequences.UpdateStage": {"PUT", "/sequence-stage", func(ctx context.Context, c *funnel.Client) error {
		return c.Sequences.UpdateStage(ctx, 31, funnel.StageUpdateParams{})
	}},
	"Sequences.DeleteStage": {"DELETE", "/sequence-stage", func(ctx context.Context, c *funnel.Client) error {
		return c.Sequences.DeleteStage(ctx, 31)
	}},
	"Sequences.UpdateStageContent": {"PUT", "/sequence-stage-content", func(ctx context.Context, c *funnel.Client) error {
		return c.Sequences.UpdateStageContent(ctx, 31, funnel.StageContentParams{Subject: "Hello", Body: "Hi"})
	}},
	"Funnels.Update": {"PUT", "/funnel", func(ctx context.Context, c *funnel.Client) error {
		return c.Funnels.Update(ctx, 4, funnel.FunnelUpdateParams{})
	}},
	"Funnels.Delete": {"DELETE", "/funnel", func(ctx context.Context, c *funnel.Client) error { return c.Funnels.Delete(ctx, 4) }},
	"Funnels.UpdateStep": {"PUT", "/funnel-step", func(ctx context.Context, c *funnel.Client) error {
		return c.Funnels.UpdateStep(ctx, 41, funnel.StepUpdateParams{})
	}},
	"Funnels.DeleteStep": {"DELETE", "/funnel-step", func(ctx context.Context, c *funnel.Client) error { return c.Funnels.DeleteStep(ctx, 41) }},
	"Campaigns.Update": {"PUT", "/campaign", func(ctx context.Context, c *funnel.Client) error {
		return c.Campaigns.Update(ctx, 6, funnel.CampaignUpdateParams{})
	}},
	"Campaigns.Delete": {"DELETE", "/campaign", func(ctx context.Context, c *funnel.Client) error { return c.Campaigns.Delete(ctx, 6) }},
	"Campaigns.Schedule": {"POST", "/campaign-schedule", func(ctx context.Context, c *funnel.Client) error {
		return c.Campaigns.Schedule(ctx, 6, atNine())
	}},
	"Campaigns.Unschedule": {"DELETE", "/campaign-schedule", func(ctx context.Context, c *funnel.Client) error {
		return c.Campaigns.Unschedule(ctx, 6)
	}},
	"Webhooks.Delete": {"DELETE", "/webhook", func(ctx context.Context, c *funnel.Client) error { return c.Webhooks.Delete(ctx, 8) }},
}

// No page shows what an update or a delete returns, so that any data will do. What
// the response must say is "success", unless it is empty.
func TestWrites_NeedSuccessButNoData(t *testing.T) {
	t.Parallel()
	for name, w := range writes {
		for body, ok := range map[string]bool{
			"":                               true,
			`{"success":true}`:               true,
			`{"success":true,"data":null}`:   true,
			`{"success":true,"data":[]}`:     true,
			`{"success":true,"data":"done"}`: true,
			`{"data":{"id":12}}`:             false,
			`{"message":"ok"}`:               false,
			`{}`:                             false,
			`[]`:                             false,
			`{"success":false}`:              false,
			`{"success":1}`:                  false,
		} {
			t.Run(name+" "+body, func(t *testing.T) {
				t.Parallel()
				api := newMockAPI(t).on(w.method, w.path, answers(200, body))
				err := w.call(t.Context(), api.client(t))
				require.Len(t, api.requests(), 1)
				if ok {
					require.NoError(t, err)
					return
				}
				require.Equal(t, body, string(asError[*funnel.APIError](t, err).Body))
				require.True(t, funnel.MayHaveBeenApplied(err))
			})
		}
	}
}

// A read needs data, of its own shape.
func TestReads_NeedData(t *testing.T) {
	t.Parallel()
	for _, sample := range wireSamples {
		for _, body := range []string{
			``, `{}`, `{"success":true}`, `{"success":true,"data":null}`, `{"success":true,"data":"done"}`, `{"success":true,"data":7}`,
			`{"success":true,"data":{"data":` + sample.data + `}}`, `{"data":` + sample.data + `}`, sample.data,
		} {
			t.Run(sample.name+" "+body, func(t *testing.T) {
				t.Parallel()
				api := newMockAPI(t).on(sample.method, sample.path, answers(200, body))
				_, err := sample.call(funnel.WithoutRetry(t.Context()), api.client(t))
				require.Equal(t, body, string(asError[*funnel.APIError](t, err).Body))
				require.Equal(t, sample.method == "POST", funnel.MayHaveBeenApplied(err))
			})
		}
	}
}

// A create without a unique key is sent once if its response is lost, and the error
// says that it may have been applied.
func TestCreate_LostResponseIsReported(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/sequence", "/sequence-stage", "/funnel", "/funnel-step", "/campaign"} {
		i := slices.IndexFunc(wireSamples, func(s wireSample) bool { return s.method == "POST" && s.path == path })
		requireSentOnce(t, path, func(ctx context.Context, c *funnel.Client) error {
			_, err := wireSamples[i].call(ctx, c)
			return err
		})
	}
	requireSentOnce(t, "/contact-sequence", writes["Sequences.Enroll"].call)
	requireSentOnce(t, "/campaign-schedule", writes["Campaigns.Schedule"].call)
}

func requireSentOnce(t *testing.T, path string, call func(context.Context, *funnel.Client) error) {
	t.Helper()
	t.Run("POST "+path, func(t *testing.T) {
		t.Parallel()
		api := newMockAPI(t).on("POST", path, breaks(io.ErrUnexpectedEOF))
		err := call(t.Context(), api.client(t))
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		require.Equal(t, callFailure{"POST", path, 1, true}, failureOf(t, err))
	})
}

// A create with a unique key is sent again if its response is lost: a second one
// is rejected.
func TestCreate_WithUniqueKeyIsRetried(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/contact", "/tag", "/webhook"} {
		i := slices.IndexFunc(wireSamples, func(s wireSample) bool { return s.method == "POST" && s.path == path })
		sample := wireSamples[i]
		t.Run("POST "+path, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				api := newMockAPI(t).on("POST", path, breaks(io.ErrUnexpectedEOF), sample.wrap(sample.data))
				got, err := sample.call(t.Context(), api.client(t))
				require.NoError(t, err)
				require.Equal(t, sample.want, got)
				require.Len(t, api.requests(), 2)

				api = newMockAPI(t).on("POST", path, breaks(io.ErrUnexpectedEOF), failure(409, "SOMETHING_EXISTS", "Taken"))
				_, err = sample.call(t.Context(), api.client(t))
				require.ErrorIs(t, err, funnel.Code("SOMETHING_EXISTS"))
				require.True(t, funnel.MayHaveBeenApplied(err), "by the first attempt")
			})
		})
	}
}

// The doc comment of each create names the fields that its response does not have.
func TestCreate_DocsNameFieldsThatStayZero(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		created any
		zero    []string
	}{
		"TagsService.Create":           {sampleNewTag, []string{"CreatedAt"}},
		"SequencesService.Create":      {sampleSequence, nil},
		"SequencesService.CreateStage": {sampleStage, nil},
		"FunnelsService.Create":        {sampleNewFunnel, []string{"Steps"}},
		"FunnelsService.CreateStep":    {sampleNewStep, []string{"Type"}},
		"WebhooksService.Create":       {sampleNewWebhook, []string{"CreatedAt"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var zero []string
			v := reflect.ValueOf(tt.created)
			for i := range v.NumField() {
				if v.Field(i).IsZero() {
					zero = append(zero, v.Type().Field(i).Name)
				}
			}
			require.Equal(t, tt.zero, zero)
			doc := strings.Join(strings.Fields(docOf(t, name)), " ")
			for _, field := range zero {
				require.Regexp(t, `\b`+field+` stays (zero|nil)\b`, doc)
			}
			require.Equal(t, len(zero) > 0, strings.Contains(doc, "stays"))
		})
	}
}

// docOf returns the doc comment of a method, such as TagsService.Create.
func docOf(t *testing.T, name string) string {
	t.Helper()
	receiver, method, _ := strings.Cut(name, ".")
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	for _, path := range files {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments|parser.SkipObjectResolution)
		require.NoError(t, err)
		for _, decl := range file.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if !ok || fn.Recv == nil || fn.Name.Name != method {
				continue
			}
			if star, ok := fn.Recv.List[0].Type.(*ast.StarExpr); ok {
				if ident, ok := star.X.(*ast.Ident); ok && ident.Name == receiver {
					return fn.Doc.Text()
				}
			}
		}
	}
	t.Fatalf("there is no %s", name)
	return ""
}

// All lists end with the error that ended them, after the items before it.
func TestAll_EndsWithItsError(t *testing.T) {
	t.Parallel()
	for path, list := range map[string]func(context.Context, *funnel.Client) (int, error){
		"/contacts": func(ctx context.Context, c *funnel.Client) (int, error) {
			return counted(c.Contacts.All(ctx, funnel.ContactListParams{}))
		},
		"/tags": func(ctx context.Context, c *funnel.Client) (int, error) {
			return counted(c.Tags.All(ctx, funnel.TagListParams{}))
		},
		"/tags-contacts": func(ctx context.Context, c *funnel.Client) (int, error) {
			return counted(c.Tags.AllContacts(ctx, 7))
		},
		"/sequences": func(ctx context.Context, c *funnel.Client) (int, error) {
			return counted(c.Sequences.All(ctx, funnel.SequenceListParams{}))
		},
		"/funnels": func(ctx context.Context, c *funnel.Client) (int, error) {
			return counted(c.Funnels.All(ctx, funnel.FunnelListParams{}))
		},
		"/campaigns": func(ctx context.Context, c *funnel.Client) (int, error) {
			return counted(c.Campaigns.All(ctx, funnel.CampaignListParams{}))
		},
		"/orders": func(ctx context.Context, c *funnel.Client) (int, error) {
			return counted(c.Orders.All(ctx, funnel.OrderListParams{}))
		},
		"/transactions": func(ctx context.Context, c *funnel.Client) (int, error) {
			return counted(c.Transactions.All(ctx, funnel.TransactionListParams{}))
		},
		"/subscriptions": func(ctx context.Context, c *funnel.Client) (int, error) {
			return counted(c.Subscriptions.All(ctx, funnel.SubscriptionListParams{}))
		},
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			api := newMockAPI(t).on("GET", path,
				answers(200, `{"success":true,"data":[{"id":1},{"id":2}],"meta":{"current_page":1,"per_page":2,"last_page":2,"total":3}}`),
				failure(403, funnel.ErrForbidden, "No"))
			n, err := list(t.Context(), api.client(t))
			require.ErrorIs(t, err, funnel.ErrForbidden)
			require.Equal(t, 2, n)
		})
	}
}

func counted[T any](items iter.Seq2[*T, error]) (int, error) {
	all, err := collect(items)
	return len(all), err
}

// Of calls that create the same thing at the same time exactly one succeeds, and the
// others get the code of the conflict.
func TestConflict_OneOfManyCallsSucceeds(t *testing.T) {
	t.Parallel()
	const rivals = 30
	for name, tt := range map[string]struct {
		call     func(ctx context.Context, c *funnel.Client, rival int) error
		conflict funnel.Code
		count    string // of what there is one more; empty: an update
	}{
		"contacts": {func(ctx context.Context, c *funnel.Client, rival int) error {
			_, err := c.Contacts.Create(ctx, funnel.ContactCreateParams{Email: "ada@example.com", FirstName: strconv.Itoa(rival)})
			return err
		}, funnel.ErrContactExists, "contacts"},
		"tags": {func(ctx context.Context, c *funnel.Client, _ int) error {
			_, err := c.Tags.Create(ctx, funnel.TagCreateParams{Name: "vip"})
			return err
		}, funnel.ErrTagExists, "tags"},
		"webhooks": {func(ctx context.Context, c *funnel.Client, _ int) error {
			_, err := c.Webhooks.Create(ctx, funnel.WebhookCreateParams{URL: "https://example.com/hook"})
			return err
		}, funnel.ErrWebhookExists, "webhooks"},
		"paths of steps": {func(ctx context.Context, c *funnel.Client, rival int) error {
			return c.Funnels.UpdateStep(ctx, funnel.StepID(rival+1), funnel.StepUpdateParams{Path: funnel.Ptr("new")})
		}, funnel.ErrPathTaken, ""},
		"names of tags": {func(ctx context.Context, c *funnel.Client, rival int) error {
			return c.Tags.Update(ctx, funnel.TagID(rival+1), funnel.TagUpdateParams{Name: funnel.Ptr("new")})
		}, funnel.ErrTagExists, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, client := fakeAPI(t)
			_, err := client.Funnels.Create(t.Context(), funnel.FunnelCreateParams{Name: "Shop"})
			require.NoError(t, err)
			for i := range rivals { // what the updates change
				_, err := client.Tags.Create(t.Context(), funnel.TagCreateParams{Name: "tag " + strconv.Itoa(i)})
				require.NoError(t, err)
				_, err = client.Funnels.CreateStep(t.Context(), funnel.StepCreateParams{FunnelID: 1, Name: "Step"})
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

			succeeded := 0
			for _, err := range errs {
				if err == nil {
					succeeded++
				} else {
					require.ErrorIs(t, err, tt.conflict)
				}
			}
			require.Equal(t, 1, succeeded)
			if tt.count != "" {
				before[tt.count]++
			}
			require.Equal(t, before, server.Counts())
		})
	}
}

// U+FFFD, by which decoders replace what is not UTF-8, is itself valid.
func TestUTF8_ReplacementCharacterIsSent(t *testing.T) {
	t.Parallel()
	api := newMockAPI(t).on("POST", "/contact", createdAs(contactIDJSON))
	_, err := api.client(t).Contacts.Create(t.Context(), funnel.ContactCreateParams{Email: "jose@example.com", FirstName: "José \uFFFD 🙂"})
	require.NoError(t, err)
	require.Contains(t, api.requests()[0].Body, "José \uFFFD 🙂")
}

// Every method of every service has an example.
func TestEveryMethod_HasAnExample(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("example*_test.go")
	require.NoError(t, err)
	var source []byte
	for _, file := range files {
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		source = append(source, content...)
	}
	client := reflect.TypeFor[funnel.Client]()
	for i := range client.NumField() {
		field := client.Field(i)
		if !field.IsExported() {
			continue
		}
		for j := range field.Type.NumMethod() {
			require.Contains(t, string(source), "func Example"+field.Type.Elem().Name()+"_"+field.Type.Method(j).Name+"()")
		}
	}
}
