package main

import (
	"context"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/examples/internal/tool"
	"github.com/funnel-go/funnel/funneltest"
)

func TestWithNothingConfiguredItImportsGeneratedContacts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &place{t: t, dir: t.TempDir()}
		p.run(t.Context(), exitRejects)
		equal(t, p.stderr.String(), tool.FakeNotice+"\n")
		equal(t, strings.ReplaceAll(p.stdout.String(), p.dir, "DIR"), `All 2000 rows of DIR/funnel-import-csv/contacts.csv are imported into an API in memory, the last 2000 in 3s with 2024 requests.
  created    1984
  updated       8
  rejected      8
    see DIR/funnel-import-csv/contacts.csv.rejects.csv
`)
		equal(t, p.read("funnel-import-csv/contacts.csv.rejects.csv"), generatedRejects)

		p.run(t.Context(), exitRejects) // and once more, from the beginning
		contains(t, p.stdout.String(), "the last 2000 in 3s")
	})
}

func TestWithNothingConfiguredItCanBeInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &place{t: t, dir: t.TempDir()}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(1500*time.Millisecond, cancel)
		p.run(ctx, tool.ExitInterrupted)
		match(t, p.stderr.String(), `(?s)^Nothing is configured.*\n(\d+) of 2000 rows are done. The same command goes on at row \d+\.\nimport-csv: interrupted\n$`)

		p.run(t.Context(), exitRejects)
		match(t, p.stderr.String(), `Going on at row \d+ of 2000\.`)
		match(t, p.stdout.String(), `All 2000 rows .* the last \d{3} in 1`)
		equal(t, p.read("funnel-import-csv/contacts.csv.rejects.csv"), generatedRejects)
	})
}

func match(t *testing.T, got, want string) {
	t.Helper()
	if !regexp.MustCompile(want).MatchString(got) {
		t.Errorf("%q does not match\n%s", want, got)
	}
}

func TestEveryContactIsImportedOnce(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.generate("contacts.csv")
	p.run(t.Context(), exitRejects, p.path("contacts.csv"))
	p.checkGenerated("contacts.csv")
	equal(t, p.server.Counts()["tags"], 5)

	requests := p.server.RequestCount()
	p.run(t.Context(), exitRejects, p.path("contacts.csv"))
	contains(t, p.stdout.String(), "All 2000 rows of", "are imported already. Remove", "contacts.csv.checkpoint to import them again.")
	equal(t, p.server.RequestCount(), requests)
}

// atRequest does something when the server has got n more requests.
func atRequest(server *funneltest.Server, n int64, do func()) {
	var count atomic.Int64
	server.Fail(funneltest.Fault{Times: -1, Match: func(*http.Request) bool {
		if count.Add(1) == n {
			do()
		}
		return false
	}})
}

func TestAfterInterruptionsNothingIsLostOrDoubled(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.generate("contacts.csv")
	for range 2 {
		ctx, cancel := context.WithCancel(t.Context())
		atRequest(p.server, 900, cancel)
		p.run(ctx, tool.ExitInterrupted, p.path("contacts.csv"))
		p.server.ClearFaults()
	}
	p.run(t.Context(), exitRejects, p.path("contacts.csv"))
	p.checkGenerated("contacts.csv")
}

func TestAnInterruptionBeforeAnythingIsDone(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("in.csv", "email\nada@example.com\n")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	p.run(ctx, tool.ExitInterrupted, p.path("in.csv"))
	equal(t, p.server.RequestCount(), 0)
	p.run(t.Context(), tool.ExitDone, p.path("in.csv"))
}

// program starts the tool as a process of its own.
func (p *place) program(args ...string) *exec.Cmd {
	p.t.Helper()
	path, err := os.Executable()
	if err != nil {
		p.t.Fatal(err)
	}
	cmd := exec.CommandContext(p.t.Context(), path, append([]string{"-rate", "1000000"}, args...)...)
	cmd.Env = append(os.Environ(), asProgram+"=1", "FUNNEL_BASE_URL="+p.server.URL(), "FUNNEL_API_KEY="+p.key)
	return cmd
}

