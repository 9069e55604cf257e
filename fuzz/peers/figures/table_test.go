package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// The table contains the minimal time of each benchmark, compared with its
// floor and the peers, and begins with the worst row.
func TestTable(t *testing.T) {
	m := newMeasurements()
	var out strings.Builder
	line := func(name string, ns float64) {
		fmt.Fprintf(&out, "Benchmark%s-%d \t 1000\t %g ns/op\t 0 B/op\t 7 allocs/op\n", name, runtime.GOMAXPROCS(0), ns)
	}
	for _, f := range figures {
		line(f.bench, 500)
		line(f.bench, 300)
		line(f.bench, 400)
		if f.floor != "" {
			line(f.floor, 290)
		}
	}
	line("Encode/PUBLISH/128/floor", 200)
	line("Encode/PUBACK/floor", 250)
	line("Peers/Encode/PUBLISH-128/ours", 100)
	line("Peers/Encode/PUBLISH-128/paho", 700)
	line("Peers/Encode/PUBLISH-128/mochi", 310)
	if err := m.readBenchmarks([]byte(out.String())); err != nil {
		t.Fatal(err)
	}
	text, err := table(m)
	if want := "--:|\n| encode PUBLISH, payload of 128 bytes | 300 ns | 1.50 | 3.1 × | 7 |\n| encode PUBACK |"; err != nil || !strings.Contains(text, want) {
		t.Errorf("got %v and\n%sexpected\n%s", err, text, want)
	}
	for _, name := range []string{"Sign", "HMAC"} {
		old := m.ns[name]
		delete(m.ns, name)
		if _, err := table(m); err == nil {
			t.Errorf("there is no error if %s is missing", name)
		}
		m.ns[name] = old
	}
}

// The table of sizes distinguishes our part from the whole growth of a program.
// A size that the tests do not print is an error.
func TestSizes(t *testing.T) {
	var out strings.Builder
	for _, row := range sizeRows {
		fmt.Fprintf(&out, "    vendor_test.go:90: %-12s 1527970 bytes,   327680 more than an empty program,    48578 of them ours\n", row.name)
	}
	m := newMeasurements()
	if m.readSizes([]byte(out.String())) == nil {
		t.Error("there is no error if the size of a machine is missing")
	}
	out.WriteString("    memory_test.go:80: 1008 bytes a machine\n")
	if err := m.readSizes([]byte(out.String())); err != nil {
		t.Fatal(err)
	}
	for _, f := range figures {
		m.ns[f.bench], m.ns[f.floor] = 1, 1
	}
	text, err := table(m)
	if err != nil || !strings.Contains(text, " holds 1008 bytes") {
		t.Errorf("%v\n%s", err, text)
	}
	for _, row := range sizeRows {
		if want := "\n| " + row.text + " | 49 kB | 328 kB |\n"; !strings.Contains(text, want) {
			t.Errorf("want %q in\n%s", want, text)
		}
		missing := strings.ReplaceAll(out.String(), ": "+row.name+" ", ": another ")
		if newMeasurements().readSizes([]byte(missing)) == nil {
			t.Errorf("there is no error if the size of %s is missing", row.name)
		}
	}
}

func TestDurationHasTwoDigitsOrThree(t *testing.T) {
	for ns, want := range map[float64]string{
		3.52: "3.5 ns", 9.96: "10.0 ns", 35.2: "35 ns", 352: "352 ns", 3520: "3.5 µs", 2_345_678: "2.3 ms", 5e9: "5.0 s",
	} {
		if got := duration(ns); got != want {
			t.Errorf("%v ns: want %q, got %q", ns, want, got)
		}
	}
}

func TestReplaceLeavesTheRest(t *testing.T) {
	file := filepath.Join(t.TempDir(), "README.md")
	const before = "a\n<!-- figures -->\nold\n<!-- end of figures -->\nb\n"
	if err := os.WriteFile(file, []byte(before), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := replace(file, "new\n"); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(file)
	if want := strings.Replace(before, "old", "new", 1); err != nil || string(got) != want {
		t.Errorf("want %q, got %q", want, got)
	}
	if err := os.WriteFile(file, []byte("no place"), 0o600); err != nil {
		t.Fatal(err)
	}
	if replace(file, "new\n") == nil {
		t.Error("replace changed a file without markers")
	}
}

// The README has a row for every figure.
func TestTheREADMEHasTheTable(t *testing.T) {
	text, err := os.ReadFile("../../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range figures {
		if !strings.Contains(string(text), "\n| "+f.what+" | ") {
			t.Errorf("README.md has no figure %q; run go -C fuzz/peers run ./figures -write ../../README.md", f.what)
		}
	}
	for _, row := range sizeRows {
		if !strings.Contains(string(text), "\n| "+row.text+" | ") {
			t.Errorf("README.md has no size of %q; run go -C fuzz/peers run ./figures -write ../../README.md", row.name)
		}
	}
}
