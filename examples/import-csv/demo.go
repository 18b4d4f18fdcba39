package main

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/funnel-go/funnel/examples/internal/atomicfile"
	"github.com/funnel-go/funnel/funneltest"
)

// What follows serves the demonstration only: a file to import, and an API in
// memory that is still there when the import is gone on with.

const demoRows = 2000

// prepareDemo sets the file to a generated one, which stays the same until it is
// imported to the end.
func prepareDemo(opts *options, tempDir string) error {
	dir := filepath.Join(tempDir, "funnel-import-csv")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	opts.file = filepath.Join(dir, "contacts.csv")
	ownRejects := opts.rejects == ""
	opts.beside()
	if _, err := os.Stat(opts.checkpoint); err == nil {
		return nil
	}
	if ownRejects {
		if err := os.Remove(opts.rejects); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	var content bytes.Buffer
	if err := generate(&content, demoRows); err != nil {
		return err
	}
	return atomicfile.Write(opts.file, content.Bytes())
}

// generate writes a file of so many rows, the same at every time. One in 200 is
// a contact that was there before, one in 250 is none.
func generate(w io.Writer, rows int) error {
	out := csv.NewWriter(w)
	_ = out.Write([]string{"email", "first_name", "last_name", "phone", "tags", "company"}) // Error tells
	for n := range rows {
		record := generated(n)
		switch {
		case n%200 == 199: // the same once more, promoted
			record = generated(n - 100)
			record[4] = "customer;vip"
		case n%1000 == 249:
			record[0] = ""
		case n%1000 == 499:
			record[0] = strings.Replace(record[0], "@", " at ", 1)
		case n%1000 == 749: // which the API finds out
			record[0] = strings.Replace(record[0], "@", "@@", 1)
		case n%1000 == 998:
			record = record[:3]
		}
		_ = out.Write(record)
	}
	out.Flush()
	return out.Error()
}

var (
	firstNames = []string{"Ada", "Alan", "Barbara", "Edsger", "Grace", "John", "Katherine", "Leslie"}
	lastNames  = []string{"Dijkstra", "Hopper", "Johnson", "Lamport", "Liskov", "Lovelace", "McCarthy", "O'Neill", "Turing"}
	someTags   = []string{"newsletter", "newsletter;customer", "", "webinar", "newsletter;trial"}
	companies  = []string{"", "Analytical Engines Ltd", "Difference, Sons & Co."}
)

func generated(n int) []string {
	first, last := firstNames[n%len(firstNames)], lastNames[n%len(lastNames)]
	return []string{
		strings.ToLower(fmt.Sprintf("%s.%s.%d@example.com", first, strings.ReplaceAll(last, "'", ""), n+1)),
		first,
		last,
		fmt.Sprintf("+49 30 %07d", n+1),
		someTags[n%len(someTags)],
		companies[n%len(companies)],
	}
}

// fakeState is where the state of an API in memory is kept.
func fakeState(opts options) string { return opts.checkpoint + ".api.json" }

func saveFake(fake *funneltest.Server, path string) error {
	state, err := fake.Snapshot()
	if err != nil {
		return err
	}
	return atomicfile.Write(path, state)
}

func restoreFake(fake *funneltest.Server, path string) error {
	state, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return fake.Restore(state)
}
