package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/funnel-go/funnel/contracttest/internal/openapi"
)

// commonStatuses are those of every operation, shown once.
var commonStatuses = []string{"401", "403", "429", "500"}

// source names where a part comes from: the page, or the assumption.
func source(p openapi.Provenance) string {
	if p.Documented() {
		return p.Reference
	}
	return "assumed, " + p.Assumption
}

// typeOf names the type of a value in plain words.
func typeOf(s *openapi.Schema) string {
	switch {
	case s.Ref != "":
		switch name := s.Name(); name {
		case "ID", "Email", "Page", "PerPage":
			return map[string]string{"ID": "id", "Email": "string", "Page": "integer", "PerPage": "integer"}[name]
		default:
			return link(name)
		}
	case s.Items != nil:
		return "list of " + typeOf(s.Items)
	case s.Format == "date-time":
		return "time"
	case len(s.Types) == 0:
		return "any"
	}
	return strings.Join(s.Types, " or ")
}

// notes describes a value beyond its type: what it means and its bounds.
func notes(contract *openapi.Document, s *openapi.Schema) string {
	var found []string
	if s.Description != "" {
		found = append(found, s.Description)
	}
	if s.Default != nil {
		found = append(found, "Default "+*s.Default+".")
	}
	if s.MaxLength != nil {
		found = append(found, fmt.Sprintf("At most %d characters.", *s.MaxLength))
	}
	// Other references are links: the bounds are at their heading.
	if name := s.Name(); name == "Page" || name == "PerPage" {
		target := contract.Resolve(s)
		return bounds(target) + "; default " + *target.Default + "."
	}
	if text := bounds(s); text != "" {
		found = append(found, text+".")
	}
	return strings.Join(found, " ")
}

// bounds describes the bounds of an integer: "From 1 to 100".
func bounds(s *openapi.Schema) string {
	switch {
	case s.Minimum != nil && s.Maximum != nil:
		return fmt.Sprintf("From %d to %d", *s.Minimum, *s.Maximum)
	case s.Minimum != nil:
		return fmt.Sprintf("From %d", *s.Minimum)
	case s.Maximum != nil:
		return fmt.Sprintf("At most %d", *s.Maximum)
	}
	return ""
}

// content says what a success has in its envelope.
func content(contract *openapi.Document, r *openapi.Response) string {
	data := contract.Data(r)
	if data == nil {
		return "only `success` is promised"
	}
	text := "`data`: " + typeOf(data)
	if contract.Paged(r) {
		text += "; `meta`: " + link("Meta")
	}
	return text
}

// pageLink links to a page of the vendor's reference.
func pageLink(contract *openapi.Document, name string) string {
	address, _ := contract.Pages.Get(name)
	return fmt.Sprintf("[%s](%s)", name, address)
}

// requestSchemas are the names of the schemas that requests are made of.
func requestSchemas(contract *openapi.Document) []string {
	var names []string
	for _, op := range contract.Operations {
		if body := op.RequestBody.JSON(); body != nil {
			names = append(names, body.Name())
		}
	}
	return names
}

func keys[V any](m openapi.Map[V]) []string {
	var found []string
	for _, e := range m {
		found = append(found, e.Key)
	}
	return found
}

// count counts the operations that have a property.
func count(contract *openapi.Document, has func(*openapi.Operation) bool) int {
	return len(slices.DeleteFunc(slices.Clone(contract.Operations), func(op *openapi.Operation) bool { return !has(op) }))
}
