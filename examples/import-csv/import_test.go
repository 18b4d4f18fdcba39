package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
)

func TestImport_Output(t *testing.T) {
	content, err := os.ReadFile("../quickstart/contacts.csv")
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "contacts.csv")
	require.NoError(t, os.WriteFile(path, content, 0o600))
	stdout, err := runProgram(t, path)
	require.NoError(t, err)
	require.Equal(t, "240 rows: 226 created, 8 updated, 6 rejected\nSee "+path+".rejects.csv.\n", stdout)
}

func TestImport_Usage(t *testing.T) {
	_, err := runProgram(t)
	require.EqualError(t, err, "usage: import-csv FILE")
}

func TestImport_AllRows(t *testing.T) {
	t.Parallel()
	f := newFixture(t, generate(250))
	done, err := f.run(t.Context())
	require.NoError(t, err)
	require.Equal(t, 248, done.Created)
	require.Equal(t, 1, done.Updated)
	f.requireGenerated(250)

	done, err = f.run(t.Context()) // once more, from the first row
	require.NoError(t, err)
	require.Equal(t, 249, done.Updated)
	f.requireGenerated(250)
}

// The rate limit lets 600 requests through at once and the others a minute
// later, so an interruption in between finds the import half done.
func TestImport_ContinuesAfterInterruption(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, generate(1000), funneltest.WithRateLimit(600, time.Minute))
		done := checkpoint{}
		for range 2 {
			ctx, cancel := context.WithCancel(t.Context())
			timer := time.AfterFunc(45*time.Second, cancel)
			stopped, err := f.run(ctx)
			require.False(t, timer.Stop())
			require.ErrorIs(t, err, context.Canceled)
			require.ErrorContains(t, err, "run the same command to continue")
			require.Greater(t, stopped.Rows, done.Rows+200)
			done = stopped
		}
		before, there := f.server.RequestCount(), f.server.Counts()["contacts"]
		_, err := f.run(t.Context())
		require.NoError(t, err)
		require.Contains(t, f.stderr.String(), fmt.Sprintf("Continuing after row %d of 1000.", done.Rows))
		// From the first row on it would be a request for each row, and one more for each
		// contact that is there.
		require.Less(t, f.server.RequestCount()-before, 1000+there-done.Rows)
		f.requireGenerated(1000)
	})
}

func TestImport_InterruptedBeforeFirstRow(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "email\nada@example.com\n")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := f.run(ctx)
	require.ErrorIs(t, err, context.Canceled)
	require.Zero(t, f.server.RequestCount())
	_, err = f.run(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, f.server.Counts()["contacts"])
}

// stopAt runs the program in a process of its own and sends it a signal while
// the server holds the nth request, so that it cannot finish before.
func (f *fixture) stopAt(n int64, signal os.Signal) (exitCode int, stderr string) {
	f.Helper()
	reached, over := make(chan struct{}), make(chan struct{})
	release := sync.OnceFunc(func() { close(over) })
	defer release()
	var count atomic.Int64
	f.server.Fail(funneltest.Fault{Times: -1, Match: func(*http.Request) bool {
		if count.Add(1) == n {
			close(reached)
			<-over
		}
		return false
	}})
	path, err := os.Executable()
	require.NoError(f, err)
	var out strings.Builder
	cmd := exec.CommandContext(f.Context(), path, f.path)
	cmd.Env = append(os.Environ(), asProgram+"=1", "FUNNEL_BASE_URL="+f.server.URL(), "FUNNEL_API_KEY="+f.server.APIKey())
	cmd.Stderr = &out
	require.NoError(f, cmd.Start())
	<-reached
	require.NoError(f, cmd.Process.Signal(signal))
	var exit *exec.ExitError
	require.ErrorAs(f, cmd.Wait(), &exit)
	release()
	f.server.ClearFaults()
	return exit.ExitCode(), out.String()
}

func TestImport_ContinuesAfterKill(t *testing.T) {
	t.Parallel()
	f := newFixture(t, generate(250))
	for _, n := range []int64{3, 200} {
		exitCode, _ := f.stopAt(n, os.Kill)
		require.Equal(t, -1, exitCode)
	}
	_, err := f.run(t.Context())
	require.NoError(t, err)
	f.requireGenerated(250)
}

