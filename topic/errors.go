package topic

import (
	"errors"
	"strconv"
)

// The three kinds of failure, to be told apart with [errors.Is]. The errors that wrap them
// say what was expected, what was found and where, and quote no more than a short piece of
// foreign text.
var (
	// ErrNotDPS: the topic has another prefix than the parser is for. It is best ignored.
	ErrNotDPS = errors.New("topic: not a DPS topic")

	// ErrSyntax: a DPS topic, badly formed. The peer is to blame.
	ErrSyntax = errors.New("topic: malformed")

	// ErrInvalid: the struct cannot be written. The caller is to blame.
	ErrInvalid = errors.New("topic: cannot be written")
)

// A failure is an error of one of these kinds. Its text is put together without package
// fmt, which is larger than this package.
type failure struct {
	kind error
	msg  string
}

func (e *failure) Error() string { return e.kind.Error() + ": " + e.msg }

func (e *failure) Unwrap() error { return e.kind }

// notDPS reports that t does not begin with prefix.
func notDPS(t []byte, prefix string) error {
	return &failure{ErrNotDPS, "expected prefix " + strconv.Quote(prefix) + ", got " + quote(t) + " at byte 0"}
}

// malformed reports that something else than expected stands at t[i:].
func malformed(t []byte, i int, expected string) error {
	return &failure{ErrSyntax, "expected " + expected + ", got " + quote(t[i:]) + " at byte " + strconv.Itoa(i)}
}

// invalid reports a field that holds something else than expected.
func invalid(expected, got string) error {
	return &failure{ErrInvalid, "expected " + expected + ", got " + got}
}

// quote prints foreign text, at most the first 32 characters of it.
func quote(text []byte) string {
	s, n := string(text), 0
	for i := range s {
		if n++; n > 32 {
			return strconv.Quote(s[:i])
		}
	}
	return strconv.Quote(s)
}
