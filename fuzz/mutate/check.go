package main

import (
	"fmt"
	"go/ast"
	"go/build"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"maps"
)

// A checker determines which mutants compile, without running the compiler.
type checker struct {
	set   *token.FileSet
	files map[string]*ast.File
	known imports
}

// imports contains the packages that the package imports, by path.
type imports map[string]*types.Package

// Import returns a package.
func (i imports) Import(path string) (*types.Package, error) {
	if p := i[path]; p != nil {
		return p, nil
	}
	return nil, fmt.Errorf("no package %s", path)
}

func newChecker(dir string, texts map[string][]byte) (*checker, error) {
	build.Default.Dir = dir // the module of dir determines where packages are
	c := &checker{token.NewFileSet(), map[string]*ast.File{}, imports{}}
	texts = maps.Clone(texts)
	texts["mutant.go"] = []byte("package " + packageName(texts) + "\nvar mutant int") // declared by chooser in bundles
	for file, text := range texts {
		parsed, err := parser.ParseFile(c.set, file, text, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		c.files[file] = parsed
	}
	pkg, err := c.check(nil, importer.ForCompiler(c.set, "source", nil))
	if err != nil {
		return nil, err
	}
	for _, p := range pkg.Imports() {
		c.known[p.Path()] = p
	}
	return c, nil
}

// check type-checks the package, in which others replace some of the files.
func (c *checker) check(others map[string]*ast.File, from types.Importer) (*types.Package, error) {
	var files []*ast.File
	for name, file := range c.files {
		if other := others[name]; other != nil {
			file = other
		}
		files = append(files, file)
	}
	return (&types.Config{Importer: from}).Check("p", c.set, files, nil)
}

// compiles reports whether the package compiles with text as the file of that
// name. It may be called from many goroutines.
func (c *checker) compiles(name string, text []byte) bool {
	file, err := parser.ParseFile(c.set, name, text, parser.SkipObjectResolution)
	if err != nil {
		return false
	}
	_, err = c.check(map[string]*ast.File{name: file}, c.known)
	return err == nil
}
