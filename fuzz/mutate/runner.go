package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// An outcome is the result of running the tests against a mutant.
type outcome int

const (
	survived outcome = iota
	killed
	late // killed because the tests did not end in time
)

// A runner runs the tests of a package against mutants.
type runner struct {
	dir     string // of the package
	scratch string
	timeout time.Duration // of a run of all tests
	quick   time.Duration // of a run without the slow ones
	flags   []string      // for all test binaries
	slow    []string      // tests that run last
	bundle  string        // the test binary with all mutants
	skipped []string      // tests that fail in the bundle, for example because it takes more memory
}

// newRunner runs the tests of the unchanged package, which must pass.
func newRunner(dir, scratch string, timeout time.Duration) (*runner, error) {
	r := &runner{dir: dir, scratch: scratch, timeout: 10 * time.Minute}
	binary, err := r.build("unchanged", nil)
	if err != nil {
		return nil, err
	}
	if help, _ := exec.Command(binary, "-h").CombinedOutput(); bytes.Contains(help, []byte("-rapid.nofailfile")) {
		r.flags = []string{"-rapid.nofailfile", "-rapid.seed=1"}
	}
	began := time.Now()
	out, err := r.run(binary, 0, r.timeout, "-test.v")
	if err != nil {
		return nil, fmt.Errorf("the tests fail without a change: %w\n%s", err, out)
	}
	all := time.Since(began)
	fast := all
	for _, m := range regexp.MustCompile(`(?m)^--- PASS: (\w+) \((.*s)\)$`).FindAllSubmatch(out, -1) {
		if took, _ := time.ParseDuration(string(m[2])); took > 200*time.Millisecond {
			r.slow = append(r.slow, string(m[1]))
			fast -= took
		}
	}
	if r.timeout, r.quick = timeout, timeout; timeout == 0 {
		r.timeout, r.quick = 3*time.Second+10*all, 3*time.Second+10*max(fast, 0)
	}
	return r, nil
}

// prepare builds the bundle and determines which tests to skip in it.
func (r *runner) prepare(files map[string][]byte) (err error) {
	if r.bundle, err = r.build("bundle", files); err != nil {
		return err
	}
	for range 20 {
		out, err := r.run(r.bundle, 0, r.timeout, skip(r.skipped))
		if err == nil {
			return nil
		}
		failed := regexp.MustCompile(`(?m)^--- FAIL: (\w+)`).FindSubmatch(out)
		if failed == nil {
			return fmt.Errorf("the tests fail in the bundle: %w\n%s", err, out)
		}
		r.skipped = append(r.skipped, string(failed[1]))
	}
	return fmt.Errorf("the tests fail in the bundle: %v", r.skipped)
}

func skip(lists ...[]string) string { return "-test.skip=" + anyOf(lists...) }
func run(lists ...[]string) string  { return "-test.run=" + anyOf(lists...) }

// anyOf returns a regular expression for the names of tests.
func anyOf(lists ...[]string) string {
	var all []string
	for _, list := range lists {
		all = append(all, list...)
	}
	return "^(" + strings.Join(all, "|") + ")$"
}

// build builds a test binary in which files replaces some of the package's
// files.
func (r *runner) build(name string, files map[string][]byte) (binary string, err error) {
	replace := map[string]string{}
	for file, text := range files {
		replace[file] = filepath.Join(r.scratch, name+"-"+filepath.Base(file))
		if err := os.WriteFile(replace[file], text, 0o600); err != nil {
			return "", err
		}
	}
	text, _ := json.Marshal(map[string]any{"Replace": replace})
	overlay := filepath.Join(r.scratch, name+".json")
	if err := os.WriteFile(overlay, text, 0o600); err != nil {
		return "", err
	}
	binary = filepath.Join(r.scratch, name+".test")
	cmd := exec.Command("go", "test", "-c", "-vet=off", "-ldflags=-s -w", "-overlay", overlay, "-o", binary, ".")
	cmd.Dir = r.dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return binary, nil
}

// run runs a test binary in the directory of the package, as go test does, but
// with a limit on its memory, because a mutant may append without end.
func (r *runner) run(binary string, number int, timeout time.Duration, flags ...string) ([]byte, error) {
	flags = append(flags, "-test.failfast", "-test.timeout="+timeout.String())
	args := append([]string{"-c", `ulimit -v 4000000; exec "$@"`, "sh", binary}, append(flags, r.flags...)...)
	cmd := exec.Command("sh", args...)
	cmd.Dir = r.dir
	cmd.Env = append(os.Environ(), variable+"="+strconv.Itoa(number))
	return cmd.CombinedOutput()
}

// outcome runs a test binary with each set of flags until it fails.
func (r *runner) outcome(binary string, number int, passes ...string) (outcome, error) {
	for _, flags := range passes {
		timeout := r.quick
		if flags == run(r.slow) {
			timeout = r.timeout
		}
		out, err := r.run(binary, number, timeout, flags)
		var failure *exec.ExitError
		switch {
		case bytes.Contains(out, []byte("panic: test timed out")):
			return late, nil
		case errors.As(err, &failure) && failure.ExitCode() < 126: // the shell's own failures are 126 and up
			return killed, nil
		case err != nil:
			return 0, fmt.Errorf("%w: %s", err, out)
		}
	}
	return survived, nil
}

// try determines the outcome of a mutant: in the bundle, and in a separate
// build for the tests that fail in the bundle.
func (r *runner) try(m mutant, number int, text []byte, name string) (outcome, error) {
	passes := []string{skip(r.slow)}
	if m.function != nil && !m.alone {
		passes = []string{skip(r.slow, r.skipped)}
		if len(r.slow) > 0 {
			passes = append(passes, run(r.slow))
		}
		if o, err := r.outcome(r.bundle, number, passes...); o != survived || err != nil || len(r.skipped) == 0 {
			return o, err
		}
		passes = []string{run(r.skipped)}
	} else if len(r.slow) > 0 {
		passes = append(passes, run(r.slow))
	}
	binary, err := r.build(name, map[string][]byte{m.file: m.apply(text, 0, len(text))})
	if err != nil {
		return 0, fmt.Errorf("%s: %w", m.place, err)
	}
	return r.outcome(binary, 0, passes...)
}
