package fuzz

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A package-level variable may hold what nothing can modify: errors, and tables that are
// only read. Every use of it is therefore checked. A use that is not listed in onlyRead
// counts as a write, so the check may reject code that is pure, but not the reverse.

// stubs declares what the initializers of package-level variables use of the standard
// library. All other types of the standard library are unknown, and are not permitted.
var stubs = map[string]string{
	"errors": "package errors; func New(string) error",
	"regexp": "package regexp; type Regexp struct{}; func MustCompile(string) *Regexp",
}

// readers contains functions of the standard library that neither modify nor keep their
// arguments, or what they return.
var readers = []string{"fmt.Errorf", "fmt.Sprintf", "slices.Clone", "slices.Contains", "slices.Index"}

// A stateChecker looks for package-level variables that can be modified.
type stateChecker struct {
	set      *token.FileSet
	packages map[string]*types.Package
	info     types.Info
	parents  map[ast.Node]ast.Node
	uses     map[types.Object][]ast.Expr     // of each variable
	funcs    map[types.Object]*ast.FuncDecl  // each function and method
	foreign  []ast.Expr                      // assignments to variables of other packages
	vars     map[types.Object]*ast.ValueSpec // each package-level variable
	known    map[types.Object]bool           // results of the check of variables and structs, true while it runs
}

func newStateChecker() *stateChecker {
	return &stateChecker{
		set: token.NewFileSet(), packages: map[string]*types.Package{}, parents: map[ast.Node]ast.Node{},
		info: types.Info{
			Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{}, Types: map[ast.Expr]types.TypeAndValue{},
			Selections: map[*ast.SelectorExpr]*types.Selection{},
		},
		uses: map[types.Object][]ast.Expr{}, funcs: map[types.Object]*ast.FuncDecl{},
		vars: map[types.Object]*ast.ValueSpec{}, known: map[types.Object]bool{},
	}
}

// Import type-checks a package of this module. Mistakes are ignored, since most of the
// standard library is not imported.
func (c *stateChecker) Import(path string) (*types.Package, error) {
	if p := c.packages[path]; p != nil {
		return p, nil
	}
	var files []*ast.File
	if stub, ok := stubs[path]; ok {
		file, err := parser.ParseFile(c.set, path, stub, 0)
		if err != nil {
			return nil, err
		}
		files = []*ast.File{file}
	}
	config := types.Config{Importer: c, Error: func(error) {}}
	dir, ours := strings.CutPrefix(path, module)
	names, err := filepath.Glob(filepath.Join("..", dir, "*.go"))
	for _, name := range names {
		if ours && !strings.HasSuffix(name, "_test.go") {
			file, err := parser.ParseFile(c.set, name, nil, parser.SkipObjectResolution)
			if err != nil {
				return nil, err
			}
			files = append(files, file)
		}
	}
	c.packages[path], _ = config.Check(path, c.set, files, &c.info)
	for _, file := range files {
		if ours {
			c.collect(file)
		}
	}
	return c.packages[path], err
}

// collect records the parents of all nodes of a file, and its functions and variables.
func (c *stateChecker) collect(file *ast.File) {
	var path []ast.Node
	ast.Inspect(file, func(n ast.Node) bool {
		if n == nil {
			path = path[:len(path)-1]
			return true
		}
		if len(path) > 0 {
			c.parents[n] = path[len(path)-1]
		}
		path = append(path, n)
		switch n := n.(type) {
		case *ast.FuncDecl:
			c.funcs[c.info.Defs[n.Name]] = n
		case *ast.ValueSpec:
			for _, name := range n.Names {
				if v, ok := c.info.Defs[name].(*types.Var); ok && v.Parent() == v.Pkg().Scope() {
					c.vars[v] = n
				}
			}
		case *ast.AssignStmt:
			for _, e := range n.Lhs {
				if s, ok := e.(*ast.SelectorExpr); ok && c.isPackage(s.X) {
					c.foreign = append(c.foreign, e)
				}
			}
		case *ast.Ident:
			var e ast.Expr = n
			if s, ok := c.parents[n].(*ast.SelectorExpr); ok && s.Sel == n {
				e = s
			}
			if v, ok := c.info.Uses[n].(*types.Var); ok {
				c.uses[v] = append(c.uses[v], e)
			}
		}
		return true
	})
}

