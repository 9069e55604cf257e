package packet

import (
	"errors"
	"fmt"
)

// A Packet is one of the 14 control packets: *[Connect], *[Connack],
// *[Publish], *[Puback], *[Pubrec], *[Pubrel], *[Pubcomp], *[Subscribe],
// *[Suback], *[Unsubscribe], *[Unsuback], *[Pingreq], *[Pingresp] or
// *[Disconnect].
type Packet interface {
	// Type returns the packet's type.
	Type() Type

	// AppendBinary appends the encoded packet to b. It implements
	// encoding.BinaryAppender. It does not allocate if b has enough capacity.
	// If it returns an error, the error wraps ErrInvalid and b is returned
	// unchanged.
	AppendBinary(b []byte) ([]byte, error)

	// Decode sets all fields from the frame. The slices of the packet borrow
	// f.Body. After an error the fields are meaningless, unless the error wraps
	// ErrProtocolLevel (see Connect.Decode).
	Decode(f Frame) error

	// String returns a one-line description for logs, which contains neither
	// passwords nor payloads.
	String() string
}

// New returns an empty packet of type t, or nil if t is reserved.
func New(t Type) Packet {
	switch t {
	case CONNECT:
		return new(Connect)
	case CONNACK:
		return new(Connack)
	case PUBLISH:
		return new(Publish)
	case PUBACK:
		return new(Puback)
	case PUBREC:
		return new(Pubrec)
	case PUBREL:
		return new(Pubrel)
	case PUBCOMP:
		return new(Pubcomp)
	case SUBSCRIBE:
		return new(Subscribe)
	case SUBACK:
		return new(Suback)
	case UNSUBSCRIBE:
		return new(Unsubscribe)
	case UNSUBACK:
		return new(Unsuback)
	case PINGREQ:
		return new(Pingreq)
	case PINGRESP:
		return new(Pingresp)
	case DISCONNECT:
		return new(Disconnect)
	}
	return nil
}

// Decode decodes a frame into a new packet, whose slices borrow f.Body. Where
// speed matters, call the Decode method of a packet that you reuse instead.
// With [ErrProtocolLevel], Decode also returns the packet.
func Decode(f Frame) (Packet, error) {
	if !f.Type.defined() {
		return nil, badFlags(f.Type, f.Flags)
	}
	p := New(f.Type)
	err := p.Decode(f)
	if err != nil && !errors.Is(err, ErrProtocolLevel) {
		return nil, err
	}
	return p, err
}

// A Secret is a password. It prints as "***" in package fmt, with every verb
// that is valid for a slice of bytes; in JSON; and in package log/slog. It does
// so alone and within other values. Convert it to []byte or string to access
// the bytes.
//
// Package fmt does not call these methods, and prints the bytes, if a Secret is
// in an unexported field of another package's struct, or if the verb is
// invalid, such as %w outside of fmt.Errorf.
type Secret []byte

// Format prints "***" for every verb. It implements [fmt.Formatter].
func (Secret) Format(f fmt.State, _ rune) { f.Write([]byte("***")) }

// String returns "***".
func (Secret) String() string { return "***" }

// MarshalText returns "***". It implements [encoding.TextMarshaler].
func (Secret) MarshalText() ([]byte, error) { return []byte("***"), nil }
