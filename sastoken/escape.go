package sastoken

const upperHex = "0123456789ABCDEF"

// appendEscaped appends s with percent-encoding as in RFC 3986: all bytes
// except the unreserved characters of its section 2.3 are encoded, in
// upper-case hex.
func appendEscaped[T string | []byte](b []byte, s T) []byte {
	for i := range len(s) {
		if c := s[i]; isUnreserved(c) {
			b = append(b, c)
		} else {
			b = append(b, '%', upperHex[c>>4], upperHex[c&15])
		}
	}
	return b
}

// appendUnescaped appends s with its percent-encoding decoded once. A '+' is
// left unchanged, and so is an invalid escape, which textFault detects.
func appendUnescaped[T string | []byte](b []byte, s T) []byte {
	for i := 0; i < len(s); i++ {
		if isEscape(s, i) {
			b = append(b, unhex(s[i+1])<<4|unhex(s[i+2]))
			i += 2
		} else {
			b = append(b, s[i])
		}
	}
	return b
}

// textFault reports why s is not legal in a token after the prefix, or returns
// "": it must be visible ASCII with valid escapes. The offset of s[0] in the
// result is start. The result quotes no visible character, since it may belong
// to a secret.
func textFault[T string | []byte](s T, start int) string {
	for i := range len(s) {
		switch c := s[i]; {
		case c <= ' ' || c > '~':
			return "byte " + hex(c) + " at offset " + decimal(start+i) + ", expected visible ASCII"
		case c == '%' && !isEscape(s, i):
			return "'%' without two hex digits at offset " + decimal(start+i)
		}
	}
	return ""
}

func isEscape[T string | []byte](s T, i int) bool {
	return s[i] == '%' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2])
}

func isUnreserved(c byte) bool {
	return isAlphanumeric(c) || c == '-' || c == '.' || c == '_' || c == '~'
}

func isAlphanumeric(c byte) bool {
	return '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z'
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'A' <= c && c <= 'F' || 'a' <= c && c <= 'f'
}

// unhex returns the value of a hex digit. In ASCII the four low bits of 'A' and
// 'a' are 1.
func unhex(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c&15 + 9
}
