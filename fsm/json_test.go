package fsm

import (
	"bytes"
	"encoding/json"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// Whatever encoding/json calls an object is walked over without a panic, and has
// the members that encoding/json finds in it.
func FuzzMembers(f *testing.F) {
	for _, seed := range []string{
		`{}`, ` { } `, `{"a":1}`, `{"a":-1.5e+7,"b":null , "c":true}`, `{"a":{"b":[{"c":"}"}]},"d":[]}`, `{"a\"":"\\","b":"\""}`,
		`{"a":"x","a":"y"}`, "{\t\"a\"\r\n:\n[1 , 2]\n}", `[1]`, `7`, `"x"`, `null`, ``, `{`, `{"":""}`, `{"a":[[[]]]}`, `{"é":"\u00e9"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if !json.Valid(text) {
			return
		}
		got := map[string]string{}
		for key, value := range members(bytes.TrimSpace(text)) {
			got[string(key)] = string(value)
		}
		var want map[string]json.RawMessage
		if json.Unmarshal(text, &want) != nil {
			want = nil // no object
		}
		if bytes.IndexByte(text, '\\') >= 0 || !utf8.Valid(text) {
			return // keys stand undecoded in got
		}
		if len(got) != len(want) {
			t.Fatalf("%s: %q, want %q", text, got, want)
		}
		for key, value := range want {
			if got[key] != string(value) {
				t.Errorf("%s: %q is %s, want %s", text, key, got[key], value)
			}
			var s string
			if len(value) > 0 && value[0] == '"' && (json.Unmarshal(value, &s) != nil || stringOf(value) != s) {
				t.Errorf("%s is %q, want %q", value, stringOf(value), s)
			}
		}
	})
}

func TestMembersCanBeLeftEarly(t *testing.T) {
	for key := range members([]byte(`{"a":1,"b":2}`)) {
		if string(key) != "a" {
			t.Errorf("%s after the end", key)
		}
		break
	}
}

func TestInner(t *testing.T) {
	for value, want := range map[string][]byte{`"a\""`: []byte(`a\"`), `""`: {}, `7`: nil, `[]`: nil, "": nil} {
		if diff := cmp.Diff(want, inner([]byte(value))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", value, diff)
		}
	}
}

func TestStringOf(t *testing.T) {
	for value, want := range map[string]string{
		`"a"`: "a", `""`: "", `"\u00e9\n"`: "é\n", "\"\xff\"": "\ufffd", `"\\"`: `\`, `7`: "", `null`: "", `{"a":"b"}`: "", "": "",
	} {
		if got := stringOf([]byte(value)); got != want {
			t.Errorf("%s is %q, want %q", value, got, want)
		}
	}
}

func TestErrorCodes(t *testing.T) {
	for value, want := range map[string]ErrorCode{
		`401002`: 401002, `"401002"`: 401002, `"UPDATE_ACCOUNT_NOT_LINKED"`: 0, `-1`: 0, `1.5`: 0, `null`: 0, `{}`: 0, `""`: 0, `999999999999`: 0,
		`"_401"`: 0, `"4/1"`: 0, `"4:1"`: 0, `999999999`: 999999999, `1000000000`: 0,
	} {
		if got := codeOf([]byte(value)); got != want {
			t.Errorf("%s is %d, want %d", value, got, want)
		}
	}
}
