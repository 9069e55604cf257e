package explore

import (
	"fmt"
	"strings"
)

// An Option is an option of a machine, with the diagram of a machine that has
// it.
type Option struct {
	Name string
	*Diagram
}

// heading begins the section that Document replaces. The section ends before
// the next heading or the package clause.
const heading = "// # States\n"

// Document returns the source of a package comment with a new section about
// states. The section has an introduction, the diagram in two tables, and what
// each option adds to it.
func Document(source, intro string, d *Diagram, options []Option) (string, error) {
	text, err := section(intro, d, options)
	if err != nil {
		return "", err
	}
	before, after, found := strings.Cut(source, heading)
	comment := "//\n// " + strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\n// ") + "\n"
	comment = strings.ReplaceAll(strings.ReplaceAll(comment, "// \n", "//\n"), "// \t", "//\t")
	if next := strings.Index(after, "// # "); next >= 0 {
		comment, after = comment+"//\n", after[next:]
	} else if next = strings.Index(after, "package "); next >= 0 {
		after = after[next:]
	} else {
		found = false
	}
	if !found {
		return "", fmt.Errorf("the source has no section %q", strings.TrimSpace(heading))
	}
	return before + heading + comment + after, nil
}

func section(intro string, d *Diagram, options []Option) (string, error) {
	happy, rest, err := d.Text()
	text := intro + "\n\nA successful registration makes these transitions:\n\n" + indent(happy) + "\nAll other transitions are:\n\n" + indent(rest)
	added := false
	for _, o := range options {
		if more := o.Without(d); len(more.edges) > 0 {
			text += "\n" + o.Name + " adds these transitions:\n\n" + indent(table(more.rows()))
			added = true
		}
	}
	if !added {
		text += "\nNo option adds further transitions.\n"
	}
	return text, err
}

func indent(lines string) string {
	return "\t" + strings.ReplaceAll(strings.TrimSuffix(lines, "\n"), "\n", "\n\t") + "\n"
}
