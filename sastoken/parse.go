package sastoken

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
)

// fields are the values of a token's text, still encoded; nil: absent.
type fields struct{ sr, sig, se, skn []byte }

// Parse reads a token from the text of an MQTT password, and copies what it keeps. It takes what the clients in use send:
//   - the fields in any order, and skn absent, empty or with a name; other fields are ignored (they are not signed, so they can
//     mean nothing), and are gone when the token is written again;
//   - sr as it stands, encoded in whatever way, since the signature is over these bytes;
//   - sig and skn with '%XX' in either case of hex, or bare; '+' stands for itself.
//
// It refuses, with [ErrSyntax]: a text of over 4096 bytes; any prefix but "SharedAccessSignature" and one space; a byte
// that is not visible ASCII after it; a '%' without two hex digits; a field without '='; sr, sig or se missing; one of the four
// twice; an sr that is empty or over 1024 bytes; an se that is not a plain decimal number between 1 and the year 9999; a sig that
// is not the padded base64 of 32 bytes; an skn of over 256 bytes. Names are in lower case. Of the
// text, the error shows no more than an se out of range or a byte that is not visible ASCII.
//
// A token that parses is well formed, and no more: see [Token.Verify].
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

// split cuts the fields apart.
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

// named returns where the value of a field belongs, nil for a field that does not matter.
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

// parseExpiry takes the one way to write a number only, so that writing it again gives the text that was signed.
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
	sig := make([]byte, sigLen) // base64 wants room for what it would make of as many characters without padding
	n, err := base64.StdEncoding.Strict().Decode(sig, text)
	if err != nil || n != sha256.Size {
		return nil, malformed("sig of " + decimal(len(text)) + " characters is not the padded base64 of " + decimal(sha256.Size) + " bytes")
	}
	return sig[:sha256.Size], nil
}
