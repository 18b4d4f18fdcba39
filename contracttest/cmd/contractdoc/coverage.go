package main

import (
	"fmt"

	"github.com/funnel-go/funnel/contracttest/internal/openapi"
)

// kinds and seen explain x-kind and x-seen.
var (
	kinds = []struct{ kind, meaning string }{
		{"d", "shown by a page, with their parameters"},
		{"l", "named by the errors page; their parameters are assumed"},
		{"n", "named or implied by another page; their path or parameters are assumed"},
		{"s", "not named by a page and assumed by symmetry"},
	}
	seen = map[string]string{"full": "in full", "part": "in part", "named": "only named", "none": "not named"}
)

// renderCoverage lists all operations.
func renderCoverage(contract *openapi.Document) []byte {
	p := newPage("Coverage")
	p.paragraph("Every operation that the vendor's pages name, and those that the SDK assumes by symmetry. An operation without a method is reachable "+
		"through `Client.Call`. The source is a page of the vendor's reference or an [assumption](contract.md#assumptions). The parameters and fields of "+
		"an operation have sources of their own: see [the contract](contract.md). %d operations have a method:", len(contract.Operations))
	var counts []string
	for _, k := range kinds {
		n := count(contract, func(op *openapi.Operation) bool { return op.Kind == k.kind })
		counts = append(counts, fmt.Sprintf("%d are %s (kind %s).", n, k.meaning, k.kind))
	}
	p.list(counts...)

	rows := [][]string{{"Operation", "SDK", "Kind", "Source", "Seen"}}
	for _, op := range contract.Operations {
		where := op.Assumption
		if op.Documented() {
			where = pageLink(contract, op.Reference)
		}
		name := fmt.Sprintf("[%s](contract.md#%s)", op, anchor(op.String()))
		rows = append(rows, []string{name, codes(op.SDK), op.Kind, where, seen[op.Seen]})
	}
	for _, named := range contract.NamedOnly {
		rows = append(rows, []string{named.Operation, "`Call`", "", pageLink(contract, named.Reference), "only named"})
	}
	p.table(rows...)

	p.heading(2, "Operations without a method")
	p.paragraph("A page names these operations, but their method, path or parameters were not seen. Check the vendor's page first, then use `Call`. It " +
		"has the same authentication, retries and rate limiting as every method.")
	for _, named := range contract.NamedOnly {
		p.heading(3, named.Operation)
		p.paragraph("%s Source: %s.", named.Known, pageLink(contract, named.Reference))
		p.code("go", named.Call)
	}
	return p.done()
}
