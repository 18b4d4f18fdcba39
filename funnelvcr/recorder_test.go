package funnelvcr_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
	"github.com/funnel-go/funnel/funnelvcr"
)

// A key with everything that some format escapes. However it is written, keyPart stays
// as it is.
const (
	apiKey  = `1|fk/5ecret+<&>"é'\x`
	keyPart = "5ecret"
)

// A handler is a transport that responds without a network.
type handler func(*http.Request) (*http.Response, error)

func (h handler) RoundTrip(req *http.Request) (*http.Response, error) { return h(req) }

// offline is the transport of a replay: it must never be reached.
var offline = handler(func(*http.Request) (*http.Response, error) {
	return nil, errors.New("a replay sent a request")
})

func newRecorder(t *testing.T, path string, opts ...funnelvcr.Option) *funnelvcr.Recorder {
	t.Helper()
	recorder, err := funnelvcr.New(path, opts...)
	require.NoError(t, err)
	return recorder
}

func newClient(t *testing.T, recorder *funnelvcr.Recorder, key string, opts ...funnel.Option) *funnel.Client {
	t.Helper()
	opts = append([]funnel.Option{funnel.WithHTTPClient(recorder.Client())}, opts...)
	client, err := funnel.New(key, opts...)
	require.NoError(t, err)
	return client
}

// record runs calls against a new fake server, and returns the recording's path.
func record(t *testing.T, calls func(*funnel.Client), opts ...funnelvcr.Option) string {
	t.Helper()
	server := funneltest.NewServer(funneltest.WithBasePath("/v1"))
	defer server.Close()
	return recordFrom(t, server, calls, opts...)
}

func recordFrom(t *testing.T, server *funneltest.Server, calls func(*funnel.Client), opts ...funnelvcr.Option) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "recording.yaml")
	recorder := newRecorder(t, path, append(opts, funnelvcr.WithTransport(server.Transport()))...)
	require.True(t, recorder.Recording())
	calls(newClient(t, recorder, server.APIKey()))
	require.NoError(t, recorder.Stop())
	return path
}

func replay(t *testing.T, path string, opts ...funnelvcr.Option) *funnel.Client {
	t.Helper()
	recorder := newRecorder(t, path, append(opts, funnelvcr.WithTransport(offline), funnelvcr.ReplayOnly())...)
	require.False(t, recorder.Recording())
	t.Cleanup(func() { require.NoError(t, recorder.Stop()) })
	return newClient(t, recorder, "no account")
}

// responding is a transport that always sends the response, and reads no request.
func responding(header http.Header, body string) http.RoundTripper {
	return handler(func(req *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusOK, Header: header, Body: io.NopCloser(strings.NewReader(body)), Request: req}, nil
	})
}

// send sends a request past the client, which would not send each URL and body.
func send(t *testing.T, recorder *funnelvcr.Recorder, url, body string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://api.example"+url, strings.NewReader(body))
	require.NoError(t, err)
	resp, err := recorder.RoundTrip(req)
	require.NoError(t, err)
	return resp
}

func bodyOf(t *testing.T, resp *http.Response) string {
	t.Helper()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return string(body)
}

func TestRecorder_ReplaysWhatItRecorded(t *testing.T) {
	t.Parallel()
	var id funnel.ContactID
	calls := func(client *funnel.Client) {
		ctx := t.Context()
		var err error
		id, err = client.Contacts.Create(ctx, funnel.ContactCreateParams{Email: "ada@example.com", FirstName: "Ada"})
		require.NoError(t, err)
		_, err = client.Contacts.Create(ctx, funnel.ContactCreateParams{Email: "ada@example.com"})
		require.ErrorIs(t, err, funnel.ErrContactExists)
		contact, err := client.Contacts.Get(ctx, id)
		require.NoError(t, err)
		require.Equal(t, "Ada", contact.FirstName)
		require.NoError(t, client.Contacts.Update(ctx, id, funnel.ContactUpdateParams{FirstName: funnel.Ptr("Augusta")}))
		contact, err = client.Contacts.Get(ctx, id) // the same request has another response now
		require.NoError(t, err)
		require.Equal(t, "Augusta", contact.FirstName)
		require.NoError(t, client.Contacts.Delete(ctx, id))
	}
	path := record(t, calls)
	recorded := id
	before, err := os.ReadFile(path)
	require.NoError(t, err)

	calls(replay(t, path))
	require.Equal(t, recorded, id)
	after, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(before), string(after), "a replay changed the file")
}

