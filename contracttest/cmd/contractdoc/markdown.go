package main

import (
	"bytes"
	"fmt"
	"strings"
)

// page is a Markdown document in the making.
type page struct{ bytes.Buffer }

func (p *page) heading(level int, text string) {
	fmt.Fprintf(p, "%s %s\n\n", strings.Repeat("#", level), text)
}

func (p *page) paragraph(format string, args ...any) {
	fmt.Fprintf(p, format+"\n\n", args...)
}

func (p *page) list(items ...string) {
	for _, item := range items {
		fmt.Fprintf(p, "- %s\n", item)
	}
	p.WriteString("\n")
}

// table writes a table; its first row is the header.
func (p *page) table(rows ...[]string) {
	for i, row := range rows {
		cells := make([]string, len(row))
		for j, cell := range row {
			cells[j] = strings.ReplaceAll(cell, "|", `\|`)
		}
		fmt.Fprintf(p, "| %s |\n", strings.Join(cells, " | "))
		if i == 0 {
			p.WriteString("|" + strings.Repeat(" --- |", len(row)) + "\n")
		}
	}
	p.WriteString("\n")
}

// lines puts several things into one cell.
func lines(items []string) string { return strings.Join(items, "<br>") }

func code(text string) string { return "`" + text + "`" }

func codes(texts []string) string {
	quoted := make([]string, len(texts))
	for i, text := range texts {
		quoted[i] = code(text)
	}
	return strings.Join(quoted, ", ")
}

// link leads to a heading of the same page.
func link(heading string) string {
	return fmt.Sprintf("[%s](#%s)", heading, anchor(heading))
}

// anchor is the name that Markdown gives a heading: lower case, spaces as
// hyphens, the rest of the punctuation dropped.
func anchor(heading string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-' || r == '_' || r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			return r
		}
		return -1
	}, strings.ToLower(heading))
}
