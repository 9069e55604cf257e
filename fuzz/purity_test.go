package fuzz

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// pure contains packages of the standard library that do no I/O, do not read
// the clock by themselves, start no goroutines and have no state.
var pure = []string{
	"bytes", "cmp", "crypto/hmac", "crypto/sha256", "encoding/base64", "encoding/binary", "encoding/hex", "encoding/json",
	"errors", "fmt", "io", "iter", "log/slog", "maps", "math", "regexp", "slices", "strconv", "strings", "time", "unicode", "unicode/utf16", "unicode/utf8",
}

// clocks contains the functions of package time that need a clock.
var clocks = []string{"Now", "Since", "Until", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker", "Sleep"}

// imports contains all packages of this module, and which of them each package
// may import.
var imports = map[string][]string{
	"packet": {}, "topic": {}, "sastoken": {}, "fuzz": {}, "fsm/internal/explore": {},
	"fsm/registration": {"topic"},
	"fsm":              {"packet", "topic", "fsm/registration"},
	"fsm/dpstest":      {"packet", "topic", "sastoken", "fsm"},
}

// exceptions contains additional packages that a package may import.
var exceptions = map[string][]string{
	// Only tests use this package. It draws diagrams, and makes so many keys
	// from the private fields of machines that reflection alone would be too
	// slow.
	"fsm/internal/explore": {"html", "reflect", "unsafe"},
}

// variables contains the package-level variables that are not simply an
// errors.New. All are only read, and no function returns memory of them.
var variables = map[string][]string{
	"packet":           {"layouts"},
	"topic":            {"operations"},
	"sastoken":         {"errEmptyKey"},
	"fsm":              {"attestationNames", "ErrSubscribe", "ErrPassword"},
	"fsm/registration": {"stateNames", "wantNames", "eventNames"},
	"fsm/dpstest": {
		"knownVersions", "kindNames", "secret", "stepNames", "requests", "trailingComma",
		"unauthorized", "noCertificate", "invalidCertificate", "notFound",
	},
	"fsm/internal/explore": {"Registration"},
}

const module = "example.com/dps/"

// No package of this module does I/O, reads a clock, starts a goroutine, has
// global state, uses a global random source, or links anything outside the
// standard library.
func TestPackagesArePure(t *testing.T) {
	found := map[string]bool{}
	err := filepath.WalkDir("..", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			_, err := os.Stat(filepath.Join(name, "go.mod"))
			if name != ".." && (err == nil || d.Name() == "testdata") {
				return fs.SkipDir // another module, or not a package
			}
			return nil
		}
		if strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go") {
			dir := strings.TrimPrefix(filepath.ToSlash(filepath.Dir(name)), "../")
			found[dir] = true
			checkPure(t, name, dir)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(imports)), slices.Sorted(maps.Keys(found))); diff != "" {
		t.Errorf("packages (-listed +found):\n%s", diff)
	}
}

func checkPure(t *testing.T, name, dir string) {
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, name, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, spec := range file.Imports {
		path, _ := strconv.Unquote(spec.Path.Value)
		if inner, ok := strings.CutPrefix(path, module); ok && slices.Contains(imports[dir], inner) {
			continue
		}
		if !slices.Contains(pure, path) && !slices.Contains(exceptions[dir], path) {
			t.Errorf("%s imports %s", name, path)
		}
		if spec.Name != nil {
			t.Errorf("%s renames %s", name, path)
		}
	}
	known := variables[dir]
	for _, v := range packageVariables(file) {
		if !v.isError && !slices.Contains(known, v.name) {
			t.Errorf("%v: the package-level variable %s is not listed as one that is only read", set.Position(v.pos), v.name)
		}
	}
	modified := func(e ast.Expr) {
		if name := root(e); slices.Contains(known, name) {
			t.Errorf("%v modifies the package-level variable %s", set.Position(e.Pos()), name)
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for _, e := range n.Lhs {
				modified(e)
			}
		case *ast.IncDecStmt:
			modified(n.X)
		case *ast.GoStmt:
			t.Errorf("%v starts a goroutine", set.Position(n.Pos()))
		case *ast.SelectorExpr:
			if x, ok := n.X.(*ast.Ident); ok && x.Name == "time" && slices.Contains(clocks, n.Sel.Name) {
				t.Errorf("%v uses time.%s", set.Position(n.Pos()), n.Sel.Name)
			}
		}
		return true
	})
}

// A packageVariable is a variable that is declared outside of functions.
type packageVariable struct {
	name    string
	pos     token.Pos
	isError bool // it is an errors.New, or an error of another package
}

func packageVariables(file *ast.File) (all []packageVariable) {
	for _, decl := range file.Decls {
		d, ok := decl.(*ast.GenDecl)
		if !ok || d.Tok != token.VAR {
			continue
		}
		for _, spec := range d.Specs {
			spec := spec.(*ast.ValueSpec)
			for i, name := range spec.Names {
				if name.Name == "_" {
					continue // a compile-time assertion
				}
				v := packageVariable{name: name.Name, pos: name.Pos()}
				if len(spec.Values) == len(spec.Names) {
					value := types.ExprString(spec.Values[i])
					v.isError = strings.HasPrefix(value, "errors.New(") || strings.HasPrefix(value, "registration.Err")
				}
				all = append(all, v)
			}
		}
	}
	return all
}

// root returns the name of the variable that an expression is a part of.
func root(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.IndexExpr:
		return root(e.X)
	case *ast.SelectorExpr:
		return root(e.X)
	case *ast.SliceExpr:
		return root(e.X)
	case *ast.ParenExpr:
		return root(e.X)
	}
	return ""
}

// Files and functions stay short enough to be read.
func TestFilesAreShort(t *testing.T) {
	err := filepath.WalkDir("..", func(name string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(name, ".go") {
			return err
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, name, nil, 0)
		if err != nil {
			return err
		}
		if lines := set.File(file.Pos()).LineCount(); lines > 400 {
			t.Errorf("%s has %d lines", name, lines)
		}
		for _, decl := range file.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok || strings.HasSuffix(name, "_test.go") {
				continue
			}
			if lines := set.Position(f.End()).Line - set.Position(f.Pos()).Line + 1; lines > 60 {
				t.Errorf("%s: %s has %d lines", name, f.Name.Name, lines)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Comments are at most 80 columns wide, where a tab counts as four. Code in
// comments, the output of examples and comments after code may be wider.
func TestCommentsAreNarrow(t *testing.T) {
	err := filepath.WalkDir("..", func(name string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(name, ".go") {
			return err
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		output := false
		for i, line := range strings.Split(string(text), "\n") {
			comment := strings.TrimLeft(line, "\t")
			output = strings.HasPrefix(comment, "// Output:") || output && strings.HasPrefix(comment, "//")
			wide := 4*(len(line)-len(comment))+utf8.RuneCountInString(comment) > 80
			if wide && !output && strings.HasPrefix(comment, "// ") {
				t.Errorf("%s:%d: the comment is wider than 80 columns", name, i+1)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
