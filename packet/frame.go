package packet

import "fmt"

// MaxRemainingLength is the largest Remaining Length that four bytes can hold
// (section 2.2.3).
const MaxRemainingLength = 268_435_455

// DefaultLimit is the size in bytes of the largest packet that [Cut] and a
// [Splitter] let through when no other limit is set. The Device Provisioning
// Service itself takes at most 96 KB.
const DefaultLimit = 256 << 10

// maxSize is the size in bytes of the largest packet, its fixed header included.
const maxSize = 5 + MaxRemainingLength

// A Header is the fixed header of a packet.
type Header struct {
	Type   Type
	Flags  byte // the four low bits of the first byte
	Length int  // the Remaining Length: bytes that follow the fixed header
}

// A Frame is one packet, cut off a stream and not yet decoded.
type Frame struct {
	Type  Type
	Flags byte   // the four low bits of the first byte
	Body  []byte // what follows the fixed header
}

// ParseHeader reads a fixed header, and returns it with its own size of 2 to 5
// bytes. It returns ErrShort if b ends within it, though a fault in what is there
// comes first: one byte is enough to find a reserved type or wrong flags.
//
// It refuses a length that the type cannot have, and one that is padded.
func ParseHeader(b []byte) (h Header, n int, err error) {
	n, end, err := measure(b, maxSize)
	if end == 0 {
		return Header{}, 0, err
	}
	return Header{Type(b[0] >> 4), b[0] & 0x0f, end - n}, n, nil
}

// Cut cuts the first packet off b, which stays the caller's. It returns the frame,
// whose body lies in b, and the bytes behind it.
//
// It returns [ErrShort], and b as the rest, if b ends within the packet. A packet
// of more than limit bytes, its fixed header included, is refused with
// [ErrTooLarge] as soon as its fixed header is there; a limit of 0 or less stands
// for [DefaultLimit].
func Cut(b []byte, limit int) (f Frame, rest []byte, err error) {
	n, end, err := measure(b, limit)
	if err != nil {
		return Frame{}, b, err
	}
	return frame(b, n, end), b[end:], nil
}

func frame(b []byte, n, end int) Frame { return Frame{Type(b[0] >> 4), b[0] & 0x0f, b[n:end:end]} }

// measure finds the first packet of b, whose body is b[n:end]. With ErrShort, end
// is 0 if b ends within the fixed header. With other errors both are 0.
func measure(b []byte, limit int) (n, end int, err error) {
	if len(b) == 0 {
		return 0, 0, ErrShort
	}
	t, flags := Type(b[0]>>4), b[0]&0x0f
	l := &layouts[t]
	if l.flags>>flags&1 == 0 {
		return 0, 0, badFlags(t, flags)
	}
	length := 0
	for n = 1; ; n++ {
		if n == len(b) {
			return 0, 0, ErrShort
		}
		length |= int(b[n]&0x7f) << (7 * (n - 1))
		if b[n] < 0x80 {
			break
		}
		if n == 4 {
			return 0, 0, malformed(t, n, "section 2.2.3", "Remaining Length goes on after 4 bytes")
		}
	}
	if b[n] == 0 && n > 1 {
		return 0, 0, malformed(t, n, "section 2.2.3", "Remaining Length %d is padded to %d bytes", length, n)
	}
	if length < l.min || length > l.max {
		return 0, 0, badLength(t, length)
	}
	if limit <= 0 {
		limit = DefaultLimit
	}
	n++
	end = n + length
	if end > limit {
		return 0, 0, tooLarge(t, end, limit)
	}
	if end > len(b) {
		return n, end, ErrShort
	}
	return n, end, nil
}

func tooLarge(t Type, size, limit int) error {
	msg := fmt.Sprintf("the packet has %d bytes, the limit is %d", size, limit)
	return &SyntaxError{t, 1, "section 2.2.3", msg, ErrTooLarge}
}

// is reports whether f can be a packet of type t, as far as its header tells. Every
// Decode asks, since the frame may have been made by hand.
func (f Frame) is(t Type) bool {
	l := &layouts[t]
	return f.Type == t && l.flags>>f.Flags&1 == 1 && l.min <= len(f.Body) && len(f.Body) <= l.max
}

// fault says why f cannot be a packet of type t.
func (f Frame) fault(t Type) error {
	switch {
	case f.Type != t:
		return invalid(t, "section 2.2.1", "the frame to decode is a %v", f.Type)
	case f.Flags > 0x0f:
		return invalid(t, "section 2.2.2", "the frame to decode has flags %#x, more than four bits", f.Flags)
	case layouts[t].flags>>f.Flags&1 == 0:
		return badFlags(t, f.Flags)
	}
	return badLength(t, len(f.Body))
}

// headerSize returns the size of the fixed header of a packet with this
// Remaining Length.
func headerSize(length int) int {
	n := 2
	for length >>= 7; length > 0; length >>= 7 {
		n++
	}
	return n
}

// appendHeader appends a fixed header. The length has been checked.
func appendHeader(b []byte, t Type, flags byte, length int) []byte {
	b = append(b, byte(t)<<4|flags)
	for ; length > 0x7f; length >>= 7 {
		b = append(b, byte(length)|0x80)
	}
	return append(b, byte(length))
}

// checkLength refuses a packet that is too long to be sent.
func checkLength(t Type, length int64) error {
	if length > MaxRemainingLength {
		return invalid(t, "section 2.2.3", "Remaining Length would be %d, the largest is %d", length, MaxRemainingLength)
	}
	return nil
}
