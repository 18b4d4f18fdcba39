package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
)

// equivalent holds the reasons why changes make no difference, by file and
// change.
type equivalent map[string]string

// readEquivalent reads lines of the form "file | change | reason".
func readEquivalent(name string) (equivalent, error) {
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	known := equivalent{}
	for line := range strings.Lines(string(b)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		fields := strings.Split(line, " | ")
		if len(fields) < 3 {
			return nil, fmt.Errorf("%s: want file | change | reason: %s", name, line)
		}
		last := len(fields) - 1
		known[strings.Join(fields[:last], " | ")] = fields[last]
	}
	return known, nil
}

// A report is what came of the mutants of a file.
type report struct {
	file     string
	caught   []trial
	same     []trial // they make no difference
	survived []trial
	reasons  map[string]string // of same, by change
}

func newReport(file string, trials []trial, known equivalent) report {
	r := report{file: file, reasons: map[string]string{}}
	for _, t := range trials {
		reason, ok := known[file+" | "+t.change()]
		switch {
		case t.outcome == invalid:
		case t.outcome == caught:
			r.caught = append(r.caught, t)
		case ok:
			r.same = append(r.same, t)
			r.reasons[t.change()] = reason
		default:
			r.survived = append(r.survived, t)
		}
	}
	return r
}

func (r report) summary() string {
	return fmt.Sprintf("%s: %d changes, %d caught, %d make no difference, %d survived",
		r.file, len(r.caught)+len(r.same)+len(r.survived), len(r.caught), len(r.same), len(r.survived))
}

func survivors(reports []report) error {
	var errs []error
	for _, r := range reports {
		for _, t := range r.survived {
			errs = append(errs, fmt.Errorf("%s:%d: no test notices %s", r.file, t.line, t.change()))
		}
	}
	return errors.Join(errs...)
}

func writeResults(name string, reports []report) error {
	var b bytes.Buffer
	b.WriteString("# What the tests notice\n\n" +
		"Each line is one change that was made in the source, and the first test that failed for it. `make mutants` makes\n" +
		"them all anew and writes this page. Changes that do not compile are left out.\n\n" +
		"| file | changes | caught | make no difference | survived |\n| --- | ---: | ---: | ---: | ---: |\n")
	for _, r := range reports {
		fmt.Fprintf(&b, "| %s | %d | %d | %d | %d |\n", r.file,
			len(r.caught)+len(r.same)+len(r.survived), len(r.caught), len(r.same), len(r.survived))
	}
	for _, r := range reports {
		fmt.Fprintf(&b, "\n## %s\n\n| line | change | caught by |\n| ---: | --- | --- |\n", r.file)
		row := func(t trial, by string) {
			fmt.Fprintf(&b, "| %d | %s | %s |\n", t.line, strings.ReplaceAll(t.change(), "|", `\|`), by)
		}
		for _, t := range r.survived {
			row(t, "**nothing**")
		}
		for _, t := range r.same {
			row(t, "no difference: "+r.reasons[t.change()])
		}
		for _, t := range r.caught {
			row(t, t.test)
		}
	}
	return os.WriteFile(name, b.Bytes(), 0o644)
}
