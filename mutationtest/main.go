// Mutationtest makes one small change after another in the SDK's source, and
// runs the tests against each: a change that no test notices is a gap in the
// tests, or makes no difference.
//
//	GOWORK=off go run . -write retry.go errors.go internal/quota/window.go
//
// The files are named from the SDK's root. A change is first shown to the tests
// of the file's own package, and to those of the root package if they pass. The
// source itself is not touched: the go command is given the changed file as an
// overlay.
//
// With -write the results go to results.md. Changes that make no difference are
// listed in equivalent.txt, with the reason; the program fails if one is left
// that neither a test nor that list knows. It takes seconds for each change, an
// hour and more for all files: where only tests were added, -keep takes over
// from results.md what was caught, and tries the rest. A test program that wants more than 4 GB is
// ended, where sh knows ulimit -v, and the change counts as caught.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"
)

func main() {
	root := flag.String("root", "..", "the SDK's root `folder`")
	write := flag.Bool("write", false, "write results.md")
	keep := flag.Bool("keep", false, "try only what results.md does not say is caught")
	workers := flag.Int("workers", max(1, runtime.NumCPU()/2), "how many changes are tested at the same time")
	limit := flag.Duration("limit", time.Minute, "how long the tests may take: longer is a failure")
	flag.Parse()
	if err := run(lab{root: *root, limit: *limit, workers: *workers}, flag.Args(), *keep, *write); err != nil {
		fmt.Fprintln(os.Stderr, "mutationtest:", err)
		os.Exit(1)
	}
}

func run(lab lab, files []string, keep, write bool) error {
	known, err := readEquivalent("equivalent.txt")
	if err != nil {
		return err
	}
	page, err := readResults("results.md")
	if err != nil {
		return err
	}
	lab.root, err = filepath.Abs(lab.root)
	if err != nil {
		return err
	}
	var reports []report
	for _, file := range files {
		started := time.Now()
		var caught map[string][]string
		if keep {
			caught = page.caught(file)
		}
		trials, err := lab.examine(file, caught)
		if err != nil {
			return err
		}
		r := newReport(file, trials, known)
		fmt.Printf("%s in %s\n", r.summary(), time.Since(started).Round(time.Second))
		reports = append(reports, r)
		page.put(r)
		if write { // now, for it may be long until the last file is done
			if err := page.write("results.md"); err != nil {
				return err
			}
		}
	}
	return survivors(reports)
}
