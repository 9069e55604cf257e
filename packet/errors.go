package packet

import (
	"errors"
	"fmt"
)

var (
	// ErrShort says that the bytes so far are right, and that the packet goes on.
	// It is returned as it is, never wrapped.
	ErrShort = errors.New("packet: incomplete, more bytes are needed")

	// ErrMalformed says that the peer broke the standard. Close the connection.
	ErrMalformed = errors.New("packet: malformed")

	// ErrTooLarge says that the peer announced a packet beyond the limit.
	// Close the connection.
	ErrTooLarge = errors.New("packet: too large")

	// ErrInvalid says that the caller asked for a packet that must not be sent, or
	// decoded a frame into a struct of another type.
	ErrInvalid = errors.New("packet: invalid")

	// ErrProtocolLevel says that a CONNECT is of another version of MQTT. It is not
	// malformed: a server answers with CONNACK and [UnacceptableProtocolVersion]
	// (MQTT-3.1.2-2).
	ErrProtocolLevel = errors.New("packet: unsupported protocol level")
)

// A SyntaxError describes a packet that the standard forbids.
type SyntaxError struct {
	Type   Type   // of the packet
	Offset int    // where in the packet, counted from its first byte; 0 with ErrInvalid
	Rule   string // a numbered statement such as "MQTT-2.3.1-1", or a section such as "section 2.2.3"
	Msg    string // what was expected and what was found
	Err    error  // ErrMalformed, ErrTooLarge, ErrInvalid or ErrProtocolLevel
}

// Error returns one line. It never contains a password or a payload.
func (e *SyntaxError) Error() string {
	if e.Err == ErrInvalid {
		return fmt.Sprintf("%v %v: %s [%s]", e.Err, e.Type, e.Msg, e.Rule)
	}
	return fmt.Sprintf("%v %v at byte %d: %s [%s]", e.Err, e.Type, e.Offset, e.Msg, e.Rule)
}

// Unwrap returns e.Err.
func (e *SyntaxError) Unwrap() error { return e.Err }

func malformed(t Type, offset int, rule, format string, args ...any) error {
	return &SyntaxError{Type: t, Offset: offset, Rule: rule, Msg: fmt.Sprintf(format, args...), Err: ErrMalformed}
}

func invalid(t Type, rule, format string, args ...any) error {
	return &SyntaxError{Type: t, Rule: rule, Msg: fmt.Sprintf(format, args...), Err: ErrInvalid}
}
