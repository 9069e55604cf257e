package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// An input is a file of a corpus.
type input struct {
	name, text string
	reaches    map[string]bool // the statements, as a profile names them
}

// hashed matches the names that the go command gives to the inputs that it
// finds.
var hashed = regexp.MustCompile(`^[0-9a-f]{16}$`)

// readInputs returns the files in a directory, or none if there is no such
// directory.
func readInputs(dir string) ([]input, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var inputs []input
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, err
		}
		inputs = append(inputs, input{name: e.Name(), text: string(text)})
	}
	return inputs, nil
}

// refresh replaces the corpus with inputs from it and from the go command's
// cache.
func (t target) refresh(cache string) error {
	old, err := readInputs(t.corpus())
	if err != nil {
		return err
	}
	found, err := readInputs(filepath.Join(cache, "fuzz", filepath.FromSlash(t.pkg), t.name))
	if err != nil {
		return err
	}
	inputs := slices.Clone(old)
	for _, in := range found {
		if !slices.ContainsFunc(old, func(o input) bool { return o.name == in.name }) {
			inputs = append(inputs, in)
		}
	}
	if err := t.measure(inputs); err != nil {
		return err
	}
	kept := choose(inputs)
	reached := map[string]bool{}
	for _, in := range kept {
		add(reached, in)
	}
	fmt.Printf("%s: %d of %d inputs reach %d blocks of statements\n", t.name, len(kept), len(inputs), len(reached))
	return replace(t.corpus(), old, kept)
}

// measure determines which statements of the module each input reaches.
func (t target) measure(inputs []input) error {
	dir, err := os.MkdirTemp("", "corpus")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	program := filepath.Join(dir, "fuzz.test")
	if _, err := goCommand(t.module, "test", "-c", "-o", program, "-covermode", "set", "-coverpkg", "./...", t.pkg); err != nil {
		return err
	}
	here := filepath.Join(dir, "testdata", "fuzz", t.name)
	if err := replace(here, nil, inputs); err != nil {
		return err
	}
	profile := filepath.Join(dir, "profile")
	for i, in := range inputs {
		cmd := exec.Command(program, "-test.run", "^"+t.name+"$/^"+regexp.QuoteMeta(in.name)+"$", "-test.coverprofile", profile)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("input %s: %w\n%s", in.name, err, out)
		}
		text, err := os.ReadFile(profile)
		if err != nil {
			return err
		}
		inputs[i].reaches = reached(string(text))
	}
	return nil
}

// reached returns the blocks of statements in a profile that were executed.
func reached(profile string) map[string]bool {
	blocks := map[string]bool{}
	for _, line := range strings.Split(profile, "\n") {
		if block, ok := strings.CutSuffix(line, " 1"); ok {
			blocks[block] = true
		}
	}
	return blocks
}

// choose returns inputs that together reach the same statements as all inputs.
// It keeps the inputs written by hand. Of the others, beginning with the
// smallest, it keeps each one that reaches a statement that none of the kept
// ones reaches. Finally, it removes inputs whose statements are reached by
// other kept inputs.
func choose(inputs []input) []input {
	inputs = slices.Clone(inputs)
	slices.SortFunc(inputs, func(a, b input) int {
		return cmp.Or(compareBool(hashed.MatchString(a.name), hashed.MatchString(b.name)), len(a.text)-len(b.text), strings.Compare(a.name, b.name))
	})
	var kept []input
	reached := map[string]bool{}
	for _, in := range inputs {
		if add(reached, in) || !hashed.MatchString(in.name) {
			kept = append(kept, in)
		}
	}
	for i := len(kept) - 1; i >= 0; i-- {
		others := map[string]bool{}
		for j, in := range kept {
			if i != j {
				add(others, in)
			}
		}
		if hashed.MatchString(kept[i].name) && len(others) == len(reached) {
			kept = slices.Delete(kept, i, i+1)
		}
	}
	return kept
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	default:
		return 1
	}
}

// add adds the statements that an input reaches, and reports whether any of
// them is new.
func add(reached map[string]bool, in input) bool {
	before := len(reached)
	for block := range in.reaches {
		reached[block] = true
	}
	return len(reached) > before
}

// replace removes the old inputs from a directory, and writes the new ones.
func replace(dir string, old, inputs []input) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	for _, in := range old {
		if err := os.Remove(filepath.Join(dir, in.name)); err != nil {
			return err
		}
	}
	for _, in := range inputs {
		if err := os.WriteFile(filepath.Join(dir, in.name), []byte(in.text), 0o666); err != nil {
			return err
		}
	}
	return nil
}
