package sastoken

import (
	"errors"
	"strconv"
)

// The errors of this package, to be tested for with [errors.Is]. The errors
// returned wrap one of them and add details.
var (
	// ErrMalformed reports that a text is not a SAS token. Its sender is at
	// fault.
	ErrMalformed = errors.New("sastoken: malformed token")

	// ErrInvalid reports that a token cannot be written. The caller that
	// created it is at fault.
	ErrInvalid = errors.New("sastoken: invalid token")

	// ErrKey reports that a key is empty, or that its base64 is invalid.
	ErrKey = errors.New("sastoken: bad key")

	// ErrSignature reports that a token was not signed with the given key, or
	// was modified after it was signed.
	ErrSignature = errors.New("sastoken: signature does not match the key")
)

var errEmptyKey = badKey("the key is empty")

// A failure is an error of one of these kinds. Its text is built without
// package fmt, which is larger than this package.
type failure struct {
	kind error
	msg  string
}

func (e *failure) Error() string { return e.kind.Error() + ": " + e.msg }

func (e *failure) Unwrap() error { return e.kind }

func malformed(msg string) error { return &failure{ErrMalformed, msg} }

func invalid(msg string) error { return &failure{ErrInvalid, msg} }

func badKey(msg string) error { return &failure{ErrKey, msg} }

func decimal[N int | int64](n N) string { return strconv.FormatInt(int64(n), 10) }

// hex returns b in hexadecimal, such as "0x0f".
func hex(b byte) string { return "0x" + strconv.FormatInt(0x100|int64(b), 16)[1:] }
