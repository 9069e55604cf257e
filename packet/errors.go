package packet

import (
	"errors"
	"strconv"
)

// Errors of this package, to be tested for with [errors.Is].
var (
	// ErrShort reports that the packet is valid so far but incomplete. It is
	// never wrapped.
	ErrShort = errors.New("packet: incomplete, more bytes are needed")

	// ErrMalformed reports that the peer violated the standard. The caller must
	// close the connection.
	ErrMalformed = errors.New("packet: malformed")

	// ErrTooLarge reports that the peer announced a packet larger than the
	// limit. The caller must close the connection.
	ErrTooLarge = errors.New("packet: too large")

	// ErrInvalid reports that the caller tried to encode a packet that must not
	// be sent, or to decode a frame into a struct of another packet type.
	ErrInvalid = errors.New("packet: invalid")

	// ErrProtocolLevel reports that a CONNECT uses another version of MQTT. The
	// packet is not malformed: a server answers with a CONNACK that carries
	// [UnacceptableProtocolVersion] (MQTT-3.1.2-2).
	ErrProtocolLevel = errors.New("packet: unsupported protocol level")
)

// A SyntaxError describes a packet that the standard forbids.
type SyntaxError struct {
	Type   Type   // of the packet
	Offset int    // of the fault, counted from the first byte of the packet; 0 with ErrInvalid
	Rule   string // the statement violated, such as "MQTT-2.3.1-1", or a section, such as "section 2.2.3"
	Msg    string // what was found and, usually, what was expected
	Err    error  // ErrMalformed, ErrTooLarge, ErrInvalid or ErrProtocolLevel
}

// Error returns a one-line description. It never contains a password or a
// payload.
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

// The error texts are built without package fmt, which is larger than this
// package and would make up most of a small device's program.

func decimal[N ~byte | ~uint16 | ~int | ~int64](n N) string { return strconv.FormatInt(int64(n), 10) }

// hex returns b in hexadecimal, such as "0x0f".
func hex(b byte) string { return "0x" + strconv.FormatInt(0x100|int64(b), 16)[1:] }

// fourBits returns the four low bits of b in binary, such as "0010".
func fourBits(b byte) string { return strconv.FormatInt(0x10|int64(b), 2)[1:] }

// quote returns at most the first 256 bytes of a string received from the peer,
// as a quoted Go string.
func quote(v []byte) string {
	if len(v) > 256 {
		return strconv.Quote(string(v[:256])) + "…"
	}
	return strconv.Quote(string(v))
}
