package funnel_test

import (
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/internal/apitest"
)

// No page of the reference shows what an update or a delete returns, so any data is
// accepted. A response that is not empty must say "success".
func TestResource_WritesNeedSuccessButNoData(t *testing.T) {
	t.Parallel()
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
		client := clientOver(t, apitest.RoundTripper(respond(200, body)))
		for _, method := range apitest.Methods(client) {
			if !method.ReturnsOnlyError() {
				continue
			}
			t.Run(method.Name+" "+body, func(t *testing.T) {
				t.Parallel()
				err := method.Call(t.Context(), 12)
				if ok {
					require.NoError(t, err)
					return
				}
				require.Equal(t, body, string(apitest.AsError[*funnel.APIError](t, err).Body))
				require.True(t, funnel.MayHaveBeenApplied(err))
			})
		}
	}
}

// A read needs data, of its own shape.
func TestResource_ReadsNeedData(t *testing.T) {
	t.Parallel()
	for _, sample := range wireSamples {
		for _, body := range []string{
			``, `{}`, `{"success":true}`, `{"success":true,"data":null}`, `{"success":true,"data":"done"}`, `{"success":true,"data":7}`,
			`{"success":true,"data":{"data":` + sample.data + `}}`, `{"data":` + sample.data + `}`, sample.data,
		} {
			t.Run(sample.name+" "+body, func(t *testing.T) {
				t.Parallel()
				api := newMockAPI(t).on(sample.method, sample.path, respond(200, body))
				_, err := sample.call(funnel.WithoutRetry(t.Context()), api.client(t))
				require.Equal(t, withoutSecret(body), string(apitest.AsError[*funnel.APIError](t, err).Body))
				require.Equal(t, sample.method == "POST", funnel.MayHaveBeenApplied(err))
			})
		}
	}
}

// A create without a unique key is sent once if its response is lost, and the error
// says that it may have been applied.
func TestResource_CreateLostResponseIsReported(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/sequence", "/sequence-stage", "/funnel", "/funnel-step", "/campaign"} {
		i := slices.IndexFunc(wireSamples, func(s wireSample) bool { return s.method == "POST" && s.path == path })
		requireSentOnce(t, path, func(ctx context.Context, c *funnel.Client) error {
			_, err := wireSamples[i].call(ctx, c)
			return err
		})
	}
	requireSentOnce(t, "/contact-sequence", func(ctx context.Context, c *funnel.Client) error {
		return c.Sequences.Enroll(ctx, 3, funnel.ContactID(12))
	})
	requireSentOnce(t, "/campaign-schedule", func(ctx context.Context, c *funnel.Client) error {
		return c.Campaigns.Schedule(ctx, 6, atNine())
	})
}

func requireSentOnce(t *testing.T, path string, call func(context.Context, *funnel.Client) error) {
	t.Helper()
	t.Run("POST "+path, func(t *testing.T) {
		t.Parallel()
		api := newMockAPI(t).on("POST", path, breaks(io.ErrUnexpectedEOF))
		err := call(t.Context(), api.client(t))
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		require.Equal(t, apitest.Failure{Method: "POST", Path: path, Attempts: 1, MayHaveBeenApplied: true}, apitest.FailureOf(t, err))
	})
}

// A create with a unique key is retried if its response is lost: the API accepts
// no second resource with that key.
func TestResource_CreateWithUniqueKeyIsRetried(t *testing.T) {
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
func TestResource_CreateDocsNameFieldsThatAreZero(t *testing.T) {
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
				require.Regexp(t, `(?i)the result has no `+field+`\b`, doc)
			}
			require.Equal(t, len(zero) > 0, strings.Contains(doc, "result has no"))
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

// Each list that is ranged over ends with its first error, after the items before it.
func TestResource_AllEndsWithItsError(t *testing.T) {
	t.Parallel()
	for _, method := range apitest.Methods(&funnel.Client{}) {
		if !method.ReturnsList() {
			continue
		}
		t.Run(method.Name, func(t *testing.T) {
			t.Parallel()
			pages := []responder{
				respond(200, `{"success":true,"data":[{"id":1},{"id":2}],"meta":{"current_page":1,"per_page":2,"last_page":2,"total":3}}`),
				failure(403, funnel.ErrForbidden, "No"),
			}
			client := clientOver(t, apitest.RoundTripper(func(req *http.Request) (*http.Response, error) {
				page := pages[0]
				pages = pages[1:]
				return page(req)
			}))
			items, err := method.Of(client).Count(t.Context())
			require.ErrorIs(t, err, funnel.ErrForbidden)
			require.Equal(t, 2, items)
			require.Empty(t, pages)
		})
	}
}

// U+FFFD, by which decoders replace what is not UTF-8, is itself valid.
func TestResource_ReplacementCharacterIsSent(t *testing.T) {
	t.Parallel()
	api := newMockAPI(t).on("POST", "/contact", createdAs(contactIDJSON))
	_, err := api.client(t).Contacts.Create(t.Context(), funnel.ContactCreateParams{Email: "jose@example.com", FirstName: "José \uFFFD 🙂"})
	require.NoError(t, err)
	require.Contains(t, api.requests()[0].Body, "José \uFFFD 🙂")
}

// Every method of every service has an example.
func TestResource_EveryMethodHasAnExample(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*_test.go")
	require.NoError(t, err)
	var source []byte
	for _, file := range files {
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		source = append(source, content...)
	}
	for _, method := range apitest.Methods(&funnel.Client{}) {
		service, name, _ := strings.Cut(method.Name, ".")
		example := "func Example" + service + "Service_" + name + "()"
		if !strings.Contains(string(source), example) { // without a dump of the sources
			t.Errorf("add %s to example_resources_test.go", example)
		}
	}
}