// stopAt starts the tool and sends it a signal while the server holds up the
// nth request, so that it cannot have come to its end.
func (p *place) stopAt(n int64, signal os.Signal, args ...string) *exec.ExitError {
	p.t.Helper()
	reached, over := make(chan struct{}), make(chan struct{})
	release := sync.OnceFunc(func() { close(over) })
	defer release()
	atRequest(p.server, n, func() { close(reached); <-over })
	cmd := p.program(args...)
	if err := cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	select {
	case <-reached:
	case <-time.After(time.Minute):
		p.t.Error("the program does not come so far")
	}
	if err := cmd.Process.Signal(signal); err != nil {
		p.t.Error(err)
	}
	var exit *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &exit) {
		p.t.Fatalf("the program ended with %v", err)
	}
	release()
	p.server.ClearFaults()
	return exit
}

func TestAfterKillsNothingIsLostOrDoubled(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.generate("contacts.csv")
	for _, n := range []int64{3, 900} {
		equal(t, p.stopAt(n, os.Kill, p.path("contacts.csv")).ExitCode(), -1)
	}
	p.run(t.Context(), exitRejects, p.path("contacts.csv"))
	match(t, p.stderr.String(), `Going on at row \d{3,4} of 2000`)
	p.checkGenerated("contacts.csv")
}

func TestCtrlCStopsAtOnceAndSaysHowToGoOn(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("there a process cannot send the signal to another")
	}
	t.Parallel()
	p := newPlace(t)
	p.write("in.csv", "email\nnobody\nada@example.com\ngrace@example.com\n")
	equal(t, p.stopAt(1, os.Interrupt, p.path("in.csv")).ExitCode(), tool.ExitInterrupted)
	p.run(t.Context(), exitRejects, p.path("in.csv"))
	contains(t, p.stderr.String(), "Going on at row 2 of 3.")
	equal(t, len(p.contacts()), 2)
	equal(t, strings.Count(p.read("in.csv.rejects.csv"), "nobody"), 1)
}

func TestContactsThatAreThere(t *testing.T) {
	for _, test := range []struct {
		name  string
		args  []string
		first string
		out   string
	}{
		{"are brought up to date", nil, "Augusta", "  created       1\n  updated       1\n  rejected      0\n"},
		{"stay as they are with -create", []string{"-create"}, "Ada", "  created       1\n  updated       0\n  existing      1\n  rejected      0\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t)
			p.write("in.csv", "email,first_name,last_name\nada@example.com,Augusta,\ngrace@example.com,Grace,Hopper\n")
			_, err := p.server.Client().Contacts.Create(t.Context(), funnel.ContactCreateParams{Email: "ada@example.com", FirstName: "Ada", LastName: "King"})
			if err != nil {
				t.Fatal(err)
			}
			p.run(t.Context(), tool.ExitDone, append(test.args, p.path("in.csv"))...)
			contains(t, p.stdout.String(), test.out)
			ada := p.contacts()["ada@example.com"]
			equal(t, ada.FirstName, test.first)
			equal(t, ada.LastName, "King")
			if _, err := os.Stat(p.path("in.csv.rejects.csv")); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("there is a file with rejects, but there are none: %v", err)
			}
		})
	}
}

func TestAContactWhoseCreationGotNoAnswerIsThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := funneltest.NewServer()
		defer server.Close()
		server.Fail(funneltest.Fault{DropConnection: true, AfterCommit: true})
		for result := range server.Client().Contacts.CreateAll(t.Context(), slices.Values([]funnel.ContactCreateParams{{Email: "ada@example.com"}})) {
			im := &importer{options: options{create: true}, checkpoint: &checkpoint{}}
			if err := im.settle(row{}, result); err != nil {
				t.Fatal(err)
			}
			equal(t, im.checkpoint.Existing, 1)
		}
		equal(t, server.Counts()["contacts"], 1)
	})
}

func TestTagsAreTakenAsTheyAreInTheAccount(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("in.csv", "email,tags\nada@example.com, VIP ;reader;;VIP\n")
	if _, err := p.server.Client().Tags.Create(t.Context(), funnel.TagCreateParams{Name: "vip"}); err != nil {
		t.Fatal(err)
	}
	p.run(t.Context(), tool.ExitDone, p.path("in.csv"))
	tags := p.contacts()["ada@example.com"].Tags
	if len(tags) != 2 || tags[0].Name != "vip" || tags[1].Name != "reader" {
		t.Errorf("the tags are %+v", tags)
	}
}

func TestATagThatTheAPIRefusesEndsTheImportBeforeItBegins(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("in.csv", "email,tags\nada@example.com,\ngrace@example.com,"+strings.Repeat("x", 256)+"\n")
	p.run(t.Context(), tool.ExitFailed, p.path("in.csv"))
	contains(t, p.stderr.String(), "import-csv: line 3: tag", "must not be greater than 255 characters")
	equal(t, p.server.Counts()["contacts"], 0)
}

