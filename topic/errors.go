package topic

import (
	"errors"
	"fmt"
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

// notDPS reports that t does not begin with prefix.
func notDPS(t []byte, prefix string) error {
	return fmt.Errorf("%w: expected prefix %q, found %.32q at byte 0", ErrNotDPS, prefix, t)
}

// malformed reports that something else than expected stands at t[i:].
func malformed(t []byte, i int, expected string) error {
	return fmt.Errorf("%w: expected %s, found %.32q at byte %d", ErrSyntax, expected, t[i:], i)
}

// invalid reports a field that holds something else than expected. Its bytes are passed
// as a copy: otherwise the compiler would move what a caller has on his stack to the heap.
func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrInvalid, fmt.Sprintf(format, args...))
}
