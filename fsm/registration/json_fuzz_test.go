package registration

import (
	"encoding/json"
	"iter"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Invariant: checkJSON accepts the same texts as encoding/json; its error names
// a byte of the text; and in each level of an accepted text, the scanner finds
// the same members, elements and strings as encoding/json.
func FuzzJSON(f *testing.F) { f.Fuzz(checkText) }

func checkText(t *testing.T, text []byte) {
	err := checkJSON(text)
	if json.Valid(text) != (err == nil) {
		t.Fatalf("%.200q: %v, encoding/json finds it valid: %t", text, err, json.Valid(text))
	}
	if err != nil {
		checkOffset(t, text, err)
		return
	}
	checkValue(t, text, 3)
}

var offset = regexp.MustCompile(`^JSON .* at byte (\d+)(, in the middle of a value)?$`)

func checkOffset(t *testing.T, text []byte, err error) {
	t.Helper()
	found := offset.FindStringSubmatch(err.Error())
	if found == nil {
		t.Fatalf("%q: %v", text, err)
	}
	if at, _ := strconv.Atoi(found[1]); at > len(text) || (at == len(text)) != (found[2] != "") && !strings.Contains(err.Error(), "nested") {
		t.Fatalf("%q of %d bytes: %v", text, len(text), err)
	}
}

// elements ranges over the elements of an array, or over the members of an
// object, with their keys as they are in the text.
func elements(text []byte, bracket byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(key, value []byte) bool) {
		c := walk(text, bracket)
		for c.next() && yield(c.name, c.value) {
		}
	}
}

// members ranges over the members of an object, with their keys decoded and in
// lower case.
func members(text []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(key, value []byte) bool) {
		c := walk(text, '{')
		for c.next() && yield(c.key(), c.value) {
		}
	}
}

// checkValue compares a value, and the given number of levels below it, with
// the result of encoding/json.
func checkValue(t *testing.T, value []byte, levels int) {
	var array []json.RawMessage
	var object map[string]json.RawMessage
	trimmed := strings.TrimLeft(string(value), " \t\r\n")
	switch trimmed[0] {
	case '"':
		var want string
		if err := json.Unmarshal(value, &want); err != nil {
			t.Fatal(err)
		}
		value = []byte(strings.TrimRight(trimmed, " \t\r\n"))
		if got := stringOf(value); got != want {
			t.Errorf("%q is %q, want %q", value, got, want)
		}
		checkLower(t, value, want)
	case '[':
		if err := json.Unmarshal(value, &array); err != nil {
			t.Fatal(err)
		}
		n := 0
		for key, element := range elements(value, '[') {
			if key != nil || n == len(array) || string(element) != string(array[n]) || cap(element) != len(element) {
				t.Fatalf("%q: element %d is %q with key %q", value, n, element, key)
			}
			if n++; levels > 0 && n < 10 {
				checkValue(t, element, levels-1)
			}
		}
		if n != len(array) {
			t.Fatalf("%q has %d elements, want %d", value, n, len(array))
		}
	case '{':
		if err := json.Unmarshal(value, &object); err != nil {
			t.Fatal(err)
		}
		checkObject(t, value, object, levels)
	}
	if array == nil {
		for range elements(value, '[') {
			t.Fatalf("%q has elements", value)
		}
	}
	if object == nil {
		for range members(value) {
			t.Fatalf("%q has members", value)
		}
	}
}

func checkObject(t *testing.T, value []byte, want map[string]json.RawMessage, levels int) {
	got, short, lowered := map[string]string{}, map[string]string{}, map[string]string{}
	for key, member := range elements(value, '{') {
		checkLower(t, key, stringOf(key))
		got[stringOf(key)] = string(member) // the last one wins
		short[string(lower(nil, key))] = string(member)
		if levels > 0 && len(got) < 10 {
			checkValue(t, member, levels-1)
		}
	}
	for key, member := range members(value) {
		lowered[string(key)] = string(member)
	}
	if diff := cmp.Diff(short, lowered); diff != "" {
		t.Errorf("%q: members and elements disagree:\n%s", value, diff)
	}
	whole := map[string]string{}
	for key, member := range want {
		whole[key] = string(member)
	}
	if diff := cmp.Diff(whole, got); diff != "" {
		t.Errorf("%q (-want +got):\n%s", value, diff)
	}
}

// checkLower checks the result of lower for a key that decodes to text: it is
// the name that encoding/json matches with the key, if that is ASCII.
func checkLower(t *testing.T, key []byte, text string) {
	got := string(lower(nil, key))
	want := strings.ToLower(strings.ReplaceAll(text, "\u017f", "s"))
	isASCII := strings.IndexFunc(want, func(r rune) bool { return r >= 0x80 }) < 0
	if isASCII && len(want) <= maxKey && got != want || got != "" && !strings.EqualFold(got, text) {
		t.Errorf("key %q is %q, want %q", key, got, want)
	}
}