// Pages are read ahead, several at a time, in an order that no run repeats.
func TestRecorder_ReplaysConcurrentRequests(t *testing.T) {
	t.Parallel()
	server := funneltest.NewServer(funneltest.WithBasePath("/v1"))
	defer server.Close()
	server.SeedContacts(1000)
	emails := func(client *funnel.Client) (emails []string) {
		for contact, err := range client.Contacts.All(t.Context(), funnel.ContactListParams{PerPage: 50}) {
			require.NoError(t, err)
			emails = append(emails, contact.Email)
		}
		return emails
	}
	var recorded []string
	path := recordFrom(t, server, func(client *funnel.Client) { recorded = emails(client) })
	require.Len(t, recorded, 1000)
	require.Equal(t, recorded, emails(replay(t, path)))
}

// A dummy key may be a text that is in a request by chance.
func TestRecorder_ReplaysWithAnyKey(t *testing.T) {
	t.Parallel()
	calls := func(t *testing.T, client *funnel.Client) {
		ctx := funnel.WithField(t.Context(), "note", "other-5ecret 123")
		_, err := client.Contacts.Create(ctx, funnel.ContactCreateParams{Email: "test1@example.com"})
		require.NoError(t, err)
		_, err = client.Contacts.List(ctx, funnel.ContactListParams{Page: 1})
		require.NoError(t, err)
	}
	path := record(t, func(client *funnel.Client) { calls(t, client) }, funnelvcr.WithSecrets("other-5ecret"))
	file, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Contains(t, string(file), "[hidden] 123")
	for _, key := range []string{"1", "123", "test1", "page=1", "test", "test-key", "40", "[hidden]", "other-5ecret"} {
		for name, secrets := range map[string][]string{"": {"other-5ecret"}, " as secret": {"other-5ecret", key}} {
			t.Run(key+name, func(t *testing.T) {
				t.Parallel()
				recorder := newRecorder(t, path, funnelvcr.WithTransport(offline), funnelvcr.WithSecrets(secrets...))
				calls(t, newClient(t, recorder, key))
			})
		}
	}
}

// A program may send its key in the URL or the body too.
func TestRecorder_ReplaysAKeyThatIsSent(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "recording.yaml")
	for _, key := range []string{apiKey, "no-account"} {
		recorder := newRecorder(t, path, funnelvcr.WithTransport(responding(nil, "{}")))
		client := newClient(t, recorder, key, funnel.WithAuth(func(req *http.Request) error {
			req.Header.Set("Authorization", "Bearer "+key)
			req.URL.RawQuery = url.Values{"key": {key}}.Encode()
			return nil
		}))
		_, err := client.Webhooks.Create(funnel.WithField(t.Context(), "note", key), funnel.WebhookCreateParams{URL: "https://example.com"})
		require.NotErrorIs(t, err, funnelvcr.ErrNotRecorded, key)
		require.NoError(t, recorder.Stop())
	}
}

func TestRecorder_RetriesAsRecorded(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		status   int
		min, max time.Duration
	}{
		"429": {http.StatusTooManyRequests, time.Minute, 2 * time.Minute},
		"503": {http.StatusServiceUnavailable, time.Second, 2 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := funneltest.NewServer(funneltest.WithBasePath("/v1"))
				defer server.Close()
				server.Fail(funneltest.Fault{Status: tt.status, Path: "/tag"})
				call := func(client *funnel.Client) {
					start := time.Now()
					var response funnel.Response
					tag, err := client.Tags.Create(funnel.WithResponse(t.Context(), &response), funnel.TagCreateParams{Name: "lead"})
					require.NoError(t, err)
					require.Equal(t, "lead", tag.Name)
					require.Equal(t, 2, response.Attempts)
					require.GreaterOrEqual(t, time.Since(start), tt.min)
					require.LessOrEqual(t, time.Since(start), tt.max)
				}
				path := recordFrom(t, server, call)
				call(replay(t, path))
			})
		})
	}
}

