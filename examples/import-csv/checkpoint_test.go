package main

import (
	"context"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/examples/internal/tool"
	"github.com/funnel-go/funnel/funneltest"
)

// interrupted returns a place with a file of which only the first row is done.
func interrupted(t *testing.T) *place {
	p := newPlace(t)
	p.write("in.csv", "email\nnobody\nada@example.com\n")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	p.server.Fail(funneltest.Fault{Delay: time.Hour, Match: func(*http.Request) bool { cancel(); return true }})
	p.run(ctx, tool.ExitInterrupted, p.path("in.csv"))
	contains(t, p.stderr.String(), "1 of 2 rows are done. The same command goes on at row 2.\n")
	return p
}

func TestACheckpointBelongsToItsImport(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*place)
		want   string
	}{
		{"another file", func(p *place) {
			p.write("in.csv", "email\nnobody\ngrace@example.com\n")
		}, "in.csv.checkpoint is the checkpoint of a file with other content, or this one has changed since: set another with -checkpoint, or remove it to begin anew"},
		{"another API", func(p *place) {
			p.server = funneltest.NewServer()
			p.t.Cleanup(p.server.Close)
		}, "in.csv.checkpoint is the checkpoint of an import into http://127.0.0.1:"},
		{"damaged", func(p *place) {
			p.write("in.csv.checkpoint", "{")
		}, "in.csv.checkpoint is no checkpoint: unexpected end of JSON input"},
		{"the rejects are gone", func(p *place) {
			p.write("in.csv.rejects.csv", "")
		}, "in.csv.rejects.csv is shorter than the checkpoint says: put it back, or remove"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := interrupted(t)
			checkpoint := p.read("in.csv.checkpoint")
			requests := p.server.RequestCount()
			test.change(p)
			p.run(t.Context(), tool.ExitFailed, p.path("in.csv"))
			contains(t, p.stderr.String(), test.want)
			if test.name != "another API" {
				equal(t, p.server.RequestCount(), requests)
			}
			if test.name != "damaged" {
				equal(t, p.read("in.csv.checkpoint"), checkpoint)
			}
		})
	}
}

func TestRejectsOfAnotherImportAreNotOverwritten(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("in.csv", "email\nnobody\n")
	p.write("in.csv.rejects.csv", "precious")
	for range 2 {
		p.run(t.Context(), tool.ExitFailed, p.path("in.csv"))
		contains(t, p.stderr.String(), "in.csv.rejects.csv is there already, from another import: move it away, or set another with -rejects")
	}
	equal(t, p.read("in.csv.rejects.csv"), "precious")
	p.run(t.Context(), exitRejects, "-rejects", p.path("mine.csv"), "-checkpoint", p.path("mine.checkpoint"), p.path("in.csv"))
	contains(t, p.read("mine.csv"), "1,2,email: is no address,nobody")
	contains(t, p.read("mine.checkpoint"), `"rejected": 1`)
}

func TestRejectsThatTheCheckpointDoesNotCountAreCutOff(t *testing.T) {
	t.Parallel()
	p := interrupted(t)
	rejects := p.read("in.csv.rejects.csv")
	p.write("in.csv.rejects.csv", rejects+"2,3,written before a kill") // and not yet counted
	p.run(t.Context(), exitRejects, p.path("in.csv"))
	equal(t, p.read("in.csv.rejects.csv"), rejects)
	equal(t, strings.Count(rejects, "\n"), 2)
}

func TestADryRunKnowsWhatIsDone(t *testing.T) {
	t.Parallel()
	p := interrupted(t)
	p.run(t.Context(), exitRejects, "-dry-run", p.path("in.csv"))
	contains(t, p.stdout.String(), "1 rows are done already, says "+p.path("in.csv.checkpoint"))
}

func TestFilesWithPersonalDataAreTheUsersOwn(t *testing.T) {
	t.Parallel()
	p := interrupted(t)
	for _, name := range []string{"in.csv.checkpoint", "in.csv.rejects.csv"} {
		info, err := os.Stat(p.path(name))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm()&0o077 != 0 && os.PathSeparator == '/' {
			t.Errorf("%s has the mode %s", name, info.Mode())
		}
	}
}

func TestWhatCannotBeSavedIsNotCountedAsDone(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("in.csv", "email\nada@example.com\n")
	if err := os.Mkdir(p.path("in.csv.checkpoint.tmp"), 0o700); err != nil { // in the way
		t.Fatal(err)
	}
	p.run(t.Context(), tool.ExitFailed, p.path("in.csv"))
	contains(t, p.stderr.String(), "in.csv.checkpoint.tmp")
	equal(t, p.server.RequestCount(), 0)

	if err := os.Remove(p.path("in.csv.checkpoint.tmp")); err != nil {
		t.Fatal(err)
	}
	atRequest(p.server, 1, func() { _ = os.Mkdir(p.path("in.csv.checkpoint.tmp"), 0o700) })
	p.run(t.Context(), tool.ExitFailed, p.path("in.csv"))
	contains(t, p.stderr.String(), "0 of 1 rows are done.", "import-csv: how far the import has come is not on the disk: ")
}

func TestWhatIsDoneIsSavedWhileTheQuotaIsUsedUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &place{t: t, dir: t.TempDir()}
		c := &checkpoint{path: p.path("checkpoint")}
		rejects, err := openRejects(p.path("rejects.csv"), []string{"email"}, c)
		if err != nil {
			t.Fatal(err)
		}
		im := &importer{api: &tool.API{}, checkpoint: c, rejects: rejects}
		defer im.saveRegularly()()
		if err := im.settle(row{number: 1, line: 2, record: []string{"nobody"}, reject: "none"}, funnel.BulkResult[*funnel.Contact]{}); err != nil {
			t.Fatal(err)
		}
		<-time.After(saveInterval)
		synctest.Wait()
		contains(t, p.read("checkpoint"), `"rows": 1,`)
		contains(t, p.read("rejects.csv"), "1,2,none,nobody")
	})
}
