package funnel_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel/api"
)

// The contract's numbered assumptions, B1 to B13.
const lastAssumption = 13

// Each assumption is marked once in the SDK and once in the fake. The guide and the
// contract name the line.
func TestAssumptions_AreMarkedOnce(t *testing.T) {
	t.Parallel()
	sdk := markedIn(t, ".", "internal")
	fake := markedIn(t, "funneltest")
	guide, err := os.ReadFile("docs/when-the-real-api-differs.md")
	require.NoError(t, err)
	contract := string(api.OpenAPI())
	for n := 1; n <= lastAssumption; n++ {
		name := fmt.Sprintf("B%d", n)
		require.Len(t, sdk[name], 1, "%s in the SDK", name)
		require.Len(t, fake[name], 1, "%s in the fake", name)
		file := regexp.QuoteMeta(sdk[name][0])
		require.Regexp(t, fmt.Sprintf("(?m)^\\| %[1]s \\|.*\\| `// %[1]s` in `%[2]s` \\|$", name, file), string(guide))
		require.Regexp(t, fmt.Sprintf(`(?m)^  %s:\n(    .*\n)+    marked-in: %s$`, name, file), contract)
		delete(sdk, name)
		delete(fake, name)
	}
	require.Empty(t, sdk, "no such assumption")
	require.Empty(t, fake, "no such assumption")
}

// markedIn returns the files that mark each assumption. Of the root only its own
// files are read.
func markedIn(t *testing.T, dirs ...string) map[string][]string {
	t.Helper()
	marked := map[string][]string{}
	for _, dir := range dirs {
		require.NoError(t, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case entry.IsDir() && dir == "." && path != ".":
				return fs.SkipDir
			case !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
				return nil
			}
			source, err := os.ReadFile(path)
			for _, mark := range regexp.MustCompile(`// (B\d+)\b`).FindAllStringSubmatch(string(source), -1) {
				marked[mark[1]] = append(marked[mark[1]], filepath.ToSlash(path))
			}
			return err
		}))
	}
	return marked
}
