package topic

import "bytes"

// unreserved reports whether c needs no percent-encoding (RFC 3986, section
// 2.3).
func unreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		c == '-' || c == '.' || c == '_' || c == '~'
}

// appendEscaped appends s, and encodes every byte that is not unreserved as
// %XX.
func appendEscaped(b, s []byte) []byte {
	const hex = "0123456789ABCDEF"
	done := 0 // s[:done] has been appended
	for i, c := range s {
		if !unreserved(c) {
			b = append(b, s[done:i]...)
			b = append(b, '%', hex[c>>4], hex[c&15])
			done = i + 1
		}
	}
	return append(b, s[done:]...)
}

// unescape decodes %XX. It returns s itself if it contains no escape, and a new
// slice otherwise. If an escape is invalid, decoded is nil and bad is the
// offset of the escape; otherwise bad is -1.
func unescape(s []byte) (decoded []byte, bad int) {
	first := bytes.IndexByte(s, '%')
	if first < 0 {
		return s, -1
	}
	if bad = brokenEscape(s); bad >= 0 {
		return nil, bad
	}
	decoded = append(make([]byte, 0, len(s)), s[:first]...)
	for i := first; i < len(s); i++ {
		c := s[i]
		if c == '%' {
			c = byte(unhex(s[i+1])<<4 | unhex(s[i+2]))
			i += 2
		}
		decoded = append(decoded, c)
	}
	return decoded, -1
}

// brokenEscape returns the offset of the first '%' that is not followed by two
// hex digits, or -1.
func brokenEscape(s []byte) int {
	for i, c := range s {
		if c == '%' && (len(s)-i < 3 || unhex(s[i+1]) < 0 || unhex(s[i+2]) < 0) {
			return i
		}
	}
	return -1
}

// unhex returns the value of a hex digit, or -1.
func unhex(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c - 'a' + 10)
	case 'A' <= c && c <= 'F':
		return int(c - 'A' + 10)
	}
	return -1
}

// equalFold reports whether a and b are equal apart from ASCII case. Unlike
// [bytes.EqualFold], it does not consider any other letter equal to an ASCII
// letter (such as U+017F to s).
func equalFold[T ~string | []byte](a T, b string) bool {
	if len(a) != len(b) {
		return false
	}
	if string(a) == b {
		return true // the common case
	}
	for i := range len(a) {
		if lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}
