package strictjson_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"example.com/dps/fsm/dpstest"
	"example.com/dps/fsm/examples/internal/strictjson"
	"github.com/google/go-cmp/cmp"
)

type document struct {
	named
	Parts []part          `json:"parts,omitempty"`
	Any   json.RawMessage `json:"any,omitempty"`
	Func  func()          `json:"-"`
}

type named struct {
	Name string `json:"name"`
}

type part struct {
	Step   dpstest.Step       `json:"step,omitempty"`
	Wait   dpstest.RetryAfter `json:"wait,omitempty"`
	Count  int                `json:"count,omitempty"`
	Code   byte               `json:"code,omitempty"`
	Delay  float64            `json:"delay,omitempty"`
	On     bool               `json:"on,omitempty"`
	Text   *string            `json:"text,omitempty"`
	Inside *part              `json:"inside,omitempty"`
	List   []string           `json:"list,omitempty"`
}

const good = `{"name": "n",
	"parts": [
		{"step": "ping", "wait": 3, "count": 1, "code": 255, "delay": 0.5, "on": true, "text": "t", "list": ["a",
			"b"]},
		{"inside":
			{"wait": "soon"}}
	],
	"any": {"x": null, "x": [1, {}]}}
`

func TestUnmarshal(t *testing.T) {
	var got, want document
	lines, err := strictjson.Unmarshal([]byte(good), &got)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(good), &want); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got, cmp.AllowUnexported(document{})); d != "" {
		t.Error(d)
	}
	for path, want := range map[string]int{
		"": 1, "name": 1, "parts": 2, "parts[0]": 3, "parts[0].list[1]": 4, "parts[1].inside": 6, "parts[1].inside.wait": 6, "any": 8,
		"parts[0].absent": 3, "parts[1].inside.list[7].x": 6, "any.x": 8, "absent": 1,
	} {
		if got := lines.Of(path); got != want {
			t.Errorf("%s: want line %d, got %d", path, want, got)
		}
	}
}

func TestMistakes(t *testing.T) {
	misspelled := new(dpstest.Step).UnmarshalText([]byte("png"))
	const names = "step, wait, count, code, delay, on, text, inside, list"
	for _, test := range []struct{ text, want string }{
		{``, "line 1: unexpected end of JSON input"},
		{"{\n\n", "line 3: unexpected end of JSON input"},
		{"{\"name\":\n\"a\",\n}", "line 3: invalid character '}' looking for beginning of object key string"},
		{"{}\n\nx", "line 3: invalid character 'x' after top-level value"},
		{`[]`, "line 1: it is [], expected an object in braces"},
		{`null`, "line 1: it is null; omit it instead"},
		{"{\n\"nmae\": {\"parts\": 1}}", `line 2: unknown field "nmae", expected one of name, parts, any`},
		{"{\n\"Name\": \"\"}", `line 2: unknown field "Name", expected one of name, parts, any`},
		{"{\"name\":\"\",\n\"name\":\"\"}", "line 2: name: it is given twice"},
		{`{"name": 1}`, "line 1: name: it is 1, expected a string in quotes"},
		{`{"name": null}`, "line 1: name: it is null; omit it instead"},
		{`{"parts": {}}`, "line 1: parts: it is {}, expected a list in brackets"},
		{`{"parts": [[]]}`, "line 1: parts[0]: it is [], expected an object in braces"},
		{"{\"parts\": [{},\n{\"count\": 1.5, \"code\": 256,\n\"on\": 1, \"delay\": \"\", \"x\": 1, \"text\": null, \"list\": [1]}]}",
			`line 2: parts[1].count: it is 1.5, expected a whole number
line 2: parts[1].code: it is 256, expected a whole number, 0 to 255
line 3: parts[1].on: it is 1, expected true or false
line 3: parts[1].delay: it is "", expected a number
line 3: parts[1]: unknown field "x", expected one of ` + names + `
line 3: parts[1].text: it is null; omit it instead
line 3: parts[1].list[0]: it is 1, expected a string in quotes`},
		{`{"parts": [{"step": "png"}]}`, fmt.Sprint("line 1: parts[0].step: ", misspelled)},
		{`{"parts": [{"wait": true}]}`, `line 1: parts[0].wait: it is true, expected a string in quotes`},
		{`{"any": ` + strings.Repeat("[", 20_000), "line 1: invalid character '[' exceeded max depth"},
		{`{"any": ` + strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000) + "}", "line 1: invalid character '[' exceeded max depth"},
	} {
		var d document
		if _, err := strictjson.Unmarshal([]byte(test.text), &d); err == nil {
			t.Errorf("%.200s was accepted", test.text)
		} else if d := cmp.Diff(test.want, err.Error()); d != "" {
			t.Errorf("%.200s: %s", test.text, d)
		}
	}
}

// If Unmarshal accepts a document, the result is that of encoding/json.
// Unmarshal never panics.
func FuzzUnmarshal(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte(`{"parts":[{"inside":{"inside":{"text":"\ud800"}}}],"\u006eame":"x"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var got, want document
		if _, err := strictjson.Unmarshal(text, &got); err != nil {
			return
		}
		if err := json.Unmarshal(text, &want); err != nil {
			t.Fatalf("encoding/json: %v", err)
		}
		if d := cmp.Diff(want, got, cmp.AllowUnexported(document{})); d != "" {
			t.Error(d)
		}
	})
}
