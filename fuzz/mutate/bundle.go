package main

import (
	"bytes"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
)

// variable is the environment variable that selects a mutant of a bundle.
const variable = "MUTANT"

// chooser is the additional file of a bundle.
const chooser = `package %s

import (
	"os"
	"strconv"
)

var mutant, _ = strconv.Atoi(os.Getenv(%q))
`

// bundle returns the files of a package in which every function contains all
// its mutants: its body begins with a switch over mutated bodies. Therefore,
// all mutants are compiled at once. To compile them one by one would take most
// of the time. The number of a mutant is its index plus one.
func bundle(dir string, texts map[string][]byte, all []mutant) map[string][]byte {
	files := map[string][]byte{
		filepath.Join(dir, "mutant.go"): fmt.Appendf(nil, chooser, packageName(texts), variable),
	}
	for file, text := range texts {
		files[file] = bundleFile(file, text, all)
	}
	return files
}

func bundleFile(file string, text []byte, all []mutant) []byte {
	bodies := map[int][]byte{} // by the start of the body of the function
	for i, m := range all {
		f := m.function
		if m.file != file || f == nil || m.alone {
			continue
		}
		after := "return"
		if f.results {
			after = "panic(0)" // never reached
		}
		bodies[f.start] = fmt.Appendf(bodies[f.start], "case %d:\n%s\n%s\n", i+1, m.apply(text, f.start, f.end), after)
	}
	var out bytes.Buffer
	done := 0
	for _, start := range slices.Sorted(maps.Keys(bodies)) {
		fmt.Fprintf(&out, "%s\nswitch mutant {\n%s}\n", text[done:start+1], bodies[start])
		done = start + 1
	}
	out.Write(text[done:])
	return out.Bytes()
}
