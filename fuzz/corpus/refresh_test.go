package main

import (
	"archive/zip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFewInputsThatReachEverythingAreChosen(t *testing.T) {
	in := func(name, text, blocks string) input {
		i := input{name: name, text: text, reaches: map[string]bool{}}
		for _, block := range strings.Fields(blocks) {
			i.reaches[block] = true
		}
		return i
	}
	kept := choose([]input{
		in("0000000000000006", "123456", "a b c d e"),
		in("0000000000000001", "1", "a"), // reached by larger ones as well
		in("0000000000000003", "123", "a b"),
		in("0000000000000004", "1234", "a b"),
		in("0000000000000005", "12345", "c f"),
		in("by-hand", "1234567", "a"),
		in("0000000000000002", "12", ""),
	})
	var got []string
	for _, k := range kept {
		got = append(got, k.name)
	}
	if diff := cmp.Diff([]string{"by-hand", "0000000000000005", "0000000000000006"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestProfilesAreRead(t *testing.T) {
	got := reached("mode: set\np/a.go:1.2,3.4 1 1\np/a.go:5.2,6.4 1 0\np/a.go:7.2,8.4 11 1\n")
	if diff := cmp.Diff(map[string]bool{"p/a.go:1.2,3.4 1": true, "p/a.go:7.2,8.4 11": true}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// The text is not written on separate lines, where a search for targets would
// find it.
const smallTest = "package small\n\nimport \"testing\"\n\nfunc FuzzSmall(f *testing.F) { f.Fuzz(func(t *testing.T, b []byte) { large(b) }) }\n"

const small = `package small

func large(b []byte) bool {
	if len(b) > 2 {
		return true
	}
	return false
}
`

// In a module with one target, the corpus is replaced with inputs from the
// corpus and from the cache, and then archived.
func TestCorpusOfAModuleIsRefreshedAndArchived(t *testing.T) {
	dir, cache, archives := t.TempDir(), t.TempDir(), t.TempDir()
	t.Setenv("GOFLAGS", "")
	for name, text := range map[string]string{
		filepath.Join(dir, "go.mod"):                                             "module small\n\ngo 1.23\n",
		filepath.Join(dir, "small.go"):                                           small,
		filepath.Join(dir, "small_test.go"):                                      smallTest,
		filepath.Join(dir, "testdata", "fuzz", "FuzzSmall", "by-hand"):           header + "\n[]byte(\"x\")\n",
		filepath.Join(dir, "testdata", "fuzz", "FuzzSmall", "000000000000000a"):  header + "\n[]byte(\"y\")\n",
		filepath.Join(cache, "fuzz", "small", "FuzzSmall", "000000000000000b"):   header + "\n[]byte(\"abc\")\n",
		filepath.Join(cache, "fuzz", "small", "FuzzSmall", "000000000000000c"):   header + "\n[]byte(\"longer\")\n",
		filepath.Join(cache, "fuzz", "small", "FuzzAnother", "000000000000000d"): "not one of ours",
	} {
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	targets, err := findTargets(dir)
	if err != nil || len(targets) != 1 {
		t.Fatal(targets, err)
	}
	if err := targets[0].refresh(cache); err != nil {
		t.Fatal(err)
	}
	if err := targets[0].archive(archives); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"by-hand": "\x00\x00\x00\x01x", "000000000000000b": "\x00\x00\x00\x03abc"}
	if diff := cmp.Diff(want, unzip(t, filepath.Join(archives, "FuzzSmall_seed_corpus.zip"))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func unzip(t *testing.T, name string) map[string]string {
	t.Helper()
	r, err := zip.OpenReader(name)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	files := map[string]string{}
	for _, f := range r.File {
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		files[f.Name] = string(text)
	}
	return files
}

func TestModuleWithoutTargetsIsAnError(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"go.mod": "module small\n\ngo 1.23\n", "small.go": small} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if targets, err := findTargets(dir); err == nil {
		t.Errorf("found %v", targets)
	}
}
