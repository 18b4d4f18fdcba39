package funnel_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// docs/licences.md names what each go.mod requires, in the same version: of the
// modules that are released all of it, of the others what they require directly
// and whatever else it likes.
func TestLicences_NameWhatIsRequired(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("docs/licences.md")
	require.NoError(t, err)
	listed := map[string][]string{} // by the module's directory
	var dir string
	for _, line := range regexp.MustCompile("(?m)^## .*`(.+)`|^\\| (\\S+\\.\\S+) \\| (v\\S+) \\| [A-Z]").FindAllStringSubmatch(string(doc), -1) {
		if line[1] != "" {
			dir = line[1]
		} else {
			listed[dir] = append(listed[dir], line[2]+" "+line[3])
		}
	}

	files, err := filepath.Glob("*/go.mod") // none where the library is on its own
	require.NoError(t, err)
	for _, file := range append(files, "go.mod") {
		dir := filepath.Dir(file)
		mod, err := os.ReadFile(file)
		require.NoError(t, err)
		var direct, all []string
		for _, line := range regexp.MustCompile(`(?m)^(?:require )?\s*(\S+\.\S+) (v\S+)( //.*)?$`).FindAllStringSubmatch(string(mod), -1) {
			if strings.HasPrefix(line[1], "github.com/funnel-go/funnel") {
				continue
			}
			all = append(all, line[1]+" "+line[2])
			if line[3] != " // indirect" {
				direct = append(direct, line[1]+" "+line[2])
			}
		}
		require.NotEmpty(t, all, file)
		if slices.Contains([]string{".", "funnelredis", "funnelotel", "funnel-doctor"}, dir) {
			require.ElementsMatch(t, all, listed[dir], file)
		} else {
			require.Subset(t, listed[dir], direct, file)
			require.Subset(t, all, listed[dir], file)
		}
	}
}