func TestAnErrorThatIsNoRowsOwnEndsTheImport(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("in.csv", "email\nada@example.com\ngrace@example.com\n")
	p.key = "another"
	p.run(t.Context(), tool.ExitFailed, p.path("in.csv"))
	contains(t, p.stderr.String(), "0 of 2 rows are done. The same command goes on at row 1.\n", "import-csv: row 1, on line 2: funnel: POST /contact: 401 UNAUTHORIZED")

	p.key = p.server.APIKey()
	p.run(t.Context(), tool.ExitDone, p.path("in.csv"))
	equal(t, len(p.contacts()), 2)
}

func TestARowForWhichTheAPIFails(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("in.csv", "email\nada@example.com\n")
	p.server.Fail(funneltest.Fault{Status: 413, Times: 2})
	p.run(t.Context(), tool.ExitFailed, p.path("in.csv"))
	contains(t, p.stderr.String(), "0 of 1 rows are done", "413 Request Entity Too Large")

	p.run(t.Context(), exitRejects, "-keep-going", p.path("in.csv"))
	contains(t, p.read("in.csv.rejects.csv"), "1,2,funnel: POST /contact: 413 Request Entity Too Large", ",ada@example.com\n")
}

func TestRejectsThatWerePutRightAreImported(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("in.csv", "email,company\nada,Analytical Engines\ngrace,Navy\n")
	p.run(t.Context(), exitRejects, p.path("in.csv"))
	rejects := p.read("in.csv.rejects.csv")
	equal(t, rejects, "import_row,import_line,import_reason,email,company\n1,2,email: is no address,ada,Analytical Engines\n2,3,email: is no address,grace,Navy\n")

	p.write("again.csv", strings.Replace(rejects, ",ada,", ",ada@example.com,", 1))
	p.run(t.Context(), exitRejects, p.path("again.csv"))
	equal(t, p.contacts()["ada@example.com"].CustomFields["company"], "Analytical Engines")
	equal(t, len(p.contacts()["ada@example.com"].CustomFields), 1)
	equal(t, p.read("again.csv.rejects.csv"), "import_row,import_line,import_reason,email,company\n2,3,email: is no address,grace,Navy\n")
}

func TestOnATerminalThereIsABar(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.terminal = true
	p.write("in.csv", "email\nada@example.com\n")
	p.run(t.Context(), tool.ExitDone, p.path("in.csv"))
	contains(t, p.stderr.String(), " 100% |██████████████████████████████| (1/1) done ")
}

func TestADryRunSendsNothing(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.generate("contacts.csv")
	p.run(t.Context(), exitRejects, "-dry-run", "-rate", "600", p.path("contacts.csv"))
	equal(t, strings.ReplaceAll(p.stdout.String(), p.dir, "DIR"), `DIR/contacts.csv has 2000 rows
  would be sent    1994
  no contacts         6
    line 251: email: is missing
    line 501: email: is no address
    line 1000: columns: there are 3 where the header has 6
    line 1251: email: is missing
    line 1501: email: is no address
    line 2000: columns: there are 3 where the header has 6
  tags                5  ["newsletter" "customer" "webinar" "trial" "vip"]
At 600 requests a minute it takes 3 min, if all contacts are new; to update one takes two to five requests.
Nothing was sent. The API may refuse more.
`)
	equal(t, p.stderr.String(), "")
	equal(t, p.server.RequestCount(), 0)
	files, err := os.ReadDir(p.dir)
	if err != nil || len(files) != 1 {
		t.Errorf("it left %v, %v", files, err)
	}
}

func TestWrongUsage(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	for _, test := range []struct {
		args []string
		want string
	}{
		{nil, "import-csv: which file?"},
		{[]string{"a.csv", "b.csv"}, `["b.csv"] is too much`},
		{[]string{"-no-such-flag"}, "import-csv: flag provided but not defined: -no-such-flag\nimport-csv -h tells more.\n"},
		{[]string{"-rate", "0", "a.csv"}, "-rate must be positive"},
	} {
		p.run(t.Context(), tool.ExitUsage, test.args...)
		contains(t, p.stderr.String(), test.want)
	}
	p.run(t.Context(), tool.ExitDone, "-h")
	contains(t, p.stdout.String(), "Usage: import-csv [flags] FILE\nExit codes: 0 all", "\n  -dry-run\n")
}