func TestRecorder_UnknownRequestFails(t *testing.T) {
	t.Parallel()
	path := record(t, func(client *funnel.Client) {
		_, err := client.Tags.Create(t.Context(), funnel.TagCreateParams{Name: "lead"})
		require.NoError(t, err)
	})
	for name, tt := range map[string]struct {
		call func(context.Context, *funnel.Client) error
		want string
	}{
		"another body": {
			func(ctx context.Context, client *funnel.Client) error {
				_, err := client.Tags.Create(ctx, funnel.TagCreateParams{Name: "customer"})
				return err
			},
			`has no response left for POST /v1/tag with the body {"name":"customer"}`,
		},
		"another method": {
			func(ctx context.Context, client *funnel.Client) error { return client.Tags.Delete(ctx, 1) },
			"has no response left for DELETE /v1/tag with the body",
		},
		"another query": {
			func(ctx context.Context, client *funnel.Client) error {
				_, err := client.Tags.List(ctx, funnel.TagListParams{Page: 2})
				return err
			},
			"has no response left for GET /v1/tags?page=2",
		},
		"a second time": {
			func(ctx context.Context, client *funnel.Client) error {
				_, _ = client.Tags.Create(ctx, funnel.TagCreateParams{Name: "lead"})
				_, err := client.Tags.Create(ctx, funnel.TagCreateParams{Name: "lead"})
				return err
			},
			`has no response left for POST /v1/tag with the body {"name":"lead"}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := tt.call(t.Context(), replay(t, path))
			require.ErrorIs(t, err, funnelvcr.ErrNotRecorded)
			require.ErrorContains(t, err, path)
			require.ErrorContains(t, err, tt.want)
			require.ErrorContains(t, err, "delete the file to record again")
			var failed *funnel.APIError
			require.ErrorAs(t, err, &failed)
			require.Equal(t, 1, failed.Attempts)
			require.False(t, failed.MayHaveBeenApplied)
		})
	}
}

// An echo responds with what it was sent, in several notations.
func echo(req *http.Request) (*http.Response, error) {
	sent, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	words, err := json.Marshal([]string{req.Header.Get("Authorization"), req.URL.String(), url.QueryEscape(apiKey), string(sent)})
	if err != nil {
		return nil, err
	}
	body := fmt.Sprintf(`{"success":true,"data":{"id":7,"url":"https://example.com","secret":"whsec_\"1","words":%s}}`, words)
	return &http.Response{
		StatusCode: http.StatusCreated,
		Header: http.Header{
			"Content-Type": {"application/json"},
			"Set-Cookie":   {"session=c00kie"},
			"X-Debug":      {apiKey, "other-5ecret"},
		},
		Body:          io.NopCloser(strings.NewReader(body)),
		ContentLength: int64(len(body)),
	}, nil
}

func TestRecorder_HidesSecrets(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "recording.yaml")
	recorder := newRecorder(t, path, funnelvcr.WithTransport(handler(echo)), funnelvcr.WithSecrets("other-5ecret"))
	client := newClient(t, recorder, apiKey, funnel.WithAuth(func(req *http.Request) error {
		req.Header.Set("Authorization", "Bearer "+apiKey)
		req.Header.Set("X-Key", apiKey)
		req.URL.RawQuery = "key=other-5ecret"
		return nil
	}))
	webhook, err := client.Webhooks.Create(funnel.WithField(t.Context(), "note", apiKey), funnel.WebhookCreateParams{URL: "https://example.com"})
	require.NoError(t, err)
	require.Equal(t, `whsec_"1`, webhook.Secret, "the call itself gets what the server sent")
	require.NoError(t, recorder.Stop())

	file, err := os.ReadFile(path)
	require.NoError(t, err)
	for _, secret := range []string{keyPart, "whsec", "c00kie", "X-Key", "User-Agent", "Authorization"} {
		require.NotContains(t, string(file), secret)
	}
	require.Contains(t, string(file), "/v1/webhook?key=[hidden]")

	webhook, err = replayWithQuery(t, path).Webhooks.Create(funnel.WithField(t.Context(), "note", "[hidden]"), funnel.WebhookCreateParams{URL: "https://example.com"})
	require.NoError(t, err)
	require.Equal(t, "[hidden]", webhook.Secret)
}

// Decoded, such a secret would be another text.
func TestRecorder_HidesSecretsThatAreNotEncoded(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "recording.yaml")
	secret := keyPart + "+/&=="
	recorder := newRecorder(t, path, funnelvcr.WithTransport(responding(nil, "")), funnelvcr.WithSecrets(secret))
	send(t, recorder, "/v1/tags?key="+secret+"&page=1", "")
	require.NoError(t, recorder.Stop())
	file, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NotContains(t, string(file), keyPart)
	require.Contains(t, string(file), "url: /v1/tags?key=[hidden]&page=1\n")
}

func replayWithQuery(t *testing.T, path string) *funnel.Client {
	t.Helper()
	recorder := newRecorder(t, path, funnelvcr.WithTransport(offline))
	return newClient(t, recorder, "no account", funnel.WithAuth(func(req *http.Request) error {
		req.URL.RawQuery = "key=[hidden]"
		return nil
	}))
}

func TestRecorder_RecordsBodiesThatTheTransportDoesNotRead(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "recording.yaml")
	recorder := newRecorder(t, path, funnelvcr.WithTransport(responding(nil, "first")))
	require.Equal(t, "first", bodyOf(t, send(t, recorder, "/", `{"id":1}`)))
	require.NoError(t, recorder.Stop())

	recorder = newRecorder(t, path, funnelvcr.WithTransport(offline))
	require.Equal(t, http.StatusBadRequest, send(t, recorder, "/", `{"id":2}`).StatusCode)
	require.Equal(t, "first", bodyOf(t, send(t, recorder, "/", `{"id":1}`)))
}

