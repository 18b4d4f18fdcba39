package contracttest_test

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// noImports leaves out the packages that the SDK imports: only its own identifiers
// matter here.
type noImports struct{}

func (noImports) Import(string) (*types.Package, error) { return nil, errors.New("left out") }

// checkSDK returns the SDK's package with its files, type-checked.
func checkSDK(t *testing.T) (*types.Package, []*ast.File, *token.FileSet, types.Info) {
	t.Helper()
	names, err := filepath.Glob("../*.go")
	require.NoError(t, err)
	fset := token.NewFileSet()
	var files []*ast.File
	for _, name := range names {
		if !strings.HasSuffix(name, "_test.go") {
			file, err := parser.ParseFile(fset, name, nil, parser.SkipObjectResolution)
			require.NoError(t, err)
			files = append(files, file)
		}
	}
	info := types.Info{Uses: make(map[*ast.Ident]types.Object)}
	config := types.Config{Importer: noImports{}, Error: func(error) {}}
	pkg, _ := config.Check("funnel", fset, files, &info)
	return pkg, files, fset, info
}

// usesOf returns, for each file of the SDK's package, the files whose identifiers it
// uses (package-level names, methods and fields), with these identifiers.
func usesOf(t *testing.T) map[string]map[string][]string {
	t.Helper()
	pkg, files, fset, info := checkSDK(t)
	fileOf := func(pos token.Pos) string { return filepath.Base(fset.Position(pos).Filename) }
	uses := make(map[string]map[string][]string)
	for _, file := range files {
		uses[fileOf(file.Pos())] = make(map[string][]string)
	}
	for id, obj := range info.Uses {
		if variable, ok := obj.(*types.Var); ok && !variable.IsField() && variable.Parent() != pkg.Scope() {
			continue // local
		}
		from, to := fileOf(id.Pos()), fileOf(obj.Pos())
		if obj.Pkg() == pkg && from != to {
			uses[from][to] = append(uses[from][to], obj.Name())
		}
	}
	return uses
}

// Files that depend on each other can only be understood together. The limit keeps
// such a group small enough to read.
func TestFiles_LargestCycle(t *testing.T) {
	t.Parallel()
	const limit = 8
	uses := usesOf(t)
	reachable := make(map[string]map[string]bool) // by any number of steps
	for file := range uses {
		seen := make(map[string]bool)
		for rest := slices.Collect(maps.Keys(uses[file])); len(rest) > 0; rest = rest[1:] {
			if !seen[rest[0]] {
				seen[rest[0]] = true
				rest = slices.AppendSeq(rest, maps.Keys(uses[rest[0]]))
			}
		}
		reachable[file] = seen
	}
	var largest []string
	for file := range uses {
		var cycle []string
		for other := range uses {
			if reachable[file][other] && reachable[other][file] {
				cycle = append(cycle, other)
			}
		}
		slices.Sort(cycle)
		if len(cycle) > len(largest) {
			largest = cycle
		}
	}
	t.Logf("%d files, %d in the largest cycle: %v", len(uses), len(largest), largest)
	require.LessOrEqual(t, len(largest), limit)
}

// Everything else works on the core, so that it does not depend on all services.
func TestFiles_ClientIsUsedByBulkOnly(t *testing.T) {
	t.Parallel()
	for file, uses := range usesOf(t) {
		if slices.Contains(uses["client.go"], "Client") {
			require.Equal(t, "bulk.go", file)
		}
	}
}

// A package that imports the SDK compiles again every method of every instance of a
// generic type that it can reach through fields and methods, also unexported ones. With
// a method that returned a resource[Contact], and so for each resource, a program of
// five lines took two seconds instead of a fifth of one.
func TestFiles_ProgramsDoNotCompileTheSDKAgain(t *testing.T) {
	t.Parallel()
	pkg, _, _, _ := checkSDK(t)
	seen := make(map[types.Type]bool)
	var visit func(from string, typ types.Type)
	visit = func(from string, typ types.Type) {
		if seen[typ] {
			return
		}
		seen[typ] = true
		switch typ := typ.(type) {
		case *types.Named:
			if typ.Obj().Pkg() != pkg {
				return
			}
			name := typ.Obj().Name()
			if typ.TypeArgs().Len() > 0 && !typ.Obj().Exported() {
				t.Errorf("%s leads to %s: use a function instead of a method", from, typ)
			}
			visit(name, typ.Underlying())
			for method := range typ.Methods() {
				visit(name+"."+method.Name(), method.Type())
			}
		case *types.Struct:
			for field := range typ.Fields() {
				visit(from+"."+field.Name(), field.Type())
			}
		case *types.Signature:
			visit(from, typ.Params())
			visit(from, typ.Results())
		case *types.Tuple:
			for v := range typ.Variables() {
				visit(from, v.Type())
			}
		case interface{ Elem() types.Type }: // pointer, slice, array, map, channel
			visit(from, typ.Elem())
		}
	}
	for _, name := range pkg.Scope().Names() {
		if object := pkg.Scope().Lookup(name); object.Exported() {
			visit(name, object.Type())
		}
	}
	require.Greater(t, len(seen), 100)
}
