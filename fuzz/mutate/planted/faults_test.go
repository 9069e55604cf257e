package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const module = "../../.."

// The list follows the code: each fault can be planted, and the test that notices it exists.
// Whether it does notice it shows when the program runs.
func TestEveryFaultFitsTheCode(t *testing.T) {
	all, err := parse(list)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, f := range all {
		if names[f.pkg+f.name] {
			t.Errorf("%s: %s is there twice", f.pkg, f.name)
		}
		names[f.pkg+f.name] = true
		if _, err := f.apply(module); err != nil {
			t.Errorf("%s: %s: %v", f.pkg, f.name, err)
		}
		tests, err := filepath.Glob(filepath.Join(module, f.pkg, "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, file := range tests {
			text, err := os.ReadFile(file)
			found = found || err == nil && strings.Contains(string(text), "\nfunc "+f.test+"(t *testing.T) {")
		}
		if !found {
			t.Errorf("%s: %s: there is no %s", f.pkg, f.name, f.test)
		}
	}
	if len(all) < 90 {
		t.Errorf("%d faults", len(all))
	}
}

func TestMistakesInTheListAreFound(t *testing.T) {
	for text, want := range map[string]string{
		"fsm TestX":                       "line 1: not a package, a test and a name",
		"fsm: TestX":                      "line 1: not a package, a test and a name",
		"@a.go":                           "line 1: no fault",
		"fsm TestX: name\n-old":           "line 2: no file",
		"fsm TestX: name\n@a.go\n+new":    "line 3: nothing is replaced",
		"fsm TestX: name\n@a.go\n-o\n\n-": "line 5: no file",
	} {
		if _, err := parse(text); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

// What a fault replaces has to stand in its file exactly once.
func TestAFaultThatDoesNotFitIsAnError(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.go"), []byte("one\n\ttwo  three\ntwo four\none\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ change, want, err string }{
		{"-two three\n+new", "one\nnew\ntwo four\none\n", ""},
		{"-two three\n-two four\n+", "one\n\none\n", ""},
		{"-two three\n+a\n+b\n-two four\n+c", "one\na\nb\nc\none\n", ""},
		{"-two four\n-one", "one\n\ttwo  three\n", ""},
		{"-one\n+new", "", `a.go: lines 1 and 4 are both ["one"]`},
		{"-five\n+new", "", `a.go: no lines ["five"]`},
		{"-two\n+new", "", `a.go: no lines ["two"]`},
		{"", "", "it changes nothing"},
	} {
		all, err := parse("p TestX: name\n@a.go\n" + tt.change)
		if err != nil {
			t.Fatal(err)
		}
		files, err := all[0].apply(dir)
		if text := ""; err != nil {
			if text = err.Error(); text != tt.err {
				t.Errorf("%q: %s, want %s", tt.change, text, tt.err)
			}
		} else if got := string(files["a.go"]); tt.err != "" || got != tt.want && got != tt.want+"\n" {
			t.Errorf("%q: %q, want %q", tt.change, got, tt.want)
		}
	}
}

// A small module with a test shows what becomes of a fault: noticed, not noticed, and all the
// ways in which its line in the list is wrong.
func TestWhatBecomesOfAFault(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod": "module m\n\ngo 1.24\n",
		"p/p.go": "package p\n\nfunc F() int {\n\treturn 1\n}\n\nfunc G() {\n}\n",
		"p/p_test.go": "package p\n\nimport \"testing\"\n\nfunc TestF(t *testing.T) {\n\tG()\n\tif F() != 1 {\n\t\tt.Error()\n\t}\n}\n\n" +
			"func TestOther(t *testing.T) {}\n",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct{ test, change, want string }{
		{"TestF", "-return 1\n+return 2", ""},
		{"TestF", "-return 1\n+panic(1)", ""},
		{"TestF", "-return 1\n+return 0+1", "its test does not notice it"},
		{"TestOther", "-return 1\n+return 2", "its test does not notice it"},
		{"TestNone", "-return 1\n+return 2", "there is no such test"},
		{"TestF", "-return 1\n+return x", "it does not compile"},
		{"TestF", "-return 3\n+return 2", "p/p.go: no lines"},
		{"TestF", "-func G() {\n+func G() { for {}", "its test does not end"},
	} {
		all, err := parse("p " + tt.test + ": name\n@p/p.go\n" + tt.change)
		if err != nil {
			t.Fatal(err)
		}
		limit := time.Minute
		if strings.Contains(tt.want, "end") {
			limit = time.Second
		}
		if got := all[0].plant(dir, limit); !strings.HasPrefix(got, tt.want) || tt.want == "" && got != "" {
			t.Errorf("%s, %q: %q, want %q", tt.test, tt.change, got, tt.want)
		}
	}
	if text, err := os.ReadFile(filepath.Join(dir, "p/p.go")); err != nil || !strings.Contains(string(text), "return 1\n") {
		t.Errorf("what is left is %s, %v", text, err)
	}
}
