package sastoken

import (
	"fmt"
	"io"
)

// redacted replaces a signature. It is base64, but not of 32 bytes, so a
// redacted token does not parse.
const redacted = "REDACTED"

// String returns the token with its signature redacted, for logs. For a token
// that cannot be sent, it returns the reason. The result is ASCII without
// control characters.
func (t Token) String() string {
	if err := t.check(); err != nil {
		return err.Error()
	}
	return string(t.append(nil, []byte(redacted)))
}

// Format writes the result of [Token.String] for every verb and all flags, so
// that no verb shows the signature. It implements [fmt.Formatter].
func (t Token) Format(f fmt.State, _ rune) {
	io.WriteString(f, t.String())
}

// MarshalText returns the result of [Token.String], so that no encoder shows
// the signature. It implements [encoding.TextMarshaler], which encoding/json,
// encoding/xml and log/slog use. There is no UnmarshalText, since a redacted
// token is not a token.
func (t Token) MarshalText() ([]byte, error) {
	return []byte(t.String()), nil
}
