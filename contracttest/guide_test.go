package contracttest_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const guide = "../docs/when-the-real-api-differs.md"

var fence = regexp.MustCompile("(?ms)^```(\\w+)\n(.*?)^```$")

// blocks returns the code blocks of the guide that are in a language.
func blocks(t *testing.T, language string) []string {
	t.Helper()
	var found []string
	for _, block := range fence.FindAllStringSubmatch(read(t, guide), -1) {
		if block[1] == language {
			found = append(found, block[2])
		}
	}
	require.NotEmpty(t, found)
	return found
}

func read(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	require.NoError(t, err)
	return string(data)
}

// What the guide shows is compiled and run, as examples of the SDK.
func TestGuideShowsWhatRuns(t *testing.T) {
	t.Parallel()
	var examples strings.Builder
	for line := range strings.Lines(read(t, "../example_differs_test.go")) {
		examples.WriteString(strings.TrimLeft(line, "\t"))
	}
	for _, block := range blocks(t, "go") {
		var flat strings.Builder
		for line := range strings.Lines(block) {
			flat.WriteString(strings.TrimLeft(line, "\t"))
		}
		require.Contains(t, examples.String(), flat.String())
	}
}

// The edits that the guide shows can be made: the lines are there, each once.
func TestGuideEditsWhatIsThere(t *testing.T) {
	t.Parallel()
	for _, block := range blocks(t, "diff") {
		var file string
		for line := range strings.Lines(block) {
			if name, ok := strings.CutPrefix(line, "--- "); ok {
				file = read(t, filepath.Join("..", strings.TrimSpace(name)))
				continue
			}
			if old := line[1:]; line[0] != '+' {
				require.Equal(t, 1, strings.Count(file, "\n"+old), "%s", old)
			}
		}
	}
}

// The headings that the guide refers to are there.
func TestGuideLinksLeadSomewhere(t *testing.T) {
	t.Parallel()
	text := read(t, guide)
	for _, link := range regexp.MustCompile(`\]\(([^)]+)\)`).FindAllStringSubmatch(text, -1) {
		target, ok := strings.CutPrefix(link[1], "#")
		if !ok {
			require.FileExists(t, filepath.Join("..", "docs", target))
			continue
		}
		heading := strings.ReplaceAll(strings.TrimSuffix(target, "-1"), "-", " ")
		require.Regexp(t, `(?mi)^#+ `+heading+`$`, text, target)
	}
}
