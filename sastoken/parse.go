package sastoken

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
)

// fields holds the values of the fields in a token's text, still encoded. nil
// means absent.
type fields struct{ sr, sig, se, skn []byte }

// Parse parses a token from the text of an MQTT password, and copies what it
// keeps. It accepts what existing clients send:
//   - The fields may be in any order, and skn may be absent, empty or have a
//     value. Other fields are ignored, since they are not signed and therefore
//     mean nothing; they are missing when the token is written again.
//   - sr is kept as it is, in any encoding, since the signature covers these
//     bytes.
//   - sig and skn may contain '%XX', with hex digits in either case, or
//     unencoded characters. '+' is a plus sign.
//
// Field names must be in lower case. Parse rejects with [ErrMalformed]:
//   - a text of more than 4096 bytes
//   - any prefix other than "SharedAccessSignature" and one space
//   - a byte after the prefix that is not visible ASCII
//   - a '%' without two hex digits
//   - a field without '='
//   - a text in which sr, sig or se is missing, or one of the four fields is
//     present twice
//   - an sr that is empty or longer than 1024 bytes
//   - an se that is not a plain decimal number from 1 to the end of the year
//     9999
//   - a sig that is not the padded base64 of 32 bytes
//   - an skn of more than 256 bytes
//
// Of the text, the error contains only an se that is out of range or a byte
// that is not visible ASCII.
//
// Parse checks only that the token is well formed; to check its signature, use
// [Token.Verify].
func Parse(text []byte) (Token, error) {
	if len(text) > maxText {
		return Token{}, malformed("text of " + decimal(len(text)) + " bytes, expected at most " + decimal(maxText))
	}
	rest, ok := bytes.CutPrefix(text, []byte(prefix))
	if !ok {
		return Token{}, malformed("text of " + decimal(len(text)) + ` bytes does not begin with "` + prefix + `"`)
	}
	if what := textFault(rest, len(prefix)); what != "" {
		return Token{}, malformed(what)
	}
	f, err := split(rest)
	if err != nil {
		return Token{}, err
	}
	return f.token()
}

// split splits the text after the prefix into fields.
func split(text []byte) (f fields, err error) {
	offset := len(prefix)
	for more := true; more; {
		var field []byte
		field, text, more = bytes.Cut(text, []byte("&"))
		name, value, ok := bytes.Cut(field, []byte("="))
		if !ok {
			return fields{}, malformed("field without '=' at offset " + decimal(offset))
		}
		if place := f.named(name); place != nil {
			if *place != nil {
				return fields{}, malformed("duplicate " + string(name) + " at offset " + decimal(offset))
			}
			*place = value
		}
		offset += len(field) + 1
	}
	return f, nil
}

// named returns a pointer to the value of the named field, or nil for a field
// that is ignored.
func (f *fields) named(name []byte) *[]byte {
	switch string(name) {
	case "sr":
		return &f.sr
	case "sig":
		return &f.sig
	case "se":
		return &f.se
	case "skn":
		return &f.skn
	}
	return nil
}

// token returns the token that consists of these fields.
func (f fields) token() (Token, error) {
	switch {
	case f.sr == nil:
		return Token{}, malformed("sr is missing")
	case f.sig == nil:
		return Token{}, malformed("sig is missing")
	case f.se == nil:
		return Token{}, malformed("se is missing")
	}
	expiry, err := parseExpiry(f.se)
	if err != nil {
		return Token{}, err
	}
	sig, err := parseSignature(f.sig)
	if err != nil {
		return Token{}, err
	}
	var room [64]byte
	name := string(appendUnescaped(room[:0], f.skn))
	t := Token{resource: string(f.sr), keyName: name, hasKeyName: f.skn != nil, expiry: expiry}
	if what := t.fieldFault(); what != "" {
		return Token{}, malformed(what)
	}
	return t.with(sig), nil
}

// parseExpiry accepts only the canonical form of a number, so that formatting
// it again yields the text that was signed.
func parseExpiry(text []byte) (int64, error) {
	n, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil || strconv.FormatInt(n, 10) != string(text) {
		return n, malformed("se of " + decimal(len(text)) + " characters is not a plain decimal number")
	}
	return n, nil
}

func parseSignature(text []byte) ([]byte, error) {
	var room [64]byte
	text = appendUnescaped(room[:0], text)
	if len(text) != sigLen {
		return nil, malformed("sig of " + decimal(len(text)) + " characters, expected the " + decimal(sigLen) + " that base64 makes of " + decimal(sha256.Size) + " bytes")
	}
	sig := make([]byte, sigLen) // Decode requires room for the result of as many characters without padding
	n, err := base64.StdEncoding.Strict().Decode(sig, text)
	if err != nil || n != sha256.Size {
		return nil, malformed("sig of " + decimal(len(text)) + " characters is not the padded base64 of " + decimal(sha256.Size) + " bytes")
	}
	return sig[:sha256.Size], nil
}
