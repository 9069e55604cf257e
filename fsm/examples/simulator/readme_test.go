package main

import (
	"bytes"
	"encoding/json"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"example.com/dps/fsm/dpstest"
	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

func readme(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// section returns the part of the README under a heading.
func section(t *testing.T, heading string) string {
	t.Helper()
	_, text, ok := strings.Cut(readme(t), "\n"+heading+"\n")
	if !ok {
		t.Fatalf("the README does not have the heading %q", heading)
	}
	text, _, _ = strings.Cut(text, "\n#")
	return text
}

// The README explains what each diagnosis means and what to do.
func TestREADMEExplainsEachDiagnosis(t *testing.T) {
	var named []dpstest.Diagnosis
	row := regexp.MustCompile("(?m)^\\| `([^`]+)` \\| [^|]{20,} \\| [^|]{10,} \\|$")
	for _, m := range row.FindAllStringSubmatch(section(t, "## Diagnoses"), -1) {
		named = append(named, dpstest.Diagnosis(m[1]))
	}
	if diff := cmp.Diff(diagnoses(), named); diff != "" {
		t.Errorf("diagnoses in the README (-want +got):\n%s", diff)
	}
}

// The program and the schema accept the README's examples, which contain each
// field of an outcome, a fault and the choices.
func TestREADMEExamplesAreAccepted(t *testing.T) {
	compiled := compiledSchema(t)
	check := func(text string) {
		t.Helper()
		if _, err := (&options{trust: "ca.pem"}).decode([]byte(text)); err != nil {
			t.Errorf("the program rejects %s: %v", text, err)
		}
		doc, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
		if err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		if err := compiled.Validate(doc); err != nil {
			t.Errorf("the schema rejects %s: %v", text, err)
		}
	}
	documents := regexp.MustCompile("(?s)```json\n(.*?)```").FindAllStringSubmatch(readme(t), -1)
	if len(documents) != 3 {
		t.Errorf("want 3 documents in the README, got %d", len(documents))
	}
	for _, m := range documents {
		check(m[1])
	}
	for _, test := range []struct {
		heading string
		around  func(members string) string
		of      reflect.Type
	}{
		{"### Outcomes", outcome, reflect.TypeFor[dpstest.Outcome]()},
		{"### Faults", fault, reflect.TypeFor[dpstest.Fault]()},
		{"### What is a guess", choice, reflect.TypeFor[dpstest.Choices]()},
	} {
		examples := regexp.MustCompile("(?m)^\\|.*`\\{(.*)\\}`.*\\|$").FindAllStringSubmatch(section(t, test.heading), -1)
		used := map[string]bool{}
		for _, m := range examples {
			check(test.around(m[1]))
			var fields map[string]json.RawMessage
			if err := json.Unmarshal([]byte("{"+m[1]+"}"), &fields); err != nil {
				t.Fatal(err)
			}
			for name := range fields {
				used[name] = true
			}
		}
		for _, field := range reflect.VisibleFields(test.of) {
			if name, _, _ := strings.Cut(field.Tag.Get("json"), ","); !used[name] {
				t.Errorf("the section %q has no example of %q", test.heading, name)
			}
		}
	}
}

// The README explains each step that a fault can disturb.
func TestREADMENamesEachStep(t *testing.T) {
	for _, step := range steps() {
		if text := section(t, "### Faults"); !strings.Contains(text, "`"+step+"`") || !strings.Contains(text, `{"at": "`+step+`"`) {
			t.Errorf("the README does not explain %q, or has no example of it", step)
		}
	}
}

// The greeting begins with the text in the README.
func TestREADMEGreeting(t *testing.T) {
	_, want, _ := strings.Cut(readme(t), "<!-- greeting -->\n```\n")
	want, _, _ = strings.Cut(want, "```")
	o, err := parse([]string{"-ca-dir", "ca", "-client-certs", "certs"})
	if err != nil {
		t.Fatal(err)
	}
	d := newDesk(o, new(bytes.Buffer), new(bytes.Buffer))
	if d.config, err = o.load(); err != nil {
		t.Fatal(err)
	}
	d.ready = ready{TLS: o.tlsAddr, WebSocket: o.webAddr, CA: "/home/me/dps/fsm/examples/simulator/ca/ca.pem"}
	got := d.greeting()
	if got = got[:min(len(got), len(want))]; want == "" || got != want {
		t.Errorf("-README +program:\n%s", cmp.Diff(want, got))
	}
}

// The program accepts the flags of the Containerfile, followed by those that
// the README adds.
func TestContainerStartsTheSimulator(t *testing.T) {
	text, err := os.ReadFile("Containerfile")
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`(?m)^ENTRYPOINT (\[.*\])$`).FindSubmatch(text)
	if m == nil {
		t.Fatal("the Containerfile does not have an ENTRYPOINT")
	}
	var command []string
	if err := json.Unmarshal(m[1], &command); err != nil {
		t.Fatal(err)
	}
	o, err := parse(append(command[1:], "-name", "dps"))
	if err != nil {
		t.Fatal(err)
	}
	if got := o.caFile(o.tlsAddr); got != "/ca/ca.pem" {
		t.Errorf("the CA is in %s, want /ca/ca.pem in the volume", got)
	}
}
