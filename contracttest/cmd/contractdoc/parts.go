package main

import (
	"slices"
	"strings"

	"github.com/funnel-go/funnel/contracttest/internal/openapi"
)

// sides sorts parts of an operation into a row of two columns: documented and
// assumed.
type sides struct {
	title               string
	documented, assumed []string
}

func newSides(title string) *sides { return &sides{title: title} }

func (s *sides) add(source openapi.Provenance, text string) {
	switch {
	case source.Documented() && source.Assumption != "":
		s.documented = append(s.documented, text+" (here: "+source.Assumption+")")
	case source.Documented():
		s.documented = append(s.documented, text)
	case source.Assumption != "":
		s.assumed = append(s.assumed, text+" ("+source.Assumption+")")
	default:
		s.assumed = append(s.assumed, text)
	}
}

// quote adds a part with the reference's words.
func (s *sides) quote(source openapi.Provenance, text string) {
	if source.Reference != "" {
		text += ": “" + source.Reference + "”"
	}
	s.add(source, text)
}

func (s *sides) row() []string { return []string{s.title, lines(s.documented), lines(s.assumed)} }

// field is a parameter or field that is sent: its name, whether it must be, and
// its type.
func field(name string, required bool, schema *openapi.Schema) string {
	star := ""
	if required {
		star = "*"
	}
	return code(name) + star + " " + typeOf(schema)
}

// typeOf names the type of a value in plain words.
func typeOf(s *openapi.Schema) string {
	switch {
	case s.Ref != "":
		if name := s.Name(); name == "ID" || name == "Timestamp" {
			return strings.ToLower(name)
		}
		return link(s.Name())
	case s.Items != nil:
		return "list of " + typeOf(s.Items)
	case s.Format == "date" || s.Format == "date-time":
		return strings.Replace(s.Format, "date-time", "timestamp", 1) + orNull(s)
	case slices.Contains(s.Types, "object"):
		return "object"
	case len(s.Types) > 0:
		return s.Types[0] + orNull(s)
	}
	return ""
}

func orNull(s *openapi.Schema) string {
	if slices.Contains(s.Types, "null") {
		return " or null"
	}
	return ""
}

// answer finds the schema of `data` in that of a success, or nil where none is
// promised.
func answer(s *openapi.Schema) *openapi.Schema {
	if s == nil {
		return nil
	}
	for _, part := range s.AllOf {
		if data, ok := part.Properties.Get("data"); ok {
			return data
		}
	}
	return nil
}

// isCommon reports whether every operation answers a status in the same way.
func isCommon(contract *openapi.Document, status string) bool {
	first, _ := contract.Operations[0].Responses.Get(status)
	for _, op := range contract.Operations {
		if r, ok := op.Responses.Get(status); !ok || r != first {
			return false
		}
	}
	return true
}

// common lists the statuses that every operation answers in the same way.
func common(contract *openapi.Document) []string {
	var found []string
	for _, r := range contract.Operations[0].Responses {
		if isCommon(contract, r.Key) {
			found = append(found, strings.TrimSpace(r.Key+" "+codes(keys(r.Value.Codes))))
		}
	}
	return found
}

func keys[V any](m openapi.Map[V]) []string {
	var found []string
	for _, e := range m {
		found = append(found, e.Key)
	}
	return found
}

func emphasis(source openapi.Provenance) string {
	if source.Documented() {
		return "**" + source.Source + "**"
	}
	return source.Source
}
