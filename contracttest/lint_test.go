package contracttest_test

import (
	"fmt"
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"go/types"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel/contracttest/internal/openapi"
)

// A source is what the lints read of the SDK's package.
type source struct {
	methods   map[string]method            // of services, by the name in x-sdk: "Contacts.Create"
	constants map[string]map[string]string // by type: the name of each constant and its value
}

type method struct {
	doc   string
	fails bool // it returns an error
	// rejects is set if the server may find a parameter invalid: the method has
	// parameters besides ids and names, which are checked before they are sent.
	rejects bool
}

// readSDK reads the SDK's package.
func readSDK(t *testing.T) source {
	t.Helper()
	names, err := filepath.Glob("../*.go")
	require.NoError(t, err)
	fset := token.NewFileSet()
	var files []*ast.File
	for _, name := range names {
		file, err := parser.ParseFile(fset, name, nil, parser.ParseComments|parser.SkipObjectResolution)
		require.NoError(t, err)
		files = append(files, file)
	}
	pkg, err := doc.NewFromFiles(fset, files, "github.com/funnel-go/funnel")
	require.NoError(t, err)
	s := source{methods: make(map[string]method), constants: make(map[string]map[string]string)}
	for _, typ := range pkg.Types {
		s.constants[typ.Name] = constantsOf(typ)
		service, ok := strings.CutSuffix(typ.Name, "Service")
		for _, fn := range typ.Methods {
			if ok {
				params, results, _ := strings.Cut(types.ExprString(fn.Decl.Type), ") ")
				s.methods[service+"."+fn.Name] = method{
					doc:     fn.Doc,
					fails:   strings.Contains(results, "error"),
					rejects: regexp.MustCompile(`Params\b|ContactRef`).MatchString(params),
				}
			}
		}
	}
	return s
}

func constantsOf(typ *doc.Type) map[string]string {
	values := make(map[string]string)
	for _, group := range typ.Consts {
		for _, spec := range group.Decl.Specs {
			spec := spec.(*ast.ValueSpec)
			for i, name := range spec.Names {
				if literal, ok := spec.Values[i].(*ast.BasicLit); ok {
					values[name.Name] = strings.Trim(literal.Value, `"`)
				}
			}
		}
	}
	return values
}

// The doc comment of each method names its operations, their sources and its
// errors, as the contract does.
func TestDocComments_MatchContract(t *testing.T) {
	t.Parallel()
	sdk := readSDK(t)
	var found []string
	for name := range sdk.methods {
		found = append(found, sdk.lint(name, document(t).Operations)...)
	}
	slices.Sort(found)
	require.Empty(t, strings.Join(found, "\n"))
}

// The last paragraph of a doc comment says which operations the method calls and
// which errors they have:
//
//	API: POST /contact (documented, parameters assumed), PUT /contact (assumed).
//	Errors: [ErrNotFound], [*ValidationError].
//
// or that this is the same as for another method:
//
//	API: as [ContactsService.Upsert].
var (
	apiParagraph = regexp.MustCompile(`(?s)(?:^|\n\n)API: (.*)\n$`)
	apiAs        = regexp.MustCompile(`^as \[(\w+)Service\.(\w+)\]\.$`)
	apiGroup     = regexp.MustCompile(`^((?:[A-Z]+ /[a-z-]+(?: and |, )?)+) \((documented|documented, parameters assumed|assumed)\)(?:, | and |\.$)`)
	apiOperation = regexp.MustCompile(`[A-Z]+ /[a-z-]+`)
	errorName    = regexp.MustCompile(`\[\*?(\w+)\]`)
)

// lint returns what is wrong with the doc comment of a method.
func (s source) lint(name string, operations []*openapi.Operation) []string {
	var found []string
	complain := func(format string, args ...any) {
		found = append(found, name+" "+fmt.Sprintf(format, args...))
	}
	m := s.methods[name]
	paragraph := apiParagraph.FindStringSubmatch(m.doc)
	if paragraph == nil {
		complain("has no API line")
		return found
	}
	fails := m.fails
	line, errors, _ := strings.Cut(strings.ReplaceAll(paragraph[1], "\n", " "), " Errors: ")
	if as := apiAs.FindStringSubmatch(line); as != nil {
		paragraph = apiParagraph.FindStringSubmatch(s.methods[as[1]+"."+as[2]].doc)
		if paragraph == nil {
			complain("is as %s.%s, which has no API line", as[1], as[2])
			return found
		}
		line, _, _ = strings.Cut(strings.ReplaceAll(paragraph[1], "\n", " "), " Errors: ")
		fails = false // the other method names them
	}

	named := make(map[string]string) // operation → source
	for rest := line; rest != ""; {
		group := apiGroup.FindStringSubmatch(rest)
		if group == nil {
			complain("has an API line that cannot be read: %s", line)
			return found
		}
		for _, operation := range apiOperation.FindAllString(group[1], -1) {
			named[operation] = group[2]
		}
		rest = rest[len(group[0]):]
	}
	codes := make(map[string]bool)
	for _, op := range operations {
		source, ok := named[op.String()]
		delete(named, op.String())
		if uses := slices.Contains(op.SDK, name); uses != ok {
			complain("names %s: %t, x-sdk names the method: %t", op, ok, uses)
		} else if want := sourceOf(op); ok && source != want {
			complain("says that %s is %s, the contract says %s", op, source, want)
		}
		for _, response := range op.Responses {
			for _, code := range response.Value.Codes {
				codes[code.Key] = codes[code.Key] || ok
			}
		}
	}
	for operation := range named {
		complain("names %s, which the contract does not have", operation)
	}
	if fails {
		found = append(found, s.lintErrors(name, errors, codes)...)
	}
	return found
}

