// Planted puts faults into the code, one at a time, and runs the test that has
// to notice the fault. At first, no test noticed most of them. The program
// fails if a test does not notice its fault or notices it only by a timeout, or
// if a fault no longer fits the code.
//
//	go -C fuzz/mutate run ./planted
//
// The list of faults is faults.txt. The faults are planted in a copy of the
// module.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"time"
)

func main() {
	root := flag.String("module", "../..", "the `directory` of the module")
	only := flag.String("only", "", "plant only faults whose package, test or name match a `regexp`")
	limit := flag.Duration("timeout", time.Minute, "for a run of one test")
	workers := flag.Int("workers", runtime.NumCPU(), "how many faults are tested at once")
	verbose := flag.Bool("v", false, "print the faults that are noticed, too")
	flag.Parse()
	bad, err := run(*root, *only, *limit, *workers, *verbose)
	if err != nil {
		fmt.Fprintln(os.Stderr, "planted:", err)
	}
	if bad > 0 || err != nil {
		os.Exit(1)
	}
}

// run plants the faults. It returns the number of faults that are not noticed
// as they should be.
func run(root, only string, limit time.Duration, workers int, verbose bool) (bad int, err error) {
	filter, err := regexp.Compile(only)
	if err != nil {
		return 0, err
	}
	all, err := parse(list)
	if err != nil {
		return 0, err
	}
	scratch, err := os.MkdirTemp("", "planted")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(scratch)
	todo := make(chan fault)
	var group sync.WaitGroup
	var mu sync.Mutex
	n := 0
	for worker := range workers {
		dir := filepath.Join(scratch, fmt.Sprint(worker))
		if err := copyModule(dir, root); err != nil {
			return 0, err
		}
		group.Add(1)
		go func() {
			defer group.Done()
			for f := range todo {
				why := f.plant(dir, limit)
				mu.Lock()
				if n++; why != "" {
					bad++
					fmt.Printf("%s: %s: %s\n\t%s\n", f.pkg, f.name, f.test, strings.ReplaceAll(why, "\n", "\n\t"))
				} else if verbose {
					fmt.Printf("%s: %s: noticed by %s\n", f.pkg, f.name, f.test)
				}
				mu.Unlock()
			}
		}()
	}
	for _, f := range all {
		if filter.MatchString(f.pkg + " " + f.test + ": " + f.name) {
			todo <- f
		}
	}
	close(todo)
	group.Wait()
	fmt.Printf("%d faults, %d of them not noticed by their test\n", n, bad)
	return bad, nil
}

// copyModule copies the module without nested modules, and without directories
// whose names begin with a dot.
func copyModule(dir, root string) error {
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			if _, err := os.Stat(filepath.Join(path, "go.mod")); name != "." && (err == nil || strings.HasPrefix(d.Name(), ".")) {
				return fs.SkipDir
			}
			return os.MkdirAll(filepath.Join(dir, name), 0o700)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(dir, name), text, 0o600)
	})
}

// plant plants the fault in a copy of the module, runs its test, and removes
// the fault again. It returns a description of what is wrong, or "" if the test
// notices the fault.
func (f fault) plant(dir string, limit time.Duration) string {
	files, err := f.apply(dir)
	if err != nil {
		return err.Error()
	}
	for name, text := range files {
		path := filepath.Join(dir, name)
		was, err := os.ReadFile(path)
		if err == nil {
			err = os.WriteFile(path, text, 0o600)
		}
		if err != nil {
			return err.Error()
		}
		defer os.WriteFile(path, was, 0o600)
	}
	cmd := exec.Command("go", "test", "-count=1", "-trimpath", "-vet=off", "-ldflags=-s -w", "-timeout="+limit.String(), "-run=^"+f.test+"$", "./"+f.pkg)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	switch {
	case bytes.Contains(out, []byte("[build failed]")):
		return "it does not compile:\n" + string(out)
	case bytes.Contains(out, []byte("no tests to run")):
		return "its test does not exist"
	case bytes.Contains(out, []byte("panic: test timed out")):
		return "its test does not end"
	case err == nil:
		return "its test does not notice it"
	case !bytes.Contains(out, []byte("--- FAIL: "+f.test+" ")) && !bytes.Contains(out, []byte("\npanic: ")):
		return "its test was not run:\n" + string(out)
	}
	return ""
}
