package main

import (
	"bytes"
	"encoding/xml"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func try(args ...string) (code int, stdout, stderr string) {
	var out, errs strings.Builder
	code = run(args, &out, &errs)
	return code, out.String(), errs.String()
}

func TestRun(t *testing.T) {
	file := filepath.Join(t.TempDir(), "fleet.svg")
	code, out, errs := try("-devices", "3000", "-svg", file, "-seed", "7")
	if code != exitDone {
		t.Fatalf("exit code %d, %s", code, errs)
	}
	for _, want := range []string{"3,000 devices", "2m4s at the earliest", "times the bound"} {
		if !strings.Contains(out, want) {
			t.Errorf("want %q in\n%s", want, out)
		}
	}
	svg, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range policies {
		if !strings.Contains(out, " "+p.name+" ") || !bytes.Contains(svg, []byte(">"+p.name+": ")) {
			t.Errorf("want %s in\n%s", p.name, out)
		}
	}
	curves := 0
	for d := xml.NewDecoder(bytes.NewReader(svg)); ; {
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if s, ok := token.(xml.StartElement); ok && s.Name.Local == "path" && strings.Count(s.Attr[0].Value, "L") > 100 {
			curves++
		}
	}
	if curves != len(policies) {
		t.Errorf("want %d curves, got %d", len(policies), curves)
	}
}

func TestChosenPolicies(t *testing.T) {
	code, out, _ := try("-devices", "1", "-policies", "restart,fsm")
	restart, fsm := strings.Index(out, "restart"), strings.Index(out, "fsm")
	if code != exitDone || restart < 0 || fsm < restart || strings.Contains(out, "embedded") {
		t.Errorf("exit code %d:\n%s", code, out)
	}
}

func TestUsage(t *testing.T) {
	code, out, _ := try("-h")
	if code != exitDone {
		t.Errorf("-h: exit code %d", code)
	}
	for _, p := range policies {
		if !strings.Contains(out, p.name+" ") {
			t.Errorf("-h does not list %s", p.name)
		}
	}
	for want, args := range map[string][]string{
		"unexpected argument": {"x"},
		"-devices is 0":       {"-devices", "0"},
		"-memory is 0":        {"-memory", "0"},
		"-devices is 1000001": {"-devices", "1000001"},
		`-policies contains "y", expected all or so`: {"-policies", "fsm,y"},
		"flag provided but not defined":              {"-z"},
	} {
		if code, _, errs := try(args...); code != 2 || !strings.Contains(errs, want) || !strings.HasSuffix(errs, "\n(Run \"fleet -h\" for usage.)\n") {
			t.Errorf("%q: exit code %d, want %s, got %s", args, code, want, errs)
		}
	}
	if code, _, errs := try("-devices", "1", "-policies", "restart", "-svg", t.TempDir()); code != 1 || errs == "" {
		t.Errorf("unwritable picture: exit code %d, %s", code, errs)
	}
}

func TestProgress(t *testing.T) {
	var out strings.Builder
	tell := ticker(&out, 0)
	for range 1999 { // the ticker checks the time in every thousandth call
		tell("fsm", time.Hour, 12345, 1_000_000)
	}
	if want := "fsm: after 1h0m0s, 12,345 of 1,000,000 devices are registered\n"; out.String() != want {
		t.Errorf("want %q, got %q", want, out.String())
	}
}

func TestNumbers(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 12345: "12,345", 1_000_000: "1,000,000"} {
		if got := thousands(n); got != want {
			t.Errorf("%d: want %s, got %s", n, want, got)
		}
	}
	if got := clock(25*time.Hour + 61*time.Second); got != "25:01:01" {
		t.Errorf("%s", got)
	}
	for _, end := range []time.Duration{time.Second, 5 * time.Second, time.Minute, 99 * time.Minute, 17 * time.Hour, 400 * time.Hour} {
		if n := end / tick(end); n < 1 || n > 12 {
			t.Errorf("got %d marks on an axis of %v", n, end)
		}
	}
}

// All randomness comes from -seed: the same seed gives exactly the same curves,
// and another seed gives different curves.
func TestSeed(t *testing.T) {
	for _, p := range policies {
		curves := func(seed string) string {
			file := filepath.Join(t.TempDir(), "fleet.svg")
			if code, _, errs := try("-devices", "300", "-policies", p.name, "-svg", file, "-seed", seed); code != exitDone {
				t.Fatalf("exit code %d, %s", code, errs)
			}
			svg, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			return string(svg)
		}
		one, again, other := curves("1"), curves("1"), curves("2")
		if one != again || one == other {
			t.Errorf("%s: same curves with the same seed: %t, different curves with another seed: %t", p.name, one == again, one != other)
		}
	}
}
