package sastoken

import (
	"errors"
	"strconv"
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

var errEmptyKey = badKey("the key is empty")

// A failure is an error of one of these kinds. Its text is put together without package fmt, which is larger than this package.
type failure struct {
	kind error
	msg  string
}

func (e *failure) Error() string { return e.kind.Error() + ": " + e.msg }

func (e *failure) Unwrap() error { return e.kind }

func malformed(msg string) error { return &failure{ErrSyntax, msg} }

func invalid(msg string) error { return &failure{ErrInvalid, msg} }

func badKey(msg string) error { return &failure{ErrKey, msg} }

func decimal[N int | int64](n N) string { return strconv.FormatInt(int64(n), 10) }

// hex returns "0x0f", say.
func hex(b byte) string { return "0x" + strconv.FormatInt(0x100|int64(b), 16)[1:] }
