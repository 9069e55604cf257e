package fuzz

import (
	"flag"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the listings in testdata/api")

// public contains the packages that other modules can import, each after the
// packages that it imports.
var public = []string{"packet", "topic", "sastoken", "fsm/registration", "fsm", "fsm/dpstest"}

// The exported API of each package is the one that is listed in testdata/api. A
// removed or changed line breaks programs, and an added line is a promise. With
// -update, the test rewrites the listings, whose diff must be reviewed.
func TestAPI(t *testing.T) {
	c := checker{set: token.NewFileSet(), done: map[string]*types.Package{}}
	c.std = importer.Default()
	for _, dir := range public {
		pkg, err := c.check(dir)
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join("../testdata/api", strings.ReplaceAll(dir, "/", "-")+".txt")
		got := listing(pkg)
		if *update {
			if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
			t.Errorf("the API of %s differs from %s; if the change is intended, run go test ./fuzz -run API -update (-listed +found):\n%s", dir, file, diff)
		}
	}
}

// Every package that other modules can import has a listing.
func TestAPIListsEveryPackage(t *testing.T) {
	var want []string
	for dir := range imports {
		if dir != "fuzz" && !strings.Contains(dir, "internal") {
			want = append(want, dir)
		}
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, slices.Sorted(slices.Values(public))); diff != "" {
		t.Errorf("packages (-importable +listed):\n%s", diff)
	}
}

// A checker type-checks the packages of this module from their source.
type checker struct {
	set  *token.FileSet
	std  types.Importer
	done map[string]*types.Package // by import path
}

func (c *checker) Import(path string) (*types.Package, error) {
	if pkg := c.done[path]; pkg != nil {
		return pkg, nil
	}
	return c.std.Import(path)
}

func (c *checker) check(dir string) (*types.Package, error) {
	names, err := filepath.Glob(filepath.Join("..", dir, "*.go"))
	if err != nil {
		return nil, err
	}
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(c.set, name, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	config := types.Config{Importer: c}
	c.done[module+dir], err = config.Check(module+dir, c.set, files, nil)
	return c.done[module+dir], err
}

// listing returns a line for each exported identifier, field and method.
func listing(pkg *types.Package) string {
	var s strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&s, format+"\n", args...) }
	text := func(t types.Type) string {
		return types.TypeString(t, func(p *types.Package) string {
			if p == pkg {
				return ""
			}
			return p.Name()
		})
	}
	for _, name := range pkg.Scope().Names() {
		obj := pkg.Scope().Lookup(name)
		if !obj.Exported() {
			continue
		}
		switch obj := obj.(type) {
		case *types.Const:
			line("const %s %s = %s", name, text(obj.Type()), obj.Val().ExactString())
		case *types.Var:
			line("var %s %s", name, text(obj.Type()))
		case *types.Func:
			line("func %s%s", name, strings.TrimPrefix(text(obj.Type()), "func"))
		case *types.TypeName:
			if obj.IsAlias() {
				line("type %s = %s", name, text(types.Unalias(obj.Type())))
				continue
			}
			listType(line, text, obj.Type().(*types.Named))
		}
	}
	return s.String()
}

func listType(line func(string, ...any), text func(types.Type) string, t *types.Named) {
	name := t.Obj().Name()
	switch u := t.Underlying().(type) {
	case *types.Struct:
		line("type %s struct", name)
		for i := range u.NumFields() { // package types of Go 1.23 has no iterators
			if f := u.Field(i); f.Exported() {
				line("%s", strings.TrimSpace(fmt.Sprintf("field %s.%s %s %s", name, f.Name(), text(f.Type()), u.Tag(i))))
			}
		}
	case *types.Interface:
		line("type %s interface", name)
		for i := range u.NumMethods() {
			m := u.Method(i)
			line("method %s.%s%s", name, m.Name(), strings.TrimPrefix(text(m.Type()), "func"))
		}
	default:
		line("type %s %s", name, text(u))
	}
	var methods []string
	for i := range t.NumMethods() {
		if m := t.Method(i); m.Exported() {
			receiver := text(m.Type().(*types.Signature).Recv().Type())
			methods = append(methods, fmt.Sprintf("method (%s) %s%s", receiver, m.Name(), strings.TrimPrefix(text(m.Type()), "func")))
		}
	}
	slices.Sort(methods)
	for _, m := range methods {
		line("%s", m)
	}
}