// The transport gets the whole body, although it was read for the recording.
func TestRecorder_SendsTheBody(t *testing.T) {
	t.Parallel()
	recorder := newRecorder(t, filepath.Join(t.TempDir(), "recording.yaml"), funnelvcr.WithTransport(handler(func(req *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusOK, Body: req.Body}, nil
	})))
	require.Equal(t, `{"id":1}`, bodyOf(t, send(t, recorder, "/", `{"id":1}`)))
}

// White space and control characters, which YAML has its own rules for, and parts of its
// syntax.
var bodyParts = []string{
	"a", " ", "\n", "\t", "\r", "\r\n", "  <p>", "\x00", "\x1b", "\x7f", "\u0085", "\u00a0", "\u2028", "\ufeff", "\xff",
	`"`, "'", ": ", " #", "- ", "---", "...", "|", ">", "%", "{", "~", "é",
}

func TestRecorder_KeepsBodies(t *testing.T) {
	t.Parallel()
	for _, first := range bodyParts {
		t.Run(fmt.Sprintf("%q", first), func(t *testing.T) {
			t.Parallel()
			for _, second := range bodyParts {
				requireKept(t, first+second, first+second+"\n  <html>\n", "\n"+first+second+"\tb\n")
			}
		})
	}
}

func FuzzRecorder_KeepsBodies(f *testing.F) {
	for _, body := range []string{"", "\n\t<html>\n\t<body>x</body></html>\n", "\n\n  <html>", "\t<html>\n", "\n  <html>\n<p>\n", "\r\n\r\n\t<html>"} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) { requireKept(t, body) })
}

// requireKept requires that a replay has the same bodies, in requests and responses.
func requireKept(t *testing.T, bodies ...string) {
	t.Helper()
	echo := handler(func(req *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusOK, Body: req.Body}, nil
	})
	path := filepath.Join(t.TempDir(), "recording.yaml")
	for range 2 {
		recorder := newRecorder(t, path, funnelvcr.WithTransport(echo))
		for _, body := range bodies {
			resp := send(t, recorder, "/", body)
			require.Equal(t, body, bodyOf(t, resp), "recording: %t", recorder.Recording())
		}
		require.NoError(t, recorder.Stop())
	}
}

