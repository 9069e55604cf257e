package packet

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"unicode/utf8"
)

// A flaw is what is wrong with a string, a topic name or a topic filter.
type flaw struct {
	at   int // offset in the string
	rule string
	msg  string
}

// Eight bytes at a time: a repeated byte, to be compared with each byte of a word.
const (
	ones  = 0x0101010101010101
	highs = 0x80 * ones
)

// plainText reports whether each byte of w is ASCII and not NUL. Subtracting 1
// sets the high bit of a NUL; other bytes below 0x80 keep it clear.
func plainText(w uint64) bool { return (w|(w-ones))&highs == 0 }

// plainTopic reports whether each byte of w is ASCII, not NUL and no wildcard.
// '#' and '+' differ in one bit, 0x08, so that setting it makes both a '+'.
func plainTopic(w uint64) bool {
	wild := (w | 0x08*ones) ^ '+'*ones // a zero byte for each wildcard
	return (w|(w-ones)|(wild-ones))&highs == 0
}

// textFlaw finds out whether b is a UTF-8 string of MQTT: well-formed UTF-8
// without U+0000, no longer than the two length bytes can say. It returns nil if so.
func textFlaw(b []byte) *flaw {
	i := 0
	for ; len(b)-i >= 8; i += 8 {
		if !plainText(binary.LittleEndian.Uint64(b[i:])) {
			return textFlawFrom(b, i)
		}
	}
	for ; i < len(b); i++ {
		if b[i]-1 >= 0x7f {
			return textFlawFrom(b, i)
		}
	}
	return lengthFlaw(b)
}

// textFlawFrom does the same for a b whose first i bytes are plain.
func textFlawFrom(b []byte, i int) *flaw {
	if nul := bytes.IndexByte(b[i:], 0); nul >= 0 {
		return &flaw{i + nul, "MQTT-1.5.3-2", "holds U+0000"}
	}
	for rest := b[i:]; len(rest) > 0; {
		r, n := utf8.DecodeRune(rest)
		if r == utf8.RuneError && n == 1 {
			return &flaw{len(b) - len(rest), "MQTT-1.5.3-1", fmt.Sprintf("is not UTF-8: byte %#02x", rest[0])}
		}
		rest = rest[n:]
	}
	return lengthFlaw(b)
}

// lengthFlaw refuses what two length bytes cannot say. Only an encoder meets it.
func lengthFlaw(b []byte) *flaw {
	if len(b) > 0xffff {
		return &flaw{0, "section 1.5.3", fmt.Sprintf("is %d bytes long, the limit is 65535", len(b))}
	}
	return nil
}

// topicFlaw finds out whether b is a topic name, one without wildcards (section 4.7).
func topicFlaw(b []byte) *flaw {
	if len(b) == 0 {
		return &flaw{0, "MQTT-4.7.3-1", "is empty"}
	}
	i := 0
	for ; len(b)-i >= 8; i += 8 {
		if !plainTopic(binary.LittleEndian.Uint64(b[i:])) {
			return topicFlawFrom(b, i)
		}
	}
	for ; i < len(b); i++ {
		if c := b[i]; c-1 >= 0x7f || c == '+' || c == '#' {
			return topicFlawFrom(b, i)
		}
	}
	return lengthFlaw(b)
}

func topicFlawFrom(b []byte, i int) *flaw {
	if wild := bytes.IndexAny(b[i:], "+#"); wild >= 0 {
		return &flaw{i + wild, "MQTT-4.7.1-1", fmt.Sprintf("holds the wildcard %q", b[i+wild])}
	}
	return textFlawFrom(b, i)
}

// filterFlaw finds out whether b is a topic filter (section 4.7).
func filterFlaw(b []byte) *flaw {
	if len(b) == 0 {
		return &flaw{0, "MQTT-4.7.3-1", "is empty"}
	}
	plain := 0
	for ; len(b)-plain >= 8 && plainTopic(binary.LittleEndian.Uint64(b[plain:])); plain += 8 {
	}
	ascii := true
	for i := plain; i < len(b); i++ {
		switch c := b[i]; {
		case c == '#' && (i+1 < len(b) || i > 0 && b[i-1] != '/'):
			return &flaw{i, "MQTT-4.7.1-2", "has a '#' that is not the whole last level"}
		case c == '+' && (i > 0 && b[i-1] != '/' || i+1 < len(b) && b[i+1] != '/'):
			return &flaw{i, "MQTT-4.7.1-3", "has a '+' that is not a whole level"}
		case c-1 >= 0x7f:
			ascii = false
		}
	}
	if !ascii {
		return textFlawFrom(b, plain)
	}
	return lengthFlaw(b)
}
