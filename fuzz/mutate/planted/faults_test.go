package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const module = "../../.."

// The list is in step with the code: each fault can be planted, and the test
// that notices it exists. Only a run of the program shows whether the test does
// notice it.
func TestEveryFaultFitsTheCode(t *testing.T) {
	all, err := parse(list)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, f := range all {
		if names[f.pkg+f.name] {
			t.Errorf("%s: %s is in the list twice", f.pkg, f.name)
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
			t.Errorf("%s: %s: there is no test %s", f.pkg, f.name, f.test)
		}
	}
	if len(all) < 90 {
		t.Errorf("want at least 90 faults, got %d", len(all))
	}
}

func TestMistakesInTheListAreFound(t *testing.T) {
	for text, want := range map[string]string{
		"fsm TestX":                       "line 1: expected a package, a test and a name",
		"fsm: TestX":                      "line 1: expected a package, a test and a name",
		"@a.go":                           "line 1: a file without a fault",
		"fsm TestX: name\n-old":           "line 2: a change without a file",
		"fsm TestX: name\n@a.go\n+new":    "line 3: a replacement without lines to be replaced",
		"fsm TestX: name\n@a.go\n-o\n\n-": "line 5: a change without a file",
	} {
		if _, err := parse(text); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: want %s, got %v", text, want, err)
		}
	}
}

// The lines that a fault replaces must be in its file exactly once.
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
		{"-five\n+new", "", `a.go: there are no lines ["five"]`},
		{"-two\n+new", "", `a.go: there are no lines ["two"]`},
		{"", "", "the fault changes nothing"},
	} {
		all, err := parse("p TestX: name\n@a.go\n" + tt.change)
		if err != nil {
			t.Fatal(err)
		}
		files, err := all[0].apply(dir)
		if text := ""; err != nil {
			if text = err.Error(); text != tt.err {
				t.Errorf("%q: want %s, got %s", tt.change, tt.err, text)
			}
		} else if got := string(files["a.go"]); tt.err != "" || got != tt.want && got != tt.want+"\n" {
			t.Errorf("%q: want %q, got %q", tt.change, tt.want, got)
		}
	}
}

// With a small module, the program reports a fault as noticed or not noticed,
// and detects every kind of mistake in the list.
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
		{"TestNone", "-return 1\n+return 2", "its test does not exist"},
		{"TestF", "-return 1\n+return x", "it does not compile"},
		{"TestF", "-return 3\n+return 2", "p/p.go: there are no lines"},
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
			t.Errorf("%s, %q: want %q, got %q", tt.test, tt.change, tt.want, got)
		}
	}
	if text, err := os.ReadFile(filepath.Join(dir, "p/p.go")); err != nil || !strings.Contains(string(text), "return 1\n") {
		t.Errorf("the program left %s, %v", text, err)
	}
}
