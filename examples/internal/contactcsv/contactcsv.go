// Package contactcsv is the CSV format that export-contacts writes and
// import-csv reads.
package contactcsv

import "strings"

// Columns are the columns that export-contacts writes.
var Columns = []string{"id", "email", "first_name", "last_name", "email_marketing", "gdpr", "tags", "created_at"}

// TagSeparator separates the names of tags in a cell.
const TagSeparator = ";"

// The columns that import-csv puts in front of the rows that were not imported.
const (
	LineColumn   = "import_line"
	ReasonColumn = "import_reason"
)

// Escape puts an apostrophe in front of a cell that a spreadsheet would run as a
// formula: a contact may have typed anything into a form. [Unescape] undoes it.
func Escape(cell string) string {
	if isFormula(cell) {
		return "'" + cell
	}
	return cell
}

// Unescape removes the apostrophe that [Escape] has added.
func Unescape(cell string) string {
	if rest, ok := strings.CutPrefix(cell, "'"); ok && isFormula(rest) {
		return rest
	}
	return cell
}

// isFormula ignores leading spaces, as some spreadsheets do, and apostrophes, so
// that a cell which has one of its own gets a second one.
func isFormula(cell string) bool {
	cell = strings.TrimLeft(cell, " '")
	for _, start := range []string{"=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"} {
		if strings.HasPrefix(cell, start) {
			return true
		}
	}
	return false
}
