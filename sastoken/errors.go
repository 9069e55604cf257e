package sastoken

import (
	"errors"
	"fmt"
)

// The errors of this package, for [errors.Is]. What is returned wraps one of them and says more.
var (
	// ErrSyntax: a text is not a SAS token. Whoever sent it is to blame.
	ErrSyntax = errors.New("sastoken: malformed token")

	// ErrInvalid: a token cannot be written. Whoever made it is to blame.
	ErrInvalid = errors.New("sastoken: invalid token")

	// ErrKey: a key is empty, or its base64 is wrong.
	ErrKey = errors.New("sastoken: bad key")

	// ErrSignature: a token was not signed with this key, or was changed since.
	ErrSignature = errors.New("sastoken: signature does not match the key")
)

var errEmptyKey = keyErrorf("it is empty")

func syntaxErrorf(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrSyntax, fmt.Sprintf(format, args...))
}

func invalidErrorf(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrInvalid, fmt.Sprintf(format, args...))
}

func keyErrorf(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrKey, fmt.Sprintf(format, args...))
}