func (c *stateChecker) isPackage(e ast.Expr) bool {
	name, _ := e.(*ast.Ident)
	_, ok := c.info.Uses[name].(*types.PkgName)
	return ok
}

// check reports the package-level variables that can be modified.
func (c *stateChecker) check(t *testing.T) {
	for _, e := range c.foreign {
		t.Errorf("%v: %s is modified", c.set.Position(e.Pos()), types.ExprString(e))
	}
	for v, spec := range c.vars {
		if v.Name() == "_" {
			continue // a compile-time assertion
		}
		at := c.set.Position(v.Pos())
		isError := types.Identical(v.Type(), types.Universe.Lookup("error").Type())
		switch {
		case v.Exported() && !isError && !strings.Contains(v.Pkg().Path(), "/internal/"):
			t.Errorf("%v: other packages can modify the variable %s", at, v.Name())
		case len(spec.Values) != len(spec.Names) || slices.ContainsFunc(spec.Values, func(e ast.Expr) bool { return !c.isConstant(e) }):
			t.Errorf("%v: %s begins without a value, or with one that may be shared", at, v.Name())
		case !c.isTable(v.Type()):
			t.Errorf("%v: the type of %s allows modifications", at, v.Name())
		case !c.usesOnlyRead(v):
			t.Errorf("%v: the variable %s may be modified", at, v.Name())
		}
	}
}

// isConstant reports whether an initial value belongs to the variable alone: it is made
// without functions, except those that make an error or a regular expression.
func (c *stateChecker) isConstant(value ast.Expr) bool {
	ok := true
	ast.Inspect(value, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			ok = ok && (c.info.Types[n.Fun].IsType() || c.makes(c.callee(n)))
		case *ast.UnaryExpr:
			ok = ok && (n.Op != token.AND || c.isValue(c.info.TypeOf(n)))
		}
		return true
	})
	return ok
}

// makes reports whether all that a function does is to make a new value.
func (c *stateChecker) makes(f *types.Func) bool {
	if f == nil || stubs[f.Pkg().Path()] != "" {
		return f != nil
	}
	decl := c.funcs[f]
	if decl == nil || len(decl.Body.List) != 1 {
		return false
	}
	r, ok := decl.Body.List[0].(*ast.ReturnStmt)
	return ok && len(r.Results) == 1 && c.isConstant(r.Results[0])
}

// callee returns the function of this module or of stubs that is called, or nil.
func (c *stateChecker) callee(call *ast.CallExpr) *types.Func {
	name, ok := call.Fun.(*ast.Ident)
	if s, isSelector := call.Fun.(*ast.SelectorExpr); isSelector {
		name, ok = s.Sel, true
	}
	if !ok {
		return nil
	}
	f, _ := c.info.Uses[name].(*types.Func)
	return f
}

// isTable reports whether the values in a variable cannot be modified without a write to
// the variable.
func (c *stateChecker) isTable(t types.Type) bool {
	switch u := t.Underlying().(type) {
	case *types.Map:
		return c.isValue(u.Key()) && c.isTable(u.Elem())
	case *types.Slice:
		return c.isTable(u.Elem())
	}
	return c.isValue(t)
}

// isValue reports whether a copy of a value shares no memory with it that can be modified.
func (c *stateChecker) isValue(t types.Type) bool {
	if t == nil {
		return false // an expression with unknown types
	}
	switch u := t.Underlying().(type) {
	case *types.Basic:
		return u.Kind() != types.Invalid && u.Kind() != types.UnsafePointer
	case *types.Signature:
		return true // isConstant permits no call, and therefore no closure with variables of its own
	case *types.Array:
		return c.isValue(u.Elem())
	case *types.Struct:
		for i := range u.NumFields() {
			if !c.isValue(u.Field(i).Type()) {
				return false
			}
		}
		return true
	case *types.Pointer:
		named, ok := u.Elem().(*types.Named)
		return ok && c.isNeverModified(named)
	}
	return types.Identical(t, types.Universe.Lookup("error").Type()) // which isConstant checks
}

