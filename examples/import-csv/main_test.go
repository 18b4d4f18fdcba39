package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/examples/internal/tool"
	"github.com/funnel-go/funnel/funneltest"
)

// asProgram makes the test's own binary the tool, for tests that need a process.
const asProgram = "IMPORT_CSV_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	os.Exit(m.Run())
}

// A place is a directory to import from, and an API to import into.
type place struct {
	t        *testing.T
	dir      string
	server   *funneltest.Server // nil: nothing is configured
	terminal bool
	key      string

	stdout, stderr strings.Builder // of the last run
}

// newPlace returns a place with an API that has no rate limit; the tool is told
// so.
func newPlace(t *testing.T) *place {
	server := funneltest.NewServer(funneltest.WithRateLimit(0, 0))
	t.Cleanup(server.Close)
	return &place{t: t, dir: t.TempDir(), server: server, key: server.APIKey()}
}

func (p *place) path(name string) string { return filepath.Join(p.dir, name) }

func (p *place) write(name, content string) {
	p.t.Helper()
	if err := os.WriteFile(p.path(name), []byte(content), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

func (p *place) read(name string) string {
	p.t.Helper()
	content, err := os.ReadFile(p.path(name))
	if err != nil {
		p.t.Fatal(err)
	}
	return string(content)
}

func (p *place) environment(args ...string) tool.Environment {
	env := map[string]string{}
	if p.server != nil {
		env["FUNNEL_BASE_URL"], env["FUNNEL_API_KEY"] = p.server.URL(), p.key
		args = append([]string{"-rate", "1000000"}, args...)
	}
	p.stdout.Reset()
	p.stderr.Reset()
	return tool.Environment{
		Args:       args,
		Stdout:     &p.stdout,
		Stderr:     &p.stderr,
		Getenv:     func(name string) string { return env[name] },
		IsTerminal: func(io.Writer) bool { return p.terminal },
		TempDir:    p.dir,
	}
}

// run runs the tool and expects an exit code.
func (p *place) run(ctx context.Context, want int, args ...string) {
	p.t.Helper()
	if got := run(ctx, p.environment(args...)); got != want {
		p.t.Fatalf("exit code %d, want %d\n%s%s", got, want, p.stdout.String(), p.stderr.String())
	}
}

// contacts returns what is in the API, by address.
func (p *place) contacts() map[string]*funnel.Contact {
	p.t.Helper()
	contacts := map[string]*funnel.Contact{}
	for contact, err := range p.server.Client().Contacts.All(p.t.Context(), funnel.ContactListParams{}) {
		if err != nil {
			p.t.Fatal(err)
		}
		if contacts[contact.Email] != nil {
			p.t.Errorf("%s is there twice", contact.Email)
		}
		contacts[contact.Email] = contact
	}
	return contacts
}

// generate writes the generated file.
func (p *place) generate(name string) {
	p.t.Helper()
	p.run(p.t.Context(), tool.ExitDone, "-generate", p.path(name))
}

// What is generated has that many rows with addresses of their own, and these
// that are not imported.
const (
	generatedContacts = 1984
	generatedRejects  = `import_row,import_line,import_reason,email,first_name,last_name,phone,tags,company
250,251,email: is missing,,Alan,McCarthy,+49 30 0000250,newsletter;trial,
500,501,email: is no address,edsger.liskov.500 at example.com,Edsger,Liskov,+49 30 0000500,newsletter;trial,Analytical Engines Ltd
750,751,email: The email must be a valid email address.,john.johnson.750@@example.com,John,Johnson,+49 30 0000750,newsletter;trial,"Difference, Sons & Co."
999,1000,columns: there are 3 where the header has 6,katherine.turing.999@example.com,Katherine,Turing
1250,1251,email: is missing,,Alan,O'Neill,+49 30 0001250,newsletter;trial,Analytical Engines Ltd
1500,1501,email: is no address,edsger.lovelace.1500 at example.com,Edsger,Lovelace,+49 30 0001500,newsletter;trial,"Difference, Sons & Co."
1750,1751,email: The email must be a valid email address.,john.lamport.1750@@example.com,John,Lamport,+49 30 0001750,newsletter;trial,
1999,2000,columns: there are 3 where the header has 6,katherine.dijkstra.1999@example.com,Katherine,Dijkstra
`
)

// checkGenerated compares what is in the API and in the rejects with what was
// generated.
func (p *place) checkGenerated(name string) {
	p.t.Helper()
	equal(p.t, p.read(name+".rejects.csv"), generatedRejects)
	there := p.contacts()
	equal(p.t, len(there), generatedContacts)

	file, err := os.Open(p.path(name))
	if err != nil {
		p.t.Fatal(err)
	}
	defer file.Close()
	rows, err := newRowReader(file)
	if err != nil {
		p.t.Fatal(err)
	}
	for range demoRows {
		row, err := rows.next()
		if err != nil {
			p.t.Fatal(err)
		}
		contact := there[row.params.Email]
		if contact == nil {
			if !strings.Contains(generatedRejects, strings.Join(row.record, ",")[:20]) {
				p.t.Errorf("row %d is missing: %q", row.number, row.record)
			}
			continue
		}
		for _, tag := range row.tags {
			if !slices.ContainsFunc(contact.Tags, func(t funnel.Tag) bool { return t.Name == tag }) {
				p.t.Errorf("row %d: %s has not the tag %q", row.number, contact.Email, tag)
			}
		}
		want := *contact
		want.FirstName, want.LastName, want.Phone, want.CustomFields = row.params.FirstName, row.params.LastName, row.params.Phone, row.params.CustomFields
		if !reflect.DeepEqual(*contact, want) {
			p.t.Errorf("row %d, %q, became %+v", row.number, row.record, *contact)
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
