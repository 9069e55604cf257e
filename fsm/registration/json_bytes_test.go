package registration

import (
	"bytes"
	"encoding/json"
	"testing"
)

// A text with any byte at any position, or truncated at any position, is
// accepted if and only if encoding/json accepts it.
func TestEveryByteCounts(t *testing.T) {
	text := []byte(`{"a\u00e9" : [-10.5e+3,0,1E2, true ,false,null,{}],"b":{"c":"\n\\x"},"d":[[]]}`)
	same := func(text []byte) {
		t.Helper()
		if err := checkJSON(text); (err == nil) != json.Valid(text) {
			t.Errorf("%q: %v, encoding/json finds it valid: %t", text, err, json.Valid(text))
		}
	}
	for i := range text {
		same(text[:i])
		for b := range 256 {
			changed := bytes.Clone(text)
			changed[i] = byte(b)
			same(changed)
			same(append(bytes.Clone(text[:i]), byte(b)))
		}
		same(append(bytes.Clone(text[:i]), text[i+1:]...))
	}
	for _, odd := range []string{`{"a" "b"}`, `{"a" 1}`, `{1}`, `{1:2}`, `{"a":1 "b":2}`, "[\"a\n]", "[\"a\n\"]", `[1`, `[1,`, `{"a":1`, `[]]`, `{}1`, `1D5`} {
		same([]byte(odd))
	}
}

func TestSurrogates(t *testing.T) {
	for value, want := range map[string]string{
		`"\ud83d\ude00"`: "\U0001f600", `"\ud800\tdc00"`: "\ufffd\tdc00", `"\ud800xudc00"`: "\ufffdxudc00", `"\ud800"`: "\ufffd", `"\udc00\ud800"`: "\ufffd\ufffd",
	} {
		if got := stringOf([]byte(value)); got != want {
			t.Errorf("%s is %q, want %q", value, got, want)
		}
	}
}
