package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
)

// asProgram makes the test binary run the program, for tests that need a process.
const asProgram = "IMPORT_CSV_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// A fixture is a directory with a file to import, and an account.
type fixture struct {
	*testing.T
	server *funneltest.Server
	client *funnel.Client
	path   string
	plan   funnel.CustomFieldID

	stderr strings.Builder // of the last run
}

func newFixture(t *testing.T, content string, opts ...funneltest.Option) *fixture {
	t.Helper()
	server := funneltest.NewServer(append([]funneltest.Option{funneltest.WithRateLimit(0, 0)}, opts...)...)
	t.Cleanup(server.Close)
	f := &fixture{T: t, server: server, client: server.Client(), path: filepath.Join(t.TempDir(), "in.csv")}
	f.plan = server.AddCustomField(funneltest.CustomField{Name: "Plan"})
	f.write("", content)
	return f
}

// write writes a file next to the input: "" is the input itself.
func (f *fixture) write(suffix, content string) {
	f.Helper()
	require.NoError(f, os.WriteFile(f.path+suffix, []byte(content), 0o600))
}

func (f *fixture) read(suffix string) string {
	f.Helper()
	content, err := os.ReadFile(f.path + suffix)
	require.NoError(f, err)
	return string(content)
}

// run imports the file in this process.
func (f *fixture) run(ctx context.Context) (checkpoint, error) {
	f.Helper()
	f.stderr.Reset()
	im := &importer{client: f.client, path: f.path, account: f.server.APIKey(), stderr: &f.stderr}
	err := im.run(ctx)
	return im.checkpoint, err
}

func (f *fixture) get(email string) *funnel.Contact {
	f.Helper()
	contact, err := f.client.Contacts.Get(context.Background(), funnel.Email(email))
	require.NoError(f, err)
	return contact
}

// tagNames returns the names of a contact's tags.
func (f *fixture) tagNames(email string) []string {
	f.Helper()
	tags, err := f.client.Contacts.Tags(context.Background(), funnel.Email(email))
	require.NoError(f, err)
	var names []string
	for _, tag := range tags {
		names = append(names, tag.Name)
	}
	return names
}

// generate returns a file of n rows. The address of row 10 is malformed, row 20
// is for the same contact as row 1, and every fifth row has a plan.
func generate(n int) string {
	var out strings.Builder
	fmt.Fprintln(&out, "email,first_name,tags,plan")
	for i := range n {
		email, plan := fmt.Sprintf("contact%d@example.com", i), ""
		switch i {
		case 10:
			email = "nobody"
		case 20:
			email = "contact1@example.com"
		}
		if i%5 == 0 {
			plan = fmt.Sprint("plan", i)
		}
		fmt.Fprintf(&out, "%s,Name%d,tag%d,%s\n", email, i, i%3, plan)
	}
	return out.String()
}

// requireGenerated checks the account after the import of generate(n).
func (f *fixture) requireGenerated(n int) {
	f.Helper()
	require.Equal(f, n-2, f.server.Counts()["contacts"])
	require.Equal(f, 3, f.server.Counts()["tags"])
	for i := range n {
		if i == 1 || i == 10 || i == 20 {
			continue
		}
		email, plan := fmt.Sprintf("contact%d@example.com", i), ""
		if i%5 == 0 {
			plan = fmt.Sprint("plan", i)
		}
		contact := f.get(email)
		require.Equal(f, fmt.Sprint("Name", i), contact.FirstName)
		require.Equal(f, []string{fmt.Sprint("tag", i%3)}, f.tagNames(email))
		require.Equal(f, plan, f.server.CustomFieldValue(contact.ID, f.plan), email)
	}
	twice := f.get("contact1@example.com")
	require.Equal(f, "Name20", twice.FirstName)
	require.ElementsMatch(f, []string{"tag1", "tag2"}, f.tagNames(twice.Email))
	require.Equal(f, "plan20", f.server.CustomFieldValue(twice.ID, f.plan))
	require.Equal(f, "import_line,import_reason,email,first_name,tags,plan\n"+
		"12,The email must be a valid email address.,nobody,Name10,tag1,plan10\n", f.read(".rejects.csv"))
	require.NoFileExists(f, f.path+".checkpoint")
}

// runProgram calls run as main does, with an in-memory API.
func runProgram(t *testing.T, args ...string) (stdout string, err error) {
	t.Setenv("FUNNEL_API_KEY", "")
	var out strings.Builder
	err = run(t.Context(), args, &out, io.Discard)
	return out.String(), err
}
