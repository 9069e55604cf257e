package sastoken

import (
	"fmt"
	"io"
)

// redacted takes the place of a signature. It is base64, but not of 32 bytes: no redacted token parses.
const redacted = "REDACTED"

// String returns the token with its signature blotted out, for logs. For a token that cannot be sent it says why not.
// The result is ASCII without control characters.
func (t Token) String() string {
	if err := t.check(); err != nil {
		return err.Error()
	}
	return string(t.append(nil, []byte(redacted)))
}

// Format writes [Token.String] whatever the verb and its flags are, so that no verb shows the signature. It implements [fmt.Formatter].
func (t Token) Format(f fmt.State, _ rune) {
	io.WriteString(f, t.String())
}

// MarshalText returns [Token.String], so that no encoder shows the signature. It implements [encoding.TextMarshaler], which encoding/json,
// encoding/xml and log/slog look for. There is no way back: a redacted token is not a token.
func (t Token) MarshalText() ([]byte, error) {
	return []byte(t.String()), nil
}