// The time of a reset has passed when the recording is replayed. How long to wait has not.
func TestRecorder_LeavesOutTheReset(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "recording.yaml")
	header := http.Header{"X-Ratelimit-Reset": {"1767225600"}, "Retry-After": {"7"}}
	recorder := newRecorder(t, path, funnelvcr.WithTransport(responding(header, "")))
	send(t, recorder, "/", "")
	require.NoError(t, recorder.Stop())
	replayed := send(t, newRecorder(t, path, funnelvcr.WithTransport(offline)), "/", "")
	require.Equal(t, http.Header{"Retry-After": {"7"}}, replayed.Header)
}

// A replay would wait for a quota that was used up when the recording was made.
func TestRecorder_LeavesOutTheQuota(t *testing.T) {
	path := record(t, func(client *funnel.Client) {
		_, err := client.Tags.List(t.Context(), funnel.TagListParams{})
		require.NoError(t, err)
		require.Positive(t, client.RateLimit().Limit)
	})
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NotContains(t, strings.ToLower(string(content)), "ratelimit")
}

// go-vcr's own debug log would contain every header.
func TestRecorder_PrintsNothing(t *testing.T) {
	t.Setenv("VCR_DEBUG", "1")
	output, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	require.NoError(t, err)
	stderr := os.Stderr
	os.Stderr = output
	defer func() { os.Stderr = stderr }()
	record(t, func(client *funnel.Client) {
		_, err := client.Tags.List(t.Context(), funnel.TagListParams{})
		require.NoError(t, err)
	})
	os.Stderr = stderr
	printed, err := os.ReadFile(output.Name())
	require.NoError(t, err)
	require.Empty(t, string(printed))
	require.NoError(t, output.Close())
}

func TestWithRedact_ReplacesAndStillMatches(t *testing.T) {
	t.Parallel()
	server := funneltest.NewServer(funneltest.WithBasePath("/v1"))
	defer server.Close()
	_, err := server.Client().Tags.Create(t.Context(), funnel.TagCreateParams{Name: "lead"})
	require.NoError(t, err)
	pseudonym := strings.NewReplacer("ada@private.example", "a@example.com", "Lovelace", "L").Replace
	calls := func(client *funnel.Client, lastName string) {
		id, err := client.Contacts.Create(t.Context(), funnel.ContactCreateParams{Email: "ada@private.example", LastName: "Lovelace"})
		require.NoError(t, err)
		require.NoError(t, client.Contacts.AddTag(t.Context(), funnel.Email("ada@private.example"), 1))
		contact, err := client.Contacts.Get(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, lastName, contact.LastName)
	}
	redact := funnelvcr.WithRedact(pseudonym)
	path := recordFrom(t, server, func(client *funnel.Client) { calls(client, "Lovelace") }, redact)
	file, err := os.ReadFile(path)
	require.NoError(t, err)
	for _, personal := range []string{"private.example", "Lovelace"} {
		require.NotContains(t, string(file), personal)
	}
	calls(replay(t, path, redact), "L")
}

func TestWithRedact_GetsURLsDecoded(t *testing.T) {
	t.Parallel()
	redact := funnelvcr.WithRedact(strings.NewReplacer("ada@private.example", "a@example.com", "Ada Lovelace", "A & L", "Café", "Bar").Replace)
	for name, tt := range map[string]struct {
		url, recorded string
	}{
		"value":              {"/v1/tags?email=ada%40private.example", "/v1/tags?email=a%40example.com"},
		"value as it is":     {"/v1/tags?email=ada@private.example", "/v1/tags?email=a%40example.com"},
		"space as plus":      {"/v1/tags?name=Ada+Lovelace", "/v1/tags?name=A+%26+L"},
		"space as percent":   {"/v1/tags?name=Ada%20Lovelace", "/v1/tags?name=A+%26+L"},
		"name":               {"/v1/tags?by%5Bada%40private.example%5D=1", "/v1/tags?by%5Ba%40example.com%5D=1"},
		"order":              {"/v1/tags?z=2&email=ada%40private.example&a=1&z=1&flag", "/v1/tags?z=2&email=a%40example.com&a=1&z=1&flag"},
		"path":               {"/v1/Caf%C3%A9/Ada%20Lovelace", "/v1/Bar/A%20&%20L"},
		"nothing to replace": {"/v1/tags?page=1&q=a%26b%3Dc%2Bd", "/v1/tags?page=1&q=a%26b%3Dc%2Bd"},
		"empty query":        {"/v1/tags?", "/v1/tags?"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "recording.yaml")
			recorder := newRecorder(t, path, redact, funnelvcr.WithTransport(responding(nil, "found")))
			send(t, recorder, tt.url, "")
			send(t, recorder, tt.url, "")
			require.NoError(t, recorder.Stop())
			file, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Contains(t, string(file), "url: "+tt.recorded+"\n")

			recorder = newRecorder(t, path, redact, funnelvcr.WithTransport(offline))
			require.Equal(t, "found", bodyOf(t, send(t, recorder, tt.url, "")))
			require.Equal(t, "found", bodyOf(t, send(t, recorder, tt.recorded, "")), "asked for the replacement")
		})
	}
}

