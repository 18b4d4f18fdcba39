package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"slices"
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

// results is the page of results: an introduction, and a section for each file.
type results struct {
	sections []string
}

const intro = "# What the tests notice\n\n" +
	"Each line is one change that was made in the source, and the first test that failed for it. `make mutants` makes\n" +
	"them all anew and writes this page. Changes that do not compile are left out.\n"

const heading = "\n## "

// readResults reads a page. One that is not there is empty.
func readResults(name string) (results, error) {
	b, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return results{}, nil
	}
	return results{strings.Split(string(b), heading)[1:]}, err
}

func (p results) write(name string) error {
	return os.WriteFile(name, []byte(intro+heading+strings.Join(p.sections, heading)), 0o644)
}

// index returns where the section of a file is, or where it would come.
func (p results) index(file string) int {
	i := slices.IndexFunc(p.sections, func(s string) bool { return strings.HasPrefix(s, file+": ") })
	if i < 0 {
		return len(p.sections)
	}
	return i
}

// put adds a report in place of the last one on the file.
func (p *results) put(r report) {
	i := p.index(r.file)
	p.sections = slices.Replace(p.sections, i, min(i+1, len(p.sections)), r.section())
}

// caught returns the tests that caught the changes of a file, by change.
func (p results) caught(file string) map[string][]string {
	tests := map[string][]string{}
	if i := p.index(file); i < len(p.sections) {
		for _, row := range regexp.MustCompile(`(?m)^\| \d+ \| (.*) \| ([\w(][\w ]*\)?) \|$`).FindAllStringSubmatch(p.sections[i], -1) {
			change := strings.ReplaceAll(row[1], `\|`, "|")
			tests[change] = append(tests[change], row[2])
		}
	}
	return tests
}

// row begins the line of a mutant on the page.
func (m mutant) row() string {
	return fmt.Sprintf("| %d | %s | ", m.line, strings.ReplaceAll(m.change(), "|", `\|`))
}

func (r report) section() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n| line | change | caught by |\n| ---: | --- | --- |\n", r.summary())
	for _, t := range r.survived {
		b.WriteString(t.row() + "**nothing** |\n")
	}
	for _, t := range r.same {
		b.WriteString(t.row() + "*no difference: " + r.reasons[t.change()] + "* |\n")
	}
	for _, t := range r.caught {
		b.WriteString(t.row() + t.test + " |\n")
	}
	return b.String()
}
