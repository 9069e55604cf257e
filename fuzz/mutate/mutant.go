package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A mutant is a small change to a file: it replaces the bytes from start to end
// by with.
type mutant struct {
	file       string
	start, end int
	with       string
	function   *function // the function that contains it; nil at package level
	alone      bool      // whether it cannot be bundled
	place      string    // file:line:column
	was, now   string    // the original and the changed line, or the first of several lines
}

// A function is a function that mutants may change.
type function struct {
	name       string // "(*Machine).fire"
	start, end int    // of its body, including the braces
	results    bool   // whether it returns something
}

// name returns the name of the function, or "" if there is none.
func (m mutant) name() string {
	if m.function == nil {
		return ""
	}
	return m.function.name
}

// key identifies a mutant independently of edits elsewhere in the file.
func (m mutant) key() string { return strings.Join([]string{m.name(), m.was, m.now}, "\t") }

// apply returns the changed text of the file between two offsets.
func (m mutant) apply(text []byte, from, to int) []byte {
	return slices.Concat(text[from:m.start], []byte(m.with), text[m.end:to])
}

// sources reads all files of a package except its tests.
func sources(dir string) (map[string][]byte, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	texts := map[string][]byte{}
	for _, file := range files {
		if !strings.HasSuffix(file, "_test.go") {
			if texts[file], err = os.ReadFile(file); err != nil {
				return nil, err
			}
		}
	}
	return texts, nil
}

// packageName returns the name of the package of these files.
func packageName(texts map[string][]byte) string {
	for _, text := range texts {
		if file, err := parser.ParseFile(token.NewFileSet(), "", text, parser.PackageClauseOnly); err == nil {
			return file.Name.Name
		}
	}
	return ""
}

// A generator collects the mutants of one file.
type generator struct {
	set      *token.FileSet
	file     string
	text     []byte
	function *function
	all      []mutant
}

// mutants returns all mutants of a file. Some of them do not compile.
func mutants(file string, text []byte) ([]mutant, error) {
	g := generator{set: token.NewFileSet(), file: file, text: text}
	parsed, err := parser.ParseFile(g.set, file, text, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	for _, decl := range parsed.Decls {
		g.function = nil
		switch decl := decl.(type) {
		case *ast.FuncDecl:
			name := decl.Name.Name
			if decl.Recv != nil {
				name = fmt.Sprintf("(%s).%s", g.of(decl.Recv.List[0].Type), name)
			}
			g.function = &function{name, g.offset(decl.Body.Pos()), g.offset(decl.Body.End()), decl.Type.Results != nil}
		case *ast.GenDecl:
			if decl.Tok == token.IMPORT {
				continue
			}
		}
		ast.Inspect(decl, func(n ast.Node) bool {
			g.mutate(n)
			return !negative(n)
		})
	}
	return g.all, nil
}

func (g *generator) offset(p token.Pos) int { return g.set.Position(p).Offset }

// of returns the source text of a node.
func (g *generator) of(n ast.Node) string {
	return string(g.text[g.offset(n.Pos()):g.offset(n.End())])
}

// replace adds the mutant that replaces the text of a node.
func (g *generator) replace(n ast.Node, with string) { g.change(n.Pos(), n.End(), with) }

// change adds a mutant, unless it equals an earlier mutant or changes nothing.
func (g *generator) change(from, to token.Pos, with string) {
	at := g.set.Position(from)
	m := mutant{file: g.file, start: at.Offset, end: g.offset(to), with: with, function: g.function}
	same := func(n mutant) bool { return n.start == m.start && n.end == m.end && n.with == with }
	before, old, after := string(g.text[:m.start]), string(g.text[m.start:m.end]), string(g.text[m.end:])
	if old == with || slices.ContainsFunc(g.all, same) {
		return
	}
	before = before[strings.LastIndexByte(before, '\n')+1:]
	after, _, _ = strings.Cut(after, "\n")
	m.place = fmt.Sprintf("%s:%d:%d", filepath.Base(g.file), at.Line, at.Column)
	m.was, m.now = tidy(before+old+after), tidy(before+with+after)
	g.all = append(g.all, m)
}

// tidy shortens a piece of code for a table.
func tidy(code string) string {
	first, rest, more := strings.Cut(strings.TrimSpace(code), "\n")
	if more && strings.TrimSpace(rest) != "" {
		first += " …"
	}
	if first = strings.Join(strings.Fields(first), " "); first == "" {
		return "(nothing)"
	}
	return first
}
