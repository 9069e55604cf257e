package packet

import (
	"bytes"
	"testing"
)

// A closer look is taken where it is needed, and nowhere else: all text in ASCII is
// checked by words.
func TestOnlyWhatIsNotASCIIIsLookedAtCloser(t *testing.T) {
	looks := func(b []byte, wild uint64) (n int) {
		unlessASCII(b, wild, func([]byte) *flaw { n++; return nil })
		return n
	}
	for size := 1; size <= 40; size++ {
		b := bytes.Repeat([]byte{'z'}, size)
		for i := range b {
			for c := range 256 {
				b[i] = byte(c)
				want, wantWild := 0, 0
				if c == 0 || c >= 0x80 {
					want = 1
				}
				if want == 1 || c == '+' || c == '#' {
					wantWild = 1
				}
				if got, gotWild := looks(b, wildcards), looks(b, noWildcards); got != want || gotWild != wantWild {
					t.Fatalf("%q: %d looks, want %d; without wildcards %d, want %d", b, got, want, gotWild, wantWild)
				}
			}
			b[i] = 'z'
		}
	}
	for size, want := range map[int]int{0: 1, maxField: 0, maxField + 1: 1} {
		if got := looks(bytes.Repeat([]byte{'z'}, size), wildcards); got != want {
			t.Errorf("%d bytes: %d looks, want %d", size, got, want)
		}
	}
}
