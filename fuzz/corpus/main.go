// Corpus maintains the seed corpora of the fuzz targets in the root module.
// Each package has its corpora in the directory testdata/fuzz.
//
//	go -C fuzz/corpus run . FuzzName   # replaces the corpus of this target
//	go -C fuzz/corpus run .            # replaces all of them, which takes several minutes
//	go -C fuzz/corpus run . -list      # prints the package and the name of each target
//	go -C fuzz/corpus run . -zip DIR   # writes the corpora for libFuzzer
//
// To replace a corpus, corpus collects the inputs in it and those in the cache
// of go test -fuzz, measures which statements each input reaches, and keeps a
// small set of inputs that reaches all of these statements. A file whose name
// is not a hash was written by hand and is always kept. If an input once made a
// target fail, give its file a name.
//
// For libFuzzer, each corpus becomes an archive DIR/FuzzName_seed_corpus.zip,
// where OSS-Fuzz and ClusterFuzzLite look for it.
package main

import (
	"archive/zip"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

func main() {
	log.SetFlags(0)
	list := flag.Bool("list", false, "print the package and the name of each target")
	archives := flag.String("zip", "", "write the corpora for libFuzzer into this `directory`")
	flag.Parse()
	if err := run(*list, *archives, flag.Args()); err != nil {
		log.Fatal(err)
	}
}

func run(list bool, archives string, names []string) error {
	targets, err := findTargets("../..")
	if err != nil {
		return err
	}
	if len(names) > 0 {
		targets = slices.DeleteFunc(targets, func(t target) bool { return !slices.Contains(names, t.name) })
		if len(targets) != len(names) {
			return fmt.Errorf("some of these are not fuzz targets: %s", strings.Join(names, " "))
		}
	}
	cache, err := goCommand(".", "env", "GOCACHE")
	if err != nil {
		return err
	}
	for _, t := range targets {
		switch {
		case list:
			fmt.Println(t.pkg, t.name)
		case archives != "":
			err = t.archive(archives)
		default:
			err = t.refresh(strings.TrimSpace(cache))
		}
		if err != nil {
			return fmt.Errorf("%s %s: %w", t.pkg, t.name, err)
		}
	}
	return nil
}

// A target is a fuzz test.
type target struct {
	pkg, dir, name string
	module         string // the directory of its module
}

func (t target) corpus() string { return filepath.Join(t.dir, "testdata", "fuzz", t.name) }

var declaration = regexp.MustCompile(`(?m)^func (Fuzz\w*)\(\w+ \*testing\.F\)`)

// findTargets returns the targets of the module in a directory.
func findTargets(module string) ([]target, error) {
	module, err := filepath.Abs(module)
	if err != nil {
		return nil, err
	}
	packages, err := goCommand(module, "list", "-f", "{{.ImportPath}}\t{{.Dir}}", "./...")
	if err != nil {
		return nil, err
	}
	var targets []target
	for _, line := range strings.Split(strings.TrimSpace(packages), "\n") {
		pkg, dir, _ := strings.Cut(line, "\t")
		files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				return nil, err
			}
			for _, found := range declaration.FindAllSubmatch(text, -1) {
				targets = append(targets, target{pkg: pkg, dir: dir, name: string(found[1]), module: module})
			}
		}
	}
	if targets == nil {
		return nil, fmt.Errorf("there are no fuzz targets in %s", module)
	}
	return targets, nil
}

// goCommand returns the output of the go command.
func goCommand(dir string, args ...string) (string, error) {
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("go %s: %w", strings.Join(args, " "), err)
	}
	return string(out), nil
}

// archive writes the corpus for libFuzzer.
func (t target) archive(dir string) error {
	inputs, err := readInputs(t.corpus())
	if err != nil {
		return err
	}
	if len(inputs) == 0 {
		return fmt.Errorf("there are no inputs in %s", t.corpus())
	}
	file, err := os.Create(filepath.Join(dir, t.name+"_seed_corpus.zip"))
	if err != nil {
		return err
	}
	defer file.Close()
	w := zip.NewWriter(file)
	for _, in := range inputs {
		args, err := parseEntry(in.text)
		if err != nil {
			return fmt.Errorf("%s: %w", in.name, err)
		}
		entry, err := w.Create(in.name)
		if err != nil {
			return err
		}
		if _, err := entry.Write(libFuzzer(args)); err != nil {
			return err
		}
	}
	if err := w.Close(); err != nil {
		return err
	}
	return file.Close()
}
