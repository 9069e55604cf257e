package main

import (
	"bytes"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const sampleCode = `package sample

type T struct{ n int }

func (t *T) Sign(b []byte) ([]byte, bool) {
	if t.n < 2 && len(b) > 0 {
		t.n++
		return b[1:], true
	}
	return nil, false
}
`

func TestMutantsOfASample(t *testing.T) {
	all, err := mutants("sample.go", []byte(sampleCode))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range all {
		if m.name() != "(*T).Sign" {
			t.Errorf("%v is in function %q", m, m.name())
		}
		got = append(got, m.was+" -> "+m.now)
	}
	for _, want := range []string{
		"if t.n < 2 && len(b) > 0 { -> if t.n <= 2 && len(b) > 0 {", "if t.n < 2 && len(b) > 0 { -> if t.n < 3 && len(b) > 0 {",
		"if t.n < 2 && len(b) > 0 { -> if t.n < 2 || len(b) > 0 {", "if t.n < 2 && len(b) > 0 { -> if (true || t.n < 2) && len(b) > 0 {",
		"if t.n < 2 && len(b) > 0 { -> if false && (t.n < 2 && len(b) > 0) {",
		"t.n++ -> (nothing)", "t.n++ -> t.n--", "return b[1:], true -> return b[:], true", "return b[1:], true -> return b[1:], !(true)",
		"return b[1:], true -> return nil, true", "return nil, false -> return []byte{}, false",
	} {
		if !slices.Contains(got, want) {
			t.Errorf("want a mutant %s", want)
		}
	}
	if t.Failed() {
		t.Logf("mutants:\n%s", strings.Join(got, "\n"))
	}
}

// Mutants that the checker accepts compile, separately and in the bundle: the
// bundle of a whole package can be built, and its tests pass if no mutant is
// selected.
func TestBundleIsThePackage(t *testing.T) {
	dir, err := filepath.Abs("../../topic")
	if err != nil {
		t.Fatal(err)
	}
	texts, err := sources(dir)
	if err != nil {
		t.Fatal(err)
	}
	all, err := allMutants(texts)
	if err != nil {
		t.Fatal(err)
	}
	all, err = job{dir: dir, workers: 2}.compiling(all, texts)
	if err != nil || len(all) < 500 {
		t.Fatalf("%d mutants, %v", len(all), err)
	}
	r, err := newRunner(dir, t.TempDir(), 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.prepare(bundle(dir, texts, all)); err != nil || len(r.skipped) > 1 {
		t.Errorf("skipped %v, %v", r.skipped, err)
	}
}

// Each of these makes the score bad: a survivor, a listed mutant that a test
// kills, and a line of the list without a mutant.
func TestWhatSpoilsTheScore(t *testing.T) {
	a, b := mutant{was: "a", now: "b"}, mutant{was: "c", now: "d"}
	for name, spoil := range map[string]func(s *score){
		"":                    func(s *score) { s.add(a, survived, nil); s.add(b, killed, nil) },
		"survivor":            func(s *score) { s.add(b, survived, nil) },
		"killed, although":    func(s *score) { s.add(a, late, nil) },
		"that does not exist": func(s *score) { s.stale([]mutant{b}) },
	} {
		var out bytes.Buffer
		s := &score{out: &out, reasons: map[string]string{a.key(): "for a reason"}}
		spoil(s)
		if s.good() != (name == "") || !strings.Contains(out.String(), name) {
			t.Errorf("%q: good is %t, printed %q", name, s.good(), out.String())
		}
	}
}

// Every line of equivalent.tsv belongs to a mutant.
func TestNothingOfTheListIsStale(t *testing.T) {
	for _, pkg := range []string{"packet", "topic", "sastoken", "fsm", "fsm/registration"} {
		texts, err := sources(filepath.Join("../..", pkg))
		if err != nil {
			t.Fatal(err)
		}
		reasons, err := equivalents(equivalentList, packageName(texts))
		if err != nil {
			t.Fatal(err)
		}
		all, err := allMutants(texts)
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		s := score{out: &out, reasons: reasons}
		if s.stale(all); !s.good() {
			t.Errorf("%s:\n%s", pkg, &out)
		}
	}
}

func TestChoose(t *testing.T) {
	all := make([]mutant, 10)
	for i := range all {
		all[i].place = string(rune('a'+i)) + ".go:1:1"
	}
	if got := (job{only: regexp.MustCompile("^[a-d].go")}).choose(all); len(got) != 4 {
		t.Errorf("want 4 mutants, got %d", len(got))
	}
	if got := (job{only: regexp.MustCompile(""), sample: 3}).choose(all); len(got) != 3 {
		t.Errorf("want 3 mutants, got %d", len(got))
	}
}
