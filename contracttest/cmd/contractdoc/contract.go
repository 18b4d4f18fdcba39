package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/funnel-go/funnel/contracttest/internal/openapi"
)

// renderContract shows the whole contract.
func renderContract(contract *openapi.Document) []byte {
	p := newPage("The contract")
	introduce(p, contract)
	p.heading(2, "Error codes")
	errorCodes(p, contract)
	for _, tag := range contract.Tags {
		p.heading(2, tag.Name)
		p.paragraph("%s", tag.Description)
		for _, op := range contract.Operations {
			if slices.Contains(op.Tags, tag.Name) {
				operation(p, contract, op)
			}
		}
	}
	p.heading(2, "Webhook deliveries")
	deliveries(p, contract)
	p.heading(2, "Shapes")
	shapes(p, contract)
	p.heading(2, "Values")
	values(p, contract)
	p.heading(2, "Assumptions")
	assumptions(p, contract)
	return p.done()
}

func introduce(p *page, contract *openapi.Document) {
	p.paragraph("What the SDK knows of the Wolfeo API, and what it assumes. This is an unofficial description. The source of every part is a page of the "+
		"vendor's reference, or one of %d numbered [assumptions](#assumptions). [Coverage](coverage.md) lists all operations.", len(contract.Assumptions))
	var pages []string
	for _, name := range keys(contract.Pages) {
		pages = append(pages, pageLink(contract, name))
	}
	p.paragraph("The pages: %s.", strings.Join(pages, ", "))
	p.list(
		"`*` marks required parameters and fields.",
		"Sets of values are open: the SDK passes unknown values through.",
		"A client accepts null, a missing value, or a number sent as a string in every field but a resource's own `id`.",
	)
}

func errorCodes(p *page, contract *openapi.Document) {
	rows := [][]string{{"Code", "Status", "When"}}
	for _, c := range contract.ErrorCodes {
		statuses := strings.Trim(fmt.Sprint(c.Value.Statuses), "[]")
		rows = append(rows, []string{code(c.Key), strings.ReplaceAll(statuses, " ", ", "), c.Value.When})
	}
	p.table(rows...)
	var common []string
	for _, status := range commonStatuses {
		if response, ok := contract.Operations[0].Responses.Get(status); ok {
			common = append(common, strings.TrimSpace(status+" "+codes(keys(response.Codes))))
		}
	}
	p.paragraph("Every operation can respond with %s. The body of a 429 is not the envelope.", strings.Join(common, ", "))
}

func operation(p *page, contract *openapi.Document, op *openapi.Operation) {
	p.heading(3, op.String())
	p.paragraph("%s", op.Summary)
	p.paragraph("SDK: %s. Source: %s. Seen: %s.", codes(op.SDK), source(op.Provenance), seen[op.Seen])

	rows := [][]string{{"Parameter", "Type", "Source", "Notes"}}
	for _, param := range op.Parameters {
		rows = append(rows, []string{name(param.Name, param.Required), typeOf(param.Schema), source(param.Provenance), notes(contract, param.Schema)})
	}
	for _, field := range contract.Fields(op) {
		rows = append(rows, []string{name(field.Name, field.Required), typeOf(field.Schema), source(field.Provenance), notes(contract, field.Schema)})
	}
	if len(rows) > 1 {
		p.table(rows...)
	}
	var remarks []string
	if names := contract.OneOf(op); len(names) > 0 {
		remarks = append(remarks, fmt.Sprintf("At least one of %s is required.", codes(names)))
	}
	if op.RequestBody != nil && op.RequestBody.Source != "" {
		remarks = append(remarks, fmt.Sprintf("Sent as a JSON body (%s).", source(op.RequestBody.Provenance)))
	}
	if len(remarks) > 0 {
		p.paragraph("%s", strings.Join(remarks, " "))
	}

	rows = [][]string{{"Response", "Content", "Source"}}
	for _, r := range op.Responses {
		switch {
		case r.Key < "400":
			rows = append(rows, []string{r.Key, content(contract, r.Value), source(r.Value.Provenance)})
		case !slices.Contains(commonStatuses, r.Key):
			rows = append(rows, []string{r.Key, codes(keys(r.Value.Codes)), source(r.Value.Provenance)})
		}
	}
	p.table(rows...)
}

// name is a parameter or field, with a star if it is required.
func name(name string, required bool) string {
	if required {
		return code(name) + "*"
	}
	return code(name)
}

func deliveries(p *page, contract *openapi.Document) {
	for _, delivery := range contract.Deliveries {
		p.paragraph("%s %s", delivery.Summary, delivery.RequestBody.JSON().Description)
		s := delivery.Signature
		p.table(
			[]string{"Signature", "", "Source"},
			[]string{"Algorithm", s.Algorithm, source(s.Provenance)},
			[]string{"Message", s.Message, source(s.Provenance)},
			[]string{"Key", s.Key, source(s.Provenance)},
			[]string{"Encoding", s.Encoding, source(s.Provenance)},
			[]string{"Header", s.Header.Description, source(s.Header.Provenance)},
		)
	}
}

// shapes shows what is received: every schema that no request is made of.
func shapes(p *page, contract *openapi.Document) {
	requests := requestSchemas(contract)
	for _, s := range contract.Components.Schemas {
		if slices.Contains(requests, s.Key) || len(s.Value.Properties) == 0 {
			continue
		}
		p.heading(3, s.Key)
		if s.Value.Description != "" {
			p.paragraph("%s", s.Value.Description)
		}
		p.table(append([][]string{{"Field", "Type", "Source", "Notes"}}, fields(contract, "", s.Value)...)...)
	}
}

func fields(contract *openapi.Document, prefix string, schema *openapi.Schema) [][]string {
	var rows [][]string
	for _, f := range schema.Properties {
		rows = append(rows, []string{code(prefix + f.Key), typeOf(f.Value), source(f.Value.Provenance), notes(contract, f.Value)})
		rows = append(rows, fields(contract, prefix+f.Key+".", f.Value)...)
	}
	return rows
}

// values shows the types that have a heading to link to.
func values(p *page, contract *openapi.Document) {
	linked := "(#"
	for _, s := range contract.Components.Schemas {
		if !strings.Contains(p.String(), linked+anchor(s.Key)+")") || len(s.Value.Properties) > 0 {
			continue
		}
		p.heading(3, s.Key)
		var text []string
		if s.Value.Description != "" {
			text = append(text, s.Value.Description)
		}
		text = append(text, "Type: "+strings.Join(s.Value.Types, " or ")+".")
		if len(s.Value.KnownValues) > 0 {
			text = append(text, fmt.Sprintf("Known values: %s (%s).", codes(s.Value.KnownValues), source(s.Value.Provenance)))
		}
		p.paragraph("%s", strings.Join(text, " "))
	}
}

func assumptions(p *page, contract *openapi.Document) {
	rows := [][]string{{"", "Assumption", "Drawn from"}}
	for _, a := range contract.Assumptions {
		rows = append(rows, []string{a.Key, a.Value.Text, a.Value.DrawnFrom})
	}
	p.table(rows...)
}
