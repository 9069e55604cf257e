package packet

import (
	"errors"
	"fmt"
)

// A Packet is one of the 14 control packets: *[Connect], *[Connack], *[Publish],
// *[Puback], *[Pubrec], *[Pubrel], *[Pubcomp], *[Subscribe], *[Suback],
// *[Unsubscribe], *[Unsuback], *[Pingreq], *[Pingresp] or *[Disconnect].
type Packet interface {
	// Type returns the packet's type.
	Type() Type

	// AppendBinary appends the encoded packet to b, as an encoding.BinaryAppender.
	// It allocates nothing if b has room. On error, which wraps ErrInvalid, b comes
	// back as it was.
	AppendBinary(b []byte) ([]byte, error)

	// Decode sets every field from the frame. The slices of the packet borrow
	// f.Body. After an error the fields have no meaning, unless the error is
	// ErrProtocolLevel.
	Decode(f Frame) error

	// String returns one line for logs. It shows neither passwords nor payloads.
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
// speed counts, decode into a struct of your own instead, and use it again.
// With ErrProtocolLevel the packet is returned too.
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

// A Secret is a password. It prints as "***" in package fmt with every verb that fits
// a slice of bytes, in JSON and in package log/slog, alone and within other values.
// Convert it to []byte or string to get at the bytes.
//
// Package fmt asks nobody, and prints the bytes, where a Secret lies in an unexported
// field of another package's struct, and where the verb is wrong.
type Secret []byte

// Format prints "***" whatever the verb.
func (Secret) Format(f fmt.State, _ rune) { f.Write([]byte("***")) }

// String returns "***".
func (Secret) String() string { return "***" }

// MarshalText returns "***".
func (Secret) MarshalText() ([]byte, error) { return []byte("***"), nil }
