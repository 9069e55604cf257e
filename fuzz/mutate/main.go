// Mutate tests the tests of a package: it makes one small change at a time to
// the code and runs the tests against it. A change that no test notices is a
// survivor: either a test is missing, or the change makes no difference. In the
// latter case, equivalent.tsv lists it with the reason.
//
//	go -C fuzz/mutate run . -package ../../packet
//
// It fails if there is a survivor that is not on the list, or if the list
// contains a mutant that no longer exists, or that a test kills.
package main

import (
	"flag"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"time"
)

// A job contains the parameters of a run.
type job struct {
	out     io.Writer
	dir     string
	timeout time.Duration
	workers int
	sample  int
	only    *regexp.Regexp
}

func main() {
	dir := flag.String("package", ".", "`directory` of the package")
	timeout := flag.Duration("timeout", 0, "time limit for a run of the tests (default 3 s plus ten times their normal time)")
	workers := flag.Int("workers", runtime.NumCPU(), "number of mutants that are tested at the same time")
	sample := flag.Int("sample", 0, "test only this number of mutants, chosen at random")
	only := flag.String("only", "", "test only mutants of files and functions that match a `regexp`")
	flag.Parse()
	filter, err := regexp.Compile(*only)
	ok := false
	if err == nil {
		ok, err = job{os.Stdout, *dir, *timeout, *workers, *sample, filter}.do()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutate:", err)
	}
	if !ok {
		os.Exit(1)
	}
}

// do runs the job. It reports whether the score is good.
func (j job) do() (ok bool, err error) {
	texts, err := sources(j.dir)
	if err != nil {
		return false, err
	}
	all, err := allMutants(texts)
	if err != nil {
		return false, err
	}
	pkg := packageName(texts)
	reasons, err := equivalents(equivalentList, pkg)
	if err != nil {
		return false, err
	}
	s := score{out: j.out, reasons: reasons}
	s.stale(all)
	if all, err = j.compiling(j.choose(all), texts); err != nil {
		return false, err
	}
	scratch, err := os.MkdirTemp("", "mutate")
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(scratch)
	dir, err := filepath.Abs(j.dir)
	if err != nil {
		return false, err
	}
	r, err := newRunner(dir, scratch, j.timeout)
	if err != nil {
		return false, err
	}
	if err := r.prepare(bundle(dir, texts, all)); err != nil {
		return false, err
	}
	j.parallel(len(all), func(worker, i int) {
		o, err := r.try(all[i], i+1, texts[all[i].file], strconv.Itoa(worker))
		s.add(all[i], o, err)
	})
	fmt.Fprintf(j.out, "%s: %v\n", pkg, &s)
	return s.good(), s.err
}

// allMutants returns the mutants of all files.
func allMutants(texts map[string][]byte) (all []mutant, err error) {
	for _, file := range slices.Sorted(maps.Keys(texts)) {
		of, err := mutants(file, texts[file])
		if err != nil {
			return nil, err
		}
		all = append(all, of...)
	}
	return all, nil
}

// compiling returns the mutants that compile.
func (j job) compiling(all []mutant, texts map[string][]byte) (good []mutant, err error) {
	c, err := newChecker(j.dir, texts)
	if err != nil {
		return nil, err
	}
	compiles := make([]bool, len(all))
	j.parallel(len(all), func(_, i int) {
		m, text := &all[i], texts[all[i].file]
		compiles[i] = c.compiles(m.file, m.apply(text, 0, len(text)))
		m.alone = compiles[i] && !c.compiles(m.file, bundleFile(m.file, text, all[i:i+1]))
	})
	for i, m := range all {
		if compiles[i] {
			good = append(good, m)
		}
	}
	return good, nil
}

// choose returns the mutants to test.
func (j job) choose(all []mutant) (chosen []mutant) {
	for _, m := range all {
		if j.only.MatchString(m.name()) || j.only.MatchString(m.place) {
			chosen = append(chosen, m)
		}
	}
	if 0 < j.sample && j.sample < len(chosen) {
		rand.Shuffle(len(chosen), func(i, k int) { chosen[i], chosen[k] = chosen[k], chosen[i] })
		chosen = chosen[:j.sample]
	}
	return chosen
}

// parallel calls work for 0 to n-1, in j.workers goroutines.
func (j job) parallel(n int, work func(worker, i int)) {
	next := make(chan int)
	var group sync.WaitGroup
	for worker := range j.workers {
		group.Add(1)
		go func() {
			defer group.Done()
			for i := range next {
				work(worker, i)
			}
		}()
	}
	for i := range n {
		next <- i
	}
	close(next)
	group.Wait()
}
