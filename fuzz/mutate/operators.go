package main

import (
	"go/ast"
	"go/token"
	"strconv"
	"strings"
)

// swaps contains the replacements of operators.
var swaps = map[token.Token][]string{
	token.LSS: {"<=", ">="}, token.LEQ: {"<", ">"}, token.GTR: {">=", "<="}, token.GEQ: {">", "<"},
	token.EQL: {"!="}, token.NEQ: {"=="}, token.LAND: {"||"}, token.LOR: {"&&"},
	token.ADD: {"-"}, token.SUB: {"+"}, token.MUL: {"/"}, token.QUO: {"*"}, token.REM: {"*"},
	token.SHL: {">>"}, token.SHR: {"<<"}, token.AND: {"|"}, token.OR: {"&"}, token.XOR: {"&"}, token.AND_NOT: {"&"},
	token.INC: {"--"}, token.DEC: {"++"}, token.ADD_ASSIGN: {"-=", "="}, token.SUB_ASSIGN: {"+=", "="}, token.MUL_ASSIGN: {"/=", "="},
	token.OR_ASSIGN: {"&=", "="}, token.SHR_ASSIGN: {"<<=", "="},
}

// words contains the replacements of names.
var words = map[string]string{
	"true": "false", "false": "true", "min": "max", "max": "min", "Before": "After", "After": "Before",
	"break": "continue", "continue": "break", "fallthrough": "break",
}

// mutate adds the mutants of one node.
func (g *generator) mutate(n ast.Node) {
	switch n := n.(type) {
	case *ast.BinaryExpr:
		g.swap(n.OpPos, n.Op)
		if n.Op == token.LAND || n.Op == token.LOR {
			g.truth(n.X)
			g.truth(n.Y)
		}
	case *ast.UnaryExpr:
		if n.Op == token.NOT || n.Op == token.SUB {
			g.change(n.Pos(), n.X.Pos(), "")
		}
	case *ast.IfStmt:
		g.truth(n.Cond)
	case *ast.ForStmt:
		if n.Cond != nil {
			g.replace(n.Cond, "false && ("+g.of(n.Cond)+")")
		}
	case *ast.SwitchStmt:
		g.cases(n)
	case *ast.BasicLit:
		g.literal(n)
	case *ast.Ident:
		if word, ok := words[n.Name]; ok {
			g.replace(n, word)
		}
	case *ast.FuncDecl:
		g.returns(n.Type, n.Body)
	case *ast.FuncLit:
		g.returns(n.Type, n.Body)
	case *ast.BlockStmt:
		g.statements(n.List)
	case *ast.CaseClause:
		g.statements(n.Body)
	case *ast.AssignStmt:
		g.assignment(n)
	case *ast.IncDecStmt:
		g.swap(n.TokPos, n.Tok)
	case *ast.BranchStmt:
		if word, ok := words[n.Tok.String()]; ok && n.Label == nil {
			g.change(n.Pos(), n.End(), word)
		}
	case *ast.CallExpr:
		switch g.of(n.Fun) {
		case "min", "max", "append":
			g.omit(n.Args)
		case "bytes.Equal", "hmac.Equal", "strings.EqualFold", "strings.ContainsAny": // the order of the arguments does not matter
		default:
			g.exchange(n.Args)
		}
	case *ast.CompositeLit:
		g.exchange(n.Elts)
		g.omit(n.Elts)
	case *ast.SliceExpr:
		g.slice(n)
	}
}

// negative reports whether n is a number such as -1. Only its sign is changed,
// because it usually means that nothing was found, and -2 would mean the same.
func negative(n ast.Node) bool {
	u, ok := n.(*ast.UnaryExpr)
	if !ok || u.Op != token.SUB {
		return false
	}
	_, ok = u.X.(*ast.BasicLit)
	return ok
}

func (g *generator) swap(at token.Pos, op token.Token) {
	for _, other := range swaps[op] {
		g.change(at, at+token.Pos(len(op.String())), other)
	}
}

// truth adds mutants with a condition that is always true or always false.
func (g *generator) truth(cond ast.Expr) {
	g.replace(cond, "(true || "+g.of(cond)+")")
	g.replace(cond, "false && ("+g.of(cond)+")")
}

// cases removes each case of a switch and, in a switch without a tag, makes
// each case always true.
func (g *generator) cases(s *ast.SwitchStmt) {
	for _, clause := range s.Body.List {
		clause := clause.(*ast.CaseClause)
		for _, cond := range clause.List {
			if s.Tag == nil {
				g.truth(cond)
			}
		}
		if s.Tag != nil || clause.List == nil {
			g.replace(clause, "")
		}
	}
}

