package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/funnel-go/funnel"
)

// An outcome is what a check has found.
type outcome string

const (
	documented  outcome = "as documented"
	confirmed   outcome = "assumption confirmed" // and the rest is as documented
	differs     outcome = "differs"
	unavailable outcome = "not available"
	untestable  outcome = "not testable"
)

// A result is the outcome of one request.
type result struct {
	Operation   string       `json:"operation"`      // "GET /contact"
	Case        string       `json:"case,omitempty"` // what is special about the request
	Outcome     outcome      `json:"outcome"`
	Assumptions []string     `json:"assumptions,omitempty"` // that are confirmed
	Differences []difference `json:"differences,omitempty"`
	Note        string       `json:"note,omitempty"`
	fails       bool         // something that is documented does not hold
}

// A verdict is what is known of an assumption after all checks.
type verdict struct {
	Name    string `json:"name"`
	Title   string `json:"title"` // what is assumed
	State   string `json:"state"` // confirmed, wrong, or not tested
	Note    string `json:"note,omitempty"`
	Correct string `json:"correct,omitempty"` // the line of the SDK, if it is wrong
}

// A report has no value of the account: see [contract].
type report struct {
	Version     string    `json:"version"`
	Holds       bool      `json:"documented_holds"`
	Complete    bool      `json:"complete"` // false: it was interrupted or has stopped
	Requests    int       `json:"requests"`
	Writes      bool      `json:"writes"`
	Note        string    `json:"note,omitempty"`
	Results     []*result `json:"results"`
	Assumptions []verdict `json:"assumptions"`
}

// The reasons why an assumption was not tested.
const (
	needsWrite    = "needs -write"
	needsCampaign = "the doctor creates no campaigns"
	needsDelivery = "needs a delivery: the doctor receives none"
	needsData     = "the requests that show it could not be made"
)

// finish completes the report. values are the texts that the server has sent.
func (r *report) finish(c *contract, values map[string]bool) {
	r.Version, r.Holds = funnel.Version, true
	r.hide(values)
	for _, result := range r.Results {
		r.Holds = r.Holds && !result.fails
	}
	for _, a := range c.assumptions {
		r.Assumptions = append(r.Assumptions, r.judge(a))
	}
}

// hide removes the names of unknown fields that are a value elsewhere: a server may
// use the names of custom fields as names.
func (r *report) hide(values map[string]bool) {
	for _, result := range r.Results {
		for i, d := range result.Differences {
			result.Differences[i].Instead = slices.DeleteFunc(d.Instead, func(name string) bool {
				return values[plain(name)] && plain(name) != plain(lastName(d.Field))
			})
		}
	}
}

func (r *report) judge(a assumption) verdict {
	v := verdict{Name: a.name, Title: a.title, State: "not tested"}
	for _, result := range r.Results {
		if slices.Contains(result.Assumptions, a.name) && v.State != "wrong" {
			v.State = "confirmed"
		}
		for _, d := range result.Differences {
			if d.Assumption == a.name {
				v.State, v.Correct = "wrong", d.Change
			}
		}
	}
	if v.State == "not tested" {
		switch {
		case a.name == "B8":
			v.Note = needsCampaign
		case a.name == "B13":
			v.Note = needsDelivery
		case !r.Writes:
			v.Note = needsWrite
		default:
			v.Note = needsData
		}
	}
	return v
}

// summary is the last line of a report.
func (r *report) summary() string {
	failed, skipped := 0, 0
	for _, result := range r.Results {
		if result.fails {
			failed++
		}
		if result.Outcome == untestable {
			skipped++
		}
	}
	tested := fmt.Sprintf(" %d of %d checks were not testable.", skipped, len(r.Results))
	switch {
	case failed > 0:
		return fmt.Sprintf("%d of %d checks contradict the documentation.%s", failed, len(r.Results), tested)
	case !r.Complete:
		return "The checks are incomplete. Nothing so far contradicts the documentation." + tested
	}
	const holds = "Everything that is documented and could be tested holds"
	var wrong []string
	for _, v := range r.Assumptions {
		if v.State == "wrong" {
			wrong = append(wrong, v.Name)
		}
	}
	if len(wrong) > 0 {
		return holds + "; wrong assumptions: " + strings.Join(wrong, ", ") + "." + tested
	}
	return holds + "." + tested
}

// text returns the outcome of a result in words.
func (r *result) text() string {
	text := string(r.Outcome)
	if r.Outcome == confirmed {
		text = strings.Join(r.Assumptions, ", ") + " confirmed"
	}
	if r.Note != "" {
		text += ": " + r.Note
	}
	return text
}

func (d difference) String() string {
	text := fmt.Sprintf("%s: expected %s, found %s", d.Field, d.Expected, d.Found)
	if len(d.Instead) > 0 {
		text += " (unknown fields here: " + strings.Join(d.Instead, ", ") + ")"
	}
	if d.Assumption != "" {
		text += " [" + d.Assumption + "]"
	}
	return text
}

func (v verdict) String() string {
	switch {
	case v.Correct != "":
		return v.State + ": correct " + v.Correct
	case v.Note != "":
		return v.State + ": " + v.Note
	}
	return v.State
}

// print writes the report as a table for a terminal.
func (r *report) print(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, result := range r.Results {
		fmt.Fprintf(table, "%s\t%s\t%s\n", result.Operation, result.Case, result.text())
		for _, d := range result.Differences {
			fmt.Fprintf(table, "\t\t  %s\n\t\t  correct %s\n", d, d.Change)
		}
	}
	fmt.Fprintln(table)
	for _, v := range r.Assumptions {
		fmt.Fprintf(table, "%s: %s\t\t%s\n", v.Name, v.Title, v)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\n%s%d requests. %s\n", note(r.Note), r.Requests, r.summary())
	return err
}

func note(text string) string {
	if text != "" {
		text += "\n"
	}
	return text
}

// printJSON writes the report for programs.
func (r *report) printJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(r)
}

// printMarkdown writes the report for an issue.
func (r *report) printMarkdown(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "funnel-doctor %s, %d requests. %s%s\n\n", r.Version, r.Requests, note(r.Note), r.summary())
	b.WriteString("| operation | case | result |\n| --- | --- | --- |\n")
	for _, result := range r.Results {
		text := result.text()
		for _, d := range result.Differences {
			text += "<br>" + d.String() + "<br>correct " + d.Change
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", result.Operation, result.Case, strings.ReplaceAll(text, "|", `\|`))
	}
	b.WriteString("\n| assumption | result |\n| --- | --- |\n")
	for _, v := range r.Assumptions {
		fmt.Fprintf(&b, "| %s: %s | %s |\n", v.Name, v.Title, v)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
