// Package contactcsv is what import-csv and export-contacts agree on, so that
// the one reads what the other writes: the columns, and how cells are kept from
// being formulas.
package contactcsv

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Columns are those that every contact has. Tags are separated by TagSeparator;
// a tag with that in its name cannot be told from two.
func Columns() []string {
	return []string{"id", "email", "first_name", "last_name", "phone", "status", "tags", "created_at", "updated_at"}
}

// TagSeparator separates the names in the column of tags.
const TagSeparator = ";"

// The columns that import-csv puts before a rejected row, and leaves out when
// it reads the file with the rejects again.
const (
	RejectedRow    = "import_row"
	RejectedLine   = "import_line"
	RejectedReason = "import_reason"
)

// customPrefix begins the column of a custom field whose name alone would be
// taken for something else.
const customPrefix = "custom:"

// FieldColumn returns the column of a custom field: its name, unless a column
// of another meaning has that.
func FieldColumn(field string) string {
	if isReserved(field) || strings.HasPrefix(field, customPrefix) {
		return customPrefix + field
	}
	return field
}

// Field returns the custom field that a column is for; ok is false where the
// column is none of a custom field.
func Field(column string) (field string, ok bool) {
	if field, ok := strings.CutPrefix(column, customPrefix); ok {
		return field, true
	}
	return column, !isReserved(column)
}

func isReserved(column string) bool {
	column = strings.ToLower(column)
	return slices.Contains(Columns(), column) ||
		column == RejectedRow || column == RejectedLine || column == RejectedReason
}

// Escape makes a cell that a spreadsheet would take for a formula a text, by an
// apostrophe in front: contacts may have typed anything into a form, such as
// =HYPERLINK(…). What has only digits and signs, such as a phone number, stays
// as it is. [Unescape] takes the apostrophe off again, and only that one.
func Escape(cell string) string {
	if isFormula(cell) {
		return "'" + cell
	}
	return cell
}

// Unescape undoes [Escape].
func Unescape(cell string) string {
	if rest, ok := strings.CutPrefix(cell, "'"); ok && isFormula(rest) {
		return rest
	}
	return cell
}

// isFormula looks behind spaces, which some spreadsheets drop, and apostrophes,
// which are then known to be the cell's own.
func isFormula(cell string) bool {
	cell = strings.TrimLeft(cell, " '")
	first, size := utf8.DecodeRuneInString(cell)
	return size > 0 && strings.ContainsRune("=+-@\t\r\n＝＋－＠", first) &&
		strings.Trim(cell[size:], "0123456789 ()-./") != ""
}
