package packet

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/bits"
	"unicode/utf8"
)

// A flaw is what is wrong with a string, a topic name or a topic filter.
type flaw struct {
	at   int // offset in the string
	rule string
	msg  string
}

// textFlaw finds out whether b is a UTF-8 string of MQTT: well-formed UTF-8
// without U+0000, no longer than the two length bytes can say. It returns nil if so.
func textFlaw(b []byte) *flaw { return unlessPlain(b, closerTextFlaw) }

// closerTextFlaw does the same, for text that is not plain.
func closerTextFlaw(b []byte) *flaw { return utf8Flaw(b, "section 1.5.3") }

// utf8Flaw does the same again. lengthRule is what a longer string breaks.
func utf8Flaw(b []byte, lengthRule string) *flaw {
	if utf8.Valid(b) && bytes.IndexByte(b, 0) < 0 {
		return lengthFlaw(b, lengthRule)
	}
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			return &flaw{i, "MQTT-1.5.3-1", fmt.Sprintf("is not UTF-8: byte %#02x", b[i])}
		case r == 0:
			return &flaw{i, "MQTT-1.5.3-2", "holds U+0000"}
		}
		i += n
	}
	return nil
}

// topicFlaw finds out whether b is a topic name, one without wildcards (section 4.7).
func topicFlaw(b []byte) *flaw { return unlessPlain(b, closerTopicFlaw) }

// closerTopicFlaw does the same, for a topic name that is not plain.
func closerTopicFlaw(b []byte) *flaw {
	if i := bytes.IndexAny(b, "+#"); i >= 0 {
		return &flaw{i, "MQTT-4.7.1-1", fmt.Sprintf("holds the wildcard %q", b[i])}
	}
	if len(b) == 0 {
		return emptyTopic()
	}
	return utf8Flaw(b, "MQTT-4.7.3-3")
}

// filterFlaw finds out whether b is a topic filter (section 4.7).
func filterFlaw(b []byte) *flaw {
	if len(b) == 0 {
		return emptyTopic()
	}
	ascii := true
	for i := plainPrefix(b); i < len(b); i += 1 + plainPrefix(b[i+1:]) {
		first, last := i == 0 || b[i-1] == '/', i+1 == len(b)
		switch c := b[i]; {
		case c == '#' && !(first && last):
			return &flaw{i, "MQTT-4.7.1-2", "has a '#' that is not the whole last level"}
		case c == '+' && !(first && (last || b[i+1] == '/')):
			return &flaw{i, "MQTT-4.7.1-3", "has a '+' that is not a whole level"}
		case c != '#' && c != '+':
			ascii = false
		}
	}
	if ascii && len(b) <= maxField {
		return nil
	}
	return utf8Flaw(b, "MQTT-4.7.3-3")
}

func emptyTopic() *flaw { return &flaw{0, "MQTT-4.7.3-1", "is empty"} }

// maxField is the size in bytes of the longest field that two length bytes can announce.
const maxField = 0xffff

// lengthFlaw refuses what two length bytes cannot say. Only an encoder meets it.
func lengthFlaw(b []byte, rule string) *flaw {
	if len(b) <= maxField {
		return nil
	}
	return &flaw{0, rule, fmt.Sprintf("is %d bytes long, the limit is 65535", len(b))}
}

// plainPrefix returns how many bytes there are before the first that needs a closer
// look, in text or in a topic: one that is not ASCII, NUL, or a wildcard.
func plainPrefix(b []byte) int {
	if len(b) < 8 {
		for i, c := range b {
			if c-1 >= 0x7f || c == '+' || c == '#' {
				return i
			}
		}
		return len(b)
	}
	for i := 0; i < len(b)-8; i += 8 {
		if bad := notPlain(binary.LittleEndian.Uint64(b[i:])); bad != 0 {
			return i + bits.TrailingZeros64(bad)/8
		}
	}
	last := len(b) - 8 // it may overlap the word before
	return last + bits.TrailingZeros64(notPlain(binary.LittleEndian.Uint64(b[last:])))/8
}

// unlessPlain calls closer if b needs a closer look, as no string that is ASCII
// without NUL and wildcards does.
func unlessPlain(b []byte, closer func([]byte) *flaw) *flaw {
	var bad uint64
	if len(b) < 8 {
		bad = uint64(len(b) - plainPrefix(b))
	} else {
		bad = notPlain(binary.LittleEndian.Uint64(b[len(b)-8:])) // it may overlap the word before
		for rest := b; len(rest) > 8; rest = rest[8:] {
			bad |= notPlain(binary.LittleEndian.Uint64(rest))
		}
	}
	if bad != 0 || len(b) == 0 || len(b) > maxField {
		return closer(b)
	}
	return nil
}

// notPlain sets the high bit of the first byte of w that is not plain; the bits of
// later bytes mean nothing. Subtracting 1 from each byte sets the high bit of a 0.
// '#' and '+' differ in one bit, 0x08, so that setting it makes both a '+'.
func notPlain(w uint64) uint64 {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	wild := (w | 0x08*ones) ^ '+'*ones // 0 where a wildcard is
	return (w | (w - ones) | (wild - ones)) & highs
}
