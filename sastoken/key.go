package sastoken

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strings"
)

// The length in bytes that the DPS documentation asks of an enrolment's key. Nothing here refuses a key for it.
const (
	MinKeyLen = 16
	MaxKeyLen = 64
)

// DecodeKey returns the bytes of a key as an enrolment shows it: in base64, with the standard alphabet (RFC 4648 section 4).
//
// It forgives what happens to a key that is copied or made up by hand, and can be undone without a guess: white space around it,
// missing '=' at its end, and bits set in its last character that belong to no byte, which count for nothing, as in the other
// tools for DPS. It refuses, with [ErrKey], what means that the key is damaged or is not a key: the URL alphabet ('-' and '_'),
// white space inside, a length that base64 cannot have, too many '=', and an empty text. The error says which, and never
// shows the key.
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
	key, _ := base64.RawStdEncoding.DecodeString(digits) // nothing is left to be wrong
	return key, nil
}

// keyFault says why c cannot stand in a base64 key, or "".
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

// DeriveKey returns the key of one device of an enrolment group: the HMAC-SHA256 of the registration ID under the group's key,
// both as bytes (32 come back). Case matters: give the registration ID exactly as the device will present it. What other
// tools show as the derived key is the base64 of the result.
//
// An empty group key derives nothing: the result is nil, which [Sign] and [Token.Verify] refuse.
func DeriveKey(groupKey []byte, registrationID string) []byte {
	if len(groupKey) == 0 {
		return nil
	}
	return mac(groupKey, []byte(registrationID))
}

// mac returns the HMAC-SHA256 of a message, and overwrites the message: its room serves for the sum.
func mac(key, message []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(message)
	return h.Sum(message[:0])
}
