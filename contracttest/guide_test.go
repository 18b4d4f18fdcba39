package contracttest_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const guide = "../docs/when-the-real-api-differs.md"

func read(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	require.NoError(t, err)
	return string(data)
}

// The Go code in the guide compiles. It becomes a package of the SDK's module that
// only the go command sees.
func TestGuide_CodeCompiles(t *testing.T) {
	t.Parallel()
	root, err := filepath.Abs("..")
	require.NoError(t, err)
	blocks := regexp.MustCompile("(?ms)^```go\n(.*?)^```$").FindAllStringSubmatch(read(t, guide), -1)
	require.NotEmpty(t, blocks)
	var functions strings.Builder
	for _, block := range blocks {
		fmt.Fprintf(&functions, "func _(ctx context.Context, client *funnel.Client, apiKey string) error {\n{\n%s", block[1])
		for _, made := range regexp.MustCompile(`(?m)^([\w, ]+) :=`).FindAllStringSubmatch(block[1], -1) {
			for name := range strings.SplitSeq(made[1], ", ") {
				if name != "_" {
					fmt.Fprintf(&functions, "_ = %s\n", name)
				}
			}
		}
		functions.WriteString("_ = ctx\n}\nreturn nil\n}\n")
	}
	program := "package guide\n"
	for name, path := range map[string]string{
		"context": "context", "errors": "errors", "fmt": "fmt", "http": "net/http", "json": "encoding/json", "time": "time", "url": "net/url",
		"funnel": "github.com/funnel-go/funnel", "funneltest": "github.com/funnel-go/funnel/funneltest",
	} {
		if strings.Contains(functions.String(), name+".") {
			program += fmt.Sprintf("import %q\n", path)
		}
	}
	dir := t.TempDir()
	file, overlay := filepath.Join(dir, "guide.go"), filepath.Join(dir, "overlay.json")
	require.NoError(t, os.WriteFile(file, []byte(program+functions.String()), 0o600))
	replace, err := json.Marshal(map[string]any{"Replace": map[string]string{filepath.Join(root, "guide", "guide.go"): file}})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(overlay, replace, 0o600))
	cmd := exec.CommandContext(t.Context(), "go", "build", "-overlay", overlay, "./guide")
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "GOWORK=off")
	output, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", output)
}

// The guide's links lead to files and headings that exist.
func TestGuide_LinksLeadSomewhere(t *testing.T) {
	t.Parallel()
	for _, link := range regexp.MustCompile(`\]\(([^)]+)\)`).FindAllStringSubmatch(read(t, guide), -1) {
		if strings.HasPrefix(link[1], "https://") {
			continue
		}
		name, heading, _ := strings.Cut(link[1], "#")
		target := guide
		if name != "" {
			target = filepath.Join("..", "docs", name)
		}
		text := read(t, target)
		if heading != "" {
			require.Regexp(t, `(?mi)^#+ `+strings.ReplaceAll(heading, "-", ".")+`$`, text, link[1])
		}
	}
}
