package contactcsv

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEscape_Formulas(t *testing.T) {
	t.Parallel()
	for cell, want := range map[string]string{
		"":                        "",
		"Ada":                     "Ada",
		"O'Neill":                 "O'Neill",
		"'t Hooft":                "'t Hooft",
		"=1+1":                    "'=1+1",
		`=HYPERLINK("https://x")`: `'=HYPERLINK("https://x")`,
		"@SUM(A1)":                "'@SUM(A1)",
		"-2+cmd|' /C calc'!A0":    "'-2+cmd|' /C calc'!A0",
		"\t=1+1":                  "'\t=1+1",
		" =1+1":                   "' =1+1",
		"＝1+1":                    "'＝1+1",
		"'=1+1":                   "''=1+1",
	} {
		require.Equal(t, want, Escape(cell))
		require.Equal(t, cell, Unescape(want))
	}
}

func FuzzUnescape_UndoesEscape(f *testing.F) {
	for _, cell := range []string{"", "'", "''=x", "+1x"} {
		f.Add(cell)
	}
	f.Fuzz(func(t *testing.T, cell string) {
		require.Equal(t, cell, Unescape(Escape(cell)))
	})
}
