package contracttest_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/funnel-go/funnel/contracttest/internal/openapi"
)

// A docstring's paragraph on the API says which operations a method calls,
// where each comes from, and what it can be refused with:
//
//	API: POST /contact (documented), GET /contact and PUT /contact (assumed).
//	Errors: [ErrNotFound], [*ValidationError].
//
// or that all this is as with another method:
//
//	API: as [ContactsService.Upsert].
type docstring struct {
	sources map[string]string // operation → source
	errors  []string          // names, such as ErrNotFound; sorted
	as      string            // the other method
}

const (
	anOperation = `[A-Z]+ /[^ ,]*`
	someOf      = anOperation + `(?:(?:,| and) ` + anOperation + `)* \((?:documented|assumed)(?:; [^)]*)?\)`
)

var (
	apiParagraph = regexp.MustCompile(`(?s)(?:^|\n\n)API: (.*?)(?:\n\n|\n*$)`)
	apiLine      = regexp.MustCompile(`^` + someOf + `(?:(?:,| and) ` + someOf + `)*\.$`)
	apiSource    = regexp.MustCompile(`(` + anOperation + `)|\((documented|assumed)`)
	apiAs        = regexp.MustCompile(`^as \[(\w+)Service\.(\w+)\]\.$`)
	errorName    = regexp.MustCompile(`\[\*?(\w+)\]`)
)

func parseDocstring(text string) (docstring, error) {
	paragraph := apiParagraph.FindStringSubmatch(text)
	if paragraph == nil {
		return docstring{}, fmt.Errorf("has no line on the API")
	}
	line, errs, _ := strings.Cut(strings.ReplaceAll(paragraph[1], "\n", " "), " Errors: ")
	if as := apiAs.FindStringSubmatch(line); as != nil {
		return docstring{as: as[1] + "." + as[2]}, nil
	}
	if !apiLine.MatchString(line) {
		return docstring{}, fmt.Errorf("has a line on the API that cannot be understood: %s", line)
	}
	d := docstring{sources: make(map[string]string)}
	var pending []string
	for _, found := range apiSource.FindAllStringSubmatch(line, -1) {
		if found[1] != "" {
			pending = append(pending, found[1])
			continue
		}
		for _, operation := range pending {
			d.sources[operation] = found[2]
		}
		pending = nil
	}
	for _, found := range errorName.FindAllStringSubmatch(errs, -1) {
		d.errors = append(d.errors, found[1])
	}
	slices.Sort(d.errors)
	return d, nil
}

// lintMethod holds a method's docstring against the operations that name the
// method in x-sdk.
func lintMethod(m method, s source, operations []*openapi.Operation) []string {
	var found []string
	complain := func(format string, args ...any) {
		found = append(found, m.name+" "+fmt.Sprintf(format, args...))
	}
	d, err := parseDocstring(m.doc)
	if err != nil {
		complain("%v", err)
		return found
	}
	fails := m.fails
	if d.as != "" {
		as := d.as
		other, _ := s.method(as)
		if d, err = parseDocstring(other.doc); err != nil {
			complain("is as %s, which %v", as, err)
			return found
		}
		fails = false // it has said so already
	}

	sources, codes := make(map[string]string), make(map[string]bool)
	for _, op := range operations {
		if !slices.Contains(op.SDK, m.name) {
			continue
		}
		sources[op.String()] = op.Source
		if _, ok := d.sources[op.String()]; !ok {
			complain("does not name %s, whose x-sdk names it", op)
		}
		for _, response := range op.Responses {
			for _, code := range response.Value.Codes {
				codes[code.Key] = true
			}
		}
	}
	for operation, source := range d.sources {
		switch want, ok := sources[operation]; {
		case !ok:
			complain("names %s, whose x-sdk does not name it", operation)
		case source != want:
			complain("calls %s %s, which is %s", operation, source, want)
		}
	}
	if fails {
		for _, problem := range lintErrors(m, d.errors, codes, s.constants["Code"]) {
			complain("%s", problem)
		}
	}
	slices.Sort(found)
	return found
}

// commonCodes are those that every operation can answer with, so that no
// docstring names them.
var commonCodes = []string{"UNAUTHORIZED", "FORBIDDEN", "SERVER_ERROR"}

// lintErrors holds the errors that a docstring names against the codes that the
// operations list. A method that takes nothing but ids gives the server nothing
// to validate, so that it need not name the *ValidationError.
func lintErrors(m method, named []string, codes map[string]bool, constants map[string]string) []string {
	var found []string
	given := make(map[string]bool)
	for _, name := range named {
		code := constants[name]
		if name == "ValidationError" {
			code = "VALIDATION_ERROR"
		}
		given[code] = true
		if slices.Contains(commonCodes, code) || !codes[code] {
			found = append(found, "names "+name+", which is none of its own")
		}
	}
	for code := range codes {
		optional := slices.Contains(commonCodes, code) || code == "VALIDATION_ERROR" && !m.takesFields
		if !given[code] && !optional {
			found = append(found, "does not name the error "+code)
		}
	}
	return found
}
