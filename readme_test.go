package funnel_test

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What the READMEs show compiles, each in its own module.
func TestREADME_CodeCompiles(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("funnelredis"); err != nil {
		t.Skip("the library is in the module cache, where the go command accepts no overlays")
	}
	for dir, blocks := range map[string]int{".": 6, "funnelredis": 2, "funnelotel": 1, "funnelvcr": 1} {
		t.Run(dir, func(t *testing.T) {
			t.Parallel()
			root, err := filepath.Abs(dir)
			require.NoError(t, err)
			readme, err := os.ReadFile(filepath.Join(root, "README.md"))
			require.NoError(t, err)
			snippets := regexp.MustCompile("(?ms)^```go\n(.*?)^```$").FindAllSubmatch(readme, -1)
			require.Len(t, snippets, blocks)

			// Packages of the module that only the go command sees. They are no main
			// packages, which it would link.
			var overlay struct{ Replace map[string]string }
			overlay.Replace = map[string]string{}
			scratch := t.TempDir()
			args := []string{"build", "-o", os.DevNull, "-overlay", filepath.Join(scratch, "overlay.json")}
			for i, snippet := range snippets {
				pkg := fmt.Sprintf("snippet%d", i+1)
				file := filepath.Join(scratch, pkg+".go")
				require.NoError(t, os.WriteFile(file, []byte(strings.Replace(program(t, string(snippet[1])), "package main", "package snippet", 1)), 0o600))
				overlay.Replace[filepath.Join(root, pkg, "main.go")] = file
				args = append(args, "./"+pkg)
			}
			b, err := json.Marshal(overlay)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(filepath.Join(scratch, "overlay.json"), b, 0o600))
			cmd := exec.CommandContext(t.Context(), "go", args...)
			cmd.Dir = root
			cmd.Env = append(os.Environ(), "GOWORK=off")
			out, err := cmd.CombinedOutput()
			require.NoError(t, err, "%s", out)
		})
	}
}

// The commands for a new user are code, one on each line: as prose they cannot be
// copied.
func TestREADME_CommandsAreCode(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	for _, command := range []string{"go mod edit ", "go run ./examples/quickstart ", "go run ./cmd/funnel-emulator ", "make test "} {
		require.Contains(t, string(readme), "\n    "+command, "README.md")
	}
}

// program returns a snippet as a program. One that is only statements gets a
// function around it, with what the text takes for granted as parameters.
func program(t *testing.T, snippet string) string {
	t.Helper()
	if strings.HasPrefix(snippet, "package ") {
		return snippet
	}
	const given = "ctx context.Context, client *funnel.Client, apiKey, baseURL, email, secret string"
	function := func(end string) string {
		return "func _(" + given + ") error {\n{\n" + snippet + end + "}\nreturn nil\n}\n"
	}
	file, err := parser.ParseFile(token.NewFileSet(), "", "package main\n"+function(""), 0)
	require.NoError(t, err, "%s", snippet)
	// What a snippet is there to make need not be used.
	var used strings.Builder
	for _, statement := range file.Decls[0].(*ast.FuncDecl).Body.List[0].(*ast.BlockStmt).List {
		if made, ok := statement.(*ast.AssignStmt); ok && made.Tok == token.DEFINE {
			for _, name := range made.Lhs {
				if fmt.Sprint(name) == "_" {
					continue
				}
				fmt.Fprintf(&used, "_ = %s\n", name)
			}
		}
	}
	body := function(used.String())
	const sdk = "github.com/funnel-go/funnel"
	imports := "package main\n"
	for name, path := range map[string]string{
		"context": "context", "errors": "errors", "fmt": "fmt", "http": "net/http", "slices": "slices",
		"funnel": sdk, "funneltest": sdk + "/funneltest", "funnelotel": sdk + "/funnelotel", "funnelredis": sdk + "/funnelredis", "funnelvcr": sdk + "/funnelvcr",
		"httpmock": "github.com/jarcoal/httpmock", "redis": "github.com/redis/go-redis/v9", "logging": "github.com/redis/go-redis/v9/logging", "time": "time",
	} {
		if strings.Contains(body, name+".") {
			imports += fmt.Sprintf("import %s %q\n", name, path)
		}
	}
	return imports + "func main() {}\n" + body
}
