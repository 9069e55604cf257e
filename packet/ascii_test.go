package packet

import (
	"encoding/binary"
	"testing"
)

// ASCII words need no closer check, and all others do, for every byte at every
// position.
func TestOnlyWhatIsNotASCIIIsLookedAtCloser(t *testing.T) {
	b := []byte("zzzzzzzz")
	for i := range b {
		for c := range 256 {
			b[i] = byte(c)
			w := binary.LittleEndian.Uint64(b)
			want := c == 0 || c >= 0x80
			if got := notPlain(w)&highs != 0; got != want {
				t.Errorf("%q as text: a closer look is %t, want %t", b, got, want)
			}
			wild := c == '+' || c == '#'
			if got := notPlainTopic(w)&highs != 0; got != (want || wild) {
				t.Errorf("%q as a topic name: a closer look is %t, want %t", b, got, want || wild)
			}
		}
		b[i] = 'z'
	}
}

func TestLastWord(t *testing.T) {
	const text = "0123456789abcdef"
	for n := range len(text) {
		w := binary.BigEndian.AppendUint64(nil, lastWord([]byte(text[:n])))
		if n >= 8 {
			w = binary.LittleEndian.AppendUint64(nil, lastWord([]byte(text[:n])))
		}
		if want := ("aaaaaaaa" + text[:n])[n:]; string(w) != want {
			t.Errorf("the last word of %q is %q, want %q", text[:n], w, want)
		}
	}
}
