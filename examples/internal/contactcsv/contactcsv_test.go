package contactcsv

import "testing"

func TestFormulasBecomeTextAndComeBack(t *testing.T) {
	for cell, want := range map[string]string{
		"":                        "",
		"Ada":                     "Ada",
		"O'Neill":                 "O'Neill",
		"'t Hooft":                "'t Hooft",
		"+49 (170) 123-45":        "+49 (170) 123-45",
		"-1.5":                    "-1.5",
		"=1+1":                    "'=1+1",
		"=":                       "=",
		`=HYPERLINK("https://x")`: `'=HYPERLINK("https://x")`,
		"@SUM(A1)":                "'@SUM(A1)",
		"-2+cmd|' /C calc'!A0":    "'-2+cmd|' /C calc'!A0",
		"\t=1+1":                  "'\t=1+1",
		" =1+1":                   "' =1+1",
		"＝1+1":                    "'＝1+1",
		"'=1+1":                   "''=1+1",
	} {
		got := Escape(cell)
		if got != want {
			t.Errorf("Escape(%q) = %q, want %q", cell, got, want)
		}
		if back := Unescape(got); back != cell {
			t.Errorf("Unescape(%q) = %q, want %q", got, back, cell)
		}
	}
}

func FuzzUnescapeUndoesEscape(f *testing.F) {
	for _, cell := range []string{"", "'", "''=x", "+1x"} {
		f.Add(cell)
	}
	f.Fuzz(func(t *testing.T, cell string) {
		if back := Unescape(Escape(cell)); back != cell {
			t.Errorf("%q became %q", cell, back)
		}
	})
}

func TestTheColumnOfACustomFieldLeadsBackToIt(t *testing.T) {
	for field, want := range map[string]string{
		"company":       "company",
		"Email":         "custom:Email",
		"status":        "custom:status",
		"import_row":    "custom:import_row",
		"custom:status": "custom:custom:status",
	} {
		column := FieldColumn(field)
		if column != want {
			t.Errorf("FieldColumn(%q) = %q, want %q", field, column, want)
		}
		if back, ok := Field(column); back != field || !ok {
			t.Errorf("Field(%q) = %q, %t", column, back, ok)
		}
	}
	if field, ok := Field("email"); ok {
		t.Errorf("email is the custom field %q", field)
	}
}
