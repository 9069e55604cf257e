package fuzz

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	quoted = regexp.MustCompile("`([a-zA-Z0-9_./-]+)`") // a path or an identifier
	word   = regexp.MustCompile(`\w+`)
)

// The files and the identifiers that the guides for contributors name exist.
func TestGuidesAreTrue(t *testing.T) {
	if _, err := os.Stat("../.github"); os.IsNotExist(err) {
		t.Skip("this copy has no .github")
	}
	words := wordsOfTheCode(t)
	for _, name := range []string{"CONTRIBUTING.md", "SECURITY.md"} {
		text, err := os.ReadFile("../.github/" + name)
		if err != nil {
			t.Fatal(err)
		}
		all := quoted.FindAllStringSubmatch(string(text), -1)
		if len(all) < 10 {
			t.Errorf("%s names only %d files and identifiers", name, len(all))
		}
		for _, match := range all {
			what := match[1]
			last := what[strings.LastIndex(what, ".")+1:]
			if strings.Contains(what, "/") || last == "md" || last == "go" {
				_, err = os.Stat("../" + what)
			} else if err = nil; !words[last] {
				err = fs.ErrNotExist
			}
			if err != nil && what != "testdata/fuzz" { // which go test creates
				t.Errorf("%s names %s: %v", name, what, err)
			}
		}
	}
}

func wordsOfTheCode(t *testing.T) map[string]bool {
	words := map[string]bool{}
	err := filepath.WalkDir("..", func(name string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "guide_test.go") {
			return err
		}
		text, err := os.ReadFile(name)
		for _, w := range word.FindAll(text, -1) {
			words[string(w)] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return words
}
