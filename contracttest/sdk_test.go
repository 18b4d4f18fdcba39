package contracttest_test

import (
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"go/types"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A source is what a reader of the SDK's package sees of it.
type source struct {
	methods   []method
	constants map[string]map[string]string // type → name → value
}

// A method is one of a service or of an event.
type method struct {
	name string // as x-sdk spells it: "Contacts.Create"
	doc  string

	fails       bool // it returns an error
	takesFields bool // it takes more than a context and ids
}

// parseFiles parses the files of a pattern.
func parseFiles(t *testing.T, pattern string) (*token.FileSet, []*ast.File) {
	t.Helper()
	names, err := filepath.Glob(pattern)
	require.NoError(t, err)
	require.NotEmpty(t, names, pattern)
	fset := token.NewFileSet()
	var parsed []*ast.File
	for _, name := range names {
		file, err := parser.ParseFile(fset, name, nil, parser.ParseComments|parser.SkipObjectResolution)
		require.NoError(t, err)
		parsed = append(parsed, file)
	}
	return fset, parsed
}

// readSDK reads the SDK's package.
func readSDK(t *testing.T) source {
	t.Helper()
	fset, files := parseFiles(t, "../*.go")
	documentation, err := doc.NewFromFiles(fset, files, "github.com/funnel-go/funnel")
	require.NoError(t, err)
	s := source{constants: make(map[string]map[string]string)}
	for _, typ := range documentation.Types {
		s.constants[typ.Name] = constantsOf(typ)
		owner, isService := strings.CutSuffix(typ.Name, "Service")
		if !isService && typ.Name != "Event" {
			continue
		}
		for _, fn := range typ.Methods {
			s.methods = append(s.methods, method{
				name:        owner + "." + fn.Name,
				doc:         fn.Doc,
				fails:       strings.Contains(typesOf(fn.Decl.Type.Results), "error"),
				takesFields: takesFields(fn.Decl.Type.Params),
			})
		}
	}
	return s
}

// constantsOf returns the string constants of a type.
func constantsOf(typ *doc.Type) map[string]string {
	values := make(map[string]string)
	for _, group := range typ.Consts {
		for _, spec := range group.Decl.Specs {
			spec := spec.(*ast.ValueSpec)
			for i, name := range spec.Names {
				if literal, ok := spec.Values[i].(*ast.BasicLit); ok && literal.Kind == token.STRING {
					values[name.Name], _ = strconv.Unquote(literal.Value)
				}
			}
		}
	}
	return values
}

func typesOf(list *ast.FieldList) string {
	var all []string
	if list != nil {
		for _, field := range list.List {
			all = append(all, types.ExprString(field.Type))
		}
	}
	return strings.Join(all, " ")
}

func takesFields(params *ast.FieldList) bool {
	return slices.ContainsFunc(strings.Fields(typesOf(params)), func(name string) bool {
		return name != "context.Context" && !strings.HasSuffix(name, "ID")
	})
}

func (s source) method(name string) (method, bool) {
	i := slices.IndexFunc(s.methods, func(m method) bool { return m.name == name })
	if i < 0 {
		return method{}, false
	}
	return s.methods[i], true
}