func TestImport_ContinuesAfterCtrlC(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a process cannot send this signal to another there")
	}
	t.Parallel()
	f := newFixture(t, generate(250))
	exitCode, stderr := f.stopAt(200, os.Interrupt)
	require.Equal(t, 1, exitCode)
	require.Regexp(t, `import-csv: stopped after row \d+; run the same command to continue: `, stderr)
	_, err := f.run(t.Context())
	require.NoError(t, err)
	f.requireGenerated(250)
}

func TestImport_StopsAtErrorOfTheAccount(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "email\nada@example.com\ngrace@example.com\n")
	f.server.Fail(funneltest.Fault{Code: funnel.ErrUnauthorized, Path: "/contact", Times: 2})
	_, err := f.run(t.Context())
	require.ErrorIs(t, err, funnel.ErrUnauthorized)
	require.ErrorContains(t, err, "stopped after row 0")
	require.NoFileExists(t, f.path+".rejects.csv")
	f.server.ClearFaults()
	_, err = f.run(t.Context())
	require.NoError(t, err)
	require.Equal(t, 2, f.server.Counts()["contacts"])
}

func TestImport_Columns(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "\uFEFF ID ,Email,First_Name,last_name,email_marketing,gdpr,tags,plan,created_at\r\n"+
		"7, ada@example.com ,\"Ada \"\"Augusta\"\"\",'=1+1,FALSE,true, VIP ;reader;;VIP,Team,2024-01-02\r\n"+
		"8,grace@example.com,\"Grace\r\nBrewster\",,,,,,\r\n")
	_, err := f.client.Tags.Create(t.Context(), funnel.TagCreateParams{Name: "vip"})
	require.NoError(t, err)
	_, err = f.run(t.Context())
	require.NoError(t, err)
	ada := f.get("ada@example.com")
	require.Equal(t, `Ada "Augusta"`, ada.FirstName)
	require.Equal(t, "=1+1", ada.LastName)
	require.False(t, ada.EmailMarketing)
	require.True(t, ada.GDPR)
	require.Equal(t, []string{"vip", "reader"}, f.tagNames(ada.Email))
	require.Equal(t, "Team", f.server.CustomFieldValue(ada.ID, f.plan))
	require.Equal(t, "Grace\nBrewster", f.get("grace@example.com").FirstName)
}

func TestImport_EmptyCellChangesNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "email,first_name,last_name\nada@example.com,Augusta,\n")
	_, err := f.client.Contacts.Create(t.Context(), funnel.ContactCreateParams{Email: "ada@example.com", FirstName: "Ada", LastName: "King"})
	require.NoError(t, err)
	_, err = f.run(t.Context())
	require.NoError(t, err)
	require.Equal(t, "Augusta", f.get("ada@example.com").FirstName)
	require.Equal(t, "King", f.get("ada@example.com").LastName)
}

func TestImport_RejectsCanBeCorrectedAndImported(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "email,plan\nada,Team\ngrace@example.com,"+strings.Repeat("x", 1001)+"\nhedy@example.com,\n")
	done, err := f.run(t.Context())
	require.NoError(t, err)
	require.Equal(t, 2, done.Created)
	rejects := strings.Split(f.read(".rejects.csv"), "\n")
	require.Equal(t, "import_line,import_reason,email,plan", rejects[0])
	require.Equal(t, "2,The email must be a valid email address.,ada,Team", rejects[1])
	require.Contains(t, rejects[2], "allowed 1000")
	require.Len(t, rejects, 4)

	f.write("", strings.ReplaceAll(strings.Join(rejects, "\n"), ",ada,", ",ada@example.com,"))
	_, err = f.run(t.Context())
	require.NoError(t, err)
	require.Equal(t, "Team", f.server.CustomFieldValue(f.get("ada@example.com").ID, f.plan))
	require.Regexp(t, `^import_line,import_reason,email,plan\n3,`, f.read(".rejects.csv"))
}

func TestImport_UnknownCustomFieldRefusedBeforeAnyRow(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "email,company\nada@example.com,Analytical Engines\n")
	_, err := f.run(t.Context())
	var name *funnel.NameError
	require.ErrorAs(t, err, &name)
	require.ErrorContains(t, err, `column "company"`)
	require.Zero(t, f.server.Counts()["contacts"])
}

