package registration

import (
	"encoding/json"
	"fmt"
	"iter"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func nested(depth int) string { return strings.Repeat("[", depth) + strings.Repeat("]", depth) }

// jsonSeeds are valid and invalid texts of every kind.
var jsonSeeds = []string{
	`{}`, ` { } `, `{"a":1}`, `{"a":-1.5e+7,"b":null , "c":true}`, `{"a":{"b":[{"c":"}"}]},"d":[]}`, `{"a\"":"\\","b":"\""}`,
	`{"a":"x","a":"y"}`, "{\t\"a\"\r\n:\n[1 , 2]\n}", `[1]`, `7`, `"x"`, `null`, ``, `{`, `{"":""}`, `{"a":[[[]]]}`, `{"é":"\u00e9"}`,
	`{"A":1,"a":2,"\u0041":3}`, `{"ſ":1,"S":2,"\u017f":3,"\u212A":4,"k":5}`, "\"\u212a\"", `"\ud83d\ude00"`, `"\ud83d"`, `"\ude00\ud83d"`,
	`"\ud83d\ud83d\ude00"`, `"\ud83dx"`, `"\ud83d\n"`, "\"\xff\"", "\"\xed\xa0\x80\"", "{\"\xff\":1,\"\ufffd\":2}", `"\b\f\n\r\t\/\"\\"`, `"\x"`, `"\u12g4"`,
	`"\u123"`, "\"\x00\"", "\"\x1f\"", "\"\x7f\"", `01`, `-`, `-0`, `1.`, `.1`, `1e`, `1E+`, `1e-9`, `0.0e0`, `+1`, `tru`, `trueu`, `nul`, `False`,
	`[1,]`, `[,1]`, `{"a":1,}`, `{,}`, `{"a"}`, `{"a",1}`, `{1:2}`, `[1}`, `{"a":1]`, `[1:2]`, `{} {}`, `1 2`, `[]]`, "\ufeff{}", "\v1", "[\x00]",
	`{"a":` + nested(50) + `}`, strings.Repeat(`{"a":`, 40) + "1" + strings.Repeat("}", 40), `{"` + strings.Repeat("k", 40) + `":1}`,
}

// Invariant: checkJSON accepts the same texts as encoding/json, its error
// reports the position of a byte in the text, and each level of an accepted
// text has the members, elements and strings that encoding/json finds in it.
func FuzzJSON(f *testing.F) {
	for _, seed := range jsonSeeds {
		f.Add([]byte(seed))
	}
	f.Add([]byte(nested(maxDepth)))
	f.Add([]byte(nested(maxDepth + 1)))
	f.Fuzz(func(t *testing.T, text []byte) {
		err := checkJSON(text)
		if json.Valid(text) != (err == nil) {
			t.Fatalf("%.200q: %v, encoding/json finds it valid: %t", text, err, json.Valid(text))
		}
		if err != nil {
			checkOffset(t, text, err)
			return
		}
		checkValue(t, text, 3)
	})
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

// elements iterates over the elements of an array or over the members of an
// object, with undecoded keys.
func elements(text []byte, bracket byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(key, value []byte) bool) {
		c := walk(text, bracket)
		for c.next() && yield(c.name, c.value) {
		}
	}
}

// members iterates over the members of an object, with decoded keys.
func members(text []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(key, value []byte) bool) {
		c := walk(text, '{')
		for c.next() && yield(c.key(), c.value) {
		}
	}
}

// checkValue compares a value and the given number of levels below it with
// encoding/json.
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

// checkLower checks that a key is converted to the lower case name that
// encoding/json matches, if that is ASCII.
func checkLower(t *testing.T, key []byte, text string) {
	got := string(lower(nil, key))
	want := strings.ToLower(strings.ReplaceAll(text, "\u017f", "s"))
	isASCII := strings.IndexFunc(want, func(r rune) bool { return r >= 0x80 }) < 0
	if isASCII && len(want) <= maxKey && got != want || got != "" && !strings.EqualFold(got, text) {
		t.Errorf("key %q is %q, want %q", key, got, want)
	}
}

func TestKeysAreReadWithoutRegardToCase(t *testing.T) {
	var s struct{ Status, BasK, X509 string }
	for _, key := range []string{
		`"status"`, `"STATUS"`, `"sTaTuS"`, `"ſtatuſ"`, `"\u017ftatus"`, `"st\u0061tus"`, `"\u0053tatus"`, `"BaſK"`, "\"bas\u212a\"", `"bas\u212A"`, `"x509"`, `"X509"`,
		`"statu"`, `"statuss"`, `"status "`, `"status\u0000"`, "\"statu\xff\"", `"ßtatus"`, `"ıtatus"`, `"STATUſ\ud800"`, `""`, `"` + strings.Repeat("status", 20) + `"`,
	} {
		s.Status, s.BasK, s.X509 = "", "", ""
		if err := json.Unmarshal([]byte(`{`+key+`:"is"}`), &s); err != nil {
			t.Fatal(err)
		}
		name := string(lower(nil, []byte(key)))
		got := [3]bool{name == "status", name == "bask", name == "x509"}
		if want := [3]bool{s.Status != "", s.BasK != "", s.X509 != ""}; got != want {
			t.Errorf("%s is %q, but encoding/json takes it for %v", key, name, want)
		}
	}
}

