package main

import (
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

//go:embed faults.txt
var list string

// A fault is a change to the code that a test must notice.
type fault struct {
	pkg, test string // "fsm", "TestDone"
	name      string
	changes   []change
}

// A change replaces some lines of a file. White space between words is ignored.
type change struct {
	file     string // its path in the module
	old, new []string
}

// parse reads a list of faults. Each fault is a paragraph: a line with the
// package, the test and the name, and then, for each file, its name, followed
// by the lines to be replaced and their replacements.
func parse(text string) (all []fault, err error) {
	file, last := "", byte(0)
	for i, line := range strings.Split(text, "\n") {
		wrong := func(why string) ([]fault, error) { return nil, fmt.Errorf("line %d: %s: %q", i+1, why, line) }
		var f *fault
		if len(all) > 0 {
			f = &all[len(all)-1]
		}
		kind := byte(0)
		if line != "" {
			kind = line[0]
		}
		switch kind {
		case 0, '#': // between faults
			file = ""
		case '@':
			if file = line[1:]; f == nil {
				return wrong("a file without a fault")
			}
		case '-':
			if file == "" {
				return wrong("a change without a file")
			}
			if last != '-' {
				f.changes = append(f.changes, change{file: file})
			}
			c := &f.changes[len(f.changes)-1]
			c.old = append(c.old, line[1:])
		case '+':
			if last != '-' && last != '+' {
				return wrong("a replacement without lines to be replaced")
			}
			c := &f.changes[len(f.changes)-1]
			c.new = append(c.new, line[1:])
		default:
			head, name, ok := strings.Cut(line, ": ")
			pkg, test, hasTest := strings.Cut(head, " ")
			if !ok || !hasTest {
				return wrong("expected a package, a test and a name")
			}
			all = append(all, fault{pkg: pkg, test: test, name: name})
		}
		last = kind
	}
	return all, nil
}

// apply returns the changed text of the files that the fault changes, by path.
// Each old text must be in its file exactly once, so that the list stays in
// step with the code.
func (f fault) apply(root string) (map[string][]byte, error) {
	lines := map[string][]string{}
	for _, c := range f.changes {
		if lines[c.file] == nil {
			text, err := os.ReadFile(filepath.Join(root, c.file))
			if err != nil {
				return nil, err
			}
			lines[c.file] = strings.Split(string(text), "\n")
		}
		at, err := find(lines[c.file], c.old)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.file, err)
		}
		lines[c.file] = slices.Concat(lines[c.file][:at], c.new, lines[c.file][at+len(c.old):])
	}
	files := map[string][]byte{}
	for file, l := range lines {
		files[file] = []byte(strings.Join(l, "\n"))
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("the fault changes nothing")
	}
	return files, nil
}

// find returns the index of old in lines, where it must occur exactly once.
func find(lines, old []string) (at int, err error) {
	at = -1
	for i := range len(lines) - len(old) + 1 {
		if !slices.EqualFunc(lines[i:i+len(old)], old, sameWords) {
			continue
		}
		if at >= 0 {
			return 0, fmt.Errorf("lines %d and %d are both %q", at+1, i+1, old)
		}
		at = i
	}
	if at < 0 {
		return 0, fmt.Errorf("there are no lines %q", old)
	}
	return at, nil
}

func sameWords(a, b string) bool { return slices.Equal(strings.Fields(a), strings.Fields(b)) }
