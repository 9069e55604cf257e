package peers

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the README's table")

func TestTheREADMEShowsTheTable(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "<!-- table: go test . -run README -update -->\n", "<!-- end of table -->\n"
	before, rest, ok1 := strings.Cut(string(text), begin)
	got, after, ok2 := strings.Cut(rest, end)
	if !ok1 || !ok2 {
		t.Fatal("README.md does not contain the markers of the table")
	}
	want := markdown()
	if *update {
		if err := os.WriteFile("README.md", []byte(before+begin+want+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("README.md is out of date; run this test with -update (-table +README):\n%s", diff)
	}
}

func markdown() string {
	var s strings.Builder
	s.WriteString("| statement | fault | example | paho | mochi |\n|---|---|---|---|---|\n")
	for _, r := range Table {
		example := "(a packet to write)"
		if r.What == nil {
			example = "`" + strings.ReplaceAll(r.Example, " ", "` `") + "`"
		}
		fmt.Fprintf(&s, "| %s | %s | %s | %v | %v |\n", r.Rule, r.Fault, example, r.Paho, r.Mochi)
	}
	return s.String()
}
