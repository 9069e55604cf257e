package topic

import "bytes"

// unreserved reports whether c needs no percent-encoding (RFC 3986, section 2.3).
func unreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		c == '-' || c == '.' || c == '_' || c == '~'
}

// appendEscaped appends s, with every byte that is not unreserved as %XX.
func appendEscaped(b, s []byte) []byte {
	const hex = "0123456789ABCDEF"
	done := 0 // what stands before is appended
	for i, c := range s {
		if !unreserved(c) {
			b = append(b, s[done:i]...)
			b = append(b, '%', hex[c>>4], hex[c&15])
			done = i + 1
		}
	}
	return append(b, s[done:]...)
}

// unescape decodes %XX. It returns s itself if there is none, else a fresh slice. If an
// escape is broken, decoded is nil and bad the offset of the escape, otherwise bad is -1.
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

// brokenEscape returns the offset of the first '%' that two hex digits do not follow,
// or -1.
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

// equalFold reports whether a and b differ at most in ASCII case. Unlike [bytes.EqualFold]
// it takes no other letter for an ASCII one (U+017F for s).
func equalFold[T ~string | []byte](a T, b string) bool {
	if len(a) != len(b) {
		return false
	}
	if string(a) == b {
		return true // as nearly always
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
