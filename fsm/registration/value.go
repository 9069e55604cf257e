package registration

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

// maxKey is more than the length in bytes of every key and every status that
// this package knows.
const maxKey = 32

// lower decodes a string and appends it to b in lower case. If the result is
// longer than maxKey, it appends nothing.
func lower(b, value []byte) []byte {
	return lowerText(b, decoded(value))
}

// lowerText is like lower for a decoded string. Like encoding/json, it maps the
// Kelvin sign and the long s, which are the only characters outside ASCII whose
// lower case is in ASCII. It does not map other characters outside ASCII, since
// the tables of package unicode are large.
func lowerText(b, text []byte) []byte {
	for _, r := range string(text) {
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

// stringOf decodes a string. For nil or any other value, it returns "".
func stringOf(value []byte) string { return string(decoded(value)) }

// decoded is like stringOf, but returns a part of value if nothing is escaped.
func decoded(value []byte) []byte {
	if !isString(value) {
		return nil
	}
	in := value[1 : len(value)-1]
	if bytes.IndexByte(in, '\\') < 0 && utf8.Valid(in) {
		return in
	}
	return unescaped(in)
}

// unescaped decodes the text between the quotes of a string.
func unescaped(in []byte) (b []byte) {
	for len(in) > 0 {
		if in[0] != '\\' {
			r, n := utf8.DecodeRune(in)
			b = utf8.AppendRune(b, r) // U+FFFD for invalid UTF-8
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

// hex4 returns the value of four hexadecimal digits.
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

// numberOf returns the value of a number without a sign or a fraction that has
// at most nine digits, and which may be in a string. For nil or any other
// value, it returns 0.
func numberOf(value []byte) (n int) {
	if isString(value) {
		value = decoded(value)
	}
	for _, d := range value {
		if !isDigit(d) || n > 99_999_999 {
			return 0
		}
		n = 10*n + int(d-'0')
	}
	return n
}
