package registration

import (
	"bytes"
	"errors"
	"iter"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Most answers say "assigning", and only two members of those count. So the text is
// checked once, and then walked over in place; only what is kept is decoded. What is
// read is what encoding/json would read, keys in any case included: a fuzz test holds
// that. The one difference is that null and values of another type count as absent.

// maxDepth is how deep arrays and objects may be nested, as in encoding/json.
const maxDepth = 10_000

// checkJSON reports what is wrong with a JSON text.
func checkJSON(text []byte) error {
	s := scanner{text: text}
	var room [32]byte
	open := room[:0] // the brackets that are to come, innermost last
	for {
		if c := s.skipSpace(); c == '{' || c == '[' {
			s.i++
			end := c + 2 // in ASCII both closing brackets are two behind the opening one
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
		for { // behind a value
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

// next returns the byte at i; 0, which no JSON has outside of a string, at the end.
func (s *scanner) next() byte {
	if s.i < len(s.text) {
		return s.text[s.i]
	}
	return 0
}

// skipSpace skips white space and returns the byte behind it.
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

// scalar skips a value that begins with c and is neither an object nor an array.
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

// unescape returns what a character stands for behind a backslash; 0 for none.
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

// members ranges over the members of a JSON object: its keys in lower case, as far as
// they could be one of ours, and its values as they stand. The text has been checked.
// Anything but an object has no members.
func members(text []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(key, value []byte) bool) {
		var room [maxKey]byte
		for key, value := range elements(text, '{') {
			if !yield(lower(room[:0], key), value) {
				return
			}
		}
	}
}

// elements ranges over what stands in an object or an array, which bracket says; in an
// array there are no keys. The text has been checked.
func elements(text []byte, bracket byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(key, value []byte) bool) {
		s := scanner{text: text}
		if s.skipSpace() != bracket {
			return
		}
		s.i++
		for {
			c := s.skipSpace()
			if c == ',' {
				s.i++
				c = s.skipSpace()
			}
			if c == bracket+2 {
				return
			}
			var key []byte
			if bracket == '{' {
				begin := s.i
				s.string()
				key = text[begin:s.i]
				s.skipSpace() // and the colon
				s.i++
				s.skipSpace()
			}
			begin := s.i
			s.skipValue()
			if !yield(key, text[begin:s.i:s.i]) {
				return
			}
		}
	}
}

// skipValue skips a value that has been checked.
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

// maxKey is longer in bytes than any key of ours.
const maxKey = 32

// lower appends a key in lower case, or nothing if it is too long to be one of ours. As
// encoding/json does, it takes the Kelvin sign and the long s, which are the only
// characters outside of ASCII with a lower case in it.
func lower(b, key []byte) []byte {
	var room [maxKey]byte
	for _, r := range string(appendString(room[:0], key)) {
		switch {
		case 'A' <= r && r <= 'Z':
			r += 'a' - 'A'
		case r == '\u212a':
			r = 'k'
		case r == '\u017f':
			r = 's'
		}
		if b = utf8.AppendRune(b, r); len(b) > maxKey {
			return b[:0]
		}
	}
	return b
}

// isString reports whether a value is a string.
func isString(value []byte) bool { return len(value) > 0 && value[0] == '"' }

// stringOf decodes a string. Anything else, nil included, is empty.
func stringOf(value []byte) string {
	if !isString(value) {
		return ""
	}
	if in := value[1 : len(value)-1]; bytes.IndexByte(in, '\\') < 0 && utf8.Valid(in) {
		return string(in)
	}
	return string(appendString(nil, value))
}

// appendString appends what a string that has been checked stands for.
func appendString(b, value []byte) []byte {
	in := value[1 : len(value)-1]
	for len(in) > 0 {
		if in[0] != '\\' {
			r, n := utf8.DecodeRune(in)
			b = utf8.AppendRune(b, r) // U+FFFD for what is not UTF-8
			in = in[n:]
			continue
		}
		if in[1] != 'u' {
			b, in = append(b, unescape(in[1])), in[2:]
			continue
		}
		r := hex4(in[2:])
		in = in[6:]
		if utf16.IsSurrogate(r) {
			low := rune(utf8.RuneError)
			if bytes.HasPrefix(in, []byte(`\u`)) {
				low = hex4(in[2:])
			}
			if r = utf16.DecodeRune(r, low); r != utf8.RuneError {
				in = in[6:]
			}
		}
		b = utf8.AppendRune(b, r)
	}
	return b
}

// hex4 returns the number of four hexadecimal digits.
func hex4(text []byte) (r rune) {
	for _, c := range text[:4] {
		if r <<= 4; isDigit(c) {
			r |= rune(c - '0')
		} else {
			r |= rune(c|0x20-'a') + 10
		}
	}
	return r
}

// numberOf returns a number without sign and fraction of at most nine digits, which may
// stand in a string. Anything else, nil included, is 0.
func numberOf(value []byte) (n int) {
	if isString(value) {
		value = []byte(stringOf(value))
	}
	for _, d := range value {
		if !isDigit(d) || n > 99_999_999 {
			return 0
		}
		n = 10*n + int(d-'0')
	}
	return n
}
