package main

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
)

// A mutant is a source file with one small change, which some test should
// notice.
type mutant struct {
	line     int
	function string // in which the change is
	from, to string // the code that was changed, on one line; to is empty where it was taken out
	source   []byte // of the whole file
}

// change describes the mutant in one line. It stays the same when lines move.
func (m mutant) change() string {
	if m.to == "" {
		return m.function + ": without `" + m.from + "`"
	}
	return m.function + ": `" + m.from + "` → `" + m.to + "`"
}

// swaps are the operators that stand in for one another.
var swaps = map[token.Token][]token.Token{
	token.EQL:  {token.NEQ},
	token.NEQ:  {token.EQL},
	token.LSS:  {token.LEQ, token.GEQ},
	token.LEQ:  {token.LSS, token.GTR},
	token.GTR:  {token.GEQ, token.LEQ},
	token.GEQ:  {token.GTR, token.LSS},
	token.LAND: {token.LOR},
	token.LOR:  {token.LAND},
	token.ADD:  {token.SUB},
	token.SUB:  {token.ADD},
	token.MUL:  {token.QUO},
	token.QUO:  {token.MUL},
	token.REM:  {token.QUO},
	token.SHL:  {token.SHR},

	token.INC:        {token.DEC},
	token.DEC:        {token.INC},
	token.ADD_ASSIGN: {token.SUB_ASSIGN},
	token.SUB_ASSIGN: {token.ADD_ASSIGN},
	token.MUL_ASSIGN: {token.QUO_ASSIGN},
}

// words are the identifiers that stand in for one another.
var words = map[string]string{"true": "false", "false": "true", "min": "max", "max": "min"}

// mutate returns all mutants of a file. Some will not compile.
func mutate(source []byte) ([]mutant, error) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "", source, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	m := &mutator{fset: fset, source: source}
	for _, decl := range file.Decls {
		m.function = "package"
		if f, ok := decl.(*ast.FuncDecl); ok {
			m.function = f.Name.Name
		}
		ast.Inspect(decl, m.visit)
	}
	slices.SortStableFunc(m.mutants, func(a, b mutant) int { return a.line - b.line })
	return m.mutants, nil
}

type mutator struct {
	fset     *token.FileSet
	source   []byte
	function string
	bound    *ast.BasicLit // the zero of a comparison
	mutants  []mutant
}

func (m *mutator) visit(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.BinaryExpr:
		if lit, ok := n.Y.(*ast.BasicLit); ok && lit.Value == "0" {
			m.bound = lit
		}
		m.operator(n, n.OpPos, n.Op)
	case *ast.IncDecStmt:
		m.operator(n, n.TokPos, n.Tok)
	case *ast.AssignStmt:
		m.operator(n, n.TokPos, n.Tok)
		if n.Tok == token.ASSIGN {
			m.remove(n)
		}
	case *ast.UnaryExpr:
		if n.Op == token.NOT {
			m.replace(n, n.OpPos, n.X.Pos(), "")
		}
	case *ast.BasicLit:
		if n == m.bound {
			break // the operator says it all
		}
		if i, err := strconv.ParseInt(n.Value, 0, 64); err == nil && n.Kind == token.INT {
			m.replace(n, n.Pos(), n.End(), strconv.FormatInt(i+1, 10))
		}
	case *ast.Ident:
		if word, ok := words[n.Name]; ok {
			m.replace(n, n.Pos(), n.End(), word)
		}
	case *ast.ExprStmt:
		m.removeCall(n, n.X)
	case *ast.DeferStmt:
		m.removeCall(n, n.Call)
	case *ast.IfStmt:
		m.condition(n.Cond)
		m.exits(n.Body.List)
	case *ast.ForStmt:
		m.exits(n.Body.List)
	case *ast.RangeStmt:
		m.exits(n.Body.List)
	case *ast.CaseClause:
		m.exits(n.Body)
		for _, expr := range n.List {
			m.condition(expr)
		}
	case *ast.CommClause:
		m.exits(n.Body)
	case *ast.ImportSpec, *ast.Field:
		return false
	}
	return true
}

func (m *mutator) operator(n ast.Node, pos token.Pos, op token.Token) {
	for _, other := range swaps[op] {
		m.replace(n, pos, pos+token.Pos(len(op.String())), other.String())
	}
}

// condition turns round a condition that has no operator to swap.
func (m *mutator) condition(cond ast.Expr) {
	switch cond.(type) {
	case *ast.CallExpr, *ast.Ident, *ast.SelectorExpr:
		m.replace(cond, cond.Pos(), cond.Pos(), "!")
	}
}

// exits takes out a return, break or continue at the end of a block, so that
// what follows the block is done too.
func (m *mutator) exits(block []ast.Stmt) {
	if len(block) == 0 {
		return
	}
	switch last := block[len(block)-1].(type) {
	case *ast.ReturnStmt, *ast.BranchStmt:
		m.remove(last)
	}
}

// removeCall leaves locks alone: without one, everything fails.
func (m *mutator) removeCall(n ast.Node, call ast.Expr) {
	if c, ok := call.(*ast.CallExpr); ok {
		if f, ok := c.Fun.(*ast.SelectorExpr); ok && (f.Sel.Name == "Lock" || f.Sel.Name == "Unlock") {
			return
		}
	}
	m.remove(n)
}

func (m *mutator) remove(n ast.Node) { m.replace(n, n.Pos(), n.End(), "") }

// replace puts text in place of a part of n.
func (m *mutator) replace(n ast.Node, from, to token.Pos, text string) {
	offset := func(pos token.Pos) int { return m.fset.Position(pos).Offset }
	source := slices.Concat(m.source[:offset(from)], []byte(text), m.source[offset(to):])
	grown := len(source) - len(m.source)
	m.mutants = append(m.mutants, mutant{
		line:     m.fset.Position(from).Line,
		function: m.function,
		from:     oneLine(m.source[offset(n.Pos()):offset(n.End())]),
		to:       oneLine(source[offset(n.Pos()) : offset(n.End())+grown]),
		source:   source,
	})
}

func oneLine(code []byte) string {
	const most = 90 // characters
	line := []rune(strings.ReplaceAll(string(bytes.Join(bytes.Fields(code), []byte{' '})), "`", "'"))
	if len(line) > most {
		return string(line[:most-1]) + "…"
	}
	return string(line)
}
