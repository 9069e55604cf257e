package packet_test

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"example.com/dps/packet"
	"pgregory.net/rapid"
)

// This is a direct transcription of the requirements of the standard for text,
// topic names and topic filters.

func isText(s string) bool { return utf8.ValidString(s) && !strings.Contains(s, "\x00") }

func isTopic(s string) bool { return s != "" && isText(s) && !strings.ContainsAny(s, "+#") }

func isFilter(s string) bool {
	levels := strings.Split(s, "/")
	for i, level := range levels {
		if strings.ContainsAny(level, "+#") && level != "+" && !(level == "#" && i == len(levels)-1) {
			return false
		}
	}
	return s != "" && isText(s)
}

// checkText encodes s as text, as a topic name and as a topic filter.
func checkText(t interface{ Errorf(string, ...any) }, s string) {
	for _, row := range []struct {
		as   string
		p    packet.Packet
		want bool
	}{
		{"text", connect(func(p *packet.Connect) { p.Username = []byte(s) }), isText(s)},
		{"a topic name", publish(s), isTopic(s)},
		{"a topic filter", unsubscribe(s), isFilter(s)},
	} {
		if _, err := row.p.AppendBinary(nil); row.want != (err == nil) {
			t.Errorf("%q as %s: %v", s, row.as, err)
		}
	}
}

// This tests every byte, at every position of strings of all lengths around
// that of a machine word.
func TestEveryByteEverywhere(t *testing.T) {
	for length := 1; length < 27; length++ {
		for at := range length {
			for c := range 256 {
				b := bytes.Repeat([]byte{'a'}, length)
				b[at] = byte(c)
				checkText(t, string(b))
			}
		}
	}
}

// This tests every string of up to five of the special bytes, alone and after
// eight other bytes.
func TestEveryShortString(t *testing.T) {
	letters := []string{"a", "/", "+", "#", "\x00", "\xc3", "\xa9"}
	var grow func(s string, n int)
	grow = func(s string, n int) {
		checkText(t, s)
		checkText(t, "12345678"+s)
		if n == 0 {
			return
		}
		for _, c := range letters {
			grow(s+c, n-1)
		}
	}
	grow("", 5)
}

func TestTextAtRandom(t *testing.T) {
	letters := rapid.SliceOf(rapid.OneOf(rapid.SampledFrom([]string{"a", "/", "/+", "/+/", "/#", "+", "é", "\U0001F600", "\xff", "longer than a word"}), rapid.String()))
	rapid.Check(t, func(t *rapid.T) { checkText(t, strings.Join(letters.Draw(t, "letters"), "")) })
}
