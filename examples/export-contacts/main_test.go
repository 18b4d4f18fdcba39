package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/examples/internal/tool"
	"github.com/funnel-go/funnel/funneltest"
)

// A place is an API to export from.
type place struct {
	t        *testing.T
	server   *funneltest.Server           // nil: nothing is configured
	terminal func(*place, io.Writer) bool // nil: there is none

	stdout, stderr bytes.Buffer // of the last run
}

func newPlace(t *testing.T) *place {
	server := funneltest.NewServer(funneltest.WithRateLimit(0, 0))
	t.Cleanup(server.Close)
	return &place{t: t, server: server}
}

// run runs the tool and expects an exit code.
func (p *place) run(ctx context.Context, want int, args ...string) {
	p.t.Helper()
	env := map[string]string{}
	if p.server != nil {
		env["FUNNEL_BASE_URL"], env["FUNNEL_API_KEY"] = p.server.URL(), p.server.APIKey()
		args = append([]string{"-rate", "1000000"}, args...)
	}
	p.stdout.Reset()
	p.stderr.Reset()
	got := run(ctx, tool.Environment{
		Args:       args,
		Stdout:     &p.stdout,
		Stderr:     &p.stderr,
		Getenv:     func(name string) string { return env[name] },
		IsTerminal: func(w io.Writer) bool { return p.terminal != nil && p.terminal(p, w) },
	})
	if got != want {
		p.t.Fatalf("exit code %d, want %d\n%s", got, want, p.stderr.String())
	}
}

// create creates contacts with all that makes trouble in a CSV.
func (p *place) create() {
	p.t.Helper()
	client := p.server.Client()
	var tags []funnel.TagID
	for _, name := range []string{"vip", "a, b"} {
		tag, err := client.Tags.Create(p.t.Context(), funnel.TagCreateParams{Name: name})
		if err != nil {
			p.t.Fatal(err)
		}
		tags = append(tags, tag.ID)
	}
	for _, params := range []funnel.ContactCreateParams{
		{Email: "ada@example.com", FirstName: "Ada \"Augusta\"", LastName: "King,\nLovelace", Phone: "+44 20 123", TagIDs: tags},
		{Email: "eve@example.com", FirstName: `=HYPERLINK("https://example.org","click")`, LastName: "'=1+1", Status: funnel.ContactUnsubscribed,
			CustomFields: funnel.CustomFields{"company": "@SUM(A1)", "email": "eve@work.example.com", "=x": "1"}},
		{Email: "zoë@example.com", FirstName: "Zoë", CustomFields: funnel.CustomFields{"city": " Köln", "company": "-"}},
	} {
		if _, err := client.Contacts.Create(p.t.Context(), params); err != nil {
			p.t.Fatal(err)
		}
	}
}

func equal[T comparable](t *testing.T, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

func contains(t *testing.T, got string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(got, part) {
			t.Errorf("there is no %q in\n%s", part, got)
		}
	}
}

func TestWithNothingConfiguredItExportsGeneratedContacts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &place{t: t}
		p.run(t.Context(), tool.ExitDone)
		equal(t, p.stderr.String(), tool.FakeNotice+"\n2000 contacts exported in 0s with 21 requests.\n")
		lines := strings.Split(strings.TrimSpace(p.stdout.String()), "\n")
		equal(t, len(lines), 2000)
		equal(t, lines[0], `{"id":1,"email":"contact-0000001@example.com","first_name":"Alan","last_name":"Hopper","phone":"","status":"subscribed","custom_fields":{},"tags":[],"created_at":"2000-01-01T00:00:00Z","updated_at":"2000-01-01T00:00:00Z"}`)

		p.run(t.Context(), tool.ExitDone, "-dry-run")
		equal(t, p.stdout.String(), "2000 contacts would be exported, with 20 requests.\n")
	})
}