func TestKeysThatAreTooLongAreNoneOfOurs(t *testing.T) {
	for text, want := range map[string]string{
		strings.Repeat("A", 32): strings.Repeat("a", 32), strings.Repeat("A", 33): "", strings.Repeat("é", 16): strings.Repeat("é", 16),
		strings.Repeat("é", 17): "", strings.Repeat(`\u0041`, 31): strings.Repeat("a", 31), strings.Repeat(`\u0041`, 40): "", strings.Repeat("A", 1<<20): "",
	} {
		if got := string(lower(nil, []byte(`"`+text+`"`))); got != want {
			t.Errorf("%.20s… of %d is %q, want %q", text, len(text), got, want)
		}
	}
}

func TestWhatIsWrongWithJSONIsSaid(t *testing.T) {
	for text, want := range map[string]string{
		"": "JSON ends at byte 0, in the middle of a value", "{": "JSON ends at byte 1, in the middle of a value", `{"a":"x`: "JSON ends at byte 7, in the middle of a value",
		`"\u12`: "JSON ends at byte 5, in the middle of a value", "oops": "JSON has an unexpected 'o' at byte 0", "<html>": "JSON has an unexpected '<' at byte 0",
		`{"a":1}x`: "JSON has an unexpected 'x' at byte 7", "\"a\nb\"": `JSON has an unexpected '\n' at byte 2`, `["\x"]`: "JSON has an unexpected 'x' at byte 3",
		"truE": "JSON has an unexpected 'E' at byte 3", "[1}": "JSON has an unexpected '}' at byte 2", "\xff": "JSON has an unexpected 'ÿ' at byte 0",
		nested(maxDepth + 1): "JSON is nested deeper than 10000 at byte 10001",
	} {
		if err := checkJSON([]byte(text)); err == nil || err.Error() != want {
			t.Errorf("%.20q: %v, want %s", text, err, want)
		}
	}
}

// The stack has one byte per bracket, and is never larger than the limit.
func TestDeepNestingTakesLittleMemory(t *testing.T) {
	for _, text := range [][]byte{[]byte(nested(maxDepth)), []byte(nested(1 << 20)), []byte(strings.Repeat(`{"a":`, maxDepth) + "1" + strings.Repeat("}", maxDepth))} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err := checkJSON(text)
		for range elements(text[:len(text):len(text)], text[0]) {
			break
		}
		runtime.ReadMemStats(&after)
		took := int(after.TotalAlloc - before.TotalAlloc)
		t.Logf("%d bytes of JSON (%v): %d bytes", len(text), err, took)
		if most := 3*len(text) + 4096; took > most || took > 64<<10 {
			t.Errorf("took %d bytes, want at most %d", took, most)
		}
	}
}

func TestMembersCanBeLeftEarly(t *testing.T) {
	for key := range members([]byte(`{"a":1,"b":2}`)) {
		if string(key) != "a" {
			t.Errorf("%s after the end", key)
		}
		break
	}
}

func TestStringsAreDecoded(t *testing.T) {
	for value, want := range map[string]string{
		`"a"`: "a", `""`: "", `"\u00e9\n"`: "é\n", "\"\xff\"": "\ufffd", `"\\"`: `\`, `7`: "", `null`: "", `{"a":"b"}`: "", "": "", `"\ud83d\ude00"`: "😀",
		`"\ud83d\u0041"`: "\ufffdA", `"\ude00"`: "\ufffd", `"\uD83D"`: "\ufffd", `"\u0000"`: "\x00", `"a\"b\/\b\f\r\t"`: "a\"b/\b\f\r\t", "\"\xff\\n\"": "\ufffd\n",
		`"\uFFFD\uAbCd"`: "\ufffd\uabcd",
	} {
		if got := stringOf([]byte(value)); got != want {
			t.Errorf("%s is %q, want %q", value, got, want)
		}
	}
}

func TestNumbersAreReadAndMayStandInStrings(t *testing.T) {
	for value, want := range map[string]int{
		`401002`: 401002, `"401002"`: 401002, `"40100\u0032"`: 401002, `"UPDATE_ACCOUNT_NOT_LINKED"`: 0, `-1`: 0, `1.5`: 0, `null`: 0, `{}`: 0, `""`: 0, `999999999999`: 0,
		`"_401"`: 0, `"4/1"`: 0, `"4:1"`: 0, `999999999`: 999999999, `1000000000`: 0, `1e3`: 0, `[1]`: 0, "": 0, `"\"4\""`: 0, `0`: 0, `"007"`: 7,
	} {
		if got := numberOf([]byte(value)); got != want {
			t.Errorf("%s is %d, want %d", value, got, want)
		}
	}
	if got := fmt.Sprint(numberOf(nil)); got != "0" {
		t.Errorf("nothing is %s", got)
	}
}
