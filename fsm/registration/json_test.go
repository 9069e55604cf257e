package registration

import (
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"testing"
)

func nested(depth int) string { return strings.Repeat("[", depth) + strings.Repeat("]", depth) }

// jsonTexts are texts of every kind, right and wrong.
var jsonTexts = []string{
	`{}`, ` { } `, `{"a":1}`, `{"a":-1.5e+7,"b":null , "c":true}`, `{"a":{"b":[{"c":"}"}]},"d":[]}`, `{"a\"":"\\","b":"\""}`,
	`{"a":"x","a":"y"}`, "{\t\"a\"\r\n:\n[1 , 2]\n}", `[1]`, `7`, `"x"`, `null`, ``, `{`, `{"":""}`, `{"a":[[[]]]}`, `{"é":"\u00e9"}`,
	`{"A":1,"a":2,"\u0041":3}`, `{"ſ":1,"S":2,"\u017f":3,"\u212A":4,"k":5}`, "\"\u212a\"", `"\ud83d\ude00"`, `"\ud83d"`, `"\ude00\ud83d"`,
	`"\ud83d\ud83d\ude00"`, `"\ud83dx"`, `"\ud83d\n"`, "\"\xff\"", "\"\xed\xa0\x80\"", "{\"\xff\":1,\"\ufffd\":2}", `"\b\f\n\r\t\/\"\\"`, `"\x"`, `"\u12g4"`,
	`"\u123"`, "\"\x00\"", "\"\x1f\"", "\"\x7f\"", `01`, `-`, `-0`, `1.`, `.1`, `1e`, `1E+`, `1e-9`, `0.0e0`, `+1`, `tru`, `trueu`, `nul`, `False`,
	`[1,]`, `[,1]`, `{"a":1,}`, `{,}`, `{"a"}`, `{"a",1}`, `{1:2}`, `[1}`, `{"a":1]`, `[1:2]`, `{} {}`, `1 2`, `[]]`, "\ufeff{}", "\v1", "[\x00]",
	`{"a":` + nested(50) + `}`, strings.Repeat(`{"a":`, 40) + "1" + strings.Repeat("}", 40), `{"` + strings.Repeat("k", 40) + `":1}`,
}

func TestJSONIsReadAsEncodingJSONReadsIt(t *testing.T) {
	for _, text := range append(jsonTexts, nested(maxDepth), nested(maxDepth+1)) {
		checkText(t, []byte(text))
	}
}

func TestBodiesAreReadAsEncodingJSONReadsThem(t *testing.T) {
	for _, text := range append(jsonTexts,
		fullAnswer, `{"status":"assigned","registrationState":{"assignedHub":"h","deviceId":"d"}}`, `{"errorCode":"401002","message":"m\u0000","info":{"a":[]}}`,
		`{"st\u0061tus":"assign\u0065d","STATUS":"x","registrationState":null,"REGISTRATIONſTATE":{"DeviceID":"d"},"registrationState":{"deviceid":7,"payload":null}}`,
		`{"status":"a","operationId":"`+strings.Repeat(`\u0061`, 256)+`"}`, `{"status":"a","operationId":"`+strings.Repeat(`a`, 257)+`"}`, "{\"status\":\"a\",\"operationId\":\"\xff\"}",
		`{"status":"assigned","registrationState":{"assignedHub":"h","deviceId":"d","x509":{"certificateInfo":{"version":3}},"symmetricKey":{"enrollmentGroupId":"g"},"issuedCertificateChain":["a","b"]}}`,
	) {
		checkBody(t, []byte(text))
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
