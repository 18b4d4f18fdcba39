package main

import (
	"bytes"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const source = `package p

import "sync"

func f(mu *sync.Mutex, ok bool, n int) int {
	mu.Lock()
	defer mu.Unlock()
	defer g()
	if !ok && n < 10 {
		g()
		return min(n, 1)
	}
	for i := range n {
		if h(i) {
			continue
		}
		n += i
	}
	n = n * 2
	return n
}
`

func TestMutate(t *testing.T) {
	t.Parallel()
	mutants, err := mutate([]byte(source))
	require.NoError(t, err)
	var changes []string
	for _, m := range mutants {
		changes = append(changes, m.change())
		require.Positive(t, m.line)
		require.NotEqual(t, source, string(m.source))
		_, err := parser.ParseFile(token.NewFileSet(), "", m.source, 0)
		require.NoError(t, err, m.change())
	}
	require.ElementsMatch(t, []string{
		"f: without `defer g()`",
		"f: `!ok && n < 10` → `!ok || n < 10`",
		"f: `!ok` → `ok`",
		"f: `n < 10` → `n <= 10`",
		"f: `n < 10` → `n >= 10`",
		"f: `10` → `11`",
		"f: without `g()`",
		"f: without `return min(n, 1)`",
		"f: `min` → `max`",
		"f: `1` → `2`",
		"f: `h(i)` → `!h(i)`",
		"f: without `continue`",
		"f: `n += i` → `n -= i`",
		"f: without `n = n * 2`",
		"f: `n * 2` → `n / 2`",
		"f: `2` → `3`",
	}, changes)
}

func TestMutate_NoGo(t *testing.T) {
	t.Parallel()
	_, err := mutate([]byte("no Go"))
	require.Error(t, err)
}

func TestVerdict(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, output string
		outcome      outcome
		test         string
	}{
		{"does not compile", `{"Action":"build-output","Output":"x.go:1:2: no"}
{"Action":"build-fail"}
{"Action":"fail","FailedBuild":"p"}`, invalid, ""},
		{"failed", `{"Action":"run","Test":"TestA"}
{"Action":"fail","Test":"TestA/one"}
{"Action":"fail","Test":"TestA"}`, caught, "TestA"},
		{"crashed alone", `{"Action":"run","Test":"TestA"}
{"Action":"pass","Test":"TestA"}
{"Action":"run","Test":"TestB"}
{"Action":"output","Test":"TestB","Output":"panic: oh\n"}
{"Action":"fail","Package":"p"}`, caught, "TestB"},
		{"crashed beside others", `{"Action":"run","Test":"TestA"}
{"Action":"run","Test":"TestB"}
{"Action":"fail","Package":"p"}`, caught, "(by a crash)"},
		{"hangs", `{"Action":"run","Test":"TestA"}
{"Action":"run","Test":"TestB"}
{"Action":"output","Output":"panic: test timed out after 1m0s\n"}
{"Action":"fail","Package":"p"}`, caught, "(by its time)"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			outcome, name := verdict([]byte(test.output))
			require.Equal(t, test.outcome, outcome)
			require.Equal(t, test.test, name)
		})
	}
}

// module writes the files of a module to a folder of its own.
func module(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	files["go.mod"] = "module example.com/p\n\ngo 1.25\n"
	for name, content := range files {
		require.NoError(t, os.WriteFile(filepath.Join(root, name), []byte(content), 0o600))
	}
	return root
}

// A module with one test, which notices one of the changes.
func TestRun(t *testing.T) {
	root := module(t, map[string]string{
		"p.go": `package p

func half(n int) int {
	if n > 100 {
		return 50
	}
	return n / 2
}
`,
		"p_test.go": `package p

import "testing"

func TestHalf(t *testing.T) {
	if half(8) != 4 {
		t.Fatal(half(8))
	}
}
`,
	})
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile("equivalent.txt", []byte("# why\np.go | half: `n > 100` → `n >= 100` | fifty is half of a hundred\n"), 0o600))

	lab := lab{root: root, limit: time.Minute, workers: 1}
	err := run(lab, []string{"p.go"}, false, true)
	require.ErrorContains(t, err, "p.go:4: no test notices half: `100` → `101`")
	require.ErrorContains(t, err, "p.go:5: no test notices half: without `return 50`")
	require.NotContains(t, err.Error(), "n / 2")
	require.NotContains(t, err.Error(), "`n >= 100`")
	page, err := os.ReadFile("results.md")
	require.NoError(t, err)
	require.Contains(t, string(page), "| 7 | half: `n / 2` → `n * 2` | TestHalf |")
	require.Contains(t, string(page), "| 4 | half: `n > 100` → `n >= 100` | *no difference: fifty is half of a hundred* |")
	require.Contains(t, string(page), "| 4 | half: `100` → `101` | **nothing** |")

	// With -keep what was caught is not tried again, and nothing else is lost.
	require.NoError(t, os.WriteFile("results.md", append([]byte("\n## other.go: fine\n"), page...), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(root, "p_test.go"), []byte("package p\n"), 0o600))
	err = run(lab, []string{"p.go"}, true, true)
	require.ErrorContains(t, err, "without `return 50`")
	require.NotContains(t, err.Error(), "n / 2")
	kept, err := os.ReadFile("results.md")
	require.NoError(t, err)
	require.Contains(t, string(kept), "\n## other.go: fine\n")
	require.Contains(t, string(kept), string(page[bytes.Index(page, []byte("\n## p.go")):]))

	require.ErrorContains(t, run(lab, []string{"p.go"}, false, false), "n / 2")
}

// A test that wants all memory is ended by the limit, long before its time is up.
func TestRun_MemoryWithoutEnd(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("ulimit -v limits nothing here")
	}
	root := module(t, map[string]string{
		"p.go": "package p\n\nfunc done() bool {\n\treturn true\n}\n",
		"p_test.go": `package p

import "testing"

func TestDone(t *testing.T) {
	for all := make([][]byte, 0); !done(); {
		all = append(all, make([]byte, 1<<30))
	}
}
`,
	})
	trials, err := lab{root: root, limit: time.Hour, workers: 1}.examine("p.go", nil)
	require.NoError(t, err)
	require.Len(t, trials, 1)
	require.Equal(t, caught, trials[0].outcome)
	require.Equal(t, "TestDone", trials[0].test)
}

func TestRun_TestsThatFailAnyway(t *testing.T) {
	root := module(t, map[string]string{
		"p.go":      "package p\n",
		"p_test.go": "package p\n\nimport \"testing\"\n\nfunc TestIt(t *testing.T) { t.Fail() }\n",
	})
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile("equivalent.txt", nil, 0o600))
	require.ErrorContains(t, run(lab{root: root, limit: time.Minute, workers: 1}, []string{"p.go"}, false, false), "do not pass without a change: caught TestIt")
}

func TestEquivalent_WithoutAReason(t *testing.T) {
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile("equivalent.txt", []byte("p.go | half: without `g()`\n"), 0o600))
	require.Error(t, run(lab{root: "."}, nil, false, false))
}