// isNeverModified reports whether nothing modifies the fields of a struct after it has
// been made.
func (c *stateChecker) isNeverModified(t *types.Named) bool {
	name := t.Obj()
	if name.Pkg() == nil || stubs[name.Pkg().Path()] != "" {
		return name.Pkg() != nil
	}
	u, ok := t.Underlying().(*types.Struct)
	if !ok || name.Exported() {
		return false
	}
	if known, ok := c.known[name]; ok {
		return known
	}
	c.known[name] = true
	c.known[name] = c.fieldsOnlyRead(t, u)
	return c.known[name]
}

func (c *stateChecker) fieldsOnlyRead(t types.Type, u *types.Struct) bool {
	for i := range u.NumFields() {
		if f := u.Field(i); f.Exported() || !c.isTable(f.Type()) {
			return false
		}
	}
	for e, typ := range c.info.Types {
		star, isStar := e.(*ast.StarExpr)
		if isStar && typ.IsValue() && types.Identical(typ.Type, t) && !c.onlyRead(star) {
			return false
		}
	}
	for e, s := range c.info.Selections {
		recv := s.Recv()
		if p, ok := recv.Underlying().(*types.Pointer); ok {
			recv = p.Elem()
		}
		if s.Kind() == types.FieldVal && types.Identical(recv, t) && !c.onlyRead(e) {
			return false
		}
	}
	return true
}

// usesOnlyRead reports whether no use of a variable modifies what it holds or refers to.
func (c *stateChecker) usesOnlyRead(v types.Object) bool {
	if known, ok := c.known[v]; ok || v == nil {
		return known
	}
	c.known[v] = true
	c.known[v] = !slices.ContainsFunc(c.uses[v], func(e ast.Expr) bool { return !c.onlyRead(e) })
	return c.known[v]
}

// onlyRead reports whether an expression is used neither for writing, nor for a reference
// that might be.
func (c *stateChecker) onlyRead(e ast.Expr) bool {
	isCopy := c.isValue(c.info.TypeOf(e))
	switch p := c.parents[e].(type) {
	case *ast.IncDecStmt:
		return false
	case *ast.ParenExpr, *ast.StarExpr, *ast.SliceExpr:
		return c.onlyRead(p.(ast.Expr))
	case *ast.UnaryExpr:
		return p.Op != token.AND && isCopy || p.Op == token.AND && c.onlyRead(p)
	case *ast.IndexExpr:
		return p.Index == e && isCopy || p.X == e && c.onlyRead(p)
	case *ast.SelectorExpr:
		s := c.info.Selections[p]
		if s == nil || s.Kind() != types.FieldVal {
			return c.methodOnlyReads(s, isCopy)
		}
		return c.onlyRead(p)
	case *ast.RangeStmt:
		return p.X == e && (p.Value == nil || c.isValue(c.info.TypeOf(p.Value)))
	case *ast.AssignStmt:
		i := slices.Index(p.Rhs, e)
		if i < 0 || isCopy {
			return i >= 0
		}
		return p.Tok == token.DEFINE && len(p.Lhs) == len(p.Rhs) && c.usesOnlyRead(c.info.Defs[p.Lhs[i].(*ast.Ident)])
	case *ast.CallExpr:
		return isCopy || c.callOnlyReads(p, slices.Index(p.Args, e))
	}
	return isCopy
}

// methodOnlyReads reports whether a method only reads its receiver. Nothing is known about
// the methods of stubs.
func (c *stateChecker) methodOnlyReads(s *types.Selection, isCopy bool) bool {
	if s == nil || types.IsInterface(s.Recv()) {
		return isCopy
	}
	return c.funcs[s.Obj()] != nil && c.usesOnlyRead(s.Obj().Type().(*types.Signature).Recv())
}

// callOnlyReads reports whether a function only reads the argument with index i.
func (c *stateChecker) callOnlyReads(call *ast.CallExpr, i int) bool {
	if f := c.callee(call); f != nil {
		params := f.Type().(*types.Signature).Params()
		return i >= 0 && c.funcs[f] != nil && c.usesOnlyRead(params.At(min(i, params.Len()-1)))
	}
	name := types.ExprString(call.Fun)
	return c.info.Types[call.Fun].IsBuiltin() && (name == "len" || name == "cap") || slices.Contains(readers, name)
}
