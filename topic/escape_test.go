package topic

import (
	"bytes"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Only the unreserved bytes of RFC 3986, section 2.3, are left unencoded.
func TestEveryByteIsEscapedOrUnreserved(t *testing.T) {
	const plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
	for c := range 256 {
		got := string(appendEscaped(nil, []byte{byte(c)}))
		if stands := got == string(rune(c)); stands != (c < 0x80 && strings.ContainsRune(plain, rune(c))) || !stands && len(got) != 3 {
			t.Errorf("byte %#02x is written %q", c, got)
		}
	}
}

func TestEveryByteIsAHexDigitOrNot(t *testing.T) {
	for c := range 256 {
		want := -1
		if n, err := strconv.ParseInt(string([]byte{byte(c)}), 16, 0); err == nil {
			want = int(n)
		}
		if got := unhex(byte(c)); got != want {
			t.Errorf("byte %#02x: %d, want %d", c, got, want)
		}
	}
}

func TestUnescapeGivesNothingBesideABrokenEscape(t *testing.T) {
	for _, tt := range []struct {
		text    string
		decoded []byte
		bad     int
	}{
		{"", []byte{}, -1}, {"a+b", []byte("a+b"), -1}, {"%41b%2fc", []byte("Ab/c"), -1}, {"%2541", []byte("%41"), -1},
		{"%", nil, 0}, {"a%4", nil, 1}, {"%41%4g", nil, 3},
	} {
		decoded, bad := unescape([]byte(tt.text))
		if diff := cmp.Diff(tt.decoded, decoded); diff != "" || bad != tt.bad {
			t.Errorf("%q: invalid at %d, want %d (-want +got):\n%s", tt.text, bad, tt.bad, diff)
		}
	}
}

// Two bytes are equal if and only if they differ at most in ASCII case.
func TestEqualFoldMindsASCIICaseAlone(t *testing.T) {
	for i := range 1 << 16 {
		a, b := []byte{byte(i >> 8)}, []byte{byte(i)}
		if got, want := equalFold(a, string(b)), bytes.Equal(a, b) || max(a[0], b[0]) < 0x80 && bytes.EqualFold(a, b); got != want {
			t.Errorf("%q and %q: %t", a, b, got)
		}
	}
}