// literal increments and decrements a number or a character, but makes no
// number negative. It changes a text only if it contains no blank, because
// texts with blanks are for people.
func (g *generator) literal(n *ast.BasicLit) {
	switch n.Kind {
	case token.INT:
		if i, err := strconv.ParseInt(n.Value, 0, 64); err == nil {
			g.replace(n, strconv.FormatInt(i+1, 10))
			if i > 0 {
				g.replace(n, strconv.FormatInt(i-1, 10))
			}
		}
	case token.CHAR:
		g.replace(n, "("+n.Value+"+1)")
		g.replace(n, "("+n.Value+"-1)")
	case token.FLOAT:
		g.replace(n, "(2*"+n.Value+")")
	case token.STRING:
		if !strings.Contains(n.Value, " ") {
			g.replace(n, n.Value[:1]+"_"+n.Value[1:])
		}
	}
}

// zeros contains the zero values of result types. For other types, nil is
// tried.
var zeros = map[string]string{
	"string": `""`, "int": "0", "int64": "0", "byte": "0", "uint16": "0", "time.Duration": "0",
}

// returns replaces each result of each return statement by zero, and negates
// each bool.
func (g *generator) returns(f *ast.FuncType, body *ast.BlockStmt) {
	if f.Results == nil {
		return
	}
	var types []string
	for _, field := range f.Results.List {
		for range max(1, len(field.Names)) {
			types = append(types, g.of(field.Type))
		}
	}
	ast.Inspect(body, func(n ast.Node) bool {
		if r, ok := n.(*ast.ReturnStmt); ok && len(r.Results) == len(types) {
			for i, result := range r.Results {
				g.zero(result, types[i])
			}
		}
		_, inner := n.(*ast.FuncLit)
		return !inner
	})
}

func (g *generator) zero(result ast.Expr, of string) {
	if of == "bool" {
		g.replace(result, "!("+g.of(result)+")")
	} else if zero, ok := zeros[of]; ok {
		g.replace(result, zero)
	} else {
		g.replace(result, "nil")
		if strings.HasPrefix(of, "[]") {
			g.replace(result, of+"{}")
		}
	}
}

// statements removes each statement that declares nothing.
func (g *generator) statements(list []ast.Stmt) {
	for _, s := range list {
		switch s := s.(type) {
		case *ast.AssignStmt:
			if s.Tok != token.DEFINE {
				g.replace(s, "")
			}
		case *ast.ReturnStmt:
			if len(s.Results) == 0 {
				g.replace(s, "")
			}
		case *ast.ExprStmt, *ast.IncDecStmt, *ast.BranchStmt, *ast.DeferStmt:
			g.replace(s, "")
		}
	}
}

// assignment omits the assignment to each of several variables, and changes an
// operator.
func (g *generator) assignment(a *ast.AssignStmt) {
	g.swap(a.TokPos, a.Tok)
	if a.Tok == token.ASSIGN && len(a.Lhs) > 1 && len(a.Lhs) == len(a.Rhs) {
		for i := range a.Lhs {
			g.replace(a.Rhs[i], g.of(a.Lhs[i]))
		}
	}
}

// exchange swaps neighbors: arguments, elements, or the values of two keys.
func (g *generator) exchange(list []ast.Expr) {
	for i := 1; i < len(list); i++ {
		x, y := value(list[i-1]), value(list[i])
		between := g.text[g.set.Position(x.End()).Offset:g.set.Position(y.Pos()).Offset]
		g.change(x.Pos(), y.End(), g.of(y)+string(between)+g.of(x))
	}
}

func value(e ast.Expr) ast.Expr {
	if pair, ok := e.(*ast.KeyValueExpr); ok {
		return pair.Value
	}
	return e
}

// omit removes each argument or element.
func (g *generator) omit(list []ast.Expr) {
	for i, e := range list {
		from, to := e.Pos(), e.End()
		if i+1 < len(list) {
			to = list[i+1].Pos()
		} else if i > 0 {
			from = list[i-1].End()
		}
		g.change(from, to, "")
	}
}

// slice removes each bound of a slice expression.
func (g *generator) slice(s *ast.SliceExpr) {
	for _, bound := range []ast.Expr{s.Low, s.High} {
		if bound != nil {
			g.replace(bound, "")
		}
	}
	if s.Slice3 {
		g.change(s.High.End(), s.Max.End(), "")
	}
}
