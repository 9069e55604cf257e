package explore

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDocumentReplacesTheSection(t *testing.T) {
	d := &Diagram{Happy: []Edge{{"a", "b", "go"}}}
	d.Add("a", "b", "go")
	d.Add("b", "a", "back")
	option := &Diagram{}
	option.Add("a", "a", "again")
	const before = "// Package p is a package.\n//\n"
	for _, next := range []string{"// # Errors\n//\n// None.\npackage p\n", "package p\n"} {
		want := before + `// # States
//
// Two.
//
// A successful registration makes these transitions:
//
//	a → b  go
//
// All other transitions are:
//
//	b → a  back
//
// o adds these transitions:
//
//	a → a  again
`
		if strings.HasPrefix(next, "//") {
			want += "//\n"
		}
		got, err := Document(before+heading+"//\n// None.\n//\n"+next, "Two.", d, []Option{{"o", option}})
		if diff := cmp.Diff(want+next, got); diff != "" || err != nil {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
		if again, err := Document(got, "Two.", d, []Option{{"o", option}}); again != got || err != nil {
			t.Errorf("a second time it changes: %v\n%s", err, cmp.Diff(got, again))
		}
	}
}

func TestDocumentRefusesWhatItCannotPlaceOrHasNotSeen(t *testing.T) {
	seen, unseen := &Diagram{}, &Diagram{Happy: []Edge{{"a", "b", "go"}}}
	for name, test := range map[string]struct {
		source string
		*Diagram
		want string
	}{
		"no section":         {"package p\n", seen, "no section"},
		"no end of section":  {heading, seen, "no section"},
		"a way without edge": {heading + "package p\n", unseen, "has not seen"},
	} {
		got, err := Document(test.source, "", test.Diagram, nil)
		if got != "" || err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %q, %v, want %q", name, got, err, test.want)
		}
	}
}
