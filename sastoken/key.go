package sastoken

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strings"
)

// The minimum and maximum length in bytes of an enrollment's key according to
// the DPS documentation. This package does not enforce them.
const (
	MinKeyLen = 16
	MaxKeyLen = 64
)

// DecodeKey returns the bytes of a key in the form that an enrollment shows:
// base64 with the standard alphabet (RFC 4648 section 4).
//
// It tolerates mistakes that are typical of a key copied or written by hand and
// that can be corrected unambiguously: white space around the key, missing '='
// at its end, and bits set in its last character that belong to no byte, which
// it ignores, as other tools for DPS do. It rejects, with [ErrKey], a text that
// indicates a damaged key or no key at all: one with characters of the URL
// alphabet ('-' and '_'), white space inside, a length that base64 cannot have,
// or too many '=', and an empty text. The error describes the mistake, and
// never contains the key.
func DecodeKey(s string) ([]byte, error) {
	s = strings.TrimSpace(s)
	if s == "" {
		return nil, errEmptyKey
	}
	digits := strings.TrimRight(s, "=")
	for i := range len(digits) {
		if what := keyFault(digits[i]); what != "" {
			return nil, badKey(what + " at offset " + decimal(i) + " of " + decimal(len(s)))
		}
	}
	padding := -len(digits) & 3
	if padding == 3 {
		return nil, badKey(decimal(len(digits)) + " characters before any '=', but base64 never has 4n+1: is the key truncated?")
	}
	if n := len(s) - len(digits); n > padding {
		return nil, badKey(decimal(n) + " '=' at the end, expected " + decimal(padding))
	}
	key, _ := base64.RawStdEncoding.DecodeString(digits) // cannot fail: the loop above has checked the digits
	return key, nil
}

// keyFault reports why c is not legal in a base64 key, or returns "".
func keyFault(c byte) string {
	switch {
	case isAlphanumeric(c) || c == '+' || c == '/':
		return ""
	case c == '-' || c == '_':
		return "a character of the URL alphabet (expected '+' and '/' instead of '-' and '_')"
	case c == ' ' || '\t' <= c && c <= '\r':
		return "white space"
	case c == '=':
		return "'=' before the end"
	}
	return "a character that is not base64"
}

// DeriveKey returns the key of one device of an enrollment group: 32 bytes, the
// HMAC-SHA256 of the registration ID under the group's key.
// Case matters: pass the registration ID exactly as the device will present it.
// Other tools show the derived key in base64.
//
// If the group key is empty, DeriveKey returns nil, which [Sign] and
// [Token.Verify] reject.
func DeriveKey(groupKey []byte, registrationID string) []byte {
	if len(groupKey) == 0 {
		return nil
	}
	return mac(groupKey, []byte(registrationID))
}

// mac returns the HMAC-SHA256 of message. It overwrites message, whose memory
// it reuses for the sum.
func mac(key, message []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(message)
	return h.Sum(message[:0])
}
