package topic

import (
	"strings"
	"testing"
)

// Of all bytes just the unreserved ones of RFC 3986, section 2.3, stand as they are.
func TestEveryByteIsEscapedOrUnreserved(t *testing.T) {
	const plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
	for c := range 256 {
		got := string(appendEscaped(nil, []byte{byte(c)}))
		if stands := got == string(rune(c)); stands != (c < 0x80 && strings.ContainsRune(plain, rune(c))) || !stands && len(got) != 3 {
			t.Errorf("byte %#02x is written %q", c, got)
		}
	}
}