// What is redacted already must not be redacted again.
func TestRecorder_StopsOnce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "recording.yaml")
	redact := funnelvcr.WithRedact(func(text string) string { return strings.ReplaceAll(text, "ada", "not ada") })
	recorder := newRecorder(t, path, redact, funnelvcr.WithTransport(responding(nil, "ada")))
	send(t, recorder, "/", "")
	require.NoError(t, recorder.Stop())
	require.FileExists(t, path)
	require.NoError(t, os.Remove(path))
	require.NoError(t, recorder.Stop())
	require.NoFileExists(t, path)
}

func TestRecorder_StopWithoutRequestsWritesNothing(t *testing.T) {
	t.Parallel()
	path := record(t, func(*funnel.Client) {})
	require.NoFileExists(t, path)
}

func TestRecorder_StopReportsThatItCannotWrite(t *testing.T) {
	t.Parallel()
	server := funneltest.NewServer(funneltest.WithBasePath("/v1"))
	defer server.Close()
	dir := filepath.Join(t.TempDir(), "file")
	recorder := newRecorder(t, filepath.Join(dir, "recording.yaml"), funnelvcr.WithTransport(server.Transport()))
	require.NoError(t, os.WriteFile(dir, nil, 0o600)) // so that it cannot be a directory
	client := newClient(t, recorder, server.APIKey())
	_, err := client.Tags.List(t.Context(), funnel.TagListParams{})
	require.NoError(t, err)
	err = recorder.Stop()
	require.ErrorContains(t, err, "funnelvcr: cannot write "+filepath.Join(dir, "recording.yaml"))
	require.NoError(t, os.Remove(dir)) // now it could write
	require.Equal(t, err, recorder.Stop())
}

func TestNew_RefusesBadArguments(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		path string
		opts []funnelvcr.Option
		want string
	}{
		"no path":        {"", nil, `path: is "": give the name of a file that ends in ".yaml"`},
		"no name":        {".yaml", nil, `path: is ".yaml": give the name of a file that ends in ".yaml"`},
		"another format": {"contacts.json", nil, `path: is "contacts.json": give the name of a file that ends in ".yaml"`},
		"nil option":     {"x.yaml", []funnelvcr.Option{nil}, "opts: an option is nil"},
		"nil transport":  {"x.yaml", []funnelvcr.Option{funnelvcr.WithTransport(nil)}, "WithTransport: the transport is nil"},
		"nil function":   {"x.yaml", []funnelvcr.Option{funnelvcr.WithRedact(nil)}, "WithRedact: the function is nil"},
		"empty secret":   {"x.yaml", []funnelvcr.Option{funnelvcr.WithSecrets("abc", "")}, "WithSecrets: a secret is empty"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := funnelvcr.New(tt.path, tt.opts...)
			var bad *funnel.ArgumentError
			require.ErrorAs(t, err, &bad)
			require.ErrorContains(t, err, tt.want)
		})
	}
}

func TestNew_RefusesUnusableFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, content := range map[string]string{"other.yaml": "version: 7\n", "broken.yaml": "{"} {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		_, err := funnelvcr.New(path)
		require.ErrorContains(t, err, path+" is not a recording")
	}
	_, err := funnelvcr.New(filepath.Join(dir, "none.yaml"), funnelvcr.ReplayOnly())
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorContains(t, err, "there is no recording to replay (record it first")
}
