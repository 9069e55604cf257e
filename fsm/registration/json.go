package registration

import (
	"errors"
	"strconv"
	"strings"
)

// Most answers report "assigning", and only two of their members are needed.
// The text is therefore validated once and then traversed in place, and only
// values that are kept are decoded. The results are those of encoding/json,
// including keys that differ in case, which a fuzz test checks. The only
// difference is that null and values of the wrong type count as absent.

// maxDepth is the maximum nesting depth of arrays and objects, as in
// encoding/json.
const maxDepth = 10_000

// checkJSON reports what is wrong with a JSON text.
func checkJSON(text []byte) error {
	s := scanner{text: text}
	var room [32]byte
	open := room[:0] // the expected closing brackets, innermost last
	for {
		if c := s.skipSpace(); c == '{' || c == '[' {
			s.i++
			end := c + 2 // in ASCII, each closing bracket is two after the opening one
			if open = append(open, end); len(open) > maxDepth {
				return errors.New("JSON is nested deeper than " + strconv.Itoa(maxDepth) + " at byte " + strconv.Itoa(s.i))
			}
			if s.skipSpace() != end {
				if c == '[' || s.key() {
					continue
				}
				return s.err()
			}
		} else if !s.scalar(c) {
			return s.err()
		}
		for { // after a value
			c := s.skipSpace()
			switch {
			case len(open) == 0 && s.i == len(text):
				return nil
			case len(open) == 0 || c != ',' && c != open[len(open)-1]:
				return s.err()
			}
			s.i++
			if c == ',' {
				break
			}
			open = open[:len(open)-1]
		}
		if open[len(open)-1] == '}' && !s.key() {
			return s.err()
		}
	}
}

// A scanner is at byte i of a JSON text.
type scanner struct {
	text []byte
	i    int
}

func (s *scanner) err() error {
	if s.i >= len(s.text) {
		return errors.New("JSON ends at byte " + strconv.Itoa(len(s.text)) + ", in the middle of a value")
	}
	return errors.New("JSON has an unexpected " + strconv.QuoteRune(rune(s.text[s.i])) + " at byte " + strconv.Itoa(s.i))
}

// next returns the byte at i. At the end it returns 0, which valid JSON does
// not contain.
func (s *scanner) next() byte {
	if s.i < len(s.text) {
		return s.text[s.i]
	}
	return 0
}

// skipSpace skips white space and returns the byte after it.
func (s *scanner) skipSpace() byte {
	for s.i < len(s.text) && isSpace(s.text[s.i]) {
		s.i++
	}
	return s.next()
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// key skips a key and its colon.
func (s *scanner) key() bool {
	if s.skipSpace() != '"' || !s.string() || s.skipSpace() != ':' {
		return false
	}
	s.i++
	return true
}

// scalar skips a value that begins with c and is neither an object nor an
// array.
func (s *scanner) scalar(c byte) bool {
	switch c {
	case '"':
		return s.string()
	case 't':
		return s.literal("true")
	case 'f':
		return s.literal("false")
	case 'n':
		return s.literal("null")
	}
	return s.number()
}

func (s *scanner) literal(want string) bool {
	for i := range len(want) {
		if s.next() != want[i] {
			return false
		}
		s.i++
	}
	return true
}

// string skips a string.
func (s *scanner) string() bool {
	for s.i++; ; s.i++ {
		switch c := s.next(); {
		case c == '"':
			s.i++
			return true
		case c < ' ':
			return false
		case c == '\\':
			if s.i++; s.next() != 'u' && unescape(s.next()) == 0 {
				return false
			}
			if s.next() != 'u' {
				continue
			}
			for range 4 {
				if s.i++; !isHex(s.next()) {
					return false
				}
			}
		}
	}
}

// unescape returns the meaning of a character after a backslash, or 0 if it has
// none.
func unescape(c byte) byte {
	if i := strings.IndexByte(`"\/bfnrt`, c); i >= 0 {
		return "\"\\/\b\f\n\r\t"[i]
	}
	return 0
}

func isHex(c byte) bool {
	return isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'f'
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// number skips a number.
func (s *scanner) number() bool {
	if s.next() == '-' {
		s.i++
	}
	if s.next() == '0' {
		s.i++
	} else if !s.digits() {
		return false
	}
	if s.next() == '.' {
		if s.i++; !s.digits() {
			return false
		}
	}
	if s.next()|0x20 == 'e' {
		if s.i++; s.next() == '+' || s.next() == '-' {
			s.i++
		}
		return s.digits()
	}
	return true
}

// digits skips one or more digits.
func (s *scanner) digits() bool {
	begin := s.i
	for isDigit(s.next()) {
		s.i++
	}
	return s.i > begin
}

// A cursor iterates over the members of an object or the elements of an array
// in place. An iterator function would allocate its closures with TinyGo and
// before Go 1.24.
type cursor struct {
	scanner
	end   byte   // the closing bracket; 0 if there is nothing to iterate over
	name  []byte // undecoded; only members have one
	value []byte // undecoded
	room  [maxKey]byte
}

// walk returns a cursor before the first member or element of an object or
// array that begins with bracket. Any other value has none. The text must be
// valid JSON.
func walk(text []byte, bracket byte) cursor {
	c := cursor{scanner: scanner{text: text}}
	if c.skipSpace() == bracket {
		c.i++
		c.end = bracket + 2
	}
	return c
}

// next advances to the next member or element, and reports whether there is
// one.
func (c *cursor) next() bool {
	if c.end == 0 {
		return false
	}
	if c.skipSpace() == ',' {
		c.i++
	}
	if c.skipSpace() == c.end {
		return false
	}
	if c.end == '}' {
		begin := c.i
		c.string()
		c.name = c.text[begin:c.i]
		c.skipSpace() // and the colon
		c.i++
		c.skipSpace()
	}
	begin := c.i
	c.skipValue()
	c.value = c.text[begin:c.i:c.i]
	return true
}

// key returns the decoded name in lower case, or nothing if it is longer than
// all names that this package knows.
func (c *cursor) key() []byte { return lower(c.room[:0], c.name) }

// skipValue skips a valid value.
func (s *scanner) skipValue() {
	for depth := 0; ; {
		switch c := s.skipSpace(); c {
		case '{', '[':
			depth++
			s.i++
		case '}', ']':
			depth--
			s.i++
		case ',', ':':
			s.i++
		default:
			s.scalar(c)
		}
		if depth == 0 {
			return
		}
	}
}
