package packet

import (
	"bytes"
	"encoding/binary"
	"strconv"
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
//
// Most strings are ASCII, of which eight bytes are checked at once; the last eight may
// overlap those before.
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

// utf8Flaw does the same for any string. lengthRule is what a longer one breaks.
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

// topicFlaw finds out whether b is a topic name, one without wildcards (section 4.7).
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

// closerTopicFlaw does the same for any topic name.
func closerTopicFlaw(b []byte) *flaw {
	if i := bytes.IndexAny(b, "+#"); i >= 0 {
		return &flaw{i, "MQTT-4.7.1-1", "contains the wildcard " + strconv.QuoteRune(rune(b[i]))}
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

// wholeLevel reports whether b[i] alone is a level of a topic filter.
func wholeLevel(b []byte, i int) bool {
	return (i == 0 || b[i-1] == '/') && (i == len(b)-1 || b[i+1] == '/')
}

func emptyTopic() *flaw { return &flaw{0, "MQTT-4.7.3-1", "is empty"} }

// maxField is the size in bytes of the longest field that two length bytes can announce.
const maxField = 0xffff

// lengthFlaw refuses what two length bytes cannot say. Only an encoder meets it.
func lengthFlaw(b []byte, rule string) *flaw {
	if len(b) <= maxField {
		return nil
	}
	return &flaw{rule: rule, msg: "is " + decimal(len(b)) + " bytes long, expected at most 65535"}
}

const (
	ones  = 0x0101010101010101 // a 1 in each byte
	highs = 0x80 * ones        // its high bit
)

// notPlain sets the high bit of some byte if w is not eight characters of ASCII without
// NUL: bytes beyond ASCII have it, and subtracting 1 from each byte sets that of a 0.
func notPlain(w uint64) uint64 { return w | (w - ones) }

// notPlainTopic does so for wildcards, too. '#' and '+' differ in one bit, 0x08, so that
// setting it makes both a '+'.
func notPlainTopic(w uint64) uint64 {
	plus := (w | 0x08*ones) ^ '+'*ones // 0 where a wildcard is
	return notPlain(w) | (plus - ones)
}

// lastWord returns the last eight bytes of b, after some letters if b has fewer.
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
