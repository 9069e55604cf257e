// Figures measures this library and prints the README's table of figures. With
// -write, it updates the README.
//
//	go -C fuzz/peers run ./figures -write ../../README.md
//
// Every figure is the minimum of many short runs, so that other load on the
// machine has little effect. Figures that are compared are measured in the same
// run.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

func main() {
	write := flag.String("write", "", "`file` whose table is replaced; if empty, print the table")
	count := flag.Int("count", 60, "number of runs of each benchmark")
	flag.Parse()
	if err := run(*write, *count); err != nil {
		fmt.Fprintln(os.Stderr, "figures:", err)
		os.Exit(1)
	}
}

func run(file string, count int) error {
	m, err := measureAll(count)
	if err != nil {
		return err
	}
	text, err := table(m)
	if err != nil {
		return err
	}
	paho, err1 := goList("{{.Version}}", "github.com/eclipse/paho.mqtt.golang")
	mochi, err2 := goList("{{.Version}}", "github.com/mochi-mqtt/server/v2")
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	text = fmt.Sprintf("Measured on %s with %s on %s, %d cores, compared with paho %s and mochi %s.\n\n%s",
		time.Now().Format(time.DateOnly), runtime.Version(), processor(), runtime.NumCPU(), paho, mochi, text)
	if file == "" {
		fmt.Print(text)
		return nil
	}
	return replace(file, text)
}

// rounds is the number of times that everything is measured, because the
// machine may be busy for a while.
const rounds = 4

// measureAll runs the benchmarks and the tests that print sizes.
func measureAll(count int) (*measurements, error) {
	root, err := goList("{{.Dir}}", "example.com/dps")
	if err != nil {
		return nil, err
	}
	m := newMeasurements()
	short := []string{"-run", "^$", "-benchmem", "-benchtime", "2ms", "-count", fmt.Sprint(max(1, count/rounds))}
	for range rounds {
		for dir, args := range map[string][]string{
			root:                                 append(short, "-bench", ".", "./packet", "./topic", "./sastoken", "./fsm"),
			filepath.Join(root, "fuzz", "peers"): append(short, "-bench", compared, "."),
		} {
			out, err := goTest(dir, args...)
			if err != nil {
				return nil, err
			}
			if err := m.readBenchmarks(out); err != nil {
				return nil, err
			}
		}
	}
	out, err := goTest(root, "-count", "1", "-v", "-run", "Vendoring|WaitingMachineIsSmall", "./fuzz", "./fsm")
	if err != nil {
		return nil, err
	}
	return m, m.readSizes(out)
}

func goTest(dir string, args ...string) ([]byte, error) {
	cmd := exec.Command("go", append([]string{"test"}, args...)...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("%v: %w\n%s", cmd, err, out)
	}
	return out, nil
}

// goList returns the output of go list -m for a module.
func goList(format, module string) (string, error) {
	out, err := exec.Command("go", "list", "-m", "-f", format, module).Output()
	return strings.TrimSpace(string(out)), err
}

// replace puts the text between the two markers of a file.
func replace(file, text string) error {
	const begin, end = "<!-- figures -->\n", "<!-- end of figures -->\n"
	old, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	before, rest, ok1 := strings.Cut(string(old), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok1 || !ok2 {
		return fmt.Errorf("%s does not contain the markers of the table: expected the lines %q and %q", file, begin, end)
	}
	return os.WriteFile(file, []byte(before+begin+text+end+after), 0o644)
}

// processor returns the name of the processor if the system provides it, or
// else the operating system and architecture.
func processor() string {
	text, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(text)) {
		if key, name, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(name) + " (" + runtime.GOARCH + ")"
		}
	}
	return runtime.GOOS + "/" + runtime.GOARCH
}