func TestTheColumnsOfACSVAreStable(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.create()
	now := func() string { // all were created in one moment
		contact, err := p.server.Client().Contacts.Get(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		return contact.CreatedAt.Format("2006-01-02T15:04:05Z")
	}()
	for _, test := range []struct {
		args []string
		want string
	}{
		{nil, `id,email,first_name,last_name,phone,status,tags,created_at,updated_at,'=x,city,company,custom:email
1,ada@example.com,"Ada ""Augusta""","King,
Lovelace",+44 20 123,subscribed,"vip;a, b",NOW,NOW,,,,
2,eve@example.com,"'=HYPERLINK(""https://example.org"",""click"")",''=1+1,,unsubscribed,,NOW,NOW,1,,'@SUM(A1),eve@work.example.com
3,zoë@example.com,Zoë,,,subscribed,,NOW,NOW,," Köln",-,
`},
		{[]string{"-raw", "-status", "unsubscribed"}, `id,email,first_name,last_name,phone,status,tags,created_at,updated_at,=x,company,custom:email
2,eve@example.com,"=HYPERLINK(""https://example.org"",""click"")",'=1+1,,unsubscribed,,NOW,NOW,1,@SUM(A1),eve@work.example.com
`},
		{[]string{"-fields", "company,shoe_size", "-search", "zo"}, `id,email,first_name,last_name,phone,status,tags,created_at,updated_at,company,shoe_size
3,zoë@example.com,Zoë,,,subscribed,,NOW,NOW,-,
`},
		{[]string{"-fields", "", "-tag", "vip"}, `id,email,first_name,last_name,phone,status,tags,created_at,updated_at
1,ada@example.com,"Ada ""Augusta""","King,
Lovelace",+44 20 123,subscribed,"vip;a, b",NOW,NOW
`},
		{[]string{"-search", "nobody"}, "id,email,first_name,last_name,phone,status,tags,created_at,updated_at\n"},
	} {
		p.run(t.Context(), tool.ExitDone, append([]string{"-format", "csv"}, test.args...)...)
		equal(t, strings.ReplaceAll(p.stdout.String(), now, "NOW"), test.want)
	}
}

func TestNDJSONHasEverything(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.create()
	p.run(t.Context(), tool.ExitDone)
	lines := json.NewDecoder(&p.stdout)
	for contact, err := range p.server.Client().Contacts.All(t.Context(), funnel.ContactListParams{}) {
		if err != nil {
			t.Fatal(err)
		}
		want, err := json.Marshal(contact)
		if err != nil {
			t.Fatal(err)
		}
		var got json.RawMessage
		if err := lines.Decode(&got); err != nil {
			t.Fatal(err)
		}
		if !jsonEqual(got, want) {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

// jsonEqual compares two texts regardless of how they are written.
func jsonEqual(a, b []byte) bool {
	var x, y any
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && reflect.DeepEqual(x, y)
}

func TestWhatIsExportedCanBeImported(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	importCSV := filepath.Join(dir, "import-csv")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", importCSV, "../import-csv").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	from, to := newPlace(t), newPlace(t)
	from.create()
	exported := filepath.Join(dir, "contacts.csv")
	from.run(t.Context(), tool.ExitDone, "-format", "csv", "-o", exported)

	cmd := exec.CommandContext(t.Context(), importCSV, exported)
	cmd.Env = append(os.Environ(), "FUNNEL_BASE_URL="+to.server.URL(), "FUNNEL_API_KEY="+to.server.APIKey())
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	want, got := from.contacts(), to.contacts()
	equal(t, len(want), 3)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// contacts returns what is in the API, without what the API itself has given.
func (p *place) contacts() map[string]funnel.Contact {
	p.t.Helper()
	contacts := map[string]funnel.Contact{}
	for contact, err := range p.server.Client().Contacts.All(p.t.Context(), funnel.ContactListParams{}) {
		if err != nil {
			p.t.Fatal(err)
		}
		contact.ID, contact.CreatedAt, contact.UpdatedAt = 0, funnel.Timestamp{}, funnel.Timestamp{}
		contacts[contact.Email] = *contact
	}
	return contacts
}

func TestAFileIsThereAsAWholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	out := filepath.Join(dir, "contacts.ndjson")
	if err := os.WriteFile(out, []byte("of yesterday"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := newPlace(t)
	p.server.SeedContacts(1000)
	read := func() string {
		content, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		return string(content)
	}

	p.server.Fail(funneltest.Fault{Status: http.StatusBadRequest, Match: onPage("5")})
	p.run(t.Context(), tool.ExitFailed, "-o", out)
	contains(t, p.stderr.String(), "export-contacts: funnel: GET /contacts: 400 Bad Request")
	equal(t, read(), "of yesterday")

	ctx, cancel := context.WithCancel(t.Context())
	p.server.Fail(funneltest.Fault{Times: -1, Match: func(r *http.Request) bool {
		if onPage("5")(r) {
			cancel()
		}
		return false
	}})
	p.run(ctx, tool.ExitInterrupted, "-o", out)
	contains(t, p.stderr.String(), "export-contacts: interrupted")
	equal(t, read(), "of yesterday")

	p.server.ClearFaults()
	p.run(t.Context(), tool.ExitDone, "-o", out)
	equal(t, strings.Count(read(), "\n"), 1000)
	equal(t, p.stdout.Len(), 0)
	if files, err := os.ReadDir(dir); err != nil || len(files) != 1 {
		t.Errorf("it left %v, %v", files, err)
	}
	p.run(t.Context(), tool.ExitFailed, "-o", dir)
	contains(t, p.stderr.String(), "there is something that is no file")
}

func onPage(number string) func(*http.Request) bool {
	return func(r *http.Request) bool { return r.URL.Query().Get("page") == number }
}

func TestTheProgressIsShownWhereItDoesNotGetInTheWay(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.server.SeedContacts(250)
	const bar = " 100% |██████████████████████████████| (250/250) done "
	out := filepath.Join(t.TempDir(), "contacts")

	p.run(t.Context(), tool.ExitDone)
	equal(t, strings.Count(p.stderr.String(), "\n"), 1)

	p.terminal = func(p *place, w io.Writer) bool { return w == &p.stderr }
	p.run(t.Context(), tool.ExitDone)
	contains(t, p.stderr.String(), bar)

	p.terminal = func(*place, io.Writer) bool { return true }
	p.run(t.Context(), tool.ExitDone, "-o", out)
	contains(t, p.stderr.String(), bar)
	p.run(t.Context(), tool.ExitDone)
	equal(t, strings.Count(p.stderr.String(), "\n"), 1)
}

func TestADryRunSaysHowManyThereAre(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.server.SeedContacts(250)
	p.run(t.Context(), tool.ExitDone, "-dry-run", "-status", "unsubscribed", "-o", filepath.Join(t.TempDir(), "contacts"))
	equal(t, p.stdout.String(), "25 contacts would be exported, with 1 requests.\n")
	equal(t, p.server.RequestCount(), 1)

	p.server.Fail(funneltest.Fault{Body: `{"success":true,"data":[{"id":1,"email":"ada@example.com"}]}`})
	p.run(t.Context(), tool.ExitFailed, "-dry-run")
	contains(t, p.stderr.String(), "the API does not say how many contacts there are")
}

func TestWhatTheAPIOrTheUserGotWrong(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	for _, test := range []struct {
		code int
		args []string
		want string
	}{
		{tool.ExitFailed, []string{"-status", "happy"}, "400 INVALID_STATUS"},
		{tool.ExitFailed, []string{"-tag", "vip"}, `there is no tag "vip"`},
		{tool.ExitUsage, []string{"-format", "xml"}, "-format xml is unknown"},
		{tool.ExitUsage, []string{"-raw"}, "-fields and -raw are for -format csv"},
		{tool.ExitUsage, []string{"out.csv"}, `["out.csv"] is no flag`},
		{tool.ExitUsage, []string{"-rate", "0"}, "-rate must be positive"},
		{tool.ExitUsage, []string{"-x"}, "flag provided but not defined"},
	} {
		p.run(t.Context(), test.code, test.args...)
		contains(t, p.stderr.String(), test.want)
	}
	p.run(t.Context(), tool.ExitDone, "-h")
	contains(t, p.stdout.String(), "Usage: export-contacts [flags]\nExit codes: 0 done", "\n  -dry-run\n")
}

func TestAnOutputThatFailsEndsTheExport(t *testing.T) {
	t.Parallel()
	for _, format := range []string{formatNDJSON, formatCSV} {
		server := funneltest.NewServer()
		defer server.Close()
		server.SeedContacts(1000)
		e := exporter{
			options: options{format: format, out: stdout},
			env:     tool.Environment{Stderr: io.Discard, IsTerminal: func(io.Writer) bool { return false }},
			api:     &tool.API{Client: server.Client()},
		}
		if err := e.write(t.Context(), fullDisk{}); !errors.Is(err, errFull) {
			t.Errorf("%s: %v", format, err)
		}
	}
}

var errFull = errors.New("the disk is full")

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errFull }
