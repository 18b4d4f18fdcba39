package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
)

// newServer returns an account with contacts that are difficult to write as CSV.
func newServer(t *testing.T) *funneltest.Server {
	t.Helper()
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	server := funneltest.NewServer(funneltest.WithClock(func() time.Time { return now }))
	t.Cleanup(server.Close)
	client := server.Client()
	tags, err := client.Tags.Ensure(t.Context(), "vip", "a, b")
	require.NoError(t, err)
	for _, params := range []funnel.ContactCreateParams{
		{Email: "ada@example.com", FirstName: `Ada "Augusta"`, LastName: "King,\nLovelace", GDPR: funnel.Ptr(true), TagIDs: []funnel.TagID{tags["vip"], tags["a, b"]}},
		{Email: "eve@example.com", FirstName: `=HYPERLINK("https://example.org","click")`, LastName: "'=1+1", EmailMarketing: funnel.Ptr(false), GDPR: funnel.Ptr(false)},
		{Email: "zoe@example.com", FirstName: "Zoë", EmailMarketing: funnel.Ptr(true), GDPR: funnel.Ptr(true), TagIDs: []funnel.TagID{tags["vip"]}},
	} {
		_, err := client.Contacts.Create(t.Context(), params)
		require.NoError(t, err)
	}
	return server
}

func exported(t *testing.T, client *funnel.Client) string {
	t.Helper()
	var out strings.Builder
	require.NoError(t, export(t.Context(), client, &out, io.Discard))
	return out.String()
}

func TestExport_CSV(t *testing.T) {
	t.Parallel()
	require.Equal(t, `id,email,first_name,last_name,email_marketing,gdpr,tags,created_at
3,zoe@example.com,Zoë,,true,true,vip,2026-03-04T05:06:07Z
2,eve@example.com,"'=HYPERLINK(""https://example.org"",""click"")",''=1+1,false,false,,2026-03-04T05:06:07Z
1,ada@example.com,"Ada ""Augusta""","King,
Lovelace",false,true,"vip;a, b",2026-03-04T05:06:07Z
`, exported(t, newServer(t).Client()))
}

func TestExport_InMemory(t *testing.T) {
	t.Setenv("FUNNEL_API_KEY", "")
	var stdout, stderr strings.Builder
	require.NoError(t, run(t.Context(), nil, &stdout, &stderr))
	require.Equal(t, 2001, strings.Count(stdout.String(), "\n"))
	require.Contains(t, stderr.String(), "using an in-memory API.\n2000 contacts exported\n")
}

func TestExport_CanBeImported(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	importCSV := filepath.Join(dir, "import-csv")
	out, err := exec.CommandContext(t.Context(), "go", "build", "-o", importCSV, "../import-csv").CombinedOutput()
	require.NoError(t, err, string(out))
	want := exported(t, newServer(t).Client())
	path := filepath.Join(dir, "contacts.csv")
	require.NoError(t, os.WriteFile(path, []byte(want), 0o600))

	to := funneltest.NewServer()
	t.Cleanup(to.Close)
	cmd := exec.CommandContext(t.Context(), importCSV, path)
	cmd.Env = append(os.Environ(), "FUNNEL_BASE_URL="+to.URL(), "FUNNEL_API_KEY="+to.APIKey())
	out, err = cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	require.ElementsMatch(t, withoutIDs(want), withoutIDs(exported(t, to.Client())))
}

// withoutIDs returns the records without ids, dates and the order of tags.
func withoutIDs(content string) []string {
	var records []string
	for record := range strings.SplitSeq(content, "\n") {
		_, record, _ = strings.Cut(record, ",")
		record, _, _ = strings.Cut(record, ",20")
		records = append(records, strings.Replace(record, "a, b;vip", "vip;a, b", 1))
	}
	return records
}

func TestExport_ContactTwiceInTheList(t *testing.T) {
	t.Parallel()
	server := funneltest.NewServer()
	t.Cleanup(server.Close)
	server.SeedContacts(150)
	page := 0
	server.Fail(funneltest.Fault{Path: "/contacts", Match: func(*http.Request) bool {
		page++
		return page == 2
	}, Body: `{"success":true,"data":[{"id":51,"email":"contact-0000051@example.com"},{"id":50,"email":"contact-0000050@example.com"}],` +
		`"meta":{"current_page":2,"last_page":2,"per_page":100,"total":102}}`})
	require.Equal(t, 1, strings.Count(exported(t, server.Client()), "contact-0000051@"))
	require.Empty(t, server.PendingFaults())
}

func TestExport_FileCompleteOrNotAtAll(t *testing.T) {
	server := funneltest.NewServer()
	t.Cleanup(server.Close)
	server.SeedContacts(1000)
	t.Setenv("FUNNEL_BASE_URL", server.URL())
	t.Setenv("FUNNEL_API_KEY", server.APIKey())
	path := filepath.Join(t.TempDir(), "contacts.csv")
	require.NoError(t, os.WriteFile(path, []byte("of yesterday"), 0o600))
	read := func() string {
		content, err := os.ReadFile(path)
		require.NoError(t, err)
		return string(content)
	}

	ctx, cancel := context.WithCancel(t.Context())
	server.Fail(funneltest.Fault{Delay: time.Hour, Match: func(r *http.Request) bool {
		if r.URL.Query().Get("page") != "5" {
			return false
		}
		cancel()
		return true
	}})
	require.ErrorIs(t, run(ctx, []string{path}, io.Discard, io.Discard), context.Canceled)
	require.Equal(t, "of yesterday", read())

	server.ClearFaults()
	require.NoError(t, run(t.Context(), []string{path}, io.Discard, io.Discard))
	require.Equal(t, 1001, strings.Count(read(), "\n"))
	files, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	require.Len(t, files, 1)
}

var errFull = errors.New("the disk is full")

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errFull }

func TestExport_OutputFails(t *testing.T) {
	t.Parallel()
	require.ErrorIs(t, export(t.Context(), newServer(t).Client(), fullDisk{}, io.Discard), errFull)
}

func TestExport_Usage(t *testing.T) {
	t.Parallel()
	require.EqualError(t, run(t.Context(), []string{"a", "b"}, io.Discard, io.Discard), "usage: export-contacts [FILE]")
}
