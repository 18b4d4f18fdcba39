package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// An outcome is what the tests say of a mutant.
type outcome string

const (
	caught   outcome = "caught"
	survived outcome = "survived"
	invalid  outcome = "does not compile" // or is refused by vet
)

// A trial is a mutant that was shown to the tests.
type trial struct {
	mutant
	outcome outcome
	test    string // that caught it
}

// A lab runs the tests against mutants.
type lab struct {
	root    string
	limit   time.Duration
	workers int
}

// examine tries all mutants of a file but for those of which it is known which
// tests caught them, by change. First it tries the file as it is: no test may
// fail then.
func (l lab) examine(file string, known map[string][]string) ([]trial, error) {
	source, err := os.ReadFile(filepath.Join(l.root, file))
	if err != nil {
		return nil, err
	}
	mutants, err := mutate(source)
	if err != nil {
		return nil, err
	}
	unchanged, err := l.try(file, mutant{source: source})
	if err != nil {
		return nil, err
	}
	if unchanged.outcome != survived {
		return nil, fmt.Errorf("%s: the tests do not pass without a change: %s %s", file, unchanged.outcome, unchanged.test)
	}
	trials := make([]trial, len(mutants))
	errs := make([]error, len(mutants))
	jobs := make(chan int)
	var wg sync.WaitGroup
	for range l.workers {
		wg.Go(func() {
			for i := range jobs {
				trials[i], errs[i] = l.try(file, mutants[i])
				fmt.Printf("%s:%d: %s: %s %s\n", file, mutants[i].line, mutants[i].change(), trials[i].outcome, trials[i].test)
			}
		})
	}
	alike := map[string]int{} // how many there are of each change
	for _, m := range mutants {
		alike[m.change()]++
	}
	seen := map[string]int{}
	for i, m := range mutants {
		if tests := known[m.change()]; len(tests) == alike[m.change()] {
			trials[i] = trial{m, caught, tests[seen[m.change()]]}
			seen[m.change()]++
			continue
		}
		jobs <- i
	}
	close(jobs)
	wg.Wait()
	return trials, errors.Join(errs...)
}

// try shows a mutant to the tests that know its file.
func (l lab) try(file string, m mutant) (trial, error) {
	t := trial{mutant: m}
	dir, err := os.MkdirTemp("", "mutant")
	if err != nil {
		return t, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	changed, overlay := filepath.Join(dir, "changed.go"), filepath.Join(dir, "overlay.json")
	replace, err := json.Marshal(map[string]any{
		"Replace": map[string]string{filepath.Join(l.root, filepath.FromSlash(file)): changed},
	})
	if err != nil {
		return t, err
	}
	if err := errors.Join(os.WriteFile(changed, m.source, 0o600), os.WriteFile(overlay, replace, 0o600)); err != nil {
		return t, err
	}
	for _, tests := range suites(file) {
		t.outcome, t.test, err = l.test(overlay, tests)
		if err != nil || t.outcome != survived {
			return t, err
		}
	}
	return t, nil
}

// slow are the tests of the root package that take longer than all others.
const slow = "Hostile|OverSockets|Million|README"

// suites are the tests that know a file, the quickest first.
func suites(file string) [][]string {
	all := [][]string{{"-skip", slow, "."}, {"-run", slow, "."}}
	if dir := path.Dir(file); dir != "." {
		all = append([][]string{{"./" + dir}}, all...)
	}
	return all
}

// bounded runs a test program with 4 GB of address space at most: a change may
// make it use memory without end, until the machine stands still.
const bounded = `sh -c 'ulimit -v 4000000; exec "$@"' sh`

func (l lab) test(overlay string, tests []string) (outcome, string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), l.limit+time.Minute) // and a minute to build
	defer cancel()
	args := []string{
		"test", "-overlay", overlay, "-exec", bounded,
		"-failfast", "-count=1", "-vet=off", "-json", "-timeout", l.limit.String(),
	}
	cmd := exec.CommandContext(ctx, "go", append(args, tests...)...)
	cmd.Dir = l.root
	cmd.Env = append(os.Environ(), "GOWORK=off")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	if err == nil {
		return survived, "", nil
	}
	var failed *exec.ExitError
	if !errors.As(err, &failed) {
		return "", "", fmt.Errorf("go test: %w", err)
	}
	o, test := verdict(out.Bytes())
	return o, test, nil
}

// verdict reads the output of a go test -json that failed.
func verdict(out []byte) (o outcome, test string) {
	running := map[string]bool{}
	how := "a crash"
	for line := range bytes.Lines(out) {
		var event struct{ Action, Test, Output, FailedBuild string }
		if json.Unmarshal(line, &event) != nil {
			continue
		}
		name, _, isPart := strings.Cut(event.Test, "/")
		switch {
		case event.Action == "build-fail" || event.FailedBuild != "":
			return invalid, ""
		case event.Action == "fail" && name != "":
			return caught, name
		case event.Action == "run" && !isPart:
			running[name] = true
		case event.Action == "pass" && !isPart:
			delete(running, name)
		case strings.HasPrefix(event.Output, "panic: test timed out"):
			how = "its time"
		}
	}
	if len(running) == 1 { // else nobody knows which
		for name := range running {
			return caught, name
		}
	}
	return caught, "(by " + how + ")"
}
