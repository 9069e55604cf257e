package packet

import (
	"bytes"
	"encoding/binary"
	"strconv"
	"unicode/utf8"
)

// A flaw describes why a string, a topic name or a topic filter is invalid.
type flaw struct {
	at   int // offset in the string
	rule string
	msg  string
}

// textFlaw returns nil if b is a UTF-8 encoded string as MQTT defines it:
// well-formed UTF-8 without U+0000, and no longer than two length bytes can
// express.
//
// Most strings are ASCII, which is checked eight bytes at a time; the last
// eight bytes may overlap the previous ones.
func textFlaw(b []byte) *flaw {
	bad := notPlain(lastWord(b))
	for rest := b; len(rest) > 8; rest = rest[8:] {
		bad |= notPlain(binary.LittleEndian.Uint64(rest))
	}
	if bad&highs == 0 && len(b) <= maxField {
		return nil
	}
	return utf8Flaw(b, "section 1.5.3")
}

// utf8Flaw does the same for strings that need not be ASCII. lengthRule is the
// statement that a longer string violates.
func utf8Flaw(b []byte, lengthRule string) *flaw {
	if utf8.Valid(b) && bytes.IndexByte(b, 0) < 0 {
		return lengthFlaw(b, lengthRule)
	}
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			return &flaw{i, "MQTT-1.5.3-1", "is not UTF-8: byte " + hex(b[i])}
		case r == 0:
			return &flaw{i, "MQTT-1.5.3-2", "contains U+0000"}
		}
		i += n
	}
	return nil
}

// topicFlaw returns nil if b is a topic name, which contains no wildcards
// (section 4.7).
func topicFlaw(b []byte) *flaw {
	bad := notPlainTopic(lastWord(b))
	for rest := b; len(rest) > 8; rest = rest[8:] {
		bad |= notPlainTopic(binary.LittleEndian.Uint64(rest))
	}
	if bad&highs == 0 && 0 < len(b) && len(b) <= maxField {
		return nil
	}
	return closerTopicFlaw(b)
}

// closerTopicFlaw does the same for topic names that need not be ASCII.
func closerTopicFlaw(b []byte) *flaw {
	if i := bytes.IndexAny(b, "+#"); i >= 0 {
		return &flaw{i, "MQTT-4.7.1-1", "contains the wildcard " + strconv.QuoteRune(rune(b[i]))}
	}
	if len(b) == 0 {
		return emptyTopic()
	}
	return utf8Flaw(b, "MQTT-4.7.3-3")
}

// filterFlaw returns nil if b is a topic filter (section 4.7).
func filterFlaw(b []byte) *flaw {
	if len(b) == 0 {
		return emptyTopic()
	}
	if i := bytes.IndexByte(b, '#'); i >= 0 && !(i == len(b)-1 && wholeLevel(b, i)) {
		return &flaw{i, "MQTT-4.7.1-2", "has a '#' that is not the whole last level"}
	}
	for i := 0; ; i++ {
		n := bytes.IndexByte(b[i:], '+')
		if n < 0 {
			break
		}
		if i += n; !wholeLevel(b, i) {
			return &flaw{i, "MQTT-4.7.1-3", "has a '+' that is not a whole level"}
		}
	}
	if flaw := lengthFlaw(b, "MQTT-4.7.3-3"); flaw != nil {
		return flaw
	}
	return textFlaw(b)
}

// wholeLevel reports whether b[i] is a complete level of a topic filter.
func wholeLevel(b []byte, i int) bool {
	return (i == 0 || b[i-1] == '/') && (i == len(b)-1 || b[i+1] == '/')
}

func emptyTopic() *flaw { return &flaw{0, "MQTT-4.7.3-1", "is empty"} }

// maxField is the size in bytes of the longest field that two length bytes can
// express.
const maxField = 0xffff

// lengthFlaw returns nil if two length bytes can express the length of b. Only
// an encoder can encounter a longer field.
func lengthFlaw(b []byte, rule string) *flaw {
	if len(b) <= maxField {
		return nil
	}
	return &flaw{rule: rule, msg: "is " + decimal(len(b)) + " bytes long, expected at most 65535"}
}

const (
	ones  = 0x0101010101010101 // the low bit of each byte
	highs = 0x80 * ones        // the high bit of each byte
)

// notPlain sets the high bit of some byte unless w consists of eight ASCII
// characters other than NUL. The high bit of a non-ASCII byte is already set,
// and subtracting 1 from each byte sets the high bit of a zero byte.
func notPlain(w uint64) uint64 { return w | (w - ones) }

// notPlainTopic does the same, and also sets a high bit for a wildcard. '#' and
// '+' differ in one bit, 0x08, so setting that bit turns both into '+'.
func notPlainTopic(w uint64) uint64 {
	plus := (w | 0x08*ones) ^ '+'*ones // 0 in place of each wildcard
	return notPlain(w) | (plus - ones)
}

// lastWord returns the last eight bytes of b, padded with letters at the front
// if b is shorter.
func lastWord(b []byte) uint64 {
	if len(b) >= 8 {
		return binary.LittleEndian.Uint64(b[len(b)-8:])
	}
	w := uint64('a' * ones)
	for _, c := range b {
		w = w<<8 | uint64(c)
	}
	return w
}
