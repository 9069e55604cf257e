package explore

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
)

// An Option is the name of an option of a machine, and the diagram with it.
type Option struct {
	Name string
	*Diagram
}

// Section returns the text of a section about states: an introduction, the diagram in
// two tables, and what each option adds to it.
func Section(intro string, d *Diagram, options []Option) (string, error) {
	happy, rest, err := d.Text()
	text := intro + "\n\nWhen all goes well:\n\n" + indent(happy) + "\nOtherwise:\n\n" + indent(rest)
	added := false
	for _, o := range options {
		if more := o.Without(d); len(more.edges) > 0 {
			text += "\nWhat " + o.Name + " adds:\n\n" + indent(table(more.rows()))
			added = true
		}
	}
	if !added {
		text += "\nNo option adds to that.\n"
	}
	return text, err
}

func indent(lines string) string {
	return "\t" + strings.ReplaceAll(strings.TrimSuffix(lines, "\n"), "\n", "\n\t") + "\n"
}

// heading begins the section that Document replaces. It ends before the next heading, or
// before the package clause.
const heading = "// # States\n"

// Document holds that the package comment in a file has this section, or writes it.
func Document(t testing.TB, update bool, file, section string) {
	t.Helper()
	source, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, after, found := strings.Cut(string(source), heading)
	comment := "//\n// " + strings.ReplaceAll(strings.TrimSuffix(section, "\n"), "\n", "\n// ") + "\n"
	comment = strings.ReplaceAll(strings.ReplaceAll(comment, "// \n", "//\n"), "// \t", "//\t")
	if next := strings.Index(after, "// # "); next >= 0 {
		comment, after = comment+"//\n", after[next:]
	} else if next = strings.Index(after, "package "); next >= 0 {
		after = after[next:]
	} else {
		found = false
	}
	if !found {
		t.Fatalf("%s has no section %q", file, strings.TrimSpace(heading))
	}
	Golden(t, update, file, before+heading+comment+after)
}

// Golden holds that a file has this content, or writes it.
func Golden(t testing.TB, update bool, file, want string) {
	t.Helper()
	got, err := os.ReadFile(file)
	switch {
	case string(got) == want && err == nil:
	case update:
		err = os.WriteFile(file, []byte(want), 0o644)
	default:
		err = errors.Join(err, fmt.Errorf("%s is out of date: run go test ./fsm ./fsm/registration -run Exploration -update", file))
	}
	if err != nil {
		t.Error(err)
	}
}
