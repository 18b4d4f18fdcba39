package funnel_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Each file that CONTRIBUTING.md names is there, but for those of the resource
// that it imagines.
func TestContributing_NamesWhatIsThere(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("contracttest"); err != nil {
		t.Skip("the library is on its own, without the other modules")
	}
	text, err := os.ReadFile("CONTRIBUTING.md")
	require.NoError(t, err)
	files := regexp.MustCompile("`([\\w./-]+\\.(?:go|md|mod|yaml))`").FindAllStringSubmatch(string(text), -1)
	require.Greater(t, len(files), 20)
	for _, file := range files {
		if !strings.Contains(file[1], "coupons") {
			require.FileExists(t, file[1])
		}
	}
}