func TestImport_MalformedFileRefusedBeforeAnyRequest(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, content, want string }{
		{"empty", "", "the file is empty"},
		{"no email", "mail\nada@example.com\n", "line 1: no column is named email"},
		{"semicolons", "email;first_name\nada@example.com;Ada\n", "line 1: no column is named email"},
		{"no name", "email,,tags\n", "line 1: column 2 has no name"},
		{"same name", "Email,plan,EMAIL\n", `line 1: two columns are named "email"`},
		{"missing cell", "email,plan\nada@example.com,A\ngrace@example.com\n", "line 3: wrong number of fields"},
		{"open quote", "email,plan\nada@example.com,\"A\n", `extraneous or missing "`},
		{"no boolean", "email,gdpr\nada@example.com,maybe\n", `line 2: gdpr: "maybe" is neither true nor false`},
		{"not UTF-8", "email,first_name\nzoe@example.com,Zo\xeb\n", "the file is not UTF-8"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, test.content)
			_, err := f.run(t.Context())
			require.ErrorContains(t, err, test.want)
			require.Zero(t, f.server.RequestCount())
		})
	}
}

func TestCheckpoint_OfAnotherJobIsIgnored(t *testing.T) {
	t.Parallel()
	const content = "email\nada@example.com\ngrace@example.com\n"
	f := newFixture(t, content)
	key := f.server.APIKey()
	for _, test := range []struct{ name, job, want string }{
		{"same job", jobID([]byte(content), key), "Continuing after row 1 of 2.\n"},
		{"another file", jobID([]byte("email\n"), key), ""},
		{"another account", jobID([]byte(content), "another key"), ""},
	} {
		c := checkpoint{Job: test.job, Rows: 1}
		require.NoError(t, c.save(f.path+".checkpoint"))
		done, err := f.run(t.Context())
		require.NoError(t, err, test.name)
		require.Equal(t, 2, done.Rows, test.name)
		require.Equal(t, test.want, f.stderr.String(), test.name)
	}
}

func TestCheckpoint_ContinuesWithCustomFields(t *testing.T) {
	t.Parallel()
	const content = "email,plan\nada@example.com,Team\ngrace@example.com,Basic\n"
	f := newFixture(t, content)
	for _, email := range []string{"ada@example.com", "grace@example.com"} {
		_, err := f.client.Contacts.Create(t.Context(), funnel.ContactCreateParams{Email: email})
		require.NoError(t, err)
	}
	c := checkpoint{Job: jobID([]byte(content), f.server.APIKey()), Rows: 2, Values: 1}
	require.NoError(t, c.save(f.path+".checkpoint"))
	_, err := f.run(t.Context())
	require.NoError(t, err)
	require.Empty(t, f.server.CustomFieldValue(1, f.plan))
	require.Equal(t, "Basic", f.server.CustomFieldValue(2, f.plan))
}

func TestImporter_ValuesLastRowPrevails(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "email,plan\nada@example.com,Team\ngrace@example.com,Basic\nADA@example.com,Basic\n")
	parsed, err := readFile(f.path)
	require.NoError(t, err)
	require.Equal(t, []value{
		{2, "ADA@example.com", "plan", "Basic"},
		{1, "grace@example.com", "plan", "Basic"},
	}, (&importer{file: parsed}).values())
}

func TestCheckpoint_Damaged(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "email\nada@example.com\n")
	f.write(".checkpoint", "{")
	_, err := f.run(t.Context())
	require.ErrorContains(t, err, "in.csv.checkpoint is not a checkpoint")
	require.Zero(t, f.server.RequestCount())
}

func TestCheckpoint_CannotBeSaved(t *testing.T) {
	t.Parallel()
	f := newFixture(t, generate(250))
	require.NoError(t, os.Mkdir(f.path+".checkpoint.tmp", 0o700)) // in the way
	_, err := f.run(t.Context())
	var pathErr *os.PathError
	require.ErrorAs(t, err, &pathErr)
	require.ErrorContains(t, err, "in.csv.checkpoint.tmp")
}
