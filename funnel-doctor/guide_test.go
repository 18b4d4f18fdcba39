package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// The guide says for each assumption what the doctor reports if it is wrong. The
// test of the deviations shows that it does.
func TestGuide_QuotesReports(t *testing.T) {
	t.Parallel()
	guide, err := os.ReadFile(filepath.Join(sdk(t), "docs", "when-the-real-api-differs.md"))
	require.NoError(t, err)
	for _, a := range loaded(t).assumptions {
		row := regexp.MustCompile(`(?m)^\| ` + a.name + ` \| ` + regexp.QuoteMeta(a.title) + ` \| .* \| .([^|]+). \| .* \|$`).FindStringSubmatch(string(guide))
		require.NotNil(t, row, a.name)
		verdict := (&report{Writes: true}).judge(a)
		isReported := slices.ContainsFunc(deviations, func(d deviation) bool { return slices.Contains(d.want, row[1]+" ["+a.name+"]") })
		isUntested := verdict.Note != needsData && row[1] == verdict.String()
		require.True(t, isReported || isUntested, "no test has a report such as that of %s: %s", a.name, row[1])
	}
}
