package topic

import (
	"errors"
	"strconv"
)

// The three kinds of errors, to be tested for with [errors.Is]. The errors
// returned wrap one of them and report what was expected, what was found, and
// where. They quote only a short piece of the text received.
var (
	// ErrNotDPS reports that the topic does not have the prefix that the parser
	// expects. Callers should ignore such a message.
	ErrNotDPS = errors.New("topic: not a DPS topic")

	// ErrMalformed reports that a DPS topic is malformed. The peer is at fault.
	ErrMalformed = errors.New("topic: malformed")

	// ErrInvalid reports that the struct cannot be written. The caller is at
	// fault.
	ErrInvalid = errors.New("topic: cannot be written")
)

// A failure is an error of one of these kinds. Its text is built without
// package fmt, which is larger than this package.
type failure struct {
	kind error
	msg  string
}

func (e *failure) Error() string { return e.kind.Error() + ": " + e.msg }

func (e *failure) Unwrap() error { return e.kind }

// notDPS returns the error for a topic that does not begin with prefix.
func notDPS(t []byte, prefix string) error {
	return &failure{ErrNotDPS, "expected prefix " + strconv.Quote(prefix) + ", got " + quote(t) + " at byte 0"}
}

// malformed returns the error for a topic that has something unexpected at
// t[i:].
func malformed(t []byte, i int, expected string) error {
	return &failure{ErrMalformed, "expected " + expected + ", got " + quote(t[i:]) + " at byte " + strconv.Itoa(i)}
}

// invalid returns the error for a field with an unexpected value.
func invalid(expected, got string) error {
	return &failure{ErrInvalid, "expected " + expected + ", got " + got}
}

// quote returns at most the first 32 characters of text as a quoted Go string.
func quote(text []byte) string {
	s, n := string(text), 0
	for i := range s {
		if n++; n > 32 {
			return strconv.Quote(s[:i])
		}
	}
	return strconv.Quote(s)
}