// sourceOf is the source of an operation as a doc comment states it. A page shows the
// parameters of an operation of the kind d only.
func sourceOf(op *openapi.Operation) string {
	if op.Documented() && op.Kind != "d" {
		return "documented, parameters assumed"
	}
	return op.Source
}

// lintErrors compares the errors that a doc comment names with the codes of its
// operations. Three codes are those of every operation, and no comment names them.
func (s source) lintErrors(name, errors string, codes map[string]bool) []string {
	var found []string
	given := make(map[string]bool)
	for _, match := range errorName.FindAllStringSubmatch(errors, -1) {
		code := s.constants["Code"][match[1]]
		switch match[1] {
		case "NameError": // an error of the SDK
			continue
		case "ValidationError":
			code = "VALIDATION_ERROR"
		}
		given[code] = true
		if !codes[code] || slices.Contains([]string{"UNAUTHORIZED", "FORBIDDEN", "SERVER_ERROR"}, code) {
			found = append(found, fmt.Sprintf("%s names %s, which is not one of its errors", name, match[1]))
		}
	}
	for code, possible := range codes {
		switch code {
		case "UNAUTHORIZED", "FORBIDDEN", "SERVER_ERROR":
			continue
		case "VALIDATION_ERROR":
			possible = possible && s.methods[name].rejects
		}
		if possible && !given[code] {
			found = append(found, fmt.Sprintf("%s does not name the error %s", name, code))
		}
	}
	return found
}

// The lint notices mistakes in a doc comment.
func TestDocComments_LintNoticesMistakes(t *testing.T) {
	t.Parallel()
	sdk := readSDK(t)
	const name, right = "Tags.Update", "Update changes a tag.\n\nAPI: PUT /tag (documented, parameters assumed). Errors: [ErrNotFound],\n[ErrTagExists], [*ValidationError].\n"
	require.Equal(t, right, sdk.methods[name].doc)
	for _, tt := range []struct{ name, old, new, want string }{
		{"no API line", "API: ", "", "Tags.Update has no API line"},
		{"no source", " (documented, parameters assumed)", "", "Tags.Update has an API line that cannot be read: PUT /tag."},
		{"another source", "documented, parameters assumed", "assumed", "Tags.Update says that PUT /tag is assumed, the contract says documented, parameters assumed"},
		{"an unstated assumption", ", parameters assumed", "", "Tags.Update says that PUT /tag is documented, the contract says documented, parameters assumed"},
		{"an unknown operation", "/tag ", "/label ", "Tags.Update names PUT /label, which the contract does not have"},
		{"another operation", "PUT", "POST", "Tags.Update names POST /tag: true, x-sdk names the method: false"},
		{"a missing error", "[ErrNotFound],\n", "", "Tags.Update does not name the error NOT_FOUND"},
		{"another error", "ErrNotFound", "ErrPathTaken", "Tags.Update names ErrPathTaken, which is not one of its errors"},
		{"an error of every operation", "ErrNotFound", "ErrServer", "Tags.Update names ErrServer, which is not one of its errors"},
		{"no errors", " Errors: [ErrNotFound],\n[ErrTagExists], [*ValidationError].", "", "Tags.Update does not name the error TAG_EXISTS"},
		{"no validation", ", [*ValidationError]", "", "Tags.Update does not name the error VALIDATION_ERROR"},
		{"as an unknown method", "PUT /tag (documented, parameters assumed). Errors: [ErrNotFound],\n[ErrTagExists], [*ValidationError].", "as [TagsService.Replace].", "Tags.Update is as Tags.Replace, which has no API line"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			wrong := strings.Replace(right, tt.old, tt.new, 1)
			require.NotEqual(t, right, wrong)
			s := source{methods: maps.Clone(sdk.methods), constants: sdk.constants}
			s.methods[name] = method{doc: wrong, fails: true, rejects: true}
			require.Contains(t, s.lint(name, document(t).Operations), tt.want)
		})
	}
}

// Every method of a service is in the contract, and x-sdk names no other.
func TestMethods_MatchContract(t *testing.T) {
	t.Parallel()
	sdk := readSDK(t)
	var named []string
	for _, op := range document(t).Operations {
		named = append(named, op.SDK...)
	}
	slices.Sort(named)
	named = slices.Compact(named)
	for _, name := range named {
		_, ok := sdk.methods[name]
		require.True(t, ok, "x-sdk in api/openapi.yaml names %s, which the SDK does not have", name)
	}
	for name := range sdk.methods {
		require.True(t, slices.Contains(named, name), "no operation in api/openapi.yaml has %s in its x-sdk", name)
	}
}

// The SDK has a constant for every error code and every known value, and no other.
func TestConstants_MatchContract(t *testing.T) {
	t.Parallel()
	sdk := readSDK(t)
	codes := []string{"RATE_LIMITED"} // the SDK's own code for a 429, which has none
	for _, code := range document(t).ErrorCodes {
		codes = append(codes, code.Key)
	}
	require.ElementsMatch(t, codes, slices.Collect(maps.Values(sdk.constants["Code"])))
	for _, schema := range document(t).Components.Schemas {
		if values := schema.Value.KnownValues; values != nil {
			require.ElementsMatch(t, values, slices.Collect(maps.Values(sdk.constants[schema.Key])), schema.Key)
		}
	}
}
