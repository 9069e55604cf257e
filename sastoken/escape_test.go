package sastoken

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestEscapedIsRFC3986(t *testing.T) {
	const unreserved = "-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~"
	var bare []byte
	for c := range 256 {
		switch b := appendEscaped(nil, []byte{byte(c)}); len(b) {
		case 1:
			bare = append(bare, b[0])
		case 3:
			if want := []byte{'%', upperHex[c/16], upperHex[c%16]}; string(b) != string(want) {
				t.Errorf("byte %#x is %s, want %s", c, b, want)
			}
		default:
			t.Errorf("byte %#x is %q", c, b)
		}
	}
	if diff := cmp.Diff(unreserved, string(bare)); diff != "" {
		t.Errorf("unreserved: %s", diff)
	}
}

func TestTextIsVisibleASCII(t *testing.T) {
	for c := range 256 {
		want := ""
		if c < '!' || c > '~' {
			want = fmt.Sprintf("byte 0x%02x at offset 0, expected visible ASCII", c)
		}
		if got := textFault([]byte{byte(c), '2', '5'}, 0); got != want {
			t.Errorf("byte %#x: %q, want %q", c, got, want)
		}
	}
}

func TestUnescapedUndoesEscaped(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.SliceOf(rapid.Byte()).Draw(t, "s")
		escaped := appendEscaped([]byte{}, s)
		if what := textFault(escaped, 0); what != "" {
			t.Fatalf("%s: %s", escaped, what)
		}
		if diff := cmp.Diff(s, appendUnescaped([]byte{}, escaped)); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestUnescapedTakesBothCasesAndLeavesTheRest(t *testing.T) {
	for _, v := range [][2]string{
		{"%2f%2F%aB%Ab%00%ff", "//\xab\xab\x00\xff"},
		{"a+b", "a+b"},
		{"%2541", "%41"},
		{"%", "%"}, {"%4", "%4"}, {"%4g%g4%%41", "%4g%g4%A"},
		{"%@0%`0%/0%:0%G0", "%@0%`0%/0%:0%G0"}, // the characters next to the hex digits
	} {
		if got := string(appendUnescaped(nil, v[0])); got != v[1] {
			t.Errorf("%q decodes to %q, want %q", v[0], got, v[1])
		}
	}
}
