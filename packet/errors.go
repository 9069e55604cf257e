package packet

import (
	"errors"
	"strconv"
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
		return e.Err.Error() + " " + e.Type.String() + ": " + e.Msg + " [" + e.Rule + "]"
	}
	return e.Err.Error() + " " + e.Type.String() + " at byte " + decimal(e.Offset) + ": " + e.Msg + " [" + e.Rule + "]"
}

// Unwrap returns e.Err.
func (e *SyntaxError) Unwrap() error { return e.Err }

func malformed(t Type, offset int, rule, msg string) error {
	return &SyntaxError{t, offset, rule, msg, ErrMalformed}
}

func invalid(t Type, rule, msg string) error { return &SyntaxError{t, 0, rule, msg, ErrInvalid} }

// The texts are put together without package fmt, which is larger than this package and
// would be most of a small device's program.

func decimal[N ~byte | ~uint16 | ~int | ~int64](n N) string { return strconv.FormatInt(int64(n), 10) }

// hex returns "0x0f", say.
func hex(b byte) string { return "0x" + strconv.FormatInt(0x100|int64(b), 16)[1:] }

// fourBits returns "0010", say.
func fourBits(b byte) string { return strconv.FormatInt(0x10|int64(b), 2)[1:] }

// quote prints a foreign string, at most the first 256 bytes of it.
func quote(v []byte) string {
	if len(v) > 256 {
		return strconv.Quote(string(v[:256])) + "…"
	}
	return strconv.Quote(string(v))
}
