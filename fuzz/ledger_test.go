package fuzz

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// An entry is a row of a table in testdata/ledger: the ID of a rule, the rule
// in our own words, and its proof. The proof consists of tests as
// "package.TestName", or of "none: " and the reason why there is no test.
type entry struct{ id, says, proof string }

func readLedger(t *testing.T, name string) (all []entry) {
	text, err := os.ReadFile("../testdata/ledger/" + name)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
		f := strings.Split(line, "\t")
		if len(f) != 3 || f[0] == "" || f[1] == "" || f[2] == "" {
			t.Fatalf("%s: row %q", name, line)
		}
		all = append(all, entry{f[0], f[1], f[2]})
	}
	return all[1:] // without the heading
}

// tests contains the functions and the text of a package's tests.
type tests struct {
	functions map[string]bool
	text      string
}

func readTests(t *testing.T, pkg string) tests {
	all := tests{functions: map[string]bool{}}
	names, _ := filepath.Glob("../" + pkg + "/*_test.go")
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, text, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok {
				all.functions[f.Name.Name] = true
			}
		}
		all.text += string(text)
	}
	return all
}

var packages = []string{"packet", "topic", "sastoken", "fsm", "fsm/registration", "fsm/dpstest", "fsm/examples", "fuzz"}

// numbered matches the IDs of the numbered statements of MQTT 3.1.1.
var numbered = regexp.MustCompile(`MQTT-\d+\.\d+\.\d+-\d+`)

// Every statement of MQTT 3.1.1 has a test that contains its number, or a
// reason why it has none. No test contains a number that does not exist.
func TestLedgerOfMQTT(t *testing.T) {
	ledger := readLedger(t, "mqtt311.tsv")
	known := map[string]bool{}
	count := 0
	all := map[string]tests{}
	for _, pkg := range packages {
		all[pkg] = readTests(t, pkg)
	}
	for _, e := range ledger {
		if known[e.id] {
			t.Errorf("%s is in the ledger twice", e.id)
		}
		known[e.id] = true
		if numbered.MatchString(e.id) {
			count++
		}
		for _, pkg := range checkProof(t, e, all) {
			text := all[pkg].text
			if numbered.MatchString(e.id) && !strings.Contains(text, `"`+e.id+`"`) && !strings.Contains(text, `"`+e.id+` `) {
				t.Errorf("%s: no test in %s contains the number", e.id, pkg)
			}
		}
	}
	if count != 141 {
		t.Errorf("got %d numbered statements, want 141, as in the standard", count)
	}
	for pkg, tests := range all {
		for _, id := range numbered.FindAllString(tests.text, -1) {
			if !known[id] {
				t.Errorf("a test in %s names %s, which is not in the ledger", pkg, id)
			}
		}
	}
}

// Every rule about the service has tests, or a reason why it has none.
func TestLedgerOfDPS(t *testing.T) {
	ledger := readLedger(t, "dps.tsv")
	all := map[string]tests{}
	for _, pkg := range packages {
		all[pkg] = readTests(t, pkg)
	}
	known := map[string]bool{}
	for _, e := range ledger {
		known[e.id] = true
		checkProof(t, e, all)
	}
	for _, pkg := range []string{"fsm", "fsm/registration"} {
		for name := range all[pkg].functions {
			if id, _, ok := strings.Cut(strings.TrimPrefix(name, "Test"), "_"); ok && strings.HasPrefix(name, "Test") && !known[id] {
				t.Errorf("%s names %s, which is not in the ledger", name, id)
			}
		}
	}
	checkRules(t, known)
}

// rule matches the number of a rule about the service.
var rule = regexp.MustCompile(`\bS\d+\b`)

// checkRules checks that each rule S1, S2, … is documented, that its number is
// in a comment of the code that follows the rule, and that no comment has the
// number of an unknown rule.
func checkRules(t *testing.T, known map[string]bool) {
	documented, followed := map[string]bool{}, map[string]bool{}
	for _, pkg := range []string{"fsm", "fsm/registration"} {
		names, _ := filepath.Glob("../" + pkg + "/*.go")
		for _, name := range names {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			found := followed
			if filepath.Base(name) == "doc.go" {
				found = documented
			}
			for _, id := range rule.FindAllString(string(text), -1) {
				if !known[id] {
					t.Errorf("%s names %s, which is not in the ledger", name, id)
				}
				found[id] = found[id] || !strings.HasSuffix(name, "_test.go")
			}
		}
	}
	for id := range known {
		if rule.MatchString(id) && (!documented[id] || !followed[id]) {
			t.Errorf("%s is documented: %t; its number is in the code: %t", id, documented[id], followed[id])
		}
	}
}

// checkProof checks that the tests of an entry exist, and returns their
// packages.
func checkProof(t *testing.T, e entry, all map[string]tests) (pkgs []string) {
	if reason, ok := strings.CutPrefix(e.proof, "none: "); ok {
		if len(reason) < 10 {
			t.Errorf("%s: reason %q", e.id, reason)
		}
		return nil
	}
	for _, ref := range strings.Split(e.proof, "; ") {
		dot := strings.LastIndex(ref, ".")
		pkg, name := ref[:max(dot, 0)], ref[dot+1:]
		if !slices.Contains(packages, pkg) || !all[pkg].functions[name] {
			t.Errorf("%s: there is no test %s", e.id, ref)
			continue
		}
		pkgs = append(pkgs, pkg)
	}
	return pkgs
}
